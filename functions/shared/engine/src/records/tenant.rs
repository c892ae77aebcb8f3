//! A connected customer tenant, its key, and the one-time state of a consent.

use super::address::{At, Installation};
use super::{NotProtected, Record, watched};
use crate::ports::{Watch, WrappedKey};
use domain::kinds::NamedKind;
use domain::{OrganisationId, PartnerId, RestoreId, SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a tenant's credentials are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialStatus {
    /// All that is needed is granted.
    Connected,
    /// Some kinds cannot be read.
    MissingPermissions,
    /// More is granted than is needed.
    ExcessPermissions,
    /// The customer took consent back.
    ConsentWithdrawn,
    /// Our certificate or secret ends soon.
    SecretExpiring,
    /// Microsoft does not answer, or does not serve the tenant.
    Unreachable,
    /// A consent that has not arrived everywhere; nothing is read until it has. Of a tenant that is not connected yet.
    Waiting,
}

/// A tenant that is protected. One organisation owns it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub tenant: TenantId,
    /// The partner that it belongs to now.
    pub partner: PartnerId,
    /// The organisation that owns it.
    pub organisation: OrganisationId,
    /// The customer's name, as its directory says.
    pub name: String,
    /// How the credentials are.
    pub credentials: CredentialStatus,
    /// What is not protected because a permission is missing, as the last snapshot found it; none before the first
    /// says so, when the organisation's row does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_protected: Option<Vec<NotProtected>>,
    /// Snapshots a day, 1 to 24.
    pub snapshots_per_day: u8,
    /// When the next one is due; none while backups are stopped.
    pub next_snapshot_at: Option<Timestamp>,
    /// The snapshot that is being taken.
    pub open_snapshot: Option<SnapshotId>,
    /// The newest sealed one.
    pub last_sealed: Option<SnapshotId>,
    /// When everything was last read whole.
    pub last_full_at: Option<Timestamp>,
    /// When it was connected.
    pub connected_at: Timestamp,
    /// Whether blobs that were put aside for a snapshot may be left; they are swept when none is being taken.
    #[serde(default)]
    pub has_parked: bool,
}

impl Tenant {
    /// Where the one row of a tenant is.
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

/// A tenant's data key, wrapped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoredKey {
    /// Whose.
    pub tenant: TenantId,
    /// The key.
    pub wrapped: WrappedKey,
    /// Since when.
    pub created_at: Timestamp,
}

impl StoredKey {
    /// Where the one row of a tenant's key is.
    pub fn at(tenant: &TenantId) -> At<Self> {
        At::of(tenant, "")
    }
}

impl Record for StoredKey {
    type Owner = TenantId;
    const PREFIX: &'static str = "key";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant)
    }
}

/// A consent that was asked for: good once, for a while.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentState {
    /// The hash of the random state; the state itself is not kept.
    pub hash: String,
    /// Who asked.
    pub partner: PartnerId,
    /// For which organisation.
    pub organisation: OrganisationId,
    /// `reader` or `writer`.
    pub app: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl ConsentState {
    /// Where the consent whose state has that hash is.
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

/// A sign-in that a consent waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsentSignIn {
    /// The hash of the sign-in's own random state.
    pub hash: String,
    /// The hash of the consent's state.
    pub consent: String,
    /// The tenant that the consent is said to be of.
    pub tenant: TenantId,
    /// What the id token has to hold.
    pub nonce: String,
    /// What the code is redeemed with.
    pub verifier: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl ConsentSignIn {
    /// Where the sign-in whose state has that hash is.
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

/// An object that was created again has another id; this row leads from the old one to the new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewId {
    /// Whose.
    pub tenant: TenantId,
    /// The kind of the object.
    pub kind: NamedKind,
    /// The id that it had.
    pub old: String,
    /// The id that it has.
    pub new: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl NewId {
    /// Where the id under which the object of that old id was created again is.
    pub fn at(tenant: &TenantId, old: &str) -> At<Self> {
        At::of(tenant, old)
    }
}

impl Record for NewId {
    type Owner = TenantId;
    const PREFIX: &'static str = "newid#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.old)
    }
}

/// That a restore is about to create an object again: no other restore does while that one is not at its end.
///
/// Why: between a creation and its [`NewId`] lies a moment in which a second restore would see neither.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Remaking {
    /// Whose.
    pub tenant: TenantId,
    /// The id that the object had.
    pub old: String,
    /// The restore that is at it.
    pub restore: RestoreId,
    /// The number of its step.
    pub number: u32,
}

impl Remaking {
    /// Where the creation of the object of that old id is.
    pub fn at(tenant: &TenantId, old: &str) -> At<Self> {
        At::of(tenant, old)
    }
}

impl Record for Remaking {
    type Owner = TenantId;
    const PREFIX: &'static str = "remaking#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.old)
    }
}
