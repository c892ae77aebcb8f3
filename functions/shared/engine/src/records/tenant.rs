//! A connected customer tenant, its keys, and the one-time state of a consent.

use super::address::{At, FormerTenants, Installation, Keys, Restores};
use super::{Newest, NotProtected, Record, Records, watched};
use crate::ports::{Watch, WrappedKey};
use domain::kinds::NamedKind;
use domain::{OrganisationId, PartnerId, Refusal, RestoreId, Result, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a tenant's credentials work, and what is wrong with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialStatus {
    /// All that is needed is granted.
    // Rows of earlier releases say of a tenant that our own secret ends; that was never about the tenant.
    #[serde(alias = "secret-expiring")]
    Connected,
    /// A permission is missing, so that some kinds cannot be read.
    MissingPermissions,
    /// The application that reads may do something else than read.
    ExcessPermissions,
    /// The application that reads may read what is not backed up, and may do nothing else.
    ExcessReading,
    /// Nobody consents any more: consent was taken back, or never arrived.
    ConsentWithdrawn,
    /// Microsoft does not serve the tenant, or somebody in it keeps the application out; why is said beside it.
    Unreachable,
    /// A consent has not arrived everywhere yet: what is still refused is tried again every few minutes.
    Waiting,
}

impl CredentialStatus {
    /// What the credentials of a tenant are called that does not let the application in.
    pub fn of_refusal(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoConsent => Self::ConsentWithdrawn,
            Refusal::ApplicationDisabled
            | Refusal::ConditionalAccess
            | Refusal::NoTenant
            | Refusal::TenantInactive
            | Refusal::TenantOutOfService
            | Refusal::ResourceDisabled
            | Refusal::OtherCloud
            | Refusal::Unknown => Self::Unreachable,
        }
    }
}

/// A tenant that is protected. One organisation owns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// The tenant's id: the GUID that Entra gave it.
    pub tenant: TenantId,
    /// The partner that it belongs to now.
    pub partner: PartnerId,
    /// The organisation that owns it.
    pub organisation: OrganisationId,
    /// The customer's name, as its directory says.
    pub name: String,
    /// Whether the credentials work, as they were last tried.
    pub credentials: CredentialStatus,
    /// Why the tenant does not let the application in, as the last snapshot was refused; none while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<Refusal>,
    /// What is not protected because a permission is missing, as the last snapshot found it; none before the first
    /// says so, when the organisation's row does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_protected: Option<Vec<NotProtected>>,
    /// Since when the credentials are like that; rows of earlier releases do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_since: Option<Timestamp>,
    /// Snapshots a day, 1 to 24.
    pub snapshots_per_day: u8,
    /// When the next one is due; none while backups are stopped.
    pub next_snapshot_at: Option<Timestamp>,
    /// The snapshot that is being taken; none while there is none.
    pub open_snapshot: Option<SnapshotId>,
    /// The newest sealed snapshot; none before the first.
    pub last_sealed: Option<SnapshotId>,
    /// What the newest sealed snapshot holds, in short; none before the first, and in rows of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<Newest>,
    /// The snapshot since which people were not told what changed, where a comparison was given up: the next one begins
    /// there. None where nothing is untold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untold_since: Option<SnapshotId>,
    /// When a snapshot last read everything.
    pub last_full_at: Option<Timestamp>,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// When an administrator last consented; none: when it was connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consented_at: Option<Timestamp>,
    /// Whether blocks that were parked for a snapshot may be left in the vault; they are swept while no snapshot is
    /// being taken.
    #[serde(default)]
    pub has_parked: bool,
}

impl Tenant {
    /// How long a consent may take to arrive everywhere at Microsoft: what is refused until then is tried again. Met by
    /// others: minutes.
    pub const CONSENT_TAKES: SignedDuration = SignedDuration::from_hours(1);
    /// How long what is still refused waits until it is tried again.
    pub const CONSENT_TRIED_AFTER: SignedDuration = SignedDuration::from_mins(5);

    /// When an administrator last consented.
    pub fn consent_at(&self) -> Timestamp {
        self.consented_at.unwrap_or(self.connected_at)
    }

    /// Whether the last consent is so young that it may not have arrived everywhere.
    pub fn is_consent_young(&self, now: Timestamp) -> bool {
        now < self.consent_at() + Self::CONSENT_TAKES
    }

    /// Notes how the credentials are, and since when where that is new.
    pub fn note_credentials(&mut self, status: CredentialStatus, now: Timestamp) {
        if self.credentials != status || self.credentials_since.is_none() {
            self.credentials_since = Some(now);
        }
        self.credentials = status;
    }

    /// The address of the one row of a tenant.
    pub fn at(tenant: &TenantId) -> At<Self> {
        At::of(tenant, "")
    }
}

impl Record for Tenant {
    type Owner = TenantId;
    const PREFIX: &'static str = "tenant";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant)
    }
    fn watch(&self) -> Option<Watch> {
        self.next_snapshot_at.map(|at| Watch { list: watched::SNAPSHOTS_DUE.to_owned(), at })
    }
}

/// A data key of a tenant, wrapped by the key service: it seals all that the vault holds of the tenant.
///
/// One for each organisation that is, or waits to be, connected to the tenant. Why not one for the tenant: it is made when
/// the wait begins, by the function that may make keys, and what then comes to nothing takes along no key but its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// The tenant whose data it seals.
    pub tenant: TenantId,
    /// The organisation for which it was made.
    pub organisation: OrganisationId,
    /// The data key, wrapped.
    pub wrapped: WrappedKey,
    /// When the key was made.
    pub created_at: Timestamp,
}

impl StoredKey {
    /// The address of the key of a tenant as that organisation has it.
    pub fn at(tenant: &TenantId, organisation: &OrganisationId) -> At<Self> {
        At::of(tenant, organisation)
    }
}

impl Record for StoredKey {
    type Owner = Keys;
    const PREFIX: &'static str = "key#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.organisation)
    }
}

/// The data key under which what is stored of a tenant is sealed; none when it was never made, or was destroyed. Where an
/// organisation waits to be connected beside the one that is, the tenant's row says which key it is.
pub async fn key_of(records: &Records, tenant: &TenantId) -> Result<Option<StoredKey>> {
    let mut keys = records.list_all(&StoredKey::all(tenant)).await?;
    if keys.len() > 1 {
        let owner = records.find(&Tenant::at(tenant)).await?.map(|row| row.value.organisation);
        keys.retain(|key| Some(&key.value.organisation) == owner.as_ref());
    }
    Ok(keys.pop().map(|key| key.value))
}

/// A consent that was asked for. Its state is good once, until it expires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentState {
    /// The hash of the random state; the state itself is not kept.
    pub hash: String,
    /// The partner that asked for it.
    pub partner: PartnerId,
    /// The organisation that the tenant will belong to.
    pub organisation: OrganisationId,
    /// The application that consent was asked for: `reader` or `writer`.
    pub app: String,
    /// Until when the state is good.
    pub expires_at: Timestamp,
}

impl ConsentState {
    /// The address of the consent whose state has that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Installation, hash)
    }
}

impl Record for ConsentState {
    type Owner = Installation;
    const PREFIX: &'static str = "state#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// A sign-in that a consent waits for: it shows who gave the consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentSignIn {
    /// The hash of the sign-in's own random state.
    pub hash: String,
    /// The hash of the consent's state.
    pub consent: String,
    /// The tenant that the consent is said to be of.
    pub tenant: TenantId,
    /// The nonce that the id token has to hold.
    pub nonce: String,
    /// The verifier with which the code is redeemed (PKCE).
    pub verifier: String,
    /// The hash of the random value that the browser keeps as a cookie: the sign-in has to come back in the browser in
    /// which it began. Empty in rows of earlier releases, which no browser can answer.
    #[serde(default)]
    pub browser: String,
    /// Until when the state is good.
    pub expires_at: Timestamp,
}

impl ConsentSignIn {
    /// The address of the sign-in whose state has that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Installation, hash)
    }
}

impl Record for ConsentSignIn {
    type Owner = Installation;
    const PREFIX: &'static str = "sign-in#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// That a tenant was connected once and its organisation was deleted: whoever connects it next is told so, since a
/// consent that nobody withdrew lasts. Nothing names the customer or the organisation; the tenant is there as a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FormerTenant {
    /// BLAKE3 of the tenant's id, in hexadecimal. Whoever knows the id can find the row; the row gives nobody the id.
    pub hash: String,
    /// When the last of its organisations was deleted.
    pub ended_at: Timestamp,
}

impl FormerTenant {
    /// The row that says that the connection of that tenant ended then.
    pub fn of(tenant: &TenantId, ended_at: Timestamp) -> Self {
        Self { hash: Self::hash(tenant), ended_at }
    }

    /// The address of the row that says that the tenant was connected before.
    pub fn at(tenant: &TenantId) -> At<Self> {
        At::of(&FormerTenants, Self::hash(tenant))
    }

    fn hash(tenant: &TenantId) -> String {
        blake3::hash(format!("holdfast former tenant {tenant}").as_bytes()).to_hex().to_string()
    }
}

impl Record for FormerTenant {
    type Owner = FormerTenants;
    const PREFIX: &'static str = "former-tenant#";
    fn address(&self) -> At<Self> {
        At::of(&FormerTenants, &self.hash)
    }
}

/// That an object was created again: Entra gives it another id, and this row leads from the old id to the new one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewId {
    /// The tenant of the object.
    pub tenant: TenantId,
    /// The kind of the object.
    pub kind: NamedKind,
    /// The id that the object had.
    pub old: String,
    /// The id that the object has now.
    pub new: String,
    /// When the object was created again.
    pub created_at: Timestamp,
}

impl NewId {
    /// The address of the row that leads on from that old id.
    pub fn at(tenant: &TenantId, old: &str) -> At<Self> {
        At::of(tenant, old)
    }
}

impl Record for NewId {
    type Owner = Restores;
    const PREFIX: &'static str = "newid#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.old)
    }
}

/// That a restore is about to create an object again: no other restore does so before that one has ended.
///
/// Why: between a creation and its [`NewId`] lies a moment in which a second restore would see neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remaking {
    /// The tenant of the object.
    pub tenant: TenantId,
    /// The id that the object had.
    pub old: String,
    /// The restore that creates it.
    pub restore: RestoreId,
    /// The number of the step in the restore's plan.
    pub number: u32,
}

impl Remaking {
    /// The address of the claim to create the object of that old id again.
    pub fn at(tenant: &TenantId, old: &str) -> At<Self> {
        At::of(tenant, old)
    }
}

impl Record for Remaking {
    type Owner = Restores;
    const PREFIX: &'static str = "remaking#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.old)
    }
}
