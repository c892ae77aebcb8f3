//! What each port promises, as assertions over any adapter: the contract, not the comment, decides.
//!
//! To add an adapter: in its crate's `tests/`, make the adapter, make [`Subjects`] that no other run has used,
//! and await the port's function with the [`Allowances`] of the target. A target that cannot do a part of the
//! contract is given an allowance with its reason, which is printed; nothing is skipped silently.
//!
//! | port            | function             | beyond the port                                       |
//! | --------------- | -------------------- | ----------------------------------------------------- |
//! | Vault           | [`vault`]            |                                                       |
//! | VaultKeeper     | [`vault_keeper`]     | the vault, and the time                               |
//! | VaultSweeper    | [`vault_sweeper`]    |                                                       |
//! | Catalog         | [`catalog`]          |                                                       |
//! | Queue           | [`queue`]            | a [`QueueProbe`]: the receiving end                   |
//! | KeyRing         | [`key_ring`]         |                                                       |
//! | Mailer          | [`mailer`]           | a [`MailProbe`]: what has left                        |
//! | Signer          | [`signer`]           |                                                       |
//! | Anchors         | [`anchors`]          |                                                       |
//! | Exports         | [`exports`]          | an [`ExportProbe`]: what a link leads to              |
//! | Secrets         | [`secrets`]          | a name and its value                                  |
//! | DirectoryAccess | [`directory_access`] | an [`AccessProbe`]: who has roles, what is taken back |
//! | DirectoryPages  | [`directory_pages`]  | a [`PagesProbe`]: what changes meanwhile              |
//! | LiveObjects     | [`live_objects`]     | a [`LiveProbe`]: what is made and deleted             |
//! | DirectoryWriter | [`directory_writer`] | the same, and `LiveObjects` over the same tenant      |

// Why: the contracts are tests, and an error that a contract does not expect is its failure.
#![allow(clippy::unwrap_used)]

mod allowances;
mod anchors;
mod catalog;
mod catalog_due;
mod catalog_many;
mod catalog_whole;
mod directory;
mod exports;
mod key_ring;
mod mailer;
mod queue;
mod secrets;
mod signer;
mod vault;

pub use allowances::{Allowance, Allowances};
pub use anchors::anchors;
pub use catalog::catalog;
pub use catalog_whole::whole_catalog;
pub use directory::{
    AccessProbe, LiveProbe, PagesProbe, directory_access, directory_pages, directory_writer, live_objects,
};
pub use exports::{ExportProbe, exports};
pub use key_ring::key_ring;
pub use mailer::{MailProbe, about, mailer};
pub use queue::{QueueProbe, queue};
pub use secrets::secrets;
pub use signer::{read as read_signed, signer};
pub use vault::{vault, vault_keeper, vault_sweeper};

use domain::{ErrorKind, PartnerId, Result, TenantId};
use engine::ports::Scope;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::fmt::Debug;

/// Two customers and two partners that no other run has used.
#[derive(Clone, Debug)]
pub struct Subjects {
    /// The one that the contract works with.
    pub tenant: TenantId,
    /// The one from whom it must be hidden.
    pub other: TenantId,
    /// The partner that the contract works with.
    pub partner: PartnerId,
    /// The partner from whom its rows must be hidden.
    pub other_partner: PartnerId,
}

impl Subjects {
    /// The subjects of that seed. A target that outlives a run needs another seed for each.
    pub fn seeded(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut guid = || {
            let n: u128 = rng.random();
            let hex = format!("{n:032x}");
            let text =
                format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
            (
                text.parse().expect("the shape of a GUID"),
                PartnerId::from_ulid(&ulid::Ulid(n >> 1).to_string()),
            )
        };
        let ((tenant, partner), (other, other_partner)) = (guid(), guid());
        Self { tenant, other, partner, other_partner }
    }

    fn scopes(&self) -> [Scope; 8] {
        [
            Scope::Tenant(self.tenant.clone()),
            Scope::Tenant(self.other.clone()),
            Scope::Partner(self.partner.clone()),
            Scope::Partner(self.other_partner.clone()),
            Scope::Key(self.tenant.clone()),
            Scope::Key(self.other.clone()),
            Scope::Audit(Some(self.partner.clone())),
            Scope::Audit(Some(self.other_partner.clone())),
        ]
    }
}

/// Asserts that it failed with a kind.
#[track_caller]
fn refused<T: Debug>(result: Result<T>, kind: ErrorKind, what: &str) {
    match result {
        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error}"),
        Ok(value) => panic!("{what} was not refused ({kind:?}) but gave {value:?}"),
    }
}
