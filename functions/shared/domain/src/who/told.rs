//! What is told of who made a change: of the whole change, and of its parts where they differ.
//!
//! Whole as it is joined; [`Who::shortened`] is what an answer shows of it, and says how much more there is.

use super::ours::Ours;
use super::record::{ActorSort, AuditRecord};
use crate::kinds::OtherLog;
use crate::stored::AuditCause;
use crate::{RestoreId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How many parts of one change an answer shows.
pub const MOST_PARTS: usize = 500;
/// How many people an answer names of a change, or of one part of it.
pub const MOST_AUTHORS: usize = 10;

/// What the log says of who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Finding {
    /// A record says just that: `by` is the author, or the authors of its parts.
    Exact,
    /// No record says just that and is alone in it: `by` are those who may have been it, the likeliest first.
    Probably,
    /// The log was read for the whole time, and no record of it is there.
    NoRecordFound,
    /// The application was not given the permission to read the log.
    NotGranted,
    /// The log could not be read; `cause` says why.
    NotRead,
    /// Microsoft kept the records no longer when they could have been read.
    OlderThanMicrosoftKeeps,
    /// Such changes are in another log, which is not read: `otherLog` says in which.
    RecordedElsewhere,
    /// Records are held since a later time only: `since`.
    CollectionBeganLater,
}

/// What somebody is who changed something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AuthorSort {
    /// A person, or an account that acts like one.
    Person,
    /// An application, in its own name.
    Application,
    /// Microsoft's directory itself, such as by a rule of a group.
    Microsoft,
    /// A restore of Holdfast's.
    Restore,
}

/// Whom a record of Microsoft's log names, and where to find it there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Author {
    /// A person, an application, Microsoft or a restore.
    pub sort: AuthorSort,
    /// The id of the person, or of the application's service principal in the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The user name of the person, or what the application is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The restore, where it is one of ours and is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreId>,
    /// The id of the application that a person used, where the log says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// From which address; it may be one of Microsoft's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// When it happened, by the log.
    pub at: Timestamp,
    /// What happened, as the log calls it.
    pub activity: String,
    /// What groups the records of one operation in the log (`correlationId`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// The id of the record in the log.
    pub record: String,
}

impl Author {
    pub(super) fn of(record: &AuditRecord, ours: &Ours) -> Self {
        let actor = &record.actor;
        let sort = match actor.sort {
            ActorSort::Application if ours.wrote(record) => AuthorSort::Restore,
            ActorSort::Application => AuthorSort::Application,
            ActorSort::Person => AuthorSort::Person,
            ActorSort::Microsoft => AuthorSort::Microsoft,
        };
        Self {
            sort,
            id: actor.id.clone(),
            name: actor.name.clone(),
            restore: ours.restore(record).cloned(),
            client: record.client.clone(),
            address: record.address.clone(),
            at: record.at,
            activity: record.activity.clone(),
            request: record.correlation.clone(),
            record: record.id.clone(),
        }
    }

    /// Whether that text is their id, their name, or the restore.
    pub fn is_called(&self, text: &str) -> bool {
        let own = [self.id.as_deref(), self.name.as_deref(), self.restore.as_ref().map(RestoreId::as_str)];
        own.into_iter().flatten().any(|one| one.eq_ignore_ascii_case(text))
    }

    /// What two records of the same author have in common.
    fn identity(&self) -> (AuthorSort, Option<String>, Option<String>) {
        let name = self.id.as_ref().or(self.name.as_ref()).map(|text| text.to_lowercase());
        (self.sort, self.restore.as_ref().map(ToString::to_string), name)
    }
}

/// What is told of a change, or of one part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// What the log says.
    pub answer: Finding,
    /// The author; where several may be it, or parts have several, all of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<Author>,
    /// How many more there are than `by` names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub by_more: u64,
    /// Others who changed the same before, in that time: no snapshot shows what they made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Author>,
    /// How many more there are than `earlier` names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub earlier_more: u64,
    /// Why the log could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<AuditCause>,
    /// Since when records are held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The log in which such changes are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_log: Option<OtherLog>,
    /// The optional permission by which that log could be read, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_help: Option<String>,
    /// Whether a record may still come, also one that says otherwise than those that are here: Microsoft writes them late.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_still_come: bool,
}

/// Who changed one part of an object: an attribute, a link, or, of one that came or went with links, the object itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartAuthors {
    /// The path of the attribute; absent of a link, and of the object itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The type of the link; absent of an attribute, and of the object itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The far end of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Who changed it, as of a whole change.
    #[serde(flatten)]
    pub told: Told,
}

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Who {
    /// Of the whole change.
    #[serde(flatten)]
    pub told: Told,
    /// Of each part, where they differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartAuthors>,
    /// How many more parts there are than `parts` lists; `by` is about these, too.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts_more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Who {
    /// Of a change that is told as one.
    pub(super) fn whole(told: Told) -> Self {
        Self { told, parts: Vec::new(), parts_more: 0 }
    }

    /// Of parts that are told apart; they are named where they differ.
    pub(super) fn of_parts(mut parts: Vec<PartAuthors>) -> Self {
        let told = Told::of_all(&parts);
        if parts.iter().all(|part| part.told.is_like(&told)) {
            parts.clear();
        }
        Self { told, parts, parts_more: 0 }
    }

    /// Whether somebody of that id, name or restore made a part of it, or may have made one.
    pub fn names(&self, text: &str) -> bool {
        let parts = self.parts.iter().map(|part| &part.told);
        let mut all = parts.chain([&self.told]).flat_map(|told| told.by.iter().chain(&told.earlier));
        all.any(|author| author.is_called(text))
    }

    /// Whether of each part somebody is named who made it, or may have made it: then it is nobody else's.
    pub fn is_known(&self) -> bool {
        let mut parts = self.parts.iter().map(|part| &part.told);
        if self.parts.is_empty() { self.told.is_known() } else { parts.all(Told::is_known) }
    }

    /// As an answer shows it: so many parts and authors, and how many more there are.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        self.parts_more += self.parts.len().saturating_sub(MOST_PARTS) as u64;
        self.parts.truncate(MOST_PARTS);
        for told in self.parts.iter_mut().map(|part| &mut part.told).chain([&mut self.told]) {
            told.by_more += cut(&mut told.by);
            told.earlier_more += cut(&mut told.earlier);
        }
        self
    }
}

/// Leaves as many authors as an answer names; gives how many more there were.
fn cut(authors: &mut Vec<Author>) -> u64 {
    let more = authors.len().saturating_sub(MOST_AUTHORS);
    authors.truncate(MOST_AUTHORS);
    more as u64
}

impl Told {
    pub(super) fn new(answer: Finding) -> Self {
        Self {
            answer,
            by: Vec::new(),
            by_more: 0,
            earlier: Vec::new(),
            earlier_more: 0,
            cause: None,
            since: None,
            other_log: None,
            would_help: None,
            may_still_come: false,
        }
    }

    pub(super) fn elsewhere(log: OtherLog) -> Self {
        let would_help = log.permission().map(str::to_owned);
        Self { other_log: Some(log), would_help, ..Self::new(Finding::RecordedElsewhere) }
    }

    /// Of several parts: what all say, or whoever is known.
    fn of_all(parts: &[PartAuthors]) -> Self {
        let parts = parts.iter().map(|part| &part.told);
        let Some(first) = parts.clone().next() else { return Self::new(Finding::NoRecordFound) };
        if parts.clone().all(|part| part.is_like(first)) {
            return first.clone();
        }
        let by = distinct(parts.clone().flat_map(|part| part.by.iter().cloned()));
        let earlier = distinct(parts.clone().flat_map(|part| part.earlier.iter().cloned()));
        let is_exact = parts.clone().all(|part| part.answer == Finding::Exact);
        let answer = if is_exact { Finding::Exact } else { Finding::Probably };
        let may_still_come = parts.clone().any(|part| part.may_still_come);
        if by.is_empty() {
            return Self { earlier, may_still_come, ..first.clone() };
        }
        Self { by, earlier, may_still_come, ..Self::new(answer) }
    }

    /// Whether it names whoever did it, or those who may have.
    fn is_known(&self) -> bool {
        matches!(self.answer, Finding::Exact | Finding::Probably)
    }

    /// Whether it says the same of somebody: the same answer, by the same authors.
    fn is_like(&self, other: &Self) -> bool {
        let same = |a: &[Author], b: &[Author]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.identity() == b.identity())
        };
        (self.answer, self.cause, self.other_log) == (other.answer, other.cause, other.other_log)
            && same(&self.by, &other.by)
            && same(&self.earlier, &other.earlier)
    }
}

/// Each of them once, as they were named first.
pub(super) fn distinct(authors: impl Iterator<Item = Author>) -> Vec<Author> {
    let mut known = BTreeSet::new();
    authors.filter(|author| known.insert(author.identity())).collect()
}
