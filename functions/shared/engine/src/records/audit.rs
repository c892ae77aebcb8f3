//! The rows of the audit log: an entry each, and the head of the chain.

use super::Record;
use super::address::{At, AuditOf};
use domain::PartnerId;
use domain::audit::{Entry, Head};
use serde::{Deserialize, Serialize};

/// An entry's row. It is written once and never again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditEntry(pub Entry);

impl AuditEntry {
    /// The address of the entry of that number in the log of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>, number: u64) -> At<Self> {
        At::of(&AuditOf(partner.cloned()), format_args!("{number:020}"))
    }
}

impl Record for AuditEntry {
    type Owner = AuditOf;
    const PREFIX: &'static str = "audit#";
    fn address(&self) -> At<Self> {
        Self::at(self.0.partner.as_ref(), self.0.number)
    }
}

/// The row of a chain's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditHead(pub Head);

impl AuditHead {
    /// The address of the head of the log of a partner or of the installation.
    pub fn at(partner: Option<&PartnerId>) -> At<Self> {
        At::of(&AuditOf(partner.cloned()), "")
    }
}

impl Record for AuditHead {
    type Owner = AuditOf;
    const PREFIX: &'static str = "audithead";
    fn address(&self) -> At<Self> {
        Self::at(self.0.partner.as_ref())
    }
}
