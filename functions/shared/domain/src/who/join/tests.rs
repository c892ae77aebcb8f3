//! What counts as the author, told with records as Microsoft writes them.

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
    let settled_at = "2026-11-02T10:00:00Z".parse().unwrap();
    let asked = Asked { subject, ids: &ids, deed, knows: &knows, settled_at };
    let found = find_author(&asked, &records.iter().collect::<Vec<_>>());
    let by = |records: Vec<&AuditRecord>| records.iter().map(|r| r.actor.id.clone().unwrap()).collect();
    [by(found.exact.into_iter().collect()), by(found.candidates), by(found.earlier)]
}

fn of_title(after: &str, records: &[AuditRecord]) -> [Vec<String>; 3] {
    let after = json!(after);
    found(
        Subject::User,
        &["u1"],
        Deed::Set { property: "jobTitle", path: "jobTitle", after: &after },
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
    assert_eq!(of_title("Boss", &records)[0], names(&["eve"]));
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

#[test]
fn an_application_of_ours_is_told_with_the_restore_that_ran_at_that_time() {
    let mut written = title(5, "ann", "a", "b");
    written.actor =
        super::super::Actor { sort: ActorSort::Application, id: Some("sp".to_owned()), name: None };
    let (from, until) = ("2026-11-02T09:00:00Z".parse().unwrap(), "2026-11-02T09:10:00Z".parse().unwrap());
    let restore = RestoreId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
    let ours = Ours { restores: vec![(restore.clone(), "sp".to_owned(), from, until)] };
    assert_eq!(ours.restore(&written), Some(&restore));
    let later = AuditRecord { at: "2026-11-02T11:00:00Z".parse().unwrap(), ..written.clone() };
    assert_eq!((ours.restore(&later), ours.wrote(&later)), (None, true));
    assert!(!ours.wrote(&title(5, "sp", "a", "b")));
    assert!(!Ours::default().wrote(&written));
}
