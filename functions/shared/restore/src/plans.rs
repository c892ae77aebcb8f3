//! Plans and reports of restores: what a preview stores and a run reads, and what a run stores at its end.
//!
//! Not here: how a plan is made ([`crate::preview_restore`]), and how it is run ([`crate::run_restore`]).

use async_trait::async_trait;
use domain::restore::{Conflict, IdMap, Impossible, Left, RestorePlan, Step};
use domain::{Error, RestoreId, Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{Put, Secret, Spent};
use engine::records::{
    Approval, NewId, OutcomeState, ReadBack, Record, Records, RefusedPart, Restore, RestoreCounts,
    StepOutcome,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// A plan as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPlan {
    /// What is to be written, step by step.
    pub plan: RestorePlan,
    /// The hash of the stored bytes, which an approval names.
    pub hash: String,
}

impl StoredPlan {
    /// The plan that these bytes hold.
    ///
    /// # Errors
    /// `Corrupt` when they hold none.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let plan = serde_json::from_slice(bytes)
            .map_err(|e| Error::corrupt("a stored plan cannot be read").caused_by(e))?;
        Ok(Self { plan, hash: Approval::hash(bytes) })
    }

    /// Whether it is the plan that the restore's preview made, as far as the row says which that was: rows of earlier releases
    /// do not.
    pub fn is_of(&self, row: &Restore) -> bool {
        row.plan.as_ref().is_none_or(|shown| *shown == self.hash)
    }
}

/// Plans and reports of restores: sealed, create-only.
#[async_trait]
pub trait PlanStore: Send + Sync {
    /// Stores the plan of a restore, unless there is one.
    async fn put_new_plan(&self, tenant: &TenantId, restore: &RestoreId, plan: &RestorePlan) -> Result<Put>;

    /// The plan of a restore; none before its preview.
    async fn find_plan(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Option<StoredPlan>>;

    /// Stores what Graph said of a step that it refused, unless that is there.
    async fn put_new_sentences(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
        sentences: &[Sentence],
    ) -> Result<Put>;

    /// What Graph said of a step that it refused; empty where it said nothing.
    async fn list_sentences(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
    ) -> Result<Vec<Sentence>>;

    /// Stores what a step is about to write over, unless that is there.
    async fn put_new_before(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
        before: &Before,
    ) -> Result<Put>;

    /// What a step wrote over, or brought; none where it did neither.
    async fn find_before(&self, tenant: &TenantId, restore: &RestoreId, step: u32) -> Result<Option<Before>>;

    /// Stores a part of what that attempt at a preview has read, unless it is there.
    async fn put_new_reads(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        part: u32,
        reads: &KeptReads,
    ) -> Result<Put>;

    /// A part of what that attempt at a preview had read; none where there is no such part.
    async fn find_reads(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        part: u32,
    ) -> Result<Option<KeptReads>>;

    /// Stores a page of a receipt under the hash of its entries, unless it is there.
    async fn put_new_receipt_page(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        hash: &str,
        entries: &[Value],
    ) -> Result<Put>;

    /// The entries of that hash; none before the receipt was made.
    async fn find_receipt_page(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        hash: &str,
    ) -> Result<Option<Vec<Value>>>;

    /// Seals a secret under the tenant's key, bound to a place: base64. Nothing is stored.
    async fn seal(&self, tenant: &TenantId, place: &str, secret: &str) -> Result<String>;

    /// What was sealed for that place.
    ///
    /// # Errors
    /// `Corrupt` when it was sealed for another tenant or place, or is not what was sealed.
    async fn open_sealed(&self, tenant: &TenantId, place: &str, sealed: &str) -> Result<Secret>;

    /// Stores the report of a restore, unless there is one.
    async fn put_new_report(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        report: &FinalReport,
    ) -> Result<Put>;

    /// The report of a restore; none before its end.
    async fn find_report(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Option<FinalReport>>;
}

/// What Graph said of a step that it refused: each of its sentences, with the part of the step that it was said of where
/// that is known. Kept sealed, since they may quote a customer's values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sentence {
    /// The part of the step, as its outcome names it; none where the step was refused as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Graph's sentence, for a person; nobody decides by it.
    pub said: String,
}

/// What an object was like right before a step wrote to it; of a step that made one or brought one back, what it was like
/// once it was there. Kept sealed, so that the restore can be undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Before {
    /// The object, without links; none where it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<Map<String, Value>>,
    /// The types of the links that the step may write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub link_types: Vec<String>,
    /// Those of its links that the step may write.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<BeforeLink>,
    /// The properties and relations that could not be read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unknown: BTreeSet<String>,
    /// Whether the schedule of a role assignment was looked for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub knows_schedule: bool,
    /// The schedule; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Map<String, Value>>,
}

/// What a preview that is to be continued has read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptReads {
    /// When the invocation began that read it: nothing of it is older.
    pub at: Timestamp,
    /// The readings, in the order in which they were made.
    pub reads: Vec<KeptRead>,
}

/// One thing that a preview has read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "read")]
pub enum KeptRead {
    /// An object of the live tenant.
    Live {
        /// The name of its kind.
        kind: String,
        /// The key under which it was looked for.
        key: String,
        /// The types of links that were asked for.
        links: Vec<String>,
        /// What was found; none where it is not there.
        found: Option<Before>,
    },
}

/// A link that an object had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BeforeLink {
    /// The type of the link, such as `groups.members`.
    pub link: String,
    /// The id of the object at the far end; of a policy's assignment its key.
    pub to: String,
    /// What the link says besides its ends.
    pub value: Map<String, Value>,
}

/// A step and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedStep {
    /// The step as it was previewed.
    pub step: Step,
    /// What became of it.
    pub outcome: OutcomeState,
    /// The HTTP status of Graph's answer; none when nothing was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's id of the request, for its support.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Our own id of the step's requests, which Graph keeps in its logs (`client-request-id`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Whether it was written, no answer to that is known, and it was found so afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_after_interruption: bool,
    /// The parts that Graph did not take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedPart>,
    /// What a read-back found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_back: Option<ReadBack>,
    /// The id of the object that the step created; none where it created none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_id: Option<String>,
    /// Whether the step sent an object to be created, and nobody found it: it may be there all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_exist: bool,
    /// Whether the user needs a new password before signing in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_password_reset: bool,
    /// When the outcome was last written.
    pub at: Timestamp,
}

/// The complete report, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinalReport {
    /// The restore that it reports.
    pub restore: RestoreId,
    /// The tenant that was restored.
    pub tenant: TenantId,
    /// The snapshot that was restored from.
    pub snapshot: SnapshotId,
    /// Who approved the plan: a person's id or a token's prefix.
    pub approved_by: Option<String>,
    /// When its execution began.
    pub started_at: Option<Timestamp>,
    /// When the execution ended.
    pub done_at: Option<Timestamp>,
    /// How many steps came to which end.
    pub counts: RestoreCounts,
    /// What the execution cost at Graph.
    pub spent: Spent,
    /// Every step, in order.
    pub steps: Vec<ReportedStep>,
    /// What could not be restored, as the preview said.
    pub impossible: Vec<Impossible>,
    /// What differed and was left by the chosen modes, as the preview said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_by_mode: Vec<Left>,
    /// Objects whose place was taken, as the preview said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<Conflict>,
    /// Whether the restore failed or was cancelled before its end: steps without an outcome were not tried, and are not listed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
}

impl FinalReport {
    /// Of a restore that failed before its end: the outcomes are all that there are.
    pub(crate) fn partial(restore: &Restore, plan: &RestorePlan, outcomes: &[StepOutcome]) -> Self {
        let of = |number| outcomes.iter().find(|outcome| outcome.number == number);
        let counts = RestoreCounts::of(plan, outcomes);
        Self { counts, is_partial: true, ..Self::of(restore, plan, of) }
    }

    /// The report of a restore, with what became of its steps; steps without an outcome are not listed.
    pub(crate) fn of<'a>(
        restore: &Restore,
        plan: &RestorePlan,
        outcome: impl Fn(u32) -> Option<&'a StepOutcome>,
    ) -> Self {
        let steps = plan.steps.iter().filter_map(|step| {
            let outcome = outcome(step.number)?;
            Some(ReportedStep {
                step: step.clone(),
                outcome: outcome.state.clone(),
                status: outcome.status,
                request_id: outcome.request_id.clone(),
                client_request_id: outcome.client_request_id.clone(),
                found_after_interruption: outcome.found_after_interruption,
                refused: outcome.refused.clone(),
                read_back: outcome.read_back.clone(),
                new_id: outcome.new_id.clone(),
                may_exist: outcome.may_exist(step),
                needs_password_reset: step.kind.find().is_some_and(|kind| kind.writing.password)
                    && outcome.new_id.is_some()
                    && !matches!(outcome.state, OutcomeState::Skipped { .. }),
                at: outcome.at,
            })
        });
        Self {
            restore: restore.id.clone(),
            tenant: restore.tenant.clone(),
            snapshot: restore.snapshot.clone(),
            approved_by: restore.approved_by.clone(),
            started_at: restore.started_at,
            done_at: restore.done_at,
            counts: restore.counts,
            spent: restore.spent,
            steps: steps.collect(),
            impossible: plan.impossible.clone(),
            left_by_mode: plan.left_by_mode.clone(),
            conflicts: plan.conflicts.clone(),
            is_partial: false,
        }
    }
}

/// A step with the ids of today. Ends of links, and groups in assignments, that another restore created again are
/// followed: they are the same objects.
pub(crate) fn of_today(step: &Step, ids: &IdMap) -> Result<Step> {
    let mut now = step.clone();
    now.depends_on.extend(step.refers_to().into_iter().filter(|id| ids.resolve(id) != id));
    Ok(Step { depends_on: step.depends_on.clone(), ..now.rewritten(ids)? })
}

/// The ids under which objects of a tenant were created again, by their old ones.
pub(crate) async fn new_ids(records: &Records, tenant: &TenantId) -> Result<IdMap> {
    let mut ids = IdMap::default();
    for row in records.list_all(&NewId::all(tenant)).await? {
        ids.insert(row.value.old, row.value.new);
    }
    Ok(ids)
}
