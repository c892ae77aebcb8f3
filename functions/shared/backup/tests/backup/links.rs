//! The links of an object, part by part: bounded reads for each part, and all of them together.

use crate::shelf::Shelf;
use backup::commands::browse::SeenLink;
use backup::commands::search::READS;
use domain::{ErrorKind, Result, kinds};
use engine::ports::Page;
use std::collections::BTreeSet;

/// What one link needs beyond the budget: its record and its name, and the object itself with the indexes of its runs.
const MORE: usize = 40;

fn named(kind: &str, count: usize) -> Vec<(String, String)> {
    let first = &kind[..1];
    (0..count).map(|n| (format!("{first}{n:06}"), format!("{kind} {n}"))).collect()
}

async fn part(shelf: &Shelf, kind: &str, key: &str, page: Page) -> Result<(Vec<SeenLink>, Option<String>)> {
    let kind = kinds::get(kind).unwrap();
    let seen = shelf.browse().object(&shelf.tenant, &shelf.snapshot, kind, key, page).await?;
    Ok((seen.links.items, seen.links.next))
}

/// All parts, of which each reads no more than it may; how many there were.
async fn all(shelf: &Shelf, kind: &str, key: &str, limit: usize) -> (Vec<SeenLink>, usize) {
    let (mut links, mut after, mut parts) = (Vec::new(), None, 0);
    shelf.reads();
    loop {
        let (found, next) = part(shelf, kind, key, Page { after, ..Page::first(limit) }).await.unwrap();
        let reads = shelf.reads();
        assert!(reads <= usize::try_from(READS).unwrap() + MORE, "{reads} reads for one part");
        assert!(found.len() <= limit && (!found.is_empty() || next.is_none() || parts > 0));
        (parts, after) = (parts + 1, next);
        links.extend(found);
        if after.is_none() {
            return (links, parts);
        }
    }
}

#[tokio::test]
async fn a_group_of_a_hundred_thousand_members_is_read_to_its_end_part_by_part() {
    let (users, groups) = (named("users", 1_000), named("groups", 1));
    let mut shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
    let members: Vec<_> = (0..100_000).map(|n| format!("g000000/u{n:06}")).collect();
    shelf.hold_in_large_leaves("groups.members", &members).await;
    shelf.hold("groups.members.reverse", &[]).await;
    shelf.seal_another().await;
    let (links, parts) = all(&shelf, "groups", "g000000", 200).await;
    let ends: BTreeSet<_> = links.iter().map(|link| link.other.as_str()).collect();
    assert_eq!((links.len(), ends.len()), (100_000, 100_000));
    assert!((500..=600).contains(&parts), "{parts} parts");
    assert_eq!(links[0].name.as_deref(), Some("users 0"));
}

#[tokio::test]
async fn somebody_in_thousands_of_groups_is_read_in_parts_that_end_by_what_they_read() {
    let (users, groups) = (named("users", 2), named("groups", 2_000));
    let mut shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
    let key = |n: usize| format!("g{n:06}");
    let members: Vec<_> = (0..2_000).map(|n| format!("{}/u000001", key(n))).collect();
    let reverse: Vec<_> = (0..2_000).map(|n| format!("u000001/{}", key(n))).collect();
    let records = |keys: &[String]| keys.iter().map(|k| (k.clone(), String::new())).collect::<Vec<_>>();
    for (run, keys) in [("groups.members", &members), ("groups.members.reverse", &reverse)] {
        let records = records(keys);
        let records: Vec<_> = records.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        shelf.hold(run, &records).await;
    }
    shelf.seal_another().await;
    for limit in [7, 200] {
        let (links, parts) = all(&shelf, "users", "u000001", limit).await;
        let ends: BTreeSet<_> = links.iter().map(|link| (link.outgoing, link.other.as_str())).collect();
        assert_eq!((links.len(), ends.len()), (2_000, 2_000), "limit {limit}");
        assert!(links.iter().all(|link| !link.outgoing && link.name.is_some()));
        assert!(parts >= 10, "{parts} parts");
    }
}

#[tokio::test]
async fn a_cursor_of_another_object_is_refused_with_the_field_named() {
    let (users, groups) = (named("users", 9), named("groups", 2));
    let mut shelf = Shelf::of(&[("users", &users), ("groups", &groups)]).await;
    let members: Vec<_> = (0..9).map(|n| format!("g000000/u{n:06}")).collect();
    let records: Vec<_> = members.iter().map(|key| (key.as_str(), "")).collect();
    shelf.hold("groups.members", &records).await;
    shelf.hold("groups.members.reverse", &[]).await;
    shelf.seal_another().await;
    let (_, next) = part(&shelf, "groups", "g000000", Page::first(2)).await.unwrap();
    let good = next.unwrap();
    let ask = async |key: &str, cursor: &str| {
        part(&shelf, "groups", key, Page { after: Some(cursor.to_owned()), ..Page::first(2) }).await
    };
    assert_eq!(ask("g000000", &good).await.unwrap().0[0].other, "u000002");
    let (cut, longer) = (&good[..good.len() - 4], format!("{good}.x"));
    for (key, cursor) in [
        ("g000001", good.as_str()),
        ("g000000", &good.replacen('o', "x", 1)),
        ("g000000", &cut[..cut.rfind('.').unwrap()]),
        ("g000000", &longer),
        ("g000000", ""),
        ("g000000", "é.é.é.é"),
    ] {
        let error = ask(key, cursor).await.unwrap_err();
        let fields: Vec<_> = error.fields().iter().map(|f| f.field.as_str()).collect();
        assert_eq!((error.kind(), fields), (ErrorKind::Invalid, vec!["cursor"]), "{key} {cursor:?}");
    }
}
