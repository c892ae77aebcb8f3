//! What counts as the author, told with records as Microsoft writes them.

use super::super::activities::{ACTIVE, HELD};
use super::super::record::{Actor, ActorSort};
use super::*;
use serde_json::json;

/// A record of a minute after nine, by whom, of what, about which object, with what was modified.
fn record(minute: u8, by: &str, activity: &str, target: &str, modified: &Value) -> AuditRecord {
    let user = json!({ "id": by, "userPrincipalName": format!("{by}@x.example") });
    AuditRecord::read(&json!({
        "id": format!("Directory_{minute}_{by}"), "activityDateTime": format!("2026-11-02T09:{minute:02}:00Z"),
        "activityDisplayName": activity, "loggedByService": "Core Directory", "result": "success",
        "initiatedBy": { "user": user, "app": null },
        "targetResources": [{ "id": target, "modifiedProperties": modified }]
    }))
    .unwrap()
}

fn title(minute: u8, by: &str, old: &str, new: &str) -> AuditRecord {
    let value = |text: &str| json!([text]).to_string();
    let modified = json!([{ "displayName": "JobTitle", "oldValue": value(old), "newValue": value(new) },
        { "displayName": "Included Updated Properties", "oldValue": null, "newValue": "\"JobTitle\"" }]);
    record(minute, by, "Update user", "u1", &modified)
}

/// Who is found of a deed: exactly, of several, and before.
fn found(subject: Subject, ids: &[&str], deed: Deed<'_>, records: &[AuditRecord]) -> [Vec<String>; 3] {
    let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let knows = |name: &str| ["jobTitle", "department"].iter().any(|known| known.eq_ignore_ascii_case(name));
    let (settled_at, ended_at) =
        ("2026-11-02T10:00:00Z".parse().unwrap(), "2026-11-02T10:01:00Z".parse().unwrap());
    let asked = Asked { subject, ids: &ids, deed, knows: &knows, settled_at, ended_at };
    let found = find_author(&asked, &Records::of(records));
    let by = |records: Vec<&AuditRecord>| records.iter().map(|r| r.actor.id.clone().unwrap()).collect();
    [by(found.exact.into_iter().collect()), by(found.candidates), by(found.earlier)]
}

fn of_title(after: &str, records: &[AuditRecord]) -> [Vec<String>; 3] {
    let after = json!(after);
    found(
        Subject::User,
        &["u1"],
        Deed::Set { property: "jobTitle", path: "jobTitle", after: &after, items: &[] },
        records,
    )
}

const NOBODY: [Vec<String>; 3] = [Vec::new(), Vec::new(), Vec::new()];

fn names(of: &[&str]) -> Vec<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn the_author_is_whoever_set_the_value_that_is_there_and_steps_before_are_told() {
    let records = [title(1, "ann", "Clerk", "Boss"), title(2, "bob", "Boss", "Analyst")];
    assert_eq!(of_title("analyst", &records), [names(&["bob"]), names(&[]), names(&["ann"])]);
}

#[test]
fn of_two_who_set_the_same_value_the_last_is_the_author() {
    let records = [
        title(1, "ann", "Clerk", "Boss"),
        title(2, "bob", "Boss", "Clerk"),
        title(3, "eve", "Clerk", "Boss"),
    ];
    assert_eq!(of_title("Boss", &records), [names(&["eve"]), names(&[]), names(&["ann", "bob"])]);
    let again = [title(1, "ann", "Clerk", "Boss"), title(2, "ann", "Boss", "Boss")];
    assert_eq!(of_title("Boss", &again), [names(&["ann"]), names(&[]), names(&[])]);
}

#[test]
fn whoever_set_another_value_is_not_the_author_where_the_record_of_the_last_is_missing() {
    assert_eq!(
        of_title("Analyst", &[title(1, "ann", "Clerk", "Boss")]),
        [names(&[]), names(&[]), names(&["ann"])]
    );
}

#[test]
fn where_a_later_record_says_something_else_one_is_missing_and_nobody_is_the_author() {
    let records = [title(1, "ann", "Clerk", "Boss"), title(2, "bob", "Boss", "Analyst")];
    assert_eq!(of_title("Boss", &records), [names(&[]), names(&[]), names(&["ann", "bob"])]);
}

#[test]
fn which_of_two_at_one_moment_was_the_last_is_not_known_and_both_are_shown() {
    let records = [title(1, "ann", "Clerk", "Boss"), title(1, "bob", "Boss", "Analyst")];
    assert_eq!(of_title("Boss", &records), [names(&[]), names(&["bob", "ann"]), names(&[])]);
}

#[test]
fn a_change_of_another_property_an_attempt_and_another_object_name_nobody() {
    let modified = json!([{ "displayName": "Department", "oldValue": "[]", "newValue": "[\"Analyst\"]" }]);
    let other = record(1, "ann", "Update user", "u1", &modified);
    let failed = AuditRecord { succeeded: false, ..title(2, "bob", "Clerk", "Analyst") };
    let elsewhere = AuditRecord { targets: vec![], ..title(3, "eve", "Clerk", "Analyst") };
    assert_eq!(of_title("Analyst", &[other, failed, elsewhere]), NOBODY);
}

#[test]
fn a_record_that_names_nothing_or_what_nobody_knows_may_be_meant() {
    let silent = record(1, "ann", "Update user", "u1", &json!([]));
    let unknown =
        record(2, "bob", "Update user", "u1", &json!([{ "displayName": "MsNewThing", "newValue": "[1]" }]));
    assert_eq!(of_title("Analyst", &[silent, unknown]), [names(&[]), names(&["bob", "ann"]), names(&[])]);
}

#[test]
fn a_value_that_was_taken_out_of_the_record_names_whoever_may_have_set_it() {
    let modified =
        json!([{ "displayName": "JobTitle", "oldValue": null, "newValue": null, "stripped": true }]);
    let stripped = record(1, "ann", "Update user", "u1", &modified);
    assert_eq!(of_title("Analyst", &[stripped]), [names(&[]), names(&["ann"]), names(&[])]);
}

#[test]
fn a_member_that_was_added_is_joined_by_both_ids_and_an_addition_to_another_group_is_not() {
    let added = |minute, by, group: &str| {
        let modified = json!([{ "displayName": "Group.ObjectID", "oldValue": null, "newValue": json!(group).to_string() }]);
        record(minute, by, "Add member to group", "u1", &modified)
    };
    let deed = Deed::Linked { relation: "members", to: "u1", within: None, is_made: true };
    let records = [added(1, "ann", "g1"), added(2, "bob", "g2")];
    assert_eq!(found(Subject::Group, &["g1"], deed, &records), [names(&["ann"]), names(&[]), names(&[])]);
    let removed = Deed::Linked { relation: "members", to: "u1", within: None, is_made: false };
    assert_eq!(found(Subject::Group, &["g1"], removed, &records), [names(&[]), names(&[]), names(&["ann"])]);
}

#[test]
fn a_role_over_a_unit_is_another_one_than_that_over_the_directory() {
    let given = |minute, by, activity: &str, scope: &str| {
        let modified = json!([{ "displayName": "Role.TemplateId", "newValue": "\"r1\"" },
            { "displayName": "AdministrativeUnit.ObjectID", "newValue": json!(scope).to_string() }]);
        record(minute, by, activity, "u1", &modified)
    };
    let records =
        [given(1, "ann", "Add member to role", ""), given(2, "bob", "Add scoped member to role", "a1")];
    let of = |within| {
        let deed = Deed::Linked { relation: HELD, to: "r1", within, is_made: true };
        found(Subject::RoleAssignment, &["u1"], deed, &records)[0].clone()
    };
    assert_eq!((of(None), of(Some("a1"))), (names(&["ann"]), names(&["bob"])));
}

#[test]
fn a_role_that_a_record_names_by_an_id_of_its_own_may_be_meant_and_another_template_is_not() {
    let given = |minute, by, name: &str, value: &str| {
        let modified = json!([{ "displayName": name, "newValue": json!(value).to_string() }]);
        record(minute, by, "Add member to role", "u1", &modified)
    };
    let deed = Deed::Linked { relation: HELD, to: "r1", within: None, is_made: true };
    let records = [given(1, "ann", "Role.ObjectID", "x9"), given(2, "bob", "Role.TemplateId", "r2")];
    assert_eq!(
        found(Subject::RoleAssignment, &["u1"], deed, &records),
        [names(&[]), names(&["ann"]), names(&[])]
    );
}

#[test]
fn whoever_deleted_somebody_is_the_author_and_not_whoever_emptied_the_recycle_bin() {
    let deleted = record(1, "ann", "Delete user", "u1", &json!([]));
    let purged = record(2, "bob", "Hard Delete user", "u1", &json!([]));
    let of = |records: &[AuditRecord]| found(Subject::User, &["u1"], Deed::Deleted, records)[0].clone();
    assert_eq!(of(&[deleted, purged.clone()]), names(&["ann"]));
    assert_eq!(of(&[purged]), names(&["bob"]));
}

/// The record at so many minutes after ten: the later side was read from ten o'clock, for a minute.
fn after_ten(minutes: u8, record: AuditRecord) -> AuditRecord {
    AuditRecord { at: format!("2026-11-02T10:{minutes:02}:00Z").parse().unwrap(), ..record }
}

#[test]
fn whoever_acted_after_the_later_side_was_read_is_neither_the_author_nor_against_them() {
    let ann = title(10, "ann", "Clerk", "Boss");
    let since =
        [after_ten(5, title(5, "bob", "Boss", "Clerk")), after_ten(9, title(9, "carol", "Clerk", "Boss"))];
    let all: Vec<AuditRecord> = std::iter::once(ann).chain(since.clone()).collect();
    assert_eq!(of_title("Boss", &all), [names(&["ann"]), names(&[]), names(&[])]);
    // By clocks that differ they may be meant, where nobody did it before.
    assert_eq!(of_title("Boss", &since), [names(&[]), names(&["carol"]), names(&[])]);
}

#[test]
fn whoever_acted_while_the_later_side_was_read_is_the_author_where_nobody_was_before() {
    let records = [
        title(10, "ann", "Clerk", "Boss"),
        title(20, "bob", "Boss", "Clerk"),
        after_ten(0, title(0, "carol", "Clerk", "Boss")),
    ];
    assert_eq!(of_title("Boss", &records), [names(&["carol"]), names(&[]), names(&["ann", "bob"])]);
    assert_eq!(of_title("Boss", &records[2..])[0], names(&["carol"]));
}

/// A role that somebody gave to `u1`, as the directory's own log has it.
fn given(minute: u8, by: &str, activity: &str) -> AuditRecord {
    let modified = json!([{ "displayName": "Role.TemplateId", "newValue": "\"r1\"" }]);
    record(minute, by, activity, "u1", &modified)
}

/// What Privileged Identity Management writes of `u1` and that role: the role, the request, the person.
fn managed(minute: u8, by: &str, activity: &str, role: &str) -> AuditRecord {
    let mut record = record(minute, by, activity, role, &json!([]));
    let target = record.targets[0].clone();
    let of = |id: &str| super::super::Target { id: Some(id.to_owned()), ..target.clone() };
    record.targets.extend([of("request"), of("u1")]);
    record
}

fn by_pim(record: AuditRecord) -> AuditRecord {
    let name = Some("MS-PIM".to_owned());
    AuditRecord { actor: Actor { sort: ActorSort::Application, id: Some("pim".to_owned()), name }, ..record }
}

#[test]
fn whoever_activates_a_role_is_not_the_one_who_gave_it_and_who_gave_it_has_not_activated_it() {
    const ACTIVATION: &str = "Add member to role completed (PIM activation)";
    let of = |relation, records: &[AuditRecord]| {
        let deed = Deed::Linked { relation, to: "r1", within: None, is_made: true };
        found(Subject::RoleAssignment, &["u1"], deed, records)
    };
    let ann = given(1, "ann", "Add member to role");
    let carried = by_pim(given(2, "x", "Add member to role"));
    for role in ["r1", "id-of-its-own"] {
        let all = [ann.clone(), managed(2, "u1", ACTIVATION, role), carried.clone()];
        assert_eq!(of(HELD, &all), [names(&["ann"]), names(&[]), names(&[])], "{role}");
        let activated = of(ACTIVE, &all);
        let named = [activated[0].clone(), activated[1].clone()].concat();
        assert!(named.contains(&"u1".to_owned()) && !named.contains(&"ann".to_owned()), "{activated:?}");
        assert_eq!(activated[0].is_empty(), role != "r1", "{activated:?}");
    }
    // Where there is nothing but what carries it out, it may be either.
    let alone = [carried];
    assert_eq!(of(HELD, &alone), [names(&[]), names(&["pim"]), names(&[])]);
    assert_eq!(of(ACTIVE, &alone), [names(&[]), names(&["pim"]), names(&[])]);
    // A role that was given for good through it is by whoever decided so.
    let decided = managed(1, "eve", "Add member to role in PIM completed (permanent)", "r1");
    assert_eq!(of(HELD, &[decided, alone[0].clone()])[0], names(&["eve"]));
}

#[test]
fn what_expires_is_no_role_that_somebody_took_away() {
    let expired = managed(5, "x", "Remove member from role (PIM activation expired)", "r1");
    let deed = |relation, is_made| Deed::Linked { relation, to: "r1", within: None, is_made };
    let of = |deed| {
        found(
            Subject::RoleAssignment,
            &["u1"],
            deed,
            &[given(1, "ann", "Add member to role"), expired.clone()],
        )
    };
    assert_eq!(of(deed(HELD, false)), [names(&[]), names(&[]), names(&["ann"])]);
    assert_eq!(of(deed(ACTIVE, false))[0], names(&["x"]));
    // Nor does its end speak against who gave the role.
    assert_eq!(of(deed(HELD, true))[0], names(&["ann"]));
}

#[test]
fn of_two_groups_in_each_other_each_membership_has_its_own_author() {
    let added = |minute, by, activity: &str, member: &str, group: &str, has_value: bool| {
        let value = json!(group).to_string();
        let modified = json!([{ "displayName": "Group.ObjectID", "oldValue": null, "newValue": value }]);
        let modified = if has_value { modified } else { json!([]) };
        let mut record = record(minute, by, activity, member, &modified);
        let target = super::super::Target { id: Some(group.to_owned()), modified: vec![] };
        record.targets.push(target);
        record
    };
    for has_value in [true, false] {
        let records = [
            added(1, "ann", "Add member to group", "g1", "g2", has_value),
            added(2, "bob", "Add member to group", "g2", "g1", has_value),
        ];
        let of = |group, member, records: &[AuditRecord]| {
            let deed = Deed::Linked { relation: "members", to: member, within: None, is_made: true };
            found(Subject::Group, &[group], deed, records)
        };
        assert_eq!(of("g2", "g1", &records), [names(&["ann"]), names(&[]), names(&[])], "{has_value}");
        assert_eq!(of("g1", "g2", &records), [names(&["bob"]), names(&[]), names(&[])], "{has_value}");
        let removed = added(3, "bob", "Remove member from group", "g2", "g1", has_value);
        let [ann, _] = records;
        assert_eq!(of("g2", "g1", &[ann, removed])[0], names(&["ann"]), "{has_value}");
    }
}

#[test]
fn of_two_people_who_manage_each_other_the_record_of_the_other_one_is_not_exact() {
    let managed = |minute, by, person: &str, manager: &str| {
        let mut record = record(minute, by, "Set user manager", person, &json!([]));
        record.targets.push(super::super::Target { id: Some(manager.to_owned()), modified: vec![] });
        record
    };
    let records = [managed(1, "ann", "u1", "u2"), managed(2, "bob", "u2", "u1")];
    let deed = Deed::Linked { relation: "manager", to: "u2", within: None, is_made: true };
    assert_eq!(found(Subject::User, &["u1"], deed, &records)[0], names(&["ann"]));
}

#[test]
fn a_record_is_taken_apart_once_however_many_links_are_asked_for() {
    let added = |number: u32| {
        let modified = json!([{ "displayName": "Group.ObjectID", "newValue": "\"g1\"" }]);
        record(1, "ann", "Add member to group", &format!("u{number}"), &modified)
    };
    let all: Vec<AuditRecord> = (0..900).map(added).collect();
    let before = super::super::record::readings();
    let records = Records::of(&all);
    let ids = ["g1".to_owned()];
    for number in 0..900 {
        let to = format!("u{number}");
        let deed = Deed::Linked { relation: "members", to: &to, within: None, is_made: true };
        let (settled_at, ended_at) = (Timestamp::MAX, Timestamp::MAX);
        let asked =
            Asked { subject: Subject::Group, ids: &ids, deed, knows: &|_| true, settled_at, ended_at };
        assert_eq!(asked.judge(&records, Act::Delete).len(), 1);
    }
    assert_eq!(super::super::record::readings() - before, all.len());
}
