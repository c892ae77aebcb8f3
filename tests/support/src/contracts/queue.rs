//! The contract of `Queue`, seen from its receiving end.

use super::{Allowance, Allowances, Subjects, refused};
use crate::memory::Delivery;
use async_trait::async_trait;
use domain::{ErrorKind, TenantId};
use engine::ports::{JobQueue, Outgoing, Queue};
use engine::trace::{self, Trace};
use serde_json::json;
use std::sync::Arc;

/// The receiving end of a target's queues.
#[async_trait]
pub trait QueueProbe: Send + Sync {
    /// What can be had now; waits a moment where the target is slow. At most ten.
    async fn receive(&self, queue: JobQueue) -> Vec<Delivery>;
    /// Says that the message is handled: it is not delivered again.
    async fn delete(&self, delivery: &Delivery);
    /// It is to come again at once.
    async fn make_visible(&self, delivery: &Delivery);
}

/// Asserts the contract of `Queue`. The queues are empty at the start, and are left so.
pub async fn queue(
    queue: Arc<dyn Queue>,
    probe: &dyn QueueProbe,
    subjects: &Subjects,
    allowances: &Allowances,
) {
    for job in JobQueue::ALL {
        assert_eq!(probe.receive(job).await, [], "{} is empty at the start", job.name());
    }
    a_message_comes_as_it_was_sent_to_its_queue_alone(&*queue, probe, &subjects.tenant).await;
    a_message_takes_along_which_story_it_belongs_to(&*queue, probe, &subjects.tenant).await;
    a_group_keeps_its_order_and_groups_do_not_wait_for_each_other(&*queue, probe, subjects, allowances).await;
    if !allowances.has(Allowance::RedeliveryIsNotModelled) {
        a_repetition_is_not_delivered(&*queue, probe, &subjects.tenant).await;
        what_failed_comes_again_before_the_next_of_its_group(&*queue, probe, &subjects.tenant).await;
    }
    what_cannot_be_a_message_is_refused(&*queue, probe, &subjects.tenant).await;
}

fn message(job: JobQueue, group: &TenantId, name: &str) -> Outgoing {
    Outgoing {
        queue: job,
        group: group.to_string(),
        deduplication_id: format!("{group}:{name}"),
        body: json!({"type": "contract", "name": name}).to_string(),
    }
}

fn named(delivery: &Delivery) -> (String, String) {
    let body: serde_json::Value = serde_json::from_str(&delivery.body).expect("the body that was sent");
    (delivery.group.clone(), body["name"].as_str().unwrap_or_default().to_owned())
}

/// Everything that comes, each deleted before the next is asked for.
async fn drain(probe: &dyn QueueProbe, job: JobQueue) -> Vec<Delivery> {
    let mut all = Vec::new();
    loop {
        let some = probe.receive(job).await;
        if some.is_empty() {
            return all;
        }
        for delivery in some {
            probe.delete(&delivery).await;
            all.push(delivery);
        }
    }
}

async fn a_message_comes_as_it_was_sent_to_its_queue_alone(
    queue: &dyn Queue,
    probe: &dyn QueueProbe,
    tenant: &TenantId,
) {
    let text = "ä, 漢, 🙂, <&>\"', \\u0000, \u{7f}";
    let odd = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~".repeat(4)[..128].to_owned();
    for job in JobQueue::ALL {
        let small = Outgoing {
            body: json!({"type": "contract", "text": text}).to_string(),
            ..message(job, tenant, "small")
        };
        let large = Outgoing {
            body: json!({"type": "contract", "text": "x".repeat(199_000)}).to_string(),
            deduplication_id: odd.clone(),
            ..message(job, tenant, "large")
        };
        queue.send(small.clone()).await.unwrap();
        queue.send(large.clone()).await.unwrap();
        let came = drain(probe, job).await;
        let bodies: Vec<_> = came.iter().map(|delivery| &delivery.body).collect();
        assert!(bodies == [&small.body, &large.body], "{} bodies, or changed ones", bodies.len());
        assert!(came.iter().all(|d| d.group == tenant.as_str() && d.queue == job && d.receive_count == 1));
        for other in JobQueue::ALL {
            assert_eq!(probe.receive(other).await, [], "nothing of {} in {}", job.name(), other.name());
        }
    }
}

async fn a_message_takes_along_which_story_it_belongs_to(
    queue: &dyn Queue,
    probe: &dyn QueueProbe,
    tenant: &TenantId,
) {
    let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    let job = JobQueue::TakeSnapshot;
    trace::within(Trace::parse(header), queue.send(message(job, tenant, "of-a-story"))).await.unwrap();
    queue.send(message(job, tenant, "of-none")).await.unwrap();
    let traces: Vec<_> = drain(probe, job).await.into_iter().map(|delivery| delivery.trace).collect();
    assert_eq!(traces, [Some(header.to_owned()), None]);
}

async fn a_group_keeps_its_order_and_groups_do_not_wait_for_each_other(
    queue: &dyn Queue,
    probe: &dyn QueueProbe,
    subjects: &Subjects,
    allowances: &Allowances,
) {
    let job = JobQueue::TakeSnapshot;
    let groups = [&subjects.tenant, &subjects.other];
    let names: Vec<String> = (0..12).map(|n| format!("order-{n:02}")).collect();
    for name in &names {
        for group in groups {
            queue.send(message(job, group, name)).await.unwrap();
        }
    }
    let first = probe.receive(job).await;
    let held = first.iter().filter(|d| d.group == subjects.tenant.as_str()).collect::<Vec<_>>();
    assert_eq!(named(held[0]).1, names[0], "the oldest of a group comes first");
    if !allowances.has(Allowance::GroupsRunAhead) {
        let next = probe.receive(job).await;
        let ran_ahead = next.iter().find(|d| d.group == subjects.tenant.as_str());
        assert!(ran_ahead.is_none(), "a group in flight gives nothing more");
        for delivery in &next {
            probe.make_visible(delivery).await;
        }
    }
    for delivery in first.iter().rev() {
        probe.make_visible(delivery).await;
    }
    let came: Vec<_> = drain(probe, job).await.iter().map(named).collect();
    for group in groups {
        let of_group: Vec<_> =
            came.iter().filter(|(g, _)| g == group.as_str()).map(|(_, name)| name).collect();
        assert_eq!(of_group, names.iter().collect::<Vec<_>>(), "in the order of sending");
    }
    assert_eq!(came.len(), 24);
}

async fn a_repetition_is_not_delivered(queue: &dyn Queue, probe: &dyn QueueProbe, tenant: &TenantId) {
    let job = JobQueue::DiffSnapshots;
    let first = message(job, tenant, "repeated");
    queue.send(first.clone()).await.unwrap();
    queue.send(first.clone()).await.expect("a repetition is taken, and dropped");
    let other_body =
        Outgoing { body: json!({"type": "contract", "name": "changed"}).to_string(), ..first.clone() };
    queue.send(other_body).await.expect("the deduplication id alone decides");
    assert_eq!(drain(probe, job).await.len(), 1);
    queue.send(first.clone()).await.unwrap();
    assert_eq!(drain(probe, job).await, [], "also when the first was handled already");
    let elsewhere = Outgoing { queue: JobQueue::RunRestore, ..first };
    queue.send(elsewhere).await.unwrap();
    assert_eq!(drain(probe, JobQueue::RunRestore).await.len(), 1, "queues do not share what they saw");
}

async fn what_failed_comes_again_before_the_next_of_its_group(
    queue: &dyn Queue,
    probe: &dyn QueueProbe,
    tenant: &TenantId,
) {
    let job = JobQueue::SendDigests;
    for name in ["failing", "next"] {
        queue.send(message(job, tenant, name)).await.unwrap();
    }
    for round in 1..=3 {
        let came = probe.receive(job).await;
        assert_eq!((&named(&came[0]).1[..], came[0].receive_count), ("failing", round));
        for delivery in came.iter().rev() {
            probe.make_visible(delivery).await;
        }
    }
    let came: Vec<_> = drain(probe, job).await.iter().map(|delivery| named(delivery).1).collect();
    assert_eq!(came, ["failing", "next"]);
}

async fn what_cannot_be_a_message_is_refused(queue: &dyn Queue, probe: &dyn QueueProbe, tenant: &TenantId) {
    let job = JobQueue::RunRestore;
    let good = message(job, tenant, "refused");
    let large = json!({"type": "contract", "text": "x".repeat(300_000)}).to_string();
    let cases = [
        ("a body of 300 KB", Outgoing { body: large, ..good.clone() }),
        ("no group", Outgoing { group: String::new(), ..good.clone() }),
        ("no deduplication id", Outgoing { deduplication_id: String::new(), ..good.clone() }),
        ("a long deduplication id", Outgoing { deduplication_id: "x".repeat(129), ..good.clone() }),
        ("a deduplication id with a space", Outgoing { deduplication_id: "a b".to_owned(), ..good }),
    ];
    for (what, message) in cases {
        refused(queue.send(message).await, ErrorKind::Invalid, what);
    }
    assert_eq!(probe.receive(job).await, []);
}
