//! The leaves of one index: written one after another, read one after another.

use super::TenantArchive;
use domain::stored::{BlobHash, Class, Index, LeafCutter, LeafRef, LeafWalk, PlainLeaf};
use domain::{Error, Result};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use tokio::task::{JoinHandle, JoinSet};

/// Leaves that are being stored at once.
const STORING: usize = 8;

/// Writes leaves. Records come in ascending order of their keys.
pub struct LeafWriter {
    archive: TenantArchive,
    class: Class,
    cutter: LeafCutter,
    index: Index,
    known: HashSet<BlobHash>,
    storing: JoinSet<Result<()>>,
}

/// Leaves and their index, stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The name of the index.
    pub index: BlobHash,
    /// Records.
    pub records: u64,
    /// Leaves.
    pub leaves: u64,
    /// Plain bytes of the leaves.
    pub plain_bytes: u64,
}

impl LeafWriter {
    /// Leaves of that class. Those that are `known` to be stored are not stored again.
    pub fn new(archive: &TenantArchive, class: Class, cut_bits: u32, known: HashSet<BlobHash>) -> Self {
        Self::with(archive, class, LeafCutter::new(cut_bits), known)
    }

    /// Leaves that are put aside, of so many bytes each.
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

    /// The next record.
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
        // Why: what is parked is swept by its name; nothing of it may look like a part of a snapshot.
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

    /// Puts the work down: what is cut is stored, its index and the records since the last cut are parked.
    pub async fn put_down(mut self) -> Result<(BlobHash, Option<BlobHash>)> {
        self.settle().await?;
        let open = match self.cutter.open_records() {
            Some(bytes) => Some(self.archive.put_named(Class::Parked, &bytes).await?),
            None => None,
        };
        Ok((self.archive.put_named(Class::Parked, &self.index.to_bytes()).await?, open))
    }

    /// Takes up again what was put down; gives the last key that was pushed.
    pub async fn take_up(&mut self, index: &BlobHash, open: Option<&BlobHash>) -> Result<()> {
        self.index = Index::from_bytes(&self.archive.get_content(Class::Parked, index).await?)?;
        self.known.extend(self.index.leaves.iter().map(|l| l.hash));
        if let Some(open) = open {
            let mut walk = LeafWalk::new(Arc::new(self.archive.get_content(Class::Parked, open).await?))?;
            while walk.advance()? {
                self.cutter.push(walk.key(), walk.value())?;
            }
        }
        Ok(())
    }

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

/// A leaf that is fetched while another is read; given up when nobody wants it any more.
struct Ahead(JoinHandle<Result<Vec<u8>>>);

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
    /// How many leaves to fetch before they are wanted.
    depth: usize,
    walk: Option<LeafWalk>,
    here: bool,
}

impl LeafReader {
    /// All records of those leaves, before the first of them.
    pub fn new(archive: &TenantArchive, class: Class, leaves: &[LeafRef], depth: usize) -> Self {
        Self {
            archive: archive.clone(),
            class,
            leaves: leaves.iter().cloned().collect(),
            ahead: VecDeque::new(),
            depth,
            walk: None,
            here: false,
        }
    }

    /// Records of an index from `key` on, before the first of them.
    pub async fn from_key(
        archive: &TenantArchive,
        class: Class,
        index: &Index,
        key: &[u8],
        depth: usize,
    ) -> Result<Self> {
        let mut reader = Self::new(archive, class, &index.leaves[index.seek(key)..], depth);
        if key.is_empty() {
            reader.advance().await?;
            return Ok(reader);
        }
        while reader.advance().await? && reader.key() < key {}
        Ok(reader)
    }

    /// Goes to the next record; says whether there is one.
    pub async fn advance(&mut self) -> Result<bool> {
        loop {
            if let Some(walk) = &mut self.walk
                && walk.advance()?
            {
                self.here = true;
                return Ok(true);
            }
            let Some(plain) = self.next_leaf().await? else {
                (self.walk, self.here) = (None, false);
                return Ok(false);
            };
            self.walk = Some(LeafWalk::new(plain)?);
        }
    }

    /// The key of the record; none after the last.
    pub fn head(&self) -> Option<&[u8]> {
        self.here.then(|| self.key())
    }

    /// The key of the record.
    pub fn key(&self) -> &[u8] {
        self.walk.as_ref().map_or(&[], LeafWalk::key)
    }

    /// The value of the record.
    pub fn value(&self) -> &[u8] {
        self.walk.as_ref().map_or(&[], LeafWalk::value)
    }

    async fn next_leaf(&mut self) -> Result<Option<Arc<Vec<u8>>>> {
        if self.depth == 0 {
            let Some(leaf) = self.leaves.pop_front() else { return Ok(None) };
            return self.archive.get_leaf(self.class, &leaf.hash).await.map(Some);
        }
        while self.ahead.len() < self.depth
            && let Some(leaf) = self.leaves.pop_front()
        {
            let (archive, class) = (self.archive.clone(), self.class);
            self.ahead
                .push_back(Ahead(tokio::spawn(async move { archive.get_content(class, &leaf.hash).await })));
        }
        let Some(mut next) = self.ahead.pop_front() else { return Ok(None) };
        let fetched = (&mut next.0).await;
        let plain = fetched.map_err(|e| Error::unavailable("reading a leaf was cut off").caused_by(e))??;
        Ok(Some(Arc::new(plain)))
    }
}
