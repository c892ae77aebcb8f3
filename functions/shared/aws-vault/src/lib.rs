//! The vault's port on S3, apart from the other adapters: a function that does not name this crate cannot reach a
//! blob.
//!
//! Enter at [`S3Vault`]; [`make_bucket`] makes its bucket on a stand-in, as the template does in AWS.

mod anchors;
mod bucket;
mod export_links;
mod exports;
mod keeper;
mod vault;

pub use anchors::S3Anchors;
pub use bucket::make_bucket;
pub use export_links::S3ExportLinks;
pub use exports::S3Exports;
pub use keeper::S3Keeper;
pub use vault::S3Vault;

use aws::AwsClients;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation, ResponseChecksumValidation};

/// A client of S3 over the process's connections.
fn client(clients: &AwsClients) -> Client {
    let config = Builder::from(clients.config())
        // Why with an endpoint: one of one's own rarely answers to `bucket.host`; S3 itself takes both forms.
        .force_path_style(clients.config().endpoint_url().is_some())
        // Why not always: by default the SDK adds a checksum to every call, for some bodies as a trailer inside
        // aws-chunked framing, which stand-ins refuse or even store as content. The vault asks for the one that S3
        // may demand; when a blob is read, our own hash or tag decides.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Client::from_conf(config)
}
