//! A comparison that there is already is given again, once it is known between which snapshots it tells.

use crate::asking::{BEFORE, diffs, office};
use backup::commands::diffs::{NewComparison, Started};
use domain::{DiffId, SnapshotId};
use engine::records::{Diff, Found, JobState, Side};
use support::builders::{queued_comparison, sealed_snapshot};
use support::office::{Office, tenant};

const AFTER: &str = "snp_01jbbbbbbbbbbbbbbbbbbbbbbb";

async fn ask(office: &Office) -> Started {
    let after: SnapshotId = AFTER.parse().unwrap();
    let new = NewComparison::of_everything(BEFORE.parse().unwrap(), Side::Snapshot(after));
    diffs(office).start_or_find(&tenant(), crate::asking::customer("uma"), new).await.unwrap()
}

#[tokio::test]
async fn the_comparison_that_follows_a_snapshot_is_given_again_only_when_it_is_done() {
    let office = office().await;
    let (before, after): (SnapshotId, SnapshotId) = (BEFORE.parse().unwrap(), AFTER.parse().unwrap());
    let now = office.clock().now();
    office.records().put_new(&sealed_snapshot(&tenant(), after.clone(), now)).await.unwrap();
    let id = DiffId::from_ulid("01jbbbbbbbbbbbbbbbbbbbbbbb");
    let follows = queued_comparison(&tenant(), id.clone(), before, Side::Snapshot(after), now);
    office.records().put_new(&follows).await.unwrap();
    // It may still turn out to tell what changed since older snapshots, too.
    let asked = ask(&office).await;
    assert!(asked.is_new && asked.diff.id != id, "{asked:?}");
    let found: Found<Diff> = office.records().get(&Diff::at(&tenant(), &id)).await.unwrap();
    let done = Diff { state: JobState::Done, ..found.value };
    office.records().replace(&done, found.version).await.unwrap();
    let asked = ask(&office).await;
    assert!(!asked.is_new && asked.diff.id == id, "{asked:?}");
}
