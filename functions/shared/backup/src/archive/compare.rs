//! What differs between two runs. What both share is not read: a leaf of both bases, the layers with which both begin.

use super::leaves::LeafReader;
use super::run::Lookup;
use super::tenant::TenantArchive;
use domain::Result;
use domain::stored::{BlobHash, Class, Index, RunRef};
use std::collections::HashSet;

/// One record that differs; at least one side is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key that both sides have in common.
    pub key: Vec<u8>,
    /// Its value in the run before; none where that does not have it.
    pub before: Option<Vec<u8>>,
    /// Its value in the run after; none where that does not have it.
    pub after: Option<Vec<u8>>,
}

/// The records that differ, in key order.
pub struct Differences {
    /// Every key that can differ: a record that a shared leaf or a shared layer decides on both sides is equal.
    candidates: Vec<LeafReader>,
    before: Lookup,
    after: Lookup,
}

impl Differences {
    /// Compares two runs from their first key on. An absent run is empty.
    pub async fn new(
        archive: &TenantArchive,
        before: Option<&RunRef>,
        after: Option<&RunRef>,
    ) -> Result<Self> {
        Self::from_key(archive, before, after, &[]).await
    }

    /// The same from `start` on, that key included: what is before it is not read.
    pub async fn from_key(
        archive: &TenantArchive,
        before: Option<&RunRef>,
        after: Option<&RunRef>,
        start: &[u8],
    ) -> Result<Self> {
        // What both sides share cannot differ: leaves of one name, and the layers of one name at the beginning. All that is left
        // is read.
        let mut candidates = Vec::new();
        if before != after {
            let base = |run: Option<&RunRef>| run.map(|r| r.index);
            let (mut one, mut other) = (Index::default(), Index::default());
            if base(before) != base(after) {
                if let Some(run) = before {
                    one = archive.get_index(&run.index).await?;
                }
                if let Some(run) = after {
                    other = archive.get_index(&run.index).await?;
                }
            }
            candidates.extend(only(archive, &one, &other, start).await?);
            candidates.extend(only(archive, &other, &one, start).await?);
            for layer in unshared(before, after).chain(unshared(after, before)) {
                let index = archive.get_index(&layer).await?;
                candidates.push(LeafReader::from_key(archive, Class::Leaf, &index, start, 1).await?);
            }
        }
        // Why not always: where nothing can differ nothing has to be looked up, and so it is for most runs of most
        // snapshots.
        let looked_up = |run| if candidates.is_empty() { None } else { run };
        let before = archive.open_run(looked_up(before)).await?;
        let after = archive.open_run(looked_up(after)).await?;
        Ok(Self { candidates, before: before.lookup(), after: after.lookup() })
    }

    /// The next record that differs; none after the last.
    pub async fn next(&mut self) -> Result<Option<Difference>> {
        loop {
            let Some(key) = self.candidates.iter().filter_map(LeafReader::head).min().map(<[u8]>::to_vec)
            else {
                return Ok(None);
            };
            for reader in &mut self.candidates {
                if reader.head() == Some(&key) {
                    reader.advance().await?;
                }
            }
            let before = self.before.get(&key).await?;
            let after = self.after.get(&key).await?;
            if before != after {
                let (before, after) = (before.map(<[u8]>::to_vec), after.map(<[u8]>::to_vec));
                return Ok(Some(Difference { key, before, after }));
            }
        }
    }
}

/// A reader of the leaves that the other index does not have, at the first record whose key is not less than `start`;
/// none when there is no such leaf.
async fn only(
    archive: &TenantArchive,
    index: &Index,
    other: &Index,
    start: &[u8],
) -> Result<Option<LeafReader>> {
    let known: HashSet<BlobHash> = other.leaves.iter().map(|l| l.hash).collect();
    let from = &index.leaves[index.seek(start)..];
    let leaves: Vec<_> = from.iter().filter(|l| !known.contains(&l.hash)).cloned().collect();
    if leaves.is_empty() {
        return Ok(None);
    }
    let mut reader = LeafReader::new(archive, Class::Leaf, &leaves, 0);
    while reader.advance().await? && reader.head() < Some(start) {}
    Ok(Some(reader))
}

/// The layers behind those with which both runs begin. Why not each that the other does not have: what happens twice makes two
/// layers of one name, and the second decides otherwise than what lies between the two.
fn unshared<'a>(run: Option<&'a RunRef>, other: Option<&'a RunRef>) -> impl Iterator<Item = BlobHash> + 'a {
    let layers = run.map_or(&[][..], |r| r.layers.as_slice());
    let known = other.map_or(&[][..], |r| r.layers.as_slice());
    let common = layers.iter().zip(known).take_while(|(one, other)| one.index == other.index).count();
    layers[common..].iter().map(|l| l.index)
}
