//! Microsoft's own recovery writes to a tenant behind its deltas: the snapshot after it is whole.

use crate::rig::Rig;
use backup::archive::SnapshotView;
use engine::records::SnapshotMode;
use jiff::SignedDuration;
use serde_json::json;
use sim::FaultRule;

#[tokio::test]
async fn what_microsofts_own_recovery_wrote_is_in_the_next_snapshot_though_no_delta_tells_of_it() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Recovered", "wrong title").await;
    rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.control.recover_user(rig.tenant().as_str(), &user, "jobTitle", &json!("right title"));
    let users = domain::kinds::get("users").unwrap();
    let modes = [SnapshotMode::Full, SnapshotMode::Incremental];
    for mode in modes {
        rig.clock.advance(SignedDuration::from_hours(2));
        let id = rig.snapshot().await;
        assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.mode, Some(mode));
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        let view = SnapshotView::open(&archive, &id).await.unwrap();
        assert_eq!(view.find_object(users, &user).await.unwrap().unwrap()["jobTitle"], "right title");
    }
}

#[tokio::test]
async fn where_recoveries_cannot_be_seen_snapshots_are_taken_as_ever() {
    let rig = Rig::new().await;
    rig.control.fail_next(FaultRule {
        path_contains: "directory/recovery".to_owned(),
        status: 404,
        times: 1_000,
        ..FaultRule::default()
    });
    rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &second).await.mode, Some(SnapshotMode::Incremental));
}

#[tokio::test]
async fn a_recovery_service_that_is_down_keeps_no_snapshot_from_being_taken_but_makes_it_whole() {
    let rig = Rig::new().await;
    let first = rig.snapshot().await;
    let down = FaultRule {
        path_contains: "directory/recovery".to_owned(),
        status: 503,
        times: 1_000,
        ..FaultRule::default()
    };
    rig.control.fail_next(down);
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &second).await.mode, Some(SnapshotMode::Full));
    let before = rig.manifest(rig.tenant(), &first).await.unwrap();
    let after = rig.manifest(rig.tenant(), &second).await.unwrap();
    assert_eq!(after.runs, before.runs, "nothing changed and nothing is stored anew");
}
