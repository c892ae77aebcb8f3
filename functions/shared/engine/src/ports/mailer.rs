//! The port of mail that leaves. Amazon SES in AWS, a folder of `.eml` files locally.
//!
//! What came of a mail has four meanings. The service took it, or nothing can be sent to such an address: these are
//! answers ([`Handed`]). It said that it does not take the mail now: that is an error, after which the mail is still due.
//! And it said nothing, which is no answer either way ([`Handed::Unanswered`]): the mail may leave.

use super::mail_event::MailRef;
use async_trait::async_trait;
use domain::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// The name of a mail: 1 to 128 letters, digits, or `-_.+`, so that it can stand in a header and name a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailId(String);

impl MailId {
    /// The greatest length of a mail's name, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// The name that follows from those parts: `{label}-` and 32 hexadecimal digits of BLAKE3. The same parts give
    /// the same name; however long they are, its length is that of the label and 33. The label is a short word of
    /// ours.
    #[must_use]
    pub fn of(label: &'static str, parts: &[&str]) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            // Why with its length: parts such as `ab`, `c` must not give the name of `a`, `bc`.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        let made = format!("{label}-{}", &hasher.finalize().to_hex()[..32]);
        debug_assert!(made.parse::<Self>().is_ok(), "{label} is no label");
        Self(made)
    }

    /// What comes before the last hyphen: the label, where the name was made by [`Self::of`].
    #[must_use]
    pub fn label(&self) -> &str {
        self.0.rsplit_once('-').map_or(&self.0, |(label, _)| label)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MailId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let is_fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
        if text.is_empty() || text.len() > Self::MAX_BYTES || !text.bytes().all(is_fine) {
            return Err(Error::invalid("a mail's id is 1 to 128 letters, digits, or -_.+"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for MailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mail, both as text and as HTML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The mail's name. The same mail is sent under the same id: a receiver can tell a repetition (`Message-ID`).
    pub id: MailId,
    /// The one address that it goes to.
    pub to: String,
    /// The subject, on one line.
    pub subject: String,
    /// The content as text, for a reader without HTML.
    pub text: String,
    /// The same content as HTML.
    pub html: String,
    /// What it tells, and whom: the service gives it back with what it tells of the mail.
    pub about: MailRef,
}

/// How long a mail may be, in bytes as it is sent: what SES takes without asking AWS for more.
pub const MAX_MAIL_BYTES: usize = 10 << 20;

/// What became of a mail that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    /// The mail service took it. Holds the service's own id of it.
    Taken(String),
    /// Nothing can be sent to such an address, now or later.
    AddressRefused,
    /// No answer came, in time or at all: the mail may leave, or may not. What the service tells later says which.
    Unanswered,
}

/// Whether mail can be sent to a text as an address: the dot-atoms of RFC 5322 around one `@`, in ASCII, with a domain that
/// DNS can hold. What this admits and nobody has is found out by a bounce.
///
/// SES takes no others: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html>.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
    let is_atom = |part: &str| !part.is_empty() && part.bytes().all(atom);
    let is_label = |label: &str| {
        let hyphens = label.starts_with('-') || label.ends_with('-');
        let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        (1..=63).contains(&label.len()) && !hyphens && label.bytes().all(fine)
    };
    local.len() <= 64
        && domain.len() <= 253
        && local.split('.').all(is_atom)
        && domain.split('.').all(is_label)
}

/// Sends mail. The sender's address is a setting of the adapter.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands the mail over. An address for which [`is_address`] is false is refused.
    ///
    /// # Errors
    /// `Denied` when the service takes no mail of ours until somebody helps: the account, the sender, a limit for
    /// good, or a mail that is longer than [`MAX_MAIL_BYTES`]. `Invalid` when a subject is more than one line. Otherwise
    /// as usual, and always as an answer: that nothing was answered is no error. None of them says anything about the
    /// address.
    async fn send(&self, mail: &Mail) -> Result<Handed>;

    /// Whether the service tells of every mail that it sends, soon after it took it, so that from its silence follows that
    /// it took none.
    fn tells(&self) -> bool {
        false
    }
}
