//! One bad member, property, licence or assignment costs itself: whatever travels with it is written.

use crate::restore_world::{RestoreWorld, item, object, whole};
use engine::records::{FailCause, RestoreState};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// How Graph refuses what it does not take.
const STATUSES: [(u16, FailCause); 5] = [
    (400, FailCause::Refused),
    (403, FailCause::Denied),
    (404, FailCause::NotFound),
    (409, FailCause::Conflict),
    (423, FailCause::Conflict),
];

/// Writes beyond the refused one that a bad part among so many may cost.
fn most(parts: usize) -> u32 {
    parts.next_power_of_two().trailing_zeros() + 1
}

fn user(stage: &mut RestoreWorld, id: &str) {
    let user = json!({"userPrincipalName": format!("{id}@x.y"), "displayName": id, "accountEnabled": true});
    stage.both(object("users", id, &user));
}

/// A group that had so many members.
fn group_of(count: usize) -> (RestoreWorld, Vec<String>) {
    let mut stage = RestoreWorld::new();
    let group = json!({"displayName": "Staff", "mailNickname": "staff", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": []});
    stage.both(object("groups", "staff", &group));
    let members: Vec<String> = (0..count).map(|n| format!("u{n:02}")).collect();
    for member in &members {
        user(&mut stage, member);
        stage.link("groups.members", "staff", member);
    }
    (stage, members)
}

#[tokio::test]
async fn of_twenty_members_one_that_is_refused_keeps_no_other_out() {
    for (status, cause) in STATUSES {
        for bad in [0, 7, 10, 19] {
            let (stage, members) = group_of(20);
            for member in &members {
                stage.directory.unlink("groups.members", "staff", member);
            }
            let restore = stage.previewed(whole(&[("groups", "staff")])).await;
            stage.directory.poison(&members[bad], status);
            let done = stage.run(&restore).await;
            let at = format!("{status}, member {bad}");
            assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 1), "{at}");
            let now = stage.directory.ends("groups.members", "staff");
            assert_eq!(now.len(), 19, "{at}");
            assert!(!now.contains(&members[bad]), "{at}");
            let writes = stage.directory.take_write_count();
            assert!(writes <= 1 + most(20), "{at}: {writes} writes");
            let report = stage.report(&restore).await;
            let [refused] = &report.steps[0].refused[..] else { panic!("{at}: {:?}", report.steps[0]) };
            assert_eq!(refused.what, format!("groups.members/{}", members[bad]), "{at}");
            assert_eq!((refused.cause, refused.status), (cause, Some(status)), "{at}");
            assert!(refused.code.is_some(), "{at}");
            assert_eq!(report.steps[0].status, Some(status), "{at}: the step says why it failed");
        }
    }
}

#[tokio::test]
async fn of_a_group_that_was_just_created_a_member_that_is_gone_is_not_waited_for() {
    let (stage, members) = group_of(5);
    stage.directory.hard_delete("staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.directory.poison(&members[2], 404);
    let before = stage.now();
    stage.run(&restore).await;
    let group = stage.directory.id_of("displayName", "Staff");
    assert_eq!(stage.directory.ends("groups.members", &group).len(), 4);
    let took = stage.now().duration_since(before);
    assert!(took < SignedDuration::from_mins(1), "it waited {took}");
}

#[tokio::test]
async fn of_members_that_came_back_in_the_same_run_one_that_shows_late_is_waited_for_and_the_dead_one_is_not()
{
    let (stage, members) = group_of(6);
    for gone in ["staff", "u01", "u04"] {
        stage.directory.hard_delete(gone);
    }
    let mut selection = whole(&[("groups", "staff")]);
    selection.items.extend([item("users", "u01"), item("users", "u04")]);
    let restore = stage.previewed(selection).await;
    stage.directory.show_after_ms(3 * 60_000);
    stage.directory.poison(&members[2], 404);
    stage.run(&restore).await;
    let group = stage.directory.id_of("displayName", "Staff");
    assert_eq!(stage.directory.ends("groups.members", &group).len(), 5);
}

#[tokio::test]
async fn a_property_that_is_refused_takes_no_other_with_it() {
    const PROPERTIES: [&str; 8] = [
        "city",
        "companyName",
        "country",
        "department",
        "employeeLeaveDateTime",
        "jobTitle",
        "mail",
        "state",
    ];
    for (status, cause) in STATUSES {
        for bad in PROPERTIES {
            let mut stage = RestoreWorld::new();
            user(&mut stage, "ann");
            for property in PROPERTIES {
                let of_ann = ("users".to_owned(), "ann".to_owned());
                let then = &mut stage.snapshot.get_mut(&of_ann).unwrap().0;
                then.insert(property.to_owned(), json!("then"));
                stage.directory.set("users", "ann", property, json!("now"));
            }
            let restore = stage.previewed(whole(&[("users", "ann")])).await;
            stage.directory.poison(bad, status);
            stage.run(&restore).await;
            let at = format!("{status} {bad}");
            let ann = stage.directory.get("users", "ann");
            for property in PROPERTIES {
                assert_eq!(ann[property], if property == bad { "now" } else { "then" }, "{at}: {property}");
            }
            let report = stage.report(&restore).await;
            let writes = stage.directory.take_write_count();
            let steps = u32::try_from(report.steps.len()).unwrap();
            assert!(writes <= steps + most(8), "{at}: {writes} writes");
            let refused: Vec<_> = report.steps.iter().flat_map(|step| &step.refused).collect();
            assert_eq!(refused.len(), 1, "{at}: {refused:?}");
            assert_eq!((refused[0].what.as_str(), refused[0].cause), (bad, cause), "{at}");
        }
    }
}

#[tokio::test]
async fn a_user_comes_back_without_the_property_that_is_refused_and_with_all_that_needs_her() {
    for (status, _) in STATUSES {
        let (mut stage, _) = group_of(1);
        let ann = json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "accountEnabled": true,
            "mailNickname": "ann", "city": "Bonn", "employeeLeaveDateTime": "2027-01-01T00:00:00Z",
            "jobTitle": "Clerk", "mail": "ann@x.y", "state": "NRW"});
        stage.both(object("users", "ann", &ann));
        stage.link("groups.members", "staff", "ann");
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(whole(&[("users", "ann")])).await;
        stage.directory.poison("employeeLeaveDateTime", status);
        stage.run(&restore).await;
        let id = stage.directory.id_of("userPrincipalName", "ann@x.y");
        let live = stage.directory.get("users", &id);
        for property in ["city", "jobTitle", "mail", "state"] {
            assert_eq!(live[property], ann[property], "{status} {property}");
        }
        assert!(!live.contains_key("employeeLeaveDateTime"), "{status}");
        assert!(stage.directory.ends("groups.members", "staff").contains(&id), "{status}");
        assert_eq!(stage.directory.count("users"), 2, "{status}: made once");
        let report = stage.report(&restore).await;
        let named: Vec<&str> = report.steps[0].refused.iter().map(|part| part.what.as_str()).collect();
        assert_eq!(named, ["employeeLeaveDateTime"], "{status}");
        assert!(report.steps[0].needs_password_reset, "{status}");
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_without_what_is_refused_is_not_made_without_it() {
    let (stage, _) = group_of(0);
    stage.directory.hard_delete("staff");
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.directory.poison("mailNickname", 409);
    let done = stage.run(&restore).await;
    assert_eq!((stage.directory.count("groups"), done.counts.failed), (0, 1));
    assert_eq!(stage.report(&restore).await.steps[0].status, Some(409));
}

#[tokio::test]
async fn a_licence_that_is_refused_keeps_no_other_out() {
    let mut stage = RestoreWorld::new();
    user(&mut stage, "ann");
    let licences: Vec<Value> =
        ["s1", "s2", "s3"].iter().map(|sku| json!({"skuId": sku, "disabledPlans": []})).collect();
    let of_ann = ("users".to_owned(), "ann".to_owned());
    stage.snapshot.get_mut(&of_ann).unwrap().0.insert("assignedLicenses".to_owned(), json!(licences));
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    stage.directory.poison("s2", 400);
    stage.run(&restore).await;
    let held = stage.directory.get("users", "ann")["assignedLicenses"].as_array().unwrap().clone();
    let mut held: Vec<&str> = held.iter().map(|licence| licence["skuId"].as_str().unwrap()).collect();
    held.sort_unstable();
    assert_eq!(held, ["s1", "s3"]);
    let report = stage.report(&restore).await;
    assert_eq!(report.steps[0].refused[0].what, "assignedLicenses/s2");
}

#[tokio::test]
async fn nobody_loses_a_licence_in_exchange_for_one_that_is_refused() {
    for (refused, left) in
        [(&["new"][..], vec!["old"]), (&["new", "third"], vec!["old"]), (&["third"], vec!["new"])]
    {
        let mut stage = RestoreWorld::new();
        user(&mut stage, "ann");
        let licences = |skus: &[&str]| -> Value {
            skus.iter().map(|sku| json!({"skuId": sku, "disabledPlans": []})).collect()
        };
        let then = if refused.contains(&"third") { licences(&["new", "third"]) } else { licences(&["new"]) };
        let of_ann = ("users".to_owned(), "ann".to_owned());
        stage.snapshot.get_mut(&of_ann).unwrap().0.insert("assignedLicenses".to_owned(), then);
        stage.directory.set("users", "ann", "assignedLicenses", licences(&["old"]));
        let restore = stage.previewed(whole(&[("users", "ann")])).await;
        for sku in refused {
            stage.directory.poison(sku, 400);
        }
        stage.run(&restore).await;
        let held = stage.directory.get("users", "ann")["assignedLicenses"].as_array().unwrap().clone();
        let held: Vec<&str> = held.iter().map(|licence| licence["skuId"].as_str().unwrap()).collect();
        assert_eq!(held, left, "{refused:?}");
        let report = stage.report(&restore).await;
        let named: Vec<&str> = report.steps[0].refused.iter().map(|part| part.what.as_str()).collect();
        assert!(named.contains(&"assignedLicenses/old") == left.contains(&"old"), "{named:?}");
    }
}

#[tokio::test]
async fn an_assignment_that_is_refused_keeps_no_other_out_and_takes_none_that_is_there() {
    let mut stage = RestoreWorld::new();
    stage.both(object("DeviceConfiguration", "wifi", &json!({"displayName": "Wi-Fi"})));
    for group in ["g1", "g2", "g3", "g4"] {
        let group_object = json!({"displayName": group, "mailNickname": group, "mailEnabled": false,
            "securityEnabled": true});
        stage.both(object("groups", group, &group_object));
        stage.link("DeviceConfiguration.assignments", "wifi", group);
    }
    for lost in ["g1", "g2", "g3"] {
        stage.directory.unlink("DeviceConfiguration.assignments", "wifi", lost);
    }
    let restore = stage.previewed(whole(&[("DeviceConfiguration", "wifi")])).await;
    stage.directory.poison("g2", 400);
    stage.run(&restore).await;
    let mut now = stage.directory.ends("DeviceConfiguration.assignments", "wifi");
    now.sort_unstable();
    assert_eq!(now, ["g1", "g3", "g4"]);
    let report = stage.report(&restore).await;
    assert_eq!(report.steps[0].refused[0].what, "DeviceConfiguration.assignments/g2");
}

#[tokio::test]
async fn where_nothing_is_taken_each_is_named_after_few_more_writes_than_there_are() {
    let (stage, members) = group_of(20);
    for member in &members {
        stage.directory.unlink("groups.members", "staff", member);
    }
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    for member in &members {
        stage.directory.poison(member, 403);
    }
    stage.run(&restore).await;
    let writes = stage.directory.take_write_count();
    assert!(writes <= 27, "{writes}");
    assert_eq!(stage.report(&restore).await.steps[0].refused.len(), 20);
}

#[tokio::test]
async fn of_members_that_are_to_come_back_one_who_does_not_keeps_no_other_out_and_is_named() {
    let (stage, members) = group_of(6);
    for gone in ["u01", "u04"] {
        stage.directory.hard_delete(gone);
    }
    stage.directory.unlink("groups.members", "staff", "u02");
    stage.directory.poison("u04", 400);
    let mut selection = whole(&[("groups", "staff")]);
    selection.items.extend([item("users", "u01"), item("users", "u04")]);
    let restore = stage.previewed(selection).await;
    let done = stage.run(&restore).await;
    let now = stage.directory.ends("groups.members", "staff");
    let back = stage.directory.id_of("displayName", "u01");
    assert!(now.contains(&back) && now.contains(&members[2]), "{now:?}");
    assert_eq!((now.len(), done.counts.failed), (5, 2), "{now:?}: the user, and her membership");
    let report = stage.report(&restore).await;
    let refused: Vec<_> = report.steps.iter().flat_map(|step| &step.refused).collect();
    let named: Vec<_> = refused.iter().map(|part| (part.what.as_str(), part.cause)).collect();
    assert_eq!(named, [("groups.members/u04", FailCause::DependencyFailed)]);
}

#[tokio::test]
async fn of_the_groups_of_a_policy_one_that_does_not_come_back_keeps_no_other_out_unless_it_was_excluded() {
    for (of_bad, assigned) in [("g2", true), ("g2!exclude", false)] {
        let mut stage = RestoreWorld::new();
        stage.both(object("DeviceConfiguration", "wifi", &json!({"displayName": "Wi-Fi"})));
        for group in ["g1", "g2"] {
            let group_object = json!({"displayName": group, "mailNickname": group, "mailEnabled": false,
                "securityEnabled": true});
            stage.both(object("groups", group, &group_object));
        }
        for to in ["g1", of_bad] {
            stage.link("DeviceConfiguration.assignments", "wifi", to);
            stage.directory.unlink("DeviceConfiguration.assignments", "wifi", to);
        }
        for group in ["g1", "g2"] {
            stage.directory.hard_delete(group);
        }
        stage.directory.poison("g2", 400);
        let chosen = [("DeviceConfiguration", "wifi"), ("groups", "g1"), ("groups", "g2")];
        let restore = stage.previewed(whole(&chosen)).await;
        stage.run(&restore).await;
        let back = stage.directory.id_of("displayName", "g1");
        let now = stage.directory.ends("DeviceConfiguration.assignments", "wifi");
        let expected = if assigned { vec![back] } else { vec![] };
        assert_eq!(now, expected, "{of_bad}: without an exclusion a policy reaches more people");
        let report = stage.report(&restore).await;
        let refused = report.steps.iter().flat_map(|step| &step.refused).map(|part| part.what.as_str());
        let expected: &[&str] = if assigned { &["DeviceConfiguration.assignments/g2"] } else { &[] };
        assert_eq!(refused.collect::<Vec<_>>(), expected);
    }
}
