//! What we need from outside: one trait each.
//!
//! To add an adapter, implement the trait and run the contract of `tests/support/contracts` over it; the contract,
//! not these comments, decides what is right. Every method that touches customer data takes the tenant first. No
//! method retries on its caller's behalf beyond what its adapter says; errors are [`domain::Error`], and a failure is
//! never an empty answer.

mod anchors;
mod catalog;
mod clock;
mod directory;
mod exports;
mod key_ring;
mod key_sets;
mod list_cursor;
mod mail_event;
mod mailer;
mod queue;
mod secrets;
mod sign_ins;
mod signer;
mod vault;

pub use anchors::{AnchorName, Anchors};
pub use catalog::{Catalog, MOST_AT_ONCE, Page, Row, RowPage, Scope, Watch, Write, check_places};
pub use clock::{Clock, Ids};
pub use directory::{
    Access, Applied, AuditPage, AuditWindow, BIND, ConsentStanding, Cursor, Directory, DirectoryAccess,
    DirectoryPages, DirectoryWrite, DirectoryWriter, HeldPass, Holders, IssuedPass, LiveObject, LiveObjects,
    PageEnd, RECOVERY_PERMISSION, ReadPage, Spent, Unreadable,
};
pub use exports::{ExportFile, ExportLinks, Exports, MIN_PART_BYTES};
pub use key_ring::{DataKey, KeyRing, WrappedKey};
pub use key_sets::KeySets;
pub use list_cursor::{list_cursor, read_list_cursor};
pub use mail_event::{MailEvent, MailFate, MailOf, MailRef};
pub use mailer::{Handed, MAX_MAIL_BYTES, Mail, MailId, Mailer, is_address};
pub use queue::{Delivered, JobQueue, Outgoing, Queue, Returns};
pub use secrets::{Secret, Secrets};
pub use sign_ins::{SignInAsk, SignIns, SignedIn};
pub use signer::{PublicKey, Signer};
pub use vault::{BlobName, Kept, PARKED, Put, Vault, VaultKeeper, VaultSweeper};
