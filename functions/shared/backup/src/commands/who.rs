//! Who made the changes of a comparison: joined when they are read, from the newest records that are held.
//!
//! Not here: what counts as the author (`domain::who`). Bounded: so many records are looked at of each object, and so many
//! blobs are read for one page, for so long; of what is beyond nothing is said. That the log is damaged hides no change.

use super::changes::AskedChanges;
use super::diffs::Diffs;
use super::marks;
use super::until::Until;
use crate::archive::{Archive, OpenRun, TenantArchive};
use domain::changes::Change;
use domain::kinds::Kind;
use domain::stored::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditCause, AuditHeld, Manifest};
use domain::who::{AuditRecord, Hands, Known, Ours, Who, Window, hands_in, ids_of, who_changed};
use domain::{DiffId, Error, ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use engine::Listed;
use engine::ports::{Clock, Page};
use engine::records::{Diff, Found, Mark, Record, Records, Restore, Side, Tenant};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many records of one object are looked at.
const MOST_RECORDS: usize = 2000;
/// Of how many objects records are looked up at the same time.
const AT_ONCE: usize = 16;
/// How many blobs are read for the authors of one page: records are ordered by their time, so each may be in another one.
pub const MOST_READS: u64 = 1_500;
/// For how long authors of one page are looked for.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);
/// How many of the restores that were asked for last may be among the authors.
const RESTORES: usize = 200;
/// By how much Microsoft's clock and ours may differ.
const CLOCKS_MINUTES: i64 = 2;

/// A change, and who made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Authored {
    /// What differs.
    pub change: Change,
    /// Who made it; none where this release does not know its kind, or a snapshot of the comparison is no more.
    pub who: Option<Who>,
    /// That it was expected, where somebody said so.
    pub expected: Option<Mark>,
}

/// A part of the changes of a comparison, each with who made it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthoredPart {
    /// The changes.
    pub items: Vec<Authored>,
    /// Where the next part begins; none at the end.
    pub next: Option<String>,
    /// Where somebody's changes are asked for: of how many others in this part nobody knows who made all of it. They may be
    /// theirs, too.
    pub not_known: u64,
}

impl Authored {
    /// Whether somebody of that id or name, or that restore, made a part of it or may have made one.
    pub(super) fn may_be_by(&self, actor: &str) -> bool {
        self.who.as_ref().is_some_and(|who| who.names(actor))
    }

    /// Whether of each part somebody is named who made it, or may have made it.
    pub(super) fn is_known(&self) -> bool {
        self.who.as_ref().is_some_and(Who::is_known)
    }
}

impl Diffs {
    /// As [`Diffs::changes_where`], each with who made it. With an `actor`, the id or name of somebody or a restore's id, only those
    /// of which they made a part or may have made one: a part may then have fewer than were asked for, though more follow.
    ///
    /// # Errors
    /// Those of [`Diffs::changes_where`].
    pub async fn authored(
        &self,
        tenant: &TenantId,
        id: &DiffId,
        asked: &AskedChanges,
        page: Page,
        actor: Option<&str>,
    ) -> Result<AuthoredPart> {
        let Listed { items, next } = self.changes_where(tenant, id, asked, page).await?;
        let diff = self.get(tenant, id).await?;
        let marked = marks::expected_of(&self.records, tenant, id).await?;
        let authors = self.authors(tenant, &diff).await?;
        let mut items = authored(authors.as_ref(), items).await?;
        for item in &mut items {
            item.expected = marked.of(&item.change).cloned();
        }
        Ok(part(items, next, actor))
    }

    /// Who made the changes of a comparison, as far as one answer may look for them; none where a snapshot of it is no more.
    pub(super) async fn authors(&self, tenant: &TenantId, diff: &Diff) -> Result<Option<Log>> {
        match Log::open(&self.archive, &self.records, tenant, diff).await {
            Ok(authors) => Ok(Some(authors.bounded(&self.clock))),
            // What a comparison found outlives its snapshots.
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The changes with who made them, in their order; with nobody where that cannot be known any more.
pub(super) async fn authored(
    authors: Option<&Log>,
    changes: impl IntoIterator<Item = Change>,
) -> Result<Vec<Authored>> {
    match authors {
        Some(authors) => authors.of_each(changes).await,
        None => {
            Ok(changes.into_iter().map(|change| Authored { change, who: None, expected: None }).collect())
        }
    }
}

/// What is asked for of these; all of them where nobody's changes are.
fn part(mut items: Vec<Authored>, next: Option<String>, actor: Option<&str>) -> AuthoredPart {
    let mut not_known = 0;
    if let Some(actor) = actor {
        items.retain(|item| {
            let is_theirs = item.may_be_by(actor);
            not_known += u64::from(!is_theirs && !item.is_known());
            is_theirs
        });
    }
    AuthoredPart { items, next, not_known }
}

/// The log as it is held, for the changes of one comparison.
pub struct Log {
    records: OpenRun,
    objects: OpenRun,
    held: Option<AuditHeld>,
    /// When the reading of each earlier side began, by snapshot.
    begins: BTreeMap<SnapshotId, Timestamp>,
    before: SnapshotId,
    /// When the reading of the later side began, and when it was complete.
    after: (Timestamp, Timestamp),
    ours: Ours,
    archive: TenantArchive,
    /// Until how many blobs were read by the archive, and until when, it is read; none where all of it is.
    bound: Option<(u64, Until)>,
    is_damaged: bool,
}

impl Log {
    /// Opens what is held of the log in the newest snapshot that may have it. One that is damaged names nobody.
    ///
    /// # Errors
    /// `NotFound` when a snapshot of the comparison is no more.
    pub async fn open(archive: &Archive, records: &Records, tenant: &TenantId, diff: &Diff) -> Result<Self> {
        let archive = archive.open(tenant).await?;
        match Self::open_whole(archive.clone(), records, diff).await {
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                tracing::error!(%tenant, comparison = %diff.id, %error, "nobody is told as an author: the log cannot be opened");
                let nothing = OpenRun::open(&archive, None).await?;
                Ok(Self {
                    records: nothing.clone(),
                    objects: nothing,
                    held: None,
                    begins: BTreeMap::new(),
                    before: diff.before.clone(),
                    after: (Timestamp::MAX, Timestamp::MAX),
                    ours: Ours::default(),
                    archive,
                    bound: None,
                    is_damaged: true,
                })
            }
            opened => opened,
        }
    }

    async fn open_whole(archive: TenantArchive, records: &Records, diff: &Diff) -> Result<Self> {
        let tenant = archive.tenant();
        let later = match &diff.after {
            Side::Snapshot(id) => id.clone(),
            Side::Live => {
                let live = diff.live_snapshot.clone();
                live.ok_or_else(|| Error::corrupt("a comparison with the live tenant names no reading"))?
            }
        };
        let later = archive.get_manifest(&later).await?;
        let earlier = diff.span.held_earlier.iter().map(|held| (held.snapshot.clone(), held.at));
        let mut begins: BTreeMap<SnapshotId, Timestamp> = earlier.collect();
        begins.insert(diff.before.clone(), archive.get_manifest(&diff.before).await?.started_at);
        let after = (later.started_at, later.sealed_at);
        let newest = newest(records, &archive, tenant, later).await?;
        let run = async |name: &str| archive.open_run(newest.runs.get(name)).await;
        Ok(Self {
            records: run(AUDIT_RUN).await?,
            objects: run(AUDIT_OBJECTS_RUN).await?,
            ours: ours(records, tenant).await?,
            held: newest.audit,
            begins,
            before: diff.before.clone(),
            after,
            archive: archive.clone(),
            bound: None,
            is_damaged: false,
        })
    }

    /// The same for one answer: read as far as that may be, from now on.
    fn bounded(self, clock: &Arc<dyn Clock>) -> Self {
        let bound = Some((self.archive.reads() + MOST_READS, Until::of(clock, PATIENCE)));
        Self { bound, ..self }
    }

    /// Whether as much was read as may be.
    fn is_over(&self) -> bool {
        let bound = self.bound.as_ref();
        bound.is_some_and(|(reads, until)| self.archive.reads() >= *reads || until.is_over())
    }

    /// The changes, each with who made it.
    ///
    /// # Errors
    /// When the vault does not answer.
    pub async fn of_each(&self, changes: impl IntoIterator<Item = Change>) -> Result<Vec<Authored>> {
        // Why in parts: a store answers many calls in the time of one.
        stream::iter(changes.into_iter().map(|change| self.join(change)))
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }

    async fn join(&self, change: Change) -> Result<Authored> {
        let Some(kind) = change.kind.find() else {
            return Ok(Authored { change, who: None, expected: None });
        };
        let who = Some(self.known(kind, &change, |known| who_changed(kind, &change, known)).await?);
        Ok(Authored { change, who, expected: None })
    }

    /// Who made each part of a change, and who else worked on its object; nobody of a kind that this release does not know.
    ///
    /// # Errors
    /// When the vault does not answer.
    pub async fn hands_in(&self, change: &Change) -> Result<Hands> {
        let Some(kind) = change.kind.find() else { return Ok(Hands::default()) };
        self.known(kind, change, |known| hands_in(kind, change, known)).await
    }

    /// What is made of what the log has of a change.
    async fn known<T>(&self, kind: &Kind, change: &Change, say: impl FnOnce(&Known<'_>) -> T) -> Result<T> {
        let since = change.since.as_ref().unwrap_or(&self.before);
        let begins = self.begins.get(since).or_else(|| self.begins.get(&self.before)).copied();
        let (settles, ends) = self.after;
        let window = Window { begins: begins.unwrap_or(Timestamp::MIN), settles, ends };
        let (records, unread) = match self.records_of(&ids_of(kind, change), &window).await {
            _ if self.is_damaged => (Vec::new(), Some(AuditCause::Damaged)),
            Ok(Some(records)) => (records, None),
            Ok(None) => (Vec::new(), Some(AuditCause::TooMany)),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                let tenant = self.archive.tenant();
                tracing::error!(%tenant, %error, "nobody is told as the author of a change: a part of the log is damaged");
                (Vec::new(), Some(AuditCause::Damaged))
            }
            Err(error) => return Err(error),
        };
        let held = self.held.as_ref();
        Ok(say(&Known { records: &records, unread, held, window, ours: &self.ours }))
    }

    /// The records that name one of these ids in that time, by time; none where there are more than are looked at.
    async fn records_of(&self, ids: &[String], window: &Window) -> Result<Option<Vec<AuditRecord>>> {
        let (first, last) = (format!("{:.9}", window.first()), format!("{:.9}", window.last()));
        let mut keys = Vec::new();
        for id in ids {
            if self.is_over() {
                return Ok(None);
            }
            let prefix = format!("{id}/");
            let mut reader = self.objects.from_key(format!("{prefix}{first}").as_bytes()).await?;
            while reader.advance().await? {
                let key = reader.head().unwrap_or_default().strip_prefix(prefix.as_bytes());
                let Some(key) = key.filter(|key| *key <= last.as_bytes()) else { break };
                keys.push(key.to_vec());
                if keys.len() > MOST_RECORDS || self.is_over() {
                    return Ok(None);
                }
            }
        }
        keys.sort_unstable();
        keys.dedup();
        let (mut lookup, mut records) = (self.records.lookup(), Vec::with_capacity(keys.len()));
        for key in keys {
            if self.is_over() {
                return Ok(None);
            }
            let record = lookup.get(&key).await?.and_then(|bytes| serde_json::from_slice(bytes).ok());
            let record = record.as_ref().and_then(AuditRecord::read);
            records.push(record.ok_or_else(|| Error::corrupt("a record of the log is missing"))?);
        }
        Ok(Some(records))
    }
}

/// Of the snapshots that may have the records, the one whose log goes furthest: Microsoft writes records late, so it is seldom
/// that of the comparison.
async fn newest(
    records: &Records,
    archive: &TenantArchive,
    tenant: &TenantId,
    later: Manifest,
) -> Result<Manifest> {
    let owner: Found<Tenant> = records.get(&Tenant::at(tenant)).await?;
    let Some(last) = owner.value.last_sealed.filter(|last| *last != later.snapshot) else { return Ok(later) };
    let last = match archive.get_manifest(&last).await {
        Ok(last) => last,
        // The older one still has what was held when it was sealed.
        Err(error) if matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::NotFound) => return Ok(later),
        Err(error) => return Err(error),
    };
    let until = |manifest: &Manifest| manifest.audit.as_ref().and_then(|held| held.until);
    Ok(if until(&last) >= until(&later) { last } else { later })
}

/// The restores that were executed last, and by which service principal.
async fn ours(records: &Records, tenant: &TenantId) -> Result<Ours> {
    let page = Page { after: None, limit: RESTORES, descending: true };
    let (rows, _) = records.list(&Restore::all(tenant), page).await?;
    let rough = SignedDuration::from_mins(CLOCKS_MINUTES);
    let restores = rows.into_iter().filter_map(|row| {
        let row = row.value;
        let (from, writer) = (row.started_at?, row.writer?.to_lowercase());
        let until = row.done_at.unwrap_or(row.touched_at);
        let from = from.saturating_sub(rough).unwrap_or(from);
        Some((row.id, writer, from, until.saturating_add(rough).unwrap_or(until)))
    });
    Ok(Ours { restores: restores.collect() })
}
