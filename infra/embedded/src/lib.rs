//! Ports in files on this machine: sealed bytes, keys and secrets, with nothing of AWS.
//!
//! What is the owner's alone is readable by the owner alone. Not here: the catalog and the queues
//! (`infra/local`), and rules of the product; an adapter that knows one is wrong.

mod anchors;
mod blocking;
mod exports;
pub mod files;
mod key_file;
mod secrets;
mod signing_file;
mod vault;

pub use anchors::AnchorFolder;
pub use blocking::blocking;
pub use exports::{ExportFolder, Opened};
pub use key_file::KeyFile;
pub use secrets::{FileSecrets, SecretSettings};
pub use signing_file::SigningFile;
pub use vault::{FolderVault, WriteBytes};
