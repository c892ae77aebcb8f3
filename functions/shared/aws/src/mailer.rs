//! Mail through Amazon SES, as a whole message of our own making.
//!
//! SES puts its own `Message-ID` and `Date` in place of ours, so the mail's id also goes into
//! `X-Holdfast-Mail-Id`: by that a receiver can tell a repetition.
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/header-fields.html>

use crate::error::{from_sdk, incomplete};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, RawMessage};
use domain::{Error, ErrorKind, Result};
use engine::ports::{Mail, Mailer};
use mail_builder::MessageBuilder;
use mail_builder::headers::text::Text;

/// [`Mailer`] on SES.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    sender: String,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// Sends from that address (`a@b` or `Name <a@b>`), which SES must know.
    pub fn new(client: Client, sender: impl Into<String>) -> Self {
        Self { client, sender: sender.into(), configuration_set: None }
    }

    /// The same, through a configuration set (bounces, complaints, dedicated addresses).
    #[must_use]
    pub fn with_configuration_set(mut self, name: impl Into<String>) -> Self {
        self.configuration_set = Some(name.into());
        self
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<String> {
        const CALL: &str = "ses.SendEmail";
        let raw = RawMessage::builder().data(Blob::new(mime(mail, &self.sender)?)).build();
        let raw = raw.map_err(|_| Error::invalid("the mail cannot be expressed"))?;
        let send = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_configuration_set_name(self.configuration_set.clone());
        let answer = send.send().await.map_err(|e| {
            let error = from_sdk(CALL, e);
            match error.kind() {
                // Why: a sender or configuration set that SES does not know is not the mail's fault.
                ErrorKind::NotFound => Error::denied("SES does not know our sender").caused_by(error),
                _ => error,
            }
        })?;
        answer.message_id.ok_or_else(|| incomplete(CALL, "message id"))
    }
}

/// The mail as an RFC 5322 message from that sender (`a@b` or `Name <a@b>`).
///
/// # Errors
/// `Invalid` when an address is none, or a header would be more than one line.
pub fn mime(mail: &Mail, sender: &str) -> Result<Vec<u8>> {
    let (name, from) = parts_of(sender);
    check_address("sender", from)?;
    check_address("to", &mail.to)?;
    if [name, &mail.subject].iter().any(|t| t.chars().any(char::is_control)) {
        return Err(Error::invalid("a mail's subject and sender are one line"));
    }
    let id_is_fine = |b: u8| b.is_ascii_alphanumeric() || b"-_.+".contains(&b);
    if mail.id.is_empty() || mail.id.len() > 128 || !mail.id.bytes().all(id_is_fine) {
        return Err(Error::invalid("a mail's id is 1 to 128 letters, digits, or -_.+"));
    }
    let (_, domain) = from.rsplit_once('@').unwrap_or_default();
    let message = MessageBuilder::new()
        .from((name.to_owned(), from.to_owned()))
        .to(mail.to.as_str())
        .subject(mail.subject.as_str())
        .message_id(format!("{}@{domain}", mail.id))
        .header("X-Holdfast-Mail-Id", Text::new(mail.id.as_str()))
        .text_body(mail.text.as_str())
        .html_body(mail.html.as_str());
    message.write_to_vec().map_err(|e| Error::invalid("the mail cannot be expressed").caused_by(e))
}

/// The address of `a@b` or `Name <a@b>`.
pub(crate) fn address_of(sender: &str) -> &str {
    parts_of(sender).1
}

fn parts_of(sender: &str) -> (&str, &str) {
    match sender.trim().strip_suffix('>').and_then(|s| s.split_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", sender.trim()),
    }
}

/// # Errors
/// `Invalid` when it is not one address. Whether it exists is for SES to find out.
fn check_address(field: &str, address: &str) -> Result<()> {
    let fine = |c: char| !c.is_control() && !c.is_whitespace() && !"<>()[],;:\\\"".contains(c);
    let parts = address
        .split_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    if parts && address.len() <= 320 && address.chars().all(fine) {
        Ok(())
    } else {
        Err(Error::invalid_field(field, "is not one mail address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail() -> Mail {
        Mail {
            id: "ntc_01".to_owned(),
            to: "ada@example.com".to_owned(),
            subject: "Rôle accordé: Global Administrator".to_owned(),
            text: "Somebody was given a role.".to_owned(),
            html: "<p>Somebody was given a role.</p>".to_owned(),
        }
    }

    #[test]
    fn a_mail_has_both_bodies_and_tells_who_it_is() {
        let bytes = mime(&mail(), "Holdfast <alerts@backup.example>").unwrap();
        let text = String::from_utf8(bytes).unwrap();
        for part in [
            "From: \"Holdfast\" <alerts@backup.example>",
            "To: <ada@example.com>",
            "Message-ID: <ntc_01@backup.example>",
            "X-Holdfast-Mail-Id: ntc_01",
            "multipart/alternative",
            "text/plain",
            "text/html",
        ] {
            assert!(text.contains(part), "no {part} in {text}");
        }
        assert!(text.contains("Subject: =?utf-8?"), "a subject beyond ASCII is encoded: {text}");
    }

    #[test]
    fn a_mail_cannot_bring_headers_or_receivers_of_its_own() {
        for wrong in [
            Mail { to: "ada@example.com\r\nBcc: eve@example.com".to_owned(), ..mail() },
            Mail { to: "ada@example.com, eve@example.com".to_owned(), ..mail() },
            Mail { to: "nobody".to_owned(), ..mail() },
            Mail { to: "@example.com".to_owned(), ..mail() },
            Mail { subject: "one\r\nBcc: eve@example.com".to_owned(), ..mail() },
            Mail { id: "x>\r\nBcc: eve@example.com".to_owned(), ..mail() },
            Mail { id: String::new(), ..mail() },
        ] {
            assert!(mime(&wrong, "a@b").is_err(), "{wrong:?}");
        }
        assert!(mime(&mail(), "not an address").is_err());
    }
}
