//! Signed heads of audit logs as objects of a bucket of their own, whose lock keeps each version for years.
//!
//! Create-only by `If-None-Match: *`, as in the vault; the bucket's default retention locks what is put.

use crate::client;
use async_trait::async_trait;
use aws::AwsClients;
use aws::error::{code, from_sdk, status};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Config, RequestChecksumCalculation};
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use domain::{Error, Result};
use engine::ports::{AnchorName, Anchors, Put};

/// The [`Anchors`] of an S3 bucket. The role needs `s3:ListBucket` as for the vault: without it a missing object is 403.
#[derive(Clone, Debug)]
pub struct S3Anchors {
    client: Client,
    bucket: String,
}

impl S3Anchors {
    /// The place of anchors in that bucket, over the process's connections.
    pub fn new(clients: &AwsClients, bucket: impl Into<String>) -> Self {
        Self { client: client(clients), bucket: bucket.into() }
    }
}

#[async_trait]
impl Anchors for S3Anchors {
    async fn put_new(&self, name: &AnchorName, text: &str) -> Result<Put> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(name.as_str())
            .if_none_match("*")
            .content_type("application/jose")
            .checksum_algorithm(ChecksumAlgorithm::Crc32C)
            .body(ByteStream::from(text.as_bytes().to_vec()))
            .customize()
            // Why: a bucket with object lock refuses an object that comes without a checksum.
            .config_override(
                Config::builder().request_checksum_calculation(RequestChecksumCalculation::WhenSupported),
            );
        match put.send().await {
            Ok(_) => Ok(Put::New),
            // Another put of that name is under way or was: either way the name is somebody's.
            Err(e) if status(&e) == Some(412) || code(&e) == Some("ConditionalRequestConflict") => {
                Ok(Put::AlreadyThere)
            }
            Err(e) => Err(from_sdk("s3.PutObject", e)),
        }
    }

    async fn find(&self, name: &AnchorName) -> Result<Option<String>> {
        let get = self.client.get_object().bucket(&self.bucket).key(name.as_str());
        match get.send().await {
            Ok(found) => {
                let cut =
                    |e| Error::unavailable("s3.GetObject: the text did not arrive completely").caused_by(e);
                let bytes = found.body.collect().await.map_err(cut)?.into_bytes();
                let text = String::from_utf8(bytes.to_vec());
                text.map(Some).map_err(|e| Error::corrupt("a statement of heads is no text").caused_by(e))
            }
            Err(e) if matches!(e.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => Ok(None),
            Err(e) => Err(from_sdk("s3.GetObject", e)),
        }
    }
}
