//! The manifest: what a snapshot is made of. FORMAT.md section 6.

use super::{AuditHeld, BlobHash, LogRef, Missing};
use crate::{Error, Result, SnapshotId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version that is written. Older ones stay readable.
pub const FORMAT_VERSION: u32 = 3;

/// A run: a base, and layers of what changed since, the newest last. FORMAT.md section 5.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRef {
    /// The name of the base's index.
    pub index: BlobHash,
    /// How its leaves are cut, those of the layers included.
    pub cut_bits: u32,
    /// Records that it says are there.
    pub records: u64,
    /// Leaves of the base and of all layers.
    pub leaves: u64,
    /// Plain bytes of these leaves.
    pub plain_bytes: u64,
    /// What changed since the base; a later layer overrides an earlier one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerRef>,
}

/// One layer of a run: what changed since the layer below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerRef {
    /// The name of the layer's index.
    pub index: BlobHash,
    /// Records in it, removals included.
    pub records: u64,
    /// How many leaves it has.
    pub leaves: u64,
    /// Plain bytes of its leaves.
    pub plain_bytes: u64,
}

impl RunRef {
    /// Plain bytes of the base alone.
    pub fn base_bytes(&self) -> u64 {
        self.plain_bytes - self.layers.iter().map(|l| l.plain_bytes).sum::<u64>()
    }
}

/// A delta link, and when Graph gave it: it is good for seven days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The link as Graph gave it.
    pub link: String,
    /// When Graph gave it.
    pub taken_at: Timestamp,
    /// The properties that were asked for: they are fixed in the link.
    #[serde(default)]
    pub asked: String,
}

/// What stands for all directory extensions of a kind where it is about what is not known of them.
pub(crate) const EXTENSIONS: &str = "extensions";

/// How far a writer knew which directory extensions a tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtensionsKnown {
    /// Every one that the tenant has.
    All,
    /// None, for want of the permission to ask.
    NotGranted,
    /// Graph did not say which there are: those that the snapshot before asked for were asked for again.
    NotAnswered,
    /// A word of a later writer that this program does not know.
    #[serde(other)]
    Other,
}

/// What a snapshot is made of. Written last; a snapshot without it does not exist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT_VERSION`] of its writer.
    pub format: u32,
    /// The snapshot that this is the manifest of.
    pub snapshot: SnapshotId,
    /// The tenant that the snapshot was taken of.
    pub tenant: TenantId,
    /// The snapshot that it was built on; none when everything was read.
    pub base: Option<SnapshotId>,
    /// When reading began. What changed in the directory before is in it.
    pub started_at: Timestamp,
    /// When it was complete.
    pub sealed_at: Timestamp,
    /// Runs by name: a kind (`users`), a facet (`users.customSecurityAttributes`), a link type
    /// (`groups.members`), its reverse (`groups.members.reverse`), the names of a kind (`users.names`).
    pub runs: BTreeMap<String, RunRef>,
    /// Delta links, by the name of their source.
    pub tokens: BTreeMap<String, Token>,
    /// What was asked for, by source: properties, the names of directory extensions among them, and relations that are
    /// asked for like them. An empty list: everything that Graph gives. A source that is not named: the writer did not say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<String, Vec<String>>,
    /// By source, the relations that each object was asked to be given with (`$expand`). A source that is not named: the
    /// writer did not say, or none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub expanded: BTreeMap<String, Vec<String>>,
    /// For each run of objects, of a facet or of links that this snapshot does not hold: the newest snapshot before it that
    /// does. What is not named was never held. Absent: the writer did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_in: Option<BTreeMap<String, SnapshotId>>,
    /// The logs, by the run whose records' changes they tell: of objects, of a facet or of links. A run that is not named has
    /// no log yet.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, LogRef>,
    /// How far it was known which directory extensions the tenant has. Absent: the writer asked for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions_known: Option<ExtensionsKnown>,
    /// How much of Microsoft's own log of changes is held. Absent: the writer did not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditHeld>,
    /// What of the tenant could not be read, each with its cause.
    pub missing: Vec<Missing>,
    /// When each kind, and each facet, was last read whole, by name.
    pub full_at: BTreeMap<String, Timestamp>,
    /// Application permissions that it was read with; empty when the token did not say.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Users that take a seat; absent where users are missing, or the base did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_in_use: Option<u64>,
    /// How many calls to Graph the reading took.
    pub requests: u64,
    /// How many of Graph's resource units these calls cost.
    pub resource_units: u64,
    /// Of the calls, those that were answered 429.
    pub throttled: u64,
    /// New blobs, parked ones included, this manifest not.
    pub stored_blobs: u64,
    /// How many bytes these blobs are, sealed.
    pub stored_bytes: u64,
}

impl Manifest {
    /// The name of a snapshot's manifest in the vault.
    pub fn blob_name(id: &SnapshotId) -> String {
        format!("snapshots/{id}/manifest")
    }

    /// The manifest as it is stored: JSON. FORMAT.md section 6.
    ///
    /// # Errors
    /// `Invalid` when it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|e| Error::invalid("a manifest cannot be written").caused_by(e))
    }

    /// The manifest of these bytes.
    ///
    /// # Errors
    /// `Corrupt` when they are not one, or of a later format than this program knows.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let corrupt = |e: serde_json::Error| Error::corrupt("stored bytes are not a manifest").caused_by(e);
        let Version { format } = serde_json::from_slice(bytes).map_err(corrupt)?;
        if format > FORMAT_VERSION {
            return Err(Error::corrupt(format!(
                "the snapshot is of format {format}; this program reads up to {FORMAT_VERSION}"
            )));
        }
        serde_json::from_slice(bytes).map_err(corrupt)
    }
}
