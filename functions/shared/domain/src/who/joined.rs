//! Who made a change: its parts, each joined to the records of the log.

use super::absence::{Absence, Window, absence, may_come};
use super::activities::{ACTIVE, GIVEN, HELD};
use super::join::{Asked, Deed, Found, Records, find_author};
use super::ours::Ours;
use super::record::AuditRecord;
use super::told::{Author, Finding, PartAuthors, Told, Who, distinct};
use crate::changes::{AttributeChange, Change, LinkChange, What};
use crate::kinds::{Identity, Kind, Logged, OtherLog, Subject};
use crate::stored::{AuditCause, AuditHeld};
use serde_json::Value;
use std::collections::BTreeSet;

/// What is known of the log for one change.
pub struct Known<'a> {
    /// The records that name the object in the time of the change, in the order of their time.
    pub records: &'a [AuditRecord],
    /// Why they are not all here, where they could not be read: then neither who was last is known, nor who was before.
    pub unread: Option<AuditCause>,
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
        Logged::Elsewhere(log) => return Who::whole(Told::elsewhere(log)),
    };
    let in_time = |record: &&AuditRecord| (known.window.first()..=known.window.last()).contains(&record.at);
    let records = Records::of(known.records.iter().filter(in_time));
    let join = Join { kind, subject, elsewhere, ids: ids_of(kind, change), known, records };
    match change.what {
        What::Created | What::Deleted | What::Activated | What::Ended => join.came_or_went(change),
        What::Modified | What::Moved => Who::of_parts(join.parts(change)),
    }
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

/// The parts of one change, joined to its records.
struct Join<'a> {
    kind: &'a Kind,
    subject: Subject,
    elsewhere: &'static [(&'static str, OtherLog)],
    ids: Vec<String>,
    known: &'a Known<'a>,
    records: Records<'a>,
}

impl Join<'_> {
    /// Each attribute and each link.
    fn parts(&self, change: &Change) -> Vec<PartAuthors> {
        let of_attributes = change.attributes.iter().map(|attribute| PartAuthors {
            path: Some(attribute.path.clone()),
            link: None,
            to: None,
            told: self.attribute(attribute),
        });
        of_attributes.chain(change.links.iter().map(|link| part_of(link, self.link(link)))).collect()
    }

    /// The object itself, and each link that is told with it: others may have made these.
    fn came_or_went(&self, change: &Change) -> Who {
        let whole = self.whole(change);
        if change.links.is_empty() {
            return Who::whole(whole);
        }
        let mut parts = vec![PartAuthors { path: None, link: None, to: None, told: whole.clone() }];
        parts.extend(change.links.iter().map(|link| {
            let own = self.link(link);
            let is_silent = own.by.is_empty() && own.earlier.is_empty() && !whole.by.is_empty();
            let told = match change.what {
                _ if !is_silent => own,
                // What leads from an object goes with it, without a record.
                What::Deleted => whole.clone(),
                // It may have come with the object, made or taken out of the recycle bin: no more is known.
                _ if whole.answer == Finding::Exact => Told { answer: Finding::Probably, ..whole.clone() },
                _ => whole.clone(),
            };
            part_of(link, told)
        }));
        Who::of_parts(parts)
    }

    fn whole(&self, change: &Change) -> Told {
        let is_made = matches!(change.what, What::Created | What::Activated);
        // A fact is a link between whoever it is about and a role.
        if let Identity::Natural(_) = self.kind.identity {
            let mut parts = change.key.split('|').skip(1);
            let (to, scope) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let within = scope.rsplit('/').next().filter(|id| !id.is_empty());
            let relation = if change.what.is_activation() { ACTIVE } else { HELD };
            return self.told(Deed::Linked { relation, to, within, is_made }, None);
        }
        self.told(if is_made { Deed::Created } else { Deed::Deleted }, None)
    }

    fn attribute(&self, attribute: &AttributeChange) -> Told {
        let (_, after) = attribute.shown();
        let after = after.unwrap_or(Value::Null);
        let AttributeChange { property, path, items, .. } = attribute;
        let deed = Deed::Set { property, path, after: &after, items };
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
        let asked = Asked {
            subject: self.subject,
            ids: &self.ids,
            deed,
            knows: &knows,
            settled_at: window.settles,
            ended_at: window.ends,
        };
        if let Some(cause) = self.known.unread {
            return Told { cause: Some(cause), ..Told::new(Finding::NotRead) };
        }
        let Found { exact, candidates, earlier } = find_author(&asked, &self.records);
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

fn part_of(link: &LinkChange, told: Told) -> PartAuthors {
    PartAuthors { path: None, link: Some(link.link.clone()), to: Some(link.to.clone()), told }
}

#[cfg(test)]
mod tests;
