//! Changes of a comparison as pages show them: what can be chosen, and no more bytes than a page may have.

use super::api::Stage;
use super::pages::full;
use serde_json::{Value, json};

const PAGE: &str = "/e/org_1/comparisons/dif_1";

async fn with(changes: &[Value]) -> Stage {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.lists("/v1/organisations/org_1/comparisons/dif_1/changes", changes);
    stage
}

#[tokio::test]
async fn a_comparison_of_many_links_fits_into_an_answer_and_leaves_no_change_out() {
    let group = |at: usize| {
        let member = |n: usize| json!({ "link": "groups.members", "to": format!("00000000-0000-0000-0000-{n:012}"), "what": "deleted" });
        json!({ "kind": "groups", "key": format!("g{at:03}"), "name": format!("Group {at:03}"), "what": "modified",
            "attributes": [], "links": (0..100).map(member).collect::<Vec<_>>() })
    };
    let seen = with(&(0..200).map(group).collect::<Vec<_>>()).await.get(PAGE).await;
    assert!(seen.text.len() < 5_000_000, "{}", seen.text.len());
    for at in 0..200 {
        assert!(seen.text.contains(&format!("Group {at:03}")), "{at}");
    }
    assert!(seen.text.contains("too long for this page") && seen.text.contains("name=g199"));
    let many = json!({ "kind": "groups", "key": "g", "name": "All", "what": "modified", "attributes": [],
        "links": vec![json!({ "link": "groups.members", "to": "u", "what": "deleted" }); 20_000] });
    let seen = with(&[many]).await.get(PAGE).await;
    assert!(seen.text.contains("19500 more parts") && seen.text.len() < 1_000_000, "{}", seen.text.len());
}

#[tokio::test]
async fn what_the_api_would_not_put_back_has_no_box_and_says_what_it_is() {
    let attribute =
        |path: &str, class: &str| json!({ "path": path, "class": class, "before": 1, "after": 2 });
    let observed = json!({ "kind": "users", "key": "u1", "name": "Maya", "what": "modified", "class": "observed",
        "attributes": [attribute("lastPasswordChangeDateTime", "observed")], "links": [] });
    let seen = with(&[observed]).await.get(PAGE).await;
    assert!(!seen.text.contains("name=\"object\"") && !seen.text.contains("name=\"part\""));
    let mixed = json!({ "kind": "users", "key": "u1", "name": "Maya", "what": "modified",
        "attributes": [attribute("jobTitle", "change"), attribute("lastPasswordChangeDateTime", "observed")], "links": [] });
    let seen = with(&[mixed]).await.get(PAGE).await;
    assert_eq!(seen.text.matches("name=\"part\"").count(), 1);
    assert_eq!(seen.text.matches("name=\"object\"").count(), 1);
    let came = json!({ "kind": "groups", "key": "g1", "name": "Admins", "what": "created", "attributes": [],
        "links": [{ "link": "groups.members", "to": "u1", "what": "created" }] });
    let seen = with(&[came]).await.get(PAGE).await;
    assert_eq!(seen.text.matches("name=\"part\"").count(), 0, "it came as a whole");
}
