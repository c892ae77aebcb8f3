//! How one record fits what is asked.

use super::super::activities::{ACTIVE, Act, HELD, link_act};
use super::super::names::{
    are_comparable, is_context, is_nothing, is_property, is_renamed, is_same, member, property_of,
};
use super::super::record::{AuditRecord, Modified, names_an_object};
use super::items;
use super::records::{Read, Records};
use super::{Asked, Deed, Fit};
use crate::changes::ItemChange;
use crate::kinds::Subject;
use serde_json::Value;

/// Points of a record that may be meant: its activity does such a thing, it names the property.
const FITS: u32 = 4;
const NAMED: u32 = 3;

/// What is asked of a link.
#[derive(Clone, Copy)]
struct Link<'a> {
    relation: &'a str,
    to: &'a str,
    within: Option<&'a str>,
}

/// What is asked of a property, or of a part of it.
#[derive(Clone, Copy)]
struct Place<'a> {
    property: &'a str,
    path: &'a str,
    after: &'a Value,
    items: &'a [ItemChange],
}

impl Asked<'_> {
    /// How each record fits, in the order of their time; `deletion` is the act that takes an object away.
    pub(super) fn judge<'r>(&self, records: &Records<'r>, deletion: Act) -> Vec<(&'r AuditRecord, Fit)> {
        let all = || records.all.iter();
        match self.deed {
            Deed::Created => each(all(), |read| self.came_or_went(read, Act::Create, Act::Delete)),
            Deed::Deleted => each(all(), |read| self.came_or_went(read, deletion, Act::Create)),
            Deed::Set { property, path, after, items } => {
                let set = Place { property, path, after, items };
                each(all(), |read| self.set(read, set))
            }
            Deed::Linked { relation, to, within, is_made } => {
                let link = Link { relation, to, within };
                let fit = |read: &Read<'_>| self.linked(read, link, is_made);
                // Of others a record that does not name both ends is about another link.
                if is_by_itself(relation) { each(all(), fit) } else { each(records.naming(to), fit) }
            }
        }
    }

    fn is_target(&self, record: &AuditRecord) -> bool {
        record.targets.iter().any(|target| self.is_it(target.id.as_ref()))
    }

    fn is_it(&self, id: Option<&String>) -> bool {
        id.is_some_and(|id| self.ids.contains(id))
    }

    fn came_or_went(&self, read: &Read<'_>, act: Act, against: Act) -> Fit {
        if !self.is_target(read.record) {
            Fit::No
        } else if read.activity.does(self.subject, act) {
            Fit::Says
        } else if read.activity.does(self.subject, against) {
            Fit::Contradicts
        } else {
            Fit::No
        }
    }

    fn linked(&self, read: &Read<'_>, link: Link<'_>, is_made: bool) -> Fit {
        match (self.links(read, link, is_made), || self.links(read, link, !is_made)) {
            (Fit::No, other) if other() == Fit::Says => Fit::Contradicts,
            (fit, _) => fit,
        }
    }

    fn links(&self, read: &Read<'_>, link: Link<'_>, is_made: bool) -> Fit {
        let does = |relation: &str| {
            link_act(self.subject, relation, is_made).is_some_and(|act| read.activity.does(self.subject, act))
        };
        let of_role = matches!(link.relation, HELD | ACTIVE);
        let is_carried = of_role && read.record.actor.carries_out();
        if !(does(link.relation) || is_carried && does(HELD)) {
            return Fit::No;
        }
        match self.names_both(read, link, is_made) {
            // Who decided it has a record of their own, and the same words stand for a role that is given and one activated.
            Fit::Says if is_carried => Fit::May(FITS),
            fit => fit,
        }
    }

    fn names_both(&self, read: &Read<'_>, link: Link<'_>, is_made: bool) -> Fit {
        let Link { relation, to, within } = link;
        let record = read.record;
        if !self.ids.iter().any(|id| read.names(id)) || self.leads_back(record, link) {
            return Fit::No;
        }
        // What a grant was and is says whether it came or went: one that was amended is logged as given and as taken away.
        if let Some(scope) = modified(record).find(|m| m.name.ends_with("PermissionGrant.Scope")) {
            let (was, is) = (!is_nothing(&scope.old), !is_nothing(&scope.new));
            if was == is || is != is_made {
                return Fit::No;
            }
        }
        // A role over a part of the directory is another one than that over the whole.
        let is_scoped = read.activity.is_scoped();
        let is_within = within.map_or(!is_scoped, |id| read.names(id));
        if read.names(to) {
            // Of two people who manage each other the record is about the first target's manager.
            let is_of_other = relation == MANAGER
                && record.targets.first().is_some_and(|first| !self.is_it(first.id.as_ref()));
            return match (is_within, within) {
                (true, _) if is_of_other => Fit::May(FITS),
                (true, _) => Fit::Says,
                (false, Some(_)) => Fit::May(FITS + FITS),
                (false, None) => Fit::No,
            };
        }
        // Records of roles may name the role by an id that no snapshot has, and those of managers nobody besides the person.
        let has_template = modified(record).any(|m| m.name.to_lowercase().ends_with(".templateid"));
        let may_be_meant = match relation {
            HELD | ACTIVE => !has_template && within.is_some() == is_scoped,
            MANAGER => {
                read.activity.is_about(relation) == Some(true)
                    || modified(record).any(|m| is_property(&m.name, relation))
            }
            _ => false,
        };
        if may_be_meant && self.is_target(record) { Fit::May(FITS) } else { Fit::No }
    }

    /// Whether the record is about a link that leads the other way: of two groups each may be in the other.
    fn leads_back(&self, record: &AuditRecord, link: Link<'_>) -> bool {
        let name = match self.subject {
            Subject::Group => "Group.ObjectID",
            Subject::Unit => "AdministrativeUnit.ObjectID",
            Subject::DelegatedGrant => "ServicePrincipal.ObjectID",
            _ => return false,
        };
        let named = modified(record).filter(|m| m.name.eq_ignore_ascii_case(name));
        let near: Vec<&str> = named.flat_map(|m| [&m.old, &m.new]).filter_map(Value::as_str).collect();
        let is_near = |id: &str| near.iter().any(|other| other.eq_ignore_ascii_case(id));
        if !near.is_empty() {
            return is_near(link.to) && !self.ids.iter().any(|id| is_near(id));
        }
        // Without such a value: the first target is the member, the last one what it is in.
        let is_far = |id: Option<&String>| id.is_some_and(|id| id.eq_ignore_ascii_case(link.to));
        match &record.targets[..] {
            [first, .., last] if self.subject != Subject::DelegatedGrant => {
                self.is_it(first.id.as_ref()) && is_far(last.id.as_ref())
            }
            _ => false,
        }
    }

    fn set(&self, read: &Read<'_>, of: Place<'_>) -> Fit {
        let Some(modified) = self.modified_of(read) else { return Fit::No };
        let does = read.activity.does(self.subject, Act::Set);
        let points = if does { FITS } else { 0 };
        let mut is_told_whole = false;
        for one in modified.iter().filter(|m| !is_context(&m.name)) {
            match said_of(one, of.property, of.path) {
                Said::Nothing => {}
                // A document that has it on both sides alike: this was not changed.
                Said::Unchanged => is_told_whole = true,
                Said::Unclear => return Fit::May(points + NAMED),
                Said::Values(old, new) => return of.fit(old, new, points + NAMED),
            }
        }
        // It does not name the property. What it is about may follow from its activity, or from what else it names.
        match read.activity.is_about(of.property) {
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
    fn modified_of<'r>(&self, read: &Read<'r>) -> Option<Vec<&'r Modified>> {
        if self.is_target(read.record) {
            let own = read.record.targets.iter().filter(|target| self.is_it(target.id.as_ref()));
            return Some(own.flat_map(|target| &target.modified).collect());
        }
        // Of what an application may do the first target is whose data it is, and the application stands among the values.
        let is_given = matches!(self.subject, Subject::DelegatedGrant | Subject::AppRoleAssignment);
        let names_it = is_given && self.ids.iter().any(|id| read.names(id));
        names_it.then(|| modified(read.record).collect())
    }
}

/// The relation by which a person has a manager.
const MANAGER: &str = "manager";

/// Whether records of such links may name one end alone.
fn is_by_itself(relation: &str) -> bool {
    matches!(relation, HELD | ACTIVE | MANAGER)
}

fn each<'a, 'r: 'a>(
    records: impl Iterator<Item = &'a Read<'r>>,
    fit: impl Fn(&Read<'r>) -> Fit,
) -> Vec<(&'r AuditRecord, Fit)> {
    records.map(|read| (read.record, fit(read))).collect()
}

fn modified(record: &AuditRecord) -> impl Iterator<Item = &Modified> {
    record.targets.iter().flat_map(|target| &target.modified)
}

impl Place<'_> {
    /// How a record fits that says what the property was and is.
    fn fit(&self, old: &Value, new: &Value, points: u32) -> Fit {
        if let Some(fit) = items::fit_of(self.items, old, new, points) {
            fit
        } else if is_same(self.after, new) {
            Fit::Says
        } else if self.items.is_empty() && are_comparable(self.after, new) {
            Fit::Contradicts
        } else {
            Fit::May(points)
        }
    }
}

/// What a record says of a property.
enum Said<'a> {
    /// It does not name it.
    Nothing,
    /// It has the whole object before and after, and in both this is the same.
    Unchanged,
    /// It names it, and not what it became.
    Unclear,
    /// What it was, and what it became.
    Values(&'a Value, &'a Value),
}

fn said_of<'a>(of: &'a Modified, property: &str, path: &str) -> Said<'a> {
    const NULL: &Value = &Value::Null;
    if is_property(&of.name, property) {
        if of.is_stripped || of.old.is_null() && of.new.is_null() {
            return Said::Unclear;
        }
        return match path.strip_prefix(property).map(|rest| rest.trim_start_matches('/')) {
            Some("") => Said::Values(&of.old, &of.new),
            Some(rest) => member(&of.new, rest)
                .map_or(Said::Unclear, |new| Said::Values(member(&of.old, rest).unwrap_or(NULL), new)),
            None => Said::Unclear,
        };
    }
    if of.old.is_object() || of.new.is_object() {
        let (old, new) = (member(&of.old, path), member(&of.new, path));
        return match (old, new) {
            (None, None) => Said::Nothing,
            (old, new) if is_same(old.unwrap_or(NULL), new.unwrap_or(NULL)) => Said::Unchanged,
            (old, new) => Said::Values(old.unwrap_or(NULL), new.unwrap_or(NULL)),
        };
    }
    Said::Nothing
}
