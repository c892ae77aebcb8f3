//! Today: all of it out of one answer of the API, and causes that somebody puts aside.

use super::api::{ORG, Stage};
use super::pages::full;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use std::io::Write as _;

const CAUSES: [&str; 5] =
    ["consent-withdrawn", "late-snapshot", "privileged-changes", "not-covered", "seats-over"];
/// The most bytes that the page may have as it is sent, compressed.
const MOST_BYTES: usize = 60_000;

fn item(number: usize, cause: &str) -> Value {
    json!({ "organisation": format!("org_{number}"), "partner": "prt_1", "name": format!("Customer {number:03}"), "cause": cause,
        "severity": "warning", "since": "2026-11-30T08:00:00Z", "until": null, "facts": "f00d", "acknowledged": null,
        "what": { "counts": {}, "permissions": [], "sources": [], "reason": null, "ids": {} } })
}

/// What the API answers of 400 customers, of whom so many need somebody.
fn attention(of: &[Value], days: &[Option<u64>]) -> Value {
    let days = days.iter().enumerate();
    let days: Vec<Value> =
        days.map(|(n, c)| json!({ "day": format!("2026-11-{:02}", 24 + n), "changes": c })).collect();
    json!({ "items": of, "next": null, "checkedAt": "2026-11-30T11:59:00Z", "complete": true, "days": days,
        "underWay": [{ "organisation": ORG, "name": "Fabrikam", "snapshot": "snp_9" }],
        "counts": { "organisations": 400, "fine": 400 - of.len(), "causes": {}, "acknowledged": 2, "underWay": 1 } })
}

fn compressed(text: &str) -> usize {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    gzip.finish().unwrap().len()
}

#[tokio::test]
async fn today_of_400_customers_is_one_call_and_the_five_in_trouble_are_its_first_five() {
    let stage = Stage::of("owner", "Fabrikam").await;
    let five: Vec<Value> = CAUSES.iter().enumerate().map(|(n, cause)| item(n, cause)).collect();
    stage.told("GET /v1/attention", 200, &attention(&five, &[Some(4); 7]));
    let seen = stage.get("/").await;
    let mut asked: Vec<String> = stage.calls().into_iter().map(|call| call.line).collect();
    asked.sort();
    assert_eq!(asked, ["GET /v1/attention", "GET /v1/me"], "who asks, and one call for all else");
    let listed = seen.text.split("<ol class=\"needed\">").nth(1).unwrap().split("</ol>").next().unwrap();
    let at: Vec<usize> = (0..5).map(|n| listed.find(&format!("Customer {n:03}")).unwrap()).collect();
    assert!(at.is_sorted() && seen.text.contains("395 customers need nobody, of 400."), "{}", seen.text);

    let many: Vec<Value> = (0..50).map(|n| item(n, CAUSES[n % 5])).collect();
    stage.told("GET /v1/attention", 200, &attention(&many, &[Some(4); 7]));
    let bytes = compressed(&stage.get("/").await.text);
    assert!(bytes <= MOST_BYTES, "{bytes} bytes, the longest there is");
}

#[tokio::test]
async fn today_shows_what_changed_and_what_runs_and_takes_nothing_unknown_for_nothing() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("GET /v1/attention", 200, &attention(&[], &[Some(7), None]));
    let seen = stage.get("/").await;
    for said in [
        "<th scope=\"row\">2026-11-24</th><td>7</td>",
        "<th scope=\"row\">2026-11-25</th><td>not known</td>",
        "href=\"/e/org_1/snapshots/snp_9\"",
        "1 snapshot is being taken:",
        "2 are put aside.",
        "href=\"/?aside=1\"",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
}

#[tokio::test]
async fn a_cause_is_put_aside_as_it_was_shown_and_shown_again() {
    let stage = full("owner", "Fabrikam", "done").await;
    assert!(stage.get("/").await.text.contains("href=\"/attention/org_1/privileged-changes\""));
    let page = "/attention/org_1/privileged-changes";
    let shown = stage.get(page).await;
    assert!(shown.text.contains("name=\"facts\" value=\"f\""), "{}", shown.text);
    let at = "/v1/attention/org_1/privileged-changes/acknowledge";
    stage.told(&format!("POST {at}"), 200, &json!({}));
    stage.told(&format!("DELETE {at}"), 204, &Value::Null);
    stage.calls();
    let done = stage.post(&format!("{page}/acknowledge"), "key=k1&facts=f&days=30&note=expected,+4711").await;
    assert_eq!((done.status, &done.headers[LOCATION]), (StatusCode::SEE_OTHER, &"/".parse().unwrap()));
    let call = stage.calls().pop().unwrap();
    assert_eq!(
        (call.line.as_str(), &call.headers["idempotency-key"]),
        (format!("POST {at}").as_str(), &"k1".parse().unwrap())
    );
    let body = json!({ "note": "expected, 4711", "until": "2026-12-30T12:00:00Z", "facts": "f" });
    assert_eq!(call.body, body);
    stage.post(&format!("{page}/show"), "key=k2").await;
    assert_eq!(stage.calls().pop().unwrap().line, format!("DELETE {at}"));
    for wrong in ["key=k1&facts=f&days=8", "key=k1&days=30", "facts=f&days=30"] {
        let seen = stage.post(&format!("{page}/acknowledge"), wrong).await;
        assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(stage.calls().is_empty(), "{wrong}");
    }
}

#[tokio::test]
async fn what_is_to_be_decided_cannot_be_put_aside_nor_can_whoever_may_not_edit() {
    let stage = Stage::of("owner", "Fabrikam").await;
    stage.told("GET /v1/attention", 200, &attention(&[item(1, "transfer-offered")], &[]));
    assert!(!stage.get("/").await.text.contains("href=\"/attention/"));
    assert_eq!(stage.get("/attention/org_1/transfer-offered").await.status, StatusCode::NOT_FOUND);
    let support = full("support", "Fabrikam", "done").await;
    assert!(!support.get("/").await.text.contains("href=\"/attention/"));
}
