//! Directory extensions: which values are written, and which cannot be.

use super::*;
use crate::extensions::Extension;

const OWN: &str = "extension_a_costCentre";
const SYNCED: &str = "extension_a_badge";
const GONE: &str = "extension_b_gone";

fn user(more: &Value) -> Held {
    let mut user = json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "mailNickname": "u",
        "accountEnabled": true});
    user.as_object_mut().unwrap().extend(map(more));
    held(&user)
}

fn inputs(items: Vec<Item>) -> Inputs {
    let extension =
        |name: &str, synced| Extension { name: name.to_owned(), targets: vec!["User".to_owned()], synced };
    Inputs { extensions: Some(vec![extension(OWN, false), extension(SYNCED, true)]), ..exactly(items) }
}

#[test]
fn a_value_is_written_where_its_definition_is_there_and_is_not_the_customers_own_directorys() {
    let wanted = user(&json!({ OWN: ["a", "b"], SYNCED: "1", GONE: "x", "extension_a_none": null }));
    let live = user(&json!({ OWN: ["a"], SYNCED: "2", "extension_a_new": "y" }));
    let made = plan(&inputs(vec![item("users", "u", Some(wanted), Some(live))]));
    assert_eq!(updates(&made), [&map(&json!({ OWN: ["a", "b"] }))]);
    let expected = [
        (SYNCED, Cause::Synced),
        // Not asked for by the snapshot: what it was is not known.
        ("extension_a_new", Cause::NotRead),
        (GONE, Cause::TargetMissing),
    ];
    assert_eq!(causes(&made), expected);
}

#[test]
fn what_is_as_it_was_costs_nothing_and_what_was_emptied_is_emptied_again() {
    let wanted = user(&json!({ OWN: null, SYNCED: "1" }));
    let live = user(&json!({ OWN: "came since", SYNCED: "1" }));
    let made = plan(&inputs(vec![item("users", "u", Some(wanted), Some(live))]));
    assert_eq!((updates(&made), causes(&made)), (vec![&map(&json!({ OWN: null }))], vec![]));
}

#[test]
fn a_new_object_and_one_out_of_the_recycle_bin_are_sent_those_alone_that_can_be_written() {
    let wanted = || user(&json!({ OWN: "4711", SYNCED: "1", GONE: "x" }));
    let refused = [(SYNCED, Cause::Synced), (GONE, Cause::TargetMissing)];
    let made = plan(&inputs(vec![item("users", "u", Some(wanted()), None)]));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    assert_eq!((&body[OWN], body.get(SYNCED), body.get(GONE)), (&json!("4711"), None, None));
    assert_eq!(causes(&made), refused);

    let binned = Item { in_recycle_bin: true, ..item("users", "u", Some(wanted()), None) };
    let made = plan(&inputs(vec![binned]));
    assert_eq!(updates(&made)[0].get(OWN), Some(&json!("4711")));
    assert!(updates(&made).iter().all(|body| !body.contains_key(SYNCED) && !body.contains_key(GONE)));
    assert_eq!(causes(&made), refused);
}

#[test]
fn where_it_cannot_be_seen_which_there_are_no_value_is_sent_and_each_is_named() {
    let wanted = || user(&json!({ OWN: "4711" }));
    let unseen = |item| Inputs { extensions: None, ..inputs(vec![item]) };
    for live in [None, Some(user(&json!({})))] {
        let made = plan(&unseen(item("users", "u", Some(wanted()), live)));
        assert_eq!(causes(&made), [(OWN, Cause::NotRead)]);
        assert!(!serde_json::to_string(&made.steps).unwrap().contains(OWN), "{made:?}");
    }
}
