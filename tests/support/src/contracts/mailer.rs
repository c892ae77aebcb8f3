//! The contract of `Mailer`.

use super::{Allowance, Allowances, Subjects, refused};
use async_trait::async_trait;
use domain::{ErrorKind, PartnerId, PersonId};
use engine::ports::{Handed, MAX_MAIL_BYTES, Mail, MailId, MailOf, MailRef, Mailer};
use std::sync::Arc;

/// What has left a target.
#[async_trait]
pub trait MailProbe: Send + Sync {
    /// Every mail so far, oldest first, decoded: headers and both bodies as they were handed over. Line ends
    /// within the bodies are `\n`.
    async fn sent(&self) -> Vec<Mail>;
}

/// What a mail is about, where that is of no account.
#[must_use]
pub fn about() -> MailRef {
    let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
    MailRef { partner: PartnerId::from_ulid(ulid), of: MailOf::Trouble { person: PersonId::from_ulid(ulid) } }
}

/// Asserts the contract of `Mailer`.
pub async fn mailer(
    mailer: Arc<dyn Mailer>,
    probe: &dyn MailProbe,
    subjects: &Subjects,
    allowances: &Allowances,
) {
    let before = probe.sent().await.len();
    let mail = |n: u32, subject: &str, text: &str| Mail {
        id: format!("{}-{n}", subjects.tenant).parse().unwrap(),
        to: format!("person{n}@example.com"),
        subject: subject.to_owned(),
        text: text.to_owned(),
        html: format!("<p>{}</p>", text.replace('\n', "<br>")),
        about: about(),
    };
    let long_line =
        "A line that is far longer than the 998 characters that a line of a mail may have. ".repeat(40);
    let mails = [
        mail(1, "Plain", "One line\n"),
        mail(2, "Größe: 漢字 🙂 & more", "Ünïcödé 🙂\n.\nA dot alone on a line\nFrom the start\n= and =3D\n"),
        mail(3, &"A long subject, ".repeat(12), &format!("{long_line}\n")),
        // The longest id that there is, with each of its other characters; an address with all that one may have.
        Mail {
            id: format!("{:x<1$}", format!("{}-4_.+", subjects.tenant), MailId::MAX_BYTES).parse().unwrap(),
            to: "!#$%&'*+/=?^_`{|}~-.a@b-1.example.com".to_owned(),
            ..mail(4, "Longest", "One line\n")
        },
    ];
    let mut names = Vec::new();
    for mail in &mails {
        let Handed::Taken(name) = mailer.send(mail).await.unwrap() else { panic!("refused: {mail:?}") };
        assert!(!name.is_empty() && !names.contains(&name), "each has a name of its own");
        names.push(name);
    }
    let sent = probe.sent().await.split_off(before);
    assert_eq!(sent.len(), mails.len());
    for (sent, mail) in sent.iter().zip(&mails) {
        assert_eq!((&sent.id, &sent.to), (&mail.id, &mail.to));
        assert_eq!(sent.subject.trim_end(), mail.subject.trim_end());
        assert_eq!(sent.text.trim_end(), mail.text.trim_end());
        assert_eq!(sent.html.trim_end(), mail.html.trim_end());
    }
    let long = Mail { html: "x".repeat(MAX_MAIL_BYTES), ..mails[0].clone() };
    refused(mailer.send(&long).await, ErrorKind::Denied, "a mail that no mail service takes");
    mailer.send(&mails[0]).await.expect("the same mail may be sent again, under the same id");
    if allowances.has(Allowance::MailIsNotChecked) {
        return;
    }
    let before = probe.sent().await.len();
    let good = &mails[0];
    for to in [
        "",
        "nobody",
        "@example.com",
        "a@",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com, b@example.com",
        "a@b@example.com",
        "Ada <a@example.com>",
        "a..b@example.com",
        ".a@example.com",
        "a@-example.com",
        "a@example..com",
        "å@example.com",
    ] {
        let mail = Mail { to: to.to_owned(), ..good.clone() };
        assert_eq!(mailer.send(&mail).await.unwrap(), Handed::AddressRefused, "{to:?}");
    }
    for subject in ["Hello\r\nBcc: b@example.com", "Hello\u{1}", "Hello\u{85}"] {
        let mail = Mail { subject: subject.to_owned(), ..good.clone() };
        refused(mailer.send(&mail).await, ErrorKind::Invalid, subject);
    }
    for id in ["", "a b", "a>\r\nBcc: b@example.com", "x".repeat(MailId::MAX_BYTES + 1).as_str()] {
        refused(id.parse::<MailId>(), ErrorKind::Invalid, id);
    }
    assert_eq!(probe.sent().await.len(), before, "nothing of it has left");
}
