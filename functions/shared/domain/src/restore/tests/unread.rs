//! What one side does not know.

use super::*;

fn user(more: &Value, unknown: &[&'static str]) -> Held {
    let mut object =
        map(&json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "mailNickname": "u"}));
    object.extend(map(more));
    Held { object, links: vec![], unknown: unknown.iter().copied().collect() }
}

fn attributes() -> Value {
    json!({"customSecurityAttributes": {"Posts": {"Clearance": "high"}},
        "employeeLeaveDateTime": "2030-01-31T00:00:00Z", "jobTitle": "Buyer"})
}

const UNKNOWN: &[&str] = &["customSecurityAttributes", "employeeLeaveDateTime"];

#[test]
fn what_the_snapshot_does_not_know_is_left_as_it_is_and_named_while_the_rest_is_written() {
    // As an older snapshot has it that could not read the date: null, and no attributes.
    let wanted = user(&json!({"employeeLeaveDateTime": null, "jobTitle": "Clerk"}), UNKNOWN);
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(user(&attributes(), &[])))]));
    assert_eq!(updates(&plan), [&map(&json!({"jobTitle": "Clerk"}))]);
    assert!(plan.impossible.iter().all(|i| i.why.contains("the snapshot could not read it")), "{plan:?}");
    let expected = UNKNOWN.iter().map(|p| (*p, Cause::NotRead)).collect::<Vec<_>>();
    assert_eq!(causes(&plan), expected);
}

#[test]
fn what_cannot_be_seen_now_is_not_written_over() {
    let live = user(&json!({"jobTitle": "Buyer"}), UNKNOWN);
    let plan = plan(&exactly(vec![item("users", "u", Some(user(&attributes(), &[])), Some(live))]));
    assert_eq!(plan.steps, vec![]);
    let expected = UNKNOWN.iter().map(|p| (*p, Cause::NotRead)).collect::<Vec<_>>();
    assert_eq!(causes(&plan), expected);
}

#[test]
fn what_neither_side_knows_is_said_only_where_it_was_chosen_by_name() {
    let side = || Some(user(&json!({}), UNKNOWN));
    assert_eq!(causes(&plan(&exactly(vec![item("users", "u", side(), side())]))), []);
    // Where one side knows that there is nothing, nothing is lost either.
    for (wanted, live) in [(&[][..], UNKNOWN), (UNKNOWN, &[][..])] {
        let side = |unknown| {
            Some(user(&json!({"customSecurityAttributes": null, "employeeLeaveDateTime": null}), unknown))
        };
        assert_eq!(causes(&plan(&exactly(vec![item("users", "u", side(wanted), side(live))]))), []);
    }
    let mut named = item("users", "u", side(), side());
    named.wanted.as_mut().unwrap().object.insert("employeeLeaveDateTime".to_owned(), Value::Null);
    named.properties = Some(vec!["employeeLeaveDateTime".to_owned()]);
    assert_eq!(causes(&plan(&exactly(vec![named]))), [("employeeLeaveDateTime", Cause::NotRead)]);
}

#[test]
fn an_object_that_is_made_again_comes_without_what_the_snapshot_does_not_know_and_that_is_said() {
    let wanted = user(&json!({"jobTitle": "Clerk"}), &["employeeLeaveDateTime", "faxNumber", "manager"]);
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    assert_eq!(causes(&plan), [("employeeLeaveDateTime", Cause::NotRead), ("users.manager", Cause::NotRead)]);
    assert!(!plan.steps.is_empty());
}

#[test]
fn what_the_snapshot_does_not_know_is_not_written_to_what_comes_back_though_it_looks_empty() {
    // A unit whose members follow no rule has a null there, which is written as a text of its own.
    let unit = json!({"id": "n", "displayName": "N", "membershipType": null});
    // And a policy is made with its empty texts.
    let policy = json!({"id": "n", "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
        "displayName": "N", "description": ""});
    for (kind, object, property, in_recycle_bin) in [
        ("administrativeUnits", unit, "membershipType", true),
        ("DeviceConfiguration", policy, "description", false),
    ] {
        for is_known in [true, false] {
            let unknown = if is_known { vec![] } else { vec![property] };
            let wanted = Held { unknown: unknown.into_iter().collect(), ..held(&object) };
            let mut chosen = item(kind, "n", Some(wanted), None);
            chosen.in_recycle_bin = in_recycle_bin;
            let plan = plan(&exactly(vec![chosen]));
            let mut bodies = plan.steps.iter().filter_map(|step| match &step.action {
                WriteAction::Create { body } | WriteAction::Update { body, .. } => Some(body),
                _ => None,
            });
            assert_eq!(bodies.any(|body| body.contains_key(property)), is_known, "{kind}: {plan:?}");
        }
    }
}

#[test]
fn whoever_is_to_come_back_blocked_is_blocked_though_the_snapshot_does_not_know_whether_they_could_sign_in() {
    for binned in
        [None, Some(user(&json!({"accountEnabled": true}), &[])), Some(user(&json!({}), &["accountEnabled"]))]
    {
        let mut chosen = item("users", "u", Some(user(&json!({}), &["accountEnabled"])), None);
        (chosen.in_recycle_bin, chosen.binned) = (true, binned);
        let made = plan(&Inputs { come_back_blocked: true, ..exactly(vec![chosen]) });
        let written: Vec<_> =
            updates(&made).iter().filter_map(|body| body.get("accountEnabled")).cloned().collect();
        assert_eq!(written, [json!(false)], "{made:?}");
    }
}

#[test]
fn what_the_snapshot_does_not_know_of_who_comes_out_of_the_recycle_bin_is_named() {
    for binned in [None, Some(user(&json!({}), &["employeeLeaveDateTime"]))] {
        let mut chosen = item("users", "u", Some(user(&json!({}), &["employeeLeaveDateTime"])), None);
        (chosen.in_recycle_bin, chosen.binned) = (true, binned);
        let made = plan(&exactly(vec![chosen]));
        assert_eq!(causes(&made), [("employeeLeaveDateTime", Cause::NotRead)]);
    }
}

#[test]
fn licences_that_are_not_known_are_neither_given_nor_taken() {
    let licences = json!({"assignedLicenses": [{"skuId": "s", "disabledPlans": []}],
        "licenseAssignmentStates": [{"skuId": "s", "disabledPlans": [], "assignedByGroup": null}]});
    for unknown in ["assignedLicenses", "licenseAssignmentStates"] {
        let (lacks, has) = (user(&json!({}), &[unknown]), user(&licences, &[]));
        for (wanted, live) in [(lacks.clone(), has.clone()), (has, lacks)] {
            let plan = plan(&exactly(vec![item("users", "u", Some(wanted), Some(live))]));
            assert_eq!(plan.steps, vec![], "{unknown}");
            assert_eq!(causes(&plan), [("assignedLicenses", Cause::NotRead)]);
        }
    }
}

#[test]
fn a_property_of_a_policy_that_graph_did_not_give_then_is_not_emptied() {
    let policy = |more: Value| {
        let mut object =
            map(&json!({"id": "p", "@odata.type": "#microsoft.graph.windows10GeneralConfiguration",
            "displayName": "P"}));
        object.extend(map(&more));
        Held { object, ..Held::default() }
    };
    let (then, now) = (policy(json!({"a": 1})), policy(json!({"a": 2, "new": true})));
    let plan = plan(&exactly(vec![item("DeviceConfiguration", "p", Some(then), Some(now))]));
    assert_eq!(causes(&plan), [("new", Cause::NotRead)]);
    let steps: Vec<_> = plan.steps.iter().map(|s| s.after.clone().unwrap()["a"].clone()).collect();
    assert_eq!(steps, [json!(1)]);
}

fn group(members: &[&str], unknown: &[&'static str]) -> Held {
    let object = json!({"id": "g", "displayName": "G", "groupTypes": ["Unified"],
        "visibility": "HiddenMembership"});
    let held = linked(held(&object), "groups.members", members);
    Held { unknown: unknown.iter().copied().collect(), ..held }
}

#[test]
fn of_hidden_members_none_is_taken_out_that_the_snapshot_may_not_have_seen() {
    let plan = plan(&exactly(vec![item(
        "groups",
        "g",
        Some(group(&["known"], &["members"])),
        Some(group(&["a", "b"], &[])),
    )]));
    assert_eq!(names_of(&plan), ["addLinks g"], "who was seen was there");
    assert_eq!(causes(&plan), [("groups.members", Cause::NotRead)]);
}

#[test]
fn hidden_members_are_not_written_while_nobody_sees_who_is_there() {
    let (wanted, live) = (group(&["a"], &[]), group(&[], &["members"]));
    let plan = plan(&exactly(vec![item("groups", "g", Some(wanted), Some(live))]));
    assert_eq!(plan.steps, vec![]);
    assert_eq!(causes(&plan), [("groups.members", Cause::NotRead)]);
}
