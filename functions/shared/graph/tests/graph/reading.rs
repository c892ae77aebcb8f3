//! Pages of a source, from the first to the last, and what is not one.

use crate::common::{ok, refuse, source, tenant, world};
use domain::ErrorKind;
use engine::ports::{Cursor, DirectoryPages, PageEnd};
use serde_json::{Value, json};

#[tokio::test]
async fn a_round_of_changes_is_read_page_after_page_by_graphs_own_links() {
    let world = world(|s| {
        let page = |more: &str, link: String, ids: &[&str]| {
            let value: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
            Some(ok(json!({"value": value, (more): link})).with("x-ms-resource-unit", "1"))
        };
        match s.query.as_str() {
            q if q.starts_with("$select=") => {
                page("@odata.nextLink", format!("{}/v1.0/groups/delta?$skiptoken=A%2Fb", s.base), &["1"])
            }
            "$skiptoken=A/b" => {
                page("@odata.nextLink", format!("{}/v1.0/groups/delta?$skiptoken=2", s.base), &[])
            }
            "$skiptoken=2" => {
                page("@odata.deltaLink", format!("{}/v1.0/groups/delta?$deltatoken=d", s.base), &["2"])
            }
            _ => None,
        }
    })
    .await;
    let directory = world.directory();
    let (mut cursor, mut ids) = (Cursor::Start, Vec::new());
    let link = loop {
        let page = directory.read_page(&tenant(), source("groups"), &cursor, &[]).await.unwrap();
        ids.extend(page.values().unwrap().iter().map(|i| i["id"].as_str().unwrap().to_owned()));
        match page.end {
            PageEnd::More(next) => cursor = next,
            PageEnd::Done(link) => break link.unwrap(),
        }
    };
    assert_eq!(ids, ["1", "2"], "an empty page is not the end");
    assert!(link.ends_with("$deltatoken=d"));
    let seen = world.seen();
    assert!(seen[0].query.ends_with(",members,owners"), "{}", seen[0].query);
    assert!(!seen[0].query.contains("$top") && !seen[0].query.contains("$expand"));
    assert_eq!(seen[0].header("authorization"), "Bearer token-0");
    assert_eq!(seen[0].header("x-ms-throttle-priority"), "low");
    assert!(seen[0].headers.get("content-length").is_none(), "a read has no body");
    assert_eq!(seen[0].header("client-request-id").len(), 36);
    assert_ne!(seen[0].header("client-request-id"), seen[1].header("client-request-id"));
    assert_eq!(world.logins().len(), 1);
    let spent = directory.take_spent(&tenant());
    assert_eq!((spent.requests, spent.resource_units, spent.throttled), (3, 3, 0));
    assert_eq!(directory.take_spent(&tenant()).requests, 0);
}

#[tokio::test]
async fn a_page_that_graph_does_not_weigh_counts_like_the_first() {
    let world = world(|s| {
        let (more, at) = if s.query.starts_with("$select=") { ("next", "2") } else { ("delta", "3") };
        let link = format!("{}/v1.0/users/delta?$skiptoken={at}", s.base);
        s.path
            .ends_with("/users/delta")
            .then(|| ok(json!({"value": [], (format!("@odata.{more}Link")): link})))
    })
    .await;
    let directory = world.directory();
    let page = directory.read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap();
    let PageEnd::More(next) = page.end else { panic!("there is another") };
    let first = directory.take_spent(&tenant()).resource_units;
    directory.read_page(&tenant(), source("users"), &next, &[]).await.unwrap();
    assert_eq!((first, directory.take_spent(&tenant()).resource_units), (1, 1));
}

#[tokio::test]
async fn a_reply_without_a_collection_is_an_error_and_never_an_empty_page() {
    for body in [json!({}), json!({"value": null}), json!({"value": {}}), Value::Null, json!([])] {
        let world = world(move |s| (s.path == "/v1.0/users").then(|| ok(body.clone()))).await;
        let source = source("users.customSecurityAttributes");
        let error = world.directory().read_page(&tenant(), source, &Cursor::Start, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
}

#[tokio::test]
async fn a_round_of_changes_that_ends_without_its_link_is_an_error() {
    let world = world(|s| s.path.ends_with("/delta").then(|| ok(json!({"value": [{"id": "1"}]})))).await;
    let error =
        world.directory().read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_link_to_another_server_is_refused_and_gets_no_token() {
    let elsewhere = world(|_| Some(ok(json!({"value": []})))).await;
    let foreign = format!("{}/v1.0/users/delta?$skiptoken=1", elsewhere.url);
    let given = foreign.clone();
    let home = world(move |s| {
        s.path.ends_with("/delta").then(|| ok(json!({"value": [], "@odata.nextLink": given})))
    })
    .await;
    let directory = home.directory();
    for cursor in [Cursor::Start, Cursor::Next(foreign.clone()), Cursor::Delta(foreign)] {
        let error = directory.read_page(&tenant(), source("users"), &cursor, &[]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_page_that_leads_to_itself_is_not_read_for_ever() {
    let world = world(|s| {
        let link = format!("{}/v1.0/users?$skiptoken=1", s.base);
        (s.path == "/v1.0/users").then(|| ok(json!({"value": [], "@odata.nextLink": link})))
    })
    .await;
    let directory = world.directory();
    let source = source("users.customSecurityAttributes");
    let page = directory.read_page(&tenant(), source, &Cursor::Start, &[]).await.unwrap();
    let PageEnd::More(next) = page.end else { panic!("no more") };
    assert!(directory.read_page(&tenant(), source, &next, &[]).await.is_err());
}

#[tokio::test]
async fn a_next_page_that_is_refused_is_an_error_and_never_an_empty_last_page() {
    for status in [400, 403, 500] {
        let world = world(move |s| {
            let link = format!("{}/v1.0/users?$skiptoken=1", s.base);
            (s.path == "/v1.0/users").then(|| {
                if s.query.contains("skiptoken") {
                    refuse(status, "Request_BadRequest", "No.")
                } else {
                    ok(json!({"value": [{"id": "1"}], "@odata.nextLink": link}))
                }
            })
        })
        .await;
        let (directory, source) = (world.directory(), source("users.customSecurityAttributes"));
        let page = directory.read_page(&tenant(), source, &Cursor::Start, &[]).await.unwrap();
        let PageEnd::More(next) = page.end else { panic!("no more") };
        let error = directory.read_page(&tenant(), source, &next, &[]).await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::NotFound, "{status}: no cursor was lost");
    }
}

#[tokio::test]
async fn a_cursor_that_graph_no_longer_knows_is_not_found_in_each_of_its_forms() {
    for (status, code, message) in [
        (410, "resyncRequired", "Resync required."),
        (410, "", ""),
        (400, "syncStateNotFound", "The sync state generation is not found."),
        (404, "syncStateNotFound", ""),
        (400, "Directory_ExpiredPageToken", "The specified page token value has expired"),
        (400, "BadRequest", "Badly formed token."),
    ] {
        let world = world(move |s| s.path.ends_with("/delta").then(|| refuse(status, code, message))).await;
        let directory = world.directory();
        let link = format!("{}/v1.0/users/delta?$deltatoken=old", world.url);
        for cursor in [Cursor::Delta(link.clone()), Cursor::Next(link.clone())] {
            let error = directory.read_page(&tenant(), source("users"), &cursor, &[]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{status} {code}: {error}");
        }
        let error = directory.read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap_err();
        assert_ne!(error.kind(), ErrorKind::NotFound, "there is no cursor at the start: {error}");
    }
}

#[tokio::test]
async fn a_property_that_this_graph_does_not_know_costs_that_property_and_not_the_kind() {
    let world = world(|s| {
        if s.query.contains("faxNumber") {
            let message = "The query specified in the URI is not valid. Could not find a property named 'faxNumber' on type 'User'.";
            return Some(refuse(400, "BadRequest", message));
        }
        let link = format!("{}/v1.0/users/delta?$deltatoken=d", s.base);
        s.path.ends_with("/delta").then(|| ok(json!({"value": [{"id": "1"}], "@odata.deltaLink": link})))
    })
    .await;
    let directory = world.directory();
    let page = directory.read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(directory.client().unknown_properties(&tenant()), [("users", "faxNumber".to_owned())]);
    assert!(world.seen()[1].query.contains("displayName,") && world.seen()[1].query.contains(",manager"));
    directory.read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap();
    assert_eq!(world.seen().len(), 3, "it is asked for once only");
}

#[tokio::test]
async fn a_link_that_this_graph_does_not_know_is_an_error_as_no_links_would_be_a_lie() {
    let world = world(|s| {
        s.path
            .ends_with("/delta")
            .then(|| refuse(400, "BadRequest", "Could not find a property named 'manager' on type 'User'."))
    })
    .await;
    let error =
        world.directory().read_page(&tenant(), source("users"), &Cursor::Start, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(world.seen().len(), 1);
}

#[tokio::test]
async fn a_tenant_that_refuses_large_pages_is_read_by_small_ones() {
    let world = world(|s| {
        if s.query.contains("$top=999") {
            return Some(refuse(
                400,
                "Request_BadRequest",
                "Cannot query data for more than 120 users at a time.",
            ));
        }
        s.query.contains("$top=120").then(|| ok(json!({"value": [{"id": "1"}]})))
    })
    .await;
    let source = source("users.customSecurityAttributes");
    let page = world.directory().read_page(&tenant(), source, &Cursor::Start, &[]).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

#[tokio::test]
async fn a_missing_permission_and_a_missing_licence_are_denied_and_say_which() {
    for (status, code, message, says) in [
        (
            403,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
            "permission",
        ),
        (400, "AadPremiumLicenseRequired", "The tenant needs an AAD Premium 2 license.", "licence"),
        (400, "BadRequest", "Request not applicable to target tenant.", "Intune licence"),
    ] {
        let world =
            world(move |s| (!s.path.ends_with("/token")).then(|| refuse(status, code, message))).await;
        for name in ["eligibleAdmins", "ConfigurationPolicies"] {
            let before = world.seen().len();
            let error =
                world.directory().read_page(&tenant(), source(name), &Cursor::Start, &[]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert!(error.to_string().contains(says) && error.to_string().contains(code), "{error}");
            assert_eq!(world.seen().len(), before + 1, "asked once");
        }
    }
}

#[tokio::test]
async fn a_read_that_fails_for_a_moment_is_made_again_and_one_that_fails_for_good_is_an_error() {
    let world = world(|s| {
        let fails = if s.path.contains("Assignments") { usize::MAX } else { 2 };
        if s.path.ends_with("/token") {
            None
        } else if s.before < fails {
            Some(refuse(500, "InternalServerError", ""))
        } else {
            Some(ok(json!({"value": []})))
        }
    })
    .await;
    let directory = world.directory();
    directory.read_page(&tenant(), source("roles"), &Cursor::Start, &[]).await.unwrap();
    assert_eq!(world.seen().len(), 3);
    let error = directory.read_page(&tenant(), source("admins"), &Cursor::Start, &[]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(world.seen().len(), 3 + 5);
}
