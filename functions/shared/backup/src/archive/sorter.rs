//! Operations that come in any order, sorted in bounded memory: full blocks are sorted and parked in the vault, and
//! all blocks are merged when everything has come.

use super::arena::Arena;
use super::leaves::{LeafReader, LeafWriter};
use super::op::{Op, combine};
use super::tenant::TenantArchive;
use domain::Result;
use domain::stored::{Class, Index, ParkedBlock};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Plain bytes of a leaf of a parked block: of each block two leaves are in memory while blocks are merged.
const PARKED_LEAF_BYTES: usize = 512 << 10;
/// A block is parked when it takes this many bytes of memory.
const BLOCK_BYTES: usize = 32 << 20;
/// All sorters of a budget together take about this many bytes of memory: beyond it blocks are parked sooner.
const BUDGET_BYTES: usize = 128 << 20;
/// No block that takes less memory than this is parked for the sake of other sorters.
const LEAST_BLOCK_BYTES: usize = 8 << 20;
/// How many leaves of a parked block are fetched ahead.
const AHEAD: usize = 1;
/// A sorter reports to its budget in steps of this many bytes.
const REPORT_BYTES: usize = 1 << 16;

/// The memory that sorters share, as a count of the bytes that they have reported.
#[derive(Clone, Debug, Default)]
pub struct Budget(Arc<AtomicUsize>);

/// Takes operations in any order, and gives them sorted by key, one for each key.
pub struct Sorter {
    archive: TenantArchive,
    /// The block that is being filled.
    arena: Arena,
    /// Blocks that are full, in the order in which their operations came.
    blocks: Vec<ParkedBlock>,
    budget: Budget,
    /// How many bytes of the arena the budget knows of.
    reported: usize,
}

impl Sorter {
    /// A sorter whose first operations are in those blocks, which were parked before.
    pub fn new(archive: &TenantArchive, blocks: Vec<ParkedBlock>, budget: &Budget) -> Self {
        Self {
            archive: archive.clone(),
            arena: Arena::default(),
            blocks,
            budget: budget.clone(),
            reported: 0,
        }
    }

    /// Adds an operation, and parks the block where it is full. Of operations on one key the later one applies to
    /// what the earlier one made.
    pub async fn push(&mut self, key: &[u8], op: Op<'_>) -> Result<()> {
        self.push_unparked(key, op);
        self.park_if_full().await
    }

    /// Adds an operation and parks nothing: call [`Self::park_if_full`] soon.
    pub fn push_unparked(&mut self, key: &[u8], op: Op<'_>) {
        self.arena.push(key, op);
        let held = self.arena.held_bytes();
        // Why in steps: every sorter writes to the shared count, and threads would wait for it at every record.
        if held - self.reported >= REPORT_BYTES {
            self.budget.0.fetch_add(held - self.reported, Ordering::Relaxed);
            self.reported = held;
        }
    }

    /// Parks the block when it is full, or when all sorters together take too much memory.
    pub async fn park_if_full(&mut self) -> Result<()> {
        let held = self.reported;
        let crowded = held >= LEAST_BLOCK_BYTES && self.budget.0.load(Ordering::Relaxed) >= BUDGET_BYTES;
        if held >= BLOCK_BYTES || crowded { self.park().await } else { Ok(()) }
    }

    /// Parks the operations that are in memory, as one sorted block.
    pub async fn park(&mut self) -> Result<()> {
        let arena = std::mem::take(&mut self.arena);
        if !arena.is_empty() {
            self.blocks.push(park(&self.archive, &arena.sorted(), 0).await?);
        }
        self.budget.0.fetch_sub(std::mem::take(&mut self.reported), Ordering::Relaxed);
        Ok(())
    }

    /// Whether it holds no operation, neither in memory nor parked.
    pub fn is_empty(&self) -> bool {
        self.arena.is_empty() && self.blocks.is_empty()
    }

    /// Whether operations were parked.
    pub fn has_blocks(&self) -> bool {
        !self.blocks.is_empty()
    }

    /// Parks everything and gives the blocks, so that another invocation can go on.
    pub async fn into_blocks(mut self) -> Result<Vec<ParkedBlock>> {
        self.park().await?;
        Ok(std::mem::take(&mut self.blocks))
    }

    /// The operations in key order, one for each key: all of them, or those on keys greater than `after`.
    pub async fn into_ops(mut self, after: Option<&[u8]>) -> Result<Ops> {
        // Each block at its first record that is still to come.
        let mut readers = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let index = self.archive.get_content(Class::Parked, block.index()).await?;
            let index = Index::from_bytes(&index)?;
            let start = after.unwrap_or(&[]);
            let mut reader = LeafReader::from_key(&self.archive, Class::Parked, &index, start, AHEAD).await?;
            if after.is_some() && reader.head() == after {
                reader.advance().await?;
            }
            readers.push(reader);
        }
        // What is in memory is not parked for this: it is one more block, and the last.
        let arena = std::mem::take(&mut self.arena).sorted();
        let next_position = after.map_or(0, |after| arena.position_after(after));
        let mut order: Vec<usize> = (0..readers.len()).filter(|n| readers[*n].head().is_some()).collect();
        order.sort_by(|a, b| (readers[*a].head(), a).cmp(&(readers[*b].head(), b)));
        Ok(Ops {
            archive: self.archive.clone(),
            blocks: std::mem::take(&mut self.blocks),
            readers,
            order,
            arena,
            position: next_position,
            next_position,
            key: Vec::new(),
            op: Vec::new(),
            has_current: false,
            budget: self.budget.clone(),
            reported: std::mem::take(&mut self.reported),
        })
    }
}

impl Drop for Sorter {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.reported, Ordering::Relaxed);
    }
}

/// Parks the operations of a sorted arena from `position` on.
async fn park(archive: &TenantArchive, arena: &Arena, mut position: usize) -> Result<ParkedBlock> {
    let mut writer = LeafWriter::parked(archive, PARKED_LEAF_BYTES);
    let mut op = Vec::new();
    while let Some(key) = arena.key_at(position) {
        position = arena.combine_at(position, &mut op)?;
        writer.push(key, &op).await?;
    }
    Ok(ParkedBlock::new(writer.finish().await?.index))
}

/// Operations in key order, one for each key: a merge of the parked blocks and of the arena. Before the first operation
/// until [`Ops::advance`] is called.
///
/// Invariant of the merge, between two calls: every reader in `order` stands at its first key greater than `key`, so
/// does the arena at `next_position`, and `order` is sorted by those keys (of equal ones the earlier block is first).
/// So the least key that is left is at the front of `order` or at `next_position`; and all operations on one key are
/// met in the order in which they came, since blocks were filled one after another and the arena last.
pub struct Ops {
    archive: TenantArchive,
    /// The blocks that are read, kept in case the work is suspended.
    blocks: Vec<ParkedBlock>,
    /// One reader for each block.
    readers: Vec<LeafReader>,
    /// The readers that are not at their end, by their position in `readers`.
    order: Vec<usize>,
    arena: Arena,
    /// The first operation in the arena on the current key or a greater one.
    position: usize,
    /// The first operation in the arena on a key greater than the current one.
    next_position: usize,
    /// The current key; meaningless unless `has_current`.
    key: Vec<u8>,
    /// The operation on the current key, in its parked form.
    op: Vec<u8>,
    has_current: bool,
    budget: Budget,
    /// How many bytes of the arena the budget knows of.
    reported: usize,
}

impl Ops {
    /// Goes to the next operation; says whether there is one.
    pub async fn advance(&mut self) -> Result<bool> {
        self.position = self.next_position;
        let parked = self.order.first().and_then(|first| self.readers[*first].head());
        let Some(least) = parked.into_iter().chain(self.arena.key_at(self.position)).min() else {
            self.has_current = false;
            return Ok(false);
        };
        self.key.clear();
        self.key.extend_from_slice(least);
        self.op.clear();

        // Blocks first, the earlier before the later: their operations on this key came before those in the arena.
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

        // Then the arena, whose operations on this key lie side by side.
        if self.arena.key_at(self.position) == Some(self.key.as_slice()) {
            if self.op.is_empty() {
                self.next_position = self.arena.combine_at(self.position, &mut self.op)?;
            } else {
                let mut later = Vec::new();
                self.next_position = self.arena.combine_at(self.position, &mut later)?;
                combine(&mut self.op, &later)?;
            }
        }
        self.has_current = true;
        Ok(true)
    }

    /// Puts the first reader of `order`, which has advanced, where its new key belongs.
    fn reorder(&mut self) {
        let (readers, first) = (&self.readers, self.order[0]);
        if readers[first].head().is_none() {
            self.order.remove(0);
            return;
        }
        let rank = |n: usize| (readers[n].head(), n);
        let smaller = self.order[1..].partition_point(|n| rank(*n) < rank(first));
        self.order[..=smaller].rotate_left(1);
    }

    /// The key of the current operation; none after the last.
    pub fn head(&self) -> Option<&[u8]> {
        self.has_current.then_some(self.key.as_slice())
    }

    /// The current operation.
    ///
    /// # Errors
    /// `Corrupt` when its parked bytes are no operation.
    pub fn op(&self) -> Result<Op<'_>> {
        Op::from_bytes(&self.op)
    }

    /// Parks what is still in memory and gives all blocks, so that another invocation can go on. The blocks hold
    /// operations that were already given as well: that invocation says after which key it goes on.
    pub async fn into_blocks(mut self) -> Result<Vec<ParkedBlock>> {
        let arena = std::mem::take(&mut self.arena);
        let mut blocks = std::mem::take(&mut self.blocks);
        if self.position < arena.len() {
            blocks.push(park(&self.archive, &arena, self.position).await?);
        }
        Ok(blocks)
    }
}

impl Drop for Ops {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.reported, Ordering::Relaxed);
    }
}
