//! The row of a reading: how far a tenant has been read for one snapshot. It is small enough for a row, and enough
//! for another invocation to go on from.
//!
//! Field names in JSON are the stored ones and stay; where a name here says more, `rename` keeps the stored one.

use super::address::At;
use super::{AuditReading, Record};
use crate::ports::{Cursor, Spent};
use domain::extensions::Chosen;
use domain::stored::{LogRef, Missing, ParkedBlock, RunRef, SuspendedLog, SuspendedMerge, Token};
use domain::trail::Trail;
use domain::{SnapshotId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What the reading of a kind does next. Each stage is complete before the next begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ReadingStage {
    /// Ask for a token, so that nothing that happens from now on is lost.
    Token,
    /// Read everything, several chains of pages side by side.
    Everything,
    /// Read what has changed since the token.
    Changes,
    /// Ask by id for what left the recycle bin, though no change told of it.
    Returned,
    /// Merge what was read into runs.
    Merging,
}

/// What the pages of a chain hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChainRole {
    /// Objects that the kind's main source lists.
    Objects,
    /// Ids of objects, which are then read in chunks.
    Ids,
    /// Objects of the main source by their ids.
    Chunk(IdChunk),
    /// One facet: the source at that position among the kind's sources.
    Facet(usize),
}

/// Objects that are asked for together, by their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdChunk {
    /// Ids that no page has given yet; at the start all that are asked for.
    pub awaited: BTreeSet<String>,
    /// How many objects were asked for.
    pub objects: u32,
    /// How many links of these objects the pages gave so far.
    pub links: u32,
}

/// Pages that follow one another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chain {
    /// What its pages give.
    pub role: ChainRole,
    /// Where its next page is.
    pub cursor: Cursor,
    /// The pages before it, remembered well enough to notice that they lead in a ring.
    #[serde(default)]
    pub trail: Trail,
}

impl Chain {
    /// A chain of which no page was read yet.
    pub fn new(role: ChainRole, cursor: Cursor) -> Self {
        Self { role, cursor, trail: Trail::default() }
    }
}

/// How far the runs of a kind are merged. They are merged one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MergingState {
    /// Runs that are complete, by name.
    pub runs: BTreeMap<String, RunRef>,
    /// The name of the run whose merge was suspended, and where.
    #[serde(rename = "at")]
    pub suspended: Option<(String, SuspendedMerge)>,
    /// How many users take a seat, among the records that were merged.
    pub seats: SeatChange,
    /// Whether the operations on links were already turned into the form that is merged.
    pub links_prepared: bool,
    /// Whether what is held of objects that cannot be read was already put in place of what pages said of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub held_back: bool,
}

/// How many users take a seat, among the records that a merge touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SeatChange {
    /// How many of these records take a seat in the base.
    pub before: u64,
    /// How many of them take a seat after the merge.
    pub after: u64,
}

/// A kind that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "independent facts of a row")]
pub struct KindReading {
    /// Whether only what has changed since the base is read.
    pub incremental: bool,
    /// Whether the base is not built on, because it is damaged.
    #[serde(default)]
    pub without_base: bool,
    /// Whether everything is read along the delta's first round, because this Graph refuses the other ways.
    #[serde(default)]
    pub by_round: bool,
    /// Whether everything is listed, since this Graph refuses a delta in any form: it tracks no changes for the tenant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_list: bool,
    /// Whether each object is asked for by itself, since a page that would hold all of them is refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub singly: bool,
    /// Whether facets are asked for apart from the objects, because this Graph refuses to give them together.
    #[serde(default)]
    pub facets_apart: bool,
    /// When the reading began; whatever changed before that is in what it reads.
    pub started_at: Timestamp,
    /// The stage that the reading is in.
    pub stage: ReadingStage,
    /// Chains that the stage has still to read; none when it has not begun.
    pub chains: Option<Vec<Chain>>,
    /// Ids that are listed and have not been asked for yet.
    #[serde(default)]
    pub pending: Vec<String>,
    /// The delta link from which the changes are read.
    pub since: Option<String>,
    /// Ids that were listed and that Graph did not give when asked for them.
    #[serde(default)]
    pub unseen: BTreeSet<String>,
    /// Names of the facets that are read completely in this snapshot.
    #[serde(default)]
    pub facets: BTreeSet<String>,
    /// Delta links of the sources that are complete.
    pub tokens: BTreeMap<String, Token>,
    /// Properties and relations that were not asked for: this Graph does not know or refuses them, or the token may not read
    /// them.
    #[serde(default)]
    pub left_out: BTreeSet<String>,
    /// Whether it is known what is in the recycle bin.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub knows_bin: bool,
    /// Sources that could not be read though the kind could.
    pub missing: Vec<Missing>,
    /// Whether pages led nowhere: in a ring, or on and on without anything new.
    #[serde(default)]
    pub endless: bool,
    /// Operations that are parked, by the run that they belong to.
    pub blocks: BTreeMap<String, Vec<ParkedBlock>>,
    /// How far its runs are merged.
    #[serde(default)]
    pub merging: MergingState,
    /// How often the reading failed for a passing reason since it last got a page.
    #[serde(default)]
    pub failures: u32,
    /// In how many calls Graph no longer knew where the reading was, so that it began again; pages in between do not clear it.
    #[serde(default, skip_serializing_if = "super::course::is_zero")]
    pub losses: u32,
}

impl KindReading {
    /// A reading of everything, at its beginning.
    pub fn of_everything(now: Timestamp) -> Self {
        Self {
            incremental: false,
            without_base: false,
            by_round: false,
            by_list: false,
            singly: false,
            facets_apart: false,
            started_at: now,
            stage: ReadingStage::Token,
            chains: None,
            pending: Vec::new(),
            since: None,
            unseen: BTreeSet::new(),
            facets: BTreeSet::new(),
            tokens: BTreeMap::new(),
            left_out: BTreeSet::new(),
            knows_bin: false,
            missing: Vec::new(),
            endless: false,
            blocks: BTreeMap::new(),
            merging: MergingState::default(),
            failures: 0,
            losses: 0,
        }
    }

    /// A reading of what has changed since that delta link, at its beginning.
    pub fn of_changes(now: Timestamp, since: String) -> Self {
        Self {
            incremental: true,
            stage: ReadingStage::Changes,
            since: Some(since),
            ..Self::of_everything(now)
        }
    }

    /// A reading of everything, at its beginning again, that keeps what this one has learnt of this Graph.
    #[must_use]
    pub fn begun_anew(&self, now: Timestamp) -> Self {
        let Self { without_base, by_round, by_list, singly, facets_apart, failures, losses, .. } = *self;
        let anew = Self::of_everything(now);
        Self { without_base, by_round, by_list, singly, facets_apart, failures, losses, ..anew }
    }

    /// Whether a run is merged already, or its merge has begun.
    pub fn has_begun_merging(&self) -> bool {
        self.merging != MergingState::default()
    }
}

/// What the reading of a kind came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KindRuns {
    /// The kind's runs by name.
    pub runs: BTreeMap<String, RunRef>,
    /// The kind's delta links by source.
    pub tokens: BTreeMap<String, Token>,
    /// The names of the properties that were asked for, by source.
    pub asked: BTreeMap<String, Vec<String>>,
    /// The names of the relations that the objects were asked to be given with, by source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub expanded: BTreeMap<String, Vec<String>>,
    /// Parts of it that could not be read.
    pub missing: Vec<Missing>,
    /// When the kind, and each of its facets, was last read completely.
    pub full_at: BTreeMap<String, Timestamp>,
    /// How many users take a seat, where that is known; of users only.
    pub seats_in_use: Option<u64>,
    /// Whether the runs were built on the base's.
    pub incremental: bool,
    /// Objects that were deleted for good since the base, as keys of parked operations.
    pub deleted: Vec<ParkedBlock>,
}

/// How far the reading of one kind has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum KindState {
    /// It is being read.
    Reading(Box<KindReading>),
    /// It is read, and its runs are stored.
    Done(KindRuns),
    /// It cannot be read; this snapshot does not hold it.
    Missing(Missing),
}

impl KindState {
    /// Whether nothing is left to do.
    pub fn is_finished(&self) -> bool {
        !matches!(self, Self::Reading(_))
    }
}

/// The row of the reading for one snapshot, in the scope of the tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadingState {
    /// The tenant that is read.
    pub tenant: TenantId,
    /// The snapshot that it is read for.
    pub snapshot: SnapshotId,
    /// When the first page was asked for.
    pub started_at: Timestamp,
    /// The snapshot that the reading builds on; none when there is none.
    pub base: Option<SnapshotId>,
    /// The application permissions that were granted when it began; empty when they are not known.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Which directory extensions are asked for, as it was when it began; none in a row of an earlier release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Chosen>,
    /// How far Microsoft's own log of changes has been read; none before it is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditReading>,
    /// How far each kind has come, by the kind's name.
    pub kinds: BTreeMap<String, KindState>,
    /// What the calls so far cost at Graph.
    pub spent: Spent,
    /// How many blobs were new in the vault so far.
    pub stored_blobs: u64,
    /// How many sealed bytes were new in the vault so far.
    pub stored_bytes: u64,
    /// In how many invocations the reading got further.
    #[serde(default)]
    pub advances: u32,
    /// The logs that are written already, by the run whose changes they tell. Written when every kind is finished.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, LogRef>,
    /// The log that was put down in its middle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<SuspendedLog>,
}

impl ReadingState {
    /// The address of the state of the reading for that snapshot.
    pub fn at(tenant: &TenantId, snapshot: &SnapshotId) -> At<Self> {
        At::of(tenant, snapshot)
    }
}

impl Record for ReadingState {
    type Owner = TenantId;
    const PREFIX: &'static str = "progress#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.snapshot)
    }
}
