//! Secrets of the installation, from AWS Secrets Manager, kept for five minutes.
//!
//! A secret that was replaced is seen after five minutes at the latest. Failures are not kept.

use crate::error::{code, from_sdk};
use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use domain::{Error, Result};
use engine::ports::{Secret, Secrets};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const KEPT_FOR: Duration = Duration::from_mins(5);

/// The [`Secrets`] of Secrets Manager: the secret `{prefix}/{name}`, as text.
#[derive(Debug)]
pub struct SecretsManagerSecrets {
    client: Client,
    prefix: String,
    // Why: held while a secret is fetched, so that many jobs that start at once fetch it once.
    kept: Mutex<Kept>,
}

impl SecretsManagerSecrets {
    /// The secrets whose names begin with that prefix.
    pub fn new(client: Client, prefix: impl Into<String>) -> Self {
        Self { client, prefix: prefix.into(), kept: Mutex::default() }
    }
}

#[async_trait]
impl Secrets for SecretsManagerSecrets {
    async fn get(&self, name: &str) -> Result<Secret> {
        let mut kept = self.kept.lock().await;
        if let Some(secret) = kept.find(name, Instant::now()) {
            return Ok(secret);
        }
        let get = self.client.get_secret_value().secret_id(full_name(&self.prefix, name));
        let found = get.send().await.map_err(|e| {
            // Why: with this code Secrets Manager answers for a secret that is marked for deletion.
            let gone = code(&e) == Some("InvalidRequestException");
            let error = from_sdk("secretsmanager.GetSecretValue", e).within(name);
            if gone {
                Error::not_found(format!("{name} is marked for deletion")).caused_by(error)
            } else {
                error
            }
        })?;
        let text = found.secret_string.ok_or_else(|| Error::corrupt(format!("{name} is not a text")))?;
        let secret = Secret::new(text);
        kept.put(name, secret.clone(), Instant::now());
        Ok(secret)
    }
}

/// The name of a secret in Secrets Manager.
pub(crate) fn full_name(prefix: &str, name: &str) -> String {
    format!("{}/{name}", prefix.trim_end_matches('/'))
}

#[derive(Debug, Default)]
struct Kept(HashMap<String, (Instant, Secret)>);

impl Kept {
    fn find(&self, name: &str, now: Instant) -> Option<Secret> {
        let (since, secret) = self.0.get(name)?;
        (now.duration_since(*since) < KEPT_FOR).then(|| secret.clone())
    }
    fn put(&mut self, name: &str, secret: Secret, now: Instant) {
        self.0.insert(name.to_owned(), (now, secret));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_kept_for_five_minutes_and_no_longer() {
        let (mut kept, start) = (Kept::default(), Instant::now());
        kept.put("graph-reader", Secret::new("s"), start);
        let found = |after| kept.find("graph-reader", start + after).is_some();
        assert!(found(KEPT_FOR.checked_sub(Duration::from_secs(1)).unwrap()));
        assert!(!found(KEPT_FOR));
        assert!(kept.find("graph-writer", start).is_none());
    }

    #[test]
    fn a_secret_is_named_below_the_prefix() {
        assert_eq!(full_name("holdfast", "graph-reader"), "holdfast/graph-reader");
        assert_eq!(full_name("holdfast/", "graph-reader"), "holdfast/graph-reader");
    }
}
