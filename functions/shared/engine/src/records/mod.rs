//! What the catalog holds. One table of rows; one typed door to it.
//!
//! | scope   | key            | record                  | watched list      |
//! | ------- | -------------- | ----------------------- | ----------------- |
//! | system  | `org#{id}`     | [`OrganisationPlace`]   |                   |
//! | system  | `state#{hash}` | [`ConsentState`]        |                   |
//! | system  | `sign-in#{hash}` | [`ConsentSignIn`]     |                   |
//! | system  | `token#{hash}` | [`ApiToken`]            |                   |
//! | system  | `plan#{id}`    | [`PlanPlace`]           |                   |
//! | system  | `access#{hash}`| [`AccessLink`]          |                   |
//! | uses    | `used#{partner}#{token}` | [`TokenUse`]   |                   |
//! | partner | `token#{id}`, `token#{organisation}` | [`TokenEntry`] |       |
//! | system  | `invitation#{hash}` | [`InvitationToken`] |              |
//! | system  | `identity#{hash}` | [`IdentityLink`]   |                   |
//! | partner | `invitation#{id}` | [`Invitation`]     | `invitations-due` |
//! | partner | `owners`       | [`Owners`]            |                   |
//! | partner | `below#{partner}` | [`PartnerBelow`]   |                   |
//! | partner | `partner`      | [`Partner`]             |                   |
//! | partner | `plan#{id}`    | [`Plan`]                |                   |
//! | partner | `org#{id}`     | [`Organisation`]        | `deletions-due`, `connections-due` |
//! | partner | `deleted#{org}`| [`DeletionCertificate`] |                   |
//! | partner | `offer#{id}`   | [`TransferOffer`]       |                   |
//! | partner | `offered#{id}` | [`TransferOffered`]     |                   |
//! | partner | `assigned-plan#{id}` | [`AssignedPlan`]  |                   |
//! | partner | `plan-assignment#{plan}#{partner}` | [`PlanAssignment`] |    |
//! | partner | `own-licence`  | [`OwnLicence`]          |                   |
//! | partner | `subscribed#{org}#{at}#{version}` | [`SubscriptionChange`] | |
//! | partner | `open-downgrade#{org}` | [`OpenDowngrade`] |                 |
//! | partner | `downgrade#{id}` | [`DowngradeRequest`]  |                   |
//! | partner | `person#{id}`  | [`Person`]              | `digests-due`     |
//! | partner | `heard#{at}#{tenant}#{notice}` | [`NoticeEntry`] |           |
//! | partner | `digest#{person}#{until}` | [`Digest`]   |                   |
//! | partner | `audit#{number}` | [`AuditEntry`]        |                   |
//! | partner | `audithead`    | [`AuditHead`]           |                   |
//! | partner | `idempotency#{hash}` | [`IdempotentRequest`] |                |
//! | tenant  | `tenant`       | [`Tenant`]              | `snapshots-due`   |
//! | tenant  | `key`          | the wrapped data key    |                   |
//! | tenant  | `seat-count`   | [`SeatCount`]           |                   |
//! | tenant  | `snapshot#{id}`| [`Snapshot`]            | `open-work`       |
//! | tenant  | `progress#{snapshot}` | [`ReadingState`] |                   |
//! | tenant  | `diff#{id}`    | [`Diff`]                | `open-work`       |
//! | tenant  | `restore#{id}` | [`Restore`]             | `open-work`       |
//! | tenant  | `step#{restore}#{n}` | [`StepOutcome`]   |                   |
//! | tenant  | `newid#{old}`  | [`NewId`]: the id under which an object was created again | |
//! | tenant  | `remaking#{old}` | [`Remaking`]: a creation that has begun | |
//! | tenant  | `notice#{id}`  | [`Notice`]              | `notices-due`     |
//! | tenant  | `sent#{notice}#{person}` | [`SentNotice`] |                  |

mod access;
mod audit;
mod course;
mod diff;
mod idempotency;
mod invitation;
mod not_protected;
mod notice;
mod organisation;
mod owners;
mod partner;
mod person;
mod plan;
mod reading;
mod restore;
mod snapshot;
mod store;
mod subscription;
mod tenant;
mod token;
mod transfer;

pub use access::AccessLink;
pub use audit::{AuditEntry, AuditHead, audit_scope};
pub use course::{Cause, Course, HeldUp};
pub use diff::{Diff, DiffCounts, Side};
pub use domain::organisations::OrganisationState;
pub use idempotency::{IdempotentRequest, KeptReply, Progress};
pub use invitation::{Identity, IdentityLink, Invitation, InvitationToken, Invited};
pub use not_protected::not_protected;
pub use notice::{
    ChangeDetail, ChangeLine, Claim, Delivery, Digest, Notice, NoticeEntry, SentNotice, Severity, Subject,
};
pub use organisation::{
    ConnectRefusal, Connecting, DeletionCertificate, Ending, NotProtected, Organisation, OrganisationPlace,
};
pub use owners::{Owners, PartnerBelow};
pub use partner::Partner;
pub use person::{Person, Subscription};
pub use plan::{AssignedPlan, FormerPrice, OwnLicence, Plan, PlanAssignment, PlanPlace};
pub use reading::{
    Chain, ChainRole, IdChunk, KindReading, KindRuns, KindState, MergingState, ReadingStage, ReadingState,
    SeatChange,
};
pub use restore::{
    FailCause, OutcomeState, ReadBack, Restore, RestoreCounts, RestoreState, SkipCause, StepOutcome,
};
pub use snapshot::{JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode, stale_at};
pub use store::{Found, Record, Records, delete, put_new, replace};
pub use subscription::{DowngradeRequest, OpenDowngrade, SeatCount, Subscribed, SubscriptionChange};
pub use tenant::{ConsentSignIn, ConsentState, CredentialStatus, NewId, Remaking, StoredKey, Tenant};
pub use token::{ApiToken, TokenEntry, TokenUse, end_of_token};
pub use transfer::{TransferOffer, TransferOffered};

/// Watched lists.
pub mod watched {
    /// Tenants whose next snapshot is due.
    pub const SNAPSHOTS_DUE: &str = "snapshots-due";
    /// Work that is open: due when its wait is over, or when nobody has touched it for too long.
    pub const OPEN_WORK: &str = "open-work";
    /// People whose next digest is due.
    pub const DIGESTS_DUE: &str = "digests-due";
    /// Organisations whose hold, or whose time after they were unsubscribed, is over.
    pub const DELETIONS_DUE: &str = "deletions-due";
    /// Connections that wait for their consent to arrive and are to be tried again.
    pub const CONNECTIONS_DUE: &str = "connections-due";
    /// Invitations whose mail is due.
    pub const INVITATIONS_DUE: &str = "invitations-due";
    /// Immediate mails that may not have left.
    pub const NOTICES_DUE: &str = "notices-due";
}
