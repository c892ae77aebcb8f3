//! What becomes of each property that objects have: one line for each, whichever objects have it.

use crate::noise::real;
use crate::shelf::Shelf;
use backup::commands::coverage::SeenProperties;
use backup::commands::filter::READS;
use domain::coverage::{GapCause, Limit, PropertyCover, Reach};
use domain::{ErrorKind, Result, kinds};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

async fn ask(shelf: &Shelf, kind: &str, cursor: Option<&str>) -> Result<SeenProperties> {
    let kind = kinds::get(kind).unwrap();
    shelf.browse().properties(&shelf.tenant, &shelf.snapshot, kind, cursor).await
}

/// A shelf with the objects of a kind, as they are stored.
async fn shelf_of(kind: &str, objects: &[Map<String, Value>]) -> Shelf {
    let mut shelf = Shelf::of(&[]).await;
    let texts: Vec<(String, String)> =
        objects.iter().map(|o| (o["id"].as_str().unwrap().to_owned(), json!(o).to_string())).collect();
    let records: Vec<(&str, &str)> = texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    shelf.hold(kind, &records).await;
    shelf.seal_another().await;
    shelf
}

fn line<'a>(items: &'a [PropertyCover], property: &str) -> &'a PropertyCover {
    let lines: Vec<_> = items.iter().filter(|item| item.property == property).collect();
    assert_eq!(lines.len(), 1, "{property}: {lines:?}");
    lines[0]
}

#[tokio::test]
async fn every_property_of_the_real_policies_is_in_one_line_and_so_is_one_that_is_new() {
    let Some(real) = real() else {
        eprintln!("NOT CHECKED: the real policies are absent (HOLDFAST_SHARED)");
        return;
    };
    let mut by_kind: BTreeMap<&str, Vec<Map<String, Value>>> = BTreeMap::new();
    for (kind, mut policy) in real {
        policy.insert("givenSince".to_owned(), json!({ "by": "Microsoft" }));
        by_kind.entry(kind).or_default().push(policy);
    }
    for (kind, policies) in by_kind {
        let row = kinds::get(kind).unwrap();
        let stored: Vec<_> = policies.iter().map(|policy| row.canonical(policy.clone())).collect();
        let shelf = shelf_of(kind, &stored).await;
        let found = ask(&shelf, kind, None).await.unwrap();
        assert_eq!((found.objects, found.next), (policies.len() as u64, None));
        // What Graph gave of any of them, but for its notes on how it gave it.
        let given: BTreeSet<&String> = policies.iter().flat_map(Map::keys).collect();
        for property in given.into_iter().filter(|p| !p.contains("@odata.") && !p.starts_with('#')) {
            let cover = line(&found.items, property);
            let there = |policy: &&Map<String, Value>| {
                policy.get(property).is_some_and(|value| !value.is_null() && *value != json!([]))
            };
            if !cover.is_relation {
                assert_eq!(cover.count, policies.iter().filter(there).count() as u64, "{kind} {property}");
                assert_eq!(cover.limit.is_none(), cover.reach == Reach::Restorable, "{kind} {property}");
            }
        }
        let new = line(&found.items, "givenSince");
        assert_eq!((new.count, new.reach), (policies.len() as u64, Reach::Restorable));
        assert_eq!(line(&found.items, "id").limit, Some(Limit::Identity));
    }
}

#[tokio::test]
async fn what_is_read_apart_and_what_is_not_held_have_their_lines_beside_the_objects() {
    let users: Vec<Map<String, Value>> = (0..8)
        .map(|n| json!({ "id": format!("u{n}"), "city": if n == 3 { json!("Oslo") } else { Value::Null } }))
        .map(|user| user.as_object().unwrap().clone())
        .collect();
    let mut shelf = shelf_of("users", &users).await;
    shelf.hold("users.customSecurityAttributes", &[("u1", "{}"), ("u2", "{}")]).await;
    shelf.hold("users.manager", &[("u1/u2", ""), ("u2/u3", ""), ("u3/u4", "")]).await;
    shelf.miss("users.otherMails", "Graph did not say").await;
    let found = ask(&shelf, "users", None).await.unwrap();
    let told = |property| {
        let cover = line(&found.items, property);
        (cover.count, cover.is_relation, cover.reach, cover.gap)
    };
    assert_eq!(told("city"), (1, false, Reach::Restorable, None));
    assert_eq!(told("customSecurityAttributes"), (2, false, Reach::Restorable, None));
    assert_eq!(told("manager"), (3, true, Reach::Restorable, None));
    assert_eq!(told("otherMails"), (0, false, Reach::NotCaptured, Some(GapCause::Denied)));
}

#[tokio::test]
async fn the_parts_of_many_objects_add_up_to_all_of_them_and_a_cursor_is_of_one_kind() {
    let count = 10_000;
    let users: Vec<Map<String, Value>> = (0..count)
        .map(|n| json!({ "id": format!("u{n:05}"), "city": "Oslo" }).as_object().unwrap().clone())
        .collect();
    let mut shelf = shelf_of("users", &users).await;
    shelf.hold("groups", &[("g", r#"{"id":"g"}"#)]).await;
    shelf.seal_another().await;
    let (mut objects, mut cities, mut parts, mut cursor) = (0, 0, 0, None::<String>);
    loop {
        shelf.reads();
        let part = ask(&shelf, "users", cursor.as_deref()).await.unwrap();
        assert!(shelf.reads() <= usize::try_from(READS).unwrap() + 80);
        objects += part.objects;
        cities += line(&part.items, "city").count;
        assert_eq!(part.items.iter().any(|item| item.is_relation), parts == 0, "once for all parts");
        parts += 1;
        let Some(next) = part.next else { break };
        let other = ask(&shelf, "groups", Some(&next)).await.unwrap_err();
        assert_eq!(other.kind(), ErrorKind::Invalid);
        cursor = Some(next);
    }
    assert_eq!((objects, cities), (count, count));
    assert!(parts > 1, "{parts}");
    assert_eq!(ask(&shelf, "roles", None).await.unwrap_err().kind(), ErrorKind::NotFound);
}
