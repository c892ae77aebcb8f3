//! Whoever is back from the recycle bin is in the next snapshot, whichever way Graph tells of it.

use super::rig::{Admin, Rig};
use backup::archive::SnapshotView;
use domain::SnapshotId;
use engine::records::SnapshotMode;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

/// What was deleted and comes back, by kind.
type Things = [(&'static str, &'static str, String); 3];

async fn things(admin: &Admin) -> Things {
    let maya = admin.create_user("Maya Ortiz", "Buyer").await;
    let noah = admin.create_user("Noah Fischer", "Technician").await;
    admin.link(&format!("users/{noah}/manager/$ref"), &maya).await;
    let group = json!({
        "displayName": "Council", "mailEnabled": true, "mailNickname": "council", "securityEnabled": true,
        "groupTypes": ["Unified"]
    });
    let group = admin.create("groups", &group).await;
    let unit = admin.create("directory/administrativeUnits", &json!({ "displayName": "East" })).await;
    admin.link(&format!("groups/{group}/members/$ref"), &maya).await;
    admin.link(&format!("directory/administrativeUnits/{unit}/members/$ref"), &maya).await;
    [
        ("users", "users", noah),
        ("groups", "groups", group),
        ("administrativeUnits", "directory/administrativeUnits", unit),
    ]
}

async fn delete(admin: &Admin, things: &Things) {
    for (_, path, id) in things {
        admin.delete(&format!("{path}/{id}")).await;
    }
}

async fn bring_back(admin: &Admin, things: &Things) {
    for (_, _, id) in things {
        admin.write(Method::POST, &format!("directory/deletedItems/{id}/restore"), &json!({})).await;
    }
}

/// Of each thing whether a snapshot holds it, and how many links it has.
async fn held(rig: &Rig, id: &SnapshotId, things: &Things) -> Vec<Option<usize>> {
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, id).await.unwrap();
    let mut found = Vec::new();
    for (kind, _, key) in things {
        let kind = domain::kinds::get(kind).unwrap();
        let mut links = 0;
        for link in kind.links.iter().filter(|link| ["manager", "members"].contains(&link.relation)) {
            let run = archive.open_run(view.manifest().runs.get(link.name)).await.unwrap();
            links += run.ends(&format!("{key}/")).await.unwrap().len();
        }
        found.push(view.find_object(kind, key).await.unwrap().map(|_| links));
    }
    found
}

/// What was asked about the recycle bin, and by ids, since that was asked last.
fn asked(rig: &Rig) -> (usize, usize) {
    let seen = rig.control.requests(rig.tenant().as_str());
    rig.control.clear();
    let count = |part: &str| seen.iter().filter(|r| r.path_and_query.contains(part)).count();
    (count("directory/deletedItems/microsoft.graph."), count("$filter=id"))
}

async fn an_hour_later(rig: &Rig) -> SnapshotId {
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.control.clear();
    let id = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.mode, Some(SnapshotMode::Incremental));
    id
}

#[tokio::test]
async fn whoever_was_restored_is_in_the_next_snapshot_though_the_delta_may_be_silent_about_it() {
    for silent in [false, true] {
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.undelete_is_silent = silent);
        let admin = rig.admin(rig.tenant()).await;
        let things = things(&admin).await;
        let there = vec![Some(1); 3];
        let first = rig.snapshot().await;
        assert_eq!(held(&rig, &first, &things).await, there);
        // Nothing is in the bin, and so nothing is asked about it.
        an_hour_later(&rig).await;
        assert_eq!(asked(&rig), (0, 0));

        delete(&admin, &things).await;
        let gone = an_hour_later(&rig).await;
        assert_eq!(held(&rig, &gone, &things).await, [None; 3]);
        assert_eq!(asked(&rig), (3, 0), "the bin of each kind is listed");

        bring_back(&admin, &things).await;
        let back = an_hour_later(&rig).await;
        assert_eq!(held(&rig, &back, &things).await, there, "silent: {silent}");
        assert_eq!(asked(&rig), (3, 3), "each kind's bin, and once what left it");

        // Once: it is known now, and the bin is empty.
        let after = an_hour_later(&rig).await;
        assert_eq!(held(&rig, &after, &things).await, there);
        assert_eq!(asked(&rig), (0, 0));

        // Deleted and restored between two snapshots: the deletion may be all that is told.
        delete(&admin, &things).await;
        bring_back(&admin, &things).await;
        let still = an_hour_later(&rig).await;
        assert_eq!(held(&rig, &still, &things).await, there, "silent: {silent}");
    }
}

#[tokio::test]
async fn what_stays_in_the_bin_costs_one_request_a_page_and_what_is_purged_is_asked_for_once() {
    let rig = Rig::new().await;
    rig.control.switch(|switches| switches.undelete_is_silent = true);
    let admin = rig.admin(rig.tenant()).await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(admin.create_user(&format!("Leaver {n}"), "Buyer").await);
    }
    // Deleted before the first snapshot: no delta ever told of it.
    admin.delete(&format!("users/{}", ids[0])).await;
    rig.snapshot().await;
    admin.delete(&format!("users/{}", ids[1])).await;
    admin.delete(&format!("users/{}", ids[2])).await;
    an_hour_later(&rig).await;
    assert_eq!(asked(&rig), (1, 0));
    an_hour_later(&rig).await;
    assert_eq!(asked(&rig), (1, 0), "three users in the bin are a page");
    admin.delete(&format!("directory/deletedItems/{}", ids[1])).await;
    admin.write(Method::POST, &format!("directory/deletedItems/{}/restore", ids[0]), &json!({})).await;
    let after = an_hour_later(&rig).await;
    assert_eq!(asked(&rig), (1, 1));
    let users = domain::kinds::get("users").unwrap();
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, &after).await.unwrap();
    for (id, is_there) in [(&ids[0], true), (&ids[1], false), (&ids[2], false)] {
        let found = view.find_object(users, id).await.unwrap();
        assert_eq!(found.is_some(), is_there);
    }
    an_hour_later(&rig).await;
    assert_eq!(asked(&rig), (1, 0), "and not again");
}

#[tokio::test]
async fn where_the_bin_may_not_be_listed_snapshots_are_taken_as_ever() {
    for status in [400, 403, 404] {
        let rig = Rig::new().await;
        rig.control.fail_next(sim::FaultRule {
            path_contains: "directory/deletedItems/microsoft.graph".to_owned(),
            status,
            times: 1_000,
            ..sim::FaultRule::default()
        });
        let admin = rig.admin(rig.tenant()).await;
        let things = things(&admin).await;
        rig.snapshot().await;
        delete(&admin, &things).await;
        let gone = an_hour_later(&rig).await;
        assert_eq!(held(&rig, &gone, &things).await, [None; 3]);
        assert_eq!(rig.snapshot_row(rig.tenant(), &gone).await.not_covered.len(), 0, "{status}");
    }
}
