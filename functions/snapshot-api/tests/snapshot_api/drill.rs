//! What it would take to put all of a snapshot back, through the router.

use crate::common::shelf::Shelf;
use crate::common::{Plane, TENANT};
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_drill_on_paper_counts_what_the_snapshot_holds_and_names_what_does_not_come_back() {
    let names: Vec<_> = (0..120).map(|n| (format!("u{n:03}"), format!("Werner {n}"))).collect();
    let shelf = Shelf::of(&[("users", &names)]).await;
    let snapshot = shelf.snapshot.clone();
    let plane = Plane::over(shelf.world);
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let ask = async |snapshot: &str| {
        let path = format!("/v1/organisations/{org}/snapshots/{snapshot}/drill");
        plane.ask(Some(&owner), "GET", &path, &Value::Null).await
    };
    let drill = ask(snapshot.as_str()).await.json();
    assert_eq!(drill["snapshot"], json!(snapshot));
    let writes = json!({ "atLeast": 120, "atMost": 240 });
    let users = json!({ "kind": "users", "objects": 120, "links": 0, "writes": writes });
    assert_eq!((&drill["kinds"], &drill["writes"]), (&json!([users]), &writes));
    assert_eq!(drill["seconds"], json!({ "atLeast": 6, "atMost": 12 }));
    let said = |list: &str, name: &str, value: &str| {
        drill[list].as_array().unwrap().iter().any(|one| one[name] == value)
    };
    assert!(said("lost", "cause", "guest") && said("lost", "cause", "synced"), "{}", drill["lost"]);
    assert!(said("notHeld", "part", "groups"), "{}", drill["notHeld"]);
    let nothing = ask("snp_01jzzzzzzzzzzzzzzzzzzzzzzz").await;
    assert_eq!(nothing.status.as_u16(), 404, "{nothing:?}");
}
