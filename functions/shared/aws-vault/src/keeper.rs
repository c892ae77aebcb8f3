//! Locks of blobs for longer, by S3's object lock. Apart from the vault: whoever reads and adds blobs locks none.

use crate::client;
use crate::vault::key_of;
use async_trait::async_trait;
use aws::AwsClients;
use aws::error::{code, from_sdk};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockRetention, ObjectLockRetentionMode};
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{BlobName, Kept, VaultKeeper};

/// What S3 says of a bucket that was made without object lock.
/// Source: Amazon S3 API reference, "PutObjectRetention".
const NO_LOCKS: &[&str] = &["InvalidRequest", "NotImplemented"];

/// The [`VaultKeeper`] of an S3 bucket.
#[derive(Clone, Debug)]
pub struct S3Keeper {
    client: Client,
    bucket: String,
    mode: ObjectLockRetentionMode,
}

impl S3Keeper {
    /// Locks in that bucket, in that mode of S3's: `GOVERNANCE` or `COMPLIANCE`.
    ///
    /// # Errors
    /// `Invalid` when there is no such mode.
    pub fn new(clients: &AwsClients, bucket: impl Into<String>, mode: &str) -> Result<Self> {
        let mode = match mode {
            "GOVERNANCE" => ObjectLockRetentionMode::Governance,
            "COMPLIANCE" => ObjectLockRetentionMode::Compliance,
            _ => return Err(Error::invalid("a lock's mode is GOVERNANCE or COMPLIANCE")),
        };
        Ok(Self { client: client(clients), bucket: bucket.into(), mode })
    }

    /// Whether a blob is locked until then already; not where that cannot be seen.
    async fn is_locked(&self, key: &str, until: DateTime) -> bool {
        let found = self.client.get_object_retention().bucket(&self.bucket).key(key).send().await;
        let lock = found.ok().and_then(|found| found.retention);
        lock.and_then(|lock| lock.retain_until_date).is_some_and(|at| at.secs() >= until.secs())
    }
}

#[async_trait]
impl VaultKeeper for S3Keeper {
    /// S3 refuses to shorten a lock, unless it is asked to bypass it, which is never asked here. In the same words it
    /// refuses what may not be done at all: so a refused blob is looked at, since what was just written has a longer lock.
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept> {
        let until = DateTime::from_secs(until.as_second());
        let lock = ObjectLockRetention::builder().mode(self.mode.clone()).retain_until_date(until).build();
        let key = key_of(tenant, name.as_str());
        let keep = self.client.put_object_retention().bucket(&self.bucket).key(&key).retention(lock);
        match keep.send().await {
            Ok(_) => Ok(Kept::Locked),
            Err(error) if code(&error).is_some_and(|code| NO_LOCKS.contains(&code)) => Ok(Kept::NoLocks),
            Err(error) if code(&error) == Some("AccessDenied") && self.is_locked(&key, until).await => {
                Ok(Kept::Locked)
            }
            Err(error) => Err(from_sdk("s3.PutObjectRetention", error)),
        }
    }
}
