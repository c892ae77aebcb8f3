//! Secrets of the installation: app registrations' certificates, signing keys.

use async_trait::async_trait;
use domain::Result;
use std::fmt;

/// A secret text; it cannot be printed by accident.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The secret of this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Secrets by name.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The current value. Names: `graph-reader`, `graph-writer` (FORMAT.md section 7 has their shape).
    ///
    /// # Errors
    /// `NotFound` when there is no such secret; `Denied` when the caller may not have it.
    async fn get(&self, name: &str) -> Result<Secret>;
}
