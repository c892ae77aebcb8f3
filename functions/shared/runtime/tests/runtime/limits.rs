//! A caller's limit over many instances, each of which knows only what it let through and one row.

use axum::Router;
use axum::body::Body;
use domain::rights::Role;
use engine::records::Records;
use http::Request;
use lambda_http::RequestExt;
use partners::commands::{Caller, Member};
use runtime::http::{
    Notes, RateLimit, Route, Weights, authorizer_context, gateway_context, rate_limited, router_of, service,
    weights_of,
};
use runtime::problem::Reply;
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty, Mode};
use support::memory::{ManualClock, World};
use tower::ServiceExt;

const LIMIT: RateLimit = RateLimit { per_minute: 600, burst: 100 };

/// Instances over one table.
struct Fleet {
    world: World,
    faults: Arc<FaultPlan>,
    routers: Vec<Router>,
}

fn routes<N: Notes>(clock: &Arc<ManualClock>) -> Vec<Route<(), N>> {
    let clock = clock.clone();
    let slow = move || {
        let clock = clock.clone();
        async move {
            clock.advance_ms(3_000);
            Reply::Ok("slow")
        }
    };
    vec![
        Route::get("/light", "light", || async { "light" }),
        Route::get("/heavy", "heavy", || async { "heavy" }).weighs(20),
        Route::get("/slow", "slow", slow),
    ]
}

impl Fleet {
    fn of(instances: usize) -> Self {
        Self::with(instances, LIMIT)
    }

    fn with(instances: usize, limit: RateLimit) -> Self {
        let (world, faults) = (World::new(1), FaultPlan::new());
        let catalog = Faulty::new(world.catalog.clone(), &faults);
        let records = Records::new(catalog, world.clock.clone());
        let made = |_| {
            let weights: Weights = weights_of(routes(&world.clock));
            let router = router_of(routes(&world.clock));
            service(rate_limited(router, limit, records.clone(), weights))
        };
        let routers = (0..instances).map(made).collect();
        Self { world, faults, routers }
    }

    async fn ask(&self, instance: usize, who: &str, path: &str) -> u16 {
        let caller = Caller::Member(Member::of_token(
            "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
            Role::Owner,
            None,
            who,
        ));
        let context = gateway_context("r-1", "$default", Some(authorizer_context(&caller)));
        let request = Request::get(path).body(Body::empty()).unwrap().with_request_context(context);
        self.routers[instance].clone().oneshot(request).await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn fifty_instances_keep_one_limit_together_and_another_caller_has_its_own() {
    let fleet = Fleet::of(50);
    let (mut answered, mut first_refused) = (0, None);
    for step in 0..600_u64 {
        for instance in 0..50 {
            match fleet.ask(instance, "one", "/light").await {
                200 => answered += 1,
                status => {
                    assert_eq!(status, 429);
                    first_refused.get_or_insert(step * 100);
                }
            }
        }
        fleet.world.clock.advance_ms(100);
    }
    assert!(first_refused.unwrap() <= 2_000, "refused after {first_refused:?} ms");
    // The burst, what comes back in a minute, and what each may let through before it settles.
    assert!((600..=100 + 600 + 50 * 5).contains(&answered), "{answered} of 30,000");
    for instance in 0..50 {
        assert_eq!(fleet.ask(instance, "two", "/light").await, 200);
    }
}

#[tokio::test]
async fn whoever_asks_little_costs_no_call_and_whoever_asks_much_one_write_for_a_block() {
    let fleet = Fleet::of(1);
    for _ in 0..4 {
        assert_eq!(fleet.ask(0, "one", "/light").await, 200);
    }
    assert_eq!(fleet.faults.call_count(), 0);
    for _ in 4..100 {
        assert_eq!(fleet.ask(0, "one", "/light").await, 200);
    }
    assert_eq!(fleet.faults.take_log().len(), 2 * 100 / 5, "a read and a write for every five");
    for _ in 0..1_000 {
        assert_eq!(fleet.ask(0, "one", "/light").await, 429);
    }
    assert!(fleet.faults.take_log().len() <= 2, "whoever is refused costs a look a second");
}

#[tokio::test]
async fn what_weighs_much_is_taken_before_and_what_was_not_needed_is_given_back() {
    let fleet = Fleet::of(10);
    let mut answered = 0;
    while fleet.ask(answered % 10, "one", "/heavy").await == 200 {
        answered += 1;
    }
    assert!((80..=100).contains(&answered), "{answered} that took no time");
}

#[tokio::test]
async fn a_request_is_counted_by_its_time() {
    let answered = async |per_minute, instances| {
        let fleet = Fleet::with(instances, RateLimit { per_minute, burst: 100 });
        let mut answered = 0;
        while answered < 40 && fleet.ask(answered % instances, "one", "/slow").await == 200 {
            answered += 1;
        }
        answered
    };
    // Three seconds are thirty units; meanwhile thirty come back, or three.
    assert_eq!(answered(600, 10).await, 40, "one instance that is always busy is what a caller may have");
    assert!((4..=5).contains(&answered(60, 1).await));
    // Each instance that sees the caller for the first time lets it through once more.
    assert!((4..=4 + 10).contains(&answered(60, 10).await));
}

#[tokio::test]
async fn where_the_row_cannot_be_reached_each_instance_keeps_the_limit_by_itself() {
    let fleet = Fleet::of(2);
    fleet.faults.die_at(0, Mode::Before);
    for instance in 0..2 {
        let mut answered = 0;
        while fleet.ask(instance, "one", "/light").await == 200 {
            answered += 1;
        }
        assert_eq!(answered, 100, "nobody is locked out, and nobody has more than a burst of each");
    }
    fleet.faults.heal();
    fleet.world.clock.advance_ms(1_000);
    assert_eq!(fleet.ask(0, "one", "/light").await, 429, "what was let through is not forgotten");
}
