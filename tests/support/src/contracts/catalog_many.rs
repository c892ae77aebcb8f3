//! The contract of `Catalog::find_many`: rows of many scopes at once, each as if it were looked for alone.

use super::catalog::{in_ms, now, put};
use super::{Subjects, refused};
use domain::ErrorKind;
use engine::ports::{Catalog, MOST_AT_ONCE, Row, Scope};
use serde_json::json;

pub(super) async fn many_rows_at_once(catalog: &dyn Catalog, subjects: &Subjects) {
    let [mine, theirs, partner, ..] = subjects.scopes();
    let at = |scope: &Scope, key: &str| (scope.clone(), key.to_owned());
    for (n, scope) in [&mine, &theirs, &partner].into_iter().enumerate() {
        put(catalog, scope, Row::new("many#same", json!({ "n": n }))).await;
    }
    put(catalog, &mine, Row::new("many#ends", json!({})).expiring(in_ms(60_000))).await;

    // In the order in which they are asked for, each of its own scope, none where there is none.
    let places = [
        at(&partner, "many#same"),
        at(&mine, "many#none"),
        at(&mine, "many#ends"),
        at(&theirs, "many#same"),
        at(&mine, "many#same"),
    ];
    let found = catalog.find_many(&places, now()).await.unwrap();
    let numbers: Vec<_> = found.iter().map(|row| row.as_ref().map(|row| row.body["n"].as_u64())).collect();
    assert_eq!(numbers, [Some(Some(2)), None, Some(None), Some(Some(1)), Some(Some(0))]);
    for (place, found) in places.iter().zip(&found) {
        assert_eq!(*found, catalog.find(&place.0, &place.1, now()).await.unwrap(), "{place:?}");
    }
    let ended = catalog.find_many(&places[2..3], in_ms(60_000)).await.unwrap();
    assert_eq!(ended, [None], "from its end on a row is not there");

    // A hundred, of more bytes than DynamoDB gives in one answer (16 MB): none is missing.
    let many: Vec<_> = (0..MOST_AT_ONCE).map(|n| at(&theirs, &format!("many#large{n:03}"))).collect();
    for (scope, key) in &many {
        put(catalog, scope, Row::new(key, json!({ "text": "x".repeat(180_000) }))).await;
    }
    let found = catalog.find_many(&many, now()).await.unwrap();
    let keys: Vec<_> = found.into_iter().map(|row| row.map(|row| row.key)).collect();
    assert_eq!(keys, many.iter().map(|(_, key)| Some(key.clone())).collect::<Vec<_>>());

    refused(catalog.find_many(&[], now()).await, ErrorKind::Invalid, "no place");
    let twice = [at(&mine, "many#same"), at(&mine, "many#same")];
    refused(catalog.find_many(&twice, now()).await, ErrorKind::Invalid, "a place twice");
    let too_many: Vec<_> = (0..=MOST_AT_ONCE).map(|n| at(&mine, &n.to_string())).collect();
    refused(catalog.find_many(&too_many, now()).await, ErrorKind::Invalid, "101 places");
}
