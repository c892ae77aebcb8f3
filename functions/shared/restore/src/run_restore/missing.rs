//! What a step leads to and did not come back: it costs itself, and is named; the rest of the step is done.

use super::outcome::{Ended, Verdict};
use super::parcel::{assignment_name, without};
use super::progress::RestoreRun;
use domain::Result;
use domain::restore::{Step, WriteAction};
use engine::records::{FailCause, OutcomeState, ReadBack, RefusedPart, SkipCause};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

impl RestoreRun<'_> {
    /// The step without the links and assignments that lead to what did not come back, and the names of these; none
    /// where nothing of it can be done.
    pub(super) fn without_missing(&self, step: &Step) -> Result<Option<(Step, BTreeSet<String>)>> {
        if step.needs().iter().any(|id| self.is_lost(id)) {
            return Ok(None);
        }
        let mut names = BTreeSet::new();
        match &step.action {
            WriteAction::AddLinks { link, to } => {
                let lost = to.iter().filter(|end| self.is_lost(&end.id));
                names.extend(lost.map(|end| format!("{link}/{}", end.id)));
                if names.len() == to.len() {
                    return Ok(None);
                }
            }
            WriteAction::Assign { link, assignments } => {
                let lost = assignments.iter().filter(|assignment| self.leads_to_lost(assignment));
                let lost: BTreeSet<String> = lost.map(|lost| assignment_name(link, lost)).collect();
                // Why not without an exclusion: the policy would reach people who were kept out of it.
                if lost.iter().any(|name| name.ends_with("!exclude")) {
                    return Ok(None);
                }
                names = lost;
            }
            _ => {}
        }
        if names.is_empty() {
            return Ok(Some((step.clone(), names)));
        }
        let rest = without(step, &names)?;
        let is_nothing = rest.before.is_some() && rest.before == rest.after;
        Ok((!is_nothing).then_some((rest, names)))
    }

    fn leads_to_lost(&self, assignment: &Map<String, Value>) -> bool {
        let group = assignment.get("target").and_then(|target| target.get("groupId"));
        group.and_then(Value::as_str).is_some_and(|group| self.is_lost(group))
    }
}

impl Verdict {
    /// The same outcome of a step of which these parts could not be done, since what they lead to did not come back.
    pub(super) fn without(ended: Ended, names: &BTreeSet<String>) -> Ended {
        let Ended::With(mut verdict) = ended else { return ended };
        if names.is_empty() || matches!(verdict.state, OutcomeState::Skipped { .. }) {
            return Ended::With(verdict);
        }
        let cause = FailCause::DependencyFailed;
        if verdict.state.is_success() {
            let message = "an object that it leads to did not come back".to_owned();
            verdict.state = OutcomeState::Failed { cause, message };
            verdict.read_back = Some(ReadBack::Differs { what: names.iter().cloned().collect() });
        }
        let part = |what: &String| RefusedPart { what: what.clone(), cause, status: None, code: None };
        verdict.refused.extend(names.iter().map(part));
        Ended::With(verdict)
    }
}

/// Why a part of a step failed, where a step of its own would have been skipped.
pub(super) fn of_skipped(cause: SkipCause) -> FailCause {
    match cause {
        SkipCause::ChangedSincePreview | SkipCause::Expired => FailCause::Conflict,
        SkipCause::Gone => FailCause::NotFound,
        SkipCause::DependencyFailed => FailCause::DependencyFailed,
        SkipCause::OwnAccess => FailCause::OwnAccess,
        SkipCause::LockOut => FailCause::LockOut,
    }
}
