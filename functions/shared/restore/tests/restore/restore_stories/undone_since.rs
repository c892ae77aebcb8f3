//! What somebody else did since a restore is seen by its undoing, is left, and is named: managers, assignments, objects that
//! were brought back, and what a later restore made.
//! Over 400 lines: each story of what somebody else may have done.

use crate::restore_world::{Meanwhile, RestoreWorld, item, object, whole};
use domain::restore::{AttributeMode, Cause, LinkMode, RestorePlan, Selection};
use engine::records::{OutcomeState, RestoreState};
use serde_json::{Value, json};

fn user(name: &str) -> Value {
    json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
        "accountEnabled": true, "jobTitle": "then", "city": "Oslo", "assignedLicenses": []})
}

fn group(name: &str) -> Value {
    json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true,
        "groupTypes": [], "description": "then"})
}

fn people(names: &[&str]) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in names {
        stage.both(object("users", name, &user(name)));
    }
    stage
}

fn named(plan: &RestorePlan) -> Vec<(&str, &str, Cause)> {
    let mut named: Vec<_> =
        plan.impossible.iter().map(|i| (i.key.as_str(), i.what.as_str(), i.cause)).collect();
    named.sort_unstable();
    named
}

#[tokio::test]
async fn a_manager_whom_somebody_set_since_stays_and_one_whom_the_restore_set_goes() {
    // What becomes of the manager after the restore, and who it is once the restore is undone.
    let since: [(Option<&str>, bool, &str); 4] = [
        (Some("ann"), false, "bob"),
        (Some("bob"), false, "bob"),
        (Some("carl"), true, "carl"),
        (None, true, ""),
    ];
    for (manager, is_named, at_last) in since {
        let mut stage = people(&["ann", "bob", "carl", "dora"]);
        stage.link("users.manager", "dora", "ann");
        stage.directory.relink("users.manager", "dora", "bob");
        stage.directory.set("users", "dora", "jobTitle", json!("now"));
        let restore = stage.previewed(whole(&[("users", "dora")])).await;
        stage.run(&restore).await;
        assert_eq!(stage.directory.ends("users.manager", "dora"), ["ann"]);
        match manager {
            Some(manager) => stage.directory.relink("users.manager", "dora", manager),
            None => stage.directory.unlink("users.manager", "dora", "ann"),
        }
        let undo = stage.undone(&restore).await;
        let plan = stage.plan(&undo).await;
        let what = manager.map_or("users.manager".to_owned(), |manager| format!("users.manager/{manager}"));
        let expected = if is_named { vec![("dora", what.as_str(), Cause::ChangedSince)] } else { vec![] };
        assert_eq!(named(&plan), expected, "{manager:?}");
        stage.run(&undo).await;
        assert_eq!(stage.directory.ends("users.manager", "dora").concat(), at_last, "{manager:?}");
        assert_eq!(stage.directory.get("users", "dora")["jobTitle"], "now", "the rest is undone");
    }
}

#[tokio::test]
async fn assignments_that_the_restore_only_sent_along_are_not_undone() {
    let mut stage = RestoreWorld::new();
    for name in ["kept", "then", "now", "more"] {
        stage.both(object("groups", name, &group(name)));
    }
    let of_type = "#microsoft.graph.windows10GeneralConfiguration";
    stage.both(object("DeviceConfiguration", "p", &json!({"@odata.type": of_type, "displayName": "P"})));
    let link = "DeviceConfiguration.assignments";
    stage.link(link, "p", "kept");
    stage.link(link, "p", "then");
    stage.directory.unlink(link, "p", "then");
    stage.directory.link(link, "p", "now");
    let restore = stage.previewed(whole(&[("DeviceConfiguration", "p")])).await;
    assert_eq!(stage.run(&restore).await.counts.done, 1);
    // Somebody takes one away that the restore sent along with the others, and adds one.
    stage.directory.unlink(link, "p", "kept");
    stage.directory.link(link, "p", "more");
    let undo = stage.undone(&restore).await;
    assert_eq!(named(&stage.plan(&undo).await), []);
    stage.run(&undo).await;
    let mut ends = stage.directory.ends(link, "p");
    ends.sort();
    assert_eq!(ends, ["more", "now"]);
}

/// What somebody does to Ann, who came out of the recycle bin.
type Deed = fn(&RestoreWorld);

#[tokio::test]
async fn what_came_out_of_the_recycle_bin_goes_back_unless_somebody_changed_it_since() {
    let deeds: [(&str, bool, Deed); 5] = [
        ("nothing", true, |_| {}),
        ("what the restore wrote", false, |s| s.directory.set("users", "ann", "jobTitle", json!("theirs"))),
        ("what it did not write", false, |s| s.directory.set("users", "ann", "city", json!("theirs"))),
        ("what was empty", false, |s| s.directory.set("users", "ann", "mobilePhone", json!("+47 1"))),
        ("a licence", false, |s| {
            let licences = json!([{"skuId": "s", "disabledPlans": []}]);
            s.directory.set("users", "ann", "assignedLicenses", licences);
        }),
    ];
    for attributes in [AttributeMode::Overwrite, AttributeMode::Merge] {
        for shows in [true, false] {
            for (deed, goes, happen) in deeds {
                let at = format!("{attributes:?}, the bin shows: {shows}, {deed}");
                let stage = people(&["ann"]);
                stage.directory.set("users", "ann", "jobTitle", json!("now"));
                stage.directory.soft_delete("users", "ann");
                if shows {
                    stage.directory.show_bin();
                }
                let restore = stage.previewed(Selection { attributes, ..whole(&[("users", "ann")]) }).await;
                assert_eq!(stage.run(&restore).await.state, RestoreState::Done, "{at}");
                assert_eq!(stage.directory.get("users", "ann")["jobTitle"], "then", "{at}");
                happen(&stage);
                let undo = stage.undone(&restore).await;
                let expected = if goes { vec![] } else { vec![("ann", "object", Cause::ChangedSince)] };
                assert_eq!(named(&stage.plan(&undo).await), expected, "{at}");
                stage.run(&undo).await;
                assert_eq!(!stage.directory.has("users", "ann"), goes, "{at}");
            }
        }
    }
}

#[tokio::test]
async fn a_group_that_came_out_of_the_recycle_bin_stays_with_a_member_whom_somebody_added_since() {
    for adds in [false, true] {
        let mut stage = people(&["ann", "bob"]);
        stage.both(object("groups", "staff", &group("staff")));
        stage.link("groups.members", "staff", "ann");
        stage.directory.soft_delete("groups", "staff");
        let restore = stage.previewed(whole(&[("groups", "staff")])).await;
        assert_eq!(stage.run(&restore).await.state, RestoreState::Done);
        if adds {
            stage.directory.link("groups.members", "staff", "bob");
        }
        let undo = stage.undone(&restore).await;
        let expected = if adds { vec![("staff", "object", Cause::ChangedSince)] } else { vec![] };
        assert_eq!(named(&stage.plan(&undo).await), expected);
        stage.run(&undo).await;
        assert_eq!(stage.directory.has("groups", "staff"), adds);
    }
}

#[tokio::test]
async fn what_was_made_anew_stays_with_a_property_that_somebody_set_and_the_restore_did_not() {
    let stage = people(&["ann"]);
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    stage.run(&restore).await;
    let ann = stage.new_id("ann").await;
    stage.directory.set("users", &ann, "mobilePhone", json!("+47 1"));
    let undo = stage.undone(&restore).await;
    let plan = stage.plan(&undo).await;
    assert_eq!((plan.steps.len(), named(&plan)), (0, vec![(ann.as_str(), "object", Cause::ChangedSince)]));
}

#[tokio::test]
async fn what_a_later_restore_made_of_the_same_object_is_not_undone_with_the_earlier_one() {
    for kind in ["users", "groups", "roles"] {
        for comes_out_of_the_bin in [false, true] {
            let has_bin = domain::kinds::get(kind).unwrap().writing.recycle_bin.is_some();
            if comes_out_of_the_bin && !has_bin {
                continue;
            }
            let at = format!("{kind}, out of the bin: {comes_out_of_the_bin}");
            let mut stage = RestoreWorld::new();
            let mut value = if kind == "users" { user("gone") } else { group("gone") };
            if kind == "roles" {
                value = json!({"displayName": "gone", "isEnabled": true, "templateId": "gone", "rolePermissions":
                    [{"allowedResourceActions": ["microsoft.directory/groups/update"]}]});
            }
            stage.both(object(kind, "gone", &value));
            if comes_out_of_the_bin {
                stage.directory.soft_delete(kind, "gone");
            } else {
                stage.directory.hard_delete("gone");
            }
            let first = stage.previewed(whole(&[(kind, "gone")])).await;
            stage.run(&first).await;
            let id = stage.directory.id_of("displayName", "gone");
            stage.directory.hard_delete(&id);
            stage.world.clock.advance(jiff::SignedDuration::from_hours(1));
            let second = stage.previewed(whole(&[(kind, "gone")])).await;
            stage.run(&second).await;
            assert_eq!(stage.directory.count(kind), 1, "{at}");
            let undo = stage.undone(&first).await;
            let plan = stage.plan(&undo).await;
            let expected = vec![(id.as_str(), "object", Cause::ChangedSince)];
            assert_eq!((plan.steps.len(), named(&plan)), (0, expected), "{at}");
            // The later one is undone as ever.
            let undo = stage.undone(&second).await;
            assert_eq!(named(&stage.plan(&undo).await), [], "{at}");
            stage.run(&undo).await;
            assert_eq!(stage.directory.count(kind), 0, "{at}");
        }
    }
}

#[tokio::test]
async fn a_role_that_somebody_took_away_and_gave_anew_since_stays() {
    for is_given_anew in [false, true] {
        let mut stage = people(&["ann"]);
        let role = json!({"principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/"});
        stage.both(object("admins", "ann|r|/|", &role));
        stage.directory.remove("admins", "ann|r|/|");
        let restore = stage.previewed(whole(&[("admins", "ann|r|/|")])).await;
        stage.run(&restore).await;
        if is_given_anew {
            stage.directory.set("admins", "ann|r|/|", "id", json!("another"));
        }
        let undo = stage.undone(&restore).await;
        let expected = if is_given_anew { vec![("ann|r|/|", "object", Cause::ChangedSince)] } else { vec![] };
        assert_eq!(named(&stage.plan(&undo).await), expected);
        stage.run(&undo).await;
        assert_eq!(stage.directory.has("admins", "ann|r|/|"), is_given_anew);
    }
}

#[tokio::test]
async fn a_step_keeps_of_many_links_only_those_that_it_writes() {
    let mut stage = RestoreWorld::new();
    stage.both(object("groups", "staff", &group("staff")));
    let names: Vec<String> = (0..90).map(|number| format!("u{number:02}")).collect();
    for name in &names {
        stage.both(object("users", name, &user(name)));
        stage.link("groups.members", "staff", name);
    }
    for name in &names[..50] {
        stage.directory.unlink("groups.members", "staff", name);
    }
    stage.both(object("users", "late", &user("late")));
    stage.directory.link("groups.members", "staff", "late");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.run(&restore).await;
    let plan = stage.plan(&restore).await;
    assert_eq!(plan.steps.len(), 4, "twenty members travel together");
    let mut kept = 0;
    for step in &plan.steps {
        kept += stage.kept(&restore, step.number).await.unwrap().links.len();
    }
    assert_eq!(kept, 1, "the only link that there was of those that are written");
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    let mut ends = stage.directory.ends("groups.members", "staff");
    ends.sort();
    let expected: Vec<&str> = ["late"].into_iter().chain(names[50..].iter().map(String::as_str)).collect();
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn an_undoing_whose_time_is_up_fails_and_says_so_rather_than_begin_anew_for_ever() {
    let stage = people(&["ann"]);
    stage.directory.set("users", "ann", "jobTitle", json!("now"));
    let restore = stage.previewed(Selection { items: vec![item("users", "ann")], ..whole(&[]) }).await;
    stage.run(&restore).await;
    let from = restore::commands::restores::RestoreFrom::Undo(restore);
    let new = restore::commands::restores::NewRestore::of(from, Selection::default());
    let undo = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap().id;
    let request = restore::preview_restore::Request { tenant: stage.tenant.clone(), restore: undo.clone() };
    stage.preview_worker().run(&request, stage.now()).await.unwrap();
    let row = stage.restore(&undo).await;
    assert_eq!(row.state, RestoreState::Failed);
    assert!(row.error.unwrap().contains("undo a part of it"));
}

#[tokio::test]
async fn the_link_mode_is_that_of_the_undone_restore_whatever_it_was() {
    let mut stage = people(&["ann"]);
    stage.both(object("groups", "staff", &group("staff")));
    stage.link("groups.members", "staff", "ann");
    stage.directory.unlink("groups.members", "staff", "ann");
    let merged = Selection { links: LinkMode::Merge, ..whole(&[("groups", "staff")]) };
    let restore = stage.previewed(merged).await;
    stage.run(&restore).await;
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    assert!(stage.directory.ends("groups.members", "staff").is_empty());
}

/// Ann holds a role until so many days from now.
fn until(stage: &RestoreWorld, days: i64) -> Value {
    let end = (stage.now() + jiff::SignedDuration::from_hours(24 * days)).to_string();
    json!({"startDateTime": stage.now().to_string(), "expiration": {"type": "afterDateTime", "endDateTime": end}})
}

#[tokio::test]
async fn an_end_of_a_role_that_somebody_set_since_stays_and_a_role_that_somebody_took_is_not_given_again() {
    // To which end somebody sets it since, if to any; none: they take the role away.
    for (since, at_last) in [(Some(30), Some(60)), (Some(90), Some(90)), (Some(60), Some(60)), (None, None)] {
        let mut stage = people(&["ann"]);
        let key = "ann|r|/|";
        let then = json!({"principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/",
            "assignmentType": "Assigned", "scheduleInfo": until(&stage, 30)});
        stage.both(object("activeAdmins", key, &then));
        stage.directory.set("activeAdmins", key, "scheduleInfo", until(&stage, 60));
        let (ours, theirs, before) = (until(&stage, 30), until(&stage, 90), until(&stage, 60));
        let of = |days: i64| {
            if days == 30 {
                &ours
            } else if days == 90 {
                &theirs
            } else {
                &before
            }
        };
        let restore = stage.previewed(whole(&[("activeAdmins", key)])).await;
        assert_eq!(stage.run(&restore).await.counts.done, 1);
        match since {
            Some(days) => stage.directory.set("activeAdmins", key, "scheduleInfo", of(days).clone()),
            None => stage.directory.remove("activeAdmins", key),
        }
        let undo = stage.undone(&restore).await;
        let is_named = matches!(since, Some(90) | None);
        let expected = if is_named { vec![(key, "object", Cause::ChangedSince)] } else { vec![] };
        assert_eq!(named(&stage.plan(&undo).await), expected, "{since:?}");
        stage.run(&undo).await;
        match at_last {
            Some(days) => {
                let now = stage.directory.get("activeAdmins", key)["scheduleInfo"]["expiration"].clone();
                assert_eq!(now["endDateTime"], of(days)["expiration"]["endDateTime"], "{since:?}");
            }
            None => assert!(!stage.directory.has("activeAdmins", key)),
        }
    }
}

#[tokio::test]
async fn a_membership_that_a_later_restore_gave_back_is_not_taken_by_undoing_the_earlier_one() {
    let mut stage = people(&["ann"]);
    stage.both(object("groups", "staff", &group("staff")));
    stage.link("groups.members", "staff", "ann");
    stage.directory.hard_delete("ann");
    let all = [("users", "ann"), ("groups", "staff")];
    let first = stage.previewed(whole(&all)).await;
    stage.run(&first).await;
    stage.directory.hard_delete(&stage.new_id("ann").await);
    stage.world.clock.advance(jiff::SignedDuration::from_hours(1));
    let second = stage.previewed(whole(&all)).await;
    stage.run(&second).await;
    let ann = stage.directory.id_of("displayName", "ann");
    assert_eq!(stage.directory.ends("groups.members", "staff"), [ann.as_str()]);
    let undo = stage.undone(&first).await;
    let plan = stage.plan(&undo).await;
    assert_eq!(plan.steps, vec![]);
    let member = format!("groups.members/{ann}");
    assert!(named(&plan).contains(&("staff", member.as_str(), Cause::ChangedSince)), "{:?}", named(&plan));
}

#[tokio::test]
async fn a_new_user_of_whom_graph_refused_a_property_is_undone_like_any_other() {
    let stage = people(&["ann"]);
    stage.directory.hard_delete("ann");
    stage.directory.poison("city", 400);
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    stage.run(&restore).await;
    let ann = stage.new_id("ann").await;
    assert_eq!(stage.directory.get("users", &ann).get("city"), None);
    let undo = stage.undone(&restore).await;
    assert_eq!(named(&stage.plan(&undo).await), []);
    stage.run(&undo).await;
    assert!(!stage.directory.has("users", &ann));
}

#[tokio::test]
async fn a_dynamic_group_that_was_made_anew_is_undone_though_graph_has_filled_it() {
    let mut stage = people(&["ann"]);
    let mut dynamic = group("staff");
    dynamic["groupTypes"] = json!(["DynamicMembership"]);
    dynamic["membershipRule"] = json!("user.city -eq \"Oslo\"");
    dynamic["membershipRuleProcessingState"] = json!("On");
    stage.both(object("groups", "staff", &dynamic));
    stage.directory.hard_delete("staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.run(&restore).await;
    let staff = stage.new_id("staff").await;
    stage.directory.link("groups.members", &staff, "ann");
    let undo = stage.undone(&restore).await;
    assert_eq!(named(&stage.plan(&undo).await), []);
    stage.run(&undo).await;
    assert!(!stage.directory.has("groups", &staff));
}

#[tokio::test]
async fn members_that_a_group_lost_when_a_restore_made_it_dynamic_come_back_with_the_undoing() {
    let mut stage = people(&["ann", "bob"]);
    let mut dynamic = group("staff");
    dynamic["groupTypes"] = json!(["DynamicMembership"]);
    dynamic["membershipRule"] = json!("user.city -eq \"Oslo\"");
    dynamic["membershipRuleProcessingState"] = json!("On");
    stage.both(object("groups", "staff", &dynamic));
    for (property, value) in [
        ("groupTypes", json!([])),
        ("membershipRule", Value::Null),
        ("membershipRuleProcessingState", Value::Null),
    ] {
        stage.directory.set("groups", "staff", property, value);
    }
    for name in ["ann", "bob"] {
        stage.directory.link("groups.members", "staff", name);
    }
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    assert_eq!(stage.run(&restore).await.state, RestoreState::Done);
    // As Graph does when a group becomes dynamic.
    for name in ["ann", "bob"] {
        stage.directory.unlink("groups.members", "staff", name);
    }
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    let mut ends = stage.directory.ends("groups.members", "staff");
    ends.sort();
    assert_eq!(
        (stage.directory.get("groups", "staff")["groupTypes"].clone(), ends),
        (json!([]), vec!["ann".to_owned(), "bob".to_owned()])
    );
}

#[tokio::test]
async fn a_deletion_that_meets_another_one_keeps_nothing_that_it_did_not_see() {
    // The restore looks at the group twice before it deletes it: whether it is as it was, and for what it has.
    for at in [1, 2] {
        let stage = people(&["ann"]);
        let (kind, key, late) = object("groups", "late", &group("late"));
        stage.directory.insert(&kind, &key, late);
        stage.directory.link("groups.members", "late", "ann");
        let restore = stage.previewed(whole(&[("groups", "late")])).await;
        stage.directory.delete_before_look("late", at);
        stage.run(&restore).await;
        let step = stage.report(&restore).await.steps.remove(0);
        assert_eq!(step.outcome, OutcomeState::AlreadySo, "{at}");
        assert_eq!(stage.kept(&restore, 1).await, None, "{at}");
        let undo = stage.undone(&restore).await;
        assert_eq!(stage.plan(&undo).await.steps, vec![], "{at}");
    }
}

#[tokio::test]
async fn what_somebody_did_at_the_moment_of_the_write_is_theirs_and_is_not_undone() {
    let deeds = [
        (Meanwhile::Link("groups.members", "staff", "ann"), "groups.members/ann"),
        (Meanwhile::Unlink("groups.members", "staff", "bob"), "groups.members/bob"),
        (Meanwhile::Delete("groups", "late"), "object"),
    ];
    for (meanwhile, what) in deeds {
        let mut stage = people(&["ann", "bob"]);
        stage.both(object("groups", "staff", &group("staff")));
        match meanwhile {
            Meanwhile::Link(..) => {
                stage.link("groups.members", "staff", "ann");
                stage.directory.unlink("groups.members", "staff", "ann");
            }
            Meanwhile::Unlink(..) => stage.directory.link("groups.members", "staff", "bob"),
            Meanwhile::Delete(..) => {
                let (kind, key, late) = object("groups", "late", &group("late"));
                stage.directory.insert(&kind, &key, late);
            }
            Meanwhile::Give(..) => unreachable!("none of these"),
        }
        let chosen = if matches!(meanwhile, Meanwhile::Delete(..)) { "late" } else { "staff" };
        let restore = stage.previewed(whole(&[("groups", chosen)])).await;
        stage.directory.do_before_write(meanwhile);
        stage.run(&restore).await;
        let steps = stage.report(&restore).await.steps;
        assert_eq!(steps.len(), 1, "{what}");
        assert_eq!(steps[0].outcome, OutcomeState::AlreadySo, "{what}");
        assert!(steps[0].client_request_id.is_some(), "{what}: a request was sent");
        let undo = stage.undone(&restore).await;
        assert_eq!(stage.plan(&undo).await.steps, vec![], "{what}");
    }
}

#[tokio::test]
async fn a_new_user_who_is_not_as_asked_when_seen_is_undone_like_any_other() {
    let stage = people(&["ann"]);
    stage.directory.hard_delete("ann");
    stage.directory.lose("city");
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    assert_eq!(stage.run(&restore).await.counts.unverified, 1);
    let ann = stage.new_id("ann").await;
    let undo = stage.undone(&restore).await;
    assert_eq!(named(&stage.plan(&undo).await), []);
    stage.run(&undo).await;
    assert!(!stage.directory.has("users", &ann));
}

#[tokio::test]
async fn a_group_out_of_the_bin_goes_back_though_one_of_its_members_could_not_be_taken_out() {
    let mut stage = people(&["ann", "bob", "carl"]);
    stage.both(object("groups", "staff", &group("staff")));
    stage.link("groups.members", "staff", "ann");
    for name in ["bob", "carl"] {
        stage.directory.link("groups.members", "staff", name);
    }
    stage.directory.soft_delete("groups", "staff");
    stage.directory.poison("bob", 403);
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    assert_eq!(stage.run(&restore).await.counts.failed, 1, "{:?}", stage.report(&restore).await.steps);
    let mut ends = stage.directory.ends("groups.members", "staff");
    ends.sort();
    assert_eq!(ends, ["ann", "bob"]);
    let undo = stage.undone(&restore).await;
    assert_eq!(named(&stage.plan(&undo).await), []);
    stage.run(&undo).await;
    assert!(!stage.directory.has("groups", "staff"));
}

#[tokio::test]
async fn of_a_deletion_that_nobody_saw_and_that_did_not_happen_it_is_said_that_it_is_there() {
    let stage = people(&["ann"]);
    let (kind, key, late) = object("groups", "late", &group("late"));
    stage.directory.insert(&kind, &key, late);
    stage.directory.link("groups.members", "late", "ann");
    let restore = stage.previewed(whole(&[("groups", "late")])).await;
    stage.directory.forget_updates(true);
    assert_eq!(stage.run(&restore).await.counts.unverified, 1);
    stage.directory.forget_updates(false);
    let undo = stage.undone(&restore).await;
    let plan = stage.plan(&undo).await;
    assert_eq!((plan.steps.len(), named(&plan)), (0, vec![("late", "object", Cause::NotRead)]));
    assert_eq!(stage.directory.ends("groups.members", "late"), ["ann"]);
}
