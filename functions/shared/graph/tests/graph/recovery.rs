//! When Microsoft's own recovery last wrote to a tenant: what its jobs say, and what they do not.

use crate::common;
use crate::common::{Answer, Seen, ok, refuse, tenant, world};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{ErrorKind, Timestamp};
use engine::ports::{DirectoryPages, RECOVERY_PERMISSION};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A token that may read recoveries.
fn token(seen: &Seen) -> Option<Answer> {
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"roles": [RECOVERY_PERMISSION]}).to_string());
    let token = json!({"expires_in": 3599, "access_token": format!("e30.{claims}.x")});
    seen.path.ends_with("/oauth2/v2.0/token").then(|| ok(token))
}

async fn last(jobs: Value) -> Option<Timestamp> {
    let page = json!({"value": jobs});
    let world =
        world(move |s| token(s).or_else(|| s.path.ends_with("recovery/jobs").then(|| ok(page.clone()))))
            .await;
    world.directory().last_recovery(&tenant()).await.unwrap()
}

/// Before the time of the tests' clock.
fn ago(hours: i64) -> String {
    (now() - SignedDuration::from_hours(hours)).to_string()
}

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

#[tokio::test]
async fn the_last_write_is_when_a_job_ended_and_previews_write_nothing() {
    assert_eq!(last(json!([])).await, None);
    let preview = "#microsoft.graph.entraRecoveryServices.recoveryPreviewJob";
    let jobs = json!([
        {"id": "1", "status": "successful", "jobCompletionDateTime": "2026-01-02T00:00:00Z"},
        {"id": "2", "status": "successful", "jobCompletionDateTime": "2026-01-03T00:00:00Z"},
        {"id": "3", "status": "successful", "jobCompletionDateTime": "2026-01-04T00:00:00Z", "@odata.type": preview},
    ]);
    assert_eq!(last(jobs).await.unwrap().to_string(), "2026-01-03T00:00:00Z");
}

#[tokio::test]
async fn a_job_that_runs_writes_now_and_one_that_failed_or_hangs_has_written_when_it_began() {
    let running = last(json!([{"id": "1", "status": "running", "jobStartDateTime": ago(1)}])).await;
    assert_eq!(running, Some(now()));
    for (state, hours) in
        [("failed", 2), ("abandoned", 2), ("Cancelled", 2), ("running", 72), ("unknownFutureValue", 72)]
    {
        let begun = ago(hours);
        let jobs =
            json!([{"id": "1", "status": state, "jobStartDateTime": begun, "jobCompletionDateTime": null}]);
        assert_eq!(last(jobs).await, Some(begun.parse().unwrap()), "{state}");
    }
}

#[tokio::test]
async fn pages_that_do_not_end_and_a_service_that_is_down_are_errors_and_none_is_no_recovery() {
    let world = world(|s| {
        let link = format!("{}/v1.0/directory/recovery/jobs?$skiptoken=again", s.base);
        let page = || ok(json!({"value": [], "@odata.nextLink": link}));
        token(s).or_else(|| s.path.ends_with("recovery/jobs").then(page))
    })
    .await;
    let error = world.directory().last_recovery(&tenant()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(world.seen().len() <= 50);
    let unknown =
        common::world(|s| token(s).or_else(|| Some(refuse(404, "NotFound", "no such thing")))).await;
    assert_eq!(unknown.directory().last_recovery(&tenant()).await.unwrap(), None);
}
