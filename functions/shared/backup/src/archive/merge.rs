//! A run and what happened to it, made the next run. What did not happen is neither read nor written.

use super::op::Op;
use super::{LeafWriter, Lookup, Ops, RunReader, TenantArchive, Written};
use async_trait::async_trait;
use domain::stored::{BlobHash, Class, LayerRef, RunRef, layer};
use domain::{ErrorKind, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// When a merge is to be put down.
#[derive(Clone, Copy)]
pub struct Stop<'a> {
    /// After so many records it is asked, and what a resolver has collected may be parked.
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
    /// Writes the new value of a record into `new` (empty when called); says whether there is one.
    fn resolve(&mut self, key: &[u8], old: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool>;
    /// Called between records now and then.
    async fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What operations are merged onto.
#[derive(Clone, Copy, Debug)]
pub enum Onto<'a> {
    /// Nothing: they say all that there is. Leaves that the named run has are stored already.
    Nothing(Option<&'a RunRef>),
    /// A run of which they name every record that there still is.
    Whole(&'a RunRef),
    /// A run of which they name what changed.
    Changes(&'a RunRef),
}

/// A merge that was put down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Partial {
    index: BlobHash,
    open: Option<BlobHash>,
    #[serde(with = "hex")]
    last_key: Vec<u8>,
    counts: Counts,
}

/// What a merge changed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counts {
    came: u64,
    went: u64,
    written: u64,
}

impl Partial {
    /// The last key that was merged.
    pub fn last_key(&self) -> &[u8] {
        &self.last_key
    }
}

/// How a merge ended.
pub enum Merged {
    /// The next run.
    Done(RunRef),
    /// It was stopped; the operations are to be put down as well.
    Stopped(Partial, Box<Ops>),
}

/// Merges operations (before their first, or from after [`Partial::last_key`] on) onto a run.
pub async fn merge(
    archive: &TenantArchive,
    cut_bits: u32,
    onto: Onto<'_>,
    mut ops: Ops,
    begun: Option<&Partial>,
    resolver: &mut dyn Resolver,
    stop: Stop<'_>,
) -> Result<Merged> {
    // Why: leaves with other cuts cannot be shared; such a run is written anew, once.
    let onto = match onto {
        Onto::Whole(run) if run.cut_bits != cut_bits => Onto::Nothing(None),
        other => other,
    };
    ops.advance().await?;
    let (run, cut_bits) = match onto {
        Onto::Changes(run) if ops.head().is_none() && begun.is_none() => {
            return Ok(Merged::Done(run.clone()));
        }
        Onto::Changes(run) | Onto::Whole(run) => (Some(run), run.cut_bits),
        Onto::Nothing(_) => (None, cut_bits),
    };
    let known = match onto {
        Onto::Nothing(known) => known_leaves(archive, known).await?,
        _ => HashSet::new(),
    };
    let mut writer = LeafWriter::new(archive, Class::Leaf, cut_bits, known);
    let mut out =
        Out { is_layer: run.is_some(), value: Vec::new(), held: Vec::new(), counts: Counts::default() };
    if let Some(partial) = begun {
        writer.take_up(&partial.index, partial.open.as_ref()).await?;
        out.counts = partial.counts;
    }
    let opened = archive.open_run(run).await?;
    let mut old = match onto {
        Onto::Nothing(_) => Old::Nothing,
        Onto::Changes(_) => Old::Asked(Box::new(opened.lookup())),
        Onto::Whole(_) => {
            let after = begun.map_or(&[][..], |p| p.last_key.as_slice());
            let mut reader = opened.scan(after).await?;
            reader.advance().await?;
            if begun.is_some() && reader.head() == Some(after) {
                reader.advance().await?;
            }
            Old::Read(Box::new(reader))
        }
    };
    let mut count = 0;
    let mut last_key: Vec<u8> = begun.map_or(Vec::new(), |p| p.last_key.clone());
    loop {
        // Which comes next: a record that no operation names, or an operation.
        let unnamed = match (&old, ops.head()) {
            (Old::Read(reader), Some(key)) => reader.head().is_some_and(|head| head < key),
            (Old::Read(reader), None) => reader.head().is_some(),
            (_, Some(_)) => false,
            (_, None) => break,
        };
        if unnamed {
            if let Old::Read(reader) = &mut old {
                last_key.clear();
                last_key.extend_from_slice(reader.head().unwrap_or_default());
                out.resolve(&mut writer, resolver, &last_key, Some(reader.value()), Op::Remove).await?;
                reader.advance().await?;
            }
        } else {
            let Some(key) = ops.head() else { break };
            last_key.clear();
            last_key.extend_from_slice(key);
            match &mut old {
                Old::Nothing => out.resolve(&mut writer, resolver, key, None, ops.op()?).await?,
                Old::Asked(lookup) => {
                    let before = lookup.get(key).await?;
                    out.resolve(&mut writer, resolver, key, before, ops.op()?).await?;
                }
                Old::Read(reader) => {
                    let same = reader.head() == Some(key);
                    let before = same.then(|| reader.value());
                    out.resolve(&mut writer, resolver, key, before, ops.op()?).await?;
                    if same {
                        reader.advance().await?;
                    }
                }
            }
            ops.advance().await?;
        }
        count += 1;
        if count % stop.every == 0 {
            resolver.flush().await?;
            if (stop.is_over)() {
                let (index, open) = writer.put_down().await?;
                let partial = Partial { index, open, last_key, counts: out.counts };
                return Ok(Merged::Stopped(partial, Box::new(ops)));
            }
        }
    }
    resolver.flush().await?;
    let Some(run) = run else {
        let new = writer.finish().await?;
        return Ok(Merged::Done(RunRef {
            index: new.index,
            cut_bits,
            records: new.records,
            leaves: new.leaves,
            plain_bytes: new.plain_bytes,
            layers: Vec::new(),
        }));
    };
    if out.counts.written == 0 {
        return Ok(Merged::Done(run.clone()));
    }
    Ok(Merged::Done(with_layer(run, writer.finish().await?, out.counts)))
}

fn with_layer(run: &RunRef, new: Written, counts: Counts) -> RunRef {
    let mut next = run.clone();
    next.records = (run.records + counts.came).saturating_sub(counts.went);
    next.leaves += new.leaves;
    next.plain_bytes += new.plain_bytes;
    next.layers.push(LayerRef {
        index: new.index,
        records: new.records,
        leaves: new.leaves,
        plain_bytes: new.plain_bytes,
    });
    next
}

/// What the run says of a key before.
enum Old {
    Nothing,
    Asked(Box<Lookup>),
    Read(Box<RunReader>),
}

/// Where records go.
struct Out {
    is_layer: bool,
    value: Vec<u8>,
    held: Vec<u8>,
    counts: Counts,
}

impl Out {
    async fn resolve(
        &mut self,
        writer: &mut LeafWriter,
        resolver: &mut dyn Resolver,
        key: &[u8],
        old: Option<&[u8]>,
        op: Op<'_>,
    ) -> Result<()> {
        self.value.clear();
        let is_there = resolver.resolve(key, old, op, &mut self.value)?;
        if !self.is_layer {
            return if is_there { writer.push(key, &self.value).await } else { Ok(()) };
        }
        match (old, is_there) {
            (None, false) => Ok(()),
            (Some(old), true) if old == self.value.as_slice() => Ok(()),
            (old, true) => {
                self.counts.came += u64::from(old.is_none());
                self.counts.written += 1;
                self.held.clear();
                layer::put_held(&mut self.held, &self.value);
                writer.push(key, &self.held).await
            }
            (Some(_), false) => {
                self.counts.went += 1;
                self.counts.written += 1;
                writer.push(key, layer::removed()).await
            }
        }
    }
}

/// The names of the leaves and the index of a run that is stored.
async fn known_leaves(archive: &TenantArchive, run: Option<&RunRef>) -> Result<HashSet<BlobHash>> {
    let Some(run) = run else { return Ok(HashSet::new()) };
    match archive.get_index(&run.index).await {
        Ok(index) => Ok(index.leaves.iter().map(|l| l.hash).chain(std::iter::once(run.index)).collect()),
        // Why: a damaged run is known in vain; a reading of everything must not end for it.
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(HashSet::new()),
        Err(error) => Err(error),
    }
}
