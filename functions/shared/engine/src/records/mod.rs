//! What the catalog holds. One table of rows; one typed door to it.
//!
//! | scope   | key            | record                  | watched list      |
//! | ------- | -------------- | ----------------------- | ----------------- |
//! | system  | `org#{id}`     | [`OrganisationPlace`]   |                   |
//! | system  | `state#{hash}` | [`ConsentState`]        |                   |
//! | system  | `token#{hash}` | [`ApiToken`]            |                   |
//! | partner | `partner`      | [`Partner`]             |                   |
//! | partner | `plan#{id}`    | [`Plan`]                |                   |
//! | partner | `org#{id}`     | [`Organisation`]        |                   |
//! | partner | `person#{id}`  | [`Person`]              | `digests-due`     |
//! | partner | `heard#{at}#{tenant}#{notice}` | [`NoticeEntry`] |           |
//! | partner | `digest#{person}#{until}` | [`Digest`]   |                   |
//! | partner | `audit#{number}` | [`AuditEntry`]        |                   |
//! | partner | `audithead`    | [`AuditHead`]           |                   |
//! | partner | `idempotency#{hash}` | [`IdempotentRequest`] |                |
//! | tenant  | `tenant`       | [`Tenant`]              | `snapshots-due`   |
//! | tenant  | `key`          | the wrapped data key    |                   |
//! | tenant  | `snapshot#{id}`| [`Snapshot`]            | `open-work`       |
//! | tenant  | `diff#{id}`    | [`Diff`]                | `open-work`       |
//! | tenant  | `restore#{id}` | [`Restore`]             | `open-work`       |
//! | tenant  | `step#{restore}#{n}` | [`StepOutcome`]   |                   |
//! | tenant  | `newid#{old}`  | the id under which an object was created again | |
//! | tenant  | `notice#{id}`  | [`Notice`]              | `notices-due`     |
//! | tenant  | `sent#{notice}#{person}` | [`SentNotice`] |                  |

mod audit;
mod diff;
mod idempotency;
mod notice;
mod organisation;
mod partner;
mod person;
mod plan;
mod restore;
mod snapshot;
mod store;
mod tenant;
mod token;

pub use audit::{AuditEntry, AuditHead, audit_scope};
pub use diff::{Diff, DiffCounts, Side};
pub use idempotency::{IdempotentRequest, KeptReply, Progress};
pub use notice::{
    ChangeDetail, ChangeLine, Claim, Delivery, Digest, Notice, NoticeEntry, SentNotice, Severity, Subject,
};
pub use organisation::{NotProtected, Organisation, OrganisationPlace, OrganisationState};
pub use partner::Partner;
pub use person::{Person, Subscription};
pub use plan::Plan;
pub use restore::{
    FailCause, OutcomeState, ReadBack, Restore, RestoreCounts, RestoreState, SkipCause, StepOutcome,
};
pub use snapshot::{JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode, stale_at};
pub use store::{Found, Record, Records, delete, put_new, replace};
pub use tenant::{ConsentState, CredentialStatus, NewId, StoredKey, Tenant};
pub use token::ApiToken;

/// Watched lists.
pub mod watched {
    /// Tenants whose next snapshot is due.
    pub const SNAPSHOTS_DUE: &str = "snapshots-due";
    /// Work that has been open for too long and is put into its queue again.
    pub const OPEN_WORK: &str = "open-work";
    /// People whose next digest is due.
    pub const DIGESTS_DUE: &str = "digests-due";
    /// Immediate mails that may not have left.
    pub const NOTICES_DUE: &str = "notices-due";
}
