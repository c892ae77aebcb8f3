//! Everything that people are notified of, as one list: what a notice is made of, and nothing about whose it is.

use super::compose::{self, Draft, Sample};
use crate::records::{
    ConnectRefusal, CredentialStatus, DiffCounts, Ending, NotCovered, Restore, RestoreCounts, Subject,
};
use domain::{DiffId, ErrorKind, OrganisationId, Refusal, RestoreId, SnapshotId, Timestamp};

/// Something that people are notified of. Each has a notice of its own; whoever adds one adds it to the test that hands
/// every notice to every mail service.
#[derive(Clone, Debug)]
pub enum News<'a> {
    /// What a comparison found.
    Changes {
        /// The comparison that found them.
        diff: &'a DiffId,
        /// Some of the changes, in their order.
        sample: &'a Sample,
        /// How many there are of each sort.
        counts: &'a DiffCounts,
    },
    /// Those changes that alter who may do what.
    PrivilegedChanges {
        /// The comparison that found them.
        diff: &'a DiffId,
        /// Some of the changes, in their order.
        sample: &'a Sample,
        /// How many there are of each sort.
        counts: &'a DiffCounts,
    },
    /// Roles that were activated, and activations that ended.
    Activations {
        /// The comparison that found them.
        diff: &'a DiffId,
        /// Some of the changes, in their order.
        sample: &'a Sample,
        /// How many there are of each sort.
        counts: &'a DiffCounts,
    },
    /// Work that was given up.
    GivenUp {
        /// The piece of work that it is about.
        subject: Subject,
        /// The work in words for a person: *A snapshot*.
        what: &'a str,
        /// The kind of error that ended it.
        kind: ErrorKind,
    },
    /// Work that came to nothing since the tenant does not admit Holdfast.
    Refused {
        /// The piece of work that it is about.
        subject: Subject,
        /// The work in words for a person: *A snapshot*.
        what: &'a str,
        /// Why Microsoft lets nobody of ours in there.
        refusal: Refusal,
    },
    /// A connection that waited and came to nothing.
    NotConnected {
        /// The organisation that was to be connected.
        organisation: &'a OrganisationId,
        /// When the wait began, which tells it from others of the organisation.
        since: Timestamp,
        /// What the connection was refused for.
        why: ConnectRefusal,
    },
    /// An organisation whose end was asked for.
    Ending {
        /// The organisation that is to end.
        organisation: &'a OrganisationId,
        /// When it ends, who asked for it and when.
        ending: &'a Ending,
    },
    /// What a sealed snapshot does not hold.
    NotCovered {
        /// The snapshot that was sealed.
        snapshot: &'a SnapshotId,
        /// The parts that are missing.
        gaps: &'a [NotCovered],
    },
    /// A restore that has ended.
    Restored {
        /// The restore that has ended.
        restore: &'a RestoreId,
        /// How many of its steps came to which end.
        counts: &'a RestoreCounts,
    },
    /// A restore that is to be run, and waits for somebody to approve it.
    WaitsForApproval {
        /// The restore that waits.
        restore: &'a Restore,
    },
    /// A new status of a tenant's credentials.
    Credentials {
        /// The snapshot that found it.
        seen_by: &'a SnapshotId,
        /// The status that the credentials have now.
        status: CredentialStatus,
        /// The permissions that nothing needs, by name.
        excess: &'a [String],
    },
    /// A tenant that does not admit Holdfast any more.
    NoEntry {
        /// The snapshot that found it.
        seen_by: &'a SnapshotId,
        /// The status of the credentials.
        status: CredentialStatus,
        /// Why Microsoft lets nobody of ours in there.
        refusal: Refusal,
    },
    /// More seats in use than paid for.
    OverUse {
        /// The snapshot that counted.
        counted_by: &'a SnapshotId,
        /// How many are paid for.
        seats: u32,
        /// How many are used.
        in_use: u64,
    },
}

impl News<'_> {
    /// What its notice says.
    pub(super) fn draft(&self) -> Draft {
        let draft = match self {
            Self::Changes { diff, sample, counts } => compose::changes(diff, sample, counts),
            Self::PrivilegedChanges { diff, sample, counts } => {
                compose::privileged_changes(diff, sample, counts)
            }
            Self::Activations { diff, sample, counts } => compose::activations(diff, sample, counts),
            Self::GivenUp { subject, what, kind } => compose::error(subject.clone(), what, *kind),
            Self::Refused { subject, what, refusal } => compose::refused(subject.clone(), what, *refusal),
            Self::NotConnected { organisation, since, why } => {
                compose::not_connected(organisation, *since, *why)
            }
            Self::Ending { organisation, ending } => compose::ending(organisation, ending),
            Self::NotCovered { snapshot, gaps } => compose::not_covered(snapshot, gaps),
            Self::Restored { restore, counts } => compose::restore(restore, counts),
            Self::WaitsForApproval { restore } => compose::waits_for_approval(restore),
            Self::Credentials { seen_by, status, excess } => compose::credentials(seen_by, *status, excess),
            Self::NoEntry { seen_by, status, refusal } => compose::no_entry(seen_by, *status, *refusal),
            Self::OverUse { counted_by, seats, in_use } => compose::over_use(counted_by, *seats, *in_use),
        };
        draft.bounded()
    }
}
