//! Seats in use: counted while users are merged, from everything and from what changed.

use super::rig::{Rig, Setting};
use engine::ports::Scope;
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
    let scope = Scope::Tenant(rig.tenant().clone());
    rig.records.get::<SeatCount>(&scope, SeatCount::KEY).await.unwrap().value
}

#[tokio::test]
async fn each_snapshot_counts_enabled_members_also_when_it_reads_only_what_changed() {
    let rig = Rig::with(Setting { users: 300, ..Setting::default() }).await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    let before = counted(&rig).await;
    assert_eq!((before.in_use, &before.snapshot), (live(&rig), &first));
    assert!(before.in_use > 100, "{before:?}");
    assert_eq!(told_of_seats(&rig), 1, "fifty are paid for");
    stage.happen(&admin).await; // one of three is deleted, one gets another title
    admin.patch(&format!("users/{}", stage.id("Noah")), &json!({ "accountEnabled": false })).await;
    for name in ["Ida Lund", "Per Holm", "Eva Dahl"] {
        admin.create_user(name, "Picker").await;
    }
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    let after = counted(&rig).await;
    assert_eq!((after.in_use, &after.snapshot), (live(&rig), &second));
    assert_eq!(after.in_use, before.in_use + 1, "two are gone and three came");
    assert!(rig.manifest(rig.tenant(), &second).await.unwrap().base.is_some(), "only changes were read");
    rig.clock.advance(SignedDuration::from_hours(1));
    let third = rig.snapshot().await;
    assert_eq!((counted(&rig).await.in_use, counted(&rig).await.snapshot), (after.in_use, third));
    rig.clock.advance(SignedDuration::from_hours(24 * 8));
    let admin = rig.admin(rig.tenant()).await; // the sign-in of a week ago is over
    admin.patch(&format!("users/{}", stage.id("Noah")), &json!({ "accountEnabled": true })).await;
    let whole = rig.snapshot().await;
    assert!(rig.manifest(rig.tenant(), &whole).await.unwrap().base.is_none(), "everything was read anew");
    assert_eq!((counted(&rig).await.in_use, live(&rig)), (after.in_use + 1, after.in_use + 1));
    assert_eq!(told_of_seats(&rig), 1, "it is told when it begins");
}
