//! Links that come to follow from a rule, or no longer do: what says so and the rule are written together, in whatever
//! mode, and before the links.

use super::super::{SelectedLink, Warning, content};
use super::*;

/// What says that members follow from a rule, and that they do not, as each kind that has rules shows it.
fn ways() -> Vec<(&'static str, Value, Value)> {
    let rule = json!("user.city -eq \"Oslo\"");
    let dynamic = |property: &str, value: Value| json!({property: value, "membershipRule": rule});
    let by_hand = |property: &str, value: Value| json!({property: value, "membershipRule": null});
    vec![
        ("groups", by_hand("groupTypes", json!([])), dynamic("groupTypes", json!(["DynamicMembership"]))),
        (
            "groups",
            by_hand("groupTypes", json!(["Unified"])),
            dynamic("groupTypes", json!(["DynamicMembership", "Unified"])),
        ),
        (
            "administrativeUnits",
            by_hand("membershipType", Value::Null),
            dynamic("membershipType", json!("Dynamic")),
        ),
        (
            "administrativeUnits",
            by_hand("membershipType", json!("Assigned")),
            dynamic("membershipType", json!("Dynamic")),
        ),
    ]
}

fn object(more: &Value) -> Held {
    let mut object = map(&json!({"id": "g", "displayName": "G", "securityEnabled": true}));
    object.extend(map(more));
    Held { object, ..Held::default() }
}

fn members(kind: &str) -> String {
    format!("{kind}.members")
}

fn merge(item: Item) -> Inputs {
    Inputs { items: vec![item], ..Inputs::default() }
}

#[test]
fn what_became_dynamic_is_made_static_before_its_members_come_back_in_whatever_mode() {
    let names: Vec<String> = (0..40).map(|i| format!("u{i:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (kind, by_hand, dynamic) in ways() {
        let wanted = linked(object(&by_hand), &members(kind), &names);
        let item = item(kind, "g", Some(wanted), Some(object(&dynamic)));
        for inputs in [merge(item.clone()), exactly(vec![item])] {
            let made = plan(&inputs);
            assert!(made.impossible.is_empty(), "{kind} {by_hand}: {:?}", made.impossible);
            let WriteAction::Update { body, .. } = &made.steps[0].action else { panic!("{made:?}") };
            let row = kinds::get(kind).unwrap();
            assert_eq!(content(row, body), content(row, &map(&by_hand)), "{kind} {by_hand}");
            let added = made.steps[1..].iter().map(|step| match &step.action {
                WriteAction::AddLinks { to, .. } => to.len(),
                other => panic!("{other:?}"),
            });
            assert_eq!(added.sum::<usize>(), 40, "{kind} {by_hand}");
        }
    }
}

#[test]
fn what_became_static_is_made_dynamic_and_its_members_are_left_to_the_rule() {
    for (kind, by_hand, dynamic) in ways() {
        let live = linked(object(&by_hand), &members(kind), &["u"]);
        let made = plan(&merge(item(kind, "g", Some(object(&dynamic)), Some(live))));
        let WriteAction::Update { body, .. } = &made.steps[0].action else { panic!("{made:?}") };
        assert_eq!((body, made.steps.len()), (&map(&dynamic), 1), "{kind}");
        let empties = kind == "groups";
        assert_eq!(made.steps[0].warnings.contains(&Warning::LosesMembers), empties, "{kind}");
        let expected = [(members(kind), Cause::DynamicMembership)];
        assert_eq!(causes(&made), expected.each_ref().map(|(what, cause)| (what.as_str(), *cause)));
    }
}

#[test]
fn whoever_chooses_one_part_of_it_gets_the_other_and_nothing_else() {
    for (kind, by_hand, dynamic) in ways() {
        for chosen in map(&by_hand).keys() {
            let mut wanted = by_hand.clone();
            wanted["description"] = json!("then");
            let mut item = item(kind, "g", Some(object(&wanted)), Some(object(&dynamic)));
            item.properties = Some(vec![chosen.clone()]);
            let made = plan(&merge(item));
            let WriteAction::Update { properties, .. } = &made.steps[0].action else { panic!("{made:?}") };
            let parts: Vec<String> = map(&by_hand).keys().cloned().collect();
            assert_eq!((properties, made.steps.len()), (&parts, 1), "{kind} {chosen}");
        }
    }
}

#[test]
fn members_alone_are_impossible_where_the_rule_stays() {
    for (kind, by_hand, dynamic) in ways() {
        let wanted = linked(object(&by_hand), &members(kind), &["u"]);
        let mut item = item(kind, "g", Some(wanted), Some(object(&dynamic)));
        item.properties = Some(vec![]);
        item.links = Some(vec![SelectedLink { link: members(kind), to: "u".to_owned() }]);
        let made = plan(&merge(item));
        assert!(made.steps.is_empty(), "{kind}");
        assert_eq!(made.impossible[0].cause, Cause::DynamicMembership, "{kind}");
    }
}

#[test]
fn a_unit_of_which_nobody_said_that_it_is_static_is_static_all_the_same() {
    let side = |of_type: Value| Some(object(&json!({"membershipType": of_type, "membershipRule": null})));
    for (then, now) in [(Value::Null, json!("Assigned")), (json!("Assigned"), Value::Null)] {
        let made = plan(&exactly(vec![item("administrativeUnits", "g", side(then), side(now))]));
        assert_eq!((made.steps, made.impossible), (vec![], vec![]));
    }
}

#[test]
fn a_group_that_has_a_rule_which_it_does_not_follow_is_created_without_it_and_that_is_said() {
    let group = json!({"id": "g", "displayName": "G", "mailEnabled": false, "mailNickname": "g", "securityEnabled": true,
        "groupTypes": [], "membershipRule": "user.x -eq 1", "membershipRuleProcessingState": "On"});
    let plan = plan(&exactly(vec![item("groups", "g", Some(held(&group)), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert!(!body.keys().any(|name| name.starts_with("membershipRule")), "{body:?}");
    let said =
        [("membershipRule", Cause::Unsupported), ("membershipRuleProcessingState", Cause::Unsupported)];
    assert_eq!(causes(&plan), said);
}

#[test]
fn a_rule_that_a_group_did_not_follow_is_not_written_to_one_that_does_not_either() {
    let group = |rule: Value| {
        held(
            &json!({"id": "g", "displayName": "G", "securityEnabled": true, "groupTypes": [], "membershipRule": rule}),
        )
    };
    let (wanted, live) = (group(json!("user.x -eq 1")), group(Value::Null));
    let plan = plan(&exactly(vec![item("groups", "g", Some(wanted), Some(live))]));
    assert_eq!(names_of(&plan), Vec::<String>::new());
    assert_eq!(causes(&plan), [("membershipRule", Cause::Unsupported)]);
}

#[test]
fn what_lies_unseen_in_the_recycle_bin_is_made_static_without_the_rule_that_it_may_have_in_whatever_mode() {
    for (kind, by_hand, _) in ways() {
        let binned = Item {
            in_recycle_bin: true,
            ..item(kind, "g", Some(linked(object(&by_hand), &members(kind), &["u"])), None)
        };
        for inputs in [merge(binned.clone()), exactly(vec![binned])] {
            let made = plan(&inputs);
            let bodies = updates(&made);
            let mark = if kind == "groups" { "groupTypes" } else { "membershipType" };
            let Some(body) = bodies.iter().find(|body| body.contains_key(mark)) else { continue };
            assert_eq!(body.get("membershipRule"), Some(&Value::Null), "{kind} {by_hand}: {body:?}");
        }
    }
}

#[test]
fn a_unit_that_keeps_others_out_is_changed_after_it_is_back_and_before_it_gets_members() {
    let unit = object(&json!({"membershipType": "Assigned", "isMemberManagementRestricted": true}));
    let wanted = linked(unit, "administrativeUnits.members", &["u"]);
    let binned = Item { in_recycle_bin: true, ..item("administrativeUnits", "g", Some(wanted), None) };
    let made = plan(&exactly(vec![binned]));
    let names = names_of(&made);
    let at = |name: &str| names.iter().position(|other| other == name).unwrap();
    assert!(at("undelete g") < at("update g") && at("update g") < at("addLinks g"), "{names:?}");
}
