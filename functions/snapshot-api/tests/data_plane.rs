//! Who reaches a tenant, what is refused, and what the answers look like.

#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use common::{DIFF, FEATURES, OTHER_SNAPSHOT, Plane, RESTORE, SNAPSHOT, TENANT, as_role};
use domain::rights::{Action, Role, Verdict, may};
use engine::records::{OrganisationState, RestoreState};
use partners::commands::Caller;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const C: &str = "01JCCCCCCCCCCCCCCCCCCCCCCC";

/// Every route: method, path below the organisation, a good body, the right that it takes.
fn routes() -> Vec<(&'static str, String, Value, Action)> {
    let compare = json!({ "before": SNAPSHOT, "after": "live" });
    let restore = json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u" }] });
    let snapshot = format!("/snapshots/{SNAPSHOT}");
    vec![
        ("POST", "/snapshots".to_owned(), Value::Null, Action::UseSnapshots),
        ("GET", "/snapshots".to_owned(), Value::Null, Action::UseSnapshots),
        ("GET", snapshot.clone(), Value::Null, Action::UseSnapshots),
        ("GET", format!("{snapshot}/objects?name=ann"), Value::Null, Action::UseSnapshots),
        ("GET", format!("{snapshot}/objects/users/u"), Value::Null, Action::UseSnapshots),
        ("POST", "/comparisons".to_owned(), compare, Action::Compare),
        ("GET", format!("/comparisons/{DIFF}"), Value::Null, Action::Compare),
        ("GET", format!("/comparisons/{DIFF}/changes"), Value::Null, Action::Compare),
        ("POST", "/restores".to_owned(), restore, Action::PreviewRestore),
        ("GET", format!("/restores/{RESTORE}"), Value::Null, Action::PreviewRestore),
        ("POST", format!("/restores/{RESTORE}/run"), Value::Null, Action::RunRestore),
        ("GET", format!("/restores/{RESTORE}/report"), Value::Null, Action::PreviewRestore),
    ]
}

#[tokio::test]
async fn every_route_asks_the_rights_table_for_every_role() {
    let plane = Plane::new();
    *plane.kept.state.lock().unwrap() = RestoreState::Done;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    for (method, path, body, action) in routes() {
        for role in Role::ALL {
            let limit = (role == Role::EndCustomer).then(|| vec![org.clone()]);
            let caller = as_role(&owner, role, limit);
            let path = format!("/v1/organisations/{org}{path}");
            let answer = plane.ask(Some(&caller), method, &path, &body).await;
            let allowed = may(role, action) == Verdict::Yes;
            assert_eq!(answer.status.is_success(), allowed, "{role:?} {method} {path}: {answer:?}");
            if !allowed {
                assert_eq!(answer.status, 403);
            }
        }
    }
}

#[tokio::test]
async fn an_end_customer_may_what_is_switched_on_but_never_runs_a_restore_alone() {
    let plane = Plane::new();
    *plane.kept.state.lock().unwrap() = RestoreState::Done;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |o| o.features = FEATURES.to_vec()).await;
    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    for (method, path, body, action) in routes() {
        let path = format!("/v1/organisations/{org}{path}");
        let answer = plane.ask(Some(&customer), method, &path, &body).await;
        assert_eq!(answer.status.is_success(), action != Action::RunRestore, "{method} {path}");
    }
    plane.change(&partner, &org, |o| o.state = OrganisationState::Suspended).await;
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&customer), "GET", &path, &Value::Null).await.status, 403);
    assert_eq!(plane.ask(Some(&owner), "POST", &path, &Value::Null).await.status, 202);
}

#[tokio::test]
async fn a_sibling_a_child_and_a_stranger_meet_nothing_and_whoever_is_above_passes() {
    let plane = Plane::new();
    *plane.kept.state.lock().unwrap() = RestoreState::Done;
    let (top_id, top) = plane.partner(A, &[]).await;
    let (left_id, _) = plane.partner(B, &[&top_id]).await;
    let (_, right) = plane.partner(C, &[&top_id]).await;
    let (_, below) = plane.partner("01JDDDDDDDDDDDDDDDDDDDDDDD", &[&top_id, &left_id]).await;
    let org = plane.organisation(&left_id, A, Some(TENANT)).await;
    let nowhere = "org_01jzzzzzzzzzzzzzzzzzzzzzzz";
    for (method, path, body, _) in routes() {
        let there = format!("/v1/organisations/{org}{path}");
        let missing =
            plane.ask(Some(&top), method, &format!("/v1/organisations/{nowhere}{path}"), &body).await;
        for foreign in [&right, &below] {
            let answer = plane.ask(Some(foreign), method, &there, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.text), (404, &missing.text), "{method} {there}");
        }
        assert!(plane.kept.started.lock().unwrap().is_empty());
        assert_eq!(plane.ask(None, method, &there, &body).await.status, 401);
        assert_eq!(plane.ask(Some(&Caller::Operator), method, &there, &body).await.status, 403);
        assert!(plane.ask(Some(&top), method, &there, &body).await.status.is_success(), "{method} {there}");
        plane.kept.started.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn what_belongs_to_another_tenant_of_the_same_partner_is_not_found() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let other = plane.organisation(&partner, B, Some("ffffffff-0000-1111-2222-333344445555")).await;
    for (method, path, body, _) in routes() {
        let path = format!("/v1/organisations/{other}{path}");
        assert_eq!(plane.ask(Some(&owner), method, &path, &body).await.status, 404, "{method} {path}");
    }
    assert!(plane.kept.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_asked_of_a_tenant_that_is_not_connected_or_has_left() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let bare = plane.organisation(&partner, B, None).await;
    let path = format!("/v1/organisations/{bare}/snapshots");
    assert_eq!(plane.ask(Some(&owner), "GET", &path, &Value::Null).await.status, 409);
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |o| o.state = OrganisationState::Unsubscribed).await;
    for (method, path, body, _) in routes().into_iter().filter(|r| r.0 == "POST") {
        let path = format!("/v1/organisations/{org}{path}");
        assert_eq!(plane.ask(Some(&owner), method, &path, &body).await.status, 409, "{path}");
    }
    assert!(plane.kept.started.lock().unwrap().is_empty());
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&owner), "GET", &path, &Value::Null).await.status, 200, "what is kept is kept");
}

#[tokio::test]
async fn work_is_accepted_with_the_place_where_it_can_be_followed() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    for (method, path, body, _) in routes().into_iter().filter(|r| r.0 == "POST") {
        let path = format!("/v1/organisations/{org}{path}");
        let answer = plane.ask(Some(&owner), method, &path, &body).await;
        assert_eq!(answer.status, 202, "{path}");
        let followed = answer.headers["location"].to_str().unwrap().to_owned();
        assert_eq!(plane.ask(Some(&owner), "GET", &followed, &Value::Null).await.status, 200, "{followed}");
        assert!(answer.json()["requestedAt"].as_str().unwrap().ends_with('Z'));
    }
    let started = plane.kept.started.lock().unwrap().clone();
    assert_eq!(started.len(), 4);
    assert_eq!(started[3], "run by hft_12345678");
}

#[tokio::test]
async fn wrong_input_is_refused_with_the_field_named_and_nothing_is_started() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let user = json!([{ "kind": "users", "key": "u" }]);
    for (path, body, field) in [
        ("comparisons", json!({ "before": "live", "after": SNAPSHOT }), "before"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": SNAPSHOT }), "after"),
        ("comparisons", json!({ "before": "snp_1", "after": "live" }), "before"),
        ("comparisons", json!({ "before": SNAPSHOT }), "after"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "kinds": ["printers"] }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "kinds": "users" }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": OTHER_SNAPSHOT, "object": "u" }), "kinds"),
        ("comparisons", json!({ "before": SNAPSHOT, "after": "live", "deep": true }), "deep"),
        ("restores", json!({}), "snapshot"),
        ("restores", json!({ "snapshot": SNAPSHOT }), "items"),
        ("restores", json!({ "items": user }), "snapshot"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": [] }), "items"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "comparison": DIFF }), "comparison"),
        (
            "restores",
            json!({ "snapshot": SNAPSHOT, "items": user, "only": [{"kind": "users", "key": "u"}] }),
            "only",
        ),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "attributes": "all" }), "attributes"),
        ("restores", json!({ "snapshot": SNAPSHOT, "items": user, "deleteCreated": 1 }), "deleteCreated"),
        ("restores", json!({ "comparison": DIFF, "only": [{ "kind": "x", "key": "k" }] }), "only[0].kind"),
        ("restores", json!({ "comparison": DIFF, "only": [{ "kind": "users" }] }), "only[0].key"),
        (
            "restores",
            json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u", "x": 1 }] }),
            "items[0].x",
        ),
    ] {
        let path = format!("/v1/organisations/{org}/{path}");
        let answer = plane.ask(Some(&owner), "POST", &path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{body} {answer:?}"
        );
    }
    for (path, status) in [
        (format!("snapshots/{SNAPSHOT}/objects?kind=printers"), 422),
        (format!("snapshots/{SNAPSHOT}/objects?name="), 422),
        (format!("snapshots/{SNAPSHOT}/objects?limit=1000"), 422),
        (format!("snapshots/{SNAPSHOT}/objects/printers/p"), 422),
        (format!("snapshots/{OTHER_SNAPSHOT}"), 404),
        (format!("snapshots/{DIFF}"), 404),
        ("snapshots/..%2F..%2Fsecret".to_owned(), 404),
        (format!("restores/{RESTORE}/report"), 409),
    ] {
        let path = format!("/v1/organisations/{org}/{path}");
        assert_eq!(plane.ask(Some(&owner), "GET", &path, &Value::Null).await.status, status, "{path}");
    }
    let path = format!("/v1/organisations/{org}/snapshots");
    assert_eq!(plane.ask(Some(&owner), "DELETE", &path, &Value::Null).await.status, 405);
    assert!(plane.kept.started.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_object_is_read_by_a_key_with_slashes_and_told_with_its_links() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    for key in ["p%7Cr%7C%2FadministrativeUnits%2Fa%7C", "p%7Cr%7C/administrativeUnits/a%7C"] {
        let path = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects/admins/{key}");
        let object = plane.ask(Some(&owner), "GET", &path, &Value::Null).await.json();
        assert_eq!(object["key"], "p|r|/administrativeUnits/a|");
        assert_eq!(object["links"][0]["to"], "u");
        assert_eq!(object["links"][1]["from"], "g");
    }
    let path =
        format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects?kind=groups&name=F%C3%BCr&limit=7");
    let listed = plane.ask(Some(&owner), "GET", &path, &Value::Null).await.json();
    let items = json!([{ "kind": "groups", "key": "7", "name": "Für" }]);
    let searched = json!({ "snapshot": SNAPSHOT, "kinds": ["groups"], "notHeld": [] });
    assert_eq!(listed, json!({ "items": items, "next": null, "complete": true, "searched": searched }));
}

#[tokio::test]
async fn a_snapshot_says_what_is_never_read_of_the_kinds_that_it_holds() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let path = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}");
    let snapshot = plane.ask(Some(&owner), "GET", &path, &Value::Null).await.json();
    let unread = snapshot["unread"].as_array().unwrap();
    assert!(unread.iter().all(|part| part["kind"] == "users" && part["why"].is_string()), "{unread:?}");
    for what in ["sponsors", "extension_*, schema extensions, open extensions"] {
        assert!(unread.iter().any(|part| part["what"] == what), "{what}");
    }
}

#[tokio::test]
async fn every_read_of_customer_data_is_written_down_without_the_names_in_it() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner("01JAAAAAAAAAAAAAAAAAAAAAAA", &[]).await;
    let org = plane.organisation(&partner, "01JAAAAAAAAAAAAAAAAAAAAAAA", Some(TENANT)).await;
    let objects = format!("/v1/organisations/{org}/snapshots/{SNAPSHOT}/objects");
    plane.ask(Some(&owner), "GET", &format!("{objects}?name=Berg"), &json!(null)).await;
    plane.ask(Some(&owner), "GET", &format!("{objects}/users/Ada%20Berg"), &json!(null)).await;
    plane.ask(None, "GET", &objects, &json!(null)).await;
    let rows: Vec<_> = plane.world.catalog.rows().into_iter().map(|(_, r)| r).collect();
    let entries: Vec<_> = rows.iter().filter(|r| r.key.starts_with("audit#")).map(|r| &r.body).collect();
    assert_eq!(entries.len(), 4, "two requests of a known caller");
    let whats: Vec<_> = entries.iter().map(|e| e["what"].as_str().unwrap()).collect();
    let route = "GET /v1/organisations/{org}/snapshots/{snp}/objects";
    let one = "GET /v1/organisations/{org}/snapshots/{snp}/objects/{kind}/{key}";
    assert_eq!(whats, [route, route, one, one]);
    assert_eq!(
        (&entries[0]["subjects"]["org"], &entries[0]["subjects"]["snp"]),
        (&json!(org), &json!(SNAPSHOT))
    );
    assert_eq!(entries[2]["subjects"]["kind"], "users");
    assert!(!format!("{entries:?}").contains("Berg"), "{entries:?}");
}
