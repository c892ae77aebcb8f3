//! The queue model and the fault plan, told as a driver would use them.

use domain::{ErrorKind, TenantId};
use engine::ports::{BlobName, Clock, JobQueue, Outgoing, Queue, Vault};
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty, Mode, Outcome, crash_points};
use support::memory::{Chaos, MemoryQueue, MemoryVault, QueueSettings, World};

const QUEUE: JobQueue = JobQueue::TakeSnapshot;

fn message(group: &str, n: u32) -> Outgoing {
    Outgoing {
        queue: QUEUE,
        group: group.to_owned(),
        deduplication_id: format!("{group}-{n}"),
        body: format!(r#"{{"type":"test","n":{n}}}"#),
    }
}

fn tenant() -> TenantId {
    "11111111-1111-4111-8111-111111111111".parse().unwrap()
}

#[tokio::test]
async fn a_message_that_always_fails_is_given_up_with_its_reason_and_the_next_one_comes() {
    let world = World::new(1);
    world.queue.send(message("a", 1)).await.unwrap();
    world.queue.send(message("a", 2)).await.unwrap();
    for expected in 1..=5 {
        let delivery = world.queue.receive(QUEUE).remove(0);
        assert_eq!((delivery.receive_count, &delivery.body[..]), (expected, r#"{"type":"test","n":1}"#));
        assert!(world.queue.receive(QUEUE).is_empty(), "one of a group is in flight");
        assert!(world.queue.fail(&delivery, 1000));
        assert!(world.queue.receive(QUEUE).is_empty(), "it comes no sooner than asked");
        world.clock.advance_ms(1000);
    }
    assert_eq!(world.queue.receive(QUEUE)[0].body, r#"{"type":"test","n":2}"#);
    let dead = world.queue.dead_letters(QUEUE);
    assert_eq!((dead.len(), &dead[0].reason[..]), (1, "received 5 times"));
}

#[tokio::test]
async fn a_delivery_whose_visibility_ran_out_comes_again_and_the_old_receipt_is_worthless() {
    let world = World::new(1);
    world.queue.send(message("a", 1)).await.unwrap();
    let first = world.queue.receive(QUEUE).remove(0);
    let visible_at = world.queue.next_visible_at(QUEUE).unwrap();
    world.clock.advance_to(visible_at);
    let second = world.queue.receive(QUEUE).remove(0);
    assert_eq!((first.message_id == second.message_id, second.receive_count), (true, 2));
    assert!(!world.queue.delete(&first));
    assert!(world.queue.park(&second, "cannot be read"));
    assert_eq!(world.queue.dead_letters(QUEUE)[0].reason, "cannot be read");
    assert_eq!(world.queue.waiting_count(QUEUE), 0);
}

#[tokio::test]
async fn with_bad_luck_every_message_still_comes_and_in_the_order_of_its_group() {
    let mut repeated = 0;
    for seed in 0..20 {
        let chaos = Chaos {
            seed,
            duplicates_percent: 30,
            delays_percent: 30,
            delay_limit_ms: 60_000,
            shuffled_groups: true,
        };
        let world = World::with_queue(seed, QueueSettings { chaos: Some(chaos), ..QueueSettings::default() });
        for n in 1..=10 {
            for group in ["a", "b", "c"] {
                world.queue.send(message(group, n)).await.unwrap();
            }
        }
        let seen = drain(&world).await;
        repeated += seen.len() - 30;
        for group in ["a", "b", "c"] {
            let mut bodies: Vec<_> = seen.iter().filter(|(g, _)| g == group).map(|(_, b)| b).collect();
            bodies.dedup();
            let sent: Vec<_> = (1..=10).map(|n| message(group, n).body).collect();
            assert_eq!(bodies, sent.iter().collect::<Vec<_>>(), "seed {seed}");
        }
    }
    assert!(repeated > 0, "bad luck never struck");
}

async fn drain(world: &World) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    loop {
        for delivery in world.queue.receive(QUEUE) {
            seen.push((delivery.group.clone(), delivery.body.clone()));
            world.queue.delete(&delivery);
        }
        match world.queue.next_visible_at(QUEUE) {
            Some(at) => world.clock.advance_to(at),
            None if world.queue.waiting_count(QUEUE) == 0 => return seen,
            None => world.clock.sleep_ms(1).await,
        }
    }
}

/// Two blobs and a message: the smallest job.
async fn job(vault: &dyn Vault, queue: &dyn Queue) -> domain::Result<()> {
    for name in ["one", "two"] {
        vault.put_new(&tenant(), &BlobName::new(name)?, name.into()).await?;
    }
    queue.send(message(tenant().as_str(), 1)).await
}

#[tokio::test]
async fn a_job_failed_at_every_call_and_run_again_ends_as_if_undisturbed() {
    let plan = FaultPlan::new();
    let (vault, queue) = run(&plan).await;
    let calls = plan.call_count();
    assert_eq!((calls, plan.log().count("vault", "put_new"), plan.log().count_of_port("queue")), (3, 2, 1));
    assert!(plan.log().of_others_than(&tenant()).is_empty());
    for (call, mode) in crash_points(calls) {
        for dies in [false, true] {
            let plan = FaultPlan::new();
            if dies {
                plan.die_at(call, mode);
            } else {
                plan.fail_at(call, mode);
            }
            let (again_vault, again_queue) = run(&plan).await;
            assert_eq!(again_vault.blobs(&tenant()), vault.blobs(&tenant()), "{call} {mode:?}");
            assert_eq!(again_queue.sent(), queue.sent(), "{call} {mode:?}");
            assert_eq!(plan.call_count(), call + 1 + 3, "the rerun makes every call");
            let outcome = plan.log().calls()[usize::try_from(call).unwrap()].outcome;
            assert_eq!(
                outcome,
                if mode == Mode::Before { Outcome::FailedBefore } else { Outcome::FailedAfter }
            );
        }
    }
}

/// Runs the job until it is done; the plan is healed after the first failure.
async fn run(plan: &Arc<FaultPlan>) -> (Arc<MemoryVault>, Arc<MemoryQueue>) {
    let world = World::new(7);
    let vault = Faulty::new(world.vault.clone(), plan);
    let queue = Faulty::new(world.queue.clone() as Arc<dyn Queue>, plan);
    if let Err(error) = job(&*vault, &*queue).await {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        plan.heal();
        job(&*vault, &*queue).await.unwrap();
    }
    (world.vault, world.queue)
}

#[tokio::test]
async fn a_full_disk_refuses_what_is_new_and_keeps_what_is_there() {
    let world = World::new(1);
    let (one, two) = (BlobName::new("one").unwrap(), BlobName::new("two").unwrap());
    world.vault.put_new(&tenant(), &one, "12345".into()).await.unwrap();
    world.vault.set_capacity_bytes(Some(7));
    let error = world.vault.put_new(&tenant(), &two, "12345".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.vault.find(&tenant(), &two).await.unwrap(), None);
    assert_eq!(world.vault.find(&tenant(), &one).await.unwrap().unwrap(), "12345");
    world.vault.flip_byte(&tenant(), &one, 0);
    assert_ne!(world.vault.find(&tenant(), &one).await.unwrap().unwrap(), "12345");
    world.vault.truncate(&tenant(), &one, 2);
    assert_eq!(world.vault.total_bytes(), 2);
}

#[test]
fn ids_sort_by_the_order_of_their_making_and_are_the_same_for_the_same_seed() {
    use engine::ports::Ids;
    let make = |seed| {
        let world = World::new(seed);
        let mut ids: Vec<_> = (0..50).map(|_| world.ids.ulid()).collect();
        world.clock.advance_ms(1);
        ids.extend((0..50).map(|_| world.ids.ulid()));
        ids.push(world.ids.token());
        ids
    };
    let ids = make(3);
    assert_eq!(ids, make(3));
    assert_ne!(ids, make(4));
    assert!(ids[..100].windows(2).all(|pair| pair[0] < pair[1] && pair[1].len() == 26));
    assert_eq!(ids[100].len(), 64);
}
