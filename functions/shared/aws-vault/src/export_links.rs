//! Links to files of downloads: requests to S3 that are signed before they are made, by the role of whoever makes the link.
//! Source: Amazon S3 user guide, "Sharing objects with presigned URLs".

use crate::client;
use async_trait::async_trait;
use aws::AwsClients;
use aws::error::from_sdk;
use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use domain::{Error, Result};
use engine::ports::{ExportFile, ExportLinks};
use std::time::Duration;

/// The [`ExportLinks`] of an S3 bucket. A link is good for no longer than the credentials that signed it.
#[derive(Clone, Debug)]
pub struct S3ExportLinks {
    client: Client,
    bucket: String,
}

impl S3ExportLinks {
    /// Links into that bucket, over the process's connections.
    pub fn new(clients: &AwsClients, bucket: impl Into<String>) -> Self {
        Self { client: client(clients), bucket: bucket.into() }
    }
}

#[async_trait]
impl ExportLinks for S3ExportLinks {
    async fn link(&self, file: &ExportFile, save_as: &str, content_type: &str, for_s: u32) -> Result<String> {
        let good_for = PresigningConfig::expires_in(Duration::from_secs(u64::from(for_s)))
            .map_err(|e| Error::invalid("a link cannot be good for so long").caused_by(e))?;
        let get = self.client.get_object().bucket(&self.bucket).key(file.name());
        let get = get.response_content_type(content_type);
        let get = get.response_content_disposition(format!("attachment; filename=\"{save_as}\""));
        let signed = get.presigned(good_for).await.map_err(|e| from_sdk("s3.GetObject", e))?;
        Ok(signed.uri().to_owned())
    }
}
