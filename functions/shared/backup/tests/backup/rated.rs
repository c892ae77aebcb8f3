//! What is known of a change beside what differs: how it came about, what follows from what, and how much it matters.

use crate::side_by_side::{SideBySide, Sides, id};
use domain::changes::{Change, Class, How, MOST_LINKS, Reason};
use serde_json::{Value, json};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

async fn told(sides: &Sides) -> Vec<Change> {
    let stage = SideBySide::new(sides).await;
    let (changes, _) = stage.compare(None, 1).await;
    assert_eq!(stage.compare(None, 2).await.0, changes, "in pieces");
    changes
}

fn person(n: usize) -> Value {
    json!({ "id": id(n), "displayName": format!("Person {n}") })
}

/// How the users with these numbers came or went.
fn hows(changes: &[Change], numbers: &[usize]) -> Vec<Option<How>> {
    let of = |n: &usize| changes.iter().find(|c| c.key == id(*n)).and_then(|c| c.rating.how);
    numbers.iter().map(of).collect()
}

#[tokio::test]
async fn of_what_came_or_went_it_is_told_whether_it_lay_or_lies_in_the_recycle_bin() {
    let mut sides = Sides::default();
    sides.object("users", &id(1), Some(person(1)), None);
    sides.object("users", &id(2), Some(person(2)), None);
    sides.object("users", &id(3), None, Some(person(3)));
    sides.object("users", &id(4), None, Some(person(4)));
    sides.object("DeviceConfiguration", &id(5), Some(person(5)), None);
    sides.put("users.bin", &id(1), None, Some(json!("")));
    sides.put("users.bin", &id(3), Some(json!("")), None);
    let changes = told(&sides).await;
    let expected = [How::SoftDeleted, How::HardDeleted, How::Restored, How::New, How::HardDeleted];
    assert_eq!(hows(&changes, &[1, 2, 3, 4, 5]), expected.map(Some));
}

#[tokio::test]
async fn where_the_recycle_bin_was_not_read_it_is_said_that_it_is_not_known() {
    let mut sides = Sides::default();
    sides.object("users", &id(1), Some(person(1)), None);
    sides.object("users", &id(2), None, Some(person(2)));
    assert_eq!(hows(&told(&sides).await, &[1, 2]), [Some(How::Unknown); 2]);
}

#[tokio::test]
async fn who_was_created_again_and_differs_is_told_as_such() {
    let mut sides = Sides { new_ids: vec![(id(1), id(2))], ..Sides::default() };
    sides.object("users", &id(1), Some(person(1)), None);
    sides.object("users", &id(2), None, Some(json!({ "id": id(2), "displayName": "Another name" })));
    let changes = told(&sides).await;
    assert_eq!(hows(&changes, &[1]), [Some(How::Recreated)]);
}

/// A user, who holds the role where it is given, with that property on both sides.
fn with_role(role: Option<&str>, property: &str, before: &Value, after: &Value) -> Sides {
    let user = |value: &Value| Some(json!({ "id": id(1), "displayName": "Person 1", property: value }));
    let mut sides = Sides::default();
    for run in ["roles", "admins", "groups", "groups.members"] {
        sides.runs.entry(run.to_owned()).or_default();
    }
    sides.object("users", &id(1), user(before), user(after));
    if let Some(role) = role {
        let definition = Some(json!({ "id": role, "displayName": "A role", "isBuiltIn": true }));
        sides.object("roles", role, definition.clone(), definition);
        let fact = Some(
            json!({ "id": "f", "principalId": id(1), "roleDefinitionId": role, "directoryScopeId": "/" }),
        );
        sides.put("admins", &format!("{}|{role}|/|", id(1)), fact.clone(), fact);
    }
    sides
}

#[tokio::test]
async fn a_new_password_is_no_difference_and_is_told_to_people_where_the_account_holds_a_role() {
    let (before, after) = (json!("2026-01-01T00:00:00Z"), json!("2026-01-02T00:00:00Z"));
    for (role, is_told) in [(None, false), (Some(GLOBAL_ADMINISTRATOR), true)] {
        let sides = with_role(role, "lastPasswordChangeDateTime", &before, &after);
        let stage = SideBySide::new(&sides).await;
        let changes = stage.compare(None, 1).await.0;
        assert_eq!((changes.len(), changes[0].rating.class), (1, Class::Observed));
        assert_eq!(changes[0].privileged, is_told);
        let counts = stage.counts().await;
        assert_eq!((counts.changes(), counts.observed, counts.privileged), (0, 1, u64::from(is_told)));
    }
}

#[tokio::test]
async fn the_account_of_an_administrator_weighs_more_than_that_of_somebody_else_and_it_is_said_why() {
    let mut weights = Vec::new();
    for role in [None, Some("88d8e3e3-8f55-4a1e-953a-9b9898b8876b"), Some(GLOBAL_ADMINISTRATOR)] {
        let changes = told(&with_role(role, "jobTitle", &json!("A"), &json!("B"))).await;
        weights.push((changes[0].rating.weight, changes[0].rating.reasons.clone()));
    }
    let expected = [(10, vec![]), (70, vec![Reason::AccountWithRole]), (90, vec![Reason::PrivilegedAccount])];
    assert_eq!(weights, expected);
}

#[tokio::test]
async fn what_concerns_an_account_that_is_kept_for_emergencies_weighs_most_whatever_it_is() {
    let mut sides = with_role(Some(GLOBAL_ADMINISTRATOR), "jobTitle", &json!("A"), &json!("B"));
    let group = |n: usize| Some(json!({ "id": id(n), "displayName": "Excluded", "groupTypes": [] }));
    for (n, member) in [(10, 1), (11, 2)] {
        sides.object("groups", &id(n), group(n), group(n));
        let is_user = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
        sides.put("groups.members", &format!("{}/{}", id(n), id(member)), is_user, None);
    }
    sides.object("users", &id(2), Some(person(2)), Some(json!({ "id": id(2), "displayName": "Another" })));
    // The role is taken from it.
    sides.runs.get_mut("admins").unwrap().1.clear();
    let stage = SideBySide::new(&sides).await;
    let reasons = |changes: &[Change], key: &str| {
        let found = changes.iter().find(|change| change.key.starts_with(key)).unwrap();
        let is_marked = found.rating.reasons.contains(&Reason::BreakGlass);
        (is_marked, found.privileged && is_marked, found.weight() == 100)
    };
    let changes = stage.compare(None, 1).await.0;
    for key in [id(1), id(10), id(11), id(2)] {
        assert!(!reasons(&changes, &key).0, "nobody has marked anything: {key}");
    }
    let before = stage.counts().await.privileged;
    stage.mark_break_glass(&id(1)).await;
    let changes = stage.compare(None, 1).await.0;
    // The account itself, a group that it was taken out of, and a role that was taken from it.
    for key in [id(1), id(10), format!("{}|", id(1))] {
        assert_eq!(reasons(&changes, &key), (true, true, true), "{key}");
    }
    for key in [id(2), id(11)] {
        assert_eq!(reasons(&changes, &key), (false, false, false), "{key}");
    }
    assert_eq!(stage.counts().await.privileged, before + 2, "the account and the group, besides the role");
    assert_eq!(stage.compare(None, 2).await.0, changes, "in pieces");
}

#[tokio::test]
async fn what_microsoft_edits_of_a_built_in_role_is_its_own_and_nobodys_change() {
    let role = |n: usize, is_built_in: bool, says: &str| {
        Some(json!({ "id": id(n), "displayName": "A role", "isBuiltIn": is_built_in, "description": says }))
    };
    let mut sides = Sides::default();
    for (n, is_built_in) in [(1, true), (2, false)] {
        sides.object("roles", &id(n), role(n, is_built_in, "one"), role(n, is_built_in, "other"));
    }
    let stage = SideBySide::new(&sides).await;
    let changes = stage.compare(None, 1).await.0;
    let found = |n: usize| changes.iter().find(|c| c.key == id(n)).unwrap();
    assert_eq!((found(1).rating.class, found(1).privileged), (Class::Service, false));
    assert_eq!((found(2).rating.class, found(2).privileged), (Class::Change, true));
    assert_eq!(found(2).rating.reasons, [Reason::RoleDefinition]);
    let counts = stage.counts().await;
    assert_eq!((counts.modified, counts.by_service, counts.privileged), (1, 1, 1));
}

#[tokio::test]
async fn members_that_a_rule_decides_on_follow_from_it_and_addresses_from_the_mail_address() {
    let group = |n: usize, of_types: Value| {
        Some(json!({ "id": id(n), "displayName": "Group", "groupTypes": of_types }))
    };
    let mut sides = Sides::default();
    for (n, of_types) in [(10, json!(["DynamicMembership"])), (11, json!([]))] {
        sides.object("groups", &id(n), group(n, of_types.clone()), group(n, of_types));
        let member = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
        sides.put("groups.members", &format!("{}/{}", id(n), id(1)), None, member);
    }
    let user = |mail: &str| {
        let addresses = json!([format!("SMTP:{mail}")]);
        Some(json!({ "id": id(1), "displayName": "Person 1", "mail": mail, "proxyAddresses": addresses }))
    };
    sides.object("users", &id(1), user("a@example.com"), user("b@example.com"));
    let changes = told(&sides).await;
    let class = |n: usize| changes.iter().find(|c| c.key == id(n)).unwrap().links[0].class;
    assert_eq!((class(10), class(11)), (Class::Derived, Class::Change));
    let user = changes.iter().find(|c| c.key == id(1)).unwrap();
    let classes: Vec<_> = user.attributes.iter().map(|a| (a.path.as_str(), a.class)).collect();
    assert_eq!(classes, [("mail", Class::Change), ("proxyAddresses", Class::Derived)]);
    assert_eq!(user.rating.class, Class::Change);
}

#[tokio::test]
async fn what_happened_is_counted_by_kind() {
    let mut sides = Sides::default();
    sides.object("users", &id(1), Some(person(1)), None);
    sides.object("users", &id(2), None, Some(person(2)));
    sides.object("DeviceConfiguration", &id(5), Some(person(5)), None);
    sides.runs.entry("users.bin".to_owned()).or_default();
    let stage = SideBySide::new(&sides).await;
    stage.compare(None, 2).await;
    let by_kind = stage.by_kind().await;
    let counted: Vec<_> =
        by_kind.iter().map(|(kind, c)| (kind.as_str(), c.created, c.deleted, c.hard_deleted)).collect();
    assert_eq!(counted, [("DeviceConfiguration", 0, 1, 1), ("users", 1, 1, 1)]);
}

#[tokio::test]
async fn a_member_who_is_gone_changes_no_group_also_where_groups_alone_are_compared() {
    let mut sides = Sides::default();
    sides.object("users", &id(1), Some(person(1)), None);
    let group = Some(json!({ "id": id(10), "displayName": "Group" }));
    sides.object("groups", &id(10), group.clone(), group);
    let member = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
    sides.put("groups.members", &format!("{}/{}", id(10), id(1)), member, None);
    let stage = SideBySide::new(&sides).await;
    assert_eq!(stage.compare_kinds(&["groups"]).await, []);
    assert_eq!(stage.compare_kinds(&["groups", "groups"]).await, [], "named twice by an older row");
    let told: Vec<_> = stage.compare_kinds(&["users", "groups"]).await;
    assert_eq!(told.iter().map(|c| (c.key.clone(), c.consequences)).collect::<Vec<_>>(), [(id(1), 1)]);
}

#[tokio::test]
async fn a_group_that_lost_thousands_is_told_in_parts_each_short_enough_and_found_whole() {
    let mut sides = Sides::default();
    let group = Some(json!({ "id": id(10), "displayName": "Group" }));
    sides.object("groups", &id(10), group.clone(), group);
    sides.runs.entry("users".to_owned()).or_default();
    for n in 100..2_600 {
        sides.object("users", &id(n), Some(person(n)), Some(person(n)));
        let member = Some(json!({ "@odata.type": "#microsoft.graph.user" }));
        sides.put("groups.members", &format!("{}/{}", id(10), id(n)), member, None);
    }
    let stage = SideBySide::new(&sides).await;
    let whole = stage.compare(None, 1).await.0;
    assert_eq!((whole.len(), whole[0].links.len()), (1, 2_500));
    let listed = stage.listed(1).await;
    let links: Vec<usize> = listed.iter().map(|part| part.links.len()).collect();
    assert_eq!(links, [MOST_LINKS, MOST_LINKS, 500]);
    assert_eq!(listed.iter().map(|part| part.rating.continued).collect::<Vec<_>>(), [false, true, true]);
    assert_eq!(stage.counts().await.modified, 1);
    assert_eq!(stage.found(support::kind("groups"), &id(10)).await, whole[0]);
}
