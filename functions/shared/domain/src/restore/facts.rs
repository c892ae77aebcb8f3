//! Role assignments and PIM schedules: facts, which are given and taken but never changed.

use super::planner::{Draft, Planner};
use super::values::{same, text};
use super::{Action, Cause, GLOBAL_ADMINISTRATOR, Held, Item, Phase, id_map};
use crate::Timestamp;
use crate::kinds::Identity;
use serde_json::{Map, Value, json};

/// Plans one fact; both sides have their references resolved.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: Option<Held>, live: Option<Held>) {
    match (wanted, live) {
        (Some(wanted), Some(live)) => change(planner, item, &wanted.object, &live.object),
        (Some(wanted), None) => give(planner, item, &wanted.object),
        (None, Some(live)) if planner.inputs.delete_created => take(planner, item, &live.object),
        (None, Some(_)) => planner.impossible(
            item,
            "object",
            Cause::NotInSnapshot,
            "it came after the snapshot; it is taken away only when that is asked for",
        ),
        (None, None) => {}
    }
}

const ACTIVATED: &str = "a role that was activated for a while is not made permanent, and ends by itself";

/// Why a fact is nobody's to give or take.
fn refusal(item: &Item, object: &Map<String, Value>) -> Option<(Cause, &'static str)> {
    if item.activated || text(object, "assignmentType") == "Activated" {
        return Some((Cause::Activated, ACTIVATED));
    }
    (matches!(text(object, "memberType"), "Group" | "Inherited"))
        .then_some((Cause::Inherited, "it follows from a membership"))
}

fn give(planner: &mut Planner<'_>, item: &Item, wanted: &Map<String, Value>) {
    if let Some((cause, why)) = refusal(item, wanted) {
        return planner.impossible(item, "object", cause, why);
    }
    if is_over(wanted, planner.inputs.now) {
        return planner.impossible(item, "object", Cause::Expired, "its end lies in the past");
    }
    for property in id_map::referring(item.kind) {
        if id_map::tokens(text(wanted, property)).any(|id| planner.is_missing(id)) {
            let why = "what it refers to is not there; choose that too, to have it back first";
            return planner.impossible(item, property, Cause::TargetMissing, why);
        }
    }
    let body = body_of(item, wanted, "adminAssign");
    let after = Some(Value::Object(natural(item, wanted)));
    let draft = Draft {
        phase: Phase::RoleAssignments,
        action: Action::Create { body },
        before: None,
        after,
        warnings: vec![],
    };
    planner.step(item, draft);
}

/// A schedule of the same fact whose end differs is asked to be another; a plain assignment has nothing
/// that could differ.
fn change(planner: &mut Planner<'_>, item: &Item, wanted: &Map<String, Value>, live: &Map<String, Value>) {
    let end = |o: &Map<String, Value>| o.get("scheduleInfo").and_then(|s| s.get("expiration")).cloned();
    let chosen = item.chooses("scheduleInfo");
    if item.kind.writing.requests.is_none() || !chosen || same(end(wanted).as_ref(), end(live).as_ref()) {
        return;
    }
    if let Some((cause, why)) = refusal(item, wanted).or_else(|| refusal(item, live)) {
        return planner.impossible(item, "scheduleInfo", cause, why);
    }
    if is_over(wanted, planner.inputs.now) {
        return planner.impossible(item, "scheduleInfo", Cause::Expired, "its end lies in the past");
    }
    let side = |o: &Map<String, Value>| Some(json!({ "scheduleInfo": { "expiration": end(o) } }));
    let draft = Draft {
        phase: Phase::RoleAssignments,
        action: Action::Update {
            body: body_of(item, wanted, "adminUpdate"),
            properties: vec!["scheduleInfo".to_owned()],
        },
        before: side(live),
        after: side(wanted),
        warnings: vec![],
    };
    planner.step(item, draft);
}

fn take(planner: &mut Planner<'_>, item: &Item, live: &Map<String, Value>) {
    if let Some((cause, why)) = refusal(item, live) {
        return planner.impossible(item, "object", cause, why);
    }
    let principal = text(live, "principalId");
    if planner.inputs.guard.own_principals.contains(principal) {
        return planner.impossible(item, "object", Cause::OwnAccess, "Holdfast would lose its own access");
    }
    let is_global =
        text(live, "roleDefinitionId") == GLOBAL_ADMINISTRATOR && text(live, "directoryScopeId") == "/";
    // Why: an eligible administrator is none until activation.
    if is_global
        && item.kind.name != "eligibleAdmins"
        && !planner.let_go_administrator(item, "object", principal)
    {
        return;
    }
    let draft = Draft {
        phase: Phase::Deletions,
        action: Action::Delete,
        before: Some(Value::Object(live.clone())),
        after: None,
        warnings: vec![],
    };
    planner.step(item, draft);
}

/// What makes it the fact that it is.
fn natural(item: &Item, object: &Map<String, Value>) -> Map<String, Value> {
    let Identity::Natural(properties) = item.kind.identity else { return Map::new() };
    let present = properties.iter().filter(|p| !text(object, p).is_empty());
    present.map(|p| ((*p).to_owned(), object[*p].clone())).collect()
}

fn body_of(item: &Item, object: &Map<String, Value>, action: &str) -> Map<String, Value> {
    let mut body = natural(item, object);
    if item.kind.writing.requests.is_some() {
        body.insert("action".to_owned(), Value::from(action));
        body.insert("justification".to_owned(), Value::from("Restored from a backup"));
        if let Some(schedule) = object.get("scheduleInfo") {
            body.insert("scheduleInfo".to_owned(), schedule.clone());
        }
    }
    body
}

fn is_over(object: &Map<String, Value>, now: Timestamp) -> bool {
    let end = Value::Object(object.clone());
    let end = end.pointer("/scheduleInfo/expiration/endDateTime").and_then(Value::as_str);
    end.and_then(|e| e.parse::<Timestamp>().ok()).is_some_and(|end| end <= now)
}
