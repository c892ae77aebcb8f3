//! Stories of mails that leave at once: who gets them, how often, and what they say.

use crate::mail_room::{handle_mail_messages, mail_worker, scheduler};
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use domain::{ErrorKind, OrganisationId};
use engine::records::{CredentialStatus, Person, Record, SentNotice, Subject};
use engine::work::JobWorker;
use partners::send_digests::Request;
use std::collections::BTreeSet;
use support::faulty::{Mode, crash_points};
use support::office::{DISTRIBUTOR, Office, PARTNER, SIBLING, diff, organisation, snapshot, tenant};

const ZURICH: &str = "Europe/Zurich";

#[tokio::test]
async fn a_privileged_change_is_mailed_at_once_and_says_who_got_what_role_over_what() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.distinct_mails();
    assert_eq!(mails.len(), 1, "changes wait for the digest");
    assert_eq!(
        mails[0].subject,
        "[Contoso <AG>] Ann Lee was given Global Administrator over the whole directory"
    );
    assert_eq!(mails[0].to, "person10@msp.example");
    insta::assert_snapshot!(mails[0].text, @r#"
    Ann Lee was given Global Administrator over the whole directory

    Organisation: Contoso <AG> (org_01j00000000000000000000007)
    Tenant: a1b2c3d4-0000-1111-2222-333344445555
    When: Sun 22 Nov 2026, 19:01 CET
    Topic: Privileged changes, critical

    * Ann Lee was given Global Administrator over the whole directory.
        role assignment created: Ann Lee: Global Administrator (22222222-0000-4000-8000-000000000002|62e90394-69f5-4237-9190-012177145e10|/|)
    Told by comparison dif_01j00000000000000000000070.

    You get this mail, Person 10, since you want to hear of "Privileged changes" at once.
    "#);
    insta::assert_snapshot!("privileged_change_html", mails[0].html);
}

#[tokio::test]
async fn a_table_of_changes_is_escaped_and_a_name_adds_no_line() {
    let office = Office::new().await;
    let mut owner = office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    owner.subscribe(Topic::Changes, Some(Frequency::Immediate), office.clock().now()).unwrap();
    office.records().replace(&owner, 1).await.unwrap();
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mails = office.distinct_mails();
    let changes = mails.iter().find(|m| m.id.as_str().starts_with("changes-")).unwrap();
    assert!(!changes.html.contains("<script>"));
    assert!(!changes.text.contains("\nBcc:") && !changes.subject.contains('\n'));
    insta::assert_snapshot!(changes.text, @r#"
    2 changes

    Organisation: Contoso <AG> (org_01j00000000000000000000007)
    Tenant: a1b2c3d4-0000-1111-2222-333344445555
    When: Sun 22 Nov 2026, 19:01 CET
    Topic: Changes, warning

    1 created, 0 deleted, 1 modified; 1 of who may do what.
    * Ann Lee was given Global Administrator over the whole directory.
        role assignment created: Ann Lee: Global Administrator (22222222-0000-4000-8000-000000000002|62e90394-69f5-4237-9190-012177145e10|/|)
    * user modified: Ben & "Bo" <b>  Bcc: x@example.com (11111111-0000-4000-8000-000000000001)
        jobTitle: Clerk -> <script>alert(1)</script>
        department: (nothing) -> Sales
    Told by comparison dif_01j00000000000000000000070.

    You get this mail, Person 10, since you want to hear of "Changes" at once.
    "#);
    insta::assert_snapshot!("changes_html", changes.html);
}

#[tokio::test]
async fn a_comparison_that_is_told_twice_is_mailed_once() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    office.announce_two_changes().await.unwrap();
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    assert_eq!(office.world.mailer.sent().len(), 1);
}

#[tokio::test]
async fn people_above_hear_of_it_but_no_sibling_no_finance_and_nobody_limited_to_others() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    office.add_person(11, DISTRIBUTOR, Role::Owner, ZURICH).await;
    office.add_person(12, SIBLING, Role::Owner, ZURICH).await;
    office.add_person(13, PARTNER, Role::Finance, ZURICH).await;
    for (n, organisations) in [
        (14, [OrganisationId::from_ulid("01JZZZZZZZZZZZZZZZZZZZZZZZ")].into()),
        (15, [organisation()].into()),
    ] {
        let mut limited = office.add_person(n, PARTNER, Role::Admin, ZURICH).await;
        limited.organisations = Some(organisations);
        office.records().replace(&limited, 1).await.unwrap();
    }
    office.announce_two_changes().await.unwrap();
    handle_mail_messages(&office).await;
    let mut to: Vec<_> = office.distinct_mails().into_iter().map(|m| m.to).collect();
    to.sort();
    assert_eq!(to, ["person10@msp.example", "person11@msp.example", "person15@msp.example"]);
}

#[tokio::test]
async fn whatever_call_fails_everybody_gets_one_mail_in_the_end() {
    let run = async |office: &Office| {
        let _ = office.announce_two_changes().await;
        handle_mail_messages(office).await;
    };
    let calm = prepared().await;
    run(&calm).await;
    let (calls, expected) = (calm.faults.call_count(), calm.distinct_mails());
    assert_eq!(expected.len(), 2);
    for (call, mode) in crash_points(calls) {
        for dies in [false, true] {
            let office = prepared().await;
            if dies {
                office.faults.die_at(call, mode);
            } else {
                office.faults.fail_at(call, mode);
            }
            run(&office).await;
            office.faults.heal();
            run(&office).await;
            // The sweeper comes by, and what came back from the queue is handled again.
            for _ in 0..2 {
                office.world.clock.advance(jiff::SignedDuration::from_mins(20));
                scheduler(&office).run(office.deadline()).await.unwrap();
                handle_mail_messages(&office).await;
            }
            let mails = office.distinct_mails();
            let late = late(&office).await;
            // Who died with a mail in their hands may have sent it: nobody sends it again, and it is told late.
            assert!(mails.iter().all(|mail| expected.contains(mail)), "call {call} {mode:?}, dies: {dies}");
            assert!(
                mails.len() == 2 || (dies && mails.len() + late == 2),
                "call {call} {mode:?}, dies: {dies}"
            );
            assert!(late <= usize::from(dies), "call {call} {mode:?}, dies: {dies}: {late}");
            let repeated = office.world.mailer.sent().len() - mails.len();
            // Only the mail whose answer was lost goes out again, word for word.
            let of_mailer = office.faults.log().calls()[usize::try_from(call).unwrap()].port == "mailer";
            assert!(repeated <= usize::from(of_mailer), "call {call} {mode:?}, dies: {dies}: {repeated}");
            let notice = office.notice(&format!("privileged-changes.{}", support::office::diff())).await;
            assert_eq!(notice.due_at, None, "call {call} {mode:?}, dies: {dies}");
        }
    }
}

/// How many notices people are to be told late.
async fn late(office: &Office) -> usize {
    let mut late = 0;
    for of in [PARTNER, DISTRIBUTOR] {
        let people = office.records().list_all(&Person::all(&support::office::partner(of))).await.unwrap();
        late += people.iter().map(|person| person.value.late.len()).sum::<usize>();
    }
    late
}

async fn prepared() -> Office {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    office.add_person(11, DISTRIBUTOR, Role::Owner, "America/New_York").await;
    office
}

/// Of two mails of which one had left, what is reported of the second try is the other one.
#[tokio::test]
async fn a_mail_that_an_earlier_try_sent_is_not_counted_once_more() {
    let calm = prepared().await;
    calm.announce_two_changes().await.unwrap();
    let (id, announced) = (format!("privileged-changes.{}", diff()), calm.faults.call_count());
    let request = Request { tenant: tenant(), notice: id };
    assert_eq!(mail_worker(&calm).send_notice(&request, calm.deadline()).await.unwrap().sent, 2);
    let mut had_left = BTreeSet::new();
    for call in announced..calm.faults.call_count() {
        let office = prepared().await;
        office.announce_two_changes().await.unwrap();
        office.faults.fail_at(call, Mode::Before);
        let _ = mail_worker(&office).send_notice(&request, office.deadline()).await;
        office.faults.heal();
        let rows = SentNotice::of_notice(&tenant(), &request.notice);
        let rows = office.records().list_all(&rows).await.unwrap();
        let settled = rows.iter().filter(|row| row.value.delivery.is_some()).count() as u64;
        let again = mail_worker(&office).send_notice(&request, office.deadline()).await.unwrap();
        assert!(settled + again.sent <= 2, "call {call}: {again:?} after {settled}");
        had_left.insert(settled);
    }
    assert!(had_left.contains(&1), "{had_left:?}");
}

#[tokio::test]
async fn a_lost_message_is_sent_again_by_the_tick_and_one_that_was_handled_is_not() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Owner, ZURICH).await;
    office.announce_two_changes().await.unwrap();
    for lost in office.world.queue.receive(engine::ports::JobQueue::SendDigests) {
        office.world.queue.delete(&lost);
    }
    for lost in office.world.queue.receive(engine::ports::JobQueue::SendDigests) {
        office.world.queue.delete(&lost);
    }
    assert!(scheduler(&office).run(office.deadline()).await.unwrap().mails_again == 0, "too early");
    office.world.clock.advance(jiff::SignedDuration::from_mins(3));
    assert_eq!(scheduler(&office).run(office.deadline()).await.unwrap().mails_again, 2);
    handle_mail_messages(&office).await;
    assert_eq!(office.world.mailer.sent().len(), 1);
    office.world.clock.advance(jiff::SignedDuration::from_mins(60));
    assert_eq!(scheduler(&office).run(office.deadline()).await.unwrap().mails_again, 0);
}

#[tokio::test]
async fn errors_and_credentials_say_what_it_means_and_are_told_once_for_each_snapshot() {
    let office = Office::new().await;
    office.add_person(10, PARTNER, Role::Support, ZURICH).await;
    let announcer = office.announcer();
    for _ in 0..2 {
        let subject = Subject::Snapshot(snapshot());
        announcer.announce_error(&tenant(), subject, "The snapshot", ErrorKind::Denied).await.unwrap();
        let status = CredentialStatus::ConsentWithdrawn;
        announcer.announce_credentials(&tenant(), &snapshot(), status).await.unwrap();
    }
    handle_mail_messages(&office).await;
    let subjects: Vec<_> = office.world.mailer.sent().into_iter().map(|m| m.subject).collect();
    assert_eq!(subjects, ["[Contoso <AG>] The snapshot failed", "[Contoso <AG>] Consent is missing"]);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_invalid_and_one_of_no_notice_is_not_found() {
    let office = Office::new().await;
    let worker = mail_worker(&office);
    for (body, kind) in [
        ("{\"type\":\"send-notice.v2\"}".to_owned(), ErrorKind::Invalid),
        ("nothing".to_owned(), ErrorKind::Invalid),
        (engine::messages::send_notice(&tenant(), "changes.none", 1).body, ErrorKind::NotFound),
    ] {
        assert_eq!(worker.handle(&body, office.deadline()).await.unwrap_err().kind(), kind);
    }
}

#[tokio::test]
async fn a_notice_is_gone_with_its_tenant_and_holds_its_partner_only_by_reference() {
    let office = Office::new().await;
    office.announce_two_changes().await.unwrap();
    for (scope, row) in office.world.catalog.rows() {
        if row.key.starts_with("heard#") {
            assert!(matches!(scope, engine::ports::Scope::Heard(_)));
            assert!(!row.body.to_string().contains("Ann") && !row.body.to_string().contains("Contoso"));
        }
        if row.key.starts_with(engine::records::Notice::PREFIX) {
            assert_eq!(scope, engine::ports::Scope::Tenant(tenant()));
        }
    }
}
