//! Licences and the units that there are.

use super::super::Units;
use super::*;
use proptest::prelude::*;

fn user(id: &str, skus: &[&str]) -> Held {
    let licences: Vec<_> = skus.iter().map(|s| json!({"skuId": s, "disabledPlans": []})).collect();
    held(&json!({"id": id, "displayName": id, "assignedLicenses": licences}))
}

fn inputs(users: &[(&str, &[&str], &[&str])], free: &[(&str, u64)]) -> Inputs {
    let item = |(id, then, now): &(&str, &[&str], &[&str])| {
        item("users", id, Some(user(id, then)), Some(user(id, now)))
    };
    let units = |(sku, free): &(&str, u64)| {
        ((*sku).to_owned(), Units { name: Some(format!("NAME_{sku}")), there: 10 + free, given: 10 })
    };
    Inputs { units: Some(free.iter().map(units).collect()), ..exactly(users.iter().map(item).collect()) }
}

/// Who is given and who loses what, in the order of the plan.
fn told(plan: &RestorePlan) -> Vec<String> {
    let tell = |step: &Step| match &step.action {
        WriteAction::AssignLicences { add, remove } => {
            let add = add.iter().map(|l| format!("+{}", l["skuId"].as_str().unwrap()));
            format!("{} {}", step.key, add.chain(remove.iter().map(|r| format!("-{r}"))).collect::<String>())
        }
        other => panic!("{other:?}"),
    };
    plan.steps.iter().map(tell).collect()
}

#[test]
fn of_two_licences_of_which_one_is_sold_out_the_other_is_given_and_the_one_is_named() {
    let made = plan(&inputs(&[("u", &["a", "b", "c"], &[])], &[("a", 1), ("b", 0)]));
    assert_eq!(told(&made), ["u +a"]);
    let expected =
        [("assignedLicenses/b", Cause::NoFreeLicence), ("assignedLicenses/c", Cause::NotSubscribed)];
    assert_eq!(causes(&made), expected);
    assert!(made.impossible[0].why.contains("NAME_b"), "{:?}", made.impossible);
    assert_eq!(made.steps[0].after, Some(json!([{"skuId": "a", "disabledPlans": []}])));
}

#[test]
fn free_units_are_shared_over_the_whole_choice() {
    let made = plan(&inputs(&[("u", &["a"], &[]), ("v", &["a"], &[]), ("w", &["a"], &[])], &[("a", 2)]));
    assert_eq!(told(&made), ["u +a", "v +a"]);
    assert_eq!((made.impossible.len(), made.impossible[0].key.as_str()), (1, "w"));
}

#[test]
fn what_is_taken_away_is_free_for_what_is_given() {
    let moved = plan(&inputs(&[("u", &["a"], &[]), ("v", &[], &["a"])], &[("a", 0)]));
    assert_eq!(told(&moved), ["v -a", "u +a"]);
    assert!(moved.impossible.is_empty());
    let swapped = inputs(&[("u", &["a"], &["b"]), ("v", &["b"], &["a"])], &[("a", 0), ("b", 0)]);
    let made = plan(&swapped);
    assert_eq!(told(&made), ["u -b", "v +b-a", "u +a"]);
    assert_eq!((&made.steps[0].after, &made.steps[2].before), (&Some(json!([])), &Some(json!([]))));
    // Many who exchange theirs cost one call more, all together; and none where somebody can begin.
    let names: Vec<String> = (0..20).map(|n| format!("u{n:02}")).collect();
    let pair = |n: usize| if n.is_multiple_of(2) { (&["a"], &["b"]) } else { (&["b"], &["a"]) };
    let all: Vec<(&str, &[&str], &[&str])> =
        names.iter().enumerate().map(|(n, name)| (name.as_str(), &pair(n).0[..], &pair(n).1[..])).collect();
    assert_eq!(plan(&inputs(&all, &[("a", 0), ("b", 0)])).steps.len(), names.len() + 1);
    assert_eq!(plan(&inputs(&all, &[("a", 0), ("b", 1)])).steps.len(), names.len());
    let chain =
        inputs(&[("u", &["a"], &["b"]), ("v", &["c"], &["a"]), ("w", &[], &["c"])], &[("a", 0), ("c", 0)]);
    assert_eq!(told(&plan(&chain)), ["w -c", "v +c-a", "u +a-b"]);
    // With units enough for everybody, one call for each.
    let plenty = inputs(&[("u", &["a"], &["b"]), ("v", &["b"], &["a"])], &[("a", 1), ("b", 1)]);
    assert_eq!(told(&plan(&plenty)), ["u +a-b", "v +b-a"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn an_exchange_of_licences_costs_one_call_more_in_whatever_order_people_come(
        order in prop_oneof![Just((0..40_usize).collect::<Vec<_>>()), Just((0..40_usize).collect::<Vec<_>>()).prop_shuffle()]
    ) {
        // Half of them have the one and half the other.
        let names: Vec<String> = (0..40).map(|n| format!("u{n:02}")).collect();
        let pair = |n: usize| if order[n] < 20 { (&["a"], &["b"]) } else { (&["b"], &["a"]) };
        let all: Vec<(&str, &[&str], &[&str])> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), &pair(n).0[..], &pair(n).1[..])).collect();
        let made = plan(&inputs(&all, &[("a", 0), ("b", 0)]));
        prop_assert_eq!(made.steps.len(), names.len() + 1);
        // Each finds a free unit when its turn comes.
        let mut free = std::collections::BTreeMap::from([("a".to_owned(), 0), ("b".to_owned(), 0)]);
        for step in &made.steps {
            let WriteAction::AssignLicences { add, remove } = &step.action else { panic!("{step:?}") };
            for licence in add {
                let left = free.get_mut(licence["skuId"].as_str().unwrap()).unwrap();
                prop_assert!(*left > 0);
                *left -= 1;
            }
            for sku in remove {
                *free.get_mut(sku).unwrap() += 1;
            }
        }
    }
}

#[test]
fn other_plans_of_a_licence_take_no_unit_and_a_licence_of_a_group_is_for_graph_to_count() {
    let plans = |disabled: &[&str]| {
        held(
            &json!({"id": "u", "displayName": "U", "assignedLicenses": [{"skuId": "a", "disabledPlans": disabled}]}),
        )
    };
    let group = |skus: &[&str]| {
        let mut group = user("g", skus);
        group.object.insert("groupTypes".to_owned(), json!([]));
        group
    };
    let mut inputs = inputs(&[], &[("a", 0)]);
    inputs.items = vec![
        item("users", "u", Some(plans(&["p"])), Some(plans(&[]))),
        item("groups", "g", Some(group(&["a"])), Some(group(&[]))),
    ];
    let made = plan(&inputs);
    assert_eq!((made.steps.len(), made.impossible.len()), (2, 0), "{made:?}");
    // Where units could not be read, everything is tried.
    inputs.items = vec![item("users", "u", Some(user("u", &["x"])), Some(user("u", &[])))];
    inputs.units = None;
    assert_eq!(told(&plan(&inputs)), ["u +x"]);
}

#[test]
fn a_licence_that_is_assigned_and_not_in_effect_is_named() {
    let with = |state: &str, error: &str| {
        let mut user = user("u", &["a"]);
        let state = json!([{"skuId": "a", "disabledPlans": [], "assignedByGroup": null, "state": state, "error": error}]);
        user.object.insert("licenseAssignmentStates".to_owned(), state);
        user
    };
    let (then, now) = (with("Active", "None"), with("Error", "CountViolation"));
    let made = plan(&exactly(vec![item("users", "u", Some(then), Some(now))]));
    assert!(made.steps.is_empty());
    assert_eq!(causes(&made), [("assignedLicenses/a", Cause::LicenceInError)]);
    assert!(made.impossible[0].why.ends_with("CountViolation"));
}
