//! What a restore asks of Graph, counted: one that asks more for the same fails here. `bench -- restore` measures the same
//! for many.

use super::rig::{Admin, Rig};
use domain::SnapshotId;
use engine::records::{JobState, Reason, RestoreState, Side, SnapshotMode};
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use sim::SeenRequest;
use std::collections::BTreeMap;

/// Takes back what happened since; gives what the run asked of Graph, by method and kind of path.
async fn restored(rig: &Rig, since: &SnapshotId) -> BTreeMap<String, usize> {
    let diff = rig.ask_diff(since, Side::Live).await;
    rig.settle().await;
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.control.clear();
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, done.counts.steps), "{done:?}");
    let mut counts = BTreeMap::new();
    for seen in rig.control.requests(rig.tenant().as_str()) {
        assert_ne!(seen.status, 429);
        *counts.entry(kind_of(&seen)).or_default() += 1;
    }
    counts
}

/// The method and the path without ids.
fn kind_of(seen: &SeenRequest) -> String {
    let path = seen.path_and_query.split('?').next().unwrap();
    let is_word = |part: &str| part.bytes().all(|b| b.is_ascii_alphabetic() || b == b'$');
    let parts = path.split('/').filter(|part| !part.is_empty());
    let parts: Vec<&str> = parts.map(|part| if is_word(part) { part } else { "*" }).collect();
    format!("{} {}", seen.method, parts.join("/"))
}

async fn people(admin: &Admin, count: usize) -> Vec<String> {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(admin.create_user(&format!("Person {number:03}"), "Auditor").await);
    }
    people
}

async fn join(rig: &Rig, admin: &Admin, group: &str, people: &[String]) {
    for some in people.chunks(20) {
        let objects = some.iter().map(|id| format!("{}/v1.0/directoryObjects/{id}", rig.sim.graph_url()));
        let body = json!({ "members@odata.bind": objects.collect::<Vec<_>>() });
        admin.patch(&format!("groups/{group}"), &body).await;
    }
}

fn counts(of: &[(&str, usize)]) -> BTreeMap<String, usize> {
    of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_changed_attribute_costs_one_write_and_two_looks() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let people = people(&admin, 40).await;
    let since = rig.snapshot().await;
    for id in &people {
        admin.patch(&format!("users/{id}"), &json!({ "jobTitle": "Changed by mistake" })).await;
    }
    let asked = restored(&rig, &since).await;
    let (looks, calls) = (("GET users/*", 160), ("POST $batch", 80));
    assert_eq!(asked, counts(&[looks, ("PATCH users/*", 40), calls]), "an object is asked for with a facet");
}

#[tokio::test]
async fn users_who_were_deleted_for_good_cost_a_creation_each_and_their_group_one_write() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let people = people(&admin, 20).await;
    let group = admin.create_group("Night watch").await;
    join(&rig, &admin, &group, &people).await;
    let since = rig.snapshot().await;
    for id in &people {
        admin.delete(&format!("users/{id}")).await;
        admin.write(Method::DELETE, &format!("directory/deletedItems/{id}"), &Value::Null).await;
    }
    let asked = restored(&rig, &since).await;
    let of_users = [
        ("GET directory/deletedItems/*", 20),
        ("GET users", 20),
        ("POST users", 20),
        // Whether they are back, and what they are like once they are made; each with a facet.
        ("GET users/*", 80),
    ];
    let of_group =
        [("GET groups/*", 2), ("GET groups/*/members", 2), ("PATCH groups/*", 1), ("POST $batch", 42)];
    assert_eq!(asked, counts(&[&of_users[..], &of_group[..]].concat()));
}

#[tokio::test]
async fn members_cost_a_write_for_twenty_and_two_readings_of_their_group() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let people = people(&admin, 70).await;
    let group = admin.create_group("Night watch").await;
    join(&rig, &admin, &group, &people).await;
    let since = rig.snapshot().await;
    for id in people.iter().take(60) {
        admin.delete(&format!("groups/{group}/members/{id}/$ref")).await;
    }
    let asked = restored(&rig, &since).await;
    let looks = [("GET groups/*", 2), ("GET groups/*/members", 2), ("POST $batch", 2)];
    assert_eq!(asked, counts(&[&looks[..], &[("PATCH groups/*", 3)]].concat()));
}

#[tokio::test]
async fn a_comparison_of_an_old_snapshot_with_the_live_tenant_reads_what_changed_since_the_newest() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let ann = admin.create_user("Ann", "Auditor").await;
    let old = rig.snapshot().await;
    // Delta links live for seven days.
    rig.clock.advance(SignedDuration::from_hours(10 * 24));
    let newest = rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    admin.patch(&format!("users/{ann}"), &json!({ "jobTitle": "Changed by mistake" })).await;

    let diff = rig.ask_diff(&old, Side::Live).await;
    rig.settle().await;
    let done = rig.diffs().get(rig.tenant(), &diff.id).await.unwrap();
    assert_eq!((done.state, done.counts.modified), (JobState::Done, 1));
    let rows = rig.snapshot_rows(rig.tenant()).await;
    let live = rows.iter().find(|row| row.reason == Reason::Live).unwrap();
    assert_eq!((live.mode, &live.base), (Some(SnapshotMode::Incremental), &Some(newest)));
}
