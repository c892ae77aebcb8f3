//! One object that cannot be read in a preview, each permission that is missing for a run, and one thing that Graph does
//! not take of each sort of write ([`writes`]): each costs what it is about, and all the rest is done.

mod writes;

use super::rig::{Admin, Rig};
use customer::{Cast, Prop, Stage};
use domain::SnapshotId;
use domain::kinds::KINDS;
use domain::restore::WriteAction;
use engine::records::{FailCause, OutcomeState, Restore, RestoreState, Side, SkipCause};
use reqwest::Method;
use restore::plans::ReportedStep;
use serde_json::{Value, json};
use sim::{FaultRule, WRITER_CLIENT_ID, WRITING};
use std::collections::BTreeSet;

/// Helpdesk Administrator, the same in every tenant.
const HELPDESK_ADMINISTRATOR: &str = "729827e3-9c14-49f7-bb1b-9608f156bbb8";

struct Scene {
    rig: Rig,
    first: SnapshotId,
    /// Nine; of five of them something was changed.
    people: Vec<String>,
    /// The first lost its members and owners, the second got some; the third and the fourth only got policies.
    groups: Vec<String>,
    unit: String,
    wifi: String,
    lock: String,
    skus: Vec<String>,
    /// Made since the snapshot.
    created: Vec<String>,
    /// In the recycle bin by now.
    binned: String,
}

fn person(id: &str, to: &str) -> (String, Value) {
    let parts = json!({ "extensionAttribute1": to });
    let body = json!({ "jobTitle": to, "department": to, "city": to, "companyName": to,
        "onPremisesExtensionAttributes": parts });
    (format!("users/{id}"), body)
}

async fn give_attribute(admin: &Admin, user: &str, to: &str) {
    let values = json!({
        "@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", "Clearance": to
    });
    admin.patch(&format!("users/{user}"), &json!({ "customSecurityAttributes": { "Posts": values } })).await;
}

fn to_groups(groups: &[String]) -> Value {
    let target = |id: &String| json!({ "target": { "@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": id } });
    json!({ "assignments": groups.iter().map(target).collect::<Vec<_>>() })
}

/// The policy of the settings catalogue under that name and description.
async fn put_policy(admin: &Admin, path: &str, to: &str) {
    let now = admin.inner().get(&format!("{path}?$expand=settings")).await.unwrap();
    let mut body = json!({ "name": to, "description": format!("{to}, described") });
    for kept in ["platforms", "technologies", "roleScopeTagIds", "templateReference", "settings"] {
        body[kept] = now[kept].clone();
    }
    admin.write(Method::PUT, path, &body).await;
}

const CAST: Cast =
    Cast { people: &[], managers: &[], groups: &[], props: &[Prop::WorkstationLock], leavers: &[] };

async fn scene() -> Scene {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    let mut people = Vec::new();
    for number in 0..9 {
        people.push(admin.create_user(&format!("Uma{number} Berg"), "Clerk").await);
    }
    let mut groups = Vec::new();
    for name in ["Staff", "Near", "Far", "Here", "There"] {
        groups.push(admin.create_group(name).await);
    }
    let staff = format!("groups/{}", groups[0]);
    let unit = admin.create("directory/administrativeUnits", &json!({ "displayName": "North" })).await;
    let unit_path = format!("directory/administrativeUnits/{unit}");
    let wifi =
        json!({ "@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "Wi-Fi" });
    let wifi = admin.create("deviceManagement/deviceConfigurations", &wifi).await;
    let wifi_path = format!("deviceManagement/deviceConfigurations/{wifi}");
    let lock = Stage::set_up(admin.inner(), &CAST).await.unwrap().id("Workstation lock").to_owned();
    let lock_path = format!("deviceManagement/configurationPolicies/{lock}");
    let skus: Vec<Value> = admin.inner().list("subscribedSkus").await.unwrap();
    let skus: Vec<String> =
        skus.iter().map(|sku| sku["skuId"].as_str().unwrap().to_owned()).take(2).collect();
    let binned = admin.create_group("Put aside").await;
    let gone = admin.create_group("Lost").await;

    let set = json!({ "id": "Posts", "maxAttributesPerSet": 9 });
    admin.create("directory/attributeSets", &set).await;
    let definition = json!({
        "attributeSet": "Posts", "name": "Clearance", "type": "String", "status": "Available",
        "isCollection": false, "isSearchable": true, "usePreDefinedValuesOnly": false
    });
    admin.create("directory/customSecurityAttributeDefinitions", &definition).await;

    // As it was.
    let (path, body) = person(&people[0], "then");
    admin.patch(&path, &body).await;
    for member in &people {
        admin.link(&format!("{staff}/members/$ref"), member).await;
    }
    for owner in &people[..3] {
        admin.link(&format!("{staff}/owners/$ref"), owner).await;
        admin.link(&format!("{unit_path}/members/$ref"), owner).await;
        admin.link(&format!("users/{owner}/manager/$ref"), &people[8]).await;
    }
    admin.write(Method::POST, &format!("{wifi_path}/assign"), &to_groups(&groups[1..])).await;
    put_policy(&admin, &lock_path, "then").await;
    let licensed = format!("users/{}/assignLicense", people[1]);
    let given: Vec<Value> = skus.iter().map(|sku| json!({ "skuId": sku, "disabledPlans": [] })).collect();
    admin.write(Method::POST, &licensed, &json!({ "addLicenses": given, "removeLicenses": [] })).await;
    let leaves = |on: &str| json!({ "employeeLeaveDateTime": on });
    admin.patch(&format!("users/{}", people[7]), &leaves("2027-01-01T00:00:00Z")).await;
    let grant = json!({ "@odata.type": "#microsoft.graph.unifiedRoleAssignment", "principalId": people[7],
        "roleDefinitionId": HELPDESK_ADMINISTRATOR, "directoryScopeId": "/" });
    let grant = admin.create("roleManagement/directory/roleAssignments", &grant).await;
    give_attribute(&admin, &people[6], "then").await;
    let first = rig.snapshot().await;

    // As it is now.
    give_attribute(&admin, &people[6], "now").await;
    admin.delete(&format!("roleManagement/directory/roleAssignments/{grant}")).await;
    admin.patch(&format!("users/{}", people[7]), &leaves("2028-01-01T00:00:00Z")).await;
    let (path, body) = person(&people[0], "now");
    admin.patch(&path, &body).await;
    for one in &people[2..6] {
        admin.patch(&format!("users/{one}"), &json!({ "city": "now" })).await;
    }
    for member in &people {
        admin.delete(&format!("{staff}/members/{member}/$ref")).await;
    }
    for owner in &people[..3] {
        admin.delete(&format!("{staff}/owners/{owner}/$ref")).await;
        admin.delete(&format!("{unit_path}/members/{owner}/$ref")).await;
        admin.delete(&format!("users/{owner}/manager/$ref")).await;
    }
    admin.write(Method::POST, &format!("{wifi_path}/assign"), &to_groups(&[])).await;
    put_policy(&admin, &lock_path, "now").await;
    admin.write(Method::POST, &licensed, &json!({ "addLicenses": [], "removeLicenses": skus })).await;
    let near = format!("groups/{}", groups[1]);
    let mut created = Vec::new();
    for member in &people[..3] {
        admin.link(&format!("{near}/members/$ref"), member).await;
        created.push(admin.create_group(&format!("Since {}", &member[..4])).await);
    }
    for group in [&binned, &gone] {
        admin.delete(&format!("groups/{group}")).await;
    }
    admin.delete(&format!("directory/deletedItems/{gone}")).await;
    Scene { rig, first, people, groups, unit, wifi, lock, skus, created, binned }
}

/// Undoes everything since; what is refused is ordered right before the preview, or right before the run.
async fn undo(scene: &Scene, before_preview: Option<FaultRule>, before_run: Option<FaultRule>) -> Restore {
    let restore = preview(scene, before_preview).await;
    run(scene, &restore, before_run).await
}

async fn preview(scene: &Scene, fault: Option<FaultRule>) -> Restore {
    let rig = &scene.rig;
    let diff = rig.ask_diff(&scene.first, Side::Live).await;
    rig.settle().await;
    if let Some(rule) = fault {
        rig.control.fail_next(rule);
    }
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.control.clear_faults();
    let previewed = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(previewed.state, RestoreState::Previewed, "{:?}", previewed.error);
    previewed
}

async fn run(scene: &Scene, restore: &Restore, fault: Option<FaultRule>) -> Restore {
    let rig = &scene.rig;
    if let Some(rule) = fault {
        rig.control.fail_next(rule);
    }
    rig.ask_run(restore).await;
    rig.settle().await;
    rig.control.clear_faults();
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(done.state, RestoreState::Done, "{done:?} {:?}", rig.dead_letters());
    done
}

/// Times that the service sets.
const TIMES: [&str; 3] = ["createdDateTime", "lastModifiedDateTime", "modifiedDateTime"];

/// What Microsoft holds, with facts by what they say: given anew, a role assignment has another id.
fn held(rig: &Rig) -> Value {
    let mut dump = rig.dump();
    for set in ["roleAssignments", "roleAssignmentSchedules", "roleEligibilitySchedules"] {
        let facts = dump[set].as_object().into_iter().flatten().map(|(_, fact)| {
            let parts = ["principalId", "roleDefinitionId", "directoryScopeId"];
            let key = parts.map(|part| fact[part].as_str().unwrap_or_default()).join("|");
            let mut fact = fact.clone();
            fact["id"] = Value::Null;
            (key, fact)
        });
        dump[set] = Value::Object(facts.collect());
    }
    dump
}

/// Whether the service sets the property by itself.
fn is_of_service(property: &str) -> bool {
    TIMES.contains(&property) || KINDS.iter().any(|kind| kind.volatile.contains(&property))
}

/// Where two dumps differ, but for what the service sets by itself.
fn differences(a: &Value, b: &Value, at: &str, found: &mut BTreeSet<String>) {
    let as_set = |items: &[Value]| items.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            // What lies in the recycle bin is told by what is not among the others any more.
            for name in names.into_iter().filter(|name| !is_of_service(name) && *name != "deletedItems") {
                let side = |map: &serde_json::Map<String, Value>| map.get(name).cloned().unwrap_or_default();
                differences(&side(a), &side(b), &format!("{at}/{name}"), found);
            }
        }
        (Value::Array(a), Value::Array(b)) if as_set(a) == as_set(b) => {}
        (a, b) if a == b => {}
        _ => {
            found.insert(at.to_owned());
        }
    }
}

/// What each permission of the writing application is for, of what this scene restores: where the tenant stays as it is
/// without it, and what the preview names. Nothing where another permission does for it, or nothing here needs it.
const FOR: [(&str, &str, &[&str]); 12] = [
    ("User.ReadWrite.All", "/users/", &["users"]),
    ("User-LifeCycleInfo.ReadWrite.All", "/employeeLeaveDateTime", &["users.employeeLeaveDateTime"]),
    ("Group.ReadWrite.All", "/groups/", &["groups"]),
    ("GroupMember.ReadWrite.All", "", &[]),
    ("Member.Read.Hidden", "", &[]),
    ("AdministrativeUnit.ReadWrite.All", "dministrativeUnits/", &["administrativeUnits"]),
    ("RoleManagement.ReadWrite.Directory", "/roleAssignments", &["admins"]),
    (
        "CustomSecAttributeAssignment.ReadWrite.All",
        "/customSecurityAttributes",
        &["users.customSecurityAttributes"],
    ),
    ("Organization.Read.All", "", &[]),
    (
        "DeviceManagementConfiguration.ReadWrite.All",
        "onfiguration",
        &["ConfigurationPolicies", "DeviceConfiguration"],
    ),
    ("AuditLog.Read.All", "", &[]),
    ("Device.Read.All", "", &[]),
];

/// Whether what the preview named is what a step that failed is about.
fn is_foretold(foretold: &[String], step: &ReportedStep) -> bool {
    let kind = step.step.kind.to_string();
    let parts = match &step.step.action {
        WriteAction::Update { properties, .. } => properties.clone(),
        _ => Vec::new(),
    };
    foretold.iter().any(|what| *what == kind || parts.iter().any(|part| *what == format!("{kind}.{part}")))
}

#[tokio::test]
async fn one_object_that_cannot_be_read_costs_itself_in_a_preview_whatever_graph_says_of_it() {
    let scene = scene().await;
    let rig = &scene.rig;
    let put_back = rig.keep();
    let bad = &scene.people[4];
    // A 404 is no refusal here: it says that the object is gone.
    for status in [400, 403, 409, 423] {
        put_back();
        let rule = FaultRule {
            method: Some("GET".into()),
            path_contains: format!("users/{bad}"),
            status,
            times: 1_000,
            ..FaultRule::default()
        };
        let done = undo(&scene, Some(rule), None).await;
        assert_eq!((done.counts.done, done.counts.impossible), (done.counts.steps, 1), "{status}");
        let users = rig.dump()["users"].clone();
        assert_eq!(users[bad]["city"], "now", "{status}");
        for other in [&scene.people[3], &scene.people[5]] {
            assert_ne!(users[other]["city"], "now", "{status}");
        }
    }
}

#[tokio::test]
async fn each_permission_that_is_taken_away_costs_what_it_is_for_and_nothing_else() {
    assert_eq!(FOR.map(|(permission, ..)| permission), WRITING, "the list is the product's");
    let scene = scene().await;
    let rig = &scene.rig;
    let put_back = rig.keep();
    let clean = undo(&scene, None, None).await;
    assert_eq!((clean.counts.done, clean.not_permitted.len()), (clean.counts.steps, 0));
    let right = held(rig);
    for (taken, place, foretold) in FOR {
        put_back();
        let left = WRITING.iter().filter(|permission| **permission != taken).map(ToString::to_string);
        rig.control.set_permissions(rig.tenant().as_str(), WRITER_CLIENT_ID, left.collect());
        let restore = preview(&scene, None).await;
        assert!(restore.permissions_read_at.is_some(), "{taken}");
        let named: Vec<String> = restore.not_permitted.iter().map(|one| one.what.clone()).collect();
        assert_eq!(named, foretold, "{taken}");
        let done = run(&scene, &restore, None).await;
        let mut differs = BTreeSet::new();
        differences(&right, &held(rig), "", &mut differs);
        differs.retain(|at| !at.contains("/servicePrincipals/"));
        assert_eq!(differs.is_empty(), place.is_empty(), "{taken}: {differs:?}");
        assert!(differs.iter().all(|at| at.contains(place)), "{taken}: {differs:?}");
        // Each thing that is not as it was to be is named as refused for want of a permission.
        let report = rig.restores().get_report(rig.tenant(), &done.id).await.unwrap();
        for step in report.steps.iter().filter(|step| !step.outcome.is_success()) {
            let is_denied = matches!(step.outcome, OutcomeState::Failed { cause: FailCause::Denied, .. });
            let follows = step.outcome == OutcomeState::Skipped { cause: SkipCause::DependencyFailed };
            assert!((is_denied || follows) && is_foretold(&named, step), "{taken}: {step:?}");
        }
    }
}
