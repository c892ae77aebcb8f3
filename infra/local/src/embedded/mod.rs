//! The ports on this machine alone: nothing else to install, the same contracts as the adapters of AWS.
//!
//! Everything lies in one data folder: `vault/` (sealed bytes), `anchors/` (signed heads of audit logs), `exports/`
//! (files of downloads), `queues.sqlite`, `catalog.sqlite`,
//! `keys/*.key`, `secrets/*.json`, `outbox/*.eml`. Keys and secrets are readable by their owner only.
//! Ports that need nothing of AWS are in the crate `embedded`. Not here: rules of the product; an adapter that knows
//! one is wrong.

mod catalog;
mod outbox;
mod queue;

pub use ::embedded::{
    AnchorFolder, ExportFolder, FileSecrets, FolderVault, KeyFile, SecretSettings, SigningFile, WriteBytes,
};
pub use catalog::EmbeddedDynamo;
pub use outbox::Outbox;
pub use queue::{DeadLetter, Handle, LocalQueue, QueueRules, Received};
