//! The jobs and their ports: Graph over HTTP, a vault in a folder or in memory, catalog and queue in memory; every call
//! counted.

use crate::cloud::Cloud;
use crate::simulated::SimulatedTime;
use crate::slow::SlowVault;
use crate::template::Template;
use async_trait::async_trait;
use backup::archive::Archive;
use backup::commands::browse::Browse;
use backup::commands::snapshots::Snapshots;
use backup::take_snapshot::{Report, Request, Worker};
use backup::{diff_snapshots, take_snapshot};
use domain::organisations::ApprovalRule;
use domain::restore::{AttributeMode, LinkMode, Selection};
use domain::stored::Manifest;
use domain::{OrganisationId, PartnerId, SnapshotId, TenantId, Timestamp};
use embedded::FolderVault;
use engine::limit_shares::LimitShares;
use engine::ports::{
    Catalog, Clock, Directory, DirectoryWriter, Ids, KeyRing, Queue, Secrets, Signer, Vault,
};
use engine::records::{
    CredentialStatus, Diff, OwnApplication, Partner, Reason, Record, Records, Restore, Side, StoredKey,
    Tenant,
};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphWriter};
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom, Restores};
use restore::preview_restore::Archived;
use restore::{preview_restore, run_restore};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

/// The machine's clock, which can be set forward, or that of a simulated cloud.
#[derive(Default)]
pub struct BenchClock {
    forward: Mutex<SignedDuration>,
    simulated: Option<Arc<SimulatedTime>>,
}

impl BenchClock {
    /// The clock of a simulated cloud.
    pub fn simulated(time: Arc<SimulatedTime>) -> Self {
        Self { simulated: Some(time), ..Self::default() }
    }
    /// Sets the clock forward by that much.
    pub fn advance(&self, by: SignedDuration) {
        *self.forward.lock().expect("no holder of this lock panics") += by;
    }
}

#[async_trait]
impl Clock for BenchClock {
    fn now(&self) -> Timestamp {
        let now = self.simulated.as_ref().map_or_else(Timestamp::now, |time| time.now());
        now + *self.forward.lock().expect("no holder of this lock panics")
    }
    async fn sleep_ms(&self, ms: u64) {
        match &self.simulated {
            Some(time) => time.sleep_ms(ms).await,
            None => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }
}

/// The share of Microsoft's limits that is used unless another one is given, in thousandths.
pub const USUAL_PERMILLE: u32 = 900;

/// The jobs that are measured, with their ports.
pub struct Workbench {
    /// The clock that the jobs work by.
    pub clock: Arc<BenchClock>,
    /// The rows of the catalog, in memory.
    pub records: Records,
    /// The sealed blobs, in the folder.
    pub archive: Arc<Archive>,
    plan: Arc<FaultPlan>,
    queue: Arc<dyn Queue>,
    worker: Worker,
    graph: GraphSettings,
    secrets: Arc<dyn Secrets>,
    vault: Arc<dyn Vault>,
    ids: Arc<dyn Ids>,
    keys: Arc<dyn KeyRing>,
    signer: Arc<dyn Signer>,
}

/// One snapshot and how it was taken.
pub struct Taken {
    /// The manifest, which names its parts.
    pub manifest: Manifest,
    /// How many times the job was called.
    pub invocations: u32,
}

impl Workbench {
    /// Wires the jobs to that Graph; sealed blobs go to `folder`. They keep to that many thousandths of Microsoft's
    /// limits.
    pub fn new(
        cloud: &Cloud,
        client_id: &str,
        secret: &str,
        folder: &Path,
        tenant_permille: u32,
    ) -> Result<Self, String> {
        let vault = Arc::new(FolderVault::open(folder).map_err(|e| e.to_string())?);
        Self::over(cloud, (client_id, secret), vault, Arc::default(), tenant_permille)
    }

    /// The same over any vault and by any clock; `credential` is the id and the secret of the application that reads.
    pub fn over(
        cloud: &Cloud,
        (client_id, secret): (&str, &str),
        vault: Arc<dyn Vault>,
        clock: Arc<BenchClock>,
        tenant_permille: u32,
    ) -> Result<Self, String> {
        let world = World::new(1);
        let plan = FaultPlan::new();
        let credential = json!({ "clientId": client_id, "clientSecret": secret });
        world.secrets.put(GraphDirectory::SECRET, credential.to_string());
        let writing = json!({ "clientId": sim::WRITER_CLIENT_ID, "clientSecret": sim::WRITER_SECRET });
        world.secrets.put(GraphWriter::SECRET, writing.to_string());
        let graph = GraphSettings {
            graph_url: cloud.graph_url.clone(),
            login_url: cloud.login_url.clone(),
            tenant_permille,
            ..GraphSettings::default()
        };
        let (secrets, ids): (Arc<dyn Secrets>, Arc<dyn Ids>) = (world.secrets.clone(), world.ids.clone());
        let name = GraphDirectory::SECRET;
        let client = GraphClient::new(graph.clone(), secrets.clone(), name, clock.clone(), ids.clone());
        let client = client.map_err(|e| e.to_string())?;
        // Every port is wrapped so that its calls are counted; no fault is planned.
        let directory: Arc<dyn Directory> = Faulty::new(Arc::new(GraphDirectory::new(client)), &plan);
        let vault: Arc<dyn Vault> = Faulty::new(vault, &plan);
        let keys: Arc<dyn KeyRing> = Faulty::new(world.key_ring.clone(), &plan);
        let catalog: Arc<dyn Catalog> = Faulty::new(world.catalog.clone(), &plan);
        let queue: Arc<dyn Queue> = Faulty::new(world.queue.clone(), &plan);
        let records = Records::new(catalog, clock.clone());
        let worker = Worker::new(take_snapshot::Ports {
            directory,
            vault: vault.clone(),
            keys: keys.clone(),
            records: records.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
        });
        let archive = Arc::new(Archive::new(vault.clone(), keys.clone(), records.clone()));
        let signer = world.signer.clone();
        Ok(Self { clock, records, archive, plan, queue, worker, graph, secrets, vault, ids, keys, signer })
    }

    /// A client of its own, as each function has one; `name` is that of its secret.
    fn client(&self, settings: GraphSettings, name: &str) -> Result<GraphClient, String> {
        let reads = name == GraphDirectory::SECRET;
        let application = if reads { OwnApplication::Reader } else { OwnApplication::Writer };
        let shares = LimitShares::new(self.records.clone(), application, &*self.ids);
        let (secrets, clock, ids) = (self.secrets.clone(), self.clock.clone(), self.ids.clone());
        let client = GraphClient::new(settings, secrets, name, clock, ids).map_err(|e| e.to_string())?;
        Ok(client.leasing(shares))
    }

    /// Writes the rows of a tenant that is connected.
    pub async fn connect(&self, tenant: &TenantId) -> Result<(), String> {
        let (now, ulid) = (self.clock.now(), self.ids.ulid());
        // Why a partner: people of it are notified of what a snapshot shows.
        let partner = Partner {
            id: PartnerId::from_ulid(&ulid),
            name: "A partner".into(),
            above: vec![],
            entra_sku_active: true,
            created_at: now,
        };
        self.records.put_new(&partner).await.map_err(|e| e.to_string())?;
        let row = Tenant {
            tenant: tenant.clone(),
            partner: partner.id,
            organisation: OrganisationId::from_ulid(&ulid),
            name: "A customer".into(),
            credentials: CredentialStatus::Connected,
            refused: None,
            not_protected: None,
            credentials_since: None,
            snapshots_per_day: 1,
            next_snapshot_at: None,
            open_snapshot: None,
            last_sealed: None,
            untold_since: None,
            newest: None,
            last_full_at: None,
            connected_at: now,
            consented_at: None,
            has_parked: false,
        };
        let (_, wrapped) = self.keys.generate(tenant).await.map_err(|e| e.to_string())?;
        let organisation = row.organisation.clone();
        let key = StoredKey { tenant: tenant.clone(), organisation, wrapped, created_at: now };
        self.records.put_new(&key).await.map_err(|e| e.to_string())?;
        self.records.put_new(&row).await.map_err(|e| e.to_string())
    }

    /// Asks for a snapshot.
    pub async fn ask(&self, tenant: &TenantId) -> Result<SnapshotId, String> {
        let snapshots = Snapshots {
            records: self.records.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        };
        snapshots.start(tenant, Reason::Person).await.map_err(|e| e.to_string())
    }

    /// Takes a snapshot; each call of the job has `each` as its time.
    pub async fn take(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        each: SignedDuration,
    ) -> Result<Taken, String> {
        let request = Request { tenant: tenant.clone(), snapshot: id.clone() };
        let mut invocations = 0;
        loop {
            invocations += 1;
            match self.worker.run(&request, self.clock.now() + each).await.map_err(|e| e.to_string())? {
                Report::Continues => {}
                Report::Waits(until) => return Err(format!("it waits until {until}")),
                Report::Sealed | Report::AlreadyDone => break,
                Report::Failed(why) => return Err(why),
            }
        }
        let archive = self.archive.open(tenant).await.map_err(|e| e.to_string())?;
        let manifest = archive.get_manifest(id).await.map_err(|e| e.to_string())?;
        Ok(Taken { manifest, invocations })
    }

    /// The newest snapshot of the tenant.
    pub async fn newest(&self, tenant: &TenantId) -> Result<SnapshotId, String> {
        let row = self.records.get(&Tenant::at(tenant)).await.map_err(|e| e.to_string())?.value;
        row.last_sealed.ok_or_else(|| "no snapshot was taken".to_owned())
    }

    /// What looks through snapshots as an instance of the API that has just started, on a vault of which each call takes
    /// `storage_ms`, keeping up to `kept_bytes`.
    pub fn instance(&self, storage_ms: u64, kept_bytes: usize) -> (Browse, Arc<SlowVault>) {
        let vault = Arc::new(SlowVault::new(self.vault.clone(), storage_ms));
        let archive = Archive::new(vault.clone(), self.keys.clone(), self.records.clone());
        (Browse { archive: Arc::new(archive.keeping(kept_bytes)), records: self.records.clone() }, vault)
    }

    /// Compares a snapshot with the one before, as the job does after each; gives the row and how often it was called.
    pub async fn compare(
        &self,
        tenant: &TenantId,
        after: &SnapshotId,
        each: SignedDuration,
    ) -> Result<(Diff, u32), String> {
        let rows = self.records.list_all(&Diff::all(tenant)).await.map_err(|e| e.to_string())?;
        let row = rows.into_iter().map(|r| r.value).find(|d| d.after == Side::Snapshot(after.clone()));
        let diff = row.ok_or("no comparison was asked for")?.id;
        let worker = diff_snapshots::Worker::new(diff_snapshots::Ports {
            directory: self.worker.directory.clone(),
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            records: self.records.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        });
        let request = diff_snapshots::Request { tenant: tenant.clone(), diff: diff.clone() };
        let mut invocations = 0;
        loop {
            invocations += 1;
            let deadline = self.clock.now() + each;
            match worker.run(&request, deadline).await.map_err(|e| e.to_string())? {
                diff_snapshots::Report::Continues => {}
                diff_snapshots::Report::Failed(why) => return Err(why),
                _ => break,
            }
        }
        let row = self.records.get(&Diff::at(tenant, &diff)).await.map_err(|e| e.to_string())?;
        Ok((row.value, invocations))
    }

    /// Makes the preview of taking back that comparison; gives the restore's row.
    pub async fn preview(&self, of: &Diff, links: LinkMode, each: SignedDuration) -> Result<Restore, String> {
        let restores = self.restores();
        let selection = Selection { attributes: AttributeMode::Overwrite, links, ..Selection::default() };
        let new = NewRestore::of(RestoreFrom::Changes(of.id.clone()), selection);
        let asked = restores.create_preview(&of.tenant, "per_bench", new).await;
        let restore = asked.map_err(|e| e.to_string())?.id;
        let worker = preview_restore::Worker::new(preview_restore::Ports {
            directory: self.worker.directory.clone(),
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            records: self.records.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
        });
        let request = preview_restore::Request { tenant: of.tenant.clone(), restore: restore.clone() };
        worker.run(&request, self.clock.now() + each).await.map_err(|e| e.to_string())?;
        restores.get(&of.tenant, &restore).await.map_err(|e| e.to_string())
    }

    fn restores(&self) -> Restores {
        let plans = Arc::new(Archived::new(self.archive.clone(), self.records.clone()));
        Restores {
            records: self.records.clone(),
            comparisons: plans.clone(),
            plans,
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }

    /// Lets the restore that was previewed be run.
    pub async fn approve(&self, previewed: &Restore) -> Result<(), String> {
        let run = self.restores().run(&previewed.tenant, "per_bench", ApprovalRule::Off, &previewed.id).await;
        run.map(drop).map_err(|e| e.to_string())
    }

    /// The restore's row as it is now.
    pub async fn restore_row(&self, restore: &Restore) -> Result<Restore, String> {
        self.restores().get(&restore.tenant, &restore.id).await.map_err(|e| e.to_string())
    }

    fn run_worker(
        &self,
        directory: Arc<dyn Directory>,
        writer: Arc<dyn DirectoryWriter>,
    ) -> run_restore::Worker {
        run_restore::Worker::new(run_restore::Ports {
            directory,
            writer,
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            records: self.records.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
            signer: self.signer.clone(),
        })
    }

    /// The job as a process of its own runs it: with the shares of Microsoft's limits that the template gives it.
    pub fn restorer(&self, template: &Template) -> Result<run_restore::Worker, String> {
        let share = |name| template.setting("run-restore", name);
        let reading = GraphSettings {
            tenant_permille: share(GraphSettings::READER_PERMILLE)?,
            instances: share(GraphSettings::READER_INSTANCES)?,
            ..self.graph.clone()
        };
        let writing = GraphSettings {
            tenant_permille: GraphSettings::default().tenant_permille,
            instances: share(GraphSettings::WRITER_INSTANCES)?,
            ..self.graph.clone()
        };
        let reader = GraphDirectory::new(self.client(reading, GraphDirectory::SECRET)?);
        let writer = GraphWriter::new(self.client(writing, GraphWriter::SECRET)?);
        Ok(self.run_worker(Arc::new(reader), Arc::new(writer)))
    }

    /// Runs the restore that was previewed, on the simulated Graph; each call of the job has `each` as its time.
    /// Gives the restore's row.
    pub async fn take_back(&self, previewed: &Restore, each: SignedDuration) -> Result<Restore, String> {
        self.approve(previewed).await?;
        let writer = GraphWriter::new(self.client(self.graph.clone(), GraphWriter::SECRET)?);
        let worker = self.run_worker(self.worker.directory.clone(), Arc::new(writer));
        let (tenant, restore) = (previewed.tenant.clone(), previewed.id.clone());
        let request = run_restore::Request { tenant, restore };
        while worker.run(&request, self.clock.now() + each).await.map_err(|e| e.to_string())?.is_continued {}
        self.restore_row(previewed).await
    }

    /// Forgets the calls counted so far.
    pub fn forget_calls(&self) {
        drop(self.plan.take_log());
    }

    /// How many calls each port had, and the vault's by what was read or written.
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for call in self.plan.log().calls() {
            let class = call.subject.split('/').next().unwrap_or_default();
            let name = match call.port {
                "vault" => format!("vault.{}.{class}", call.method),
                port => format!("{port}.{}", call.method),
            };
            *counts.entry(name).or_default() += 1;
        }
        counts
    }
}
