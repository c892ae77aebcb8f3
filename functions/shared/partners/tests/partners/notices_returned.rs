//! Stories of mail that comes back: the person's row says so, another Owner is told, and gets what was to be told at once.

use crate::mail_room::{handle_mail_messages, mail_worker, scheduler};
use domain::PersonId;
use domain::rights::Role;
use engine::ports::{Mail, MailEvent, MailFate};
use engine::records::{Delivery, Digest, MailTrouble, Person, Record, SentNotice};
use jiff::SignedDuration;
use partners::send_digests::Report;
use support::office::{DISTRIBUTOR, Office, PARTNER, at, diff, tenant};

async fn office_with(owners: &[(u32, u32)]) -> (Office, Vec<Person>) {
    let office = Office::new().await;
    let mut people = Vec::new();
    for (n, of) in owners {
        people.push(office.add_person(*n, *of, Role::Owner, "Europe/Zurich").await);
    }
    (office, people)
}

/// The mail service tells what became of that mail, twice, as it may.
async fn tell(office: &Office, mail: &Mail, fate: MailFate) {
    let event = MailEvent { mail: mail.about.clone(), fate, at: office.clock().now() };
    for _ in 0..2 {
        mail_worker(office).settle(&event).await.unwrap();
    }
}

fn to(mails: &[Mail], n: u32) -> Vec<&Mail> {
    mails.iter().filter(|mail| mail.to == format!("person{n}@msp.example")).collect()
}

async fn delivery(office: &Office, person: &PersonId) -> Option<Delivery> {
    let at = SentNotice::at(&tenant(), &format!("privileged-changes.{}", diff()), person);
    office.records().find(&at).await.unwrap().and_then(|found| found.value.delivery)
}

#[tokio::test]
async fn a_mail_that_bounces_was_not_sent_and_another_owner_hears_of_it_and_gets_what_it_told() {
    for (fate, trouble) in
        [(MailFate::Bounced, MailTrouble::Bounced), (MailFate::Suppressed, MailTrouble::Suppressed)]
    {
        let (office, people) = office_with(&[(10, PARTNER)]).await;
        office.announce_two_changes().await.unwrap();
        handle_mail_messages(&office).await;
        // The other Owner comes later, so nothing of it was for them.
        let other = office.add_person(11, PARTNER, Role::Owner, "Europe/Zurich").await;
        let first = office.world.mailer.take_sent().remove(0);
        tell(&office, &first, fate).await;
        assert_eq!(
            delivery(&office, &people[0].id).await,
            Some(Delivery::Returned),
            "suppressed is not sent"
        );
        let state = office.person(&people[0]).await.mail_state.unwrap();
        assert_eq!((state.trouble, state.told), (trouble, Some(other.id.clone())));
        let mails = office.world.mailer.take_sent();
        assert_eq!(
            mails.iter().map(|mail| mail.to.as_str()).collect::<Vec<_>>(),
            ["person11@msp.example"; 2]
        );
        assert_eq!(mails[0].subject, "Mail to Person 10 does not arrive");
        assert!(mails[1].subject.contains("Ann Lee was given"));
        assert!(mails[1].text.contains("in the place of Person 10"), "{}", mails[1].text);
        assert_eq!(delivery(&office, &other.id).await, Some(Delivery::Sent));
    }
}

#[tokio::test]
async fn to_whom_no_mail_comes_none_is_sent_and_the_other_owner_gets_each_once() {
    let (office, people) = office_with(&[(10, PARTNER), (11, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.world.mailer.take_sent();
    tell(&office, to(&mails, 10)[0], MailFate::Bounced).await;
    assert_eq!(
        office.world.mailer.take_sent().len(),
        1,
        "only that mail does not arrive: they had the notice"
    );
    let subject = engine::records::Subject::Diff(diff());
    let kind = domain::ErrorKind::Unavailable;
    office.announcer().announce_error(&tenant(), subject, "A comparison", kind).await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.world.mailer.take_sent();
    assert_eq!((to(&mails, 10).len(), to(&mails, 11).len()), (0, 1));
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    let report = mail_worker(&office).send_due(office.deadline()).await.unwrap();
    assert_eq!(report, Report { sent: 1, refused: 1, ..Report::default() });
    assert_eq!(to(&office.world.mailer.sent(), 10).len(), 0);
    // An Owner has the address tried again.
    let mut row = office.records().get(&people[0].address()).await.unwrap();
    row.value.mail_state = None;
    office.records().replace(&row.value, row.version).await.unwrap();
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    assert!(to(&office.world.mailer.sent(), 10).is_empty(), "what was told to another is not told again");
}

#[tokio::test]
async fn where_a_partner_has_no_other_owner_the_nearest_above_is_told() {
    let (office, people) = office_with(&[(10, PARTNER), (12, DISTRIBUTOR)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.world.mailer.take_sent();
    tell(&office, to(&mails, 10)[0], MailFate::Bounced).await;
    assert_eq!(office.world.mailer.take_sent()[0].to, "person12@msp.example");
    assert_eq!(office.person(&people[0]).await.mail_state.unwrap().told, Some(people[1].id.clone()));
}

#[tokio::test]
async fn where_there_is_nobody_at_all_the_row_says_so_and_nothing_fails() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let first = office.world.mailer.take_sent().remove(0);
    tell(&office, &first, MailFate::Bounced).await;
    assert_eq!(office.person(&people[0]).await.mail_state.unwrap().told, None);
    assert_eq!(office.world.mailer.sent().len(), 0);
}

#[tokio::test]
async fn a_complaint_ends_the_mail_and_tells_no_content_again() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.add_person(11, PARTNER, Role::Owner, "Europe/Zurich").await;
    let first = office.world.mailer.take_sent().remove(0);
    tell(&office, &first, MailFate::Complained).await;
    assert_eq!(delivery(&office, &people[0].id).await, Some(Delivery::Sent), "whoever complains has read it");
    assert_eq!(office.person(&people[0]).await.mail_state.unwrap().trouble, MailTrouble::Complained);
    let mails = office.world.mailer.take_sent();
    assert_eq!(
        mails.iter().map(|m| m.subject.as_str()).collect::<Vec<_>>(),
        ["Mail to Person 10 does not arrive"]
    );
}

#[tokio::test]
async fn a_mail_that_did_not_arrive_at_a_good_address_is_told_late_with_the_next() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let first = office.world.mailer.take_sent().remove(0);
    tell(&office, &first, MailFate::NotDelivered).await;
    assert!(office.person(&people[0]).await.mail_state.is_none());
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    let mail = office.world.mailer.take_sent().remove(0);
    let headings: Vec<_> = mail.text.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(
        headings,
        ["== Late: these were to be mailed at once, and may not have arrived", "== Changes"]
    );
    assert!(mail.text.contains("Ann Lee was given Global Administrator"));
    assert!(office.person(&people[0]).await.late.is_empty(), "once");
    office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    assert_eq!(office.world.mailer.sent().len(), 0);
}

#[tokio::test]
async fn who_has_no_digest_at_all_gets_what_is_late_the_next_morning() {
    let office = Office::new().await;
    let person = office.add_person(10, PARTNER, Role::Support, "Europe/Zurich").await;
    assert_eq!(person.next_digest_at, None);
    let subject = engine::records::Subject::Diff(diff());
    let kind = domain::ErrorKind::Unavailable;
    office.announcer().announce_error(&tenant(), subject, "A comparison", kind).await.unwrap();
    handle_mail_messages(&office).await;
    let first = office.world.mailer.take_sent().remove(0);
    tell(&office, &first, MailFate::NotDelivered).await;
    office.world.clock.advance(SignedDuration::from_hours(14));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    assert_eq!(office.world.mailer.take_sent().len(), 1);
    assert_eq!(office.person(&person).await.next_digest_at, None, "and then has none again");
}

#[tokio::test]
async fn a_digest_that_bounces_was_not_sent() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.world.mailer.take_sent();
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    let digest = office.world.mailer.take_sent().remove(0);
    tell(&office, &digest, MailFate::Bounced).await;
    let at = Digest::at(&people[0].partner, &people[0].id, at("2026-11-23T07:00:00Z"));
    assert_eq!(office.records().get(&at).await.unwrap().value.delivery, Some(Delivery::Returned));
    assert_eq!(office.person(&people[0]).await.mail_state.unwrap().trouble, MailTrouble::Bounced);
}

/// What the service tells comes in no order.
#[tokio::test]
async fn that_a_mail_was_sent_is_no_news_once_it_has_come_back() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    let mails = office.world.mailer.take_sent();
    assert_eq!(mails.len(), 2, "a notice and a digest");
    for mail in &mails {
        tell(&office, mail, MailFate::Bounced).await;
        tell(&office, mail, MailFate::Sent).await;
    }
    assert_eq!(delivery(&office, &people[0].id).await, Some(Delivery::Returned));
    let at = Digest::at(&people[0].partner, &people[0].id, at("2026-11-23T07:00:00Z"));
    assert_eq!(office.records().get(&at).await.unwrap().value.delivery, Some(Delivery::Returned));
}

#[tokio::test]
async fn an_address_that_can_take_no_mail_is_known_as_such_and_an_owner_is_told() {
    let (office, people) = office_with(&[(10, PARTNER)]).await;
    let mut row = office.records().get(&people[0].address()).await.unwrap();
    row.value.email = "nobody".to_owned();
    office.records().replace(&row.value, row.version).await.unwrap();
    office.add_person(11, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.world.mailer.take_sent();
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects.len(), 2, "{subjects:?}");
    assert!(mails.iter().all(|mail| mail.to == "person11@msp.example"));
    assert_eq!(office.person(&people[0]).await.mail_state.unwrap().trouble, MailTrouble::Refused);
    let notice = office.notice(&format!("privileged-changes.{}", diff())).await;
    assert_eq!(notice.due_at, None);
    office.world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(scheduler(&office).run(office.deadline()).await.unwrap().mails_again, 0);
}
