//! What the catalog holds: records, each at an address, and one typed door to them.
//!
//! - [`FAMILIES`] lists every family of rows: whose they are, how their keys look, where they are watched, what ends them.
//! - [`rights`] says which function may read, put and delete the rows of which owners.
//! - [`At`] and [`Under`] are the addresses of a row and of a list. Each record makes its own: `Snapshot::at(&tenant, &id)`,
//!   `Snapshot::all(&tenant)`; so a row is never looked for under another owner.
//! - [`Records`] reads and writes them: `records.get(&Snapshot::at(&tenant, &id))`.

mod access;
mod access_pass;
mod acknowledged;
mod address;
mod approval;
mod audit;
mod audit_reading;
mod budget;
mod choosing;
mod course;
mod diff;
mod download;
mod families;
mod hearing;
mod idempotency;
mod invitation;
mod job;
mod lease;
mod locks;
mod mark;
mod newest;
mod not_protected;
mod notice;
mod organisation;
mod owners;
mod partner;
mod person;
mod plan;
mod reading;
mod receipt;
mod restore;
mod restore_set;
pub mod rights;
mod sent;
mod session;
mod slots;
mod snapshot;
mod store;
mod subscription;
mod tenant;
mod token;
mod transfer;
mod walk;

pub use access::AccessLink;
pub use access_pass::AccessPass;
pub use acknowledged::Acknowledgement;
pub use address::{At, AuditOf, Auth, Budgets, Installation, Limits, Owner, Under, Uses};
pub use approval::Approval;
pub use audit::{
    AuditDay, AuditEntry, AuditHead, AuditSignedUntil, AuditStatement, OlderAuditEntry, OlderAuditHead,
};
pub use audit_reading::AuditReading;
pub use budget::CallerBudget;
pub use course::{Cause, Course, HeldUp};
pub use diff::{Diff, DiffCounts, EverywhereOf, HeldEarlier, Side, Span};
pub use domain::organisations::OrganisationState;
pub use download::{Download, DownloadFormat, DownloadOf, DownloadPlace};
pub use families::{End, FAMILIES, Family, OwnerKind};
pub use hearing::{
    About, Former, LateNotice, Line, LookBack, MOST_LATE, MailState, MailTrouble, Narrower, Subscription,
};
pub use idempotency::{IdempotentRequest, KeptReply, RequestState};
pub use invitation::{Identity, IdentityLink, Invitation, InvitationToken, Invited, InvitedBy, InvitedToday};
pub use job::JobEntry;
pub use lease::{LimitLeases, OwnApplication, PARTS_LEASED, PARTS_OF_LIMIT, PARTS_WITHOUT_LEASE};
pub use locks::LocksRenewed;
pub use mark::{
    Expected, ExpectedNotices, MOST_BREAK_GLASS, MOST_EXPECTED, MOST_KNOWN_GOOD, Mark, MarkOf, MarkSort,
    MarkedChange,
};
pub use newest::{Gap, Newest};
pub use not_protected::not_protected;
pub use notice::{
    ChangeDetail, ChangeLine, Delivery, Digest, HandOver, MailStanding, Notice, NoticeEntry, SentNotice,
    Severity, Subject, plain_id,
};
pub use organisation::{
    ConnectRefusal, Connecting, DeletionCertificate, Ending, NotProtected, Organisation, OrganisationPlace,
};
pub use owners::{Owners, PartnerBelow};
pub use partner::Partner;
pub use person::Person;
pub use plan::{AssignedPlan, FormerPrice, OwnLicence, Plan, PlanAssignment, PlanPlace};
pub use reading::{
    Chain, ChainRole, IdChunk, KindReading, KindRuns, KindState, MergingState, ReadingStage, ReadingState,
    SeatChange,
};
pub use receipt::SignedReceipt;
pub use restore::{
    FailCause, InSet, OutcomeState, PREVIEW_GOOD_FOR, PRIVILEGED_PREVIEW_GOOD_FOR, ReadBack, RefusedPart,
    Restore, RestoreCounts, RestoreState, SkipCause, StepOutcome, UndoneObject, UndonePart,
};
pub use restore_set::{RestoreSet, SetMember};
pub use sent::{MOST_CALLS, MOST_PARTS, SentCall};
pub use session::{MOST_SESSIONS, Session, SessionEntry, SessionOf, SessionUse, end_of_sessions, ends_of};
pub use slots::{AskedWork, GivenUp, Slot, WorkSlots};
pub use snapshot::{JobState, NotCovered, Reason, RunCount, Snapshot, SnapshotMode, stale_at};
pub use store::{Found, Record, Records, delete, put_new, replace};
pub use subscription::{DowngradeRequest, OpenDowngrade, SeatCount, Subscribed, SubscriptionChange};
pub use tenant::{
    ConsentSignIn, ConsentState, CredentialStatus, FormerTenant, NewId, Remaking, StoredKey, Tenant, key_of,
};
pub use token::{ApiToken, Maker, TokenEntry, TokenUse, end_of_token};
pub use transfer::{TransferOffer, TransferOffered};
pub use walk::Walk;

/// The names of the watched lists: rows that are due at a time, whatever scope they are in.
pub mod watched {
    /// Tenants whose next snapshot is due.
    pub const SNAPSHOTS_DUE: &str = "snapshots-due";
    /// Work that is open: due when its wait is over, or when no job has written to its row for too long.
    pub const OPEN_WORK: &str = "open-work";
    /// People whose next digest is due.
    pub const DIGESTS_DUE: &str = "digests-due";
    /// Organisations whose hold, or whose time after they were unsubscribed, is over.
    pub const DELETIONS_DUE: &str = "deletions-due";
    /// Connections that wait for their consent to arrive and are to be tried again.
    pub const CONNECTIONS_DUE: &str = "connections-due";
    /// Invitations whose mail is due.
    pub const INVITATIONS_DUE: &str = "invitations-due";
    /// Immediate mails that may not have been sent.
    pub const NOTICES_DUE: &str = "notices-due";
}
