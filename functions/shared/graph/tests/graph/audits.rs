//! Microsoft's own log of changes: how it is asked for, and what a refusal is.

use crate::common::{Answer, ok, refuse, status, tenant, world};
use domain::{ErrorKind, Timestamp};
use engine::ports::{AuditWindow, DirectoryPages};
use serde_json::json;

fn window() -> AuditWindow {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    AuditWindow { from: at("2026-11-01T00:00:00Z"), until: Some(at("2026-11-02T00:00:00Z")) }
}

const PATH: &str = "/beta/auditLogs/directoryAudits";

#[tokio::test]
async fn a_closed_time_is_asked_for_in_beta_and_its_pages_by_graphs_own_links() {
    let world = world(|s| {
        let next = format!("{}{PATH}?$skiptoken=2", s.base);
        let page = match s.query.as_str() {
            "$skiptoken=2" => json!({ "value": [{ "id": "b" }] }),
            _ => json!({ "value": [{ "id": "a" }], "@odata.nextLink": next }),
        };
        (s.path == PATH).then(|| ok(page))
    })
    .await;
    let (directory, tenant) = (world.directory(), tenant());
    let first = directory.read_audits(&tenant, &window(), None).await.unwrap();
    assert_eq!(first.records, [json!({ "id": "a" })]);
    let last = directory.read_audits(&tenant, &window(), first.next.as_deref()).await.unwrap();
    assert_eq!((last.records, last.next), (vec![json!({ "id": "b" })], None));
    let asked: Vec<String> = world.seen().iter().map(|s| s.query.clone()).collect();
    let filter = "$filter=activityDateTime ge 2026-11-01T00:00:00Z and activityDateTime le 2026-11-02T00:00:00Z&$top=999";
    assert_eq!(asked, [filter, "$skiptoken=2"]);
}

#[tokio::test]
async fn where_there_is_no_beta_the_log_of_v1_is_read() {
    let world = world(|s| match s.path.as_str() {
        PATH => Some(refuse(404, "NotFound", "no such thing")),
        "/v1.0/auditLogs/directoryAudits" => Some(ok(json!({ "value": [{ "id": "a" }] }))),
        _ => None,
    })
    .await;
    let page = world.directory().read_audits(&tenant(), &window(), None).await.unwrap();
    assert_eq!(page.records.len(), 1);
}

/// What the first page fails with, or one that was named before, where Graph answers so.
async fn fails(answer: fn() -> Answer, next: bool) -> (ErrorKind, bool) {
    let world = world(move |s| s.path.contains("auditLogs").then(answer)).await;
    let link = format!("{}{PATH}?$skiptoken=2", world.url);
    let next = next.then_some(link.as_str());
    let error = world.directory().read_audits(&tenant(), &window(), next).await.unwrap_err();
    (error.kind(), error.is_unlicensed())
}

#[tokio::test]
async fn a_missing_permission_a_missing_licence_a_lost_page_and_no_collection_are_four_errors() {
    let denied = || refuse(403, "Authorization_RequestDenied", "Insufficient privileges");
    let free = || refuse(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "no licence");
    assert_eq!(fails(denied, false).await, (ErrorKind::Denied, false));
    assert_eq!(fails(free, false).await, (ErrorKind::Denied, true));
    assert_eq!(fails(|| status(410, json!({})), true).await, (ErrorKind::NotFound, false));
    assert_eq!(fails(|| status(404, json!({})), false).await, (ErrorKind::Invalid, false));
    assert_eq!(fails(|| ok(json!({ "error": null })), false).await, (ErrorKind::Unavailable, false));
}

#[tokio::test]
async fn no_more_than_five_pages_are_asked_for_in_ten_seconds() {
    let world = world(|s| (s.path == PATH).then(|| ok(json!({ "value": [] })))).await;
    let directory = world.directory();
    for _ in 0..11 {
        directory.read_audits(&tenant(), &window(), None).await.unwrap();
    }
    // Nine tenths of five are four: the fifth and the ninth wait for the first and the fifth.
    let waited: u64 = world.waits_ms().iter().sum();
    assert!((20_000..60_000).contains(&waited), "{waited}");
}
