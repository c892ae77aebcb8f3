//! Mail on this machine: every mail that the product makes is a file, and one to a simulated mailbox comes back as from SES.

use domain::Timestamp;
use domain::rights::Role;
use engine::ports::JobQueue;
use engine::records::{MailTrouble, Person};
use engine::work::JobWorker;
use local::embedded::Outbox;
use partners::send_digests::{Ports, Worker};
use runtime::mail::MailMessages;
use std::path::Path;
use std::sync::Arc;
use support::news::{AllNews, number};
use support::office::{Office, PARTNER, at, organisation, tenant};

const START: &str = "2026-11-22T18:00:00Z";

fn worker(office: &Office, folder: &Path) -> MailMessages {
    let outbox = Outbox::open(folder, "Holdfast <a@example.com>", office.clock()).unwrap();
    let mailer = Arc::new(outbox.telling(office.queue()));
    let (records, clock, ids) = (office.records(), office.clock(), office.ids());
    MailMessages(Worker::new(Ports { records, mailer, clock, ids }).unwrap())
}

/// Handles what waits in the queue for mail, until there is nothing; each message as its function would be given it.
async fn handle(office: &Office, messages: &MailMessages) {
    loop {
        let batch = office.world.queue.receive(JobQueue::SendDigests);
        if batch.is_empty() {
            return;
        }
        for delivery in batch {
            messages.handle(&delivery.body, Timestamp::MAX).await.unwrap();
            office.world.queue.delete(&delivery);
        }
    }
}

fn files(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn whatever_there_is_to_tell_is_a_file_in_the_outbox() {
    let (office, folder) = (Office::new().await, tempfile::tempdir().unwrap());
    let mut owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    for topic in domain::notices::Topic::ALL {
        owner.subscribe(topic, Some(domain::notices::Frequency::Immediate), at(START)).unwrap();
    }
    office.records().replace(&owner, 1).await.unwrap();
    let all = AllNews::about(organisation());
    for news in all.each() {
        office
            .announcer()
            .announce(&tenant(), &news)
            .await
            .unwrap_or_else(|e| panic!("{}: {e}", number(&news)));
    }
    handle(&office, &worker(&office, folder.path())).await;
    assert_eq!(files(folder.path()), all.each().len());
}

#[tokio::test]
async fn mail_to_a_simulated_mailbox_comes_back_and_another_owner_is_told() {
    for (mailbox, trouble) in [
        ("bounce", MailTrouble::Bounced),
        ("bounce+ada", MailTrouble::Bounced),
        ("suppressionlist", MailTrouble::Suppressed),
        ("complaint", MailTrouble::Complained),
    ] {
        let (office, folder) = (Office::new().await, tempfile::tempdir().unwrap());
        let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
        let email = format!("{mailbox}@simulator.amazonses.com");
        office.records().replace(&Person { email, ..owner.clone() }, 1).await.unwrap();
        let other = office.add_person(11, PARTNER, Role::Owner, "Europe/Zurich").await;
        office.announce_two_changes().await.unwrap();
        handle(&office, &worker(&office, folder.path())).await;
        let state = office.person(&owner).await.mail_state.unwrap();
        assert_eq!((state.trouble, state.told), (trouble, Some(other.id.clone())), "{mailbox}");
        // To both of them what happened, and to the other that the mail of the one does not arrive.
        assert_eq!(files(folder.path()), 3, "{mailbox}");
        assert_eq!(office.person(&other).await.mail_state, None);
    }
}
