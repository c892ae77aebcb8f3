//! How a tenant is read: side by side and then what changed, in slices, and on a Graph that cannot do it all.

use super::rig::{JoinedClock, Rig, Setting};
use async_trait::async_trait;
use backup::archive::SnapshotView;
use backup::take_snapshot::{Ports, Report, Request, Worker};
use domain::kinds::Source;
use domain::stored::Manifest;
use domain::{Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{
    Access, Clock, ConsentStanding, Cursor, Directory, DirectoryAccess, DirectoryPages, LiveObject,
    LiveObjects, PageEnd, ReadPage, Spent,
};
use engine::records::SnapshotMode;
use graph::{GraphClient, GraphDirectory, GraphSettings};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use sim::{FaultRule, Nowhere, READER_CLIENT_ID, READING};
use std::sync::{Arc, Mutex};

/// More groups than are read along a round.
fn large() -> Setting {
    Setting { users: 1_400, ..Setting::default() }
}

fn directory(rig: &Rig, clock: Arc<dyn Clock>) -> Arc<dyn Directory> {
    directory_with(rig, clock, GraphSettings::default())
}

fn directory_with(rig: &Rig, clock: Arc<dyn Clock>, settings: GraphSettings) -> Arc<dyn Directory> {
    let (graph_url, login_url) = (rig.sim.graph_url(), rig.sim.login_url());
    let settings = GraphSettings { graph_url, login_url, ..settings };
    let (secrets, ids) = (rig.world.secrets.clone(), rig.world.ids.clone());
    Arc::new(GraphDirectory::new(GraphClient::new(settings, secrets, "graph-reader", clock, ids).unwrap()))
}

fn worker(rig: &Rig, directory: Arc<dyn Directory>, clock: Arc<dyn Clock>) -> Worker {
    let world = &rig.world;
    let (vault, keys, queue) = (world.vault.clone(), world.key_ring.clone(), world.queue.clone());
    Worker::new(Ports { directory, vault, keys, records: rig.records.clone(), queue, clock })
}

/// Takes a snapshot with that directory in one go.
async fn take_with(rig: &Rig, directory: Arc<dyn Directory>) -> Manifest {
    let id = rig.ask_snapshot(rig.tenant()).await;
    let worker = worker(rig, directory, rig.clock.clone());
    let request = Request { tenant: rig.tenant().clone(), snapshot: id.clone() };
    let report = worker.run(&request, rig.clock.now() + SignedDuration::from_mins(15)).await.unwrap();
    assert_eq!(report, Report::Sealed);
    rig.manifest(rig.tenant(), &id).await.unwrap()
}

async fn whole(rig: &Rig, id: &SnapshotId) -> Manifest {
    rig.manifest(rig.tenant(), id).await.unwrap()
}

/// A clock of which each look costs time.
struct Ticking {
    inner: Arc<JoinedClock>,
    step: SignedDuration,
}

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.inner.advance(self.step);
        self.inner.now()
    }
    async fn sleep_ms(&self, ms: u64) {
        self.inner.sleep_ms(ms).await;
    }
}

/// Calls of the job of a minute each, on a clock that ticks with every look at it.
struct Slices<'a> {
    rig: &'a Rig,
    clock: Arc<dyn Clock>,
    request: Request,
}

impl<'a> Slices<'a> {
    fn new(rig: &'a Rig, id: &SnapshotId) -> Self {
        let step = SignedDuration::from_millis(1_500);
        let clock: Arc<dyn Clock> = Arc::new(Ticking { inner: rig.clock.clone(), step });
        Self { rig, clock, request: Request { tenant: rig.tenant().clone(), snapshot: id.clone() } }
    }
    /// One call; each is a process of its own. Says whether the snapshot is sealed.
    async fn next(&self) -> bool {
        let worker = worker(self.rig, directory(self.rig, self.clock.clone()), self.clock.clone());
        let deadline = self.rig.clock.now() + SignedDuration::from_secs(60);
        match worker.run(&self.request, deadline).await.unwrap() {
            Report::Continues => false,
            report => {
                assert_eq!(report, Report::Sealed);
                true
            }
        }
    }
    /// All calls that are left; how many.
    async fn rest(&self) -> u32 {
        for number in 1..200 {
            if self.next().await {
                return number;
            }
        }
        panic!("it never ends");
    }
}

/// Makes the first short call of a snapshot; what it gives back makes the others.
pub async fn hurried<'a>(rig: &'a Rig, id: &SnapshotId) -> impl Future<Output = u32> + 'a {
    let slices = Slices::new(rig, id);
    assert!(!slices.next().await, "one call is not enough");
    async move { slices.rest().await }
}

#[tokio::test]
async fn a_snapshot_that_is_cut_into_slices_of_a_minute_is_the_same_to_the_byte() {
    let uncut = Rig::with(large()).await;
    let Manifest { runs: expected, seats_in_use, .. } = whole(&uncut, &uncut.snapshot().await).await;
    let rig = Rig::with(large()).await;
    let id = rig.ask_snapshot(rig.tenant()).await;
    let slices = Slices::new(&rig, &id).rest().await;
    assert!(slices > 3, "{slices} slices");
    let Manifest { runs, seats_in_use: counted, .. } = whole(&rig, &id).await;
    assert!(counted.is_some() && counted == seats_in_use, "{counted:?} {seats_in_use:?}");
    let names = || expected.keys().chain(runs.keys());
    let differ: Vec<_> = names().filter(|name| expected.get(*name) != runs.get(*name)).collect();
    assert!(differ.is_empty(), "{differ:?}");
}

#[tokio::test]
async fn everything_is_read_with_few_requests_and_hours_later_nothing_with_fewer() {
    let rig = Rig::with(large()).await;
    let first = whole(&rig, &rig.snapshot().await).await;
    let (users, groups) = (first.runs["users"].records, first.runs["groups"].records);
    let links = first.runs["groups.members"].records + first.runs["groups.owners"].records;
    assert!(groups > 250, "{groups} groups");
    // A token, the list and what changed, for users and for groups; chunks of which the last page is not full;
    // one page of each of the other kinds.
    let chunks = groups.div_ceil(50);
    let most = 2 + users.div_ceil(999) + 2 + groups.div_ceil(999) + links.div_ceil(500) + chunks + 12;
    assert!(first.requests <= most, "{} requests, {most} at the most", first.requests);
    rig.clock.advance(SignedDuration::from_hours(3));
    let puts = rig.archive.open(rig.tenant()).await.unwrap().stored();
    let second = whole(&rig, &rig.snapshot().await).await;
    assert_eq!(second.runs, first.runs);
    assert!(second.requests <= 16, "{} requests", second.requests);
    assert_eq!((second.stored_blobs, puts.0), (0, 0), "nothing happened, nothing is stored");
}

#[tokio::test]
async fn a_graph_that_gives_no_token_or_takes_no_ids_is_read_along_its_rounds() {
    let usual = Rig::with(large()).await;
    let expected = whole(&usual, &usual.snapshot().await).await.runs;
    for refused in ["deltatoken=latest", "filter=id"] {
        let rig = Rig::with(large()).await;
        rig.control.fail_next(FaultRule {
            path_contains: refused.to_owned(),
            status: 400,
            times: 1_000,
            ..FaultRule::default()
        });
        let manifest = whole(&rig, &rig.snapshot().await).await;
        assert_eq!(manifest.missing, vec![], "{refused}");
        assert_eq!(manifest.runs, expected, "{refused}");
    }
}

#[tokio::test]
async fn a_facet_that_is_refused_though_it_is_permitted_costs_the_facet_and_not_the_users() {
    let rig = Rig::new().await;
    rig.control.fail_next(FaultRule {
        path_contains: "customSecurityAttributes".to_owned(),
        status: 403,
        body: json!({"error": {"code": "Authorization_RequestDenied", "message": "No."}}).to_string(),
        times: 1_000,
        ..FaultRule::default()
    });
    let manifest = whole(&rig, &rig.snapshot().await).await;
    assert!(manifest.runs["users"].records >= 12);
    let missing: Vec<_> = manifest.missing.iter().map(|m| (m.source.as_str(), m.cause.name())).collect();
    assert_eq!(missing, [("users.customSecurityAttributes", "denied")]);
}

#[tokio::test]
async fn a_property_that_this_graph_does_not_know_is_told_and_not_stored_as_empty() {
    let rig = Rig::new().await;
    rig.control.fail_next(FaultRule {
        path_contains: "faxNumber".to_owned(),
        status: 400,
        body: json!({"error": {"code": "BadRequest",
            "message": "Could not find a property named 'faxNumber' on type 'microsoft.graph.user'."}})
        .to_string(),
        times: 1_000,
        ..FaultRule::default()
    });
    let id = rig.snapshot().await;
    let manifest = whole(&rig, &id).await;
    let missing: Vec<_> = manifest.missing.iter().map(|m| (m.source.as_str(), m.cause.name())).collect();
    assert_eq!(missing, [("users.faxNumber", "unknown")]);
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, &id).await.unwrap();
    let users = domain::kinds::get("users").unwrap();
    let (hits, _) = view.list_objects(users, None, 100).await.unwrap();
    for hit in hits {
        let user = view.find_object(users, &hit.key).await.unwrap().unwrap();
        assert!(!user.contains_key("faxNumber") && user.contains_key("city"));
    }
}

#[tokio::test]
async fn other_permissions_cost_a_whole_reading() {
    let rig = Rig::new().await;
    rig.snapshot().await;
    rig.clock.advance(SignedDuration::from_hours(1));
    let second = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &second).await.mode, Some(SnapshotMode::Incremental));
    let fewer = READING.iter().filter(|p| **p != "Member.Read.Hidden").map(ToString::to_string).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, fewer);
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.restart();
    let third = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &third).await.mode, Some(SnapshotMode::Full));
}

/// A directory in which something happens after the first page of the users' list was given.
struct Eventful {
    inner: Arc<dyn Directory>,
    happening: Mutex<Option<tokio::sync::oneshot::Sender<tokio::sync::oneshot::Sender<()>>>>,
    at_once: usize,
}

impl Directory for Eventful {}

#[async_trait]
impl DirectoryAccess for Eventful {
    async fn access(&self, tenant: &TenantId) -> Result<Access> {
        self.inner.access(tenant).await
    }
    async fn standing(&self, tenant: &TenantId, user: &str) -> Result<ConsentStanding> {
        self.inner.standing(tenant, user).await
    }
    async fn organisation(&self, tenant: &TenantId) -> Result<Map<String, Value>> {
        self.inner.organisation(tenant).await
    }
}

#[async_trait]
impl DirectoryPages for Eventful {
    fn concurrency(&self, _tenant: &TenantId) -> usize {
        self.at_once
    }
    async fn read_page(
        &self,
        tenant: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        also: &[&str],
    ) -> Result<ReadPage> {
        let page = self.inner.read_page(tenant, source, cursor, also).await?;
        let is_list_of_users = source.name == "users" && *cursor == Cursor::Listed;
        let happening = if is_list_of_users { self.happening.lock().unwrap().take() } else { None };
        if let Some(happening) = happening {
            assert!(matches!(page.end, PageEnd::More(_)), "the list has more than one page");
            let (done, wait) = tokio::sync::oneshot::channel();
            happening.send(done).unwrap();
            wait.await.unwrap();
        }
        Ok(page)
    }
    fn take_spent(&self, tenant: &TenantId) -> Spent {
        self.inner.take_spent(tenant)
    }
}

#[async_trait]
impl LiveObjects for Eventful {
    async fn find_live(
        &self,
        tenant: &TenantId,
        kind: &'static domain::kinds::Kind,
        key: &str,
        links: &[&'static domain::kinds::LinkType],
    ) -> Result<Option<LiveObject>> {
        self.inner.find_live(tenant, kind, key, links).await
    }
    async fn is_in_recycle_bin(
        &self,
        tenant: &TenantId,
        kind: &'static domain::kinds::Kind,
        id: &str,
    ) -> Result<bool> {
        self.inner.is_in_recycle_bin(tenant, kind, id).await
    }
    async fn find_by_property(
        &self,
        tenant: &TenantId,
        kind: &'static domain::kinds::Kind,
        property: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>> {
        self.inner.find_by_property(tenant, kind, property, value).await
    }
}

#[tokio::test]
async fn what_happens_while_everything_is_read_is_in_the_snapshot() {
    let rig = Rig::with(large()).await;
    let admin = rig.admin(rig.tenant()).await;
    let leaver = admin.create_user("Leaver", "gone before the end").await;
    let mover = admin.create_user("Mover", "old title").await;
    let team = admin.create_group("Team of the moment").await;
    admin.link(&format!("groups/{team}/members/$ref"), &leaver).await;
    let (happening, begun) = tokio::sync::oneshot::channel();
    let inner = directory(&rig, rig.clock.clone());
    let eventful = Arc::new(Eventful { inner, happening: Mutex::new(Some(happening)), at_once: 16 });
    let story = async {
        let done = begun.await.unwrap();
        admin.delete(&format!("users/{leaver}")).await;
        admin.patch(&format!("users/{mover}"), &json!({"jobTitle": "new title"})).await;
        let joiner = admin.create_user("Joiner", "came in between").await;
        admin.link(&format!("groups/{team}/members/$ref"), &joiner).await;
        done.send(()).unwrap();
        joiner
    };
    let (manifest, joiner) = tokio::join!(take_with(&rig, eventful), story);
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let view = SnapshotView::open(&archive, &manifest.snapshot).await.unwrap();
    let users = domain::kinds::get("users").unwrap();
    assert_eq!(view.find_object(users, &leaver).await.unwrap(), None);
    assert_eq!(view.find_object(users, &mover).await.unwrap().unwrap()["jobTitle"], "new title");
    assert_eq!(view.find_object(users, &joiner).await.unwrap().unwrap()["jobTitle"], "came in between");
    let members = view.list_links(domain::kinds::link("groups.members").unwrap(), &team).await.unwrap();
    assert!(members.iter().any(|(to, _)| *to == joiner), "{members:?}");
    let live = rig.dump();
    assert_eq!(manifest.runs["users"].records, live["users"].as_object().unwrap().len() as u64);
}

/// Microsoft's limits at one two-hundredth, and a client that keeps to nine tenths of them. One call at a time,
/// since whoever waits moves the time.
const SMALL: f64 = 1.0 / 200.0;

fn paced(rig: &Rig) -> Arc<dyn Directory> {
    rig.control.set_limits(sim::Limits::default().scaled(SMALL));
    let settings = GraphSettings { tenant_permille: 4, ..GraphSettings::default() };
    directory_with(rig, rig.clock.clone(), settings)
}

#[tokio::test]
async fn a_paced_reading_is_never_refused_and_finds_the_same() {
    let free = Rig::with(large()).await;
    let expected = whole(&free, &free.snapshot().await).await.runs;
    let rig = Rig::with(large()).await;
    let before = rig.clock.now();
    let directory = Eventful { inner: paced(&rig), happening: Mutex::default(), at_once: 1 };
    let manifest = take_with(&rig, Arc::new(directory)).await;
    assert_eq!((manifest.throttled, rig.control.throttled(rig.tenant().as_str())), (0, 0));
    assert!(rig.clock.now().duration_since(before).as_secs() >= 10, "the limits were never met");
    assert_eq!(manifest.runs, expected);
}

#[tokio::test]
async fn limits_that_are_halved_meanwhile_cost_time_and_hardly_a_refusal() {
    let free = Rig::with(large()).await;
    let expected = whole(&free, &free.snapshot().await).await.runs;
    let rig = Rig::with(large()).await;
    let (happening, begun) = tokio::sync::oneshot::channel();
    let directory = Eventful { inner: paced(&rig), happening: Mutex::new(Some(happening)), at_once: 1 };
    let halve = async {
        let done = begun.await.unwrap();
        rig.control.set_limits(sim::Limits::default().scaled(SMALL / 2.0));
        done.send(()).unwrap();
    };
    let (manifest, ()) = tokio::join!(take_with(&rig, Arc::new(directory)), halve);
    assert_eq!(manifest.runs, expected);
    let refused = manifest.throttled;
    assert!(refused * 25 <= manifest.requests, "{refused} of {} refused", manifest.requests);
}

/// A round of which the pages never end costs its kind, in the first snapshot and in a later one; calls are few.
#[tokio::test]
async fn pages_that_lead_nowhere_cost_their_kind_and_all_else_is_sealed() {
    for (how, most) in [(Nowhere::Ring, 80), (Nowhere::EverNew, 5_100)] {
        let rig = Rig::with(Setting { users: 100, ..Setting::default() }).await;
        let first = whole(&rig, &rig.snapshot().await).await;
        assert!(first.runs.contains_key("groups"));
        rig.clock.advance(SignedDuration::from_hours(1));
        rig.control.switch(|switches| switches.rounds_lead_nowhere = Some(("groups/delta", how)));
        let second = whole(&rig, &rig.snapshot().await).await;
        let missing: Vec<_> = second.missing.iter().map(|m| (m.source.as_str(), m.cause.name())).collect();
        assert_eq!(missing, [("groups", "endless")], "{how:?}");
        assert!(second.runs.contains_key("users") && !second.runs.contains_key("groups"));
        assert!(second.requests <= most, "{how:?}: {} requests", second.requests);
        rig.control.switch(|switches| switches.rounds_lead_nowhere = None);
        rig.clock.advance(SignedDuration::from_hours(1));
        let third = whole(&rig, &rig.snapshot().await).await;
        assert_eq!(third.runs["groups"].records, first.runs["groups"].records);
    }
}
