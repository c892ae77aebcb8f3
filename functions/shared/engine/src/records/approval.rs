//! That somebody approved a restore: which plan, who, and when. Only the API puts these rows, so no job approves what it
//! is to run or has planned, whatever it writes into the row of the restore.

use super::Record;
use super::address::{Approvals, At};
use domain::{RestoreId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

/// The approval of a restore, of which there is one at the most: it lets one restore begin, this one or the one that was
/// previewed in its place, which is then noted in it. Until this restore has begun, a later approval takes its place, and
/// is a new one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The tenant that is restored.
    pub tenant: TenantId,
    /// The restore that may be executed.
    pub restore: RestoreId,
    /// The hash of the plan that was shown ([`Approval::hash`]): no other is executed.
    pub plan: String,
    /// Who approved it: a person's id; or, where nobody had to approve, a token's prefix.
    pub by: String,
    /// When it was approved.
    pub at: Timestamp,
    /// Whether a person approved who had not asked for it. Else whoever ran it approved by that, since nothing held it up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_second: bool,
    /// The restore for which it was given, where it stands for another with the same plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RestoreId>,
    /// The restore, previewed in place of this one, that has begun by it: it lets no other begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<RestoreId>,
}

impl Approval {
    /// The address of the approval of a restore.
    pub fn at(tenant: &TenantId, restore: &RestoreId) -> At<Self> {
        At::of(tenant, restore)
    }

    /// Whether the restore may be executed by it, when this is the hash of its plan.
    pub fn allows(&self, plan: &str) -> bool {
        self.plan == plan && self.used_by.is_none()
    }

    /// The hash of a plan, from its bytes as they are stored: BLAKE3 in hexadecimal.
    pub fn hash(plan: &[u8]) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"holdfast restore plan 1\n").update(plan);
        hasher.finalize().to_hex().to_string()
    }
}

impl Record for Approval {
    type Owner = Approvals;
    const PREFIX: &'static str = "approval#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.restore)
    }
}
