//! Links that a new object is made with: those of later steps that lead to what has been there for long, as many as Graph
//! takes. Each of these steps stays a step: it is begun before the creation is sent, read back in its turn, and written by
//! itself where what it asks for is not found.

use super::outcome::{Ended, Verdict};
use super::progress::RestoreRun;
use super::step::Work;
use crate::plans::Before;
use domain::Result;
use domain::kinds::{self, Kind};
use domain::restore::{End, RestorePlan, Step, WriteAction, may_lose};
use engine::ports::{Applied, BIND, DirectoryWrite};
use engine::records::{FailCause, OutcomeState, StepOutcome};
use serde_json::{Map, Value};

/// How many links Graph takes with a new object.
/// Source: learn.microsoft.com/graph/api/group-post-groups.
const AT_ONCE: usize = 20;

/// What a new object is made with.
#[derive(Default)]
pub(super) struct Bound {
    steps: Vec<BoundStep>,
}

/// A later step whose links go with the creation.
struct BoundStep {
    step: Step,
    link: String,
    relation: &'static str,
    /// The far ends, by their ids of today.
    ends: Vec<String>,
}

/// The links that a step adds to its object, where an object can be made with such.
fn ends(step: &Step) -> Option<(&str, &'static str, &[End])> {
    let WriteAction::AddLinks { link, to } = &step.action else { return None };
    let relation = kinds::link(link).ok().filter(|link| link.comes_with_new)?.relation;
    Some((link, relation, to))
}

impl RestoreRun<'_> {
    /// Chooses what the object of a step can be made with, of the steps that are left.
    pub(super) fn choose_bound(&self, plan: &RestorePlan, step: &Step) -> Result<Bound> {
        let creates = matches!(step.action, WriteAction::Create { .. }) && !step.is_fact();
        if !creates || step.kind()?.links.iter().all(|link| !link.comes_with_new) {
            return Ok(Bound::default());
        }
        let of_it = plan.steps.iter().filter(|later| later.id == step.id && later.kind == step.kind);
        let mut ready: Vec<&Step> = of_it.filter(|later| self.is_ready(step, later)).collect();
        // Each step that goes along whole is a write less, so the shortest come first.
        let length = |step: &Step| ends(step).map_or(0, |(_, _, ends)| ends.len());
        ready.sort_by_key(|later| (length(later), later.number));
        let (mut bound, mut left) = (Bound::default(), AT_ONCE);
        for later in ready {
            let now = self.of_today(later)?;
            let Some((link, relation, ends)) = ends(&now).filter(|(_, _, ends)| ends.len() <= left) else {
                break;
            };
            left -= ends.len();
            bound.steps.push(BoundStep {
                step: later.clone(),
                link: link.to_owned(),
                relation,
                ends: ends.iter().map(|end| end.id.clone()).collect(),
            });
        }
        Ok(bound)
    }

    /// Whether everything that a step on a new object leads to has been there for so long that all of Graph knows it, and
    /// nothing else speaks against writing it with the object.
    fn is_ready(&self, step: &Step, later: &Step) -> bool {
        // Why none with a warning: what is likely to be refused is tried by itself.
        later.warnings.is_empty()
            && self.outcome(later.number).is_none()
            && later.depends_on.iter().all(|id| *id == step.id)
            && !may_lose(later)
            && ends(later).is_some_and(|(_, _, ends)| {
                ends.iter().all(|end| !self.is_new(&end.id) && !self.is_lost(&end.id))
            })
    }

    /// Writes down that the steps are about to be written, with the request that makes the object, and that it had none of
    /// their links before.
    ///
    /// # Errors
    /// Only what concerns all of the run.
    pub(super) async fn begin_bound(&mut self, bound: &Bound) -> Result<()> {
        let mut rows = Vec::new();
        for BoundStep { step, link, .. } in &bound.steps {
            let before = Before { link_types: vec![link.clone()], ..Before::default() };
            let (tenant, restore) = (self.tenant(), &self.restore.id);
            self.worker.plans.put_new_before(tenant, restore, step.number, &before).await?;
            let started = OutcomeState::Started { before_ids: Vec::new(), begun_at: None };
            let client_request_id = Some(self.request.clone());
            rows.push(StepOutcome { client_request_id, ..self.row(step, started) });
        }
        if rows.is_empty() { Ok(()) } else { self.put_all(rows, vec![]).await }
    }

    /// The creation of an object with what was chosen.
    pub(super) fn creation(
        &self,
        kind: &'static Kind,
        body: &Map<String, Value>,
        bound: &Bound,
    ) -> DirectoryWrite {
        let mut body = self.with_password(kind, body);
        for BoundStep { relation, ends, .. } in &bound.steps {
            let ids = body.entry(format!("{relation}{BIND}")).or_insert_with(|| Value::Array(vec![]));
            if let Value::Array(ids) = ids {
                ids.extend(ends.iter().map(|end| Value::from(end.as_str())));
            }
        }
        DirectoryWrite::Create { kind, body }
    }

    /// Sends nothing along any more: the steps write it themselves, as steps that were not begun. Says whether there was
    /// anything.
    ///
    /// # Errors
    /// Only what concerns all of the run.
    pub(super) async fn let_go(&mut self, bound: &mut Bound) -> Result<bool> {
        let steps = std::mem::take(&mut bound.steps);
        let begun = steps.iter().filter_map(|bound| self.outcome(bound.step.number));
        let rows: Vec<StepOutcome> =
            begun.map(|row| StepOutcome { client_request_id: None, ..row.clone() }).collect();
        if !rows.is_empty() {
            self.put_all(rows, vec![]).await?;
        }
        Ok(!steps.is_empty())
    }

    /// The rows of the steps whose links went with the creation of a step's object, with Graph's answer to it; none where
    /// there is no answer.
    pub(super) fn bound_rows(&self, step: &Step, answer: &Applied) -> Vec<StepOutcome> {
        if answer.status == 0 {
            return Vec::new();
        }
        let by = StepOutcome::client_request_id(&self.restore.id, step.number);
        let (status, request_id) = (Some(answer.status), &answer.request_id);
        let begun = self.begun_by(&by).filter(|row| row.number != step.number);
        begun.map(|row| StepOutcome { status, request_id: request_id.clone(), ..row.clone() }).collect()
    }

    /// What Graph answered to the creation that the links of a step went with; none where they went with none, or where no
    /// answer is known.
    pub(super) fn bound_answer(&self, step: &Step) -> Option<Applied> {
        let row = self.outcome(step.number)?;
        let by = row.client_request_id.as_ref()?;
        let status = row.status.filter(|_| *by != self.request)?;
        Some(Applied { status, request_id: row.request_id.clone(), ..Applied::default() })
    }

    /// Performs a step whose links went with the creation of its object, which Graph answered so.
    ///
    /// # Errors
    /// As [`Self::perform`].
    pub(super) async fn perform_bound(&mut self, step: &Step, now: &Step, answer: Applied) -> Result<Ended> {
        let is_unseen = |verdict: &Verdict| {
            matches!(&verdict.state, OutcomeState::Failed { cause: FailCause::NotSeen, .. })
        };
        match self.perform_work(step, now, Work::written(now.clone(), answer)).await? {
            // Graph made the object and left out the link.
            Ended::With(verdict) if is_unseen(&verdict) => self.perform(step, now).await,
            ended => Ok(ended),
        }
    }
}
