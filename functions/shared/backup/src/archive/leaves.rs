//! The leaves of one index: written one after another, read one after another.

use super::tenant::TenantArchive;
use domain::stored::{BlobHash, Class, Index, LayerRef, LeafCutter, LeafRef, LeafWalk, PlainLeaf, RunRef};
use domain::{Error, Result};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::task::{JoinHandle, JoinSet};

/// How many leaves are stored at once.
const STORING: usize = 8;

/// Cuts records into leaves and stores them. Records come in ascending order of their keys.
pub struct LeafWriter {
    archive: TenantArchive,
    class: Class,
    cutter: LeafCutter,
    /// The leaves that were cut so far.
    index: Index,
    /// Leaves and indexes that are stored already, and so are not stored again.
    known: HashSet<BlobHash>,
    storing: JoinSet<Result<()>>,
}

/// What a writer has stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The name of the index, which lists the leaves.
    pub index: BlobHash,
    /// How many records the leaves hold.
    pub records: u64,
    /// How many leaves there are.
    pub leaves: u64,
    /// How many bytes the leaves have, before they are compressed and sealed.
    pub plain_bytes: u64,
}

impl Written {
    /// A run that is this base alone, without layers.
    pub(crate) fn into_run(self, cut_bits: u32) -> RunRef {
        let Self { index, records, leaves, plain_bytes } = self;
        RunRef { index, cut_bits, records, leaves, plain_bytes, layers: Vec::new() }
    }

    /// A layer of a run.
    pub(crate) fn into_layer(self) -> LayerRef {
        let Self { index, records, leaves, plain_bytes } = self;
        LayerRef { index, records, leaves, plain_bytes }
    }
}

impl LeafWriter {
    /// A writer of leaves of that class, which end after keys whose hash has `cut_bits` zero bits. Leaves, and an
    /// index, that are `known` to be stored are not stored again.
    pub fn new(archive: &TenantArchive, class: Class, cut_bits: u32, known: HashSet<BlobHash>) -> Self {
        Self::with(archive, class, LeafCutter::new(cut_bits), known)
    }

    /// A writer of parked leaves, of about that many plain bytes each.
    pub fn parked(archive: &TenantArchive, bytes: usize) -> Self {
        Self::with(archive, Class::Parked, LeafCutter::by_bytes(bytes), HashSet::new())
    }

    fn with(archive: &TenantArchive, class: Class, cutter: LeafCutter, known: HashSet<BlobHash>) -> Self {
        Self {
            archive: archive.clone(),
            class,
            cutter,
            index: Index::default(),
            known,
            storing: JoinSet::new(),
        }
    }

    /// Adds the next record, and stores the leaf that it ends.
    ///
    /// # Errors
    /// `Corrupt` when its key is not greater than the one before.
    pub async fn push(&mut self, key: &[u8], value: &[u8]) -> Result<()> {
        match self.cutter.push(key, value)? {
            Some(leaf) => self.store(leaf).await,
            None => Ok(()),
        }
    }

    /// Ends the run: all its leaves and its index are stored when this returns.
    pub async fn finish(mut self) -> Result<Written> {
        let cutter = std::mem::replace(&mut self.cutter, LeafCutter::new(0));
        if let Some(leaf) = cutter.finish() {
            self.store(leaf).await?;
        }
        self.settle().await?;
        let plain = self.index.to_bytes();
        // Why a parked index: what is parked is swept by its name, and nothing of it may look like a part of a
        // snapshot.
        let class = if self.class == Class::Leaf { Class::Index } else { self.class };
        let hash = self.archive.name(class, &plain);
        if !self.known.contains(&hash) {
            self.archive.put_content(class, hash, &plain).await?;
        }
        Ok(Written {
            index: hash,
            records: self.index.record_count(),
            leaves: self.index.leaves.len() as u64,
            plain_bytes: self.index.plain_bytes(),
        })
    }

    /// Suspends the writing: the leaves are stored, their index and the records since the last leaf are parked. Gives
    /// the names of the two; the second is none when a leaf has just ended.
    pub async fn suspend(mut self) -> Result<(BlobHash, Option<BlobHash>)> {
        self.settle().await?;
        let open = match self.cutter.open_records() {
            Some(bytes) => Some(self.archive.put_named(Class::Parked, &bytes).await?),
            None => None,
        };
        Ok((self.archive.put_named(Class::Parked, &self.index.to_bytes()).await?, open))
    }

    /// Resumes what [`Self::suspend`] left, in a writer that has written nothing yet.
    pub async fn resume(&mut self, index: &BlobHash, open_records: Option<&BlobHash>) -> Result<()> {
        self.index = Index::from_bytes(&self.archive.get_content(Class::Parked, index).await?)?;
        self.known.extend(self.index.leaves.iter().map(|l| l.hash));
        if let Some(open) = open_records {
            let mut walk = LeafWalk::new(Arc::new(self.archive.get_content(Class::Parked, open).await?))?;
            while walk.advance()?
                && let Some((key, value)) = walk.record()
            {
                self.cutter.push(key, value)?;
            }
        }
        Ok(())
    }

    /// Waits until every leaf that is being stored is stored.
    async fn settle(&mut self) -> Result<()> {
        while let Some(done) = self.storing.join_next().await {
            stored(done)?;
        }
        Ok(())
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
            if let Some(done) = self.storing.join_next().await {
                stored(done)?;
            }
        }
        let (archive, class) = (self.archive.clone(), self.class);
        self.storing.spawn(async move { archive.put_content(class, hash, &leaf.bytes).await });
        Ok(())
    }
}

fn stored(done: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    done.map_err(|e| Error::unavailable("storing a leaf was cut off").caused_by(e))?
}

/// A leaf that is fetched while another is read. Dropping it ends the fetch.
struct Ahead(JoinHandle<Result<Arc<Vec<u8>>>>);

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads the records of a list of leaves, in order.
pub struct LeafReader {
    archive: TenantArchive,
    class: Class,
    leaves: VecDeque<LeafRef>,
    ahead: VecDeque<Ahead>,
    /// How many leaves are fetched ahead of the one that is read.
    depth: usize,
    /// Whether leaves that were fetched ahead are kept for whoever comes next.
    keeps: bool,
    walk: Option<LeafWalk>,
}

impl LeafReader {
    /// A reader of those leaves that stands before their first record and fetches `depth` leaves ahead.
    pub fn new(archive: &TenantArchive, class: Class, leaves: &[LeafRef], depth: usize) -> Self {
        Self {
            archive: archive.clone(),
            class,
            leaves: leaves.iter().cloned().collect(),
            ahead: VecDeque::new(),
            depth,
            keeps: false,
            walk: None,
        }
    }

    /// The same, keeping the leaves that it fetches ahead, too.
    pub(super) fn keeping(self, keeps: bool) -> Self {
        Self { keeps, ..self }
    }

    /// A reader of an index that stands at the first record whose key is not less than `key`. It may have passed the
    /// last.
    pub async fn from_key(
        archive: &TenantArchive,
        class: Class,
        index: &Index,
        key: &[u8],
        depth: usize,
    ) -> Result<Self> {
        Self::new(archive, class, &index.leaves[index.seek(key)..], depth).at(key).await
    }

    /// The same, at the first record whose key is not less than `key`.
    pub(super) async fn at(mut self, key: &[u8]) -> Result<Self> {
        if key.is_empty() {
            self.advance().await?;
            return Ok(self);
        }
        while self.advance().await? && self.head() < Some(key) {}
        Ok(self)
    }

    /// Goes to the next record; says whether there is one.
    pub async fn advance(&mut self) -> Result<bool> {
        loop {
            if let Some(walk) = &mut self.walk
                && walk.advance()?
            {
                return Ok(true);
            }
            let Some(plain) = self.next_leaf().await? else {
                self.walk = None;
                return Ok(false);
            };
            self.walk = Some(LeafWalk::new(plain)?);
        }
    }

    /// The key of the record that it stands at; none before the first and after the last.
    pub fn head(&self) -> Option<&[u8]> {
        self.walk.as_ref().and_then(LeafWalk::head)
    }

    /// The value of the record that it stands at; empty when there is none.
    pub fn value(&self) -> &[u8] {
        self.walk.as_ref().and_then(LeafWalk::record).map_or(&[], |(_, value)| value)
    }

    /// The next leaf, and those behind it on their way.
    async fn next_leaf(&mut self) -> Result<Option<Arc<Vec<u8>>>> {
        if self.depth == 0 {
            let Some(leaf) = self.leaves.pop_front() else { return Ok(None) };
            return self.archive.get_leaf(self.class, &leaf.hash).await.map(Some);
        }
        while self.ahead.len() < self.depth
            && let Some(leaf) = self.leaves.pop_front()
        {
            let (archive, class, keeps) = (self.archive.clone(), self.class, self.keeps);
            self.ahead.push_back(Ahead(tokio::spawn(async move {
                if keeps {
                    archive.get_leaf(class, &leaf.hash).await
                } else {
                    archive.pass_leaf(class, &leaf.hash).await
                }
            })));
        }
        let Some(mut next) = self.ahead.pop_front() else { return Ok(None) };
        let fetched = (&mut next.0).await;
        let plain = fetched.map_err(|e| Error::unavailable("reading a leaf was cut off").caused_by(e))??;
        Ok(Some(plain))
    }
}
