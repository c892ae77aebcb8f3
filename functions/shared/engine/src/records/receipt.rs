//! The receipt of a restore that has ended: the signed head, as it is given out. Its pages, which hold customer data, are in
//! the vault.

use super::Record;
use super::address::{At, Restores};
use domain::{RestoreId, TenantId};
use serde::{Deserialize, Serialize};

/// The signed head of a receipt: there is one for each restore at the most, and it is never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedReceipt {
    /// The tenant that was restored.
    pub tenant: TenantId,
    /// The restore that it is of.
    pub restore: RestoreId,
    /// The head as a JSON Web Signature.
    pub signed: String,
    /// The hashes of its pages, in order, by which these are found.
    pub pages: Vec<String>,
}

impl SignedReceipt {
    /// The address of the receipt of a restore.
    pub fn at(tenant: &TenantId, restore: &RestoreId) -> At<Self> {
        At::of(tenant, restore)
    }
}

impl Record for SignedReceipt {
    type Owner = Restores;
    const PREFIX: &'static str = "receipt#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.restore)
    }
}
