//! Graph says when to come again, and we do, no sooner.

use crate::common::{ok, refuse, source, status, tenant, world};
use domain::ErrorKind;
use engine::ports::{Clock, Cursor, DirectoryPages, DirectoryWrite, DirectoryWriter, LiveObjects};
use graph::{GraphDirectory, GraphWriter};
use serde_json::{Value, json};

#[tokio::test]
async fn a_fraction_of_a_second_is_waited_for_exactly() {
    let world = world(|s| match (s.path.as_str(), s.before) {
        ("/v1.0/roleManagement/directory/roleDefinitions", 0) => {
            Some(refuse(429, "TooManyRequests", "Please retry again later.").with("retry-after", "2.128"))
        }
        ("/v1.0/roleManagement/directory/roleDefinitions", 1) => {
            Some(refuse(503, "serviceUnavailable", "").with("retry-after", "Thu, 01 Jan 2026 00:00:05 GMT"))
        }
        ("/v1.0/roleManagement/directory/roleDefinitions", _) => Some(ok(json!({"value": []}))),
        _ => None,
    })
    .await;
    let directory = world.directory();
    directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    assert_eq!(world.waits_ms(), [2_128, 2_872]);
    let spent = directory.take_spent(&tenant());
    assert_eq!((spent.requests, spent.throttled), (3, 1));
}

#[tokio::test]
async fn a_wait_that_another_call_hears_while_one_waits_holds_for_that_one_too() {
    let world = world(|s| {
        let wait = ["2", "10"].get(s.before);
        (!s.path.ends_with("/token")).then(|| match wait {
            Some(wait) => refuse(429, "", "").with("retry-after", wait),
            None => ok(json!({"value": []})),
        })
    })
    .await;
    let directory = world.directory();
    // The other has no time to wait itself: it hears the wait, and gives up.
    let other = directory.with_deadline(world.clock.now() + std::time::Duration::from_secs(3));
    world.clock.meanwhile(async move {
        let error = other.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Throttled { retry_after_ms: Some(10_000) });
    });
    directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    assert_eq!((world.waits_ms(), world.seen().len()), (vec![2_000, 10_000], 3));
}

#[tokio::test]
async fn where_graph_names_no_wait_it_grows_by_itself_and_the_run_is_not_given_up() {
    let world = world(|s| {
        if s.path.ends_with("/token") {
            return None;
        }
        Some(if s.before < 12 { refuse(429, "TooManyRequests", "") } else { ok(json!({"value": []})) })
    })
    .await;
    world.directory().read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    let waits = world.waits_ms();
    assert_eq!(waits.len(), 12);
    assert!(waits[0] >= 500 && waits[11] >= 30_000 && waits.iter().all(|ms| *ms <= 60_000), "{waits:?}");
}

#[tokio::test]
async fn a_wait_of_nothing_again_and_again_is_not_a_tight_loop() {
    let world = world(|s| {
        if s.path.ends_with("/token") {
            return None;
        }
        Some(if s.before < 8 {
            refuse(429, "", "").with("retry-after", "0")
        } else {
            ok(json!({"value": []}))
        })
    })
    .await;
    world.directory().read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    assert!(world.waits_ms().iter().sum::<u64>() > 10_000, "{:?}", world.waits_ms());
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_told_and_not_begun() {
    let world =
        world(|s| (!s.path.ends_with("/token")).then(|| refuse(429, "", "").with("retry-after", "120")))
            .await;
    let deadline = world.clock.now() + std::time::Duration::from_mins(1);
    let directory = world.directory().with_deadline(deadline);
    let error = directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled { retry_after_ms: Some(120_000) });
    assert!(world.waits_ms().is_empty());
}

#[tokio::test]
async fn near_the_limit_the_next_calls_are_slower() {
    let world = world(|s| {
        (!s.path.ends_with("/token"))
            .then(|| ok(json!({"value": []})).with("x-ms-throttle-limit-percentage", "1.0"))
    })
    .await;
    let directory = world.directory();
    for _ in 0..3 {
        directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    }
    assert_eq!(world.waits_ms().len(), 1, "{:?}", world.waits_ms());
    assert_eq!(world.waits_ms()[0], 1_000);
}

/// What is refused first: a call by this scope, or a part of a batch.
#[derive(Clone, Copy)]
enum Refused {
    Call(&'static str),
    Part(u16, &'static str),
}

#[tokio::test]
async fn after_a_refusal_for_the_tenants_limit_fewer_calls_go_at_once_and_after_another_as_many() {
    for (refused, are_fewer) in [
        (Refused::Call("Tenant_Application/ReadWrite/x/y"), true),
        (Refused::Call("Application/ReadWrite/x"), false),
        (Refused::Part(429, "Tenant_Application/ReadWrite/x/y"), true),
        (Refused::Part(429, "Application/ReadWrite/x"), false),
        (Refused::Part(503, ""), false),
    ] {
        let world = world(move |s| match (s.method.as_str(), s.path.as_str(), refused) {
            (_, path, _) if path.ends_with("/token") => None,
            (_, "/beta/$batch", _) => {
                let part = |r: &Value| match (refused, s.before, r["id"].as_str()) {
                    (Refused::Part(status, scope), 0, Some("0")) => json!({
                        "id": "0", "status": status, "body": {},
                        "headers": {"Retry-After": "1", "X-Ms-Throttle-Scope": scope},
                    }),
                    _ => json!({"id": r["id"], "status": 200, "body": {"value": []}}),
                };
                let requests = s.body["requests"].as_array().unwrap();
                Some(ok(json!({ "responses": requests.iter().map(part).collect::<Vec<_>>() })))
            }
            ("GET", _, Refused::Call(scope)) if s.before == 0 => {
                Some(refuse(429, "", "").with("retry-after", "1").with("x-ms-throttle-scope", scope))
            }
            ("GET", ..) => Some(ok(json!({"value": [{"id": "p"}, {"id": "q"}]}))),
            _ => Some(status(204, Value::Null)),
        })
        .await;
        let client = world.client();
        let (directory, writer) = (GraphDirectory::new(client.clone()), GraphWriter::new(client));
        directory.read_page(&tenant(), source("DeviceConfiguration"), &Cursor::Start, &[]).await.unwrap();
        assert_eq!(world.waits_ms(), [1_000]);
        // Ninety go at once, of a hundred that Intune takes in twenty seconds.
        let (kind, id) = (domain::kinds::get("DeviceConfiguration").unwrap(), "p".to_owned());
        let call = DirectoryWrite::Update { kind, id, body: serde_json::Map::new() };
        for _ in 0..60 {
            writer.apply(&tenant(), &call).await.unwrap();
        }
        assert_eq!(world.waits_ms().len() > 1, are_fewer, "{:?}", world.waits_ms());
    }
}

/// A user and her manager are read in one batch.
#[tokio::test]
async fn a_part_of_a_batch_that_is_throttled_is_asked_again_alone_after_its_own_wait() {
    let world = world(|s| {
        if s.path != "/v1.0/$batch" {
            return None;
        }
        let requests = s.body["requests"].as_array().unwrap();
        let responses: Vec<_> = requests
            .iter()
            .rev()
            .map(|r| {
                let url = r["url"].as_str().unwrap();
                let body = if url.contains("/manager?") {
                    if s.before == 0 {
                        return json!({"id": r["id"], "status": 429, "headers": {"Retry-After": "3.5"},
                            "body": {"error": {"code": "TooManyRequests"}}});
                    }
                    json!({"@odata.type": "#microsoft.graph.user", "id": "m"})
                } else if url.contains("customSecurityAttributes") {
                    json!({"id": "u", "customSecurityAttributes": {"Eng": {"B": ["2", "1"], "@odata.type": "#t"}}})
                } else {
                    json!({"@odata.context": "c", "id": "u", "displayName": "U"})
                };
                json!({"id": r["id"], "status": 200, "headers": {"x-ms-resource-unit": "2"}, "body": body})
            })
            .collect();
        Some(ok(json!({ "responses": responses })))
    })
    .await;
    let directory = world.directory();
    let users = domain::kinds::get("users").unwrap();
    let links: Vec<_> = users.links.iter().collect();
    let live = directory.find_live(&tenant(), users, "u", &links).await.unwrap().unwrap();
    assert_eq!(live.links[0].1, "m");
    assert_eq!(live.object["displayName"], "U");
    assert_eq!(
        live.object["customSecurityAttributes"],
        json!({"Eng": {"@odata.type": "#t", "B": ["1", "2"]}})
    );
    assert_eq!(world.waits_ms(), [3_500]);
    let batches = world.seen();
    assert_eq!(batches[0].body["requests"].as_array().unwrap().len(), 3);
    assert_eq!(batches[1].body["requests"].as_array().unwrap().len(), 1);
    let spent = directory.take_spent(&tenant());
    assert_eq!((spent.requests, spent.resource_units, spent.throttled), (4, 2 + 2 + 1 + 2, 1));
}

#[tokio::test]
async fn a_part_of_a_batch_without_a_reply_is_an_error() {
    let world = world(|s| {
        (s.path == "/v1.0/$batch").then(|| {
            let first = &s.body["requests"][0];
            ok(json!({"responses": [{"id": first["id"], "status": 200, "body": {"id": "u"}}]}))
        })
    })
    .await;
    let users = domain::kinds::get("users").unwrap();
    let error = world.directory().find_live(&tenant(), users, "u", &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}
