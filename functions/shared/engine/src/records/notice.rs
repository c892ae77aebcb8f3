//! Something to tell people: the notice itself with its tenant, an entry by time with every partner that
//! may hear of it, and the rows that remember which mail has left.
//!
//! The notice holds names out of the customer's directory, so it lives and dies with the tenant; the
//! entries hold references alone.

use super::address::{At, Under};
use super::{Record, watched};
use crate::ports::Watch;
use domain::changes::What;
use domain::notices::Topic;
use domain::{DiffId, OrganisationId, PartnerId, PersonId, RestoreId, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Good to know.
    Info,
    /// To be looked at.
    Warning,
    /// Something is not protected, or somebody has more power than before.
    Critical,
}

/// What a notice is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type", content = "id")]
pub enum Subject {
    /// A snapshot.
    Snapshot(SnapshotId),
    /// A comparison.
    Diff(DiffId),
    /// A restore.
    Restore(RestoreId),
    /// An organisation's connection.
    Organisation(OrganisationId),
}

impl Subject {
    /// Its id.
    pub fn id(&self) -> &str {
        match self {
            Self::Snapshot(id) => id.as_str(),
            Self::Diff(id) => id.as_str(),
            Self::Restore(id) => id.as_str(),
            Self::Organisation(id) => id.as_str(),
        }
    }
    /// For a person.
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
    /// Which attribute or link.
    pub what: String,
    /// Before; none when there was nothing.
    pub before: Option<String>,
    /// After; none when there is nothing.
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
    /// Its id, or the ids of a fact.
    pub key: String,
    /// What happened.
    pub what: What,
    /// For changes of who may do what: a sentence that says it.
    pub sentence: Option<String>,
    /// Attribute by attribute and link by link, the first ones.
    pub details: Vec<ChangeDetail>,
    /// How many details more there are.
    pub more_details: u64,
}

/// The notice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// Follows from what it is about (`changes.dif_…`): telling the same thing twice makes one notice.
    pub id: String,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Whose customer it was then.
    pub partner: PartnerId,
    /// Who was above that partner, from the top down.
    pub above: Vec<PartnerId>,
    /// Which organisation.
    pub organisation: OrganisationId,
    /// Its name then.
    pub organisation_name: String,
    /// The topic.
    pub topic: Topic,
    /// How bad it is.
    pub severity: Severity,
    /// One line; a mail's subject.
    pub title: String,
    /// What else there is to say, a sentence each.
    pub lines: Vec<String>,
    /// The changes that it tells one by one.
    pub changes: Vec<ChangeLine>,
    /// How many more there are.
    pub more_changes: u64,
    /// What it is about.
    pub subject: Subject,
    /// When it was told.
    pub at: Timestamp,
    /// When its immediate mails are put into the queue again; none once they have left.
    pub due_at: Option<Timestamp>,
    /// How often they were put into the queue.
    pub attempts: u32,
}

impl Notice {
    /// Where the notice of that id is.
    pub fn at(tenant: &TenantId, id: &str) -> At<Self> {
        At::of(tenant, id)
    }

    /// Who may hear of it: the partner and everybody above.
    pub fn listeners(&self) -> impl Iterator<Item = &PartnerId> {
        self.above.iter().chain([&self.partner])
    }
}

/// Notices and what belongs to them end by themselves, after more than the longest digest period.
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
    /// Who may hear of it.
    pub listener: PartnerId,
    /// When it was told.
    pub at: Timestamp,
    /// Of which tenant.
    pub tenant: TenantId,
    /// Of which organisation.
    pub organisation: OrganisationId,
    /// The topic.
    pub topic: Topic,
    /// Its id.
    pub notice: String,
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
        }
    }

    /// The entries of a listener of one day (UTC), in order of time.
    pub fn of_day(listener: &PartnerId, at: Timestamp) -> Under<Self> {
        Under::of(listener, at.strftime("%Y-%m-%d"))
    }
}

impl Record for NoticeEntry {
    type Owner = PartnerId;
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
}

/// An immediate mail that has left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SentNotice {
    /// Of which tenant.
    pub tenant: TenantId,
    /// Which notice.
    pub notice: String,
    /// To whom.
    pub person: PersonId,
    /// What became of it.
    pub delivery: Delivery,
    /// When.
    pub at: Timestamp,
}

impl SentNotice {
    /// What became of a notice for everybody whom it was sent.
    pub fn of_notice(tenant: &TenantId, notice: &str) -> Under<Self> {
        Under::of(tenant, notice)
    }
    /// Where what became of a notice for a person is.
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

/// Who is about to send a digest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// A name unlike any other.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
}

/// A person's digest: made before it is sent, so that one process sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// Whose.
    pub partner: PartnerId,
    /// To whom.
    pub person: PersonId,
    /// The end of its period.
    pub until: Timestamp,
    /// Who is sending it now.
    pub claim: Option<Claim>,
    /// What became of it; none until something has.
    pub delivery: Option<Delivery>,
    /// How many notices it tells.
    pub notices: u64,
    /// When it was sent or refused.
    pub done_at: Option<Timestamp>,
}

impl Digest {
    /// Where the digest of a person that tells up to that time is.
    pub fn at(partner: &PartnerId, person: &PersonId, until: Timestamp) -> At<Self> {
        At::of(partner, format_args!("{person}#{until}"))
    }
}

impl Record for Digest {
    type Owner = PartnerId;
    const PREFIX: &'static str = "digest#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.person, self.until)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(end(self.until))
    }
}
