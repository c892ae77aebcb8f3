//! Two sealed snapshots of what a test says, and the job over them.

mod sides;

pub use sides::{Run, Sides, id, kinds_of};

use crate::oracle;
use async_trait::async_trait;
use backup::archive::{
    Archive, Budget, Merge, Merged, Onto, Op, Resolver, SnapshotView, Sorter, TenantArchive,
};
use backup::archive::{find_changes, get_page, list_changes};
use backup::commands::diffs::Diffs;
use backup::diff_snapshots::{Ports, Report, Request, Worker};
use domain::changes::{Change, Class};
use domain::kinds::{KINDS, Kind, NamedKind};
use domain::stored::{Manifest, RunRef};
use domain::{DiffId, Result, SnapshotId, TenantId};
use engine::messages::diff_snapshots;
use engine::ports::{BlobName, Clock, Ids, KeyRing, Page, Queue, Vault};
use engine::records::{Diff, DiffCounts, JobState, Mark, MarkOf, NewId, Records, Side, StoredKey};
use jiff::SignedDuration;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use support::builders::{queued_comparison, sealed_snapshot};
use support::faulty::{FaultPlan, Faulty, Mode};
use support::memory::{Nobody, World};

/// The job and the two snapshots.
pub struct SideBySide {
    world: World,
    records: Records,
    archive: TenantArchive,
    worker: Worker,
    plan: Arc<FaultPlan>,
    before: SnapshotId,
    after: SnapshotId,
    new_ids: HashMap<String, String>,
    kinds: Vec<&'static Kind>,
    last: std::sync::Mutex<Option<DiffId>>,
}

impl SideBySide {
    pub async fn new(sides: &Sides) -> Self {
        let world = World::new(1);
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (_, wrapped) = world.key_ring.generate(&tenant()).await.unwrap();
        let now = world.clock.now();
        records
            .put_new(&StoredKey {
                tenant: tenant(),
                organisation: domain::OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                wrapped,
                created_at: now,
            })
            .await
            .unwrap();
        let plain = Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone());
        let archive = plain.open(&tenant()).await.unwrap();
        let mut runs = (BTreeMap::new(), BTreeMap::new());
        for (n, (name, (before, after))) in sides.runs.iter().enumerate() {
            let base = written(&archive, None, before, after).await;
            // Now as a layer, now as a base of its own.
            let onto = n.is_multiple_of(2).then_some(&base);
            runs.1.insert(name.clone(), written(&archive, onto, after, before).await);
            runs.0.insert(name.clone(), base);
        }
        let (before, after) = (snapshot(&world), snapshot(&world));
        for (id, runs) in [(&before, runs.0), (&after, runs.1)] {
            let manifest = manifest(id, runs, now);
            archive.put_new(&Manifest::blob_name(id), &manifest.to_bytes().unwrap()).await.unwrap();
        }
        for (old, new) in &sides.new_ids {
            let (old, new) = (old.clone(), new.clone());
            records
                .put_new(&NewId {
                    tenant: tenant(),
                    kind: support::kind("users").name.into(),
                    old,
                    new,
                    created_at: now,
                })
                .await
                .unwrap();
        }
        let plan = FaultPlan::new();
        // The job's own: what a test reads beside it does not fail.
        let its = Records::new(Faulty::new(world.catalog.clone(), &plan), world.clock.clone());
        let queue: Arc<dyn Queue> = Faulty::new(world.queue.clone(), &plan);
        let vault: Arc<dyn Vault> = Faulty::new(world.vault.clone(), &plan);
        let worker = Worker::new(Ports {
            directory: Arc::new(Nobody),
            vault,
            keys: world.key_ring.clone(),
            records: its,
            queue,
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        });
        let kinds = KINDS.iter().copied().filter(|k| sides.runs.contains_key(k.run())).collect();
        let new_ids = sides.new_ids.iter().cloned().collect();
        Self {
            world,
            records,
            archive,
            worker,
            plan,
            before,
            after,
            new_ids,
            kinds,
            last: std::sync::Mutex::default(),
        }
    }

    /// The changes as the oracle gives them, which compares everything at once.
    pub async fn at_once(&self) -> Vec<Change> {
        let before = SnapshotView::open(&self.archive, &self.before).await.unwrap();
        let after = SnapshotView::open(&self.archive, &self.after).await.unwrap();
        let of = oracle::Comparison {
            archive: &self.archive,
            before: &before,
            after: &after,
            new_ids: &self.new_ids,
        };
        of.changes(&self.kinds).await.unwrap()
    }

    /// The job: with all the time that it needs, or (2) with none, so that each invocation does the least. Gives what is
    /// stored and how many invocations there were.
    pub async fn compare(&self, object: Option<String>, way: u8) -> (Vec<Change>, usize) {
        let diff = self.ask(object).await;
        let now = self.world.clock.now();
        let request = Request { tenant: tenant(), diff: diff.id.clone() };
        let deadline = if way == 1 { now + SignedDuration::from_hours(1) } else { now };
        let mut invocations = 0;
        loop {
            invocations += 1;
            match self.worker.run(&request, deadline).await.unwrap() {
                Report::Continues => assert!(invocations < 20_000, "it never ends"),
                Report::Compared(counts) => {
                    let row = self.row().await;
                    let changes = list_changes(&self.archive, &row).await.unwrap();
                    let seen = changes
                        .iter()
                        .filter(|c| matches!(c.rating.class, Class::Observed | Class::Service))
                        .count();
                    let all = counts.changes() + seen as u64;
                    assert_eq!((row.counts, usize::try_from(all).unwrap()), (counts, changes.len()));
                    assert_eq!((row.state, row.progress), (JobState::Done, None));
                    return (changes, invocations);
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// The job with no time at all, in whose one process a call dies; then another goes on. Gives what is stored and how
    /// many calls there were.
    pub async fn compare_dying(&self, death: Option<(u64, Mode)>) -> (Vec<Change>, u64) {
        let diff = self.ask(None).await;
        let request = Request { tenant: tenant(), diff: diff.id };
        let before = self.plan.call_count();
        if let Some((call, mode)) = death {
            self.plan.die_at(before + call, mode);
        }
        for _ in 0..200 {
            match self.worker.run(&request, self.world.clock.now()).await {
                Ok(Report::Continues | Report::Waits(_)) => {}
                Ok(Report::Compared(_) | Report::AlreadyDone) => {
                    let calls = self.plan.call_count() - before;
                    return (list_changes(&self.archive, &self.row().await).await.unwrap(), calls);
                }
                Ok(Report::Failed(why)) => panic!("{why}"),
                Err(_) => self.plan.heal(),
            }
        }
        panic!("it never ends")
    }

    /// Marks an account as kept for emergencies.
    pub async fn mark_break_glass(&self, object: &str) {
        let mark = Mark {
            tenant: tenant(),
            of: MarkOf::BreakGlass { object: object.to_owned() },
            note: None,
            ticket: None,
            by: "per_01jaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
            at: self.world.clock.now(),
        };
        self.records.put_new(&mark).await.unwrap();
    }

    /// What changed of one object, as it is answered at once.
    pub async fn changes_of(&self, kind: &'static Kind, key: &str) -> Result<Vec<Change>> {
        let found =
            self.diffs().object_change(&tenant(), (kind, key), (&self.before, Some(&self.after))).await?;
        Ok(found.changes.into_iter().map(|authored| authored.change).collect())
    }

    /// Rows of both snapshots, which say that they are sealed.
    pub async fn put_rows(&self) {
        for id in [&self.before, &self.after] {
            let row = sealed_snapshot(&tenant(), id.clone(), self.world.clock.now());
            self.records.put_new(&row).await.unwrap();
        }
    }

    fn diffs(&self) -> Diffs {
        let world = &self.world;
        let (vault, keys) = (world.vault.clone(), world.key_ring.clone());
        Diffs {
            archive: Arc::new(Archive::new(vault, keys, self.records.clone())),
            records: self.records.clone(),
            queue: world.queue.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        }
    }

    /// How many messages the queue has taken.
    pub fn messages(&self) -> usize {
        self.world.queue.sent().len()
    }

    /// The comparison of these kinds alone.
    pub async fn compare_kinds(&self, kinds: &[&str]) -> Vec<Change> {
        let kinds = kinds.iter().map(|name| support::kind(name).name.into()).collect();
        let diff = self.ask_of(None, kinds).await;
        let deadline = self.world.clock.now() + SignedDuration::from_hours(1);
        let report = self.worker.run(&Request { tenant: tenant(), diff: diff.id }, deadline).await.unwrap();
        assert!(matches!(report, Report::Compared(_)), "{report:?}");
        list_changes(&self.archive, &self.row().await).await.unwrap()
    }

    async fn ask(&self, object: Option<String>) -> Diff {
        self.ask_of(object, Vec::new()).await
    }

    async fn ask_of(&self, object: Option<String>, kinds: Vec<NamedKind>) -> Diff {
        let now = self.world.clock.now();
        let diff = Diff {
            object,
            kinds,
            ..queued_comparison(
                &tenant(),
                DiffId::from_ulid(&self.world.ids.ulid()),
                self.before.clone(),
                Side::Snapshot(self.after.clone()),
                now,
            )
        };
        self.records.put_new(&diff).await.unwrap();
        self.world.queue.send(diff_snapshots(&tenant(), &diff.id, 0)).await.unwrap();
        *self.last.lock().unwrap() = Some(diff.id.clone());
        diff
    }

    async fn row(&self) -> Diff {
        let id = self.last.lock().unwrap().clone().unwrap();
        self.records.get(&Diff::at(&tenant(), &id)).await.unwrap().value
    }

    /// What the last comparison counted.
    pub async fn counts(&self) -> DiffCounts {
        self.row().await.counts
    }

    /// The same of each kind.
    pub async fn by_kind(&self) -> BTreeMap<String, DiffCounts> {
        self.row().await.by_kind
    }

    /// What the last comparison says that it did not compare: source and cause.
    pub async fn not_compared(&self) -> Vec<(String, String)> {
        self.row().await.not_compared.into_iter().map(|n| (n.source, n.cause)).collect()
    }

    /// The changes of the last comparison as a caller lists them, that many at a time.
    pub async fn listed(&self, limit: usize) -> Vec<Change> {
        let diffs = self.diffs();
        let id = self.row().await.id;
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = Page { after, limit, descending: false };
            let part = diffs.changes(&tenant(), &id, page).await.unwrap();
            assert!(part.items.len() <= limit);
            all.extend(part.items);
            after = part.next;
            if after.is_none() {
                return all;
            }
        }
    }

    /// The change of that object, as whoever looks for it by its name finds it.
    pub async fn found(&self, kind: &'static Kind, key: &str) -> Change {
        let found = find_changes(&self.archive, &self.row().await, &[(kind, key)]).await.unwrap();
        found.changes.into_iter().next().flatten().unwrap()
    }

    /// Changes and bytes of each page of the last comparison.
    pub async fn pages(&self) -> Vec<(usize, usize)> {
        let row = self.row().await;
        let mut pages = Vec::new();
        for page in 0..row.pages {
            let changes = get_page(&self.archive, &row, page).await.unwrap();
            pages.push((changes.len(), serde_json::to_vec(&changes).unwrap().len()));
        }
        pages
    }

    /// Bytes of the largest state that the last comparison stored when it was suspended.
    pub async fn largest_stored_state(&self) -> usize {
        let id = self.last.lock().unwrap().clone().unwrap();
        let (mut after, mut largest): (Option<BlobName>, usize) = (None, 0);
        loop {
            let prefix = format!("diffs/{id}/progress/");
            let names = self.world.vault.list(&tenant(), &prefix, after.as_ref(), 1000).await.unwrap();
            let Some(last) = names.last() else { return largest };
            after = Some(last.clone());
            for name in &names {
                largest = largest.max(self.archive.find(name.as_str()).await.unwrap().unwrap().len());
            }
        }
    }
}

fn tenant() -> TenantId {
    "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap()
}

fn snapshot(world: &World) -> SnapshotId {
    SnapshotId::from_ulid(&world.ids.ulid())
}

struct Put;

#[async_trait]
impl Resolver for Put {
    fn resolve(&mut self, _: &[u8], _: Option<&[u8]>, op: Op<'_>, new: &mut Vec<u8>) -> Result<bool> {
        if let Op::Put(bytes) = op {
            new.extend_from_slice(bytes);
        }
        Ok(op != Op::Remove)
    }
}

/// A run of these records, onto one that holds `other` where there is one.
async fn written(archive: &TenantArchive, base: Option<&RunRef>, records: &Run, other: &Run) -> RunRef {
    let mut sorter = Sorter::new(archive, Vec::new(), &Budget::default());
    for (key, value) in records {
        sorter.push(key.as_bytes(), Op::Put(value.as_bytes())).await.unwrap();
    }
    for key in other.keys().filter(|key| base.is_some() && !records.contains_key(*key)) {
        sorter.push(key.as_bytes(), Op::Remove).await.unwrap();
    }
    let ops = sorter.into_ops(None).await.unwrap();
    let onto = base.map_or(Onto::Anew { sharing: None }, Onto::Changing);
    match Merge::new(archive, 1, onto).run(ops, &mut Put).await.unwrap() {
        Merged::Done(run) => run,
        Merged::Suspended(..) => panic!("nobody stopped it"),
    }
}

fn manifest(id: &SnapshotId, runs: BTreeMap<String, RunRef>, at: domain::Timestamp) -> Manifest {
    Manifest {
        format: domain::stored::FORMAT_VERSION,
        snapshot: id.clone(),
        tenant: tenant(),
        base: None,
        started_at: at,
        sealed_at: at,
        runs,
        asked: BTreeMap::new(),
        expanded: BTreeMap::new(),
        held_in: None,
        logs: BTreeMap::new(),
        audit: None,
        extensions_known: None,
        tokens: BTreeMap::new(),
        missing: vec![],
        full_at: BTreeMap::new(),
        // Enough for whatever needs a permission of its own: what is not known is compared elsewhere.
        permissions: vec!["Member.Read.Hidden".into(), "User-LifeCycleInfo.Read.All".into()],
        seats_in_use: None,
        requests: 0,
        resource_units: 0,
        throttled: 0,
        stored_blobs: 0,
        stored_bytes: 0,
    }
}
