//! Mail through Amazon SES, as a complete message of our own making.
//!
//! SES puts its own `Message-ID` and `Date` in place of ours, so the mail's id also goes into `X-Holdfast-Mail-Id`:
//! by that a receiver can tell a repetition.
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/header-fields.html>

use crate::error::{from_sdk, status};
use async_trait::async_trait;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::primitives::Blob;
use aws_sdk_sesv2::types::{Destination, EmailContent, MessageTag, RawMessage};
use domain::{Error, ErrorKind, Result};
use engine::ports::{Handed, MAX_MAIL_BYTES, Mail, Mailer, is_address};
use mail_builder::MessageBuilder;
use mail_builder::headers::raw::Raw;

const CALL: &str = "ses.SendEmail";

/// The [`Mailer`] that hands mail to SES.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    sender: String,
    configuration_set: Option<String>,
}

impl SesMailer {
    /// A mailer that sends from that address (`a@b` or `Name <a@b>`), which SES must have verified.
    pub fn new(client: Client, sender: impl Into<String>) -> Self {
        Self { client, sender: sender.into(), configuration_set: None }
    }

    /// The same mailer, sending through a configuration set (bounces, complaints, dedicated addresses).
    #[must_use]
    pub fn with_configuration_set(mut self, name: impl Into<String>) -> Self {
        self.configuration_set = Some(name.into());
        self
    }
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        if !is_address(&mail.to) {
            return Ok(Handed::AddressRefused);
        }
        let raw = RawMessage::builder().data(Blob::new(mime(mail, &self.sender)?)).build();
        let raw = raw.map_err(|_| Error::invalid("the mail cannot be expressed"))?;
        let tag = |(name, value)| MessageTag::builder().name(name).value(value).build();
        let tags = mail.about.tags().into_iter().map(tag).collect::<std::result::Result<Vec<_>, _>>();
        let tags = tags.map_err(|_| Error::invalid("the mail cannot be expressed"))?;
        let send = self
            .client
            .send_email()
            .from_email_address(&self.sender)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().raw(raw).build())
            .set_email_tags(Some(tags))
            .set_configuration_set_name(self.configuration_set.clone());
        match send.send().await {
            // Why taken, without a name too: SES said yes, and a mail that it took is not sent again.
            Ok(answer) => Ok(Handed::Taken(answer.message_id.unwrap_or_default())),
            Err(error) if is_unanswered(&error) => Ok(Handed::Unanswered),
            Err(error) => Err(not_taken(error)),
        }
    }

    // The configuration set publishes `SEND`: infra/template.yaml.
    fn tells(&self) -> bool {
        true
    }
}

/// Whether a call came to no answer that says what became of the mail: it may have been taken. That includes an error of
/// SES's own, but for the one that says that it does not work on requests now.
fn is_unanswered<E>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(_) => status(error).is_some_and(|status| status >= 500 && status != 503),
        _ => true,
    }
}

/// Our error for a mail that SES did not take. Never that the address is bad: what SES can refuse an address for is
/// known before ([`is_address`]), and none of its codes is about the address alone.
///
/// | code | what is wrong | kind |
/// | --- | --- | --- |
/// | `AccountSuspendedException`, `SendingPausedException` | the account, or the set, may not send | `Denied` |
/// | `MailFromDomainNotVerifiedException`, `NotFoundException` | our sender, or our set, is not known | `Denied` |
/// | `MessageRejected` | the sandbox, an identity, or the content | `Denied` |
/// | `BadRequestException` | the request: its length, our sender | `Denied` |
/// | `LimitExceededException`, `TooManyRequestsException` | a quota or a rate | `Throttled` |
///
/// A code that is not in this table is for us to look at too: `Denied`. Other failures are those of every service.
/// Source: <https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors>
fn not_taken<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let is_answer = matches!(error, SdkError::ServiceError(_));
    let error = from_sdk(CALL, error);
    match error.kind() {
        ErrorKind::Denied | ErrorKind::Throttled { .. } | ErrorKind::Unavailable => error,
        _ if is_answer => Error::denied("SES takes no such mail from us").caused_by(error),
        _ => error,
    }
}

/// The mail as an RFC 5322 message from that sender (`a@b` or `Name <a@b>`).
///
/// # Errors
/// `Invalid` when an address is not one, or a header would be more than one line; `Denied` when it would be longer than
/// [`MAX_MAIL_BYTES`].
pub fn mime(mail: &Mail, sender: &str) -> Result<Vec<u8>> {
    let (name, from) = parts_of(sender);
    for (field, address) in [("sender", from), ("to", &mail.to)] {
        if !is_address(address) {
            return Err(Error::invalid_field(field, "is not one mail address"));
        }
    }
    if [name, &mail.subject].iter().any(|t| t.chars().any(char::is_control)) {
        return Err(Error::invalid("a mail's subject and sender are one line"));
    }
    let (_, domain) = from.rsplit_once('@').unwrap_or_default();
    let message = MessageBuilder::new()
        .from((name.to_owned(), from.to_owned()))
        .to(mail.to.as_str())
        .subject(mail.subject.as_str())
        .message_id(format!("{}@{domain}", mail.id))
        // Why raw: a word that is longer than a line would be encoded, and an id is searched for as it is.
        .header("X-Holdfast-Mail-Id", Raw::new(mail.id.as_str()))
        .text_body(mail.text.as_str())
        .html_body(mail.html.as_str());
    let bytes = message.write_to_vec();
    let bytes = bytes.map_err(|e| Error::invalid("the mail cannot be expressed").caused_by(e))?;
    if bytes.len() > MAX_MAIL_BYTES {
        return Err(Error::denied("a mail is longer than the mail service takes"));
    }
    Ok(bytes)
}

/// The bare address of `a@b` or `Name <a@b>`.
pub(crate) fn address_of(sender: &str) -> &str {
    parts_of(sender).1
}

fn parts_of(sender: &str) -> (&str, &str) {
    match sender.trim().strip_suffix('>').and_then(|s| s.split_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"'), address.trim()),
        None => ("", sender.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sesv2::error::{ConnectorError, ErrorMetadata};
    use aws_sdk_sesv2::operation::send_email::SendEmailError;
    use domain::{PartnerId, PersonId};
    use engine::ports::{MailOf, MailRef};

    fn mail() -> Mail {
        Mail {
            id: "ntc_01".parse().unwrap(),
            to: "ada@example.com".to_owned(),
            subject: "Rôle accordé: Global Administrator".to_owned(),
            text: "Somebody was given a role.".to_owned(),
            html: "<p>Somebody was given a role.</p>".to_owned(),
            about: MailRef {
                partner: PartnerId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                of: MailOf::Trouble { person: PersonId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA") },
            },
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
        ] {
            assert!(mime(&wrong, "a@b").is_err(), "{wrong:?}");
        }
        assert!(mime(&mail(), "not an address").is_err());
    }

    #[test]
    fn nothing_that_ses_answers_is_taken_for_a_bad_address_and_each_code_says_what_to_do() {
        let throttled = ErrorKind::Throttled { retry_after_ms: None };
        for (code, status, kind) in [
            ("AccountSuspendedException", 400, ErrorKind::Denied),
            ("SendingPausedException", 400, ErrorKind::Denied),
            ("MailFromDomainNotVerifiedException", 400, ErrorKind::Denied),
            ("NotFoundException", 404, ErrorKind::Denied),
            ("MessageRejected", 400, ErrorKind::Denied),
            ("BadRequestException", 400, ErrorKind::Denied),
            ("NobodyKnowsThis", 400, ErrorKind::Denied),
            ("NobodyKnowsThis", 413, ErrorKind::Denied),
            ("ConflictException", 409, ErrorKind::Denied),
            ("LimitExceededException", 400, throttled),
            ("TooManyRequestsException", 429, throttled),
            ("InternalFailure", 500, ErrorKind::Unavailable),
        ] {
            let meta = ErrorMetadata::builder().code(code).message("for ada@example.com").build();
            let answer = HttpResponse::new(u16::try_into(status).unwrap(), "".into());
            let error = not_taken(SdkError::service_error(SendEmailError::generic(meta), answer));
            assert_eq!(error.kind(), kind, "{code} with {status}");
            assert!(!error.to_string().contains("ada"), "{error}");
        }
    }

    #[test]
    fn what_ses_did_not_answer_is_neither_sent_nor_refused() {
        let answer = |status: u16| HttpResponse::new(status.try_into().unwrap(), "".into());
        let refused = |status: u16| {
            let meta = ErrorMetadata::builder().code("InternalFailure").build();
            SdkError::service_error(SendEmailError::generic(meta), answer(status))
        };
        let timed_out: SdkError<SendEmailError, HttpResponse> = SdkError::timeout_error("late");
        assert!(is_unanswered(&timed_out));
        assert!(is_unanswered(&SdkError::<SendEmailError, _>::response_error("cut off", answer(200))));
        let broken = ConnectorError::io("reset by peer".into());
        assert!(is_unanswered(&SdkError::<SendEmailError, HttpResponse>::dispatch_failure(broken)));
        assert!(is_unanswered(&refused(500)) && is_unanswered(&refused(504)));
        for status in [400, 403, 404, 429, 503] {
            assert!(!is_unanswered(&refused(status)), "{status}");
        }
    }

    #[test]
    fn a_mail_that_is_longer_than_ses_takes_is_refused_before_ses_is_asked() {
        let long = Mail { html: "x".repeat(MAX_MAIL_BYTES), ..mail() };
        assert_eq!(mime(&long, "a@backup.example").unwrap_err().kind(), ErrorKind::Denied);
    }
}
