//! How far the locks of what a tenant's newest snapshot names are renewed.

use super::Record;
use super::address::At;
use domain::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// The last renewal of a tenant's locks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocksRenewed {
    /// The tenant whose blobs are locked.
    pub tenant: TenantId,
    /// When the renewal was begun: every blob that is named is locked from then on, or was written later.
    pub at: Timestamp,
    /// The last blob whose lock was renewed, in the order of names, where the renewal is not at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl LocksRenewed {
    /// The address of the one row of a tenant's locks.
    pub fn at(tenant: &TenantId) -> At<Self> {
        At::of(tenant, "")
    }
}

impl Record for LocksRenewed {
    type Owner = TenantId;
    const PREFIX: &'static str = "locks-renewed";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant)
    }
}
