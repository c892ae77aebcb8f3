//! Notices as mails: text and HTML from the templates beside this file, times in the reader's zone.

use super::collect::{Contents, Period};
use super::views::{NoticeView, Room, view};
use domain::notices::{Topic, Zone};
use domain::text::one_line;
use domain::{Error, Result};
use engine::ports::{Mail, MailId, MailOf, MailRef};
use engine::records::{ApiToken, Invitation, MailState, MailTrouble, Notice, Person};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

/// How long a mail's HTML may be, in bytes: Gmail shows no more than 102 kB of a mail.
pub(super) const MAX_HTML_BYTES: usize = 90_000;

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
#[derive(Clone)]
pub(super) struct Templates {
    environment: Environment<'static>,
    portal: Option<String>,
}

/// What is to be said of an immediate mail itself.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Aside<'a> {
    /// Whether it could not be sent when it should have been.
    pub is_late: bool,
    /// In whose place its reader gets it.
    pub instead_of: Option<&'a str>,
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
        Ok(Self { environment, portal: None })
    }

    /// The same, with the address of what a mail has no room for.
    pub fn with_portal(&self, portal: &str) -> Self {
        Self { portal: Some(portal.to_owned()), ..self.clone() }
    }

    /// The mail that notifies one person of one notice.
    pub fn notice(&self, notice: &Notice, person: &Person, aside: Aside<'_>) -> Result<Mail> {
        let zone = person.zone()?;
        let subject = format!("[{}] {}", notice.organisation_name, notice.title);
        let fit = self.fit(std::slice::from_ref(notice), &zone)?;
        let room = fit.first().copied().unwrap_or(Room { lines: 0, changes: 0 });
        let context = context! {
            name => one_line(&person.name, NAME_CHARS),
            subject => subject.clone(),
            is_late => aside.is_late,
            instead_of => aside.instead_of.map(|name| one_line(name, NAME_CHARS)),
            portal => self.portal.as_ref().filter(|_| room != Room::all(notice)),
            notice => Value::from(Serde(view(notice, &zone, room))),
        };
        let of = MailOf::Notice {
            tenant: notice.tenant.clone(),
            notice: notice.id.clone(),
            person: person.id.clone(),
        };
        let id = MailId::of(notice.topic.name(), &[&notice.id, notice.tenant.as_str(), person.id.as_str()]);
        self.mail((id, of), person, &subject, "notice", &context)
    }

    /// The mail that lists the notices of one period for one person: of each topic the worst first, as far as there is
    /// room.
    pub fn digest(&self, person: &Person, period: &Period, contents: &Contents) -> Result<Mail> {
        let zone = person.zone()?;
        let count = contents.count();
        let what = if count == 1 { "1 notice".to_owned() } else { format!("{count} notices") };
        let subject = format!("Holdfast: {what} until {}", zone.date(period.until).strftime("%-d %B %Y"));
        // Why what is late stands before all else: it should have been told at once.
        let all: Vec<Notice> = contents.late.iter().chain(&contents.notices).cloned().collect();
        let mut rooms = self.fit(&all, &zone)?;
        loop {
            let shown = shown(contents, &all, &rooms, &zone);
            let is_cut = rooms.len() < all.len()
                || contents.left_out.values().any(|more| *more > 0)
                || all.iter().zip(&rooms).any(|(notice, room)| *room != Room::all(notice));
            let context = context! {
                name => one_line(&person.name, NAME_CHARS),
                subject => subject.clone(),
                begins => zone.show(period.begins(person)),
                ends => zone.show(period.ends),
                portal => self.portal.as_ref().filter(|_| is_cut),
                sections => Value::from(Serde(shown)),
            };
            let id = MailId::of("digest", &[person.id.as_str(), &period.until.as_second().to_string()]);
            let of = MailOf::Digest { person: person.id.clone(), until: period.until };
            let mail = self.mail((id, of), person, &subject, "digest", &context)?;
            // What was measured piece by piece fits as a whole; should a template say otherwise one day, less is shown.
            if mail.html.len() <= MAX_HTML_BYTES || rooms.pop().is_none() {
                return Ok(mail);
            }
        }
    }

    /// The mail that tells an Owner that no mail reaches somebody.
    pub fn trouble(&self, owner: &Person, person: &Person, state: &MailState) -> Result<Mail> {
        let who = one_line(&person.name, NAME_CHARS);
        let subject = format!("Mail to {who} does not arrive");
        let context = context! {
            name => one_line(&owner.name, NAME_CHARS),
            subject => subject.clone(),
            who => who,
            address => one_line(&person.email, NAME_CHARS),
            since => owner.zone()?.show(state.since),
            why => match state.trouble {
                MailTrouble::Bounced => "A mail came back: there is no such mailbox, or it takes no mail from us.",
                MailTrouble::Suppressed => "Mail to this address came back before, so nothing is sent to it any more.",
                MailTrouble::Complained => "A mail of ours was reported as unwanted, so nothing is sent any more.",
                MailTrouble::Refused => "This is no address that mail can be sent to.",
            },
        };
        let since = state.since.as_second().to_string();
        let id = MailId::of("trouble", &[person.id.as_str(), owner.id.as_str(), &since]);
        self.mail((id, MailOf::Trouble { person: owner.id.clone() }), owner, &subject, "trouble", &context)
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
        let of = MailOf::Invitation { invitation: invitation.id.clone() };
        let about = MailRef { partner: invitation.partner.clone(), of };
        self.made((id, about), &invitation.email, &subject, "invitation", &context)
    }

    /// A mail to a person.
    fn mail(
        &self,
        (id, of): (MailId, MailOf),
        to: &Person,
        subject: &str,
        template: &str,
        context: &Value,
    ) -> Result<Mail> {
        let about = MailRef { partner: to.partner.clone(), of };
        self.made((id, about), &to.email, subject, template, context)
    }

    fn made(
        &self,
        (id, about): (MailId, MailRef),
        to: &str,
        subject: &str,
        template: &str,
        context: &Value,
    ) -> Result<Mail> {
        let render = |ending: &str| self.render(&format!("{template}.{ending}"), context);
        let subject = one_line(subject, SUBJECT_CHARS);
        Ok(Mail { id, to: to.to_owned(), subject, text: render("txt")?, html: render("html")?, about })
    }

    /// What a template makes of that.
    pub(super) fn render(&self, template: &str, context: &Value) -> Result<String> {
        let template = self.environment.get_template(template);
        template.and_then(|t| t.render(context)).map_err(|e| broken(&e))
    }
}

/// The sections of a digest: what is late, then the topics in the order of [`Topic::ALL`], which has the gravest first.
/// `all` are the late notices and then the others, and of each of the first there is that much room.
fn shown<'a>(contents: &Contents, all: &'a [Notice], rooms: &[Room], zone: &Zone) -> Vec<SectionView<'a>> {
    let late = contents.late.len();
    let views = |which: &dyn Fn(usize, &Notice) -> bool| -> Vec<NoticeView<'a>> {
        let with_room =
            all.iter().zip(rooms).enumerate().filter(|(place, (notice, _))| which(*place, notice));
        with_room.map(|(_, (notice, room))| view(notice, zone, *room)).collect()
    };
    let left_out = |which: &dyn Fn(usize, &Notice) -> bool| {
        let besides = all.iter().enumerate().skip(rooms.len());
        besides.filter(|(place, notice)| which(*place, notice)).count() as u64
    };
    let is_late = |place: usize, _: &Notice| place < late;
    let first = SectionView {
        label: "Late: these were to be mailed at once, and may not have arrived",
        notices: views(&is_late),
        left_out: left_out(&is_late),
    };
    let topics = Topic::ALL.into_iter().map(|topic| {
        let is_of = |place: usize, notice: &Notice| place >= late && notice.topic == topic;
        let more = contents.left_out.get(&topic).copied().unwrap_or_default();
        SectionView { label: topic.label(), notices: views(&is_of), left_out: left_out(&is_of) + more }
    });
    let sections = std::iter::once(first).chain(topics);
    sections.filter(|section| !section.notices.is_empty() || section.left_out > 0).collect()
}

const SOURCES: [(&str, &str); 11] = [
    ("invitation.txt", include_str!("templates/invitation.txt")),
    ("invitation.html", include_str!("templates/invitation.html")),
    ("notice.txt", include_str!("templates/notice.txt")),
    ("notice.html", include_str!("templates/notice.html")),
    ("digest.txt", include_str!("templates/digest.txt")),
    ("digest.html", include_str!("templates/digest.html")),
    ("trouble.txt", include_str!("templates/trouble.txt")),
    ("trouble.html", include_str!("templates/trouble.html")),
    ("measure.html", include_str!("templates/measure.html")),
    ("parts.txt", include_str!("templates/parts.txt")),
    ("parts.html", include_str!("templates/parts.html")),
];

// Why without the cause's text: it may quote what was to be shown.
fn broken(error: &minijinja::Error) -> Error {
    let place = (error.name().unwrap_or("a template"), error.line().unwrap_or_default());
    Error::invalid(format!("{} line {}: {}", place.0, place.1, error.kind()))
}
