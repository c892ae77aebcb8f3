//! What comes in any order, sorted in bounded memory: blocks are put aside in the vault and merged at the end.

use super::{RunReader, RunWriter, TenantArchive};
use domain::stored::{Class, Index, Record, RunRef};
use domain::{Error, Result};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Keeps a leaf of a parked block near 256 KiB at some hundred bytes a record.
const PARKED_CUT_BITS: u32 = 10;
/// A block is parked when it holds so many bytes.
const BLOCK_BYTES: usize = 24 << 20;

/// What is to be done to one key of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// These properties are so; others stay as they are.
    Overlay(Map<String, Value>),
    /// The record is this, whatever it was.
    Put(Vec<u8>),
    /// There is no such record.
    Remove,
    /// There was none, and now it has these properties.
    Renew(Map<String, Value>),
}

impl Op {
    /// This operation and then a later one, as one.
    #[must_use]
    pub fn then(self, later: Op) -> Op {
        match (self, later) {
            (Op::Overlay(old), Op::Overlay(new)) => Op::Overlay(overlaid(old, new)),
            (Op::Renew(old), Op::Overlay(new)) => Op::Renew(overlaid(old, new)),
            (Op::Remove, Op::Overlay(new)) => Op::Renew(new),
            (_, later) => later,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let tagged = |tag: u8, rest: &[u8]| [&[tag], rest].concat();
        let json = |m: &Map<String, Value>| serde_json::to_vec(m).unwrap_or_default();
        match self {
            Op::Overlay(map) => tagged(b'o', &json(map)),
            Op::Renew(map) => tagged(b'n', &json(map)),
            Op::Put(bytes) => tagged(b'p', bytes),
            Op::Remove => tagged(b'x', b""),
        }
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let corrupt = || Error::corrupt("a parked record cannot be read");
        let (tag, rest) = bytes.split_first().ok_or_else(corrupt)?;
        let map = || serde_json::from_slice(rest).map_err(|e| corrupt().caused_by(e));
        match tag {
            b'o' => Ok(Op::Overlay(map()?)),
            b'n' => Ok(Op::Renew(map()?)),
            b'p' => Ok(Op::Put(rest.to_vec())),
            b'x' => Ok(Op::Remove),
            _ => Err(corrupt()),
        }
    }
}

fn overlaid(mut old: Map<String, Value>, new: Map<String, Value>) -> Map<String, Value> {
    old.extend(new);
    old
}

/// Takes operations in any order.
pub struct Sorter {
    archive: TenantArchive,
    entries: Vec<Record>,
    bytes: usize,
    blocks: Vec<RunRef>,
}

impl Sorter {
    /// A sorter that goes on after blocks that were parked before.
    pub fn new(archive: &TenantArchive, blocks: Vec<RunRef>) -> Self {
        Self { archive: archive.clone(), entries: Vec::new(), bytes: 0, blocks }
    }

    /// One operation; later ones on the same key follow earlier ones.
    pub async fn push(&mut self, key: impl Into<Vec<u8>>, op: &Op) -> Result<()> {
        self.push_unparked(key, op);
        if self.bytes >= BLOCK_BYTES { self.park().await } else { Ok(()) }
    }

    /// The same without the chance to park: call [`Self::park_if_full`] soon.
    pub fn push_unparked(&mut self, key: impl Into<Vec<u8>>, op: &Op) {
        let (key, value) = (key.into(), op.to_bytes());
        // Why: 64 covers the two vectors and their allocations, so that many small records count as well.
        self.bytes += key.len() + value.len() + 64;
        self.entries.push((key, value));
    }

    /// Parks the block when it is full.
    pub async fn park_if_full(&mut self) -> Result<()> {
        if self.bytes >= BLOCK_BYTES { self.park().await } else { Ok(()) }
    }

    /// Parks what is held, sorted.
    pub async fn park(&mut self) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        self.bytes = 0;
        let mut writer = RunWriter::new(&self.archive, Class::Parked, PARKED_CUT_BITS, HashSet::new());
        for (key, op) in combined(std::mem::take(&mut self.entries))? {
            writer.push(&key, &op.to_bytes()).await?;
        }
        self.blocks.push(writer.finish().await?);
        Ok(())
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.blocks.is_empty()
    }

    /// Parks everything and gives the blocks, so that another invocation can go on.
    pub async fn into_blocks(mut self) -> Result<Vec<RunRef>> {
        self.park().await?;
        Ok(self.blocks)
    }

    /// One operation for each key, in key order.
    pub async fn into_ops(self) -> Result<Ops> {
        let mut sources = Vec::new();
        for block in self.blocks {
            let index = Index::from_bytes(&self.archive.get_content(Class::Parked, &block.index).await?)?;
            let mut reader = RunReader::new(&self.archive, Class::Parked, index.leaves);
            let head = reader.next().await?;
            sources.push((head, reader));
        }
        Ok(Ops { blocks: sources, rest: combined(self.entries)?.into_iter().peekable(), peeked: None })
    }
}

/// Sorted by key, operations on one key made one, in the order in which they came.
fn combined(mut entries: Vec<Record>) -> Result<Vec<(Vec<u8>, Op)>> {
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    let mut ops: Vec<(Vec<u8>, Op)> = Vec::with_capacity(entries.len());
    for (key, bytes) in entries {
        let op = Op::from_bytes(&bytes)?;
        match ops.last_mut() {
            Some((last, earlier)) if *last == key => {
                let before = std::mem::replace(earlier, Op::Remove);
                *earlier = before.then(op);
            }
            _ => ops.push((key, op)),
        }
    }
    Ok(ops)
}

type Peeked = (Vec<u8>, Op);

/// Operations in key order, one for each key.
pub struct Ops {
    blocks: Vec<(Option<Record>, RunReader)>,
    rest: std::iter::Peekable<std::vec::IntoIter<Peeked>>,
    peeked: Option<Peeked>,
}

impl Ops {
    /// No operations.
    pub fn none() -> Self {
        Self { blocks: Vec::new(), rest: Vec::new().into_iter().peekable(), peeked: None }
    }

    /// The key of the next operation.
    pub async fn peek_key(&mut self) -> Result<Option<&[u8]>> {
        if self.peeked.is_none() {
            self.peeked = self.advance().await?;
        }
        Ok(self.peeked.as_ref().map(|(key, _)| key.as_slice()))
    }

    /// The next operation.
    pub async fn next(&mut self) -> Result<Option<Peeked>> {
        match self.peeked.take() {
            Some(peeked) => Ok(Some(peeked)),
            None => self.advance().await,
        }
    }

    async fn advance(&mut self) -> Result<Option<Peeked>> {
        let parked = self.blocks.iter().filter_map(|(head, _)| head.as_ref().map(|h| &h.0));
        let Some(key) = parked.chain(self.rest.peek().map(|(k, _)| k)).min().cloned() else {
            return Ok(None);
        };
        let mut op: Option<Op> = None;
        for (head, reader) in &mut self.blocks {
            if head.as_ref().is_some_and(|h| h.0 == key) {
                let (_, bytes) = std::mem::replace(head, reader.next().await?).unwrap_or_default();
                let later = Op::from_bytes(&bytes)?;
                op = Some(op.map_or(later.clone(), |earlier| earlier.then(later)));
            }
        }
        if let Some((_, later)) = self.rest.next_if(|(k, _)| *k == key) {
            op = Some(op.map_or(later.clone(), |earlier| earlier.then(later)));
        }
        Ok(op.map(|op| (key, op)))
    }
}
