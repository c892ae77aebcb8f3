//! What two snapshots differ in, as people are told it: each thing once, where it belongs, and never what one side
//! merely does not hold.

use crate::paged::Desk;
use backup::diff_snapshots::{self, Report};
use domain::changes::{Change, What};
use domain::stored::Manifest;
use domain::{DiffId, SnapshotId, kinds};
use engine::ports::Clock;
use engine::records::{Cause, Diff, JobState, NewId, Records, Side, Span};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use support::builders::queued_comparison;
use support::memory::Nobody;

const FACET: &str = "users.customSecurityAttributes";

/// The pages of a tenant.
#[derive(Clone)]
pub struct Company {
    pub users: Vec<Value>,
    pub groups: Vec<Value>,
    admins: Vec<Value>,
    policies: Vec<Value>,
}

pub fn user(id: &str) -> Value {
    json!({"id": id, "displayName": id, "userPrincipalName": format!("{id}@x.y")})
}

pub fn group(id: &str, assignable: bool, members: &[&str]) -> Value {
    let members: Vec<_> =
        members.iter().map(|m| json!({"@odata.type": "#microsoft.graph.user", "id": m})).collect();
    json!({"id": id, "displayName": id, "isAssignableToRole": assignable, "members@delta": members})
}

fn role(principal: &str) -> Value {
    json!({"id": principal, "principalId": principal, "roleDefinitionId": "r", "directoryScopeId": "/"})
}

fn policy(filter: &str) -> Value {
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "team",
        "deviceAndAppManagementAssignmentFilterId": filter});
    json!({"@odata.type": "#t", "id": "p", "name": "P", "settings": [], "settingCount": 0,
        "assignments": [{"id": "1", "target": target}]})
}

impl Company {
    pub fn new() -> Self {
        Self {
            users: vec![user("ann"), user("bob")],
            groups: vec![group("team", false, &["ann", "bob"]), group("chiefs", true, &["bob"])],
            admins: vec![role("bob")],
            policies: vec![policy("one")],
        }
    }

    pub async fn read(&self, desk: &Desk) -> Manifest {
        let ids = self.groups.iter().map(|g| json!({"id": g["id"]})).collect();
        desk.directory.page("users", "listed", self.users.clone(), None);
        desk.directory.page("groups", "listed", ids, None);
        desk.directory.page("groups", "start", self.groups.clone(), None);
        desk.directory.page("admins", "start", self.admins.clone(), None);
        desk.directory.page("activeAdmins", "start", self.admins.clone(), None);
        desk.directory.page("ConfigurationPolicies", "start", self.policies.clone(), None);
        desk.read(None).await
    }
}

async fn compared(desk: &Desk, before: &Manifest, after: &Manifest) -> Vec<Change> {
    let (report, done) = run(desk, before, after).await;
    assert!(matches!(report, Report::Compared(_)), "{report:?}");
    backup::archive::list_changes(&desk.archive, &done).await.unwrap()
}

/// Compares; gives what that came to, and the row.
pub async fn run(desk: &Desk, before: &Manifest, after: &Manifest) -> (Report, Diff) {
    run_over(desk, before, after, Span::default()).await
}

async fn run_over(desk: &Desk, before: &Manifest, after: &Manifest, span: Span) -> (Report, Diff) {
    let world = &desk.world;
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let ulids = ["01JBBBBBBBBBBBBBBBBBBBBBBB", "01JCCCCCCCCCCCCCCCCCCCCCCC"];
    desk.view(before, ulids[0]).await;
    desk.view(after, ulids[1]).await;
    let (tenant, now) = (desk.archive.tenant().clone(), world.clock.now());
    let row = Diff {
        span,
        ..queued_comparison(
            &tenant,
            DiffId::from_ulid(ulids[0]),
            SnapshotId::from_ulid(ulids[0]),
            Side::Snapshot(SnapshotId::from_ulid(ulids[1])),
            now,
        )
    };
    records.put_new(&row).await.unwrap();
    let worker = diff_snapshots::Worker::new(diff_snapshots::Ports {
        directory: Arc::new(Nobody),
        vault: world.vault.clone(),
        keys: world.key_ring.clone(),
        records: records.clone(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    });
    let request = diff_snapshots::Request { tenant: tenant.clone(), diff: row.id.clone() };
    let mut report = worker.run(&request, now + SignedDuration::from_mins(15)).await.unwrap();
    while matches!(report, Report::Continues) {
        report = worker.run(&request, now + SignedDuration::from_mins(15)).await.unwrap();
    }
    (report, records.get(&Diff::at(&tenant, &row.id)).await.unwrap().value)
}

/// Reads a tenant, reads it again after something happened, and compares.
async fn told(happens: impl FnOnce(&mut Company)) -> Vec<Change> {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let before = company.read(&desk).await;
    happens(&mut company);
    let after = company.read(&desk).await;
    compared(&desk, &before, &after).await
}

/// Kind, key, what happened, how many links are told at it, and how many went along.
fn short(changes: &[Change]) -> Vec<(&'static str, &str, What, usize, u64)> {
    changes
        .iter()
        .map(|c| (c.kind.get().unwrap().run(), &*c.key, c.what, c.links.len(), c.consequences))
        .collect()
}

#[tokio::test]
async fn a_facet_that_comes_changes_the_user_and_makes_no_new_one() {
    let changes = told(|c| c.users[1]["customSecurityAttributes"] = json!({"Set": {"Level": 1}})).await;
    assert_eq!(short(&changes), [("users", "bob", What::Modified, 0, 0)]);
    assert_eq!(changes[0].attributes[0].property, "customSecurityAttributes");
}

#[tokio::test]
async fn a_facet_that_one_side_does_not_hold_is_no_change() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    company.users[1]["customSecurityAttributes"] = json!({"Set": {"Level": 1}});
    let mut before = company.read(&desk).await;
    let after = company.read(&desk).await;
    before.runs.remove(FACET).unwrap();
    assert_eq!(short(&compared(&desk, &before, &after).await), []);
}

/// A group that came and one that went, each with its members; who they were is not known of one side.
#[tokio::test]
async fn links_that_one_side_does_not_hold_are_neither_told_nor_counted() {
    for side in [0, 1] {
        let desk = Desk::new(16, SignedDuration::ZERO).await;
        let mut company = Company::new();
        let before = company.read(&desk).await;
        company.groups = vec![group("chiefs", true, &["bob"]), group("club", false, &["bob"])];
        let mut read = [before, company.read(&desk).await];
        read[side].runs.remove("groups.members").unwrap();
        let changes = compared(&desk, &read[0], &read[1]).await;
        let mut found = short(&changes);
        found.sort_unstable_by_key(|change| change.1);
        let expected = [("groups", "club", What::Created, 0, 0), ("groups", "team", What::Deleted, 0, 0)];
        assert_eq!(found, expected, "side {side}");
    }
}

#[tokio::test]
async fn links_of_a_type_that_one_side_has_no_run_of_are_not_compared_and_named() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let company = Company::new();
    let mut before = company.read(&desk).await;
    let after = company.read(&desk).await;
    before.runs.remove("groups.members").unwrap();
    let (report, row) = run(&desk, &before, &after).await;
    assert!(matches!(&report, Report::Compared(counts) if counts.changes() == 0), "{report:?}");
    assert!(row.not_compared.iter().any(|n| n.source == "groups.members"), "{:?}", row.not_compared);
}

#[tokio::test]
async fn a_relation_that_the_policies_of_one_side_were_not_asked_with_is_not_compared_and_named() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let mut before = company.read(&desk).await;
    company.policies[0]["settings"] =
        json!([{"id": "0", "settingInstance": {"settingDefinitionId": "s", "value": 1}}]);
    company.policies[0]["settingCount"] = json!(1);
    let after = company.read(&desk).await;
    assert_eq!(compared(&desk, &before, &after).await.len(), 1);
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut bare = Company::new();
    bare.policies[0].as_object_mut().unwrap().remove("settings");
    before = bare.read(&desk).await;
    before.expanded = [("ConfigurationPolicies".to_owned(), vec!["assignments".to_owned()])].into();
    let after = company.read(&desk).await;
    let (report, row) = run(&desk, &before, &after).await;
    assert!(matches!(&report, Report::Compared(counts) if counts.changes() == 0), "{report:?}");
    assert!(row.not_compared.iter().any(|n| n.source == "ConfigurationPolicies.settings"));
}

#[tokio::test]
async fn what_an_assignment_says_is_compared() {
    let changes = told(|c| c.policies = vec![policy("another")]).await;
    assert_eq!(short(&changes), [("ConfigurationPolicies", "p", What::Modified, 1, 0)]);
    assert_eq!(changes[0].links[0].what, What::Modified);
}

#[tokio::test]
async fn a_change_of_a_role_assignable_group_is_one_of_who_may_do_what_and_of_another_group_is_not() {
    let changes = told(|c| c.groups.iter_mut().for_each(|g| g["description"] = json!("new"))).await;
    let privileged: Vec<_> = changes.iter().map(|c| (&*c.key, c.privileged)).collect();
    assert_eq!(privileged, [("chiefs", true), ("team", false)]);
}

#[tokio::test]
async fn a_role_that_is_seen_as_an_assignment_and_as_a_schedule_is_told_once() {
    let changes = told(|c| c.admins.push(role("ann"))).await;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!((changes[0].kind.get().unwrap().run(), changes[0].what), ("admins", What::Created));
}

#[tokio::test]
async fn a_role_that_has_an_end_is_told_once_and_as_the_schedule_that_says_so() {
    let mut given = role("ann");
    given["scheduleInfo"] =
        json!({"expiration": {"type": "afterDateTime", "endDateTime": "2027-01-01T00:00:00Z"}});
    let changes = told(|c| c.admins.push(given)).await;
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!((changes[0].kind.get().unwrap().run(), changes[0].what), ("activeAdmins", What::Created));
}

#[tokio::test]
async fn memberships_that_go_with_their_member_are_counted_and_not_told() {
    let changes = told(|c| {
        c.users.remove(0);
        c.groups[0] = group("team", false, &["bob"]);
    })
    .await;
    assert_eq!(short(&changes), [("users", "ann", What::Deleted, 0, 1)]);
}

#[tokio::test]
async fn a_new_user_in_a_group_that_gives_rights_is_told_at_the_group() {
    let changes = told(|c| {
        c.users.push(user("zoe"));
        c.groups[0] = group("team", false, &["ann", "bob", "zoe"]);
        c.groups[1] = group("chiefs", true, &["bob", "zoe"]);
    })
    .await;
    let expected = [("users", "zoe", What::Created, 0, 1), ("groups", "chiefs", What::Modified, 1, 0)];
    assert_eq!(short(&changes), expected);
}

#[tokio::test]
async fn of_a_group_that_can_hold_roles_and_came_or_went_it_is_told_who_is_in_it() {
    let with = |c: &mut Company| c.groups.push(group("rulers", true, &["ann", "bob"]));
    let changes = told(with).await;
    assert_eq!(short(&changes), [("groups", "rulers", What::Created, 2, 0)]);
    let changes = told(|c| drop(c.groups.remove(1))).await;
    assert_eq!(short(&changes), [("groups", "chiefs", What::Deleted, 1, 0)]);
    // Of any other group they only go along.
    let changes = told(|c| drop(c.groups.remove(0))).await;
    assert_eq!(short(&changes), [("groups", "team", What::Deleted, 0, 2)]);
}

#[tokio::test]
async fn who_was_created_again_twice_is_the_same_with_what_the_service_gave_anew() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let records = Records::new(desk.world.catalog.clone(), desk.world.clock.clone());
    for (old, new) in [("ann", "ann2"), ("ann2", "ann3")] {
        let (tenant, created_at) = (desk.archive.tenant().clone(), desk.world.clock.now());
        let row = NewId {
            tenant,
            kind: support::kind("users").name.into(),
            old: old.into(),
            new: new.into(),
            created_at,
        };
        records.put_new(&row).await.unwrap();
    }
    let mut company = Company::new();
    let before = company.read(&desk).await;
    company.users[0]["id"] = json!("ann3");
    for property in kinds::get("users").unwrap().read_only {
        company.users[0][*property] = json!("given anew");
    }
    company.groups[0] = group("team", false, &["ann3", "bob"]);
    let after = company.read(&desk).await;
    assert_eq!(short(&compared(&desk, &before, &after).await), []);
}

#[tokio::test]
async fn who_was_created_again_after_the_later_side_is_gone_on_it() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let records = Records::new(desk.world.catalog.clone(), desk.world.clock.clone());
    let mut company = Company::new();
    let before = company.read(&desk).await;
    company.users.remove(0);
    company.groups[0] = group("team", false, &["bob"]);
    let after = company.read(&desk).await;
    let row = NewId {
        tenant: desk.archive.tenant().clone(),
        kind: support::kind("users").name.into(),
        old: "ann".into(),
        new: "ann2".into(),
        created_at: desk.world.clock.now() + SignedDuration::from_secs(1),
    };
    records.put_new(&row).await.unwrap();
    let changes = compared(&desk, &before, &after).await;
    assert_eq!(short(&changes), [("users", "ann", What::Deleted, 0, 1)]);
    assert_eq!(changes[0].new_key, None, "nobody has that id yet");
}

#[tokio::test]
async fn where_another_release_has_stored_other_pages_ours_are_stored_beside_them() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let before = company.read(&desk).await;
    company.users.push(user("zoe"));
    let after = company.read(&desk).await;
    let place = format!("diffs/{}/000000", DiffId::from_ulid("01JBBBBBBBBBBBBBBBBBBBBBBB"));
    desk.archive.put_new(&place, b"[]").await.unwrap();
    let (report, row) = run(&desk, &before, &after).await;
    assert!(matches!(report, Report::Compared(_)), "{report:?}");
    assert_eq!((row.span.stored_anew, row.span.is_plain()), (1, true));
    assert_eq!(backup::archive::list_changes(&desk.archive, &row).await.unwrap().len(), 1);
    assert_eq!(desk.archive.find(&place).await.unwrap().unwrap(), b"[]", "what was stored stays");
}

#[tokio::test]
async fn a_comparison_that_finds_other_pages_wherever_it_stores_its_own_fails() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let before = company.read(&desk).await;
    company.users.push(user("zoe"));
    let after = company.read(&desk).await;
    occupy(&desk, "01JBBBBBBBBBBBBBBBBBBBBBBB").await;
    let (report, row) = run(&desk, &before, &after).await;
    assert!(matches!(report, Report::Failed(_)), "{report:?}");
    assert_eq!((row.state, row.course.failed), (JobState::Failed, Some(Cause::Corrupt)));
}

/// Stores a page of no changes in each place where a comparison may store its first.
async fn occupy(desk: &Desk, ulid: &str) {
    for anew in ["", "anew-1/", "anew-2/", "anew-3/"] {
        let place = format!("diffs/{}/{anew}000000", DiffId::from_ulid(ulid));
        desk.archive.put_new(&place, b"[]").await.unwrap();
    }
}

#[tokio::test]
async fn a_comparison_that_is_begun_again_stores_its_pages_beside_those_that_it_had_stored() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let mut company = Company::new();
    let before = company.read(&desk).await;
    company.users.push(user("zoe"));
    let after = company.read(&desk).await;
    let id = "01JBBBBBBBBBBBBBBBBBBBBBBB";
    occupy(&desk, id).await;
    // The first tries meet pages of other changes, which is as fatal as a damaged snapshot.
    let span = Span { instead_of: Some(SnapshotId::from_ulid(id)), ..Span::default() };
    let (report, row) = run_over(&desk, &before, &after, span).await;
    assert!(matches!(report, Report::Compared(_)), "{report:?}");
    assert!(row.span.begun_again);
    assert_eq!(backup::archive::list_changes(&desk.archive, &row).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_empty_collection_that_an_older_release_stored_as_null_is_no_change_of_anybody() {
    let desk = Desk::new(16, SignedDuration::ZERO).await;
    let people = |empty: &Value| -> Vec<Value> {
        let person = |n: u8| {
            let mut person = user(&format!("p{n}"));
            for property in kinds::get("users").unwrap().collections {
                person[*property] = empty.clone();
            }
            person
        };
        (0..9).map(person).collect()
    };
    let mut company = Company { users: people(&Value::Null), ..Company::new() };
    let before = company.read(&desk).await;
    company.users = people(&json!([]));
    let after = company.read(&desk).await;
    assert_ne!(before.runs["users"], after.runs["users"], "they are stored differently");
    let (report, row) = run(&desk, &before, &after).await;
    assert!(matches!(report, Report::Compared(_)), "{report:?}");
    assert_eq!(backup::archive::list_changes(&desk.archive, &row).await.unwrap(), vec![]);
    let collections = kinds::get("users").unwrap().collections;
    let left_out = row.not_compared.iter().filter(|one| collections.iter().any(|p| one.source.ends_with(*p)));
    assert_eq!(left_out.count(), 0, "{:?}", row.not_compared);
}
