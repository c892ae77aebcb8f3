//! The port of the installation's secrets: certificates of app registrations, and signing keys.

use async_trait::async_trait;
use domain::Result;
use std::fmt;

/// A secret text, which cannot be printed by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The secret text itself, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The store that gives secrets by name.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current value of a secret. Names: `graph-reader`, `graph-writer` (FORMAT.md section 7 has their shape).
    ///
    /// # Errors
    /// `NotFound` when there is no such secret; `Denied` when the caller may not have it.
    async fn get(&self, name: &str) -> Result<Secret>;
}
