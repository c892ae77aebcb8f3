//! Simulated time over a runtime of one thread: it moves only when everybody waits, and then to whatever comes first.

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use domain::{Result, TenantId, Timestamp};
use engine::ports::{
    BlobName, Catalog, Clock, DataKey, KeyRing, Page, Put, Row, RowPage, Scope, Vault, WrappedKey, Write,
};
use engine::records::Records;
use engine::records::rights::Function;
use http::Request;
use http_body_util::BodyExt;
use jiff::SignedDuration;
use lambda_http::RequestExt;
use partners::commands::Caller;
use runtime::http::{RateLimit, authorizer_context, gateway_context, rate_limited, service};
use serde_json::Value;
use snapshot_api::{Ports, SnapshotApi, router, weights};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use support::memory::{ManualClock, World};
use support::policy::{Deployed, Refusals};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// What a call takes, in microseconds: what is usual within a region.
const READ_US: u64 = 4_000;
const WRITE_US: u64 = 7_000;
const BLOB_US: u64 = 30_000;
const KEY_US: u64 = 10_000;
/// What an instance is busy with beside its calls, for any request.
const OWN_US: u64 = 1_000;
/// So often others are let go first before everybody counts as waiting.
const ROUNDS: u32 = 24;

struct Timer {
    at_us: u64,
    number: u64,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Timer {}
impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at_us, self.number).cmp(&(other.at_us, other.number))
    }
}

/// The time, and who waits for which.
pub struct Simulation {
    begun: Timestamp,
    now_us: AtomicU64,
    made: AtomicU64,
    timers: Mutex<BinaryHeap<Reverse<Timer>>>,
}

impl Simulation {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            begun: ManualClock::new().now(),
            now_us: AtomicU64::new(0),
            made: AtomicU64::new(0),
            timers: Mutex::default(),
        })
    }

    pub fn now_us(&self) -> u64 {
        self.now_us.load(Ordering::SeqCst)
    }

    pub async fn wait_until(&self, at_us: u64) {
        let (wake, woken) = oneshot::channel();
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        self.timers.lock().unwrap().push(Reverse(Timer { at_us, number, wake }));
        woken.await.unwrap();
    }

    pub async fn wait(&self, us: u64) {
        self.wait_until(self.now_us() + us).await;
    }

    /// Until nobody waits for anything.
    pub async fn run(&self) {
        loop {
            let mut made = self.made.load(Ordering::SeqCst);
            let mut rounds = 0;
            while rounds < ROUNDS {
                tokio::task::yield_now().await;
                let now_made = self.made.load(Ordering::SeqCst);
                rounds = if now_made == made { rounds + 1 } else { 0 };
                made = now_made;
            }
            let Some(Reverse(next)) = self.timers.lock().unwrap().pop() else { return };
            self.now_us.fetch_max(next.at_us, Ordering::SeqCst);
            let _ = next.wake.send(());
        }
    }
}

#[async_trait]
impl Clock for Simulation {
    fn now(&self) -> Timestamp {
        self.begun + SignedDuration::from_micros(i64::try_from(self.now_us()).unwrap())
    }
    async fn sleep_ms(&self, duration_ms: u64) {
        self.wait(duration_ms * 1_000).await;
    }
}

/// A port whose calls take time.
struct Priced<T: ?Sized>(Arc<T>, Arc<Simulation>);

#[async_trait]
impl<T: Catalog + ?Sized> Catalog for Priced<T> {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        self.1.wait(READ_US).await;
        self.0.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        self.1.wait(READ_US).await;
        self.0.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        self.1.wait(READ_US).await;
        self.0.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        self.1.wait(READ_US).await;
        self.0.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        self.1.wait(WRITE_US).await;
        self.0.write(now, writes).await
    }
}

#[async_trait]
impl<T: Vault + ?Sized> Vault for Priced<T> {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        self.1.wait(BLOB_US).await;
        self.0.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.1.wait(BLOB_US).await;
        self.0.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.1.wait(BLOB_US).await;
        self.0.list(tenant, prefix, after, limit).await
    }
}

#[async_trait]
impl<T: KeyRing + ?Sized> KeyRing for Priced<T> {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        self.1.wait(KEY_US).await;
        self.0.generate(tenant).await
    }
    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        self.1.wait(KEY_US).await;
        self.0.unwrap(tenant, wrapped).await
    }
}

struct Instance {
    router: Router,
    is_busy: AtomicBool,
}

/// The instances of the function, each with one request at a time.
pub struct Fleet {
    simulation: Arc<Simulation>,
    instances: Vec<Instance>,
    /// What the role of snapshot-api, as the template has it, did not allow.
    _refusals: Refusals,
}

/// What a caller saw of a request.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub at_us: u64,
    pub took_us: u64,
    /// 0 where no instance was free.
    pub status: u16,
}

impl Fleet {
    pub fn new(world: &World, simulation: &Arc<Simulation>, instances: usize, limit: RateLimit) -> Arc<Self> {
        let (deployed, refusals) = (Deployed::read(), Refusals::default());
        let made = |_| {
            let catalog = Arc::new(Priced(world.catalog.clone(), simulation.clone()));
            let catalog = deployed.catalog(Function::SnapshotApi, catalog, &refusals);
            let records = Records::new(catalog, simulation.clone());
            // What a process of its own costs is not in simulated time, so only calls of ports show who takes how much.
            let api = SnapshotApi::keeping_nothing(Ports {
                vault: Arc::new(Priced(world.vault.clone(), simulation.clone())),
                keys: Arc::new(Priced(world.key_ring.clone(), simulation.clone())),
                records: records.clone(),
                queue: world.queue.clone(),
                links: world.exports.clone(),
                clock: simulation.clone(),
                ids: world.ids.clone(),
            });
            let router = service(rate_limited(router(api), limit, records, weights()));
            Instance { router, is_busy: AtomicBool::new(false) }
        };
        let instances = (0..instances).map(made).collect();
        Arc::new(Self { simulation: simulation.clone(), instances, _refusals: refusals })
    }

    /// A caller who makes those requests in turn, at a steady pace, whether they are answered or not.
    pub fn asks(
        self: &Arc<Self>,
        caller: &Caller,
        asks: Vec<(&'static str, String, Value)>,
        (first_us, every_us): (u64, u64),
        seconds: u64,
    ) -> JoinHandle<Vec<Seen>> {
        let (fleet, caller) = (self.clone(), caller.clone());
        tokio::spawn(async move {
            let mut under_way = Vec::new();
            for n in 0..seconds * 1_000_000 / every_us {
                fleet.simulation.wait_until(first_us + n * every_us).await;
                let (method, path, body) = asks[usize::try_from(n).unwrap() % asks.len()].clone();
                let (fleet, caller) = (fleet.clone(), caller.clone());
                under_way.push(tokio::spawn(async move { fleet.ask(&caller, method, &path, &body).await }));
            }
            let mut seen = Vec::new();
            for request in under_way {
                seen.push(request.await.unwrap());
            }
            seen
        })
    }

    async fn ask(&self, caller: &Caller, method: &str, path: &str, body: &Value) -> Seen {
        let at_us = self.simulation.now_us();
        let free = self.instances.iter().find(|of| !of.is_busy.swap(true, Ordering::SeqCst));
        let Some(instance) = free else { return Seen { at_us, took_us: 0, status: 0 } };
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let context = gateway_context("request-1", "$default", Some(authorizer_context(caller)));
        let request = request.body(body).unwrap().with_request_context(context);
        self.simulation.wait(OWN_US).await;
        let reply = instance.router.clone().oneshot(request).await.unwrap();
        let status = reply.status().as_u16();
        reply.into_body().collect().await.unwrap();
        instance.is_busy.store(false, Ordering::SeqCst);
        Seen { at_us, took_us: self.simulation.now_us() - at_us, status }
    }
}

/// Within what time 99 of 100 were answered, in microseconds.
pub fn p99(seen: &[Seen]) -> u64 {
    let mut all: Vec<_> = seen.iter().map(|seen| seen.took_us).collect();
    all.sort_unstable();
    all[all.len() * 99 / 100]
}
