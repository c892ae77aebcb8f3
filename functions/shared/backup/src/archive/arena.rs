//! Operations in memory, in the order in which they came or sorted by key.

use super::op::{Op, combine};
use domain::Result;

/// Plain bytes of one allocation. An operation lies in one piece; a longer one has a piece of its own.
const PIECE_BYTES: usize = 1 << 20;

/// Where an operation lies in the arena: its key, and directly behind it the operation in its parked form.
#[derive(Clone, Copy)]
struct Entry {
    /// The first eight bytes of the key as a number, since most comparisons are decided by them.
    prefix: u64,
    piece: u32,
    /// Where the key begins in its piece.
    start: u32,
    key_bytes: u32,
    op_bytes: u32,
}

/// Operations in allocations of one size. Why not one allocation that grows: it would be copied again and again, and
/// leave behind gaps of every size.
#[derive(Default)]
pub(super) struct Arena {
    pieces: Vec<Vec<u8>>,
    /// Bytes of keys and operations, without the entries.
    bytes: usize,
    entries: Vec<Entry>,
}

impl Arena {
    /// Adds an operation behind those that are there.
    pub(super) fn push(&mut self, key: &[u8], op: Op<'_>) {
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
            start: u32::try_from(piece.len()).expect("a piece is shorter than four gigabytes"),
            key_bytes: u32::try_from(key.len()).expect("a key is shorter than four gigabytes"),
            op_bytes: u32::try_from(rest.len() + 1).expect("a record is shorter than four gigabytes"),
        });
        piece.extend_from_slice(key);
        piece.push(tag);
        piece.extend_from_slice(rest);
    }

    /// How many bytes of memory it takes, its entries included.
    pub(super) fn held_bytes(&self) -> usize {
        self.bytes + self.entries.len() * size_of::<Entry>()
    }

    /// How many operations it holds.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds no operation.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same operations sorted by key; those on one key stay in the order in which they came.
    pub(super) fn sorted(mut self) -> Self {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by(|a, b| a.prefix.cmp(&b.prefix).then_with(|| self.key(a).cmp(self.key(b))));
        Self { entries, ..self }
    }

    /// The key of the operation at that position; none behind the last.
    pub(super) fn key_at(&self, position: usize) -> Option<&[u8]> {
        self.entries.get(position).map(|entry| self.key(entry))
    }

    /// The position of the first operation on a key that is greater than `key`. The arena has to be sorted.
    pub(super) fn position_after(&self, key: &[u8]) -> usize {
        self.entries.partition_point(|entry| self.key(entry) <= key)
    }

    /// Writes into `op` the one operation that all operations on the key at `position` amount to, and gives the
    /// position of the next key. The arena has to be sorted, with an operation at `position`.
    pub(super) fn combine_at(&self, position: usize, op: &mut Vec<u8>) -> Result<usize> {
        let first = &self.entries[position];
        op.clear();
        op.extend_from_slice(self.op(first));
        let mut next = position + 1;
        while let Some(entry) = self.entries.get(next)
            && entry.prefix == first.prefix
            && self.key(entry) == self.key(first)
        {
            combine(op, self.op(entry))?;
            next += 1;
        }
        Ok(next)
    }

    fn key(&self, entry: &Entry) -> &[u8] {
        &self.pieces[entry.piece as usize][entry.start as usize..][..entry.key_bytes as usize]
    }

    fn op(&self, entry: &Entry) -> &[u8] {
        let start = entry.start as usize + entry.key_bytes as usize;
        &self.pieces[entry.piece as usize][start..][..entry.op_bytes as usize]
    }
}
