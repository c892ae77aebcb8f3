//! In which way a kind is read, and what is told of it: to those who read on, and in the snapshot.

use crate::paged::{Desk, manifest};
use crate::reading_pages::{AT_ONCE, FACET, after, company, plain, records, user, with_groups};
use backup::archive::Archive;
use backup::reading::Reading;
use domain::stored::Manifest;
use domain::{ErrorKind, kinds};
use engine::ports::Clock;
use engine::records::Records;
use jiff::SignedDuration;
use serde_json::{Value, json};
use support::faulty::{FaultPlan, Faulty};

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
    assert_eq!(desk.directory.asked("groups"), ["latest", "listed", "start", "bin"]);
    let desk = with_groups(1, AT_ONCE).await;
    let ids = |of: std::ops::Range<u32>| of.map(|n| json!({"id": format!("g{n:03}")})).collect();
    desk.directory.page("groups", "listed", ids(0..150), Some("second"));
    desk.directory.page("groups", "second", ids(150..300), None);
    let read = desk.read(None).await;
    assert_eq!((records(&read, "groups"), read.missing), (300, vec![]));
    assert_eq!(desk.directory.asked("groups")[..4], ["latest", "listed", "ids", "ids"]);
    // With two calls at once the list goes on beside the groups that it gave.
    let desk = with_groups(2, AT_ONCE).await;
    for (at, of, next) in
        [("listed", 0..60, Some("second")), ("second", 60..120, Some("third")), ("third", 120..300, None)]
    {
        desk.directory.page("groups", at, ids(of), next);
    }
    let read = desk.read(None).await;
    assert_eq!((records(&read, "groups"), read.missing), (300, vec![]));
    assert_eq!(desk.directory.asked("groups")[..5], ["latest", "listed", "second", "ids", "third"]);
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
    let ways = ["start", "whole", "singly"];
    for way in ways {
        desk.directory.fail("administrativeUnits", way, ErrorKind::Invalid, u32::MAX);
    }
    let read = desk.read(None).await;
    let missing: Vec<_> = read.missing.iter().map(|m| m.source.as_str()).collect();
    assert_eq!((records(&read, "users"), missing), (1, vec!["administrativeUnits"]));
    assert_eq!(desk.directory.asked("administrativeUnits"), ways, "each way once");
}

#[tokio::test]
async fn links_that_die_at_once_do_not_hold_a_call_for_ever() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), Some("second"));
    desk.directory.fail("users", "second", ErrorKind::NotFound, u32::MAX);
    desk.directory.page("groups", "start", plain(&["g"]), None);
    let mut progress = desk.begun();
    for call in 1..5 {
        let failed = desk.go_on(&mut progress, None, 900).await.unwrap_err();
        assert!(failed.is_transient(), "call {call} ends, and another one goes on: {failed}");
        let tries = desk.directory.asked("users").iter().filter(|at| *at == "second").count();
        assert_eq!(tries, 2, "call {call}: once more, with everything read anew");
    }

    // The fifth time it costs the kind and not the snapshot.
    assert!(desk.go_on(&mut progress, None, 900).await.unwrap());
    let read = manifest(&progress);
    let missing: Vec<_> = read.missing.iter().map(|m| m.source.as_str()).collect();
    assert_eq!((records(&read, "groups"), missing), (1, vec!["users"]));
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

#[tokio::test]
async fn what_was_asked_for_is_told_of_what_is_held_alone() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    let base = desk.read(None).await;
    assert!(base.asked.contains_key("users") && base.asked.contains_key(FACET), "{:?}", base.asked);
    desk.directory.fail(FACET, "start", ErrorKind::Invalid, u32::MAX);
    let read = desk.read(Some(&base)).await;
    assert_eq!(read.missing.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), [FACET]);
    assert!(read.asked.contains_key("users") && !read.asked.contains_key(FACET), "{:?}", read.asked);
}

#[tokio::test]
async fn where_permissions_are_not_told_a_base_is_built_on_all_the_same() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", plain(&["a"]), None);
    let mut base = desk.read(None).await;
    base.permissions = vec!["User.Read.All".to_owned()];
    desk.directory.asked("users");
    desk.read(Some(&base)).await;
    assert_eq!(desk.directory.asked("users"), ["later"]);
}

/// What a token let be seen, its delta goes on with; what another may see besides, the delta would never tell.
#[tokio::test]
async fn with_other_permissions_than_the_base_had_everything_is_read_again() {
    let may = |also: &str| vec!["User.Read.All".to_owned(), also.to_owned()];
    for (had, begins_at) in [("Group.Read.All", "later"), ("Device.Read.All", "latest")] {
        let desk = Desk::new(16, AT_ONCE).await;
        desk.directory.page("users", "listed", plain(&["a"]), None);
        let mut progress = desk.begun();
        assert!(desk.go_on_with(&may(had), &mut progress, None, 900).await.unwrap());
        let base = Manifest { permissions: may(had), ..manifest(&progress) };
        desk.directory.asked("users");
        let mut progress = desk.begun();
        assert!(desk.go_on_with(&may("Group.Read.All"), &mut progress, Some(&base), 900).await.unwrap());
        assert_eq!(desk.directory.asked("users")[0], begins_at, "{had}");
    }
}

#[tokio::test]
async fn what_had_to_be_left_out_of_the_question_is_stored_as_unknown_and_not_as_empty() {
    let desk = Desk::new(16, AT_ONCE).await;
    let unit = json!({"id": "u", "displayName": "U"});
    desk.directory.page("administrativeUnits", "start", vec![unit], None);
    desk.directory.leave_out("administrativeUnits", &["description"]);
    let read = desk.read(None).await;
    let view = desk.view(&read, "01JCCCCCCCCCCCCCCCCCCCCCCC").await;
    let unit = view.find_object(kinds::get("administrativeUnits").unwrap(), "u").await.unwrap().unwrap();
    assert_eq!((unit.get("description"), unit.get("visibility")), (None, Some(&Value::Null)));
}

#[tokio::test]
async fn of_a_group_that_hides_its_members_all_are_known_with_the_permission_for_them_alone() {
    let (_, mut base) = company().await;
    let groups = kinds::get("groups").unwrap();
    for (permissions, may_lack) in [(vec![], true), (vec!["Member.Read.Hidden".to_owned()], false)] {
        base.permissions = permissions;
        assert_eq!(base.may_lack_links(groups, "members"), may_lack);
        assert!(!base.may_lack_links(groups, "owners"));
    }
}

#[tokio::test]
async fn what_a_young_base_holds_is_not_stored_again_and_what_one_of_last_week_holds_is() {
    for (days, is_stored) in [(1, false), (8, true)] {
        let desk = Desk::new(16, AT_ONCE).await;
        desk.directory.page("roles", "start", vec![json!({"id": "r", "displayName": "R"})], None);
        let base = desk.read(None).await;
        desk.world.clock.advance(SignedDuration::from_hours(24 * days));
        let (world, plan) = (&desk.world, FaultPlan::new());
        let rows = Records::new(world.catalog.clone(), world.clock.clone());
        let counted = Archive::new(Faulty::new(world.vault.clone(), &plan), world.key_ring.clone(), rows);
        let counted = counted.open(desk.archive.tenant()).await.unwrap();
        let deadline = world.clock.now() + SignedDuration::from_mins(15);
        let (directory, clock) = (desk.directory.clone(), world.clock.clone());
        let reading = Reading::new(directory, &counted, clock, Some(base), &[], deadline);
        assert!(reading.run(&mut desk.begun()).await.unwrap());
        let log = plan.log();
        let leaves = log.calls().iter().filter(|c| c.method == "put_new" && c.subject.starts_with("leaves/"));
        assert_eq!(leaves.count() > 0, is_stored, "{days} days");
    }
}
