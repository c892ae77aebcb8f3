//! Making the vault's bucket on a stand-in.

use crate::client;
use aws::AwsClients;
use aws::error::{code, from_sdk, status};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use domain::Result;

/// The region for which S3 wants no location of a bucket; it wants one for every other.
const REGION_WITHOUT_LOCATION: &str = "us-east-1";

/// Makes the bucket where it is missing, as [`aws::provision`] makes everything else; safe to repeat.
///
/// # Errors
/// `Denied` when we may not make it; otherwise as the service says.
pub async fn make_bucket(clients: &AwsClients, bucket: &str) -> Result<()> {
    let (client, region) = (client(clients), clients.region());
    match client.head_bucket().bucket(bucket).send().await {
        Ok(_) => {}
        Err(e) if status(&e) == Some(404) => {
            let location = region.filter(|r| *r != REGION_WITHOUT_LOCATION).map(|region| {
                let place = BucketLocationConstraint::from(region);
                CreateBucketConfiguration::builder().location_constraint(place).build()
            });
            let create = client.create_bucket().bucket(bucket).set_create_bucket_configuration(location);
            match create.send().await {
                Ok(_) => {}
                Err(e) if code(&e) == Some("BucketAlreadyOwnedByYou") => {}
                Err(e) => return Err(from_sdk("s3.CreateBucket", e)),
            }
        }
        Err(e) => return Err(from_sdk("s3.HeadBucket", e)),
    }
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let versions = client.put_bucket_versioning().bucket(bucket).versioning_configuration(on);
    if let Err(e) = versions.send().await {
        // Why not an error: versions guard against a mistake, and no adapter needs them; some stand-ins have none.
        tracing::warn!(error = %from_sdk("s3.PutBucketVersioning", e), "the bucket keeps no versions");
    }
    Ok(())
}
