//! What is told of a whole change and of its parts, told with records as Microsoft writes them.

use super::super::told::{MOST_AUTHORS, MOST_PARTS};
use super::*;
use crate::kinds;
use serde_json::json;

const MANY: usize = 12;

fn at(minute: usize) -> String {
    format!("2026-11-02T09:{minute:02}:00Z")
}

/// A record of a minute after nine, by whom, of what, about which objects, with what was modified of the first.
fn record(minute: usize, by: &str, activity: &str, targets: &[&str], modified: &Value) -> AuditRecord {
    let user = json!({ "id": by, "userPrincipalName": format!("{by}@x.example") });
    let targets = targets.iter().enumerate().map(|(place, id)| {
        let modified = if place == 0 { modified.clone() } else { json!([]) };
        json!({ "id": id, "modifiedProperties": modified })
    });
    AuditRecord::read(&json!({
        "id": format!("Directory_{minute}_{by}"), "activityDateTime": at(minute),
        "activityDisplayName": activity, "loggedByService": "Core Directory", "result": "success",
        "initiatedBy": { "user": user, "app": null }, "targetResources": targets.collect::<Vec<_>>()
    }))
    .unwrap()
}

fn member(minute: usize, by: &str, activity: &str, member: &str) -> AuditRecord {
    let value = json!("g1").to_string();
    let (old, new) = if activity.starts_with("Add") { (None, Some(value)) } else { (Some(value), None) };
    let modified = json!([{ "displayName": "Group.ObjectID", "oldValue": old, "newValue": new }]);
    record(minute, by, activity, &[member, "g1"], &modified)
}

fn group(what: What, members: &[&str]) -> Change {
    let link = |to: &&str| LinkChange {
        link: "groups.members".to_owned(),
        to: (*to).to_owned(),
        to_name: None,
        what: if what == What::Deleted { What::Deleted } else { What::Created },
        before: None,
        after: None,
        class: crate::changes::Class::Change,
    };
    Change {
        kind: kinds::get("groups").unwrap().name.into(),
        key: "g1".to_owned(),
        new_key: None,
        name: None,
        what,
        ends_at: None,
        since: None,
        attributes: Vec::new(),
        links: members.iter().map(link).collect(),
        consequences: 0,
        privileged: true,
        rating: crate::changes::Rating::default(),
    }
}

fn who(change: &Change, records: &[AuditRecord]) -> Who {
    let window = Window {
        begins: at(0).parse().unwrap(),
        settles: "2026-11-02T10:00:00Z".parse().unwrap(),
        ends: "2026-11-02T10:01:00Z".parse().unwrap(),
    };
    let held = AuditHeld {
        from: Some("2026-11-01T00:00:00Z".parse().unwrap()),
        until: Some("2026-11-03T00:00:00Z".parse().unwrap()),
        ..AuditHeld::default()
    };
    let ours = Ours::default();
    let known = Known { records, unread: None, held: Some(&held), window, ours: &ours };
    who_changed(change.kind.find().unwrap(), change, &known)
}

/// What is told of each part: the answer, and by whom.
fn parts(who: &Who) -> Vec<(Option<&str>, Finding, Vec<&str>)> {
    who.parts
        .iter()
        .map(|part| {
            let by = part.told.by.iter().filter_map(|by| by.id.as_deref()).collect();
            (part.to.as_deref(), part.told.answer, by)
        })
        .collect()
}

#[test]
fn who_put_somebody_into_a_new_group_is_told_apart_from_who_made_the_group() {
    let records =
        [record(1, "ann", "Add group", &["g1"], &json!([])), member(2, "eve", "Add member to group", "u9")];
    let who = who(&group(What::Created, &["u9"]), &records);
    assert_eq!(parts(&who), [(None, Finding::Exact, vec!["ann"]), (Some("u9"), Finding::Exact, vec!["eve"])]);
    assert!(who.told.by.iter().any(|by| by.is_called("eve")));
}

#[test]
fn whom_no_record_put_into_a_new_group_may_have_come_with_it_and_nobody_is_told_exactly() {
    let records = [record(1, "ann", "Add group", &["g1"], &json!([]))];
    let who = who(&group(What::Created, &["u9"]), &records);
    assert_eq!(
        parts(&who),
        [(None, Finding::Exact, vec!["ann"]), (Some("u9"), Finding::Probably, vec!["ann"])]
    );
}

#[test]
fn what_led_from_a_deleted_group_went_with_it_unless_somebody_took_it_away_before() {
    let records = [
        member(1, "eve", "Remove member from group", "u9"),
        record(2, "ann", "Delete group", &["g1"], &json!([])),
    ];
    let of = |members: &[&str]| who(&group(What::Deleted, members), &records);
    assert_eq!(
        parts(&of(&["u8", "u9"])),
        [
            (None, Finding::Exact, vec!["ann"]),
            (Some("u8"), Finding::Exact, vec!["ann"]),
            (Some("u9"), Finding::Exact, vec!["eve"])
        ]
    );
    let alike = of(&["u8"]);
    assert!(alike.parts.is_empty() && alike.told.by[0].is_called("ann"), "{alike:?}");
}

#[test]
fn whoever_made_one_of_many_parts_is_among_the_authors_however_many_there_are() {
    let ids: Vec<String> = (0..MANY).map(|number| format!("u{number}")).collect();
    let records: Vec<AuditRecord> = (0..MANY)
        .map(|number| member(number + 1, &format!("p{number}"), "Add member to group", &ids[number]))
        .collect();
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    let who = who(&group(What::Modified, &members), &records);
    for number in 0..MANY {
        assert!(who.told.by.iter().any(|by| by.is_called(&format!("p{number}"))), "{number}");
        assert!(who.names(&format!("P{number}@X.example")), "{number}");
    }
    assert!(who.is_known() && !who.names("eve"));
    let shown = who.shortened();
    assert_eq!((shown.told.by.len(), shown.told.by_more), (MOST_AUTHORS, 2));
}

#[test]
fn a_change_of_which_one_part_has_no_record_is_not_known_and_says_how_many_parts_it_does_not_list() {
    let ids: Vec<String> = (0..=MOST_PARTS).map(|number| format!("u{number}")).collect();
    let members: Vec<&str> = ids.iter().map(String::as_str).collect();
    let last = members[MOST_PARTS];
    let records =
        [member(1, "ann", "Add member to group", "u0"), member(2, "eve", "Add member to group", last)];
    let who = who(&group(What::Modified, &members), &records);
    assert!(who.names("eve") && !who.is_known());
    let shown = who.shortened();
    assert_eq!((shown.parts.len(), shown.parts_more), (MOST_PARTS, 1));
}

/// A user whose further addresses were these, and are those.
fn addressed(before: &[&str], after: &[&str]) -> Change {
    let kind = kinds::get("users").unwrap();
    let object = |mails: &[&str]| json!({ "otherMails": mails }).as_object().unwrap().clone();
    Change {
        kind: kind.name.into(),
        key: "u1".to_owned(),
        attributes: crate::changes::compare_objects(kind, &object(before), &object(after)),
        links: Vec::new(),
        ..group(What::Modified, &[])
    }
}

fn mails(minute: usize, by: &str, old: &[&str], new: &[&str]) -> AuditRecord {
    let modified = json!([{ "displayName": "OtherMail", "oldValue": json!(old).to_string(),
        "newValue": json!(new).to_string() }]);
    record(minute, by, "Update user", &["u1"], &modified)
}

/// The answer, who is named, and who was before.
fn told(change: &Change, records: &[AuditRecord]) -> (Finding, Vec<String>, Vec<String>) {
    let told = who(change, records).told;
    let ids = |of: &[Author]| of.iter().filter_map(|by| by.id.clone()).collect();
    (told.answer, ids(&told.by), ids(&told.earlier))
}

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn whoever_took_one_of_several_values_away_or_added_one_is_the_author() {
    let exact = |by: &str| (Finding::Exact, names(&[by]), names(&[]));
    let went = addressed(&["a", "b"], &["b"]);
    assert_eq!(told(&went, &[mails(1, "ann", &["a", "b"], &["b"])]), exact("ann"));
    let of_three = addressed(&["a", "b", "c"], &["b", "c"]);
    assert_eq!(told(&of_three, &[mails(1, "ann", &["a", "b", "c"], &["b", "c"])]), exact("ann"));
    let came = addressed(&["a"], &["a", "b"]);
    assert_eq!(told(&came, &[mails(1, "ann", &["a"], &["a", "b"])]), exact("ann"));
    // Whoever wrote other values and left these as they were has not made the change.
    let others = [mails(1, "ann", &["a"], &["a", "b"]), mails(2, "bob", &["a", "b"], &["a", "b", "z"])];
    assert_eq!(told(&came, &others), exact("ann"));
}

#[test]
fn of_several_steps_the_last_is_the_author_and_without_its_record_the_others_may_be_meant() {
    let both = addressed(&["a"], &["a", "b", "c"]);
    let ann = mails(1, "ann", &["a"], &["a", "b"]);
    let eve = mails(2, "eve", &["a", "b"], &["a", "b", "c"]);
    assert_eq!(told(&both, &[ann.clone(), eve]), (Finding::Exact, names(&["eve"]), names(&["ann"])));
    assert_eq!(told(&both, &[ann]), (Finding::Probably, names(&["ann"]), names(&[])));
    // What somebody set and somebody set back is seen in no snapshot.
    let back = [mails(1, "ann", &["a"], &["x"]), mails(2, "eve", &["x"], &["a"])];
    assert_eq!(told(&both, &back).0, Finding::NoRecordFound);
}

#[test]
fn what_the_log_does_not_say_of_a_collection_leaves_whoever_wrote_it_among_the_candidates() {
    let went = addressed(&["a", "b"], &["b"]);
    let silent = record(
        1,
        "ann",
        "Update user",
        &["u1"],
        &json!([{ "displayName": "OtherMail", "oldValue": null, "newValue": "[\"b\"]" }]),
    );
    assert_eq!(told(&went, &[silent]), (Finding::Probably, names(&["ann"]), names(&[])));
}
