//! Receipts of restores: what was approved, what was written and read back, and what was not restored, in a form that
//! stays true without this installation. FORMAT.md, section 8.
//!
//! A receipt is a signed head and pages. The head names each page by its hash, so it vouches for all of them, however many
//! steps there were. Not here: who signs it (`run_restore`), and the signature (`engine::signed`).

mod entries;

pub use entries::{Entry, Field, FieldState, OutcomeEntry, StepEntry, entries};

use domain::organisations::ApprovalRule;
use domain::who::ChangeFilter;
use domain::{DiffId, Error, PersonId, RestoreId, Result, SnapshotId, TenantId, Timestamp, canonical};
use engine::records::{Approval, Cause, Restore, RestoreCounts, RestoreState};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The `typ` of a receipt's signature.
pub const RECEIPT_TYPE: &str = "holdfast-restore-receipt+jwt";
/// A page ends after so many bytes of entries: with its head it is well below what one answer may hold.
const PAGE_BYTES: usize = 256 * 1024;

/// How a restore ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RestoreEnding {
    /// It was run to its last step; single steps may have failed.
    Done,
    /// Somebody stopped it, perhaps midway.
    Stopped,
    /// It was given up, perhaps midway; `cause` says why.
    GivenUp,
    /// It was previewed, and not run in time, or nobody approved it in time: nothing was written.
    Expired,
}

impl RestoreEnding {
    /// How the restore ended; none where something may still become of it.
    pub fn of(restore: &Restore, now: Timestamp) -> Option<Self> {
        match restore.state {
            RestoreState::Done => Some(Self::Done),
            RestoreState::Cancelled => Some(Self::Stopped),
            RestoreState::Failed => Some(Self::GivenUp),
            RestoreState::Previewed => {
                restore.valid_until().is_some_and(|until| until < now).then_some(Self::Expired)
            }
            RestoreState::Previewing | RestoreState::Queued | RestoreState::Running => None,
        }
    }
}

/// Why what was previewed cannot be told any more: then the entries are outcomes, which say what was asked without its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PlanFault {
    /// The plan is missing, or cannot be read.
    Unreadable,
    /// Another plan stands in its place than the one that was previewed or approved.
    Replaced,
}

/// The head of a receipt: what is signed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The restore that it is of.
    pub restore: RestoreId,
    /// The tenant that was restored.
    pub tenant: TenantId,
    /// The snapshot that was restored from.
    pub snapshot: SnapshotId,
    /// The comparison whose changes were taken back, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<DiffId>,
    /// Which of those changes; none where it was all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Box<ChangeFilter>>,
    /// The restore that it undoes, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<RestoreId>,
    /// In which of its end states the restore is.
    pub ending: RestoreEnding,
    /// Why it was given up, for programs; none unless it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The hash of the plan that was previewed; none where there was no preview.
    pub plan: Option<String>,
    /// Why no steps of that plan are among the entries; none where they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_fault: Option<PlanFault>,
    /// Who asked for the preview: a person's id or a token's prefix.
    pub requested_by: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When the preview was made.
    pub previewed_at: Option<Timestamp>,
    /// The person in whose name that was; none where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_for: Option<PersonId>,
    /// What it was for, as whoever asked put it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where that is written down, such as the number of a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// What was approved, by whom and when. None where nobody did.
    pub approval: Option<Approved>,
    /// The organisation's rule when it was run; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<ApprovalRule>,
    /// Who ran it, or wanted it to be run: a person's id or a token's prefix. None where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_by: Option<String>,
    /// Who asked to stop it.
    pub stopped_by: Option<String>,
    /// When its execution began; none where nothing was executed.
    pub started_at: Option<Timestamp>,
    /// When it ended; of a preview that expired, until when it could be approved.
    pub ended_at: Option<Timestamp>,
    /// How many steps came to which end.
    pub counts: RestoreCounts,
    /// The pages, in their order.
    pub pages: Vec<PageMark>,
    /// When this was signed.
    pub signed_at: Timestamp,
}

/// An approval, as the receipt tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// Who approved: a person's id or a token's prefix.
    pub by: String,
    /// When they approved it, in UTC.
    pub at: Timestamp,
    /// The hash of the plan that they approved.
    pub plan: String,
    /// Whether that was a person who had not asked for it; else whoever ran it, by that.
    #[serde(default)]
    pub is_second: bool,
    /// The restore with the same plan for which they approved it, where it was not this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<RestoreId>,
}

/// What the head says of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageMark {
    /// The hash of its entries.
    pub hash: String,
    /// How many entries it has.
    pub entries: u64,
}

impl PageMark {
    /// The mark of these entries.
    pub fn of(entries: &[Value]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"holdfast receipt page 1\n");
        for entry in entries {
            hasher.update(canonical::text(entry).as_bytes());
            hasher.update(b"\n");
        }
        Self { hash: hasher.finalize().to_hex().to_string(), entries: entries.len() as u64 }
    }
}

impl Receipt {
    /// The head of the receipt of a restore that ended so, over pages that have those marks.
    pub fn of(
        restore: &Restore,
        ending: RestoreEnding,
        approval: Option<Approval>,
        counts: RestoreCounts,
        pages: Vec<PageMark>,
        now: Timestamp,
    ) -> Self {
        // What the tick gives up has no time of its own: the row was last written then.
        let ended_at = match ending {
            RestoreEnding::Expired => restore.valid_until(),
            _ => restore.done_at.or(Some(restore.touched_at)),
        };
        Self {
            restore: restore.id.clone(),
            tenant: restore.tenant.clone(),
            snapshot: restore.snapshot.clone(),
            comparison: restore.diff.clone(),
            filter: restore.filter.clone(),
            undoes: restore.undoes.clone(),
            ending,
            cause: restore.course.cause().filter(|_| ending == RestoreEnding::GivenUp),
            plan: restore.plan.clone(),
            plan_fault: None,
            requested_by: restore.requested_by.clone(),
            requested_at: restore.requested_at,
            previewed_at: restore.previewed_at,
            requested_for: restore.requested_for.clone(),
            reason: restore.reason.clone(),
            ticket: restore.ticket.clone(),
            rule: restore.rule,
            run_by: restore.run_by.clone(),
            approval: approval.map(|of| Approved {
                by: of.by,
                at: of.at,
                plan: of.plan,
                is_second: of.is_second,
                of: of.of,
            }),
            stopped_by: restore.cancelled_by.clone(),
            started_at: restore.started_at,
            ended_at,
            counts,
            pages,
            signed_at: now,
        }
    }

    /// Whether these pages are those that the head names, each whole.
    ///
    /// # Errors
    /// `Corrupt` naming the first page, counted from 1, that is missing, altered or too many.
    pub fn check(&self, pages: &[Vec<Value>]) -> Result<()> {
        for (at, mark) in self.pages.iter().enumerate() {
            let number = at + 1;
            let page = pages.get(at);
            let page =
                page.ok_or_else(|| Error::corrupt(format!("page {number} of the receipt is missing")))?;
            if PageMark::of(page) != *mark {
                return Err(Error::corrupt(format!("page {number} of the receipt was altered")));
            }
        }
        if pages.len() > self.pages.len() {
            return Err(Error::corrupt(format!("page {} is not of the receipt", self.pages.len() + 1)));
        }
        Ok(())
    }
}

/// The entries as pages: none is empty, and each but the last is full.
pub fn paged(entries: impl Iterator<Item = Entry>) -> impl Iterator<Item = Result<Vec<Value>>> {
    let mut entries = entries.map(|entry| {
        serde_json::to_value(&entry).map_err(|e| Error::invalid("an entry cannot be written").caused_by(e))
    });
    std::iter::from_fn(move || {
        let (mut page, mut bytes) = (Vec::new(), 0);
        while bytes < PAGE_BYTES {
            match entries.next() {
                Some(Ok(entry)) => {
                    bytes += canonical::text(&entry).len();
                    page.push(entry);
                }
                Some(Err(error)) => return Some(Err(error)),
                None => break,
            }
        }
        (!page.is_empty()).then_some(Ok(page))
    })
}
