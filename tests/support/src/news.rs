//! Everything that people can be notified of, each with the longest, and the nastiest, that it can say.
#![allow(clippy::unwrap_used, reason = "what a test cannot set up has failed")]

use crate::builders::previewed_restore;
use domain::changes::{AttributeChange, Change, Class, LinkChange, Rating, What};
use domain::{DiffId, ErrorKind, OrganisationId, Refusal, RestoreId, SnapshotId, Timestamp};
use engine::announce::{News, Sample};
use engine::records::{
    ConnectRefusal, CredentialStatus, DiffCounts, Ending, NotCovered, OrganisationState, Restore,
    RestoreCounts, Subject,
};
use serde_json::json;

/// A name as a directory, or a row of an earlier release, may hold it.
pub const NASTY: &str = "A\r\nBcc: eve@example.com\u{1}\u{85}\u{2028}\u{202e}\u{200b}Ž<b>&\"'";

/// How many sorts of news there are; [`number`] does not compile when there is one more.
pub const SORTS: usize = 13;

/// The number of a sort of news, from 0.
#[must_use]
pub fn number(news: &News<'_>) -> usize {
    match news {
        News::Changes { .. } => 0,
        News::PrivilegedChanges { .. } => 1,
        News::GivenUp { .. } => 2,
        News::Refused { .. } => 3,
        News::NotConnected { .. } => 4,
        News::Ending { .. } => 5,
        News::NotCovered { .. } => 6,
        News::Restored { .. } => 7,
        News::Credentials { .. } => 8,
        News::NoEntry { .. } => 9,
        News::OverUse { .. } => 10,
        News::Activations { .. } => 11,
        News::WaitsForApproval { .. } => 12,
    }
}

/// The longest text in characters of four bytes each, with what HTML and lines of mail do not like in it.
#[must_use]
pub fn longest() -> String {
    format!("{NASTY}{}{}", "&".repeat(40), "𝔐".repeat(400))
}

/// What all news are made of.
pub struct AllNews {
    diff: DiffId,
    organisation: OrganisationId,
    restore: RestoreId,
    text: String,
    sample: Sample,
    counts: DiffCounts,
    gaps: Vec<NotCovered>,
    ending: Ending,
    excess: Vec<String>,
    restored: RestoreCounts,
    waiting: Restore,
    snapshots: Vec<SnapshotId>,
}

const STATUSES: [CredentialStatus; 7] = [
    CredentialStatus::Connected,
    CredentialStatus::MissingPermissions,
    CredentialStatus::ExcessPermissions,
    CredentialStatus::ExcessReading,
    CredentialStatus::ConsentWithdrawn,
    CredentialStatus::Unreachable,
    CredentialStatus::Waiting,
];

const KINDS: [ErrorKind; 8] = [
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::Stale,
    ErrorKind::Denied,
    ErrorKind::Throttled { retry_after_ms: None },
    ErrorKind::Unavailable,
    ErrorKind::Corrupt,
];

const WHYS: [ConnectRefusal; 6] = [
    ConnectRefusal::NoRole,
    ConnectRefusal::NotThere,
    ConnectRefusal::NotGranted,
    ConnectRefusal::NoAnswer,
    ConnectRefusal::Taken,
    ConnectRefusal::NotAdmitted,
];

impl AllNews {
    /// All of it, about that organisation.
    #[must_use]
    pub fn about(organisation: OrganisationId) -> Self {
        let ulid = |n: u32| format!("01J{n:023}");
        let changes: Vec<_> = (0..60).map(largest_change).collect();
        let gap =
            |n| NotCovered { source: format!("{n}{NASTY}"), cause: "denied".to_owned(), why: longest() };
        Self {
            diff: DiffId::from_ulid(&ulid(70)),
            organisation,
            restore: RestoreId::from_ulid(&ulid(72)),
            text: longest(),
            sample: changes.iter().collect(),
            counts: DiffCounts {
                created: u64::MAX / 4,
                deleted: 0,
                modified: 60,
                privileged: 30,
                activated: 40,
                ended: u64::MAX / 4,
                ..DiffCounts::default()
            },
            gaps: (0..1_000).map(gap).collect(),
            ending: Ending {
                by: NASTY.to_owned(),
                asked_at: Timestamp::UNIX_EPOCH,
                delete_at: Timestamp::UNIX_EPOCH,
                before: OrganisationState::Active,
                began_at: None,
                key_fingerprint: None,
                blobs: 0,
                rows: 0,
            },
            excess: (0..100).map(|n| format!("{n}{}", longest())).collect(),
            restored: RestoreCounts { steps: u64::MAX, failed: 1, ..RestoreCounts::default() },
            waiting: Restore {
                requested_by: NASTY.to_owned(),
                reason: Some(longest()),
                ticket: Some(longest()),
                privileged: true,
                ..previewed_restore(
                    &crate::office::tenant(),
                    RestoreId::from_ulid(&ulid(73)),
                    SnapshotId::from_ulid(&ulid(74)),
                    Timestamp::UNIX_EPOCH,
                )
            },
            snapshots: (100..164).map(|n| SnapshotId::from_ulid(&ulid(n))).collect(),
        }
    }

    /// Each once for each thing that it can say, with an id of its own; every sort is among them.
    #[must_use]
    pub fn each(&self) -> Vec<News<'_>> {
        let mut snapshots = self.snapshots.iter();
        let mut next = || snapshots.next().unwrap();
        let (diff, sample, counts) = (&self.diff, &self.sample, &self.counts);
        let mut all = vec![
            News::Changes { diff, sample, counts },
            News::PrivilegedChanges { diff, sample, counts },
            News::Activations { diff, sample, counts },
            News::Ending { organisation: &self.organisation, ending: &self.ending },
            News::NotCovered { snapshot: next(), gaps: &self.gaps },
            News::Restored { restore: &self.restore, counts: &self.restored },
            News::WaitsForApproval { restore: &self.waiting },
            News::OverUse { counted_by: next(), seats: u32::MAX, in_use: u64::MAX },
        ];
        for kind in KINDS {
            for subject in [
                Subject::Snapshot(next().clone()),
                Subject::Diff(self.diff.clone()),
                Subject::Restore(self.restore.clone()),
                Subject::Organisation(self.organisation.clone()),
            ] {
                all.push(News::GivenUp { subject, what: &self.text, kind });
            }
        }
        for refusal in Refusal::ALL {
            let subject = Subject::Snapshot(next().clone());
            all.push(News::Refused { subject, what: &self.text, refusal });
            all.push(News::NoEntry { seen_by: next(), status: CredentialStatus::ConsentWithdrawn, refusal });
        }
        for status in STATUSES {
            all.push(News::Credentials { seen_by: next(), status, excess: &self.excess });
        }
        for (n, why) in WHYS.into_iter().enumerate() {
            let since = Timestamp::from_second(1_795_374_000 + i64::try_from(n).unwrap()).unwrap();
            all.push(News::NotConnected { organisation: &self.organisation, since, why });
        }
        for sort in 0..SORTS {
            assert!(all.iter().any(|news| number(news) == sort), "there is no example of sort {sort}");
        }
        all
    }
}

/// A change with as many details as there may be, each as long as it may be.
fn largest_change(n: u32) -> Change {
    let details = (0..12).map(|detail| AttributeChange {
        property: format!("{detail}{}", longest()),
        path: format!("{detail}{}", longest()),
        before: Some(json!(longest())),
        after: Some(json!([longest()])),
        ..AttributeChange::default()
    });
    let links = (0..12).map(|_| LinkChange {
        link: "groups.members".to_owned(),
        to: longest(),
        to_name: Some(longest()),
        what: What::Modified,
        before: Some(json!({ "a": longest() })),
        after: Some(json!({ "a": longest() })),
        class: Class::default(),
    });
    let is_grant = n.is_multiple_of(2);
    Change {
        kind: crate::kind(if is_grant { "admins" } else { "users" }).name.into(),
        key: format!("{n}|r|/administrativeUnits/{}|", longest()),
        new_key: None,
        name: Some(format!("{}: {}", longest(), longest())),
        what: if n.is_multiple_of(4) { What::Activated } else { What::Created },
        ends_at: Some(Timestamp::UNIX_EPOCH),
        since: Some(SnapshotId::from_ulid(&format!("01J{n:023}"))),
        attributes: if is_grant { vec![] } else { details.collect() },
        links: links.collect(),
        consequences: 0,
        privileged: is_grant,
        rating: Rating::default(),
    }
}
