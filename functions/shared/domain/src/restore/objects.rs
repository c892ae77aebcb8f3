//! Objects that have an id: brought back, changed, or taken away.

use super::draft::{Draft, Planner, phase_of};
use super::properties::writable;
use super::values::{has_type, is_mail_group, is_true, text};
use super::{Action, Cause, Held, Item, Phase, Warning, licences, links, policies, properties, unread};
use crate::kinds::Kind;
use serde_json::{Map, Value};

/// Plans one object; both sides have their references resolved.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: Option<Held>, live: Option<Held>) {
    match (wanted, live) {
        (Some(wanted), Some(live)) => {
            properties::plan(planner, item, &wanted, &live);
            licences::plan(planner, item, &wanted, Some(&live));
            links::plan(planner, item, &wanted, Some(&live));
        }
        (Some(wanted), None) => bring_back(planner, item, &wanted),
        (None, Some(live)) if planner.inputs.delete_created => delete(planner, item, &live),
        (None, Some(_)) => planner.impossible(
            item,
            "object",
            Cause::NotInSnapshot,
            "it came after the snapshot; it is deleted only when that is asked for",
        ),
        (None, None) => {}
    }
}

/// Why an object that is not live cannot come back.
pub(super) fn refusal(item: &Item) -> Option<(Cause, &'static str)> {
    let object = &item.wanted.as_ref()?.object;
    if item.properties.is_some() {
        return Some((Cause::ObjectGone, "it is gone; choose it whole to have it back"));
    }
    if item.in_recycle_bin {
        return None;
    }
    if is_true(object, "onPremisesSyncEnabled") {
        return Some((
            Cause::Synced,
            "it comes from the customer's own directory, and only from there again",
        ));
    }
    let is_guest = text(object, "userType") == "Guest" || text(object, "userPrincipalName").contains("#EXT#");
    match item.kind.name {
        "users" if is_guest => Some((Cause::Guest, "a guest comes back only by accepting a new invitation")),
        "groups" if is_mail_group(object) => {
            Some((Cause::MailEnabled, "mail-enabled groups are made in Exchange, not through Graph"))
        }
        "roles" if is_true(object, "isBuiltIn") => {
            Some((Cause::BuiltIn, "Microsoft's own roles cannot be created"))
        }
        _ if text(object, "@odata.type").ends_with("unsupportedDeviceConfiguration") => {
            Some((Cause::Unsupported, "Graph does not give the contents of this policy"))
        }
        _ => None,
    }
}

fn bring_back(planner: &mut Planner<'_>, item: &Item, wanted: &Held) {
    if let Some((cause, why)) = refusal(item) {
        return planner.impossible(item, "object", cause, why);
    }
    let phase = phase_of(item.kind);
    if !item.in_recycle_bin {
        unread::tell_lost_properties(planner, item, wanted);
    }
    if item.in_recycle_bin {
        let action = Action::Undelete;
        planner.step(item, Draft { phase, action, before: None, after: None, warnings: vec![] });
        if !is_true(&wanted.object, "onPremisesSyncEnabled") {
            properties::plan_blind(planner, item, wanted);
            licences::plan(planner, item, wanted, None);
            links::plan(planner, item, wanted, None);
        }
        return;
    }
    let body = create_body(planner, item, wanted);
    let mut warnings = vec![Warning::NewId];
    if item.kind.name == "users" {
        warnings.push(Warning::PasswordReset);
    }
    let after = Some(Value::Object(readable(item.kind, &body)));
    planner.step(item, Draft { phase, action: Action::Create { body }, before: None, after, warnings });
    properties::plan_alone(planner, item, wanted);
    licences::plan(planner, item, wanted, None);
    links::plan(planner, item, wanted, None);
}

fn create_body(planner: &mut Planner<'_>, item: &Item, wanted: &Held) -> Map<String, Value> {
    let mut body = writable(item.kind, &wanted.object);
    match item.kind.name {
        "users" => complete_user(&mut body),
        "groups" => complete_group(&mut body, &item.key),
        "roles" => {
            // Why: references by template id survive, and the role is recognisably the same.
            body.entry("templateId").or_insert_with(|| Value::from(item.key.as_str()));
        }
        _ => policies::complete(planner, item, &mut body),
    }
    body
}

fn complete_user(body: &mut Map<String, Value>) {
    properties::one_phone(body);
    let own = |i: &Value| i.get("signInType").is_some_and(|t| t == "userPrincipalName");
    if body.get("identities").and_then(Value::as_array).is_some_and(|i| i.iter().all(own)) {
        body.remove("identities"); // Follows from the name.
    }
    body.entry("accountEnabled").or_insert(Value::Bool(false));
    if !body.contains_key("mailNickname") {
        let name = text(body, "userPrincipalName").split('@').next().unwrap_or_default().to_owned();
        body.insert("mailNickname".to_owned(), Value::from(name));
    }
}

fn complete_group(body: &mut Map<String, Value>, key: &str) {
    for property in ["mailEnabled", "securityEnabled"] {
        body.entry(property).or_insert(Value::Bool(false));
    }
    if !body.contains_key("mailNickname") {
        let name: String = text(body, "displayName").chars().filter(char::is_ascii_alphanumeric).collect();
        let name = if name.is_empty() { key.to_owned() } else { name };
        body.insert("mailNickname".to_owned(), Value::from(name));
    }
    if !has_type(body, "Unified") {
        // Why: Graph gives it for every group and takes it for Microsoft 365 groups alone.
        body.remove("visibility");
        body.remove("preferredDataLocation");
    }
}

/// The properties of a sent body that a read-back can find in the object.
fn readable(kind: &Kind, body: &Map<String, Value>) -> Map<String, Value> {
    let mut out = body.clone();
    if kind.name == "groups" {
        // Given on creation, shown otherwise or not at all.
        out.remove("resourceBehaviorOptions");
        out.remove("resourceProvisioningOptions");
    }
    out
}

fn delete(planner: &mut Planner<'_>, item: &Item, live: &Held) {
    let object = &live.object;
    let refused = if is_true(object, "onPremisesSyncEnabled") {
        Some((Cause::Synced, "it comes from the customer's own directory, and is deleted there"))
    } else if item.kind.name == "groups" && is_mail_group(object) {
        Some((Cause::MailEnabled, "mail-enabled groups are deleted in Exchange, not through Graph"))
    } else if is_true(object, "isBuiltIn") {
        Some((Cause::BuiltIn, "Microsoft's own roles cannot be deleted"))
    } else {
        None
    };
    if let Some((cause, why)) = refused {
        return planner.impossible(item, "object", cause, why);
    }
    let warnings =
        if item.kind.writing.recycle_bin.is_some() { vec![] } else { vec![Warning::FinalDeletion] };
    let before = Some(Value::Object(object.clone()));
    planner
        .step(item, Draft { phase: Phase::Deletions, action: Action::Delete, before, after: None, warnings });
}
