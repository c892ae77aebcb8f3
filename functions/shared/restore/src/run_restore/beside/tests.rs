use super::*;
use serde_json::{Value, json};

fn step(number: u32, phase: &str, id: &str, of: &Value) -> Step {
    let kind = if id.starts_with('g') { "groups" } else { "users" };
    let mut step = json!({ "number": number, "phase": phase, "kind": kind, "key": id, "id": id });
    step.as_object_mut().unwrap().extend(of.as_object().unwrap().clone());
    serde_json::from_value(step).unwrap()
}

fn update(number: u32, id: &str, before: &Value, after: &Value) -> Step {
    let properties: Vec<&String> = after.as_object().unwrap().keys().collect();
    let action = json!({ "type": "update", "body": after, "properties": properties });
    step(number, "users", id, &json!({ "action": action, "before": before, "after": after }))
}

fn licences(number: u32, id: &str, add: &Value, remove: &Value) -> Step {
    let action = json!({ "type": "assignLicences", "add": add, "remove": remove });
    step(number, "licences", id, &json!({ "action": action }))
}

fn members(number: u32, phase: &str, group: &str, to: &[&str]) -> Step {
    let to: Vec<Value> = to.iter().map(|id| json!({ "id": id })).collect();
    let action = json!({ "type": "addLinks", "link": "groups.members", "to": to });
    step(number, phase, group, &json!({ "action": action }))
}

/// Whether the second may begin while the first is under way, which writes no more.
fn may_meet(first: &Step, second: &Step, bounds: Bounds) -> bool {
    let mut beside = Beside::default();
    beside.begin(Next::of(first));
    let takes = beside.takes(&Next::of(second), false, &bounds);
    beside.forget(first.number);
    assert!(beside.takes(&Next::of(second), false, &bounds), "where nothing is under way each may begin");
    takes
}

#[test]
fn a_licence_is_given_when_the_one_that_is_taken_is_seen_to_be_free() {
    let (one, other) = (json!([{ "skuId": "one" }]), json!([{ "skuId": "other" }]));
    let taken = licences(1, "u1", &json!([]), &json!(["one"]));
    let swapped = licences(1, "u1", &other, &json!(["one"]));
    let given = licences(2, "u2", &one, &json!([]));
    assert!(!may_meet(&taken, &given, Bounds::default()));
    assert!(!may_meet(&swapped, &given, Bounds::default()));
    assert!(may_meet(&taken, &licences(2, "u2", &other, &json!([])), Bounds::default()));
    assert!(may_meet(&given, &licences(3, "u3", &one, &json!([])), Bounds::default()));
    let links = members(1, "links", "g1", &["u1"]);
    assert!(may_meet(&links, &given, Bounds::default()), "nothing else is waited for");
}

#[test]
fn restricted_units_get_their_members_when_everything_else_has_ended() {
    let before = members(1, "links", "g1", &["u1"]);
    let (last, other) =
        (members(2, "restrictedLinks", "g2", &["u2"]), members(3, "restrictedLinks", "g3", &["u3"]));
    assert!(!may_meet(&before, &last, Bounds::default()));
    assert!(may_meet(&last, &other, Bounds::default()));
}

#[test]
fn nobody_is_taken_from_a_list_before_who_was_added_to_it_is_seen_to_be_there() {
    let owner = |at, id: &str, action: &Value| step(at, "links", id, &json!({ "action": action }));
    let gets =
        owner(1, "g1", &json!({ "type": "addLinks", "link": "groups.owners", "to": [{ "id": "ann" }] }));
    let loses =
        |link: &str| owner(2, "g1", &json!({ "type": "removeLink", "link": link, "to": { "id": "eve" } }));
    assert!(!may_meet(&gets, &loses("groups.owners"), Bounds::default()));
    assert!(may_meet(&gets, &loses("groups.acceptedSenders"), Bounds::default()), "that is another list");
}

#[test]
fn a_value_that_only_one_object_has_is_given_when_the_other_has_given_it_up() {
    let gives_up = update(
        1,
        "u1",
        &json!({ "userPrincipalName": "Ann@x.y" }),
        &json!({ "userPrincipalName": "old@x.y" }),
    );
    let gets =
        update(2, "u2", &json!({ "userPrincipalName": "b@x.y" }), &json!({ "userPrincipalName": "ann@x.y" }));
    let another =
        update(3, "u3", &json!({ "userPrincipalName": "c@x.y" }), &json!({ "userPrincipalName": "d@x.y" }));
    let title = |at, id| update(at, id, &json!({ "jobTitle": "Clerk" }), &json!({ "jobTitle": "Cook" }));
    assert!(!may_meet(&gives_up, &gets, Bounds::default()));
    assert!(may_meet(&gives_up, &another, Bounds::default()));
    assert!(may_meet(&title(1, "u1"), &title(2, "u2"), Bounds::default()), "titles are everybody's");
}

fn manager(number: u32, user: &str, of: &str) -> Step {
    let action = json!({ "type": "addLinks", "link": "users.manager", "to": [{ "id": of }] });
    step(number, "links", user, &json!({ "action": action, "dependsOn": [user, of] }))
}

fn made(number: u32, id: &str) -> Step {
    let body = json!({ "displayName": id, "userPrincipalName": format!("{id}@x.y") });
    step(number, "users", id, &json!({ "action": { "type": "create", "body": body } }))
}

#[test]
fn a_link_that_is_written_and_not_yet_shown_holds_up_nothing_but_itself() {
    let first = manager(1, "u1", "u2");
    let member = {
        let action = json!({ "type": "addLinks", "link": "groups.members", "to": [{ "id": "u1" }] });
        step(2, "links", "g1", &json!({ "action": action, "dependsOn": ["u1"] }))
    };
    let licence = licences(3, "u1", &json!([{ "skuId": "one" }]), &json!([]));
    assert!(may_meet(&first, &member, Bounds::default()), "who gets a manager is there");
    assert!(may_meet(&member, &first, Bounds::default()));
    assert!(may_meet(&first, &licence, Bounds::default()), "and gets licences, too");
    assert!(!may_meet(&first, &manager(4, "u1", "u3"), Bounds::default()));
    // What is yet to be written, though, is written first.
    let mut beside = Beside::default();
    beside.begin(Next::of(&first));
    assert!(!beside.takes(&Next::of(&licence), true, &Bounds::default()));
    assert!(!beside.is_clear(&Next::of(&licence), true));
}

#[test]
fn who_is_changed_may_become_a_member_once_the_change_is_written() {
    let changed = update(1, "u1", &json!({ "jobTitle": "Clerk" }), &json!({ "jobTitle": "Cook" }));
    let to = json!([{ "id": "u1" }]);
    let action = json!({ "type": "addLinks", "link": "groups.members", "to": to });
    let member = step(2, "links", "g1", &json!({ "action": action, "dependsOn": ["u1"] }));
    let mut beside = Beside::default();
    beside.begin(Next::of(&changed));
    let takes = |writes_more| beside.takes(&Next::of(&member), writes_more, &Bounds::default());
    assert_eq!([true, false].map(takes), [false, true]);
}

#[test]
fn what_is_made_is_waited_for_until_it_shows() {
    for second in [
        manager(2, "u1", "u2"),
        manager(2, "u2", "u1"),
        licences(2, "u1", &json!([{ "skuId": "one" }]), &json!([])),
    ] {
        assert!(!may_meet(&made(1, "u1"), &second, Bounds::default()), "{second:?}");
    }
}

#[test]
fn what_is_under_way_is_bounded_by_its_bytes_too() {
    let long = "x".repeat(1_000);
    let large = |at, id| update(at, id, &json!({ "jobTitle": "" }), &json!({ "jobTitle": long }));
    let (one, other) = (large(1, "u1"), large(2, "u2"));
    let of_both = Next::of(&one).bytes + Next::of(&other).bytes;
    let bytes = |bytes| Bounds { bytes, ..Bounds::default() };
    assert!(of_both > 2 * long.len(), "what they write counts");
    assert!(!may_meet(&one, &other, bytes(of_both - 1)));
    assert!(may_meet(&one, &other, bytes(of_both)));
}

#[test]
fn what_is_written_and_does_not_show_yet_holds_up_its_own_part_and_what_graph_judges_by_it() {
    let part = |number, of: &Value| update(number, "u1", &json!({}), of);
    let attributes = part(1, &json!({ "customSecurityAttributes": { "Eng": { "Level": 3 } } }));
    let licence = licences(2, "u1", &json!([{ "skuId": "one" }]), &json!([]));
    let place = part(1, &json!({ "usageLocation": "NO" }));
    let title = part(3, &json!({ "jobTitle": "Cook" }));
    let pass = {
        let action = json!({ "type": "issuePass", "isUsableOnce": true });
        step(4, "accessPasses", "u1", &json!({ "action": action, "dependsOn": ["u1"] }))
    };
    let bounds = Bounds::default();
    for (first, second) in
        [(&attributes, &licence), (&licence, &pass), (&attributes, &title), (&title, &attributes)]
    {
        assert!(may_meet(first, second, bounds), "{first:?} {second:?}");
        let mut beside = Beside::default();
        beside.begin(Next::of(first));
        assert!(!beside.takes(&Next::of(second), true, &bounds), "what is not written yet is waited for");
    }
    assert!(!may_meet(&place, &licence, bounds), "a licence is refused to whom Graph knows no place of");
    assert!(!may_meet(&attributes, &attributes, bounds));
    // Who has the rule gets no members by hand: its end is waited for.
    let body = json!({ "groupTypes": [], "membershipRule": null });
    let properties = ["groupTypes", "membershipRule"];
    let action = json!({ "type": "update", "body": body, "properties": properties });
    let of_hand = step(1, "links", "g1", &json!({ "action": action, "before": {}, "after": body }));
    assert!(!may_meet(&of_hand, &members(2, "links", "g1", &["u1"]), bounds));
}
