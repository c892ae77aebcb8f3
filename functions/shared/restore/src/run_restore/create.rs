//! Creates an object once, though a run may be cut off between Graph's creating it and our writing that to a row.
//!
//! Before: the ids of live objects of the same name are written. After: the new id is written together with the row
//! that leads to it from the old one. In between lies the gap; a rerun looks for an object of that name which was not
//! there before and has the content that was sent.
//! Over 400 lines: each way on from a creation has to know what tells the object that it made.

use super::bound::Bound;
use super::delays::FRESH;
use super::outcome::{Ended, Verdict, is_of_run, is_refusal};
use super::progress::{Begun, RestoreRun};
use super::step::is_of_young;
use super::wait::{Patience, Waited};
use domain::kinds::Kind;
use domain::restore::{Step, content, same};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::Applied;
use engine::records::{OutcomeState, ReadBack, SkipCause};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::ops::ControlFlow;

/// How long the object of a lost answer is looked for before it is created (again), where Graph refuses a second one.
const SEARCH: SignedDuration = SignedDuration::from_mins(2);
/// By how much Graph's clock may be behind ours: what is older than a creation by more than that was not made by it.
pub(super) const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);
/// How often a creation whose fate is unknown is tried.
const TRIES: u32 = 3;

impl RestoreRun<'_> {
    /// Creates the object of a step, or finds the one that an earlier run created.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling, and rows.
    pub async fn create(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
        mut bound: Bound,
    ) -> Result<Ended> {
        let kind = now.kind()?;
        let (before_ids, mut may_exist) = match self.before_creation(step, now, body).await? {
            ControlFlow::Continue(begun) => begun,
            ControlFlow::Break(ended) => return Ok(ended),
        };
        // From here on the object does not exist, as far as can be seen.
        if may_exist {
            self.let_go(&mut bound).await?;
        }
        self.begin_bound(&bound).await?;
        let mut patience = Patience::until(self.patience(step));
        let (mut tried, mut is_first) = (0, true);
        loop {
            // Why not before the first: once it is begun, a next run would look for long for what was never sent.
            if !std::mem::take(&mut is_first) && !self.may_write() {
                return Ok(Ended::OutOfTime);
            }
            let call = self.creation(kind, body, &bound);
            let error = match self.apply(&call).await {
                Ok(applied) => {
                    return self.adopt_answered(step, now, body, &before_ids, applied).await;
                }
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) => e,
            };
            // What is refused may be what the object was to be made with: its own steps write that, too.
            if (is_refusal(&error) || is_of_young(&error)) && self.let_go(&mut bound).await? {
                continue;
            }
            if error.kind() == ErrorKind::Unavailable {
                // The answer was lost, so the object may exist: only when it is not found may it be created once
                // more.
                (tried, may_exist) = (tried + 1, true);
                let answer = Applied::default();
                if let Some(ended) = self.adopt_found(step, now, body, &before_ids, answer).await? {
                    return Ok(ended);
                }
                // It may be what the object was to be made with that keeps Graph from answering.
                self.let_go(&mut bound).await?;
                if tried < TRIES {
                    continue;
                }
            } else if self.is_fresh(step) && is_of_young(&error) {
                // What the object refers to was created a moment ago, and parts of Graph do not know it yet: that
                // passes.
                match patience.wait(self).await {
                    Waited::Again => continue,
                    Waited::OutOfTime => return Ok(Ended::OutOfTime),
                    Waited::Enough => {}
                }
            }
            if may_exist && is_refusal(&error) {
                // What is refused may be refused since the object of an unanswered try is there.
                let answer = Applied::default();
                if let Some(ended) = self.adopt_found(step, now, body, &before_ids, answer).await? {
                    return Ok(ended);
                }
            }
            let ended = self.create_with_least(step, now, body, &before_ids, error).await?;
            return Ok(if may_exist { ended.of_unknown_fate() } else { ended });
        }
    }

    /// What has to be known before the object may be created: the ids of the objects that have its name already, and
    /// whether an earlier try may have created it all the same. Or how the step ended, where the object exists after all.
    async fn before_creation(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
    ) -> Result<ControlFlow<Ended, (Vec<String>, bool)>> {
        // What an earlier run wrote says how far it came: with a new id, only the read-back is left; without one, the
        // object may exist and has to be looked for.
        let earlier = self.outcome(step.number).map(|o| (o.state.clone(), o.new_id.clone()));
        if let Some((_, Some(id))) = earlier {
            // What was refused of it may not be there yet, where the rest can follow.
            return Ok(ControlFlow::Break(if now.kind()?.writing.needed.is_empty() {
                self.read_back(step, now, &id, None).await?
            } else {
                self.fill_in(step, now.clone(), id, None).await?
            }));
        }
        // Why look: since the preview, another restore may have brought the object back.
        if let Some(new_id) = self.made_anew(&step.id).await? {
            return Ok(ControlFlow::Break(self.moved_to(now.kind()?, &new_id).await?));
        }
        let begun = match earlier {
            Some((OutcomeState::Started { before_ids, .. }, None)) => Begun::Taken(before_ids),
            _ => match self.begin_creation(step, now, body).await? {
                ControlFlow::Continue(begun) => begun,
                ControlFlow::Break(ended) => return Ok(ControlFlow::Break(ended)),
            },
        };
        Ok(match begun {
            Begun::Afresh(before_ids) => ControlFlow::Continue((before_ids, false)),
            Begun::ByAnother => ControlFlow::Break(Verdict::skipped(SkipCause::ChangedSincePreview)),
            // A run that was cut off may have created the object.
            Begun::Taken(before_ids) => {
                match self.adopt_found(step, now, body, &before_ids, Applied::default()).await? {
                    Some(ended) => ControlFlow::Break(ended),
                    None => ControlFlow::Continue((before_ids, true)),
                }
            }
        })
    }

    /// Begins the first try of a creation, unless the object has come back by itself.
    async fn begin_creation(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
    ) -> Result<ControlFlow<Ended, Begun>> {
        let kind = now.kind()?;
        // Why look: the customer may have brought the object back.
        match self.has_come_back(kind, now).await {
            Ok(None) => {}
            Ok(Some(ended)) => return Ok(ControlFlow::Break(ended)),
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => return Ok(ControlFlow::Break(Verdict::unreadable(&e))),
        }
        // Objects that have the name already are remembered, since the new one is recognised by not being among them.
        let before_ids = match self.same_name(kind, body).await {
            Ok(found) => found.iter().map(|o| id_of(o).to_owned()).collect(),
            Err(e) if is_of_run(&e) => return Err(e),
            Err(e) => return Ok(ControlFlow::Break(Verdict::unreadable(&e))),
        };
        if !self.may_write() {
            return Ok(ControlFlow::Break(Ended::OutOfTime));
        }
        // From this write on no other restore creates the object; one that had begun to and has ended may have
        // created it.
        Ok(ControlFlow::Continue(self.begin(step, before_ids).await?))
    }

    /// Goes on with the object that Graph has just created.
    pub(super) async fn adopt_answered(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
        before_ids: &[String],
        applied: Applied,
    ) -> Result<Ended> {
        if let Some(id) = applied.id.clone() {
            return self.adopt(step, now, &id, applied).await;
        }
        // Why look for it: some kinds answer a creation without an id.
        let found = self.adopt_found(step, now, body, before_ids, applied.clone()).await?;
        Ok(found.unwrap_or_else(|| Verdict::not_seen(Some(applied), ReadBack::Absent)))
    }

    /// Looks for the object that a creation of unknown fate may have made, and goes on with it. None when there is
    /// no such object, as far as can be seen.
    pub(super) async fn adopt_found(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
        before_ids: &[String],
        answer: Applied,
    ) -> Result<Option<Ended>> {
        Ok(match self.search(now.kind()?, now, body, before_ids).await? {
            Search::Found(id) => Some(self.adopt(step, now, &id, answer).await?),
            Search::OutOfTime => Some(Ended::OutOfTime),
            Search::Unreadable(e) => Some(Verdict::unreadable(&e)),
            Search::Nothing => None,
        })
    }

    /// The id of the object that a creation which was begun made, as far as that can be seen now; it is kept.
    pub(super) async fn created(
        &mut self,
        step: &Step,
        now: &Step,
        body: &Map<String, Value>,
    ) -> Result<Option<String>> {
        let begun = self.outcome(step.number).map(|o| (o.state.clone(), o.new_id.clone()));
        let before_ids = match begun {
            Some((_, Some(id))) => return Ok(Some(id)),
            Some((OutcomeState::Started { before_ids, .. }, None)) => before_ids,
            _ => return Ok(None),
        };
        let found = self.same_name(now.kind()?, body).await?;
        let made = self.made_by(now, body, before_ids)?;
        let Some(id) = found
            .iter()
            .find(|o| made.is(o) && !self.is_of_another(step, id_of(o)))
            .map(|ours| id_of(ours).to_owned())
        else {
            return Ok(None);
        };
        Ok(self.found_new(step, &Applied::default(), &id).await?.then_some(id))
    }

    /// What the step comes to when its object has come back in the meantime; none when it has not.
    async fn has_come_back(&self, kind: &'static Kind, now: &Step) -> Result<Option<Ended>> {
        let directory = &self.worker.directory;
        if directory.find_live(self.tenant(), kind, &now.id, &[]).await?.is_some() {
            return Ok(Some(Verdict::moved(&now.id, true)));
        }
        let is_in_bin = kind.writing.recycle_bin.is_some()
            && directory.is_in_recycle_bin(self.tenant(), kind, &now.id).await?;
        Ok(is_in_bin.then(|| Verdict::skipped(SkipCause::ChangedSincePreview)))
    }

    /// The outcome where another restore created the object. What depends on it goes on with that object, if it is
    /// still there.
    async fn moved_to(&self, kind: &'static Kind, new_id: &str) -> Result<Ended> {
        match self.worker.directory.find_live(self.tenant(), kind, new_id, &[]).await {
            Ok(live) => Ok(Verdict::moved(new_id, live.is_some())),
            Err(e) if is_of_run(&e) => Err(e),
            Err(_) => Ok(Verdict::moved(new_id, false)),
        }
    }

    async fn adopt(&mut self, step: &Step, now: &Step, id: &str, answer: Applied) -> Result<Ended> {
        if !self.found_new(step, &answer, id).await?
            && let Some(new_id) = self.made_anew(&step.id).await?
        {
            return self.moved_to(now.kind()?, &new_id).await;
        }
        self.read_back(step, now, id, Some(answer)).await
    }

    /// Reads until the new object is there with the content that was sent.
    async fn read_back(
        &mut self,
        step: &Step,
        now: &Step,
        id: &str,
        answer: Option<Applied>,
    ) -> Result<Ended> {
        let kind = now.kind()?;
        // It is made: steps that come after it may begin.
        self.unwritten = None;
        // Why from the beginning of the creation: a rerun does not wait as long once more.
        let begun_at = self.outcome(step.number).map_or_else(|| self.worker.clock.now(), |o| o.at);
        let mut patience = Patience::until(begun_at + FRESH);
        let after = now.after.as_ref().and_then(Value::as_object);
        loop {
            // No answer counts as not there yet: the object was created, and a failed look says nothing about it.
            let live = match self.worker.directory.find_live(self.tenant(), kind, id, &[]).await {
                Ok(live) => live,
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.kind() == ErrorKind::Unavailable => None,
                Err(e) => return Ok(Verdict::unreadable(&e)),
            };
            let found = live.as_ref().map(|l| content(kind, &l.object));
            let differs: Option<Vec<String>> = found.map(|found| {
                let after = after.into_iter().flatten();
                after.filter(|(p, v)| !same(found.get(*p), Some(v))).map(|(p, _)| p.clone()).collect()
            });
            // Only what the step asked for is compared: the service adds properties of its own.
            if differs.as_ref().is_some_and(Vec::is_empty) {
                patience.shown(&self.lags.made);
                self.keep_came(step, live.as_ref()).await?;
                return Ok(Verdict::done(answer));
            }
            match patience.wait_until_shown(self, |lags| &lags.made).await {
                Waited::Again => {}
                Waited::OutOfTime => return Ok(Ended::OutOfTime),
                Waited::Enough => {
                    let found = differs.map_or(ReadBack::Absent, |what| ReadBack::Differs { what });
                    return Ok(Verdict::not_seen(answer, found));
                }
            }
        }
    }

    async fn search(
        &mut self,
        kind: &'static Kind,
        now: &Step,
        body: &Map<String, Value>,
        before_ids: &[String],
    ) -> Result<Search> {
        // Why longer where names are not unique: Graph would take a second creation, and its index may not show for
        // minutes what the first one made.
        let at_least = self.worker.clock.now() + SEARCH;
        let begun = self.outcome(now.number).filter(|_| kind.unique_property.is_none());
        let mut patience = Patience::until(begun.map_or(at_least, |begun| at_least.max(begun.at + FRESH)));
        let made = self.made_by(now, body, before_ids.to_vec())?;
        loop {
            match self.same_name(kind, body).await {
                Ok(found) => {
                    if let Some(ours) =
                        found.iter().find(|o| made.is(o) && !self.is_of_another(now, id_of(o)))
                    {
                        return Ok(Search::Found(id_of(ours).to_owned()));
                    }
                }
                Err(e) if is_of_run(&e) => return Err(e),
                Err(e) if e.kind() == ErrorKind::Unavailable => {}
                // Why not `Nothing`: what cannot be looked for must not be created.
                Err(e) => return Ok(Search::Unreadable(e)),
            }
            match patience.wait(self).await {
                Waited::Again => {}
                Waited::Enough => return Ok(Search::Nothing),
                Waited::OutOfTime => return Ok(Search::OutOfTime),
            }
        }
    }

    /// What tells the object that the step's creation made.
    fn made_by<'b>(
        &self,
        now: &'b Step,
        body: &'b Map<String, Value>,
        before_ids: Vec<String>,
    ) -> Result<Made<'b>> {
        let old = now.kind()?.writing.recycle_bin.map(|_| now.id.as_str());
        let since = self.outcome(now.number).and_then(|begun| match &begun.state {
            OutcomeState::Started { begun_at, .. } => begun_at.map(|at| at - CLOCKS_DIFFER),
            _ => None,
        });
        Ok(Made { old, body, before_ids, since })
    }

    /// Live objects that have the name which the new one gets.
    async fn same_name(
        &self,
        kind: &'static Kind,
        body: &Map<String, Value>,
    ) -> Result<Vec<Map<String, Value>>> {
        let property = kind.found_by();
        let name = body.get(property).and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            return Err(Error::invalid(format!(
                "{property} is empty: Graph needs it to create a {}",
                kind.label
            )));
        }
        self.worker.directory.find_by_property(self.tenant(), kind, property, name).await
    }

    /// The body with a password, which a user needs. Nobody learns it, and the first sign-in asks for another.
    pub(super) fn with_password(&self, kind: &Kind, body: &Map<String, Value>) -> Map<String, Value> {
        let mut body = body.clone();
        if kind.writing.password {
            // Why this beginning: with it there are all classes of characters that a password policy may ask for.
            let password = format!("Aa1!{}", &self.worker.ids.token()[..48]);
            let profile = json!({ "forceChangePasswordNextSignIn": true, "password": password });
            body.insert("passwordProfile".to_owned(), profile);
        }
        body
    }
}

/// How the object that a creation made is told from others of its name.
struct Made<'a> {
    /// The id that the object had before, where it may come back under it out of a recycle bin: that is not ours. Without a
    /// bin only we can have made it (a custom role has its template's id).
    old: Option<&'a str>,
    /// The body that was sent to make the object.
    body: &'a Map<String, Value>,
    /// The ids of objects that were seen before the creation.
    before_ids: Vec<String>,
    /// What is older is somebody else's, though the index did not show it before.
    since: Option<Timestamp>,
}

impl Made<'_> {
    fn is(&self, object: &Map<String, Value>) -> bool {
        let id = id_of(object);
        let made_at = object.get("createdDateTime").and_then(Value::as_str).and_then(|at| at.parse().ok());
        let is_older = self.since.zip(made_at).is_some_and(|(since, at): (Timestamp, Timestamp)| at < since);
        self.old != Some(id)
            && !is_older
            && !self.before_ids.iter().any(|before| before == id)
            && is_ours(object, self.body)
    }
}

enum Search {
    Found(String),
    Nothing,
    Unreadable(Error),
    OutOfTime,
}

fn id_of(object: &Map<String, Value>) -> &str {
    object.get("id").and_then(Value::as_str).unwrap_or_default()
}

/// Whether an object has what was sent, as far as it shows plain values; a list does not show settings.
fn is_ours(object: &Map<String, Value>, body: &Map<String, Value>) -> bool {
    let plain = body.iter().filter(|(_, v)| v.is_string() || v.is_boolean());
    let mut shown = plain.filter(|(p, _)| object.contains_key(*p));
    shown.all(|(p, v)| same(object.get(p), Some(v)))
}
