//! Since when an object was in snapshots, and until when; and which snapshots there are.

use super::READS;
use super::{Departure, Search};
use crate::archive::SnapshotView;
use crate::log::{Entry, Logged, Part, Track, Walk, Whose};
use domain::kinds::Kind;
use domain::stored::Became;
use domain::{ErrorKind, Result, SnapshotId};
use engine::ports::list_cursor;
use engine::records::{JobState, Reason, Record, Snapshot};

/// Since when an object was there, and until when.
pub(super) struct Life {
    pub(super) first: SnapshotId,
    pub(super) last: SnapshotId,
    pub(super) left: Option<Departure>,
    pub(super) is_whole: bool,
    /// What became of it, the oldest first.
    pub(super) entries: Vec<Entry>,
}

impl Life {
    /// Of what was met in a snapshot, and how it came there is not known.
    pub(super) fn seen_in(snapshot: SnapshotId, left: Option<Departure>) -> Self {
        Self { first: snapshot.clone(), last: snapshot, left, is_whole: false, entries: Vec::new() }
    }
}

impl Search<'_> {
    /// Notes a snapshot that cannot be read.
    pub(super) fn cannot_read(&mut self, snapshot: SnapshotId) {
        if !self.found.unreadable.contains(&snapshot) {
            self.found.unreadable.push(snapshot);
        }
    }

    /// Since when an object was there, and until when; none where no snapshot is known to hold it. Where not all of them could be
    /// looked at, which may be why there is none, what was found so far is not complete.
    pub(super) async fn life(&mut self, kind: &'static Kind, key: &str) -> Result<Option<Life>> {
        let mut walk = Walk::new(self.archive, &self.browse.records);
        let logged = Logged { kind, part: Part::Objects };
        let track = Track { logged, whose: Whose::Record(key.to_owned()) };
        walk.follow(track, &self.newest.manifest().snapshot);
        let mut is_cut = false;
        while let Some(next) = walk.next() {
            // Why twice as far as a part: what there is no log of is read snapshot by snapshot, and is then told as not whole.
            if self.archive.reads() >= self.end + READS {
                is_cut = true;
                break;
            }
            walk.visit(&next).await?;
        }
        let is_whole = !is_cut && walk.gaps.is_empty() && walk.lost.is_empty();
        self.found.complete &= is_whole;
        for lost in std::mem::take(&mut walk.lost) {
            self.cannot_read(lost);
        }
        let mut entries = std::mem::take(&mut walk.entries);
        entries.sort_by(|one, other| one.snapshot.cmp(&other.snapshot));
        let holder = self.holder(kind).await?;
        let is_there = match &holder {
            Some(holder) => holder.find_object(kind, key).await?.is_some(),
            None => false,
        };
        let was_at_first = match entries.first().map(|entry| (entry.logged.became, &entry.logged.before)) {
            None => is_there,
            Some((Became::Came | Became::Returned, _)) => false,
            Some((Became::Changed | Became::Went | Became::Binned, _)) => true,
            // What only lay in the recycle bin was in no snapshot.
            Some((Became::Gone, before)) => self.holds(before, kind, key).await?,
        };
        let is_coming = |entry: &&Entry| matches!(entry.logged.became, Became::Came | Became::Returned);
        let first = match (was_at_first, entries.iter().find(is_coming), &walk.since) {
            (true, _, Some(since)) => self.first_holder(since, kind).await?,
            (false, Some(came), _) => came.snapshot.clone(),
            // It is there, and no look into its past was left.
            _ if is_there => {
                return Ok(holder.map(|holder| Life::seen_in(holder.manifest().snapshot.clone(), None)));
            }
            _ => return Ok(None),
        };
        let left = entries.last().filter(|_| !is_there).map(|entry| match entry.logged.became {
            Became::Binned => Departure::SoftDeleted,
            Became::Gone => Departure::HardDeleted,
            _ => Departure::Deleted,
        });
        let is_leaving =
            |entry: &&Entry| matches!(entry.logged.became, Became::Went | Became::Binned | Became::Gone);
        // Who was deleted from the recycle bin left the snapshots when they went into it.
        let departure = entries.iter().rev().take_while(is_leaving).last();
        let last = match (departure, &holder) {
            (Some(entry), _) if !is_there => entry.logged.before.clone(),
            (_, Some(holder)) => holder.manifest().snapshot.clone(),
            (_, None) => return Ok(None),
        };
        Ok(Some(Life { first, last, left, is_whole, entries }))
    }

    /// Whether a snapshot holds an object.
    async fn holds(&self, id: &SnapshotId, kind: &'static Kind, key: &str) -> Result<bool> {
        match SnapshotView::open(self.archive, id).await {
            Ok(view) if view.covers(kind) => Ok(view.find_object(kind, key).await?.is_some()),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The first snapshot, from that one on, that holds the kind: the older ones may have been made before it was read.
    async fn first_holder(&self, since: &SnapshotId, kind: &'static Kind) -> Result<SnapshotId> {
        let at = Snapshot::at(self.tenant, since);
        let (mut id, mut after) = (since.clone(), Some(list_cursor(at.scope(), at.key())));
        loop {
            match SnapshotView::open(self.archive, &id).await {
                Ok(view) if view.covers(kind) => return Ok(id),
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                Ok(_) | Err(_) => {}
            }
            let mut rows = self.browse.records.walk(Snapshot::all(self.tenant), after.take(), false);
            let next = loop {
                match rows.next().await? {
                    Some(row) if is_sealed(&row.value) => break Some(row.value.id),
                    Some(_) => {}
                    None => break None,
                }
            };
            let Some(next) = next else { return Ok(since.clone()) };
            (id, after) = (next, rows.rest());
        }
    }

    /// The newest snapshot that holds the kind; none where none is known to.
    pub(super) async fn holder(&self, kind: &'static Kind) -> Result<Option<SnapshotView>> {
        if self.newest.covers(kind) {
            return SnapshotView::open(self.archive, &self.newest.manifest().snapshot).await.map(Some);
        }
        self.held_in(self.newest, kind).await
    }

    /// The last snapshot before that one that held the kind, where that one does not; none where none is known to.
    pub(super) async fn held_in(
        &self,
        view: &SnapshotView,
        kind: &'static Kind,
    ) -> Result<Option<SnapshotView>> {
        let Some(id) = view.manifest().held_in.as_ref().and_then(|held| held.get(kind.run())) else {
            return Ok(None);
        };
        match SnapshotView::open(self.archive, id).await {
            Ok(view) => Ok(Some(view)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The snapshot that held the kind before that one, which holds it; none where it is the first.
    pub(super) async fn older(
        &mut self,
        view: &SnapshotView,
        before: &SnapshotId,
        kind: &'static Kind,
    ) -> Result<Option<SnapshotView>> {
        if !view.covers(kind) {
            return Ok(None);
        }
        let older = match SnapshotView::open(self.archive, before).await {
            Ok(older) => older,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.found.complete = false;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        if older.covers(kind) {
            return Ok(Some(older));
        }
        let held = self.held_in(&older, kind).await?;
        // What came and went while the kind was not held is in no snapshot; and of older snapshots it is not known which held it.
        self.found.complete = false;
        Ok(held)
    }

    /// The sealed snapshot before that one; none where it is the first.
    pub(super) async fn previous(&self, id: &SnapshotId) -> Result<Option<SnapshotId>> {
        let at = Snapshot::at(self.tenant, id);
        let mut after = Some(list_cursor(at.scope(), at.key()));
        while after.is_some() {
            let mut rows = self.browse.records.walk(Snapshot::all(self.tenant), after, true);
            while let Some(row) = rows.next().await? {
                if is_sealed(&row.value) {
                    return Ok(Some(row.value.id));
                }
            }
            after = rows.rest();
        }
        Ok(None)
    }

    /// The first sealed snapshot.
    pub(super) async fn oldest(&self) -> Result<SnapshotId> {
        let mut rows = self.browse.records.walk(Snapshot::all(self.tenant), None, false);
        while let Some(row) = rows.next().await? {
            if is_sealed(&row.value) {
                return Ok(row.value.id);
            }
        }
        Ok(self.newest.manifest().snapshot.clone())
    }
}

/// Whether it is one that is searched.
fn is_sealed(row: &Snapshot) -> bool {
    row.state == JobState::Done && row.reason != Reason::Live
}
