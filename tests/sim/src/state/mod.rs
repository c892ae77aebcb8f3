//! One tenant's directory: objects, links, the log of changes, and small collections.
//!
//! No operation looks at every object: lists are paged by position, delta reads the log from a position on.
//! Over 400 lines: a write touches objects, links, names and the log at once, so they stand side by side.

mod docs;
mod extended;
mod links;
mod replica;
mod row;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

pub(crate) use docs::Docs;
pub(crate) use extended::{Definition, Extended};
pub(crate) use links::{Index, LinkSet, Relation};
pub(crate) use replica::{Delay, Replica};
pub(crate) use row::{Row, RowBuilder};

use crate::clock::{Clock, iso};
use crate::graph::AuditLog;
use crate::schema;

/// For how many seconds a deleted object can be restored.
pub(crate) const BIN_SECONDS: i64 = 30 * 24 * 3600;

/// The collection of the role assignments that those held who were deleted for good.
pub(crate) const FORMER: &str = "formerRoleAssignments";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    User,
    Group,
    Unit,
    ServicePrincipal,
    Application,
}

pub(crate) const KINDS: [Kind; 5] =
    [Kind::User, Kind::Group, Kind::Unit, Kind::ServicePrincipal, Kind::Application];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    Live,
    Deleted { at: i64 },
    Gone,
}

#[derive(Clone)]
pub(crate) struct Object {
    pub id: Uuid,
    pub kind: Kind,
    pub life: Life,
    pub row: Row,
    links: Vec<(Relation, LinkSet)>,
    /// The objects that link to this one, and by which relation.
    back: Vec<(Index, Relation)>,
}

static NO_LINKS: std::sync::LazyLock<LinkSet> = std::sync::LazyLock::new(LinkSet::default);

impl Object {
    pub fn links(&self, relation: Relation) -> &LinkSet {
        self.links.iter().find(|(r, _)| *r == relation).map_or(&NO_LINKS, |(_, set)| set)
    }

    pub fn back(&self, relation: Relation) -> impl Iterator<Item = Index> + '_ {
        self.back.iter().filter(move |(_, r)| *r == relation).map(|(index, _)| *index)
    }
}

#[derive(Clone, Copy)]
pub(crate) enum What {
    Created,
    Restored,
    Removed,
    Props(u128),
    /// A directory extension has another value.
    Extended,
    Link(Relation, Index),
}

#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub object: Index,
    pub what: What,
}

#[derive(Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts")]
pub(crate) struct Directory {
    pub id: Uuid,
    pub name: String,
    pub domain: String,
    pub premium_p1: bool,
    pub premium_p2: bool,
    pub intune: bool,
    pub clock: Arc<Clock>,
    pub objects: Vec<Object>,
    by_id: HashMap<Uuid, Index>,
    lists: [Vec<Index>; 5],
    logs: [Vec<Change>; 5],
    pub live: [usize; 5],
    /// Values that only one object may have, in lower case: `upn:`, `smtp:`, `unique:`.
    pub names: HashMap<String, Index>,
    bin: BTreeSet<(i64, Index)>,
    docs: HashMap<String, Docs>,
    /// Role assignments by principal.
    pub holders: HashMap<String, Vec<String>>,
    /// Consumed units by SKU.
    pub consumed: HashMap<String, i64>,
    pub replica: Replica,
    pub extended: Extended,
    /// Jobs of Microsoft's own recovery, as Graph lists them.
    pub recoveries: Vec<serde_json::Value>,
    /// The log of who changed what.
    pub audits: AuditLog,
    pub random: SmallRng,
}

impl Directory {
    pub fn new(id: Uuid, name: &str, domain: &str, seed: u64, clock: Arc<Clock>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            domain: domain.to_owned(),
            premium_p1: true,
            premium_p2: false,
            intune: false,
            clock,
            objects: Vec::new(),
            by_id: HashMap::new(),
            lists: Default::default(),
            logs: Default::default(),
            live: [0; 5],
            names: HashMap::new(),
            bin: BTreeSet::new(),
            docs: HashMap::new(),
            holders: HashMap::new(),
            consumed: HashMap::new(),
            replica: Replica::default(),
            extended: Extended::default(),
            recoveries: Vec::new(),
            audits: AuditLog::default(),
            random: SmallRng::seed_from_u64(seed ^ u64::from(id.as_fields().0)),
        }
    }

    /// The next GUID of this directory's own sequence.
    pub fn new_id(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.random.random()).into_uuid()
    }

    pub fn now(&self) -> i64 {
        self.clock.seconds()
    }

    pub fn add(&mut self, kind: Kind, id: Uuid, row: Row) -> Index {
        let index = Index::try_from(self.objects.len()).expect("fewer objects than 2^32");
        self.objects.push(Object { id, kind, life: Life::Live, row, links: Vec::new(), back: Vec::new() });
        self.by_id.insert(id, index);
        self.lists[kind as usize].push(index);
        self.live[kind as usize] += 1;
        self.logs[kind as usize].push(Change { object: index, what: What::Created });
        self.replica.created(index, kind, self.logs[kind as usize].len() - 1, self.clock.millis());
        index
    }

    pub fn object(&self, index: Index) -> &Object {
        &self.objects[index as usize]
    }

    pub fn index(&self, id: &str) -> Option<Index> {
        self.by_id.get(&Uuid::parse_str(id).ok()?).copied()
    }

    pub fn is_live(&self, index: Index) -> bool {
        self.object(index).life == Life::Live
    }

    /// A live object that has replicated; each call counts as one read of it.
    pub fn find(&self, id: &str) -> Option<Index> {
        let index = self.index(id)?;
        (self.is_live(index) && !self.replica.hides(index, true, self.clock.millis())).then_some(index)
    }

    pub fn find_kind(&self, id: &str, kind: Kind) -> Option<Index> {
        self.find(id).filter(|index| self.object(*index).kind == kind)
    }

    /// Whether a list shows the object: it is live and has replicated.
    pub fn listed(&self, index: Index) -> bool {
        self.is_live(index) && !self.replica.hides(index, false, self.clock.millis())
    }

    /// The row as a reader sees it now, which may be an older one.
    pub fn row(&self, index: Index) -> std::borrow::Cow<'_, Row> {
        match self.replica.older_row(index, self.clock.millis()) {
            Some(row) => std::borrow::Cow::Owned(row),
            None => std::borrow::Cow::Borrowed(&self.object(index).row),
        }
    }

    pub fn list(&self, kind: Kind) -> &[Index] {
        &self.lists[kind as usize]
    }

    pub fn log(&self, kind: Kind) -> &[Change] {
        &self.logs[kind as usize]
    }

    /// The length of the part of the log that has reached every replica.
    pub fn log_end(&self, kind: Kind) -> usize {
        self.logs[kind as usize].len().min(self.replica.first_pending(kind, self.clock.millis()))
    }

    fn record(&mut self, object: Index, what: What) {
        let kind = self.object(object).kind;
        self.logs[kind as usize].push(Change { object, what });
    }

    /// Writes properties, and records those whose value changes. True when one did.
    pub fn set(&mut self, index: Index, changes: &[(u8, Option<String>)]) -> bool {
        let object = self.object(index);
        let old = object.row.clone();
        let kind = object.kind;
        let mut mask = 0_u128;
        for (property, json) in changes {
            if old.get(*property) != json.as_ref().map(String::as_bytes) {
                mask |= 1 << property;
            }
        }
        if mask == 0 {
            return false;
        }
        self.objects[index as usize].row = old.with(changes);
        self.record(index, What::Props(mask));
        self.replica.written(index, kind, old, self.logs[kind as usize].len() - 1, self.clock.millis());
        true
    }

    /// Writes properties without an entry in the log, as Microsoft's own recovery does.
    pub fn set_quietly(&mut self, index: Index, changes: &[(u8, Option<String>)]) {
        let new = self.object(index).row.with(changes);
        self.objects[index as usize].row = new;
    }

    /// Writes values of directory extensions, and records that some changed.
    pub fn extend(&mut self, index: Index, values: Vec<(String, serde_json::Value)>) {
        let mut any = false;
        for (name, value) in values {
            any |= self.extended.set(index, &name, &value);
        }
        if any {
            self.record(index, What::Extended);
        }
    }

    /// Adds a link without an entry in the log, for the seed.
    pub fn link_quietly(&mut self, source: Index, relation: Relation, target: Index) -> bool {
        let links = &mut self.objects[source as usize].links;
        let place = links.iter().position(|(r, _)| *r == relation).unwrap_or_else(|| {
            links.reserve_exact(1);
            links.push((relation, LinkSet::default()));
            links.len() - 1
        });
        let added = links[place].1.add(target);
        if added {
            self.objects[target as usize].back.push((source, relation));
        }
        added
    }

    pub fn link(&mut self, source: Index, relation: Relation, target: Index) -> bool {
        let added = self.link_quietly(source, relation, target);
        if added {
            self.record(source, What::Link(relation, target));
        }
        added
    }

    pub fn unlink(&mut self, source: Index, relation: Relation, target: Index) -> bool {
        let Some((_, set)) = self.objects[source as usize].links.iter_mut().find(|(r, _)| *r == relation)
        else {
            return false;
        };
        let removed = set.remove(target);
        if removed {
            let back = &mut self.objects[target as usize].back;
            if let Some(place) = back.iter().position(|entry| *entry == (source, relation)) {
                back.swap_remove(place);
            }
            self.record(source, What::Link(relation, target));
        }
        removed
    }

    /// Records a change of every link to this object.
    fn record_links_to(&mut self, index: Index) {
        for (source, relation) in self.object(index).back.clone() {
            self.record(source, What::Link(relation, index));
        }
    }

    /// Records a change of every link from this object.
    fn record_links_from(&mut self, index: Index) {
        let own: Vec<_> =
            self.object(index).links.iter().flat_map(|(r, set)| set.iter().map(|t| (*r, t))).collect();
        for (relation, target) in own {
            self.record(index, What::Link(relation, target));
        }
    }

    /// Deletes an object into the bin, from where it can come back with its links.
    pub fn soft_delete(&mut self, index: Index) {
        let at = self.now();
        let kind = self.object(index).kind;
        self.objects[index as usize].life = Life::Deleted { at };
        self.live[kind as usize] -= 1;
        self.bin.insert((at, index));
        let deleted = schema::of(kind).property("deletedDateTime");
        if let Some(property) = deleted {
            let row = self.object(index).row.with(&[(property, Some(format!("\"{}\"", iso(at))))]);
            self.objects[index as usize].row = row;
        }
        self.release_names(index);
        self.record(index, What::Removed);
        self.record_links_to(index);
    }

    /// Takes an object out of the bin. Where that is not told, its own log does not have it.
    pub fn restore(&mut self, index: Index, told: bool) {
        let kind = self.object(index).kind;
        if let Life::Deleted { at } = self.object(index).life {
            self.bin.remove(&(at, index));
        }
        if let Some(property) = schema::of(kind).property("deletedDateTime") {
            self.objects[index as usize].row = self.object(index).row.with(&[(property, None)]);
        }
        self.objects[index as usize].life = Life::Live;
        self.live[kind as usize] += 1;
        self.claim_names(index);
        if told {
            self.record(index, What::Restored);
            self.record_links_from(index);
        }
        self.record_links_to(index);
    }

    /// Lets an object be unknown for as long as a new one is.
    pub fn replicate(&self, index: Index) {
        let kind = self.object(index).kind;
        self.replica.created(index, kind, self.logs[kind as usize].len() - 1, self.clock.millis());
    }

    /// Deletes an object for good, with its links and role assignments.
    pub fn purge(&mut self, index: Index) {
        let (id, kind, life) = {
            let object = self.object(index);
            (object.id.to_string(), object.kind, object.life)
        };
        match life {
            Life::Live => {
                self.live[kind as usize] -= 1;
                self.release_names(index);
            }
            Life::Deleted { at } => {
                self.bin.remove(&(at, index));
            }
            Life::Gone => return,
        }
        for (source, relation) in self.object(index).back.clone() {
            self.unlink(source, relation, index);
        }
        for (relation, set) in std::mem::take(&mut self.objects[index as usize].links) {
            for target in set.iter() {
                self.objects[target as usize].back.retain(|entry| *entry != (index, relation));
            }
        }
        for assignment in self.holders.remove(&id).unwrap_or_default() {
            if let Some(former) = self.docs_mut("roleAssignments").remove(&assignment) {
                self.docs_mut(FORMER).insert(&assignment, former);
            }
        }
        self.objects[index as usize].life = Life::Gone;
        self.objects[index as usize].row = Row::default();
        self.extended.forget(index);
        self.record(index, What::Removed);
    }

    /// Purges what has been in the bin for 30 days.
    pub fn empty_bin(&mut self) {
        let limit = self.now() - BIN_SECONDS;
        while let Some((at, index)) = self.bin.first().copied()
            && at <= limit
        {
            self.purge(index);
        }
    }

    /// The objects in the bin, those deleted first at the beginning.
    pub fn bin(&self) -> impl Iterator<Item = Index> + '_ {
        let limit = self.now() - BIN_SECONDS;
        self.bin.iter().filter(move |(at, _)| *at > limit).map(|(_, index)| *index)
    }

    pub fn docs(&self, collection: &str) -> &Docs {
        static NONE: std::sync::LazyLock<Docs> = std::sync::LazyLock::new(Docs::default);
        self.docs.get(collection).unwrap_or(&NONE)
    }

    pub fn docs_mut(&mut self, collection: &str) -> &mut Docs {
        if !self.docs.contains_key(collection) {
            self.docs.insert(collection.to_owned(), Docs::default());
        }
        self.docs.get_mut(collection).expect("inserted above")
    }

    /// The names that this object's row claims.
    pub fn claimed(&self, index: Index) -> Vec<String> {
        let object = self.object(index);
        schema::names(object.kind, &object.row)
    }

    pub fn claim_names(&mut self, index: Index) {
        for name in self.claimed(index) {
            self.names.insert(name, index);
        }
    }

    pub fn release_names(&mut self, index: Index) {
        for name in self.claimed(index) {
            if self.names.get(&name) == Some(&index) {
                self.names.remove(&name);
            }
        }
    }
}
