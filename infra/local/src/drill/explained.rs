//! Why what did not come back did not: each difference that is left, held against what the previews said and what became
//! of the steps. What nothing explains is a fault of ours.

use super::stand::Ran;
use domain::changes::{Change, What};
use domain::kinds::Kind;
use domain::restore::{Step, WriteAction};
use engine::records::{OutcomeState, StepOutcome};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A part that did not come back, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lost {
    /// The name of the object's kind.
    pub kind: String,
    /// Which part: a property, a type of links, `object`, or `besides` for what was not in the snapshot.
    pub part: String,
    /// Why, for programs: what a preview says is impossible, why a step failed or was not tried, `farEndMissing`; none
    /// where nothing says so.
    pub cause: Option<String>,
    /// Why, for a person.
    pub why: String,
}

/// The same part of how many objects, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LostParts {
    /// The part, and why it did not come back.
    #[serde(flatten)]
    pub lost: Lost,
    /// Of how many objects, or how many links.
    pub count: u64,
    /// The keys of some of the objects, in the snapshot.
    pub keys: Vec<String>,
}

/// How many keys are given of what was lost in one way.
const MOST_KEYS: usize = 10;

/// Something that was said of a part of an object.
struct Said {
    part: String,
    cause: String,
    why: String,
}

/// What was said while everything was put back.
#[derive(Default)]
pub(super) struct Told {
    /// What was said, by the kind and key of its object.
    said: BTreeMap<(String, String), Vec<Said>>,
    /// The roles that were given anew.
    begun_anew: BTreeSet<(String, String)>,
    /// The schedules of roles that were given by their assignments.
    assigned: BTreeSet<(String, String)>,
}

impl Told {
    /// Remembers what a preview called impossible, and which steps did not succeed.
    pub fn take(&mut self, ran: &Ran) {
        for no in &ran.plan.impossible {
            self.say(
                &no.kind.to_string(),
                &no.key,
                Said { part: no.what.clone(), cause: word(&no.cause), why: no.why.clone() },
            );
        }
        for outcome in &ran.outcomes {
            if let Some(step) = ran.plan.steps.iter().find(|step| step.number == outcome.number) {
                self.take_outcome(step, outcome);
            }
        }
    }

    fn take_outcome(&mut self, step: &Step, outcome: &StepOutcome) {
        let (cause, why) = match &outcome.state {
            OutcomeState::Failed { cause, message } => {
                (word(cause), format!("it was written and not taken: {message}"))
            }
            OutcomeState::Skipped { cause } => (word(cause), "its step was not tried".to_owned()),
            // A restore that has ended and did not end its step explains nothing.
            OutcomeState::Started { .. } => return,
            OutcomeState::Done | OutcomeState::AlreadySo => {
                if matches!(step.action, WriteAction::Create { .. }) && step.is_fact() {
                    self.begun_anew.insert((step.kind.to_string(), step.key.clone()));
                    let schedules = step.kind.find().and_then(Kind::schedules);
                    self.assigned.extend(schedules.map(|kind| (kind.name.to_string(), step.key.clone())));
                }
                return;
            }
        };
        let parts: Vec<String> = if outcome.refused.is_empty() {
            parts(step)
        } else {
            outcome.refused.iter().map(|refused| refused.what.clone()).collect()
        };
        for part in parts {
            let said = Said { part, cause: cause.clone(), why: why.clone() };
            self.say(&step.kind.to_string(), &step.key, said);
        }
    }

    fn say(&mut self, kind: &str, key: &str, said: Said) {
        self.said.entry((kind.to_owned(), key.to_owned())).or_default().push(said);
    }

    /// Why a property differs in that place, where it is where a role begins: Graph lets none begin in the past.
    /// Source: learn.microsoft.com/graph/api/resources/requestschedule, startDateTime.
    fn of_beginning(&self, change: &Change, paths: &BTreeSet<&str>) -> Option<(String, String)> {
        let is_given_anew = self.begun_anew.contains(&(change.kind.to_string(), change.key.clone()));
        let why =
            || ("beginsAnew".to_owned(), "a role that is given anew begins when it is given".to_owned());
        (is_given_anew && paths.iter().all(|path| *path == BEGINNING)).then(why)
    }

    /// Why a schedule is not there whose role was given without an end: an assignment says as much, and a plan gives one fact
    /// once.
    fn of_assignment(&self, change: &Change) -> Option<(String, String)> {
        let why = || ("givenAsAssignment".to_owned(), "the role was given, by its assignment".to_owned());
        self.assigned.contains(&(change.kind.to_string(), change.key.clone())).then(why)
    }

    /// What was said of that part of an object, or of all of it.
    fn of(&self, change: &Change, is_meant: impl Fn(&str) -> bool) -> Option<(String, String)> {
        let said = self.said.get(&(change.kind.to_string(), change.key.clone()))?;
        let of_part = said.iter().rev().find(|said| is_meant(&said.part));
        let found = of_part.or_else(|| said.iter().rev().find(|said| said.part == OBJECT))?;
        Some((found.cause.clone(), found.why.clone()))
    }
}

/// What is called so is all of an object.
const OBJECT: &str = "object";
/// Where a schedule says from when on a role is held.
const BEGINNING: &str = "scheduleInfo/startDateTime";
/// What is called so was not in the snapshot.
const BESIDES: &str = "besides";

/// The parts of its object that a step is about.
fn parts(step: &Step) -> Vec<String> {
    match &step.action {
        WriteAction::Update { properties, .. } => properties.clone(),
        WriteAction::Act { property, .. } => vec![property.clone()],
        WriteAction::AddLinks { link, to } => to.iter().map(|end| format!("{link}/{}", end.id)).collect(),
        WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => vec![link.clone()],
        WriteAction::AssignLicences { .. } => vec![domain::restore::LICENCES.to_owned()],
        WriteAction::IssuePass { .. } => vec![domain::restore::ACCESS_PASS.to_owned()],
        WriteAction::Undelete { .. }
        | WriteAction::Adopt { .. }
        | WriteAction::Create { .. }
        | WriteAction::Delete => vec![OBJECT.to_owned()],
    }
}

/// A closed cause as a program reads it.
fn word(cause: &impl Serialize) -> String {
    let value = serde_json::to_value(cause).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The parts that did not come back, those of one sort together; `changes` is what differs from the snapshot, without what
/// the empty tenant had of itself.
pub(super) fn lost(changes: &[Change], told: &Told, far_ends: &BTreeSet<String>) -> Vec<LostParts> {
    let gone: BTreeSet<&str> = changes
        .iter()
        .filter(|change| change.what == What::Deleted)
        .map(|change| change.key.as_str())
        .collect();
    let mut all: BTreeMap<Lost, (u64, Vec<String>)> = BTreeMap::new();
    let mut put = |change: &Change, part: &str, why: Option<(String, String)>| {
        let (cause, why) = why.map_or((None, String::new()), |(cause, why)| (Some(cause), why));
        let lost = Lost { kind: change.kind.to_string(), part: part.to_owned(), cause, why };
        let (count, keys) = all.entry(lost).or_default();
        *count += 1;
        if keys.len() < MOST_KEYS {
            keys.push(change.key.clone());
        }
    };
    for change in changes {
        match change.what {
            What::Deleted => {
                let why = told.of(change, |part| part == OBJECT).or_else(|| told.of_assignment(change));
                put(change, OBJECT, why);
            }
            What::Modified | What::Moved => {
                for (attribute, paths) in properties(change) {
                    let is_meant = |part: &str| is_part_of(part, attribute);
                    let why = told.of(change, is_meant).or_else(|| told.of_beginning(change, &paths));
                    put(change, attribute, why);
                }
                for link in &change.links {
                    let of_this = |part: &str| part == format!("{}/{}", link.link, link.to);
                    let of_type = |part: &str| part == link.link;
                    let is_gone = gone.contains(link.to.as_str()) || !far_ends.contains(&link.to);
                    let why = told.of(change, |part| of_this(part) || of_type(part));
                    let far = || (FAR_END.to_owned(), "what it leads to did not come back".to_owned());
                    put(change, &link.link, if is_gone { Some(far()) } else { why });
                }
            }
            // Made by us, since the empty tenant did not have it: a second one of what there is, at worst.
            What::Created | What::Activated | What::Ended => put(change, BESIDES, None),
        }
    }
    let parts = all.into_iter().map(|(lost, (count, keys))| LostParts { lost, count, keys });
    parts.collect()
}

const FAR_END: &str = "farEndMissing";

/// The properties that differ, each with the places in it that do.
fn properties(change: &Change) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut all: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for attribute in &change.attributes {
        all.entry(&attribute.property).or_default().insert(&attribute.path);
    }
    all
}

/// Whether what was said of `part` concerns that property: it, or an item of it.
fn is_part_of(part: &str, property: &str) -> bool {
    part.strip_prefix(property).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::changes::{AttributeChange, Class, LinkChange, Rating};

    fn change(what: What, key: &str) -> Change {
        Change {
            kind: domain::kinds::KINDS[1].name.into(),
            key: key.to_owned(),
            new_key: None,
            name: None,
            what,
            ends_at: None,
            since: None,
            attributes: vec![],
            links: vec![],
            consequences: 0,
            privileged: false,
            rating: Rating::default(),
        }
    }

    fn with_parts() -> Change {
        let attribute = AttributeChange {
            property: "city".to_owned(),
            path: "city".to_owned(),
            before: Some("Oslo".into()),
            ..AttributeChange::default()
        };
        let link = LinkChange {
            link: "users.manager".to_owned(),
            to: "boss".to_owned(),
            to_name: None,
            what: What::Deleted,
            before: None,
            after: None,
            class: Class::default(),
        };
        Change { attributes: vec![attribute], links: vec![link], ..change(What::Modified, "ann") }
    }

    fn causes(changes: &[Change], told: &Told, far_ends: &[&str]) -> Vec<(String, Option<String>)> {
        let far_ends = far_ends.iter().map(|end| (*end).to_owned()).collect();
        let lost = lost(changes, told, &far_ends);
        lost.into_iter().map(|parts| (parts.lost.part, parts.lost.cause)).collect()
    }

    fn said(key: &str, part: &str, cause: &str) -> Told {
        let mut told = Told::default();
        let kind = domain::kinds::KINDS[1].name.to_string();
        told.say(&kind, key, Said { part: part.to_owned(), cause: cause.to_owned(), why: "so".to_owned() });
        told
    }

    #[test]
    fn what_nobody_said_anything_of_is_lost_without_a_cause() {
        let nothing = Told::default();
        let parts = [("city".to_owned(), None), ("users.manager".to_owned(), None)];
        assert_eq!(causes(&[with_parts()], &nothing, &["boss"]), parts);
        assert_eq!(causes(&[change(What::Deleted, "ann")], &nothing, &[]), [("object".to_owned(), None)]);
        assert_eq!(causes(&[change(What::Created, "new")], &nothing, &[]), [("besides".to_owned(), None)]);
        // What was said of another object, or of another part, explains nothing.
        assert_eq!(causes(&[with_parts()], &said("ben", "city", "readOnly"), &["boss"]), parts);
        assert_eq!(causes(&[with_parts()], &said("ann", "cityOfBirth", "readOnly"), &["boss"]), parts);
    }

    #[test]
    fn what_was_said_of_a_part_or_of_the_whole_and_a_far_end_that_is_not_there_explain_it() {
        let of = |told: &Told, far: &[&str]| -> Vec<Option<String>> {
            causes(&[with_parts()], told, far).into_iter().map(|(_, cause)| cause).collect()
        };
        let cause = |cause: &str| Some(cause.to_owned());
        for part in ["city", "city/name", "city[0]"] {
            assert_eq!(of(&said("ann", part, "readOnly"), &["boss"]), [cause("readOnly"), None], "{part}");
        }
        assert_eq!(of(&said("ann", "users.manager/boss", "denied"), &["boss"]), [None, cause("denied")]);
        assert_eq!(of(&Told::default(), &[]), [None, cause("farEndMissing")]);
        let gone = [change(What::Deleted, "ann")];
        assert_eq!(causes(&gone, &said("ann", "city", "readOnly"), &[]), [("object".to_owned(), None)]);
        assert_eq!(
            causes(&gone, &said("ann", "object", "guest"), &[]),
            [("object".to_owned(), cause("guest"))]
        );
    }

    #[test]
    fn a_role_that_was_given_anew_begins_later_and_nothing_else_of_its_schedule_is_explained_by_that() {
        let differs = |path: &str| {
            let of = |path: &str| AttributeChange {
                property: "scheduleInfo".to_owned(),
                path: path.to_owned(),
                ..AttributeChange::default()
            };
            Change { attributes: vec![of(BEGINNING), of(path)], ..change(What::Modified, "role") }
        };
        let mut told = Told::default();
        let cause = |told: &Told, path: &str| causes(&[differs(path)], told, &[]).remove(0).1;
        assert_eq!(cause(&told, BEGINNING), None);
        told.begun_anew.insert((domain::kinds::KINDS[1].name.to_string(), "role".to_owned()));
        assert_eq!(cause(&told, BEGINNING), Some("beginsAnew".to_owned()));
        assert_eq!(cause(&told, "scheduleInfo/expiration/endDateTime"), None);
    }

    #[test]
    fn the_same_part_of_several_objects_for_one_reason_is_told_once_with_how_many() {
        let gone: Vec<Change> = (0..25).map(|n| change(What::Deleted, &format!("u{n}"))).collect();
        let parts = lost(&gone, &Told::default(), &BTreeSet::new());
        assert_eq!((parts.len(), parts[0].count, parts[0].keys.len()), (1, 25, MOST_KEYS));
    }
}
