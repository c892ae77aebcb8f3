//! Snapshots one after the other, each with the runs that a test says, and their logs.

use crate::side_by_side::Run;
use async_trait::async_trait;
use backup::archive::{
    Archive, Budget, Merge, Merged, Onto, Op, Resolver, Sorter, TenantArchive, consolidate, list_changes,
};
use backup::diff_snapshots::{Ports, Report, Request, Worker};
use backup::log::{Logs, Written};
use domain::changes::Change;
use domain::stored::{Class, FORMAT_VERSION, Manifest, RunRef};
use domain::{DiffId, OrganisationId, PartnerId, Result, SnapshotId, TenantId, Timestamp, kinds};
use engine::ports::{BlobName, Clock, Ids, KeyRing};
use engine::records::{CredentialStatus, Diff, NewId, Partner, Records, Side, StoredKey, Tenant};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::builders::{queued_comparison, sealed_snapshot};
use support::faulty::{FaultPlan, Faulty};
use support::memory::{Nobody, World};

/// What a snapshot holds, by run; a run that is not named is not held.
pub type State = BTreeMap<String, Run>;

pub struct Chain {
    pub world: World,
    pub plan: Arc<FaultPlan>,
    pub tenant: TenantId,
    pub archive: TenantArchive,
    /// The snapshots, the oldest first.
    pub sealed: Vec<SnapshotId>,
    /// The runs as they were held last, with what they held.
    held: BTreeMap<String, (RunRef, Run, SnapshotId)>,
    pub logs: bool,
    /// What the token of the next snapshot may do.
    pub permissions: Vec<String>,
    /// Whether logs are put down as soon as they may be.
    pub stops: bool,
    /// In how many calls they were written.
    pub log_calls: usize,
}

/// Enough for whatever needs a permission of its own.
const ALL_PERMISSIONS: [&str; 2] = ["Member.Read.Hidden", "User-LifeCycleInfo.Read.All"];

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

impl Chain {
    /// A chain without snapshots, whose snapshots have logs or not.
    pub async fn with(logs: bool) -> Self {
        let world = World::new(3);
        let plan = FaultPlan::new();
        let tenant: TenantId = "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (_, wrapped) = world.key_ring.generate(&tenant).await.unwrap();
        let organisation = OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let created_at = world.clock.now();
        records
            .put_new(&StoredKey { tenant: tenant.clone(), organisation, wrapped, created_at })
            .await
            .unwrap();
        let vault = Faulty::new(world.vault.clone(), &plan);
        let archive = Archive::new(vault, world.key_ring.clone(), records).open(&tenant).await.unwrap();
        let permissions = ALL_PERMISSIONS.map(str::to_owned).to_vec();
        Self {
            world,
            plan,
            tenant,
            archive,
            sealed: Vec::new(),
            held: BTreeMap::new(),
            logs,
            permissions,
            stops: true,
            log_calls: 0,
        }
    }

    /// The row of the tenant, whose newest snapshot is the last of the chain.
    async fn put_tenant(&self, last: &SnapshotId) {
        let now = self.world.clock.now();
        if let Some(found) = self.records().find(&Tenant::at(&self.tenant)).await.unwrap() {
            let row = Tenant { last_sealed: Some(last.clone()), ..found.value };
            self.records().replace(&row, found.version).await.unwrap();
        } else {
            self.put_partner().await;
            self.records().put_new(&connected(&self.tenant, last, now)).await.unwrap();
        }
    }

    /// Says that an object was created again by a restore.
    pub async fn created_again(&self, kind: &str, old: &str, new: &str) {
        self.world.clock.advance(SignedDuration::from_mins(1));
        let (kind, created_at) = (support::kind(kind).name.into(), self.world.clock.now());
        let (tenant, old, new) = (self.tenant.clone(), old.to_owned(), new.to_owned());
        self.records().put_new(&NewId { tenant, kind, old, new, created_at }).await.unwrap();
    }

    /// The partner who hears of changes.
    async fn put_partner(&self) {
        let id = PartnerId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let created_at = self.world.clock.now();
        let partner =
            Partner { id, name: "Northwind".to_owned(), above: vec![], entra_sku_active: true, created_at };
        self.records().put_new(&partner).await.unwrap();
    }

    pub fn records(&self) -> Records {
        Records::new(self.world.catalog.clone(), self.world.clock.clone())
    }

    /// As a new request would have it: nothing is kept from the one before.
    pub fn opened(&self) -> Arc<Archive> {
        let vault = Faulty::new(self.world.vault.clone(), &self.plan);
        Arc::new(Archive::new(vault, self.world.key_ring.clone(), self.records()))
    }

    pub async fn manifest(&self, id: &SnapshotId) -> Manifest {
        self.archive.get_manifest(id).await.unwrap()
    }

    /// Seals the next snapshot, an hour after the one before.
    pub async fn seal(&mut self, state: &State) -> SnapshotId {
        self.world.clock.advance(SignedDuration::from_hours(1));
        let now = self.world.clock.now();
        let id = SnapshotId::from_ulid(&self.world.ids.ulid());
        let mut manifest =
            Manifest { permissions: self.permissions.clone(), ..empty_manifest(&id, &self.tenant, now) };
        let mut all = state.clone();
        for link in kinds::links() {
            if let Some(run) = state.get(link.name) {
                let back = run.keys().filter_map(|key| key.split_once('/'));
                let back = back.map(|(from, to)| (format!("{to}/{from}"), String::new())).collect();
                all.insert(format!("{}.reverse", link.name), back);
            }
        }
        let mut held_in = BTreeMap::new();
        for (name, (_, _, last)) in &self.held {
            if !all.contains_key(name) {
                held_in.insert(name.clone(), last.clone());
            }
        }
        for (name, records) in all {
            let before = self.held.get(&name).map(|(run, records, _)| (run, records));
            let run = written(&self.archive, cut_bits(&name), before, &records).await;
            manifest.runs.insert(name.clone(), run.clone());
            self.held.insert(name, (run, records, id.clone()));
        }
        manifest.held_in = Some(held_in);
        let base = self.sealed.last();
        if self.logs {
            self.log_calls += self.write_logs(&mut manifest, base).await;
        }
        self.archive.put_new(&Manifest::blob_name(&id), &manifest.to_bytes().unwrap()).await.unwrap();
        self.records().put_new(&sealed_snapshot(&self.tenant, id.clone(), now)).await.unwrap();
        self.put_tenant(&id).await;
        self.sealed.push(id.clone());
        id
    }

    /// Writes the logs; gives in how many calls.
    async fn write_logs(&self, manifest: &mut Manifest, base: Option<&SnapshotId>) -> usize {
        let (records, is_over) = (self.records(), || self.stops);
        let logs =
            Logs { archive: &self.archive, records: &records, is_over: &is_over, may_merge: &|_| true };
        let (mut all, mut suspended, mut calls) = (BTreeMap::new(), None, 1);
        loop {
            let written = Written { logs: &mut all, suspended: &mut suspended };
            if logs.write(manifest, base, written).await.unwrap() {
                break;
            }
            calls += 1;
            assert!(calls < 1_000, "it never ends");
        }
        manifest.logs = all;
        calls
    }

    /// What the comparison that follows a snapshot tells.
    pub async fn compare(&self, before: &SnapshotId, after: &SnapshotId) -> Vec<Change> {
        let id = DiffId::from_ulid(after.as_str().trim_start_matches(SnapshotId::PREFIX));
        self.compared(id, (before, after), true).await.0
    }

    /// The comparison of two snapshots: what it tells, and its row. One that announces follows the later snapshot.
    pub async fn compared(
        &self,
        id: DiffId,
        (before, after): (&SnapshotId, &SnapshotId),
        announce: bool,
    ) -> (Vec<Change>, Diff) {
        let world = &self.world;
        let worker = Worker::new(Ports {
            directory: Arc::new(Nobody),
            vault: Faulty::new(world.vault.clone(), &self.plan),
            keys: world.key_ring.clone(),
            records: self.records(),
            queue: world.queue.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        });
        let sides = (before.clone(), Side::Snapshot(after.clone()));
        let queued = queued_comparison(&self.tenant, id.clone(), sides.0, sides.1, world.clock.now());
        let diff = Diff { announce, ..queued };
        self.records().put_new(&diff).await.unwrap();
        let deadline = world.clock.now() + SignedDuration::from_hours(1);
        let request = Request { tenant: self.tenant.clone(), diff: id.clone() };
        let report = worker.run(&request, deadline).await.unwrap();
        assert!(matches!(report, Report::Compared(_)), "{report:?}");
        let row = self.records().get(&Diff::at(&self.tenant, &id)).await.unwrap().value;
        (list_changes(&self.archive, &row).await.unwrap(), row)
    }

    /// Puts other bytes in the place of a manifest.
    pub fn damage(&self, id: &SnapshotId) {
        let name = BlobName::new(Manifest::blob_name(id)).unwrap();
        self.world.vault.flip_byte(&self.tenant, &name, 40);
    }

    /// The names of the leaves that were read since the last asking.
    pub fn leaf_reads(&self) -> Vec<String> {
        let log = self.plan.take_log();
        let finds = log.calls().iter().filter(|call| call.port == "vault" && call.method == "find");
        finds.map(|call| call.subject.clone()).filter(|name| name.contains("leaves/")).collect()
    }

    /// The names of the leaves of a run.
    pub async fn leaves(&self, run: &RunRef) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for index in std::iter::once(run.index).chain(run.layers.iter().map(|layer| layer.index)) {
            let index = self.archive.get_index(&index).await.unwrap();
            names.extend(index.leaves.iter().map(|leaf| leaf.hash.blob_name(Class::Leaf)));
        }
        names
    }
}

/// How the leaves of a run are cut: as in production.
fn cut_bits(name: &str) -> u32 {
    let first = name.split('.').next().unwrap();
    let link = kinds::links().find(|link| name == link.name || name == format!("{}.reverse", link.name));
    link.map_or_else(|| kinds::get(first).unwrap().cut_bits, |link| link.cut_bits)
}

/// A run of these records: anew, or onto the one that was held last, as a layer.
async fn written(
    archive: &TenantArchive,
    cut_bits: u32,
    before: Option<(&RunRef, &Run)>,
    now: &Run,
) -> RunRef {
    let nothing = Run::new();
    let was = before.map_or(&nothing, |(_, was)| was);
    let mut sorter = Sorter::new(archive, Vec::new(), &Budget::default());
    for (key, value) in now.iter().filter(|(key, value)| was.get(*key) != Some(*value)) {
        sorter.push(key.as_bytes(), Op::Put(value.as_bytes())).await.unwrap();
    }
    for key in was.keys().filter(|key| !now.contains_key(*key)) {
        sorter.push(key.as_bytes(), Op::Remove).await.unwrap();
    }
    let ops = sorter.into_ops(None).await.unwrap();
    let onto = before.map_or(Onto::Anew { sharing: None }, |(run, _)| Onto::Changing(run));
    match Merge::new(archive, cut_bits, onto).run(ops, &mut Put).await.unwrap() {
        Merged::Done(run) => consolidate(archive, run, &|_| true).await.unwrap(),
        Merged::Suspended(..) => panic!("nobody stopped it"),
    }
}

pub fn connected(tenant: &TenantId, last: &SnapshotId, now: Timestamp) -> Tenant {
    let ulid = "01JAAAAAAAAAAAAAAAAAAAAAAA";
    Tenant {
        tenant: tenant.clone(),
        partner: PartnerId::from_ulid(ulid),
        organisation: OrganisationId::from_ulid(ulid),
        name: "Contoso".to_owned(),
        credentials: CredentialStatus::Connected,
        credentials_since: None,
        refused: None,
        not_protected: None,
        snapshots_per_day: 1,
        next_snapshot_at: None,
        open_snapshot: None,
        last_sealed: Some(last.clone()),
        newest: None,
        untold_since: None,
        last_full_at: None,
        connected_at: now,
        consented_at: None,
        has_parked: false,
    }
}

fn empty_manifest(id: &SnapshotId, tenant: &TenantId, at: Timestamp) -> Manifest {
    Manifest {
        format: FORMAT_VERSION,
        snapshot: id.clone(),
        tenant: tenant.clone(),
        base: None,
        started_at: at,
        sealed_at: at,
        runs: BTreeMap::new(),
        asked: BTreeMap::new(),
        expanded: BTreeMap::new(),
        held_in: None,
        logs: BTreeMap::new(),
        audit: None,
        extensions_known: None,
        tokens: BTreeMap::new(),
        missing: vec![],
        full_at: BTreeMap::new(),
        permissions: vec![],
        seats_in_use: None,
        requests: 0,
        resource_units: 0,
        throttled: 0,
        stored_blobs: 0,
        stored_bytes: 0,
    }
}
