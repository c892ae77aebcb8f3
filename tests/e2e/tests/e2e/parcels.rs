//! Restores against the simulated Graph whose parcels hold something bad: it costs itself, and is named.

use super::rig::{Admin, Rig};
use domain::SnapshotId;
use engine::ports::Clock;
use engine::records::{FailCause, Restore, RestoreState, Side};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;
use sim::{FaultRule, WRITER_CLIENT_ID, WRITING};

async fn undo(rig: &Rig, since: &SnapshotId) -> Restore {
    let diff = rig.ask_diff(since, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(done.state, RestoreState::Done, "{done:?} {:?}", rig.dead_letters());
    done
}

/// What was refused of a restore: each part with its cause.
async fn refused(rig: &Rig, restore: &Restore) -> Vec<(String, FailCause)> {
    let report = rig.restores().get_report(rig.tenant(), &restore.id).await.unwrap();
    report.steps.into_iter().flat_map(|s| s.refused).map(|part| (part.what, part.cause)).collect()
}

fn members(rig: &Rig, group: &str) -> Vec<String> {
    let all = rig.dump()["groups"][group]["members"].as_array().cloned().unwrap_or_default();
    all.iter().map(|m| m.as_str().or(m["id"].as_str()).unwrap().to_owned()).collect()
}

async fn edit(admin: &Admin, user: &str, to: &str) {
    let body = json!({"jobTitle": to, "department": to, "city": to,
        "onPremisesExtensionAttributes": {"extensionAttribute1": to}});
    admin.patch(&format!("users/{user}"), &body).await;
}

#[tokio::test]
async fn one_property_that_graph_refuses_leaves_the_others_restored() {
    for status in [400, 403, 409, 423] {
        let rig = Rig::new().await;
        let admin = rig.admin(rig.tenant()).await;
        let user = admin.create_user("Uma Berg", "Auditor").await;
        edit(&admin, &user, "then").await;
        let first = rig.snapshot().await;
        edit(&admin, &user, "now").await;
        rig.control.fail_next(FaultRule {
            method: Some("PATCH".into()),
            path_contains: format!("users/{user}"),
            body_contains: "onPremisesExtensionAttributes".into(),
            status,
            times: 100,
            ..FaultRule::default()
        });
        let done = undo(&rig, &first).await;
        assert_eq!(done.counts.failed, 1, "{status}: {:?}", done.counts);
        let live = rig.dump()["users"][&user].clone();
        for property in ["jobTitle", "department", "city"] {
            assert_eq!(live[property], "then", "{status} {property}");
        }
        let parts = refused(&rig, &done).await;
        assert_eq!(parts.len(), 1, "{status}: {parts:?}");
        assert_eq!(parts[0].0, "onPremisesExtensionAttributes", "{status}");
    }
}

/// The service principal of an application of the tenant.
fn principal(rig: &Rig) -> String {
    rig.dump()["servicePrincipals"].as_object().unwrap().keys().next().unwrap().clone()
}

#[tokio::test]
async fn a_member_that_the_writer_may_not_write_keeps_no_user_out() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let group = admin.create_group("Staff").await;
    let mut users = Vec::new();
    for name in ["Uma Berg", "Ole Dahl", "Ada Lund"] {
        users.push(admin.create_user(name, "Clerk").await);
    }
    let principal = principal(&rig);
    for member in users.iter().chain([&principal]) {
        admin.link(&format!("groups/{group}/members/$ref"), member).await;
    }
    let first = rig.snapshot().await;
    for member in users.iter().chain([&principal]) {
        admin.delete(&format!("groups/{group}/members/{member}/$ref")).await;
    }
    let done = undo(&rig, &first).await;
    let now = members(&rig, &group);
    assert!(users.iter().all(|user| now.contains(user)), "{now:?}");
    let parts = refused(&rig, &done).await;
    assert_eq!(parts, [(format!("groups.members/{principal}"), FailCause::Denied)]);
}

#[tokio::test]
async fn with_each_permission_taken_away_in_turn_nothing_fails_that_does_not_need_it() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    let group = admin.create_group("Staff").await;
    admin.link(&format!("groups/{group}/members/$ref"), &user).await;
    let leaves = |on: &str| json!({"employeeLeaveDateTime": on, "jobTitle": on});
    admin.patch(&format!("users/{user}"), &leaves("2027-01-01T00:00:00Z")).await;
    let first = rig.snapshot().await;
    admin.patch(&format!("users/{user}"), &leaves("2028-01-01T00:00:00Z")).await;
    admin.delete(&format!("groups/{group}/members/{user}/$ref")).await;
    let put_back = rig.keep();
    // What each is for, of what this story restores.
    let needs = [
        ("User-LifeCycleInfo.ReadWrite.All", "employeeLeaveDateTime"),
        ("CustomSecAttributeAssignment.ReadWrite.All", ""),
        ("AdministrativeUnit.ReadWrite.All", ""),
        ("DeviceManagementConfiguration.ReadWrite.All", ""),
        ("Device.Read.All", ""),
        ("AuditLog.Read.All", ""),
    ];
    for (taken, costs) in needs {
        put_back();
        let left = WRITING.iter().filter(|p| **p != taken).map(|p| (*p).to_owned()).collect();
        rig.control.set_permissions(rig.tenant().as_str(), WRITER_CLIENT_ID, left);
        let done = undo(&rig, &first).await;
        let parts: Vec<String> = refused(&rig, &done).await.into_iter().map(|(what, _)| what).collect();
        let expected: Vec<&str> = Some(costs).filter(|costs| !costs.is_empty()).into_iter().collect();
        assert_eq!(parts, expected, "{taken}");
        assert_eq!(rig.dump()["users"][&user]["jobTitle"], "2027-01-01T00:00:00Z", "{taken}");
        assert_eq!(members(&rig, &group), std::slice::from_ref(&user), "{taken}");
    }
}

#[tokio::test]
async fn who_shows_up_minutes_after_leaving_the_recycle_bin_gets_everything_back() {
    for replicates in [true, false] {
        let rig = Rig::new().await;
        let admin = rig.admin(rig.tenant()).await;
        let user = admin.create_user("Uma Berg", "Auditor").await;
        let first = rig.snapshot().await;
        admin.patch(&format!("users/{user}"), &json!({"jobTitle": "Changed"})).await;
        admin.delete(&format!("users/{user}")).await;
        rig.control.switch(|switches| switches.undeletes_replicate = replicates);
        let diff = rig.ask_diff(&first, Side::Live).await;
        rig.settle().await;
        let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
        rig.settle().await;
        rig.control.set_replication_delay(std::time::Duration::from_mins(3));
        rig.ask_run(&restore).await;
        rig.settle().await;
        let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
        assert_eq!(done.counts.done, done.counts.steps, "{replicates}: {:?}", done.counts);
        assert_eq!(rig.dump()["users"][&user]["jobTitle"], "Auditor", "{replicates}");
    }
}

#[tokio::test]
async fn each_write_that_graph_took_is_in_the_report_under_our_own_id_of_it() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    stage.happen(&admin).await;
    rig.clock.advance(SignedDuration::from_mins(5));
    let before = rig.clock.now().as_millisecond();
    let done = undo(&rig, &first).await;
    let report = rig.restores().get_report(rig.tenant(), &done.id).await.unwrap();
    let seen = rig.control.requests(rig.tenant().as_str());
    let writes = seen.iter().filter(|r| r.app == WRITER_CLIENT_ID && r.at_millis >= before);
    let mut count = 0;
    for write in writes.filter(|r| r.method != Method::GET.as_str() && (200..300).contains(&r.status)) {
        let of_it =
            report.steps.iter().find(|s| s.client_request_id.as_ref() == Some(&write.client_request_id));
        assert!(of_it.is_some(), "{} {}", write.method, write.path_and_query);
        count += 1;
    }
    assert!(count > 4, "{count} writes");
}
