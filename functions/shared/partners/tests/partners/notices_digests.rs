//! Stories of digests: once per period and person, whatever is retried.

use crate::mail_room::{handle_mail_messages, mail_worker, mail_worker_over};
use async_trait::async_trait;
use domain::DiffId;
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use engine::ports::{Handed, Mail, MailEvent, MailFate, Mailer};
use engine::records::{DiffCounts, Expected, Person, Record, Records, Subject};
use partners::send_digests::{self, Report};
use std::sync::Arc;
use support::faulty::crash_points;
use support::office::{Office, PARTNER, at};

const MONDAY_8: &str = "2026-11-23T07:00:00Z"; // in Zurich

async fn sunday_with_changes() -> (Office, engine::records::Person) {
    let office = Office::new().await;
    let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.world.mailer.take_sent();
    office.faults.take_log();
    (office, owner)
}

/// How many notices the digests so far have told.
fn told(office: &Office) -> u64 {
    let rows = office.world.catalog.rows();
    rows.iter()
        .filter(|(_, row)| row.key.starts_with("digest#"))
        .filter_map(|(_, r)| r.body["notices"].as_u64())
        .sum()
}

async fn announce(office: &Office, n: u32) {
    let counts = DiffCounts { created: 1, deleted: 0, modified: 1, privileged: 1, ..DiffCounts::default() };
    let diff = DiffId::from_ulid(&format!("01J{:023}", 1_000 + n));
    office
        .announcer()
        .announce_changes(
            &support::office::tenant(),
            &diff,
            &support::office::two_changes().iter().collect(),
            &counts,
        )
        .await
        .unwrap();
}

async fn tick(office: &Office) -> Report {
    mail_worker(office).send_due(office.deadline()).await.unwrap()
}

#[tokio::test]
async fn what_was_expected_is_told_behind_what_was_not() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    for n in 1..=3 {
        office.world.clock.advance(jiff::SignedDuration::from_mins(1));
        announce(&office, n).await;
    }
    let third = DiffId::from_ulid(&format!("01J{:023}", 1_003));
    let nothing = Expected::nothing_of(&support::office::tenant(), &third);
    office.records().put_new(&Expected { whole: true, ..nothing }).await.unwrap();
    office.world.clock.advance_to(at(MONDAY_8));
    tick(&office).await;
    let mails = office.distinct_mails();
    let text = &mails.last().unwrap().text;
    let place = |n: u32| text.find(&format!("dif_01j{:023}", 1_000 + n)).unwrap_or_else(|| panic!("{text}"));
    assert!(
        place(2) < place(1) && place(1) < place(3),
        "the newest first, but for what was expected: {text}"
    );
}

#[tokio::test]
async fn changes_of_the_day_before_are_told_at_eight_where_the_person_is_and_once() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at("2026-11-23T06:59:59Z"));
    assert_eq!(tick(&office).await, Report::default());
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await, Report { sent: 1, ..Report::default() });
    assert_eq!(tick(&office).await, Report::default());
    let mails = office.distinct_mails();
    assert_eq!(mails.len(), 1);
    insta::assert_snapshot!(mails[0].text, @r#"
    Holdfast: 1 notice until 23 November 2026
    From Sun 22 Nov 2026, 19:00 CET to Mon 23 Nov 2026, 07:58 CET

    == Changes

    -- Contoso <AG> (org_01j00000000000000000000007), Sun 22 Nov 2026, 19:01 CET
    2 changes
    1 created, 0 deleted, 1 modified; 1 of who may do what.
    * Ann Lee was given Global Administrator over the whole directory.
        role assignment created: Ann Lee: Global Administrator (22222222-0000-4000-8000-000000000002|62e90394-69f5-4237-9190-012177145e10|/|)
    * user modified: Ben & "Bo" <b>  Bcc: x@example.com (11111111-0000-4000-8000-000000000001)
        jobTitle: Clerk -> <script>alert(1)</script>
        department: (nothing) -> Sales
    Told by comparison dif_01j00000000000000000000070.

    You get this mail, Person 10, since you want to hear of these topics in a digest.
    "#);
    insta::assert_snapshot!("digest_html", mails[0].html);
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at("2026-11-24T07:00:00Z")));
}

#[tokio::test]
async fn an_empty_digest_is_not_sent_and_the_next_one_is_planned() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    tick(&office).await;
    office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
    assert_eq!(tick(&office).await, Report { empty: 1, ..Report::default() });
    assert_eq!(office.world.mailer.sent().len(), 1);
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at("2026-11-25T07:00:00Z")));
}

#[tokio::test]
async fn two_ticks_at_once_send_one_digest() {
    let (office, _) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    let (one, two) = (mail_worker(&office), mail_worker(&office));
    let (first, second) =
        futures::future::join(one.send_due(office.deadline()), two.send_due(office.deadline())).await;
    first.unwrap();
    second.unwrap();
    assert_eq!(office.world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn whatever_call_fails_the_digest_is_told_once() {
    let (calm, owner) = sunday_with_changes().await;
    calm.world.clock.advance_to(at(MONDAY_8));
    tick(&calm).await;
    let (calls, expected) = (calm.faults.call_count(), calm.distinct_mails());
    let expected_person = calm.person(&owner).await;
    assert_eq!(expected.len(), 1);
    for (call, mode) in crash_points(calls) {
        for dies in [false, true] {
            let (office, owner) = sunday_with_changes().await;
            office.world.clock.advance_to(at(MONDAY_8));
            if dies {
                office.faults.die_at(call, mode);
            } else {
                office.faults.fail_at(call, mode);
            }
            let _ = mail_worker(&office).send_due(office.deadline()).await;
            office.faults.heal();
            tick(&office).await;
            // What was handed over, and has no end, is waited for.
            office.world.clock.advance(jiff::SignedDuration::from_mins(16));
            tick(&office).await;
            tick(&office).await;
            let (mails, all) = (office.distinct_mails(), office.world.mailer.sent().len());
            let of_mailer = office.faults.log().calls()[usize::try_from(call).unwrap()].port == "mailer";
            assert!(all <= 1 + usize::from(of_mailer), "call {call} {mode:?}, dies: {dies}: {all}");
            // The mail service tells of what it took; what it tells nothing of stands in the next digest.
            for mail in &mails {
                let event =
                    MailEvent { mail: mail.about.clone(), fate: MailFate::Sent, at: office.clock().now() };
                mail_worker(&office).settle(&event).await.unwrap();
            }
            if mails.is_empty() {
                assert!(dies, "call {call} {mode:?}");
                office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
                tick(&office).await;
                let next = office.distinct_mails();
                assert!(next.len() == 1 && next[0].text.contains("2 changes"), "call {call} {mode:?}");
                continue;
            }
            assert_eq!(mails, expected, "call {call} {mode:?}, dies: {dies}");
            assert_eq!(office.person(&owner).await, expected_person, "call {call} {mode:?}, dies: {dies}");
        }
    }
}

#[tokio::test]
async fn a_tick_that_comes_days_late_tells_each_period_on_its_own_and_leaves_nothing_out() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at("2026-11-25T12:00:00Z"));
    for _ in 0..4 {
        tick(&office).await;
    }
    assert_eq!(office.distinct_mails().len(), 1, "the other two days were empty");
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at("2026-11-26T07:00:00Z")));
}

#[tokio::test]
async fn who_wants_changes_weekly_hears_of_them_on_monday_and_not_before() {
    let office = Office::new().await;
    office.world.clock.advance_to(at("2026-11-24T12:00:00Z")); // a Tuesday
    let mut owner = office.add_person(10, PARTNER, Role::Owner, "Asia/Tokyo").await;
    owner.subscribe(Topic::Changes, Some(Frequency::Weekly), office.clock().now()).unwrap();
    office.records().replace(&owner, 1).await.unwrap();
    office.announce_two_changes().await.unwrap();
    for day in 25..=29 {
        office.world.clock.advance_to(at(&format!("2026-11-{day}T12:00:00Z")));
        tick(&office).await;
        assert!(office.world.mailer.sent().is_empty(), "on the {day}th");
    }
    office.world.clock.advance_to(at("2026-11-29T23:00:00Z")); // Monday, 8:00 in Tokyo
    assert_eq!(tick(&office).await.sent, 1);
}

#[tokio::test]
async fn what_happens_just_before_eight_is_in_the_next_digest() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.world.clock.advance_to(at("2026-11-23T06:59:00Z"));
    office.announce_two_changes().await.unwrap();
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await.empty, 1);
    office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
    assert_eq!(tick(&office).await.sent, 1);
}

#[tokio::test]
async fn what_happens_as_a_period_ends_is_told_in_its_digest_and_not_in_the_next() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    office.world.clock.advance_to(at("2026-11-23T06:58:00Z"));
    office.announce_two_changes().await.unwrap();
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await.sent, 1);
    office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
    assert_eq!(tick(&office).await, Report { empty: 1, ..Report::default() });
}

#[tokio::test]
async fn what_is_gravest_stands_first_in_a_digest() {
    let (office, mut owner) = sunday_with_changes().await;
    owner.subscribe(Topic::Errors, Some(Frequency::Daily), office.clock().now()).unwrap();
    office.records().replace(&owner, 1).await.unwrap();
    let (tenant, subject) = (support::office::tenant(), Subject::Diff(support::office::diff()));
    office.world.clock.advance(jiff::SignedDuration::from_mins(1));
    let kind = domain::ErrorKind::Unavailable;
    office.announcer().announce_error(&tenant, subject, "A comparison", kind).await.unwrap();
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await.sent, 1);
    let mail = office.distinct_mails().pop().unwrap();
    let headings: Vec<_> = mail.text.lines().filter(|line| line.starts_with("== ")).collect();
    assert_eq!(headings, ["== Errors", "== Changes"]);
}

#[tokio::test]
async fn a_limit_to_organisations_holds_for_digests() {
    let office = Office::new().await;
    let mut admin = office.add_person(10, PARTNER, Role::Admin, "Europe/Zurich").await;
    admin.organisations = Some([domain::OrganisationId::from_ulid("01JZZZZZZZZZZZZZZZZZZZZZZZ")].into());
    office.records().replace(&admin, 1).await.unwrap();
    office.announce_two_changes().await.unwrap();
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await, Report { empty: 1, ..Report::default() });
}

#[tokio::test]
async fn a_digest_that_another_process_has_handed_over_is_left_to_it_until_its_time_is_over() {
    let calls = {
        let (calm, _) = sunday_with_changes().await;
        calm.world.clock.advance_to(at(MONDAY_8));
        tick(&calm).await;
        calm.faults.call_count()
    };
    let mut met = 0;
    for (call, mode) in crash_points(calls) {
        let (office, _) = sunday_with_changes().await;
        office.world.clock.advance_to(at(MONDAY_8));
        office.faults.die_at(call, mode);
        let _ = mail_worker(&office).send_due(office.deadline()).await;
        office.faults.heal();
        let rows = office.world.catalog.rows();
        let mut digests = rows.iter().filter(|(_, row)| row.key.starts_with("digest#"));
        if !digests.any(|(_, row)| row.body["delivery"].is_null()) {
            continue;
        }
        let sent = office.world.mailer.sent().len();
        assert_eq!(tick(&office).await, Report { waiting: 1, ..Report::default() }, "call {call} {mode:?}");
        assert_eq!(office.world.mailer.sent().len(), sent, "call {call} {mode:?}");
        met += 1;
    }
    assert!(met > 0, "some process dies between its row and its mail");
}

/// Who changes a person at another place may have a clock that is behind, and plan a period anew that has ended.
#[tokio::test]
async fn a_digest_that_was_sent_is_not_sent_again_when_its_time_is_planned_once_more() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await.sent, 1);
    let mut row = office.records().get(&owner.address()).await.unwrap();
    row.value.next_digest_at = Some(at(MONDAY_8));
    row.value.subscriptions.clone_from(&owner.subscriptions);
    office.records().replace(&row.value, row.version).await.unwrap();
    assert_eq!(tick(&office).await, Report::default());
    assert_eq!(office.world.mailer.sent().len(), 1);
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at("2026-11-24T07:00:00Z")));
}

/// A mail service that takes so long that the person changes meanwhile.
struct Slow {
    inner: Arc<dyn Mailer>,
    records: Records,
    person: Person,
}

#[async_trait]
impl Mailer for Slow {
    async fn send(&self, mail: &Mail) -> domain::Result<Handed> {
        let found = self.records.get(&self.person.address()).await?;
        let renamed = Person { name: "Renamed".to_owned(), ..found.value };
        self.records.replace(&renamed, found.version).await?;
        self.inner.send(mail).await
    }
}

#[tokio::test]
async fn what_a_person_changed_while_the_digest_was_sent_is_kept_and_the_digest_is_told_once() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    let slow = Slow { inner: office.mailer(), records: office.records(), person: owner.clone() };
    let worker = mail_worker_over(&office, Arc::new(slow));
    assert_eq!(worker.send_due(office.deadline()).await.unwrap().sent, 1);
    let now = office.person(&owner).await;
    assert_eq!((now.name.as_str(), now.next_digest_at), ("Renamed", Some(at("2026-11-24T07:00:00Z"))));
    assert_eq!(tick(&office).await, Report::default());
}

#[tokio::test]
async fn a_digest_tells_of_both_days_that_its_night_joins_and_counts_what_it_has_no_room_for() {
    let (office, _) = sunday_with_changes().await;
    announce(&office, 1).await;
    office.world.clock.advance_to(at("2026-11-23T00:30:00Z"));
    for n in 2..60 {
        announce(&office, n).await;
    }
    office.world.clock.advance_to(at(MONDAY_8));
    assert_eq!(tick(&office).await.sent, 1);
    assert_eq!(told(&office), 60);
    office.world.clock.advance_to(at("2026-11-24T07:00:00Z"));
    assert_eq!(tick(&office).await, Report { empty: 1, ..Report::default() }, "nothing is told twice");
}

/// A mail service that takes no mail to that address.
struct Refusing;

#[async_trait]
impl Mailer for Refusing {
    async fn send(&self, _: &Mail) -> domain::Result<Handed> {
        Ok(Handed::AddressRefused)
    }
}

#[tokio::test]
async fn a_digest_that_is_refused_for_good_is_not_tried_again() {
    let (office, owner) = sunday_with_changes().await;
    office.world.clock.advance_to(at(MONDAY_8));
    let (records, clock, ids) = (office.records(), office.clock(), office.ids());
    let worker =
        send_digests::Worker::new(send_digests::Ports { records, mailer: Arc::new(Refusing), clock, ids })
            .unwrap();
    let report = worker.send_due(office.deadline()).await.unwrap();
    assert_eq!(report, Report { refused: 1, ..Report::default() });
    assert_eq!(worker.send_due(office.deadline()).await.unwrap(), Report::default());
    assert_eq!(office.person(&owner).await.next_digest_at, Some(at("2026-11-24T07:00:00Z")));
}
