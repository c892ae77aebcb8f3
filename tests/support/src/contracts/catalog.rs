//! The contract of `Catalog`: rows, conditions, pages, walls. Watched lists are in `catalog_due`.

use super::{Allowances, Subjects, refused};
use domain::{ErrorKind, Timestamp};
use engine::ports::{Catalog, Page, Row, Scope, Write};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) const NOW: &str = "2026-01-05T08:00:00Z";

pub(super) fn now() -> Timestamp {
    NOW.parse().expect("a literal instant")
}

pub(super) fn in_ms(duration_ms: i64) -> Timestamp {
    now() + SignedDuration::from_millis(duration_ms)
}

/// Asserts the contract of `Catalog`.
pub async fn catalog(catalog: Arc<dyn Catalog>, subjects: &Subjects, allowances: &Allowances) {
    let scope = Scope::Tenant(subjects.tenant.clone());
    a_row_comes_back_as_it_was_written(&*catalog, &scope).await;
    versions_count_the_writes(&*catalog, &scope).await;
    all_of_the_writes_or_none(&*catalog, subjects).await;
    an_expired_row_is_as_if_it_were_not_there(&*catalog, &scope).await;
    one_of_many_writers_wins(&catalog, &scope).await;
    scopes_never_meet(&*catalog, subjects).await;
    keys_are_listed_in_byte_order_page_by_page(&*catalog, &scope).await;
    large_rows_are_listed_whole(&*catalog, &scope).await;
    super::catalog_many::many_rows_at_once(&*catalog, subjects).await;
    what_is_too_much_is_refused(&*catalog, &scope).await;
    super::catalog_due::watched_lists(&*catalog, subjects, allowances).await;
}

pub(super) async fn put(catalog: &dyn Catalog, scope: &Scope, row: Row) {
    catalog.write(now(), vec![Write::PutNew(scope.clone(), row)]).await.expect("a new row is taken");
}

async fn version(catalog: &dyn Catalog, scope: &Scope, key: &str) -> Option<u64> {
    catalog.find(scope, key, now()).await.expect("a row can be looked for").map(|row| row.version)
}

async fn a_row_comes_back_as_it_was_written(catalog: &dyn Catalog, scope: &Scope) {
    assert_eq!(catalog.find(scope, "row#absent", now()).await.unwrap(), None);
    let body = json!({
        "text": "ä, 漢, 🙂, \"quoted\", \u{0000} and \n", "empty": "", "none": null, "yes": true,
        "numbers": [0, -1, i64::MAX, i64::MIN, u64::MAX, 0.1, 1e300],
        "nested": {"list": [[], {}, [{"a": [1, "1"]}]], "": "an empty name"},
    });
    let mut row = Row::new("row#1", body).watched("contract-list", in_ms(1)).expiring(in_ms(123_456));
    put(catalog, scope, row.clone()).await;
    row.version = 1;
    assert_eq!(catalog.find(scope, "row#1", now()).await.unwrap(), Some(row.clone()));
    let listed = catalog.list(scope, "row#", Page::first(10)).await.unwrap();
    assert_eq!(listed.rows, [(scope.clone(), row)]);
}

async fn versions_count_the_writes(catalog: &dyn Catalog, scope: &Scope) {
    let write = async |write| catalog.write(now(), vec![write]).await;
    let row = |n: u64| Row { version: 77, ..Row::new("version#1", json!({"n": n})) };
    let replace = |n, version| Write::Replace(scope.clone(), row(n), version);
    refused(write(replace(0, 1)).await, ErrorKind::Conflict, "replacing what is not there");
    refused(write(replace(0, 0)).await, ErrorKind::Conflict, "replacing what is not there, as version 0");
    put(catalog, scope, row(1)).await;
    assert_eq!(version(catalog, scope, "version#1").await, Some(1), "the version given is ignored");
    let again = Write::PutNew(scope.clone(), row(1));
    refused(write(again).await, ErrorKind::Conflict, "creating what is there");
    write(replace(2, 1)).await.unwrap();
    refused(write(replace(3, 1)).await, ErrorKind::Conflict, "replacing an old version");
    refused(write(replace(3, 3)).await, ErrorKind::Conflict, "replacing a version to come");
    let found = catalog.find(scope, "version#1", now()).await.unwrap().unwrap();
    assert_eq!((found.version, found.body), (2, json!({"n": 2})));
    let delete = |version| Write::Delete(scope.clone(), "version#1".to_owned(), version);
    refused(write(delete(1)).await, ErrorKind::Conflict, "deleting an old version");
    write(delete(2)).await.unwrap();
    assert_eq!(version(catalog, scope, "version#1").await, None);
    refused(write(delete(2)).await, ErrorKind::Conflict, "deleting what is not there");
    put(catalog, scope, row(1)).await;
    assert_eq!(version(catalog, scope, "version#1").await, Some(1), "a row made anew starts again");
}

async fn all_of_the_writes_or_none(catalog: &dyn Catalog, subjects: &Subjects) {
    let [mine, theirs, partner, ..] = subjects.scopes();
    let row = |key: &str, n: u64| Row::new(key, json!({"n": n}));
    put(catalog, &mine, row("all#replaced", 1)).await;
    put(catalog, &mine, row("all#deleted", 1)).await;
    let writes = |version| {
        vec![
            Write::PutNew(mine.clone(), row("all#new", 2)),
            Write::PutNew(partner.clone(), row("all#new", 2)),
            Write::PutNew(theirs.clone(), row("all#new", 2)),
            Write::Delete(mine.clone(), "all#deleted".to_owned(), 1),
            Write::Replace(mine.clone(), row("all#replaced", 2), version),
        ]
    };
    refused(catalog.write(now(), writes(9)).await, ErrorKind::Conflict, "one wrong condition of five");
    for scope in [&mine, &theirs, &partner] {
        assert_eq!(version(catalog, scope, "all#new").await, None, "nothing of it is written");
    }
    assert_eq!(version(catalog, &mine, "all#deleted").await, Some(1), "nothing of it is deleted");
    catalog.write(now(), writes(1)).await.expect("with right conditions all are written");
    for scope in [&mine, &theirs, &partner] {
        assert_eq!(version(catalog, scope, "all#new").await, Some(1));
    }
    assert_eq!(version(catalog, &mine, "all#deleted").await, None);
    assert_eq!(version(catalog, &mine, "all#replaced").await, Some(2));
    let fifty = (0..50).map(|n| Write::PutNew(mine.clone(), row(&format!("fifty#{n:02}"), n)));
    catalog.write(now(), fifty.collect()).await.expect("fifty writes are taken");
    assert_eq!(catalog.list(&mine, "fifty#", Page::first(100)).await.unwrap().rows.len(), 50);
}

async fn an_expired_row_is_as_if_it_were_not_there(catalog: &dyn Catalog, scope: &Scope) {
    let row = |n: u64| Row::new("expiring#1", json!({"n": n})).expiring(in_ms(60_000));
    put(catalog, scope, row(1)).await;
    let find = async |at| catalog.find(scope, "expiring#1", at).await.unwrap();
    assert!(find(in_ms(59_999)).await.is_some(), "until its end it is there");
    assert_eq!(find(in_ms(60_000)).await, None, "from its end on it is not");
    let put_new = |n| vec![Write::PutNew(scope.clone(), row(n))];
    refused(catalog.write(in_ms(59_999), put_new(2)).await, ErrorKind::Conflict, "before its end");
    let replace = vec![Write::Replace(scope.clone(), row(2), 1)];
    refused(catalog.write(in_ms(60_000), replace).await, ErrorKind::Conflict, "replacing an expired row");
    let delete = vec![Write::Delete(scope.clone(), "expiring#1".to_owned(), 1)];
    refused(catalog.write(in_ms(60_000), delete).await, ErrorKind::Conflict, "deleting an expired row");
    catalog.write(in_ms(60_000), put_new(2)).await.expect("an expired row is no obstacle");
    let found = find(now()).await.unwrap();
    assert_eq!((found.version, found.body), (1, json!({"n": 2})));
}

async fn one_of_many_writers_wins(catalog: &Arc<dyn Catalog>, scope: &Scope) {
    let row = |n: u64| Row::new("race#1", json!({"n": n}));
    for round in 0..2 {
        let writers = (0..16).map(|n| {
            let scope = scope.clone();
            let write =
                if round == 0 { Write::PutNew(scope, row(n)) } else { Write::Replace(scope, row(n), 1) };
            let catalog = catalog.clone();
            tokio::spawn(async move { (n, catalog.write(now(), vec![write]).await) })
        });
        let mut winners = Vec::new();
        for outcome in join_all(writers).await {
            match outcome.expect("no writer panics") {
                (n, Ok(())) => winners.push(n),
                (_, Err(error)) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
        }
        assert_eq!(winners.len(), 1, "exactly one of 16 writers wins, round {round}");
        let found = catalog.find(scope, "race#1", now()).await.unwrap().unwrap();
        assert_eq!((found.version, found.body), (round + 1, json!({"n": winners[0]})));
    }
}

async fn scopes_never_meet(catalog: &dyn Catalog, subjects: &Subjects) {
    let scopes = subjects.scopes();
    for (n, scope) in scopes.iter().enumerate() {
        put(catalog, scope, Row::new("walls#same", json!({"n": n}))).await;
        put(catalog, scope, Row::new(format!("walls#{n}"), json!({}))).await;
    }
    for (n, scope) in scopes.iter().enumerate() {
        let found = catalog.find(scope, "walls#same", now()).await.unwrap().unwrap();
        assert_eq!(found.body, json!({"n": n}));
        let listed = catalog.list(scope, "walls#", Page::first(100)).await.unwrap();
        let keys: Vec<_> = listed.rows.iter().map(|(s, row)| (s.clone(), row.key.clone())).collect();
        assert_eq!(keys, [(scope.clone(), format!("walls#{n}")), (scope.clone(), "walls#same".to_owned())]);
    }
}

async fn keys_are_listed_in_byte_order_page_by_page(catalog: &dyn Catalog, scope: &Scope) {
    let mut keys: Vec<String> = (0..1_020).map(|n| format!("many#{n:04}")).collect();
    keys.extend(
        ["many", "many#", "many#1", "many#A", "many#a", "many#~", "many#é", "manyfold#1"].map(String::from),
    );
    keys.sort();
    for some in keys.chunks(50) {
        let put = |key: &String| Write::PutNew(scope.clone(), Row::new(key, json!({})));
        catalog.write(now(), some.iter().map(put).collect()).await.unwrap();
    }
    let family: Vec<_> = keys.iter().filter(|key| key.starts_with("many#")).cloned().collect();
    assert_eq!(all(catalog, scope, "many#", 1000, false).await, family);
    assert_eq!(all(catalog, scope, "many#", 100, false).await, family);
    assert_eq!(all(catalog, scope, "many", 600, false).await, keys, "a prefix of other prefixes");
    assert_eq!(all(catalog, scope, "many#1", 7, false).await.len(), 21, "the key itself is among them");
    let mut descending = all(catalog, scope, "many#", 300, true).await;
    descending.reverse();
    assert_eq!(descending, family);
    let last = catalog.list(scope, "many#", Page::last(1)).await.unwrap();
    assert_eq!(last.rows[0].1.key, "many#é");
    assert_eq!(all(catalog, scope, "nothing#", 10, false).await, [""; 0]);
    let everything = all(catalog, scope, "", 1000, false).await;
    assert!(keys.iter().all(|key| everything.contains(key)), "an empty prefix is every row");
}

async fn all(
    catalog: &dyn Catalog,
    scope: &Scope,
    prefix: &str,
    limit: usize,
    descending: bool,
) -> Vec<String> {
    let (mut keys, mut after) = (Vec::new(), None);
    for _ in 0..10_000 {
        let page = catalog.list(scope, prefix, Page { after, limit, descending }).await.unwrap();
        assert!(page.rows.len() <= limit);
        keys.extend(page.rows.into_iter().map(|(_, row)| row.key));
        after = page.next;
        if after.is_none() {
            return keys;
        }
    }
    panic!("the list {prefix:?} has no end");
}

async fn large_rows_are_listed_whole(catalog: &dyn Catalog, scope: &Scope) {
    // Why: more than the megabyte after which DynamoDB ends a page by itself.
    let keys: Vec<String> = (0..8).map(|n| format!("large#{n}")).collect();
    for key in &keys {
        put(catalog, scope, Row::new(key, json!({"text": "x".repeat(290_000)}))).await;
    }
    assert_eq!(all(catalog, scope, "large#", 1000, false).await, keys);
    assert_eq!(all(catalog, scope, "large#", 3, false).await, keys);
    let found = catalog.find(scope, "large#7", now()).await.unwrap().unwrap();
    assert_eq!(found.body["text"].as_str().map(str::len), Some(290_000));
}

async fn what_is_too_much_is_refused(catalog: &dyn Catalog, scope: &Scope) {
    let put_new = |key: &str, body: Value| Write::PutNew(scope.clone(), Row::new(key, body));
    let refuse = async |writes, what| refused(catalog.write(now(), writes).await, ErrorKind::Invalid, what);
    refuse(vec![], "no write").await;
    refuse((0..51).map(|n| put_new(&format!("refused#{n}"), json!({}))).collect(), "51 writes").await;
    refuse(vec![put_new("refused#1", json!({})), put_new("refused#1", json!({}))], "one key twice").await;
    let delete = Write::Delete(scope.clone(), "refused#1".to_owned(), 1);
    refuse(vec![put_new("refused#1", json!({})), delete], "one key put and deleted").await;
    refuse(vec![put_new("refused#1", json!({"text": "x".repeat(330_000)}))], "a body of 330 KB").await;
    refuse(vec![put_new("refused#1", json!([1]))], "a body that is no object").await;
    refuse(vec![put_new("", json!({}))], "an empty key").await;
    for limit in [0, 1001] {
        refused(catalog.list(scope, "", Page::first(limit)).await, ErrorKind::Invalid, "a wrong limit");
        let due = catalog.list_due("contract-list", now(), Page::first(limit)).await;
        refused(due, ErrorKind::Invalid, "a wrong limit");
    }
    let page = Page { after: Some("not a next".to_owned()), limit: 10, descending: false };
    refused(catalog.list(scope, "", page).await, ErrorKind::Invalid, "a next that no page gave");
    assert_eq!(catalog.list(scope, "refused#", Page::first(10)).await.unwrap().rows, []);
}
