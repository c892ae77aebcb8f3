//! What a snapshot's own entries tell of a run, in the form in which a comparison finds what differs: of each record that differs
//! what either side has of it, as far as it is told.
//!
//! Of an object that is what differs and is told, and by what the object is told; of a facet and of a link all of it. So a comparison
//! makes the same of both, and reads no leaf that neither side has changed.

use super::entry::{Logged, Part};
use crate::archive::SnapshotView;
use crate::archive::{Difference, LeafReader, TenantArchive, open_layer};
use domain::stored::{Became, Differing, LayerRef, LogEntry, layer, of_log_key};
use domain::{Error, Result, SnapshotId, canonical};
use serde_json::{Map, Value};

/// The layer that a snapshot added to a log, and what it was held against.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    logged: Logged,
    /// None where nothing differs.
    layer: Option<LayerRef>,
    snapshot: SnapshotId,
    against: SnapshotId,
}

impl Own {
    /// What a snapshot's log says of all that became of a run since another; none where it does not say that.
    pub(crate) fn find(logged: Logged, before: &SnapshotView, after: &SnapshotView) -> Option<Self> {
        let log = after.manifest().logs.get(&logged.run())?;
        let against = log.against.clone().filter(|id| *id == before.manifest().snapshot)?;
        // Why: that a property came in all objects at once is counted, and a log says nothing of what one side does not know. Where
        // properties are selected, what is absent is unknown, and never counted.
        let is_all_known = |view: &SnapshotView| view.manifest().unknown_parts(logged.kind).is_empty();
        let counts = matches!(logged.part, Part::Objects) && logged.kind.selected().next().is_none();
        if counts && !(is_all_known(before) && is_all_known(after)) {
            return None;
        }
        let (layer, snapshot) = (log.own.clone(), after.manifest().snapshot.clone());
        Some(Self { logged, layer, snapshot, against })
    }

    /// The records that differ, from `start` on.
    pub(crate) async fn read(&self, archive: &TenantArchive, start: &[u8]) -> Result<OwnEntries> {
        let reader = match &self.layer {
            Some(layer) => Some(open_layer(archive, layer, start).await?),
            None => None,
        };
        Ok(OwnEntries { own: self.clone(), reader, start: start.to_vec() })
    }
}

/// Records that differ, in the order of their keys.
pub(crate) struct OwnEntries {
    own: Own,
    /// Stands at the next entry.
    reader: Option<LeafReader>,
    /// What is before it is passed over.
    start: Vec<u8>,
}

impl OwnEntries {
    /// The next record that differs; none after the last.
    ///
    /// # Errors
    /// `Corrupt` when the log is damaged, or is of other snapshots.
    pub(crate) async fn next(&mut self) -> Result<Option<Difference>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        while let Some(key) = reader.head() {
            let (record, snapshot) = of_log_key(key)?;
            let entry = layer::read(reader.value())?.map(LogEntry::from_bytes).transpose()?;
            let entry = entry.filter(|e| snapshot == self.own.snapshot && e.before == self.own.against);
            let entry = entry.ok_or_else(|| Error::corrupt("an entry of a log is of other snapshots"))?;
            let is_wanted = record >= self.start.as_slice();
            let found = if is_wanted { self.own.difference(record, &entry)? } else { None };
            reader.advance().await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Own {
    /// The record of an entry; none where it is of one that neither side has.
    fn difference(&self, key: &[u8], entry: &LogEntry) -> Result<Option<Difference>> {
        let sides = match self.logged.part {
            Part::Objects => objects(key, entry)?,
            Part::Facet(_) => values(entry)?,
            Part::Links(_) if entry.became == Became::Changed => values(entry)?,
            Part::Links(_) if entry.became == Became::Came => (None, Some(entry.said.clone())),
            Part::Links(_) => (Some(entry.said.clone()), None),
        };
        let (before, after) = sides;
        let differs = before.is_some() || after.is_some();
        Ok(differs.then(|| Difference { key: key.to_vec(), before, after }))
    }
}

/// A record's values on the two sides.
type Sides = (Option<Vec<u8>>, Option<Vec<u8>>);

/// What either side has of an object, as far as it is told.
fn objects(key: &[u8], entry: &LogEntry) -> Result<Sides> {
    // One that left the recycle bin: there is nothing that it could be told by.
    if entry.said.is_empty() {
        return Ok((None, None));
    }
    let key = std::str::from_utf8(key).map_err(|e| Error::corrupt("a key is not text").caused_by(e))?;
    let own_id = || Map::from_iter([("id".to_owned(), Value::from(key))]);
    let (mut before, mut after) = (own_id(), own_id());
    for Differing { property, before: old, after: new } in Differing::from_text(&entry.said)? {
        before.extend(old.map(|value| (property.clone(), value)));
        after.extend(new.map(|value| (property.clone(), value)));
    }
    let text = |object: Map<String, Value>| Some(canonical::text(&Value::Object(object)).into_bytes());
    Ok(match entry.became {
        Became::Came | Became::Returned => (None, text(after)),
        Became::Went | Became::Binned | Became::Gone => (text(before), None),
        Became::Changed => (text(before), text(after)),
    })
}

/// What either side has of a record that has one value.
fn values(entry: &LogEntry) -> Result<Sides> {
    let text = |value: Option<Value>| value.map(|value| canonical::text(&value).into_bytes());
    let one = Differing::from_text(&entry.said)?.into_iter().next();
    let one = one.ok_or_else(|| Error::corrupt("an entry of a log says nothing"))?;
    Ok((text(one.before), text(one.after)))
}
