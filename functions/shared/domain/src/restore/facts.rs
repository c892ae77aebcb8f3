//! Role assignments and PIM schedules: facts, which are given and taken but never changed.

use super::draft::{Draft, Planner};
use super::objects::{CAME_SINCE, GONE};
use super::partial::NOWHERE;
use super::schedules::{SCHEDULE, ScheduleEnd, Tenure, with_fixed_end};
use super::values::text;
use super::{Cause, Held, Item, Phase, Step, Warning, WriteAction, id_map};
use crate::changes::{is_within, property_of, value_at};
use crate::kinds::{self, Identity, Kind, KindName};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Plans one fact; both sides have their references resolved.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: Option<Held>, live: Option<Held>) {
    // Under both readings of Graph the same: whether it goes on listing what led to whoever is gone is not documented.
    let is_former = wanted.is_some() && live.as_ref().is_some_and(|l| leads_nowhere(planner, item.kind, l));
    let live = live.filter(|_| !is_former);
    let is_part = !item.paths.is_empty() || item.properties.as_ref().is_some_and(|chosen| !chosen.is_empty());
    match (wanted, live) {
        (Some(wanted), Some(live)) => change(planner, item, &wanted.object, &live.object),
        // Where only a part of it was chosen, as its end, that it was taken away meanwhile is somebody's will. Of what leads
        // back to an object no part at all is named, and it is given.
        (Some(_), None) if is_part => {
            planner.impossible(item, "object", Cause::ObjectGone, GONE);
        }
        (Some(wanted), None) => give(planner, item, &wanted.object, is_former),
        (None, Some(_)) if is_part => {
            planner.impossible(item, "object", Cause::NotInSnapshot, CAME_SINCE);
        }
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

/// Whether whoever holds a role, or what it is held over, is gone for good. What is listed under their ids gives nobody
/// anything.
pub(super) fn leads_nowhere(planner: &Planner<'_>, kind: &Kind, live: &Held) -> bool {
    let ends = kind.ends(&live.object);
    ends.iter().any(|(_, id)| planner.inputs.gone.contains(*id) || planner.is_made_anew(id))
}

pub(super) const OWN_ACCESS: &str = "Holdfast would lose its own access";
const ACTIVATED: &str = "a role that was activated for a while is not made permanent, and ends by itself";

/// Why a fact can be neither given nor taken by a restore.
fn refusal(item: &Item, object: &Map<String, Value>) -> Option<(Cause, &'static str)> {
    if item.tenure == Tenure::Activated || text(object, "assignmentType") == "Activated" {
        return Some((Cause::Activated, ACTIVATED));
    }
    (matches!(text(object, "memberType"), "Group" | "Inherited"))
        .then_some((Cause::Inherited, "it follows from a membership"))
}

/// Gives a role, which may still be listed under ids that no object has any more.
fn give(planner: &mut Planner<'_>, item: &Item, wanted: &Map<String, Value>, is_former: bool) {
    if let Some((cause, why)) = refusal(item, wanted) {
        return planner.impossible(item, "object", cause, why);
    }
    if ScheduleEnd::of(wanted).is_over(planner.inputs.now) {
        return planner.impossible(item, "object", Cause::Expired, EXPIRED);
    }
    let mut warnings = if is_former { vec![Warning::FormerListed] } else { vec![] };
    match &item.tenure {
        Tenure::Permanent | Tenure::Activated => {}
        Tenure::HeldForGood => {
            if ScheduleEnd::of(wanted) != ScheduleEnd::Never {
                planner.impossible(item, "object", Cause::Conflict, HELD_FOR_GOOD);
            }
            return;
        }
        Tenure::TimeBound { wanted, live } => {
            return give_for_a_time(planner, item, wanted.as_ref(), live.as_ref());
        }
        Tenure::Unknown { privileged: true } => {
            let why = "whether it was given for a time could not be read, and power over others is not given \
                       for good on a guess";
            return planner.impossible(item, "object", Cause::Unreadable, why);
        }
        Tenure::Unknown { privileged: false } => warnings.push(Warning::TenureUnknown),
    }
    for property in id_map::referring(item.kind) {
        if id_map::tokens(text(wanted, property)).any(|id| planner.is_missing(id)) {
            let why = "what it refers to is not there; choose that too, to have it back first";
            return planner.impossible(item, property, Cause::TargetMissing, why);
        }
    }
    let mut ends = item.kind.ends(wanted).into_iter();
    if ends.any(|(_, id)| planner.inputs.unknown_ends.contains(id)) {
        warnings.push(Warning::EndUnknown);
    }
    let body = body_of(item, wanted, "adminAssign");
    let after = Some(Value::Object(natural(item, wanted)));
    let draft = Draft {
        phase: Phase::RoleAssignments,
        action: WriteAction::Create { body },
        before: None,
        after,
        warnings,
    };
    planner.fact_step(item, draft);
}

const HELD_FOR_GOOD: &str =
    "the role is held without an end by now; take that away first, to have its end back";
const WAS_HELD_FOR_GOOD: &str = "the role was held without an end then; what is given for a time by now is neither taken away nor made permanent";
const EXPIRED: &str = "its end lies in the past, or cannot be told";

/// Takes out the schedules without an end of roles that steps give as assignments: they are one fact, and Graph refuses the
/// second.
pub(super) fn give_once(steps: &mut Vec<Step>) {
    for (assignments, schedules) in kinds::assignments() {
        let gives =
            |step: &&Step| step.kind == assignments.name && matches!(step.action, WriteAction::Create { .. });
        let given: BTreeSet<String> = steps.iter().filter(gives).map(|step| step.id.clone()).collect();
        steps.retain(|step| {
            let WriteAction::Create { body } = &step.action else { return true };
            let is_lasting = step.kind == schedules.name && ScheduleEnd::of(body) == ScheduleEnd::Never;
            !(is_lasting && given.contains(&step.id))
        });
    }
}

/// Whether what a fact says is so without it: a role with an end is given by its schedule, and one without an end by its
/// assignment.
pub(super) fn is_given_otherwise(planner: &Planner<'_>, item: &Item) -> bool {
    let (kind, id) = (item.kind.name, item.id(planner.inputs));
    let is_given = |name: KindName| {
        let gives = |step: &Step| matches!(step.action, WriteAction::Create { .. });
        planner.steps.iter().any(|step| step.kind == name && step.id == id && gives(step))
    };
    let is_lasting =
        || item.wanted.as_ref().is_some_and(|held| ScheduleEnd::of(&held.object) == ScheduleEnd::Never);
    kinds::assignments().any(|(assignments, schedules)| {
        kind == assignments.name && is_given(schedules.name)
            || kind == schedules.name
                && is_lasting()
                && (item.tenure == Tenure::HeldForGood || is_given(assignments.name))
    })
}

/// A role assignment with an end is never made one without: its schedule is asked for instead.
fn give_for_a_time(
    planner: &mut Planner<'_>,
    item: &Item,
    wanted: Option<&Map<String, Value>>,
    live: Option<&Map<String, Value>>,
) {
    let Some(schedule) = wanted.filter(|s| ScheduleEnd::of(s) != ScheduleEnd::Never) else {
        let why = "it is given for a time by now, and is not made permanent";
        return planner.impossible(item, "object", Cause::TimeBound, why);
    };
    let Some(kind) = item.kind.schedules() else { return };
    let held = |object: &Map<String, Value>| {
        planner.inputs.ids.held(kind, Held { object: object.clone(), ..Held::default() })
    };
    let (wanted, live) = (held(schedule), live.map(held));
    let scheduled = Item {
        kind,
        properties: None,
        paths: Vec::new(),
        links: None,
        incoming: false,
        wanted: Some(wanted.clone()),
        live: live.clone(),
        binned: None,
        tenure: Tenure::Permanent,
        ..item.clone()
    };
    plan(planner, &scheduled, Some(wanted), live);
}

/// Whether a path leads to the end of a schedule, which is the only part of a fact that can be put back; the other paths are
/// named.
fn ends_chosen(
    planner: &mut Planner<'_>,
    item: &Item,
    wanted: &Map<String, Value>,
    live: &Map<String, Value>,
) -> bool {
    let mut is_end = false;
    for path in &item.paths {
        let property = property_of(path);
        let is_there = |side: &Map<String, Value>| value_at(property, side.get(property), path).is_some();
        if !is_there(wanted) && !is_there(live) {
            planner.impossible(item, path, Cause::NotInSnapshot, NOWHERE);
        } else if is_within(path, END) {
            is_end = true;
        } else {
            planner.impossible(
                item,
                path,
                Cause::ReadOnly,
                "of a role that is given nothing but its end is changed",
            );
        }
    }
    is_end
}

/// Where a schedule says when it ends.
const END: &str = "scheduleInfo/expiration";

/// Plans the change of a fact that is on both sides: a schedule whose end differs is asked for anew. A plain
/// assignment has nothing that could differ.
fn change(planner: &mut Planner<'_>, item: &Item, wanted: &Map<String, Value>, live: &Map<String, Value>) {
    let chosen = item.chooses(SCHEDULE) || ends_chosen(planner, item, wanted, live);
    if item.kind.writing.requests.is_none() || !chosen || ScheduleEnd::of(wanted) == ScheduleEnd::of(live) {
        return;
    }
    if let Some((cause, why)) = refusal(item, wanted).or_else(|| refusal(item, live)) {
        return planner.impossible(item, SCHEDULE, cause, why);
    }
    if ScheduleEnd::of(wanted).is_over(planner.inputs.now) {
        return planner.impossible(item, SCHEDULE, Cause::Expired, EXPIRED);
    }
    if ScheduleEnd::of(wanted) != ScheduleEnd::Never
        && planner.inputs.guard.own_principals.contains(principal(item.kind, wanted))
    {
        return planner.impossible(item, SCHEDULE, Cause::OwnAccess, OWN_ACCESS);
    }
    let side = |o: &Map<String, Value>| Some(json!({ SCHEDULE: with_fixed_end(o) }));
    let draft = Draft {
        phase: Phase::RoleAssignments,
        action: WriteAction::Update {
            body: body_of(item, wanted, "adminUpdate"),
            properties: vec![SCHEDULE.to_owned()],
        },
        before: side(live),
        after: side(wanted),
        warnings: vec![],
    };
    planner.fact_step(item, draft);
}

fn take(planner: &mut Planner<'_>, item: &Item, live: &Map<String, Value>) {
    if let Some((cause, why)) = refusal(item, live) {
        return planner.impossible(item, "object", cause, why);
    }
    if let Tenure::Unknown { .. } = item.tenure {
        let why = "whether it is only activated for a while could not be read";
        return planner.impossible(item, "object", Cause::Unreadable, why);
    }
    if planner.inputs.guard.own_principals.contains(principal(item.kind, live)) {
        return planner.impossible(item, "object", Cause::OwnAccess, OWN_ACCESS);
    }
    // Why: with the schedule goes the role, which was held then.
    if item.tenure == Tenure::HeldForGood {
        return planner.impossible(item, "object", Cause::TimeBound, WAS_HELD_FOR_GOOD);
    }
    let draft = Draft {
        phase: Phase::Deletions,
        action: WriteAction::Delete,
        before: Some(Value::Object(live.clone())),
        after: None,
        warnings: vec![],
    };
    planner.step(item, draft);
}

/// Who holds what the fact is about.
fn principal<'a>(kind: &Kind, fact: &'a Map<String, Value>) -> &'a str {
    kind.grant().map_or("", |grant| text(fact, grant.principal))
}

/// The values that make a fact the same fact wherever it is, such as who holds which role.
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
        if let Some(schedule) = with_fixed_end(object) {
            body.insert(SCHEDULE.to_owned(), schedule);
        }
    }
    body
}
