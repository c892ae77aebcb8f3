//! Properties of an object that is there: which of them are written, in which steps, and which cannot be.

use super::draft::{Draft, Planner};
use super::limits::{self, Attempt};
use super::values::{is_empty, is_true, parts, same, same_in, text};
use super::{
    AttributeMode, Cause, Held, Item, LeftBy, Warning, WriteAction, extensions, licences, links, outside,
    partial, policies, unread,
};
use crate::kinds::{Form, Kind, Rule, Update};
use serde_json::{Map, Value, json};

/// Properties that differ in every object that was created again, or follow from another property.
const FOLLOWS: &[&str] = &["createdDateTime", "creationType", "securityIdentifier"];

/// The properties of an object that can be written when it is created, without those that need a request of their
/// own.
pub fn writable(kind: &Kind, object: &Map<String, Value>) -> Map<String, Value> {
    let fits = |property: &str| {
        kind.create_only.contains(&property)
            || (kind.can_update(property)
                && !kind.writing.alone.contains(&property)
                && property != licences::PROPERTY
                && kind.writing.takes(property))
    };
    let mut out = policies::clean(kind, object);
    let says =
        |property: &str, value: &Value| !is_empty(Some(value)) || kind.writing.empty.gives(property, value);
    out.retain(|property, value| (property == "@odata.type" || fits(property)) && says(property, value));
    if !kind.writing.typed {
        out.remove("@odata.type");
    }
    out
}

/// A property that differs: its value as it is live, and as it shall be.
pub(super) struct Difference {
    pub(super) property: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// The steps that change an object which is there.
pub(super) fn plan(planner: &mut Planner<'_>, item: &Item, wanted: &Held, live: &Held) {
    let kind = item.kind;
    let (mut then, now) = (policies::clean(kind, &wanted.object), policies::clean(kind, &live.object));
    partial::put_back_parts(planner, item, (wanted, live), &mut then, &now);
    // Where members came to follow from a rule since, or no longer do, that and the rule are one thing: both are
    // written, whichever of them was chosen and in whatever mode.
    let turned = turned(item, wanted, live);
    let mut differences = Vec::new();
    let mut names: Vec<&String> = then.keys().chain(now.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for property in names {
        let property = property.as_str();
        let is_turned = turned.iter().any(|rule| rule.is_about(property));
        // The type is compared below, once; licences are planned apart, for a call of their own.
        if property == "@odata.type" || property == licences::PROPERTY {
            continue;
        }
        if !is_turned && !item.touches(property) {
            continue;
        }
        // What changes by itself is never written.
        if !kind.compares(property) {
            continue;
        }
        // The bin does not show all of an object, and out of it an object may come under another name.
        if item.returns() && (live.lacks(kind, property) || kind.unique_property == Some(property)) {
            continue; // It is compared when the object is back.
        }
        // Both tell what they leave: an extension that cannot be written, and what one side does not know. An unknown
        // value is not an empty one.
        if extensions::leaves(planner, item, property, wanted, live) {
            continue;
        }
        if unread::leaves_property(planner, item, property, wanted, live) {
            continue;
        }
        let (before, after) = (now.get(property), then.get(property));
        let same = |a: Option<&Value>, b: Option<&Value>| same_in(kind, property, a, b);
        if same(before, after) {
            continue;
        }
        // What would be written need not be what the snapshot holds: parts are merged, and it may come out as it is
        // live. None where identities differ in the user's name alone, which Graph sets itself.
        let form = kind.writing.form(property);
        let Some(whole) = goal(AttributeMode::Overwrite, form, before, after, &now) else { continue };
        if same(before, Some(&whole)) {
            continue;
        }
        let mode = if is_turned { AttributeMode::Overwrite } else { planner.inputs.attributes };
        let after = match mode {
            AttributeMode::Overwrite => Some(whole.clone()),
            AttributeMode::Merge if is_empty(after) => None,
            AttributeMode::Merge => goal(mode, form, before, after, &now),
        };
        let after = after.filter(|after| !same(before, Some(after)));
        // A policy is written without what it refers to and is gone; that is told.
        let after = after.map(|mut after| {
            outside::without_gone(planner, item, property, &mut after);
            after
        });
        // A rule that nothing follows from, as of a group whose members were put in by hand since, is not taken.
        let mut rules = kind.links.iter().filter_map(|link| link.ruled_by);
        let is_idle =
            rules.any(|rule| [rule.property, rule.state].contains(&property) && !rule.mark.is_on(&then));
        if is_idle && !is_empty(then.get(property)) {
            planner.impossible(item, property, Cause::Unsupported, limits::IDLE_RULE);
            continue;
        }
        // A person hears of what no mode could write, so it is not told below as left by this one; but not of what
        // differs in every object that was created again, unless it was chosen by name.
        if let Some((cause, why)) = refusal(kind, property, &then, &now, after.as_ref().unwrap_or(&whole)) {
            // An object's first address follows its name, and Microsoft adds one: only the others count.
            let addresses = |object| super::lost::other_addresses(object);
            let follows = FOLLOWS.contains(&property)
                || (property == super::lost::PROXY_ADDRESSES && addresses(&then) == addresses(&now));
            let quiet = cause == Cause::ReadOnly && follows;
            if item.names(property) || !quiet {
                planner.impossible(item, property, cause, why);
            }
            continue;
        }
        if !same(after.as_ref().or(before), Some(&whole)) {
            planner.left(item, property, vec![], LeftBy::Attributes);
        }
        let Some(after) = after.filter(|after| !same(before, Some(after))) else { continue };
        let before = before.cloned().unwrap_or_default();
        differences.push(Difference { property: property.to_owned(), before, after });
    }
    // The properties of a policy of one type mean nothing to one of another.
    if kind.writing.typed
        && text(&then, "@odata.type") != text(&now, "@odata.type")
        && !differences.is_empty()
    {
        return planner.impossible(item, "object", Cause::TypeChanged, "it is a policy of another type now");
    }
    // Properties that travel by an action of their own are taken out first; the rest goes as the kind is updated.
    acts(planner, item, &mut differences);
    if kind.writing.update == Update::Put {
        put(planner, item, &differences, &now);
    } else {
        patches(planner, item, differences, &then, &now);
    }
}

/// The rules of an object that say by now whether its links follow from them, and said the contrary then; those of which
/// something was chosen.
fn turned(item: &Item, wanted: &Held, live: &Held) -> Vec<Rule> {
    let rules = item.kind.links.iter().filter_map(|link| link.ruled_by);
    let chosen = rules.filter(|rule| item.chooses(rule.mark.property) || item.chooses(rule.property));
    let is_known = |held: &Held, rule: &Rule| !held.unknown.iter().any(|property| rule.is_about(property));
    let known = chosen.filter(|rule| is_known(wanted, rule) && is_known(live, rule));
    known.filter(|rule| rule.mark.is_on(&wanted.object) != rule.mark.is_on(&live.object)).collect()
}

/// What a property shall become.
pub(super) fn goal(
    mode: AttributeMode,
    form: Option<Form>,
    before: Option<&Value>,
    after: Option<&Value>,
    now: &Map<String, Value>,
) -> Option<Value> {
    let mut after = after.cloned().unwrap_or_default();
    match form {
        Some(Form::Parts) => after = parts(&after, before, mode),
        Some(Form::SecurityAttributes) => after = security_attributes(&after, before, mode),
        Some(Form::One) => after = first(after),
        Some(Form::Identities) => after = identities(&after, before, now)?,
        None if after.is_null() && before.is_some_and(Value::is_array) => after = json!([]),
        None => {}
    }
    Some(after)
}

/// Why a property of an object that is there cannot be written.
fn refusal(
    kind: &Kind,
    property: &str,
    then: &Map<String, Value>,
    now: &Map<String, Value>,
    after: &Value,
) -> Option<(Cause, &'static str)> {
    let writing = &kind.writing;
    if kind.read_only.contains(&property) || !writing.takes(property) {
        return Some((Cause::ReadOnly, "the service sets it"));
    }
    let is_given_once =
        writing.once.contains(&property) && is_empty(now.get(property)) && !is_empty(Some(after));
    if kind.create_only.contains(&property) && !is_given_once {
        return Some((Cause::CreateOnly, "it can be set only when the object is created"));
    }
    if is_true(now, "onPremisesSyncEnabled") && !writing.cloud_owned.contains(&property) {
        return Some((Cause::Synced, "it comes from the customer's own directory, and is changed there"));
    }
    if let Some(refused) = limits::refusal(kind, now, Attempt::Change) {
        return Some(refused);
    }
    let mut settled = writing.settled.iter().filter(|s| s.mark.property == property);
    if let Some(settled) = settled.find(|s| s.mark.is_on(then) != s.mark.is_on(now)) {
        return Some((Cause::CreateOnly, settled.why));
    }
    if is_empty(Some(after)) && writing.never_empty.contains(&property) {
        return Some((Cause::CannotBeCleared, "Graph changes it but does not empty it"));
    }
    let is_licensed = !is_empty(now.get(licences::PROPERTY));
    if is_empty(Some(after)) && is_licensed && writing.licensed_by == Some(property) {
        return Some((Cause::CannotBeCleared, "who has a licence keeps it; take the licence away first"));
    }
    if writing.form(property) == Some(Form::Identities) && limits::is_guest(kind, now) {
        return Some((Cause::Guest, "a guest's follow from how the invitation was accepted"));
    }
    policies::refusal(property, then, now)
}

fn acts(planner: &mut Planner<'_>, item: &Item, differences: &mut Vec<Difference>) {
    for action in item.kind.writing.actions {
        let Some(at) = differences.iter().position(|d| d.property == action.property) else { continue };
        let found = differences.swap_remove(at);
        planner.step(
            item,
            Draft {
                phase: item.kind.phase,
                action: WriteAction::Act { property: found.property, argument: found.after.clone() },
                before: Some(found.before),
                after: Some(found.after),
                warnings: vec![],
            },
        );
    }
}

/// Adds one step that replaces the complete object: what was not chosen is sent as it is live.
fn put(planner: &mut Planner<'_>, item: &Item, differences: &[Difference], now: &Map<String, Value>) {
    if differences.is_empty() {
        return;
    }
    let mut before = now.clone();
    before.retain(|p, _| p == "@odata.type" || item.kind.can_update(p));
    for action in item.kind.writing.actions {
        before.remove(action.property);
    }
    let mut body = before.clone();
    for difference in differences {
        body.insert(difference.property.clone(), difference.after.clone());
    }
    let properties = differences.iter().map(|d| d.property.clone()).collect();
    planner.step(
        item,
        Draft {
            phase: item.kind.phase,
            action: WriteAction::Update { body: body.clone(), properties },
            before: Some(Value::Object(before)),
            after: Some(Value::Object(body)),
            warnings: vec![],
        },
    );
}

fn patches(
    planner: &mut Planner<'_>,
    item: &Item,
    differences: Vec<Difference>,
    then: &Map<String, Value>,
    now: &Map<String, Value>,
) {
    // The properties by which links come to follow from a rule, where Graph deletes those that are there.
    let rules = item.kind.links.iter().filter_map(|link| link.ruled_by).filter(|rule| rule.empties);
    let turns = rules.map(|rule| rule.mark).filter(|mark| mark.is_on(then) && !mark.is_on(now));
    let emptying: Vec<&str> = turns.map(|mark| mark.property).collect();
    // Of what is compared once more, parts of a property that came since are to be emptied then, too.
    let is_exact = item.returns() && planner.inputs.attributes == AttributeMode::Overwrite;
    for parcel in parcels(item.kind, differences) {
        let mut warnings = if is_exact { vec![Warning::EmptiesLater] } else { vec![] };
        if parcel.iter().any(|d| emptying.contains(&d.property.as_str())) {
            warnings.push(Warning::LosesMembers);
        }
        update(planner, item, &parcel, Some(now), warnings);
    }
}

/// The differences that travel together, each in one PATCH.
pub(super) fn parcels(kind: &Kind, differences: Vec<Difference>) -> impl Iterator<Item = Vec<Difference>> {
    let alone = |d: &Difference| kind.writing.alone.contains(&d.property.as_str());
    let sensitive = |d: &Difference| kind.writing.sensitive.contains(&d.property.as_str());
    let (apart, together): (Vec<_>, Vec<_>) = differences.into_iter().partition(alone);
    let (sensitive, plain): (Vec<_>, Vec<_>) = together.into_iter().partition(sensitive);
    let parcels = [plain, sensitive].into_iter().chain(apart.into_iter().map(|d| vec![d]));
    parcels.filter(|parcel| !parcel.is_empty())
}

/// Adds a step that writes these properties in one PATCH.
pub(super) fn update(
    planner: &mut Planner<'_>,
    item: &Item,
    parcel: &[Difference],
    now: Option<&Map<String, Value>>,
    warnings: Vec<Warning>,
) {
    let properties = parcel.iter().map(|d| d.property.clone()).collect();
    let side = |f: fn(&Difference) -> &Value| {
        Value::Object(parcel.iter().map(|d| (d.property.clone(), f(d).clone())).collect())
    };
    let (before, after) = (side(|d| &d.before), side(|d| &d.after));
    let mut body = after.as_object().cloned().unwrap_or_default();
    let odata_type = now.and_then(|n| n.get("@odata.type")).filter(|_| item.kind.writing.typed);
    if let Some(odata_type) = odata_type {
        body.insert("@odata.type".to_owned(), odata_type.clone());
    }
    planner.step(
        item,
        Draft {
            phase: links::phase_of_changes(item),
            action: WriteAction::Update { body, properties },
            before: now.map(|_| before),
            after: Some(after),
            warnings,
        },
    );
}

/// The steps that follow a creation: what creation does not take.
pub(super) fn plan_alone(planner: &mut Planner<'_>, item: &Item, wanted: &Held) {
    for property in item.kind.writing.alone {
        let Some(after) = wanted.object.get(*property).filter(|v| !is_empty(Some(v))) else { continue };
        let parcel =
            vec![Difference { property: (*property).to_owned(), before: Value::Null, after: after.clone() }];
        update(planner, item, &parcel, Some(&Map::new()), vec![]);
    }
}

/// Of a list of which Graph takes one entry, though it may show more, the first.
pub(super) fn one_entry(body: &mut Map<String, Value>, property: &str) {
    if let Some(entries) = body.get_mut(property) {
        *entries = first(std::mem::take(entries));
    }
}

fn first(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().take(1).collect()),
        Value::Null => json!([]),
        other => other,
    }
}

/// Whether an identity is the user's name, which Graph makes by itself.
fn is_user_name(identity: &Value) -> bool {
    identity.get("signInType").is_some_and(|of_type| of_type == "userPrincipalName")
}

/// Whether identities, if there are any, are nothing but the user's name.
pub(super) fn follow_name(identities: Option<&Value>) -> bool {
    identities.and_then(Value::as_array).is_some_and(|all| all.iter().all(is_user_name))
}

/// The identities to write; none where they need no change. Graph replaces them all at once and demands the one that
/// is the user's name, which follows the name.
fn identities(after: &Value, before: Option<&Value>, now: &Map<String, Value>) -> Option<Value> {
    let list = |v: Option<&Value>| v.and_then(Value::as_array).cloned().unwrap_or_default();
    let others =
        |items: &[Value]| -> Vec<Value> { items.iter().filter(|i| !is_user_name(i)).cloned().collect() };
    let (then, live) = (list(Some(after)), list(before));
    if same(Some(&Value::Array(others(&then))), Some(&Value::Array(others(&live)))) {
        return None;
    }
    let mut whole: Vec<Value> = live.into_iter().filter(is_user_name).collect();
    if whole.is_empty() {
        let user = text(now, "userPrincipalName");
        let issuer = user.split_once('@').map(|(_, domain)| domain).unwrap_or_default();
        whole.push(json!({ "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": user }));
    }
    whole.extend(others(&then));
    Some(Value::Array(whole))
}

/// Sets of custom security attributes: each attribute that was set has its value and its type annotation;
/// when overwriting, one that came since is emptied (a collection by `[]`).
fn security_attributes(after: &Value, before: Option<&Value>, mode: AttributeMode) -> Value {
    let mut out = before.and_then(Value::as_object).cloned().unwrap_or_default();
    if mode == AttributeMode::Overwrite {
        for set in out.values_mut().filter_map(Value::as_object_mut) {
            for (_, value) in set.iter_mut().filter(|(k, _)| !k.contains('@')) {
                *value = if value.is_array() { json!([]) } else { Value::Null };
            }
        }
    }
    for (name, set) in after.as_object().into_iter().flatten() {
        let Some(set) = set.as_object() else { continue };
        let target = out.entry(name.as_str()).or_insert_with(|| json!({}));
        if let Some(target) = target.as_object_mut() {
            target.extend(set.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
    }
    Value::Object(out)
}
