//! How much work may be open, and what the tick does with much work of one tenant.

use crate::asking::{BEFORE, ask, customer, diffs, office, waits};
use async_trait::async_trait;
use backup::commands::diffs::{Diffs, NewComparison};
use backup::commands::slots::{MOST_A_DAY, MOST_OPEN, MOST_OPEN_OF_ONE};
use backup::commands::snapshots::Snapshots;
use backup::schedule_snapshots::{self, Report};
use domain::{DiffId, ErrorKind, Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{Catalog, Page, Row, RowPage, Scope, Write};
use engine::records::{Diff, JobState, Notice, Reason, Record, Records, Side, Snapshot};
use jiff::SignedDuration;
use std::sync::Arc;
use support::builders::queued_comparison;
use support::faulty::{FaultPlan, Faulty, Mode};
use support::office::{Office, tenant};

async fn end(office: &Office, id: &DiffId) {
    let mut row = office.records().get(&Diff::at(&tenant(), id)).await.unwrap();
    row.value.state = JobState::Done;
    office.records().replace(&row.value, row.version).await.unwrap();
}

#[tokio::test]
async fn the_sixth_open_comparison_of_a_tenant_is_refused_and_asked_for_again_when_one_is_done() {
    let office = office().await;
    let mut asked = Vec::new();
    for n in 0..MOST_OPEN {
        asked.push(ask(&office, &*format!("per_{}", n % 2)).await.unwrap());
    }
    let sent = office.world.queue.sent().len();
    let refused = ask(&office, "per_3").await.unwrap_err();
    assert_eq!((waits(&refused), office.world.queue.sent().len()), (30_000, sent));
    assert!(refused.to_string().contains("5 comparisons of this tenant are under way"), "{refused}");
    end(&office, &asked[2].id).await;
    ask(&office, "per_3").await.unwrap();
    assert!(ask(&office, "per_3").await.is_err(), "and there are five again");
}

#[tokio::test]
async fn one_person_has_three_of_them_at_once() {
    let office = office().await;
    for _ in 0..MOST_OPEN_OF_ONE {
        ask(&office, "per_1").await.unwrap();
    }
    let refused = ask(&office, "per_1").await.unwrap_err();
    assert_eq!(waits(&refused), 30_000);
    assert!(refused.to_string().contains("that you asked for"), "{refused}");
    ask(&office, "per_2").await.unwrap();
}

/// The catalog, which lets others go first before each call: those who ask at one moment really meet.
struct Meeting(Arc<dyn Catalog>);

#[async_trait]
impl Catalog for Meeting {
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

#[tokio::test]
async fn the_fifty_first_snapshot_of_a_day_by_its_own_people_is_refused() {
    let office = office().await;
    let snapshots = Snapshots {
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    };
    let sealed = async |id: &SnapshotId| {
        let mut row = office.records().get(&Snapshot::at(&tenant(), id)).await.unwrap();
        row.value.state = JobState::Done;
        office.records().replace(&row.value, row.version).await.unwrap();
    };
    for n in 0..MOST_A_DAY {
        let asker = customer(&format!("hft_{}", n % 7));
        let id = snapshots.ask(&tenant(), &asker).await.unwrap();
        let open = snapshots.ask(&tenant(), &asker).await.unwrap_err();
        assert_eq!(open.kind(), ErrorKind::Conflict, "there is one at a time, and this one is not counted");
        sealed(&id).await;
    }
    let sent = office.world.queue.sent().len();
    let refused = snapshots.ask(&tenant(), &customer("hft_9")).await.unwrap_err();
    let ErrorKind::Throttled { retry_after_ms: Some(wait) } = refused.kind() else { panic!("{refused:?}") };
    assert_eq!(wait, 6 * 3_600_000, "it is six in the evening");
    assert_eq!(office.world.queue.sent().len(), sent);
    sealed(&snapshots.ask(&tenant(), &"per_1".into()).await.unwrap()).await;
    sealed(&snapshots.start(&tenant(), Reason::Schedule).await.unwrap()).await;
    office.world.clock.advance(SignedDuration::from_hours(6));
    snapshots.ask(&tenant(), &customer("hft_9")).await.unwrap();
}

#[tokio::test]
async fn a_snapshot_that_could_not_be_written_down_is_told_and_not_tried_again() {
    let started = async |fails_at: Option<u64>| {
        let (office, plan) = (office().await, FaultPlan::new());
        let catalog = Faulty::new(office.world.catalog.clone(), &plan);
        let records = Records::new(catalog, office.world.clock.clone());
        if let Some(call) = fails_at {
            plan.fail_at(call, Mode::Before);
        }
        let (queue, clock, ids) = (office.queue(), office.clock(), office.ids());
        let started = Snapshots { records, queue, clock, ids }.start(&tenant(), Reason::Person).await;
        (started.map_err(|e| e.kind()), plan.take_log())
    };
    let (done, log) = started(None).await;
    done.unwrap();
    let write = log.calls().iter().position(|call| call.method == "write").unwrap();
    let (failed, log) = started(Some(write as u64)).await;
    assert_eq!((failed.unwrap_err(), log.count("catalog", "write")), (ErrorKind::Unavailable, 1));
}

#[tokio::test]
async fn of_many_who_ask_at_the_same_moment_five_get_one() {
    let office = office().await;
    let meeting = Arc::new(Meeting(office.catalog()));
    let diffs = Diffs { records: Records::new(meeting, office.clock()), ..diffs(&office) };
    let asked = (0..20).map(|n| {
        let (diffs, name) = (&diffs, format!("per_{n}"));
        let new = NewComparison::of_everything(BEFORE.parse().unwrap(), Side::Live);
        async move { diffs.start(&tenant(), &*name, new).await }
    });
    let answers = futures::future::join_all(asked).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(taken.len(), MOST_OPEN);
    assert!(
        refused.into_iter().all(|refused| waits(&refused.unwrap_err()) > 0),
        "each is told when to ask again"
    );
    let rows = office.records().list_all(&Diff::all(&tenant())).await.unwrap();
    assert_eq!(rows.len(), MOST_OPEN, "and of the others there is no row");
}

#[tokio::test]
async fn end_customers_ask_so_often_in_a_day_and_their_partner_as_often_as_it_needs() {
    let office = office().await;
    for n in 0..MOST_A_DAY {
        let asked = ask(&office, customer(&format!("hft_{}", n % 7))).await.unwrap();
        end(&office, &asked.id).await;
    }
    let refused = ask(&office, customer("hft_9")).await.unwrap_err();
    assert_eq!(waits(&refused), 6 * 3_600_000, "it is six in the evening");
    ask(&office, "per_1").await.unwrap();
    office.world.clock.advance(SignedDuration::from_hours(6));
    ask(&office, customer("hft_9")).await.unwrap();
}

fn scheduler(office: &Office) -> schedule_snapshots::Worker {
    schedule_snapshots::Worker {
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    }
}

async fn tick(office: &Office) -> Report {
    scheduler(office).run(office.deadline()).await.unwrap()
}

/// Comparisons that were asked for before open work was bounded, and that nobody works on.
async fn with_stuck(office: &Office, of: &TenantId, from: u32, count: u32) {
    let now = office.clock().now();
    for n in from..from + count {
        let row = Diff {
            touched_at: now + SignedDuration::from_millis(i64::from(n)),
            ..queued_comparison(
                of,
                DiffId::from_ulid(&format!("01J{n:023}")),
                SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
                Side::Live,
                now,
            )
        };
        office.records().put_new(&row).await.unwrap();
    }
}

fn sent_of(office: &Office, of: &TenantId) -> Vec<String> {
    let sent = office.world.queue.sent().into_iter().filter(|m| m.group == of.as_str());
    sent.map(|m| m.deduplication_id).filter(|id| id.starts_with("diff-snapshots")).collect()
}

/// How many notices say that a comparison failed.
async fn told(office: &Office) -> usize {
    let notices = office.records().list_all(&Notice::all(&tenant())).await.unwrap();
    notices.iter().filter(|notice| notice.value.title == "A comparison failed").count()
}

#[tokio::test]
async fn of_a_thousand_stuck_comparisons_of_one_tenant_one_is_sent_again_and_another_tenants_too() {
    let office = office().await;
    let other: TenantId = "b1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    with_stuck(&office, &tenant(), 0, 1_000).await;
    with_stuck(&office, &other, 5_000, 2).await;
    office.world.clock.advance(SignedDuration::from_mins(21));
    tick(&office).await;
    assert_eq!((sent_of(&office, &tenant()).len(), sent_of(&office, &other).len()), (1, 1));
    for _ in 0..19 {
        office.world.clock.advance(SignedDuration::from_mins(1));
        tick(&office).await;
    }
    assert_eq!(
        sent_of(&office, &tenant()).len(),
        1,
        "its message is under way, and the others wait behind it"
    );
    office.world.clock.advance(SignedDuration::from_mins(1));
    tick(&office).await;
    assert_eq!(sent_of(&office, &tenant()).len(), 2);
}

#[tokio::test]
async fn a_comparison_that_waits_behind_one_that_is_worked_on_is_not_sent_again() {
    let office = office().await;
    let first = ask(&office, "per_1").await.unwrap();
    let second = ask(&office, "per_1").await.unwrap();
    for _ in 0..6 {
        office.world.clock.advance(SignedDuration::from_mins(15));
        let mut row = office.records().get(&first.address()).await.unwrap();
        row.value.state = JobState::Running;
        row.value.touched_at = office.clock().now();
        office.records().replace(&row.value, row.version).await.unwrap();
        tick(&office).await;
        assert_eq!(sent_of(&office, &tenant()).len(), 2);
    }
    end(&office, &first.id).await;
    tick(&office).await;
    let sent = sent_of(&office, &tenant());
    // Nothing is under way any more, so its message was lost.
    assert!(sent.len() == 3 && sent[2].contains(second.id.as_str()), "{sent:?}");
}

#[tokio::test]
async fn a_thousand_that_are_lost_are_given_up_together_and_people_are_told_once() {
    let office = office().await;
    with_stuck(&office, &tenant(), 0, 1_000).await;
    for _ in 0..14 {
        office.world.clock.advance(SignedDuration::from_mins(21));
        tick(&office).await;
    }
    assert!(sent_of(&office, &tenant()).len() <= 12, "{}", sent_of(&office, &tenant()).len());
    assert_eq!(told(&office).await, 1);
    let open = office.records().list_all(&Diff::all(&tenant())).await.unwrap();
    assert!(open.iter().all(|row| row.value.state == JobState::Failed));

    // A day later it is news again.
    office.world.clock.advance(SignedDuration::from_hours(24));
    with_stuck(&office, &tenant(), 2_000, 3).await;
    for _ in 0..30 {
        office.world.clock.advance(SignedDuration::from_mins(21));
        tick(&office).await;
    }
    assert_eq!(told(&office).await, 2);
}
