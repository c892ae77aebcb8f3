//! Parts of a batch are judged one by one; tokens and waits are those of their tenant.

use crate::common::{Answer, Seen, World, ok, refuse, source, tenant, world};
use domain::{ErrorKind, TenantId};
use engine::ports::{Clock, Cursor, DirectoryPages, LiveObjects};
use serde_json::{Value, json};

/// A Graph that answers a user, her manager and her security attributes in one batch; `refused` says how a part is
/// refused, by its address and by how many batches came before.
async fn batches(refused: impl Fn(&str, usize) -> Option<Value> + Send + Sync + 'static) -> World {
    let answer = move |s: &Seen| -> Option<Answer> {
        let part = |request: &Value| {
            let url = request["url"].as_str().unwrap();
            if let Some(mut refusal) = refused(url, s.before) {
                refusal["id"] = request["id"].clone();
                return refusal;
            }
            let body = if url.contains("/manager?") {
                json!({"@odata.type": "#microsoft.graph.user", "id": "m"})
            } else {
                json!({"id": "u", "displayName": "U"})
            };
            json!({"id": request["id"], "status": 200, "body": body})
        };
        let requests = s.body["requests"].as_array().filter(|_| s.path == "/v1.0/$batch")?;
        Some(ok(json!({ "responses": requests.iter().map(part).collect::<Vec<_>>() })))
    };
    world(answer).await
}

/// How many parts each batch had that reads the user with her manager.
async fn parts(world: &World) -> Vec<usize> {
    let users = domain::kinds::get("users").unwrap();
    let links: Vec<_> = users.links.iter().collect();
    let live = world.directory().find_live(&tenant(), users, "u", &links).await.unwrap().unwrap();
    assert_eq!((live.links[0].1.as_str(), &live.object["displayName"]), ("m", &json!("U")));
    world.seen().iter().map(|s| s.body["requests"].as_array().unwrap().len()).collect()
}

fn refusal(status: u16, wait: &str) -> Value {
    let headers = if wait.is_empty() { json!({}) } else { json!({ "Retry-After": wait }) };
    json!({"status": status, "headers": headers, "body": {"error": {"code": "x", "message": "no"}}})
}

#[tokio::test]
async fn a_part_that_refuses_the_token_is_asked_again_with_a_new_one() {
    let world =
        batches(|url, before| (before == 0 && url.contains("/manager?")).then(|| refusal(401, ""))).await;
    assert_eq!(parts(&world).await, [3, 1]);
    assert_eq!(world.logins().len(), 2);
    let with: Vec<_> = world.seen().iter().map(|s| s.header("authorization").to_owned()).collect();
    assert_eq!(with, ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn parts_that_refuse_the_token_together_are_all_asked_again_with_one_new_token() {
    let world = batches(|_, before| (before == 0).then(|| refusal(401, ""))).await;
    assert_eq!(parts(&world).await, [3, 3]);
    assert_eq!(world.logins().len(), 2);
}

#[tokio::test]
async fn a_part_that_fails_for_a_moment_is_asked_again_and_the_others_are_not() {
    for status in [500, 502, 503] {
        let failing =
            move |url: &str, before| (before == 0 && url.contains("/manager?")).then(|| refusal(status, ""));
        let world = batches(failing).await;
        assert_eq!(parts(&world).await, [3, 1], "{status}");
        assert_eq!(world.waits_ms().len(), 1, "{status}");
    }
}

/// Should the read never give up, Graph answers in the end: then it is no error.
#[tokio::test]
async fn a_part_that_never_gets_better_ends_the_read_after_a_few_tries() {
    for (status, kind, batches_asked, logins) in
        [(500, ErrorKind::Unavailable, 5, 1), (401, ErrorKind::Denied, 2, 2)]
    {
        let refuses =
            move |url: &str, before| (before < 20 && url.contains("/manager?")).then(|| refusal(status, ""));
        let world = batches(refuses).await;
        let users = domain::kinds::get("users").unwrap();
        let links: Vec<_> = users.links.iter().collect();
        let error = world.directory().find_live(&tenant(), users, "u", &links).await.unwrap_err();
        assert_eq!((error.kind(), world.seen().len()), (kind, batches_asked), "{status}");
        assert_eq!(world.logins().len(), logins, "{status}");
    }
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_an_error_and_never_taken_for_empty() {
    let world = world(|s| {
        let requests = s.body["requests"].as_array().filter(|_| s.path == "/v1.0/$batch")?;
        let is_given = |r: &&Value| !r["url"].as_str().unwrap().contains("customSecurityAttributes");
        let reply =
            |r: &Value| json!({"id": r["id"], "status": 200, "body": {"id": "u", "displayName": "U"}});
        let replies: Vec<_> = requests.iter().filter(is_given).map(reply).collect();
        Some(ok(json!({ "responses": replies })))
    })
    .await;
    let users = domain::kinds::get("users").unwrap();
    let error = world.directory().find_live(&tenant(), users, "u", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

/// Which of the two is meant nobody can tell: one of them is of another object.
#[tokio::test]
async fn a_part_that_is_answered_twice_is_an_error_and_neither_answer_is_believed() {
    for is_last in [false, true] {
        let world = world(move |s| {
            let requests = s.body["requests"].as_array().filter(|_| s.path == "/v1.0/$batch")?;
            let reply = |r: &Value, name: &str| {
                json!({"id": r["id"], "status": 200, "body": {"id": "u", "displayName": name}})
            };
            let mut replies: Vec<_> = requests.iter().map(|r| reply(r, "Ann")).collect();
            let place = if is_last { replies.len() } else { 0 };
            replies.insert(place, reply(&requests[0], "Bob"));
            Some(ok(json!({ "responses": replies })))
        })
        .await;
        let users = domain::kinds::get("users").unwrap();
        let error = world.directory().find_live(&tenant(), users, "u", &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
}

/// Of a list nothing is as good an answer as any.
#[tokio::test]
async fn members_that_a_batch_leaves_out_are_not_taken_for_none() {
    let world = world(|s| {
        let requests = s.body["requests"].as_array().filter(|_| s.path == "/v1.0/$batch")?;
        let is_given = |r: &&Value| !r["url"].as_str().unwrap().contains("/members");
        let reply = |r: &Value| {
            let is_list = r["url"].as_str().unwrap().contains("/owners");
            let body = if is_list { json!({"value": []}) } else { json!({"id": "g", "displayName": "G"}) };
            json!({"id": r["id"], "status": 200, "body": body})
        };
        let replies: Vec<_> = requests.iter().filter(is_given).map(reply).collect();
        Some(ok(json!({ "responses": replies })))
    })
    .await;
    let groups = domain::kinds::get("groups").unwrap();
    let links: Vec<_> = groups.links.iter().filter(|l| ["members", "owners"].contains(&l.relation)).collect();
    assert_eq!(links.len(), 2);
    let error = world.directory().find_live(&tenant(), groups, "g", &links).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn of_several_waits_in_one_batch_the_longest_is_kept() {
    for (one, other) in [("9", "3.5"), ("3.5", "9")] {
        let waits = move |url: &str, before| {
            let wait = if url.contains("/manager?") { one } else { other };
            (before == 0 && (url.contains("/manager?") || url.contains("customSecurityAttributes")))
                .then(|| refusal(429, wait))
        };
        let world = batches(waits).await;
        assert_eq!(parts(&world).await, [3, 2]);
        assert_eq!(world.waits_ms(), [9_000]);
    }
}

#[tokio::test]
async fn a_part_that_is_refused_for_now_is_asked_again_whether_or_not_it_names_a_wait() {
    for (status, wait) in [(429, ""), (503, "4")] {
        let later = move |url: &str, before| {
            (before == 0 && url.contains("/manager?")).then(|| refusal(status, wait))
        };
        let world = batches(later).await;
        assert_eq!(parts(&world).await, [3, 1], "{status}");
        assert_eq!(world.waits_ms().len(), 1, "{status}");
        assert!(wait.is_empty() || world.waits_ms() == [4_000], "{status}");
    }
}

#[tokio::test]
async fn a_failure_that_would_be_waited_out_beyond_the_deadline_is_told_at_once() {
    let world = batches(|_, _| Some(refusal(500, ""))).await;
    let hurried = world.directory().with_deadline(world.clock.now() + std::time::Duration::from_millis(1));
    let users = domain::kinds::get("users").unwrap();
    let error = hurried.find_live(&tenant(), users, "u", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert_eq!((world.seen().len(), world.waits_ms().len()), (1, 0));
}

#[tokio::test]
async fn a_batch_is_counted_by_its_parts_and_keeps_a_token_that_all_of_them_took() {
    let world = batches(|_, _| None).await;
    let directory = world.directory();
    let users = domain::kinds::get("users").unwrap();
    let links: Vec<_> = users.links.iter().collect();
    for _ in 0..2 {
        directory.find_live(&tenant(), users, "u", &links).await.unwrap().unwrap();
    }
    assert_eq!((world.seen().len(), world.logins().len()), (2, 1));
    assert_eq!(directory.take_spent(&tenant()).requests, 2 * 3);
}

fn other() -> TenantId {
    "22222222-2222-3333-4444-555555555555".parse().unwrap()
}

async fn roles(directory: &impl DirectoryPages, of: &TenantId) -> domain::Result<()> {
    directory.read_page(of, source("roles"), &Cursor::Start, &[]).await.map(drop)
}

#[tokio::test]
async fn each_tenant_is_read_with_a_token_of_its_own() {
    let world = world(|s| match s.path.strip_suffix("/oauth2/v2.0/token") {
        Some(of) => {
            Some(ok(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": format!("of{of}")})))
        }
        None => Some(ok(json!({"value": []}))),
    })
    .await;
    let directory = world.directory();
    for of in [tenant(), other(), tenant()] {
        roles(&directory, &of).await.unwrap();
    }
    let with: Vec<_> = world.seen().iter().map(|s| s.header("authorization").to_owned()).collect();
    assert_eq!(with, [tenant(), other(), tenant()].map(|of| format!("Bearer of/{of}")));
    assert_eq!(world.logins().len(), 2);
}

#[tokio::test]
async fn many_calls_whose_token_is_refused_at_once_ask_for_one_new_token() {
    let world = world(|s| {
        let is_old = s.header("authorization") == "Bearer token-0";
        (!s.path.ends_with("/token")).then(|| {
            if is_old {
                refuse(401, "InvalidAuthenticationToken", "Lifetime validation failed")
            } else {
                ok(json!({"value": []}))
            }
        })
    })
    .await;
    let directory = world.directory();
    let calls = (0..8).map(|_| {
        let directory = directory.clone();
        tokio::spawn(async move { roles(&directory, &tenant()).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.logins().len(), 2);
}

#[tokio::test]
async fn a_wait_that_one_call_hears_is_kept_by_the_next_of_its_tenant_and_for_the_application_by_all() {
    for (scope, waits_of_other) in
        [("Tenant_Application/ReadWrite/x/y", vec![]), ("Application/ReadWrite/x", vec![10_000])]
    {
        let world = world(move |s| {
            let refuses = s.path.contains("roleDefinitions") && s.before == 0;
            (!s.path.ends_with("/token")).then(|| {
                if refuses {
                    refuse(429, "", "").with("retry-after", "10").with("x-ms-throttle-scope", scope)
                } else {
                    ok(json!({"value": []}))
                }
            })
        })
        .await;
        let directory = world.directory();
        let hurried = directory.with_deadline(world.clock.now() + std::time::Duration::from_secs(1));
        let error = roles(&hurried, &tenant()).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Throttled { .. }), "{error}");
        assert!(world.waits_ms().is_empty());
        directory.read_page(&other(), source("admins"), &Cursor::Start, &[]).await.unwrap();
        assert_eq!(world.waits_ms(), waits_of_other, "{scope}");
        directory.read_page(&tenant(), source("admins"), &Cursor::Start, &[]).await.unwrap();
        assert_eq!(world.waits_ms(), [10_000], "{scope}");
    }
}

#[tokio::test]
async fn a_wait_that_a_part_of_a_batch_hears_for_the_application_is_kept_by_all_tenants() {
    for (scope, waits_of_other) in
        [("Tenant_Application/ReadWrite/x/y", vec![]), ("Application/ReadWrite/x", vec![10_000])]
    {
        let world = world(move |s| {
            if s.path.ends_with("/token") {
                return None;
            }
            let Some(requests) = s.body["requests"].as_array() else {
                return Some(ok(json!({"value": [{"id": "p"}, {"id": "q"}]})));
            };
            let part = |r: &Value| {
                json!({"id": r["id"], "status": 429, "body": {},
                    "headers": {"Retry-After": "10", "x-ms-throttle-scope": scope}})
            };
            Some(ok(json!({ "responses": requests.iter().map(part).collect::<Vec<_>>() })))
        })
        .await;
        let directory = world.directory();
        let hurried = directory.with_deadline(world.clock.now() + std::time::Duration::from_secs(1));
        let intune = source("DeviceConfiguration");
        let error = hurried.read_page(&tenant(), intune, &Cursor::Start, &[]).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Throttled { .. }), "{error}");
        directory.read_page(&other(), source("admins"), &Cursor::Start, &[]).await.unwrap();
        assert_eq!(world.waits_ms(), waits_of_other, "{scope}");
    }
}
