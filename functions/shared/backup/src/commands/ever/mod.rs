//! Objects of all snapshots, found by their id or a part of a name that they had in any of them: whoever is gone, when they were
//! first and last there.
//!
//! The newest snapshot is searched as any other. Before it only what differs is read: the names that a snapshot has no more and
//! the one before it had, from the newest back. So an object is found where it had such a name last, once, and what did not
//! change costs no reading. When it came and went is told by its log. A part ends when it is full, or when [`READS`] blobs
//! were read.

mod life;
mod lost;
mod place;

use super::browse::Browse;
use super::reads::READS;
use super::search::bound_to;
use crate::archive::{Part, SnapshotView, TenantArchive, name_of};
use domain::kinds::{KINDS, Kind, KindName};
use domain::{Error, ErrorKind, Result, SnapshotId, TenantId};
use engine::ports::Page;
use engine::records::Tenant;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

use life::Life;
use place::Place;

/// How an object that is no more left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Departure {
    /// It lies in the recycle bin.
    SoftDeleted,
    /// It is gone for good.
    HardDeleted,
    /// It is gone, and whether for good is not known.
    Deleted,
}

/// An object that some snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EverFound {
    /// The kind of the object.
    pub kind: KindName,
    /// Its key: most often its id in Graph.
    pub key: String,
    /// Its name in the last snapshot that holds it; null where it has none.
    pub name: Option<String>,
    /// The first snapshot that is known to hold it.
    pub first: SnapshotId,
    /// The last snapshot that holds it; of one that is there the newest that holds its kind.
    pub last: SnapshotId,
    /// How it left; null where it is there.
    pub left: Option<Departure>,
    /// The snapshot in which it had a name that is looked for last, where it goes by another since; null else.
    pub named_until: Option<SnapshotId>,
    /// Whether `first` and `last` are all: false where snapshots could not be read, did not hold the kind, or are too far back for
    /// one look.
    pub is_whole: bool,
}

/// A part of what all snapshots hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundEver {
    /// What was found: first what the newest snapshot holds, then what it does not, the last gone first.
    pub items: Vec<EverFound>,
    /// The `cursor` of the next part; null at the end.
    pub next: Option<String>,
    /// Whether this part ends the search and nothing was left out on the way: no snapshot that cannot be read, no kind that was
    /// not held for a while, and none that is too far back for one look. By an id of one `kind` a look gets further.
    pub complete: bool,
    /// The newest snapshot that is searched.
    pub newest: SnapshotId,
    /// Back to which snapshot was searched, with this part.
    pub searched_back_to: SnapshotId,
    /// Kinds that are asked for and no snapshot is known to hold.
    pub not_held: Vec<KindName>,
    /// Snapshots that cannot be read.
    pub unreadable: Vec<SnapshotId>,
}

/// What is looked for in all snapshots.
#[derive(Clone, Copy, Debug)]
pub enum SoughtEver<'a> {
    /// The objects of this id.
    Id(&'a str),
    /// Those that had this part of a name.
    Name(&'a str),
}

impl Browse {
    /// A part of the objects of all snapshots that are looked for, of one kind or of all.
    ///
    /// # Errors
    /// `NotFound` when there is no sealed snapshot; `Invalid` naming `name` where that is looked for has no letter, or `cursor`
    /// when that is of another search; `Corrupt` when a run or a log is damaged.
    pub async fn ever(
        &self,
        tenant: &TenantId,
        kind: Option<&'static Kind>,
        sought: SoughtEver<'_>,
        page: Page,
    ) -> Result<FoundEver> {
        let row = self.records.get(&Tenant::at(tenant)).await?.value;
        let newest = row.last_sealed.ok_or_else(|| Error::not_found("there is no sealed snapshot"))?;
        let text = match sought {
            SoughtEver::Id(text) | SoughtEver::Name(text) => text,
        };
        let bound = bound_to([tenant.as_str(), kind.map_or("", |kind| kind.run()), text]);
        let (newest, complete, place) = match &page.after {
            Some(cursor) => Place::of(cursor, &bound)?,
            None => (newest, true, Place::There(0, None)),
        };
        let archive = self.archive.open(tenant).await?;
        let view = SnapshotView::open(&archive, &newest).await?;
        let kinds: Vec<_> =
            KINDS.iter().copied().filter(|k| kind.is_none_or(|kind| kind.name == k.name)).collect();
        let end = archive.reads() + READS;
        let mut search = Search {
            browse: self,
            archive: &archive,
            tenant,
            newest: &view,
            kinds: &kinds,
            end,
            limit: page.limit,
            found: FoundEver {
                items: Vec::new(),
                next: None,
                complete,
                searched_back_to: newest.clone(),
                newest: newest.clone(),
                not_held: Vec::new(),
                unreadable: Vec::new(),
            },
        };
        let next = match sought {
            SoughtEver::Id(id) => {
                search.by_id(id).await?;
                None
            }
            SoughtEver::Name(name) => search.by_name(&Part::of(name), place).await?,
        };
        let mut found = search.found;
        found.complete &= found.unreadable.is_empty();
        found.next = next.map(|place| place.cursor(&newest, found.complete, &bound));
        found.complete &= found.next.is_none();
        Ok(found)
    }
}

/// A search that is under way.
struct Search<'a> {
    browse: &'a Browse,
    archive: &'a TenantArchive,
    tenant: &'a TenantId,
    newest: &'a SnapshotView,
    kinds: &'a [&'static Kind],
    /// After how many reads the part ends.
    end: u64,
    limit: usize,
    found: FoundEver,
}

impl Search<'_> {
    async fn by_id(&mut self, id: &str) -> Result<()> {
        let id = id.trim();
        let id = id.strip_prefix('{').and_then(|id| id.strip_suffix('}')).unwrap_or(id);
        for &kind in self.kinds {
            if self.holder(kind).await?.is_none() {
                self.found.not_held.push(kind.name);
                continue;
            }
            self.found.complete &= self.newest.covers(kind);
            // Why both: ids of Graph are in lower case, keys of assignments as it writes them, and people paste either.
            for key in [id.to_owned(), id.to_lowercase()].into_iter().collect::<BTreeSet<_>>() {
                if let Some(life) = self.life(kind, &key).await? {
                    self.add(kind, &key, life, None).await?;
                }
            }
        }
        self.found.searched_back_to = self.oldest().await?;
        Ok(())
    }

    /// Searches from that place on; gives where the next part begins.
    async fn by_name(&mut self, part: &Part, place: Place) -> Result<Option<Place>> {
        if part.is_empty() {
            return Err(Error::invalid_field("name", "must have more than marks and blanks"));
        }
        let (mut at, mut from) = match place {
            Place::There(number, cursor) => {
                if let Some(next) = self.there(part, number, cursor).await? {
                    return Ok(Some(next));
                }
                (self.newest.manifest().snapshot.clone(), (0, String::new()))
            }
            Place::Lost(snapshot, number, key) => (snapshot, (number, key)),
        };
        let mut is_first = true;
        loop {
            self.found.searched_back_to = at.clone();
            let before = self.previous(&at).await?;
            // Why never at the first: each part has to get further.
            if !is_first && (self.archive.reads() >= self.end || self.found.items.len() >= self.limit) {
                return Ok(Some(Place::Lost(at, 0, String::new())));
            }
            is_first = false;
            let Some(before) = before else { return Ok(None) };
            match SnapshotView::open(self.archive, &at).await {
                Ok(view) => {
                    if let Some(next) = self.lost(part, &view, &before, std::mem::take(&mut from)).await? {
                        return Ok(Some(next));
                    }
                }
                // What it had is told by its neighbours, and that it cannot be read is said.
                Err(error) if error.kind() == ErrorKind::NotFound => self.cannot_read(at),
                Err(error) => return Err(error),
            }
            at = before;
            from = (0, String::new());
        }
    }

    /// What is held last, kind by kind.
    async fn there(
        &mut self,
        part: &Part,
        number: usize,
        mut cursor: Option<String>,
    ) -> Result<Option<Place>> {
        let mut is_first = true;
        for (number, &kind) in self.kinds.iter().enumerate().skip(number) {
            if !is_first && (self.found.items.len() >= self.limit || self.archive.reads() >= self.end) {
                return Ok(Some(Place::There(number, None)));
            }
            is_first = false;
            let Some(holder) = self.holder(kind).await? else {
                self.found.not_held.push(kind.name);
                continue;
            };
            // What came and went since is in no snapshot.
            self.found.complete &= self.newest.covers(kind);
            let limit = self.limit - self.found.items.len();
            let page = Page { after: cursor.take(), limit, descending: false };
            let id = holder.manifest().snapshot.clone();
            let found = self.browse.objects_of(&holder, (self.tenant, &id), Some(kind), part, page).await?;
            for hit in found.items {
                if let Some(life) = self.life(kind, &hit.key).await? {
                    self.add(kind, &hit.key, life, None).await?;
                }
            }
            if found.next.is_some() {
                return Ok(Some(Place::There(number, found.next)));
            }
        }
        Ok(None)
    }

    async fn add(
        &mut self,
        kind: &'static Kind,
        key: &str,
        life: Life,
        until: Option<SnapshotId>,
    ) -> Result<()> {
        let shown = self.shown(kind, key, life, until).await?;
        self.found.items.push(shown);
        Ok(())
    }

    async fn shown(
        &self,
        kind: &'static Kind,
        key: &str,
        life: Life,
        named_until: Option<SnapshotId>,
    ) -> Result<EverFound> {
        let Life { first, last, left, is_whole, .. } = life;
        let name = match SnapshotView::open(self.archive, &last).await {
            Ok(view) => view.find_object(kind, key).await?.and_then(|object| name_of(kind, &object)),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(EverFound { kind: kind.name, key: key.to_owned(), name, first, last, left, named_until, is_whole })
    }
}

/// The properties by which objects of a kind are found.
fn properties(kind: &Kind) -> impl Iterator<Item = &'static str> {
    std::iter::once(kind.name_property).chain(kind.search.iter().copied())
}

/// Whether one of an object's names has the part.
fn has(part: &Part, kind: &Kind, object: &Map<String, Value>) -> bool {
    properties(kind).filter_map(|property| object.get(property)?.as_str()).any(|text| part.is_in(text))
}
