//! Audit logs of many processes, and the heads of their chains signed when a day is over.

use domain::audit::{BEGINNING, Entry, Event, Head, LogCheck, Mark, Outcome, SignedHeads, Who, fingerprint};
use domain::{Error, PartnerId, Result, Timestamp};
use engine::audit::AuditLog;
use engine::ports::{AnchorName, Anchors, Catalog, Clock, Page, Put, Row, RowPage, Scope, Write};
use engine::purge_data;
use engine::records::{
    AuditEntry, AuditOf, AuditSignedUntil, AuditStatement, OlderAuditHead, Record, Records,
};
use engine::signed::key_set;
use jiff::{SignedDuration, ToSpan};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use support::contracts::read_signed;
use support::faulty::{FaultPlan, Faulty, crash_points};
use support::memory::{MemoryCatalog, World};

/// The catalog, which lets others go first before each call: appends that are joined really meet.
struct Shared(Arc<MemoryCatalog>);

#[async_trait::async_trait]
impl Catalog for Shared {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        tokio::task::yield_now().await;
        self.0.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        self.0.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        tokio::task::yield_now().await;
        self.0.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        self.0.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        tokio::task::yield_now().await;
        self.0.write(now, writes).await
    }
}

fn partner() -> PartnerId {
    "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap()
}

fn event(request: &str, outcome: Outcome) -> Event {
    Event {
        at: Timestamp::UNIX_EPOCH,
        who: Who { id: "hft_12345678".to_owned(), role: None, partner: None },
        what: "GET /v1/organisations/{org}/snapshots".to_owned(),
        subjects: std::collections::BTreeMap::default(),
        from: None,
        request: request.to_owned(),
        outcome,
    }
}

fn records(world: &World, plan: &Arc<FaultPlan>) -> Records {
    let catalog = Faulty::new(Arc::new(Shared(world.catalog.clone())), plan);
    Records::new(catalog, world.clock.clone())
}

async fn entries(world: &World, of: Option<PartnerId>) -> Vec<Entry> {
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let found = records.list_all(&AuditEntry::all(&AuditOf(of))).await.unwrap();
    found.into_iter().map(|entry| entry.value.0).collect()
}

#[tokio::test]
async fn two_hundred_reads_at_once_over_fifty_processes_are_all_written_down_and_cost_a_few_calls_each() {
    let (world, plan) = (World::new(1), FaultPlan::new());
    let records = records(&world, &plan);
    let logs = [0; 50].map(|_| AuditLog::new(records.clone(), &*world.ids));
    let reads = (0..200_usize).map(|n| {
        let (log, request) = (logs[n % 50].clone(), format!("r-{n}"));
        async move {
            log.append(Some(&partner()), &event(&request, Outcome::Asked)).await?;
            log.append(Some(&partner()), &event(&request, Outcome::Answered(200))).await
        }
    });
    let refused = futures::future::join_all(reads).await.into_iter().filter(Result::is_err).count();
    assert_eq!(refused, 0);
    let all = entries(&world, Some(partner())).await;
    assert_eq!(all.len(), 400);
    let mut check = LogCheck::default();
    for entry in &all {
        check.take(entry).unwrap();
    }
    assert_eq!(check.end(&[]).unwrap().chains, 50);
    // A process that begins looks up four things at most; its eight entries then go into eight writes at most.
    let calls = plan.log();
    assert!(calls.len() <= 50 * (4 + 8), "{}", calls.len());
    assert!(calls.count("catalog", "write") <= 50 * (1 + 8), "{}", calls.count("catalog", "write"));
}

#[tokio::test]
async fn a_process_begins_a_chain_each_day_and_the_first_of_the_next_day_names_the_last() {
    let (world, plan) = (World::new(1), FaultPlan::new());
    let log = AuditLog::new(records(&world, &plan), &*world.ids);
    let one = log.append(None, &event("1", Outcome::Asked)).await.unwrap();
    let two = log.append(None, &event("2", Outcome::Asked)).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(24));
    let next = log.append(None, &event("3", Outcome::Asked)).await.unwrap();
    assert_eq!((one.number, two.number, next.number), (1, 2, 1));
    assert_eq!((&one.chain, one.chain == next.chain), (&two.chain, false));
    assert_eq!(entries(&world, None).await[2].seen, [two]);
}

fn worker(world: &World, plan: &Arc<FaultPlan>) -> purge_data::Worker {
    purge_data::Worker::new(purge_data::Ports {
        catalog: Faulty::new(world.catalog.clone(), plan),
        vault: Faulty::new(world.vault.clone(), plan),
        signer: Faulty::new(world.signer.clone(), plan),
        anchors: Faulty::new(world.anchors.clone(), plan),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    })
}

async fn tick(world: &World) -> purge_data::Report {
    let deadline = world.clock.now() + SignedDuration::from_mins(5);
    worker(world, &FaultPlan::new()).run(deadline).await.unwrap()
}

async fn statements(world: &World, of: Option<PartnerId>) -> Vec<(SignedHeads, String)> {
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let mut all = Vec::new();
    for found in records.list_all(&AuditStatement::all(&AuditOf(of))).await.unwrap() {
        let statement = read_signed(&*world.signer, &found.value.signed).await.expect("a good signature");
        all.push((serde_json::from_value(statement).unwrap(), found.value.signed));
    }
    all
}

/// Two processes that write into the logs of a partner and of the installation.
async fn written(world: &World) {
    let records = records(world, &FaultPlan::new());
    for log in [0; 2].map(|_| AuditLog::new(records.clone(), &*world.ids)) {
        for n in 0..3 {
            log.append(Some(&partner()), &event(&format!("{n}"), Outcome::Asked)).await.unwrap();
            log.append(None, &event(&format!("{n}"), Outcome::Asked)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn heads_are_signed_when_a_day_is_over_and_a_log_is_whole_beside_them() {
    let world = World::new(1);
    written(&world).await;
    assert_eq!(tick(&world).await.signed, 0, "the day is not over");
    world.clock.advance(SignedDuration::from_hours(24));
    written(&world).await;
    world.clock.advance(SignedDuration::from_hours(72));
    assert_eq!(tick(&world).await.signed, 4, "two logs, on each of two days");
    assert_eq!(tick(&world).await.signed, 0);
    for log in [Some(partner()), None] {
        let (all, signed) = (entries(&world, log.clone()).await, statements(&world, log).await);
        assert_eq!(
            (signed[0].0.previous.as_str(), &signed[1].0.previous),
            (BEGINNING, &fingerprint(&signed[0].1))
        );
        let mut check = LogCheck::default();
        for entry in &all {
            check.take(entry).unwrap();
        }
        let found = check.end(&signed).unwrap();
        assert_eq!((found.entries, found.chains, found.signed), (12, 4, 4));
        assert_eq!(found.signed_until, Some(signed[1].0.day));
    }
    let kept: Vec<String> =
        world.anchors.all().into_iter().map(|(name, _)| name.as_str().to_owned()).collect();
    let day = |n: usize| world_day(&world, n);
    assert_eq!(
        kept,
        [
            format!("heads/installation/{}-00000", day(0)),
            format!("heads/installation/{}-00000", day(1)),
            format!("heads/{}/{}-00000", partner(), day(0)),
            format!("heads/{}/{}-00000", partner(), day(1)),
        ]
    );
    assert_eq!(key_set(&*world.signer).await.unwrap().keys.len(), 1);
}

/// The day on which the world began, and those after it.
fn world_day(world: &World, n: usize) -> jiff::civil::Date {
    let began = world.clock.now() - SignedDuration::from_hours(96 - 24 * i64::try_from(n).unwrap());
    domain::audit::ChainId::day_of(began)
}

#[tokio::test]
async fn the_end_of_an_older_log_is_signed_with_the_first_day() {
    let world = World::new(1);
    let mark = Mark { chain: None, number: 7, at: None, hash: "h".repeat(64) };
    let head = OlderAuditHead(Head { partner: Some(partner()), mark: mark.clone() });
    Records::new(world.catalog.clone(), world.clock.clone()).put_new(&head).await.unwrap();
    written(&world).await;
    world.clock.advance(SignedDuration::from_hours(48));
    tick(&world).await;
    let signed = statements(&world, Some(partner())).await;
    assert_eq!((signed.len(), signed[0].0.heads.len()), (1, 3));
    assert!(signed[0].0.heads.contains(&mark));
}

#[tokio::test]
async fn a_day_with_many_chains_is_signed_in_parts() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    for _ in 0..1_500 {
        let log = AuditLog::new(records.clone(), &*world.ids);
        log.append(None, &event("r", Outcome::Asked)).await.unwrap();
    }
    world.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(tick(&world).await.signed, 2);
    let signed = statements(&world, None).await;
    let shape: Vec<_> = signed.iter().map(|(s, _)| (s.part, s.is_last, s.heads.len())).collect();
    assert_eq!(shape, [(0, false, 1_000), (1, true, 500)]);
    let mut check = LogCheck::default();
    for entry in &entries(&world, None).await {
        check.take(entry).unwrap();
    }
    assert_eq!(check.end(&signed).unwrap().signed, 1_500);
}

#[tokio::test]
async fn wherever_the_signing_dies_the_next_tick_ends_it_and_nothing_is_signed_twice() {
    let whole = {
        let (world, plan) = (World::new(1), FaultPlan::new());
        written(&world).await;
        world.clock.advance(SignedDuration::from_hours(48));
        worker(&world, &plan).run(world.clock.now() + SignedDuration::from_mins(5)).await.unwrap();
        plan.call_count()
    };
    assert!(whole > 15, "{whole}");
    for (call, mode) in crash_points(whole) {
        let (world, plan) = (World::new(1), FaultPlan::new());
        written(&world).await;
        world.clock.advance(SignedDuration::from_hours(48));
        plan.die_at(call, mode);
        // Why whatever it says: what it has done is looked at afterwards.
        let _ = worker(&world, &plan).run(world.clock.now() + SignedDuration::from_mins(5)).await;
        world.clock.advance(SignedDuration::from_hours(1));
        tick(&world).await;
        assert_eq!(world.anchors.all().len(), 2, "{call} {mode:?}");
        for log in [Some(partner()), None] {
            let signed = statements(&world, log.clone()).await;
            assert_eq!((signed.len(), signed[0].0.is_last), (1, true), "{call} {mode:?}");
            let mut check = LogCheck::default();
            for entry in &entries(&world, log).await {
                check.take(entry).unwrap();
            }
            assert_eq!(check.end(&signed).unwrap().signed, 2, "{call} {mode:?}");
            let kept = world.anchors.all();
            assert!(kept.iter().any(|(_, text)| *text == signed[0].1), "the row is a copy of what is kept");
        }
    }
}

/// The level of signing as whoever listens has it; none while nobody told one.
#[derive(Default)]
struct Level(Arc<AtomicU64>, AtomicBool);

impl Level {
    fn take(&self) -> Option<f64> {
        let told = f64::from_bits(self.0.load(Ordering::SeqCst));
        self.1.swap(false, Ordering::SeqCst).then_some(told)
    }
}

impl Recorder for Level {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }
    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        assert_eq!(key.name(), "LogsUnsignedDays");
        self.1.store(true, Ordering::SeqCst);
        Gauge::from_arc(self.0.clone())
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Where statements are kept, which is away.
struct Away;

#[async_trait::async_trait]
impl Anchors for Away {
    async fn put_new(&self, _: &AnchorName, _: &str) -> Result<Put> {
        Err(Error::denied("the role does not allow it"))
    }
    async fn find(&self, _: &AnchorName) -> Result<Option<String>> {
        Err(Error::denied("the role does not allow it"))
    }
}

#[tokio::test]
async fn each_tick_tells_how_many_days_are_not_signed_also_when_none_can_be() {
    let (world, level) = (World::new(1), Level::default());
    let listening = metrics::set_default_local_recorder(&level);
    tick(&world).await;
    assert_eq!(level.take(), Some(0.0), "there is no log");
    written(&world).await;
    tick(&world).await;
    assert_eq!(level.take(), Some(0.0), "the day is not over");
    world.clock.advance(SignedDuration::from_hours(24 * 3));
    tick(&world).await;
    assert_eq!(level.take(), Some(0.0), "all is signed");

    for days in [1_u32, 2, 3] {
        written(&world).await;
        world.clock.advance(SignedDuration::from_hours(24));
        let worker = purge_data::Worker { anchors: Arc::new(Away), ..worker(&world, &FaultPlan::new()) };
        let report = worker.run(world.clock.now() + SignedDuration::from_mins(5)).await.unwrap();
        assert!(report.failed > 0);
        assert_eq!(level.take(), Some(f64::from(days)));
    }
    tick(&world).await;
    assert_eq!(level.take(), Some(0.0), "what was behind is signed");

    // Somebody moves the mark so that nothing is signed for a while.
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let mut mark = records.get(&AuditSignedUntil::at()).await.unwrap();
    mark.value.day = mark.value.day.checked_add(30.days()).unwrap();
    records.replace(&mark.value, mark.version).await.unwrap();
    assert_eq!(tick(&world).await.signed, 0);
    assert_eq!(level.take(), Some(30.0));
    drop(listening);
}
