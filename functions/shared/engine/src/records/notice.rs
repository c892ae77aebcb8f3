//! Something that people are notified of: the notice itself with its tenant, an entry by time with every partner that
//! may hear of it, and the rows that remember which mail has left.
//!
//! The notice holds names out of the customer's directory, so it lives and dies with the tenant; the entries hold
//! references alone.

use super::address::{At, Heard, People, Under};
use super::{Record, watched};
use crate::ports::{Watch, list_cursor};
use domain::changes::What;
pub use domain::notices::Severity;
use domain::notices::Topic;
use domain::{DiffId, OrganisationId, PartnerId, PersonId, RestoreId, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Subject {
    /// A snapshot that was taken or failed.
    Snapshot(SnapshotId),
    /// A comparison and its changes.
    Diff(DiffId),
    /// A restore, previewed or executed.
    Restore(RestoreId),
    /// The connection of an organisation to its tenant.
    Organisation(OrganisationId),
}

impl Subject {
    /// The id of what the notice is about, as text.
    pub fn id(&self) -> &str {
        match self {
            Self::Snapshot(id) => id.as_str(),
            Self::Diff(id) => id.as_str(),
            Self::Restore(id) => id.as_str(),
            Self::Organisation(id) => id.as_str(),
        }
    }
    /// What the notice is about, in the words that a person reads.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Snapshot(_) => "snapshot",
            Self::Diff(_) => "comparison",
            Self::Restore(_) => "restore",
            Self::Organisation(_) => "connection of organisation",
        }
    }
}

/// One attribute or link of a change, as a mail shows it: each text is one short line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDetail {
    /// The name of the attribute or link.
    pub what: String,
    /// The value before; none when there was nothing.
    pub before: Option<String>,
    /// The value after; none when there is nothing.
    pub after: Option<String>,
}

/// One change, as a mail shows it: each text is one short line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChangeLine {
    /// The kind, for a person: `group`.
    pub kind: String,
    /// The object's name, or what stands for it.
    pub name: String,
    /// The object's id, or the ids that a fact consists of.
    pub key: String,
    /// What happened to the object.
    pub what: What,
    /// For changes of who may do what: a sentence that says it.
    pub sentence: Option<String>,
    /// The first differences, attribute by attribute and link by link.
    pub details: Vec<ChangeDetail>,
    /// How many differences there are beyond those in `details`.
    pub more_details: u64,
}

/// The id of the first notice of a topic about a subject; those of further sorts go on after it.
pub fn plain_id(topic: Topic, subject: &Subject) -> String {
    format!("{}.{}", topic.name(), subject.id())
}

/// A notice: what happened, and to whose tenant. In the tenant's scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Made from what it is about (`changes.dif_…`), so that saying the same thing twice makes one notice.
    pub id: String,
    /// The tenant in which it happened.
    pub tenant: TenantId,
    /// The partner whose customer the tenant was then.
    pub partner: PartnerId,
    /// The partners above that one then, from the top down.
    pub above: Vec<PartnerId>,
    /// The organisation that the tenant belongs to.
    pub organisation: OrganisationId,
    /// The organisation's name when it happened.
    pub organisation_name: String,
    /// The topic, by which people choose what they hear of.
    pub topic: Topic,
    /// How much it matters.
    pub severity: Severity,
    /// One line; a mail's subject.
    pub title: String,
    /// What else there is to say, a sentence each.
    pub lines: Vec<String>,
    /// The changes that are shown one by one.
    pub changes: Vec<ChangeLine>,
    /// How many changes there are beyond those in `changes`.
    pub more_changes: u64,
    /// What it is about.
    pub subject: Subject,
    /// When the notice was made.
    pub at: Timestamp,
    /// When its immediate mails are enqueued again; none once they have left.
    pub due_at: Option<Timestamp>,
    /// How often its immediate mails were enqueued.
    pub attempts: u32,
}

impl Notice {
    /// The address of the notice of that id.
    pub fn at(tenant: &TenantId, id: &str) -> At<Self> {
        At::of(tenant, id)
    }

    /// How many things it tells of, those of power over others a thousandfold.
    pub fn weight(&self) -> u64 {
        let of_power = self.changes.iter().filter(|change| change.sentence.is_some()).count() as u64;
        1_000 * of_power + self.changes.len() as u64 + self.more_changes + self.lines.len() as u64
    }

    /// Who may hear of it: the partner and everybody above.
    pub fn listeners(&self) -> impl Iterator<Item = &PartnerId> {
        self.above.iter().chain([&self.partner])
    }
}

/// When a notice and what belongs to it end by themselves: after more than the longest digest period.
fn end(at: Timestamp) -> Timestamp {
    at + SignedDuration::from_hours(24 * 100)
}

impl Record for Notice {
    type Owner = TenantId;
    const PREFIX: &'static str = "notice#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        self.due_at.map(|at| Watch { list: watched::NOTICES_DUE.to_owned(), at })
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(end(self.at))
    }
}

/// Where a partner finds a notice, by its time. Made with the notice, in one write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeEntry {
    /// The partner that may hear of it.
    pub listener: PartnerId,
    /// When the notice was made.
    pub at: Timestamp,
    /// The tenant in which it happened.
    pub tenant: TenantId,
    /// The organisation that the tenant belongs to.
    pub organisation: OrganisationId,
    /// The topic of the notice.
    pub topic: Topic,
    /// The id of the notice.
    pub notice: String,
    /// How much the notice matters: a digest has the worst first.
    #[serde(default)]
    pub severity: Severity,
    /// How many things the notice tells of, those of power over others a thousandfold: of two that matter as much, the
    /// weightier stands first.
    #[serde(default)]
    pub weight: u64,
    /// What the notice is about; entries of earlier releases do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How many changes the notice tells of; entries of earlier releases do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<u64>,
}

impl NoticeEntry {
    /// The entry of a notice with one of those who may hear of it.
    pub fn of(notice: &Notice, listener: &PartnerId) -> Self {
        Self {
            listener: listener.clone(),
            at: notice.at,
            tenant: notice.tenant.clone(),
            organisation: notice.organisation.clone(),
            topic: notice.topic,
            notice: notice.id.clone(),
            severity: notice.severity,
            weight: notice.weight(),
            subject: Some(notice.subject.clone()),
            changes: Some(notice.changes.len() as u64 + notice.more_changes),
        }
    }

    /// What tells this notice from every other, in few bytes: the first 64 bits of a hash, in hexadecimal.
    pub fn mark(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.tenant.as_str().as_bytes());
        hasher.update(self.notice.as_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Whether it is the first notice of its topic about its subject, and none of a further sort, such as that of a day's
    /// activations.
    pub fn is_plain(&self) -> bool {
        self.subject.as_ref().is_some_and(|about| self.notice == plain_id(self.topic, about))
    }

    /// The cursor behind which the entries of a listener are no later than that, newest first.
    pub fn cursor_at(listener: &PartnerId, at: Timestamp) -> String {
        // Why this sign: it is greater than that with which the keys of that moment go on.
        let place: At<Self> = At::of(listener, format_args!("{at:.6}~"));
        list_cursor(place.scope(), place.key())
    }

    /// The entries of a listener of one day (UTC), in order of time.
    pub fn of_day(listener: &PartnerId, at: Timestamp) -> Under<Self> {
        Under::of(listener, at.strftime("%Y-%m-%d"))
    }
}

impl Record for NoticeEntry {
    type Owner = Heard;
    const PREFIX: &'static str = "heard#";
    fn address(&self) -> At<Self> {
        At::of(&self.listener, format_args!("{:.6}#{}#{}", self.at, self.tenant, self.notice))
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(end(self.at))
    }
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Delivery {
    /// The mail service took it.
    Sent,
    /// No mail can be sent to the address, now or later.
    Refused,
    /// It was handed over and the end of that was not recorded: it may have left. It is not sent again, and what it told
    /// is told with the next mail.
    Unknown,
    /// The mail service took it, and it came back.
    Returned,
}

/// For how long the mail service may take to say what became of a mail: longer than any function may run.
const ANSWERED: SignedDuration = SignedDuration::from_mins(15);

/// That a mail was handed to the mail service, written before it is: whoever finds it sends no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandOver {
    /// When it was handed over.
    pub at: Timestamp,
    /// Whether the service gave no answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unanswered: bool,
}

/// What a mail may be done with whose row says no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailStanding {
    /// It may be sent: it never was, or the service neither answered nor said later that it had sent it.
    Free,
    /// It is being sent, or its answer may still come.
    Waits,
    /// It was handed over, and who did that ended before the row said how it went.
    Lost,
}

impl HandOver {
    /// A mail that is about to be handed over.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { at: now, is_unanswered: false }
    }

    /// How a mail stands that was handed over like that, or never was.
    #[must_use]
    pub fn standing(handed: Option<&Self>, now: Timestamp) -> MailStanding {
        match handed {
            None => MailStanding::Free,
            Some(handed) if now < handed.at + ANSWERED => MailStanding::Waits,
            Some(handed) if handed.is_unanswered => MailStanding::Free,
            Some(_) => MailStanding::Lost,
        }
    }
}

/// What became of the immediate mail of a notice to one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentNotice {
    /// The tenant of the notice.
    pub tenant: TenantId,
    /// The id of the notice.
    pub notice: String,
    /// The person who was written to.
    pub person: PersonId,
    /// What became of it; none until something has.
    pub delivery: Option<Delivery>,
    /// That it was handed over, where nothing is known to have become of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<HandOver>,
    /// When that was written.
    pub at: Timestamp,
}

impl SentNotice {
    /// The rows of all people to whom a notice was sent.
    pub fn of_notice(tenant: &TenantId, notice: &str) -> Under<Self> {
        Under::of(tenant, notice)
    }
    /// The address of what became of a notice's mail to one person.
    pub fn at(tenant: &TenantId, notice: &str, person: &PersonId) -> At<Self> {
        At::of(tenant, format_args!("{notice}#{person}"))
    }
}

impl Record for SentNotice {
    type Owner = TenantId;
    const PREFIX: &'static str = "sent#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.notice, &self.person)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(end(self.at))
    }
}

/// A person's digest: made before it is sent, so that one process sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// The partner whose person it is.
    pub partner: PartnerId,
    /// The person who gets the digest.
    pub person: PersonId,
    /// The end of its period.
    pub until: Timestamp,
    /// That it was handed over, where nothing is known to have become of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed: Option<HandOver>,
    /// What became of it; none until something has.
    pub delivery: Option<Delivery>,
    /// How many notices the digest contains.
    pub notices: u64,
    /// When it was sent or refused.
    pub done_at: Option<Timestamp>,
    /// The marks of those notices that the next digest will come across again and that are told.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub told: BTreeSet<String>,
    /// From when on the next digest looks again: `told` has every notice since then that was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look_back: Option<Timestamp>,
}

impl Digest {
    /// The address of the digest of a person whose period ends at that time.
    pub fn at(partner: &PartnerId, person: &PersonId, until: Timestamp) -> At<Self> {
        At::of(partner, format_args!("{person}#{until}"))
    }
}

impl Record for Digest {
    type Owner = People;
    const PREFIX: &'static str = "digest#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.person, self.until)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(end(self.until))
    }
}
