//! The port of the place where signed heads of audit logs are kept: texts by name, create-only, which nobody can change
//! or remove for years.

use super::Put;
use async_trait::async_trait;
use domain::{PartnerId, Result};
use jiff::civil::Date;

/// The name of a statement there: `heads/{partner}/{day}-{part}`, `heads/installation/…` for the installation's own log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AnchorName(String);

impl AnchorName {
    /// The name of the statement of that log, day and part.
    pub fn new(partner: Option<&PartnerId>, day: Date, part: u32) -> Self {
        let log = partner.map_or("installation", PartnerId::as_str);
        Self(format!("heads/{log}/{day}-{part:05}"))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The place of anchors.
#[async_trait]
pub trait Anchors: Send + Sync {
    /// Keeps a text under a new name. Of several writers at once exactly one gets `New`; what is there already stays as it
    /// is. When it returns, the text is durable.
    async fn put_new(&self, name: &AnchorName, text: &str) -> Result<Put>;

    /// The text of that name, or none when there is none. Reads see every finished write.
    async fn find(&self, name: &AnchorName) -> Result<Option<String>>;
}
