//! How batches, partial replies, dead letters and groups are handled between a queue and its function.

use crate::common::{HandClock, RULES, message, queue};
use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, JobQueue, Queue};
use engine::work::JobWorker;
use local::embedded::LocalQueue;
use local::host::{
    Busy, EmbeddedSource, Function, Mapping, Message, Reasons, Source, backoff_ms, queue_function, typed,
};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

const JOB: JobQueue = JobQueue::TakeSnapshot;

/// Writes down what it is given and fails what says so.
#[derive(Default)]
struct Scribe(Mutex<Vec<String>>);

#[async_trait]
impl JobWorker for Scribe {
    fn name(&self) -> &'static str {
        "scribe"
    }
    async fn handle(&self, body: &str, _: Timestamp) -> Result<()> {
        let body: Value = serde_json::from_str(body).unwrap();
        let name = body["name"].as_str().unwrap().to_owned();
        self.0.lock().unwrap().push(name.clone());
        match name.as_str() {
            "bad" => Err(Error::invalid("it says so")),
            "panic" => panic!("it says so"),
            _ => Ok(()),
        }
    }
}

fn mapping(
    queue: &LocalQueue,
    clock: &Arc<HandClock>,
    function: Arc<dyn Function>,
    reasons: Reasons,
) -> Mapping {
    Mapping {
        source: Arc::new(EmbeddedSource::new(queue.clone(), JOB)),
        function,
        batch_size: 10,
        concurrency: 1,
        clock: clock.clone(),
        time_limit_ms: 900_000,
        busy: Busy::default(),
        reasons,
    }
}

fn scribe(queue: &LocalQueue, clock: &Arc<HandClock>) -> (Mapping, Arc<Scribe>) {
    let (scribe, reasons) = (Arc::new(Scribe::default()), Reasons::default());
    let function = queue_function(scribe.clone(), clock.clone(), reasons.clone());
    (mapping(queue, clock, function, reasons), scribe)
}

#[tokio::test]
async fn what_failed_comes_back_before_its_group_goes_on_and_other_groups_do_not_wait() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    for (group, name) in [("a", "a1"), ("a", "bad"), ("a", "a3"), ("b", "b1"), ("b", "b2")] {
        queue.send(message(group, name)).await.unwrap();
    }
    let (mapping, scribe) = scribe(&queue, &clock);
    assert_eq!(mapping.poll_once().await.unwrap(), 5);
    assert_eq!(*scribe.0.lock().unwrap(), ["a1", "bad", "b1", "b2"], "a3 must not overtake");
    assert_eq!(queue.count(JOB).await.unwrap(), 2);
    assert_eq!(mapping.poll_once().await.unwrap(), 0, "not at once");
    clock.0.advance_ms(backoff_ms(1));
    assert_eq!(mapping.poll_once().await.unwrap(), 2);
    assert_eq!(scribe.0.lock().unwrap().last().unwrap(), "bad");
}

#[tokio::test]
async fn a_poisoned_message_becomes_a_dead_letter_with_its_reason_and_its_group_goes_on() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("a", "bad")).await.unwrap();
    queue.send(message("a", "after")).await.unwrap();
    let (mut mapping, scribe) = scribe(&queue, &clock);
    mapping.batch_size = 1;
    for _ in 0..=RULES.max_receives {
        mapping.poll_once().await.unwrap();
        clock.0.advance_ms(60_000);
    }
    let dead = queue.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].reason.as_deref(), Some("invalid: it says so"));
    assert_eq!(queue.count(JOB).await.unwrap(), 0);
    assert_eq!(scribe.0.lock().unwrap().last().unwrap(), "after");
}

#[tokio::test]
async fn in_a_batch_of_several_what_waits_behind_a_poisoned_message_uses_up_its_receipts_too() {
    // The rule of SQS, and the reason why jobs are given one message at a time.
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("a", "bad")).await.unwrap();
    queue.send(message("a", "behind")).await.unwrap();
    let (mapping, scribe) = scribe(&queue, &clock);
    for _ in 0..=RULES.max_receives {
        mapping.poll_once().await.unwrap();
        clock.0.advance_ms(60_000);
    }
    assert_eq!(queue.dead_letters().await.unwrap().len(), 2);
    assert!(!scribe.0.lock().unwrap().contains(&"behind".to_owned()));
}

#[tokio::test]
async fn a_panic_fails_one_message_and_not_the_poller() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("a", "panic")).await.unwrap();
    queue.send(message("b", "fine")).await.unwrap();
    let (mapping, _) = scribe(&queue, &clock);
    mapping.poll_once().await.unwrap();
    assert_eq!(queue.count(JOB).await.unwrap(), 1);
}

#[tokio::test]
async fn a_reply_that_names_a_message_it_was_not_given_fails_the_whole_batch() {
    let clock = Arc::new(HandClock::default());
    for reply in [
        json!({ "batchItemFailures": [{ "itemIdentifier": "another" }] }),
        json!({ "batchItemFailures": [{ "itemIdentifier": "" }] }),
        json!({ "batchItemFailures": [{}] }),
        json!({ "batchItemFailures": "all" }),
    ] {
        let queue = queue(clock.clone());
        queue.send(message("a", "one")).await.unwrap();
        let said = reply.clone();
        let function = typed(move |_: Value, _| {
            let said = said.clone();
            async move { Ok(said) }
        });
        mapping(&queue, &clock, function, Reasons::default()).poll_once().await.unwrap();
        assert_eq!(queue.count(JOB).await.unwrap(), 1, "{reply}");
    }
    for reply in
        [json!({}), json!(null), json!({ "batchItemFailures": null }), json!({ "batchItemFailures": [] })]
    {
        let queue = queue(clock.clone());
        queue.send(message("a", "one")).await.unwrap();
        let said = reply.clone();
        let function = typed(move |_: Value, _| {
            let said = said.clone();
            async move { Ok(said) }
        });
        mapping(&queue, &clock, function, Reasons::default()).poll_once().await.unwrap();
        assert_eq!(queue.count(JOB).await.unwrap(), 0, "{reply}");
    }
}

#[tokio::test]
async fn the_function_is_given_the_event_that_lambda_gives_it() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("group-a", "one")).await.unwrap();
    let seen = Arc::new(Mutex::new(None));
    let kept = seen.clone();
    let function = typed(move |event: aws_lambda_events::sqs::SqsEvent, ends_at| {
        *kept.lock().unwrap() = Some((event, ends_at));
        async { Ok(json!({})) }
    });
    mapping(&queue, &clock, function, Reasons::default()).poll_once().await.unwrap();
    let (event, ends_at) = seen.lock().unwrap().take().unwrap();
    let record = &event.records[0];
    assert_eq!(record.body.as_deref(), Some(message("group-a", "one").body.as_str()));
    assert_eq!(record.attributes["MessageGroupId"], "group-a");
    assert_eq!(record.attributes["MessageDeduplicationId"], "group-a.one");
    assert_eq!(record.attributes["ApproximateReceiveCount"], "1");
    assert_eq!(record.event_source.as_deref(), Some("aws:sqs"));
    assert!(record.event_source_arn.as_deref().unwrap().ends_with(":take-snapshot.fifo"));
    assert_eq!(ends_at.as_millisecond() - clock.0.now().as_millisecond(), 900_000);
}

#[tokio::test]
async fn a_stopped_poller_ends_what_it_has_begun() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("a", "one")).await.unwrap();
    let (begun, end) = (watch::Sender::new(false), watch::Sender::new(false));
    let (is_begun, may_end) = (begun.clone(), end.clone());
    let function = typed(move |_: Value, _| {
        is_begun.send_replace(true);
        let mut may_end = may_end.subscribe();
        async move {
            may_end.wait_for(|end| *end).await.ok();
            Ok(json!({}))
        }
    });
    let stop = watch::Sender::new(false);
    let running = mapping(&queue, &clock, function, Reasons::default()).start(&stop.subscribe());
    begun.subscribe().wait_for(|begun| *begun).await.unwrap();
    stop.send_replace(true);
    assert_eq!(queue.count(JOB).await.unwrap(), 1);
    end.send_replace(true);
    running.join_all().await;
    assert_eq!(queue.count(JOB).await.unwrap(), 0);
}

/// A queue that is gone, until it was asked so often.
struct Gone {
    asked: Mutex<u32>,
    until: u32,
}

#[async_trait]
impl Source for Gone {
    fn queue(&self) -> JobQueue {
        JOB
    }
    async fn receive(&self, _: usize, _: u64) -> Result<Vec<Message>> {
        let asked = {
            let mut asked = self.asked.lock().unwrap();
            *asked += 1;
            *asked
        };
        if asked <= self.until {
            return Err(Error::unavailable("the queue is gone"));
        }
        std::future::pending().await
    }
    async fn retry(&self, _: &Message, _: u64, _: Option<&str>) -> Result<()> {
        Ok(())
    }
    async fn delete(&self, _: &Message) -> Result<()> {
        Ok(())
    }
    async fn count(&self) -> Result<u64> {
        Ok(0)
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A clock that says how long it was slept on, and lets nobody wait.
struct Rests(tokio::sync::mpsc::UnboundedSender<u64>);

#[async_trait]
impl Clock for Rests {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    async fn sleep_ms(&self, ms: u64) {
        self.0.send(ms).ok();
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_queue_that_is_gone_is_asked_ever_less_often_and_told_of_once() {
    let (sender, mut rests) = tokio::sync::mpsc::unbounded_channel();
    let function = typed(|_: Value, _| async { Ok(json!({})) });
    let clock = Arc::new(HandClock::default());
    let mut mapping = mapping(&queue(clock.clone()), &clock, function, Reasons::default());
    mapping.source = Arc::new(Gone { asked: Mutex::new(0), until: 9 });
    mapping.clock = Arc::new(Rests(sender));
    let lines = Lines::default();
    let kept = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || kept.clone()).finish();
    let _watched = tracing::subscriber::set_default(subscriber);
    let stop = watch::Sender::new(false);
    let running = mapping.start(&stop.subscribe());
    let mut rested = Vec::new();
    while rested.len() < 9 {
        rested.push(rests.recv().await.unwrap() / 1_000);
    }
    stop.send_replace(true);
    running.join_all().await;
    assert_eq!(rested, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    let lines = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert_eq!(lines.matches("a queue does not answer").count(), 1, "{lines}");
}
