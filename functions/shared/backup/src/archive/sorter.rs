//! What comes in any order, sorted in bounded memory: blocks are put aside in the vault and merged at the end.

use super::op::combine;
use super::{LeafReader, LeafWriter, Op, TenantArchive};
use domain::Result;
use domain::stored::{BlobHash, Class, Index};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A leaf of a parked block: of each block two are held while blocks are merged.
const PARKED_LEAF_BYTES: usize = 512 << 10;
/// A block is parked when it holds so many bytes.
const BLOCK_BYTES: usize = 32 << 20;
/// All sorters of a budget together hold about so many bytes: beyond it blocks are parked sooner.
const BUDGET_BYTES: usize = 128 << 20;
/// No smaller block is parked for the sake of others.
const LEAST_BLOCK_BYTES: usize = 8 << 20;
/// Leaves of a parked block that are fetched ahead.
const AHEAD: usize = 1;

/// The memory that sorters share.
#[derive(Clone, Debug, Default)]
pub struct Budget(Arc<AtomicUsize>);

/// A sorted block that is put aside, by its index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Block(BlobHash);

/// Where an operation stands in its arena: the key, then the operation. The first bytes of the key, since most
/// comparisons end there.
#[derive(Clone, Copy)]
struct Entry {
    prefix: u64,
    piece: u32,
    at: u32,
    key_bytes: u32,
    op_bytes: u32,
}

/// Operations in allocations of one size. Why not one that grows: it would be copied again and again, and leave
/// behind places of every size.
#[derive(Default)]
struct Arena {
    pieces: Vec<Vec<u8>>,
    bytes: usize,
    entries: Vec<Entry>,
}

/// An operation lies in one piece; a longer one has a piece of its own.
const PIECE_BYTES: usize = 1 << 20;

impl Arena {
    fn push(&mut self, key: &[u8], op: Op<'_>) {
        let (tag, rest) = op.parts();
        let mut prefix = [0; 8];
        let known = key.len().min(8);
        prefix[..known].copy_from_slice(&key[..known]);
        let needed = key.len() + 1 + rest.len();
        if self.pieces.last().is_none_or(|piece| piece.capacity() - piece.len() < needed) {
            self.pieces.push(Vec::with_capacity(needed.max(PIECE_BYTES)));
        }
        let number = self.pieces.len() - 1;
        let piece = &mut self.pieces[number];
        self.bytes += needed;
        self.entries.push(Entry {
            prefix: u64::from_be_bytes(prefix),
            piece: u32::try_from(number).expect("there are fewer pieces than four thousand million"),
            at: u32::try_from(piece.len()).expect("a piece is shorter than four gigabytes"),
            key_bytes: u32::try_from(key.len()).expect("a key is shorter than four gigabytes"),
            op_bytes: u32::try_from(rest.len() + 1).expect("a record is shorter than four gigabytes"),
        });
        piece.extend_from_slice(key);
        piece.push(tag);
        piece.extend_from_slice(rest);
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        &self.pieces[entry.piece as usize][entry.at as usize..][..entry.key_bytes as usize]
    }

    fn op(&self, entry: &Entry) -> &[u8] {
        let at = entry.at as usize + entry.key_bytes as usize;
        &self.pieces[entry.piece as usize][at..][..entry.op_bytes as usize]
    }

    fn held(&self) -> usize {
        self.bytes + self.entries.len() * size_of::<Entry>()
    }

    /// Sorted by key; operations on one key stay in the order in which they came.
    fn sorted(mut self) -> Self {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| self.key(a).cmp(self.key(b))));
        Self { entries, ..self }
    }
}

/// Takes operations in any order.
pub struct Sorter {
    archive: TenantArchive,
    arena: Arena,
    blocks: Vec<Block>,
    budget: Budget,
    charged: usize,
}

impl Sorter {
    /// A sorter that goes on after blocks that were parked before.
    pub fn new(archive: &TenantArchive, blocks: Vec<Block>, budget: &Budget) -> Self {
        Self { archive: archive.clone(), arena: Arena::default(), blocks, budget: budget.clone(), charged: 0 }
    }

    /// One operation; later ones on the same key follow earlier ones.
    pub async fn push(&mut self, key: &[u8], op: Op<'_>) -> Result<()> {
        self.push_unparked(key, op);
        self.park_if_full().await
    }

    /// The same without the chance to park: call [`Self::park_if_full`] soon.
    pub fn push_unparked(&mut self, key: &[u8], op: Op<'_>) {
        self.arena.push(key, op);
        let held = self.arena.held();
        // Why: the shared count is told in steps, so that it is not the same cache line for every record.
        if held - self.charged >= 1 << 16 {
            self.budget.0.fetch_add(held - self.charged, Ordering::Relaxed);
            self.charged = held;
        }
    }

    /// Parks the block when it is full, or when all sorters together hold too much.
    pub async fn park_if_full(&mut self) -> Result<()> {
        let held = self.charged;
        let crowded = held >= LEAST_BLOCK_BYTES && self.budget.0.load(Ordering::Relaxed) >= BUDGET_BYTES;
        if held >= BLOCK_BYTES || crowded { self.park().await } else { Ok(()) }
    }

    /// Parks what is held, sorted.
    pub async fn park(&mut self) -> Result<()> {
        let arena = std::mem::take(&mut self.arena);
        if !arena.entries.is_empty() {
            self.blocks.push(park(&self.archive, arena.sorted(), 0).await?);
        }
        self.budget.0.fetch_sub(std::mem::take(&mut self.charged), Ordering::Relaxed);
        Ok(())
    }

    /// Whether nothing was pushed.
    pub fn is_empty(&self) -> bool {
        self.arena.entries.is_empty() && self.blocks.is_empty()
    }

    /// Whether something was parked.
    pub fn has_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Parks everything and gives the blocks, so that another invocation can go on.
    pub async fn into_blocks(mut self) -> Result<Vec<Block>> {
        self.park().await?;
        Ok(std::mem::take(&mut self.blocks))
    }

    /// One operation for each key, in key order, from after `after` on.
    pub async fn into_ops(mut self, after: Option<&[u8]>) -> Result<Ops> {
        let mut readers = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let index = self.archive.get_content(Class::Parked, &block.0).await?;
            let index = Index::from_bytes(&index)?;
            let mut reader =
                LeafReader::from_key(&self.archive, Class::Parked, &index, after.unwrap_or(&[]), AHEAD)
                    .await?;
            if after.is_some() && reader.head() == after {
                reader.advance().await?;
            }
            readers.push(reader);
        }
        let arena = std::mem::take(&mut self.arena).sorted();
        let at = after.map_or(0, |after| arena.entries.partition_point(|e| arena.key(e) <= after));
        let mut order: Vec<usize> = (0..readers.len()).filter(|n| readers[*n].head().is_some()).collect();
        order.sort_by(|a, b| (readers[*a].head(), a).cmp(&(readers[*b].head(), b)));
        let ops = Ops {
            archive: self.archive.clone(),
            blocks: std::mem::take(&mut self.blocks),
            readers,
            order,
            arena,
            at,
            next_at: at,
            key: Vec::new(),
            op: Vec::new(),
            here: false,
            budget: self.budget.clone(),
            charged: std::mem::take(&mut self.charged),
        };
        Ok(ops)
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.charged, Ordering::Relaxed);
    }
}

/// Parks the operations of a sorted arena from `at` on.
async fn park(archive: &TenantArchive, arena: Arena, at: usize) -> Result<Block> {
    let mut writer = LeafWriter::parked(archive, PARKED_LEAF_BYTES);
    let (mut place, mut op) = (at, Vec::new());
    while let Some(entry) = arena.entries.get(place) {
        place = combined(&arena, place, &mut op)?;
        writer.push(arena.key(entry), &op).await?;
    }
    Ok(Block(writer.finish().await?.index))
}

/// The operation on the key at `at`, made of all that follow on it; gives the place of the next key.
fn combined(arena: &Arena, at: usize, op: &mut Vec<u8>) -> Result<usize> {
    let first = &arena.entries[at];
    op.clear();
    op.extend_from_slice(arena.op(first));
    let mut place = at + 1;
    while let Some(entry) = arena.entries.get(place)
        && entry.prefix == first.prefix
        && arena.key(entry) == arena.key(first)
    {
        combine(op, arena.op(entry))?;
        place += 1;
    }
    Ok(place)
}

/// Operations in key order, one for each key. Before the first until [`Ops::advance`] is called.
pub struct Ops {
    archive: TenantArchive,
    blocks: Vec<Block>,
    readers: Vec<LeafReader>,
    /// Readers that are not at their end, by their heads; of equal heads the earlier block's comes first.
    order: Vec<usize>,
    arena: Arena,
    /// Where the operation at hand begins in the arena, and where the next one does.
    at: usize,
    next_at: usize,
    key: Vec<u8>,
    op: Vec<u8>,
    here: bool,
    budget: Budget,
    charged: usize,
}

impl Ops {
    /// Goes to the next operation; says whether there is one.
    pub async fn advance(&mut self) -> Result<bool> {
        self.at = self.next_at;
        let parked = self.order.first().and_then(|first| self.readers[*first].head());
        let rest = self.arena.entries.get(self.at).map(|entry| self.arena.key(entry));
        let Some(least) = parked.into_iter().chain(rest).min() else {
            self.here = false;
            return Ok(false);
        };
        self.key.clear();
        self.key.extend_from_slice(least);
        self.op.clear();
        while let Some(first) = self.order.first().copied()
            && self.readers[first].head() == Some(self.key.as_slice())
        {
            let reader = &mut self.readers[first];
            if self.op.is_empty() {
                self.op.extend_from_slice(reader.value());
            } else {
                combine(&mut self.op, reader.value())?;
            }
            reader.advance().await?;
            self.reorder();
        }
        if rest_is(&self.arena, self.at, &self.key) {
            if self.op.is_empty() {
                self.next_at = combined(&self.arena, self.at, &mut self.op)?;
            } else {
                let mut later = Vec::new();
                self.next_at = combined(&self.arena, self.at, &mut later)?;
                combine(&mut self.op, &later)?;
            }
        }
        self.here = true;
        Ok(true)
    }

    /// Puts the first reader, which went on, in its place.
    fn reorder(&mut self) {
        let (readers, first) = (&self.readers, self.order[0]);
        if readers[first].head().is_none() {
            self.order.remove(0);
            return;
        }
        let place = |n: usize| (readers[n].head(), n);
        let before = self.order[1..].partition_point(|n| place(*n) < place(first));
        self.order[..=before].rotate_left(1);
    }

    /// The key of the operation at hand; none after the last.
    pub fn head(&self) -> Option<&[u8]> {
        self.here.then_some(self.key.as_slice())
    }

    /// The operation at hand.
    pub fn op(&self) -> Result<Op<'_>> {
        Op::from_bytes(&self.op)
    }

    /// Puts the work down: everything is in blocks then, what was done as well.
    pub async fn into_blocks(mut self) -> Result<Vec<Block>> {
        let arena = std::mem::take(&mut self.arena);
        let mut blocks = std::mem::take(&mut self.blocks);
        if self.at < arena.entries.len() {
            blocks.push(park(&self.archive, arena, self.at).await?);
        }
        Ok(blocks)
    }
}

impl Drop for Ops {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.charged, Ordering::Relaxed);
    }
}

fn rest_is(arena: &Arena, at: usize, key: &[u8]) -> bool {
    arena.entries.get(at).is_some_and(|entry| arena.key(entry) == key)
}
