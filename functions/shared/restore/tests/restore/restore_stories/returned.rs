//! What came between the snapshot and a deletion is taken back with the object, whether or not the recycle bin shows it.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::WriteAction::RemoveOtherLinks;
use domain::restore::{AttributeMode, LinkMode, Selection};
use engine::records::{FailCause, OutcomeState, RestoreState, SkipCause};
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

#[tokio::test]
async fn what_somebody_else_takes_out_of_the_bin_after_the_preview_is_left_as_they_have_it() {
    for shows_bin in [false, true] {
        let stage = stage(shows_bin);
        let restore = stage.previewed(whole(&[("users", "ann"), ("groups", "staff")])).await;
        for (kind, id) in [("users", "ann"), ("groups", "staff")] {
            stage.directory.take_out_of_bin(kind, id);
        }
        stage.directory.set("users", "ann", "jobTitle", json!("Head of sales"));
        stage.directory.relink("users.manager", "ann", "ann");
        let before = stage.directory.table();
        let done = stage.run(&restore).await;
        assert_eq!(stage.directory.write_count(), 0, "shown: {shows_bin}");
        assert_eq!(stage.directory.table(), before);
        assert_eq!((done.state, done.counts.done), (RestoreState::Done, 2), "they are back");
        for step in stage.report(&restore).await.steps {
            let changed = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
            assert!([OutcomeState::AlreadySo, changed].contains(&step.outcome), "{step:?}");
        }
    }
}

#[tokio::test]
async fn parts_of_a_property_that_came_before_the_deletion_are_emptied_where_all_is_to_be_as_it_was() {
    for (shows_bin, mode) in [
        (false, AttributeMode::Overwrite),
        (true, AttributeMode::Overwrite),
        (false, AttributeMode::Merge),
        (true, AttributeMode::Merge),
    ] {
        let mut stage = RestoreWorld::new();
        let parts = json!({"extensionAttribute1": "then", "extensionAttribute2": null});
        let ann = json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "accountEnabled": true,
            "onPremisesExtensionAttributes": parts});
        stage.both(object("users", "ann", &ann));
        let now = json!({"extensionAttribute1": "now", "extensionAttribute2": "came since"});
        stage.directory.set("users", "ann", "onPremisesExtensionAttributes", now);
        if shows_bin {
            stage.directory.show_bin();
        }
        stage.directory.soft_delete("users", "ann");
        let restore = stage.previewed(Selection { attributes: mode, ..whole(&[("users", "ann")]) }).await;
        stage.run(&restore).await;
        let live = &stage.directory.get("users", "ann")["onPremisesExtensionAttributes"];
        let left = if mode == AttributeMode::Merge { json!("came since") } else { Value::Null };
        let expected = json!({"extensionAttribute1": "then", "extensionAttribute2": left});
        assert_eq!(live, &expected, "{mode:?}, shown: {shows_bin}");
    }
}

#[tokio::test]
async fn where_one_of_the_links_that_came_before_a_deletion_has_to_stay_the_report_tells_what_was_removed() {
    let stage = stage(false);
    stage.directory.writes_as("ours");
    stage.directory.take_out_of_bin("groups", "staff");
    stage.directory.link("groups.members", "staff", "ours");
    stage.directory.soft_delete("groups", "staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.run(&restore).await;
    assert_eq!(stage.directory.ends("groups.members", "staff"), ["ann", "ours"], "bob came and went");
    let report = stage.report(&restore).await;
    let step = report.steps.iter().find(|step| !step.refused.is_empty()).expect("what stayed is named");
    assert!(matches!(step.outcome, OutcomeState::Failed { cause: FailCause::OwnAccess, .. }), "{step:?}");
    let refused: Vec<_> = step.refused.iter().map(|part| (part.what.as_str(), part.cause)).collect();
    assert_eq!(refused, [("groups.members/ours", FailCause::OwnAccess)]);
    assert_eq!(step.status, Some(204), "it was written to");
}

#[tokio::test]
async fn a_member_who_does_not_come_back_keeps_no_link_that_came_since() {
    let mut stage = stage(false);
    let eve = json!({"userPrincipalName": "eve@x.y", "displayName": "eve", "mailNickname": "eve"});
    stage.both(object("users", "eve", &eve));
    stage.directory.take_out_of_bin("groups", "staff");
    stage.link("groups.members", "staff", "eve");
    stage.directory.soft_delete("groups", "staff");
    stage.directory.hard_delete("eve");
    stage.directory.poison("eve", 400);
    let restore = stage.previewed(whole(&[("groups", "staff"), ("users", "eve")])).await;
    stage.run(&restore).await;
    let now = stage.directory.ends("groups.members", "staff");
    assert!(!now.contains(&"bob".to_owned()), "{now:?}: he came since");
    let report = stage.report(&restore).await;
    let removal = report.steps.iter().find(|step| matches!(step.step.action, RemoveOtherLinks { .. }));
    assert_eq!(removal.unwrap().outcome, OutcomeState::Done);
}
