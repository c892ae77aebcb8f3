//! Work on a snapshot that is not sealed yet, as the row of its reading keeps it: sorted blocks, and a merge that was
//! suspended. Both name blobs under `parked/` (FORMAT.md section 2), which nobody needs once the snapshot is sealed.

use super::BlobHash;
use serde::{Deserialize, Serialize};

/// A sorted block of operations that was stored for later, named by the hash of its index. In JSON it is that hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParkedBlock(BlobHash);

impl ParkedBlock {
    /// The block whose index has that hash. The index itself is parked as well, not stored among the indexes of runs.
    pub fn new(index: BlobHash) -> Self {
        Self(index)
    }

    /// The hash of the index, which lists the leaves of the block.
    pub fn index(&self) -> &BlobHash {
        &self.0
    }
}

/// Where a merge was suspended, so that another invocation resumes it and writes the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuspendedMerge {
    /// A parked index of the leaves that are written so far.
    pub index: BlobHash,
    /// The records since the end of the last leaf, as a parked leaf; none when a leaf had just ended.
    #[serde(rename = "open")]
    pub open_records: Option<BlobHash>,
    /// The last key that was merged; the merge goes on after it. Hexadecimal in JSON.
    #[serde(with = "hex")]
    pub last_key: Vec<u8>,
    /// What the merge has changed so far.
    pub counts: MergeCounts,
}

/// Where the writing of a log was put down, so that another invocation goes on with it and writes the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SuspendedLog {
    /// The run whose log it is.
    pub run: String,
    /// The last key that was looked at; it goes on after that. Hexadecimal in JSON.
    #[serde(with = "hex")]
    pub last_key: Vec<u8>,
    /// Whether nothing is written yet.
    pub is_empty: bool,
    /// A parked index of the leaves that are written so far.
    pub index: BlobHash,
    /// The entries since the end of the last leaf, as a parked leaf; none when a leaf had just ended.
    #[serde(rename = "open")]
    pub open_records: Option<BlobHash>,
    /// Blocks of the entries of the second log.
    pub second: Vec<ParkedBlock>,
}

/// How many records a merge has changed in the run that it is merged onto.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeCounts {
    /// Records that the run did not have before.
    #[serde(rename = "came")]
    pub added: u64,
    /// Records that the run had and no longer has.
    #[serde(rename = "went")]
    pub removed: u64,
    /// Entries that were written into the new layer: added, changed and removed records.
    pub written: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suspended_merge_and_a_parked_block_are_kept_as_they_always_were() {
        let hash = "ab".repeat(32);
        let kept = format!(
            r#"{{"index":"{hash}","open":null,"lastKey":"6b","counts":{{"came":1,"went":2,"written":3}}}}"#
        );
        let merge: SuspendedMerge = serde_json::from_str(&kept).unwrap();
        assert_eq!((merge.last_key.as_slice(), merge.counts.added, merge.counts.removed), (&b"k"[..], 1, 2));
        assert_eq!(serde_json::to_string(&merge).unwrap(), kept);
        let block = ParkedBlock::new(merge.index);
        assert_eq!(serde_json::to_string(&block).unwrap(), format!("\"{hash}\""));
    }
}
