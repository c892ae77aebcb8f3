//! A run opened: its base and its layers, read as one.

use super::leaves::LeafReader;
use super::tenant::TenantArchive;
use domain::Result;
use domain::stored::{BlobHash, Class, Index, LeafWalk, Record, RunRef, layer};
use futures::future::try_join_all;
use std::sync::Arc;

/// How many leaves are fetched ahead where a run is read from end to end.
const SCAN_AHEAD: usize = 2;
/// How many plain bytes of leaves, and how many leaves, are on their way where somebody waits for the end of a run.
const FAR_BYTES: u64 = 16 << 20;
const FAR_LEAVES: usize = 32;
/// How many leaves a run has at most that is read at once.
const SHORT_LEAVES: usize = 4;

/// A run whose indexes are at hand.
#[derive(Clone)]
pub struct OpenRun {
    archive: TenantArchive,
    /// The base, then the layers, the newest last.
    levels: Vec<Arc<Index>>,
}

impl OpenRun {
    /// Opens a run: reads its indexes, one for the base and one for each layer. An absent run is empty.
    pub async fn open(archive: &TenantArchive, run: Option<&RunRef>) -> Result<Self> {
        let mut levels = Vec::new();
        if let Some(run) = run {
            levels.push(archive.kept_index(&run.index).await?);
            for layer in &run.layers {
                levels.push(archive.kept_index(&layer.index).await?);
            }
        }
        Ok(Self { archive: archive.clone(), levels })
    }

    /// How many leaves it has, those of its layers among them.
    pub fn leaves(&self) -> usize {
        self.levels.iter().map(|index| index.leaves.len()).sum()
    }

    /// The names of the leaves that decide which records there are from `start` up to `end`, from the base to the newest layer.
    pub(crate) fn leaves_over(&self, start: &[u8], end: &[u8]) -> Vec<BlobHash> {
        let mut over = Vec::new();
        for index in &self.levels {
            for leaf in &index.leaves[index.seek(start)..] {
                over.push(leaf.hash);
                if leaf.last_key.as_slice() >= end {
                    break;
                }
            }
        }
        over
    }

    /// How many records at the most there are in the leaves that hold those from `start` up to `end`.
    pub(crate) fn records_over(&self, start: &[u8], end: &[u8]) -> u64 {
        let mut records = 0;
        for index in &self.levels {
            for leaf in &index.leaves[index.seek(start)..] {
                records += leaf.record_count;
                if leaf.last_key.as_slice() >= end {
                    break;
                }
            }
        }
        records
    }

    /// A reader of its records from `key` on, for a few of them: no leaf is fetched before it is needed.
    pub async fn from_key(&self, key: &[u8]) -> Result<RunReader> {
        RunReader::new(self, key, 0).await
    }

    /// A reader of its records from `key` to the end: leaves are fetched ahead.
    pub async fn scan(&self, key: &[u8]) -> Result<RunReader> {
        RunReader::new(self, key, SCAN_AHEAD).await
    }

    /// As [`Self::scan`], as far ahead as memory allows: a store answers many calls in the time of one.
    pub async fn scan_far(&self, key: &[u8]) -> Result<RunReader> {
        let leaves = self.levels.iter().flat_map(|index| &index.leaves);
        let largest = leaves.map(|leaf| leaf.plain_bytes).max().unwrap_or_default().max(1);
        let ahead = usize::try_from(FAR_BYTES / largest).unwrap_or(FAR_LEAVES);
        RunReader::new(self, key, ahead.clamp(SCAN_AHEAD, FAR_LEAVES)).await
    }

    /// Reads its leaves, all at once, if there are only a few: for whoever walks over many short runs one after another.
    pub(super) async fn fetch_short(&self) -> Result<()> {
        let leaves: Vec<_> = self.levels.iter().flat_map(|index| &index.leaves).collect();
        if leaves.len() <= SHORT_LEAVES {
            let fetched = leaves.iter().map(|leaf| self.archive.get_leaf(Class::Leaf, &leaf.hash));
            try_join_all(fetched).await?;
        }
        Ok(())
    }

    /// A lookup of single records of the run.
    pub fn lookup(&self) -> Lookup {
        let levels = self.levels.iter().rev().map(|index| Level { index: index.clone(), leaf: None });
        Lookup { archive: self.archive.clone(), levels: levels.collect(), has_layers: self.levels.len() > 1 }
    }

    /// What follows the prefix, of every key that begins with it.
    pub async fn ends(&self, prefix: &str) -> Result<Vec<String>> {
        let mut reader = self.from_key(prefix.as_bytes()).await?;
        let mut found = Vec::new();
        while let Some((key, _)) = reader.next().await? {
            let Some(rest) = key.strip_prefix(prefix.as_bytes()) else { break };
            found.push(String::from_utf8_lossy(rest).into_owned());
        }
        Ok(found)
    }
}

impl TenantArchive {
    /// Opens a run of this tenant, as [`OpenRun::open`] does.
    pub async fn open_run(&self, run: Option<&RunRef>) -> Result<OpenRun> {
        OpenRun::open(self, run).await
    }
}

/// Reads the records of a run in order.
pub struct RunReader {
    /// The base, then the layers, the newest last.
    levels: Vec<LeafReader>,
    /// The level that has the record which the reader stands at.
    current: usize,
    /// Whether `advance` was called yet.
    begun: bool,
}

impl RunReader {
    async fn new(run: &OpenRun, key: &[u8], ahead: usize) -> Result<Self> {
        let keeps = run.archive.may_keep(run.levels.iter().map(|index| index.plain_bytes()).sum());
        let mut levels = Vec::with_capacity(run.levels.len());
        for index in &run.levels {
            let leaves = &index.leaves[index.seek(key)..];
            let reader = LeafReader::new(&run.archive, Class::Leaf, leaves, ahead).keeping(keeps);
            levels.push(reader.at(key).await?);
        }
        Ok(Self { levels, current: 0, begun: false })
    }

    /// Goes to the next record; says whether there is one. Before the first call it is before the first.
    pub async fn advance(&mut self) -> Result<bool> {
        loop {
            if std::mem::replace(&mut self.begun, true) {
                self.leave().await?;
            }
            let heads = self.levels.iter().enumerate().filter_map(|(n, level)| Some((level.head()?, n)));
            // The newest level that has the least key says what the record is.
            let least = heads.min_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1))).map(|(_, n)| n);
            let Some(newest) = least else { return Ok(false) };
            self.current = newest;
            // A layer may say that the record was removed; then it is passed over.
            if newest == 0 || layer::read(self.levels[newest].value())?.is_some() {
                return Ok(true);
            }
        }
    }

    /// Goes past the current record, in every level that has it.
    async fn leave(&mut self) -> Result<()> {
        if self.levels.len() > 1 {
            let Some(key) = self.levels.get(self.current).and_then(LeafReader::head).map(<[u8]>::to_vec)
            else {
                return Ok(());
            };
            for level in &mut self.levels {
                if level.head() == Some(key.as_slice()) {
                    level.advance().await?;
                }
            }
        } else if let Some(base) = self.levels.first_mut() {
            base.advance().await?;
        }
        Ok(())
    }

    /// The key of the record that it stands at; none after the last.
    pub fn head(&self) -> Option<&[u8]> {
        self.levels.get(self.current).and_then(LeafReader::head)
    }

    /// The value of the record that it stands at; empty after the last.
    pub fn value(&self) -> &[u8] {
        match self.levels.get(self.current) {
            Some(level) if self.current == 0 => level.value(),
            // Without the tag in front, which `advance` has looked at.
            Some(level) => level.value().get(1..).unwrap_or_default(),
            None => &[],
        }
    }

    /// Goes to the next record and copies it; none after the last.
    pub async fn next(&mut self) -> Result<Option<Record>> {
        let there = self.advance().await?;
        Ok(there.then(|| (self.head().unwrap_or_default().to_vec(), self.value().to_vec())))
    }
}

/// The base or one layer, at one of its leaves.
struct Level {
    index: Arc<Index>,
    /// The position of the leaf in the index, and where the lookup stands in it.
    leaf: Option<(usize, LeafWalk)>,
}

/// Looks up records by key. Cheap when keys ascend: then each leaf that holds one of them is read once.
pub struct Lookup {
    archive: TenantArchive,
    /// The layers, the newest first, and the base at the end.
    levels: Vec<Level>,
    has_layers: bool,
}

impl Lookup {
    /// The value of that key; none when the run has no such record.
    pub async fn get(&mut self, key: &[u8]) -> Result<Option<&[u8]>> {
        // The newest level that has the key decides, be it that the record was removed.
        let last = self.levels.len().saturating_sub(1);
        let mut found = None;
        for (n, level) in self.levels.iter_mut().enumerate() {
            if level.seek(&self.archive, key).await? {
                found = Some(n);
                break;
            }
        }
        let Some(n) = found else { return Ok(None) };
        let record = self.levels[n].leaf.as_ref().and_then(|(_, walk)| walk.record());
        let Some((_, value)) = record else { return Ok(None) };
        if n == last || !self.has_layers { Ok(Some(value)) } else { layer::read(value) }
    }
}

impl Level {
    /// Goes to that key; says whether it is there.
    async fn seek(&mut self, archive: &TenantArchive, key: &[u8]) -> Result<bool> {
        let place = self.index.seek(key);
        let Some(leaf) = self.index.leaves.get(place) else { return Ok(false) };
        // The leaf at hand serves as long as the key is not behind; otherwise it is read from its beginning.
        let stays = self.leaf.as_ref().is_some_and(|(at, walk)| *at == place && walk.head() <= Some(key));
        if !stays {
            self.leaf = Some((place, LeafWalk::new(archive.get_leaf(Class::Leaf, &leaf.hash).await?)?));
        }
        let Some((_, walk)) = &mut self.leaf else { return Ok(false) };
        // Why by the record: before its first a leaf stands at none, also not at one whose key is empty.
        while walk.head() < Some(key) {
            if !walk.advance()? {
                // Cannot happen in a leaf that is what its index says: it ends with a key that is not less than this.
                self.leaf = None;
                return Ok(false);
            }
        }
        Ok(walk.head() == Some(key))
    }
}
