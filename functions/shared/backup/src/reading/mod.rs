//! A tenant, read into runs: whole, or what changed since a base.
//!
//! Pages of Graph in, runs in the vault out. Kinds are read side by side; each goes on where it stopped.
//! Token first, then everything, then what changed since the token: the runs hold one moment. Not here: rows,
//! queues and manifests (`jobs::take_snapshot`).
//! Invariants: a page that failed is not an empty page; a kind is held whole or reported as missing; what a
//! run holds does not depend on the order of pages, nor on where the work was put down.

mod begin;
mod chains;
mod chunks;
mod fetch;
mod gaps;
mod kind;
mod merging;
mod progress;
mod prune;
mod resolvers;
mod sorters;
mod take;

pub use progress::{Chain, KindProgress, KindReading, KindRuns, Merging, Progress, Role, Stage};

use crate::archive::{Budget, TenantArchive};
use domain::kinds::{KINDS, Kind};
use domain::stored::{Manifest, Missing};
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{Clock, DirectoryPages};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument;

/// A kind that fails so often for a passing reason, without a page in between, is reported missing.
/// Throttling does not count: it is waited out.
const FAILURES: u32 = 5;
/// The cause of what is missing because its pages lead nowhere.
const ENDLESS: &str = "endless";
/// Work is put down when a quarter of the time is left, but no less and no more than these seconds: enough to
/// park blocks and save.
const MARGIN_SECONDS: (i64, i64) = (5, 45);

/// What reading needs. Clones share it.
#[derive(Clone)]
pub struct Reading {
    directory: Arc<dyn DirectoryPages>,
    archive: TenantArchive,
    clock: Arc<dyn Clock>,
    base: Option<Arc<Manifest>>,
    /// Everything is read, whatever the base allows; it is merged onto the base all the same.
    whole: bool,
    permissions: Arc<[String]>,
    stop_at: Timestamp,
    calls: Arc<Semaphore>,
    at_once: usize,
    budget: Budget,
}

impl Reading {
    /// A reading of the archive's tenant that puts its work down before the deadline. `base` is what to build
    /// on; `permissions` are the application permissions granted, empty when it is not known.
    pub fn new(
        directory: Arc<dyn DirectoryPages>,
        archive: &TenantArchive,
        clock: Arc<dyn Clock>,
        base: Option<Manifest>,
        permissions: &[String],
        deadline: Timestamp,
    ) -> Self {
        let left = deadline.duration_since(clock.now()).as_secs().max(0);
        let margin = (left / 4).clamp(MARGIN_SECONDS.0, MARGIN_SECONDS.1);
        let at_once = directory.concurrency(archive.tenant()).max(1);
        Self {
            directory,
            archive: archive.clone(),
            clock,
            base: base.map(Arc::new),
            whole: false,
            permissions: permissions.into(),
            stop_at: deadline.saturating_sub(SignedDuration::from_secs(margin)).unwrap_or(deadline),
            calls: Arc::new(Semaphore::new(at_once)),
            at_once,
            budget: Budget::default(),
        }
    }

    /// The same that reads everything of the kinds that it begins, since no delta tells of all that changed.
    #[must_use]
    pub fn reading_everything(self) -> Self {
        Self { whole: true, ..self }
    }

    /// Reads on until every kind is finished or the deadline is near; says whether every kind is finished.
    ///
    /// # Errors
    /// Passing ones, after every kind has gone as far as it could; `progress` then holds how far.
    pub async fn run(&self, progress: &mut Progress) -> Result<bool> {
        let mut tasks = JoinSet::new();
        let mut first_error = None;
        for kind in KINDS {
            let before = progress.kinds.remove(kind.name).unwrap_or_else(|| self.begin(kind));
            progress.kinds.insert(kind.name.to_owned(), before.clone());
            if !before.is_finished() {
                let reading = self.clone();
                let read = async move { (kind, reading.read_kind(kind, before).await) };
                tasks.spawn(read.in_current_span());
            }
        }
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((kind, (state, error))) => {
                    progress.kinds.insert(kind.name.to_owned(), state);
                    first_error = longest_wait(first_error, error);
                }
                Err(error) => {
                    let cut = Error::unavailable("reading a kind was cut off").caused_by(error);
                    first_error = longest_wait(first_error, Some(cut));
                }
            }
        }
        progress.spent += self.directory.take_spent(self.archive.tenant());
        if let Some(error) = first_error {
            return Err(error);
        }
        let finished = progress.kinds.values().all(KindProgress::is_finished);
        if finished {
            prune::hard_deleted(self, progress).await?;
        }
        Ok(finished)
    }

    fn is_time_over(&self) -> bool {
        self.clock.now() >= self.stop_at
    }

    /// Reads one kind on; gives its state and, where it must be tried again, why.
    async fn read_kind(&self, kind: &'static Kind, before: KindProgress) -> (KindProgress, Option<Error>) {
        let mut state = before;
        let mut begun_anew = false;
        loop {
            let reading = match state {
                KindProgress::Reading(reading) => *reading,
                finished => return (finished, None),
            };
            let (was_incremental, was_by_round) = (reading.incremental, reading.by_round);
            let (mut reading, error) = match kind::read(self, kind, reading).await {
                kind::Outcome::Progress(next) => return (next, None),
                kind::Outcome::Failed(reading, error) => (*reading, error),
            };
            // A cursor that is no longer good, a base that is damaged, a way of asking that this Graph does not
            // know: each costs a whole reading, no more. Why once: a tenant in which next links die at once
            // must not hold an invocation for ever.
            let lost = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt);
            reading.without_base |= error.kind() == ErrorKind::Corrupt;
            let reads_all = !was_incremental && reading.merging == Merging::default();
            let by_round = reads_all
                && error.kind() == ErrorKind::Invalid
                && !was_by_round
                && begin::has_other_way(kind);
            // Why: a licence may be missing for a facet though the permission is there.
            let apart = reads_all
                && error.kind() == ErrorKind::Denied
                && !self.carried(kind, reading.facets_apart).is_empty();
            let other_way = by_round || apart;
            // Why: what is wrong with a list of changes need not be wrong with the list of everything.
            let refused = was_incremental && error.kind() == ErrorKind::Invalid;
            if other_way || refused || lost && (was_incremental || !begun_anew) {
                tracing::warn!(kind = kind.name, cause = error.kind().name(), "reading the kind whole");
                reading.by_round |= by_round;
                reading.facets_apart |= apart;
                begun_anew |= !was_incremental && !other_way;
                state = KindProgress::Reading(Box::new(reading.anew(self.clock.now())));
                continue;
            }
            reading.failures += 1;
            let throttled = matches!(error.kind(), ErrorKind::Throttled { .. });
            let passing = error.is_transient() || lost;
            if throttled || (passing && reading.failures < FAILURES) {
                let reading = if lost { reading.anew(self.clock.now()) } else { reading };
                return (KindProgress::Reading(Box::new(reading)), Some(error));
            }
            tracing::warn!(kind = kind.name, cause = error.kind().name(), "the kind is not covered");
            let cause = if reading.endless { ENDLESS } else { cause_of(&error) };
            return (missing(kind.name, cause, error.message(), &[]), None);
        }
    }
}

/// Of two errors the one that asks for the longer wait; the first where neither asks.
fn longest_wait(one: Option<Error>, other: Option<Error>) -> Option<Error> {
    let asked = |error: &Option<Error>| match error.as_ref().map(Error::kind) {
        Some(ErrorKind::Throttled { retry_after_ms }) => Some(retry_after_ms),
        _ => None,
    };
    if one.is_none() || asked(&other) > asked(&one) { other } else { one }
}

/// Why something is missing, in the manifest's word for it.
fn cause_of(error: &Error) -> &'static str {
    if error.is_unlicensed() { Missing::UNLICENSED } else { error.kind().name() }
}

fn missing(source: &str, cause: &str, why: &str, any_of: &[&str]) -> KindProgress {
    KindProgress::Missing(Missing {
        source: source.to_owned(),
        cause: cause.to_owned(),
        why: why.to_owned(),
        any_of: any_of.iter().map(|p| (*p).to_owned()).collect(),
    })
}
