//! The logs of a snapshot, written when its runs are complete and before it is sealed.
//!
//! Why not while the runs are merged: what a merge writes is not yet what the snapshot holds (links to what was deleted for
//! good are taken out last), a short list is not merged onto anything, and a run may have been held last by a snapshot that
//! is not the base. What both sides share is not read, and what differs was read a moment before.

use super::append::{Append, Appended};
use super::entry::{Logged, Sides};
use crate::archive::{LeafWriter, SnapshotView, TenantArchive, consolidate_log};
use crate::held::last_holders;
use domain::stored::{Class, LayerRef, LogGap, LogRef, Manifest, RunRef, SuspendedLog};
use domain::{ErrorKind, Result, SnapshotId};
use engine::records::Records;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// The logs of a snapshot as far as they are written.
pub struct Written<'a> {
    /// Those that are written, by the run whose changes they tell.
    pub logs: &'a mut BTreeMap<String, LogRef>,
    /// The one that was put down in its middle.
    pub suspended: &'a mut Option<SuspendedLog>,
}

/// Writes the logs of one snapshot.
pub struct Logs<'a> {
    /// Where its runs are, and those of the snapshots before.
    pub archive: &'a TenantArchive,
    /// Rows of the snapshots before.
    pub records: &'a Records,
    /// Whether the time is over.
    pub is_over: &'a (dyn Fn() -> bool + Sync),
    /// Whether there is time to write so many plain bytes once more.
    pub may_merge: &'a (dyn Fn(u64) -> bool + Sync),
}

/// The snapshots that the new one is compared with.
struct Before {
    base: Option<SnapshotId>,
    /// The base; none where there is none, or it cannot be read.
    own: Option<Arc<SnapshotView>>,
    /// Of runs that the base does not hold, the last one that did; none where it cannot be read.
    older: BTreeMap<String, Option<Arc<SnapshotView>>>,
}

/// How the writing of one log ended.
enum Logging {
    /// The log, if there is one.
    Done(Option<LogRef>),
    Suspended(SuspendedLog),
}

impl Before {
    /// The snapshot that held a run last, if one did that can be read.
    fn holder(&self, run: &str) -> Option<&Arc<SnapshotView>> {
        match &self.own {
            Some(own) if own.find_run(run).is_some() => Some(own),
            _ => self.older.get(run).and_then(Option::as_ref),
        }
    }

    /// Whether it is known that no snapshot before held the run.
    fn never_held(&self, run: &str) -> bool {
        match &self.own {
            Some(own) => own.find_run(run).is_none() && !self.older.contains_key(run),
            None => self.base.is_none(),
        }
    }

    /// The base's log of a run.
    fn log(&self, run: &str) -> Option<&LogRef> {
        self.own.as_ref().and_then(|own| own.manifest().logs.get(run))
    }
}

impl Logs<'_> {
    /// Writes the logs that are not written yet; says whether all are, or the time is over first. Each call writes at least one, or
    /// a part of one.
    ///
    /// # Errors
    /// Passing ones. A snapshot before, or a log, that is damaged is none: then the log begins anew.
    pub async fn write(
        &self,
        manifest: &Manifest,
        base: Option<&SnapshotId>,
        written: Written<'_>,
    ) -> Result<bool> {
        let Written { logs, suspended } = written;
        let before = self.before(manifest, base).await?;
        let after = SnapshotView::of(self.archive, manifest.clone());
        for logged in Logged::all() {
            let run = logged.run();
            if logs.contains_key(&run) {
                continue;
            }
            let resumed = suspended.take().filter(|suspended| suspended.run == run);
            let log = match self.log_of(logged, (&before, &after), resumed).await? {
                Logging::Done(None) => continue,
                Logging::Done(Some(log)) => log,
                Logging::Suspended(put_down) => {
                    *suspended = Some(put_down);
                    return Ok(false);
                }
            };
            let has_written = log.own.is_some();
            logs.insert(run, log);
            if has_written && (self.is_over)() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The snapshots that held what this one holds, or lacks.
    async fn before(&self, manifest: &Manifest, base: Option<&SnapshotId>) -> Result<Before> {
        let mut before = Before { base: base.cloned(), own: None, older: BTreeMap::new() };
        let Some(id) = base else { return Ok(before) };
        before.own = SnapshotView::find(self.archive, id).await?.map(Arc::new);
        let Some(own) = before.own.clone() else { return Ok(before) };
        // Of what is lacked the log of the base goes on to be named, so nothing is looked for.
        let is_wanted = |run: &String| {
            own.find_run(run).is_none()
                && (manifest.runs.contains_key(run) || !own.manifest().logs.contains_key(run))
        };
        let wanted: BTreeSet<String> = Logged::all().map(Logged::run).filter(is_wanted).collect();
        if !wanted.is_empty() {
            let of = (id, Some(own.manifest()));
            let mut opened: BTreeMap<SnapshotId, Option<Arc<SnapshotView>>> = BTreeMap::new();
            for (run, id) in last_holders(self.records, &manifest.tenant, of, wanted).await? {
                if !opened.contains_key(&id) {
                    let view = SnapshotView::find(self.archive, &id).await?.map(Arc::new);
                    opened.insert(id.clone(), view);
                }
                let view = opened.get(&id).cloned().flatten();
                before.older.insert(run.clone(), view.filter(|view| view.find_run(&run).is_some()));
            }
        }
        Ok(before)
    }

    /// The log of one run; none where the run is not held, and was held before the logs began.
    async fn log_of(
        &self,
        logged: Logged,
        (before, after): (&Before, &SnapshotView),
        resumed: Option<SuspendedLog>,
    ) -> Result<Logging> {
        let (run, id) = (logged.run(), after.manifest().snapshot.clone());
        let known = before.log(&run);
        if after.find_run(&run).is_none() {
            let carried = known.map(LogRef::carried);
            let never = before.never_held(&run).then(|| LogRef::beginning(id, true));
            return Ok(Logging::Done(carried.or(never)));
        }
        let Some(holder) = before.holder(&run) else {
            return Ok(Logging::Done(Some(LogRef::beginning(id, before.never_held(&run)))));
        };
        let holder_id = &holder.manifest().snapshot;
        let mut log = match known {
            Some(log) => log.carried(),
            None => LogRef::beginning(holder_id.clone(), false),
        };
        if before.base.as_ref() != Some(holder_id) {
            log.gaps.push(LogGap { after: holder_id.clone(), until: id.clone() });
        }
        let sides = Sides { before: holder, after };
        match self.append(logged, sides, resumed, &mut log).await {
            Ok(None) => Ok(Logging::Done(Some(LogRef { against: Some(holder_id.clone()), ..log }))),
            Ok(Some(suspended)) => Ok(Logging::Suspended(suspended)),
            Err(error) if error.kind() == ErrorKind::Corrupt => {
                tracing::error!(snapshot = %id, run, %error, "what changed cannot be logged; the log begins anew");
                Ok(Logging::Done(Some(LogRef::beginning(id, false))))
            }
            Err(error) => Err(error),
        }
    }

    /// Adds what differs between the two sides to a log; gives where it was put down, where the time was over first.
    async fn append(
        &self,
        logged: Logged,
        sides: Sides<'_>,
        resumed: Option<SuspendedLog>,
        log: &mut LogRef,
    ) -> Result<Option<SuspendedLog>> {
        let append = Append { archive: self.archive, logged, sides, is_over: self.is_over };
        let (own, second) = match append.run(resumed).await? {
            Appended::Suspended(suspended) => return Ok(Some(suspended)),
            Appended::Done { own, second } => (own, second),
        };
        if let Some(layer) = own {
            log.run = Some(self.with_layer(log.run.take(), logged.cut_bits(), layer.clone()).await?);
            log.own = Some(layer);
        }
        if let Some(layer) = second {
            log.second = Some(self.with_layer(log.second.take(), logged.second_cut_bits(), layer).await?);
        }
        Ok(None)
    }

    /// A log with one more layer, kept shallow like any run.
    async fn with_layer(&self, run: Option<RunRef>, cut_bits: u32, layer: LayerRef) -> Result<RunRef> {
        let mut run = match run {
            Some(run) => run,
            None => LeafWriter::new(self.archive, Class::Leaf, cut_bits, HashSet::new())
                .finish()
                .await?
                .into_run(cut_bits),
        };
        run.records += layer.records;
        run.leaves += layer.leaves;
        run.plain_bytes += layer.plain_bytes;
        run.layers.push(layer);
        consolidate_log(self.archive, run, self.may_merge).await
    }
}
