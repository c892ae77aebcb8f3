//! The changes that a comparison found, as somebody asks for them: chosen, in an order, with what came or went.
//!
//! The index of the pages says which of them may have what is asked for; comparisons of older releases have none, and each page
//! is read.

use super::diffs::Diffs;
use super::marks::{self, ExpectedChanges};
use super::search::bound_to;
use crate::archive::{self, PageIndex, SnapshotView, TenantArchive};
use domain::changes::{AttributeChange, Change, Chosen, Class, What, compare_objects};
use domain::{DiffId, Error, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::Page;
use engine::records::{Diff, JobState, Side};
use serde_json::Map;
use std::collections::HashMap;

/// How many stored pages one part of the changes is read from: they are cut by bytes, and an answer of many large ones
/// would be longer than an answer may be.
const PAGES_AT_ONCE: u32 = 8;
/// After how many bytes of JSON a part ends that has what came or went with all its properties.
const MOST_BYTES: usize = 1 << 20;

/// In which order changes are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChangeOrder {
    /// By kind and key.
    #[default]
    Key,
    /// What weighs most first.
    Weight,
}

/// Which changes are asked for, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AskedChanges {
    /// Those that are wanted.
    pub chosen: Chosen,
    /// In which order.
    pub order: ChangeOrder,
    /// Those that somebody said were expected, or those of which nobody did; all where neither is asked for.
    pub expected: Option<bool>,
    /// Whether objects that came or went are wanted with all their properties, read from the snapshot that holds them.
    pub with_objects: bool,
}

impl Diffs {
    /// The changes that a comparison found, in the order of kinds and keys; `page.after` is a cursor that this list gave.
    ///
    /// # Errors
    /// `Conflict` when it is not done.
    pub async fn changes(&self, tenant: &TenantId, id: &DiffId, page: Page) -> Result<Listed<Change>> {
        self.changes_where(tenant, id, &AskedChanges::default(), page).await
    }

    /// The changes that a comparison found and that are asked for; `page.after` is a cursor that this list gave for the same. A part
    /// may have fewer than `page.limit` though more follow.
    ///
    /// # Errors
    /// `Conflict` when it is not done.
    pub async fn changes_where(
        &self,
        tenant: &TenantId,
        id: &DiffId,
        asked: &AskedChanges,
        page: Page,
    ) -> Result<Listed<Change>> {
        let diff = self.get_done(tenant, id).await?;
        let archive = self.archive.open(tenant).await?;
        let marked = match asked.expected {
            Some(_) => marks::expected_of(&self.records, tenant, id).await?,
            None => ExpectedChanges::default(),
        };
        let walk = Walk::open(&archive, &diff, asked, &marked).await?;
        let bound = bound_to([tenant.as_str(), id.as_str()]);
        let begin = match page.after {
            Some(cursor) => Place::of(&cursor, &bound, asked.order)
                .filter(|place| place.page < diff.pages)
                .ok_or_else(not_ours)?,
            None => Place::begin(asked.order),
        };
        let (mut found, mut next) = walk.take(begin, page.limit).await?;
        if asked.with_objects {
            let objects = Objects { archive: &archive, diff: &diff };
            let fitting = objects.add(&mut found).await?;
            if fitting < found.len() {
                found.truncate(fitting);
                next = found.last().map(|(_, behind)| behind.clone());
            }
        }
        let items = found.into_iter().map(|(change, _)| change).collect();
        Ok(Listed { items, next: next.map(|place| place.cursor(&bound)) })
    }

    /// A comparison that is done.
    ///
    /// # Errors
    /// `Conflict` when it is not, or failed.
    pub(super) async fn get_done(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        let diff = self.get(tenant, id).await?;
        match diff.state {
            JobState::Done => Ok(diff),
            JobState::Failed => {
                let why = diff.error.unwrap_or_default();
                Err(Error::conflict(format!("the comparison failed: {why}")))
            }
            _ => Err(Error::conflict("the comparison is not done")),
        }
    }
}

/// The pages of a comparison, walked in the order that is asked for.
pub(super) struct Walk<'a> {
    archive: &'a TenantArchive,
    diff: &'a Diff,
    index: PageIndex,
    asked: &'a AskedChanges,
    marked: &'a ExpectedChanges,
}

impl<'a> Walk<'a> {
    pub(super) async fn open(
        archive: &'a TenantArchive,
        diff: &'a Diff,
        asked: &'a AskedChanges,
        marked: &'a ExpectedChanges,
    ) -> Result<Self> {
        // Why not always: without these every page may have what is asked for.
        let AskedChanges { chosen, order, .. } = asked;
        let is_narrowed = *order == ChangeOrder::Weight
            || chosen.kind.is_some()
            || chosen.min_weight.is_some()
            || chosen.role.is_some();
        let index =
            if is_narrowed { archive::page_index(archive, diff).await? } else { PageIndex::default() };
        Ok(Self { archive, diff, index, asked, marked })
    }

    /// Whether a change is asked for.
    fn is_asked(&self, change: &Change) -> bool {
        let is_expected = || self.marked.of(change).is_some();
        self.asked.chosen.has(change) && self.asked.expected.is_none_or(|wanted| wanted == is_expected())
    }

    /// The next changes, each with the place behind it, and the place where the next part begins; none at the end.
    pub(super) async fn take(
        &self,
        begin: Place,
        limit: usize,
    ) -> Result<(Vec<(Change, Place)>, Option<Place>)> {
        let (mut found, mut read) = (Vec::new(), 0);
        let mut at = Some(begin);
        while let Some(place) = at.take() {
            let Some(place) = self.next_page(place) else { return Ok((found, None)) };
            if read == PAGES_AT_ONCE {
                return Ok((found, Some(place)));
            }
            read += 1;
            let stored = archive::get_page(self.archive, self.diff, place.page).await?;
            // A cursor stands before a change that is there, or behind the last one of a page.
            if place.offset > stored.len() {
                return Err(not_ours());
            }
            for (offset, change) in stored.into_iter().enumerate().skip(place.offset) {
                if found.len() == limit {
                    return Ok((found, Some(Place { offset, ..place })));
                }
                let is_next = place.weight.is_none_or(|weight| change.weight() == weight);
                if is_next && self.is_asked(&change) {
                    found.push((change, Place { offset: offset + 1, ..place }));
                }
            }
            at = Some(Place { page: place.page + 1, offset: 0, ..place });
        }
        Ok((found, None))
    }

    /// The first place, from that one on, whose page may have something that is asked for.
    fn next_page(&self, mut place: Place) -> Option<Place> {
        let chosen = &self.asked.chosen;
        loop {
            let pages = place.page..self.diff.pages;
            if let Some(page) =
                pages.into_iter().find(|page| self.index.may_have(*page, chosen, place.weight))
            {
                let offset = if page == place.page { place.offset } else { 0 };
                return Some(Place { page, offset, ..place });
            }
            // In the order of weights, the pages come again for the next lower one.
            let weight = self.index.lower_weight(place.weight?)?;
            if chosen.min_weight.is_some_and(|least| weight < least) {
                return None;
            }
            place = Place { weight: Some(weight), page: 0, offset: 0 };
        }
    }
}

/// What came or went, read from the snapshot that holds it.
struct Objects<'a> {
    archive: &'a TenantArchive,
    diff: &'a Diff,
}

impl Objects<'_> {
    /// Adds to each object that came or went all that it had or has; returns how many changes fit into an answer, one at the least.
    async fn add(&self, found: &mut [(Change, Place)]) -> Result<usize> {
        let (mut views, mut bytes) = (HashMap::new(), 0);
        for (number, (change, _)) in found.iter_mut().enumerate() {
            // What goes on with a change has its links alone.
            if let Some(snapshot) = self.holder(change).filter(|_| !change.rating.continued) {
                if !views.contains_key(&snapshot) {
                    let view = SnapshotView::open(self.archive, &snapshot).await?;
                    views.insert(snapshot.clone(), view);
                }
                change.attributes = attributes(&views[&snapshot], change).await?;
            }
            bytes += serde_json::to_vec(change).map_or(MOST_BYTES, |text| text.len());
            if bytes > MOST_BYTES && number > 0 {
                return Ok(number);
            }
        }
        Ok(found.len())
    }

    /// The snapshot that holds an object that came or went.
    fn holder(&self, change: &Change) -> Option<SnapshotId> {
        match (change.what, &self.diff.after) {
            (What::Created, Side::Snapshot(after)) => Some(after.clone()),
            (What::Created, Side::Live) => self.diff.live_snapshot.clone(),
            (What::Deleted, _) => Some(change.since.clone().unwrap_or_else(|| self.diff.before.clone())),
            _ => None,
        }
    }
}

/// All that an object says which came or went, property by property.
async fn attributes(view: &SnapshotView, change: &Change) -> Result<Vec<AttributeChange>> {
    let kind = change.kind.get()?;
    let key = change.new_key.as_ref().unwrap_or(&change.key);
    let object = match view.find_object(kind, key).await? {
        Some(object) => object,
        None => view.find_object(kind, &change.key).await?.unwrap_or_default(),
    };
    let none = Map::new();
    let mut all = match change.what {
        What::Created => compare_objects(kind, &none, &object),
        _ => compare_objects(kind, &object, &none),
    };
    for attribute in &mut all {
        attribute.class = Class::Change;
    }
    Ok(all)
}

/// A place among the stored changes, as a cursor says it: the weight whose turn it is, where that is the order, the page, from 0,
/// and how many changes of it come before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    weight: Option<u8>,
    page: u32,
    offset: usize,
}

impl Place {
    pub(super) fn begin(order: ChangeOrder) -> Self {
        let weight = (order == ChangeOrder::Weight).then_some(u8::MAX);
        Self { weight, page: 0, offset: 0 }
    }

    pub(super) fn of(cursor: &str, bound: &str, order: ChangeOrder) -> Option<Self> {
        let mut parts = cursor.strip_prefix(bound)?.strip_prefix('.')?.splitn(3, '.');
        let (page, offset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let weight = match (parts.next(), order) {
            (Some(weight), ChangeOrder::Weight) => Some(weight.parse().ok()?),
            (None, ChangeOrder::Key) => None,
            _ => return None,
        };
        Some(Self { weight, page, offset })
    }

    /// The place as a cursor, which is good for that comparison alone.
    pub(super) fn cursor(&self, bound: &str) -> String {
        let weight = self.weight.map_or_else(String::new, |weight| format!(".{weight}"));
        format!("{bound}.{}.{}{weight}", self.page, self.offset)
    }
}

fn not_ours() -> Error {
    Error::invalid_field("cursor", "is not one that this list gave")
}
