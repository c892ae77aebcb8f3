//! The rows of the audit log: an entry each, and the head of the chain.

use super::Record;
use crate::ports::Scope;
use domain::PartnerId;
use domain::audit::{Entry, Head};
use serde::{Deserialize, Serialize};

/// Where a chain is kept: a partner's beside the partner, the installation's own with the system's rows.
pub fn audit_scope(partner: Option<&PartnerId>) -> Scope {
    partner.map_or(Scope::System, |id| Scope::Partner(id.clone()))
}

/// An entry's row. It is written once and never again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditEntry(pub Entry);

impl AuditEntry {
    /// The key of that number's entry; twenty digits, so that keys sort as numbers do.
    pub fn key_of(number: u64) -> String {
        format!("audit#{number:020}")
    }
}

impl Record for AuditEntry {
    const FAMILY: &'static str = "audit#";
    fn scope(&self) -> Scope {
        audit_scope(self.0.partner.as_ref())
    }
    fn key(&self) -> String {
        Self::key_of(self.0.number)
    }
}

/// The row of a chain's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AuditHead(pub Head);

impl AuditHead {
    /// Its one key.
    pub const KEY: &'static str = "audithead";
}

impl Record for AuditHead {
    const FAMILY: &'static str = "audithead";
    fn scope(&self) -> Scope {
        audit_scope(self.0.partner.as_ref())
    }
    fn key(&self) -> String {
        Self::KEY.to_owned()
    }
}
