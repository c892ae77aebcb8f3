//! Stories of one mail for one thing, whatever fails: a catalog that is unwell after the mail has left, a mail service that
//! gives no answer, notices that are stored late, people who change their minds.

use crate::mail_room::{handle_mail_messages, mail_worker, mail_worker_over, scheduler};
use async_trait::async_trait;
use domain::notices::{Frequency, Hour, Topic};
use domain::rights::Role;
use domain::{Error, Timestamp};
use engine::ports::{Catalog, Handed, Mail, MailEvent, MailFate, Mailer, Page, Row, RowPage, Scope, Write};
use engine::records::{Delivery, Digest, Notice, NoticeEntry, Person, Record, Records, SentNotice, put_new};
use jiff::SignedDuration;
use partners::send_digests::{Ports, Worker};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use support::office::{Office, PARTNER, at, diff, organisation, partner, tenant};

const MONDAY_8: &str = "2026-11-23T07:00:00Z"; // in Zurich
const TUESDAY_8: &str = "2026-11-24T07:00:00Z";

async fn sunday_with_changes() -> (Office, Person) {
    let office = Office::new().await;
    let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.world.mailer.take_sent();
    (office, owner)
}

async fn tick(office: &Office) {
    mail_worker(office).send_due(office.deadline()).await.unwrap();
}

/// A minute's tick, and what waits in the queue, for so many minutes.
async fn minutes(office: &Office, worker: &Worker, count: u32) {
    for _ in 0..count {
        let _ = worker.send_due(office.deadline()).await;
        for delivery in office.world.queue.receive(engine::ports::JobQueue::SendDigests) {
            use engine::work::JobWorker;
            let _ = worker.handle(&delivery.body, office.deadline()).await;
            office.world.queue.delete(&delivery);
        }
        office.world.clock.advance(SignedDuration::from_mins(1));
        let _ = scheduler(office).run(office.deadline()).await;
    }
}

/// What the mail service says of every mail that it took.
async fn say_sent(office: &Office, worker: &Worker) {
    for mail in office.world.mailer.sent() {
        let event = MailEvent { mail: mail.about, fate: MailFate::Sent, at: office.clock().now() };
        worker.settle(&event).await.unwrap();
    }
}

/// A catalog that takes no write once a mail has left, until it is healed.
struct SickOnceSent {
    inner: Arc<dyn Catalog>,
    is_sick: AtomicBool,
}

#[async_trait]
impl Catalog for SickOnceSent {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> domain::Result<Option<Row>> {
        self.inner.find(scope, key, now).await
    }
    async fn find_many(
        &self,
        places: &[(Scope, String)],
        now: Timestamp,
    ) -> domain::Result<Vec<Option<Row>>> {
        self.inner.find_many(places, now).await
    }
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> domain::Result<RowPage> {
        self.inner.list(scope, prefix, page).await
    }
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> domain::Result<RowPage> {
        self.inner.list_due(list, until, page).await
    }
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> domain::Result<()> {
        if self.is_sick.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the catalog is unwell"));
        }
        self.inner.write(now, writes).await
    }
}

/// A mail service after whose yes the catalog falls ill.
struct ThenSick {
    inner: Arc<dyn Mailer>,
    catalog: Arc<SickOnceSent>,
}

#[async_trait]
impl Mailer for ThenSick {
    async fn send(&self, mail: &Mail) -> domain::Result<Handed> {
        let handed = self.inner.send(mail).await;
        self.catalog.is_sick.store(true, Ordering::SeqCst);
        handed
    }
}

/// Mails of the privileged change at once: the tick has others to tell of.
fn of_power(office: &Office) -> usize {
    office.world.mailer.sent().iter().filter(|mail| mail.subject.contains("Ann Lee was given")).count()
}

fn sick_worker(office: &Office) -> (Arc<SickOnceSent>, Worker) {
    let catalog = Arc::new(SickOnceSent { inner: office.catalog(), is_sick: AtomicBool::new(false) });
    let worker = Worker::new(Ports {
        records: Records::new(catalog.clone(), office.clock()),
        mailer: Arc::new(ThenSick { inner: office.mailer(), catalog: catalog.clone() }),
        clock: office.clock(),
        ids: office.ids(),
    });
    (catalog, worker.unwrap())
}

#[tokio::test]
async fn under_a_catalog_that_is_unwell_for_an_hour_a_digest_leaves_once() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    let (catalog, worker) = sick_worker(&office);
    minutes(&office, &worker, 60).await;
    assert_eq!(office.world.mailer.sent().len(), 1, "sixty sick ticks");
    catalog.is_sick.store(false, Ordering::SeqCst);
    minutes(&office, &mail_worker(&office), 60).await;
    assert_eq!(office.world.mailer.sent().len(), 1, "and sixty after it is well");
    let row = office.records().get(&Digest::at(&owner.partner, &owner.id, at(MONDAY_8))).await.unwrap();
    assert_eq!(row.value.delivery, Some(Delivery::Unknown));
    // The service's word settles it, and the next morning repeats nothing.
    say_sent(&office, &mail_worker(&office)).await;
    let row = office.records().get(&Digest::at(&owner.partner, &owner.id, at(MONDAY_8))).await.unwrap();
    assert_eq!(row.value.delivery, Some(Delivery::Sent));
    office.world.clock.advance_to(at(TUESDAY_8));
    tick(&office).await;
    assert_eq!(office.world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn what_a_digest_told_of_which_nobody_knows_stands_in_the_next_one() {
    let (office, _) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    let (catalog, worker) = sick_worker(&office);
    minutes(&office, &worker, 2).await;
    catalog.is_sick.store(false, Ordering::SeqCst);
    minutes(&office, &mail_worker(&office), 20).await;
    office.world.clock.advance_to(at(TUESDAY_8));
    tick(&office).await;
    let sent = office.world.mailer.sent();
    assert_eq!(sent.len(), 2);
    assert!(sent[1].text.contains("-- Contoso") && sent[1].text.contains("2 changes"), "{}", sent[1].text);
}

#[tokio::test]
async fn under_a_catalog_that_is_unwell_for_an_hour_a_notice_is_mailed_once() {
    let office = Office::new().await;
    let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    let (catalog, worker) = sick_worker(&office);
    minutes(&office, &worker, 60).await;
    assert_eq!(of_power(&office), 1);
    catalog.is_sick.store(false, Ordering::SeqCst);
    minutes(&office, &mail_worker(&office), 300).await;
    assert_eq!(of_power(&office), 1);
    let notice = format!("privileged-changes.{}", diff());
    assert_eq!(office.notice(&notice).await.due_at, None);
    assert_eq!(office.person(&owner).await.late.len(), 1, "the next mail tells it once more");
    say_sent(&office, &mail_worker(&office)).await;
    assert_eq!(office.person(&owner).await.late.len(), 0, "unless the service says that it left");
}

#[tokio::test]
async fn where_the_service_tells_what_it_sends_a_sick_catalog_sends_nothing_twice_and_a_crash_loses_nothing()
{
    // The row was not written, and the service told: nothing leaves again, not that day and not the next.
    let (office, _) = sunday_with_changes().await;
    office.world.mailer.begin_to_tell();
    office.world.clock.advance_to(at(MONDAY_8));
    let (catalog, worker) = sick_worker(&office);
    minutes(&office, &worker, 60).await;
    catalog.is_sick.store(false, Ordering::SeqCst);
    say_sent(&office, &mail_worker(&office)).await;
    minutes(&office, &mail_worker(&office), 60).await;
    office.world.clock.advance_to(at(TUESDAY_8));
    tick(&office).await;
    assert_eq!(office.world.mailer.sent().len(), 1);
    // Who was about to hand it over ended before: the service told nothing, and it leaves after a quarter of an hour.
    let (office, owner) = sunday_with_changes().await;
    office.world.mailer.begin_to_tell();
    office.world.clock.advance_to(at(MONDAY_8));
    let claimed: Digest = serde_json::from_value(serde_json::json!({
        "partner": owner.partner, "person": owner.id, "until": MONDAY_8, "delivery": null, "notices": 1,
        "doneAt": null, "handed": { "at": MONDAY_8 },
    }))
    .unwrap();
    office.records().put_new(&claimed).await.unwrap();
    minutes(&office, &mail_worker(&office), 15).await;
    assert_eq!(office.world.mailer.sent().len(), 0);
    minutes(&office, &mail_worker(&office), 2).await;
    assert_eq!(office.world.mailer.sent().len(), 1);
}

/// A mail service that gives no answer, whether it takes the mail or not.
struct Silent {
    inner: Arc<dyn Mailer>,
    takes: bool,
    calls: Mutex<u32>,
}

#[async_trait]
impl Mailer for Silent {
    async fn send(&self, mail: &Mail) -> domain::Result<Handed> {
        *self.calls.lock().unwrap() += 1;
        if self.takes {
            self.inner.send(mail).await?;
        }
        Ok(Handed::Unanswered)
    }
}

#[tokio::test]
async fn a_mail_without_an_answer_waits_a_quarter_of_an_hour_for_the_services_own_word() {
    for takes in [true, false] {
        let office = Office::new().await;
        let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
        office.announce_two_changes().await.unwrap();
        let silent = Arc::new(Silent { inner: office.mailer(), takes, calls: Mutex::new(0) });
        let worker = mail_worker_over(&office, silent.clone());
        minutes(&office, &worker, 10).await;
        assert_eq!(*silent.calls.lock().unwrap(), 1, "nothing is known, and nothing is done");
        say_sent(&office, &worker).await;
        minutes(&office, &mail_worker(&office), 60).await;
        assert_eq!(office.world.mailer.sent().len(), 1, "taken: {takes}");
        let at = SentNotice::at(&tenant(), &format!("privileged-changes.{}", diff()), &owner.id);
        let row = office.records().get(&at).await.unwrap().value;
        assert_eq!((row.delivery, row.handed), (Some(Delivery::Sent), None), "taken: {takes}");
        assert!(office.person(&owner).await.late.is_empty());
    }
}

#[tokio::test]
async fn a_digest_without_an_answer_leaves_once_more_only_when_the_service_says_nothing() {
    for (takes, mails) in [(true, 1), (false, 1)] {
        let (office, _) = sunday_with_changes().await;
        office.world.clock.advance_to(at(MONDAY_8));
        let silent = Arc::new(Silent { inner: office.mailer(), takes, calls: Mutex::new(0) });
        let worker = mail_worker_over(&office, silent.clone());
        minutes(&office, &worker, 10).await;
        assert_eq!(*silent.calls.lock().unwrap(), 1);
        say_sent(&office, &worker).await;
        minutes(&office, &mail_worker(&office), 60).await;
        assert_eq!(office.distinct_mails().len(), 1, "taken: {takes}");
        assert_eq!(office.world.mailer.sent().len(), mails, "taken: {takes}");
    }
}

/// A notice as its job writes it: it bears `at`, and is stored now.
async fn store_late(office: &Office, made_at: Timestamp) {
    let (office_notice, id) = (office.notice(&format!("changes.{}", diff())).await, "changes.dif_late");
    let notice = Notice { id: id.to_owned(), at: made_at, due_at: None, ..office_notice };
    let entry = NoticeEntry::of(&notice, &partner(PARTNER));
    office.records().write(vec![put_new(&notice).unwrap(), put_new(&entry).unwrap()]).await.unwrap();
}

/// How many notices each digest told.
fn told(office: &Office) -> Vec<u64> {
    let rows = office.world.catalog.rows();
    let digests = rows.iter().filter(|(_, row)| row.key.starts_with(Digest::PREFIX));
    digests.map(|(_, row)| row.body["notices"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_notice_that_is_stored_long_after_its_own_time_is_in_the_next_digest_and_in_one_alone() {
    let (office, _) = sunday_with_changes().await;
    office.world.clock.advance_to(at("2026-11-23T06:30:00Z"));
    store_late(&office, at("2026-11-23T06:20:00Z")).await;
    office.world.clock.advance_to(at(MONDAY_8));
    tick(&office).await;
    assert_eq!(told(&office), [2]);
    // Half an hour late, beyond the digest that it belongs to.
    let late = at("2026-11-23T06:40:00Z");
    let first = office.notice("changes.dif_late").await;
    let notice = Notice { id: "changes.dif_later".to_owned(), at: late, ..first };
    let entry = NoticeEntry::of(&notice, &partner(PARTNER));
    office.records().write(vec![put_new(&notice).unwrap(), put_new(&entry).unwrap()]).await.unwrap();
    for day in 24..=26 {
        office.world.clock.advance_to(at(&format!("2026-11-{day}T07:00:00Z")));
        tick(&office).await;
    }
    assert_eq!(told(&office), [2, 1], "the late one, and the one beside it not again");
}

/// Eight in the morning in Zurich is half an hour before one in the afternoon in Kolkata.
#[tokio::test]
async fn what_a_digest_told_is_not_told_again_after_one_that_had_nothing_new() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at("2026-11-23T06:50:00Z"));
    store_late(&office, at("2026-11-23T06:50:00Z")).await;
    office.world.clock.advance_to(at(MONDAY_8));
    tick(&office).await;
    assert_eq!(told(&office), [2]);
    let mut moved = office.records().get(&owner.address()).await.unwrap();
    moved.value.hour = Hour::new(13).unwrap();
    moved.value.move_to("Asia/Kolkata", office.clock().now()).unwrap();
    office.records().replace(&moved.value, moved.version).await.unwrap();
    for day in 23..=25 {
        office.world.clock.advance_to(at(&format!("2026-11-{day}T07:30:00Z")));
        tick(&office).await;
        assert_eq!(told(&office), [2], "on the {day}th");
    }
}

#[tokio::test]
async fn a_person_who_is_edited_between_the_slot_and_the_tick_gets_that_digest() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at("2026-11-23T07:00:30Z"));
    let mut edited = office.records().get(&owner.address()).await.unwrap();
    edited.value.name = "Ann B. Lee".to_owned();
    edited.value.move_to("Europe/Zurich", office.clock().now()).unwrap();
    office.records().replace(&edited.value, edited.version).await.unwrap();
    tick(&office).await;
    assert_eq!(office.distinct_mails().len(), 1);
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at(TUESDAY_8)));
}

#[tokio::test]
async fn who_goes_from_a_digest_to_immediate_mail_or_back_is_told_of_everything_once() {
    let office = Office::new().await;
    let mut owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    let mut version = 1;
    let mut choose = async |topic, frequency| {
        let found = office.records().get(&owner.address()).await.unwrap();
        (owner, version) = (found.value, found.version);
        owner.subscribe(topic, Some(frequency), office.clock().now()).unwrap();
        office.records().replace(&owner, version).await.unwrap();
    };
    office.announce_two_changes().await.unwrap();
    // Before either message is handled: what was for the digest is wanted at once, and the other way round.
    office.world.clock.advance(SignedDuration::from_secs(10));
    choose(Topic::Changes, Frequency::Immediate).await;
    choose(Topic::PrivilegedChanges, Frequency::Daily).await;
    handle_mail_messages(&office).await;
    office.world.clock.advance_to(at(MONDAY_8));
    tick(&office).await;
    office.world.clock.advance_to(at(TUESDAY_8));
    tick(&office).await;
    let subjects: Vec<_> = office.world.mailer.sent().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(subjects[0].contains("Ann Lee was given"), "{subjects:?}");
    assert!(subjects[1].starts_with("Holdfast: 1 notice"), "{subjects:?}");
    assert!(office.person(&owner).await.may_hear(Topic::Changes, &organisation()));
}

#[tokio::test]
async fn a_mail_that_leaves_long_after_its_time_says_so() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    office.world.clock.advance(SignedDuration::from_hours(3));
    scheduler(&office).run(office.deadline()).await.unwrap();
    handle_mail_messages(&office).await;
    let mail = office.distinct_mails().remove(0);
    assert!(mail.text.contains("This mail is late") && mail.html.contains("This mail is late"));
}
