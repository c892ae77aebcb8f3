//! What changed between a preview and its run is left as it is, whatever the step would write; and what a read-back
//! does not find is not told as done.

use crate::restore_world::{RestoreWorld, item, object};
use domain::RestoreId;
use domain::restore::{AttributeMode, LinkMode, SelectedItem, Selection};
use engine::records::{OutcomeState, ReadBack, SkipCause};
use serde_json::{Value, json};
use support::faulty::crash_points;

fn exactly(items: Vec<SelectedItem>) -> Selection {
    Selection {
        items,
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Selection::default()
    }
}

fn user(key: &str, more: &Value) -> (String, String, serde_json::Map<String, Value>) {
    let mut whole = json!({"userPrincipalName": format!("{key}@x.y"), "displayName": key});
    whole.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    object("users", key, &whole)
}

/// Runs the restore, whose only step finds something that nobody saw in the preview.
async fn is_skipped(stage: &RestoreWorld, restore: &RestoreId) {
    let writes = stage.directory.write_count();
    stage.run(restore).await;
    let report = stage.report(restore).await;
    let outcomes: Vec<_> = report.steps.iter().map(|s| s.outcome.clone()).collect();
    assert_eq!(outcomes, [OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview }]);
    assert_eq!(stage.directory.write_count(), writes);
}

#[tokio::test]
async fn a_manager_who_changed_since_the_preview_stays() {
    let mut stage = RestoreWorld::new();
    for key in ["ann", "bob", "cid", "dan"] {
        stage.both(user(key, &json!({})));
    }
    stage.link("users.manager", "bob", "ann");
    stage.directory.relink("users.manager", "bob", "cid");
    let restore = stage.previewed(exactly(vec![item("users", "bob")])).await;
    stage.directory.relink("users.manager", "bob", "dan");
    is_skipped(&stage, &restore).await;
    assert_eq!(stage.directory.ends("users.manager", "bob"), ["dan"]);
}

#[tokio::test]
async fn licences_that_changed_since_the_preview_stay() {
    let licence = |sku: &str| json!([{"skuId": sku, "disabledPlans": []}]);
    let mut stage = RestoreWorld::new();
    stage.both(user("bob", &json!({"assignedLicenses": licence("then")})));
    stage.directory.set("users", "bob", "assignedLicenses", licence("now"));
    let restore = stage.previewed(exactly(vec![item("users", "bob")])).await;
    stage.directory.set("users", "bob", "assignedLicenses", licence("later"));
    is_skipped(&stage, &restore).await;
    assert_eq!(stage.directory.get("users", "bob")["assignedLicenses"], licence("later"));
}

#[tokio::test]
async fn assignments_that_changed_since_the_preview_stay() {
    let link = "ConfigurationPolicies.assignments";
    let mut stage = RestoreWorld::new();
    for key in ["then", "now", "later"] {
        stage.both(object("groups", key, &json!({"displayName": key, "mailNickname": key})));
    }
    let policy = json!({"@odata.type": "#t", "name": "P", "settings": []});
    stage.both(object("ConfigurationPolicies", "p", &policy));
    stage.link(link, "p", "then");
    stage.directory.relink(link, "p", "now");
    let restore = stage.previewed(exactly(vec![item("ConfigurationPolicies", "p")])).await;
    stage.directory.relink(link, "p", "later");
    is_skipped(&stage, &restore).await;
    assert_eq!(stage.directory.ends(link, "p"), ["later"]);
}

#[tokio::test]
async fn what_changed_since_the_preview_is_not_deleted() {
    let mut stage = RestoreWorld::new();
    stage.both(user("bob", &json!({})));
    let (kind, key, eve) = user("eve", &json!({"jobTitle": "new here"}));
    stage.directory.insert(&kind, &key, eve);
    let restore = stage.previewed(exactly(vec![item("users", "eve")])).await;
    stage.directory.set("users", "eve", "jobTitle", json!("somebody by now"));
    is_skipped(&stage, &restore).await;
    assert!(stage.directory.has("users", "eve"));
}

#[tokio::test]
async fn what_is_as_the_preview_showed_it_is_written_as_it_said() {
    let mut stage = RestoreWorld::new();
    for key in ["ann", "bob", "cid"] {
        stage.both(user(key, &json!({})));
    }
    stage.link("users.manager", "bob", "ann");
    stage.directory.relink("users.manager", "bob", "cid");
    let (kind, key, eve) = user("eve", &json!({}));
    stage.directory.insert(&kind, &key, eve);
    let restore = stage.previewed(exactly(vec![item("users", "bob"), item("users", "eve")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.skipped), (2, 0));
    assert_eq!(stage.directory.ends("users.manager", "bob"), ["ann"]);
    assert!(!stage.directory.has("users", "eve"));
}

#[tokio::test]
async fn a_new_object_that_lacks_what_was_sent_is_told_as_different() {
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({"jobTitle": "Clerk"})));
    stage.directory.hard_delete("ann");
    stage.directory.lose("jobTitle");
    let restore = stage.previewed(exactly(vec![item("users", "ann")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.unverified), (0, 1));
    let found = ReadBack::Differs { what: vec!["jobTitle".to_owned()] };
    assert_eq!(stage.report(&restore).await.steps[0].read_back, Some(found));
}

#[tokio::test]
async fn the_role_of_the_application_that_writes_is_never_taken_away() {
    let stage = RestoreWorld::new();
    let role = json!({"principalId": "we", "roleDefinitionId": "r", "directoryScopeId": "/"});
    let (kind, key, fact) = object("admins", "we|r|/|", &role);
    stage.directory.insert(&kind, &key, fact);
    stage.directory.writes_as("we");
    let restore = stage.previewed(exactly(vec![item("admins", "we|r|/|")])).await;
    stage.run(&restore).await;
    let outcome = stage.report(&restore).await.steps[0].outcome.clone();
    assert_eq!(outcome, OutcomeState::Skipped { cause: SkipCause::OwnAccess });
    assert!(stage.directory.has("admins", "we|r|/|"));
    assert_eq!(stage.directory.write_count(), 0);
}

#[tokio::test]
async fn who_came_back_since_the_preview_is_not_created_a_second_time() {
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({})));
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(exactly(vec![item("users", "ann")])).await;
    let (kind, key, ann) = user("ann", &json!({}));
    stage.directory.insert(&kind, &key, ann);
    is_skipped(&stage, &restore).await;
    assert_eq!(stage.directory.count("users"), 1);
}

#[tokio::test]
async fn a_member_whom_graph_refuses_keeps_no_other_out() {
    let mut stage = RestoreWorld::new();
    stage.both(object("groups", "staff", &json!({"displayName": "Staff", "mailNickname": "staff"})));
    for key in ["ann", "bob", "cid"] {
        stage.both(user(key, &json!({})));
        stage.link("groups.members", "staff", key);
    }
    let (kind, key, staff) =
        object("groups", "staff", &json!({"displayName": "Staff", "mailNickname": "staff"}));
    stage.directory.insert(&kind, &key, staff);
    let restore = stage.previewed(exactly(vec![item("groups", "staff")])).await;
    stage.directory.refuse_links_to("bob");
    let done = stage.run(&restore).await;
    assert_eq!(stage.directory.ends("groups.members", "staff"), ["ann", "cid"]);
    assert_eq!(done.counts.done, 0, "not all of them are there, and the step says so");
}

#[tokio::test]
async fn an_object_of_the_same_name_is_never_taken_for_the_one_that_was_created() {
    let twins = || {
        let mut stage = RestoreWorld::new();
        for key in ["staff", "twin"] {
            let same = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false, "securityEnabled": true});
            stage.both(object("groups", key, &same));
        }
        stage.directory.hard_delete("staff");
        stage
    };
    let calls = {
        let stage = twins();
        let restore = stage.previewed(exactly(vec![item("groups", "staff")])).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        stage.faults.call_count()
    };
    for (call, mode) in crash_points(calls) {
        let stage = twins();
        let restore = stage.previewed(exactly(vec![item("groups", "staff")])).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faults.die_at(call, mode);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        stage.faults.heal();
        for _ in 0..3 {
            stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        }
        assert_ne!(stage.new_id("staff").await, "twin", "call {call} {mode:?}");
        assert_eq!(stage.directory.count("groups"), 2, "call {call} {mode:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_role_that_changed_since_the_preview_stays() {
    let until = |day: u32| {
        let end = format!("2027-01-{day:02}T00:00:00Z");
        json!({"expiration": {"type": "afterDateTime", "endDateTime": end}})
    };
    let (kind, key) = ("eligibleAdmins", "ann|r|/|");
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({})));
    let role = json!({"id": "1", "principalId": "ann", "roleDefinitionId": "r", "directoryScopeId": "/",
        "memberType": "Direct", "scheduleInfo": until(1)});
    stage.both(object(kind, key, &role));
    stage.directory.set(kind, key, "scheduleInfo", until(2));
    let restore = stage.previewed(exactly(vec![item(kind, key)])).await;
    stage.directory.set(kind, key, "scheduleInfo", until(3));
    is_skipped(&stage, &restore).await;
    assert_eq!(stage.directory.get(kind, key)["scheduleInfo"], until(3));
}

#[tokio::test]
async fn of_who_comes_out_of_the_recycle_bin_only_what_differs_is_written() {
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({"jobTitle": "Clerk", "department": "Sales", "city": "Oslo"})));
    stage.directory.set("users", "ann", "jobTitle", json!("nobody"));
    stage.directory.soft_delete("users", "ann");
    let restore = stage.previewed(exactly(vec![item("users", "ann")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.failed, done.counts.skipped, done.counts.unverified), (0, 0, 0));
    let written = json!({"jobTitle": "Clerk"});
    assert_eq!(stage.directory.updates(), [written.as_object().unwrap().clone()]);
}

#[tokio::test]
async fn a_licence_whose_disabled_plans_alone_differ_is_as_it_was_after_the_recycle_bin() {
    let licence = |plans: &[&str]| json!([{"skuId": "e5", "disabledPlans": plans}]);
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({"assignedLicenses": licence(&["teams"])})));
    stage.directory.set("users", "ann", "assignedLicenses", licence(&[]));
    stage.directory.soft_delete("users", "ann");
    let restore = stage.previewed(exactly(vec![item("users", "ann")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.failed, done.counts.skipped, done.counts.unverified), (0, 0, 0));
    assert_eq!(stage.directory.get("users", "ann")["assignedLicenses"], licence(&["teams"]));
}

#[tokio::test]
async fn what_has_left_the_recycle_bin_since_the_preview_is_told_as_gone_and_nothing_is_sent() {
    let mut stage = RestoreWorld::new();
    stage.both(user("ann", &json!({})));
    stage.directory.soft_delete("users", "ann");
    let restore = stage.previewed(exactly(vec![item("users", "ann")])).await;
    stage.directory.empty_bin();
    stage.run(&restore).await;
    let outcome = stage.report(&restore).await.steps[0].outcome.clone();
    assert_eq!(outcome, OutcomeState::Skipped { cause: SkipCause::Gone });
    assert_eq!(stage.directory.write_count(), 0);
}

fn licensed(own: &[&str], by_group: &[&str]) -> Value {
    let state =
        |sku: &&str, group: Value| json!({"skuId": sku, "disabledPlans": [], "assignedByGroup": group});
    let own_states = own.iter().map(|sku| state(sku, Value::Null));
    json!(own_states.chain(by_group.iter().map(|sku| state(sku, json!("staff")))).collect::<Vec<_>>())
}

#[tokio::test]
async fn who_came_since_is_deleted_though_a_licence_that_came_through_a_group_is_gone_and_not_where_their_own_is()
 {
    for (then, now, is_deleted) in [
        ((&["a"][..], &["b"][..]), (&["a"][..], &[][..]), true),
        ((&["a"][..], &["b"][..]), (&[][..], &["b"][..]), false),
    ] {
        let stage = RestoreWorld::new();
        let has = |(own, by_group): (&[&str], &[&str])| {
            let all: Vec<Value> = own.iter().chain(by_group).map(|sku| json!({"skuId": sku})).collect();
            (json!(all), licensed(own, by_group))
        };
        let (kind, key, user) =
            object("users", "eve", &json!({"userPrincipalName": "eve@x.y", "displayName": "Eve"}));
        stage.directory.insert(&kind, &key, user);
        let set = |side| {
            let (licences, states) = has(side);
            stage.directory.set("users", "eve", "assignedLicenses", licences);
            stage.directory.set("users", "eve", "licenseAssignmentStates", states);
        };
        set(then);
        let restore = stage.previewed(exactly(vec![item("users", "eve")])).await;
        set(now);
        stage.run(&restore).await;
        assert_eq!(stage.directory.has("users", "eve"), !is_deleted, "{then:?} {now:?}");
    }
}
