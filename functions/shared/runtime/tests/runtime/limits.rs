//! A caller's limit over many instances, each of which knows only what it let through and one row.

use axum::Router;
use axum::body::Body;
use axum::extract::RawQuery;
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId, SessionId, TokenId};
use engine::ports::Clock;
use engine::records::{Partner, Records};
use http::Request;
use lambda_http::RequestExt;
use partners::commands::{Caller, Member, Proof};
use runtime::http::{
    AuditTrail, Named, Notes, RateLimit, Route, Weights, authorizer_context, gateway_context, rate_limited,
    router_of, service, weights_of,
};
use runtime::problem::Reply;
use std::sync::Arc;
use std::time::Duration;
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
    let slow = {
        let clock = clock.clone();
        move || async move {
            clock.advance_ms(3_000);
            Reply::Ok("slow")
        }
    };
    let long = {
        let clock = clock.clone();
        move || async move {
            clock.advance_ms(29_000);
            Reply::Ok("long")
        }
    };
    let open = {
        let clock = clock.clone();
        move |trail: AuditTrail, RawQuery(shown): RawQuery| async move {
            let named = |id: String| Named { partner: id.parse().unwrap(), subjects: Vec::new() };
            trail.begin(shown.map(named)).await?;
            clock.advance_ms(3_000);
            Reply::Ok("open")
        }
    };
    vec![
        Route::get("/open", "open", open).weighs(20),
        Route::get("/long", "long", long),
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
        self.ask_as(instance, &owner(PARTNER, who), path).await
    }

    async fn ask_as(&self, instance: usize, member: &Member, path: &str) -> u16 {
        let caller = Caller::Member(member.clone());
        let context = gateway_context("r-1", "$default", Some(authorizer_context(&caller)));
        let request = Request::get(path).body(Body::empty()).unwrap().with_request_context(context);
        self.routers[instance].clone().oneshot(request).await.unwrap().status().as_u16()
    }

    /// A stranger follows what that partner made, or nothing that anybody made.
    async fn open(&self, partner: Option<&str>) -> u16 {
        let query = partner.map_or(String::new(), |ulid| format!("?{}", PartnerId::from_ulid(ulid)));
        let request = Request::get(format!("/open{query}")).body(Body::empty()).unwrap();
        self.routers[0].clone().oneshot(request).await.unwrap().status().as_u16()
    }

    /// A partner, another below it, and a third of another tree.
    async fn with_a_tree(self) -> Self {
        let records = Records::new(self.world.catalog.clone(), self.world.clock.clone());
        for (id, above) in [(PARTNER, vec![]), (BELOW, vec![PartnerId::from_ulid(PARTNER)]), (OTHER, vec![])]
        {
            let (id, created_at) = (PartnerId::from_ulid(id), self.world.clock.now());
            let row = Partner { id, name: "P".to_owned(), above, entra_sku_active: true, created_at };
            records.put_new(&row).await.unwrap();
        }
        self
    }
}

const PARTNER: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const BELOW: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const OTHER: &str = "01JCCCCCCCCCCCCCCCCCCCCCCC";

fn owner(partner: &str, who: &str) -> Member {
    Member::of_token(PartnerId::from_ulid(partner), Role::Owner, None, who)
}

fn ulid(n: usize) -> String {
    format!("01J{n:023}")
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
    assert_eq!(fleet.faults.call_count(), 1, "who is on top of its partner is asked once");
    for _ in 4..100 {
        assert_eq!(fleet.ask(0, "one", "/light").await, 200);
    }
    let (own, shared) = (2 * 100 / 5, 2 * 100 / 20);
    assert_eq!(fleet.faults.take_log().len(), 1 + own + shared, "a read and a write for a block");
    assert!(shared * 10 <= 100, "what is shared adds no more than one access for ten requests");
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

#[tokio::test]
async fn a_request_of_29_seconds_is_counted_whole() {
    // A tenth of an instance, for ten minutes: whoever is let in again asks at once.
    let fleet = Fleet::with(1, RateLimit { per_minute: 60, burst: 100 });
    let until = fleet.world.clock.now() + Duration::from_mins(10);
    let mut answered = 0;
    while fleet.world.clock.now() < until {
        match fleet.ask(0, "one", "/long").await {
            200 => answered += 1,
            _ => fleet.world.clock.advance_ms(1_000),
        }
    }
    assert_eq!(answered, 3, "600 units and the burst are two requests and a half");
    // One that always keeps one instance busy has what it may have.
    let fleet = Fleet::of(1);
    for _ in 0..20 {
        assert_eq!(fleet.ask(0, "one", "/long").await, 200);
    }
}

/// How many of so many requests are answered at one moment, which the callers make in turn.
async fn answered_at_once(fleet: &Fleet, callers: &[Member], requests: usize) -> usize {
    let mut answered = 0;
    for n in 0..requests {
        let status = fleet.ask_as(n % fleet.routers.len(), &callers[n % callers.len()], "/light").await;
        assert!(status == 200 || status == 429, "{status}");
        answered += usize::from(status == 200);
    }
    answered
}

#[tokio::test]
async fn the_tokens_of_all_partners_of_a_tree_have_one_budget_together() {
    let fleet = Fleet::of(10).with_a_tree().await;
    let tokens = |partner: &'static str| {
        let made = |n| {
            let id = TokenId::from_ulid(&ulid(n));
            Member { proof: Proof::Token(Some(id)), ..owner(partner, "hft_same") }
        };
        (0..100).map(made).collect::<Vec<_>>()
    };
    let callers = [tokens(PARTNER), tokens(BELOW)].concat();
    let answered = answered_at_once(&fleet, &callers, 4_000).await;
    // Three bursts, and a block of each instance.
    assert!((300..=300 + 10 * 20).contains(&answered), "{answered}");
    assert_eq!(answered_at_once(&fleet, &tokens(OTHER), 300).await, 300, "another tree has its own");
}

#[tokio::test]
async fn tokens_are_told_apart_by_their_ids_and_sessions_count_on_their_person() {
    let fleet = Fleet::of(1);
    let token = |n| {
        let id = TokenId::from_ulid(&ulid(n));
        Member { proof: Proof::Token(Some(id)), ..owner(PARTNER, "hft_same") }
    };
    assert_eq!(answered_at_once(&fleet, &[token(1)], 200).await, 100);
    assert_eq!(answered_at_once(&fleet, &[token(2)], 50).await, 50, "of the same beginning");
    let session = |n| {
        let (id, person) = (SessionId::from_ulid(&ulid(n)), PersonId::from_ulid(&ulid(7)));
        let proof = Proof::Session { id, person, signed_in_at: None };
        Member { proof, ..owner(PARTNER, "per_7") }
    };
    let sessions: Vec<_> = (0..20).map(session).collect();
    assert_eq!(answered_at_once(&fleet, &sessions, 300).await, 100);
}

#[tokio::test]
async fn portals_and_tokens_of_an_organisation_have_one_budget_together() {
    let fleet = Fleet::of(1);
    let of = |(partner, organisation): (&str, usize), proof| Member {
        role: Role::EndCustomer,
        organisations: Some(vec![OrganisationId::from_ulid(&ulid(organisation))]),
        proof,
        ..owner(partner, "portal")
    };
    let all = |organisation| {
        let portal = |n| of(organisation, Proof::Portal(SessionId::from_ulid(&ulid(n))));
        let token = |n| of(organisation, Proof::Token(Some(TokenId::from_ulid(&ulid(n)))));
        (0..20).map(portal).chain((0..20).map(token)).collect::<Vec<_>>()
    };
    assert_eq!(answered_at_once(&fleet, &all((PARTNER, 1)), 1_000).await, 200, "two bursts");
    assert_eq!(answered_at_once(&fleet, &all((OTHER, 2)), 200).await, 200);
}

#[tokio::test]
async fn what_strangers_follow_is_charged_to_the_tree_of_the_partner_that_made_it() {
    let fleet = Fleet::with(1, RateLimit { per_minute: 60, burst: 100 }).with_a_tree().await;
    let mut answered = 0;
    while answered < 40 && fleet.open(Some([PARTNER, BELOW][answered % 2])).await == 200 {
        answered += 1;
    }
    // Each is thirty units of a hundred, and three come back meanwhile.
    assert!((3..=4).contains(&answered), "{answered}");
    for partner in [PARTNER, BELOW] {
        assert_eq!(fleet.open(Some(partner)).await, 429);
        assert_eq!(
            fleet.ask_as(0, &owner(partner, "one"), "/light").await,
            200,
            "what its people ask is apart"
        );
    }
    assert_eq!(fleet.open(Some(OTHER)).await, 200, "another tree has its own");
    for _ in 0..40 {
        assert_eq!(fleet.open(None).await, 200, "nobody is charged for what nobody made");
    }
}
