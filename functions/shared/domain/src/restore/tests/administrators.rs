use super::super::{Guard, IdMap, Remark, gains, may_lose};
use super::*;
use crate::restore::GLOBAL_ADMINISTRATOR;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn user(id: &str, enabled: &Value) -> Held {
    held(
        &json!({"id": id, "displayName": id, "userPrincipalName": format!("{id}@x.y"), "accountEnabled": enabled}),
    )
}

fn group(id: &str, members: &[&str]) -> Held {
    let object = json!({"id": id, "displayName": id, "isAssignableToRole": true, "groupTypes": []});
    linked(held(&object), "groups.members", members)
}

fn grant(principal: &str) -> Held {
    held(
        &json!({"id": "1", "principalId": principal, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}),
    )
}

fn key(principal: &str) -> String {
    format!("{principal}|{GLOBAL_ADMINISTRATOR}|/|")
}

/// Ann, who can sign in, holds it through a group.
fn through_a_group() -> KnownAdministrators {
    KnownAdministrators::Known(Administrators {
        grants: [("g".to_owned(), Standing::Permanent)].into(),
        people: [("ann".to_owned(), SignIn::Yes)].into(),
        groups: [("g".to_owned(), Some(["ann".to_owned()].into()))].into(),
    })
}

fn guarded(items: Vec<Item>, administrators: KnownAdministrators) -> RestorePlan {
    plan(&Inputs { guard: Guard { administrators, ..Guard::default() }, ..exactly(items) })
}

#[test]
fn the_last_member_of_a_group_of_administrators_stays_a_member() {
    let plan = guarded(
        vec![item("groups", "g", Some(group("g", &[])), Some(group("g", &["ann"])))],
        through_a_group(),
    );
    assert!(plan.steps.is_empty(), "{plan:?}");
    assert_eq!(causes(&plan), [("groups.members/ann", Cause::LockOut)]);
}

#[test]
fn a_group_of_administrators_is_neither_deleted_nor_turned_dynamic() {
    let deleted = guarded(vec![item("groups", "g", None, Some(group("g", &["ann"])))], through_a_group());
    assert_eq!(causes(&deleted), [("object", Cause::LockOut)]);
    let mut dynamic = group("g", &[]);
    dynamic.object.insert("groupTypes".to_owned(), json!(["DynamicMembership"]));
    dynamic.object.insert("membershipRule".to_owned(), json!("user.department -eq \"x\""));
    dynamic.object.insert("description".to_owned(), json!("as it was"));
    let turned =
        guarded(vec![item("groups", "g", Some(dynamic), Some(group("g", &["ann"])))], through_a_group());
    assert!(causes(&turned).contains(&("groupTypes", Cause::LockOut)), "{turned:?}");
    assert_eq!(updates(&turned), [&map(&json!({"description": "as it was"}))], "the rest is restored");
}

#[test]
fn the_last_administrator_is_neither_disabled_nor_deleted_and_the_rest_of_the_change_is_made() {
    let mut then = user("ann", &json!(false));
    then.object.insert("mobilePhone".to_owned(), json!("1"));
    let plan =
        guarded(vec![item("users", "ann", Some(then), Some(user("ann", &json!(true))))], held_by(&["ann"]));
    assert_eq!(causes(&plan), [("accountEnabled", Cause::LockOut)]);
    assert_eq!(updates(&plan), [&map(&json!({"mobilePhone": "1"}))]);
    let shown = |side: &Option<Value>| {
        side.as_ref().and_then(Value::as_object).map(|o| o.keys().cloned().collect::<Vec<_>>())
    };
    assert_eq!(
        shown(&plan.steps[0].after),
        Some(vec!["mobilePhone".to_owned()]),
        "what it shows is what it writes"
    );
    let plan = guarded(vec![item("users", "ann", None, Some(user("ann", &json!(true))))], through_a_group());
    assert_eq!(causes(&plan), [("object", Cause::LockOut)]);
}

#[test]
fn whoever_cannot_sign_in_is_no_administrator() {
    for other in [SignIn::No, SignIn::Unknown] {
        let KnownAdministrators::Known(mut administrators) = held_by(&["ann", "bob"]) else { unreachable!() };
        administrators.people.insert("bob".to_owned(), other);
        let plan = guarded(
            vec![item("admins", &key("ann"), None, Some(grant("ann")))],
            KnownAdministrators::Known(administrators),
        );
        assert_eq!(causes(&plan), [("object", Cause::LockOut)], "{other:?}");
    }
    assert_eq!(SignIn::of(&map(&json!({"accountEnabled": null}))), SignIn::Unknown);
    assert_eq!(SignIn::of(&map(&json!({}))), SignIn::Unknown);
    assert_eq!(SignIn::of(&map(&json!({"accountEnabled": false}))), SignIn::No);
    let invited = json!({"accountEnabled": true, "externalUserState": "PendingAcceptance"});
    assert_eq!(SignIn::of(&map(&invited)), SignIn::No);
}

#[test]
fn an_administrator_who_no_longer_owns_a_group_of_administrators_is_one_still() {
    let owned = linked(group("g", &["ann"]), "groups.owners", &["ann"]);
    let plan = guarded(vec![item("groups", "g", Some(group("g", &["ann"])), Some(owned))], through_a_group());
    assert_eq!((causes(&plan), names_of(&plan)), (vec![], vec!["removeLink g".to_owned()]));
}

#[test]
fn a_group_whose_members_nobody_could_read_keeps_the_role_that_nobody_else_is_known_to_hold() {
    let unread = KnownAdministrators::Known(Administrators {
        grants: [("g".to_owned(), Standing::Permanent)].into(),
        groups: [("g".to_owned(), None)].into(),
        ..Administrators::default()
    });
    let plan = guarded(vec![item("admins", &key("g"), None, Some(grant("g")))], unread);
    assert_eq!((causes(&plan), plan.steps.len()), (vec![("object", Cause::LockOut)], 0));
}

#[test]
fn a_service_principal_and_an_empty_group_are_no_administrators() {
    let KnownAdministrators::Known(mut administrators) = held_by(&["ann"]) else { unreachable!() };
    administrators.grants.insert("app".to_owned(), Standing::Permanent);
    administrators.grants.insert("empty".to_owned(), Standing::Permanent);
    administrators.groups.insert("empty".to_owned(), Some(BTreeSet::new()));
    let plan = guarded(
        vec![item("admins", &key("ann"), None, Some(grant("ann")))],
        KnownAdministrators::Known(administrators),
    );
    assert_eq!(causes(&plan), [("object", Cause::LockOut)]);
}

#[test]
fn a_role_that_may_have_an_end_counts_for_nobody_and_is_not_taken_on_a_guess() {
    let KnownAdministrators::Known(mut administrators) = held_by(&["ann"]) else { unreachable!() };
    administrators.grants.insert("ann".to_owned(), Standing::Unknown);
    let plan = guarded(
        vec![item("admins", &key("ann"), None, Some(grant("ann")))],
        KnownAdministrators::Known(administrators),
    );
    assert_eq!(causes(&plan), [("object", Cause::LockOut)]);
    assert_eq!(plan.remarks, [Remark::NoAdministrator]);
}

#[test]
fn where_everybody_holds_the_role_for_a_time_the_last_of_them_is_not_taken_and_another_may_be() {
    let of = |people: &[&str]| {
        let KnownAdministrators::Known(mut administrators) = held_by(people) else { unreachable!() };
        administrators.grants.values_mut().for_each(|standing| *standing = Standing::ForATime);
        KnownAdministrators::Known(administrators)
    };
    let off = || {
        let (on, off) = (user("ann", &json!(true)), user("ann", &json!(false)));
        vec![item("users", "ann", Some(off), Some(on))]
    };
    assert!(!guarded(off(), of(&["ann"])).impossible.is_empty(), "she is the last");
    assert_eq!(guarded(off(), of(&["ann", "bob"])).impossible, vec![], "he stays");
    let KnownAdministrators::Known(mut mixed) = held_by(&["ann", "bob"]) else { unreachable!() };
    mixed.grants.insert("bob".to_owned(), Standing::ForATime);
    assert!(
        !guarded(off(), KnownAdministrators::Known(mixed)).impossible.is_empty(),
        "his has an end, hers has none"
    );
}

#[test]
fn one_who_comes_makes_room_for_one_who_goes_whatever_the_phases_say() {
    let KnownAdministrators::Known(mut administrators) = through_a_group() else { unreachable!() };
    administrators.people.insert("bob".to_owned(), SignIn::Yes);
    let plan = guarded(
        vec![
            item("groups", "g", Some(group("g", &[])), Some(group("g", &["ann"]))),
            item("admins", &key("bob"), Some(grant("bob")), None),
        ],
        KnownAdministrators::Known(administrators),
    );
    assert!(plan.impossible.is_empty(), "{plan:?}");
    assert_eq!(names_of(&plan), [format!("create {}", key("bob")), "removeLink g".to_owned()]);
    assert_eq!(plan.remarks, [Remark::OneAdministrator]);
}

#[test]
fn whoever_may_only_activate_the_role_is_not_given_it() {
    let plan = plan(&exactly(vec![
        item("admins", "ann", Some(grant("ann")), None),
        item("eligibleAdmins", "bob", Some(grant("bob")), None),
    ]));
    let gained: Vec<_> = plan.steps.iter().map(|step| (step.key.as_str(), gains(step))).collect();
    assert_eq!(gained, [("ann", vec!["ann".to_owned()]), ("bob", vec![])]);
    let taken = plan_of_taking("eligibleAdmins");
    assert!(!may_lose(&taken.steps[0]), "nor is it taken from them");
    assert!(may_lose(&plan_of_taking("admins").steps[0]));
}

/// A plan that takes Ann's fact of that kind away.
fn plan_of_taking(kind: &str) -> RestorePlan {
    plan(&exactly(vec![item(kind, "ann", None, Some(grant("ann")))]))
}

#[test]
fn an_end_that_a_restore_would_set_takes_the_role_too() {
    let schedule = |expiration: &Value| {
        let mut fact = grant("ann");
        fact.object.insert(
            "scheduleInfo".to_owned(),
            json!({"startDateTime": "2020-01-01T00:00:00Z", "expiration": expiration}),
        );
        fact
    };
    let then = schedule(&json!({"type": "afterDateTime", "endDateTime": "2040-01-01T00:00:00Z"}));
    let now = schedule(&json!({"type": "noExpiration"}));
    let plan = guarded(vec![item("activeAdmins", &key("ann"), Some(then), Some(now))], held_by(&["ann"]));
    assert_eq!(causes(&plan), [("scheduleInfo", Cause::LockOut)]);
}

#[test]
fn where_administrators_could_not_be_read_nothing_that_may_take_rights_is_planned() {
    let plain = |members: &[&str]| {
        let mut group = group("plain", members);
        group.object.insert("isAssignableToRole".to_owned(), json!(false));
        group
    };
    let plan = guarded(
        vec![
            item("users", "ann", None, Some(user("ann", &json!(true)))),
            item("groups", "g", Some(group("g", &[])), Some(group("g", &["ann"]))),
            item("groups", "plain", Some(plain(&[])), Some(plain(&["ann"]))),
        ],
        KnownAdministrators::Unreadable,
    );
    assert_eq!(names_of(&plan), ["removeLink plain"]);
    assert_eq!(causes(&plan), [("groups.members/ann", Cause::Unreadable), ("object", Cause::Unreadable)]);
    assert_eq!(plan.remarks, [Remark::AdministratorsUnknown]);
}

#[test]
fn our_own_membership_stays() {
    let inputs = |wanted: Option<Held>| {
        let item = item("groups", "g", wanted, Some(group("g", &["us"])));
        Inputs {
            guard: Guard { own_principals: ["us".to_owned()].into(), ..Guard::default() },
            ..exactly(vec![item])
        }
    };
    for wanted in [Some(group("g", &[])), None] {
        let plan = plan(&inputs(wanted));
        assert!(plan.steps.is_empty(), "{plan:?}");
        assert_eq!(plan.impossible[0].cause, Cause::OwnAccess);
    }
    let mut renamed = group("g", &["us"]);
    renamed.object.insert("displayName".to_owned(), json!("as it was"));
    let plan = plan(&inputs(Some(renamed)));
    assert_eq!(
        updates(&plan),
        [&map(&json!({"displayName": "as it was"}))],
        "it is no reason to leave the rest"
    );
}

const PEOPLE: usize = 4;
const GROUPS: usize = 3;

/// A small tenant: who is there, enabled, a member of which group; who holds the role.
#[derive(Clone, Debug)]
struct Seed {
    people: Vec<Option<bool>>,
    groups: Vec<Option<u8>>,
    held: u8,
}

fn seed() -> impl Strategy<Value = Seed> {
    let people = prop::collection::vec(prop::option::weighted(0.8, any::<bool>()), PEOPLE);
    let groups = prop::collection::vec(prop::option::weighted(0.8, any::<u8>()), GROUPS);
    (people, groups, any::<u8>()).prop_map(|(people, groups, held)| Seed { people, groups, held })
}

fn side(seed: &Seed) -> super::model::Side {
    let mut side = super::model::Side::new();
    let there = |i: usize| seed.people[i].is_some();
    for (i, enabled) in seed.people.iter().enumerate() {
        let Some(enabled) = enabled else { continue };
        let id = format!("u{i}");
        side.insert(("users", id.clone()), user(&id, &json!(enabled)));
    }
    for (i, members) in seed.groups.iter().enumerate() {
        let Some(members) = members else { continue };
        let of: Vec<String> =
            (0..PEOPLE).filter(|p| there(*p) && members >> p & 1 == 1).map(|p| format!("u{p}")).collect();
        let id = format!("g{i}");
        side.insert(("groups", id.clone()), group(&id, &of.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let holders = (0..PEOPLE).filter(|i| there(*i)).map(|i| format!("u{i}"));
    let holders = holders.chain((0..GROUPS).filter(|i| seed.groups[*i].is_some()).map(|i| format!("g{i}")));
    for (_, holder) in holders.enumerate().filter(|(i, _)| seed.held >> (i % 8) & 1 == 1) {
        side.insert(("admins", key(&holder)), grant(&holder));
    }
    side
}

/// Who holds it through what, read off a table as the engine reads it off the tenant.
fn read(tenant: &super::model::Side) -> Administrators {
    let mut found = Administrators::default();
    for ((_, _), fact) in tenant.iter().filter(|((kind, _), _)| *kind == "admins") {
        found.grants.insert(fact.object["principalId"].as_str().unwrap().to_owned(), Standing::Permanent);
    }
    for ((_, id), user) in tenant.iter().filter(|((kind, _), _)| *kind == "users") {
        // Nobody knows the password of who was created again.
        let is_new = id.starts_with("new");
        found.people.insert(id.clone(), if is_new { SignIn::No } else { SignIn::of(&user.object) });
    }
    for ((_, id), group) in tenant.iter().filter(|((kind, _), _)| *kind == "groups") {
        found.groups.insert(id.clone(), Some(group.links.iter().map(|l| l.to.clone()).collect()));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn after_each_write_of_a_plan_there_is_an_administrator_if_there_was_one(before in seed(), after in seed()) {
        let snapshot = side(&before);
        let mut tenant = super::model::Tenant { live: side(&after), ids: IdMap::default(), ..Default::default() };
        let mut inputs = tenant.inputs(&snapshot);
        let administrators = read(&tenant.live);
        let was_there = !administrators.effective().is_empty();
        inputs.guard.administrators = KnownAdministrators::Known(administrators);
        let plan = plan(&inputs);
        prop_assert!(plan.remarks.contains(&Remark::NoAdministrator) != was_there);
        for step in &plan.steps {
            let one = RestorePlan { steps: vec![step.clone()], ..RestorePlan::default() };
            // What is created gets its new id at once, so that a later step finds it.
            let had = !read(&tenant.live).effective().is_empty();
            let rewritten = RestorePlan { steps: vec![step.rewritten(&tenant.ids).unwrap()], ..one };
            tenant.apply(&rewritten);
            prop_assert!(!had || !read(&tenant.live).effective().is_empty(), "{step:?}");
        }
        if was_there {
            prop_assert!(!read(&tenant.live).effective().is_empty());
        }
    }

    #[test]
    fn whoever_a_plan_takes_the_role_from_is_known_before(before in seed(), after in seed()) {
        let snapshot = side(&before);
        let tenant = super::model::Tenant { live: side(&after), ..Default::default() };
        let state = read(&tenant.live);
        for step in plan(&tenant.inputs(&snapshot)).steps {
            prop_assert!(!state.would_lose(&step) || may_lose(&step), "{step:?}");
            prop_assert!(!may_lose(&step) || gains(&step).is_empty(), "{step:?}");
        }
    }
}

#[test]
fn a_plan_that_may_take_rights_names_who_administers_before_and_after() {
    let of = |people: &[&str]| {
        KnownAdministrators::Known(Administrators {
            grants: people.iter().map(|id| ((*id).to_owned(), Standing::Permanent)).collect(),
            people: people.iter().map(|id| ((*id).to_owned(), SignIn::Yes)).collect(),
            groups: std::collections::BTreeMap::new(),
        })
    };
    let blocked = |is_enabled: bool| {
        vec![item("users", "ann", Some(user("ann", &json!(false))), Some(user("ann", &json!(is_enabled))))]
    };
    let told = guarded(blocked(true), of(&["ann", "bob"])).administrators.unwrap();
    assert_eq!((told.before, told.after), (vec!["ann".to_owned(), "bob".to_owned()], vec!["bob".to_owned()]));
    assert_eq!(guarded(blocked(true), KnownAdministrators::Unreadable).administrators, None);
    let many: Vec<String> = (0..130).map(|n| format!("person {n:03}")).collect();
    let named: Vec<&str> = many.iter().map(String::as_str).collect();
    let told = guarded(blocked(true), of(&named)).administrators.unwrap();
    assert_eq!((told.before.len(), told.more_before, told.more_after), (100, 30, 30));
}
