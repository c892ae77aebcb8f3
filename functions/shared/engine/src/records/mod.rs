//! What the catalog holds. One table of rows; one typed door to it.
//!
//! | scope   | key            | record                  | watched list      |
//! | ------- | -------------- | ----------------------- | ----------------- |
//! | system  | `org#{id}`     | [`OrganisationPlace`]   |                   |
//! | system  | `state#{hash}` | [`ConsentState`]        |                   |
//! | system  | `token#{hash}` | [`ApiToken`]            |                   |
//! | uses    | `used#{partner}#{token}` | [`TokenUse`]   |                   |
//! | partner | `token#{id}`, `token#{organisation}` | [`TokenEntry`] |       |
//! | system  | `invitation#{hash}` | [`InvitationToken`] |              |
//! | system  | `identity#{hash}` | [`IdentityLink`]   |                   |
//! | partner | `invitation#{id}` | [`Invitation`]     | `invitations-due` |
//! | partner | `owners`       | [`Owners`]            |                   |
//! | partner | `below#{partner}` | [`PartnerBelow`]   |                   |
//! | partner | `partner`      | [`Partner`]             |                   |
//! | partner | `plan#{id}`    | [`Plan`]                |                   |
//! | partner | `org#{id}`     | [`Organisation`]        |                   |
//! | partner | `person#{id}`  | [`Person`]              | `digests-due`     |
//! | partner | `heard#{at}#{tenant}#{notice}` | [`NoticeEntry`] |           |
//! | partner | `digest#{person}#{until}` | [`Digest`]   |                   |
//! | tenant  | `tenant`       | [`Tenant`]              | `snapshots-due`   |
//! | tenant  | `key`          | the wrapped data key    |                   |
//! | tenant  | `snapshot#{id}`| [`Snapshot`]            | `open-work`       |
//! | tenant  | `diff#{id}`    | [`Diff`]                | `open-work`       |
//! | tenant  | `restore#{id}` | [`Restore`]             | `open-work`       |
//! | tenant  | `step#{restore}#{n}` | [`StepOutcome`]   |                   |
//! | tenant  | `newid#{old}`  | the id under which an object was created again | |
//! | tenant  | `notice#{id}`  | [`Notice`]              | `notices-due`     |
//! | tenant  | `sent#{notice}#{person}` | [`SentNotice`] |                  |

mod diff;
mod invitation;
mod notice;
mod organisation;
mod owners;
mod partner;
mod person;
mod plan;
mod restore;
mod snapshot;
mod store;
mod tenant;
mod token;

pub use diff::{Diff, DiffCounts, Side};
pub use invitation::{Identity, IdentityLink, Invitation, InvitationToken};
pub use notice::{
    ChangeDetail, ChangeLine, Claim, Delivery, Digest, Notice, NoticeEntry, SentNotice, Severity, Subject,
};
pub use organisation::{NotProtected, Organisation, OrganisationPlace, OrganisationState};
pub use owners::{Owners, PartnerBelow};
pub use partner::Partner;
pub use person::{Person, Subscription};
pub use plan::Plan;
pub use restore::{
    FailCause, OutcomeState, ReadBack, Restore, RestoreCounts, RestoreState, SkipCause, StepOutcome,
};
pub use snapshot::{JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode, stale_at};
pub use store::{Found, Record, Records, delete, put_new, replace};
pub use tenant::{ConsentState, CredentialStatus, NewId, StoredKey, Tenant};
pub use token::{ApiToken, TokenEntry, TokenUse};

/// Watched lists.
pub mod watched {
    /// Tenants whose next snapshot is due.
    pub const SNAPSHOTS_DUE: &str = "snapshots-due";
    /// Work that has been open for too long and is put into its queue again.
    pub const OPEN_WORK: &str = "open-work";
    /// People whose next digest is due.
    pub const DIGESTS_DUE: &str = "digests-due";
    /// Invitations whose mail is due.
    pub const INVITATIONS_DUE: &str = "invitations-due";
    /// Immediate mails that may not have left.
    pub const NOTICES_DUE: &str = "notices-due";
}
