//! What is told of who made a change: of the whole change, and of its parts where they differ.

use super::absence::{Absence, Window, absence, may_come};
use super::activities::{GIVEN, HELD};
use super::join::{Asked, Deed, Found, Ours, find_author};
use super::record::{ActorSort, AuditRecord};
use crate::changes::{AttributeChange, Change, LinkChange, What};
use crate::kinds::{Identity, Kind, Logged, OtherLog, Subject};
use crate::stored::{AuditCause, AuditHeld};
use crate::{RestoreId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// How many parts of one change are joined: whoever changed more of one object at once is seen in these.
pub const MOST_PARTS: usize = 500;
/// How many others are named of one part.
const MOST_AUTHORS: usize = 10;

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
    fn of(record: &AuditRecord, ours: &Ours) -> Self {
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

    fn is_same(&self, other: &Self) -> bool {
        let name = |of: &Self| of.id.as_ref().or(of.name.as_ref()).map(|text| text.to_lowercase());
        (self.sort, &self.restore, name(self)) == (other.sort, &other.restore, name(other))
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
    /// Others who changed the same before, in that time: no snapshot shows what they made of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Author>,
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

/// Who changed one part of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartAuthors {
    /// The path of the attribute; absent of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The type of the link; absent of an attribute.
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
    /// How many parts beyond the first 500 were not looked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub parts_not_looked_for: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What is known of the log for one change.
pub struct Known<'a> {
    /// The records that name the object in the time of the change, in the order of their time.
    pub records: &'a [AuditRecord],
    /// Whether there are more of them than were read.
    pub is_cut: bool,
    /// How much of the log is held; none where the writer did not say.
    pub held: Option<&'a AuditHeld>,
    /// The time in which it changed.
    pub window: Window,
    /// How our own restores are known.
    pub ours: &'a Ours,
}

/// Who made that change of an object of that kind.
pub fn who_changed(kind: &Kind, change: &Change, known: &Known<'_>) -> Who {
    let (subject, elsewhere) = match kind.logged {
        Logged::Here(subject, elsewhere) => (subject, elsewhere),
        Logged::Elsewhere(log) => {
            return Who { told: Told::elsewhere(log), parts: Vec::new(), parts_not_looked_for: 0 };
        }
    };
    let join = Join { kind, subject, elsewhere, ids: ids_of(kind, change), known };
    let mut parts = Vec::new();
    let count = match change.what {
        What::Created | What::Deleted | What::Activated | What::Ended => 1,
        What::Modified | What::Moved => change.attributes.len() + change.links.len(),
    };
    if count == 1 && !matches!(change.what, What::Modified | What::Moved) {
        let told = join.whole(change);
        return Who { told, parts, parts_not_looked_for: 0 };
    }
    let of_attributes = change.attributes.iter().map(|attribute| PartAuthors {
        path: Some(attribute.path.clone()),
        link: None,
        to: None,
        told: join.attribute(attribute),
    });
    let of_links = change.links.iter().map(|link| PartAuthors {
        path: None,
        link: Some(link.link.clone()),
        to: Some(link.to.clone()),
        told: join.link(link),
    });
    parts.extend(of_attributes.chain(of_links).take(MOST_PARTS));
    let told = Told::of_all(&parts);
    if parts.iter().all(|part| part.told.is_like(&told)) {
        parts.clear();
    }
    Who { told, parts, parts_not_looked_for: count.saturating_sub(MOST_PARTS) as u64 }
}

/// The ids by which records may name an object: of a fact that of whoever it is about.
pub fn ids_of(kind: &Kind, change: &Change) -> Vec<String> {
    let keys = [Some(&change.key), change.new_key.as_ref()];
    let id = |key: &String| match kind.identity {
        Identity::Id => key.to_lowercase(),
        Identity::Natural(_) => key.split('|').next().unwrap_or_default().to_lowercase(),
    };
    let ids: BTreeSet<String> = keys.into_iter().flatten().map(id).collect();
    ids.into_iter().collect()
}

impl Told {
    fn new(answer: Finding) -> Self {
        Self {
            answer,
            by: Vec::new(),
            earlier: Vec::new(),
            cause: None,
            since: None,
            other_log: None,
            would_help: None,
            may_still_come: false,
        }
    }

    fn elsewhere(log: OtherLog) -> Self {
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

    /// Whether it says the same of somebody: the same answer, by the same authors.
    fn is_like(&self, other: &Self) -> bool {
        let same =
            |a: &[Author], b: &[Author]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b));
        (self.answer, self.cause, self.other_log) == (other.answer, other.cause, other.other_log)
            && same(&self.by, &other.by)
            && same(&self.earlier, &other.earlier)
    }
}

/// Each of them once, the first ones.
fn distinct(authors: impl Iterator<Item = Author>) -> Vec<Author> {
    let mut all: Vec<Author> = Vec::new();
    for author in authors {
        if all.len() < MOST_AUTHORS && all.iter().all(|known| !known.is_same(&author)) {
            all.push(author);
        }
    }
    all
}

/// The parts of one change, joined to its records.
struct Join<'a> {
    kind: &'a Kind,
    subject: Subject,
    elsewhere: &'static [(&'static str, OtherLog)],
    ids: Vec<String>,
    known: &'a Known<'a>,
}

impl Join<'_> {
    fn whole(&self, change: &Change) -> Told {
        let is_made = matches!(change.what, What::Created | What::Activated);
        // A fact is a link between whoever it is about and a role.
        if let Identity::Natural(_) = self.kind.identity {
            let mut parts = change.key.split('|').skip(1);
            let (to, scope) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let within = scope.rsplit('/').next().filter(|id| !id.is_empty());
            return self.told(Deed::Linked { relation: HELD, to, within, is_made }, None);
        }
        self.told(if is_made { Deed::Created } else { Deed::Deleted }, None)
    }

    fn attribute(&self, attribute: &AttributeChange) -> Told {
        let (_, after) = attribute.shown();
        let after = after.unwrap_or(Value::Null);
        let deed = Deed::Set { property: &attribute.property, path: &attribute.path, after: &after };
        let elsewhere = self.elsewhere.iter().find(|(property, _)| *property == attribute.property);
        self.told(deed, elsewhere.map(|(_, log)| *log))
    }

    fn link(&self, link: &LinkChange) -> Told {
        let relation = link.link.rsplit('.').next().unwrap_or(GIVEN);
        let is_made = link.what != What::Deleted;
        self.told(Deed::Linked { relation, to: &link.to, within: None, is_made }, None)
    }

    fn told(&self, deed: Deed<'_>, elsewhere: Option<OtherLog>) -> Told {
        let knows = |name: &str| {
            let selected = self.kind.reading.iter().flat_map(|source| source.select);
            selected.into_iter().any(|property| property.eq_ignore_ascii_case(name))
        };
        let Known { window, ours, .. } = self.known;
        let asked =
            Asked { subject: self.subject, ids: &self.ids, deed, knows: &knows, settled_at: window.settles };
        let in_time = |record: &&AuditRecord| (window.first()..=window.last()).contains(&record.at);
        let records: Vec<&AuditRecord> = self.known.records.iter().filter(in_time).collect();
        // Of whoever is in what was not read, nothing is known: neither who was last, nor who was before.
        if self.known.is_cut {
            return Told { cause: Some(AuditCause::TooMany), ..Told::new(Finding::NotRead) };
        }
        let Found { exact, candidates, earlier } = find_author(&asked, &records);
        let may_still_come = may_come(self.known.held, window);
        let author = |record: &&AuditRecord| Author::of(record, ours);
        let earlier = distinct(earlier.iter().map(author));
        if let Some(record) = exact {
            let by = vec![author(&record)];
            let told = Told { by, earlier, may_still_come, ..Told::new(Finding::Exact) };
            // Who synchronises only carries over what somebody did elsewhere.
            if record.actor.is_synchronisation() {
                let log = OtherLog::OnPremises;
                return Told { answer: Finding::RecordedElsewhere, other_log: Some(log), ..told };
            }
            return told;
        }
        if !candidates.is_empty() {
            let by = distinct(candidates.iter().map(author));
            return Told { by, earlier, may_still_come, ..Told::new(Finding::Probably) };
        }
        let Absence { finding, cause, since, may_come } = absence(self.known.held, window);
        match elsewhere.filter(|_| finding == Finding::NoRecordFound) {
            Some(log) => Told { earlier, ..Told::elsewhere(log) },
            None => Told { earlier, cause, since, may_still_come: may_come, ..Told::new(finding) },
        }
    }
}
