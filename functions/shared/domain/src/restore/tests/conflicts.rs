//! Objects that are to come back while others have their place.

use super::super::{Choice, ChoiceName, IdMap, Resolution, Rival, SelectedLink};
use super::*;
use crate::kinds::{Place, Shown};

/// The place of a kind that is about that property, and found in that way.
fn place(kind: &str, property: &str, is_address: bool) -> &'static Place {
    let places = kinds::get(kind).unwrap().writing.places.iter();
    let mut fits = places.filter(|p| p.property == property && (p.shown != Shown::Same) == is_address);
    fits.next().unwrap()
}

fn rival(place: &'static Place, value: &str, was_there: bool) -> Rival {
    Rival {
        place,
        value: value.to_owned(),
        id: "twin".to_owned(),
        name: Some("Twin".to_owned()),
        odata_type: None,
        can_stand_for: !was_there,
        in_recycle_bin: false,
    }
}

fn named(was_there: bool) -> Rival {
    rival(place("users", "userPrincipalName", false), "u@x.y", was_there)
}

fn user() -> Held {
    held(
        &json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "mail": "U@x.y", "mailNickname": "u",
        "onPremisesImmutableId": "aa==", "accountEnabled": true}),
    )
}

fn inputs(rivals: Vec<Rival>, choices: Vec<(Option<&str>, Choice)>, in_recycle_bin: bool) -> Inputs {
    let gone = Item { in_recycle_bin, ..item("users", "u", Some(user()), None) };
    let at = (gone.kind.name, gone.key.clone());
    let mut inputs = exactly(vec![gone]);
    inputs.rivals.insert(at.clone(), rivals);
    let resolution = |(property, choice): (Option<&str>, Choice)| Resolution {
        kind: at.0.into(),
        key: at.1.clone(),
        property: property.map(str::to_owned),
        choice,
    };
    inputs.choices.insert(at.clone(), choices.into_iter().map(resolution).collect());
    inputs
}

fn to(name: &str) -> Choice {
    Choice::Rename { to: name.to_owned() }
}

#[test]
fn an_object_whose_place_is_taken_is_told_with_its_choices_and_left_with_all_that_refers_to_it() {
    use ChoiceName::{Adopt, Leave, Rename};
    for (was_there, bin, choices) in [
        (false, false, vec![Leave, Adopt, Rename]),
        (true, false, vec![Leave, Rename]),
        (false, true, vec![Leave, Adopt, Rename]),
        (true, true, vec![Leave, Rename]),
    ] {
        let mut inputs = inputs(vec![named(was_there)], vec![], bin);
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
fn what_each_place_lets_choose_is_what_microsoft_lets_do() {
    use ChoiceName::{Adopt, Leave, Rename, Without};
    for (kind, property, is_address, created, returned) in [
        ("users", "userPrincipalName", true, Some(vec![Rename]), None),
        ("users", "mail", true, Some(vec![Without]), None),
        ("users", "proxyAddresses", true, None, Some(vec![Without])),
        ("users", "onPremisesImmutableId", false, Some(vec![Without]), Some(vec![])),
        ("groups", "displayName", false, Some(vec![Rename]), Some(vec![])),
        ("groups", "mailNickname", false, Some(vec![Rename]), None),
        ("groups", "proxyAddresses", true, None, Some(vec![])),
        ("groups", "uniqueName", false, Some(vec![Without]), Some(vec![])),
        ("roles", "displayName", false, Some(vec![Rename]), Some(vec![])),
        ("roles", "templateId", false, Some(vec![]), Some(vec![])),
    ] {
        let place = place(kind, property, is_address);
        for (in_bin, ways) in [(false, created), (true, returned)] {
            let shown = place.ways(in_bin).map(|_| rival(place, "v", false).choices(in_bin));
            let expected = ways.map(|ways| [vec![Leave, Adopt], ways].concat());
            assert_eq!(shown, expected, "{kind} {property} {in_bin}");
        }
    }
}

#[test]
fn an_address_is_held_by_whoever_has_it_among_theirs_and_a_name_by_who_is_called_so() {
    let object = map(&json!({"mail": "u@x.y", "userPrincipalName": "U@x.y", "onPremisesImmutableId": "aa==",
        "proxyAddresses": ["SMTP:first@x.y", "smtp:Second@x.y", "SPO:third@x.y"]}));
    let holds = |property: &str, is_address: bool, value: &str| {
        place("users", property, is_address).is_held_by(&object, value)
    };
    assert!(holds("userPrincipalName", false, "u@X.Y") && !holds("userPrincipalName", true, "u@x.y"));
    assert!(holds("mail", true, "FIRST@x.y") && holds("proxyAddresses", true, "second@x.y"));
    assert!(!holds("mail", true, "u@x.y") && !holds("mail", true, "third@x.y"));
    assert!(holds("onPremisesImmutableId", false, "aa==") && !holds("onPremisesImmutableId", false, "AA=="));
}

#[test]
fn whoever_is_renamed_is_created_under_the_other_name_beside_the_one_who_has_it() {
    let made = plan(&inputs(vec![named(false)], vec![(None, to("u2@x.y"))], false));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    assert_eq!((&body["userPrincipalName"], &body["mail"]), (&json!("u2@x.y"), &json!("u2@x.y")));
    assert!(made.conflicts.is_empty() && made.impossible.is_empty());
}

#[test]
fn a_new_user_comes_without_an_address_or_an_immutable_id_that_another_has_and_that_is_said() {
    let rivals = || {
        vec![
            rival(place("users", "mail", true), "u@x.y", true),
            rival(place("users", "onPremisesImmutableId", false), "aa==", true),
        ]
    };
    let open = plan(&inputs(rivals(), vec![(Some("mail"), Choice::Without)], false));
    assert_eq!((open.steps.len(), open.conflicts.len()), (0, 1), "the other one is not settled");
    assert_eq!(open.conflicts[0].property, "onPremisesImmutableId");
    let made = plan(&inputs(rivals(), vec![(None, Choice::Without)], false));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    assert!(!body.contains_key("mail") && !body.contains_key("onPremisesImmutableId"));
    assert_eq!(causes(&made), [("mail", Cause::Conflict), ("onPremisesImmutableId", Cause::Conflict)]);
}

#[test]
fn out_of_the_recycle_bin_a_user_comes_under_another_name_and_without_the_addresses_of_others() {
    let rivals = || vec![named(true), rival(place("users", "proxyAddresses", true), "u@x.y", true)];
    let half = plan(&inputs(rivals(), vec![(None, to("u2@x.y"))], true));
    assert_eq!((half.steps.len(), half.conflicts[0].property.as_str()), (0, "proxyAddresses"));
    let made = plan(&inputs(rivals(), vec![(None, to("u2@x.y")), (None, Choice::Without)], true));
    let WriteAction::Undelete { new_name, without } = &made.steps[0].action else { panic!("{made:?}") };
    assert_eq!((new_name.as_deref(), &without[..]), (Some("u2@x.y"), &["u@x.y".to_owned()][..]));
    // Nothing afterwards writes what was given up.
    for step in &made.steps[1..] {
        let WriteAction::Update { body, .. } = &step.action else { continue };
        assert!(!body.values().any(|value| value == "u@x.y" || value == "U@x.y"), "{body:?}");
    }
    // As it is stored and shown; and what was stored before there was a choice.
    let shown = serde_json::to_value(&made.steps[0].action).unwrap();
    assert_eq!(shown, json!({"type": "undelete", "newName": "u2@x.y", "without": ["u@x.y"]}));
    let older: WriteAction = serde_json::from_value(json!({"type": "undelete"})).unwrap();
    assert_eq!(older, WriteAction::Undelete { new_name: None, without: vec![] });
}

#[test]
fn a_choice_that_a_conflict_does_not_offer_settles_nothing() {
    let taken = || vec![rival(place("users", "onPremisesImmutableId", false), "aa==", true)];
    for (bin, choice) in
        [(true, Choice::Without), (true, to("bb==")), (false, to("bb==")), (false, Choice::Leave)]
    {
        let made = plan(&inputs(taken(), vec![(None, choice)], bin));
        assert_eq!((made.steps.len(), made.conflicts.len()), (0, 1));
    }
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
