//! The completion list: what people must still do when a restore has ended, each with who does it and whether the newest
//! snapshot shows that it is done.
//!
//! It follows from the report and one table (`table`); nothing of it is stored, so that each reading looks again.

mod seen;
mod table;

pub use table::{Owner, ToDo};

use crate::plans::{FinalReport, ReportedStep};
use domain::kinds::{Kind, NamedKind};
use domain::restore::{ACCESS_PASS, Step, WriteAction};
use domain::{SnapshotId, Timestamp};
use engine::records::{FailCause, OutcomeState, SkipCause};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use table::{Calls, ROWS, SeenBy, has_row};

/// Whether something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DutyState")]
pub enum Seen {
    /// The newest snapshot shows that it is done.
    Done,
    /// The newest snapshot does not show it.
    Open,
    /// No snapshot can show it: whoever does it has to say so.
    Unseen,
}

/// Something that a restore leaves to people.
#[derive(Clone, Debug, PartialEq)]
pub struct Duty {
    /// What has to be done.
    pub to_do: ToDo,
    /// The role of whoever has to do it, not a person's name.
    pub owner: Owner,
    /// The name of the object's kind.
    pub kind: NamedKind,
    /// The object's key in the snapshot that was restored from.
    pub key: String,
    /// The id that it had last, or got by the restore.
    pub id: String,
    /// The object's name, where it has one.
    pub name: Option<String>,
    /// Which part of it: a property, a link and what it leads to, `object`.
    pub what: String,
    /// Whether it is done; only after it was looked for.
    pub state: Seen,
    /// What the part was to be, where the restore says it.
    wanted: Option<Value>,
    /// When the restore came to it.
    since: Timestamp,
    seen_by: SeenBy,
}

/// A part of the completion list.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// What is left to do, in the order of the restore's steps; what was impossible comes first.
    pub duties: Vec<Duty>,
    /// The snapshot by which it was looked for; none where none was taken since.
    pub snapshot: Option<SnapshotId>,
    /// When that snapshot was taken.
    pub seen_at: Option<Timestamp>,
    /// Where the next part begins.
    pub next: Option<String>,
}

/// What a restore leaves to people.
pub(crate) fn duties(report: &FinalReport) -> Vec<Duty> {
    let mut found = Vec::new();
    let since = report.done_at.or(report.started_at).unwrap_or(Timestamp::UNIX_EPOCH);
    for impossible in &report.impossible {
        for row in ROWS {
            let Calls::Impossible(causes) = row.calls else { continue };
            if causes.contains(&impossible.cause) {
                found.push(Duty {
                    to_do: row.to_do,
                    owner: row.owner,
                    kind: impossible.kind.clone(),
                    key: impossible.key.clone(),
                    id: impossible.key.clone(),
                    name: impossible.name.clone(),
                    what: impossible.what.clone(),
                    state: Seen::Open,
                    wanted: None,
                    since,
                    seen_by: row.seen_by,
                });
            }
        }
    }
    for reported in &report.steps {
        for row in ROWS {
            for what in called(row.calls, reported) {
                let step = &reported.step;
                let wanted = step.after.as_ref().and_then(|after| after.get(&what)).cloned();
                found.push(Duty {
                    to_do: row.to_do,
                    owner: row.owner,
                    kind: step.kind.clone(),
                    key: step.key.clone(),
                    id: reported.new_id.clone().unwrap_or_else(|| step.id.clone()),
                    name: step.name.clone(),
                    what,
                    state: Seen::Open,
                    wanted,
                    since: reported.at,
                    seen_by: row.seen_by,
                });
            }
        }
    }
    found
}

/// The parts of a step for which a row of the table calls somebody.
fn called(calls: Calls, reported: &ReportedStep) -> Vec<String> {
    let step = &reported.step;
    let object = |is: bool| if is { vec!["object".to_owned()] } else { vec![] };
    match calls {
        Calls::Made { people } => {
            let is_person = step.kind.find().is_some_and(Kind::is_person);
            object(is_made(reported) && (is_person || !people))
        }
        Calls::Warned(warning) => {
            object(step.warnings.contains(&warning) && (reported.outcome.is_success() || is_made(reported)))
        }
        Calls::Impossible(_) => vec![],
        Calls::Failed(cause) => {
            failed(reported).filter(|(of, _)| *of == cause).map(|(_, what)| what).collect()
        }
        Calls::FailedOtherwise => {
            failed(reported).filter(|(of, _)| !has_row(*of)).map(|(_, what)| what).collect()
        }
        Calls::Skipped => match reported.outcome {
            OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview | SkipCause::Gone } => parts(step),
            _ => vec![],
        },
    }
}

/// Whether the step created its object.
fn is_made(reported: &ReportedStep) -> bool {
    matches!(reported.step.action, WriteAction::Create { .. })
        && !reported.step.is_fact()
        && reported.new_id.is_some()
        && !matches!(reported.outcome, OutcomeState::Skipped { .. })
}

/// The parts of a step that failed, each with its cause.
fn failed(reported: &ReportedStep) -> impl Iterator<Item = (FailCause, String)> + '_ {
    let of_all = match &reported.outcome {
        OutcomeState::Failed { cause, .. } if reported.refused.is_empty() => {
            parts(&reported.step).into_iter().map(|what| (*cause, what)).collect()
        }
        _ => vec![],
    };
    reported.refused.iter().map(|part| (part.cause, part.what.clone())).chain(of_all)
}

/// The parts that a step is about.
fn parts(step: &Step) -> Vec<String> {
    match &step.action {
        WriteAction::Update { properties, .. } => properties.clone(),
        WriteAction::Act { property, .. } => vec![property.clone()],
        WriteAction::AddLinks { link, to } => to.iter().map(|end| format!("{link}/{}", end.id)).collect(),
        WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => vec![link.clone()],
        WriteAction::AssignLicences { .. } => vec!["assignedLicenses".to_owned()],
        WriteAction::IssuePass { .. } => vec![ACCESS_PASS.to_owned()],
        WriteAction::Undelete { .. }
        | WriteAction::Adopt { .. }
        | WriteAction::Create { .. }
        | WriteAction::Delete => {
            vec!["object".to_owned()]
        }
    }
}
