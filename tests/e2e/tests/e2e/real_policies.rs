//! Real policies, as Graph returned them: into the tenant, through a snapshot, a deletion and a restore, and
//! back equal in every property that can be written.

use crate::conformance::Watch;
use crate::rig::Rig;
use backup::archive::SnapshotView;
use domain::changes::equal_values;
use domain::kinds::{self, Kind};
use domain::restore::{AttributeMode, LinkMode, SelectedItem, Selection};
use domain::{SnapshotId, canonical};
use engine::records::{RestoreState, StepOutcome};
use restore::commands::restores::{NewRestore, RestoreFrom};
use serde_json::{Map, Value};
use sim::ExpandedSettings;
use std::path::PathBuf;
use support::openapi::shared_folder;

const FOLDERS: [(&str, &str); 3] = [
    ("SettingsCatalog", "ConfigurationPolicies"),
    ("CompliancePolicies", "DeviceCompliancePolicies"),
    ("DeviceConfiguration", "DeviceConfiguration"),
];

fn real() -> Option<Vec<(&'static Kind, Map<String, Value>)>> {
    let root = shared_folder().join("real/open-intune-baseline");
    let mut all = Vec::new();
    for (folder, kind) in FOLDERS {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(root.join(folder)).ok()?.map(|f| f.unwrap().path()).collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(file).unwrap();
            let policy: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            all.push((kinds::get(kind).unwrap(), policy.as_object().unwrap().clone()));
        }
    }
    Some(all)
}

/// What can be written of a policy: no dates, counts and numbers of the service's own, no annotations but
/// types of things.
fn writable(kind: &Kind, policy: &Map<String, Value>) -> Map<String, Value> {
    let mut object = kind.canonical(policy.clone());
    object.retain(|name, _| kind.can_update(name) && !name.contains("@odata."));
    object.into_iter().map(|(k, v)| (k, said(v))).collect()
}

/// A value without numbers of positions and annotations of its properties.
fn said(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(k, _)| k != "id" && (k == "@odata.type" || !k.contains("@odata.")))
                .map(|(k, v)| (k, said(v)))
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(said).collect()),
        other => other,
    }
}

fn assignments(policy: &Map<String, Value>) -> Vec<String> {
    let all = policy.get("assignments").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut targets: Vec<String> =
        all.iter().map(|a| canonical::text(&said(canonical::strip(a["target"].clone())))).collect();
    targets.sort();
    targets
}

/// The policies of a kind as they are live, by name.
fn live(rig: &Rig, kind: &Kind) -> Vec<Map<String, Value>> {
    let dump = rig.dump();
    let collection = dump.get(kind.path).or_else(|| dump.get(kind.path.rsplit('/').next().unwrap()));
    let found = collection.unwrap_or_else(|| panic!("the dump has no {}", kind.path));
    let objects: Vec<Value> = match found {
        Value::Array(items) => items.clone(),
        Value::Object(map) => map.values().cloned().collect(),
        other => panic!("{other}"),
    };
    objects.into_iter().filter_map(|o| o.as_object().cloned()).collect()
}

async fn stored(rig: &Rig, snapshot: &SnapshotId, kind: &Kind, id: &str) -> Map<String, Value> {
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, snapshot).await.unwrap();
    view.find_object(kind, id).await.unwrap().expect("the snapshot has the policy")
}

#[tokio::test]
async fn all_real_policies_come_back_equal_after_deletion_and_restore() {
    let Some(all) = real() else {
        eprintln!("NOT CHECKED: the real policies are absent (HOLDFAST_SHARED)");
        return;
    };
    assert_eq!(all.len(), 64);
    // By default each policy comes back under one way to cut what is expanded; under all of them if that is asked for.
    let is_all = std::env::var("HOLDFAST_REAL_POLICIES").is_ok_and(|wanted| wanted == "all");
    let ways =
        [ExpandedSettings::Never, ExpandedSettings::SilentlyAt(25), ExpandedSettings::WithNextLink(25)];
    for (way, truncation) in ways.into_iter().enumerate() {
        let is_taken = |number: usize| is_all || number % ways.len() == way;
        let real: Vec<_> = all.iter().enumerate().filter(|(n, _)| is_taken(*n)).map(|(_, p)| p).collect();
        let rig = Rig::new().await;
        let watch = Watch::begin(&rig);
        rig.control.switch(|s| {
            s.expanded_settings = truncation;
            // The real assignments name groups of another tenant.
            s.missing_assignment_group_refused = false;
        });
        let mut items = Vec::new();
        for (kind, policy) in &real {
            let id = rig.control.put_raw(rig.tenant().as_str(), kind.path, Value::Object(policy.clone()));
            items.push(SelectedItem::whole(kind.name, id));
        }
        let snapshot = rig.snapshot().await;
        for ((kind, policy), item) in real.iter().zip(&items) {
            let kept = stored(&rig, &snapshot, kind, &item.key).await;
            let said = kind.canonical(policy.clone());
            for (name, value) in said.into_iter().filter(|(name, _)| !name.contains("@odata.")) {
                let kept = kept.get(&name).unwrap_or(&Value::Null);
                assert!(equal_values(&value, kept), "{} {name} is not kept whole", policy["id"]);
            }
        }
        let admin = rig.admin(rig.tenant()).await;
        for ((kind, _), item) in real.iter().zip(&items) {
            admin.delete(&format!("{}/{}", kind.path, item.key)).await;
        }
        let selection = Selection {
            items,
            attributes: AttributeMode::Overwrite,
            links: LinkMode::Rollback,
            delete_created: false,
            ..Selection::default()
        };
        let from = RestoreFrom::Items(snapshot);
        let restore = rig
            .restores()
            .create_preview(rig.tenant(), "per_test", NewRestore::of(from, selection))
            .await
            .unwrap();
        rig.settle().await;
        // Assignments to groups that this tenant does not have are named, and nothing else is impossible.
        for nothing in rig.restores().list_impossible(rig.tenant(), &restore.id).await.unwrap() {
            assert!(nothing.what.contains("assignments"), "{nothing:?}");
        }
        rig.ask_run(&restore).await;
        rig.settle().await;
        let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
        let outcomes: Vec<_> =
            rig.records.list_all(&StepOutcome::of_restore(rig.tenant(), &restore.id)).await.unwrap();
        assert_eq!(
            (done.state, done.counts.failed, done.counts.unverified),
            (RestoreState::Done, 0, 0),
            "{outcomes:#?}"
        );
        for (kind, policy) in &real {
            let named = live(&rig, kind);
            let back = named.iter().find(|p| p.get(kind.name_property) == policy.get(kind.name_property));
            let back = back.unwrap_or_else(|| panic!("{} did not come back", policy[kind.name_property]));
            assert_ne!(back["id"], policy["id"]);
            let (was, is) = (writable(kind, policy), writable(kind, back));
            for (name, value) in &was {
                let now = is.get(name).unwrap_or(&Value::Null);
                assert!(
                    equal_values(value, now),
                    "{} {name}: {value} became {now}",
                    policy[kind.name_property]
                );
            }
            let held: Vec<_> = assignments(policy).into_iter().filter(|t| !t.contains("groupId")).collect();
            let there: Vec<_> = assignments(back).into_iter().filter(|t| !t.contains("groupId")).collect();
            assert_eq!(held, there, "{}", policy[kind.name_property]);
        }
        if let Some(watch) = watch {
            watch.assert_conforms(real.len() * 4);
        }
    }
}
