//! Makes on an AWS endpoint what the adapters need, and finds it again: for a stand-in on a developer's machine or in
//! CI. In AWS the template does this, and no function calls it.
//!
//! Safe to repeat: what is there stays, with its content; queues and secrets get the settings given. It uses only
//! documented calls, so that any stand-in may be behind the endpoint.

mod catalog;
mod keys;
mod queues;

use crate::{AwsClients, AwsNames};
use domain::{Error, Result};
use engine::ports::Secret;
use std::collections::BTreeMap;

/// What is to be made, and how it is named.
#[derive(Clone, Debug)]
pub struct Provision {
    /// What every name begins with: 1 to 40 lower-case letters, digits and `-`, beginning with a letter.
    pub prefix: String,
    /// The sender of mail: `a@b`, or `Name <a@b>`.
    pub sender: String,
    /// Secrets by their short names, such as `graph-reader`.
    pub secrets: BTreeMap<String, Secret>,
    /// How long a received message is hidden; longer than a job may run.
    pub visibility_timeout_s: u32,
}

/// Makes what is missing, and returns the names of everything. The bucket is only named; `aws_vault::make_bucket`
/// makes it.
///
/// # Errors
/// `Invalid` for a prefix that cannot be part of a bucket's name; `Conflict` when something of that name is there in
/// another shape; otherwise as the services say.
pub async fn provision(clients: &AwsClients, wanted: &Provision) -> Result<AwsNames> {
    let prefix = check_prefix(&wanted.prefix)?;
    let (bucket, table) = (format!("{prefix}-vault"), format!("{prefix}-catalog"));
    catalog::make_table(clients.dynamodb(), &table).await?;
    let (queue_urls, dead_letter_urls) =
        queues::make_queues(clients.sqs(), prefix, wanted.visibility_timeout_s).await?;
    let kms_key_id = keys::make_key(clients.kms(), &format!("alias/{prefix}"), &keys::WRAPPING).await?;
    let signing_key_id =
        keys::make_key(clients.kms(), &format!("alias/{prefix}-signing"), &keys::SIGNING).await?;
    keys::make_sender(clients.ses(), &wanted.sender).await?;
    for (name, secret) in &wanted.secrets {
        keys::put_secret(clients.secrets(), &crate::secrets::full_name(prefix, name), secret).await?;
    }
    Ok(AwsNames {
        bucket,
        table,
        queue_urls,
        dead_letter_urls,
        kms_key_id,
        signing_key_id,
        sender: wanted.sender.clone(),
        secret_prefix: prefix.to_owned(),
    })
}

/// Makes the catalog's table alone, where nothing else of AWS is needed; safe to repeat.
pub async fn provision_table(clients: &AwsClients, table: &str) -> Result<()> {
    catalog::make_table(clients.dynamodb(), table).await
}

fn check_prefix(prefix: &str) -> Result<&str> {
    let fine = prefix.len() <= 40
        && prefix.starts_with(|c: char| c.is_ascii_lowercase())
        && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        Ok(prefix)
    } else {
        Err(Error::invalid("a prefix is 1 to 40 lower-case letters, digits and -, a letter first"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_fit_for_the_name_of_a_bucket() {
        assert!(check_prefix("holdfast-2").is_ok());
        for wrong in ["", "Holdfast", "2holdfast", "hold_fast", "hold.fast", &"x".repeat(41)] {
            assert!(check_prefix(wrong).is_err(), "{wrong}");
        }
    }
}
