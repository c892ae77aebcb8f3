//! A tenant made by chance, damaged by chance, restored whole or stopped somewhere, touched by somebody else, and undone:
//! Microsoft holds what it held before the restore, but for what that other did and what the undoing names.
//!
//! One in ten of the 60 tenants and what found a fault once; with `HOLDFAST_UNDONE=all` each of them, with a number the one of that seed.

use super::data_plane::Client;
use super::equal_runs::chance::Chance;
use super::rig::{Admin, Rig, Setting, chosen_seeds};
use domain::kinds::{self, Identity, Kind};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 60;
const ONE_IN: usize = 10;
/// Seeds that found a fault once, and are played each time.
const ALWAYS: [u64; 1] = [55];

/// The collections of a dump, with the kind of their objects and where the administrator finds them.
const COLLECTIONS: [(&str, &str, &str); 6] = [
    ("users", "users", "users"),
    ("groups", "groups", "groups"),
    ("directory/administrativeUnits", "administrativeUnits", "directory/administrativeUnits"),
    ("roleDefinitions", "roles", "roleManagement/directory/roleDefinitions"),
    ("roleAssignments", "admins", ""),
    ("deviceManagement/deviceConfigurations", "DeviceConfiguration", "deviceManagement/deviceConfigurations"),
];

/// What Microsoft holds, by names: an object that was made anew has another id and the same name.
struct Held {
    /// The name of each id: of what lies in the recycle bin, too.
    names: BTreeMap<String, String>,
    /// By kind and name, as far as a restore can write it.
    objects: BTreeMap<String, Value>,
    bin: BTreeSet<String>,
}

fn name_of(kind: &str, object: &Value) -> String {
    let name = ["userPrincipalName", "displayName"].into_iter().find_map(|p| object[p].as_str());
    format!("{kind} {}", name.unwrap_or_default())
}

/// A value with names in place of ids, at any depth, and lists in one order.
fn by_names(names: &BTreeMap<String, String>, value: &Value) -> Value {
    match value {
        Value::String(text) => {
            json!(names.get(text.trim_start_matches("/administrativeUnits/")).unwrap_or(text))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(|item| by_names(names, item)).collect();
            items.sort_by_key(ToString::to_string);
            Value::Array(items)
        }
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| *name != "id" && *name != "sourceId");
            let kept = kept.map(|(name, value)| (name.clone(), by_names(names, value)));
            // Nothing and what holds nothing are alike.
            let says = |value: &Value| !value.is_null() && *value != json!([]) && *value != json!({});
            Value::Object(kept.filter(|(_, value)| says(value)).collect())
        }
        other => other.clone(),
    }
}

/// What a restore can write of an object: properties that can be updated, and links.
fn written(kind: &Kind, object: &Value) -> Map<String, Value> {
    let mut object = object.as_object().unwrap().clone();
    let parts: Vec<&str> = match kind.identity {
        Identity::Natural(parts) => parts.to_vec(),
        Identity::Id => vec![],
    };
    object.retain(|name, _| {
        if parts.is_empty() {
            kind.can_update(name) || kind.is_relation(name)
        } else {
            parts.contains(&name.as_str())
        }
    });
    object
}

fn held(rig: &Rig) -> Held {
    let dump = rig.dump();
    let mut names = BTreeMap::new();
    for (set, kind, _) in COLLECTIONS {
        let live = dump[set].as_object().into_iter().flatten();
        names.extend(live.map(|(id, object)| (id.clone(), name_of(kind, object))));
    }
    let bin = dump["deletedItems"].as_object().unwrap();
    names.extend(bin.iter().map(|(id, object)| (id.clone(), name_of("binned", object))));
    let mut objects = BTreeMap::new();
    for (set, kind, _) in COLLECTIONS {
        let row = kinds::get(kind).unwrap();
        for object in dump[set].as_object().into_iter().flatten().map(|(_, object)| object) {
            let value = by_names(&names, &Value::Object(written(row, object)));
            let name = if kind == "admins" { format!("admins {value}") } else { name_of(kind, object) };
            objects.insert(name, value);
        }
    }
    let bin = bin.values().map(|object| name_of("binned", object)).collect();
    Held { names, objects, bin }
}

/// What is not the same in both, by name.
fn differing(a: &Held, b: &Held) -> BTreeSet<String> {
    let all = a.objects.keys().chain(b.objects.keys());
    all.filter(|name| a.objects.get(*name) != b.objects.get(*name)).cloned().collect()
}

/// What chance does not do by itself: licences come and go.
pub(super) async fn change_licences(admin: &Admin, random: &mut SmallRng) {
    let skus = admin.inner().list("subscribedSkus").await.unwrap();
    let users = admin.inner().list("users?$select=id,usageLocation,assignedLicenses").await.unwrap();
    for user in users.iter().filter(|user| user["usageLocation"].is_string()) {
        if !random.random_bool(0.3) {
            continue;
        }
        let id = user["id"].as_str().unwrap();
        let has: Vec<&Value> = user["assignedLicenses"].as_array().into_iter().flatten().collect();
        let (add, remove) = if has.is_empty() {
            (json!([{ "skuId": skus[0]["skuId"], "disabledPlans": [] }]), json!([]))
        } else {
            (json!([]), json!([has[0]["skuId"]]))
        };
        let body = json!({ "addLicenses": add, "removeLicenses": remove });
        // Whose licence a group gives cannot lose it; then nothing happens.
        let _ = admin.inner().write(reqwest::Method::POST, &format!("users/{id}/assignLicense"), &body).await;
    }
}

/// What somebody else does to an object that the restore wrote to: the collection, the id, the property and its value.
struct Deed {
    path: String,
    set: &'static str,
    id: String,
    property: &'static str,
}

const THEIRS: &str = "Somebody else's";

/// Somebody edits an object that a step of the restore left live.
async fn somebody_edits(rig: &Rig, admin: &Admin, report: &Value, random: &mut SmallRng) -> Option<Deed> {
    let dump = rig.dump();
    let mut all = Vec::new();
    for step in report["items"].as_array().unwrap() {
        let kind = step["kind"].as_str().unwrap();
        let Some((set, _, path)) =
            COLLECTIONS.into_iter().find(|(_, name, path)| *name == kind && !path.is_empty())
        else {
            continue;
        };
        let id = step["outcome"]["newId"].as_str().or(step["id"].as_str()).unwrap();
        let is_synced = dump[set][id]["onPremisesSyncEnabled"] == true;
        if dump[set][id].is_object() && step["outcome"]["type"] == "done" && !is_synced {
            all.push((path, set, id.to_owned()));
        }
    }
    if all.is_empty() {
        return None;
    }
    let (path, set, id) = all.swap_remove(random.random_range(0..all.len()));
    let property = if set == "users" { "jobTitle" } else { "description" };
    let path = format!("{path}/{id}");
    let mut body = json!({ property: THEIRS });
    if set == "deviceManagement/deviceConfigurations" {
        body["@odata.type"] = dump[set][&id]["@odata.type"].clone();
    }
    admin.inner().patch(&path, &body).await.ok()?;
    Some(Deed { path, set, id, property })
}

/// Runs a preview until it ends or, stopped at one of its writes, is cancelled; says whether it was stopped.
async fn run(rig: &Rig, client: &Client<'_>, restore: &str, stops_after: Option<u32>) -> bool {
    let Some(after) = stops_after else {
        client.done(&format!("{restore}/run"), None).await;
        return false;
    };
    for method in ["PATCH", "POST", "PUT", "DELETE"] {
        rig.control.fail_next(sim::FaultRule {
            method: Some(method.to_owned()),
            status: 429,
            retry_after: Some("10800".to_owned()),
            skip: after,
            times: 1_000,
            ..sim::FaultRule::default()
        });
    }
    let (status, _) = client.ask_below(Method::POST, &format!("{restore}/run"), None).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    rig.work_once().await;
    rig.control.clear_faults();
    let (status, _) = client.ask_below(Method::POST, &format!("{restore}/cancel"), None).await;
    rig.settle().await;
    status == StatusCode::ACCEPTED
}

#[tokio::test]
async fn whatever_chance_did_and_wherever_a_restore_stopped_its_undoing_leaves_what_there_was() {
    let (mut undone, mut kept, mut stopped) = (0, 0, 0);
    let mut faults = Vec::new();
    let seeds = chosen_seeds("HOLDFAST_UNDONE", SEEDS, ONE_IN, &ALWAYS);
    let is_one = seeds.len() == 1;
    for seed in seeds {
        let at = format!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        let setting = Setting { seed, users: 6, intune: seed % 4 == 1, ..Setting::default() };
        let rig = Rig::with(setting).await;
        let admin = rig.admin(rig.tenant()).await;
        let client = Client::new(&rig).await;
        let mut chance = Chance::new(seed, admin.inner(), &rig.dump());
        chance.happens(40).await;
        change_licences(&admin, &mut random).await;
        let first = client.done("snapshots", None).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        chance.happens(25).await;
        change_licences(&admin, &mut random).await;

        let since = first.split_once('/').unwrap().1;
        let compared = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
        let asked = json!({ "comparison": compared.split_once('/').unwrap().1, "deleteCreated": true });
        let restore = client.done("restores", Some(&asked)).await;
        let before = held(&rig);
        let stops_after = random.random_bool(0.5).then(|| random.random_range(1..5));
        stopped += u32::from(run(&rig, &client, &restore, stops_after).await);
        let report = client.get(&format!("{restore}/report?limit=200")).await;
        let between = held(&rig);
        let deed = somebody_edits(&rig, &admin, &report, &mut random).await;

        let asked = json!({ "undo": restore.split_once('/').unwrap().1 });
        let undo = client.done("restores", Some(&asked)).await;
        let shown = client.get(&format!("{undo}?limit=200")).await;
        assert_eq!(shown["state"], "previewed", "{at}: {shown}");
        client.done(&format!("{undo}/run"), None).await;
        let undoing = client.get(&format!("{undo}/report?limit=200")).await;
        for step in
            undoing["items"].as_array().unwrap().iter().filter(|step| step["outcome"]["type"] == "failed")
        {
            faults.push(format!("{at}: failed: {step}"));
        }
        let after = held(&rig);

        // What is named need not be as it was.
        let named: BTreeSet<&str> =
            shown["impossible"].as_array().unwrap().iter().map(|one| one["key"].as_str().unwrap()).collect();
        let name = |id: &str| {
            [&after, &between, &before]
                .into_iter()
                .find_map(|held| held.names.get(id))
                .cloned()
                .unwrap_or_default()
        };
        let mut excused: BTreeSet<String> = named.iter().map(|id| name(id)).collect();
        excused.extend(deed.iter().map(|deed| name(&deed.id)));
        if is_one {
            println!("{}\n{}\n{}", report["items"], undoing["items"], shown["impossible"]);
        }
        // What leads to an object that is left as it is, is called by what that is called live, and not in the bin.
        let bare = |name: &str| name.split_once(' ').map_or(name, |(_, bare)| bare).to_owned();
        let bares: Vec<String> =
            excused.iter().map(|name| bare(name)).filter(|name| !name.is_empty()).collect();
        let is_excused = |name: &String| {
            excused.contains(name)
                || bares.iter().any(|one| bare(name) == *one)
                || name.starts_with("admins") && bares.iter().any(|one| name.contains(&format!(" {one}\"")))
        };
        let differs: Vec<String> =
            differing(&before, &after).into_iter().filter(|name| !is_excused(name)).collect();
        let sides = |name: &String| (before.objects.get(name).cloned(), after.objects.get(name).cloned());
        faults.extend(
            differs
                .iter()
                .map(|name| format!("{at}, stops after {stops_after:?}: {name}: {:?}", sides(name))),
        );
        let missing = before.bin.difference(&after.bin);
        let missing = missing.filter(|name| !is_excused(name));
        faults.extend(missing.map(|name| format!("{at}: not in the bin again: {name}")));
        undone += differing(&before, &between).len();

        // What was made anew has its new id in the report, and is there under it.
        for step in undoing["items"].as_array().unwrap() {
            if step["action"]["type"] == "create" && !step["key"].as_str().unwrap().contains('|') {
                let id = step["outcome"]["newId"].as_str().unwrap_or_else(|| panic!("{at}: {step}"));
                assert!(after.names.contains_key(id), "{at}: {id}");
            }
        }
        if let Some(deed) = deed {
            let now = &rig.dump()[deed.set][&deed.id][deed.property];
            if *now != THEIRS {
                faults.push(format!("{at}: {} is {now}: {}", deed.path, shown["impossible"]));
            }
            kept += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    println!("{undone} objects were undone, {kept} edits of others kept, {stopped} restores stopped");
    assert!(is_one || undone > 5 * kept && kept > 0 && stopped > 0, "{undone}, {kept}, {stopped}");
}
