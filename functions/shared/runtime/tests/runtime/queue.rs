//! What becomes of each message of a batch.

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, Delivered, Returns};
use engine::work::JobWorker;
use runtime::call::Invocation;
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
            "throttled" => Err(Error::throttled("no", Some(120_500))),
            "throttled-for-hours" => Err(Error::throttled("no", Some(7_200_500))),
            "unavailable" => Err(Error::unavailable("no")),
            "conflict" => Err(Error::conflict("no")),
            "panic" => panic!("at the disco"),
            _ => Ok(()),
        }
    }
}

/// Remembers who is to come back, and in how many seconds.
#[derive(Default)]
struct Hidden(Mutex<Vec<(String, u32)>>);

#[async_trait]
impl Returns for Hidden {
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()> {
        assert_eq!(message.queue, "arn:of:the:queue");
        self.0.lock().unwrap().push((message.receipt.to_owned(), after_s));
        Ok(())
    }
}

/// An event as SQS gives it: `(body, group)`; the id of a message is its place.
fn event(messages: &[(&str, Option<&str>)]) -> SqsEvent {
    let records = messages.iter().enumerate().map(|(i, (body, group))| {
        let receipts = body.split_once(" #").map_or("1", |(_, receipts)| receipts);
        let mut attributes = json!({ "ApproximateReceiveCount": receipts });
        if let Some(group) = group {
            attributes["MessageGroupId"] = json!(group);
        }
        json!({ "messageId": i.to_string(), "body": body, "attributes": attributes,
            "messageAttributes": {}, "eventSource": "aws:sqs", "receiptHandle": format!("receipt {i}"),
            "eventSourceARN": "arn:of:the:queue" })
    });
    serde_json::from_value(json!({ "Records": records.collect::<Vec<_>>() })).unwrap()
}

async fn failed(worker: &Obedient, messages: &[(&str, Option<&str>)], deadline: &str) -> Vec<String> {
    let clock = ManualClock::new();
    let call = Invocation { deadline: deadline.parse().unwrap(), ..Invocation::ending_at(Timestamp::MAX) };
    let reply = handle_batch(event(messages), worker, (&clock, &Hidden::default()), &call).await;
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

/// When a message comes back that was received so often, in seconds; first what is said while it is worked on.
async fn comes_back(body: &str, receipts: u32) -> Vec<u32> {
    let (clock, hidden) = (ManualClock::new(), Hidden::default());
    let call = Invocation { deadline: LATER.parse().unwrap(), ..Invocation::ending_at(clock.now()) };
    let batch = event(&[(&format!("{body} #{receipts}"), None)]);
    handle_batch(batch, &Obedient::default(), (&clock, &hidden), &call).await;
    let said = hidden.0.lock().unwrap().clone();
    assert!(said.iter().all(|(receipt, _)| receipt == "receipt 0"), "{said:?}");
    said.into_iter().map(|(_, after_s)| after_s).collect()
}

#[tokio::test]
async fn a_message_is_hidden_while_its_call_may_take_and_comes_back_in_growing_pauses_or_when_it_was_asked_for()
 {
    let call_s = 10 * 60 + 20 + 60;
    assert_eq!(comes_back("fine", 1).await, [call_s]);
    assert_eq!(comes_back("denied", 1).await, [call_s]);
    for body in ["unavailable", "conflict", "panic"] {
        for (receipts, after_s) in [(1, 30), (2, 60), (3, 240), (4, 600)] {
            assert_eq!(comes_back(body, receipts).await, [call_s, after_s], "{body} {receipts}");
        }
    }
    assert_eq!(comes_back("throttled", 3).await, [call_s, 121], "never sooner than asked");
    let longest = comes_back("throttled-for-hours", 1).await;
    assert_eq!(longest, [call_s, 900], "what is behind it in its group does not wait for hours");
    for body in ["invalid", "not-found", "corrupt"] {
        assert_eq!(comes_back(body, 1).await, [call_s, 1], "{body}: its group does not wait for hours");
    }
}
