//! The jobs of one process, each port under the plan, and catalog and vault behind the job's role as the template has it.

use super::clock::JoinedClock;
use backup::{diff_snapshots, export_data, schedule_snapshots, take_snapshot};
use engine::ports::{
    Catalog, Clock, Directory, DirectoryWriter, Exports, JobQueue, KeyRing, Mailer, Queue, Returns, Vault,
    VaultKeeper,
};
use engine::records::Records;
use engine::records::rights::Function;
use engine::work::{JobWorker, TickWorker};
use graph::{GraphClient, GraphDirectory, GraphSettings, GraphWriter};
use partners::send_digests::{self, Worker as Mail};
use restore::{preview_restore, run_restore};
use sim::SimServer;
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;
use support::policy::{Deployed, Refusals};

/// For how many days a blob is locked, as the template says by itself.
pub const LOCK_DAYS: u32 = 21;
/// How long the parts of a download's file are here: so that there are many.
const EXPORT_PART_BYTES: usize = 4_000;

pub struct Workers {
    take: Box<dyn JobWorker>,
    diff: Box<dyn JobWorker>,
    preview: Box<dyn JobWorker>,
    restore: Box<dyn JobWorker>,
    export: Box<dyn JobWorker>,
    mail: Mail,
    schedule: Box<dyn TickWorker>,
    /// When what it could not finish comes back.
    pub returns: Arc<dyn Returns>,
}

impl Workers {
    pub fn new(
        world: &World,
        plan: &Arc<FaultPlan>,
        clock: &Arc<JoinedClock>,
        sim: &SimServer,
        (deployed, refusals): (&Deployed, &Refusals),
    ) -> Self {
        let clock: Arc<dyn Clock> = clock.clone();
        let vault: Arc<dyn Vault> = Faulty::new(world.vault.clone(), plan);
        let keys: Arc<dyn KeyRing> = Faulty::new(world.key_ring.clone(), plan);
        let catalog: Arc<dyn Catalog> = Faulty::new(world.catalog.clone(), plan);
        let queue: Arc<dyn Queue> = Faulty::new(world.queue.clone(), plan);
        world.mailer.begin_to_tell();
        let mailer: Arc<dyn Mailer> = Faulty::new(world.mailer.clone(), plan);
        let exports: Arc<dyn Exports> = Faulty::new(world.exports.clone(), plan);
        world.exports.take_small_parts();
        let ids = world.ids.clone();
        let client = |secret: &str| {
            let settings = GraphSettings {
                graph_url: sim.graph_url(),
                login_url: sim.login_url(),
                ..GraphSettings::default()
            };
            GraphClient::new(settings, world.secrets.clone(), secret, clock.clone(), ids.clone()).unwrap()
        };
        let directory: Arc<dyn Directory> =
            Faulty::new(Arc::new(GraphDirectory::new(client("graph-reader"))), plan);
        let writer: Arc<dyn DirectoryWriter> =
            Faulty::new(Arc::new(GraphWriter::new(client("graph-writer"))), plan);
        let records = |function: Function| {
            Records::new(deployed.catalog(function, catalog.clone(), refusals), clock.clone())
        };
        let vault = |function: Function| deployed.vault(function, vault.clone(), refusals);
        let keeper: Arc<dyn VaultKeeper> = Faulty::new(world.vault.clone(), plan);
        let keeper = deployed.keeper(Function::TakeSnapshot, keeper, clock.clone(), refusals);
        Self {
            take: Box::new(
                ::take_snapshot::Worker::new(take_snapshot::Ports {
                    directory: directory.clone(),
                    vault: vault(Function::TakeSnapshot),
                    keys: keys.clone(),
                    records: records(Function::TakeSnapshot),
                    queue: queue.clone(),
                    clock: clock.clone(),
                })
                .keeping(keeper, LOCK_DAYS),
            ),
            diff: Box::new(diff_snapshots::Worker::new(diff_snapshots::Ports {
                directory: directory.clone(),
                vault: vault(Function::DiffSnapshots),
                keys: keys.clone(),
                records: records(Function::DiffSnapshots),
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
            })),
            preview: Box::new(preview_restore::Worker::new(preview_restore::Ports {
                directory: directory.clone(),
                vault: vault(Function::PreviewRestore),
                keys: keys.clone(),
                records: records(Function::PreviewRestore),
                queue: queue.clone(),
                clock: clock.clone(),
            })),
            export: Box::new(
                export_data::Worker::new(export_data::Ports {
                    vault: vault(Function::ExportData),
                    keys: keys.clone(),
                    exports,
                    records: records(Function::ExportData),
                    queue: queue.clone(),
                    clock: clock.clone(),
                })
                .cutting(EXPORT_PART_BYTES),
            ),
            restore: Box::new(run_restore::Worker::new(run_restore::Ports {
                directory,
                writer,
                vault: vault(Function::RunRestore),
                keys,
                records: records(Function::RunRestore),
                queue: queue.clone(),
                clock: clock.clone(),
                ids: ids.clone(),
                signer: world.signer.clone(),
            })),
            mail: Mail::new(send_digests::Ports {
                records: records(Function::SendDigests),
                mailer,
                clock: clock.clone(),
                ids: ids.clone(),
            })
            .unwrap(),
            returns: Faulty::new(world.queue.clone(), plan),
            schedule: Box::new(schedule_snapshots::Worker {
                records: records(Function::ScheduleSnapshots),
                queue,
                clock: clock.clone(),
                ids,
            }),
        }
    }

    pub fn job(&self, queue: JobQueue) -> &dyn JobWorker {
        match queue {
            JobQueue::TakeSnapshot => &*self.take,
            JobQueue::DiffSnapshots => &*self.diff,
            JobQueue::PreviewRestore => &*self.preview,
            JobQueue::RunRestore => &*self.restore,
            JobQueue::ExportData => &*self.export,
            JobQueue::SendDigests => &self.mail,
        }
    }

    /// What hears from the mail service.
    pub fn mail(&self) -> &Mail {
        &self.mail
    }

    /// What the clock calls, in order.
    pub fn ticks(&self) -> [&dyn TickWorker; 2] {
        [&*self.schedule, &self.mail]
    }
}
