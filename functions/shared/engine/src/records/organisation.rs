//! An organisation's row, the row by which it is found from its id alone, and what is left when it is deleted.

use super::address::{At, Installation, Organisations};
use super::{Record, Tenant, watched};
use crate::ports::Watch;
use domain::organisations::{ApprovalRule, OrganisationState};
use domain::rights::Feature;
use domain::{Error, OrganisationId, PartnerId, PlanId, Result, TenantId, Timestamp};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is not protected because a permission is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotProtected {
    /// The name of the kind, or of the part of one (`users.customSecurityAttributes`).
    pub what: String,
    /// Application permissions of Graph, any one of which would do; the first asks for least.
    pub any_of: Vec<String>,
}

/// An organisation: one customer of one partner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// The id of the organisation.
    pub id: OrganisationId,
    /// The partner whose customer it is.
    pub partner: PartnerId,
    /// The organisation's name, as its partner calls it.
    pub name: String,
    /// The mail address to write to.
    pub email: String,
    /// Free text of the partner's.
    pub details: String,
    /// Whether it is active, suspended, unsubscribed or being deleted.
    pub state: OrganisationState,
    /// The plan that it is subscribed to.
    pub plan: PlanId,
    /// How many seats are paid for.
    pub seats: u32,
    /// What its end users may do.
    pub features: Vec<Feature>,
    /// Which of its restores wait for somebody else than whoever asked for them.
    #[serde(default)]
    pub approvals: ApprovalRule,
    /// Its tenant, once connected.
    pub tenant: Option<TenantId>,
    /// What a missing permission keeps out of the backups, as of the last consent.
    pub not_protected: Vec<NotProtected>,
    /// When the writing app was consented to; it is tried when a restore needs it.
    pub writer_consented_at: Option<Timestamp>,
    /// When the organisation was made.
    pub created_at: Timestamp,
    /// How it ends, once the end is begun.
    #[serde(default)]
    pub ending: Option<Ending>,
    /// The partners whose customer it was before.
    #[serde(default)]
    pub former_partners: Vec<PartnerId>,
    /// The connection that is pending, or the last one that came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connecting: Option<Connecting>,
    /// The other tenants that it waited to be connected to before: each may still hold a key and notices that were made
    /// for that wait, which end with the organisation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waited_for: Vec<TenantId>,
}

impl Organisation {
    /// The most tenants for which an organisation may have waited, one after the other.
    pub const MOST_WAITED_FOR: usize = 20;

    /// Ends what is pending, or came to nothing, since the organisation now turns to that tenant. Another tenant than
    /// that stays named, for what was stored there.
    pub fn turn_to(&mut self, tenant: &TenantId) {
        if let Some(left) = self.connecting.take().map(|waited| waited.tenant)
            && left != *tenant
            && !self.waited_for.contains(&left)
        {
            self.waited_for.push(left);
        }
    }
}

/// A connection whose consent has not arrived everywhere, or for which it cannot be seen yet who gave it. Until it is
/// made, nothing of the tenant is read but that, and the tenant belongs to no organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Connecting {
    /// The tenant that is to be connected.
    pub tenant: TenantId,
    /// The object id of the person who signed in there, while it is not known whether they hold a role that can
    /// consent.
    pub person: Option<String>,
    /// When the connection was asked for.
    pub since: Timestamp,
    /// Until when it is tried again.
    pub until: Timestamp,
    /// When it is tried next; none once it has come to nothing.
    pub try_at: Option<Timestamp>,
    /// How often it was tried again.
    pub attempts: u32,
    /// Why it was refused, once it has come to nothing.
    pub refused: Option<ConnectRefusal>,
}

impl Connecting {
    /// How long it waits from one try to the next.
    pub const TRY_AFTER: SignedDuration = Tenant::CONSENT_TRIED_AFTER;
}

/// Why a pending connection came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectRefusal {
    /// Whoever signed in holds no role that can consent.
    NoRole,
    /// The tenant does not hold whoever signed in, as in delegated administration.
    NotThere,
    /// The consent did not arrive, or lacks the permission to see who holds roles.
    NotGranted,
    /// Microsoft did not answer within the hour.
    NoAnswer,
    /// Another organisation has the tenant, or the organisation another tenant.
    Taken,
    /// Microsoft does not serve the tenant, or somebody in it keeps the application out.
    NotAdmitted,
}

impl ConnectRefusal {
    /// A sentence for a person, with what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NoRole => {
                "Whoever signed in is neither Global Administrator nor Privileged Role Administrator of the tenant. \
                 Somebody who is has to follow a new link."
            }
            Self::NotThere => {
                "Whoever signed in is not in the tenant, as one is who works through delegated administration (GDAP). An \
                 administrator of the tenant has to follow a new link, or a guest of it who is one."
            }
            Self::NotGranted => {
                "Within an hour Microsoft did not let the application see who holds roles. A Global Administrator \
                 has to consent again, by a new link; the application needs RoleManagement.Read.Directory."
            }
            Self::NoAnswer => "Microsoft did not answer for an hour. Please try again, by a new link.",
            Self::Taken => {
                "The tenant is connected to another organisation, or the organisation to another tenant."
            }
            Self::NotAdmitted => {
                "Microsoft does not serve the tenant, or a policy in it keeps the application out. Its administrator \
                 can see why; after that a new link is needed."
            }
        }
    }
}

/// How an organisation ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ending {
    /// Who began it, as the audit names them.
    pub by: String,
    /// When its end was asked for.
    pub asked_at: Timestamp,
    /// When its data is deleted.
    pub delete_at: Timestamp,
    /// The state that it was in before.
    pub before: OrganisationState,
    /// When the deletion itself began: then it can no longer be cancelled.
    pub began_at: Option<Timestamp>,
    /// BLAKE3 of the wrapped key that was destroyed.
    #[serde(default)]
    pub key_fingerprint: Option<String>,
    /// Blobs deleted so far.
    #[serde(default)]
    pub blobs: u64,
    /// Rows deleted so far.
    #[serde(default)]
    pub rows: u64,
}

impl Organisation {
    /// Whether a tenant may be connected to it.
    ///
    /// # Errors
    /// `Conflict` when it has left or is being deleted.
    pub fn check_connectable(&self) -> Result<()> {
        match self.state {
            OrganisationState::Active | OrganisationState::Suspended => Ok(()),
            OrganisationState::Unsubscribed | OrganisationState::Deleting => {
                Err(Error::conflict("the organisation has left; reactivate it first"))
            }
        }
    }

    /// The address of the organisation of that id.
    pub fn at(partner: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(partner, id)
    }
}

impl Record for Organisation {
    type Owner = Organisations;
    const PREFIX: &'static str = "org#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.id)
    }
    // Why one list or the other: an organisation that ends connects nothing any more.
    fn watch(&self) -> Option<Watch> {
        if let Some(ending) = &self.ending {
            return Some(Watch { list: watched::DELETIONS_DUE.to_owned(), at: ending.delete_at });
        }
        let at = self.connecting.as_ref()?.try_at?;
        Some(Watch { list: watched::CONNECTIONS_DUE.to_owned(), at })
    }
}

/// Which partner has an organisation: the row by which it is found from its id alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationPlace {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// Whose customer it is now.
    pub partner: PartnerId,
    /// The organisation's tenant, once connected.
    pub tenant: Option<TenantId>,
}

impl OrganisationPlace {
    /// The address of the place of the organisation of that id.
    pub fn at(id: &OrganisationId) -> At<Self> {
        At::of(&Installation, id)
    }
}

impl Record for OrganisationPlace {
    type Owner = Installation;
    const PREFIX: &'static str = "org#";
    fn address(&self) -> At<Self> {
        Self::at(&self.organisation)
    }
}

/// What is left of an organisation whose data was deleted: that it was deleted, and when. It holds nothing of the
/// customer's but the ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionCertificate {
    /// The id of the organisation.
    pub organisation: OrganisationId,
    /// The partner whose customer it was.
    pub partner: PartnerId,
    /// The organisation's tenant, where it was connected.
    pub tenant: Option<TenantId>,
    /// Who asked for the deletion, as the audit names them.
    pub asked_by: String,
    /// When the deletion was asked for.
    pub asked_at: Timestamp,
    /// When the hold ended and the deletion began; the key was destroyed then.
    pub began_at: Timestamp,
    /// When nothing was left to delete.
    pub deleted_at: Timestamp,
    /// How many blobs were deleted.
    pub blobs: u64,
    /// How many rows were deleted.
    pub rows: u64,
    /// BLAKE3 of the wrapped key that was destroyed, in hexadecimal: without that key what was stored cannot be read,
    /// wherever a copy of it may be. The table's own backups hold the wrapped key for as long as they reach back.
    pub key_fingerprint: Option<String>,
    /// What is left to do at Microsoft for whoever administers the tenant, for a person: the consent outlives what was
    /// deleted here. None where no tenant was connected, and in certificates of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdraw_consent: Option<String>,
    /// The rest of this certificate under the installation's signature: a compact JSON Web Signature. Certificates of
    /// earlier releases have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<String>,
}

impl DeletionCertificate {
    /// The `typ` of its signature.
    pub const TYPE: &'static str = "holdfast-deletion-certificate+jwt";

    /// The address of the certificate of an organisation's deletion.
    pub fn at(partner: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(partner, id)
    }
}

impl Record for DeletionCertificate {
    type Owner = Organisations;
    const PREFIX: &'static str = "deleted#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.organisation)
    }
}
