//! What becomes of each message of a batch.

#![allow(missing_docs, clippy::unwrap_used)]

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use domain::{Error, Result, Timestamp};
use engine::jobs::JobWorker;
use runtime::call::Call;
use runtime::queue::handle_batch;
use serde_json::json;
use std::sync::Mutex;
use support::memory::ManualClock;

/// Does what the message's body says, and remembers which it saw.
#[derive(Default)]
struct Obedient(Mutex<Vec<String>>);

#[async_trait]
impl JobWorker for Obedient {
    fn name(&self) -> &'static str {
        "obedient"
    }
    async fn handle(&self, body: &str, _: Timestamp) -> Result<()> {
        self.0.lock().unwrap().push(body.to_owned());
        match body.split(' ').next().unwrap_or_default() {
            "invalid" => Err(Error::invalid("no")),
            "not-found" => Err(Error::not_found("no")),
            "corrupt" => Err(Error::corrupt("no")),
            "denied" => Err(Error::denied("no")),
            "throttled" => Err(Error::throttled("no", Some(5))),
            "unavailable" => Err(Error::unavailable("no")),
            "conflict" => Err(Error::conflict("no")),
            "panic" => panic!("at the disco"),
            _ => Ok(()),
        }
    }
}

/// An event as SQS gives it: `(body, group)`; the id of a message is its place.
fn event(messages: &[(&str, Option<&str>)]) -> SqsEvent {
    let records = messages.iter().enumerate().map(|(i, (body, group))| {
        let mut attributes = json!({ "ApproximateReceiveCount": "1" });
        if let Some(group) = group {
            attributes["MessageGroupId"] = json!(group);
        }
        json!({ "messageId": i.to_string(), "body": body, "attributes": attributes,
            "messageAttributes": {}, "eventSource": "aws:sqs" })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

async fn failed(worker: &Obedient, messages: &[(&str, Option<&str>)], deadline: &str) -> Vec<String> {
    let clock = ManualClock::new();
    let call = Call { deadline: deadline.parse().unwrap(), ..Call::ending_at(Timestamp::MAX) };
    let reply = handle_batch(event(messages), worker, &clock, &call).await;
    reply.batch_item_failures.into_iter().map(|f| f.item_identifier).collect()
}

const LATER: &str = "2026-01-05T08:10:00Z";

#[tokio::test]
async fn only_what_is_done_or_not_allowed_leaves_the_queue() {
    for (body, stays) in [
        ("fine", false),
        ("denied", false),
        ("invalid", true),
        ("not-found", true),
        ("corrupt", true),
        ("throttled", true),
        ("unavailable", true),
        ("conflict", true),
        ("panic", true),
    ] {
        let failures = failed(&Obedient::default(), &[(body, None)], LATER).await;
        assert_eq!(failures.is_empty(), !stays, "{body}");
    }
}

#[tokio::test]
async fn after_a_failure_the_rest_of_its_group_waits_untouched_and_others_go_on() {
    let worker = Obedient::default();
    let batch = [
        ("fine 0", Some("a")),
        ("unavailable 1", Some("a")),
        ("fine 2", Some("b")),
        ("fine 3", Some("a")),
        ("panic 4", Some("b")),
        ("fine 5", Some("b")),
        ("denied 6", Some("c")),
        ("fine 7", Some("c")),
    ];
    assert_eq!(failed(&worker, &batch, LATER).await, ["1", "3", "4", "5"]);
    let seen = worker.0.lock().unwrap().clone();
    assert_eq!(seen, ["fine 0", "unavailable 1", "fine 2", "panic 4", "denied 6", "fine 7"]);
}

#[tokio::test]
async fn messages_without_a_group_do_not_wait_for_each_other() {
    let batch = [("unavailable", None), ("fine", None)];
    assert_eq!(failed(&Obedient::default(), &batch, LATER).await, ["0"]);
}

#[tokio::test]
async fn nothing_is_begun_after_the_deadline() {
    let worker = Obedient::default();
    let batch = [("fine", Some("a")), ("fine", Some("b"))];
    assert_eq!(failed(&worker, &batch, "2026-01-05T08:00:00Z").await, ["0", "1"]);
    assert!(worker.0.lock().unwrap().is_empty());
}
