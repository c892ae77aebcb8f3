//! Compares two snapshots, or one and the live tenant: from a queue message to stored changes.
//!
//! Two manifests -> leaves that only one side has -> records that differ -> changes, attribute by attribute and link
//! by link -> pages in the vault -> row `Done` -> people are notified. The live tenant is read as an incremental
//! snapshot that is not listed. Not here: what a difference means (`domain::changes`).
//!
//! What the earlier side does not hold is compared with the last snapshot that did, so that what changed meanwhile is
//! told: in the comparison that follows each snapshot, and there alone (`earlier`).
//!
//! One object is compared at a time, with its links. Besides it the job holds the page that is being written, the ids
//! of what came or went, and the keys of what was created again. All of it is stored when the job is suspended, and
//! loaded when it is resumed.

mod at_once;
mod candidate;
mod earlier;
mod emit;
mod ends;
mod failing;
mod former;
mod holders;
mod live;
mod marked;
mod matching;
mod naming;
mod objects;
mod pages;
mod rating;
mod references;
mod schedules;
mod shapes;
mod state;
mod stream;
mod survey;
mod unknown;

pub(crate) use at_once::{AtOnce, change_of, stored_change_of};
pub(crate) use matching::NewIds;
pub(crate) use naming::Names;
pub(crate) use objects::link_says_the_same;
pub use pages::{PAGE, PAGE_BYTES};
pub(crate) use references::name_references;

use crate::archive::{Archive, SnapshotView, TenantArchive};
use crate::take_snapshot;
use async_trait::async_trait;
use domain::kinds::{KINDS, Kind, NamedKind};
use domain::{DiffId, ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use engine::announce::Announcer;
use engine::messages;
use engine::open_work::{put_off, wait_if_deadly};
use engine::ports::{Clock, Directory, Ids, KeyRing, Queue, Vault};
use engine::records::{
    Course, Diff, DiffCounts, Found, JobState, NewId, NotCovered, Record, Records, Side, Span,
};
use engine::work::{JobWorker, unless_gone};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

use earlier::Earlier;
use state::State;

/// The message `diff-snapshots.v1`: which comparison is to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The tenant whose states are compared.
    pub tenant: TenantId,
    /// The comparison; its row says the rest.
    pub diff: DiffId,
}

/// What one invocation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// There was nothing left to do.
    AlreadyDone,
    /// The live tenant is still being read, or changes are still being written; another invocation goes on.
    Continues,
    /// The time that it waits for has not come.
    Waits(Timestamp),
    /// The changes are stored; how many there are.
    Compared(DiffCounts),
    /// It cannot be compared, and why.
    Failed(String),
}

/// What the job needs: what the function that runs it holds, and no more.
pub struct Ports {
    /// Reads the live tenant, where it is one of the sides.
    pub directory: Arc<dyn Directory>,
    /// Where snapshots are, and where changes go.
    pub vault: Arc<dyn Vault>,
    /// The keys that the vault's content is sealed with.
    pub keys: Arc<dyn KeyRing>,
    /// Rows of comparisons, snapshots and re-creations.
    pub records: Records,
    /// Takes continuations, and notices of changes.
    pub queue: Arc<dyn Queue>,
    /// Says when to stop, and when the comparison was done.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of readings of the live tenant.
    pub ids: Arc<dyn Ids>,
}

/// The job, with its ports as fields.
pub struct Worker {
    /// Reads the live tenant.
    pub reader: Arc<take_snapshot::Worker>,
    /// Where snapshots are, and where changes go.
    pub archive: Arc<Archive>,
    /// Rows of comparisons, snapshots and re-creations.
    pub records: Records,
    /// Takes the continuation of a suspended comparison.
    pub queue: Arc<dyn Queue>,
    /// Says when to stop, and when the comparison was done.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of readings of the live tenant.
    pub ids: Arc<dyn Ids>,
    /// Notifies people of what changed, or that the comparison failed.
    pub announcer: Announcer,
}

impl Worker {
    /// The job over these ports.
    pub fn new(ports: Ports) -> Self {
        let Ports { directory, vault, keys, records, queue, clock, ids } = ports;
        let reader = take_snapshot::Worker::new(take_snapshot::Ports {
            directory,
            vault,
            keys,
            records: records.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
        });
        let (archive, announcer) = (reader.archive.clone(), reader.announcer.clone());
        Self { reader: Arc::new(reader), archive, records, queue, clock, ids, announcer }
    }
}

#[async_trait]
impl JobWorker for Worker {
    fn name(&self) -> &'static str {
        "diff-snapshots"
    }

    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        // Why here: until release 1 previews were asked for on this queue; those that were pending when the next was
        // deployed go to their own.
        if messages::type_of(body)? == messages::PREVIEW_RESTORE {
            let preview: messages::RestoreMessage = messages::read(body, messages::PREVIEW_RESTORE)?;
            return self.queue.send(messages::preview_restore(&preview.tenant, &preview.restore, 0)).await;
        }
        let request: Request = messages::read(body, messages::DIFF_SNAPSHOTS)?;
        let done = self.run(&request, deadline).await.map(|report| {
            tracing::info!(tenant = %request.tenant, diff = %request.diff, ?report, "diff-snapshots");
        });
        let done = unless_gone(&self.records, &request.tenant, done).await;
        let at = Diff::at(&request.tenant, &request.diff);
        put_off((&self.records, &self.announcer), &at, async |row: &Diff| self.mark(row).await, done).await
    }
}

impl Worker {
    /// Makes the comparison, or goes on making it.
    pub async fn run(&self, request: &Request, deadline: Timestamp) -> Result<Report> {
        let found: Found<Diff> = self.records.get(&Diff::at(&request.tenant, &request.diff)).await?;
        if !found.value.state.is_open() {
            return Ok(Report::AlreadyDone);
        }
        if let Some(until) = found.value.course.waits_until(self.clock.now()) {
            return Ok(Report::Waits(until));
        }
        let mark = async |row: &Diff| self.mark(row).await;
        if let Some(until) = wait_if_deadly(&self.records, &found, mark).await? {
            return Ok(Report::Waits(until));
        }
        let row = self.take_up(found).await?;
        match Box::pin(self.compare_row(&row, deadline)).await {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt | ErrorKind::Denied) =>
            {
                self.fail(row, &error).await
            }
            done => done,
        }
    }

    /// How far the comparison is, as a figure: how far its reading of the live tenant is.
    async fn mark(&self, row: &Diff) -> u64 {
        match &row.live_snapshot {
            Some(reading) => self.reader.mark(&row.tenant, reading).await,
            None => 0,
        }
    }

    async fn take_up(&self, found: Found<Diff>) -> Result<Found<Diff>> {
        let Found { mut value, version } = found;
        value.state = JobState::Running;
        value.attempts += 1;
        value.touched_at = self.clock.now();
        value.course.take_up();
        // Why in the row: whoever takes it up again goes on with this reading instead of starting another.
        if value.after == Side::Live && value.live_snapshot.is_none() {
            value.live_snapshot = Some(SnapshotId::from_ulid(&self.ids.ulid()));
        }
        self.records.replace(&value, version).await?;
        Ok(Found { value, version: version + 1 })
    }

    async fn compare_row(&self, row: &Found<Diff>, deadline: Timestamp) -> Result<Report> {
        let diff = &row.value;
        // The live side has to be sealed first. Its message counts one more attempt, since a second one of the same
        // attempt is dropped.
        let after_id = match (&diff.after, &diff.live_snapshot) {
            (Side::Snapshot(id), _) => id.clone(),
            (Side::Live, Some(id)) => {
                if !live::read(self, diff, id, deadline).await? {
                    // The reading got further, so nothing holds the comparison up.
                    let free = Diff { course: Course::default(), ..diff.clone() };
                    self.records.replace(&free, row.version).await?;
                    let next = messages::diff_snapshots(&diff.tenant, &diff.id, diff.attempts + 1);
                    self.queue.send(next).await?;
                    return Ok(Report::Continues);
                }
                id.clone()
            }
            (Side::Live, None) => return Err(domain::Error::corrupt("a live comparison has no reading")),
        };
        let archive = self.archive.open(&diff.tenant).await?;
        let after = SnapshotView::open(&archive, &after_id).await?;
        let before = Earlier::open(&self.records, &archive, diff, &after).await?;
        let (chosen, mut not_compared) = chosen_kinds(diff, &before, &after)?;
        // Why only up to then: what was created again after the later side was read is not in it.
        let ids = new_ids(&self.records, &diff.tenant, after.manifest().started_at).await?;
        let break_glass = marked::break_glass(&self.records, &diff.tenant).await?;
        let comparison = objects::Comparison {
            archive: &archive,
            diff,
            before: &before,
            after: &after,
            ids: &ids,
            kinds: &chosen,
            object: diff.object.as_ref(),
            holders: tokio::sync::OnceCell::new(),
            break_glass: &break_glass,
        };
        let mut state = match &diff.progress {
            Some(name) => State::load(&archive, name).await?,
            None => State::default(),
        };
        if !comparison.go_on(&mut state, &|| self.clock.now() >= deadline).await? {
            return self.suspend(row, &archive, &state).await;
        }
        // What the earlier side does not hold was compared with older snapshots: the row says which. What came or went
        // in all objects is Graph's doing, and told in a line instead of as changes.
        let span = Span { held_earlier: before.held_earlier(), ..diff.span.clone() };
        not_compared.extend(state.lines_of_shapes());
        // Why before the row is closed: if this is cut off, a rerun comes here again; it makes the same notice.
        if diff.announce {
            // Runs that nobody can compare: the last snapshot that held them is no longer there.
            let gone: Vec<&str> = before.gone().keys().map(String::as_str).collect();
            state.sample.say_where_it_begins(&span, before.began_at(), &gone);
            let (sample, counts) = (&state.sample, &state.counts);
            self.announcer.announce_changes(&diff.tenant, &diff.id, sample, counts).await?;
        }
        let mut done = diff.clone();
        done.span = span;
        done.state = JobState::Done;
        done.done_at = Some(self.clock.now());
        done.touched_at = self.clock.now();
        done.everywhere = state.all_everywhere().collect();
        done.counts = state.counts;
        done.by_kind = state.by_kind;
        done.heaviest = state.heaviest;
        done.pages = state.pages;
        done.progress = None;
        done.not_compared = not_compared;
        done.course = Course::default();
        self.records.replace(&done, row.version).await?;
        Ok(Report::Compared(state.counts))
    }

    /// Suspends the comparison: stores where it is, and enqueues its continuation.
    async fn suspend(&self, row: &Found<Diff>, archive: &TenantArchive, state: &State) -> Result<Report> {
        let diff = &row.value;
        let mut kept = diff.clone();
        kept.progress = Some(state.store(archive, &diff.id, diff.attempts).await?);
        kept.touched_at = self.clock.now();
        // The comparison got further, so nothing holds it up.
        kept.course = Course::default();
        self.records.replace(&kept, row.version).await?;
        self.queue.send(messages::diff_snapshots(&diff.tenant, &diff.id, diff.attempts + 1)).await?;
        Ok(Report::Continues)
    }
}

/// The re-creations up to the time of the later side.
async fn new_ids(records: &Records, tenant: &TenantId, until: Timestamp) -> Result<NewIds> {
    let rows = records.list_all(&NewId::all(tenant)).await?;
    let known = rows.into_iter().map(|r| r.value).filter(|r| r.created_at <= until);
    Ok(NewIds::new(known.map(|r| (r.old, r.new))))
}

/// The kinds to compare, and those that one of the sides does not hold.
fn chosen_kinds(
    diff: &Diff,
    before: &Earlier,
    after: &SnapshotView,
) -> Result<(Vec<&'static Kind>, Vec<NotCovered>)> {
    let asked: Vec<&'static Kind> = if diff.kinds.is_empty() {
        KINDS.to_vec()
    } else {
        diff.kinds.iter().map(NamedKind::get).collect::<Result<_>>()?
    };
    let (mut chosen, mut missing) = (Vec::new(), Vec::new());
    for kind in asked {
        // Rows of older releases may name a kind twice.
        if chosen.iter().any(|known: &&Kind| known.name == kind.name) {
            continue;
        }
        let not_held = |name: &str| not_held(name, before, after);
        match not_held(kind.run()) {
            None => {
                chosen.push(kind);
                let parts = unknown::parts(kind, [before.of(kind.run()), after]);
                // Why not such a link type: it is compared with an older snapshot, which holds it.
                missing.extend(parts.into_iter().filter(|part| before.since(&part.source).is_none()));
                missing.extend(kind.facets().filter_map(|facet| not_held(&kind.part(facet))));
            }
            Some(missed) => missing.push(missed),
        }
    }
    Ok((chosen, missing))
}

/// The run of that name, where one of the sides does not hold it.
fn not_held(name: &str, before: &Earlier, after: &SnapshotView) -> Option<NotCovered> {
    let error = [before.of(name), after].into_iter().find_map(|side| side.run(name).err())?;
    let why = match before.gone().get(name) {
        Some(id) => format!("the last snapshot that held it, {id}, is no longer there"),
        None => error.summary().into(),
    };
    Some(NotCovered { source: name.to_owned(), cause: "not-held".to_owned(), why })
}
