//! The search of a snapshot, through the router and the engine.

use crate::common::shelf::Shelf;
use crate::common::{Plane, TENANT};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_search_says_what_it_looked_at_and_is_complete_only_at_its_end() {
    let names: Vec<_> = (0..120).map(|n| (format!("u{n:03}"), format!("Werner {n}"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    assert_eq!(shelf.tenant.as_str(), TENANT);
    let snapshot = shelf.snapshot.clone();
    let plane = Plane::over(shelf.world);
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let objects = format!("/v1/organisations/{org}/snapshots/{snapshot}/objects?limit=50");
    let ask = async |query: String| {
        plane.ask(Some(&owner), "GET", &format!("{objects}&{query}"), &Value::Null).await
    };

    let (mut found, mut answered, mut cursor) = (BTreeSet::new(), 0, String::new());
    let mut first = String::new();
    loop {
        let page = ask(format!("name=erne{cursor}")).await.json();
        for item in page["items"].as_array().unwrap() {
            answered += 1;
            found.insert(item["key"].as_str().unwrap().to_owned());
        }
        assert_eq!(page["complete"], json!(page["next"].is_null()));
        assert_eq!(page["searched"]["snapshot"], json!(snapshot));
        assert_eq!(page["searched"]["kinds"], json!(["users"]));
        let not_held = page["searched"]["notHeld"].as_array().unwrap();
        assert!(not_held.contains(&json!({ "kind": "groups", "part": null, "why": null })), "{not_held:?}");
        let Some(next) = page["next"].as_str() else { break };
        assert!(
            next.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "fit for a query: {next}"
        );
        cursor = format!("&cursor={next}");
        first = if first.is_empty() { next.to_owned() } else { first };
    }
    assert_eq!((answered, found.len()), (120, 120));

    for query in
        [format!("name=wern&cursor={first}"), format!("cursor={first}"), "name=erne&cursor=0-".to_owned()]
    {
        let answer = ask(query).await;
        assert_eq!((answer.status.as_u16(), answer.fields()), (422, vec!["cursor".to_owned()]), "{answer:?}");
    }
}
