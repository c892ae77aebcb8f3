//! What SES tells of a mail after it took it, as it publishes that through SNS: raw JSON in a queue.
//!
//! Source: <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>

use domain::{Error, Result, Timestamp};
use engine::ports::{MailEvent, MailFate, MailRef};
use serde_json::Value;

/// Whether a message of a queue is one of SES's: no message of our own has this field.
#[must_use]
pub fn is_mail_event(body: &str) -> bool {
    read(body).is_ok_and(|event| event.get("eventType").is_some())
}

/// What SES tells in that message; none where it is nothing that changes anything, or of a mail that is not ours.
///
/// # Errors
/// `Invalid` when it is no event of SES's.
pub fn read_mail_event(body: &str) -> Result<Option<MailEvent>> {
    let event = read(body)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, is_permanent) =
        (text(&event["eventType"]), event["bounce"]["bounceType"].as_str() == Some("Permanent"));
    if kind.is_empty() {
        return Err(Error::invalid("a message tells nothing of a mail"));
    }
    let (bounce, complaint) =
        (text(&event["bounce"]["bounceSubType"]), text(&event["complaint"]["complaintSubType"]));
    let (fate, at) = match kind.as_str() {
        "Send" => (MailFate::Sent, &event["mail"]["timestamp"]),
        "Reject" => (MailFate::Rejected, &event["mail"]["timestamp"]),
        // SES, or the account, sends nothing to the address, and says so as a bounce or a complaint.
        "Bounce" if ["Suppressed", "OnAccountSuppressionList"].contains(&bounce.as_str()) => {
            (MailFate::Suppressed, &event["bounce"]["timestamp"])
        }
        "Bounce" if is_permanent => (MailFate::Bounced, &event["bounce"]["timestamp"]),
        "Bounce" => (MailFate::NotDelivered, &event["bounce"]["timestamp"]),
        "Complaint" if complaint == "OnAccountSuppressionList" => {
            (MailFate::Suppressed, &event["complaint"]["timestamp"])
        }
        "Complaint" => (MailFate::Complained, &event["complaint"]["timestamp"]),
        _ => return Ok(None),
    };
    let at: Timestamp = at.as_str().and_then(|text| text.parse().ok()).ok_or_else(unreadable)?;
    let tags = &event["mail"]["tags"];
    let mail = MailRef::from_tags(|name| tags.get(name)?.get(0)?.as_str());
    Ok(mail.map(|mail| MailEvent { mail, fate, at }))
}

// Why without serde's own message: it may quote an address.
fn read(body: &str) -> Result<Value> {
    serde_json::from_str(body).map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::invalid("what SES tells of a mail cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PartnerId, PersonId};
    use engine::ports::MailOf;
    use serde_json::json;

    fn mail() -> MailRef {
        let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
        let of = MailOf::Digest {
            person: PersonId::from_ulid(ulid),
            until: Timestamp::from_second(1_795_374_000).unwrap(),
        };
        MailRef { partner: PartnerId::from_ulid(ulid), of }
    }

    fn event(kind: &str, more: &Value) -> String {
        let own = mail().tags().into_iter().map(|(name, value)| (name.to_owned(), json!([value])));
        let mut tags: serde_json::Map<String, Value> = own.collect();
        tags.insert("ses:configuration-set".to_owned(), json!(["holdfast"]));
        let mut event = json!({
            "eventType": kind,
            "mail": {
                "timestamp": "2026-11-23T07:00:01.123Z",
                "source": "alerts@example.com",
                "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000",
                "destination": ["ada@example.com"],
                "tags": tags,
            },
        });
        if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
            event.extend(more.clone());
        }
        event.to_string()
    }

    fn bounce(kind: &str, sub: &str) -> Value {
        json!({ "bounce": {
            "bounceType": kind, "bounceSubType": sub, "timestamp": "2026-11-23T07:00:09.000Z",
            "bouncedRecipients": [{ "emailAddress": "ada@example.com", "status": "5.1.1" }],
        }})
    }

    #[test]
    fn each_event_of_ses_says_what_became_of_which_mail() {
        let complaint = |sub: Value| json!({ "complaint": { "complaintSubType": sub, "timestamp": "2026-11-23T07:00:09.000Z" } });
        for (kind, more, fate) in [
            ("Send", json!({ "send": {} }), MailFate::Sent),
            ("Reject", json!({ "reject": { "reason": "Bad content" } }), MailFate::Rejected),
            ("Bounce", bounce("Permanent", "General"), MailFate::Bounced),
            ("Bounce", bounce("Permanent", "NoEmail"), MailFate::Bounced),
            ("Bounce", bounce("Permanent", "Suppressed"), MailFate::Suppressed),
            ("Bounce", bounce("Permanent", "OnAccountSuppressionList"), MailFate::Suppressed),
            ("Bounce", bounce("Transient", "MailboxFull"), MailFate::NotDelivered),
            ("Bounce", bounce("Undetermined", "Undetermined"), MailFate::NotDelivered),
            ("Complaint", complaint(Value::Null), MailFate::Complained),
            ("Complaint", complaint(json!("OnAccountSuppressionList")), MailFate::Suppressed),
        ] {
            let text = event(kind, &more);
            assert!(is_mail_event(&text));
            let read = read_mail_event(&text).unwrap().unwrap();
            assert_eq!((read.mail, read.fate), (mail(), fate), "{more}");
        }
    }

    #[test]
    fn what_changes_nothing_and_mail_that_is_not_ours_is_left_alone() {
        let delay = event("DeliveryDelay", &json!({ "deliveryDelay": { "delayType": "MailboxFull" } }));
        assert_eq!(read_mail_event(&delay).unwrap(), None);
        let foreign = json!({
            "eventType": "Send", "send": {},
            "mail": { "timestamp": "2026-11-23T07:00:01.123Z", "tags": { "ses:from-domain": ["x"] } },
        });
        assert_eq!(read_mail_event(&foreign.to_string()).unwrap(), None);
    }

    #[test]
    fn what_is_no_event_is_refused_and_not_repeated() {
        let own = json!({ "type": "send-notice.v1", "tenant": "t", "notice": "n" }).to_string();
        assert!(!is_mail_event(&own) && !is_mail_event("ada@example.com"));
        for wrong in [own.as_str(), "", "ada@example.com", r#"{"eventType":"Send","mail":{}}"#] {
            let error = read_mail_event(wrong).unwrap_err();
            assert_eq!(error.kind(), domain::ErrorKind::Invalid);
            assert!(!error.to_string().contains("ada"));
        }
    }
}
