//! Processes that share the limits of one application by a row, at the same moment and where that row fails them.

use async_trait::async_trait;
use domain::{ErrorKind, Result, Timestamp};
use engine::limit_shares::LimitShares;
use engine::ports::{Catalog, Ids, Page, Row, RowPage, Scope, Write};
use engine::records::{OwnApplication, PARTS_LEASED, Records};
use futures::future::join_all;
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::faulty::{FaultPlan, Faulty, Mode, crash_points};
use support::memory::World;
use tokio::task::yield_now;

const OF: OwnApplication = OwnApplication::Writer;

/// A catalog whose calls take turns in an order of chance: between a process's reading of the row and its writing others come.
struct Shuffled {
    inner: Arc<dyn Catalog>,
    chance: AtomicU64,
}

impl Shuffled {
    async fn let_others(&self) {
        let next = |chance: u64| Some(chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        let chance = self.chance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or_default();
        for _ in 0..chance >> 62 {
            yield_now().await;
        }
    }
}

#[async_trait]
impl Catalog for Shuffled {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        self.let_others().await;
        self.inner.find(scope, key, now).await
    }
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        self.inner.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        self.inner.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        self.inner.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        self.let_others().await;
        self.inner.write(now, writes).await
    }
}

fn share_of(world: &World, catalog: Arc<dyn Catalog>) -> LimitShares {
    let ids: &dyn Ids = &*world.ids;
    LimitShares::new(Records::new(catalog, world.clock.clone()), OF, ids)
}

#[tokio::test]
async fn ten_that_ask_at_the_same_moment_never_have_more_together_than_there_is_and_each_the_same() {
    for seed in 1..=50 {
        let world = World::new(seed);
        let inner: Arc<dyn Catalog> = world.catalog.clone();
        let catalog = Arc::new(Shuffled { inner, chance: AtomicU64::new(seed << 40) });
        let ten: Vec<_> = (0..10).map(|_| share_of(&world, catalog.clone())).collect();
        let mut parts = vec![0; ten.len()];
        for _ in 0..12 {
            let asked = join_all(ten.iter().map(|one| one.renew(true))).await;
            for (own, answer) in parts.iter_mut().zip(asked) {
                // Whoever lost the row to the others each time has what it had, and asks again.
                if let Ok(leased) = answer {
                    *own = leased.parts;
                }
            }
            assert!(parts.iter().sum::<u32>() <= PARTS_LEASED, "seed {seed}: {parts:?}");
            world.clock.advance(SignedDuration::from_secs(2));
        }
        assert_eq!(parts, [PARTS_LEASED / 10; 10], "seed {seed}");
    }
}

#[tokio::test]
async fn wherever_the_row_fails_a_process_others_do_not_get_what_it_may_have() {
    let calls = {
        let (world, plan) = (World::new(1), FaultPlan::new());
        let share = share_of(&world, Faulty::new(world.catalog.clone(), &plan));
        lease_and_give_back(&world, &share).await;
        plan.call_count()
    };
    assert!(calls >= 20, "{calls}");
    for (call, mode) in crash_points(calls) {
        let (world, plan) = (World::new(1), FaultPlan::new());
        let share = share_of(&world, Faulty::new(world.catalog.clone(), &plan));
        plan.die_at(call, mode);
        let most = lease_and_give_back(&world, &share).await;
        let other = share_of(&world, world.catalog.clone());
        let mut got = 0;
        for _ in 0..40 {
            got = other.renew(true).await.unwrap().parts;
        }
        assert!(got + most <= PARTS_LEASED, "call {call}, {mode:?}: {got} beside {most}");
        // What died has all the same no lease for ever.
        for _ in 0..8 {
            world.clock.advance(SignedDuration::from_secs(60));
            got = other.renew(false).await.unwrap().parts;
        }
        for _ in 0..40 {
            got = other.renew(true).await.unwrap().parts;
        }
        assert_eq!(got, PARTS_LEASED, "call {call}, {mode:?}");
    }
}

/// Leases more and more, and gives it back; tells the most that was leased at a time.
async fn lease_and_give_back(world: &World, share: &LimitShares) -> u32 {
    let mut most = 0;
    for _ in 0..10 {
        most = share.renew(true).await.map_or(most, |leased| leased.parts.max(most));
        world.clock.advance(SignedDuration::from_secs(1));
    }
    drop(share.give_back().await);
    most
}

#[tokio::test]
async fn a_lease_costs_one_write_for_each_renewal_and_giving_back_nothing_costs_none() {
    let (world, plan) = (World::new(1), FaultPlan::new());
    let share = share_of(&world, Faulty::new(world.catalog.clone(), &plan));
    share.give_back().await.unwrap();
    assert_eq!(plan.take_log().count("catalog", "write"), 0);
    for _ in 0..3 {
        share.renew(true).await.unwrap();
    }
    share.give_back().await.unwrap();
    assert_eq!(plan.take_log().count("catalog", "write"), 4);
}

#[tokio::test]
async fn who_cannot_reach_the_row_is_told_so() {
    let (world, plan) = (World::new(1), FaultPlan::new());
    let share = share_of(&world, Faulty::new(world.catalog.clone(), &plan));
    plan.fail_at(0, Mode::Before);
    assert_eq!(share.renew(true).await.unwrap_err().kind(), ErrorKind::Unavailable);
}
