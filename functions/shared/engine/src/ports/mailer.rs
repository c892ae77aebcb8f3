//! Mail that leaves. Amazon SES in AWS, a folder of `.eml` files locally.

use async_trait::async_trait;
use domain::Result;

/// A mail, both as text and as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The same mail is sent under the same id: a receiver can tell a repetition (`Message-ID`).
    pub id: String,
    /// One address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// For a reader without HTML.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Sends mail. The sender's address is the adapter's setting.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over; returns the service's name for it.
    ///
    /// # Errors
    /// `Invalid` when the service will never take it (a wrong address); otherwise as usual.
    async fn send(&self, mail: &Mail) -> Result<String>;
}
