//! Creates an object though Graph refuses a property of it: first with what there can be no such object without, then
//! the rest, of which only what is refused stays away.

use super::outcome::{Ended, Verdict, is_of_run, is_refusal};
use super::progress::RestoreRun;
use super::step::Work;
use domain::kinds::Kind;
use domain::restore::{Step, WriteAction};
use domain::{Error, Result};
use engine::ports::{Applied, DirectoryWrite};
use engine::records::OutcomeState;
use serde_json::{Map, Value};

impl RestoreRun<'_> {
    /// Creates the object of a step that Graph refused as a whole with `error`.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, and rows.
    pub(super) async fn create_with_least(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
        before_ids: &[String],
        error: Error,
    ) -> Result<Ended> {
        let kind = now.kind()?;
        let Some(least) = least(kind, body).filter(|_| is_refusal(&error)) else {
            return Ok(Verdict::failed(&error));
        };
        if !self.may_write() {
            return Ok(Ended::OutOfTime);
        }
        let first = part_of(now, |property| least.contains_key(property));
        let call = DirectoryWrite::Create { kind, body: self.with_password(kind, &least) };
        // Once that is made the rest is still to be written.
        let unwritten = self.unwritten.take();
        let ended = match self.apply(&call).await {
            Ok(applied) => self.adopt_answered(step, &first, &least, before_ids, applied).await?,
            Err(e) if is_of_run(&e) => return Err(e),
            // What the object cannot be without is refused: then nothing was made.
            Err(e) if is_refusal(&e) => return Ok(Verdict::failed(&e)),
            // The answer was lost, so the object may exist.
            Err(e) => match self.adopt_found(step, &first, &least, before_ids, Applied::default()).await? {
                Some(ended) => ended,
                None => return Ok(Verdict::failed(&e)),
            },
        };
        self.unwritten = unwritten;
        let id = self.outcome(step.number).and_then(|outcome| outcome.new_id.clone());
        match (ended, id) {
            (Ended::With(verdict), Some(id)) if verdict.state == OutcomeState::Done => {
                let left = part_of(now, |property| !least.contains_key(property));
                self.fill_in(step, left, id, Some(error)).await
            }
            (ended, _) => Ok(ended),
        }
    }

    /// Writes to an object that this step created what it does not have yet of that. `refused` is how Graph refused
    /// all of it, where it did.
    pub(super) async fn fill_in(
        &mut self,
        step: &Step,
        left: Step,
        id: String,
        refused: Option<Error>,
    ) -> Result<Ended> {
        let body = left.after.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
        let properties = body.keys().cloned().collect();
        let update =
            Step { id: id.clone(), before: None, action: WriteAction::Update { body, properties }, ..left };
        self.came_back(&step.id, &id);
        let mut own = step.clone();
        own.depends_on.push(step.id.clone());
        let work = match refused {
            Some(error) => Work::after_refusal(update.clone(), error),
            None => Work::on(update.clone()),
        };
        Ok(match self.perform_work(&own, &update, work).await? {
            // Why not as it was already: this step made the object.
            Ended::With(verdict) if verdict.state == OutcomeState::AlreadySo => Verdict::done(verdict.answer),
            ended => ended,
        })
    }
}

/// The step with those of the properties that it asks for.
fn part_of(step: &Step, is_part: impl Fn(&str) -> bool) -> Step {
    let after = step.after.as_ref().and_then(Value::as_object);
    let part = after.into_iter().flatten().filter(|(property, _)| is_part(property));
    let part: Map<String, Value> = part.map(|(property, value)| (property.clone(), value.clone())).collect();
    Step { after: Some(Value::Object(part)), ..step.clone() }
}

/// What of a body Graph needs to create an object of the kind that can become the one that is asked for; none where
/// nothing can be left out.
fn least(kind: &Kind, body: &Map<String, Value>) -> Option<Map<String, Value>> {
    let writing = &kind.writing;
    if writing.needed.is_empty() {
        return None;
    }
    let is_needed = |property: &str| {
        writing.needed.contains(&property)
            || kind.create_only.contains(&property)
            || writing.required.iter().any(|required| required.property == property)
    };
    let mut least = body.clone();
    least.retain(|property, _| is_needed(property));
    (least.len() < body.len()).then_some(least)
}
