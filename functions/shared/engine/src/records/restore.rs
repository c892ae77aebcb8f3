//! The row of a restore, and a row for the outcome of each of its steps. The row says what was chosen; the plan and
//! the report, which hold customer data, are in the vault.
//! Over 400 lines: the row, the outcomes of its steps and what both are made of are read together.

use super::address::{At, Restores, Under};
use super::{Approval, Course, NotProtected, Record, SentCall, watched};
use crate::ports::{Spent, Watch};
use domain::organisations::ApprovalRule;
use domain::restore::{RestorePlan, Selection, Step, WriteAction};
use domain::who::ChangeFilter;
use domain::{DiffId, PartnerId, PersonId, RestoreId, RestoreSetId, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Where a restore stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RestoreState {
    /// Its preview is asked for or worked on.
    Previewing,
    /// Its preview is stored and waits for approval.
    Previewed,
    /// It is approved and waits to be executed.
    Queued,
    /// Its steps are being executed.
    Running,
    /// Its report is stored; single steps may have failed.
    Done,
    /// Its preview or its execution was given up, perhaps midway; the error says why.
    Failed,
    /// Somebody stopped it, perhaps midway: what was written until then is reported.
    Cancelled,
}

impl RestoreState {
    /// Whether a job still has to work on it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Previewing | Self::Queued | Self::Running)
    }
}

/// How many steps came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RestoreCounts {
    /// Steps of the plan.
    pub steps: u64,
    /// Steps that were written and found as asked, or were so already.
    pub done: u64,
    /// Steps that were written, and that a read-back did not find as asked.
    pub unverified: u64,
    /// Steps that failed: Graph refused them, or the live object could not be read.
    pub failed: u64,
    /// Steps that were not tried, since they did not apply any more.
    pub skipped: u64,
    /// Items that the preview named as what cannot be restored.
    pub impossible: u64,
}

impl RestoreCounts {
    /// The counts of these outcomes of a plan.
    pub fn of<'a>(plan: &RestorePlan, outcomes: impl IntoIterator<Item = &'a StepOutcome>) -> Self {
        let mut counts = Self {
            steps: plan.steps.len() as u64,
            impossible: plan.impossible.len() as u64,
            ..Self::default()
        };
        for outcome in outcomes {
            match &outcome.state {
                OutcomeState::Started { .. } => {}
                OutcomeState::Done | OutcomeState::AlreadySo => counts.done += 1,
                OutcomeState::Skipped { .. } => counts.skipped += 1,
                OutcomeState::Failed { cause: FailCause::NotSeen, .. } => counts.unverified += 1,
                OutcomeState::Failed { .. } => counts.failed += 1,
            }
        }
        counts
    }
    /// How many steps have come to an end, whichever.
    pub fn ended(&self) -> u64 {
        self.done + self.unverified + self.failed + self.skipped
    }
}

/// The part of a restore that another one undoes: these steps, and all steps on these objects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndonePart {
    /// The numbers of steps in that restore's plan.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub steps: BTreeSet<u32>,
    /// Objects that it wrote to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub objects: BTreeSet<UndoneObject>,
}

/// An object that a restore wrote to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UndoneObject {
    /// The name of its kind, such as `users`.
    pub kind: String,
    /// Its key, as the steps give it.
    pub key: String,
}

impl UndonePart {
    /// Whether a step of the restore belongs to it.
    pub fn names(&self, step: &Step) -> bool {
        self.steps.contains(&step.number) || self.objects.contains(&UndoneObject::of(step))
    }
}

impl UndoneObject {
    /// The object that a step is about.
    pub fn of(step: &Step) -> Self {
        Self { kind: step.kind.to_string(), key: step.key.clone() }
    }
}

/// Of which set a restore is one, and whose that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InSet {
    /// The partner that has the set.
    pub partner: PartnerId,
    /// The set.
    pub set: RestoreSetId,
}

/// The row of a restore.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Restore {
    /// The id of the restore.
    pub id: RestoreId,
    /// The tenant that is restored.
    pub tenant: TenantId,
    /// The snapshot that is restored from.
    pub snapshot: SnapshotId,
    /// What is chosen, and how. Without items when `diff` or `undoes` is set.
    pub selection: Selection,
    /// The comparison whose changes are taken back, instead of single items.
    pub diff: Option<DiffId>,
    /// Which of the changes of that comparison; none where it takes back all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<ChangeFilter>>,
    /// The restore set that it is one of; none where it was asked for by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<Box<InSet>>,
    /// The restore that it undoes, instead of single items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RestoreId>,
    /// Which part of that restore it undoes; none where it undoes all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes_only: Option<UndonePart>,
    /// Who asked for the preview: a person's id or a token's prefix.
    pub requested_by: String,
    /// The person in whose name that was: who asked, or who made the token or the link that asked. None where it was not
    /// written down, and where it was the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_for: Option<PersonId>,
    /// Whether an end user of the organisation asked: then somebody of the partner has to approve.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_end_user: bool,
    /// Why it is asked for, as whoever asked put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the reason is written down: the number of a ticket, say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who approved the plan: a person's id; where nothing held it up, whoever ran it, by that, who may be a token.
    pub approved_by: Option<String>,
    /// When they did; none where nobody has, and in rows of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at: Option<Timestamp>,
    /// Whether it was a person who had not asked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved_by_second: bool,
    /// Who said that it is to be executed: a person's id or a token's prefix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_by: Option<String>,
    /// How far the restore has come.
    pub state: RestoreState,
    /// When the preview was asked for.
    pub requested_at: Timestamp,
    /// When the preview was stored.
    pub previewed_at: Option<Timestamp>,
    /// When it was handed over to be executed: run, and approved where it had to be.
    pub queued_at: Option<Timestamp>,
    /// When its execution began.
    pub started_at: Option<Timestamp>,
    /// When its report was stored.
    pub done_at: Option<Timestamp>,
    /// When a job last wrote to this row.
    pub touched_at: Timestamp,
    /// How often it was taken up, previews and continuations included.
    pub attempts: u32,
    /// How many steps came to which end.
    pub counts: RestoreCounts,
    /// What its execution cost at Graph, reading and writing, in calls and in resource units.
    pub spent: Spent,
    /// What of the plan the writing application had no permission for when that was asked last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_permitted: Vec<NotProtected>,
    /// When that was asked: after the preview, and when its execution began. None where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions_read_at: Option<Timestamp>,
    /// The service principal of the writing application in the tenant, once its execution began: by it Microsoft's log of
    /// changes names the restore. None where the token did not say, and in rows of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// The hash of the plan that its preview made, as an approval names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Whether its plan gives or takes rights over the tenant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// The restore of the same choice that it was previewed in place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_of: Option<RestoreId>,
    /// The organisation's rule when it was run last; none where it was not, and in rows of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<ApprovalRule>,
    /// Until when the preview can be approved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When its execution is expected to end, at the speed of its steps so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_at: Option<Timestamp>,
    /// Who asked to stop it: a person's id or a token's prefix. Its execution ends before the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_by: Option<String>,
    /// Why it failed, as a sentence for a person; none unless it has failed.
    pub error: Option<String>,
    /// What keeps it from its end: waiting, or given up.
    #[serde(default, skip_serializing_if = "Course::is_free")]
    pub course: Course,
}

impl Restore {
    /// The address of the restore of that id.
    pub fn at(tenant: &TenantId, id: &RestoreId) -> At<Self> {
        At::of(tenant, id)
    }
    /// Whether all of its steps are as they were asked; none until it has come to its end.
    pub fn is_complete(&self) -> Option<bool> {
        match self.state {
            RestoreState::Done => Some(self.counts.done == self.counts.steps),
            RestoreState::Failed | RestoreState::Cancelled => Some(false),
            _ => None,
        }
    }
    /// Whether nothing more becomes of it.
    pub fn is_over(&self) -> bool {
        matches!(self.state, RestoreState::Done | RestoreState::Failed | RestoreState::Cancelled)
    }
    /// Whether it is to be executed, and waits for somebody to approve it.
    pub fn waits_for_approval(&self) -> bool {
        self.state == RestoreState::Previewed && self.run_by.is_some()
    }
    /// Says by whom it is approved, as the approval does. For people: nobody decides by it.
    pub fn note_approval(&mut self, approval: &Approval) {
        self.approved_by = Some(approval.by.clone());
        self.approved_at = Some(approval.at);
        self.approved_by_second = approval.is_second;
    }
    /// Whether its plan gives or takes rights over the tenant, for all that is known: previews of earlier releases do not say.
    pub fn may_be_privileged(&self) -> bool {
        self.privileged || self.previewed_at.is_some() && self.expires_at.is_none()
    }
    /// Until when its preview can be approved; none before there is one.
    pub fn valid_until(&self) -> Option<Timestamp> {
        // Why: rows of earlier releases do not say it.
        self.expires_at.or_else(|| self.previewed_at.map(|at| at + PREVIEW_GOOD_FOR))
    }
}

/// How long a preview can be approved.
pub const PREVIEW_GOOD_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How long one can that gives or takes rights over the tenant.
pub const PRIVILEGED_PREVIEW_GOOD_FOR: SignedDuration = SignedDuration::from_mins(30);

impl Record for Restore {
    type Owner = Restores;
    const PREFIX: &'static str = "restore#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.id)
    }
    fn watch(&self) -> Option<Watch> {
        self.state
            .is_open()
            .then(|| Watch { list: watched::OPEN_WORK.to_owned(), at: self.course.due_at(self.touched_at) })
    }
}

/// Why a step was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SkipCause {
    /// The live object is no longer what the preview showed.
    ChangedSincePreview,
    /// The live object is not there any more.
    Gone,
    /// Another step that it needs did not succeed.
    DependencyFailed,
    /// It would take away the access that Holdfast itself has.
    OwnAccess,
    /// It would leave nobody who can administer the tenant.
    LockOut,
    /// The role's time ran out since the preview.
    Expired,
}

/// Why a step failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailCause {
    /// Graph refused the content.
    Refused,
    /// A permission or a directory role is missing.
    Denied,
    /// Graph does not find what the step refers to.
    NotFound,
    /// Something else has the same name, or changed at the same time.
    Conflict,
    /// Graph did not answer.
    Unavailable,
    /// Graph said yes, and a read-back did not find it.
    NotSeen,
    /// The live object could not be read.
    Unreadable,
    /// It was begun, the restore was stopped, and it was not found as asked then.
    Cancelled,
    /// What it leads to did not come back.
    DependencyFailed,
    /// It would take away the access that Holdfast itself has.
    OwnAccess,
    /// It would leave nobody who can administer the tenant.
    LockOut,
}

impl FailCause {
    /// Whether what was sent may have taken effect all the same.
    pub fn leaves_open(self) -> bool {
        matches!(self, Self::Unavailable | Self::NotSeen | Self::Unreadable | Self::Cancelled)
    }
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum OutcomeState {
    /// A write was begun and is not verified yet.
    Started {
        /// Of a creation the ids of live objects of the same name before: the new one is none of these.
        before_ids: Vec<String>,
        /// Of a creation when it was begun first, by whichever restore: what is older was made by somebody else.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        begun_at: Option<Timestamp>,
    },
    /// Written, and found as asked.
    Done,
    /// It was so already; nothing was written.
    AlreadySo,
    /// The step was not tried.
    Skipped {
        /// Why it was not tried.
        cause: SkipCause,
    },
    /// Tried, and nothing or only a part of it was written.
    Failed {
        /// Why it failed, for programs.
        cause: FailCause,
        /// Graph's error code, for a person.
        message: String,
    },
}

impl OutcomeState {
    /// Whether the step has come to its end.
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Started { .. })
    }
    /// Whether the tenant now is as the step wanted it.
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo)
    }
}

/// What a read-back found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", tag = "type")]
pub enum ReadBack {
    /// The object is as the step asked.
    AsAsked,
    /// The object is there and differs.
    Differs {
        /// The names of the properties or links that differ.
        what: Vec<String>,
    },
    /// The object is not there.
    Absent,
}

/// A part of a step that Graph did not take, while it may have taken the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedPart {
    /// The name of the property; of a link, a licence or an assignment also what it leads to (`groups.members/<id>`).
    pub what: String,
    /// Why it was not taken, for programs.
    pub cause: FailCause,
    /// The HTTP status of Graph's answer.
    pub status: Option<u16>,
    /// Graph's error code, such as `Authorization_RequestDenied`.
    pub code: Option<String>,
}

/// The row of a step: how it ended, and what Graph answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepOutcome {
    /// The tenant that is restored.
    pub tenant: TenantId,
    /// The restore whose step it is.
    pub restore: RestoreId,
    /// The step's number in the plan.
    pub number: u32,
    /// The id that the object had when the plan was made.
    pub id: String,
    /// What was asked: the action and what of the object it is about, without values.
    pub asked: String,
    /// How the step ended, or that it has begun.
    #[serde(flatten)]
    pub state: OutcomeState,
    /// The HTTP status of Graph's answer.
    pub status: Option<u16>,
    /// Graph's id of the request, for its support.
    pub request_id: Option<String>,
    /// Our own id of the step's requests, which Graph keeps in its logs (`client-request-id`); none where nothing was
    /// sent. Of links that came with a new object it is that of the request that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Whether it was written, no answer to that is known, and it was found so afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_after_interruption: bool,
    /// The parts that Graph did not take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedPart>,
    /// What a read-back found.
    pub read_back: Option<ReadBack>,
    /// The id of the object that the step created; none where it created none.
    pub new_id: Option<String>,
    /// Of a creation that was sent, and whose object was not found: the ids of the live objects that had its name before.
    /// The object may be there all the same, under none of these. None where it is known what became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_exist_beside: Option<Vec<String>>,
    /// The calls that were made to write it, the first ones; none where one was made, whose answer stands above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<SentCall>,
    /// How many calls more were made.
    #[serde(default, skip_serializing_if = "super::course::is_zero")]
    pub more_calls: u32,
    /// When the outcome was last written.
    pub at: Timestamp,
}

impl StepOutcome {
    /// Whether the step, which this is the outcome of, may have created an object that nobody has found.
    pub fn may_exist(&self, step: &Step) -> bool {
        matches!(step.action, WriteAction::Create { .. })
            && !step.is_fact()
            && self.unfound_beside().is_some()
    }
    /// Of a creation that may have made an object which nobody has found, the ids of the live objects that had its name
    /// before.
    pub fn unfound_beside(&self) -> Option<&[String]> {
        match &self.state {
            _ if self.new_id.is_some() => None,
            OutcomeState::Started { before_ids, .. } => Some(before_ids),
            _ => self.may_exist_beside.as_deref(),
        }
    }
    /// The outcomes of a restore, in the order of its steps.
    pub fn of_restore(tenant: &TenantId, restore: &RestoreId) -> Under<Self> {
        Under::of(tenant, format_args!("{restore}#"))
    }
    /// The address of the outcome of a restore's step.
    pub fn at(tenant: &TenantId, restore: &RestoreId, number: u32) -> At<Self> {
        At::of(tenant, format_args!("{restore}#{number:05}"))
    }
    /// Our own id of a step's requests at Graph: a GUID, the same however often the step is begun.
    pub fn client_request_id(restore: &RestoreId, number: u32) -> String {
        let hash = blake3::hash(format!("holdfast step {restore} {number}").as_bytes()).to_hex();
        let (start, end) = (format!("{}-{}", &hash[..8], &hash[8..12]), &hash[20..32]);
        // Version 8 and variant 1: made of a hash.
        format!("{start}-8{}-8{}-{end}", &hash[13..16], &hash[17..20])
    }
    /// The greatest number of steps: one more would not sort.
    pub const MAX_STEPS: usize = 99_999;
}

impl Record for StepOutcome {
    type Owner = Restores;
    const PREFIX: &'static str = "step#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.restore, self.number)
    }
}
