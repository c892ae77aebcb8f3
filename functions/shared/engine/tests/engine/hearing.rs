//! What a person hears of: by default, by choice, about one organisation or partner; and that a change at whatever moment
//! neither skips a digest nor loses a notice between two ways of telling.

use domain::notices::{Frequency, Hour, Topic};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, PersonId, Timestamp};
use engine::records::{About, Delivery, LateNotice, Person, Record};
use serde_json::json;
use std::collections::BTreeSet;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}
fn ulid(n: u32) -> String {
    format!("01J{n:023}")
}
fn org(n: u32) -> OrganisationId {
    OrganisationId::from_ulid(&ulid(n))
}
fn partner(n: u32) -> PartnerId {
    PartnerId::from_ulid(&ulid(n))
}

fn person(role: Role, now: &str) -> Person {
    let id = PersonId::from_ulid(&ulid(9));
    Person::new(id, partner(1), role, "Ann Lee", "ann@msp.example", "Europe/Zurich", at(now)).unwrap()
}
fn owner(now: &str) -> Person {
    person(Role::Owner, now)
}

/// How a notice of that time, about that organisation of that line of partners, is told.
fn told(person: &Person, topic: Topic, organisation: u32, line: &[u32], when: &str) -> Option<Frequency> {
    let line: Vec<_> = line.iter().map(|n| partner(*n)).collect();
    person.subscription(topic, &org(organisation), &line).and_then(|s| s.frequency_at(at(when)))
}

fn daily() -> BTreeSet<Frequency> {
    [Frequency::Daily].into()
}

#[test]
fn an_owner_hears_of_privileged_changes_at_once_and_of_changes_the_next_morning() {
    let owner = owner("2026-11-22T18:00:00Z");
    let now = at("2026-11-22T19:00:00Z");
    assert!(owner.hears_at_once(Topic::PrivilegedChanges, (&org(7), &[]), now));
    assert!(!owner.hears_at_once(Topic::Changes, (&org(7), &[]), now));
    assert_eq!(owner.next_digest_at, Some(at("2026-11-23T07:00:00Z")));
}

#[test]
fn a_limit_to_organisations_holds_for_mail_too() {
    let mut owner = owner("2026-11-22T18:00:00Z");
    let now = at("2026-11-22T19:00:00Z");
    owner.organisations = Some([org(7)].into());
    assert!(owner.hears_at_once(Topic::Errors, (&org(7), &[]), now));
    assert!(!owner.hears_at_once(Topic::Errors, (&org(8), &[]), now));
}

#[test]
fn finance_cannot_subscribe_to_changes() {
    let mut person = person(Role::Finance, "2026-11-22T18:00:00Z");
    let now = at("2026-11-22T18:00:00Z");
    let refused = person.subscribe(Topic::Changes, Some(Frequency::Daily), now).unwrap_err();
    assert_eq!(refused.fields()[0].field, "subscriptions.changes");
}

#[test]
fn who_wants_no_digest_is_not_waited_for() {
    let mut person = owner("2026-11-22T18:00:00Z");
    for topic in Topic::ALL {
        person.subscribe(topic, None, at("2026-11-22T18:00:00Z")).unwrap();
    }
    assert_eq!(person.watch(), None);
}

#[test]
fn who_begins_to_hear_of_a_topic_is_told_nothing_of_the_time_before() {
    let mut person = owner("2026-11-16T12:00:00Z");
    let (monday, friday) = (at("2026-11-16T12:00:00Z"), at("2026-11-20T12:00:00Z"));
    person.subscribe(Topic::Changes, None, monday).unwrap();
    person.subscribe(Topic::Changes, Some(Frequency::Daily), friday).unwrap();
    assert_eq!(person.subscriptions[&Topic::Changes].begins(), friday);
}

#[test]
fn changing_from_weekly_to_daily_in_mid_week_leaves_nothing_out() {
    let mut person = owner("2026-11-16T12:00:00Z");
    let (monday, friday) = (at("2026-11-16T12:00:00Z"), at("2026-11-20T12:00:00Z"));
    person.subscribe(Topic::Changes, Some(Frequency::Weekly), monday).unwrap();
    person.subscribe(Topic::Changes, Some(Frequency::Daily), friday).unwrap();
    assert_eq!(person.subscriptions[&Topic::Changes].told_until, monday);
    assert_eq!(told(&person, Topic::Changes, 7, &[], "2026-11-18T12:00:00Z"), Some(Frequency::Daily));
}

#[test]
fn what_a_digest_owed_when_it_became_immediate_is_told_the_next_morning_and_the_rest_at_once() {
    let mut person = owner("2026-11-16T12:00:00Z");
    let (monday, friday) = (at("2026-11-16T12:00:00Z"), at("2026-11-20T12:00:00Z"));
    person.subscribe(Topic::Changes, Some(Frequency::Weekly), monday).unwrap();
    for topic in Topic::ALL.into_iter().filter(|topic| *topic != Topic::Changes) {
        person.subscribe(topic, None, monday).unwrap();
    }
    person.subscribe(Topic::Changes, Some(Frequency::Immediate), friday).unwrap();
    let told = |person: &Person, when| told(person, Topic::Changes, 7, &[], when);
    assert_eq!(told(&person, "2026-11-18T12:00:00Z"), Some(Frequency::Weekly), "that is the digest's still");
    assert_eq!(told(&person, "2026-11-20T12:00:01Z"), Some(Frequency::Immediate));
    assert_eq!(person.subscriptions[&Topic::Changes].begins(), monday);
    assert_eq!(person.next_digest_at, Some(at("2026-11-21T07:00:00Z")), "it does not wait for Monday");
    let ends = at("2026-11-21T06:58:00Z");
    person.note_digest(&daily(), (ends, at("2026-11-21T07:00:00Z"), ends));
    person.plan_digest(ends).unwrap();
    assert_eq!(person.next_digest_at, None, "and then it owes nothing");
    assert_eq!(
        told(&person, "2026-11-18T12:00:00Z"),
        Some(Frequency::Weekly),
        "nor does a late message mail it"
    );
}

#[test]
fn what_was_to_be_mailed_at_once_is_mailed_though_the_person_wants_a_digest_now() {
    let mut person = owner("2026-11-16T12:00:00Z");
    let noon = at("2026-11-17T12:00:00Z");
    person.subscribe(Topic::PrivilegedChanges, Some(Frequency::Daily), noon).unwrap();
    let of = (&org(7), [].as_slice());
    assert!(person.hears_at_once(Topic::PrivilegedChanges, of, at("2026-11-17T11:59:00Z")));
    assert!(!person.hears_at_once(Topic::PrivilegedChanges, of, at("2026-11-17T12:01:00Z")));
    let before_noon = noon - jiff::SignedDuration::from_micros(1);
    assert_eq!(person.subscriptions[&Topic::PrivilegedChanges].begins(), before_noon);
    // To and fro within a day: each notice by what held when it was made.
    person
        .subscribe(Topic::PrivilegedChanges, Some(Frequency::Immediate), at("2026-11-17T13:00:00Z"))
        .unwrap();
    person.subscribe(Topic::PrivilegedChanges, Some(Frequency::Weekly), at("2026-11-17T14:00:00Z")).unwrap();
    for (when, how) in [
        ("2026-11-17T11:30:00Z", Frequency::Immediate),
        ("2026-11-17T12:30:00Z", Frequency::Daily),
        ("2026-11-17T13:30:00Z", Frequency::Immediate),
        ("2026-11-17T14:30:00Z", Frequency::Weekly),
    ] {
        assert_eq!(told(&person, Topic::PrivilegedChanges, 7, &[], when), Some(how), "{when}");
    }
    assert_eq!(person.subscriptions[&Topic::PrivilegedChanges].begins(), before_noon, "12:30 is owed still");
}

#[test]
fn an_edit_between_a_slot_and_its_tick_leaves_the_digest_due() {
    let mut person = owner("2026-11-16T12:00:00Z");
    for topic in Topic::ALL {
        person
            .subscribe(
                topic,
                (topic == Topic::Changes).then_some(Frequency::Monthly),
                at("2026-11-16T12:00:00Z"),
            )
            .unwrap();
    }
    let due = Some(at("2026-12-01T07:00:00Z"));
    assert_eq!(person.next_digest_at, due);
    let later = at("2026-12-01T07:00:30Z");
    person.move_to("Europe/Zurich", later).unwrap();
    assert_eq!(person.next_digest_at, due, "somebody saved the person's name");
    person.subscribe(Topic::Seats, Some(Frequency::Monthly), later).unwrap();
    assert_eq!(person.next_digest_at, due);
    person.take_role(Role::SuperAdmin, later).unwrap();
    person.subscribe(Topic::Restores, None, later).unwrap();
    assert!(person.next_digest_at.is_some_and(|at| at <= later));
    person.move_to("America/New_York", later).unwrap();
    assert!(
        person.next_digest_at.is_some_and(|at| at.to_string().starts_with("2026-12-01")),
        "there, the same day"
    );
}

#[test]
fn a_digest_comes_at_the_hour_that_was_chosen() {
    let mut person = owner("2026-11-22T18:00:00Z");
    person.hour = Hour::new(17).unwrap();
    person.move_to("Asia/Tokyo", at("2026-11-22T18:00:00Z")).unwrap();
    assert_eq!(person.next_digest_at, Some(at("2026-11-23T08:00:00Z")));
}

#[test]
fn the_narrowest_choice_decides_an_organisation_before_its_partner_before_the_one_above() {
    let now = at("2026-11-16T12:00:00Z");
    let mut person = owner("2026-11-16T12:00:00Z");
    let near = [partner(2), partner(1)];
    person
        .subscribe_to(Topic::Errors, (&About::Partner(partner(1)), &[]), Some(Frequency::Weekly), now)
        .unwrap();
    person
        .subscribe_to(Topic::Errors, (&About::Partner(partner(2)), &near[1..]), Some(Frequency::Daily), now)
        .unwrap();
    person.subscribe_to(Topic::Errors, (&About::Organisation(org(7)), &near), None, now).unwrap();
    let later = "2026-11-16T13:00:00Z";
    assert_eq!(told(&person, Topic::Errors, 7, &[2, 1], later), None);
    assert_eq!(told(&person, Topic::Errors, 8, &[2, 1], later), Some(Frequency::Daily));
    assert_eq!(told(&person, Topic::Errors, 8, &[1], later), Some(Frequency::Weekly));
    assert_eq!(told(&person, Topic::Errors, 8, &[3], later), Some(Frequency::Immediate), "by default");
    assert_eq!(
        told(&person, Topic::Credentials, 7, &[2, 1], later),
        Some(Frequency::Immediate),
        "another topic"
    );
}

#[test]
fn a_narrower_choice_begins_where_the_wider_one_is_and_withdrawn_it_tells_nothing_twice() {
    let monday = at("2026-11-16T12:00:00Z");
    let mut person = owner("2026-11-16T12:00:00Z");
    person.subscribe(Topic::Changes, Some(Frequency::Weekly), monday).unwrap();
    let about = About::Organisation(org(7));
    let tuesday = at("2026-11-17T12:00:00Z");
    person.subscribe_to(Topic::Changes, (&about, &[]), Some(Frequency::Daily), tuesday).unwrap();
    let begins = |p: &Person, n: u32| p.subscription(Topic::Changes, &org(n), &[]).unwrap().begins();
    assert_eq!(begins(&person, 7), monday, "what waited for Monday comes the next morning");
    let (ends, until) = (at("2026-11-18T06:58:00Z"), at("2026-11-18T07:00:00Z"));
    person.note_digest(&daily(), (ends, until, ends));
    assert_eq!((begins(&person, 7), begins(&person, 8)), (ends, monday));
    person.withdraw(Topic::Changes, (&about, &[]), at("2026-11-18T12:00:00Z")).unwrap();
    assert_eq!(begins(&person, 7), ends, "it remembers what was told");
    assert_eq!(told(&person, Topic::Changes, 7, &[], "2026-11-18T13:00:00Z"), Some(Frequency::Weekly));
    // Until the wider one has told as much: then there is nothing to remember.
    let (ends, until) = (at("2026-11-23T06:58:00Z"), at("2026-11-23T07:00:00Z"));
    let both = [Frequency::Daily, Frequency::Weekly].into();
    person.note_digest(&both, (ends, until, ends));
    assert!(person.narrower.is_empty(), "{:?}", person.narrower);
    assert_eq!((begins(&person, 7), begins(&person, 8)), (ends, ends));
}

#[test]
fn of_an_organisation_that_leaves_nothing_stays_in_a_persons_row() {
    let now = at("2026-11-16T12:00:00Z");
    let mut person = owner("2026-11-16T12:00:00Z");
    for (n, often) in [(7, Frequency::Daily), (8, Frequency::Weekly)] {
        let about = About::Organisation(org(n));
        person.subscribe_to(Topic::Changes, (&about, &[]), Some(often), now).unwrap();
        let late = LateNotice {
            tenant: "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap(),
            organisation: org(n),
            notice: format!("changes.{n}"),
            delivery: Delivery::Unknown,
        };
        person.add_late(late, now).unwrap();
    }
    assert!(person.forget(&org(7)) && !person.forget(&org(7)));
    assert_eq!((person.narrower.len(), person.late.len()), (1, 1));
    assert!(!serde_json::to_string(&person).unwrap().contains(org(7).as_str()));
}

#[test]
fn a_person_of_another_role_hears_what_that_role_hears_but_for_what_was_chosen() {
    let now = at("2026-11-16T12:00:00Z");
    let mut person = person(Role::Support, "2026-11-16T12:00:00Z");
    person.subscribe(Topic::Errors, Some(Frequency::Weekly), now).unwrap();
    let about = About::Organisation(org(7));
    person.subscribe_to(Topic::Credentials, (&about, &[]), Some(Frequency::Daily), now).unwrap();
    person.take_role(Role::Admin, now).unwrap();
    let often = |p: &Person, topic| p.subscriptions.get(&topic).and_then(|s| s.frequency);
    assert_eq!(often(&person, Topic::Changes), Some(Frequency::Daily), "who is promoted hears of changes");
    assert_eq!(often(&person, Topic::Errors), Some(Frequency::Weekly), "as was chosen");
    person.take_role(Role::Finance, now).unwrap();
    assert_eq!(often(&person, Topic::Errors), None, "Finance may not hear of it");
    assert!(person.narrower.is_empty());
    assert_eq!(often(&person, Topic::Invoices), Some(Frequency::Monthly));
}

#[test]
fn who_was_there_before_a_topic_hears_of_it_as_their_role_does_until_they_choose() {
    let now = at("2026-11-16T12:00:00Z");
    let hears = |person: &Person| person.hears_at_once(Topic::Approvals, (&org(7), &[]), now);
    for role in Role::ALL {
        let may = Topic::Approvals.default_for(role).is_some();
        let mut person = person(role, "2026-11-16T12:00:00Z");
        person.subscriptions.remove(&Topic::Approvals);
        assert_eq!((hears(&person), person.frequency(Topic::Approvals).is_some()), (may, may), "{role:?}");
        assert!(!person.hears_at_once(Topic::Invoices, (&org(7), &[]), now), "that topic was there");
        person.organisations = Some([org(8)].into());
        assert!(!hears(&person), "{role:?}: not of what they do not see");
        person.organisations = None;
        if !may {
            continue;
        }
        let mut never = person.clone();
        never.subscribe(Topic::Approvals, None, now).unwrap();
        assert_eq!((hears(&never), never.frequency(Topic::Approvals)), (false, None), "{role:?}");
        never.follow_role(Topic::Approvals, now).unwrap();
        assert!(hears(&never));
        // What is chosen about one organisation leaves the others as they were.
        let about = About::Organisation(org(9));
        person.subscribe_to(Topic::Approvals, (&about, &[]), None, now).unwrap();
        assert!(hears(&person));
        assert!(!person.hears_at_once(Topic::Approvals, (&org(9), &[]), now));
        person.withdraw(Topic::Approvals, (&about, &[]), now).unwrap();
        assert!(person.hears_at_once(Topic::Approvals, (&org(9), &[]), now), "{role:?}");
    }
}

#[test]
fn a_person_of_an_earlier_release_is_read_as_it_was_and_written_as_it_was() {
    let row = json!({
        "id": PersonId::from_ulid(&ulid(9)), "partner": partner(1), "name": "Ann Lee", "email": "ann@msp.example",
        "role": "owner", "timeZone": "Europe/Zurich", "language": "en", "organisations": null, "identity": null,
        "subscriptions": {
            "changes": { "frequency": "weekly", "toldUntil": "2026-11-16T06:58:00Z" },
            "errors": { "frequency": "immediate", "toldUntil": "2026-11-01T00:00:00Z" },
        },
        "nextDigestAt": "2026-11-23T07:00:00Z",
    });
    let person: Person = serde_json::from_value(row.clone()).unwrap();
    assert_eq!(person.hour, Hour::DEFAULT);
    assert!(person.mail_state.is_none() && person.late.is_empty() && person.narrower.is_empty());
    assert_eq!(told(&person, Topic::Changes, 7, &[], "2026-11-17T00:00:00Z"), Some(Frequency::Weekly));
    assert_eq!(
        told(&person, Topic::Seats, 7, &[], "2026-11-17T00:00:00Z"),
        None,
        "nobody chose, and it stays so"
    );
    assert_eq!(serde_json::to_value(&person).unwrap(), row, "what is not used is not written");
}
