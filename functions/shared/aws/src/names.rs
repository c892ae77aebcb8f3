//! The names of our bucket, table, queues, keys and sender: settings in AWS, the outcome of provisioning elsewhere.

use domain::{Error, Result};
use engine::ports::JobQueue;
use std::collections::BTreeMap;

/// The names of what the adapters use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsNames {
    /// The name of the vault's bucket.
    pub bucket: String,
    /// The name of the catalog's table.
    pub table: String,
    /// The URL of each job's queue.
    pub queue_urls: BTreeMap<JobQueue, String>,
    /// The URL of each job's dead-letter queue, where unreadable messages end; empty in a function, which never
    /// touches them.
    pub dead_letter_urls: BTreeMap<JobQueue, String>,
    /// The KMS key that wraps data keys: an id or ARN.
    pub kms_key_id: String,
    /// The KMS key that signs: an id or ARN.
    pub signing_key_id: String,
    /// The sender of mail: an address, or `Name <address>`.
    pub sender: String,
    /// The beginning of the names of secrets: `{secret_prefix}/{name}`.
    pub secret_prefix: String,
}

impl AwsNames {
    /// The names that a function's environment gives: `HOLDFAST_BUCKET`, `HOLDFAST_TABLE`,
    /// `HOLDFAST_QUEUE_TAKE_SNAPSHOT` and so on for every job, `HOLDFAST_KMS_KEY`, `HOLDFAST_SIGNING_KEY`,
    /// `HOLDFAST_SENDER`, `HOLDFAST_SECRET_PREFIX`.
    ///
    /// # Errors
    /// `Invalid`, naming every variable that is missing or empty.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut missing = Vec::new();
        let mut need = |variable: String| {
            get(&variable).filter(|v| !v.trim().is_empty()).unwrap_or_else(|| {
                missing.push(variable);
                String::new()
            })
        };
        let names = Self {
            bucket: need("HOLDFAST_BUCKET".to_owned()),
            table: need("HOLDFAST_TABLE".to_owned()),
            queue_urls: JobQueue::ALL.into_iter().map(|q| (q, need(queue_variable(q)))).collect(),
            dead_letter_urls: BTreeMap::new(),
            kms_key_id: need("HOLDFAST_KMS_KEY".to_owned()),
            signing_key_id: need("HOLDFAST_SIGNING_KEY".to_owned()),
            sender: need("HOLDFAST_SENDER".to_owned()),
            secret_prefix: need("HOLDFAST_SECRET_PREFIX".to_owned()),
        };
        if missing.is_empty() {
            Ok(names)
        } else {
            Err(Error::invalid(format!("not set: {}", missing.join(", "))))
        }
    }
}

/// The variable that holds a queue's URL.
fn queue_variable(queue: JobQueue) -> String {
    format!("HOLDFAST_QUEUE_{}", queue.name().to_ascii_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error =
            AwsNames::from_env(|name| (name != "HOLDFAST_TABLE").then(|| "x".to_owned())).unwrap_err();
        assert_eq!(error.to_string(), "not set: HOLDFAST_TABLE");
        let error = AwsNames::from_env(|_| Some(" ".to_owned())).unwrap_err();
        assert!(error.to_string().contains("HOLDFAST_QUEUE_TAKE_SNAPSHOT"), "an empty one counts as missing");
    }

    #[test]
    fn every_job_has_its_own_queue_variable() {
        let names = AwsNames::from_env(|name| Some(name.to_owned())).unwrap();
        assert_eq!(names.queue_urls[&JobQueue::RunRestore], "HOLDFAST_QUEUE_RUN_RESTORE");
        assert_eq!(names.queue_urls.len(), JobQueue::ALL.len());
    }
}
