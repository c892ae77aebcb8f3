//! The complete tenant for assertions, and the import of objects as Graph returned them.

use serde_json::{Map, Value, json};

use crate::schema;
use crate::state::{Directory, Index, KINDS, Life, Row};

const COLLECTIONS: &[&str] = &[
    "roleDefinitions",
    "roleAssignments",
    "roleEligibilitySchedules",
    "roleAssignmentSchedules",
    "customSecurityAttributeDefinitions",
    "attributeSets",
    "organization",
    "subscribedSkus",
    "deviceManagement/deviceCompliancePolicies",
    "deviceManagement/compliancePolicies",
    "deviceManagement/configurationPolicies",
    "deviceManagement/deviceConfigurations",
    "deviceManagement/assignmentFilters",
    "deviceManagement/roleScopeTags",
];

/// The properties of an object, without its links.
pub(super) fn properties(d: &Directory, index: Index) -> Map<String, Value> {
    let object = d.object(index);
    let schema = schema::of(object.kind);
    let mut out = Map::new();
    out.insert("id".into(), json!(object.id.to_string()));
    for (property, json) in object.row.iter() {
        let value = serde_json::from_slice(json).unwrap_or(Value::Null);
        out.insert(schema.props[usize::from(property)].name.into(), value);
    }
    out.extend(d.extended.values(index).map(|(name, value)| (name.clone(), value.clone())));
    out
}

fn object(d: &Directory, index: Index) -> Value {
    let object = d.object(index);
    let mut out = properties(d, index);
    let schema = schema::of(object.kind);
    for relation in schema.relations {
        let mut ids: Vec<String> = object
            .links(*relation)
            .iter()
            .filter(|t| d.is_live(*t))
            .map(|t| d.object(t).id.to_string())
            .collect();
        ids.sort();
        if !ids.is_empty() {
            out.insert(relation.name().into(), ids.into());
        }
    }
    Value::Object(out)
}

/// The tenant as `{users: {id: {...}}, ..., deletedItems: {id: {...}}}`.
pub(crate) fn dump(d: &Directory) -> Value {
    let mut out = Map::new();
    let mut bin = Map::new();
    for kind in KINDS {
        let mut live = Map::new();
        for index in d.list(kind) {
            let entry = (d.object(*index).id.to_string(), object(d, *index));
            match d.object(*index).life {
                Life::Live => drop(live.insert(entry.0, entry.1)),
                Life::Deleted { .. } => drop(bin.insert(entry.0, entry.1)),
                Life::Gone => {}
            }
        }
        out.insert(schema::of(kind).set.to_owned(), Value::Object(live));
    }
    out.insert("deletedItems".into(), Value::Object(bin));
    for name in COLLECTIONS {
        let all =
            d.docs(name).iter().map(|one| (one["id"].as_str().unwrap_or_default().to_owned(), one.clone()));
        out.insert((*name).to_owned(), Value::Object(all.collect()));
    }
    Value::Object(out)
}

/// Stores an object as it is given, under its own id or a new one; gives the id.
pub(crate) fn import(d: &mut Directory, path: &str, mut value: Value) -> String {
    let path = path.trim_matches('/');
    let fresh = d.new_id();
    let id = value["id"].as_str().map_or_else(|| fresh.to_string(), str::to_owned);
    value["id"] = json!(id);
    // Why two ways: directory objects have rows and links, everything else is kept as it is given.
    let Some(kind) = KINDS.into_iter().find(|kind| schema::of(*kind).set == path) else {
        let name = path.strip_prefix("roleManagement/directory/").or_else(|| path.strip_prefix("directory/"));
        let name = name.unwrap_or(path);
        if name == "roleAssignments"
            && let Some(principal) = value["principalId"].as_str()
        {
            d.holders.entry(principal.to_owned()).or_default().push(id.clone());
        }
        d.docs_mut(name).insert(&id, value);
        return id;
    };
    let schema = schema::of(kind);
    let changes: Vec<(u8, Option<String>)> = value
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(name, value)| Some((schema.property(name)?, Some(value.to_string()))))
        .collect();
    let uuid = uuid::Uuid::parse_str(&id).unwrap_or(fresh);
    let index = d.index(&id).unwrap_or_else(|| d.add(kind, uuid, Row::default()));
    // Names are released and claimed again, since the import may give the object others.
    d.release_names(index);
    d.set(index, &changes);
    d.claim_names(index);
    // Links may be given as ids or as objects; one to an object that is not there is left out.
    for relation in schema.relations {
        let targets = match &value[relation.name()] {
            Value::Array(list) => list.clone(),
            Value::Null => Vec::new(),
            one => vec![one.clone()],
        };
        for target in targets {
            let target = target["id"].as_str().or(target.as_str()).and_then(|id| d.index(id));
            if let Some(target) = target {
                d.link(index, *relation, target);
            }
        }
    }
    uuid.to_string()
}
