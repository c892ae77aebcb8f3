//! What differs between two runs. Leaves that both have are not read: a record in one is in the other, equal.

use super::{RunReader, TenantArchive};
use domain::Result;
use domain::stored::{Class, Index, Record, RunRef};
use std::collections::HashSet;

/// One record that differs; at least one side is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its key.
    pub key: Vec<u8>,
    /// Its value before.
    pub before: Option<Vec<u8>>,
    /// Its value after.
    pub after: Option<Vec<u8>>,
}

/// The records that differ, in key order.
pub struct Differences {
    before: RunReader,
    after: RunReader,
    heads: (Option<Record>, Option<Record>),
}

impl Differences {
    /// Compares two runs; an absent one is empty.
    pub async fn new(
        archive: &TenantArchive,
        before: Option<&RunRef>,
        after: Option<&RunRef>,
    ) -> Result<Self> {
        let same = before.map(|r| r.index) == after.map(|r| r.index);
        let index = async |run: Option<&RunRef>| match run {
            Some(run) if !same => archive.get_index(run).await,
            _ => Ok(Index::default()),
        };
        let (before, after) = (index(before).await?.leaves, index(after).await?.leaves);
        let hashes =
            |leaves: &[domain::stored::LeafRef]| leaves.iter().map(|l| l.hash).collect::<HashSet<_>>();
        let (in_before, in_after) = (hashes(&before), hashes(&after));
        let only = |leaves: Vec<domain::stored::LeafRef>, other: &HashSet<_>| {
            leaves.into_iter().filter(|l| !other.contains(&l.hash)).collect()
        };
        let mut before = RunReader::new(archive, Class::Leaf, only(before, &in_after));
        let mut after = RunReader::new(archive, Class::Leaf, only(after, &in_before));
        let heads = (before.next().await?, after.next().await?);
        Ok(Self { before, after, heads })
    }

    /// The next record that differs.
    pub async fn next(&mut self) -> Result<Option<Difference>> {
        loop {
            let order = match &self.heads {
                (None, None) => return Ok(None),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((before, _)), Some((after, _))) => before.cmp(after),
            };
            let before = if order.is_le() {
                std::mem::replace(&mut self.heads.0, self.before.next().await?)
            } else {
                None
            };
            let after = if order.is_ge() {
                std::mem::replace(&mut self.heads.1, self.after.next().await?)
            } else {
                None
            };
            let key = before.as_ref().or(after.as_ref()).map(|(k, _)| k.clone()).unwrap_or_default();
            let (before, after) = (before.map(|r| r.1), after.map(|r| r.1));
            if before != after {
                return Ok(Some(Difference { key, before, after }));
            }
        }
    }
}
