//! The vault as objects of one S3 bucket, `t/{tenant}/{name}`: blobs go out and in, and nothing looks into them.
//!
//! Create-only by `If-None-Match: *`, by which S3 lets one of several writers win. The caller's role needs
//! `s3:ListBucket`: without it S3 answers a read of a missing object with 403, which would be `Denied` instead of
//! none. Where versioning is on, a deleted blob stays as an old version until lifecycle rules remove it.
//! The SDK repeats a put whose answer was lost, and then finds its own blob: `AlreadyThere` says that the name is
//! taken and its bytes are safe, not that another writer wrote them.

use crate::client;
use async_trait::async_trait;
use aws::AwsClients;
use aws::error::{code, from_sdk, status};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, RequestChecksumCalculation};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;
use domain::{Error, Result, TenantId};
use engine::ports::{BlobName, Put, Vault, VaultSweeper};

/// How often a put is tried that S3 could not decide, because another put of that name was under way.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
const UNDECIDED_ATTEMPTS: usize = 5;

/// The [`Vault`] and [`VaultSweeper`] of an S3 bucket.
#[derive(Clone, Debug)]
pub struct S3Vault {
    client: Client,
    bucket: String,
}

impl S3Vault {
    /// The vault in that bucket, over the process's connections.
    pub fn new(clients: &AwsClients, bucket: impl Into<String>) -> Self {
        Self { client: client(clients), bucket: bucket.into() }
    }
}

#[async_trait]
impl Vault for S3Vault {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        for attempt in 1.. {
            let put = self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key_of(tenant, name.as_str()))
                .if_none_match("*")
                .checksum_algorithm(ChecksumAlgorithm::Crc32C)
                .body(ByteStream::from(bytes.clone()))
                .customize()
                // Why here: a bucket with object lock refuses an object that comes without a checksum. For a body in
                // memory it is a header, which stand-ins take too; the client by itself sends none.
                .config_override(
                    Config::builder().request_checksum_calculation(RequestChecksumCalculation::WhenSupported),
                );
            let Err(error) = put.send().await else { return Ok(Put::New) };
            let undecided = code(&error) == Some("ConditionalRequestConflict");
            if status(&error) == Some(412) {
                return Ok(Put::AlreadyThere);
            } else if !undecided || attempt == UNDECIDED_ATTEMPTS {
                return Err(from_sdk("s3.PutObject", error));
            }
        }
        Err(Error::conflict("s3.PutObject was not decided"))
    }

    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        let get = self.client.get_object().bucket(&self.bucket).key(key_of(tenant, name.as_str()));
        match get.send().await {
            Ok(found) => {
                let cut =
                    |e| Error::unavailable("s3.GetObject: the blob did not arrive completely").caused_by(e);
                Ok(Some(found.body.collect().await.map_err(cut)?.into_bytes()))
            }
            Err(e) if matches!(e.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => Ok(None),
            Err(e) => Err(from_sdk("s3.GetObject", e)),
        }
    }

    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        if !(1..=1000).contains(&limit) {
            return Err(Error::invalid("1 to 1,000 names can be listed"));
        }
        let (mut names, mut token) = (Vec::new(), None);
        loop {
            let list = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(key_of(tenant, prefix))
                .set_start_after(after.map(|name| key_of(tenant, name.as_str())))
                .set_continuation_token(token)
                .max_keys(i32::try_from(limit - names.len()).unwrap_or(1000));
            let page = list.send().await.map_err(|e| from_sdk("s3.ListObjectsV2", e))?;
            for object in page.contents() {
                names.push(name_of(tenant, object.key().unwrap_or_default())?);
            }
            // Why not the number of names: S3 may give fewer than asked for, or none, and still have more; an empty
            // answer of ours means the end.
            token = page.next_continuation_token;
            if names.len() >= limit || token.is_none() {
                names.truncate(limit);
                return Ok(names);
            }
        }
    }
}

#[async_trait]
impl VaultSweeper for S3Vault {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key_of(tenant, name.as_str()));
        delete.send().await.map(drop).map_err(|e| from_sdk("s3.DeleteObject", e))
    }
}

/// The key of a blob's object, or the common beginning of several.
pub(crate) fn key_of(tenant: &TenantId, name: &str) -> String {
    format!("t/{tenant}/{name}")
}

fn name_of(tenant: &TenantId, key: &str) -> Result<BlobName> {
    let foreign = || Error::corrupt("the vault holds an object that is no blob of ours");
    let name = key.strip_prefix(&key_of(tenant, "")).ok_or_else(foreign)?;
    BlobName::new(name).map_err(|_| foreign())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    #[test]
    fn an_object_is_named_by_its_tenant_and_its_blob() {
        let mine: TenantId = "11111111-1111-1111-1111-111111111111".parse().unwrap();
        let other: TenantId = "22222222-2222-2222-2222-222222222222".parse().unwrap();
        let name = BlobName::new("leaves/ab/abcd").unwrap();
        let key = key_of(&mine, name.as_str());
        assert_eq!(key, "t/11111111-1111-1111-1111-111111111111/leaves/ab/abcd");
        assert_eq!(name_of(&mine, &key).unwrap(), name);
        assert_eq!(name_of(&other, &key).unwrap_err().kind(), ErrorKind::Corrupt);
        assert!(name_of(&mine, "t/11111111-1111-1111-1111-111111111111/A B").is_err());
    }
}
