//! What goes over the wire where a stand-in would not mind and AWS does.

use aws::AwsClients;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_vault::S3Vault;
use bytes::Bytes;
use engine::ports::{BlobName, Put, Vault};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Clients of an endpoint that answers one request with 200 and gives back its head, in lower case.
async fn listening() -> (AwsClients, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("k", "s", None, None, "test")))
        .build();
    let head = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"a sealed leaf") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the body came as it is");
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&read).to_lowercase()
    });
    (AwsClients::new(config), head)
}

// Source: S3 API reference, PutObject: a checksum or Content-MD5 is required where object lock sets a retention.
#[tokio::test]
async fn a_blob_comes_with_its_checksum_as_a_bucket_with_object_lock_demands() {
    let (clients, head) = listening().await;
    let vault = S3Vault::new(&clients, "vault");
    let (tenant, name) =
        ("11111111-1111-1111-1111-111111111111".parse().unwrap(), BlobName::new("leaf").unwrap());
    let put = vault.put_new(&tenant, &name, Bytes::from_static(b"a sealed leaf")).await.unwrap();
    assert_eq!(put, Put::New);
    let head = head.await.unwrap();
    assert!(head.contains("x-amz-checksum-crc32c: "), "{head}");
    assert!(head.contains("if-none-match: *"), "{head}");
    assert!(!head.contains("aws-chunked"), "framing that some stand-ins store as content: {head}");
}
