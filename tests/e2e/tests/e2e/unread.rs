//! What the reading application may not read: it is unknown, never empty. A restore leaves it as it is and says so,
//! a comparison tells no change of it, and the permission, once it is granted, changes nothing by itself. And what was
//! read and is empty is stored as empty.

use super::rig::{Admin, Rig, Setting, changes_of};
use backup::archive::SnapshotView;
use domain::SnapshotId;
use domain::restore::{AttributeMode, Cause, LinkMode, RestorePlan, SelectedItem, Selection, WriteAction};
use engine::records::{CredentialStatus, RestoreState};
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom};
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};
use sim::{READER_CLIENT_ID, READING, Withheld};
use std::collections::BTreeSet;

/// Takes these permissions from the reading application, or gives it all back; tokens are asked for anew.
pub(super) fn without(rig: &Rig, gone: &[&str]) {
    let left = READING.iter().filter(|p| !gone.contains(p)).map(ToString::to_string).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, left);
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.restart();
}

/// What taking these objects back to the snapshot would do, in the modes that take most away.
async fn preview(rig: &Rig, from: &SnapshotId, chosen: &[(&str, &str)]) -> RestorePlan {
    let item = |(kind, key): &(&str, &str)| SelectedItem::whole(support::kind(kind).name, *key);
    let selection = Selection {
        items: chosen.iter().map(item).collect(),
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: false,
        ..Selection::default()
    };
    let restores = rig.restores();
    let from = RestoreFrom::Items(from.clone());
    let made =
        restores.create_preview(rig.tenant(), "per_test", NewRestore::of(from, selection)).await.unwrap();
    rig.settle().await;
    let row = restores.get(rig.tenant(), &made.id).await.unwrap();
    assert_eq!(row.state, RestoreState::Previewed, "{:?}", row.error);
    let plans = Archived::new(rig.archive.clone(), rig.records.clone());
    plans.find_plan(rig.tenant(), &made.id).await.unwrap().unwrap().plan
}

fn left(plan: &RestorePlan) -> BTreeSet<&str> {
    plan.impossible.iter().filter(|i| i.cause == Cause::NotRead).map(|i| i.what.as_str()).collect()
}

/// What the comparison that follows the newest snapshot left out; it found no change.
async fn left_out_of_the_comparison(rig: &Rig, after: &SnapshotId) -> BTreeSet<String> {
    let tenant = rig.tenant();
    let rows = rig.diff_rows(tenant).await;
    let is_of = |d: &&engine::records::Diff| d.after == engine::records::Side::Snapshot(after.clone());
    let diff = rows.iter().find(is_of).unwrap();
    assert_eq!(changes_of(rig, tenant, &diff.id).await, vec![]);
    diff.not_compared.iter().map(|n| n.source.clone()).collect()
}

async fn not_covered(rig: &Rig, id: &SnapshotId) -> Vec<String> {
    let row = rig.snapshot_row(rig.tenant(), id).await;
    row.not_covered.into_iter().inspect(|n| assert_eq!(n.cause, "denied")).map(|n| n.source).collect()
}

async fn give_attributes(admin: &Admin, user: &str) {
    let set = json!({ "id": "Posts", "maxAttributesPerSet": 9 });
    admin.create("directory/attributeSets", &set).await;
    let definition = json!({
        "attributeSet": "Posts", "name": "Clearance", "type": "String", "status": "Available",
        "isCollection": false, "isSearchable": true, "usePreDefinedValuesOnly": false
    });
    admin.create("directory/customSecurityAttributeDefinitions", &definition).await;
    let values = json!({
        "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "Clearance": "high"
    });
    admin.patch(&format!("users/{user}"), &json!({ "customSecurityAttributes": { "Posts": values } })).await;
}

const DATE: &str = "users.employeeLeaveDateTime";
const ATTRIBUTES: &str = "users.customSecurityAttributes";
const ITS_PERMISSIONS: &[&str] = &["User-LifeCycleInfo.Read.All", "CustomSecAttributeAssignment.Read.All"];

#[tokio::test]
async fn a_property_that_could_not_be_read_is_neither_emptied_nor_a_change_when_it_can_be() {
    for withheld in [Withheld::Null, Withheld::Absent, Withheld::Refused] {
        let rig = Rig::new().await;
        rig.control.switch(|switches| switches.leave_date_withheld = withheld);
        without(&rig, ITS_PERMISSIONS);
        let admin = rig.admin(rig.tenant()).await;
        let user = admin.create_user("Maya Ortiz", "Buyer").await;
        give_attributes(&admin, &user).await;
        admin
            .patch(&format!("users/{user}"), &json!({ "employeeLeaveDateTime": "2030-01-31T00:00:00Z" }))
            .await;
        let before = rig.snapshot().await;
        assert_eq!(not_covered(&rig, &before).await, [ATTRIBUTES, DATE], "{withheld:?}");
        let row = rig.tenant_row(rig.tenant()).await;
        assert_eq!(row.credentials, CredentialStatus::MissingPermissions);
        let named: Vec<String> = row.not_protected.unwrap().into_iter().map(|n| n.what).collect();
        assert!(named.contains(&DATE.to_owned()), "{named:?}");
        without(&rig, &[]);
        let after = rig.snapshot().await;
        assert_eq!(not_covered(&rig, &after).await, Vec::<String>::new());
        let expected = BTreeSet::from([ATTRIBUTES.to_owned(), DATE.to_owned()]);
        assert_eq!(left_out_of_the_comparison(&rig, &after).await, expected, "{withheld:?}");
        let plan = preview(&rig, &before, &[("users", &user)]).await;
        assert_eq!(plan.steps, vec![], "{withheld:?}");
        assert_eq!(left(&plan), BTreeSet::from(["customSecurityAttributes", "employeeLeaveDateTime"]));
        // And the other way round: what is known is not written over what cannot be seen.
        without(&rig, ITS_PERMISSIONS);
        let third = rig.snapshot().await;
        assert_eq!(left_out_of_the_comparison(&rig, &third).await, expected, "{withheld:?}");
        let plan = preview(&rig, &after, &[("users", &user)]).await;
        assert_eq!(plan.steps, vec![], "{withheld:?}");
        assert_eq!(left(&plan), BTreeSet::from(["customSecurityAttributes", "employeeLeaveDateTime"]));
    }
}

/// A group and a unit that hide who is in them, with two members each.
async fn hidden(admin: &Admin) -> (String, String) {
    let maya = admin.create_user("Maya Ortiz", "Buyer").await;
    let noah = admin.create_user("Noah Fischer", "Technician").await;
    let group = admin
        .create(
            "groups",
            &json!({
                "displayName": "Works council", "mailEnabled": true, "mailNickname": "council",
                "securityEnabled": true, "groupTypes": ["Unified"], "visibility": "HiddenMembership"
            }),
        )
        .await;
    let unit = json!({ "displayName": "Under review", "visibility": "HiddenMembership" });
    let unit = admin.create("directory/administrativeUnits", &unit).await;
    for path in [format!("groups/{group}"), format!("directory/administrativeUnits/{unit}")] {
        for member in [&maya, &noah] {
            admin.link(&format!("{path}/members/$ref"), member).await;
        }
    }
    (group, unit)
}

#[tokio::test]
async fn hidden_members_that_could_not_be_read_are_neither_taken_out_nor_a_change_when_they_can_be() {
    for (users, refused) in [(12, false), (12, true), (1_400, false)] {
        let rig = Rig::with(Setting { users, ..Setting::default() }).await;
        rig.control.switch(|switches| switches.hidden_members_refused = refused);
        without(&rig, &["Member.Read.Hidden"]);
        let admin = rig.admin(rig.tenant()).await;
        let (group, unit) = hidden(&admin).await;
        let chosen = [("groups", group.as_str()), ("administrativeUnits", unit.as_str())];
        let expected = ["administrativeUnits.hiddenMembers", "groups.hiddenMembers"];
        let relations = BTreeSet::from(["administrativeUnits.members", "groups.members"]);
        let before = rig.snapshot().await;
        assert_eq!(not_covered(&rig, &before).await, expected);
        without(&rig, &[]);
        let after = rig.snapshot().await;
        let left_out: BTreeSet<String> = expected.map(str::to_owned).into();
        assert_eq!(left_out_of_the_comparison(&rig, &after).await, left_out);
        let plan = preview(&rig, &before, &chosen).await;
        assert_eq!(plan.steps, vec![]);
        assert_eq!(left(&plan), relations);
        // What is known is not written while it cannot be seen what is there.
        without(&rig, &["Member.Read.Hidden"]);
        let third = rig.snapshot().await;
        assert_eq!(left_out_of_the_comparison(&rig, &third).await, left_out);
        let plan = preview(&rig, &after, &chosen).await;
        assert_eq!(plan.steps, vec![]);
        assert_eq!(left(&plan), relations);
        // A snapshot that knows them takes out who came since, and nobody else.
        without(&rig, &[]);
        let admin = rig.admin(rig.tenant()).await;
        let more = admin.create_user("Tomasz Zielinski", "Shift lead").await;
        admin.link(&format!("groups/{group}/members/$ref"), &more).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        let plan = preview(&rig, &after, &chosen).await;
        let steps: Vec<_> = plan.steps.iter().map(|s| &s.action).collect();
        assert!(matches!(steps[..], [WriteAction::RemoveLink { to, .. }] if to.id == more), "{steps:?}");
    }
}

/// An emptied description, an emptied list and a title, in what is read by rounds of a delta, by chunks of ids and
/// by lists.
#[tokio::test]
async fn what_was_emptied_is_empty_after_everything_is_read_though_no_round_names_what_is_empty() {
    for users in [12, 1_400] {
        let rig = Rig::with(Setting { users, ..Setting::default() }).await;
        rig.control.switch(|switches| switches.first_rounds_leave_out_empty = true);
        let admin = rig.admin(rig.tenant()).await;
        let words = json!({"description": "Old words"});
        let group = admin.create_group("Emptied").await;
        admin.patch(&format!("groups/{group}"), &words).await;
        let unit = admin.create("directory/administrativeUnits", &json!({"displayName": "Emptied"})).await;
        admin.patch(&format!("directory/administrativeUnits/{unit}"), &words).await;
        rig.snapshot().await;
        for path in [format!("groups/{group}"), format!("directory/administrativeUnits/{unit}")] {
            admin.patch(&path, &json!({"description": null})).await;
        }
        rig.control.expire_delta_tokens(sim::ExpiredDelta::Gone);
        rig.clock.advance(SignedDuration::from_hours(1));
        let after = rig.snapshot().await;
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        let view = SnapshotView::open(&archive, &after).await.unwrap();
        for (kind, key) in [("groups", &group), ("administrativeUnits", &unit)] {
            let kind = domain::kinds::get(kind).unwrap();
            let object = view.find_object(kind, key).await.unwrap().unwrap();
            assert_eq!(object["description"], Value::Null, "{} of {users} users: {object:?}", kind.name);
            assert_eq!(object["displayName"], "Emptied");
        }
    }
}
