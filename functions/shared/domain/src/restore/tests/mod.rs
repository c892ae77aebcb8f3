//! Tests of plans: stories about single rules, and properties over small random tenants.

mod administrators;
mod circles;
mod conflicts;
mod extensions;
mod former;
mod left;
mod links;
mod model;
mod modes;
mod names;
mod objects;
mod outside;
mod paths;
mod policies;
mod properties;
mod roles;
mod schedules;
mod turned;
mod units;
mod unread;
mod unread_by_chance;

use super::{Administrators, KnownAdministrators, SignIn, Standing};
use super::{
    AttributeMode, Cause, Held, HeldLink, Inputs, Item, LinkMode, RestorePlan, Step, Tenure, WriteAction,
    plan,
};
use crate::kinds;
use serde_json::{Map, Value, json};

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

fn held(object: &Value) -> Held {
    Held { object: map(object), links: vec![], ..Held::default() }
}

fn linked(mut held: Held, link: &str, ends: &[&str]) -> Held {
    let link = kinds::link(link).unwrap();
    held.links.extend(ends.iter().map(|to| HeldLink {
        link,
        to: (*to).to_owned(),
        value: map(&json!({"@odata.type": "#microsoft.graph.user"})),
    }));
    held
}

fn item(kind: &str, key: &str, wanted: Option<Held>, live: Option<Held>) -> Item {
    Item {
        kind: kinds::get(kind).unwrap(),
        key: key.to_owned(),
        properties: None,
        paths: Vec::new(),
        links: None,
        incoming: false,
        wanted,
        live,
        in_recycle_bin: false,
        binned: None,
        tenure: Tenure::Permanent,
    }
}

/// What makes the live side exactly the wanted one.
fn exactly(items: Vec<Item>) -> Inputs {
    Inputs {
        items,
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Inputs::default()
    }
}

/// People who hold Global Administrator directly, for good.
fn held_by(people: &[&str]) -> KnownAdministrators {
    KnownAdministrators::Known(Administrators {
        grants: people.iter().map(|p| ((*p).to_owned(), Standing::Permanent)).collect(),
        people: people.iter().map(|p| ((*p).to_owned(), SignIn::Yes)).collect(),
        ..Administrators::default()
    })
}

fn causes(plan: &RestorePlan) -> Vec<(&str, Cause)> {
    plan.impossible.iter().map(|i| (i.what.as_str(), i.cause)).collect()
}

fn updates(plan: &RestorePlan) -> Vec<&Map<String, Value>> {
    let body = |s: &'_ Step| match &s.action {
        WriteAction::Update { .. } => true,
        _ => s.number == 0,
    };
    plan.steps
        .iter()
        .filter(|s| body(s))
        .filter_map(|s| match &s.action {
            WriteAction::Update { body, .. } => Some(body),
            _ => None,
        })
        .collect()
}

fn names_of(plan: &RestorePlan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|s| {
            let action = serde_json::to_value(&s.action).unwrap();
            format!("{} {}", action["type"].as_str().unwrap(), s.key)
        })
        .collect()
}

#[test]
fn a_plan_is_stored_and_read_back_as_it_was() {
    let user = held(&json!({"id": "u", "displayName": "U", "jobTitle": "a", "userPrincipalName": "u@x.y"}));
    let wanted = linked(user, "users.manager", &["m"]);
    let plan = plan(&exactly(vec![item("users", "u", Some(wanted), None)]));
    let stored = serde_json::to_vec(&plan).unwrap();
    assert_eq!(serde_json::from_slice::<RestorePlan>(&stored).unwrap(), plan);
    assert!(!plan.steps.is_empty());
}
