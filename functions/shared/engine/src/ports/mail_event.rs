//! What a mail is about, as the mail service gives it back, and what the service tells of a mail after it took it.

use domain::{InvitationId, PartnerId, PersonId, TenantId, Timestamp};

/// What a mail tells, and whom: by this its row is found when the mail service tells what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailOf {
    /// One notice, to a person.
    Notice {
        /// The tenant of the notice.
        tenant: TenantId,
        /// The id of the notice.
        notice: String,
        /// Who is written to.
        person: PersonId,
    },
    /// The digest of a person.
    Digest {
        /// Who is written to.
        person: PersonId,
        /// The end of its period.
        until: Timestamp,
    },
    /// That no mail reaches somebody, told to an Owner.
    Trouble {
        /// Who is written to.
        person: PersonId,
    },
    /// The invitation of somebody to a partner.
    Invitation {
        /// The id of the invitation.
        invitation: InvitationId,
    },
}

/// Whose mail it is, and what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRef {
    /// The partner whose person is written to.
    pub partner: PartnerId,
    /// What the mail tells.
    pub of: MailOf,
}

const PARTNER: &str = "partner";
const PERSON: &str = "person";
const TENANT: &str = "tenant";
const NOTICE: &str = "notice";
const UNTIL: &str = "until";
const INVITATION: &str = "invitation";

impl MailRef {
    /// As names and values that a mail service keeps with the mail: letters, digits, `_` and `-`, at most 256 of them.
    /// Why the notice's id in hexadecimal: it has dots.
    #[must_use]
    pub fn tags(&self) -> Vec<(&'static str, String)> {
        let mut tags = vec![(PARTNER, self.partner.to_string())];
        match &self.of {
            MailOf::Notice { tenant, notice, person } => tags.extend([
                (TENANT, tenant.to_string()),
                (NOTICE, hex::encode(notice)),
                (PERSON, person.to_string()),
            ]),
            MailOf::Digest { person, until } => {
                tags.extend([(PERSON, person.to_string()), (UNTIL, until.as_second().to_string())]);
            }
            MailOf::Trouble { person } => tags.push((PERSON, person.to_string())),
            MailOf::Invitation { invitation } => tags.push((INVITATION, invitation.to_string())),
        }
        tags
    }

    /// What those tags say; none where they are not such that [`Self::tags`] makes.
    #[must_use]
    pub fn from_tags<'a>(tag: impl Fn(&str) -> Option<&'a str>) -> Option<Self> {
        let partner = tag(PARTNER)?.parse().ok()?;
        let person = || tag(PERSON)?.parse::<PersonId>().ok();
        let of = match (tag(NOTICE), tag(UNTIL), tag(INVITATION)) {
            (Some(notice), None, None) => MailOf::Notice {
                tenant: tag(TENANT)?.parse().ok()?,
                notice: String::from_utf8(hex::decode(notice).ok()?).ok()?,
                person: person()?,
            },
            (None, Some(until), None) => {
                MailOf::Digest { person: person()?, until: Timestamp::from_second(until.parse().ok()?).ok()? }
            }
            (None, None, Some(invitation)) => MailOf::Invitation { invitation: invitation.parse().ok()? },
            (None, None, None) => MailOf::Trouble { person: person()? },
            _ => return None,
        };
        Some(Self { partner, of })
    }
}

/// What became of a mail after the mail service took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailFate {
    /// The service sends it: the word that settles a mail whose answer was lost.
    Sent,
    /// The service did not send it after all, for what it holds.
    Rejected,
    /// It came back for good: nothing reaches the address.
    Bounced,
    /// The service did not send it, since mail came back from the address before.
    Suppressed,
    /// Its reader told their provider that it is unwanted.
    Complained,
    /// It came back after days of trying; the address may be good.
    NotDelivered,
}

/// That something became of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailEvent {
    /// The mail that it became of.
    pub mail: MailRef,
    /// What became of it.
    pub fate: MailFate,
    /// When, as the service says.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_mail_is_about_survives_as_tags_that_every_service_takes() {
        let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
        let (partner, person) = (PartnerId::from_ulid(ulid), PersonId::from_ulid(ulid));
        let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
        let notice = format!("credentials.org_{}.not-connected.1795374000", ulid.to_lowercase());
        let of = [
            MailOf::Notice { tenant, notice, person: person.clone() },
            MailOf::Digest { person: person.clone(), until: Timestamp::from_second(1_795_374_000).unwrap() },
            MailOf::Trouble { person },
            MailOf::Invitation { invitation: InvitationId::from_ulid(ulid) },
        ];
        for of in of {
            let mail = MailRef { partner: partner.clone(), of };
            let tags = mail.tags();
            for (_, value) in &tags {
                let fine = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
                assert!(value.len() <= 256 && value.bytes().all(fine), "{value}");
            }
            let find = |name: &str| tags.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str());
            assert_eq!(MailRef::from_tags(find), Some(mail));
        }
        assert_eq!(MailRef::from_tags(|_| None), None);
        assert_eq!(MailRef::from_tags(|_| Some("x")), None);
    }
}
