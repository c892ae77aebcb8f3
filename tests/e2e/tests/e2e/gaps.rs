//! What changed while something could not be read, or while nobody compared, is told when that is over: once, and with the
//! two moments between which it lies.

use super::rig::{Admin, Rig, changes_of};
use domain::changes::What;
use domain::{SnapshotId, kinds};
use engine::announce::Announcer;
use engine::open_work::give_up;
use engine::ports::{BlobName, JobQueue};
use engine::records::{Cause, Diff, Found, HeldEarlier, JobState, Side};
use jiff::SignedDuration;
use serde_json::json;
use sim::{READER_CLIENT_ID, READING};

const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";

/// Takes these permissions from the reading application, or gives it all back; tokens are asked for anew.
fn without(rig: &Rig, gone: &[&str]) {
    let left = READING.iter().filter(|p| !gone.contains(p)).map(ToString::to_string).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, left);
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.restart();
}

async fn give(admin: &Admin, who: &str) {
    let fact = json!({"principalId": who, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"});
    admin.create("roleManagement/directory/roleAssignments", &fact).await;
}

/// The comparison that followed a snapshot.
async fn comparison_of(rig: &Rig, after: &SnapshotId) -> Diff {
    let side = Side::Snapshot(after.clone());
    rig.diff_rows(rig.tenant()).await.into_iter().find(|d| d.after == side).unwrap()
}

/// Subjects and texts of the mails since the last time.
fn mails(rig: &Rig) -> Vec<(String, String)> {
    rig.world.mailer.take_sent().into_iter().map(|m| (m.subject, m.text)).collect()
}

const ROLES: &[&str] = &["RoleManagement.Read.Directory"];

#[tokio::test]
async fn an_administrator_who_was_made_while_roles_could_not_be_read_is_told_once_when_they_can_be() {
    let rig = Rig::new().await;
    let user = rig.admin(rig.tenant()).await.create_user("Uma Berg", "Auditor").await;
    let first = rig.snapshot().await;
    without(&rig, ROLES);
    let second = rig.snapshot().await;
    give(&rig.admin(rig.tenant()).await, &user).await;
    rig.clock.advance(SignedDuration::from_hours(1));
    let third = rig.snapshot().await;
    for id in [&second, &third] {
        let held_in = rig.manifest(rig.tenant(), id).await.unwrap().held_in.unwrap();
        assert_eq!(held_in.get("admins"), Some(&first), "{held_in:?}");
        assert_eq!(comparison_of(&rig, id).await.counts.changes(), 0);
    }
    mails(&rig);
    without(&rig, &[]);
    let fourth = rig.snapshot().await;
    let diff = comparison_of(&rig, &fourth).await;
    assert_eq!((&diff.before, diff.counts.created, diff.counts.privileged), (&third, 1, 1));
    let changes = changes_of(&rig, rig.tenant(), &diff.id).await;
    let told: Vec<_> = changes.iter().map(|c| (c.kind.to_string(), c.what, c.since.as_ref())).collect();
    assert_eq!(told, [("admins".to_owned(), What::Created, Some(&first))]);
    let began = rig.manifest(rig.tenant(), &first).await.unwrap().started_at;
    let held = HeldEarlier { source: "admins".to_owned(), snapshot: first.clone(), at: began };
    assert!(diff.span.held_earlier.contains(&held), "{:?}", diff.span);
    assert!(diff.not_compared.iter().all(|n| !n.source.contains("dmins")), "{:?}", diff.not_compared);
    let all = mails(&rig);
    let of_it: Vec<_> = all.iter().filter(|(subject, _)| subject.contains("Uma Berg was given")).collect();
    assert_eq!(of_it.len(), 1, "{all:?}");
    let between = format!("No snapshot between that of {}", began.strftime("%-d %B %Y, %H:%M (UTC)"));
    assert!(of_it[0].1.contains(&between), "{}", of_it[0].1);
    rig.clock.advance(SignedDuration::from_hours(1));
    let fifth = rig.snapshot().await;
    let after = comparison_of(&rig, &fifth).await;
    assert_eq!((after.counts.changes(), after.span.is_plain()), (0, true), "it was told once");
    assert_eq!(rig.manifest(rig.tenant(), &fifth).await.unwrap().held_in.unwrap().get("admins"), None);
}

#[tokio::test]
async fn a_part_that_is_read_by_a_path_of_its_own_is_compared_across_its_gap_too() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    admin.create("directory/attributeSets", &json!({"id": "Posts", "maxAttributesPerSet": 9})).await;
    let definition = json!({"attributeSet": "Posts", "name": "Clearance", "type": "String", "status": "Available",
        "isCollection": false, "isSearchable": true, "usePreDefinedValuesOnly": false});
    admin.create("directory/customSecurityAttributeDefinitions", &definition).await;
    let clearance = async |admin: &Admin, level: &str| {
        let values = json!({"@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue",
            "Clearance": level});
        let body = json!({"customSecurityAttributes": {"Posts": values}});
        admin.patch(&format!("users/{user}"), &body).await;
    };
    clearance(&admin, "low").await;
    let first = rig.snapshot().await;
    without(&rig, &["CustomSecAttributeAssignment.Read.All"]);
    rig.snapshot().await;
    clearance(&rig.admin(rig.tenant()).await, "high").await;
    without(&rig, &[]);
    let third = rig.snapshot().await;
    let diff = comparison_of(&rig, &third).await;
    let changes = changes_of(&rig, rig.tenant(), &diff.id).await;
    let paths: Vec<_> = changes.iter().flat_map(|c| &c.attributes).map(|a| a.path.as_str()).collect();
    assert_eq!(paths, ["customSecurityAttributes/Posts/Clearance"], "{changes:#?}");
    let held: Vec<_> = diff.span.held_earlier.iter().map(|h| (h.source.as_str(), &h.snapshot)).collect();
    assert_eq!(held, [("users.customSecurityAttributes", &first)]);
    assert_eq!(diff.not_compared, []);
}

#[tokio::test]
async fn where_what_it_would_begin_at_is_damaged_a_comparison_begins_again_right_before_and_says_so() {
    let rig = Rig::new().await;
    let user = rig.admin(rig.tenant()).await.create_user("Uma Berg", "Auditor").await;
    let first = rig.snapshot().await;
    let name = domain::stored::Manifest::blob_name(&first);
    rig.world.vault.flip_byte(rig.tenant(), &BlobName::new(name.as_str()).unwrap(), 40);
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(comparison_of(&rig, &second).await.state, JobState::Failed);
    let title = json!({"jobTitle": "Contractor"});
    rig.admin(rig.tenant()).await.patch(&format!("users/{user}"), &title).await;
    mails(&rig);
    rig.clock.advance(SignedDuration::from_hours(1));
    let third = rig.snapshot().await;
    let diff = comparison_of(&rig, &third).await;
    assert_eq!((diff.state, &diff.before, diff.span.begun_again), (JobState::Done, &second, true));
    assert_eq!(changes_of(&rig, rig.tenant(), &diff.id).await.len(), 1);
    let all = mails(&rig);
    let said: Vec<_> =
        all.iter().filter(|(_, text)| text.contains("is not told: it could not be compared")).collect();
    assert_eq!((said.len(), all.len()), (1, 1), "{all:?}");
    rig.clock.advance(SignedDuration::from_hours(1));
    let fourth = rig.snapshot().await;
    let after = comparison_of(&rig, &fourth).await;
    assert_eq!((after.before, after.span.begun_again), (third, false));
}

#[tokio::test]
async fn what_people_compare_by_hand_is_the_two_snapshots_that_they_name() {
    let rig = Rig::new().await;
    let user = rig.admin(rig.tenant()).await.create_user("Uma Berg", "Auditor").await;
    rig.snapshot().await;
    without(&rig, ROLES);
    let second = rig.snapshot().await;
    give(&rig.admin(rig.tenant()).await, &user).await;
    without(&rig, &[]);
    let third = rig.snapshot().await;
    let asked = rig.ask_diff(&second, Side::Snapshot(third)).await;
    rig.settle().await;
    let diff = rig.diffs().get(rig.tenant(), &asked.id).await.unwrap();
    assert_eq!((diff.state, diff.counts.changes()), (JobState::Done, 0));
    assert!(diff.not_compared.iter().any(|n| n.source == "admins" && n.cause == "not-held"));
}

#[tokio::test]
async fn where_the_last_snapshot_that_held_it_is_gone_the_comparison_says_so_and_the_rest_is_told() {
    let rig = Rig::new().await;
    let user = rig.admin(rig.tenant()).await.create_user("Uma Berg", "Auditor").await;
    let first = rig.snapshot().await;
    without(&rig, ROLES);
    rig.snapshot().await;
    let admin = rig.admin(rig.tenant()).await;
    give(&admin, &user).await;
    admin.patch(&format!("users/{user}"), &json!({"jobTitle": "Contractor"})).await;
    let name = domain::stored::Manifest::blob_name(&first);
    rig.world.vault.flip_byte(rig.tenant(), &BlobName::new(name.as_str()).unwrap(), 40);
    without(&rig, &[]);
    let third = rig.snapshot().await;
    let diff = comparison_of(&rig, &third).await;
    assert_eq!((diff.state, diff.counts.modified, diff.counts.privileged), (JobState::Done, 1, 0));
    let said = diff.not_compared.iter().find(|n| n.source == "admins").unwrap();
    assert!(said.why.contains(first.as_str()), "{}", said.why);
}

/// Takes a snapshot whose comparison is given up before anybody makes it.
async fn snapshot_that_nobody_compares(rig: &Rig) -> SnapshotId {
    let id = rig.ask_snapshot(rig.tenant()).await;
    while rig.snapshot_row(rig.tenant(), &id).await.state != JobState::Done {
        assert!(rig.work_on(JobQueue::TakeSnapshot).await);
    }
    let row = comparison_of(rig, &id).await;
    let found: Found<Diff> = rig.records.get(&Diff::at(rig.tenant(), &row.id)).await.unwrap();
    let announcer = Announcer::new(rig.records.clone(), rig.world.queue.clone(), rig.world.clock.clone());
    assert!(give_up((&rig.records, &announcer), found, Cause::Unavailable, "a test").await.unwrap());
    rig.settle().await;
    id
}

#[tokio::test]
async fn what_a_comparison_that_was_given_up_would_have_told_the_next_one_tells() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let user = admin.create_user("Uma Berg", "Auditor").await;
    let first = rig.snapshot().await;
    give(&admin, &user).await;
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = snapshot_that_nobody_compares(&rig).await;
    assert_eq!(comparison_of(&rig, &second).await.state, JobState::Failed);
    assert_eq!(rig.tenant_row(rig.tenant()).await.untold_since, Some(first.clone()));
    mails(&rig);
    rig.clock.advance(SignedDuration::from_hours(1));
    // And once more: the earliest stays.
    let third = snapshot_that_nobody_compares(&rig).await;
    assert_eq!(comparison_of(&rig, &third).await.before, first);
    rig.clock.advance(SignedDuration::from_hours(1));
    let fourth = rig.snapshot().await;
    let diff = comparison_of(&rig, &fourth).await;
    assert_eq!((&diff.before, diff.state, diff.counts.privileged), (&first, JobState::Done, 1));
    assert_eq!(diff.span.instead_of, Some(third));
    let all = mails(&rig);
    let told: Vec<_> = all.iter().filter(|(s, _)| s.contains("Uma Berg was given")).collect();
    assert_eq!(told.len(), 1, "{all:?}");
    assert!(told[0].1.contains("A comparison before this one was given up"), "{}", told[0].1);
    assert_eq!(rig.tenant_row(rig.tenant()).await.untold_since, None);
    rig.clock.advance(SignedDuration::from_hours(1));
    let fifth = rig.snapshot().await;
    assert_eq!(comparison_of(&rig, &fifth).await.before, fourth);
}

#[tokio::test]
async fn a_change_from_before_a_gap_is_taken_back_from_the_snapshot_that_holds_it() {
    use restore::commands::restores::{NamedChange, NamedObject, NewRestore, RestoreFrom};
    let rig = Rig::new().await;
    let user = rig.admin(rig.tenant()).await.create_user("Uma Berg", "Auditor").await;
    let first = rig.snapshot().await;
    without(&rig, ROLES);
    rig.snapshot().await;
    let admin = rig.admin(rig.tenant()).await;
    give(&admin, &user).await;
    admin.patch(&format!("users/{user}"), &json!({"jobTitle": "Contractor"})).await;
    without(&rig, &[]);
    let third = rig.snapshot().await;
    let diff = comparison_of(&rig, &third).await;
    let changes = changes_of(&rig, rig.tenant(), &diff.id).await;
    assert_eq!(changes.len(), 2, "{changes:#?}");
    let named = |kind: &str| {
        let change = changes.iter().find(|c| c.kind == kinds::get(kind).unwrap().name).unwrap();
        NamedChange::from(NamedObject { kind: kind.to_owned(), key: change.key.clone() })
    };
    let ask = async |objects: Vec<NamedChange>| {
        let from = RestoreFrom::Only(diff.id.clone(), objects);
        let new = NewRestore::of(from, Rig::everything());
        rig.restores().create_preview(rig.tenant(), "per_test", new).await
    };
    assert_eq!(ask(vec![named("admins")]).await.unwrap().snapshot, first);
    assert_eq!(ask(vec![named("users")]).await.unwrap().snapshot, diff.before);
    let mixed = ask(vec![named("users"), named("admins")]).await.unwrap_err();
    assert_eq!(mixed.fields()[0].field, "only[1].key", "{mixed}");
    // All of the comparison at once: what another snapshot holds is named, and the rest is planned.
    let whole = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    let whole = rig.restores().get(rig.tenant(), &whole.id).await.unwrap();
    assert_eq!((whole.counts.steps, whole.counts.impossible), (1, 1), "{whole:?}");
}
