//! What the local queue keeps over time and over the end of its process.

use crate::common;
use crate::common::{HandClock, RULES, message, queue, queue_in};
use domain::ErrorKind;
use engine::ports::{JobQueue, Queue};
use std::sync::Arc;

const JOB: JobQueue = JobQueue::TakeSnapshot;

#[tokio::test]
async fn messages_and_what_was_deduplicated_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.sqlite");
    let clock = Arc::new(HandClock::default());
    let before = queue_in(&file, clock.clone());
    for name in ["one", "two", "three"] {
        before.send(message("t", name)).await.unwrap();
    }
    let first = before.receive(JOB, 1).await.unwrap().remove(0);
    before.delete(&first.handle).await.unwrap();
    let held = before.receive(JOB, 1).await.unwrap().remove(0);
    drop(before);

    let after = queue_in(&file, clock);
    after.send(message("t", "one")).await.unwrap();
    assert_eq!(after.count(JOB).await.unwrap(), 2, "a repetition of what was done is still known");
    assert!(after.receive(JOB, 10).await.unwrap().is_empty(), "what was in flight still is");
    after.release_all().await.unwrap();
    let again = after.receive(JOB, 10).await.unwrap();
    assert_eq!(again.iter().map(|r| r.id.clone()).next(), Some(held.id), "and comes first once it is let go");
    assert_eq!(again.iter().map(|r| r.receive_count).collect::<Vec<_>>(), [2, 1]);
    let late = after.delete(&held.handle).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Conflict, "the old holder has no say any more");
}

#[tokio::test]
async fn a_repetition_is_taken_again_after_five_minutes() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("t", "one")).await.unwrap();
    clock.0.advance_ms(5 * 60_000 - 1);
    queue.send(message("t", "one")).await.unwrap();
    assert_eq!(queue.count(JOB).await.unwrap(), 1);
    clock.0.advance_ms(1);
    queue.send(message("t", "one")).await.unwrap();
    assert_eq!(queue.count(JOB).await.unwrap(), 2);
}

#[tokio::test]
async fn a_message_that_nobody_finishes_becomes_a_dead_letter_after_its_last_receipt() {
    let clock = Arc::new(HandClock::default());
    let queue = queue(clock.clone());
    queue.send(message("t", "poison")).await.unwrap();
    queue.send(message("t", "next")).await.unwrap();
    for count in 1..=RULES.max_receives {
        let received = queue.receive(JOB, 1).await.unwrap();
        assert_eq!(
            (received[0].receive_count, received[0].sent.deduplication_id.as_str()),
            (count, "t.poison")
        );
        assert!(queue.receive(JOB, 10).await.unwrap().is_empty(), "its group waits");
        clock.0.advance_ms(RULES.visibility_ms);
    }
    let received = queue.receive(JOB, 10).await.unwrap();
    assert_eq!(received[0].sent.deduplication_id, "t.next", "the group goes on");
    let dead = queue.dead_letters().await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].body.clone(), dead[0].receive_count), (message("t", "poison").body, 5));
}

#[tokio::test]
async fn a_dead_letter_says_why_where_that_was_said() {
    let queue = queue(Arc::new(HandClock::default()));
    for name in ["parked", "spent"] {
        queue.send(message(name, name)).await.unwrap();
    }
    let received = queue.receive(JOB, 10).await.unwrap();
    queue.bury(&received[0].handle, Some("invalid: unreadable")).await.unwrap();
    queue.release(&received[1].handle, 0, Some("unavailable: first")).await.unwrap();
    for count in 2..=RULES.max_receives {
        let again = queue.receive(JOB, 1).await.unwrap().remove(0);
        queue.release(&again.handle, 0, Some(&format!("unavailable: {count}"))).await.unwrap();
    }
    assert!(queue.receive(JOB, 1).await.unwrap().is_empty());
    let dead = queue.dead_letters().await.unwrap();
    let reasons: Vec<_> = dead.iter().map(|d| d.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("invalid: unreadable"), Some("unavailable: 5")]);
}

#[tokio::test]
async fn who_waits_is_woken_by_a_message() {
    let queue = queue(Arc::new(HandClock::default()));
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { queue.receive_wait(JOB, 1, 20_000).await }
    });
    tokio::task::yield_now().await;
    queue.send(message("t", "one")).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_of_one_queue_is_not_seen_in_another() {
    let queue = queue(Arc::new(HandClock::default()));
    queue.send(message("t", "one")).await.unwrap();
    assert!(queue.receive(JobQueue::RunRestore, 10).await.unwrap().is_empty());
    assert_eq!(queue.count(JobQueue::RunRestore).await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_that_is_no_queue_is_corrupt_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queues.sqlite");
    std::fs::write(&file, "this is not a database, it is a text of some length".repeat(20)).unwrap();
    let before = std::fs::read(&file).unwrap();
    let clock = Arc::new(HandClock::default());
    let error = local::embedded::LocalQueue::open(&file, clock, common::ids(), RULES).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
