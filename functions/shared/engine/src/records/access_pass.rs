//! A Temporary Access Pass that a restore had made for somebody: sealed under the tenant's key, read once, gone when it ends.

use super::Record;
use super::address::{AccessPasses, At};
use domain::{RestoreId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// The row of a pass. In a partition of its own, to which only the job that had it made and the API come.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessPass {
    /// The tenant of the person.
    pub tenant: TenantId,
    /// The restore that had it made.
    pub restore: RestoreId,
    /// The number of the step that did.
    pub number: u32,
    /// The id of the person, as it is since they are back.
    pub user: String,
    /// The pass, sealed under the tenant's key at [`AccessPass::place`], base64; none once it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// From when it is good.
    pub starts_at: Timestamp,
    /// Until when it is good; the row ends then, too.
    pub ends_at: Timestamp,
    /// Whether it is good for one sign-in alone.
    pub is_usable_once: bool,
    /// Who read it: a person's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_by: Option<String>,
    /// When they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
}

/// Why by hand: what is sealed is no use to whoever reads a log, and is in none.
impl std::fmt::Debug for AccessPass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessPass({}, {}, {})", self.tenant, self.restore, self.number)
    }
}

impl AccessPass {
    /// The address of the pass that a step of a restore had made.
    pub fn at(tenant: &TenantId, restore: &RestoreId, number: u32) -> At<Self> {
        At::of(tenant, format_args!("{restore}#{number:05}"))
    }

    /// The name that what is sealed is bound to, beside the tenant.
    pub fn place(restore: &RestoreId, number: u32) -> String {
        format!("restores/{restore}/pass-{number:05}")
    }
}

impl Record for AccessPass {
    type Owner = AccessPasses;
    const PREFIX: &'static str = "pass#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.restore, self.number)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at)
    }
}
