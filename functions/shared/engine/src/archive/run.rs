//! One run: written leaf by leaf, read leaf by leaf.

use super::TenantArchive;
use domain::Result;
use domain::stored::{BlobHash, Class, Index, LeafCutter, LeafRef, PlainLeaf, Record, RunRef, read_leaf};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use std::collections::HashSet;

/// Leaves that are being stored at once.
const STORING: usize = 8;

/// Writes a run. Records come in ascending order of their keys.
pub struct RunWriter {
    archive: TenantArchive,
    class: Class,
    cut_bits: u32,
    cutter: LeafCutter,
    index: Index,
    known: HashSet<BlobHash>,
    storing: FuturesUnordered<BoxFuture<'static, Result<()>>>,
}

impl RunWriter {
    /// A run of that class. Leaves that are `known` to be stored are not stored again.
    pub fn new(archive: &TenantArchive, class: Class, cut_bits: u32, known: HashSet<BlobHash>) -> Self {
        Self {
            archive: archive.clone(),
            class,
            cut_bits,
            cutter: LeafCutter::new(cut_bits),
            index: Index::default(),
            known,
            storing: FuturesUnordered::new(),
        }
    }

    /// The next record.
    pub async fn push(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        if let Some(leaf) = self.cutter.push(key, value)? {
            self.store(leaf).await?;
        }
        Ok(())
    }

    /// Whether a leaf of another run can be taken over here.
    pub fn is_at_cut(&self) -> bool {
        self.cutter.is_at_cut()
    }

    /// Takes over a leaf that is stored already. Only at a cut.
    pub fn take_over(&mut self, leaf: LeafRef) {
        debug_assert!(self.is_at_cut(), "a leaf is taken over in the middle of another");
        self.index.leaves.push(leaf);
    }

    /// Ends the run: all its leaves and its index are stored when this returns.
    pub async fn finish(mut self) -> Result<RunRef> {
        let cutter = std::mem::replace(&mut self.cutter, LeafCutter::new(self.cut_bits));
        if let Some(leaf) = cutter.finish() {
            self.store(leaf).await?;
        }
        while let Some(done) = self.storing.next().await {
            done?;
        }
        let plain = self.index.to_bytes();
        // Why: what is parked is swept by its name; nothing of it may look like a part of a snapshot.
        let class = if self.class == Class::Leaf { Class::Index } else { self.class };
        let hash = self.archive.name(class, &plain);
        if !self.known.contains(&hash) {
            self.archive.put_content(class, hash, &plain).await?;
        }
        Ok(RunRef {
            index: hash,
            cut_bits: self.cut_bits,
            records: self.index.record_count(),
            leaves: self.index.leaves.len() as u64,
            plain_bytes: self.index.plain_bytes(),
        })
    }

    async fn store(&mut self, leaf: PlainLeaf) -> Result<()> {
        let hash = self.archive.name(self.class, &leaf.bytes);
        self.index.leaves.push(LeafRef {
            last_key: leaf.last_key,
            hash,
            record_count: leaf.record_count,
            plain_bytes: leaf.bytes.len() as u64,
        });
        if !self.known.insert(hash) {
            return Ok(());
        }
        while self.storing.len() >= STORING {
            if let Some(done) = self.storing.next().await {
                done?;
            }
        }
        let (archive, class) = (self.archive.clone(), self.class);
        self.storing.push(Box::pin(async move { archive.put_content(class, hash, &leaf.bytes).await }));
        Ok(())
    }
}

/// Reads the records of a list of leaves, in order.
pub struct RunReader {
    archive: TenantArchive,
    class: Class,
    leaves: std::vec::IntoIter<LeafRef>,
    records: std::vec::IntoIter<Record>,
    from: Vec<u8>,
}

impl RunReader {
    /// All records of those leaves.
    pub fn new(archive: &TenantArchive, class: Class, leaves: Vec<LeafRef>) -> Self {
        Self {
            archive: archive.clone(),
            class,
            leaves: leaves.into_iter(),
            records: Vec::new().into_iter(),
            from: Vec::new(),
        }
    }

    /// Records of a run from `key` on.
    pub async fn from_key(archive: &TenantArchive, run: &RunRef, key: &[u8]) -> Result<Self> {
        Ok(Self::within(archive, &archive.get_index(run).await?, key))
    }

    /// Records of a run whose index is at hand, from `key` on.
    pub fn within(archive: &TenantArchive, index: &Index, key: &[u8]) -> Self {
        let mut reader = Self::new(archive, Class::Leaf, index.leaves[index.seek(key)..].to_vec());
        reader.from = key.to_vec();
        reader
    }

    /// The next record.
    pub async fn next(&mut self) -> Result<Option<Record>> {
        loop {
            for record in self.records.by_ref() {
                if record.0 >= self.from {
                    return Ok(Some(record));
                }
            }
            let Some(leaf) = self.leaves.next() else { return Ok(None) };
            let plain = self.archive.get_content(self.class, &leaf.hash).await?;
            self.records = read_leaf(&plain)?.into_iter();
        }
    }
}
