//! The office's mail: who handles its messages, and what leaves.

use backup::schedule_snapshots;
use domain::Result;
use engine::ports::{JobQueue, Mailer};
use engine::work::JobWorker;
use partners::send_digests;
use std::sync::Arc;
use support::office::Office;

pub fn mail_worker(office: &Office) -> send_digests::Worker {
    mail_worker_over(office, office.mailer())
}

/// Who handles the messages, with another mailer than the office's.
pub fn mail_worker_over(office: &Office, mailer: Arc<dyn Mailer>) -> send_digests::Worker {
    let (records, clock, ids) = (office.records(), office.clock(), office.ids());
    send_digests::Worker::new(send_digests::Ports { records, mailer, clock, ids }).unwrap()
}

/// The tick's worker, which also sends again the messages of mails that were lost.
pub fn scheduler(office: &Office) -> schedule_snapshots::Worker {
    schedule_snapshots::Worker {
        records: office.records(),
        queue: office.queue(),
        clock: office.clock(),
        ids: office.ids(),
    }
}

/// Handles what waits in the queue for mail until it is empty or only waits for later.
pub async fn handle_mail_messages(office: &Office) -> Vec<Result<()>> {
    let worker = mail_worker(office);
    let mut answers = Vec::new();
    loop {
        let batch = office.world.queue.receive(JobQueue::SendDigests);
        if batch.is_empty() {
            return answers;
        }
        for delivery in batch {
            let answer = worker.handle(&delivery.body, office.deadline()).await;
            match &answer {
                Ok(()) => office.world.queue.delete(&delivery),
                Err(error) => {
                    println!("a message failed: {error}");
                    office.world.queue.fail(&delivery, 60_000)
                }
            };
            answers.push(answer);
        }
    }
}
