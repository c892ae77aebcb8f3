//! What differs between two snapshots in one run, written as a layer of its log: in as many pieces as the time takes.

use super::entry::{Logged, Part, Sides, ends};
use crate::archive::{
    Budget, Difference, Differences, LeafWriter, Op, Sorter, TenantArchive, bin, read_object,
};
use domain::kinds::Kind;
use domain::stored::fold::without_case;
use domain::stored::{Became, Class, LayerRef, LogEntry, SuspendedLog, layer, log_key};
use domain::{Result, SnapshotId};
use std::collections::HashSet;

/// After so many records it is asked whether the time is over.
const STEP: u32 = 256;

/// The log of one run, as it is written.
pub(super) struct Append<'a> {
    pub(super) archive: &'a TenantArchive,
    pub(super) logged: Logged,
    pub(super) sides: Sides<'a>,
    /// Whether the time is over.
    pub(super) is_over: &'a (dyn Fn() -> bool + Sync),
}

/// How it ended.
pub(super) enum Appended {
    /// The layers of the log and of the second one; none where they would be empty.
    Done {
        own: Option<LayerRef>,
        second: Option<LayerRef>,
    },
    Suspended(SuspendedLog),
}

impl Append<'_> {
    /// Writes what differs, from the beginning or from where it was put down. Each call does at least [`STEP`] records.
    pub(super) async fn run(&self, resumed: Option<SuspendedLog>) -> Result<Appended> {
        let run = self.logged.run();
        let (old, new) = (self.sides.before.find_run(&run), self.sides.after.find_run(&run));
        let start = resumed.as_ref().map(|s| [s.last_key.as_slice(), b"\0"].concat()).unwrap_or_default();
        let mut records = Differences::from_key(self.archive, old, new, &start).await?;
        let mut emptied = Emptied::open(self, &start).await?;
        let mut own = Added::new(self.archive, self.logged.cut_bits());
        if let Some(resumed) = &resumed {
            own.resume(resumed).await?;
        }
        let blocks = resumed.map(|resumed| resumed.second).unwrap_or_default();
        let mut second = Sorter::new(self.archive, blocks, &Budget::default());
        let mut seen = 0_u32;
        // What differs and what left the recycle bin, each in the order of its keys: the lesser of the two comes next.
        let mut next = records.next().await?;
        loop {
            let purged = emptied.next_before(next.as_ref().map(|d| d.key.as_slice())).await?;
            let (key, entry) = match (purged, &next) {
                (Some(key), _) => {
                    let entry = self.gone_from_bin(&key).await?;
                    (key, entry)
                }
                (None, Some(found)) => {
                    let entry = self.entry(found, &mut second).await?;
                    let key = found.key.clone();
                    next = records.next().await?;
                    (key, entry)
                }
                (None, None) => break,
            };
            if let Some(entry) = entry {
                own.push(&log_key(&key, self.id()), &entry.to_bytes()).await?;
            }
            seen += 1;
            if seen.is_multiple_of(STEP) && (self.is_over)() {
                return self.suspend((run, key), own, second).await.map(Appended::Suspended);
            }
        }
        Ok(Appended::Done { own: own.finish().await?, second: self.sorted(second).await? })
    }

    fn id(&self) -> &SnapshotId {
        &self.sides.after.manifest().snapshot
    }

    async fn suspend(
        &self,
        (run, last_key): (String, Vec<u8>),
        own: Added,
        second: Sorter,
    ) -> Result<SuspendedLog> {
        let is_empty = own.is_empty;
        let (index, open_records) = own.writer.suspend().await?;
        let second = second.into_blocks().await?;
        Ok(SuspendedLog { run, last_key, is_empty, index, open_records, second })
    }

    /// The entry of a record that differs, which is added to the second log as well.
    async fn entry(&self, found: &Difference, second: &mut Sorter) -> Result<Option<LogEntry>> {
        let values = (found.before.as_deref(), found.after.as_deref());
        let entry = self.sides.entry(self.logged, &found.key, values).await?;
        if let Some(entry) = &entry {
            push_second(second, (self.logged, self.id()), &found.key, (values, entry)).await?;
        }
        Ok(entry)
    }

    /// The entry of an object that lay in the recycle bin and is gone for good; none of one that is there.
    async fn gone_from_bin(&self, key: &[u8]) -> Result<Option<LogEntry>> {
        let run = self.sides.after.find_run(self.logged.kind.run());
        // Why it is asked: what lies in the bin is listed after the objects were read, so one that somebody deletes in between is in
        // both, and has not gone if it is taken out of the bin.
        if let Some(run) = run
            && self.sides.after.find_record(run, key).await?.is_some()
        {
            return Ok(None);
        }
        let before = self.sides.before.manifest().snapshot.clone();
        Ok(Some(LogEntry { became: Became::Gone, before, said: Vec::new() }))
    }

    /// The layer of the second log.
    async fn sorted(&self, second: Sorter) -> Result<Option<LayerRef>> {
        if second.is_empty() {
            return Ok(None);
        }
        let mut sorted = Added::new(self.archive, self.logged.second_cut_bits());
        let mut ops = second.into_ops(None).await?;
        while ops.advance().await? {
            if let Op::Put(value) = ops.op()? {
                sorted.push(ops.head().unwrap_or_default(), value).await?;
            }
        }
        sorted.finish().await
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

    /// The same that goes on with what was put down.
    async fn resume(&mut self, suspended: &SuspendedLog) -> Result<()> {
        self.is_empty = suspended.is_empty;
        self.writer.resume(&suspended.index, suspended.open_records.as_ref()).await
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
    async fn open(append: &Append<'_>, start: &[u8]) -> Result<Self> {
        let (name, sides) = (bin(append.logged.kind), append.sides);
        let is_of_objects = matches!(append.logged.part, Part::Objects);
        let bins = match (sides.before.find_run(&name), sides.after.find_run(&name)) {
            (Some(before), Some(after)) if is_of_objects => {
                Some(Differences::from_key(append.archive, Some(before), Some(after), start).await?)
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
