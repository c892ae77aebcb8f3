//! What a snapshot has no more of what the one before it had, by the names that are looked for.

use super::life::Life;
use super::place::Place;
use super::{Departure, EverFound, Search, has, properties};
use crate::archive::{Differences, Part, SnapshotView, Way, names_run, read_object};
use crate::log::Entry;
use domain::kinds::Kind;
use domain::stored::{Became, Differing, names};
use domain::{Error, Result, SnapshotId};
use serde_json::Value;
use std::collections::BTreeSet;

impl Search<'_> {
    /// What a snapshot has no more, and the one before it had.
    pub(super) async fn lost(
        &mut self,
        part: &Part,
        view: &SnapshotView,
        before: &SnapshotId,
        (from, mut behind): (usize, String),
    ) -> Result<Option<Place>> {
        let at = view.manifest().snapshot.clone();
        for (number, &kind) in self.kinds.iter().enumerate().skip(from) {
            let behind = std::mem::take(&mut behind);
            let Some(older) = self.older(view, before, kind).await? else { continue };
            let lost = self.lost_keys(part, (&older, view), kind).await?;
            let mut looked_at = behind.clone();
            for key in lost.into_iter().filter(|key| *key > behind) {
                if self.found.items.len() >= self.limit {
                    return Ok(Some(Place::Lost(at, number, looked_at)));
                }
                if let Some(found) = self.lost_object(part, (&older, view), kind, &key).await? {
                    self.found.items.push(found);
                }
                if self.archive.reads() >= self.end {
                    return Ok(Some(Place::Lost(at, number, key)));
                }
                looked_at = key;
            }
        }
        Ok(None)
    }

    /// The keys of objects of which a name that has the part is in the older snapshot and not in the later one.
    async fn lost_keys(
        &self,
        part: &Part,
        (older, later): (&SnapshotView, &SnapshotView),
        kind: &'static Kind,
    ) -> Result<BTreeSet<String>> {
        let of_objects = part.ways() == [Way::Objects];
        let run = if of_objects { kind.run().to_owned() } else { names_run(kind) };
        let mut lost = BTreeSet::new();
        let mut differences =
            Differences::new(self.archive, older.find_run(&run), later.find_run(&run)).await?;
        while let Some(difference) = differences.next().await? {
            let Some(before) = difference.before else { continue };
            let id = if of_objects {
                let object = read_object(&before)?;
                has(part, kind, &object).then(|| key_text(&difference.key)).transpose()?
            } else {
                match names::split_key(&difference.key) {
                    Some((text, id)) if difference.after.is_none() && part.may_be_in(text) => {
                        Some(id.to_owned())
                    }
                    _ => None,
                }
            };
            lost.extend(id);
        }
        Ok(lost)
    }

    /// The object, where that is the last snapshot in which a name of it has the part.
    async fn lost_object(
        &mut self,
        part: &Part,
        (older, later): (&SnapshotView, &SnapshotView),
        kind: &'static Kind,
        key: &str,
    ) -> Result<Option<EverFound>> {
        let was = older.find_object(kind, key).await?.unwrap_or_default();
        let is = later.find_object(kind, key).await?.unwrap_or_default();
        if !has(part, kind, &was) || has(part, kind, &is) {
            return Ok(None);
        }
        // Why told all the same: it was met here, and how it went on is too far to look, or cannot be read.
        let seen = || Life::seen_in(older.manifest().snapshot.clone(), Some(Departure::Deleted));
        let life = self.life(kind, key).await?.unwrap_or_else(seen);
        // Why besides the log: what follows from other properties is in none.
        if let Some(holder) = self.holder(kind).await?
            && holder.find_object(kind, key).await?.is_some_and(|object| has(part, kind, &object))
        {
            return Ok(None);
        }
        for entry in life.entries.iter().filter(|entry| entry.snapshot > later.manifest().snapshot) {
            if self.is_named(part, kind, key, entry).await? {
                return Ok(None);
            }
        }
        let until = older.manifest().snapshot.clone();
        let until = (life.last != until).then_some(until);
        Ok(Some(self.shown(kind, key, life, until).await?))
    }

    /// Whether an object has such a name after what became of it.
    async fn is_named(&self, part: &Part, kind: &'static Kind, key: &str, entry: &Entry) -> Result<bool> {
        match entry.logged.became {
            Became::Went | Became::Binned | Became::Gone => Ok(false),
            Became::Changed => {
                let differing = Differing::from_text(&entry.logged.said)?;
                let is_name = |property: &str| properties(kind).any(|name| name == property);
                Ok(differing.iter().filter(|one| is_name(&one.property)).any(|one| {
                    one.after.as_ref().and_then(Value::as_str).is_some_and(|text| part.is_in(text))
                }))
            }
            Became::Came | Became::Returned => {
                let view = SnapshotView::open(self.archive, &entry.snapshot).await?;
                Ok(view.find_object(kind, key).await?.is_some_and(|object| has(part, kind, &object)))
            }
        }
    }
}

fn key_text(key: &[u8]) -> Result<String> {
    std::str::from_utf8(key).map(str::to_owned).map_err(|e| Error::corrupt("a key is not text").caused_by(e))
}
