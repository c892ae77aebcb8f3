//! Tenants made by chance, before and after: people, groups within groups, who holds Global Administrator and how. Restored
//! as a whole, whatever the run writes and wherever it is cut off, somebody who could administer the tenant still can.

use crate::restore_world::{RestoreWorld, Table, object, whole};
use domain::restore::{GLOBAL_ADMINISTRATOR, Remark};
use engine::records::RestoreState;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const PEOPLE: usize = 5;
const GROUPS: usize = 4;
/// Message Center Reader. Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
const OTHER_ROLE: &str = "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b";

/// Where somebody is, and whether they can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    Enabled,
    Disabled,
    Invited,
    Binned,
    Gone,
}

/// A group: whether it follows a rule, and who belongs to it, groups included.
#[derive(Clone, Debug)]
struct Group {
    is_dynamic: bool,
    people: u8,
    groups: u8,
}

/// One side of a tenant. Of each principal, people first, a bit in each of these numbers says how they hold a role.
#[derive(Clone, Debug)]
struct Side {
    people: Vec<Is>,
    groups: Vec<Option<Group>>,
    for_good: u16,
    for_a_time: u16,
    eligible: u16,
    other: u16,
}

fn side() -> impl Strategy<Value = Side> {
    let is = prop_oneof![
        4 => Just(Is::Enabled), 2 => Just(Is::Disabled), 1 => Just(Is::Invited), 1 => Just(Is::Binned), 1 => Just(Is::Gone)
    ];
    let group = (prop::bool::weighted(0.2), any::<u8>(), any::<u8>())
        .prop_map(|(is_dynamic, people, groups)| Group { is_dynamic, people, groups });
    let people = prop::collection::vec(is, PEOPLE);
    let groups = prop::collection::vec(prop::option::weighted(0.8, group), GROUPS);
    // Few hold it for good: a lock-out is near.
    let few = || (any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(a, b, c)| a & b & c);
    (people, groups, few(), few(), few(), any::<u16>()).prop_map(
        |(people, groups, for_good, for_a_time, eligible, other)| Side {
            people,
            groups,
            for_good,
            for_a_time,
            eligible,
            other,
        },
    )
}

/// The objects of a side, with their links; `is_live`: what is in the recycle bin is among them or is not.
fn table(side: &Side, is_live: bool) -> Table {
    let mut table = Table::new();
    let there = |person: usize| match side.people[person] {
        Is::Gone => false,
        Is::Binned => !is_live,
        Is::Enabled | Is::Disabled | Is::Invited => true,
    };
    let mut put = |kind: &str, key: &str, value: &Value, links: Vec<(String, String)>| {
        let (kind, key, object) = object(kind, key, value);
        table.insert((kind, key), (object, links));
    };
    for person in (0..PEOPLE).filter(|person| there(*person)) {
        let (id, is) = (format!("u{person}"), side.people[person]);
        let mut user = json!({ "userPrincipalName": format!("{id}@x.y"), "displayName": id, "mailNickname": id,
            "accountEnabled": is != Is::Disabled });
        if is == Is::Invited {
            user["externalUserState"] = json!("PendingAcceptance");
        }
        put("users", &id, &user, vec![]);
    }
    for (number, group) in side.groups.iter().enumerate() {
        let Some(group) = group else { continue };
        let id = format!("g{number}");
        let people = (0..PEOPLE).filter(|p| there(*p) && group.people >> p & 1 == 1).map(|p| format!("u{p}"));
        let is_other = |g: &usize| *g != number && side.groups[*g].is_some() && group.groups >> g & 1 == 1;
        let nested = (0..GROUPS).filter(is_other).map(|g| format!("g{g}"));
        let members = people.chain(nested).filter(|_| !group.is_dynamic);
        let links = members.map(|to| ("groups.members".to_owned(), to)).collect();
        let mut object = json!({ "displayName": id, "mailNickname": id, "isAssignableToRole": !group.is_dynamic,
            "groupTypes": [], "securityEnabled": true, "mailEnabled": false });
        if group.is_dynamic {
            object["groupTypes"] = json!(["DynamicMembership"]);
            object["membershipRule"] = json!("user.department -eq \"x\"");
        }
        put("groups", &id, &object, links);
    }
    let people = (0..PEOPLE).map(|p| there(p).then(|| format!("u{p}")));
    let groups = (0..GROUPS).map(|g| side.groups[g].is_some().then(|| format!("g{g}")));
    for (bit, principal) in people.chain(groups).enumerate() {
        let Some(principal) = principal else { continue };
        let is_in = |mask: u16| mask >> bit & 1 == 1;
        let mut fact = |kind: &str, role: &str, schedule: Option<&Value>| {
            let mut fact =
                json!({ "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/" });
            if let Some(expiration) = schedule {
                fact["assignmentType"] = json!("Assigned");
                fact["scheduleInfo"] =
                    json!({ "startDateTime": "2020-01-01T00:00:00Z", "expiration": expiration });
            }
            put(kind, &format!("{principal}|{role}|/|"), &fact, vec![]);
        };
        let until = json!({ "type": "afterDateTime", "endDateTime": "2099-01-01T00:00:00Z" });
        if is_in(side.for_good | side.for_a_time) {
            fact("admins", GLOBAL_ADMINISTRATOR, None);
        }
        if is_in(side.for_a_time) {
            fact("activeAdmins", GLOBAL_ADMINISTRATOR, Some(&until));
        }
        if is_in(side.eligible) {
            fact("eligibleAdmins", GLOBAL_ADMINISTRATOR, Some(&json!({ "type": "noExpiration" })));
        }
        if is_in(side.other) {
            fact("admins", OTHER_ROLE, None);
        }
    }
    table
}

/// A world with these two sides.
fn world(then: &Side, now: &Side) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.snapshot = table(then, true);
    let (live, with_bin) = (table(now, true), table(now, false));
    for ((kind, key), (object, _)) in &with_bin {
        let is_binned = kind == "users" && !live.contains_key(&(kind.clone(), key.clone()));
        if is_binned || live.contains_key(&(kind.clone(), key.clone())) {
            stage.directory.insert(kind, key, object.clone());
        }
    }
    for ((_, key), (_, links)) in &live {
        for (link, to) in links {
            stage.directory.link(link, key, to);
        }
    }
    for (kind, key) in with_bin.keys().filter(|at| at.0 == "users" && !live.contains_key(*at)) {
        stage.directory.soft_delete(kind, key);
    }
    stage
}

/// Enabled people who hold Global Administrator, directly or as members of a group; for good, or at all.
fn administrators(table: &Table, at_all: bool) -> BTreeSet<String> {
    let is = |object: &Map<String, Value>, property: &str, value: Value| object.get(property) == Some(&value);
    let find = |kind: &str, key: &str| table.get(&(kind.to_owned(), key.to_owned()));
    let mut found = BTreeSet::new();
    for ((kind, key), (fact, _)) in table {
        if kind != "admins" || !is(fact, "roleDefinitionId", json!(GLOBAL_ADMINISTRATOR)) {
            continue;
        }
        if !at_all
            && find("activeAdmins", key)
                .is_some_and(|(one, _)| one["scheduleInfo"]["expiration"]["type"] != "noExpiration")
        {
            continue;
        }
        let principal = fact["principalId"].as_str().unwrap();
        // Graph takes the members out of a group that comes to follow a rule; whom the rule finds is not known.
        let group = find("groups", principal)
            .filter(|(group, _)| !is(group, "groupTypes", json!(["DynamicMembership"])));
        let members = group.into_iter().flat_map(|(_, links)| links).map(|(_, to)| to.as_str());
        for person in members.chain([principal]) {
            // Nobody knows the password of who was made anew.
            let signs_in = |user: &Map<String, Value>| {
                is(user, "accountEnabled", json!(true))
                    && !is(user, "externalUserState", json!("PendingAcceptance"))
            };
            if find("users", person).is_some_and(|(user, _)| signs_in(user)) && !person.starts_with("new") {
                found.insert(person.to_owned());
            }
        }
    }
    found
}

async fn keeps_an_administrator(then: &Side, now: &Side) {
    let stage = world(then, now);
    let before = stage.directory.table();
    let mut chosen: Vec<(String, String)> = stage.snapshot.keys().chain(before.keys()).cloned().collect();
    chosen.sort();
    chosen.dedup();
    let chosen: Vec<(&str, &str)> = chosen.iter().map(|(kind, key)| (kind.as_str(), key.as_str())).collect();
    if chosen.is_empty() {
        return;
    }
    let restore = stage.previewed(whole(&chosen)).await;
    let plan = stage.plan(&restore).await;
    let (lasting, any) = (administrators(&before, false), administrators(&before, true));
    if plan.steps.is_empty() {
        return;
    }
    let states = stage.run_watched(&restore).await;
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Done);
    for (number, state) in states.iter().enumerate() {
        let at = || format!("after write {} of {}: {plan:#?}", number + 1, states.len());
        assert!(lasting.is_empty() || !administrators(state, false).is_empty(), "{}", at());
        assert!(any.is_empty() || !administrators(state, true).is_empty(), "{}", at());
    }
    let is_told = plan.remarks.contains(&Remark::NoAdministrator);
    assert!(is_told || !lasting.is_empty() || plan.remarks.is_empty(), "{:?}", plan.remarks);
    assert!(!is_told || lasting.is_empty(), "{:?}", plan.remarks);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn after_each_write_of_a_run_somebody_administers_the_tenant_if_somebody_did(then in side(), now in side()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(keeps_an_administrator(&then, &now));
    }
}
