//! The ports of `engine` on AWS: DynamoDB, SQS, KMS, SES, Secrets Manager. S3, the vault, is a crate of its own,
//! `aws-vault`: a function that does not name that crate cannot reach a blob.
//!
//! Enter at [`AwsClients`] (connections, made once per process) and [`AwsNames`] (which bucket, table and queues);
//! every adapter takes one client and the names that it needs. [`provision()`] makes what they name on a stand-in,
//! which is a server that answers like AWS; in AWS the template makes it. [`SqsReceiver`] reads queues where no
//! event-source mapping does.
//! Not here: retries beyond the SDK's own three attempts of a call (of a mail there is one), rules of the product, the wall clock. Every
//! failure of the SDK becomes a `domain::Error` in `error.rs` and nowhere else.

mod catalog;
mod clients;
pub mod error;
mod key_ring;
mod mail_events;
mod mailer;
mod names;
mod provision;
mod queue;
mod receive;
mod returns;
mod secrets;
mod signer;

pub use catalog::DynamoCatalog;
pub use clients::AwsClients;
pub use key_ring::KmsKeyRing;
pub use mail_events::{is_mail_event, read_mail_event};
pub use mailer::{SesMailer, mime};
pub use names::AwsNames;
pub use provision::{Provision, provision, provision_table};
pub use queue::SqsQueue;
pub use receive::{Received, SqsReceiver};
pub use returns::SqsReturns;
pub use secrets::SecretsManagerSecrets;
pub use signer::KmsSigner;
