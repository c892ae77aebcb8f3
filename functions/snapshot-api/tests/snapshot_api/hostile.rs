//! One caller who asks without end, beside others who ask little: in simulated time, with a price for each call of a port,
//! and as many instances of the function as are reserved for it, each with one request at a time.

use crate::common::shelf::Shelf;
use crate::common::stored::change;
use crate::common::{DIFF, FEATURES, Plane, TENANT, as_role};
use crate::simulated::{Fleet, Seen, Simulation, p99};
use domain::rights::Role;
use domain::{PersonId, SessionId, TokenId};
use partners::commands::{Caller, Member, Proof};
use runtime::http::RateLimit;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::OnceCell;

/// What the template reserves for the function.
const INSTANCES: usize = 50;
const PARTNERS: u64 = 20;
const SECONDS: u64 = 60;
/// Pages of the comparison.
const PAGES: usize = 25;
/// Objects that are named in vain. Why not as many as can be: each body is written anew here, and that is what would be measured.
const NAMED_IN_VAIN: usize = 50;
/// Requests a second of the caller who asks without end.
const HOSTILE_PER_SECOND: u64 = 200;

struct Scene {
    simulation: Arc<Simulation>,
    fleet: Arc<Fleet>,
    quiet: Vec<(Caller, String)>,
    hostile: (Caller, String),
}

impl Scene {
    /// Two thousand users in leaves of a few records, a group that holds them all, and a customer's own person among
    /// twenty partners.
    async fn set(limit: RateLimit) -> Self {
        let users: Vec<_> = (0..2_000).map(|n| (format!("u{n:06}"), format!("Werner {n}"))).collect();
        let groups = vec![("g000000".to_owned(), "All".to_owned())];
        let mut shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
        let members: Vec<_> = (0..2_000).map(|n| format!("g000000/u{n:06}")).collect();
        shelf.hold_in_large_leaves("groups.members", &members).await;
        shelf.hold("groups.members.reverse", &[]).await;
        shelf.seal_another().await;
        let snapshot = shelf.snapshot.clone();
        let plane = Plane::over(shelf.world);
        // A comparison whose changes fill many pages: what is named in vain is looked for in all of them.
        let page = |p: usize| (0..20).map(|n| change(&format!("u{:06}", p * 20 + n), "Werner")).collect();
        plane.store_changes(&(0..PAGES).map(page).collect::<Vec<_>>()).await;
        let mut quiet = Vec::new();
        for n in 0..=PARTNERS {
            let ulid = format!("01J{n:023}");
            let (partner, owner) = plane.partner(&ulid, &[]).await;
            let org = plane.organisation(&partner, &ulid, Some(TENANT)).await;
            plane.change(&partner, &org, |row| row.features = FEATURES.to_vec()).await;
            let below = format!("/v1/organisations/{org}/snapshots/{snapshot}");
            let own = as_role(&owner, Role::EndCustomer, Some(vec![org]));
            quiet.push((if n == PARTNERS { own } else { owner }, below));
        }
        let hostile = quiet.pop().unwrap();
        let simulation = Simulation::new();
        let fleet = Fleet::new(&plane.world, &simulation, INSTANCES, limit);
        Self { simulation, fleet, quiet, hostile }
    }

    /// So many seconds of all who ask: what the quiet ones saw, and what the other did.
    async fn told(&self, seconds: u64, with_hostile: bool) -> (Vec<Seen>, Vec<Seen>) {
        let mut callers = Vec::new();
        for (n, (caller, below)) in self.quiet.iter().enumerate() {
            let asks = [
                ("GET", below.rsplit_once('/').unwrap().0.to_owned(), Value::Null),
                ("GET", format!("{below}/objects/users/u000{n:03}"), Value::Null),
                ("GET", format!("{below}/objects?kind=users&limit=20"), Value::Null),
                ("GET", format!("{below}/objects?name=werner%20{n}&limit=5"), Value::Null),
            ];
            let every_us = 1_000_000;
            let first_us = u64::try_from(n).unwrap() * every_us / PARTNERS;
            callers.push(self.fleet.asks(caller, asks.to_vec(), (first_us, every_us), seconds));
        }
        let hostile = if with_hostile {
            let (caller, below) = &self.hostile;
            let org = below.split("/snapshots").next().unwrap();
            let named: Vec<_> =
                (0..NAMED_IN_VAIN).map(|n| json!({ "kind": "users", "key": format!("v{n}") })).collect();
            let reads = [
                ("GET", format!("{below}/objects?name=zzzz"), Value::Null),
                ("GET", format!("{below}/objects/groups/g000000"), Value::Null),
                ("GET", format!("{below}/objects?name=erne&limit=200"), Value::Null),
            ];
            // Why these seldom: they cost this test far more than they cost the function.
            let seldom = [
                ("POST", format!("{org}/restores"), json!({ "comparison": DIFF, "only": named })),
                ("GET", format!("{org}/comparisons/{DIFF}/changes?limit=200"), Value::Null),
            ];
            let asks: Vec<_> = seldom.into_iter().chain(reads.into_iter().cycle().take(60)).collect();
            let every_us = 1_000_000 / HOSTILE_PER_SECOND;
            Some(self.fleet.asks(caller, asks, (0, every_us), seconds))
        } else {
            None
        };
        self.simulation.run().await;
        let mut seen = Vec::new();
        for caller in callers {
            seen.extend(caller.await.unwrap());
        }
        let hostile = match hostile {
            Some(hostile) => hostile.await.unwrap(),
            None => Vec::new(),
        };
        (seen, hostile)
    }
}

/// Within what time 99 of 100 of the quiet ones' requests are answered while nobody disturbs them: measured once, over a third of
/// the time.
async fn undisturbed_p99() -> u64 {
    static MEASURED: OnceCell<u64> = OnceCell::const_new();
    let measure = async || p99(&Scene::set(RateLimit::default()).await.told(SECONDS / 3, false).await.0);
    *MEASURED.get_or_init(measure).await
}

/// What the limit is for: the scene shows it.
#[tokio::test]
async fn without_a_limit_the_same_caller_takes_every_instance_from_the_others() {
    let none = RateLimit { per_minute: 60_000, burst: 60_000 };
    let (quiet, hostile) = Scene::set(none).await.told(6, true).await;
    assert!(hostile.iter().all(|seen| seen.status != 429));
    let starved = quiet.iter().filter(|seen| seen.status == 0).count();
    assert!(starved * 2 >= quiet.len(), "{starved} of {} found no instance", quiet.len());
}

#[tokio::test]
async fn whoever_asks_without_end_is_refused_and_others_do_not_notice() {
    let before = undisturbed_p99().await;
    let (quiet, hostile) = Scene::set(RateLimit::default()).await.told(SECONDS, true).await;

    assert_eq!(quiet.len(), usize::try_from(PARTNERS * SECONDS).unwrap());
    let refused = quiet.iter().filter(|seen| seen.status != 200).count();
    assert_eq!(refused, 0, "of the quiet ones' requests: {:?}", quiet.iter().find(|s| s.status != 200));
    let after = p99(&quiet);
    assert!(after <= 2 * before, "99 of 100 are answered within {after} us, undisturbed {before} us");

    assert_eq!(hostile.len(), usize::try_from(HOSTILE_PER_SECOND * SECONDS).unwrap());
    // Each sort of what it asks was answered, so each has its price in here.
    let answered: BTreeSet<u16> = hostile.iter().map(|seen| seen.status).collect();
    assert_eq!(
        answered,
        BTreeSet::from([200, 422, 429]),
        "what is named in vain is looked for, and is not valid"
    );
    let first_refused = hostile.iter().find(|seen| seen.status == 429).unwrap();
    assert!(first_refused.at_us <= 2_000_000, "first refused at {} us", first_refused.at_us);
    let refused_from_then =
        hostile.iter().filter(|seen| seen.at_us > 2_000_000 && seen.status == 429).count();
    assert!(refused_from_then * 100 >= hostile.len() * 95, "{refused_from_then} of {}", hostile.len());
    // What it takes from the others: an instance in the long run, and a burst of ten seconds of one.
    let busy = |of: &[Seen], is_refused: bool| -> u64 {
        of.iter().filter(|seen| (seen.status == 429) == is_refused).map(|seen| seen.took_us).sum()
    };
    let (busy_us, refusals_us) = (busy(&hostile, false), busy(&hostile, true));
    assert!(busy_us <= (SECONDS + 10 + 10) * 1_000_000, "{busy_us} us of instances");
    assert!(refusals_us <= 2_000 * hostile.len() as u64, "{refusals_us} us of refusals");
    let told = format!(
        "quiet p99 {after} us (undisturbed {before} us); the other was answered {} of {} times, {busy_us} us of instances",
        hostile.iter().filter(|seen| seen.status != 429).count(),
        hostile.len()
    );
    println!("{told}");
}

/// As many secrets as somebody likes: a portal's session, a token, and a new person's session, in turn.
fn secrets(of: &Caller) -> Vec<Caller> {
    let member = of.member().unwrap();
    let made = |n: u64| {
        let ulid = format!("01J{n:023}");
        let (id, person) = (SessionId::from_ulid(&ulid), PersonId::from_ulid(&ulid));
        let (role, proof) = match n % 3 {
            0 => (Role::EndCustomer, Proof::Portal(id)),
            1 => (Role::Admin, Proof::Token(Some(TokenId::from_ulid(&ulid)))),
            _ => (Role::Admin, Proof::Session { id, person, signed_in_at: None }),
        };
        Caller::Member(Member { role, proof, ..member.clone() })
    };
    (0..SECONDS).map(made).collect()
}

#[tokio::test]
async fn one_partner_with_a_new_session_each_second() {
    const PER_SECOND: u64 = 2;
    let before = undisturbed_p99().await;
    let scene = Scene::set(RateLimit::default()).await;
    let (caller, below) = &scene.hostile;
    let asks = [
        ("GET", format!("{below}/objects?name=zzzz"), Value::Null),
        ("GET", format!("{below}/objects/groups/g000000"), Value::Null),
    ];
    let mut hostile = Vec::new();
    for (second, secret) in secrets(caller).iter().enumerate() {
        let second = u64::try_from(second).unwrap();
        let pace = (second * 1_000_000, 1_000_000 / PER_SECOND);
        hostile.push(scene.fleet.asks(secret, asks.to_vec(), pace, SECONDS - second));
    }
    let (quiet, _) = scene.told(SECONDS, false).await;
    let mut seen = Vec::new();
    for of_one in hostile {
        seen.extend(of_one.await.unwrap());
    }
    assert_eq!(quiet.len(), usize::try_from(PARTNERS * SECONDS).unwrap());
    let refused = quiet.iter().filter(|seen| seen.status != 200).count();
    assert_eq!(refused, 0, "of the quiet ones' requests: {:?}", quiet.iter().find(|s| s.status != 200));
    let after = p99(&quiet);
    assert!(after <= 2 * before, "99 of 100 are answered within {after} us, undisturbed {before} us");
    // Ten times a caller's limit, a burst of thirty seconds, and by how much what was begun took longer than it weighs.
    let busy_us: u64 = seen.iter().filter(|s| s.status == 200).map(|s| s.took_us).sum();
    assert!(busy_us <= (10 * SECONDS + 30 + 100) * 1_000_000, "{busy_us} us of instances");
    assert!(seen.iter().filter(|s| s.status == 429).count() * 2 >= seen.len());
}
