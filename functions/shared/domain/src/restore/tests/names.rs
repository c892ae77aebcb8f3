//! Names and addresses that one object alone can have, when several are to change in one restore.

use super::super::{Warning, only_ones};
use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn person(id: &str, then: &str, now: &str) -> Item {
    let as_of =
        |name: &str| held(&json!({"id": id, "displayName": id, "userPrincipalName": format!("{name}@x.y")}));
    item("users", id, Some(as_of(then)), Some(as_of(now)))
}

/// Who is called what by each step, in the order of the plan.
fn called(plan: &RestorePlan) -> Vec<String> {
    let of = |step: &Step| match &step.action {
        WriteAction::Update { body, .. } => {
            format!("{} {}", step.key, body["userPrincipalName"].as_str().unwrap())
        }
        other => panic!("{other:?}"),
    };
    plan.steps.iter().map(of).collect()
}

#[test]
fn of_two_people_who_exchange_their_names_the_first_has_one_of_its_own_meanwhile() {
    let made = plan(&exactly(vec![person("u", "ann", "ben"), person("v", "ben", "ann")]));
    assert_eq!(called(&made), ["u restoring-u@x.y", "v ben@x.y", "u ann@x.y"]);
    let [leaves, other, arrives] = &made.steps[..] else { panic!("{made:?}") };
    assert_eq!(leaves.warnings, [Warning::NameForAWhile]);
    assert!(other.warnings.is_empty() && arrives.warnings.is_empty());
    // Each step follows from what the one before it left.
    assert_eq!(leaves.before, Some(json!({"userPrincipalName": "ben@x.y"})));
    assert_eq!(arrives.before, leaves.after);
    assert_eq!(arrives.after, Some(json!({"userPrincipalName": "ann@x.y"})));
    // Where the last is refused, the person does not stay without a name.
    assert_eq!(arrives.instead, Some(map(&json!({"userPrincipalName": "ben@x.y"}))));
    assert_eq!((&leaves.instead, &other.instead), (&None, &None));
}

#[test]
fn who_gets_a_name_that_somebody_gives_up_is_written_after_them_at_no_further_cost() {
    // Each has the name of the next, and the last one that nobody else is to have.
    let made = plan(&exactly(vec![person("u", "a", "b"), person("v", "x", "a"), person("w", "b", "c")]));
    assert_eq!(called(&made), ["v x@x.y", "u a@x.y", "w b@x.y"]);
    // Whatever the case in which they are written.
    let made = plan(&exactly(vec![person("u", "ANN", "ben"), person("v", "carl", "ann")]));
    assert_eq!(called(&made), ["v carl@x.y", "u ANN@x.y"]);
}

#[test]
fn who_keeps_their_name_but_for_its_case_needs_none_for_a_while() {
    let made = plan(&exactly(vec![person("u", "Ann", "ann"), person("v", "Ben", "ben")]));
    assert_eq!(called(&made), ["u Ann@x.y", "v Ben@x.y"]);
}

#[test]
fn what_nothing_can_stand_for_is_tried_as_it_is() {
    let with = |id: &str, mail: &str| held(&json!({"id": id, "displayName": id, "mail": mail}));
    let exchanged = [("u", "a@x.y", "b@x.y"), ("v", "b@x.y", "a@x.y")];
    let items = exchanged.map(|(id, then, now)| item("users", id, Some(with(id, then)), Some(with(id, now))));
    let made = plan(&exactly(items.to_vec()));
    assert_eq!(names_of(&made), ["update u", "update v"]);
    assert!(made.steps.iter().all(|step| step.warnings.is_empty() && step.instead.is_none()));
}

/// The same where others have names that are to be given.
fn with_taken(items: Vec<Item>, taken: &[(&str, &str)]) -> RestorePlan {
    let taken = taken.iter().map(|(name, who)| (format!("{name}@x.y"), (*who).to_owned()));
    plan(&Inputs { taken: taken.collect(), ..exactly(items) })
}

#[test]
fn a_name_that_somebody_else_has_and_keeps_is_named_and_not_tried() {
    let titled = |name: &str, title: &str| {
        held(
            &json!({"id": "u", "displayName": "u", "userPrincipalName": format!("{name}@x.y"), "mobilePhone": title}),
        )
    };
    let both = item("users", "u", Some(titled("ann", "1")), Some(titled("ben", "2")));
    let made = with_taken(vec![both.clone()], &[("ann", "other")]);
    assert_eq!(causes(&made), [("userPrincipalName", Cause::Conflict)]);
    assert_eq!(updates(&made), [&map(&json!({"mobilePhone": "1"}))], "the rest is written");
    // And who waits for the one who gets nothing gets nothing either.
    let made = with_taken(
        vec![person("u", "ann", "ben"), person("v", "ben", "carl")],
        &[("ann", "other"), ("ben", "u")],
    );
    assert_eq!((made.steps.len(), causes(&made).len()), (0, 2));
    // What one has oneself is no other's.
    assert_eq!(called(&with_taken(vec![person("u", "ann", "ben")], &[("ann", "u")])), ["u ann@x.y"]);
}

#[test]
fn a_name_of_somebody_who_is_deleted_is_given_after_that() {
    let stranger = person("s", "", "ann");
    let stranger = Item { wanted: None, ..stranger };
    let items = vec![stranger, person("u", "ann", "ben"), person("v", "ben", "carl"), person("w", "w", "x")];
    let made = with_taken(items, &[("ann", "s"), ("ben", "u"), ("w", "nobody we know of")]);
    assert_eq!(names_of(&made), ["delete s", "update u", "update v"]);
    assert_eq!(causes(&made), [("userPrincipalName", Cause::Conflict)]);
}

#[test]
fn a_name_of_somebody_who_is_deleted_is_given_before_a_unit_keeps_its_owner_from_being_written() {
    let unit = held(&json!({"id": "n", "displayName": "N", "isMemberManagementRestricted": true}));
    let unit = item(
        "administrativeUnits",
        "n",
        Some(linked(unit.clone(), "administrativeUnits.members", &["u"])),
        Some(unit),
    );
    let stranger = Item { wanted: None, ..person("s", "", "ann") };
    let made = with_taken(vec![unit, stranger, person("u", "ann", "ben")], &[("ann", "s")]);
    assert_eq!(names_of(&made), ["delete s", "update u", "addLinks n"]);
}

/// How many circles the names of people make, of those who do not have their own.
fn circles(now: &[usize]) -> usize {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for start in 0..now.len() {
        let mut at = start;
        if now[at] != at && !seen.contains(&at) {
            count += 1;
        }
        while seen.insert(at) {
            at = now[at];
        }
    }
    count
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whoever_has_whose_name_each_write_is_taken_by_a_tenant_that_gives_a_name_once(
        now in Just((0..12_usize).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let name = |n: usize| format!("n{n}");
        let people = now.iter().enumerate().map(|(n, has)| person(&format!("u{n}"), &name(n), &name(*has)));
        let made = plan(&exactly(people.collect()));
        let mut tenant: BTreeMap<String, String> =
            now.iter().enumerate().map(|(n, has)| (format!("u{n}"), format!("n{has}@x.y"))).collect();
        for step in &made.steps {
            let mine = only_ones(step, step.after.as_ref());
            prop_assert!(tenant.iter().all(|(who, has)| *who == step.key || !mine.contains(has)), "{:?}", step);
            let has = step.before.as_ref().unwrap()["userPrincipalName"].as_str().unwrap();
            prop_assert_eq!(&tenant[&step.key], has);
            tenant.insert(step.key.clone(), mine.into_iter().next().unwrap());
        }
        for (who, has) in &tenant {
            prop_assert_eq!(has, &format!("{}@x.y", who.replace('u', "n")));
        }
        let wrong = now.iter().enumerate().filter(|(n, has)| n != *has).count();
        prop_assert_eq!(made.steps.len(), wrong + circles(&now));
    }
}
