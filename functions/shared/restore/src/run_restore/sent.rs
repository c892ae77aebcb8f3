//! Which calls a step has made: its receipt lists them, though the last answer alone stands in its outcome.

use domain::kinds::assignment_key;
use domain::restore::{ACCESS_PASS, LICENCES, Step, WriteAction};
use domain::{ErrorKind, Result};
use engine::ports::{Applied, BIND, DirectoryWrite};
use engine::records::{MOST_CALLS, MOST_PARTS, SentCall, StepOutcome};
use serde_json::{Map, Value};

/// The calls of the step that is performed now, those of an earlier invocation first.
#[derive(Debug, Default)]
pub(super) struct Sent {
    number: u32,
    calls: Vec<SentCall>,
    more: u32,
}

impl Sent {
    /// Those that the outcome of a step has so far.
    pub fn of(number: u32, outcome: Option<&StepOutcome>) -> Self {
        let (calls, more) = outcome.map(|row| (row.calls.clone(), row.more_calls)).unwrap_or_default();
        Self { number, calls, more }
    }

    /// Notes a call with its answer, unless nothing was written and it is made again.
    pub fn note(&mut self, call: &DirectoryWrite, answer: &Result<Applied>) {
        let (status, request_id) = match answer {
            // Nothing was written, and the call is made again.
            Err(error) if matches!(error.kind(), ErrorKind::Throttled { .. }) => return,
            Err(error) => match error.answer() {
                Some(answer) => (Some(answer.status), answer.request_id.clone()),
                None => (None, None),
            },
            Ok(applied) => ((applied.status > 0).then_some(applied.status), applied.request_id.clone()),
        };
        if self.calls.len() == MOST_CALLS {
            self.more += 1;
            return;
        }
        let mut what = parts(call);
        what.truncate(MOST_PARTS);
        self.calls.push(SentCall { what, status, request_id });
    }

    /// Puts the calls of the step, which has come to its end, into its row, where that does not say all without them.
    pub fn list(&self, step: &Step, row: &mut StepOutcome) {
        let names_parts = matches!(step.action, WriteAction::RemoveOtherLinks { .. });
        if self.number != step.number {
            return;
        }
        if self.calls.len() > 1 || names_parts {
            (row.calls, row.more_calls) = (self.calls.clone(), self.more);
        } else {
            (row.calls, row.more_calls) = (Vec::new(), 0);
        }
    }

    /// Puts all calls of the step into its row, with which another invocation goes on; says whether there is one that the
    /// row did not have.
    pub fn list_so_far(&self, step: &Step, row: &mut StepOutcome) -> bool {
        let is_new = self.calls.len() > row.calls.len() || self.more > row.more_calls;
        if self.number != step.number || !is_new {
            return false;
        }
        (row.calls, row.more_calls) = (self.calls.clone(), self.more);
        true
    }
}

/// What a call is about, as the fields of a step are named.
fn parts(call: &DirectoryWrite) -> Vec<String> {
    let names =
        |body: &Map<String, Value>| body.keys().filter(|name| !name.starts_with('@')).cloned().collect();
    match call {
        DirectoryWrite::Undelete { .. } | DirectoryWrite::Delete { .. } => vec!["object".to_owned()],
        // With the links that it is made with.
        DirectoryWrite::Create { kind, body } => {
            let bound = kind.links.iter().flat_map(|link| {
                let ends = body.get(&format!("{}{BIND}", link.relation)).and_then(Value::as_array);
                let ends = ends.into_iter().flatten().filter_map(Value::as_str);
                ends.map(|end| format!("{}/{end}", link.name))
            });
            std::iter::once("object".to_owned()).chain(bound).collect()
        }
        DirectoryWrite::Update { body, .. } | DirectoryWrite::Act { body, .. } => names(body),
        DirectoryWrite::AddLinks { link, to, .. } => {
            to.iter().map(|(to, _)| format!("{}/{to}", link.name)).collect()
        }
        DirectoryWrite::RemoveLink { link, to, .. } => vec![format!("{}/{to}", link.name)],
        DirectoryWrite::Assign { link, assignments, .. } => {
            let key = |a: &Map<String, Value>| assignment_key(a.get("target").unwrap_or(&Value::Null));
            assignments.iter().map(|assignment| format!("{}/{}", link.name, key(assignment))).collect()
        }
        DirectoryWrite::IssuePass { .. } | DirectoryWrite::RevokePass { .. } => vec![ACCESS_PASS.to_owned()],
        DirectoryWrite::AssignLicences { add, remove, .. } => {
            let given = add.iter().filter_map(|licence| licence.get("skuId")?.as_str());
            given.chain(remove.iter().map(String::as_str)).map(|sku| format!("{LICENCES}/{sku}")).collect()
        }
    }
}
