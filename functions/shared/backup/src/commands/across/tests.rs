//! What rows alone say of a tenant: which comparisons follow each other, and what none of them tells.

use super::survey::{Chain, untold};
use super::*;
use domain::kinds;
use engine::records::{Course, DiffCounts, HeldEarlier, JobState, NotCovered, Span};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(hour * 3_600).unwrap()
}

fn snapshot(number: i64) -> SnapshotId {
    SnapshotId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAAAAAA{number:02}"))
}

/// The comparison of two snapshots, done an hour after the later one was sealed; snapshots are sealed at the hour of their number.
fn diff(before: i64, after: i64) -> Diff {
    Diff {
        id: DiffId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAAAAAA{after:02}")),
        tenant: "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap(),
        before: snapshot(before),
        after: Side::Snapshot(snapshot(after)),
        kinds: Vec::new(),
        object: None,
        announce: true,
        live_snapshot: None,
        state: JobState::Done,
        requested_at: at(after),
        requested_by: None,
        touched_at: at(after + 1),
        done_at: Some(at(after + 1)),
        attempts: 1,
        counts: DiffCounts::default(),
        by_kind: BTreeMap::new(),
        heaviest: BTreeMap::new(),
        pages: 1,
        progress: None,
        span: Span::default(),
        not_compared: Vec::new(),
        everywhere: Vec::new(),
        error: None,
        course: Course::default(),
    }
}

/// What is told, as pairs, and what is not, after these rows, the newest first.
fn walked(
    newest: i64,
    since: i64,
    rows: Vec<Diff>,
) -> (Vec<SnapshotId>, Vec<(Option<SnapshotId>, Uncompared)>) {
    let mut chain = Chain::new(&snapshot(newest));
    for row in rows {
        if chain.take(row, at(since)) {
            break;
        }
    }
    let gaps = chain.gaps.into_iter().map(|gap| (gap.before, gap.cause));
    (chain.tells.into_iter().map(|diff| diff.before).collect(), gaps.collect())
}

#[test]
fn comparisons_are_followed_back_until_they_are_older_than_the_question() {
    let rows = || vec![diff(40, 50), diff(30, 40), diff(20, 30), diff(10, 20)];
    assert_eq!(walked(50, 35, rows()), (vec![snapshot(40), snapshot(30)], vec![]));
    // The later side of the third was sealed at 30, and it was done at 31: it may tell what is asked about.
    assert_eq!(walked(50, 30, rows()).0.len(), 3);
}

#[test]
fn what_a_failed_comparison_left_untold_is_a_gap_unless_a_later_one_begins_before_it() {
    let failed = Diff { state: JobState::Failed, ..diff(30, 40) };
    let gap = (Some(snapshot(30)), Uncompared::Failed);
    let rows = vec![diff(40, 50), failed.clone(), diff(20, 30), diff(10, 20)];
    assert_eq!(walked(50, 22, rows), (vec![snapshot(40), snapshot(20)], vec![gap]));
    let span = Span { instead_of: Some(snapshot(40)), ..Span::default() };
    let instead = Diff { before: snapshot(30), span, ..diff(40, 50) };
    assert_eq!(walked(50, 35, vec![instead, failed, diff(20, 30)]), (vec![snapshot(30)], vec![]));
}

#[test]
fn what_is_not_compared_yet_and_what_is_not_there_are_gaps_of_their_own() {
    let open = Diff { state: JobState::Running, done_at: None, ..diff(40, 50) };
    let gap = (Some(snapshot(40)), Uncompared::UnderWay);
    assert_eq!(walked(50, 35, vec![open, diff(30, 40), diff(20, 30)]), (vec![snapshot(30)], vec![gap]));
    let gap = (Some(snapshot(20)), Uncompared::Missing);
    assert_eq!(
        walked(50, 15, vec![diff(30, 50), diff(10, 20)]),
        (vec![snapshot(30), snapshot(10)], vec![gap])
    );
    let by_hand = Diff { announce: false, ..diff(10, 50) };
    assert_eq!(walked(50, 35, vec![by_hand, diff(40, 50), diff(30, 40), diff(20, 30)]).0.len(), 2);
}

fn lacks(source: &str, cause: &str) -> NotCovered {
    NotCovered { source: source.to_owned(), cause: cause.to_owned(), why: "for people".to_owned() }
}

#[test]
fn a_kind_that_was_not_held_is_untold_until_a_comparison_reaches_back_to_when_it_was() {
    let lacking = Diff { not_compared: vec![lacks("users", "not-held")], ..diff(20, 30) };
    let named = |tells: &[Diff]| {
        let parts = untold(tells, &Chosen::default()).into_iter();
        parts.map(|part| (part.source.unwrap(), part.before.unwrap())).collect::<Vec<_>>()
    };
    assert_eq!(named(&[diff(30, 40), lacking.clone()]), [("users".to_owned(), snapshot(20))]);
    let held = |number| {
        let held = HeldEarlier { source: "users".to_owned(), snapshot: snapshot(number), at: at(number) };
        Diff { span: Span { held_earlier: vec![held], ..Span::default() }, ..diff(30, 40) }
    };
    assert_eq!(named(&[held(20), lacking.clone()]), []);
    assert_eq!(
        named(&[held(25), lacking]),
        [("users".to_owned(), snapshot(20))],
        "it does not reach back so far"
    );
    let line = Diff { not_compared: vec![lacks("users.x", "came-everywhere")], ..diff(20, 30) };
    assert_eq!(named(&[line]), [], "that is told");
}

#[test]
fn only_what_is_asked_about_makes_an_answer_partial() {
    let of = |name: &str| Chosen { kind: Some(kinds::get(name).unwrap()), ..Chosen::default() };
    let gaps = vec![lacks("users", "not-held"), lacks("groups.members", "not-held")];
    let tells = [Diff { not_compared: gaps, ..diff(20, 30) }];
    let count = |chosen: &Chosen| untold(&tells, chosen).len();
    assert_eq!((count(&Chosen::default()), count(&of("users")), count(&of("groups"))), (2, 1, 1));
    assert_eq!(count(&Chosen { role: Some("r".to_owned()), ..Chosen::default() }), 0);
}

#[test]
fn a_cursor_is_good_for_its_question_alone() {
    let organisation = OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
    let begun = Mark {
        organisation: organisation.clone(),
        at: Some(At { diff: diff(1, 2).id, place: Place::begin(ChangeOrder::Key), not_known: 7 }),
    };
    for mark in [Mark::behind(organisation), begun] {
        let cursor = mark.cursor("0123");
        assert_eq!(Mark::of(&cursor, "0123").unwrap(), mark);
        assert!(Mark::of(&cursor, "4567").is_err());
    }
    for wrong in ["", "0123", "0123.x", "0123.0.1.org_01jaaaaaaaaaaaaaaaaaaaaaaa.x.0", "0123.a.b.c.d.e"] {
        assert!(Mark::of(wrong, "0123").is_err(), "{wrong}");
    }
}
