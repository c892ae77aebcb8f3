//! The events of both triggers reach the job, and an unreadable message is failed alone.

use domain::Timestamp;
use engine::records::Records;
use partners::send_digests::{Ports, Worker};
use runtime::call::Invocation;
use serde_json::Value;
use support::memory::World;

async fn answer(event: &str) -> Value {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let (mailer, clock, ids) = (world.mailer.clone(), world.clock.clone(), world.ids.clone());
    let worker = Worker::new(Ports { records, mailer, clock, ids }).unwrap();
    let event = serde_json::from_str(event).unwrap();
    send_digests::handle(
        &worker,
        (&*world.clock, &*world.queue),
        event,
        &Invocation::ending_at(Timestamp::MAX),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn a_tick_is_answered_with_its_report() {
    let report = answer(include_str!("../../../../events/send-digests/tick.json")).await;
    assert_eq!(report["sent"], 0);
}

#[tokio::test]
async fn messages_that_cannot_be_read_or_name_no_notice_are_failed_by_their_id() {
    for event in [
        include_str!("../../../../events/send-digests/unreadable.json"),
        include_str!("../../../../events/send-digests/notice.json"),
    ] {
        let reply = answer(event).await;
        let sent: Value = serde_json::from_str(event).unwrap();
        let failures = reply["batchItemFailures"].as_array().unwrap();
        assert_eq!(failures.len(), 1);
        assert_eq!(failures[0]["itemIdentifier"], sent["Records"][0]["messageId"]);
    }
}
