use super::*;
use crate::waits::ms_between;
use async_trait::async_trait;
use domain::{Error, TenantId};
use engine::ports::{Catalog, Clock, Ids, Page, Row, RowPage, Scope, Write};
use engine::records::{LimitLeases, OwnApplication, Records};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::task::{Context, Waker};
use tokio::sync::Semaphore;

const WRITE: Cost = Cost { units: 1, requests: 1, writes: 1 };
/// How many calls of a process are under way at the same time, and how long each takes with what is read for it.
const LANES: u64 = 24;
const TAKES_MS: u64 = 300;
/// Microsoft's limit on the writes of an application in all tenants.
const OF_APPLICATION: (usize, u64) = (35_000, 300_000);

/// A process that writes to a tenant of its own.
struct Process {
    tenant: TenantId,
    throttle: Throttle,
    standing: Standing,
    begins_ms: u64,
    left: usize,
    /// When each write was sent.
    sent_ms: Vec<u64>,
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Waits {
    ForTenant,
    ForApplication,
}

fn at(ms: u64) -> Timestamp {
    after("2026-01-01T00:00:00Z".parse().unwrap(), ms)
}

/// Lets processes write so much each, from then on, as fast as Microsoft's limits let them; counts how often the row was
/// written.
fn play(each: &[(u64, usize)]) -> (Vec<Process>, u32) {
    let mut leases = LimitLeases::none(OwnApplication::Writer);
    let new = |(number, (begins_ms, left)): (usize, &(u64, usize))| Process {
        tenant: format!("00000000-0000-0000-0000-{number:012x}").parse().unwrap(),
        throttle: Throttle::new(0.9, 10),
        standing: Standing::default(),
        begins_ms: *begins_ms,
        left: *left,
        sent_ms: Vec::new(),
    };
    let mut all: Vec<Process> = each.iter().enumerate().map(new).collect();
    let mut due = BinaryHeap::new();
    for (number, process) in all.iter().enumerate() {
        due.extend((0..LANES).map(|lane| Reverse((process.begins_ms, Waits::ForTenant, number, lane))));
    }
    let mut row_writes = 0;
    while let Some(Reverse((now_ms, waits, number, lane))) = due.pop() {
        let (process, now) = (&mut all[number], at(now_ms));
        if waits == Waits::ForTenant {
            if process.left == 0 {
                if process.standing.renew_at.take().is_some() {
                    leases.give_back(&number.to_string(), now);
                    row_writes += 1;
                }
                continue;
            }
            process.left -= 1;
            let wait_ms = process.throttle.tenant_wait_ms(&process.tenant, Lane::Directory, WRITE, now, None);
            due.push(Reverse((now_ms + wait_ms, Waits::ForApplication, number, lane)));
            continue;
        }
        let is_short = process.throttle.is_short(Lane::Directory, WRITE, now);
        if process.standing.is_due(is_short, now) {
            let (parts, until) = leases.renew(&number.to_string(), is_short, now);
            row_writes += 1;
            let (standing, used) = process.standing.heard(&Ok(LeasedShare { parts, until }), is_short, now);
            process.standing = standing;
            let (parts, until) = used.expect("a lease was made");
            process.throttle.lease(parts, until);
        }
        let latest = after(now, LOOKS_EVERY_MS);
        let wait_ms = process.throttle.application_wait_ms(Lane::Directory, WRITE, now, Some(latest));
        if wait_ms > ms_between(now, latest) {
            due.push(Reverse((now_ms + LOOKS_EVERY_MS, waits, number, lane)));
            continue;
        }
        process.sent_ms.push(now_ms + wait_ms);
        due.push(Reverse((now_ms + wait_ms + TAKES_MS, Waits::ForTenant, number, lane)));
    }
    (all, row_writes)
}

/// The most writes in any window of the application's limit.
fn most_in_a_window(all: &[Process]) -> usize {
    let mut sent: Vec<u64> = all.iter().flat_map(|process| process.sent_ms.iter().copied()).collect();
    sent.sort_unstable();
    let within =
        |(first, from): (usize, &u64)| sent.partition_point(|ms| *ms < from + OF_APPLICATION.1) - first;
    sent.iter().enumerate().map(within).max().unwrap_or_default()
}

fn took_s(process: &Process) -> u64 {
    (process.sent_ms.iter().max().unwrap() - process.begins_ms) / 1_000
}

#[test]
fn a_lone_restore_writes_as_fast_as_its_tenants_limit_allows() {
    let (all, row_writes) = play(&[(0, 10_000)]);
    // 3,000 in 150 s: of 10,000 the last may go after 450 s.
    assert!(took_s(&all[0]) * 100 <= 450 * 115, "{} s", took_s(&all[0]));
    assert!(row_writes <= 30, "{row_writes} writes of the row");
}

#[test]
fn a_small_restore_asks_nobody() {
    assert_eq!(play(&[(0, 1_600)]).1, 0);
}

#[test]
fn ten_together_keep_to_the_applications_limit_and_are_served_alike() {
    let (all, row_writes) = play(&[(0, 10_000); 10]);
    let took: Vec<u64> = all.iter().map(took_s).collect();
    let (first, last) = (*took.iter().min().unwrap(), *took.iter().max().unwrap());
    assert!(most_in_a_window(&all) <= OF_APPLICATION.0, "{}", most_in_a_window(&all));
    // 35,000 in 300 s: 857 s for 100,000.
    assert!(last * 100 <= 857 * 115, "{took:?}");
    assert!(last * 10 <= first * 11, "{took:?}");
    assert!(all.iter().all(|process| process.sent_ms[0] == 0));
    assert!(row_writes <= 10 * 40, "{row_writes} writes of the row");
}

#[test]
fn who_comes_while_others_have_everything_begins_at_once_and_gets_as_much_soon() {
    let begin = |number: u64| if number < 5 { 0 } else { 100_000 + number * 700 };
    let each: Vec<(u64, usize)> = (0..10).map(|number| (begin(number), 15_000)).collect();
    let (all, _) = play(&each);
    assert!(most_in_a_window(&all) <= OF_APPLICATION.0, "{}", most_in_a_window(&all));
    assert!(all.iter().all(|process| process.sent_ms[0] == process.begins_ms));
    // Once what the others had no longer counts, all have the same: over twice as long as the limit counts.
    let between =
        |process: &Process| process.sent_ms.iter().filter(|ms| (450_000..1_056_000).contains(*ms)).count();
    let sent: Vec<usize> = all.iter().map(between).collect();
    assert!(sent.iter().max().unwrap() * 10 <= sent.iter().min().unwrap() * 11, "{sent:?}");
}

#[test]
fn a_lease_of_which_nobody_knows_whether_it_was_made_smaller_is_used_no_more() {
    let (now, renew_at) = (at(1_000), Some(at(500)));
    let stood = Standing { parts: 4_800, renew_at, ask_at: None };
    let (standing, used) = stood.heard(&Err(Error::unavailable("no answer")), true, now);
    assert_eq!((standing.parts, standing.renew_at, used), (0, None, Some((0, now))));
    assert!(!standing.is_due(true, now) && standing.is_due(true, now + AGAIN.1), "it is asked for anew");
    // What was refused before it was written leaves what there is.
    let (standing, used) = stood.heard(&Err(Error::conflict("others were faster")), true, now);
    assert_eq!((standing.parts, used), (4_800, None));
}

#[test]
fn who_has_nothing_and_needs_nothing_asks_no_more() {
    let none = Ok(LeasedShare { parts: 0, until: at(0) });
    let (standing, _) = Standing { renew_at: Some(at(0)), ..Standing::default() }.heard(&none, false, at(1));
    assert!(!standing.is_due(false, at(1_000_000)));
    let (waits, _) = Standing::default().heard(&none, true, at(1));
    assert!(waits.is_due(false, at(31_000)), "who waits for its share goes on asking");
}

/// One row, which is read and written when it is let.
struct OneRow {
    row: Mutex<Option<Row>>,
    lets: Semaphore,
}

impl OneRow {
    async fn is_let(&self) {
        self.lets.acquire().await.unwrap().forget();
    }
    fn row(&self) -> MutexGuard<'_, Option<Row>> {
        self.row.lock().unwrap()
    }
}

#[async_trait]
impl Catalog for OneRow {
    async fn find(&self, _: &Scope, _: &str, _: Timestamp) -> Result<Option<Row>> {
        self.is_let().await;
        Ok(self.row().clone())
    }
    async fn find_many(&self, _: &[(Scope, String)], _: Timestamp) -> Result<Vec<Option<Row>>> {
        panic!("not asked here")
    }
    async fn list(&self, _: &Scope, _: &str, _: Page) -> Result<RowPage> {
        panic!("not asked here")
    }
    async fn list_due(&self, _: &str, _: Timestamp, _: Page) -> Result<RowPage> {
        panic!("not asked here")
    }
    async fn write(&self, _: Timestamp, writes: Vec<Write>) -> Result<()> {
        self.is_let().await;
        let mut there = self.row();
        let version = there.as_ref().map_or(0, |row| row.version);
        for write in writes {
            let (row, over) = match write {
                Write::PutNew(_, row) => (row, 0),
                Write::Replace(_, row, over) => (row, over),
                Write::Delete(..) => panic!("nothing is deleted here"),
            };
            if over != version {
                return Err(Error::conflict("others were faster"));
            }
            *there = Some(Row { version: version + 1, ..row });
        }
        Ok(())
    }
}

struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        at(0)
    }
    async fn sleep_ms(&self, _: u64) {}
}

impl Ids for Still {
    fn ulid(&self) -> String {
        "01JAAAAAAAAAAAAAAAAAAAAAAA".to_owned()
    }
    fn token(&self) -> String {
        String::new()
    }
}

#[tokio::test]
async fn what_is_given_back_is_used_by_no_other_work_of_the_process_that_asks_at_that_moment() {
    let rows = Arc::new(OneRow { row: Mutex::default(), lets: Semaphore::new(2) });
    let records = Records::new(rows.clone(), Arc::new(Still));
    let lease = Lease::new(LimitShares::new(records, OwnApplication::Writer, &Still));
    let throttle = Throttle::new(0.9, 10);
    // The even part is used up.
    while !throttle.is_short(Lane::Directory, WRITE, at(0)) {
        throttle.application_wait_ms(Lane::Directory, WRITE, at(0), None);
    }
    let keep = || lease.keep(&throttle, (Lane::Directory, WRITE), || at(0));
    keep().await;
    assert!(lease.standing().parts > 0);
    let mut gives_back = std::pin::pin!(lease.give_back(&throttle, || at(0)));
    let mut asks = std::pin::pin!(keep());
    // It has begun to give back, and waits for the row; the other asks.
    let mut context = Context::from_waker(Waker::noop());
    assert!(gives_back.as_mut().poll(&mut context).is_pending());
    assert!(asks.as_mut().poll(&mut context).is_pending());
    rows.lets.add_permits(10);
    tokio::join!(asks, gives_back);
    let mut row: LimitLeases = serde_json::from_value(rows.row().clone().unwrap().body).unwrap();
    let has = row.renew("01JAAAAAAAAAAAAAAAAAAAAAAA", false, at(0)).0;
    assert_eq!(lease.standing().parts, has);
}
