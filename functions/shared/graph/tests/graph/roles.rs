//! Who can consent in a tenant: what Graph shows of it, page by page, and what is no answer.

use crate::common::{Answer, Seen, World, ok, refuse, tenant, world};
use domain::ErrorKind;
use engine::ports::{Clock, ConsentStanding, DirectoryAccess};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const USER: &str = "0a000000-0000-4000-8000-000000000001";
const OTHER: &str = "0a000000-0000-4000-8000-000000000002";
const GROUP: &str = "0a000000-0000-4000-8000-000000000003";
const GLOBAL: &str = "62e90394-69f5-4237-9190-012177145e10";

fn page(items: &Value) -> Answer {
    ok(json!({ "value": items }))
}

/// What is asked for of Global Administrator's holders; of the other role there are none.
fn is_about(seen: &Seen, collection: &str) -> bool {
    seen.path.ends_with(collection) && seen.query.contains(GLOBAL)
}

/// A Graph of which only what `answer` says is other than an empty collection.
async fn graph(answer: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> World {
    world(move |seen| {
        let known = answer(seen);
        let is_login = seen.path.ends_with("/token");
        known.or_else(|| (!is_login).then(|| page(&json!([]))))
    })
    .await
}

async fn asked(world: &World) -> Result<bool, ErrorKind> {
    let standing = world.directory().standing(&tenant(), USER).await.map_err(|e| e.kind())?;
    Ok(standing == ConsentStanding::MayConsent)
}

#[tokio::test]
async fn whoever_the_tenant_does_not_hold_is_told_from_whoever_holds_no_role() {
    for (status, expected) in [
        (200, Ok(ConsentStanding::NoRole)),
        (404, Ok(ConsentStanding::NotThere)),
        // Users that cannot be read say nothing, and roles were seen.
        (403, Ok(ConsentStanding::NoRole)),
        (500, Err(ErrorKind::Unavailable)),
    ] {
        let world = graph(move |s| {
            let is_user = s.path.ends_with(&format!("/users/{USER}"));
            is_user.then(|| match status {
                200 => ok(json!({ "id": USER })),
                404 => refuse(404, "Request_ResourceNotFound", ""),
                403 => refuse(403, "Authorization_RequestDenied", ""),
                _ => refuse(500, "", ""),
            })
        })
        .await;
        let standing = world.directory().standing(&tenant(), USER).await.map_err(|e| e.kind());
        assert_eq!(standing, expected, "{status}");
    }
}

#[tokio::test]
async fn holders_are_read_page_by_page_and_a_role_over_a_part_is_none() {
    let world = graph(|s| {
        if !s.path.ends_with("/roleAssignments") {
            return None;
        }
        if s.query.contains("skip") {
            return Some(page(&json!([{ "principalId": USER.to_uppercase(), "directoryScopeId": "/" }])));
        }
        let next = format!("{}{}?$skiptoken=skip", s.base, s.path);
        let scoped = json!({ "principalId": USER, "directoryScopeId": "/administrativeUnits/x" });
        let of_app = json!({ "principalId": USER, "directoryScopeId": null, "appScopeId": "/" });
        Some(ok(json!({ "value": [scoped, of_app], "@odata.nextLink": next })))
    })
    .await;
    assert_eq!(asked(&world).await, Ok(true));
    assert!(world.lines()[0].contains("roleDefinitionId eq '62e90394"), "{:?}", world.lines());
    assert_eq!(asked(&graph(|_| None).await).await, Ok(false));
}

#[tokio::test]
async fn whoever_is_in_a_group_that_holds_the_role_holds_it_whatever_graph_says_of_the_holder() {
    for (kind, expected) in [
        (json!({ "@odata.type": "#microsoft.graph.group" }), Ok(true)),
        (Value::Null, Ok(true)),
        (json!({ "@odata.type": "#microsoft.graph.servicePrincipal" }), Ok(false)),
    ] {
        let world = graph(move |s| {
            if is_about(s, "/roleAssignments") {
                let holder = json!({ "principalId": GROUP, "directoryScopeId": "/", "principal": kind });
                return Some(page(&json!([holder])));
            }
            (s.path.ends_with(&format!("/groups/{GROUP}/transitiveMembers")))
                .then(|| page(&json!([{ "id": OTHER }, { "id": USER }])))
        })
        .await;
        assert_eq!(asked(&world).await, expected);
    }
    let gone = graph(|s| {
        if is_about(s, "/roleAssignments") {
            return Some(page(&json!([{ "principalId": GROUP, "directoryScopeId": "/" }])));
        }
        s.path.ends_with("/transitiveMembers").then(|| refuse(404, "Request_ResourceNotFound", ""))
    })
    .await;
    assert_eq!(asked(&gone).await, Ok(false));
}

#[tokio::test]
async fn an_activation_counts_while_it_lasts() {
    for (start, end, expected) in [
        ("2025-12-31T00:00:00Z", Value::Null, true),
        ("2025-12-31T00:00:00Z", json!("2026-01-01T08:00:00Z"), true),
        ("2025-12-31T00:00:00Z", json!("2026-01-01T00:00:00Z"), false),
        ("2026-01-02T00:00:00Z", Value::Null, false),
    ] {
        let held = json!({
            "principalId": USER, "directoryScopeId": "/", "startDateTime": start, "endDateTime": end
        });
        let world = graph(move |s| {
            is_about(s, "/roleAssignmentScheduleInstances").then(|| page(&json!([held.clone()])))
        })
        .await;
        assert_eq!(asked(&world).await, Ok(expected), "{start}");
    }
}

#[tokio::test]
async fn an_error_is_never_taken_for_nobody() {
    for (at, status, code, expected) in [
        ("/roleAssignments", 403, "Authorization_RequestDenied", Err(ErrorKind::Denied)),
        ("/roleAssignments", 401, "InvalidAuthenticationToken", Err(ErrorKind::Denied)),
        ("/roleAssignments", 500, "", Err(ErrorKind::Unavailable)),
        ("/roleAssignmentScheduleInstances", 403, "PermissionScopeNotGranted", Err(ErrorKind::Denied)),
        ("/roleAssignmentScheduleInstances", 400, "BadRequest", Err(ErrorKind::Invalid)),
        // The one refusal that says that there are none.
        ("/roleAssignmentScheduleInstances", 400, "AadPremiumLicenseRequired", Ok(false)),
        ("/transitiveMembers", 403, "Authorization_RequestDenied", Err(ErrorKind::Denied)),
    ] {
        let world = graph(move |s| {
            if s.path.ends_with(at) {
                return Some(refuse(status, code, ""));
            }
            let group = json!([{ "principalId": GROUP, "directoryScopeId": "/" }]);
            (at == "/transitiveMembers" && is_about(s, "/roleAssignments")).then(|| page(&group))
        })
        .await;
        assert_eq!(asked(&world).await, expected, "{at} {status} {code}");
    }
    let no_page = graph(|s| s.path.ends_with("/roleAssignments").then(|| ok(json!({})))).await;
    assert_eq!(asked(&no_page).await, Err(ErrorKind::Unavailable));
}

/// Graph may take a minute for a page, and a group may have many.
#[tokio::test(flavor = "multi_thread")]
async fn work_that_ends_at_a_time_waits_for_no_answer_beyond_it() {
    let (answered, asked_for) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(asked_for);
    let world = graph(move |s| {
        if is_about(s, "/roleAssignments") {
            let _ = held.lock().unwrap().recv_timeout(Duration::from_secs(3));
        }
        None
    })
    .await;
    let end = world.clock.now() + Duration::from_millis(50);
    let directory = world.directory().until(end).unwrap();
    let late = directory.standing(&tenant(), USER).await.map_err(|e| e.kind());
    assert_eq!(late, Err(ErrorKind::Unavailable));
    drop(answered);
    world.clock.advance_ms(60);
    let over = directory.access(&tenant()).await.map_err(|e| e.kind());
    assert_eq!(over.err(), Some(ErrorKind::Unavailable));
}
