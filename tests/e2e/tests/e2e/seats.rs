//! Seats in use: counted while users are merged, from everything and from what changed.

use super::rig::{Admin, Rig, Setting, Stage};
use domain::SnapshotId;
use engine::records::SeatCount;
use jiff::SignedDuration;
use serde_json::json;

/// Enabled members of the live tenant.
fn live(rig: &Rig) -> u64 {
    let dump = rig.dump();
    let users = dump["users"].as_object().unwrap().values();
    users.filter(|user| user["accountEnabled"] == true && user["userType"] == "Member").count() as u64
}

/// Notices of more seats in use than are paid for.
fn told_of_seats(rig: &Rig) -> usize {
    let rows = rig.world.catalog.rows();
    rows.iter().filter(|(_, row)| row.key.starts_with("notice#seats.")).count()
}

async fn counted(rig: &Rig) -> SeatCount {
    rig.records.get(&SeatCount::at(rig.tenant())).await.unwrap().value
}

/// A tenant of hundreds, staged and sealed once; fifty seats are paid for.
async fn sealed() -> (Rig, Admin, Stage, SnapshotId) {
    let rig = Rig::with(Setting { users: 300, ..Setting::default() }).await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    (rig, admin, stage, first)
}

#[tokio::test]
async fn the_first_snapshot_counts_the_enabled_members() {
    let (rig, _, _, first) = sealed().await;
    let count = counted(&rig).await;
    assert_eq!((count.in_use, count.snapshot), (live(&rig), first));
    assert!(count.in_use > 100, "{}", count.in_use);
}

#[tokio::test]
async fn a_snapshot_that_reads_only_what_changed_counts_who_came_and_who_went() {
    let (rig, admin, stage, _) = sealed().await;
    let before = counted(&rig).await.in_use;
    admin.delete(&format!("users/{}", stage.id("Tomasz"))).await;
    admin.patch(&format!("users/{}", stage.id("Noah")), &json!({ "accountEnabled": false })).await;
    admin.patch(&format!("users/{}", stage.id("Maya")), &json!({ "jobTitle": "Contractor" })).await;
    for name in ["Ida Lund", "Per Holm", "Eva Dahl"] {
        admin.create_user(name, "Picker").await;
    }
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert!(rig.manifest(rig.tenant(), &second).await.unwrap().base.is_some(), "only changes were read");
    let after = counted(&rig).await;
    assert_eq!((after.in_use, after.snapshot), (live(&rig), second));
    assert_eq!(after.in_use, before + 1, "two are gone and three came");
}

#[tokio::test]
async fn a_snapshot_that_finds_no_change_counts_as_the_one_before() {
    let (rig, ..) = sealed().await;
    let before = counted(&rig).await.in_use;
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!((counted(&rig).await.in_use, counted(&rig).await.snapshot), (before, second));
}

#[tokio::test]
async fn a_snapshot_that_reads_everything_anew_counts_anew() {
    let (rig, admin, stage, _) = sealed().await;
    admin.patch(&format!("users/{}", stage.id("Noah")), &json!({ "accountEnabled": false })).await;
    let before = live(&rig);
    rig.clock.advance(SignedDuration::from_hours(24 * 8));
    admin.patch(&format!("users/{}", stage.id("Noah")), &json!({ "accountEnabled": true })).await;
    let whole = rig.snapshot().await;
    assert!(rig.manifest(rig.tenant(), &whole).await.unwrap().base.is_none(), "everything was read anew");
    assert_eq!((counted(&rig).await.in_use, live(&rig)), (before + 1, before + 1));
}

#[tokio::test]
async fn more_seats_in_use_than_are_paid_for_are_told_once_when_it_begins() {
    let (rig, admin, ..) = sealed().await;
    assert_eq!(told_of_seats(&rig), 1, "fifty are paid for");
    admin.create_user("Ida Lund", "Picker").await;
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.snapshot().await;
    assert_eq!(told_of_seats(&rig), 1, "it goes on, and is not told again");
}
