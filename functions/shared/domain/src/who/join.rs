//! The author of one thing that happened to one object: which of the records of the log says just that.
//!
//! Records that say something else of the same thing are heeded too: they are steps before, or show that a record is missing.
//! How one record fits what is asked is judged in `fit`.

mod fit;
mod items;
mod records;
#[cfg(test)]
mod tests;

use super::activities::Act;
use super::record::AuditRecord;
use crate::Timestamp;
use crate::changes::ItemChange;
use crate::kinds::Subject;
use jiff::SignedDuration;
use serde_json::Value;
use std::cmp::Reverse;

/// How a record fits what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It says just that.
    Says,
    /// It may be meant, with so many points.
    May(u32),
    /// It brought a part of it about, and says something else of the rest; alone it may be meant, with so many points.
    Step(u32),
    /// It says something else of the same thing.
    Contradicts,
    /// It is about something else.
    No,
}

pub use records::Records;

/// What happened to an object.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// It came: it was made, or taken out of the recycle bin.
    Created,
    /// It went: into the recycle bin, or for good.
    Deleted,
    /// A property has another value.
    Set {
        /// The property at the top of the object.
        property: &'a str,
        /// Where in it, as a comparison says it.
        path: &'a str,
        /// The value at the path now; null where there is none. Of a collection whose items are told apart, those that came.
        after: &'a Value,
        /// Of such a collection the items that differ: what is in it besides is not known.
        items: &'a [ItemChange],
    },
    /// A link of it came or went.
    Linked {
        /// The relation of the link.
        relation: &'a str,
        /// The id of the far end.
        to: &'a str,
        /// The id of what it is limited to, as a role is to a unit; none where it is not.
        within: Option<&'a str>,
        /// Whether the link came; else it went.
        is_made: bool,
    },
}

/// What is asked of the log.
pub struct Asked<'a> {
    /// What the log calls the object.
    pub subject: Subject,
    /// The ids by which records may name it, in lower case.
    pub ids: &'a [String],
    /// What happened to it.
    pub deed: Deed<'a>,
    /// Whether objects of its kind are known to have that property, whatever its case.
    pub knows: &'a dyn Fn(&str) -> bool,
    /// From then on a record may be of something that the later side does not show: it was being read.
    pub settled_at: Timestamp,
    /// From then on it shows nothing any more: it was complete.
    pub ended_at: Timestamp,
}

/// What the log says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found<'r> {
    /// The record that says just that, and that no later one speaks against.
    pub exact: Option<&'r AuditRecord>,
    /// Without one: those that may be meant, the likeliest first.
    pub candidates: Vec<&'r AuditRecord>,
    /// Those that were before, the earliest first: that say something else of the same thing, or the same of somebody else.
    pub earlier: Vec<&'r AuditRecord>,
}

/// Records of one moment: those of one act were seen to lie within 200 ms.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

/// Finds whoever did it, among records in the order of their time.
pub fn find_author<'r>(asked: &Asked<'_>, records: &Records<'r>) -> Found<'r> {
    let mut judged = Judged { asked, all: asked.judge(records, Act::Delete) };
    // Why second: whoever is in the recycle bin was deleted before, and deleting it from there shows in no snapshot.
    if matches!(asked.deed, Deed::Deleted) && judged.of(Fit::Says).next().is_none() {
        judged.all = asked.judge(records, Act::Purge);
    }
    judged.found()
}

/// Records with how each fits, in the order of their time.
struct Judged<'a, 'r> {
    asked: &'a Asked<'a>,
    all: Vec<(&'r AuditRecord, Fit)>,
}

impl<'r> Judged<'_, 'r> {
    fn of(&self, wanted: Fit) -> impl DoubleEndedIterator<Item = &'r AuditRecord> {
        self.all.iter().filter(move |(_, fit)| *fit == wanted).map(|(record, _)| *record)
    }

    fn is_settled(&self, record: &AuditRecord) -> bool {
        record.at < self.asked.settled_at
    }

    fn found(&self) -> Found<'r> {
        let early = self.of(Fit::Says).rfind(|record| self.is_settled(record));
        let against = self.against(early);
        if let (Some(record), None) = (early, against) {
            // Also who did the same before, and somebody undid it: it is not the author's alone.
            let is_earlier = |(other, fit): &&(&AuditRecord, Fit)| {
                let is_of_another = *fit == Fit::Says && !other.actor.is(&record.actor);
                other.at < record.at && (is_of_another || matches!(fit, Fit::Contradicts | Fit::Step(_)))
            };
            let earlier = self.all.iter().filter(is_earlier).map(|(other, _)| *other).collect();
            return Found { exact: Some(record), candidates: Vec::new(), earlier };
        }
        let late: Vec<&AuditRecord> = self.of(Fit::Says).filter(|record| !self.is_settled(record)).collect();
        let is_about_it = |fit: &Fit| matches!(fit, Fit::Says | Fit::Contradicts | Fit::Step(_));
        let all = self.all.iter().filter(|(record, fit)| is_about_it(fit) && self.is_settled(record));
        let mut before: Vec<&AuditRecord> = all.map(|(record, _)| *record).collect();
        // It was done while the later side was read, which shows it, and nobody did it before.
        if let [only] = late[..]
            && only.at <= self.asked.ended_at
        {
            return Found { exact: Some(only), candidates: Vec::new(), earlier: before };
        }
        // Which of two at one moment was the last cannot be seen.
        if let (Some(record), Some(last)) = (early, against)
            && last.at.duration_since(record.at) <= AT_ONCE
        {
            before.reverse();
            return Found { candidates: before, ..Found::default() };
        }
        // A later record that says something else shows that one is missing: then whoever said just that is not the author,
        // and whoever may be meant did it after that.
        let since = against.map(|last| last.at);
        let mut may: Vec<(u32, &AuditRecord)> = self
            .all
            .iter()
            .filter_map(|(record, fit)| match fit {
                Fit::May(points) | Fit::Step(points) => Some((*points, *record)),
                _ => None,
            })
            .filter(|(_, record)| since.is_none_or(|since| record.at >= since))
            .collect();
        may.sort_by_key(|(points, record)| Reverse((*points, record.at)));
        let may = may.into_iter().map(|(_, record)| record);
        let candidates: Vec<&AuditRecord> = late.into_iter().rev().chain(may).collect();
        before.retain(|record| candidates.iter().all(|other| !std::ptr::eq(*other, *record)));
        Found { exact: None, candidates, earlier: before }
    }

    /// Those that say something else of the same thing.
    fn other(&self) -> impl DoubleEndedIterator<Item = &'r AuditRecord> {
        let other = self.all.iter().filter(|(_, fit)| matches!(fit, Fit::Contradicts | Fit::Step(_)));
        other.map(|(record, _)| *record)
    }

    /// The last record after that one that says something else.
    fn against(&self, early: Option<&AuditRecord>) -> Option<&'r AuditRecord> {
        let from = early?.at;
        self.other().rfind(|other| other.at >= from && self.is_settled(other))
    }
}
