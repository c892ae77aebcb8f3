//! One tenant and the functions of its snapshots, over metered ports, each call as Lambda would make it.
//!
//! Every message meets a process of its own: what a warm one would remember (the tenant's key, the application's secret
//! and token) is asked for anew. Ticks come each minute and meet a warm one.

use crate::cloud::Cloud;
use crate::logged;
use crate::measure::own_cpu_ns;
use crate::metered::{
    Counters, Latencies, MeteredCatalog, MeteredKeyRing, MeteredMailer, MeteredQueue, MeteredSecrets,
    MeteredVault, Usage,
};
use crate::prices::Meter;
use crate::template::{MONTH_DAYS, Template};
use crate::workbench::BenchClock;
use backup::{diff_snapshots, schedule_snapshots, take_snapshot};
use domain::{TenantId, Timestamp};
use engine::limit_shares::LimitShares;
use engine::ports::{Clock, Directory, Ids, JobQueue, KeyRing, Mailer, Queue, Secrets, Vault, VaultSweeper};
use engine::purge_data;
use engine::records::{OwnApplication, Records};
use engine::work::{JobWorker, TickWorker};
use graph::{GraphClient, GraphDirectory, GraphSettings};
use jiff::SignedDuration;
use partners::send_digests;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use support::memory::{Delivery, World};
use tracing::{Instrument, info_span};

/// A function's start before its first call, which is paid for too, in milliseconds: an assumption. Its own part is 5
/// to 7 ms (BENCHMARKS.md, "Starts and sizes of the functions"); the rest is the platform's and the first connections'.
const START_MS: i128 = 50;
/// How many calls of KMS a start makes besides: for the function's variables, and for the table's key, which DynamoDB
/// keeps for five minutes for each caller. An assumption, and the most that it can be.
const START_KMS_CALLS: i128 = 2;
/// How many calls the mapping makes for a message: it receives it and deletes it.
const MAPPING_CALLS: i128 = 2;
/// With how many MB a function has one full processor; with less it has a share of one.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>
const FULL_PROCESSOR_MB: u64 = 1769;
/// What `runtime::queue` keeps back of the time that Lambda gives.
const MARGIN: SignedDuration = SignedDuration::from_secs(20);
/// Ids of a call as the platform gives them, for the length of a log line.
const REQUEST: &str = "6d68ca91-49c9-448d-89b8-7ca3e6dc66aa";
const TRACE: &str = "1-62e900b2-710d76f009d6e7785905449a";

/// Whether a call meets a process that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Cold,
    Warm,
}

/// What the calls of each job used.
pub type ByJob = BTreeMap<String, Usage>;

/// The jobs that the clock calls.
pub const TICKS: [&str; 3] = ["schedule-snapshots", "send-digests", "purge-data"];

/// One tenant, the metered ports, and the functions that work on them.
pub struct Rig {
    /// The rows of the metered catalog.
    pub records: Records,
    /// The metered catalog, which knows how many bytes its rows take.
    pub catalog: Arc<MeteredCatalog>,
    /// The metered vault, which knows how many bytes its blobs take.
    pub vault: Arc<MeteredVault>,
    /// The template that says what is deployed.
    pub template: Template,
    /// Makes the ids of rows and events.
    pub ids: Arc<dyn Ids>,
    /// Makes and unwraps data keys, metered.
    pub keys: Arc<dyn KeyRing>,
    /// The clock that all functions work by.
    pub clock: Arc<BenchClock>,
    /// The tenant whose snapshots are taken.
    pub tenant: TenantId,
    counters: Counters,
    world: World,
    queue: Arc<dyn Queue>,
    by_job: Mutex<ByJob>,
    secrets: Arc<dyn Secrets>,
    mailer: Arc<dyn Mailer>,
    graph: GraphSettings,
}

impl Rig {
    /// Wires the functions to that Graph; no tenant is connected yet.
    pub fn new(cloud: &Cloud, latencies: Latencies) -> Result<Self, String> {
        logged::begin();
        let (world, counters, template) = (World::new(1), Counters::new(latencies), Template::read()?);
        let secret =
            serde_json::json!({ "clientId": sim::READER_CLIENT_ID, "clientSecret": sim::READER_SECRET });
        world.secrets.put(GraphDirectory::SECRET, secret.to_string());
        let clock = Arc::new(BenchClock::default());
        let catalog = Arc::new(MeteredCatalog::new(world.catalog.clone(), &counters));
        let graph = GraphSettings {
            graph_url: cloud.graph_url.clone(),
            login_url: cloud.login_url.clone(),
            tenant_permille: template.setting("take-snapshot", GraphSettings::READER_PERMILLE)?,
            instances: template.setting("take-snapshot", GraphSettings::READER_INSTANCES)?,
            ..GraphSettings::default()
        };
        Ok(Self {
            records: Records::new(catalog.clone(), clock.clone()),
            vault: Arc::new(MeteredVault::new(world.vault.clone(), &counters)),
            keys: Arc::new(MeteredKeyRing::new(world.key_ring.clone(), &counters)),
            queue: Arc::new(MeteredQueue::new(world.queue.clone(), &counters)),
            secrets: Arc::new(MeteredSecrets::new(world.secrets.clone(), &counters)),
            mailer: Arc::new(MeteredMailer::new(world.mailer.clone(), &counters)),
            ids: world.ids.clone(),
            tenant: sim::COMPANY_TENANT_ID.parse().map_err(|e: domain::Error| e.to_string())?,
            by_job: Mutex::default(),
            catalog,
            template,
            clock,
            counters,
            world,
            graph,
        })
    }

    /// What was counted since this was last called.
    pub fn take_usage(&self) -> Usage {
        self.counters.take()
    }

    /// What the calls of each job used since this was last called.
    pub fn take_by_job(&self) -> ByJob {
        std::mem::take(&mut *self.by_job.lock().expect("no holder of this lock panics"))
    }

    /// Sets the clock forward to that instant, unless it is later already.
    pub fn wait_until(&self, instant: Timestamp) {
        let by = instant.duration_since(self.clock.now());
        if by.is_positive() {
            self.clock.advance(by);
        }
        // Why a second clock: queues and ids of the world in memory follow their own.
        self.world.clock.advance_to(self.clock.now());
    }

    /// Calls that ticking job once; gives what it used.
    pub async fn tick(&self, job: &'static str) -> Result<Usage, String> {
        let worker = self.ticking(job)?;
        let span = info_span!("tick", job, request = REQUEST, trace = TRACE);
        let deadline = self.deadline(job)?;
        let work = async {
            let done = worker.tick(deadline).await;
            if let Ok(done) = &done {
                tracing::info!(%done, "tick");
            }
            done
        };
        self.counters.take();
        self.call(job, Start::Warm, work.instrument(span)).await?;
        Ok(self.counters.take())
    }

    /// Works on every message, and on those that follow from them.
    pub async fn drain(&self) -> Result<(), String> {
        const SERVED: [JobQueue; 3] =
            [JobQueue::TakeSnapshot, JobQueue::DiffSnapshots, JobQueue::SendDigests];
        loop {
            self.world.clock.advance_to(self.clock.now());
            let received = SERVED.map(|queue| self.world.queue.receive(queue)).concat();
            if received.is_empty() {
                let waiting = SERVED.map(|queue| self.world.queue.waiting_count(queue));
                return if waiting == [0; 3] { Ok(()) } else { Err("messages were left".to_owned()) };
            }
            for delivery in received {
                self.counters.add(Meter::FifoCalls, MAPPING_CALLS);
                self.deliver(&delivery).await?;
                self.world.queue.delete(&delivery);
            }
        }
    }

    async fn deliver(&self, delivery: &Delivery) -> Result<(), String> {
        let job = delivery.queue.name();
        let (worker, deadline) = (self.worker(delivery.queue)?, self.deadline(job)?);
        let span = info_span!(
            "message",
            job,
            tenant = delivery.group,
            message = delivery.message_id,
            request = REQUEST,
            trace = TRACE
        );
        let work = worker.handle(&delivery.body, deadline);
        self.call(job, Start::Cold, work.instrument(span)).await
    }

    /// Makes one call of a function, and counts what it takes and what the platform does for it.
    async fn call<T>(
        &self,
        job: &str,
        start: Start,
        work: impl Future<Output = domain::Result<T>>,
    ) -> Result<(), String> {
        let is_cold = start == Start::Cold;
        let before = self.counters.so_far();
        logged::take_bytes();
        let (cpu, began) = (own_cpu_ns(), Instant::now());
        let done = work.await;
        let wall_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let cpu_us = own_cpu_ns().saturating_sub(cpu) / 1000;
        let logged_bytes = logged::take_bytes() + logged::platform_bytes(is_cold);
        done.map_err(|e| format!("{job}: {e}"))?;
        let memory_mb = self.template.memory_mb(job)?;
        let ms = billed_ms(wall_us, cpu_us, memory_mb) + if is_cold { START_MS } else { 0 };
        self.counters.add(Meter::Invocations, 1);
        self.counters.add(Meter::MegabyteMs, ms * memory_mb);
        // Why every call is a trace: fewer than one a second are all recorded, and no rule of ours says otherwise.
        self.counters.add(Meter::Traces, i128::from(self.template.is_traced()));
        let logged_bytes = i128::try_from(logged_bytes).unwrap_or(i128::MAX);
        self.counters.add(Meter::LogBytes, logged_bytes);
        let kept_days = self.template.default_of("LogRetentionDays")?;
        self.counters.add(Meter::LogByteDays, logged_bytes * kept_days);
        self.counters.add(Meter::KmsCalls, if is_cold { START_KMS_CALLS } else { 0 });
        let mut by_job = self.by_job.lock().expect("no holder of this lock panics");
        by_job.entry(job.to_owned()).or_default().add_all(&self.counters.so_far().beyond(&before), 1);
        Ok(())
    }

    fn deadline(&self, job: &str) -> Result<Timestamp, String> {
        Ok(self.clock.now() + SignedDuration::from_secs(self.template.timeout_s(job)?) - MARGIN)
    }

    fn ticking(&self, job: &str) -> Result<Box<dyn TickWorker>, String> {
        let (records, queue, clock) = (self.records.clone(), self.queue.clone(), self.clock.clone());
        Ok(match job {
            "schedule-snapshots" => {
                Box::new(schedule_snapshots::Worker { records, queue, clock, ids: self.ids.clone() })
            }
            "send-digests" => Box::new(self.mailing()?),
            "purge-data" => {
                let (catalog, vault): (_, Arc<dyn VaultSweeper>) = (self.catalog.clone(), self.vault.clone());
                let (signer, anchors) = (self.world.signer.clone(), self.world.anchors.clone());
                let ids = self.ids.clone();
                let ports = purge_data::Ports { catalog, vault, signer, anchors, clock, ids };
                Box::new(purge_data::Worker::new(ports))
            }
            other => return Err(format!("{other} does not tick")),
        })
    }

    fn worker(&self, queue: JobQueue) -> Result<Box<dyn JobWorker>, String> {
        Ok(match queue {
            JobQueue::TakeSnapshot => Box::new(self.reading()?),
            JobQueue::DiffSnapshots => Box::new(self.comparing()?),
            JobQueue::SendDigests => Box::new(self.mailing()?),
            JobQueue::PreviewRestore | JobQueue::RunRestore | JobQueue::ExportData => {
                return Err("nothing is restored here".to_owned());
            }
        })
    }

    fn reading(&self) -> Result<take_snapshot::Worker, String> {
        let vault: Arc<dyn Vault> = self.vault.clone();
        let (records, queue, clock) = (self.records.clone(), self.queue.clone(), self.clock.clone());
        let (directory, keys) = (self.directory()?, self.keys.clone());
        let ports = take_snapshot::Ports { directory, vault, keys, records, queue, clock };
        Ok(take_snapshot::Worker::new(ports))
    }

    fn comparing(&self) -> Result<diff_snapshots::Worker, String> {
        Ok(diff_snapshots::Worker::new(diff_snapshots::Ports {
            directory: self.directory()?,
            vault: self.vault.clone(),
            keys: self.keys.clone(),
            records: self.records.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }))
    }

    fn mailing(&self) -> Result<send_digests::Worker, String> {
        let (records, mailer) = (self.records.clone(), self.mailer.clone());
        let (clock, ids) = (self.clock.clone(), self.ids.clone());
        send_digests::Worker::new(send_digests::Ports { records, mailer, clock, ids })
            .map_err(|e| e.to_string())
    }

    fn directory(&self) -> Result<Arc<dyn Directory>, String> {
        let (secrets, clock, ids) = (self.secrets.clone(), self.clock.clone(), self.ids.clone());
        let client = GraphClient::new(self.graph.clone(), secrets, GraphDirectory::SECRET, clock, ids);
        let shares = LimitShares::new(self.records.clone(), OwnApplication::Reader, &*self.ids);
        Ok(Arc::new(GraphDirectory::new(client.map_err(|e| e.to_string())?.leasing(shares))))
    }

    /// Adds the bucket's log of requests, with a line for each request in `usage`.
    pub fn with_access_log(&self, mut usage: Usage) -> Result<Usage, String> {
        let requests = [Meter::Puts, Meter::Gets, Meter::Lists, Meter::Deletes].map(|m| usage.get(m));
        let days = self.template.access_log_days()?;
        usage.add(Meter::AccessLogByteDays, requests.iter().sum::<i128>() * ACCESS_LOG_LINE_BYTES * days);
        Ok(usage)
    }

    /// What holding everything that is stored now uses in a month.
    pub fn held_for_a_month(&self) -> Usage {
        let (mut held, (table, index)) = (Usage::default(), self.catalog.held_bytes());
        held.add(Meter::VaultByteDays, self.vault.held_bytes() * MONTH_DAYS);
        held.add(Meter::TableByteDays, (table + index) * MONTH_DAYS);
        held.add(Meter::BackupByteDays, table * MONTH_DAYS);
        held
    }
}

/// A line of the bucket's log of requests: an assumption, after the samples in
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>.
const ACCESS_LOG_LINE_BYTES: i128 = 700;

/// The milliseconds that a call is paid for, from what it took here with full processors: with a share of one, what it
/// computed takes longer in proportion. The most that it can be: where it computed while it waited, it would wait less.
fn billed_ms(wall_us: u64, cpu_us: u64, memory_mb: i128) -> i128 {
    let full = i128::from(FULL_PROCESSOR_MB);
    let longer = if memory_mb < full { i128::from(cpu_us) * (full - memory_mb) / memory_mb } else { 0 };
    (i128::from(wall_us) + longer + 999).div_euclid(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_paid_by_the_millisecond_and_computing_takes_longer_with_less_memory() {
        assert_eq!(billed_ms(1, 0, 1024), 1);
        assert_eq!(billed_ms(1000, 0, 1024), 1);
        assert_eq!(billed_ms(1001, 0, 1024), 2);
        assert_eq!(billed_ms(100_000, 50_000, 1769), 100);
        assert_eq!(billed_ms(100_000, 50_000, 3008), 100);
        // A quarter of a processor and waiting besides: 50 ms of computing become 345.5.
        assert_eq!(billed_ms(100_000, 50_000, 256), 396);
    }
}
