//! Objects that are to come back while others have their place.

use super::super::{Choice, ChoiceName, IdMap, Rival, SelectedLink};
use super::*;

fn rival(property: &'static str, was_there: bool) -> Rival {
    Rival { property, id: "twin".to_owned(), name: Some("Twin".to_owned()), was_there }
}

fn user() -> Held {
    held(
        &json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "mail": "U@x.y", "mailNickname": "u",
        "accountEnabled": true}),
    )
}

fn inputs(rival: Rival, choice: Option<Choice>, in_recycle_bin: bool) -> Inputs {
    let gone = Item { in_recycle_bin, ..item("users", "u", Some(user()), None) };
    let at = (gone.kind.name, gone.key.clone());
    let mut inputs = exactly(vec![gone]);
    inputs.rivals.insert(at.clone(), vec![rival]);
    inputs.choices.extend(choice.map(|choice| (at, choice)));
    inputs
}

#[test]
fn an_object_whose_place_is_taken_is_told_with_its_choices_and_left_with_all_that_refers_to_it() {
    use ChoiceName::{Adopt, Leave, Rename};
    for (was_there, bin, choices) in [
        (false, false, vec![Leave, Adopt, Rename]),
        (true, false, vec![Leave, Rename]),
        (false, true, vec![Leave, Adopt]),
        (true, true, vec![Leave]),
    ] {
        let mut inputs = inputs(rival("userPrincipalName", was_there), None, bin);
        let group = |members: &[&str]| {
            linked(held(&json!({"id": "g", "displayName": "G", "groupTypes": []})), "groups.members", members)
        };
        inputs.items.push(item("groups", "g", Some(group(&["u"])), Some(group(&[]))));
        inputs.missing.insert("u".to_owned());
        let made = plan(&inputs);
        assert!(made.steps.is_empty(), "{made:?}");
        assert_eq!(causes(&made), [("object", Cause::Conflict), ("groups.members/u", Cause::TargetMissing)]);
        let [told] = &made.conflicts[..] else { panic!("{:?}", made.conflicts) };
        assert_eq!((told.property.as_str(), told.value.as_str()), ("userPrincipalName", "u@x.y"));
        assert_eq!((told.with.id.as_str(), &told.choices), ("twin", &choices));
    }
}

#[test]
fn whoever_is_renamed_is_created_under_the_other_name_beside_the_one_who_has_it() {
    let to = "u2@x.y".to_owned();
    let made = plan(&inputs(rival("userPrincipalName", false), Some(Choice::Rename { to }), false));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    assert_eq!((&body["userPrincipalName"], &body["mail"]), (&json!("u2@x.y"), &json!("u2@x.y")));
    assert!(made.conflicts.is_empty() && made.impossible.is_empty());
}

#[test]
fn what_is_adopted_becomes_what_the_snapshot_says_and_those_who_referred_to_the_one_refer_to_it() {
    let mut twin = user();
    twin.object.extend(map(&json!({"id": "twin", "displayName": "Other"})));
    let mut ids = IdMap::default();
    ids.insert("u", "twin");
    let group = |members: &[&str]| {
        linked(held(&json!({"id": "g", "displayName": "G", "groupTypes": []})), "groups.members", members)
    };
    let mut referrer = item("groups", "g", Some(group(&["u"])), Some(group(&[])));
    referrer.properties = Some(vec![]);
    referrer.links = Some(vec![SelectedLink { link: "groups.members".to_owned(), to: "u".to_owned() }]);
    let adopted = item("users", "u", Some(user()), Some(twin));
    let at = (adopted.kind.name, "u".to_owned());
    let mut inputs = Inputs { ids, ..exactly(vec![adopted]) };
    inputs.adopted.insert(at, "u".to_owned());
    inputs.referrers.insert("twin".to_owned(), vec![referrer]);
    let made = plan(&inputs);
    assert_eq!(names_of(&made), ["adopt u", "update u", "addLinks g"]);
    assert_eq!((made.steps[0].id.as_str(), made.steps[1].id.as_str()), ("twin", "twin"));
    let WriteAction::AddLinks { to, .. } = &made.steps[2].action else { panic!("{made:?}") };
    assert_eq!(to[0].id, "twin");
}
