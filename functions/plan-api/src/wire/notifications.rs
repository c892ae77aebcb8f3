//! What people hear of by mail: chosen by topic, organisation or partner.

use super::ListFormat;
use crate::csv::Table;
use axum::response::Response;
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId, Result, Timestamp};
use engine::ports::Page;
use engine::records::{About, MailState, MailTrouble, Person};
use garde::Validate;
use partners::commands::notifications::{Choice, Choices};
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How often somebody hears of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HowOften {
    /// A mail for each notice, within a minute or so.
    Immediate,
    /// In a digest each morning.
    Daily,
    /// In a digest each Monday.
    Weekly,
    /// In a digest on the first of each month.
    Monthly,
    /// No mail tells of it.
    Never,
}

impl From<HowOften> for Option<Frequency> {
    fn from(often: HowOften) -> Self {
        match often {
            HowOften::Immediate => Some(Frequency::Immediate),
            HowOften::Daily => Some(Frequency::Daily),
            HowOften::Weekly => Some(Frequency::Weekly),
            HowOften::Monthly => Some(Frequency::Monthly),
            HowOften::Never => None,
        }
    }
}

impl From<Option<Frequency>> for HowOften {
    fn from(frequency: Option<Frequency>) -> Self {
        match frequency {
            Some(Frequency::Immediate) => Self::Immediate,
            Some(Frequency::Daily) => Self::Daily,
            Some(Frequency::Weekly) => Self::Weekly,
            Some(Frequency::Monthly) => Self::Monthly,
            None => Self::Never,
        }
    }
}

impl HowOften {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Immediate => "immediate",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Never => "never",
        }
    }
}

/// How often a person is to hear of a topic.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeardIn {
    /// The topic of the notices.
    #[garde(skip)]
    pub topic: Topic,
    /// Only notices about this organisation.
    #[garde(skip)]
    pub organisation: Option<OrganisationId>,
    /// Only notices about organisations of this partner and of those below it. Not together with an organisation.
    #[garde(custom(unless_there_is(self.organisation.is_some())))]
    pub partner: Option<PartnerId>,
    /// How often the person is to hear of them.
    #[garde(skip)]
    pub frequency: HowOften,
}

fn unless_there_is(organisation: bool) -> impl FnOnce(&Option<PartnerId>, &()) -> garde::Result {
    move |partner, ()| {
        if organisation && partner.is_some() {
            return Err(garde::Error::new("is not chosen together with an organisation"));
        }
        Ok(())
    }
}

/// All that a person chooses of the mails that they get. A topic that is not named follows the person's role.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationsIn {
    /// The hour of the day at which digests leave, 0 to 23, where the person is.
    #[garde(range(max = 23))]
    pub hour: u8,
    /// The IANA time zone of that hour, in which mails also give times.
    #[garde(length(max = 64))]
    pub time_zone: String,
    /// What the person hears of, and how often: at most 200.
    #[garde(length(max = 200), dive)]
    pub subscriptions: Vec<HeardIn>,
}

impl From<NotificationsIn> for Choices {
    fn from(wanted: NotificationsIn) -> Self {
        let choice = |heard: HeardIn| {
            let of_organisation = heard.organisation.map(About::Organisation);
            let about = of_organisation.or(heard.partner.map(About::Partner));
            Choice { topic: heard.topic, about, frequency: heard.frequency.into() }
        };
        Self {
            hour: wanted.hour,
            time_zone: wanted.time_zone,
            choices: wanted.subscriptions.into_iter().map(choice).collect(),
        }
    }
}

/// How often a person hears of a topic.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeardOut {
    /// The topic of the notices.
    pub topic: Topic,
    /// Only notices about this organisation; null where it is about more.
    pub organisation: Option<OrganisationId>,
    /// Only notices about organisations of this partner and of those below it; null where it is not.
    pub partner: Option<PartnerId>,
    /// How often the person hears of them.
    pub frequency: HowOften,
    /// Whether somebody chose that. What nobody chose follows the person's role.
    pub chosen: bool,
}

/// Why no mail reaches somebody.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MailTroubleOut {
    /// A mail came back for good.
    Bounced,
    /// Nothing is sent, since mail to the address came back before.
    Suppressed,
    /// A mail was reported as unwanted, so nothing is sent any more.
    Complained,
    /// It is no address that mail can be sent to.
    Refused,
}

/// That no mail reaches somebody.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MailStateOut {
    /// Why no mail reaches the person.
    pub trouble: MailTroubleOut,
    /// Since when that is known.
    pub since: Timestamp,
    /// The Owner who was told, and who gets in their place what is told at once; null where there was none.
    pub told: Option<PersonId>,
}

impl From<MailState> for MailStateOut {
    fn from(state: MailState) -> Self {
        let trouble = match state.trouble {
            MailTrouble::Bounced => MailTroubleOut::Bounced,
            MailTrouble::Suppressed => MailTroubleOut::Suppressed,
            MailTrouble::Complained => MailTroubleOut::Complained,
            MailTrouble::Refused => MailTroubleOut::Refused,
        };
        Self { trouble, since: state.since, told: state.told }
    }
}

/// What mails a person gets.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotificationsOut {
    /// The id of the person.
    pub person: PersonId,
    /// The name of the person.
    pub name: String,
    /// The address to which the mails go.
    pub email: String,
    /// The role of the person, which says what is heard of by default and what may be.
    pub role: Role,
    /// The hour of the day at which digests leave, where the person is.
    pub hour: u8,
    /// The IANA time zone of that hour, in which mails also give times.
    pub time_zone: String,
    /// When the next digest is due, should there be anything to tell; null where the person has none.
    pub next_digest_at: Option<Timestamp>,
    /// That no mail reaches the person; null as far as is known that it does.
    pub mail_state: Option<MailStateOut>,
    /// Every topic that the person may hear of, and after these what was chosen about single organisations and partners.
    pub subscriptions: Vec<HeardOut>,
}

impl From<Person> for NotificationsOut {
    fn from(person: Person) -> Self {
        let general = Topic::ALL.into_iter().filter(|topic| topic.is_open_to(person.role)).map(|topic| {
            let subscription = person.subscriptions.get(&topic);
            HeardOut {
                topic,
                organisation: None,
                partner: None,
                frequency: person.frequency(topic).into(),
                chosen: subscription.is_some_and(|s| s.is_chosen),
            }
        });
        let narrower = person.narrower.iter().filter(|n| !n.is_withdrawn).map(|narrower| {
            let (organisation, partner) = match &narrower.about {
                About::Organisation(id) => (Some(id.clone()), None),
                About::Partner(id) => (None, Some(id.clone())),
            };
            let frequency = narrower.subscription.frequency.into();
            HeardOut { topic: narrower.topic, organisation, partner, frequency, chosen: true }
        });
        Self {
            subscriptions: general.chain(narrower).collect(),
            person: person.id,
            name: person.name,
            email: person.email,
            role: person.role,
            hour: person.hour.into(),
            time_zone: person.time_zone,
            next_digest_at: person.next_digest_at,
            mail_state: person.mail_state.map(Into::into),
        }
    }
}

/// Which part of the list is wanted, and in which form.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NotificationListIn {
    /// `csv`: as a text with a line for each subscription.
    #[garde(skip)]
    pub format: Option<ListFormat>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most people that the part may have: 50 when nothing is said.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl NotificationListIn {
    /// Which part of the list is wanted.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

const HEAD: [&str; 12] = [
    "person",
    "name",
    "email",
    "role",
    "topic",
    "organisation",
    "partner",
    "frequency",
    "chosen",
    "hour",
    "timeZone",
    "mailTrouble",
];

/// A line for each subscription of those people.
pub fn csv(people: Vec<Person>) -> Result<Response> {
    let mut table = Table::new(&HEAD)?;
    for person in people {
        let trouble = person.mail_state.as_ref().map_or("", |state| match state.trouble {
            MailTrouble::Bounced => "bounced",
            MailTrouble::Suppressed => "suppressed",
            MailTrouble::Complained => "complained",
            MailTrouble::Refused => "refused",
        });
        let out = NotificationsOut::from(person);
        let hour = out.hour.to_string();
        for heard in &out.subscriptions {
            table.line([
                out.person.as_str(),
                &out.name,
                &out.email,
                out.role.label(),
                heard.topic.name(),
                heard.organisation.as_ref().map_or("", OrganisationId::as_str),
                heard.partner.as_ref().map_or("", PartnerId::as_str),
                heard.frequency.name(),
                if heard.chosen { "yes" } else { "no" },
                &hour,
                &out.time_zone,
                trouble,
            ])?;
        }
    }
    table.into_response("notifications")
}
