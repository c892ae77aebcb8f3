//! The logs of a snapshot, written when its runs are complete and before it is sealed.
//!
//! Why not while the runs are merged: what a merge writes is not yet what the snapshot holds (links to what was deleted for
//! good are taken out last), a short list is not merged onto anything, and a run may have been held last by a snapshot that
//! is not the base. What both sides share is not read, and what differs was read a moment before.

use super::entry::{Logged, Part, Sides, ends};
use crate::archive::{
    Budget, Difference, Differences, LeafWriter, Op, SnapshotView, Sorter, TenantArchive, bin,
    consolidate_log, read_object,
};
use crate::held::last_holders;
use domain::kinds::Kind;
use domain::stored::fold::without_case;
use domain::stored::{Became, Class, LayerRef, LogEntry, LogGap, LogRef, Manifest, RunRef, layer, log_key};
use domain::{ErrorKind, Result, SnapshotId};
use engine::records::Records;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The keys of what objects are recognised by are short, so their leaves end more rarely.
const RECOGNISED_CUT_BITS: u32 = 11;

/// Writes the logs of one snapshot.
pub struct Logs<'a> {
    /// Where its runs are, and those of the snapshots before.
    pub archive: &'a TenantArchive,
    /// Rows of the snapshots before.
    pub records: &'a Records,
    /// Whether the time is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
    /// Whether there is time to write so many plain bytes once more.
    pub may_merge: &'a (dyn Fn(u64) -> bool + Sync),
}

/// The snapshots that the new one is compared with.
struct Before {
    base: Option<SnapshotId>,
    /// The base; none where there is none, or it cannot be read.
    own: Option<Arc<SnapshotView>>,
    /// Of runs that the base does not hold, the last one that did; none where it cannot be read.
    older: BTreeMap<String, Option<Arc<SnapshotView>>>,
}

impl Before {
    /// The snapshot that held a run last, if one did that can be read.
    fn holder(&self, run: &str) -> Option<&Arc<SnapshotView>> {
        match &self.own {
            Some(own) if own.find_run(run).is_some() => Some(own),
            _ => self.older.get(run).and_then(Option::as_ref),
        }
    }

    /// Whether it is known that no snapshot before held the run.
    fn never_held(&self, run: &str) -> bool {
        match &self.own {
            Some(own) => own.find_run(run).is_none() && !self.older.contains_key(run),
            None => self.base.is_none(),
        }
    }

    /// The base's log of a run.
    fn log(&self, run: &str) -> Option<&LogRef> {
        self.own.as_ref().and_then(|own| own.manifest().logs.get(run))
    }
}

impl Logs<'_> {
    /// Writes the logs that are not among `logs` yet; says whether all are written, or the time is over first. Each call
    /// writes at least one.
    ///
    /// # Errors
    /// Passing ones. A snapshot before, or a log, that is damaged is none: then the log begins anew.
    pub async fn write(
        &self,
        manifest: &Manifest,
        base: Option<&SnapshotId>,
        logs: &mut BTreeMap<String, LogRef>,
    ) -> Result<bool> {
        let before = self.before(manifest, base).await?;
        let after = SnapshotView::of(self.archive, manifest.clone());
        for logged in Logged::all() {
            let run = logged.run();
            if logs.contains_key(&run) {
                continue;
            }
            let Some(log) = self.log_of(logged, &before, &after).await? else { continue };
            let has_written = log.own.is_some();
            logs.insert(run, log);
            if has_written && (self.is_over)() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The snapshots that held what this one holds, or lacks.
    async fn before(&self, manifest: &Manifest, base: Option<&SnapshotId>) -> Result<Before> {
        let mut before = Before { base: base.cloned(), own: None, older: BTreeMap::new() };
        let Some(id) = base else { return Ok(before) };
        before.own = self.find(id).await?;
        let Some(own) = before.own.clone() else { return Ok(before) };
        // Of what is lacked the log of the base goes on to be named, so nothing is looked for.
        let is_wanted = |run: &String| {
            own.find_run(run).is_none()
                && (manifest.runs.contains_key(run) || !own.manifest().logs.contains_key(run))
        };
        let wanted: BTreeSet<String> = Logged::all().map(Logged::run).filter(is_wanted).collect();
        if !wanted.is_empty() {
            let of = (id, Some(own.manifest()));
            let mut opened: BTreeMap<SnapshotId, Option<Arc<SnapshotView>>> = BTreeMap::new();
            for (run, id) in last_holders(self.records, &manifest.tenant, of, wanted).await? {
                if !opened.contains_key(&id) {
                    let view = self.find(&id).await?;
                    opened.insert(id.clone(), view);
                }
                let view = opened.get(&id).cloned().flatten();
                before.older.insert(run.clone(), view.filter(|view| view.find_run(&run).is_some()));
            }
        }
        Ok(before)
    }

    /// A sealed snapshot; none where it is not there or is damaged.
    async fn find(&self, id: &SnapshotId) -> Result<Option<Arc<SnapshotView>>> {
        match SnapshotView::open(self.archive, id).await {
            Ok(view) => Ok(Some(Arc::new(view))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt) => {
                tracing::error!(snapshot = %id, kind = error.kind().name(), "a snapshot before cannot be opened; logs begin anew");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The log of one run; none where the run is not held, and was held before the logs began.
    async fn log_of(&self, logged: Logged, before: &Before, after: &SnapshotView) -> Result<Option<LogRef>> {
        let (run, id) = (logged.run(), after.manifest().snapshot.clone());
        let known = before.log(&run);
        if after.find_run(&run).is_none() {
            let carried = known.map(LogRef::carried);
            let never = before.never_held(&run).then(|| LogRef::beginning(id, true));
            return Ok(carried.or(never));
        }
        let Some(holder) = before.holder(&run) else {
            return Ok(Some(LogRef::beginning(id, before.never_held(&run))));
        };
        let holder_id = &holder.manifest().snapshot;
        let mut log = match known {
            Some(log) => log.carried(),
            None => LogRef::beginning(holder_id.clone(), false),
        };
        if before.base.as_ref() != Some(holder_id) {
            log.gaps.push(LogGap { after: holder_id.clone(), until: id.clone() });
        }
        let sides = Sides { before: holder, after };
        match self.append(logged, sides, &mut log).await {
            Ok(()) => Ok(Some(LogRef { against: Some(holder_id.clone()), ..log })),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                tracing::error!(snapshot = %id, run, %error, "what changed cannot be logged; the log begins anew");
                Ok(Some(LogRef::beginning(id, false)))
            }
            Err(error) => Err(error),
        }
    }

    /// Adds what differs between the two sides to a log.
    async fn append(&self, logged: Logged, sides: Sides<'_>, log: &mut LogRef) -> Result<()> {
        let run = logged.run();
        let (old, new) = (sides.before.find_run(&run), sides.after.find_run(&run));
        let mut records = Differences::new(self.archive, old, new).await?;
        let mut emptied = Emptied::open(self.archive, logged, sides).await?;
        let mut own = Added::new(self.archive, logged.cut_bits());
        let mut second = Sorter::new(self.archive, Vec::new(), &Budget::default());
        let id = &sides.after.manifest().snapshot;
        // What differs and what left the recycle bin, each in the order of its keys: the lesser of the two comes next.
        let mut next = records.next().await?;
        loop {
            let purged = emptied.next_before(next.as_ref().map(|d| d.key.as_slice())).await?;
            let (key, entry) = match (purged, &next) {
                (Some(key), _) => (key, Some(gone_from(sides))),
                (None, Some(Difference { key, before, after })) => {
                    let values = (before.as_deref(), after.as_deref());
                    let entry = sides.entry(logged, key, values).await?;
                    if let Some(entry) = &entry {
                        push_second(&mut second, (logged, id), key, (values, entry)).await?;
                    }
                    let key = key.clone();
                    next = records.next().await?;
                    (key, entry)
                }
                (None, None) => break,
            };
            if let Some(entry) = entry {
                own.push(&log_key(&key, id), &entry.to_bytes()).await?;
            }
        }
        if let Some(layer) = own.finish().await? {
            log.run = Some(self.with_layer(log.run.take(), logged.cut_bits(), layer.clone()).await?);
            log.own = Some(layer);
        }
        if !second.is_empty() {
            let cut_bits =
                if matches!(logged.part, Part::Links(_)) { logged.cut_bits() } else { RECOGNISED_CUT_BITS };
            let mut sorted = Added::new(self.archive, cut_bits);
            let mut ops = second.into_ops(None).await?;
            while ops.advance().await? {
                if let Op::Put(value) = ops.op()? {
                    sorted.push(ops.head().unwrap_or_default(), value).await?;
                }
            }
            if let Some(layer) = sorted.finish().await? {
                log.second = Some(self.with_layer(log.second.take(), cut_bits, layer).await?);
            }
        }
        Ok(())
    }

    /// A log with one more layer, kept shallow like any run.
    async fn with_layer(&self, run: Option<RunRef>, cut_bits: u32, layer: LayerRef) -> Result<RunRef> {
        let mut run = match run {
            Some(run) => run,
            None => LeafWriter::new(self.archive, Class::Leaf, cut_bits, HashSet::new())
                .finish()
                .await?
                .into_run(cut_bits),
        };
        run.records += layer.records;
        run.leaves += layer.leaves;
        run.plain_bytes += layer.plain_bytes;
        run.layers.push(layer);
        consolidate_log(self.archive, run, self.may_merge).await
    }
}

/// Writes a layer in which every record is there.
struct Added {
    writer: LeafWriter,
    is_empty: bool,
    value: Vec<u8>,
}

impl Added {
    fn new(archive: &TenantArchive, cut_bits: u32) -> Self {
        let writer = LeafWriter::new(archive, Class::Leaf, cut_bits, HashSet::new());
        Self { writer, is_empty: true, value: Vec::new() }
    }

    async fn push(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        self.is_empty = false;
        self.value.clear();
        layer::put_held(&mut self.value, value);
        self.writer.push(key, &self.value).await
    }

    /// The layer; none where it would be empty.
    async fn finish(self) -> Result<Option<LayerRef>> {
        if self.is_empty {
            return Ok(None);
        }
        Ok(Some(self.writer.finish().await?.into_layer()))
    }
}

/// What left the recycle bin between two snapshots, in the order of its keys.
struct Emptied {
    bins: Option<Differences>,
    next: Option<Vec<u8>>,
}

impl Emptied {
    /// Of objects whose recycle bin both sides know; of all else nothing.
    async fn open(archive: &TenantArchive, logged: Logged, sides: Sides<'_>) -> Result<Self> {
        let name = bin(logged.kind);
        let is_of_objects = matches!(logged.part, Part::Objects);
        let bins = match (sides.before.find_run(&name), sides.after.find_run(&name)) {
            (Some(before), Some(after)) if is_of_objects => {
                Some(Differences::new(archive, Some(before), Some(after)).await?)
            }
            _ => None,
        };
        let mut emptied = Self { bins, next: None };
        emptied.go_on().await?;
        Ok(emptied)
    }

    async fn go_on(&mut self) -> Result<()> {
        self.next = None;
        while let Some(bins) = &mut self.bins
            && let Some(found) = bins.next().await?
        {
            if found.after.is_none() {
                self.next = Some(found.key);
                break;
            }
        }
        Ok(())
    }

    /// The next object that left the bin and comes before that record; none where the record comes first. One that is the
    /// record returned, and is passed over.
    async fn next_before(&mut self, record: Option<&[u8]>) -> Result<Option<Vec<u8>>> {
        if self.next.is_some() && self.next.as_deref() == record {
            self.go_on().await?;
        }
        let comes_first = self.next.as_deref().is_some_and(|key| record.is_none_or(|record| key < record));
        if !comes_first {
            return Ok(None);
        }
        let key = self.next.take();
        self.go_on().await?;
        Ok(key)
    }
}

/// The entry of an object that lay in the recycle bin and is gone for good.
fn gone_from(sides: Sides<'_>) -> LogEntry {
    LogEntry { became: Became::Gone, before: sides.before.manifest().snapshot.clone(), said: Vec::new() }
}

/// A record's values on the two sides.
type Values<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Adds an entry to the second log of its run.
async fn push_second(
    second: &mut Sorter,
    (logged, id): (Logged, &SnapshotId),
    key: &[u8],
    (values, entry): (Values<'_>, &LogEntry),
) -> Result<()> {
    match logged.part {
        Part::Facet(_) => Ok(()),
        // What a link says is told from its near end alone: by its far end there is nothing to hold it against.
        Part::Links(_) if entry.became == Became::Changed => Ok(()),
        Part::Links(_) => {
            let (from, to) = ends(key)?;
            let key = log_key(format!("{to}/{from}").as_bytes(), id);
            second.push(&key, Op::Put(&entry.to_bytes())).await
        }
        Part::Objects => {
            // Of one that stays it is not asked who it might be.
            let ((Some(object), None) | (None, Some(object))) = values else { return Ok(()) };
            // What it is told by stands in the first log.
            let entry = LogEntry { said: Vec::new(), ..entry.clone() };
            for value in recognised(logged.kind, object)? {
                let record = [value.as_bytes(), b"\0", key].concat();
                second.push(&log_key(&record, id), Op::Put(&entry.to_bytes())).await?;
            }
            Ok(())
        }
    }
}

/// What an object is recognised by: each property that the table names, with `=` and its value without case.
pub(crate) fn recognised(kind: &Kind, object: &[u8]) -> Result<Vec<String>> {
    if kind.recognised_by.is_empty() {
        return Ok(Vec::new());
    }
    let object = read_object(object)?;
    let texts = kind.recognised_by.iter().filter_map(|p| Some((*p, object.get(*p)?.as_str()?)));
    let texts = texts.filter(|(_, text)| !text.is_empty());
    Ok(texts.map(|(property, text)| format!("{property}={}", without_case(text))).collect())
}
