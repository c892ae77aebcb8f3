//! What a receipt says of each step, field by field, and of what was not restored.

use domain::Timestamp;
use domain::kinds::{NamedKind, assignment_key};
use domain::restore::{ACCESS_PASS, Conflict, Impossible, Left, RestorePlan, SCHEDULE, Step, WriteAction};
use engine::records::{FailCause, OutcomeState, ReadBack, RefusedPart, SentCall, StepOutcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One entry of a receipt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", tag = "entry")]
#[schemars(rename = "ReceiptEntry")]
pub enum Entry {
    /// A step of the plan.
    Step(StepEntry),
    /// What became of a step that is not in the plan as it can be read now.
    Outcome(OutcomeEntry),
    /// What could not be restored, as the preview said.
    Impossible(Impossible),
    /// What differed and was left by the chosen mode, as the preview said.
    LeftByMode(Left),
    /// An object whose place was taken, as the preview said.
    Conflict(Conflict),
}

/// A step of the plan and what became of it. What its values were says the plan, for which its hash vouches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepEntry {
    /// The step's number in the plan.
    pub number: u32,
    /// The name of the object's kind, such as `users`.
    pub kind: NamedKind,
    /// The id that the object had when the plan was made.
    pub id: String,
    /// The object's name, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What was to be done, as the plan calls it, such as `update`.
    pub action: String,
    /// Each property and link that the step was about.
    pub fields: Vec<Field>,
    /// What became of the step; none where it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeState>,
    /// The HTTP status of Graph's last answer; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's own id of the request, where it answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Our own id of the step's requests, made before the first of them; none where nothing was sent.
    /// Of links that came with a new object it is that of the request that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Whether it was written, no answer to that is known, and it was found so afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_after_interruption: bool,
    /// Whether an object was sent to be created and was not found: it may be there all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_exist: bool,
    /// The calls that were made to write it, the first ones; none where there was one, whose answer stands above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<SentCall>,
    /// How many calls more were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_calls: Option<u32>,
    /// The parts that Graph did not take, and its error codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedPart>,
    /// The id of the object that the step created; none where it created none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_id: Option<String>,
    /// When the outcome was last written; none where it was not tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// A property or a link of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// The name of the property; of a link also what it leads to (`groups.members/<id>`); `object` for the whole.
    pub what: String,
    /// What was found of it.
    pub found: FieldState,
}

/// What was found of a field when the object was read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FieldState {
    /// It was read back, and is as the plan has it.
    AsAsked,
    /// It was read back, and is not.
    Differs,
    /// Graph did not take it.
    Refused,
    /// The object is not there.
    Absent,
    /// It was not read back.
    NotRead,
}

/// What became of a step of which the plan does not tell: a write all the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeEntry {
    /// The step's number in the plan that was executed.
    pub number: u32,
    /// The id that the object had when that plan was made.
    pub id: String,
    /// What was asked: the action, and which properties or links it was about, without values.
    pub asked: String,
    /// What became of it.
    pub outcome: OutcomeState,
    /// The HTTP status of Graph's last answer; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Graph's own id of the request, where it answered with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Our own id of the step's requests; none where nothing was sent.
    /// Of links that came with a new object it is that of the request that made the object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_request_id: Option<String>,
    /// Whether it was written, no answer to that is known, and it was found so afterwards.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found_after_interruption: bool,
    /// Whether an object was sent to be created and was not found: it may be there all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_exist: bool,
    /// The calls that were made to write it, the first ones; none where there was one, whose answer stands above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<SentCall>,
    /// How many calls more were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_calls: Option<u32>,
    /// The parts that Graph did not take.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<RefusedPart>,
    /// What a read-back found; none where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_back: Option<ReadBack>,
    /// The id of the object that it created; none where it created none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_id: Option<String>,
    /// When this was last written.
    pub at: Timestamp,
}

impl OutcomeEntry {
    fn of(row: &StepOutcome) -> Self {
        Self {
            number: row.number,
            id: row.id.clone(),
            asked: row.asked.clone(),
            outcome: without_search(&row.state),
            status: row.status,
            request_id: row.request_id.clone(),
            client_request_id: row.client_request_id.clone(),
            found_after_interruption: row.found_after_interruption,
            may_exist: row.may_exist_beside.is_some(),
            calls: row.calls.clone(),
            more_calls: Some(row.more_calls).filter(|more| *more > 0),
            refused: row.refused.clone(),
            read_back: row.read_back.clone(),
            new_id: row.new_id.clone(),
            at: row.at,
        }
    }
}

/// An outcome without what a creation looked for: that is for going on with it, and names other objects.
fn without_search(state: &OutcomeState) -> OutcomeState {
    match state {
        OutcomeState::Started { begun_at, .. } => {
            OutcomeState::Started { before_ids: Vec::new(), begun_at: *begun_at }
        }
        other => other.clone(),
    }
}

/// All entries of a plan: its steps in order, outcomes of steps that it does not have, then what was not restored.
pub fn entries<'a>(
    plan: &'a RestorePlan,
    outcomes: &'a BTreeMap<u32, StepOutcome>,
) -> impl Iterator<Item = Entry> + 'a {
    // Why by the id, too: an outcome of another plan's step of that number says nothing of this one.
    let steps = plan.steps.iter().map(|step| {
        let outcome = outcomes.get(&step.number).filter(|row| row.id == step.id);
        Entry::Step(StepEntry::of(step, outcome))
    });
    let known: BTreeMap<u32, &str> = plan.steps.iter().map(|step| (step.number, step.id.as_str())).collect();
    let strange = outcomes.values().filter(move |row| known.get(&row.number) != Some(&row.id.as_str()));
    let steps = steps.chain(strange.map(|row| Entry::Outcome(OutcomeEntry::of(row))));
    let impossible = plan.impossible.iter().cloned().map(Entry::Impossible);
    let left = plan.left_by_mode.iter().cloned().map(Entry::LeftByMode);
    let conflicts = plan.conflicts.iter().cloned().map(Entry::Conflict);
    steps.chain(impossible).chain(left).chain(conflicts)
}

impl StepEntry {
    fn of(step: &Step, outcome: Option<&StepOutcome>) -> Self {
        Self {
            number: step.number,
            kind: step.kind.clone(),
            id: step.id.clone(),
            name: step.name.clone(),
            action: action(&step.action),
            fields: fields(step, outcome),
            outcome: outcome.map(|row| without_search(&row.state)),
            status: outcome.and_then(|row| row.status),
            request_id: outcome.and_then(|row| row.request_id.clone()),
            client_request_id: outcome.and_then(|row| row.client_request_id.clone()),
            found_after_interruption: outcome.is_some_and(|row| row.found_after_interruption),
            may_exist: outcome.is_some_and(|row| row.may_exist_beside.is_some()),
            calls: outcome.map(|row| row.calls.clone()).unwrap_or_default(),
            more_calls: outcome.map(|row| row.more_calls).filter(|more| *more > 0),
            refused: outcome.map(|row| row.refused.clone()).unwrap_or_default(),
            new_id: outcome.and_then(|row| row.new_id.clone()),
            at: outcome.map(|row| row.at),
        }
    }
}

/// The action as the plan's own JSON calls it.
fn action(action: &WriteAction) -> String {
    let value = serde_json::to_value(action).unwrap_or_default();
    value.get("type").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a step is about, by name.
fn asked(step: &Step) -> Vec<String> {
    match &step.action {
        WriteAction::Undelete { .. } | WriteAction::Adopt { .. } | WriteAction::Delete => {
            vec!["object".to_owned()]
        }
        // What was read back is compared with what the plan expects, and not with the words of the request. Of a fact, such as a
        // role assignment, that it is there is looked at and, where it was asked for with a schedule, when it ends.
        WriteAction::Create { body } if step.is_fact() => {
            let has_end = body.contains_key(SCHEDULE);
            std::iter::once("object").chain(has_end.then_some(SCHEDULE)).map(str::to_owned).collect()
        }
        WriteAction::Create { .. } => {
            let after = step.after.as_ref().and_then(Value::as_object);
            let names =
                after.into_iter().flat_map(serde_json::Map::keys).filter(|name| !name.starts_with('@'));
            std::iter::once("object".to_owned()).chain(names.cloned()).collect()
        }
        WriteAction::IssuePass { .. } => vec![ACCESS_PASS.to_owned()],
        WriteAction::Update { properties, .. } => properties.clone(),
        WriteAction::Act { property, .. } => vec![property.clone()],
        WriteAction::AddLinks { link, to } => to.iter().map(|end| format!("{link}/{}", end.id)).collect(),
        WriteAction::RemoveLink { link, to } => vec![format!("{link}/{}", to.id)],
        WriteAction::RemoveOtherLinks { link, .. } => vec![link.clone()],
        WriteAction::Assign { link, assignments } => {
            let key =
                |a: &serde_json::Map<String, Value>| assignment_key(a.get("target").unwrap_or(&Value::Null));
            assignments.iter().map(|a| format!("{link}/{}", key(a))).collect()
        }
        WriteAction::AssignLicences { add, remove } => {
            let given = add.iter().filter_map(|licence| licence.get("skuId")?.as_str());
            given
                .chain(remove.iter().map(String::as_str))
                .map(|sku| format!("assignedLicenses/{sku}"))
                .collect()
        }
    }
}

/// Each field of a step with what was found of it. What is refused or differs and has no name of its own in the plan, since
/// its ids are those of today, is a field, too; then what was asked for of the same links is not said to be as asked.
fn fields(step: &Step, outcome: Option<&StepOutcome>) -> Vec<Field> {
    let asked = asked(step);
    // What was never sent, since it leads to what did not come back, or was not to be, Graph did not refuse.
    let of_graph = [FailCause::Refused, FailCause::Denied, FailCause::NotFound, FailCause::Conflict];
    let parts = outcome.into_iter().flat_map(|row| &row.refused);
    let (refused, unsent): (Vec<&RefusedPart>, Vec<&RefusedPart>) =
        parts.partition(|part| of_graph.contains(&part.cause));
    let names = |parts: Vec<&'_ RefusedPart>| -> BTreeSet<String> {
        parts.into_iter().map(|part| part.what.clone()).collect()
    };
    let (refused, unsent) = (names(refused), names(unsent));
    let differs: BTreeSet<&str> = match outcome.and_then(|row| row.read_back.as_ref()) {
        Some(ReadBack::Differs { what }) => what.iter().map(String::as_str).collect(),
        _ => BTreeSet::new(),
    };
    let known: BTreeSet<&str> = asked.iter().map(String::as_str).collect();
    let left = refused.iter().chain(&unsent).map(String::as_str).chain(differs.iter().copied());
    let others: BTreeSet<&str> = left.filter(|name| !known.contains(name)).collect();
    let of_type = |name: &str| name.split('/').next().unwrap_or(name).to_owned();
    let unclear: BTreeSet<String> = others.iter().map(|name| of_type(name)).collect();
    // Of what was there already, and of the creation of an object, only that it is there was looked at.
    let is_creation = matches!(step.action, WriteAction::Create { .. }) && !step.is_fact();
    let is_compared = !is_creation || outcome.is_none_or(|row| row.state != OutcomeState::AlreadySo);
    // A write of one part alone that Graph refused has no parts to name.
    let is_refused = outcome.is_some_and(|row| {
        matches!(&row.state, OutcomeState::Failed { cause, .. } if of_graph.contains(cause))
            && row.refused.is_empty()
    });
    let found = |name: &str| match outcome.and_then(|row| row.read_back.as_ref()) {
        _ if refused.contains(name) => FieldState::Refused,
        _ if unsent.contains(name) => FieldState::NotRead,
        None if is_refused => FieldState::Refused,
        None => FieldState::NotRead,
        Some(_) if !is_compared && name != "object" => FieldState::NotRead,
        Some(ReadBack::Absent) => FieldState::Absent,
        Some(ReadBack::Differs { .. }) if differs.contains(name) => FieldState::Differs,
        Some(ReadBack::Differs { what }) if what.iter().any(|of| of == "object") => FieldState::Differs,
        Some(ReadBack::Differs { .. }) if unclear.contains(&of_type(name)) => FieldState::NotRead,
        Some(ReadBack::AsAsked | ReadBack::Differs { .. }) => FieldState::AsAsked,
    };
    let named = asked.iter().map(String::as_str).chain(others.iter().copied());
    named.map(|what| Field { what: what.to_owned(), found: found(what) }).collect()
}
