//! How far a reading has come: small enough for a row, enough for another invocation to go on.

use crate::ports::{Cursor, Scope, Spent};
use crate::records::Record;
use domain::kinds::Kind;
use domain::stored::{Manifest, Missing, RunRef, Token};
use domain::{SnapshotId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KindReading {
    /// Whether it builds on the base.
    pub incremental: bool,
    /// When it was begun; what changed before is in what is read.
    pub started_at: Timestamp,
    /// Which source comes next, and where in it.
    pub source: usize,
    /// Where in that source.
    pub cursor: Cursor,
    /// Delta links of the sources that are done.
    pub tokens: BTreeMap<String, Token>,
    /// Sources that could not be read though the kind could.
    pub missing: Vec<Missing>,
    /// Parked blocks by run.
    pub blocks: BTreeMap<String, Vec<RunRef>>,
    /// Objects that are gone for good, as far as Graph said so.
    pub hard_deleted: Vec<String>,
    /// How often it failed for a passing reason since a page was read last.
    #[serde(default)]
    pub failures: u32,
}

impl KindReading {
    /// At the beginning, of everything.
    pub fn whole(now: Timestamp) -> Self {
        Self {
            incremental: false,
            started_at: now,
            source: 0,
            cursor: Cursor::Start,
            tokens: BTreeMap::new(),
            missing: Vec::new(),
            blocks: BTreeMap::new(),
            hard_deleted: Vec::new(),
            failures: 0,
        }
    }
}

/// A kind that is finished.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KindRuns {
    /// Its runs by name.
    pub runs: BTreeMap<String, RunRef>,
    /// Its delta links by source.
    pub tokens: BTreeMap<String, Token>,
    /// Parts of it that could not be read.
    pub missing: Vec<Missing>,
    /// When it was last read whole.
    pub full_at: Option<Timestamp>,
    /// Whether it was built on the base.
    pub incremental: bool,
    /// Objects that are gone for good since the base.
    pub hard_deleted: Vec<String>,
}

/// Where a kind stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KindProgress {
    /// Being read.
    Reading(KindReading),
    /// Read.
    Done(KindRuns),
    /// It cannot be read.
    Missing(Missing),
}

impl KindProgress {
    /// A kind to be read whole.
    pub fn whole(now: Timestamp) -> Self {
        Self::Reading(KindReading::whole(now))
    }

    /// A kind of which only the changes since the base are read.
    pub fn incremental(kind: &Kind, base: &Manifest) -> Self {
        let token = base.tokens.get(kind.reading[0].name).map(|t| t.link.clone()).unwrap_or_default();
        Self::Reading(KindReading {
            incremental: true,
            started_at: base.full_at.get(kind.name).copied().unwrap_or(base.started_at),
            source: 0,
            cursor: Cursor::Delta(token),
            tokens: BTreeMap::new(),
            missing: Vec::new(),
            blocks: BTreeMap::new(),
            hard_deleted: Vec::new(),
            failures: 0,
        })
    }

    /// Whether nothing is left to do.
    pub fn is_finished(&self) -> bool {
        !matches!(self, Self::Reading(_))
    }
}

/// The row of a reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Of which tenant.
    pub tenant: TenantId,
    /// For which snapshot.
    pub snapshot: SnapshotId,
    /// When the first page was asked for.
    pub started_at: Timestamp,
    /// The snapshot that is built on.
    pub base: Option<SnapshotId>,
    /// By kind.
    pub kinds: BTreeMap<String, KindProgress>,
    /// Calls so far.
    pub spent: Spent,
    /// New blobs so far.
    pub stored_blobs: u64,
    /// New sealed bytes so far.
    pub stored_bytes: u64,
}

impl Progress {
    /// The key of that snapshot's progress.
    pub fn key_of(snapshot: &SnapshotId) -> String {
        format!("progress#{snapshot}")
    }
}

impl Record for Progress {
    const FAMILY: &'static str = "progress#";
    fn scope(&self) -> Scope {
        Scope::Tenant(self.tenant.clone())
    }
    fn key(&self) -> String {
        Self::key_of(&self.snapshot)
    }
}
