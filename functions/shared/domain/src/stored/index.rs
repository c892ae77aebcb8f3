//! A run's index: the list of its leaves. FORMAT.md section 5.

use super::{BlobHash, varint};
use crate::{Error, Result};

const MAGIC: &[u8; 4] = b"HFI1";

/// One leaf of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeafRef {
    /// The greatest key in the leaf. The next leaf holds what is greater.
    pub last_key: Vec<u8>,
    /// The name under which its bytes are in the vault.
    pub hash: BlobHash,
    /// How many records it holds.
    pub record_count: u64,
    /// Its size in bytes, before compression and sealing.
    pub plain_bytes: u64,
}

/// The leaves of a run, in key order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// One entry for each leaf, in the order of their keys.
    pub leaves: Vec<LeafRef>,
}

impl Index {
    /// The index as it is stored: FORMAT.md section 5.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        for leaf in &self.leaves {
            varint::put(&mut out, leaf.last_key.len() as u64);
            out.extend_from_slice(&leaf.last_key);
            out.extend_from_slice(leaf.hash.as_bytes());
            varint::put(&mut out, leaf.record_count);
            varint::put(&mut out, leaf.plain_bytes);
        }
        out
    }

    /// The index of these bytes.
    ///
    /// # Errors
    /// `Corrupt` when they are not an index or its leaves are not in order.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut rest =
            bytes.strip_prefix(MAGIC).ok_or_else(|| Error::corrupt("stored bytes are not an index"))?;
        let mut leaves: Vec<LeafRef> = Vec::new();
        while !rest.is_empty() {
            let last_key = varint::take_bytes(&mut rest)?.to_vec();
            let (hash, after) =
                rest.split_first_chunk::<32>().ok_or_else(|| Error::corrupt("an index ends too early"))?;
            rest = after;
            let record_count = varint::take(&mut rest)?;
            let plain_bytes = varint::take(&mut rest)?;
            if leaves.last().is_some_and(|l| l.last_key >= last_key) {
                return Err(Error::corrupt("leaves of an index are not in order"));
            }
            leaves.push(LeafRef { last_key, hash: BlobHash::new(*hash), record_count, plain_bytes });
        }
        Ok(Self { leaves })
    }

    /// The position of the first leaf that can hold `key` or a greater one; the number of leaves when none.
    pub fn seek(&self, key: &[u8]) -> usize {
        self.leaves.partition_point(|leaf| leaf.last_key.as_slice() < key)
    }

    /// Records over all leaves.
    pub fn record_count(&self) -> u64 {
        self.leaves.iter().map(|l| l.record_count).sum()
    }

    /// Plain bytes over all leaves.
    pub fn plain_bytes(&self) -> u64 {
        self.leaves.iter().map(|l| l.plain_bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_reads_back_and_finds_the_leaf_of_a_key() {
        let leaf = |last: &str, n: u8| LeafRef {
            last_key: last.into(),
            hash: BlobHash::new([n; 32]),
            record_count: 3,
            plain_bytes: 300,
        };
        let index = Index { leaves: vec![leaf("f", 1), leaf("m", 2)] };
        assert_eq!(Index::from_bytes(&index.to_bytes()).unwrap(), index);
        assert_eq!((index.seek(b"a"), index.seek(b"f"), index.seek(b"g"), index.seek(b"z")), (0, 0, 1, 2));
        let backwards = Index { leaves: vec![leaf("m", 2), leaf("f", 1)] };
        assert!(Index::from_bytes(&backwards.to_bytes()).is_err());
        for length in 0..index.to_bytes().len() {
            // Cut short anywhere but between two leaves: an error, never a shorter index taken for whole.
            let cut = Index::from_bytes(&index.to_bytes()[..length]);
            assert!(cut.is_err() || cut.unwrap().leaves.len() < 2);
        }
    }
}
