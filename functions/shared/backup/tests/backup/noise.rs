//! What Graph says otherwise from one reading to the next, and nobody changed: no change, and a line where one is due.
//!
//! Over policies of the settings catalogue as they are written here, and over the real ones where they are at hand.

use crate::side_by_side::{SideBySide, Sides, id};
use domain::kinds;
use serde_json::{Map, Value, json};
use support::openapi::shared_folder;

const FOLDERS: [(&str, &str); 3] = [
    ("SettingsCatalog", "ConfigurationPolicies"),
    ("CompliancePolicies", "DeviceCompliancePolicies"),
    ("DeviceConfiguration", "DeviceConfiguration"),
];

pub type Policies = Vec<(&'static str, Map<String, Value>)>;

/// The real policies, as Graph returned them; none where they are not at hand.
pub fn real() -> Option<Policies> {
    let root = shared_folder().join("real/open-intune-baseline");
    let mut all = Vec::new();
    for (folder, kind) in FOLDERS {
        for file in std::fs::read_dir(root.join(folder)).ok()? {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let policy: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            all.push((kind, policy.as_object().unwrap().clone()));
        }
    }
    assert_eq!(all.len(), 64);
    Some(all)
}

/// Policies with every sort of collection that has no order.
fn written() -> Policies {
    let child =
        |n: usize| json!({ "settingDefinitionId": format!("c{n}"), "simpleSettingValue": { "value": n } });
    let setting = |n: usize| {
        json!({ "id": n.to_string(), "settingInstance": { "settingDefinitionId": format!("s{n}"),
            "choiceSettingValue": { "value": "on", "children": [child(1), child(2), child(3)] } } })
    };
    let policy = |n: usize| {
        let policy = json!({ "@odata.type": "#p", "id": id(n), "name": format!("Policy {n}"), "version": 1,
            "lastModifiedDateTime": "2026-01-01T00:00:00Z", "createdDateTime": "2025-01-01T00:00:00Z",
            "roleScopeTagIds": ["0", "1"], "settings": [setting(0), setting(1), setting(2)] });
        ("ConfigurationPolicies", policy.as_object().unwrap().clone())
    };
    (0..8).map(policy).collect()
}

/// One way in which Graph says the same otherwise.
type Way = (&'static str, fn(&mut Value, &str));

const WAYS: [Way; 5] = [
    ("what has no order in another one", |value, key| {
        const SETS: [&str; 5] = [
            "children",
            "roleScopeTagIds",
            "scheduledActionConfigurations",
            "scheduledActionsForRule",
            "settings",
        ];
        if let Value::Array(items) = value
            && SETS.contains(&key)
        {
            items.reverse();
        }
    }),
    ("dates", |value, key| match key {
        "lastModifiedDateTime" => *value = json!("2026-11-22T10:11:12.1234567Z"),
        // The same instant, spelled otherwise.
        "createdDateTime" => {
            if let Some(text) = value.as_str().filter(|text| !text.contains('.')) {
                *value = json!(text.replace('Z', ".000Z"));
            }
        }
        "version" => *value = json!(99),
        _ => {}
    }),
    ("annotations", |value, _| {
        if let Value::Object(map) = value {
            let names: Vec<String> = map.keys().filter(|k| !k.contains('@')).cloned().collect();
            map.retain(|key, _| key == "@odata.type" || !key.contains('@'));
            for name in names {
                map.insert(format!("{name}@odata.navigationLink"), json!("https://graph"));
                map.insert(format!("{name}@odata.type"), json!("#String"));
            }
        }
    }),
    ("numbers of positions", |value, key| {
        if let (Value::Array(items), "settings" | "scheduledActionsForRule") = (value, key) {
            for (n, item) in items.iter_mut().enumerate() {
                item["id"] = json!((n + 100).to_string());
            }
        }
    }),
    ("nothing as an empty list", |value, key| {
        if key == "children" && value.as_array().is_some_and(Vec::is_empty) {
            *value = Value::Null;
        }
    }),
];

fn walk(value: &mut Value, key: &str, way: fn(&mut Value, &str)) {
    way(value, key);
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| walk(value, key, way)),
        Value::Array(items) => items.iter_mut().for_each(|value| walk(value, "", way)),
        _ => {}
    }
}

/// What is told of policies that are read once as they are and once as `way` has them: changed paths, and lines.
async fn told(policies: &Policies, way: impl Fn(&mut Value)) -> (Vec<String>, Vec<String>) {
    let mut sides = Sides::default();
    for (kind, policy) in policies {
        let of = kinds::get(kind).unwrap();
        let stored = |policy: Map<String, Value>| Some(Value::Object(of.canonical(policy)));
        let mut now = Value::Object(policy.clone());
        way(&mut now);
        let Value::Object(now) = now else { panic!("an object") };
        sides.object(kind, policy["id"].as_str().unwrap(), stored(policy.clone()), stored(now));
    }
    let stage = SideBySide::new(&sides).await;
    let (changes, _) = stage.compare(None, 1).await;
    let lines = stage.not_compared().await.into_iter().filter(|(_, cause)| cause.ends_with("everywhere"));
    let paths = changes.into_iter().flat_map(|c| c.attributes).map(|a| a.path);
    (paths.collect(), lines.map(|(source, _)| source).collect())
}

async fn makes_no_noise(policies: &Policies) {
    for (name, way) in WAYS {
        let (paths, lines) = told(policies, |policy| walk(policy, "", way)).await;
        assert_eq!((paths.as_slice(), lines.as_slice()), ([].as_slice(), [].as_slice()), "{name}");
    }
    let (paths, lines) = told(policies, |policy| policy["givenSince"] = json!("by Microsoft")).await;
    assert_eq!(paths, [""; 0], "a property that is new everywhere");
    assert!(!lines.is_empty() && lines.iter().all(|line| line.ends_with(".givenSince")), "{lines:?}");
}

#[tokio::test]
async fn policies_that_graph_gives_otherwise_and_nobody_changed_make_no_change() {
    makes_no_noise(&written()).await;
}

#[tokio::test]
async fn real_policies_that_graph_gives_otherwise_and_nobody_changed_make_no_change() {
    match real() {
        // Few are of some types: of fewer than five objects of a type a new property is told of each.
        Some(mut policies) => {
            policies.retain(|(kind, _)| *kind == "ConfigurationPolicies");
            makes_no_noise(&policies).await;
            let all = real().unwrap();
            for (name, way) in WAYS {
                assert_eq!(told(&all, |policy| walk(policy, "", way)).await.0, [""; 0], "{name}");
            }
        }
        None => eprintln!("NOT CHECKED: the real policies are absent (HOLDFAST_SHARED)"),
    }
}
