//! Who runs, approves and stops at the same moment: in whichever order their calls meet, what is executed was approved, once.

use super::approved::{ANN, BOB, Scene, signed_in};
use async_trait::async_trait;
use domain::organisations::ApprovalRule;
use domain::{ErrorKind, RestoreId, Result, Timestamp};
use engine::ports::{Catalog, Page, Row, RowPage, Scope, Write};
use engine::records::{Restore, RestoreState};
use restore::commands::approvals::Approver;
use restore::commands::restores::Restores;
use std::sync::Arc;

/// The catalog, which lets others go first so many times before each call.
struct Slow(Arc<dyn Catalog>, usize);

impl Slow {
    async fn let_others(&self) {
        for _ in 0..self.1 {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Catalog for Slow {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        self.let_others().await;
        self.0.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        self.let_others().await;
        self.0.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        self.let_others().await;
        self.0.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        self.0.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        self.let_others().await;
        self.0.write(now, writes).await
    }
}

/// How slow each of two who meet is: enough for each call of the one to fall between any two of the other.
fn paces() -> impl Iterator<Item = (usize, usize)> {
    (0..7).flat_map(|one| (0..7).map(move |other| (one, other)))
}

fn slow(scene: &Scene, pace: usize) -> Restores {
    let catalog = Arc::new(Slow(scene.stage.world.catalog.clone(), pace));
    Restores { records: scene.stage.records(catalog), ..scene.stage.commands() }
}

async fn run(scene: &Scene, pace: usize, id: &RestoreId) -> Result<Restore> {
    slow(scene, pace).run(&scene.stage.tenant, signed_in(ANN), ApprovalRule::Always, id).await
}

async fn approve(scene: &Scene, pace: usize, id: &RestoreId) -> Result<Restore> {
    let approver = Approver::of(BOB.parse().ok().as_ref()).unwrap();
    slow(scene, pace).approve(&scene.stage.tenant, &approver, id).await
}

#[tokio::test]
async fn who_runs_and_who_approves_at_one_moment_are_both_heard_and_it_is_executed_once() {
    for (one, other) in paces() {
        let scene = Scene::new();
        let id = scene.previewed(signed_in(ANN)).await;
        let (ran, approved) = tokio::join!(run(&scene, one, &id), approve(&scene, other, &id));
        ran.unwrap();
        approved.unwrap();
        let row = scene.stage.restore(&id).await;
        let who = (row.run_by.as_deref(), row.approved_by.as_deref(), row.approved_by_second);
        assert_eq!((row.state, who), (RestoreState::Queued, (Some(ANN), Some(BOB), true)), "{one} {other}");
        // The messages of those who ran and of who approved, and one that comes twice.
        for _ in 0..3 {
            assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done);
        }
        assert_eq!((scene.stage.directory.write_count(), scene.told()), (1, 0), "{one} {other}");
    }
}

#[tokio::test]
async fn what_is_stopped_while_somebody_approves_it_is_never_executed() {
    for (one, other) in paces() {
        let scene = Scene::new();
        let id = scene.previewed(signed_in(ANN)).await;
        scene.run(signed_in(ANN), ApprovalRule::Always, &id).await.unwrap();
        let commands = slow(&scene, one);
        let (stopped, approved) =
            tokio::join!(commands.cancel(&scene.stage.tenant, ANN, &id), approve(&scene, other, &id));
        stopped.unwrap();
        match approved {
            Ok(row) => assert_eq!(row.state, RestoreState::Queued),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict),
        }
        let row = scene.worked_on(&id).await;
        assert_eq!(
            (row.state, scene.stage.directory.write_count()),
            (RestoreState::Cancelled, 0),
            "{one} {other}"
        );
    }
}

#[tokio::test]
async fn of_two_that_may_begin_by_one_approval_one_begins() {
    for (one, other) in paces() {
        for is_own in [false, true] {
            let scene = Scene::new();
            let first = scene.previewed(signed_in(ANN)).await;
            scene.approve(BOB, &first).await.unwrap();
            let again = scene.again(signed_in(ANN), &first).await;
            let beside = if is_own { first } else { scene.again(signed_in(ANN), &first).await };
            let (left, right) = tokio::join!(run(&scene, one, &again), run(&scene, other, &beside));
            let waiting = [left.unwrap(), right.unwrap()].map(|row| row.waits_for_approval());
            assert_eq!(waiting.iter().filter(|waits| **waits).count(), 1, "{one} {other}, its own: {is_own}");
            for id in [&again, &beside] {
                scene.worked_on(id).await;
            }
            assert_eq!(scene.stage.directory.write_count(), 1, "{one} {other}, its own: {is_own}");
        }
    }
}
