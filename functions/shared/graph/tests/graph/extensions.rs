//! Directory extensions: which there are is asked once, and objects are asked for them by their names.

use crate::common::{Answer, Seen, World, ok, refuse, source, tenant, world};
use domain::ErrorKind;
use domain::kinds;
use engine::ports::{Cursor, DirectoryPages, LiveObjects};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A token with the role `Directory.Read.All`.
const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJyb2xlcyI6WyJEaXJlY3RvcnkuUmVhZC5BbGwiXX0.x";
const NAME: &str = "extension_a_costCentre";
const PATH: &str = "/v1.0/directoryObjects/getAvailableExtensionProperties";

/// A Graph whose token may ask which extensions there are.
async fn permitted(answer: impl Fn(&Seen) -> Option<Answer> + Send + Sync + 'static) -> World {
    world(move |s| {
        let token = || ok(json!({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN}));
        s.path.ends_with("/token").then(token).or_else(|| answer(s))
    })
    .await
}

fn definitions() -> Value {
    json!([{"id": "1", "name": NAME, "targetObjects": ["User"], "isSyncedFromOnPremises": true}])
}

fn user(s: &Seen) -> Option<Answer> {
    let user = json!({"id": "1", NAME: "4711", "extension_b_other": "x"});
    let parts = s.body["requests"].as_array().into_iter().flatten();
    let replies: Vec<Value> = parts.map(|r| json!({"id": r["id"], "status": 200, "body": user})).collect();
    (s.path == "/v1.0/$batch").then(|| ok(json!({ "responses": replies })))
}

#[tokio::test]
async fn one_object_is_asked_for_those_that_there_are_and_which_they_are_is_asked_once() {
    let world = permitted(|s| {
        let next = format!("{}{PATH}?page=2", s.base);
        match (s.path.as_str(), s.query.as_str()) {
            (PATH, "") => Some(ok(json!({"value": [], "@odata.nextLink": next}))),
            (PATH, _) => Some(ok(json!({ "value": definitions() }))),
            _ => user(s),
        }
    })
    .await;
    let (directory, users) = (world.directory(), kinds::get("users").unwrap());
    for _ in 0..2 {
        let live = directory.find_live(&tenant(), users, "1", &[]).await.unwrap().unwrap();
        assert_eq!((&live.object[NAME], live.object.get("extension_b_other")), (&json!("4711"), None));
    }
    let asked = world.lines();
    assert_eq!(asked.iter().filter(|line| line.contains("getAvailable")).count(), 2, "{asked:?}");
    assert_eq!(asked[0], format!("POST {PATH}"));
    let batch = world.seen().into_iter().find(|s| s.path.ends_with("$batch")).unwrap();
    assert!(batch.text.contains(NAME), "{}", batch.text);
    // A snapshot asks each time, and is told whose the values are.
    let all = directory.list_extensions(&tenant()).await.unwrap();
    assert_eq!((all.len(), all[0].name.as_str(), all[0].synced), (1, NAME, true));
}

#[tokio::test]
async fn where_it_cannot_be_asked_which_there_are_the_object_is_there_all_the_same() {
    for status in [400, 403, 404] {
        let refused = move || refuse(status, "Request_BadRequest", "no");
        let world = permitted(move |s| if s.path == PATH { Some(refused()) } else { user(s) }).await;
        let (directory, users) = (world.directory(), kinds::get("users").unwrap());
        for _ in 0..2 {
            let live = directory.find_live(&tenant(), users, "1", &[]).await.unwrap().unwrap();
            assert_eq!((live.object.get(NAME), live.object.contains_key("jobTitle")), (None, true));
        }
        let asked = world.lines().iter().filter(|line| line.contains("getAvailable")).count();
        assert_eq!(asked, 1, "{status}: not asked for each object");
        assert!(!directory.list_extensions(&tenant()).await.unwrap_err().is_transient(), "{status}");
    }
    // Without the permission nothing is asked.
    let world = world(user).await;
    let live = world.directory().find_live(&tenant(), kinds::get("users").unwrap(), "1", &[]).await;
    assert!(!live.unwrap().unwrap().object.contains_key(NAME));
    assert!(world.lines().iter().all(|line| !line.contains("getAvailable")));
}

#[tokio::test]
async fn one_that_this_graph_does_not_know_is_left_out_and_named_and_a_facet_never_is() {
    let world = world(|s| {
        let unknown =
            ["extension_a_gone", "customSecurityAttributes"].into_iter().find(|p| s.query.contains(p));
        if let Some(name) = unknown {
            let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.user'.");
            return Some(refuse(400, "BadRequest", &message));
        }
        let link = format!("{}/v1.0/users/delta?$deltatoken=d", s.base);
        s.path.ends_with("/delta").then(|| ok(json!({"value": [{"id": "1"}], "@odata.deltaLink": link})))
    })
    .await;
    let directory = world.directory();
    let also = [NAME, "extension_a_gone"];
    let read =
        async |also: &[&str]| directory.read_page(&tenant(), source("users"), &Cursor::Start, also).await;
    let page = read(&also).await.unwrap();
    assert_eq!(page.left_out, ["extension_a_gone"]);
    let seen = world.seen();
    assert!(seen[1].query.contains(NAME) && !seen[1].query.contains("extension_a_gone"));
    // Of what is not asked for nothing is said.
    assert!(read(&[NAME]).await.unwrap().left_out.is_empty());
    // A facet that is left out would look like one that is empty.
    assert_eq!(read(&["customSecurityAttributes"]).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn one_that_was_refused_once_is_asked_for_again_when_the_tenant_says_once_more_which_there_are() {
    let arrived = Arc::new(AtomicBool::new(false));
    let has_arrived = arrived.clone();
    let world = permitted(move |s| {
        if s.path == PATH {
            return Some(ok(json!({ "value": definitions() })));
        }
        if s.query.contains(NAME) && !has_arrived.load(Ordering::SeqCst) {
            let message = format!("Could not find a property named '{NAME}' on type 'microsoft.graph.user'.");
            return Some(refuse(400, "BadRequest", &message));
        }
        let link = format!("{}/v1.0/users/delta?$deltatoken=d", s.base);
        s.path.ends_with("/delta").then(|| ok(json!({"value": [{"id": "1"}], "@odata.deltaLink": link})))
    })
    .await;
    let directory = world.directory();
    let left_out = async || {
        let page = directory.read_page(&tenant(), source("users"), &Cursor::Start, &[NAME]).await;
        page.unwrap().left_out.iter().any(|name| name == NAME)
    };
    assert!(left_out().await);
    arrived.store(true, Ordering::SeqCst);
    assert!(left_out().await, "nobody asked again");
    directory.list_extensions(&tenant()).await.unwrap();
    assert!(!left_out().await);
}
