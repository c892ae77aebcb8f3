//! Secrets that a test sets.

use crate::lock;
use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::{Secret, Secrets};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Secrets by name; a name can be closed to the caller.
#[derive(Default)]
pub struct MemorySecrets(pub(super) Mutex<BTreeMap<String, Option<Secret>>>);

impl MemorySecrets {
    /// Sets the current value.
    pub fn put(&self, name: &str, value: impl Into<String>) {
        lock(&self.0).insert(name.to_owned(), Some(Secret::new(value)));
    }
    /// From now on the caller may not have it.
    pub fn deny(&self, name: &str) {
        lock(&self.0).insert(name.to_owned(), None);
    }
}

#[async_trait]
impl Secrets for MemorySecrets {
    async fn get(&self, name: &str) -> Result<Secret> {
        match lock(&self.0).get(name) {
            Some(Some(secret)) => Ok(secret.clone()),
            Some(None) => Err(Error::denied(format!("the secret {name} may not be read"))),
            None => Err(Error::not_found(format!("there is no secret {name}"))),
        }
    }
}
