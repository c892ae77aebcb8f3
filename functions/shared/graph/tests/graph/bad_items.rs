//! One item that cannot be read, or not whole, costs that item and no more; and what leads nowhere ends.

use crate::common::{Answer, Seen, World, ok, raw, refuse, source, tenant, world};
use domain::ErrorKind;
use engine::ports::{Cursor, DirectoryPages, PageEnd, ReadPage};
use serde_json::{Value, json};

async fn read(world: &World, name: &str, cursor: Cursor) -> domain::Result<ReadPage> {
    world.directory().read_page(&tenant(), source(name), &cursor, &[]).await
}

fn ids(page: &ReadPage) -> Vec<String> {
    let values = page.values().unwrap();
    values.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect()
}

fn unreadable(page: &ReadPage) -> Vec<Option<&str>> {
    page.unreadable.iter().map(|one| one.id.as_deref()).collect()
}

/// A round of users of which the second is these bytes.
async fn with_second(second: &'static [u8]) -> World {
    world(move |s| {
        let link = format!("\"@odata.deltaLink\":\"{}/v1.0/users/delta?$deltatoken=d\"", s.base);
        let page = [br#"{"value":[{"id":"1"},"#, second, br#",{"id":"3"}],"#, link.as_bytes(), b"}"].concat();
        s.path.ends_with("/users/delta").then(|| raw(page))
    })
    .await
}

#[tokio::test]
async fn an_answer_that_is_not_quite_json_or_not_quite_unicode_costs_the_item_that_is_not_and_no_more() {
    type Case = (&'static [u8], &'static [&'static str], &'static [Option<&'static str>]);
    let cases: [Case; 7] = [
        (b"{\"id\":\"2\",\"displayName\":\"a\x01\tb\"}", &["1", "2", "3"], &[]),
        (b"{\"id\":\"2\",}", &["1", "2", "3"], &[]),
        (b"{\"id\":\"2\",\"city\":\"a\",\"city\":\"b\"}", &["1", "2", "3"], &[]),
        (b"{\"id\":\"2\",\"city\":\"\xe9\"}", &["1", "3"], &[Some("2")]),
        (b"{\"id\":\"2\",\"n\":NaN}", &["1", "3"], &[Some("2")]),
        (b"{\"id\":\"\xe9\"}", &["1", "3"], &[None]),
        (b"Infinity", &["1", "3"], &[None]),
    ];
    for (second, kept, lost) in cases {
        let world = with_second(second).await;
        let page = read(&world, "users", Cursor::Start).await.unwrap();
        assert_eq!(
            (ids(&page), unreadable(&page)),
            (kept.iter().map(ToString::to_string).collect(), lost.to_vec())
        );
        assert!(matches!(&page.end, PageEnd::Done(Some(link)) if link.ends_with("=d")));
        assert_eq!(world.seen().len(), 1, "nothing is asked for again");
    }
}

#[tokio::test]
async fn a_page_that_breaks_off_or_is_no_page_is_asked_for_again_and_then_an_error() {
    for answer in [
        "{\"value\":[{\"id\":\"1\"},{\"id\":\"2\"",
        "<html><body>no</body></html>",
        "{\"value\":[{\"id\":\"1}]}",
    ] {
        let world = world(move |s| s.path.ends_with("/users/delta").then(|| raw(answer))).await;
        let error = read(&world, "users", Cursor::Start).await.unwrap_err();
        assert_eq!((error.kind(), world.seen().len()), (ErrorKind::Unavailable, 5), "{answer}");
    }
}

const LIST: &str = "/beta/deviceManagement/deviceCompliancePolicies";
const RULES: &str = "scheduledActionsForRule";

/// Three policies without their scheduled actions, which are asked for apart; `of` is how that of each is answered, as an
/// entry of a batch.
async fn policies(of: impl Fn(&str, &Seen) -> Value + Send + Sync + 'static) -> World {
    world(move |s| {
        if s.path == "/beta/$batch" {
            let entry = |r: &Value| {
                let url = r["url"].as_str().unwrap();
                let mut entry = of(url, s);
                entry["id"] = r["id"].clone();
                entry.to_string().replace("WRONG", "\\ud800")
            };
            let entries: Vec<_> = s.body["requests"].as_array().unwrap().iter().map(entry).collect();
            return Some(raw(format!("{{\"responses\":[{}]}}", entries.join(","))));
        }
        let policy = |id: &str| json!({"id": id, "assignments": []});
        match s.path.strip_prefix(LIST)? {
            "" => Some(ok(json!({"value": [policy("a"), policy("b"), policy("c")]}))),
            "/b" => Some(ok(policy("b"))),
            // A list that goes on and on: with the same link, or with ever new ones.
            "/ring" => Some(more(s, "ring", &json!([]))),
            "/new" => Some(more(s, &format!("new?n={}", s.query.len()), &json!([]))),
            _ => None,
        }
    })
    .await
}

fn more(s: &Seen, next: &str, value: &Value) -> Answer {
    let n = if next.starts_with("new") {
        format!("{next}{}", "x".repeat(s.query.len()))
    } else {
        next.to_owned()
    };
    ok(json!({"value": value, "@odata.nextLink": format!("{}{LIST}/{n}", s.base)}))
}

fn rules() -> Value {
    json!({"status": 200, "body": {"value": [{"id": "r", "scheduledActionConfigurations": []}]}})
}

#[tokio::test]
async fn one_entry_of_a_batch_that_fails_for_good_costs_its_object_and_no_more() {
    type Entry = fn(&Seen) -> Value;
    let entries: [(&str, Entry); 9] = [
        ("refused", |_| json!({"status": 400, "body": {"error": {"code": "BadRequest"}}})),
        ("denied", |_| json!({"status": 403, "body": {"error": {"code": "Forbidden"}}})),
        ("not found", |_| json!({"status": 404, "body": {"error": {"code": "NotFound"}}})),
        ("always failing", |_| json!({"status": 500, "body": {"error": {"code": "x"}}})),
        ("not quite Unicode", |_| json!({"status": 200, "body": {"value": [{"id": "WRONG"}]}})),
        ("without a status", |_| json!({"body": {"value": []}})),
        ("no collection", |_| json!({"status": 200, "body": "PGh0bWw+"})),
        (
            "in a ring",
            |s| json!({"status": 200, "body": {"value": [], "@odata.nextLink": format!("{}{LIST}/ring", s.base)}}),
        ),
        (
            "on and on",
            |s| json!({"status": 200, "body": {"value": [], "@odata.nextLink": format!("{}{LIST}/new?", s.base)}}),
        ),
    ];
    for (how, entry) in entries {
        let world = policies(move |url, s| if url.contains("/b/") { entry(s) } else { rules() }).await;
        let page = read(&world, "DeviceCompliancePolicies", Cursor::Start).await;
        let page = page.unwrap_or_else(|error| panic!("{how}: {error}"));
        assert_eq!((ids(&page), unreadable(&page)), (vec!["a".into(), "c".into()], vec![Some("b")]), "{how}");
        assert!(page.left_out.is_empty(), "{how}");
        let asked = world.seen().len();
        assert!(asked <= 60, "{how}: {asked} requests");
    }
}

#[tokio::test]
async fn an_object_that_vanished_while_its_parts_were_read_is_not_there() {
    let gone =
        |url: &str| json!({"status": if url.contains("/a/") { 404 } else { 200 }, "body": rules()["body"]});
    let world = policies(move |url, _| gone(url)).await;
    let page = read(&world, "DeviceCompliancePolicies", Cursor::Start).await;
    // Of `a` alone nothing is answered: this Graph has no such address, which is no 404.
    assert_eq!(unreadable(&page.unwrap()), [Some("a")]);
}

#[tokio::test]
async fn a_part_that_graph_refuses_of_every_policy_is_left_out_and_named_and_the_policies_are_there() {
    let refused = json!({"status": 400, "body": {"error": {"code": "BadRequest", "message": "No method match route template"}}});
    let world = policies(move |_, _| refused.clone()).await;
    let page = read(&world, "DeviceCompliancePolicies", Cursor::Start).await.unwrap();
    assert_eq!((ids(&page).len(), unreadable(&page), &page.left_out), (3, vec![], &vec![RULES.to_owned()]));
}

#[tokio::test]
async fn where_graph_does_not_expand_the_parts_are_asked_for_apart() {
    let world = world(|s| {
        if s.path == "/beta/$batch" {
            let entry = |r: &Value| {
                let mut entry = if r["url"].as_str().unwrap().contains(RULES) {
                    rules()
                } else {
                    json!({"status": 200, "body": {"value": [{"id": "x", "target": {}}]}})
                };
                entry["id"] = r["id"].clone();
                entry
            };
            let all: Vec<_> = s.body["requests"].as_array().unwrap().iter().map(entry).collect();
            return Some(ok(json!({ "responses": all })));
        }
        (s.path == LIST).then(|| {
            if s.query.contains("$expand") {
                refuse(400, "BadRequest", "Expanding is not supported.")
            } else {
                ok(json!({"value": [{"id": "a"}, {"id": "b"}]}))
            }
        })
    })
    .await;
    let page = read(&world, "DeviceCompliancePolicies", Cursor::Start).await.unwrap();
    for policy in page.values().unwrap() {
        assert_eq!(policy["assignments"].as_array().unwrap().len(), 1);
        assert_eq!(policy[RULES].as_array().unwrap().len(), 1);
    }
    assert!(page.unreadable.is_empty() && page.left_out.is_empty());
}

/// Two groups, listed with all their links; `of` is how the members of the second are answered.
async fn groups(of: impl Fn(&Seen) -> Value + Send + Sync + 'static) -> World {
    world(move |s| {
        if s.path == "/v1.0/$batch" {
            let entry = |r: &Value| {
                let url = r["url"].as_str().unwrap();
                let good = json!({"status": 200, "body": {"value": [{"id": "m"}]}});
                let mut entry = if url.contains("/h/members") { of(s) } else { good };
                entry["id"] = r["id"].clone();
                entry
            };
            let all: Vec<_> = s.body["requests"].as_array().unwrap().iter().map(entry).collect();
            return Some(ok(json!({ "responses": all })));
        }
        let link = |at: &str| format!("{}/v1.0/{at}", s.base);
        match s.path.as_str() {
            "/v1.0/groups" => Some(ok(json!({"value": [{"id": "g"}, {"id": "h"}]}))),
            "/v1.0/ring" => Some(ok(json!({"value": [{"id": "m"}], "@odata.nextLink": link("ring?b")}))),
            "/v1.0/new" => {
                let next = link(&format!("new?{}", "x".repeat(s.query.len() + 1)));
                Some(ok(json!({"value": [{"id": "m"}], "@odata.nextLink": next})))
            }
            _ => None,
        }
    })
    .await
}

#[tokio::test]
async fn members_that_lead_on_and_on_or_are_refused_cost_their_group_and_few_calls() {
    type Entry = fn(&Seen) -> Value;
    let entries: [Entry; 3] = [
        |_| json!({"status": 403, "body": {"error": {"code": "Forbidden"}}}),
        |s| json!({"status": 200, "body": {"value": [], "@odata.nextLink": format!("{}/v1.0/ring?a", s.base)}}),
        |s| json!({"status": 200, "body": {"value": [], "@odata.nextLink": format!("{}/v1.0/new?x", s.base)}}),
    ];
    for (n, entry) in entries.into_iter().enumerate() {
        let world = groups(entry).await;
        let page = read(&world, "groups", Cursor::ListedWithLinks).await.unwrap();
        // Of hidden members a 403 is as good as none: the permission for them is reported.
        let lost: &[Option<&str>] = if n == 0 { &[] } else { &[Some("h")] };
        assert_eq!(unreadable(&page), lost, "{n}");
        assert!(world.seen().len() <= 500, "{n}: {} requests", world.seen().len());
    }
}

#[tokio::test]
async fn a_page_of_which_no_item_can_be_had_is_an_error_and_no_page_of_nothing() {
    for (status, kind) in [(403, ErrorKind::Denied), (500, ErrorKind::Unavailable)] {
        let world = policies(move |_, _| json!({"status": status, "body": {"error": {"code": "x"}}})).await;
        let error = read(&world, "DeviceCompliancePolicies", Cursor::Start).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[tokio::test]
async fn a_batch_that_is_answered_with_html_is_asked_for_again() {
    let world = world(|s| {
        let is_batch = s.path == "/beta/$batch";
        if is_batch && s.before < 4 {
            return Some(raw("<html><body>gateway</body></html>"));
        }
        let entry = |r: &Value| {
            let mut entry = rules();
            entry["id"] = r["id"].clone();
            entry
        };
        let all = || s.body["requests"].as_array().unwrap().iter().map(entry).collect::<Vec<_>>();
        let policy = |id: &str| json!({"id": id, "assignments": []});
        match (is_batch, s.path.as_str()) {
            (true, _) => Some(ok(json!({ "responses": all() }))),
            (_, LIST) => Some(ok(json!({"value": [policy("a"), policy("b")]}))),
            _ => None,
        }
    })
    .await;
    let page = read(&world, "DeviceCompliancePolicies", Cursor::Start).await.unwrap();
    assert_eq!((ids(&page).len(), world.seen().len()), (2, 1 + 5));
}

#[tokio::test]
async fn a_claims_challenge_is_answered_with_one_new_token() {
    let challenge = r#"Bearer error="insufficient_claims", claims="eyJ9""#;
    let world = world(move |s| {
        (!s.path.ends_with("/token")).then(|| {
            if s.header("authorization") == "Bearer token-0" {
                refuse(401, "InvalidAuthenticationToken", "TokenCreatedWithOutdatedPolicies")
                    .with("www-authenticate", challenge)
            } else {
                ok(json!({"value": [{"id": "1"}]}))
            }
        })
    })
    .await;
    let page = read(&world, "roles", Cursor::Start).await.unwrap();
    assert_eq!((ids(&page).len(), world.seen().len(), world.logins().len()), (1, 2, 2));
}
