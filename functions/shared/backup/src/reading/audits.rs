//! Microsoft's own log of changes, read into its runs: in closed times, from where the base ends to a quarter of an hour ago.
//!
//! It never fails the snapshot: what cannot be read is said, and read by the next one for as long as Microsoft keeps it.
//! Invariants: a time counts as held once all of its pages were read and what they gave is stored; a record is stored once,
//! however often it is read; no secret of a record is stored or parked; nothing is begun that the time does not do for.

use super::Reading;
use super::context::Context;
use super::resolvers::PutResolver;
use crate::archive::{Merge, Merged, Onto, Op, Sorter, Stop, consolidate_in};
use domain::canonical;
use domain::kinds::KINDS;
use domain::stored::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditCause, AuditGap, AuditHeld, Manifest};
use domain::who::{AuditRecord, KEPT_DAYS, LONG_KEPT, PERMISSION, is_noise, is_recovery, without_secrets};
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::{AuditPage, AuditWindow};
use engine::records::{AuditReading, ReadingState};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;

/// How long records may take to show: until so long ago nothing is expected any more. Microsoft promises no time.
const LATE_MINUTES: i64 = 15;
/// How much of what is held is read again, since single records come later than that.
const OVERLAP_HOURS: i64 = 2;
/// What Microsoft keeps is dropped by the clock: the last minutes of it are not relied on.
const EDGE_MINUTES: i64 = 60;
/// A time with more pages than this is cut to an eighth: its end would be far off, and only then does it count.
const MOST_PAGES_OF_A_TIME: u32 = 10;
/// A time of fewer minutes is not cut.
const LEAST_MINUTES: i64 = 20;
const PARTS: i32 = 8;
/// How many pages a snapshot reads: five in ten seconds are allowed, so this is two minutes at the least.
const MOST_PAGES: u32 = 60;
/// How often a time is begun again whose pages Graph no longer knows.
const MOST_LOSSES: u32 = 2;
/// How often what was read is tried to be stored again, where the vault does not answer.
const MOST_FAILURES: u32 = 2;
/// After how many records a merge looks at the time: each may be in another leaf of each level, read one after the other.
const LOOKED_UP_AT_ONCE: u32 = 64;
/// Leaves of some 256 KiB: a record is about one, and what names an object a tenth of that.
const CUT_BITS: [(&str, u32); 2] = [(AUDIT_RUN, 8), (AUDIT_OBJECTS_RUN, 11)];

impl Reading {
    /// As [`Reading::run`], with Microsoft's own log of changes beside the kinds.
    ///
    /// # Errors
    /// Those of [`Reading::run`]: none is for want of the log.
    pub async fn run_with_log(&self, state: &mut ReadingState) -> Result<bool> {
        let log = AuditLog { context: &self.context };
        let is_granted = self.context.has_any(&[PERMISSION]);
        // Why anew where it was refused: a consent may have arrived since.
        let saved = state
            .audit
            .take()
            .filter(|saved| !is_granted || saved.held.cause != Some(AuditCause::NotGranted));
        let mut audit = match saved {
            Some(saved) => saved,
            None => log.begin().await,
        };
        let (kinds, ()) = tokio::join!(Box::pin(self.run(state)), Box::pin(log.run(&mut audit)));
        let is_read = audit.is_done;
        state.audit = Some(audit);
        state.spent += self.context.directory.take_spent(self.context.archive.tenant());
        Ok(kinds? && is_read)
    }
}

/// Whether Microsoft's own recovery wrote, by the log, after a kind of that snapshot was last read whole: no delta shows that.
pub fn is_recovered_since_read(base: &Manifest) -> bool {
    let deltas = KINDS.iter().filter(|kind| kind.reading[0].is_delta());
    let first = deltas.filter_map(|kind| base.full_at.get(kind.run())).min();
    let recovered_at = base.audit.as_ref().and_then(|held| held.recovered_at);
    recovered_at.zip(first).is_some_and(|(recovered, read)| recovered >= *read)
}

/// Reads the log of one tenant for one snapshot.
struct AuditLog<'a> {
    context: &'a Context,
}

impl AuditLog<'_> {
    /// A reading at its beginning, that goes on from the base; at its end at once without the permission.
    async fn begin(&self) -> AuditReading {
        let base = self.context.base.as_deref();
        let now = seconds(self.context.clock.now());
        let target = before(now, SignedDuration::from_mins(LATE_MINUTES));
        let runs = base.map_or_else(BTreeMap::new, |base| {
            let of = |(name, _): &(&str, u32)| Some(((*name).to_owned(), base.runs.get(*name)?.clone()));
            CUT_BITS.iter().filter_map(of).collect()
        });
        let held = base.and_then(|base| base.audit.clone()).unwrap_or_default();
        let mut state = AuditReading {
            held_before: held.clone(),
            held,
            runs,
            target,
            from: target,
            until: None,
            next: None,
            blocks: BTreeMap::new(),
            pages: (0, 0),
            losses: 0,
            failures: 0,
            is_read: false,
            merged: BTreeMap::new(),
            suspended: None,
            is_done: false,
        };
        // What was not read to its end goes on there: read again, the overlap alone could be all that a snapshot reads.
        let is_behind = state.held.cause == Some(AuditCause::TooMany);
        let overlap = SignedDuration::from_hours(if is_behind { 0 } else { OVERLAP_HOURS });
        state.held.cause = None;
        // Why only where the token says so: a permission that nothing depends on is not tried for.
        if !self.context.has_any(&[PERMISSION]) {
            state.held.cause = Some(AuditCause::NotGranted);
            state.is_done = true;
            return state;
        }
        let kept = |days: i64| {
            let length = SignedDuration::from_hours(24 * days) - SignedDuration::from_mins(EDGE_MINUTES);
            before(now, length)
        };
        let certain = kept(KEPT_DAYS[0]);
        let until = state.held.until.filter(|_| state.held.from.is_some());
        match until {
            Some(until) if until >= certain => {
                state.from = before(until, overlap);
            }
            until => {
                let licence =
                    self.context.directory.has_licence(self.context.archive.tenant(), &LONG_KEPT).await;
                // Where it may not be seen what Microsoft keeps, no more is relied on than everybody has. Without an answer
                // nothing is begun: what is written down as a gap is never asked for again.
                let is_long = match licence {
                    Ok(licence) => licence == Some(true),
                    Err(error) => {
                        state.held.cause = Some(AuditCause::of(&error));
                        state.is_done = true;
                        return state;
                    }
                };
                let oldest = kept(KEPT_DAYS[usize::from(is_long)]);
                state.from = until.map_or(oldest, |until| until.max(oldest));
                match until {
                    Some(until) if until < oldest => {
                        state.held.gaps.push(AuditGap { from: until, until: oldest });
                        state.held.until = Some(oldest);
                    }
                    Some(_) => {}
                    None => {
                        (state.held.from, state.held.until) = (Some(oldest), Some(oldest));
                        state.held.begun_at = Some(now);
                    }
                }
            }
        }
        state
    }

    /// Reads on until the log is held as far as it can be, or the time is over. Nothing that goes wrong here is the
    /// snapshot's fault: it is written down as the cause.
    async fn run(&self, state: &mut AuditReading) {
        if state.is_done {
            return;
        }
        let before = state.clone();
        if let Err(error) = self.read_and_merge(state).await {
            tracing::warn!(tenant = %self.context.archive.tenant(), kind = error.kind().name(), "the log of changes could not be stored");
            let may_pass = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Throttled { .. });
            *state = before;
            if may_pass && state.failures < MOST_FAILURES {
                state.failures += 1;
                return;
            }
            give_up(state, AuditCause::of(&error));
        }
        // Where nothing was read before, and nothing now, there is no time that is held.
        if state.is_done && state.held.begun_at.is_some() && state.held.from == state.held.until {
            (state.held.from, state.held.until, state.held.begun_at) = (None, None, None);
        }
    }

    async fn read_and_merge(&self, state: &mut AuditReading) -> Result<()> {
        let mut sorters = Sorters::new(self, state);
        while !state.is_read {
            if self.context.is_time_over() {
                return sorters.park(state).await;
            }
            let window = AuditWindow { from: state.from, until: state.until };
            let page = self
                .context
                .directory
                .read_audits(self.context.archive.tenant(), &window, state.next.as_deref())
                .await;
            match page {
                Ok(page) => self.take(state, page, &mut sorters).await?,
                Err(error) if error.kind() == ErrorKind::NotFound && state.losses < MOST_LOSSES => {
                    state.losses += 1;
                    (state.next, state.pages.0) = (None, 0);
                }
                Err(error) => {
                    state.held.cause = Some(AuditCause::of(&error));
                    state.is_read = true;
                }
            }
        }
        sorters.merge(self, state).await
    }

    /// Takes what a page gives, and decides where the reading goes on.
    async fn take(&self, state: &mut AuditReading, page: AuditPage, sorters: &mut Sorters) -> Result<()> {
        for record in page.records {
            sorters.push(record, state).await?;
        }
        state.pages = (state.pages.0 + 1, state.pages.1 + 1);
        let Some(next) = page.next else {
            // All of the time is read. What is newer than the target may lack records that are still to come.
            let reached = state.until.map_or(state.target, |until| until.min(state.target));
            state.held.until = state.held.until.max(Some(reached));
            let length = reached.duration_since(state.from);
            (state.from, state.until, state.next, state.pages.0) = (reached, None, None, 0);
            state.is_read = reached >= state.target;
            // The rest of a time that was cut has many pages: it is closed from its beginning, and as long as may just do.
            if !state.is_read {
                state.until =
                    Some(reached.saturating_add(length * 2).unwrap_or(state.target).min(state.target));
            }
            return Ok(());
        };
        state.next = Some(next);
        if state.pages.1 >= MOST_PAGES {
            state.held.cause = Some(AuditCause::TooMany);
            state.is_read = true;
        } else if state.until.is_none() {
            // Why: of a time that is not closed, records that come meanwhile move others from page to page.
            (state.until, state.next, state.pages.0) = (Some(state.target.max(state.from)), None, 0);
        } else if state.pages.0 >= MOST_PAGES_OF_A_TIME
            && let Some(earlier) = cut(state.from, state.until)
        {
            (state.until, state.next, state.pages.0) = (Some(earlier), None, 0);
        }
        Ok(())
    }
}

/// Ends a reading of which nothing can be stored: so much is held as before it, and the next snapshot reads the rest.
fn give_up(state: &mut AuditReading, cause: AuditCause) {
    state.held = AuditHeld { cause: Some(cause), ..std::mem::take(&mut state.held_before) };
    state.blocks.clear();
    state.merged.clear();
    state.suspended = None;
    state.is_done = true;
}

/// Where the first part of a time ends; none where it is too short to be cut.
fn cut(from: Timestamp, until: Option<Timestamp>) -> Option<Timestamp> {
    let length = until?.duration_since(from);
    let first = from.saturating_add(length / PARTS).ok().map(seconds);
    first.filter(|_| length >= SignedDuration::from_mins(LEAST_MINUTES))
}

fn before(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_sub(by).unwrap_or(Timestamp::MIN)
}

/// The time without its fraction of a second, as the filter of the log takes it.
fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// What was read and is not merged yet, by the run that it belongs to.
struct Sorters(BTreeMap<&'static str, Sorter>);

impl Sorters {
    fn new(log: &AuditLog<'_>, state: &mut AuditReading) -> Self {
        let of = |(run, _): (&'static str, u32)| {
            let blocks = state.blocks.remove(run).unwrap_or_default();
            (run, Sorter::new(&log.context.archive, blocks, &log.context.budget))
        };
        Self(CUT_BITS.into_iter().map(of).collect())
    }

    async fn push(&mut self, record: Value, state: &mut AuditReading) -> Result<()> {
        if is_noise(&record) {
            return Ok(());
        }
        let is_recovery = is_recovery(&record);
        let record = without_secrets(canonical::strip(record));
        // Why it is left out: it has no place among the others. Why no error: it would be met each time, and end the log.
        let Some(read) = AuditRecord::read(&record) else {
            tracing::warn!("a record of the log of changes has no id or no time");
            return Ok(());
        };
        if is_recovery {
            state.held.recovered_at = state.held.recovered_at.max(Some(read.at));
        }
        let key = read.key();
        self.put(AUDIT_RUN, key.as_bytes(), canonical::text(&record).as_bytes()).await?;
        for id in read.named_ids() {
            self.put(AUDIT_OBJECTS_RUN, format!("{id}/{key}").as_bytes(), b"").await?;
        }
        Ok(())
    }

    async fn put(&mut self, run: &str, key: &[u8], value: &[u8]) -> Result<()> {
        match self.0.get_mut(run) {
            Some(sorter) => sorter.push(key, Op::Put(value)).await,
            None => Ok(()),
        }
    }

    /// Parks everything, so that another invocation can go on.
    async fn park(self, state: &mut AuditReading) -> Result<()> {
        for (run, sorter) in self.0 {
            let blocks = sorter.into_blocks().await?;
            if !blocks.is_empty() {
                state.blocks.insert(run.to_owned(), blocks);
            }
        }
        Ok(())
    }

    /// Merges what was read into the runs, as far as the time goes.
    async fn merge(mut self, log: &AuditLog<'_>, state: &mut AuditReading) -> Result<()> {
        for (run, cut_bits) in CUT_BITS {
            let Some(sorter) = self.0.remove(run) else { continue };
            let is_begun = state.suspended.as_ref().is_some_and(|(of, _)| of == run);
            if state.merged.contains_key(run) || (sorter.is_empty() && !is_begun) {
                continue;
            }
            if !log.merge(run, cut_bits, sorter, state).await? {
                return self.park(state).await;
            }
        }
        // Why both at once: each names what the other holds.
        state.runs.append(&mut state.merged);
        state.is_done = true;
        Ok(())
    }
}

impl AuditLog<'_> {
    /// Merges what was read into one run; says whether it is complete, or the time was over first.
    async fn merge(
        &self,
        run: &'static str,
        cut_bits: u32,
        sorter: Sorter,
        state: &mut AuditReading,
    ) -> Result<bool> {
        let archive = &self.context.archive;
        let suspended = state.suspended.take().filter(|(of, _)| of == run).map(|(_, suspended)| suspended);
        let ops = sorter.into_ops(suspended.as_ref().map(|at| at.last_key.as_slice())).await?;
        let onto = state.runs.get(run).map_or(Onto::Anew { sharing: None }, Onto::Changing);
        let is_over = || self.context.is_time_over();
        let stop = Stop { every: LOOKED_UP_AT_ONCE, is_over: &is_over };
        let merge = Merge::new(archive, cut_bits, onto).stopping(stop).resuming(suspended.as_ref());
        match merge.run(ops, &mut PutResolver).await? {
            Merged::Done(done) => {
                let merged = consolidate_in(archive, done, &|| self.context.seconds_left()).await?;
                state.merged.insert(run.to_owned(), merged);
                Ok(true)
            }
            Merged::Suspended(at, ops) => {
                state.suspended = Some((run.to_owned(), at));
                state.blocks.insert(run.to_owned(), ops.into_blocks().await?);
                Ok(false)
            }
        }
    }
}
