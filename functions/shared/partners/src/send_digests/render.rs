//! Notices as mails: text and HTML from the templates beside this file, times in the reader's zone.

use super::collect::{Period, Section};
use domain::changes::What;
use domain::notices::Zone;
use domain::text::one_line;
use domain::{Error, Result, Timestamp};
use engine::ports::{Mail, MailId};
use engine::records::{ApiToken, ChangeLine, Invitation, Notice, Person, Severity};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

/// How long a subject may be, in characters: many mail programs cut longer ones.
const SUBJECT_CHARS: usize = 150;
/// How long a name may be, in characters. The API accepts no longer one; rows of earlier releases may hold any length.
const NAME_CHARS: usize = 100;

/// How long a name may be in an invitation, in characters. It goes to somebody who asked for nothing, from our own domain:
/// there is room for a name, and not for a message.
const INVITED_CHARS: usize = 60;

/// A name as an invitation shows it: short, and no address that a mail program would make a link of.
fn as_invited(name: &str) -> String {
    let words = name.split_whitespace().filter(|word| {
        let word = word.to_lowercase();
        !word.contains("://") && !word.contains("www.") && !word.contains('@')
    });
    one_line(&words.collect::<Vec<_>>().join(" "), INVITED_CHARS)
}

/// The templates, read once.
pub(super) struct Templates {
    environment: Environment<'static>,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    #[serde(flatten)]
    line: &'a ChangeLine,
    verb: &'static str,
}

#[derive(Serialize)]
struct NoticeView<'a> {
    organisation: &'a str,
    organisation_id: &'a str,
    tenant: &'a str,
    topic: &'static str,
    severity: &'static str,
    title: &'a str,
    at: String,
    lines: &'a [String],
    changes: Vec<ChangeView<'a>>,
    more_changes: u64,
    subject_label: &'static str,
    subject_id: &'a str,
}

#[derive(Serialize)]
struct SectionView<'a> {
    label: &'static str,
    notices: Vec<NoticeView<'a>>,
    left_out: u64,
}

impl Templates {
    /// Reads the templates.
    ///
    /// # Errors
    /// `Invalid` when one is not a template: a mistake of the program, which the first test finds.
    pub fn new() -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(|e| broken(&e))?,
        );
        for (name, source) in SOURCES {
            environment.add_template(name, source).map_err(|e| broken(&e))?;
        }
        Ok(Self { environment })
    }

    /// The mail that notifies one person of one notice.
    pub fn notice(&self, notice: &Notice, person: &Person) -> Result<Mail> {
        let zone = person.zone()?;
        let subject = format!("[{}] {}", notice.organisation_name, notice.title);
        let context = context! {
            name => one_line(&person.name, NAME_CHARS),
            subject => subject.clone(),
            notice => Value::from(Serde(view(notice, &zone))),
        };
        self.mail(
            MailId::of(notice.topic.name(), &[&notice.id, notice.tenant.as_str(), person.id.as_str()]),
            &person.email,
            &subject,
            "notice",
            &context,
        )
    }

    /// The mail that lists the notices of one period for one person.
    pub fn digest(
        &self,
        person: &Person,
        period: &Period,
        until: Timestamp,
        sections: &[Section],
    ) -> Result<Mail> {
        let zone = person.zone()?;
        let count = sections.iter().map(|s| s.notices.len() as u64 + s.left_out).sum::<u64>();
        let what = if count == 1 { "1 notice".to_owned() } else { format!("{count} notices") };
        let subject = format!("Holdfast: {what} until {}", zone.date(until).strftime("%-d %B %Y"));
        let begins = period.begins.values().min().copied().unwrap_or(period.ends);
        let shown = sections.iter().map(|section| SectionView {
            label: section.topic.label(),
            notices: section.notices.iter().map(|n| view(n, &zone)).collect(),
            left_out: section.left_out,
        });
        let context = context! {
            name => one_line(&person.name, NAME_CHARS),
            subject => subject.clone(),
            begins => zone.show(begins),
            ends => zone.show(period.ends),
            sections => Value::from(Serde(shown.collect::<Vec<_>>())),
        };
        self.mail(
            MailId::of("digest", &[person.id.as_str(), &until.as_second().to_string()]),
            &person.email,
            &subject,
            "digest",
            &context,
        )
    }

    /// The mail that invites somebody, with the secret that accepts.
    pub fn invitation(&self, invitation: &Invitation, secret: &str) -> Result<Mail> {
        let zone = Zone::new(&invitation.time_zone)?;
        let partner = as_invited(&invitation.partner_name);
        let subject = format!("You are invited to {partner} in Holdfast");
        let context = context! {
            name => as_invited(&invitation.name),
            subject => subject.clone(),
            partner => partner,
            role => invitation.role.label(),
            secret => secret,
            until => zone.show(invitation.expires_at),
        };
        // Why with the hash: another secret is another mail.
        let id = MailId::of("invitation", &[invitation.id.as_str(), &ApiToken::hash(secret)]);
        self.mail(id, &invitation.email, &subject, "invitation", &context)
    }

    fn mail(&self, id: MailId, to: &str, subject: &str, template: &str, context: &Value) -> Result<Mail> {
        let render = |ending: &str| {
            let template = self.environment.get_template(&format!("{template}.{ending}"));
            template.and_then(|t| t.render(context)).map_err(|e| broken(&e))
        };
        let subject = one_line(subject, SUBJECT_CHARS);
        Ok(Mail { id, to: to.to_owned(), subject, text: render("txt")?, html: render("html")? })
    }
}

const SOURCES: [(&str, &str); 8] = [
    ("invitation.txt", include_str!("templates/invitation.txt")),
    ("invitation.html", include_str!("templates/invitation.html")),
    ("notice.txt", include_str!("templates/notice.txt")),
    ("notice.html", include_str!("templates/notice.html")),
    ("digest.txt", include_str!("templates/digest.txt")),
    ("digest.html", include_str!("templates/digest.html")),
    ("parts.txt", include_str!("templates/parts.txt")),
    ("parts.html", include_str!("templates/parts.html")),
];

fn view<'a>(notice: &'a Notice, zone: &Zone) -> NoticeView<'a> {
    NoticeView {
        organisation: &notice.organisation_name,
        organisation_id: notice.organisation.as_str(),
        tenant: notice.tenant.as_str(),
        topic: notice.topic.label(),
        severity: match notice.severity {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        },
        title: &notice.title,
        at: zone.show(notice.at),
        lines: &notice.lines,
        changes: notice.changes.iter().map(|line| ChangeView { line, verb: verb(line.what) }).collect(),
        more_changes: notice.more_changes,
        subject_label: notice.subject.label(),
        subject_id: notice.subject.id(),
    }
}

fn verb(what: What) -> &'static str {
    match what {
        What::Created => "created",
        What::Deleted => "deleted",
        What::Modified => "modified",
        What::Activated => "activated",
        What::Ended => "ended",
    }
}

// Why without the cause's text: it may quote what was to be shown.
fn broken(error: &minijinja::Error) -> Error {
    let place = (error.name().unwrap_or("a template"), error.line().unwrap_or_default());
    Error::invalid(format!("{} line {}: {}", place.0, place.1, error.kind()))
}
