//! A step that waits long holds up nothing but what needs it.

use super::data_plane::Client;
use super::rig::Rig;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::Duration;

/// How many seconds Graph takes to show who was made.
const LATE_S: u32 = 180;
const PEOPLE: usize = 9;

#[tokio::test]
async fn who_reports_to_somebody_that_graph_shows_minutes_later_is_passed_over_by_all_others() {
    // Everybody reports to somebody else by now; the one to whom the first is to report is gone for good.
    let rig = Rig::new().await;
    let (client, admin) = (Client::new(&rig).await, rig.admin(rig.tenant()).await);
    let late = admin.create_user("Liv Late", "Head").await;
    let (head, deputy) =
        (admin.create_user("Hal Head", "Head").await, admin.create_user("Deb Deputy", "Head").await);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(admin.create_user(&format!("Person {number}"), "Clerk").await);
    }
    let manager = |person: &str| format!("users/{person}/manager/$ref");
    for (number, person) in people.iter().enumerate() {
        admin.link(&manager(person), if number == 0 { &late } else { &head }).await;
    }
    let first = client.done("snapshots", None).await;
    for person in &people {
        admin.link(&manager(person), &deputy).await;
    }
    admin.delete(&format!("users/{late}")).await;
    admin.delete(&format!("directory/deletedItems/{late}")).await;
    rig.clock.advance(SignedDuration::from_hours(1));

    let chosen = people.iter().chain([&late]).map(|id| json!({ "kind": "users", "key": id }));
    let asked = json!({ "snapshot": first.split_once('/').unwrap().1, "items": chosen.collect::<Vec<_>>(),
        "attributes": "overwrite", "links": "rollback" });
    let restore = client.done("restores", Some(&asked)).await;
    let shown = client.get(&format!("{restore}?limit=200")).await;
    let steps = shown["items"].as_array().unwrap().iter();
    let planned: Vec<&Value> =
        steps.filter(|step| step["action"]["type"] == "addLinks").map(|step| &step["key"]).collect();
    assert_eq!(planned, people.iter().collect::<Vec<_>>(), "the one who waits is the first of the plan");
    rig.control.set_replication_delay(Duration::from_secs(LATE_S.into()));
    rig.control.clear();
    client.done(&format!("{restore}/run"), None).await;

    // All came to their end, and those who need not wait have not waited.
    let report = client.get(&format!("{restore}/report?limit=200")).await;
    assert_eq!((&report["state"], &report["complete"]), (&json!("done"), &json!(true)), "{report}");
    let requests = rig.control.requests(rig.tenant().as_str());
    let written_at = |to: &str| {
        let write = requests.iter().find(|request| request.is_write && request.address().ends_with(to));
        write.unwrap_or_else(|| panic!("nothing was written to {to}")).at_millis
    };
    let shows_at = written_at("/users") + i64::from(LATE_S) * 1_000;
    assert!(written_at(&manager(&people[0])) >= shows_at);
    for person in &people[1..] {
        assert!(written_at(&manager(person)) < shows_at, "{person} waited");
    }
}
