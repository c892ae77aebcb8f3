//! A tenant, read into runs: everything, or what changed since a base.
//!
//! Pages of Graph in, runs in the vault out. Kinds are read side by side; each goes on where it stopped.
//! Token first, then everything, then what changed since the token: the runs hold one moment. A kind goes through these
//! modules in this order, and each builds only on those before it:
//!
//! - `context`: what the reading of every kind shares. `missing`: how what cannot be read is named.
//! - `begin`: from the base where that is right, else everything; and which facets are read completely.
//! - `sorters`: the operations of each run. `reader`: the object of one kind's reading, whose methods follow.
//! - `fetch`: a page. `take`: its items as operations. `chunks`: how many ids to ask for at a time. `chains`: pages
//!   that follow one another, several chains side by side. `stages`: chains, stage after stage.
//! - `unreadable`: single objects that cannot be read. `returned`: what is back from the recycle bin, though no change
//!   tells of it.
//! - `gaps`: what could not be read. `links`: operations on links made ready. `resolvers`: what a record becomes.
//!   `merging`: operations into runs. `finish`: the kind, done.
//! - `attempts`: all of that once, and again in another way where Graph refuses one.
//! - `prune`: when every kind is finished, the links to what was deleted for good.
//!
//! Not here: rows, queues and manifests (`take_snapshot`).
//! Invariants: a page that failed is not an empty page; a kind is held completely, but for single objects
//! that are named, or reported as missing; what a
//! run holds does not depend on the order of pages, nor on where the work was suspended.

mod attempts;
mod audits;
mod begin;
mod chains;
mod chunks;
mod context;
mod fetch;
mod finish;
mod gaps;
mod links;
mod merging;
mod missing;
mod prune;
mod reader;
mod resolvers;
mod returned;
mod sorters;
mod stages;
mod take;
mod unreadable;

pub use audits::is_recovered_since_read;

use crate::archive::TenantArchive;
use context::Context;
pub(crate) use context::stop_at;
use domain::extensions::Chosen;
use domain::kinds::KINDS;
use domain::stored::Manifest;
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{Clock, DirectoryPages};
use engine::records::{KindState, ReadingState};
use std::sync::Arc;
use tokio::task::JoinSet;
use tracing::Instrument;

/// Reads one tenant for one snapshot, in as many calls of [`Reading::run`] as it takes.
pub struct Reading {
    context: Context,
}

impl Reading {
    /// A reading of the archive's tenant that suspends its work before the deadline. `base` is the snapshot to build
    /// on; `permissions` are the application permissions granted, empty when they are not known.
    pub fn new(
        directory: Arc<dyn DirectoryPages>,
        archive: &TenantArchive,
        clock: Arc<dyn Clock>,
        base: Option<Manifest>,
        permissions: &[String],
        deadline: Timestamp,
    ) -> Self {
        Self { context: Context::new(directory, archive, clock, base, permissions, deadline) }
    }

    /// The same that reads everything of the kinds that it begins, since no delta tells of all that changed.
    #[must_use]
    pub fn reading_everything(self) -> Self {
        Self { context: Context { reads_everything: true, ..self.context } }
    }

    /// The same that asks for these directory extensions too.
    #[must_use]
    pub fn asking_for(self, extensions: Option<Chosen>) -> Self {
        Self { context: Context { extensions: extensions.map(Arc::new), ..self.context } }
    }

    /// Reads on until every kind is finished or the deadline is near; says whether every kind is finished.
    ///
    /// # Errors
    /// Passing ones, after every kind has gone as far as it could; `state` then holds how far.
    pub async fn run(&self, state: &mut ReadingState) -> Result<bool> {
        // Why the kind stays in `state` meanwhile: where its task is cut off, the next call begins where this one did.
        let mut tasks = JoinSet::new();
        for kind in KINDS {
            let before = state.kinds.remove(kind.run()).unwrap_or_else(|| self.context.begin(kind));
            state.kinds.insert(kind.run().to_owned(), before.clone());
            if let KindState::Reading(before) = before {
                let context = self.context.clone();
                let read = async move { (kind, attempts::read_kind(&context, kind, *before).await) };
                tasks.spawn(read.in_current_span());
            }
        }

        // An error of one kind does not stop the others: each goes as far as it can.
        let mut first_error = None;
        while let Some(done) = tasks.join_next().await {
            match done {
                Ok((kind, (after, error))) => {
                    state.kinds.insert(kind.run().to_owned(), after);
                    first_error = longest_wait(first_error, error);
                }
                Err(error) => {
                    let cut = Error::unavailable("reading a kind was cut off").caused_by(error);
                    first_error = longest_wait(first_error, Some(cut));
                }
            }
        }
        state.spent += self.context.directory.take_spent(self.context.archive.tenant());
        if let Some(error) = first_error {
            return Err(error);
        }

        // Only now is it known of every kind what was deleted for good, and so which links lead nowhere.
        let finished = state.kinds.values().all(KindState::is_finished);
        if finished {
            prune::hard_deleted(&self.context, state).await?;
        }
        Ok(finished)
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
