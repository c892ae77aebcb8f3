//! A run and what happened to it, made the next run. What did not happen is neither read nor written.

use super::leaves::{LeafWriter, Written};
use super::op::Op;
use super::sorter::Ops;
use super::tenant::TenantArchive;
use async_trait::async_trait;
use domain::stored::{BlobHash, Class, MergeCounts, RunRef, SuspendedMerge, layer};
use domain::{ErrorKind, Result};
use std::collections::HashSet;

/// When a merge is suspended.
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    /// After this many records `is_over` is asked, and what a resolver has collected may be parked.
    pub every: u32,
    /// Whether the time is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> Stop<'a> {
    /// Asks about once in a millisecond.
    pub fn when(is_over: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { every: 1024, is_over }
    }
}

/// Says what a record becomes.
#[async_trait]
pub trait Resolver: Send {
    /// Writes the new value of a record into `new` (empty when called); says whether there is one. `old` is its value
    /// in the run that is merged onto; none where that has no such record, or where nothing is merged onto.
    fn resolve(&mut self, key: &[u8], old: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool>;
    /// Called between records now and then, and after the last.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What operations are merged onto.
#[derive(Clone, Copy, Debug)]
pub enum Onto<'a> {
    /// Nothing: the operations name all that there is, and a run without layers is written from them alone.
    Anew {
        /// A stored run whose leaves are not stored again where the new run has the same ones.
        sharing: Option<&'a RunRef>,
    },
    /// A run that the operations replace: they name every record that there still is, and what differs becomes a layer.
    Replacing(&'a RunRef),
    /// A run that the operations change: they name what has changed, and that becomes a layer.
    Changing(&'a RunRef),
}

/// How a merge ended.
pub enum Merged {
    /// It is complete: the next run.
    Done(RunRef),
    /// The time was over; park the operations as well, and resume both together.
    Suspended(SuspendedMerge, Box<Ops>),
}

/// A merge of operations onto a run.
pub struct Merge<'a> {
    archive: &'a TenantArchive,
    cut_bits: u32,
    onto: Onto<'a>,
    suspended: Option<&'a SuspendedMerge>,
    stop: Stop<'a>,
}

impl<'a> Merge<'a> {
    /// A merge that is not stopped. A run that is written anew has leaves that end after keys whose hash has `cut_bits`
    /// zero bits.
    pub fn new(archive: &'a TenantArchive, cut_bits: u32, onto: Onto<'a>) -> Self {
        Self { archive, cut_bits, onto, suspended: None, stop: Stop::when(&|| false) }
    }

    /// The same merge that is suspended when `stop` says so.
    #[must_use]
    pub fn stopping(self, stop: Stop<'a>) -> Self {
        Self { stop, ..self }
    }

    /// The same merge that goes on where it was suspended, if it was. Its operations have to begin after
    /// [`SuspendedMerge::last_key`].
    #[must_use]
    pub fn resuming(self, suspended: Option<&'a SuspendedMerge>) -> Self {
        Self { suspended, ..self }
    }

    /// Merges the operations, which stand before their first.
    pub async fn run(self, mut ops: Ops, resolver: &mut dyn Resolver) -> Result<Merged> {
        ops.advance().await?;
        match self.onto {
            Onto::Anew { sharing } => self.write_anew(sharing, ops, resolver).await,
            // Why: leaves that end after other keys cannot be shared; such a run is written anew, once.
            Onto::Replacing(run) if run.cut_bits != self.cut_bits => {
                self.write_anew(None, ops, resolver).await
            }
            Onto::Replacing(run) => self.replace(run, ops, resolver).await,
            Onto::Changing(run) => self.change(run, ops, resolver).await,
        }
    }

    /// Every operation stands for itself: there is nothing before it.
    async fn write_anew(
        self,
        sharing: Option<&RunRef>,
        mut ops: Ops,
        resolver: &mut dyn Resolver,
    ) -> Result<Merged> {
        let known = stored_leaves(self.archive, sharing).await?;
        let writer = LeafWriter::new(self.archive, Class::Leaf, self.cut_bits, known);
        let mut out = self.begin(writer, false, resolver).await?;
        while let Some(key) = ops.head() {
            out.put(key, None, ops.op()?).await?;
            ops.advance().await?;
            if out.is_time_over().await? {
                return out.suspend(ops).await;
            }
        }
        Ok(Merged::Done(out.finish().await?.0.into_run(self.cut_bits)))
    }

    /// Walks the run and the operations side by side, always at the lesser of their two keys.
    async fn replace(self, run: &RunRef, mut ops: Ops, resolver: &mut dyn Resolver) -> Result<Merged> {
        let writer = LeafWriter::new(self.archive, Class::Leaf, run.cut_bits, HashSet::new());
        let mut out = self.begin(writer, true, resolver).await?;
        // A merge that is resumed goes on behind the last key that it merged.
        let after = self.suspended.map_or(&[][..], |suspended| suspended.last_key.as_slice());
        let mut held = self.archive.open_run(Some(run)).await?.scan(after).await?;
        held.advance().await?;
        if self.suspended.is_some() && held.head() == Some(after) {
            held.advance().await?;
        }
        loop {
            let is_unnamed = match (held.head(), ops.head()) {
                (Some(key), Some(named)) => key < named,
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            if is_unnamed {
                // No operation names this record of the run, so it is no longer there.
                out.put(held.head().unwrap_or_default(), Some(held.value()), Op::Remove).await?;
                held.advance().await?;
            } else {
                let key = ops.head().unwrap_or_default();
                let is_held = held.head() == Some(key);
                out.put(key, is_held.then(|| held.value()), ops.op()?).await?;
                if is_held {
                    held.advance().await?;
                }
                ops.advance().await?;
            }
            if out.is_time_over().await? {
                return out.suspend(ops).await;
            }
        }
        Ok(Merged::Done(next_run(run, out).await?))
    }

    /// Looks up in the run what the operations name, and reads nothing else of it.
    async fn change(self, run: &RunRef, mut ops: Ops, resolver: &mut dyn Resolver) -> Result<Merged> {
        // Why before the run is opened: most runs do not change between two snapshots, and cost nothing then.
        if ops.head().is_none() && self.suspended.is_none() {
            return Ok(Merged::Done(run.clone()));
        }
        let writer = LeafWriter::new(self.archive, Class::Leaf, run.cut_bits, HashSet::new());
        let mut out = self.begin(writer, true, resolver).await?;
        let mut held = self.archive.open_run(Some(run)).await?.lookup();
        while let Some(key) = ops.head() {
            let old = held.get(key).await?;
            out.put(key, old, ops.op()?).await?;
            ops.advance().await?;
            if out.is_time_over().await? {
                return out.suspend(ops).await;
            }
        }
        Ok(Merged::Done(next_run(run, out).await?))
    }

    /// The output of the merge: empty, or as it was when the merge was suspended.
    async fn begin<'o>(
        &self,
        mut writer: LeafWriter,
        is_layer: bool,
        resolver: &'o mut dyn Resolver,
    ) -> Result<Output<'o>>
    where
        'a: 'o,
    {
        let (mut last_key, mut counts) = (Vec::new(), MergeCounts::default());
        if let Some(suspended) = self.suspended {
            writer.resume(&suspended.index, suspended.open_records.as_ref()).await?;
            last_key.clone_from(&suspended.last_key);
            counts = suspended.counts;
        }
        let (stop, seen, value, entry) = (self.stop, 0, Vec::new(), Vec::new());
        Ok(Output { writer, resolver, is_layer, stop, seen, last_key, counts, value, entry })
    }
}

/// The run with a layer of what the merge wrote; the run itself where the merge changed nothing.
async fn next_run(run: &RunRef, out: Output<'_>) -> Result<RunRef> {
    if out.counts.written == 0 {
        // Why not left out as well: what the resolver has collected is needed though the run is as before.
        out.resolver.flush().await?;
        return Ok(run.clone());
    }
    let (new, counts) = out.finish().await?;
    let mut next = run.clone();
    next.records = (run.records + counts.added).saturating_sub(counts.removed);
    next.leaves += new.leaves;
    next.plain_bytes += new.plain_bytes;
    next.layers.push(new.into_layer());
    Ok(next)
}

/// Where a merge writes records, and how far it has come.
struct Output<'a> {
    writer: LeafWriter,
    resolver: &'a mut dyn Resolver,
    /// Whether it writes a layer: then what stays as it is is left out, and a record that goes is written as removed.
    is_layer: bool,
    stop: Stop<'a>,
    /// Records that were put since the merge began or was resumed.
    seen: u32,
    /// The key that was put last.
    last_key: Vec<u8>,
    counts: MergeCounts,
    /// Space for a record's new value, and for that value as a layer has it; kept, since allocating it for each record
    /// would cost more than the rest.
    value: Vec<u8>,
    entry: Vec<u8>,
}

impl Output<'_> {
    /// Asks the resolver what becomes of a record, and writes that where it has to be written. Keys ascend.
    async fn put(&mut self, key: &[u8], old: Option<&[u8]>, op: Op<'_>) -> Result<()> {
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.seen += 1;
        self.value.clear();
        let is_there = self.resolver.resolve(key, old, op, &mut self.value)?;
        if !self.is_layer {
            return if is_there { self.writer.push(key, &self.value).await } else { Ok(()) };
        }
        // A layer has what differs from the run below it and nothing else.
        match (old, is_there) {
            (None, false) => Ok(()),
            (Some(old), true) if old == self.value.as_slice() => Ok(()),
            (old, true) => {
                self.counts.added += u64::from(old.is_none());
                self.counts.written += 1;
                // Why a tag in front: the value could be any bytes, those that mean "removed" included.
                self.entry.clear();
                layer::put_held(&mut self.entry, &self.value);
                self.writer.push(key, &self.entry).await
            }
            (Some(_), false) => {
                self.counts.removed += 1;
                self.counts.written += 1;
                self.writer.push(key, layer::removed()).await
            }
        }
    }

    /// Says, between two records, whether the merge is to be suspended now. Now and then it lets the resolver park.
    async fn is_time_over(&mut self) -> Result<bool> {
        if !self.seen.is_multiple_of(self.stop.every) {
            return Ok(false);
        }
        self.resolver.flush().await?;
        Ok((self.stop.is_over)())
    }

    /// Parks what was written, so that another merge can go on behind the last key.
    async fn suspend(self, ops: Ops) -> Result<Merged> {
        let (index, open_records) = self.writer.suspend().await?;
        let suspended = SuspendedMerge { index, open_records, last_key: self.last_key, counts: self.counts };
        Ok(Merged::Suspended(suspended, Box::new(ops)))
    }

    /// Stores what was written; gives it, and what it changed.
    async fn finish(self) -> Result<(Written, MergeCounts)> {
        self.resolver.flush().await?;
        Ok((self.writer.finish().await?, self.counts))
    }
}

/// The names of the leaves of a stored run's base, and of its index; none where there is no such run.
async fn stored_leaves(archive: &TenantArchive, run: Option<&RunRef>) -> Result<HashSet<BlobHash>> {
    let Some(run) = run else { return Ok(HashSet::new()) };
    match archive.get_index(&run.index).await {
        Ok(index) => Ok(index.leaves.iter().map(|l| l.hash).chain(std::iter::once(run.index)).collect()),
        // Why no error: nothing can be shared with a damaged run, but everything is being read anew, and so every leaf
        // can be stored again.
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(HashSet::new()),
        Err(error) => Err(error),
    }
}
