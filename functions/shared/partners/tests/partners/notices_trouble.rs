//! Stories of a mail service that does not take our mail: nothing is lost, and nobody's address is blamed.

use crate::mail_room::{handle_mail_messages, mail_worker_over, scheduler};
use async_trait::async_trait;
use domain::rights::Role;
use domain::{Error, ErrorKind, Result};
use engine::ports::{Handed, JobQueue, Mail, Mailer};
use engine::records::{Delivery, SentNotice};
use engine::work::JobWorker;
use jiff::SignedDuration;
use partners::send_digests::Worker;
use std::sync::{Arc, Mutex};
use support::office::{Office, PARTNER, at};

/// A mailer that answers with an error until it is healed.
struct Moody {
    mood: Mutex<Option<ErrorKind>>,
    inner: Arc<dyn Mailer>,
}

#[async_trait]
impl Mailer for Moody {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Some(kind) => Err(Error::new(kind, "the account takes no mail now")),
            None => self.inner.send(mail).await,
        }
    }
}

const TROUBLES: [ErrorKind; 5] = [
    ErrorKind::Denied,
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Throttled { retry_after_ms: None },
    ErrorKind::Unavailable,
];

fn moody(office: &Office, kind: ErrorKind) -> (Arc<Moody>, Worker) {
    let mailer = Arc::new(Moody { mood: Mutex::new(Some(kind)), inner: office.mailer() });
    let worker = mail_worker_over(office, mailer.clone());
    (mailer, worker)
}

async fn handle(office: &Office, worker: &Worker) {
    for delivery in office.world.queue.receive(JobQueue::SendDigests) {
        let _ = worker.handle(&delivery.body, office.deadline()).await;
        office.world.queue.delete(&delivery);
    }
}

/// The sweeper every few minutes, for so long.
async fn sweep(office: &Office, worker: &Worker, hours: i64) {
    for _ in 0..hours * 6 {
        office.world.clock.advance(SignedDuration::from_mins(10));
        scheduler(office).run(office.deadline()).await.unwrap();
        handle(office, worker).await;
    }
}

/// Mails of the privileged change that left; the sweeper has others to tell of.
fn told(office: &Office) -> usize {
    office.world.mailer.sent().iter().filter(|m| m.subject.contains("Ann Lee was given")).count()
}

#[tokio::test]
async fn whatever_the_account_is_refused_for_the_notice_is_mailed_once_when_that_is_over() {
    for kind in TROUBLES {
        let office = Office::new().await;
        let person = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
        office.announce_two_changes().await.unwrap();
        let (mailer, worker) = moody(&office, kind);
        handle(&office, &worker).await;
        sweep(&office, &worker, 1).await;
        *mailer.mood.lock().unwrap() = None;
        sweep(&office, &worker, 24).await;
        assert_eq!(told(&office), 1, "{kind:?}");
        let notice = format!("privileged-changes.{}", support::office::diff());
        let row =
            office.records().get(&SentNotice::at(&support::office::tenant(), &notice, &person.id)).await;
        assert_eq!(row.unwrap().value.delivery, Some(Delivery::Sent), "{kind:?}");
        assert_eq!(office.notice(&notice).await.due_at, None, "{kind:?}");
    }
}

#[tokio::test]
async fn a_week_of_trouble_delays_a_mail_and_does_not_lose_it() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    let (mailer, worker) = moody(&office, ErrorKind::Denied);
    sweep(&office, &worker, 7 * 24).await;
    *mailer.mood.lock().unwrap() = None;
    sweep(&office, &worker, 24).await;
    assert_eq!(told(&office), 1);
}

#[tokio::test]
async fn a_digest_that_the_account_is_refused_for_leaves_with_a_later_tick() {
    for kind in TROUBLES {
        let office = Office::new().await;
        office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
        office.announce_two_changes().await.unwrap();
        handle_mail_messages(&office).await;
        office.world.mailer.take_sent();
        office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
        let (mailer, worker) = moody(&office, kind);
        let report = worker.send_due(office.deadline()).await.unwrap();
        assert_eq!((report.refused, report.failed), (0, 1), "{kind:?}");
        *mailer.mood.lock().unwrap() = None;
        assert_eq!(worker.send_due(office.deadline()).await.unwrap().sent, 1, "{kind:?}");
        assert_eq!(office.world.mailer.sent().len(), 1, "{kind:?}");
    }
}
