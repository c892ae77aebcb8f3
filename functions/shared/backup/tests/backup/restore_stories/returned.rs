//! What came between the snapshot and a deletion is taken back with the object, whether or not the recycle bin shows it.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::{AttributeMode, LinkMode, Selection};
use engine::records::RestoreState;
use serde_json::{Value, json};

/// Ann, who got a title, a city, a manager and a licence, and a group that got a member and a description; then both were
/// deleted.
fn stage(shows_bin: bool) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob"] {
        let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
            "accountEnabled": true, "jobTitle": null, "city": "Bergen", "assignedLicenses": []});
        stage.both(object("users", name, &user));
    }
    let staff = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": [], "description": null});
    stage.both(object("groups", "staff", &staff));
    stage.link("groups.members", "staff", "ann");
    stage.directory.set("users", "ann", "jobTitle", json!("Intruder"));
    stage.directory.set("users", "ann", "city", json!("Oslo"));
    let licence = json!([{"skuId": "s", "disabledPlans": []}]);
    stage.directory.set("users", "ann", "assignedLicenses", licence);
    stage.directory.link("users.manager", "ann", "bob");
    stage.directory.set("groups", "staff", "description", json!("Ours now"));
    stage.directory.link("groups.members", "staff", "bob");
    if shows_bin {
        stage.directory.show_bin();
    }
    stage.directory.soft_delete("users", "ann");
    stage.directory.soft_delete("groups", "staff");
    stage
}

#[tokio::test]
async fn what_came_before_a_deletion_is_taken_back_with_the_object_whatever_the_bin_shows() {
    for shows_bin in [false, true] {
        let stage = stage(shows_bin);
        let restore = stage.previewed(whole(&[("users", "ann"), ("groups", "staff")])).await;
        let plan = stage.plan(&restore).await;
        let title = |side: &Option<Value>| side.as_ref().and_then(|side| side.get("jobTitle").cloned());
        let shown = plan.steps.iter().find_map(|step| title(&step.before));
        assert_eq!(shown, shows_bin.then(|| json!("Intruder")), "what is seen is shown before");
        let done = stage.run(&restore).await;
        assert_eq!(done.state, RestoreState::Done);
        assert_eq!(done.counts.done, done.counts.steps, "{:?}", stage.report(&restore).await);
        let ann = stage.directory.get("users", "ann");
        assert_eq!((&ann["jobTitle"], &ann["city"]), (&Value::Null, &json!("Bergen")), "shown: {shows_bin}");
        assert_eq!(stage.directory.ends("users.manager", "ann"), [""; 0]);
        assert_eq!(stage.directory.ends("groups.members", "staff"), ["ann"]);
        assert_eq!(stage.directory.get("groups", "staff")["description"], Value::Null);
        assert_eq!(ann["assignedLicenses"], json!([]));
    }
}

#[tokio::test]
async fn merging_takes_nothing_away_from_what_leaves_the_bin_and_says_what_it_leaves() {
    let stage = stage(true);
    let merge =
        Selection { attributes: AttributeMode::Merge, links: LinkMode::Merge, ..whole(&[("users", "ann")]) };
    let restore = stage.previewed(merge).await;
    let left = stage.plan(&restore).await.left_by_mode;
    assert!(left.iter().any(|left| left.what == "jobTitle"), "{left:?}");
    stage.run(&restore).await;
    let ann = stage.directory.get("users", "ann");
    assert_eq!((&ann["jobTitle"], &ann["city"]), (&json!("Intruder"), &json!("Bergen")));
    assert_eq!(stage.directory.ends("users.manager", "ann"), ["bob"]);
}
