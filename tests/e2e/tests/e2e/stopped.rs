//! A restore that is stopped over the API, while it waits and while nobody is at it.

use super::data_plane::Client;
use super::rig::Rig;
use http::{Method, StatusCode};
use serde_json::json;

#[tokio::test]
async fn what_waits_in_its_middle_is_stopped_at_once_and_shows_what_was_written() {
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let mut people = Vec::new();
    for name in ["Uma Berg", "Ole Dahl", "Ida Lund"] {
        people.push(admin.create_user(name, "Auditor").await);
    }
    let first = client.done("snapshots", None).await;
    for person in &people {
        admin.patch(&format!("users/{person}"), &json!({ "jobTitle": "Changed" })).await;
    }
    let before = first.split_once('/').unwrap().1;
    let compared = client.done("comparisons", Some(&json!({ "before": before, "after": "live" }))).await;
    let asked = json!({ "comparison": compared.split_once('/').unwrap().1 });
    let restore = client.done("restores", Some(&asked)).await;
    assert_eq!(client.get(&restore).await["counts"]["steps"], 3);

    // The second write is answered 429 with a wait that no invocation has time for.
    let rule = sim::FaultRule {
        method: Some("PATCH".to_owned()),
        path_contains: "users/".to_owned(),
        status: 429,
        retry_after: Some("10800".to_owned()),
        skip: 1,
        times: 100,
        ..sim::FaultRule::default()
    };
    rig.control.fail_next(rule);
    let (status, _) = client.ask_below(Method::POST, &format!("{restore}/run"), None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    rig.work_once().await;
    let shown = client.get(&restore).await;
    let spent = shown["spent"]["requests"].as_u64().unwrap();
    assert_eq!((&shown["state"], &shown["counts"]["done"]), (&json!("running"), &json!(1)), "{shown}");

    let (status, stopped) = client.ask_below(Method::POST, &format!("{restore}/cancel"), None).await;
    assert_eq!((status, &stopped["cancelledBy"]), (StatusCode::ACCEPTED, &json!("hft_12345678")));
    rig.work_once().await;
    let report = client.get(&format!("{restore}/report")).await;
    assert_eq!((&report["state"], &report["complete"]), (&json!("cancelled"), &json!(false)), "{report}");
    assert!(
        report["spent"]["requests"].as_u64().unwrap() > spent,
        "what the last look cost is counted: {report}"
    );
    let changed = people.iter().filter(|person| rig.dump()["users"][person]["jobTitle"] == "Changed");
    assert_eq!(changed.count(), 2, "one was written before it was stopped");
    let (status, _) = client.ask_below(Method::POST, &format!("{restore}/cancel"), None).await;
    assert_eq!(status, StatusCode::CONFLICT);

    // What it wrote until then can be taken back.
    rig.control.clear_faults();
    let undo = json!({ "undo": restore.split_once('/').unwrap().1 });
    let undo = client.done("restores", Some(&undo)).await;
    assert_eq!(client.get(&undo).await["counts"]["steps"], 1);
    client.done(&format!("{undo}/run"), None).await;
    let changed = people.iter().filter(|person| rig.dump()["users"][person]["jobTitle"] == "Changed");
    assert_eq!(changed.count(), 3);
}
