//! The history of an object, or of one link: each version with the two snapshots that bound it, the newest first.
//!
//! `identity`: under which ids the object was. `versions`: what the entries of the logs come to, by the rules of a comparison.
//! `links`: the other ends of its links. `cursor`: where a part ends. Which entries there are is [`crate::log`]'s.
//!
//! A part ends at [`PAGE_BYTES`], or when [`READS`] blobs were read; an answer without `next` has come to the beginning. It is
//! `complete` when nothing was left out on the way: no span in which something was not held, no snapshot that cannot be read.

mod cursor;
mod identity;
mod links;
mod versions;

use super::browse::Browse;
use super::reads::READS;
use crate::archive::{SnapshotView, TenantArchive};
use crate::diff_snapshots::{NewIds, PAGE_BYTES};
pub use crate::log::Gap;
use crate::log::{Logged, Part, Track, Walk, Whose};
use cursor::Place;
use domain::changes::{AttributeChange, What};
use domain::kinds::{Identity, Kind, KindName, LinkType, LinkWrite};
use domain::{Error, Result, SnapshotId, TenantId, Timestamp};
use engine::records::{NewId, Record, Records, Tenant};
use identity::Cluster;
pub use identity::Known;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};

/// Whose history is asked for.
#[derive(Clone, Copy)]
pub struct HistoryOf<'a> {
    /// The kind that the object is of.
    pub kind: &'static Kind,
    /// Its key: of one that was created again any that it had.
    pub key: &'a str,
    /// Only of the link of that type to that end.
    pub link: Option<(&'static LinkType, &'a str)>,
}

/// A part of a history.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct History {
    /// The kind of the object.
    pub kind: KindName,
    /// The key that was asked for.
    pub key: String,
    /// The object's name, as the newest snapshot has it that holds the object; null where it has none, or none is known.
    pub name: Option<String>,
    /// The keys under which the object was, the oldest first. Guesses come last.
    pub known_as: Vec<Known>,
    /// What became of it, the newest first.
    pub versions: Vec<Version>,
    /// Where to go on, with the same object and link; none at the beginning of what is known. Opaque.
    pub next: Option<String>,
    /// Whether this part ends the history, and nothing was left out on the way.
    pub complete: bool,
    /// The snapshot since which everything is told, with this part and those before it; null where no snapshot holds the kind.
    pub history_since: Option<SnapshotId>,
    /// Spans in which something of it was not held: what changed in one is told at its end.
    pub gaps: Vec<Gap>,
    /// Snapshots that cannot be read: what is told beside one is told of the time around it.
    pub unreadable: Vec<SnapshotId>,
}

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Happened {
    /// It came.
    Created,
    /// It came in the place of one that had gone: by a restore, or, where `knownAs` calls it a guess, by others.
    Recreated,
    /// It returned from the recycle bin.
    Restored,
    /// It differs, or links of it do.
    Modified,
    /// It went into the recycle bin.
    SoftDeleted,
    /// It went for good, perhaps from the recycle bin.
    HardDeleted,
    /// It went, and whether for good is not known.
    Deleted,
}

/// What became of an object between two snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// The snapshot that has it so.
    pub snapshot: SnapshotId,
    /// When that snapshot was asked for; null where its row is no longer there.
    pub at: Option<Timestamp>,
    /// The snapshot before, that had it otherwise.
    pub since: SnapshotId,
    /// When the snapshot before was asked for; null where its row is no longer there.
    pub since_at: Option<Timestamp>,
    /// The key that the object had.
    pub key: String,
    /// What became of it.
    pub what: Happened,
    /// Its attributes that differ, as in a comparison.
    pub attributes: Vec<AttributeChange>,
    /// Links from it and to it that came, went or differ.
    pub links: Vec<LinkVersion>,
    /// Whether the part before ended within this version: attributes, and the links before these, are there.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_continued: bool,
}

/// What became of a link. It has `to` where it leads from the object, else `from`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkVersion {
    /// The link type, such as `groups.members`.
    pub link: &'static str,
    /// The far end, where it leads from the object; for policies the key of an assignment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The object that it leads from, where it leads to the object; for policies the assigned group may be excluded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The name of the other end, where one of the two snapshots or the newest has it.
    pub name: Option<String>,
    /// Whether it came, went or differs.
    pub what: What,
    /// What it said before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Map<String, Value>>,
    /// What it says after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Map<String, Value>>,
}

/// What the parts of a history are made on.
struct Telling<'a> {
    archive: &'a TenantArchive,
    records: &'a Records,
    of: HistoryOf<'a>,
    newest: &'a SnapshotView,
    /// The newest snapshot that holds the kind; the newest where none is known to.
    holder: &'a SnapshotView,
    ids: &'a NewIds,
    /// Older snapshots that something was looked up in, and that cannot be opened.
    lost: Mutex<BTreeSet<SnapshotId>>,
}

impl Browse {
    /// A part of the history of an object, or of one link of it.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no snapshot, or no snapshot has such an object; `Invalid` naming `cursor` when that is of
    /// another history; `Corrupt` when a log or a run is damaged.
    pub async fn history(
        &self,
        tenant: &TenantId,
        of: HistoryOf<'_>,
        cursor: Option<&str>,
    ) -> Result<History> {
        let row = self.records.get(&Tenant::at(tenant)).await?.value;
        let newest = row.last_sealed.ok_or_else(|| Error::not_found("there is no sealed snapshot"))?;
        let archive = self.archive.open(tenant).await?;
        let place = match cursor {
            Some(cursor) => Place::of(cursor, tenant, &of)?,
            None => Place::at(newest),
        };
        let newest = SnapshotView::open(&archive, &place.newest).await?;
        let rows = self.records.list_all(&NewId::all(tenant)).await?;
        let rows: Vec<NewId> = rows.into_iter().map(|row| row.value).collect();
        let ids = NewIds::new(rows.iter().map(|row| (row.old.clone(), row.new.clone())));
        let mut lost = BTreeSet::new();
        let older = match newest.manifest().held_in.as_ref().and_then(|held| held.get(of.kind.run())) {
            Some(id) => {
                let found = SnapshotView::find(&archive, id).await?;
                lost.extend(found.is_none().then(|| id.clone()));
                found
            }
            None => None,
        };
        let holder = older.as_ref().unwrap_or(&newest);
        let (archive, records, newest, ids) = (&archive, &self.records, &newest, &ids);
        let telling = Telling { archive, records, of, newest, holder, ids, lost: Mutex::new(lost) };
        telling.tell(place, &rows).await
    }
}

impl Telling<'_> {
    async fn tell(&self, mut place: Place, rows: &[NewId]) -> Result<History> {
        let mut walk = Walk::new(self.archive, self.records);
        let mut cluster = Cluster::of(self.of.kind, self.of.key, rows);
        // Who was taken for it on the first part is taken for it on those that follow.
        cluster.guesses.clone_from(&place.guesses);
        for key in cluster.keys() {
            self.follow(&mut walk, &key, rows, &place.at);
        }
        let mut may_guess = place.is_first && self.of.link.is_none();
        while let Some(next) = walk.next() {
            if self.is_enough(&walk, &place) {
                break;
            }
            walk.visit(&next).await?;
            // Whoever came or went is known now: others that came in its place, or in whose place it came, are followed too.
            if std::mem::take(&mut may_guess) {
                for key in self.guess(&walk, &mut cluster).await? {
                    self.follow(&mut walk, &key, rows, &place.at);
                }
                if walk.next() == Some(next.clone()) {
                    walk.visit(&next).await?;
                }
            }
        }
        place.guesses.clone_from(&cluster.guesses);
        let told = self.versions(&walk, &cluster, &place).await?;
        let frontier = walk.frontier();
        let mut next = told.cut.or_else(|| frontier.map(|at| place.going_on(at)));
        let name = self.name(&walk, &cluster).await?;
        let gaps: Vec<Gap> = walk.gaps.iter().cloned().collect();
        let unreadable: Vec<SnapshotId> = walk.lost.union(&self.lost()).cloned().collect();
        let left_out = place.left_out || !gaps.is_empty() || !unreadable.is_empty();
        if let Some(next) = &mut next {
            next.left_out = left_out;
        }
        let is_known = name.is_some() || !told.versions.is_empty() || next.is_some() || !place.is_first;
        if !is_known && !self.is_held(&cluster).await? {
            return Err(Error::not_found(format!("no snapshot has such a {}", self.of.kind.label)));
        }
        Ok(History {
            kind: self.of.kind.name,
            key: self.of.key.to_owned(),
            name,
            known_as: cluster.known(),
            complete: next.is_none() && !left_out,
            next: next.map(|place| place.to_cursor(self.archive.tenant(), &self.of)),
            history_since: walk.since.clone(),
            versions: told.versions,
            gaps,
            unreadable,
        })
    }

    /// Whether enough was read for a part: of what is told a page, or as much as one request reads.
    fn is_enough(&self, walk: &Walk<'_>, place: &Place) -> bool {
        let Some(frontier) = walk.frontier() else { return false };
        // Why not before it got anywhere: a part has to be of use.
        if frontier >= place.at {
            return false;
        }
        let final_bytes: usize =
            walk.entries.iter().filter(|e| e.snapshot > frontier).map(|e| 100 + e.logged.said.len()).sum();
        final_bytes >= PAGE_BYTES || self.archive.reads() >= READS
    }

    /// Follows all that may change about the object of that key: its own records, and links from it and to it.
    fn follow(&self, walk: &mut Walk<'_>, key: &str, rows: &[NewId], from: &SnapshotId) {
        let kind = self.of.kind;
        if let Some((link, to)) = self.of.link {
            let logged = Logged { kind, part: Part::Links(link) };
            for to in identity::keys_of_end(to, rows) {
                walk.follow(Track { logged, whose: Whose::Record(format!("{key}/{to}")) }, from);
            }
            return;
        }
        // The object's own first: of that it is said since when all is told.
        let mut all: Vec<Logged> = Logged::all().collect();
        all.sort_by_key(|logged| logged.kind.name != kind.name);
        for logged in all {
            let is_own = logged.kind.name == kind.name;
            match logged.part {
                Part::Objects | Part::Facet(_) if is_own => {
                    walk.follow(Track { logged, whose: Whose::Record(key.to_owned()) }, from);
                }
                Part::Links(link) if kind.identity == Identity::Id => {
                    if is_own {
                        walk.follow(Track { logged, whose: Whose::From(format!("{key}/")) }, from);
                    }
                    if link.to.contains(&kind.name) {
                        walk.follow(Track { logged, whose: Whose::To(format!("{key}/")) }, from);
                    }
                    // Who is excluded from a policy is assigned to it under a key of its own.
                    if link.to.contains(&kind.name) && link.write == LinkWrite::AssignAll {
                        walk.follow(Track { logged, whose: Whose::To(format!("{key}!")) }, from);
                    }
                }
                _ => {}
            }
        }
    }

    /// An older snapshot; none where it cannot be opened, which the answer says.
    async fn find_view(&self, id: &SnapshotId) -> Result<Option<SnapshotView>> {
        let found = SnapshotView::find(self.archive, id).await?;
        if found.is_none() {
            self.lost().insert(id.clone());
        }
        Ok(found)
    }

    fn lost(&self) -> MutexGuard<'_, BTreeSet<SnapshotId>> {
        self.lost.lock().expect("no holder of this lock panics")
    }

    async fn is_held(&self, cluster: &Cluster) -> Result<bool> {
        if !self.holder.covers(self.of.kind) {
            return Ok(false);
        }
        for key in cluster.keys() {
            if self.holder.find_object(self.of.kind, &key).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
