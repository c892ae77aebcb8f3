//! Which function may do what with the rows of which owners: what a role of the template has to allow, and no more.
//!
//! A role's rights to rows are narrowed to partitions (`dynamodb:LeadingKeys`), which are scopes; so families with other
//! rights have an owner, and scopes, of their own. The tests of the template derive its roles' rights and hold them against
//! this table, and every story runs under them. A question to the index of watched lists is narrowed in the same way, by the
//! name of the list, since rows of all scopes are in it.

use super::families::{FAMILIES, Family, OwnerKind};
use super::watched;

/// A function of the product, as it is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Tells the gateway who asks, or that nobody known does.
    AuthorizeRequest,
    /// The control plane: partners, people, plans, organisations, the audit log.
    PlanApi,
    /// The data plane: snapshots, search, comparisons, restores as they are asked for and shown.
    SnapshotApi,
    /// The tick that starts what is due.
    ScheduleSnapshots,
    /// Reads a tenant, and connects one that waits.
    TakeSnapshot,
    /// Compares two snapshots, or one with the live tenant.
    DiffSnapshots,
    /// Works out what a restore would do.
    PreviewRestore,
    /// Writes to a tenant what was approved.
    RunRestore,
    /// Makes the file of a download.
    ExportData,
    /// Sends notices, digests and invitations by mail.
    SendDigests,
    /// Deletes what has ended.
    PurgeData,
}

impl Function {
    /// All of them, in the order of the template.
    pub const ALL: [Self; 11] = [
        AuthorizeRequest,
        PlanApi,
        SnapshotApi,
        ScheduleSnapshots,
        TakeSnapshot,
        DiffSnapshots,
        PreviewRestore,
        RunRestore,
        ExportData,
        SendDigests,
        PurgeData,
    ];

    /// The name of the function's folder, which is its name in the template behind the stack's.
    pub const fn name(self) -> &'static str {
        match self {
            AuthorizeRequest => "authorize-request",
            PlanApi => "plan-api",
            SnapshotApi => "snapshot-api",
            ScheduleSnapshots => "schedule-snapshots",
            TakeSnapshot => "take-snapshot",
            DiffSnapshots => "diff-snapshots",
            PreviewRestore => "preview-restore",
            RunRestore => "run-restore",
            ExportData => "export-data",
            SendDigests => "send-digests",
            PurgeData => "purge-data",
        }
    }
}

use Function::{
    AuthorizeRequest, DiffSnapshots, ExportData, PlanApi, PreviewRestore, PurgeData, RunRestore,
    ScheduleSnapshots, SendDigests, SnapshotApi, TakeSnapshot,
};
use OwnerKind as Of;

/// What may be done with the rows of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A row is read by its key, or rows by the beginning of theirs.
    Read,
    /// A row is made or replaced.
    Put,
    /// A row is deleted.
    Delete,
}

/// The rights to the rows of owners of a kind.
#[derive(Debug)]
pub struct Rights {
    /// Whose rows they are.
    pub owner: OwnerKind,
    /// The functions that may read them.
    pub read: &'static [Function],
    /// The functions that may make and replace them.
    pub put: &'static [Function],
    /// The functions that may delete them.
    pub delete: &'static [Function],
}

impl Rights {
    /// The functions that may do that.
    pub const fn who_may(&self, act: Act) -> &'static [Function] {
        match act {
            Act::Read => self.read,
            Act::Put => self.put,
            Act::Delete => self.delete,
        }
    }
}

const fn rights(
    owner: OwnerKind,
    read: &'static [Function],
    put: &'static [Function],
    delete: &'static [Function],
) -> Rights {
    Rights { owner, read, put, delete }
}

/// The rights to all rows: owner, who may read, who may put, who may delete.
#[rustfmt::skip]
pub static RIGHTS: &[Rights] = &[
    rights(Of::Installation, &[PlanApi, SnapshotApi, TakeSnapshot, SendDigests, PurgeData], &[PlanApi, TakeSnapshot], &[PlanApi, PurgeData]),
    rights(Of::Uses, &[AuthorizeRequest, PlanApi], &[AuthorizeRequest], &[]),
    rights(Of::Budgets, &[PlanApi, SnapshotApi], &[PlanApi, SnapshotApi], &[]),
    rights(Of::Limits, &[TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore], &[TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore], &[]),
    rights(Of::Auth, &[AuthorizeRequest, PlanApi, PurgeData], &[PlanApi], &[PlanApi, PurgeData]),
    rights(Of::Invitations, &[PlanApi, PurgeData], &[SendDigests], &[PlanApi, PurgeData]),
    rights(Of::FormerTenants, &[PlanApi, TakeSnapshot, PurgeData], &[PurgeData], &[]),
    rights(Of::Audit, &[PlanApi, SnapshotApi, PurgeData], &[PlanApi, SnapshotApi, PurgeData], &[]),
    rights(Of::Replies, &[PlanApi, SnapshotApi, PurgeData], &[PlanApi, SnapshotApi], &[PlanApi, SnapshotApi, PurgeData]),
    rights(Of::Partner, &[PlanApi, SnapshotApi, ScheduleSnapshots, TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore, SendDigests, PurgeData], &[PlanApi], &[PlanApi]),
    rights(Of::Organisations, &[PlanApi, SnapshotApi, ScheduleSnapshots, TakeSnapshot, PurgeData], &[PlanApi, ScheduleSnapshots, TakeSnapshot, PurgeData], &[PlanApi, PurgeData]),
    rights(Of::People, &[AuthorizeRequest, PlanApi, SendDigests, PurgeData], &[PlanApi, SendDigests, PurgeData], &[PlanApi, PurgeData]),
    rights(Of::Heard, &[PlanApi, SendDigests, PurgeData], &[PlanApi, ScheduleSnapshots, TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore], &[PurgeData]),
    rights(Of::Jobs, &[SnapshotApi, PurgeData], &[SnapshotApi], &[PurgeData]),
    rights(Of::Keys, &[PlanApi, SnapshotApi, TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore, ExportData, PurgeData], &[PlanApi], &[PurgeData]),
    rights(Of::Restores, &[SnapshotApi, ScheduleSnapshots, DiffSnapshots, PreviewRestore, RunRestore, PurgeData], &[SnapshotApi, ScheduleSnapshots, PreviewRestore, RunRestore], &[PurgeData]),
    rights(Of::Approvals, &[SnapshotApi, RunRestore, PurgeData], &[SnapshotApi], &[PurgeData]),
    rights(Of::AccessPasses, &[SnapshotApi, PurgeData], &[SnapshotApi, RunRestore], &[PurgeData]),
    rights(Of::Downloads, &[SnapshotApi, ExportData, PurgeData], &[SnapshotApi, ExportData], &[PurgeData]),
    rights(Of::Marks, &[PlanApi, SnapshotApi, DiffSnapshots, SendDigests, PurgeData], &[SnapshotApi], &[SnapshotApi, PurgeData]),
    rights(Of::RestoreSets, &[SnapshotApi, PurgeData], &[SnapshotApi], &[PurgeData]),
    rights(Of::Tenant, &[PlanApi, SnapshotApi, ScheduleSnapshots, TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore, ExportData, SendDigests, PurgeData], &[PlanApi, SnapshotApi, ScheduleSnapshots, TakeSnapshot, DiffSnapshots, PreviewRestore, RunRestore, SendDigests, PurgeData], &[TakeSnapshot, DiffSnapshots, PurgeData]),
];

/// The rights to the rows of a family: those of its owner.
pub fn rights_to(family: &Family) -> Option<&'static Rights> {
    RIGHTS.iter().find(|rights| rights.owner == family.owner)
}

/// The families whose rows a function may do that with.
pub fn families_of(function: Function, act: Act) -> impl Iterator<Item = &'static Family> {
    FAMILIES
        .iter()
        .filter(move |family| rights_to(family).is_some_and(|r| r.who_may(act).contains(&function)))
}

/// Which functions read a watched list, which shows them its rows whatever scope these are in.
pub static LISTS: &[(&str, &[Function])] = &[
    (watched::SNAPSHOTS_DUE, &[ScheduleSnapshots]),
    (watched::OPEN_WORK, &[ScheduleSnapshots]),
    (watched::CONNECTIONS_DUE, &[ScheduleSnapshots]),
    (watched::NOTICES_DUE, &[ScheduleSnapshots]),
    (watched::DIGESTS_DUE, &[SendDigests]),
    (watched::INVITATIONS_DUE, &[SendDigests]),
    (watched::DELETIONS_DUE, &[PurgeData]),
];
