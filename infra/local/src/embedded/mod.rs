//! The ports on this machine alone: nothing else to install, the same contracts as the adapters of AWS.
//!
//! Everything lies in one data folder: `vault/` (sealed bytes), `queues.sqlite`, `catalog.sqlite`,
//! `keys/master.key`, `secrets/*.json`, `outbox/*.eml`. Keys and secrets are readable by their owner only.
//! Not here: rules of the product; an adapter that knows one is wrong.

mod blocking;
mod catalog;
pub(crate) mod files;
mod key_file;
mod outbox;
mod queue;
mod secrets;
mod vault;

pub use catalog::EmbeddedDynamo;
pub use key_file::KeyFile;
pub use outbox::Outbox;
pub use queue::{DeadLetter, Handle, LocalQueue, QueueRules, Received};
pub use secrets::{FileSecrets, SecretSettings};
pub use vault::{FolderVault, WriteBytes};
