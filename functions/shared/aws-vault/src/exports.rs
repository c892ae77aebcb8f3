//! Files of downloads as objects of a bucket of their own, `x/{tenant}/{download}`, put in parts. The bucket encrypts them, and
//! its lifecycle ends them, and uploads that nobody completed, after a day.
//! Source: Amazon S3 user guide, "Uploading and copying objects using multipart upload".

use crate::client;
use async_trait::async_trait;
use aws::AwsClients;
use aws::error::{code, from_sdk};
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use domain::{Error, Result};
use engine::ports::{ExportFile, Exports};

/// What S3 says of an upload that was completed, was aborted, or never was.
const GONE: &str = "NoSuchUpload";

/// The [`Exports`] of an S3 bucket. It reads nothing there and lists nothing.
#[derive(Clone, Debug)]
pub struct S3Exports {
    client: Client,
    bucket: String,
}

impl S3Exports {
    /// The place of exports in that bucket, over the process's connections.
    pub fn new(clients: &AwsClients, bucket: impl Into<String>) -> Self {
        Self { client: client(clients), bucket: bucket.into() }
    }
}

#[async_trait]
impl Exports for S3Exports {
    async fn begin(&self, file: &ExportFile) -> Result<String> {
        let begin = self.client.create_multipart_upload().bucket(&self.bucket).key(file.name());
        let begun = begin.send().await.map_err(|e| from_sdk("s3.CreateMultipartUpload", e))?;
        begun.upload_id.ok_or_else(|| Error::unavailable("s3.CreateMultipartUpload: no upload was named"))
    }

    async fn put_part(
        &self,
        file: &ExportFile,
        upload: &str,
        number: u32,
        part: Bytes,
    ) -> Result<Option<String>> {
        let number = i32::try_from(number).map_err(|_| Error::invalid("a file has no such part"))?;
        let put = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .key(file.name())
            .upload_id(upload)
            .part_number(number)
            .body(ByteStream::from(part));
        match put.send().await {
            Ok(put) => {
                let tag =
                    put.e_tag.ok_or_else(|| Error::unavailable("s3.UploadPart: the part has no tag"))?;
                Ok(Some(tag))
            }
            Err(e) if code(&e) == Some(GONE) => Ok(None),
            Err(e) => Err(from_sdk("s3.UploadPart", e)),
        }
    }

    async fn complete(&self, file: &ExportFile, upload: &str, tags: &[String]) -> Result<bool> {
        let part =
            |(number, tag): (i32, &String)| CompletedPart::builder().part_number(number).e_tag(tag).build();
        let parts: Vec<CompletedPart> = (1..).zip(tags).map(part).collect();
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(file.name());
        match complete.upload_id(upload).multipart_upload(parts).send().await {
            Ok(_) => Ok(true),
            Err(e) if code(&e) == Some(GONE) => Ok(false),
            Err(e) if code(&e) == Some("InvalidPart") => {
                Err(Error::invalid("a part is not the one that was put")
                    .caused_by(from_sdk("s3.CompleteMultipartUpload", e)))
            }
            Err(e) => Err(from_sdk("s3.CompleteMultipartUpload", e)),
        }
    }
}
