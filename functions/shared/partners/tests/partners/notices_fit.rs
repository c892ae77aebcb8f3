//! The largest there is to tell: it fits, the worst is in it, and what is left out is counted and can be found.

use crate::mail_room::{handle_mail_messages, mail_worker};
use domain::changes::{AttributeChange, Change, Rating, What};
use domain::notices::{Frequency, Topic};
use domain::rights::Role;
use domain::{DiffId, ErrorKind};
use engine::announce::{News, Sample};
use engine::ports::MAX_MAIL_BYTES;
use engine::records::{DiffCounts, Digest, NotCovered, Notice, Person, Severity, Subject};
use serde_json::json;
use support::office::{Office, PARTNER, at, snapshot, tenant};

/// The longest that a text of a mail may be: in characters of four bytes, which HTML does not shorten.
fn longest() -> String {
    "𝔐".repeat(400)
}

/// A change with as many details as there may be, each as long as it may be.
fn largest_change(n: usize, is_privileged: bool) -> Change {
    let details = (0..12).map(|detail| AttributeChange {
        property: format!("{detail}{}", longest()),
        path: format!("{detail}{}", longest()),
        before: Some(json!(longest())),
        after: Some(json!(format!("<{}", "&".repeat(400)))),
        ..AttributeChange::default()
    });
    Change {
        kind: support::kind("users").name.into(),
        key: format!("{n}{}", longest()),
        new_key: None,
        name: Some(format!("{n}{}", longest())),
        what: What::Modified,
        ends_at: None,
        since: None,
        attributes: details.collect(),
        links: vec![],
        consequences: 0,
        privileged: is_privileged,
        rating: Rating::default(),
    }
}

fn largest() -> (Sample, DiffCounts) {
    let changes: Vec<_> = (0..60).map(|n| largest_change(n, n < 30)).collect();
    (changes.iter().collect(), DiffCounts { modified: 60, privileged: 30, ..DiffCounts::default() })
}

async fn with_owner() -> (Office, Person) {
    let office = Office::new().await;
    let owner = office.add_person(10, PARTNER, Role::Owner, "Europe/Zurich").await;
    (office, owner)
}

fn bytes_of(notice: &Notice) -> usize {
    serde_json::to_vec(notice).unwrap().len()
}

#[tokio::test]
async fn the_largest_digest_is_a_mail_that_readers_see_whole_and_counts_what_it_leaves_out() {
    let (office, owner) = with_owner().await;
    let (sample, counts) = largest();
    for n in 0..50 {
        let diff = DiffId::from_ulid(&format!("01J{:023}", 1_000 + n));
        office
            .announcer()
            .announce(&tenant(), &News::Changes { diff: &diff, sample: &sample, counts: &counts })
            .await
            .unwrap();
    }
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    let worker = mail_worker(&office).with_portal("https://holdfast.example/portal");
    assert_eq!(worker.send_due(office.deadline()).await.unwrap().sent, 1);
    let mail = office.world.mailer.take_sent().remove(0);
    assert_eq!(mail.subject, "Holdfast: 50 notices until 23 November 2026");
    assert!(mail.html.len() <= 90_000, "{}", mail.html.len());
    assert!(mail.html.len() > 60_000, "what there is room for is used: {}", mail.html.len());
    assert!(mail.text.len() <= 180_000 && mail.text.len() < MAX_MAIL_BYTES);
    assert!(mail.text.contains("https://holdfast.example/portal"), "the rest is behind a link");
    assert!(mail.html.contains("<a href=\"https:&#x2f;&#x2f;holdfast.example&#x2f;portal\">"));
    let shown = mail.text.matches("\n-- Contoso").count() as u64;
    let more = mail.text.lines().find_map(|line| line.strip_prefix("-- and ")?.strip_suffix(" more notices"));
    assert_eq!(shown + more.map_or(0, |n| n.parse::<u64>().unwrap()), 50, "each is shown or counted");
    let row = office.records().get(&Digest::at(&owner.partner, &owner.id, at("2026-11-23T07:00:00Z"))).await;
    assert_eq!(row.unwrap().value.notices, 50);
}

#[tokio::test]
async fn of_many_notices_the_worst_are_shown_whichever_came_first() {
    let (office, mut owner) = with_owner().await;
    owner.subscribe(Topic::Errors, Some(Frequency::Daily), office.clock().now()).unwrap();
    office.records().replace(&owner, 1).await.unwrap();
    let info = DiffCounts { created: 1, ..DiffCounts::default() };
    let power = DiffCounts { created: 1, privileged: 1, ..DiffCounts::default() };
    let (plain, of_power) = (Sample::default(), largest().0);
    for n in 0..400 {
        let diff = DiffId::from_ulid(&format!("01J{:023}", 1_000 + n));
        let (sample, counts) = if n == 200 { (&of_power, &power) } else { (&plain, &info) };
        office.announcer().announce(&tenant(), &News::Changes { diff: &diff, sample, counts }).await.unwrap();
        office.world.clock.advance(jiff::SignedDuration::from_secs(1));
    }
    let subject = Subject::Snapshot(snapshot());
    office.announcer().announce_error(&tenant(), subject, "A snapshot", ErrorKind::Corrupt).await.unwrap();
    handle_mail_messages(&office).await;
    office.world.mailer.take_sent();
    office.world.clock.advance_to(at("2026-11-23T07:00:00Z"));
    mail_worker(&office).send_due(office.deadline()).await.unwrap();
    let mail = office.world.mailer.take_sent().remove(0);
    assert_eq!(mail.subject, "Holdfast: 401 notices until 23 November 2026");
    assert!(mail.html.len() <= 90_000);
    let titles: Vec<_> = mail.text.lines().collect();
    let place = |text: &str| titles.iter().position(|line| line.contains(text));
    assert!(place("A snapshot failed").is_some(), "what is critical is in it");
    let worst = place("comparison dif_01j00000000000000000001200").unwrap();
    let newest = place("comparison dif_01j00000000000000000001399").unwrap();
    assert!(worst < newest, "a warning stands before what is good to know, and of that the newest first");
    assert_eq!(
        place("comparison dif_01j00000000000000000001000"),
        None,
        "the oldest of no weight is left out"
    );
}

#[tokio::test]
async fn the_largest_notice_is_a_row_and_a_mail_and_says_how_much_it_leaves_out() {
    let (office, _) = with_owner().await;
    let (sample, counts) = largest();
    let diff = support::office::diff();
    office.announcer().announce_changes(&tenant(), &diff, &sample, &counts).await.unwrap();
    for topic in ["changes", "privileged-changes"] {
        let notice = office.notice(&format!("{topic}.{diff}")).await;
        assert!(bytes_of(&notice) < 300_000, "{topic}: {}", bytes_of(&notice));
        let all = if topic == "changes" { 60 } else { 30 };
        assert_eq!(notice.changes.len() as u64 + notice.more_changes, all, "{topic}");
        assert!(!notice.changes.is_empty());
    }
    handle_mail_messages(&office).await;
    let mail = office.world.mailer.take_sent().remove(0);
    assert!(mail.html.len() <= 90_000, "{}", mail.html.len());
    assert!(mail.subject.chars().count() <= 151);
    assert!(mail.text.contains(" more"), "what is left out is counted");
}

#[tokio::test]
async fn a_snapshot_that_lacks_very_much_has_a_notice_all_the_same() {
    let (office, _) = with_owner().await;
    let gap =
        |n| NotCovered { source: format!("{n}{}", longest()), cause: "denied".to_owned(), why: longest() };
    let gaps: Vec<_> = (0..2_000).map(gap).collect();
    office.announcer().announce_not_covered(&tenant(), &snapshot(), &gaps).await.unwrap();
    let notice = office.notice(&format!("errors.{}.not-covered", snapshot())).await;
    assert!(bytes_of(&notice) < 300_000 && notice.lines.len() > 10);
    assert!(notice.lines.last().unwrap().ends_with(" more"), "{:?}", notice.lines.last());
    assert_eq!(notice.severity, Severity::Warning);
    handle_mail_messages(&office).await;
    let mail = office.world.mailer.take_sent().remove(0);
    assert!(mail.html.len() <= 90_000, "{}", mail.html.len());
}
