//! What giving work up does to the tenant's row, and what another job's write keeps from it.

use domain::{DiffId, Error, SnapshotId};
use engine::open_work::{give_up, put_off};
use engine::records::{Cause, Diff, Found, Side, Tenant};
use support::builders::queued_comparison;
use support::office::{Office, tenant};

fn snapshot(nth: u32) -> SnapshotId {
    SnapshotId::from_ulid(&format!("01J{nth:023}"))
}

/// A comparison that is to tell people what changed since that snapshot.
async fn telling_since(office: &Office, before: u32) -> Found<Diff> {
    let (records, now) = (office.records(), office.clock().now());
    let row = Diff {
        announce: true,
        ..queued_comparison(
            &tenant(),
            DiffId::from_ulid(&format!("01J{before:023}")),
            snapshot(before),
            Side::Snapshot(snapshot(before + 1)),
            now,
        )
    };
    records.put_new(&row).await.unwrap();
    records.get(&Diff::at(&tenant(), &row.id)).await.unwrap()
}

async fn tenant_row(office: &Office) -> Found<Tenant> {
    office.records().get(&Tenant::at(&tenant())).await.unwrap()
}

async fn is_given_up(office: &Office, found: Found<Diff>) {
    let (records, announcer) = (office.records(), office.announcer());
    assert!(give_up((&records, &announcer), found, Cause::Unavailable, "a test").await.unwrap());
}

#[tokio::test]
async fn a_comparison_that_is_given_up_leaves_the_snapshot_that_is_being_taken() {
    let office = Office::new().await;
    let open = Some(snapshot(7));
    let row = tenant_row(&office).await;
    let taking = Tenant { open_snapshot: open.clone(), ..row.value };
    office.records().replace(&taking, row.version).await.unwrap();
    let found = telling_since(&office, 1).await;
    is_given_up(&office, found).await;
    let after = tenant_row(&office).await.value;
    assert_eq!((after.open_snapshot, after.untold_since), (open, Some(snapshot(1))));
}

#[tokio::test]
async fn of_two_comparisons_that_were_given_up_the_earlier_says_since_when_nobody_was_told() {
    for order in [[1, 5], [5, 1]] {
        let office = Office::new().await;
        for before in order {
            let found = telling_since(&office, before).await;
            is_given_up(&office, found).await;
        }
        assert_eq!(tenant_row(&office).await.value.untold_since, Some(snapshot(1)), "{order:?}");
    }
}

#[tokio::test]
async fn work_that_another_job_has_written_to_meanwhile_is_not_made_to_wait() {
    let office = Office::new().await;
    let found = telling_since(&office, 1).await;
    let (records, announcer) = (office.records(), office.announcer());
    let at = Diff::at(&tenant(), &found.value.id);
    for error in [Error::conflict("another job wrote"), Error::stale("another job wrote")] {
        let kind = error.kind();
        let put = put_off((&records, &announcer), &at, async |_: &Diff| 0, Err(error)).await;
        assert_eq!(put.unwrap_err().kind(), kind, "the message is to come back");
    }
    assert_eq!(records.get(&at).await.unwrap().version, found.version, "its row is as it was");
}
