//! Objects as of a time: of the newest snapshot that had begun by then.

use crate::shelf::Shelf;
use backup::commands::as_of::Sought;
use backup::commands::search::Found;
use domain::{ErrorKind, Result, SnapshotId, Timestamp};
use engine::ports::{Clock, Page};
use engine::records::{JobState, Reason};
use jiff::SignedDuration;
use support::builders::sealed_snapshot;

/// Two snapshots of users, an hour apart; the times at which they began.
async fn shelf() -> (Shelf, [Timestamp; 2]) {
    let names: Vec<_> = (0..3).map(|n| (format!("u{n}"), format!("Werner {n}"))).collect();
    let mut shelf = Shelf::of(&[("users", &names)]).await;
    let first = shelf.world.clock.now();
    shelf.world.clock.advance(SignedDuration::from_hours(1));
    shelf.hold("users", &[("u9", r#"{"id":"u9","displayName":"Nina"}"#)]).await;
    shelf.seal_another().await;
    let second = shelf.world.clock.now();
    shelf.world.clock.advance(SignedDuration::from_hours(1));
    (shelf, [first, second])
}

async fn ask(shelf: &Shelf, at: Timestamp, sought: Sought<'_>, after: Option<String>) -> Result<Found> {
    let page = Page { after, limit: 2, descending: false };
    shelf.browse().find_as_of(&shelf.tenant, at, sought, page).await
}

const ALL: Sought<'static> = Sought { kind: None, id: None, name: None, filter: None };

#[tokio::test]
async fn the_newest_snapshot_that_had_begun_by_then_is_searched_and_named() {
    let (shelf, [first, second]) = shelf().await;
    let second_of_time = SignedDuration::from_secs(1);
    for (at, as_of) in [
        (first, Some(first)),
        (second - second_of_time, Some(first)),
        (second, Some(second)),
        (second + second_of_time, Some(second)),
        (first - second_of_time, None),
        (Timestamp::UNIX_EPOCH - second_of_time, None),
    ] {
        match (ask(&shelf, at, ALL, None).await, as_of) {
            (Ok(found), Some(as_of)) => assert_eq!(found.searched.as_of, as_of, "{at}"),
            (found, as_of) => {
                assert_eq!((found.unwrap_err().kind(), as_of), (ErrorKind::NotFound, None), "{at}");
            }
        }
    }
    let by_id = Sought { id: Some("u1"), ..ALL };
    assert_eq!(ask(&shelf, first, by_id, None).await.unwrap().items.len(), 1);
    assert_eq!(ask(&shelf, second, by_id, None).await.unwrap().items.len(), 0, "gone by then");
}

#[tokio::test]
async fn a_snapshot_that_is_not_sealed_or_only_served_a_comparison_is_passed_over() {
    let (shelf, [_, second]) = shelf().await;
    let now = shelf.world.clock.now();
    for (n, state, reason) in [(1, JobState::Running, Reason::Schedule), (2, JobState::Done, Reason::Live)] {
        let id = SnapshotId::from_ulid(&format!("01JCCCCCCCCCCCCCCCCCCCCCC{n}"));
        let row = sealed_snapshot(&shelf.tenant, id, now);
        let row = engine::records::Snapshot { state, reason, ..row };
        shelf.records().put_new(&row).await.unwrap();
    }
    assert_eq!(ask(&shelf, now, ALL, None).await.unwrap().searched.as_of, second);
}

#[tokio::test]
async fn all_parts_of_an_answer_are_of_the_snapshot_of_the_first() {
    let (shelf, [first, second]) = shelf().await;
    let page = ask(&shelf, first, ALL, None).await.unwrap();
    let keys: Vec<_> = page.items.iter().map(|hit| hit.key.as_str()).collect();
    assert_eq!((keys, page.complete), (vec!["u0", "u1"], false));
    let next = page.next.unwrap();
    // As one asks who says no time: by now there is a newer snapshot.
    let page = ask(&shelf, second, ALL, Some(next.clone())).await.unwrap();
    let keys: Vec<_> = page.items.iter().map(|hit| hit.key.as_str()).collect();
    assert_eq!((keys, page.searched.as_of, page.complete), (vec!["u2"], first, true));
    let of_second = next.replace("01jaaaaaaaaaaaaaaaaaaaaaaa", "01jbbbbbbbbbbbbbbbbbbbbbbb");
    assert_ne!(of_second, next);
    for wrong in [of_second, next.split_once('.').unwrap().1.to_owned(), "x".to_owned(), String::new()] {
        let error = ask(&shelf, first, ALL, Some(wrong.clone())).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fields()[0].field.as_str()),
            (ErrorKind::Invalid, "cursor"),
            "{wrong}"
        );
    }
}
