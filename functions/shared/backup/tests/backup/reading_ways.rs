//! In which way a kind is read, and what is told of it: to those who read on, and in the snapshot.

use crate::paged::{Desk, manifest};
use crate::reading_pages::{AT_ONCE, after, company, plain, records, user, with_groups};
use domain::ErrorKind;
use serde_json::json;

#[tokio::test]
async fn of_kinds_that_are_put_off_together_the_longest_wait_is_told() {
    for waits in
        [[Some(1_000), Some(9_000)], [Some(9_000), Some(1_000)], [None, Some(9_000)], [Some(9_000), None]]
    {
        let desk = Desk::new(16, AT_ONCE).await;
        for (source, at, wait) in [("users", "listed", waits[0]), ("administrativeUnits", "start", waits[1])]
        {
            desk.directory.fail(source, at, ErrorKind::Throttled { retry_after_ms: wait }, 1);
        }
        let told = desk.go_on(&mut desk.begun(), None, 900).await.unwrap_err();
        assert_eq!(told.kind(), ErrorKind::Throttled { retry_after_ms: Some(9_000) }, "{waits:?}");
    }
}

#[tokio::test]
async fn few_groups_are_read_along_a_round_and_of_many_no_more_are_listed_than_are_asked_for_soon() {
    let (desk, _) = company().await;
    assert_eq!(desk.directory.asked("groups"), ["latest", "listed", "start"]);
    let desk = with_groups(1, AT_ONCE).await;
    let ids = |of: std::ops::Range<u32>| of.map(|n| json!({"id": format!("g{n:03}")})).collect();
    desk.directory.page("groups", "listed", ids(0..150), Some("second"));
    desk.directory.page("groups", "second", ids(150..300), None);
    let read = desk.read(None).await;
    assert_eq!((records(&read, "groups"), read.missing), (300, vec![]));
    assert_eq!(desk.directory.asked("groups")[..4], ["latest", "listed", "ids", "ids"]);
}

#[tokio::test]
async fn where_a_list_is_refused_everything_is_read_along_the_changes() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.fail("users", "listed", ErrorKind::Invalid, u32::MAX);
    desk.directory.page("users", "start", plain(&["a", "b"]), None);
    let read = desk.read(None).await;
    assert_eq!((records(&read, "users"), read.missing), (2, vec![]));
}

#[tokio::test]
async fn what_will_not_pass_costs_the_kind_at_once_and_not_the_snapshot() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    desk.directory.fail("administrativeUnits", "start", ErrorKind::Invalid, u32::MAX);
    let read = desk.read(None).await;
    let missing: Vec<_> = read.missing.iter().map(|m| m.source.as_str()).collect();
    assert_eq!((records(&read, "users"), missing), (1, vec!["administrativeUnits"]));
    assert_eq!(desk.directory.asked("administrativeUnits").len(), 1);
}

#[tokio::test]
async fn links_that_die_at_once_are_followed_anew_a_few_times_and_then_the_kind_is_missing() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), Some("second"));
    desk.directory.fail("users", "second", ErrorKind::NotFound, u32::MAX);
    let mut progress = desk.begun();
    let mut calls = 1;
    while desk.go_on(&mut progress, None, 900).await.is_err() {
        calls += 1;
        assert!(calls < 10, "it is never given up");
    }
    let missing = manifest(&progress).missing;
    assert_eq!(missing.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), ["users"]);
    assert!(desk.directory.asked("users").len() < 50);
}

#[tokio::test]
async fn a_snapshot_says_what_was_asked_for() {
    let desk = Desk::new(16, AT_ONCE).await;
    let read = desk.read(None).await;
    let told: Vec<_> = read.tokens["users"].asked.split(',').collect();
    for property in ["id", "displayName", "jobTitle"] {
        assert!(told.contains(&property), "{property} is not in the token's {told:?}");
        assert!(read.asked["users"].iter().any(|p| p == property), "{property} is not in {:?}", read.asked);
    }
}

#[tokio::test]
async fn a_layer_that_has_grown_as_large_as_its_base_is_folded_into_it() {
    for (changed, layers) in [(1, 1), (5, 0)] {
        let (desk, base) = company().await;
        let renamed = |id: &&str| user(id, &json!({"displayName": format!("{id} again")}));
        let users: Vec<_> = ["ann", "bob", "cid", "dan", "eve"].iter().take(changed).map(renamed).collect();
        let (read, _) = after(&desk, &base, users, vec![]).await;
        assert_eq!(read.runs["users"].layers.len(), layers, "{changed} of five have changed");
    }
}
