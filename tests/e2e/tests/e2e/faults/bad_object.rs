//! One bad object is one bad object: it is named in what people see of the snapshot, is held as it was, and is no change.

use crate::rig::{Rig, changes_of};
use domain::SnapshotId;
use engine::records::SnapshotMode;
use jiff::SignedDuration;
use serde_json::json;
use sim::FaultRule;

/// What a snapshot does not hold, as its row says it.
async fn not_covered(rig: &Rig, id: &SnapshotId) -> Vec<(String, String)> {
    let row = rig.snapshot_row(rig.tenant(), id).await;
    row.not_covered.into_iter().map(|n| (n.source, n.cause)).collect()
}

/// How many changes the newest comparison tells.
async fn changes(rig: &Rig) -> usize {
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    changes_of(rig, rig.tenant(), &diff.id).await.len()
}

#[tokio::test]
async fn a_user_of_whom_a_text_is_no_unicode_is_named_and_held_as_before_until_he_can_be_read() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    let maya = stage.id("Maya").to_owned();
    let titled = async |title: &str| {
        admin.patch(&format!("users/{maya}"), &json!({ "jobTitle": title })).await;
        rig.clock.advance(SignedDuration::from_mins(10));
    };
    let breaks = |instead: &str| {
        rig.control.fail_next(FaultRule {
            path_contains: "/users".to_owned(),
            replace: Some(("Xylographer".to_owned(), instead.to_owned())),
            times: u32::MAX,
            ..FaultRule::default()
        });
    };
    // A sign that JSON wants written otherwise is read as what it is.
    titled("Xylographer").await;
    breaks("Xylo\tgrapher\u{1}");
    let second = rig.snapshot().await;
    assert_eq!((not_covered(&rig, &second).await, changes(&rig).await), (vec![], 1));
    rig.control.clear_faults();

    for instead in ["\\ud800", "\",\"x\":NaN,\"y\":\""] {
        titled("Potter").await;
        rig.snapshot().await;
        titled("Xylographer").await;
        breaks(instead);
        let bad = rig.snapshot().await;
        let named = vec![(format!("users/{maya}"), "unreadable".to_owned())];
        assert_eq!((not_covered(&rig, &bad).await, changes(&rig).await), (named.clone(), 0), "{instead}");
        let row = rig.snapshot_row(rig.tenant(), &bad).await;
        assert_eq!(row.counts["users"].records, rig.dump()["users"].as_object().unwrap().len() as u64);
        // Nothing that changes later says what could not be read: it stays named until everything is read again.
        rig.control.clear_faults();
        rig.clock.advance(SignedDuration::from_hours(1));
        let later = rig.snapshot().await;
        assert_eq!((not_covered(&rig, &later).await, changes(&rig).await), (named, 0), "{instead}");
        assert_eq!(rig.snapshot_row(rig.tenant(), &later).await.mode, Some(SnapshotMode::Incremental));
        rig.clock.advance(SignedDuration::from_hours(8 * 24));
        let whole = rig.snapshot().await;
        assert_eq!((not_covered(&rig, &whole).await, changes(&rig).await), (vec![], 1), "{instead}");
        assert_eq!(rig.dead_letters(), [""; 0]);
    }
}

#[tokio::test]
async fn scheduled_actions_that_graph_refuses_are_named_and_the_policies_are_held_without_them() {
    let rig = Rig::new().await;
    rig.staged().await;
    let rule = FaultRule { times: u32::MAX, ..FaultRule::default() };
    rig.control.fail_next(FaultRule {
        path_contains: "/scheduledActionsForRule".to_owned(),
        status: 400,
        ..rule.clone()
    });
    rig.control.fail_next(FaultRule {
        path_contains: "/deviceManagement/deviceCompliancePolicies".to_owned(),
        replace: Some(("\"scheduledActionsForRule".to_owned(), "\"@odata.".to_owned())),
        ..rule
    });
    let id = rig.snapshot().await;
    let part = "DeviceCompliancePolicies.scheduledActionsForRule".to_owned();
    assert_eq!(not_covered(&rig, &id).await, [(part, "unknown".to_owned())]);
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert!(row.counts["DeviceCompliancePolicies"].records > 0);
    assert!(row.counts["DeviceCompliancePolicies.assignments"].records > 0);
    // The next, of a Graph that gives them, tells no change.
    rig.control.clear_faults();
    rig.clock.advance(SignedDuration::from_hours(1));
    let next = rig.snapshot().await;
    assert_eq!((not_covered(&rig, &next).await, changes(&rig).await), (vec![], 0));
}

#[tokio::test]
async fn changes_that_are_refused_once_for_no_known_reason_cost_one_whole_reading_and_not_the_kind() {
    for path in
        ["users/delta?$deltatoken", "groups/delta?$deltatoken", "administrativeUnits/delta?$deltatoken"]
    {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        rig.snapshot().await;
        stage.happen(&admin).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        rig.control.fail_next(FaultRule {
            path_contains: path.to_owned(),
            status: 400,
            times: 1,
            ..FaultRule::default()
        });
        let second = rig.snapshot().await;
        assert_eq!((not_covered(&rig, &second).await, changes(&rig).await), (vec![], 6), "{path}");
        let refused = rig.control.requests(rig.tenant().as_str()).iter().filter(|r| r.status == 400).count();
        assert_eq!(refused, 1, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_is_refused_for_one_object_on_it_costs_that_object_alone() {
    for (kind, path, property) in [
        ("users", "users", "jobTitle"),
        ("groups", "groups", "description"),
        ("DeviceConfiguration", "deviceManagement/deviceConfigurations", "description"),
    ] {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        rig.snapshot().await;
        let id = match kind {
            "users" => stage.id("Maya").to_owned(),
            "groups" => stage.id("Night shift").to_owned(),
            _ => admin.inner().list(path).await.unwrap()[0]["id"].as_str().unwrap().to_owned(),
        };
        let mut body = json!({ property: "Xylographer" });
        if kind == "DeviceConfiguration" {
            let live = admin.inner().get(&format!("{path}/{id}")).await.unwrap();
            body["@odata.type"] = live["@odata.type"].clone();
        }
        admin.patch(&format!("{path}/{id}"), &body).await;
        rig.control.fail_next(FaultRule {
            path_contains: format!("/{path}"),
            answer_contains: "Xylographer".to_owned(),
            status: 400,
            times: u32::MAX,
            ..FaultRule::default()
        });
        rig.clock.advance(SignedDuration::from_hours(1));
        let before = rig.control.requests(rig.tenant().as_str()).len();
        let bad = rig.snapshot().await;
        let named = vec![(format!("{kind}/{id}"), "unreadable".to_owned())];
        assert_eq!((not_covered(&rig, &bad).await, changes(&rig).await), (named, 0), "{kind}");
        let records = rig.snapshot_row(rig.tenant(), &bad).await.counts[kind].records;
        let there = admin.inner().list(&format!("{path}?$select=id")).await.unwrap().len() as u64;
        assert_eq!(records, there, "{kind}: it is held as it was");
        let asked = rig.control.requests(rig.tenant().as_str()).len() - before;
        assert!(asked < 600, "{kind}: {asked} requests");
        rig.control.clear_faults();
        rig.clock.advance(SignedDuration::from_hours(8 * 24));
        let whole = rig.snapshot().await;
        assert_eq!((not_covered(&rig, &whole).await, changes(&rig).await), (vec![], 1), "{kind}");
    }
}
