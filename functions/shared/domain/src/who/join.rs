//! The author of one thing that happened to one object: which of the records of the log says just that.
//!
//! Records that say something else of the same thing are heeded too: they are steps before, or show that a record is missing.

use super::activities::{Act, HELD, fits, is_about, link_act};
use super::names::{
    are_comparable, is_context, is_nothing, is_property, is_renamed, is_same, member, property_of,
};
use super::record::{ActorSort, AuditRecord, Modified, names_an_object};
use crate::kinds::Subject;
use crate::{RestoreId, Timestamp};
use jiff::SignedDuration;
use serde_json::Value;
use std::cmp::Reverse;

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
        /// The value at the path now; null where there is none.
        after: &'a Value,
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
    /// From then on a record may be of something that the later side does not show yet.
    pub settled_at: Timestamp,
}

/// How our own restores are known among the records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ours {
    /// The restores that ran: each with the service principal that wrote, in lower case, and when it began and ended.
    pub restores: Vec<(RestoreId, String, Timestamp, Timestamp)>,
}

impl Ours {
    /// Whether the application that wrote is ours.
    pub(super) fn wrote(&self, record: &AuditRecord) -> bool {
        self.of(record).next().is_some()
    }

    /// The restore that a record is of, where it is known.
    pub(super) fn restore(&self, record: &AuditRecord) -> Option<&RestoreId> {
        let ran = self.of(record).find(|(_, _, from, until)| *from <= record.at && record.at <= *until);
        ran.map(|(id, _, _, _)| id)
    }

    fn of(&self, record: &AuditRecord) -> impl Iterator<Item = &(RestoreId, String, Timestamp, Timestamp)> {
        let is_application = record.actor.sort == ActorSort::Application;
        let id = record.actor.id.clone().filter(|_| is_application).unwrap_or_default();
        self.restores.iter().filter(move |(_, writer, _, _)| *writer == id)
    }
}

/// What the log says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found<'r> {
    /// The record that says just that, and that no later one speaks against.
    pub exact: Option<&'r AuditRecord>,
    /// Without one: those that may be meant, the likeliest first.
    pub candidates: Vec<&'r AuditRecord>,
    /// Those that say something else of the same thing and were before, the earliest first.
    pub earlier: Vec<&'r AuditRecord>,
}

/// How a record fits what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// It says just that.
    Says,
    /// It may be meant, with so many points.
    May(u32),
    /// It says something else of the same thing.
    Contradicts,
    /// It is about something else.
    No,
}

/// Points of a record that may be meant: its activity does such a thing, it names the property.
const FITS: u32 = 4;
const NAMED: u32 = 3;
/// Records of one moment: those of one act were seen to lie within 200 ms.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

/// Finds whoever did it, among records in the order of their time.
pub fn find_author<'r>(asked: &Asked<'_>, records: &[&'r AuditRecord]) -> Found<'r> {
    let fit = |act: Option<Act>| {
        let each = records.iter().filter(|record| record.succeeded);
        each.map(|record| (*record, asked.fit(record, act))).collect::<Vec<_>>()
    };
    let mut judged = fit(None);
    // Why second: whoever is in the recycle bin was deleted before, and deleting it from there shows in no snapshot.
    if matches!(asked.deed, Deed::Deleted) && judged.iter().all(|(_, fit)| *fit != Fit::Says) {
        judged = fit(Some(Act::Purge));
    }
    let of = |wanted: Fit| judged.iter().filter(move |(_, fit)| *fit == wanted).map(|(record, _)| *record);
    let says = of(Fit::Says).next_back();
    let against = |record: &AuditRecord| {
        let from = record.at;
        of(Fit::Contradicts).filter(move |other| other.at >= from && other.at < asked.settled_at)
    };
    if let Some(record) = says {
        let Some(last) = against(record).next_back() else {
            let earlier = of(Fit::Contradicts).filter(|other| other.at < record.at).collect();
            return Found { exact: Some(record), candidates: Vec::new(), earlier };
        };
        let both = judged.iter().filter(|(_, fit)| matches!(fit, Fit::Says | Fit::Contradicts));
        let both = both.map(|(record, _)| *record);
        // Which of two at one moment was the last cannot be seen. A later record that says something else shows that one
        // is missing: then none of them is the author.
        return if last.at.duration_since(record.at) <= AT_ONCE {
            Found { candidates: both.rev().collect(), ..Found::default() }
        } else {
            Found { earlier: both.collect(), ..Found::default() }
        };
    }
    let mut may: Vec<(u32, &AuditRecord)> = judged
        .iter()
        .filter_map(|(record, fit)| if let Fit::May(points) = fit { Some((*points, *record)) } else { None })
        .collect();
    may.sort_by_key(|(points, record)| Reverse((*points, record.at)));
    let candidates = may.into_iter().map(|(_, record)| record).collect();
    Found { exact: None, candidates, earlier: of(Fit::Contradicts).collect() }
}

impl Asked<'_> {
    fn fit(&self, record: &AuditRecord, instead: Option<Act>) -> Fit {
        match self.deed {
            Deed::Created => self.came_or_went(record, Act::Create, &[Act::Delete]),
            Deed::Deleted => self.came_or_went(record, instead.unwrap_or(Act::Delete), &[Act::Create]),
            Deed::Set { property, path, after } => self.set(record, property, path, after),
            Deed::Linked { relation, to, within, is_made } => {
                let act = |is_made| link_act(self.subject, relation, is_made);
                if self.links(record, relation, to, within, act(is_made)) == Fit::No {
                    match self.links(record, relation, to, within, act(!is_made)) {
                        Fit::Says => Fit::Contradicts,
                        _ => Fit::No,
                    }
                } else {
                    self.links(record, relation, to, within, act(is_made))
                }
            }
        }
    }

    fn is_target(&self, record: &AuditRecord) -> bool {
        record.targets.iter().any(|target| target.id.as_ref().is_some_and(|id| self.ids.contains(id)))
    }

    fn came_or_went(&self, record: &AuditRecord, act: Act, against: &[Act]) -> Fit {
        if !self.is_target(record) {
            Fit::No
        } else if fits(&record.activity, self.subject, act) {
            Fit::Says
        } else if against.iter().any(|act| fits(&record.activity, self.subject, *act)) {
            Fit::Contradicts
        } else {
            Fit::No
        }
    }

    fn links(
        &self,
        record: &AuditRecord,
        relation: &str,
        to: &str,
        within: Option<&str>,
        act: Option<Act>,
    ) -> Fit {
        let Some(act) = act.filter(|act| fits(&record.activity, self.subject, *act)) else { return Fit::No };
        let named = record.named_ids();
        let names = |id: &str| named.iter().any(|known| known.eq_ignore_ascii_case(id));
        if !self.ids.iter().any(|id| names(id)) {
            return Fit::No;
        }
        // What a grant was and is says whether it came or went: one that was amended is logged as given and as taken away.
        let scopes = record.targets.iter().flat_map(|target| &target.modified);
        if let Some(scope) = scopes.into_iter().find(|m| m.name.ends_with("PermissionGrant.Scope")) {
            let (was, is) = (!is_nothing(&scope.old), !is_nothing(&scope.new));
            if was == is || is != matches!(act, Act::Link(_)) {
                return Fit::No;
            }
        }
        // A role over a part of the directory is another one than that over the whole.
        let is_scoped = record.activity.to_lowercase().contains("scoped");
        let is_within = within.map_or(!is_scoped, names);
        if names(to) {
            return match (is_within, within) {
                (true, _) => Fit::Says,
                (false, Some(_)) => Fit::May(FITS + FITS),
                (false, None) => Fit::No,
            };
        }
        // Records of roles may name the role by an id that no snapshot has, and those of managers nobody besides the person.
        let modified = || record.targets.iter().flat_map(|target| &target.modified);
        let has_template = modified().any(|m| m.name.to_lowercase().ends_with(".templateid"));
        let is_by_itself = self.is_target(record)
            && match act {
                Act::Link(HELD) | Act::Unlink(HELD) => !has_template && within.is_some() == is_scoped,
                Act::Link("manager") | Act::Unlink("manager") => {
                    is_about(&record.activity, relation) == Some(true)
                        || modified().any(|m| is_property(&m.name, relation))
                }
                _ => false,
            };
        if is_by_itself { Fit::May(FITS) } else { Fit::No }
    }

    fn set(&self, record: &AuditRecord, property: &str, path: &str, after: &Value) -> Fit {
        let Some(modified) = self.modified_of(record) else { return Fit::No };
        let does = fits(&record.activity, self.subject, Act::Set);
        let points = if does { FITS } else { 0 };
        let mut is_told_whole = false;
        for of in modified.iter().filter(|m| !is_context(&m.name)) {
            let said = match said_of(of, property, path) {
                Said::Nothing => continue,
                // A document that has it on both sides alike: this was not changed.
                Said::Unchanged => {
                    is_told_whole = true;
                    continue;
                }
                Said::Unclear => return Fit::May(points + NAMED),
                Said::Value(value) => value,
            };
            return if is_same(after, said) {
                Fit::Says
            } else if are_comparable(after, said) {
                Fit::Contradicts
            } else {
                Fit::May(points + NAMED)
            };
        }
        // It does not name the property. What it is about may follow from its activity, or from what else it names.
        match is_about(&record.activity, property) {
            Some(true) => Fit::May(FITS),
            Some(false) => Fit::No,
            None if !does || is_told_whole => Fit::No,
            None => {
                let mut others = modified
                    .iter()
                    .map(|m| m.name.as_str())
                    .filter(|n| !is_context(n) && !names_an_object(n));
                let is_other = |name: &str| is_renamed(name) || (self.knows)(property_of(name));
                let names_none = others.clone().next().is_none();
                if names_none || others.any(|name| !is_other(name)) { Fit::May(FITS) } else { Fit::No }
            }
        }
    }

    /// What the record says of the object's properties; none where it is not about the object.
    fn modified_of<'r>(&self, record: &'r AuditRecord) -> Option<Vec<&'r Modified>> {
        if self.is_target(record) {
            let is_it = |id: &Option<String>| id.as_ref().is_some_and(|id| self.ids.contains(id));
            let own = record.targets.iter().filter(|target| is_it(&target.id));
            return Some(own.flat_map(|target| &target.modified).collect());
        }
        // Of what an application may do the first target is whose data it is, and the application stands among the values.
        let is_given = matches!(self.subject, Subject::DelegatedGrant | Subject::AppRoleAssignment);
        let names_it = is_given && record.named_ids().iter().any(|id| self.ids.contains(id));
        names_it.then(|| record.targets.iter().flat_map(|target| &target.modified).collect())
    }
}

/// What a record says of a property's new value.
enum Said<'a> {
    /// It does not name it.
    Nothing,
    /// It has the whole object before and after, and in both this is the same.
    Unchanged,
    /// It names it, and not what it became.
    Unclear,
    Value(&'a Value),
}

fn said_of<'a>(of: &'a Modified, property: &str, path: &str) -> Said<'a> {
    const NULL: &Value = &Value::Null;
    if is_property(&of.name, property) {
        if of.is_stripped || of.old.is_null() && of.new.is_null() {
            return Said::Unclear;
        }
        return match path.strip_prefix(property).map(|rest| rest.trim_start_matches('/')) {
            Some("") => Said::Value(&of.new),
            Some(rest) => member(&of.new, rest).map_or(Said::Unclear, Said::Value),
            None => Said::Unclear,
        };
    }
    if of.old.is_object() || of.new.is_object() {
        let (old, new) = (member(&of.old, path), member(&of.new, path));
        return match (old, new) {
            (None, None) => Said::Nothing,
            (old, new) if is_same(old.unwrap_or(NULL), new.unwrap_or(NULL)) => Said::Unchanged,
            (_, new) => Said::Value(new.unwrap_or(NULL)),
        };
    }
    Said::Nothing
}

#[cfg(test)]
mod tests;
