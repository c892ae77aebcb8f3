//! The port of the vault: sealed bytes by name, per tenant, create-only. On S3 in AWS, a folder locally.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Error, Result, TenantId, Timestamp};
use std::fmt;

/// What the names of parked blobs begin with; they are swept once the snapshot that they were parked for is sealed.
pub const PARKED: &str = "parked/";

/// The name of a blob inside its tenant: `leaves/…`, `snapshots/…`; FORMAT.md section 2 lists them.
/// Lower-case letters, digits, `-`, `_`, `.` and `/`; no empty part, no part of dots.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobName(String);

impl BlobName {
    /// The name of that text.
    ///
    /// # Errors
    /// `Invalid` when the text is not a name.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        let fine = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
                && !part.bytes().all(|b| b == b'.')
        };
        if text.len() <= 512 && text.split('/').all(fine) {
            Ok(Self(text))
        } else {
            Err(Error::invalid("not a blob name"))
        }
    }
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a create-only write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The blob is new.
    New,
    /// A blob of that name was there already and is untouched, whatever its bytes.
    AlreadyThere,
}

/// The vault: reads and creates blobs; never replaces, never deletes.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Stores bytes under a new name. Of several writers at once exactly one gets `New`. When it returns, the bytes
    /// are durable; when it fails, the name holds all of them or nothing.
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put>;

    /// The bytes of that name, or none when there is no such blob. Reads see every finished write.
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>>;

    /// Names that begin with `prefix` and sort after `after`, in byte order, at most `limit` of them
    /// (at most 1,000). An empty answer means that there are no more.
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>>;
}

/// What became of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The blob is locked until then, or for longer.
    Locked,
    /// The vault has no locks, for any blob.
    NoLocks,
}

/// Locks blobs of the vault for longer. Why apart from [`Vault`]: only the job that takes snapshots holds it, and whoever
/// holds it can make no lock shorter.
#[async_trait]
pub trait VaultKeeper: Send + Sync {
    /// Keeps a blob from being removed until then at the least.
    ///
    /// # Errors
    /// When there is no such blob, among others.
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept>;
}

/// The vault with the right to delete. Why apart: only the job that sweeps holds it.
#[async_trait]
pub trait VaultSweeper: Vault {
    /// Removes a blob; removing one that is not there succeeds too.
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()>;
}
