//! How far a reading has come: small enough for a row, enough for another invocation to go on.

use crate::archive::{Block, Partial};
use domain::stored::{Missing, RunRef, Token};
use domain::trail::Trail;
use domain::{SnapshotId, TenantId, Timestamp};
use engine::ports::{Cursor, Spent};
use engine::records::{At, Record};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a kind's reading does next. Each stage is done before the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Ask for a token, so that nothing that happens from now on is lost.
    Token,
    /// Read everything, side by side.
    Everything,
    /// Read what changed since the token.
    Changes,
    /// Merge what was read into runs.
    Merging,
}

/// What the pages of a chain are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Objects of the main source.
    Objects,
    /// Ids of objects, to be read in chunks.
    Ids,
    /// Objects of the main source by their ids.
    Chunk(Chunk),
    /// One property, by the source of that position.
    Facet(usize),
}

/// Objects that are asked for together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chunk {
    /// Those that have not been seen yet; at the start those that are asked for.
    pub awaited: BTreeSet<String>,
    /// How many were asked for.
    pub objects: u32,
    /// How many links of theirs were seen.
    pub links: u32,
}

/// Pages that follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// What they are.
    pub role: Role,
    /// Where it goes on.
    pub cursor: Cursor,
    /// Which pages led there.
    #[serde(default)]
    pub trail: Trail,
}

impl Chain {
    /// A chain at its beginning.
    pub fn at(role: Role, cursor: Cursor) -> Self {
        Self { role, cursor, trail: Trail::default() }
    }
}

/// Runs that are merged one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Merging {
    /// Those that are done.
    pub runs: BTreeMap<String, RunRef>,
    /// The run that was put down, and where.
    pub at: Option<(String, Partial)>,
    /// Users that took seats, and that take them, among the records that were merged.
    pub seats: Seats,
    /// Whether the operations on links are as they are merged.
    pub links_prepared: bool,
}

/// Users that take seats, among records that are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Seats {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// A kind that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a row")]
pub struct KindReading {
    /// Whether only what changed since the base is read.
    pub incremental: bool,
    /// The base cannot be built on: it is damaged.
    #[serde(default)]
    pub without_base: bool,
    /// Everything is read along the delta's first round: this Graph has no other way.
    #[serde(default)]
    pub by_round: bool,
    /// Facets are not asked for along with the objects: this Graph refuses that.
    #[serde(default)]
    pub facets_apart: bool,
    /// When it was begun; what changed before is in what is read.
    pub started_at: Timestamp,
    /// What is done now.
    pub stage: Stage,
    /// What the stage still reads; none when it has not begun.
    pub chains: Option<Vec<Chain>>,
    /// Ids that are listed and not asked for yet.
    #[serde(default)]
    pub pending: Vec<String>,
    /// Where the changes begin.
    pub since: Option<String>,
    /// Ids that were listed and not given.
    #[serde(default)]
    pub unseen: BTreeSet<String>,
    /// Facets that are read whole in this snapshot.
    #[serde(default)]
    pub facets: BTreeSet<String>,
    /// Delta links of the sources that are done.
    pub tokens: BTreeMap<String, Token>,
    /// Properties that this Graph does not know.
    #[serde(default)]
    pub left_out: BTreeSet<String>,
    /// Sources that could not be read though the kind could.
    pub missing: Vec<Missing>,
    /// Pages led nowhere: in a ring, or on and on without anything new.
    #[serde(default)]
    pub endless: bool,
    /// Parked blocks by run.
    pub blocks: BTreeMap<String, Vec<Block>>,
    /// Runs that are merged.
    #[serde(default)]
    pub merging: Merging,
    /// How often it failed for a passing reason since a page was read last.
    #[serde(default)]
    pub failures: u32,
}

impl KindReading {
    /// At the beginning, of everything.
    pub fn whole(now: Timestamp) -> Self {
        Self {
            incremental: false,
            without_base: false,
            by_round: false,
            facets_apart: false,
            started_at: now,
            stage: Stage::Token,
            chains: None,
            pending: Vec::new(),
            since: None,
            unseen: BTreeSet::new(),
            facets: BTreeSet::new(),
            tokens: BTreeMap::new(),
            left_out: BTreeSet::new(),
            missing: Vec::new(),
            endless: false,
            blocks: BTreeMap::new(),
            merging: Merging::default(),
            failures: 0,
        }
    }

    /// At the beginning, of what changed since that delta link.
    pub fn changes(now: Timestamp, since: String) -> Self {
        Self { incremental: true, stage: Stage::Changes, since: Some(since), ..Self::whole(now) }
    }

    /// At the beginning again, of everything, having learnt what this one learnt.
    #[must_use]
    pub fn anew(&self, now: Timestamp) -> Self {
        let Self { without_base, by_round, facets_apart, failures, .. } = *self;
        Self { without_base, by_round, facets_apart, failures, ..Self::whole(now) }
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
    /// What was asked for, by source.
    pub asked: BTreeMap<String, Vec<String>>,
    /// Parts of it that could not be read.
    pub missing: Vec<Missing>,
    /// When it, and each of its facets, was last read whole.
    pub full_at: BTreeMap<String, Timestamp>,
    /// How many users take a seat, where that is known; of users only.
    pub seats_in_use: Option<u64>,
    /// Whether it was built on the base.
    pub incremental: bool,
    /// Objects that are gone for good since the base, as keys of parked operations.
    pub deleted: Vec<Block>,
}

/// Where a kind stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KindProgress {
    /// Being read.
    Reading(Box<KindReading>),
    /// Read.
    Done(KindRuns),
    /// It cannot be read.
    Missing(Missing),
}

impl KindProgress {
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
    /// Application permissions when it began; empty when it is not known.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// By kind.
    pub kinds: BTreeMap<String, KindProgress>,
    /// Calls so far.
    pub spent: Spent,
    /// New blobs so far.
    pub stored_blobs: u64,
    /// New sealed bytes so far.
    pub stored_bytes: u64,
    /// How many invocations got further.
    #[serde(default)]
    pub advances: u32,
}

impl Progress {
    /// Where the progress of that snapshot is.
    pub fn at(tenant: &TenantId, snapshot: &SnapshotId) -> At<Self> {
        At::of(tenant, snapshot)
    }
}

impl Record for Progress {
    type Owner = TenantId;
    const PREFIX: &'static str = "progress#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.snapshot)
    }
}
