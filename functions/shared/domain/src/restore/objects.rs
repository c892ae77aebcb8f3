//! Objects that have an id: brought back, changed, or taken away.

use super::draft::{Draft, Planner};
use super::limits::{self, Attempt};
use super::properties::writable;
use super::values::{is_true, text};
use super::{
    Cause, Held, Item, Phase, Warning, WriteAction, access_passes, conflicts, extensions, licences, links,
    lost, outside, policies, properties, returned, unread,
};
use crate::kinds::{self, Form, Kind, Otherwise};
use serde_json::{Map, Value};

pub(super) const SYNCED: &str = "it comes from the customer's own directory, and only from there again";
pub(super) const GONE: &str = "it is gone; choose it whole to have it back";
/// Why nothing is done to a part of what was not there: all of it goes only where all of it was chosen.
pub(super) const CAME_SINCE: &str = "it came after the snapshot, so a part of it has nothing to go back to; choose it whole to have it taken away";

/// Plans one object; both sides have their references resolved.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: Option<Held>, live: Option<Held>) {
    match (wanted, live) {
        (Some(wanted), Some(live)) => {
            conflicts::adopt(planner, item);
            properties::plan(planner, item, &wanted, &live);
            licences::plan(planner, item, &wanted, Some(&live));
            links::plan(planner, item, &wanted, Some(&live));
        }
        (Some(wanted), None) => bring_back(planner, item, &wanted),
        (None, Some(_)) if item.properties.is_some() => {
            planner.impossible(item, "object", Cause::NotInSnapshot, CAME_SINCE);
        }
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
        return Some((Cause::ObjectGone, GONE));
    }
    if item.in_recycle_bin {
        return None;
    }
    if is_true(object, "onPremisesSyncEnabled") {
        return Some((Cause::Synced, SYNCED));
    }
    limits::refusal(item.kind, object, Attempt::Create)
}

fn bring_back(planner: &mut Planner<'_>, item: &Item, wanted: &Held) {
    if let Some((cause, why)) = refusal(item) {
        return planner.impossible(item, "object", cause, why);
    }
    if conflicts::tell(planner, item) {
        return;
    }
    let beside = conflicts::beside(planner, item, wanted.clone());
    let (wanted, is_blocked) = blocked(planner, item, beside.wanted);
    let (wanted, phase) = (&wanted, item.kind.phase);
    if !item.in_recycle_bin {
        unread::tell_lost_properties(planner, item, wanted);
    }
    if item.in_recycle_bin {
        let action = WriteAction::Undelete { new_name: beside.new_name, without: beside.without };
        // A unit that keeps others from managing its members does so from when it is back.
        let phase = if links::restricts(item) { Phase::RestrictedLinks } else { phase };
        let mut warnings = if is_blocked { vec![Warning::Blocked] } else { vec![] };
        // Of what led to it Graph shows nothing as long as it lies there.
        if !item.incoming && kinds::links().any(|link| link.to.contains(&item.kind.name)) {
            warnings.push(Warning::IncomingUnseen);
        }
        planner.step(item, Draft { phase, action, before: None, after: None, warnings });
        if is_true(&wanted.object, "onPremisesSyncEnabled") {
            // Who is created again has another id, and from the customer's own directory nothing leads to that.
            let lost = wanted.links.iter().filter(|link| planner.is_made_anew(&link.to));
            let lost: Vec<String> = lost.map(|link| format!("{}/{}", link.link.name, link.to)).collect();
            for what in lost {
                planner.impossible(item, &what, Cause::Synced, links::SYNCED);
            }
        } else {
            let seen = item.binned.clone().map(|held| planner.inputs.ids.held(item.kind, held));
            returned::plan(planner, item, wanted, seen.as_ref());
            let seen = seen.filter(licences::knows);
            licences::plan(planner, item, wanted, seen.as_ref());
            links::plan(planner, item, wanted, None);
        }
        access_passes::plan(planner, item, &wanted.object);
        return;
    }
    let body = create_body(planner, item, wanted);
    let made = body.clone();
    lost::tell(planner, item, wanted, &body);
    let mut warnings = vec![Warning::NewId];
    if item.kind.writing.password {
        warnings.push(Warning::PasswordReset);
    }
    if is_blocked {
        warnings.push(Warning::Blocked);
    }
    let after = Some(Value::Object(readable(item.kind, &body)));
    planner.step(item, Draft { phase, action: WriteAction::Create { body }, before: None, after, warnings });
    properties::plan_alone(planner, item, wanted);
    licences::plan(planner, item, wanted, None);
    links::plan(planner, item, wanted, None);
    access_passes::plan(planner, item, &made);
}

/// An object as it is to come back: somebody who could sign in is blocked, where that is chosen. And whether it is.
fn blocked(planner: &mut Planner<'_>, item: &Item, mut wanted: Held) -> (Held, bool) {
    let Some(property) = item.kind.writing.lets_in.filter(|_| planner.inputs.come_back_blocked) else {
        return (wanted, false);
    };
    if is_true(&wanted.object, "onPremisesSyncEnabled") {
        let why = "whether they may sign in is changed in the customer's own directory";
        planner.impossible(item, property, Cause::Synced, why);
        return (wanted, false);
    }
    let was_let_in = wanted.object.get(property) != Some(&Value::Bool(false));
    wanted.object.insert(property.to_owned(), Value::Bool(false));
    // Why known from here on: what is to be is chosen, whatever the snapshot could read.
    wanted.unknown.remove(property);
    (wanted, was_let_in)
}

/// What is sent to create the object: what of it can be written, in the form in which Graph takes it.
fn create_body(planner: &mut Planner<'_>, item: &Item, wanted: &Held) -> Map<String, Value> {
    let writing = &item.kind.writing;
    let mut body = writable(item.kind, &wanted.object);
    body.retain(|property, _| !wanted.lacks(item.kind, property));
    extensions::take_out(planner, item, &mut body);
    for (property, form) in writing.forms {
        match form {
            Form::One => properties::one_entry(&mut body, property),
            Form::Identities if properties::follow_name(body.get(*property)) => {
                body.remove(*property);
            }
            Form::Identities | Form::Parts | Form::SecurityAttributes => {}
        }
    }
    for required in writing.required {
        if !body.contains_key(required.property) {
            let value = otherwise(required.otherwise, &body, &item.key);
            body.insert(required.property.to_owned(), value);
        }
    }
    for (property, why) in writing.claims {
        if body.remove(*property).is_some() {
            planner.impossible(item, property, Cause::OtherService, why);
        }
    }
    for (property, mark) in writing.only_of {
        if !mark.is_on(&body) {
            body.remove(*property);
        }
    }
    // A rule that nothing follows from, as of a group whose members were put in by hand since, is not taken of a new object.
    for rule in item.kind.links.iter().filter_map(|link| link.ruled_by) {
        if rule.mark.is_on(&body) {
            continue;
        }
        for property in [rule.property, rule.state] {
            if body.remove(property).is_some() {
                planner.impossible(item, property, Cause::Unsupported, limits::IDLE_RULE);
            }
        }
    }
    if writing.typed {
        policies::complete(planner, item, &mut body);
        for (property, value) in &mut body {
            outside::without_gone(planner, item, property, value);
        }
        body.retain(|property, value| !value.is_null() || property.contains('@'));
    }
    body
}

/// The value of a required property that the snapshot does not have.
fn otherwise(from: Otherwise, body: &Map<String, Value>, key: &str) -> Value {
    match from {
        Otherwise::False => Value::Bool(false),
        Otherwise::Key => Value::from(key),
        Otherwise::BeforeAt(property) => {
            Value::from(text(body, property).split('@').next().unwrap_or_default())
        }
        Otherwise::LettersOf(property) => {
            let letters: String = text(body, property).chars().filter(char::is_ascii_alphanumeric).collect();
            Value::from(if letters.is_empty() { key.to_owned() } else { letters })
        }
    }
}

/// The properties of a sent body that a read-back can find in the object.
fn readable(kind: &Kind, body: &Map<String, Value>) -> Map<String, Value> {
    let mut out = body.clone();
    for property in kind.writing.not_shown {
        out.remove(*property);
    }
    out
}

fn delete(planner: &mut Planner<'_>, item: &Item, live: &Held) {
    let object = &live.object;
    let refused = if is_true(object, "onPremisesSyncEnabled") {
        Some((Cause::Synced, "it comes from the customer's own directory, and is deleted there"))
    } else {
        limits::refusal(item.kind, object, Attempt::Delete)
    };
    if let Some((cause, why)) = refused {
        return planner.impossible(item, "object", cause, why);
    }
    // Without it and with the other one kept out there would be neither.
    let id = item.id(planner.inputs);
    if planner.inputs.rivals.values().flatten().any(|rival| rival.id == id) {
        let why = "it has the place of one that is to come back: settle that conflict first";
        return planner.impossible(item, "object", Cause::Conflict, why);
    }
    let warnings =
        if item.kind.writing.recycle_bin.is_some() { vec![] } else { vec![Warning::FinalDeletion] };
    let before = Some(Value::Object(object.clone()));
    planner.step(
        item,
        Draft { phase: Phase::Deletions, action: WriteAction::Delete, before, after: None, warnings },
    );
}
