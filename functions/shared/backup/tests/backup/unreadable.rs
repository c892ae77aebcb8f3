//! One object that cannot be read is named, and held as it was held before; all else of its kind is read.

use crate::paged::Desk;
use crate::reading_pages::{AT_ONCE, after, company, plain, records, user};
use domain::stored::Manifest;
use domain::{ErrorKind, kinds};
use jiff::SignedDuration;
use serde_json::{Value, json};

fn named(manifest: &Manifest) -> Vec<(&str, &str)> {
    manifest.missing.iter().map(|m| (m.source.as_str(), m.cause.name())).collect()
}

const ULID: &str = "01JDDDDDDDDDDDDDDDDDDDDDDD";

#[tokio::test]
async fn an_item_that_is_no_object_or_has_no_id_is_named_and_the_rest_of_its_page_is_stored() {
    let no_end = json!({"id": "x", "displayName": "X", "manager": {"displayName": "nobody"}});
    for (item, source) in [
        (json!("text"), "users/unknown"),
        (json!(7), "users/unknown"),
        (Value::Null, "users/unknown"),
        (json!({"displayName": "no id"}), "users/unknown"),
        (json!({"id": 7}), "users/unknown"),
        (json!({"id": ["x"]}), "users/unknown"),
        (no_end, "users/x"),
        (json!({"id": "x", "manager": "y"}), "users/x"),
    ] {
        let desk = Desk::new(16, AT_ONCE).await;
        let mut items = plain(&["a", "b"]);
        items.insert(1, item.clone());
        desk.directory.page("users", "listed", items, Some("second"));
        desk.directory.page("users", "second", plain(&["c"]), None);
        let read = desk.read(None).await;
        assert_eq!((records(&read, "users"), named(&read)), (3, vec![(source, "unreadable")]), "{item}");
        assert!(read.tokens.contains_key("users"), "{item}: the next goes on from here");
    }
}

#[tokio::test]
async fn a_page_of_which_nothing_can_be_read_is_no_page() {
    let desk = Desk::new(16, AT_ONCE).await;
    desk.directory.page("users", "listed", vec![json!("a"), json!("b")], None);
    assert!(desk.go_on(&mut desk.begun(), None, 900).await.is_err());
}

#[tokio::test]
async fn where_more_than_a_hundred_objects_cannot_be_read_the_kind_is_missing() {
    for (count, is_held) in [(100, true), (101, false)] {
        let desk = Desk::new(16, AT_ONCE).await;
        let ids: Vec<String> = (0..count).map(|n| format!("x{n}")).collect();
        let ids: Vec<_> = ids.iter().map(|id| Some(id.as_str())).collect();
        for at in ["start", "listed", "whole"] {
            desk.directory.page("users", at, plain(&["a"]), None);
            desk.directory.unreadable("users", at, &ids);
        }
        let read = desk.read(None).await;
        assert_eq!(read.runs.contains_key("users"), is_held, "{count}");
        assert_eq!(named(&read).contains(&("users", "invalid")), !is_held, "{count}");
    }
}

/// The company, read again whole; what it then holds of Bob, with his manager and whose manager he is.
async fn bob(desk: &Desk, read: &Manifest) -> (Value, Vec<String>, Vec<String>) {
    let view = desk.view(read, ULID).await;
    let users = kinds::get("users").unwrap();
    let manager = kinds::link("users.manager").unwrap();
    let bob = view.find_object(users, "bob").await.unwrap().unwrap_or_default();
    let to = view.list_links(manager, "bob").await.unwrap().into_iter().map(|(to, _)| to).collect();
    let from = view.list_links_to(manager, "bob").await.unwrap().into_iter().map(|(from, _)| from).collect();
    (bob["displayName"].clone(), to, from)
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_held_with_its_links_as_it_was_and_is_not_told_as_deleted() {
    let (desk, mut base) = company().await;
    base.runs.get_mut("users").unwrap().records = 5;
    *base.full_at.get_mut("users").unwrap() -= SignedDuration::from_hours(7 * 24);
    let ann = user("ann", &json!({"displayName": "Ann II"}));
    let eve = user("eve", &json!({"manager": {"id": "bob"}}));
    desk.directory.page("users", "listed", vec![ann, eve], None);
    desk.directory.unreadable("users", "listed", &[Some("bob")]);
    let read = desk.read(Some(&base)).await;
    assert_eq!((records(&read, "users"), named(&read)), (3, vec![("users/bob", "unreadable")]));
    assert_eq!(bob(&desk, &read).await, (json!("bob"), vec!["ann".to_owned()], vec!["eve".to_owned()]));
}

#[tokio::test]
async fn a_group_of_which_one_piece_cannot_be_read_is_held_as_it_was_and_not_in_part() {
    let (desk, mut base) = company().await;
    *base.full_at.get_mut("groups").unwrap() -= SignedDuration::from_hours(7 * 24);
    let piece = json!({"id": "staff", "displayName": "Staff II", "members@delta": [{"id": "dan"}]});
    let other = json!({"id": "board", "displayName": "Board", "members@delta": [{"id": "dan"}]});
    desk.directory.page("groups", "listed", vec![json!({"id": "staff"}), json!({"id": "board"})], None);
    desk.directory.page("groups", "start", vec![piece, other], Some("second"));
    let broken = json!({"id": "staff", "members@delta": [{"displayName": "no id"}]});
    desk.directory.page("groups", "second", vec![broken], None);
    let read = desk.read(Some(&base)).await;
    assert_eq!(named(&read), [("groups/staff", "unreadable")]);
    let view = desk.view(&read, ULID).await;
    let (groups, members) = (kinds::get("groups").unwrap(), kinds::link("groups.members").unwrap());
    assert_eq!(view.find_object(groups, "staff").await.unwrap().unwrap()["displayName"], "Staff");
    let ends = |id: &'static str| {
        let view = &view;
        async move {
            let links = view.list_links(members, id).await.unwrap();
            links.into_iter().map(|(to, _)| to).collect::<Vec<_>>()
        }
    };
    assert_eq!(ends("staff").await, ["ann", "bob", "cid"]);
    assert_eq!(ends("board").await, ["dan"]);
    let back = view.list_links_to(members, "dan").await.unwrap();
    assert_eq!(back.into_iter().map(|(from, _)| from).collect::<Vec<_>>(), ["board"]);
}

#[tokio::test]
async fn a_change_that_cannot_be_read_costs_one_whole_reading_and_what_was_named_stays_named() {
    let (desk, base) = company().await;
    desk.directory.asked("users");
    desk.directory.unreadable("users", "later", &[Some("bob")]);
    let (read, _) = after(&desk, &base, plain(&["dan"]), vec![]).await;
    let asked = desk.directory.asked("users");
    assert_eq!(asked.iter().filter(|at| *at == "listed").count(), 1, "{asked:?}");
    assert_eq!(named(&read), [("users/bob", "unreadable")]);
    // No later change of Bob would be a change to what is held of him, so he is named until everything is read.
    desk.directory.unreadable("users", "later", &[]);
    desk.directory.page("users", "later", vec![json!({"id": "bob", "city": "Oslo"})], None);
    let next = desk.read(Some(&read)).await;
    assert_eq!(desk.directory.asked("users"), ["later"]);
    assert_eq!(named(&next), [("users/bob", "unreadable")]);
    let mut old = next.clone();
    *old.full_at.get_mut("users").unwrap() -= SignedDuration::from_hours(7 * 24);
    assert_eq!(named(&desk.read(Some(&old)).await), []);
}

/// The reverse run of one reading beside the run of another, as damage or a fault of ours would leave them.
#[tokio::test]
async fn links_that_their_two_runs_tell_apart_are_an_error_and_none_is_passed_over() {
    let (desk, base) = company().await;
    let manager = kinds::link("users.manager").unwrap();
    let (mut read, view) = after(&desk, &base, vec![], vec![]).await;
    assert_eq!(view.list_links_to(manager, "ann").await.unwrap().len(), 1, "Bob is led by her");
    let left = json!({"id": "bob", "manager@delta": [{"id": "ann", "@removed": {"reason": "deleted"}}]});
    desk.directory.page("users", "later", vec![left], None);
    let later = desk.read(Some(&base)).await;
    read.runs.insert(manager.name.to_owned(), later.runs[manager.name].clone());
    let damaged = desk.view(&read, ULID).await;
    let refused = damaged.list_links_to(manager, "ann").await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupt, "{refused}");
}
