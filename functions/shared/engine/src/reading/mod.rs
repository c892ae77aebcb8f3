//! A tenant, read into runs: whole, or what changed since a base.
//!
//! Pages of Graph in, runs in the vault out. Kinds are read side by side; each goes on where it stopped.
//! Not here: rows, queues and manifests (`jobs::take_snapshot`).
//! Invariants: a page that failed is not an empty page; a kind is held whole or reported as missing; what a
//! run holds does not depend on the order of pages.

mod finish;
mod kind;
mod progress;
mod prune;

pub use progress::{KindProgress, KindReading, Progress};

use crate::archive::TenantArchive;
use crate::ports::{Clock, Directory};
use domain::kinds::{KINDS, Kind, Read};
use domain::stored::{Manifest, Missing};
use domain::{Error, ErrorKind, Result, Timestamp};
use futures::future::join_all;
use jiff::SignedDuration;

/// Delta links live seven days; one that is older than this is not relied on.
const TOKEN_DAYS: i64 = 6;
/// Microsoft's own recovery leaves no delta records: each kind is read whole at least so often.
const WHOLE_EVERY_DAYS: i64 = 7;
/// A kind that fails so often for a passing reason, without a page in between, is reported missing.
/// Throttling does not count: it is waited out.
const FAILURES: u32 = 5;

/// What reading needs.
pub struct Reading<'a> {
    /// The tenant's directory.
    pub directory: &'a dyn Directory,
    /// Where runs go.
    pub archive: &'a TenantArchive,
    /// The time.
    pub clock: &'a dyn Clock,
    /// What to build on; none: everything is read whole.
    pub base: Option<&'a Manifest>,
    /// Application permissions granted; empty when it is not known.
    pub permissions: &'a [String],
    /// When to put the work down.
    pub deadline: Timestamp,
}

impl Reading<'_> {
    /// Reads on until every kind is finished or the deadline is near; says whether every kind is finished.
    ///
    /// # Errors
    /// Passing ones, after every kind has gone as far as it could; `progress` then holds how far.
    pub async fn run(&self, progress: &mut Progress) -> Result<bool> {
        let tasks: Vec<_> = KINDS
            .iter()
            .map(|kind| {
                let before = progress.kinds.remove(kind.name).unwrap_or_else(|| self.begin(kind));
                async move { (*kind, self.read_kind(kind, before).await) }
            })
            .collect();
        let mut first_error = None;
        for (kind, (state, error)) in join_all(tasks).await {
            progress.kinds.insert(kind.name.to_owned(), state);
            first_error = first_error.or(error);
        }
        progress.spent += self.directory.take_spent(self.archive.tenant());
        if let Some(error) = first_error {
            return Err(error);
        }
        let finished = progress.kinds.values().all(KindProgress::is_finished);
        if finished {
            prune::hard_deleted(self.archive, progress).await?;
        }
        Ok(finished)
    }

    /// How a kind begins: from the base where that is right, else whole.
    fn begin(&self, kind: &'static Kind) -> KindProgress {
        let granted = |p: &&str| self.permissions.iter().any(|g| g == p);
        if !self.permissions.is_empty() && !kind.read_permissions.iter().any(granted) {
            return missing(
                kind,
                "denied",
                &format!("the permission {} is not granted", kind.read_permissions[0]),
            );
        }
        match self.base.filter(|base| self.can_build_on(base, kind)) {
            Some(base) => KindProgress::incremental(kind, base),
            None => KindProgress::whole(self.clock.now()),
        }
    }

    fn can_build_on(&self, base: &Manifest, kind: &Kind) -> bool {
        let young = |at: Timestamp, days: i64| {
            self.clock.now().duration_since(at) < SignedDuration::from_hours(24 * days)
        };
        let main = &kind.reading[0];
        main.read == Read::Delta
            && base.runs.contains_key(kind.name)
            && base
                .tokens
                .get(main.name)
                .is_some_and(|t| young(t.taken_at, TOKEN_DAYS) && t.asked == kind::asked(main))
            && base.full_at.get(kind.name).is_some_and(|at| young(*at, WHOLE_EVERY_DAYS))
    }

    /// Reads one kind on; gives its state and, where it must be tried again, why.
    async fn read_kind(&self, kind: &'static Kind, before: KindProgress) -> (KindProgress, Option<Error>) {
        let mut state = before;
        let mut begun_anew = false;
        loop {
            let reading = match state {
                KindProgress::Reading(reading) => reading,
                finished => return (finished, None),
            };
            let was_incremental = reading.incremental;
            let (mut reading, error) = match kind::read(self, kind, reading).await {
                kind::Outcome::Progress(next) => return (next, None),
                kind::Outcome::Failed(reading, error) => (reading, error),
            };
            // A cursor that is no longer good, and a base that is damaged, cost a whole reading, no more. Why
            // once: a tenant in which next links die at once must not hold an invocation for ever.
            let lost = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt);
            if lost && (was_incremental || !begun_anew) {
                tracing::warn!(kind = kind.name, cause = error.kind().name(), "reading the kind whole");
                begun_anew |= !was_incremental;
                state = KindProgress::whole(self.clock.now());
                continue;
            }
            reading.failures += 1;
            let throttled = matches!(error.kind(), ErrorKind::Throttled { .. });
            let passing = error.is_transient() || lost;
            if throttled || (passing && reading.failures < FAILURES) {
                let reading = if lost { begin_again(self.clock.now(), reading.failures) } else { reading };
                return (KindProgress::Reading(reading), Some(error));
            }
            tracing::warn!(kind = kind.name, cause = error.kind().name(), "the kind is not covered");
            return (missing(kind, error.kind().name(), error.message()), None);
        }
    }
}

fn begin_again(now: Timestamp, failures: u32) -> KindReading {
    KindReading { failures, ..KindReading::whole(now) }
}

fn missing(kind: &Kind, cause: &str, why: &str) -> KindProgress {
    KindProgress::Missing(Missing {
        source: kind.name.to_owned(),
        cause: cause.to_owned(),
        why: why.to_owned(),
    })
}
