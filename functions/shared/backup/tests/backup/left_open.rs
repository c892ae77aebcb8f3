//! What a filter leaves open since the snapshot does not know it, and what it says of that: an answer is complete only where
//! nobody could be meant who is not among the items.

use crate::membership::{Graph, meant, not_held, shelf_of};
use crate::shelf::Shelf;
use backup::commands::filter::Filtered;
use backup::commands::search::Found;
use domain::kinds;
use engine::ports::{Clock, Page};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// User 0 is in group 5, which is in group 6, which holds role 1; user 1 may activate role 2.
fn graph() -> Graph {
    Graph { members: vec![(5, 0), (6, 5)], hiding: BTreeSet::new(), grants: vec![(6, 1, 0), (1, 2, 2)] }
}

fn ids(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn held(kind: &str, part: Option<&str>) -> (String, Option<String>) {
    (kind.to_owned(), part.map(str::to_owned))
}

async fn ask(shelf: &Shelf, kind: &str, filter: &str, name: Option<&str>) -> Found {
    let asked = Filtered { kind: kinds::get(kind).unwrap(), filter, name };
    let page = Page { after: None, limit: 200, descending: false };
    shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap()
}

fn keys(found: &Found) -> Vec<&str> {
    found.items.iter().map(|hit| hit.key.as_str()).collect()
}

#[tokio::test]
async fn whoever_holds_a_role_that_could_not_be_read_is_left_open_where_a_filter_asks_by_its_name() {
    let by_name = |role: &str| format!("rolesHeld/any(r: r/displayName eq '{role}')");
    let by_id = "rolesHeld/any(r: r/id eq 'r1')".to_owned();
    let holders = ids(&["u0", "g5", "g6"]);
    let mut shelf = shelf_of(&graph()).await;
    assert_eq!(meant(&shelf, &by_name("Role 1")).await, (holders.clone(), 0));
    // The role is as an earlier snapshot had it, or is not held at all: what it is called is not known.
    shelf.miss("roles/r1", "Graph cannot read it").await;
    assert_eq!(meant(&shelf, &by_name("Role 1")).await, (ids(&[]), 3));
    assert_eq!(meant(&shelf, &by_name("Role 2")).await, (ids(&["u1"]), 3));
    assert_eq!(meant(&shelf, &format!("not {}", by_name("Role 1"))).await.1, 3);
    assert_eq!(meant(&shelf, &by_id).await, (holders.clone(), 0));
    assert_eq!(not_held(&shelf, &by_name("Role 1")).await, [held("roles", Some("r1"))]);
    assert_eq!(not_held(&shelf, &by_id).await, []);
    shelf.hold("roles", &[("r2", r#"{"id":"r2","displayName":"Role 2"}"#)]).await;
    shelf.miss("roles/unknown", "Graph cannot read it").await;
    assert_eq!(meant(&shelf, &by_name("Role 1")).await, (ids(&[]), 3));
    assert_eq!(not_held(&shelf, &by_name("Role 1")).await, [held("roles", Some("unknown"))]);
    // None of them could be read.
    shelf.drop_run("roles").await;
    shelf.miss("roles", "RoleManagement.Read.Directory is not granted").await;
    assert_eq!(meant(&shelf, &by_name("Role 1")).await, (ids(&[]), 4));
    assert_eq!(meant(&shelf, &by_id).await, (holders, 0));
    assert_eq!(not_held(&shelf, &by_name("Role 1")).await, [held("roles", None)]);
}

#[tokio::test]
async fn why_it_is_open_who_holds_a_role_is_said_with_the_kind_that_could_not_be_read() {
    let mut shelf = shelf_of(&graph()).await;
    shelf.drop_run("eligibleAdmins").await;
    shelf.miss("eligibleAdmins", "RoleManagement.Read.Directory is not granted").await;
    let found = ask(&shelf, "users", "rolesHeld/any(r: r/isEligible eq true)", None).await;
    assert_eq!((found.undecided, found.complete), (4, false));
    let said: Vec<_> = found
        .searched
        .not_held
        .iter()
        .map(|held| (held.kind.to_string(), held.part.as_deref(), held.why.as_deref()))
        .collect();
    let why = Some("RoleManagement.Read.Directory is not granted");
    assert_eq!(
        said,
        [("users".to_owned(), Some("rolesHeld"), None), ("eligibleAdmins".to_owned(), None, why)]
    );
    assert_eq!(not_held(&shelf, "memberOf/any()").await, [], "who is in a group does not depend on it");
}

#[tokio::test]
async fn groups_that_hide_their_members_are_said_to_and_only_where_there_are_some() {
    let hides = Graph { hiding: BTreeSet::from([7]), ..graph() };
    let filter = "memberOf/any(g: g/id eq 'g7')";
    assert_eq!(not_held(&shelf_of(&hides).await, filter).await, [held("groups", Some("hiddenMembers"))]);
    assert_eq!(not_held(&shelf_of(&graph()).await, filter).await, []);
}

#[tokio::test]
async fn an_object_that_could_not_be_read_is_left_open_whether_or_not_an_earlier_one_is_held() {
    let mut shelf = shelf_of(&graph()).await;
    for (missing, filter, is, open) in [
        ("users/u1", "displayName eq 'Name 1'", vec![], 1),
        ("users/u1", "displayName ne 'Name 1'", vec!["u0", "u2", "u3"], 1),
        ("users/u1", "id eq 'u1'", vec!["u1"], 0),
        ("users/u1", "rolesHeld/any(r: r/id eq 'r2')", vec!["u1"], 0),
        ("users/u1", "id ne 'u1'", vec!["u0", "u2", "u3"], 0),
        // Of one that is not held at all nothing is known.
        ("users/u9", "displayName eq 'Name 1'", vec!["u1"], 1),
        ("users/unknown", "id eq 'u1'", vec!["u1"], 1),
        ("groups/g5", "displayName eq 'Name 1'", vec!["u1"], 0),
    ] {
        shelf.miss(missing, "Graph cannot read it").await;
        let found = ask(&shelf, "users", filter, None).await;
        assert_eq!((keys(&found), found.undecided), (is, open), "{filter}, where {missing} is missing");
        assert_eq!(found.complete, open == 0);
    }
    // What somebody is called is not known either.
    shelf.miss("users/u1", "Graph cannot read it").await;
    for (name, is, open) in [("name 1", vec![], 1), ("name 2", vec!["u2"], 1)] {
        let found = ask(&shelf, "users", "id ne 'x'", Some(name)).await;
        assert_eq!((keys(&found), found.undecided), (is, open), "{name}");
    }
}

#[tokio::test]
async fn what_is_not_held_of_a_kind_is_counted_once_over_all_pages() {
    let mut shelf = shelf_of(&graph()).await;
    shelf.miss("users/u9", "Graph cannot read it").await;
    let (mut after, mut undecided) = (None, Vec::new());
    loop {
        let asked = Filtered { kind: kinds::get("users").unwrap(), filter: "id ne 'x'", name: None };
        let page = Page { after, limit: 1, descending: false };
        let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
        undecided.push(found.undecided);
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(undecided, [1, 1, 1, 1]);
}

#[tokio::test]
async fn an_assignment_that_could_not_be_read_is_known_by_its_id_at_graph_and_not_by_its_key() {
    let mut shelf = shelf_of(&graph()).await;
    let fact = json!({ "id": "a1", "principalId": "u1", "roleDefinitionId": "r1", "directoryScopeId": "/" });
    shelf.hold("admins", &[("u1|r1|/|", &fact.to_string())]).await;
    for (missing, is, open) in
        [("admins/a1", vec![], 1), ("admins/a2", vec!["u1|r1|/|"], 1), ("users/x", vec!["u1|r1|/|"], 0)]
    {
        shelf.miss(missing, "Graph cannot read it").await;
        let found = ask(&shelf, "admins", "principalId eq 'u1'", None).await;
        assert_eq!((keys(&found), found.undecided), (is, open), "{missing}");
    }
}

#[tokio::test]
async fn a_role_is_held_from_the_beginning_of_its_schedule_to_its_end() {
    let mut shelf = shelf_of(&graph()).await;
    let now = shelf.world.clock.now();
    let at = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    let schedule = |role: &str, info: Value| {
        json!({ "id": role, "principalId": "u3", "roleDefinitionId": role, "directoryScopeId": "/", "scheduleInfo": info })
            .to_string()
    };
    let later = schedule("r0", json!({ "startDateTime": at(1), "expiration": { "type": "noExpiration" } }));
    let now_on = schedule("r1", json!({ "startDateTime": at(-2), "expiration": { "endDateTime": at(1) } }));
    let over = schedule(
        "r2",
        json!({ "startDateTime": at(-2), "expiration": { "type": "afterDuration", "duration": "PT1H" } }),
    );
    let facts = [("u3|r0|/|", later.as_str()), ("u3|r1|/|", &now_on), ("u3|r2|/|", &over)];
    for kind in ["activeAdmins", "eligibleAdmins"] {
        shelf.hold(kind, &facts).await;
    }
    shelf.seal_another().await;
    for (role, is) in [("r0", false), ("r1", true), ("r2", false)] {
        let found = ask(&shelf, "users", &format!("rolesHeld/any(r: r/id eq '{role}')"), None).await;
        assert_eq!(keys(&found).contains(&"u3"), is, "{role}");
    }
}

#[tokio::test]
async fn a_term_that_can_be_about_nothing_that_was_looked_at_is_named_and_what_an_earlier_page_met_is_not() {
    let mut shelf = Shelf::of(&[]).await;
    let policies = [
        (
            "p1",
            json!({ "id": "p1", "name": "X", "roleScopeTagIds": ["0"], "settings": [{ "settingInstance": { "settingDefinitionId": "x" } }] }),
        ),
        ("p2", json!({ "id": "p2", "name": "Y", "settingCount": 1, "roleScopeTagIds": [], "settings": [] })),
        ("p3", json!({ "id": "p3", "name": "Z", "roleScopeTagIds": ["0", "1"] })),
    ];
    let policies: Vec<_> = policies.iter().map(|(id, policy)| (*id, policy.to_string())).collect();
    let records: Vec<_> = policies.iter().map(|(id, text)| (*id, text.as_str())).collect();
    shelf.hold("ConfigurationPolicies", &records).await;
    shelf.seal_another().await;
    for (filter, is, open, named) in [
        ("settings/settingInstance/settingDefinitionId eq 'x'", vec![], 2, Some("a collection")),
        ("settings/settingInstance/settingDefinitionId eq null", vec!["p3"], 2, Some("a collection")),
        ("roleScopeTagIds ne '0'", vec![], 3, Some("a collection")),
        ("settings/any(s: s/settingInstance/settingDefinitionId eq 'x')", vec!["p1"], 0, None),
        ("settings/any(s: s/settingInstance/definition eq 'x')", vec![], 0, Some("of this name")),
        ("name/any()", vec![], 0, Some("without any")),
        ("settingCount eq '1'", vec![], 0, Some("of the type")),
        // The only policy that has it is on the second of three pages.
        ("settingCount ne 2", vec!["p1", "p2", "p3"], 0, None),
    ] {
        let (mut keys, mut after, mut last) = (Vec::new(), None, Vec::new());
        let mut undecided = 0;
        for _ in 0..4 {
            let kind = kinds::get("ConfigurationPolicies").unwrap();
            let asked = Filtered { kind, filter, name: None };
            let page = Page { after, limit: 1, descending: false };
            let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
            keys.extend(found.items.into_iter().map(|hit| hit.key));
            (after, last, undecided) = (found.next, found.searched.not_held, found.undecided);
            if after.is_none() {
                break;
            }
        }
        assert_eq!((keys.iter().map(String::as_str).collect::<Vec<_>>(), undecided), (is, open), "{filter}");
        let why = last.first().and_then(|held| held.why.as_deref());
        assert!(last.len() <= 1 && why.is_some() == named.is_some(), "{filter}: {last:?}");
        assert!(named.is_none_or(|words| why.unwrap().contains(words)), "{filter}: {last:?}");
    }
}
