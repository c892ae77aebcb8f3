//! What became of one object, its facets and its links: from the logs, and where there is none by holding each snapshot against
//! the one before.
//!
//! Snapshots are visited from the newest back. One that has the log of a run tells at once whatever the log tells, and the run is
//! taken up again where that began. Without a log the leaves that cover the object are compared by their names, and read only
//! where these differ.

use super::entry::{Part, Sides};
use super::track::{Entry, Gap, Track, Whose};
use crate::archive::{SnapshotView, TenantArchive, bin, open_layer};
use domain::stored::{Became, LogEntry, LogGap, LogRef, RunRef, layer, of_log_key};
use domain::{Error, Result, SnapshotId};
use engine::ports::{Page, list_cursor};
use engine::records::{JobState, Reason, Record, Records, Snapshot};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// Of a log that has more entries than this of one object's links, each snapshot's own are read one after the other, until a part
/// of the history is full: all of them at once would be read for each part, and held.
const MOST_ENTRIES: u64 = 20_000;
/// How many rows of snapshots are read at once.
const ROWS: usize = 100;

/// Where a track goes on.
enum Next {
    /// At the snapshot before the visited one.
    Previous,
    /// At that snapshot: what changed since is told.
    At(SnapshotId),
    /// Nowhere: everything is told.
    Nothing,
}

/// A track, and how far it is told.
struct Tracked {
    track: Track,
    /// Whatever became of it after this snapshot is told; none where all is.
    told_until: Option<SnapshotId>,
    /// The oldest visited snapshot that holds the run, where it is not yet held against one before.
    upper: Option<Arc<SnapshotView>>,
    /// Whether a snapshot between did not hold the run.
    lacked: bool,
}

/// Goes from snapshot to snapshot, back in time.
pub(crate) struct Walk<'a> {
    archive: &'a TenantArchive,
    records: &'a Records,
    tracks: Vec<Tracked>,
    /// Snapshots before the one that was visited last, the newest first, as far as their rows were read.
    before: Option<(SnapshotId, VecDeque<SnapshotId>)>,
    /// What was found.
    pub(crate) entries: Vec<Entry>,
    /// Spans in which a run was not held, by its name.
    pub(crate) gaps: BTreeSet<Gap>,
    /// Snapshots that could not be opened.
    pub(crate) lost: BTreeSet<SnapshotId>,
    /// Since which snapshot all is told that became of the first track.
    pub(crate) since: Option<SnapshotId>,
}

impl<'a> Walk<'a> {
    /// A walk without tracks.
    pub(crate) fn new(archive: &'a TenantArchive, records: &'a Records) -> Self {
        Self {
            archive,
            records,
            tracks: Vec::new(),
            before: None,
            entries: Vec::new(),
            gaps: BTreeSet::new(),
            lost: BTreeSet::new(),
            since: None,
        }
    }

    /// Follows one more track from that snapshot on; gives its number.
    pub(crate) fn follow(&mut self, track: Track, from: &SnapshotId) -> usize {
        self.tracks.push(Tracked { track, told_until: Some(from.clone()), upper: None, lacked: false });
        self.tracks.len() - 1
    }

    /// The track of that number.
    pub(crate) fn track(&self, number: usize) -> &Track {
        &self.tracks[number].track
    }

    /// The snapshot to be visited next; none at the end.
    pub(crate) fn next(&self) -> Option<SnapshotId> {
        self.tracks.iter().filter_map(|tracked| tracked.told_until.clone()).max()
    }

    /// The snapshot after which all is told: of itself, what became of something in it may not be known yet. None at the end.
    pub(crate) fn frontier(&self) -> Option<SnapshotId> {
        let of = |tracked: &Tracked| {
            let upper = tracked.upper.as_ref().map(|view| view.manifest().snapshot.clone());
            upper.max(Some(tracked.told_until.clone()?))
        };
        self.tracks.iter().filter_map(of).max()
    }

    /// Visits the snapshot that is next.
    ///
    /// # Errors
    /// `Corrupt` when a log or a run is damaged. A snapshot that cannot be opened is among the lost.
    pub(crate) async fn visit(&mut self, id: &SnapshotId) -> Result<()> {
        let view = self.find(id).await?;
        for number in 0..self.tracks.len() {
            if self.tracks[number].told_until.as_ref() != Some(id) {
                continue;
            }
            if number == 0 && view.is_some() {
                self.since = Some(id.clone());
            }
            let next = match &view {
                Some(view) => self.visit_track(number, view).await?,
                None => Next::Previous,
            };
            self.tracks[number].told_until = match next {
                Next::Previous => self.previous(id).await?,
                Next::At(id) => Some(id),
                Next::Nothing => None,
            };
        }
        Ok(())
    }

    /// Tells what a snapshot tells of a track; gives where the track goes on.
    async fn visit_track(&mut self, number: usize, view: &Arc<SnapshotView>) -> Result<Next> {
        let run = self.tracks[number].track.logged.run();
        let is_held = view.find_run(&run).is_some();
        if is_held {
            self.hold(number, view).await?;
        } else if self.tracks[number].upper.is_some() {
            self.tracks[number].lacked = true;
        } else if let Some(after) = view.manifest().held_in.as_ref().and_then(|held| held.get(&run)) {
            // Nothing later was visited, so this is the newest: the span has not ended.
            self.gaps.insert(Gap { source: run.clone(), after: after.clone(), until: None });
        }
        let is_over = self.tracks[number]
            .upper
            .as_ref()
            .is_some_and(|u| u.manifest().snapshot != view.manifest().snapshot);
        if let Some(log) = view.manifest().logs.get(&run).filter(|_| !is_over) {
            if let Some(before) = self.take_own(number, view, log).await? {
                self.tracks[number].upper = None;
                return Ok(Next::At(before));
            }
            self.take_log(number, &run, log).await?;
            if log.is_first {
                self.tracks[number].upper = None;
                return Ok(Next::Nothing);
            }
            if log.since < view.manifest().snapshot {
                self.tracks[number].upper = None;
                return Ok(Next::At(log.since.clone()));
            }
        }
        // Why: a manifest that says where the run was held last spares all between, or says that it never was.
        Ok(match &view.manifest().held_in {
            Some(held) if !is_held => held.get(&run).cloned().map_or(Next::Nothing, Next::At),
            _ => Next::Previous,
        })
    }

    async fn find(&mut self, id: &SnapshotId) -> Result<Option<Arc<SnapshotView>>> {
        let found = SnapshotView::find(self.archive, id).await?;
        if found.is_none() {
            self.lost.insert(id.clone());
        }
        Ok(found.map(Arc::new))
    }

    /// Holds the later snapshot of a track against this one, which holds the run as well.
    async fn hold(&mut self, number: usize, view: &Arc<SnapshotView>) -> Result<()> {
        let lacked = std::mem::take(&mut self.tracks[number].lacked);
        let Some(upper) = self.tracks[number].upper.replace(view.clone()) else { return Ok(()) };
        if lacked {
            let source = self.tracks[number].track.logged.run();
            let (after, until) = (view.manifest().snapshot.clone(), upper.manifest().snapshot.clone());
            self.gaps.insert(Gap { source, after, until: Some(until) });
        }
        self.compare(number, view, &upper).await
    }

    /// Takes of a log that tells very much of a track what the snapshot itself added to it, and gives the snapshot that it was held
    /// against; none where the log is taken as a whole.
    async fn take_own(
        &mut self,
        number: usize,
        view: &SnapshotView,
        log: &LogRef,
    ) -> Result<Option<SnapshotId>> {
        let track = self.tracks[number].track.clone();
        let (Whose::From(prefix), Some(all), Some(against)) = (&track.whose, &log.run, &log.against) else {
            return Ok(None);
        };
        let over = self.archive.open_run(Some(all)).await?.records_over(prefix.as_bytes(), &behind(prefix));
        if over <= MOST_ENTRIES {
            return Ok(None);
        }
        if let Some(own) = &log.own {
            let mut reader = open_layer(self.archive, own, prefix.as_bytes()).await?;
            while let Some(key) = reader.head().filter(|key| key.starts_with(prefix.as_bytes())) {
                let value = layer::read(reader.value())?;
                let value = value.ok_or_else(|| Error::corrupt("an entry of a log was removed"))?;
                let entry = entry_of(number, key, value)?;
                self.entries.push(entry);
                reader.advance().await?;
            }
        }
        let snapshot = &view.manifest().snapshot;
        let gap = log.gaps.iter().filter(|gap| gap.until == *snapshot);
        self.gaps.extend(gap.map(|gap| told_gap(&track.logged.run(), gap)));
        Ok(Some(against.clone()))
    }

    /// Takes what a log tells of a track.
    async fn take_log(&mut self, number: usize, run: &str, log: &LogRef) -> Result<()> {
        if let Some(entries) = self.tracks[number].track.log(log).cloned() {
            self.take_entries(number, &entries).await?;
        }
        self.gaps.extend(log.gaps.iter().map(|gap| told_gap(run, gap)));
        if number == 0 {
            self.since = Some(log.since.clone());
        }
        Ok(())
    }

    /// Reads the entries of a track from a log.
    async fn take_entries(&mut self, number: usize, log: &RunRef) -> Result<()> {
        let prefix = self.tracks[number].track.prefix();
        let mut reader = self.archive.open_run(Some(log)).await?.from_key(&prefix).await?;
        while let Some((key, value)) = reader.next().await? {
            if !key.starts_with(&prefix) {
                break;
            }
            self.entries.push(entry_of(number, &key, &value)?);
        }
        Ok(())
    }

    /// Adds what became of a track between two snapshots that both hold its run.
    async fn compare(&mut self, number: usize, before: &SnapshotView, after: &SnapshotView) -> Result<()> {
        let (sides, track) = (Sides { before, after }, self.tracks[number].track.clone());
        let run = track.logged.run();
        let mut found: Vec<(String, Option<LogEntry>)> = Vec::new();
        match &track.whose {
            Whose::Record(key) => {
                let end = [key.as_bytes(), b"\0"].concat();
                let differing = self.differing(&run, sides, key.as_bytes(), &end).await?;
                let values = differing.into_iter().next().map(|(_, values)| values);
                let is_object = matches!(track.logged.part, Part::Objects);
                let entry = match values {
                    Some((old, new)) => {
                        sides.entry(track.logged, key.as_bytes(), (old.as_deref(), new.as_deref())).await?
                    }
                    None if is_object => self.left_bin(&track, sides, key.as_bytes(), &end).await?,
                    None => None,
                };
                found.push((key.clone(), entry));
            }
            Whose::From(prefix) => {
                let end = behind(prefix);
                for (key, (old, new)) in self.differing(&run, sides, prefix.as_bytes(), &end).await? {
                    let entry = sides.entry(track.logged, &key, (old.as_deref(), new.as_deref())).await?;
                    found.push((text(&key)?, entry));
                }
            }
            Whose::To(prefix) => {
                let (reverse, end) = (format!("{run}.reverse"), behind(prefix));
                for (key, _) in self.differing(&reverse, sides, prefix.as_bytes(), &end).await? {
                    let back = text(&key)?;
                    let (to, from) =
                        back.split_once('/').ok_or_else(|| Error::corrupt("a link has not two ends"))?;
                    let forward = format!("{from}/{to}").into_bytes();
                    let (old, new) =
                        (value(before, &run, &forward).await?, value(after, &run, &forward).await?);
                    let entry = sides.entry(track.logged, &forward, (old.as_deref(), new.as_deref())).await?;
                    found.push((back, entry));
                }
            }
        }
        let snapshot = &after.manifest().snapshot;
        let entries = found.into_iter().filter_map(|(record, entry)| Some((record, entry?)));
        self.entries.extend(entries.map(|(record, entry)| Entry {
            track: number,
            record,
            snapshot: snapshot.clone(),
            logged: entry,
        }));
        Ok(())
    }

    /// The entry of an object that neither side has, where it left the recycle bin for good.
    async fn left_bin(
        &self,
        track: &Track,
        sides: Sides<'_>,
        key: &[u8],
        end: &[u8],
    ) -> Result<Option<LogEntry>> {
        let left = self.differing(&bin(track.logged.kind), sides, key, end).await?;
        let left = left.values().any(|(_, after)| after.is_none());
        let is_there = value(sides.after, track.logged.kind.run(), key).await?.is_some();
        let before = sides.before.manifest().snapshot.clone();
        Ok((left && !is_there).then(|| LogEntry { became: Became::Gone, before, said: Vec::new() }))
    }

    /// The records from `start` up to `end` that differ between two runs of a name. Nothing is read where the leaves that cover
    /// them have the same names; nothing differs where a side does not hold the run.
    async fn differing(
        &self,
        run: &str,
        sides: Sides<'_>,
        start: &[u8],
        end: &[u8],
    ) -> Result<BTreeMap<Vec<u8>, Values>> {
        let (Some(old), Some(new)) = (sides.before.find_run(run), sides.after.find_run(run)) else {
            return Ok(BTreeMap::new());
        };
        let mut found: BTreeMap<Vec<u8>, Values> = BTreeMap::new();
        if old == new {
            return Ok(found);
        }
        let old = self.archive.open_run(Some(old)).await?;
        let new = self.archive.open_run(Some(new)).await?;
        if old.leaves_over(start, end) == new.leaves_over(start, end) {
            return Ok(found);
        }
        for (run, is_new) in [(old, false), (new, true)] {
            let mut reader = run.from_key(start).await?;
            while let Some((key, value)) = reader.next().await? {
                if key.as_slice() >= end {
                    break;
                }
                let values = found.entry(key).or_default();
                if is_new { values.1 = Some(value) } else { values.0 = Some(value) }
            }
        }
        found.retain(|_, (old, new)| old != new);
        Ok(found)
    }

    /// The sealed snapshot before that one; none where it is the first.
    async fn previous(&mut self, id: &SnapshotId) -> Result<Option<SnapshotId>> {
        let tenant = self.archive.tenant();
        let (mut at, mut known) =
            self.before.take().filter(|(at, _)| at == id).unwrap_or_else(|| (id.clone(), VecDeque::new()));
        let mut after = Some(Snapshot::at(tenant, &at)).map(|at| list_cursor(at.scope(), at.key()));
        while known.is_empty() && after.is_some() {
            let page = Page { after: after.take(), limit: ROWS, descending: true };
            let (rows, next) = self.records.list(&Snapshot::all(tenant), page).await?;
            let rows = rows.into_iter().map(|row| row.value);
            let sealed = rows.filter(|row| row.state == JobState::Done && row.reason != Reason::Live);
            known.extend(sealed.map(|row| row.id));
            after = next;
        }
        let Some(found) = known.pop_front() else { return Ok(None) };
        at.clone_from(&found);
        self.before = Some((at, known));
        Ok(Some(found))
    }
}

/// The entry of a log, of a track.
fn entry_of(track: usize, key: &[u8], value: &[u8]) -> Result<Entry> {
    let (record, snapshot) = of_log_key(key)?;
    Ok(Entry { track, record: text(record)?, snapshot, logged: LogEntry::from_bytes(value)? })
}

fn told_gap(run: &str, gap: &LogGap) -> Gap {
    Gap { source: run.to_owned(), after: gap.after.clone(), until: Some(gap.until.clone()) }
}

/// A record's values on two sides.
type Values = (Option<Vec<u8>>, Option<Vec<u8>>);

async fn value(view: &SnapshotView, run: &str, key: &[u8]) -> Result<Option<Vec<u8>>> {
    match view.find_run(run) {
        Some(run) => view.find_record(run, key).await,
        None => Ok(None),
    }
}

/// What comes behind every key that begins with the prefix, whose last byte is not the greatest.
fn behind(prefix: &str) -> Vec<u8> {
    let mut end = prefix.as_bytes().to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    end
}

fn text(key: &[u8]) -> Result<String> {
    std::str::from_utf8(key).map(str::to_owned).map_err(|e| Error::corrupt("a key is not text").caused_by(e))
}
