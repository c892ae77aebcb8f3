//! Pages as people and their programs meet them: structure, headers, roles, states, and names that are meant to harm.

use super::api::{ORG, Seen, Stage, me, organisation_of};
use super::more;
use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

/// A name that would be a script, a link, a turn of the text and a long line, wherever it were taken for one.
const HARMFUL: &str = "\u{202e}<script>alert(1)</script>\"'><img src=x onerror=alert(1)> javascript:alert(1)";

fn snapshot(state: &str) -> Value {
    json!({ "id": "snp_1", "state": state, "reason": "schedule", "requestedAt": "2026-11-30T09:00:00Z",
        "sealedAt": "2026-11-30T09:05:00Z", "notCovered": [], "counts": { "users": { "records": 7 } }, "spent": { "requests": 9 } })
}

pub fn change(name: &str) -> Value {
    json!({ "kind": "users", "key": "u1", "name": name, "what": "modified", "privileged": true, "links": [],
        "attributes": [{ "path": "jobTitle", "property": "jobTitle", "before": name, "after": "Contractor" }],
        "who": { "answer": "probably", "mayStillCome": true,
            "by": [{ "sort": "person", "name": name, "address": name, "at": "2026-11-30T08:00:00Z" }] } })
}

fn step(name: &str, outcome: &Value) -> Value {
    json!({ "number": 1, "id": "s1", "kind": "users", "key": "u1", "name": name, "phase": "users",
        "action": { "type": "update", "properties": ["jobTitle"], "body": {} },
        "before": { "jobTitle": "Contractor" }, "after": { "jobTitle": name }, "warnings": ["blocked"], "outcome": outcome })
}

pub fn restore(state: &str, outcome: &Value, name: &str) -> Value {
    json!({ "id": "rst_1", "state": state, "counts": { "steps": 1, "done": 1 }, "items": [step(name, outcome)],
        "impossible": [{ "key": "u2", "kind": "users", "name": name, "what": "manager", "why": name, "cause": "synced" }],
        "requestedAt": "2026-11-30T09:00:00Z", "requestedBy": name, "reason": name, "startedAt": "2026-11-30T09:01:00Z",
        "remarks": ["oneAdministrator"], "next": null })
}

/// A portal in which everything is called so, and in that state.
pub async fn full(role: &str, name: &str, state: &str) -> Stage {
    let stage = Stage::of(role, name).await;
    let at = format!("/v1/organisations/{ORG}");
    let comparison = json!({ "id": "dif_1", "state": state, "before": "snp_1", "after": "live", "kinds": [], "notCompared": [],
        "counts": { "modified": 1, "privileged": 1 }, "requestedAt": "2026-11-30T09:00:00Z", "doneAt": "2026-11-30T09:01:00Z" });
    stage.lists("/v1/organisations", &[organisation_of(name)]);
    let item = json!({ "organisation": "org_1", "partner": "prt_1", "name": name, "cause": "privileged-changes", "severity": "critical",
        "since": "2026-11-30T08:00:00Z", "until": null, "facts": "f", "acknowledged": null,
        "what": { "counts": { "privileged": 2 }, "permissions": [], "sources": [name], "reason": null, "ids": { "comparisons": ["dif_1"] } } });
    let attention = json!({ "items": [item], "next": "n", "checkedAt": "2026-11-30T09:00:00Z", "complete": true,
        "counts": { "organisations": 3, "fine": 2, "causes": { "privileged-changes": 1 }, "acknowledged": 1, "underWay": 1 },
        "days": [{ "day": "2026-11-29", "changes": 3 }, { "day": "2026-11-30", "changes": null }],
        "underWay": [{ "organisation": "org_1", "name": name, "snapshot": "snp_1" }] });
    stage.told("GET /v1/attention", 200, &attention);
    let row = json!({ "id": "x_1", "name": name, "email": name, "role": "support", "createdAt": "2026-11-30T09:00:00Z",
        "who": name, "what": name, "subjects": { "org": name }, "organisation": "org_1", "fromName": name, "seats": 3,
        "fromProduct": "BackupEntra", "toProduct": "Backup", "state": "open", "prefix": "hft_1" });
    for list in [
        "transfers",
        "downgrade-requests",
        "people",
        "invitations",
        "tokens",
        "audit",
        "partners",
        "sessions",
    ] {
        stage.lists(&format!("/v1/{list}"), std::slice::from_ref(&row));
    }
    let part = json!({ "from": "2026-11-01", "to": "2026-11-30", "seats": 3, "priceMinor": 290, "amountMinor": 870 });
    let line = json!({ "organisationName": name, "planName": name, "currency": "EUR", "seatDays": 90, "amountMinor": 870,
        "parts": [part] });
    let usage = json!({ "lines": [line], "totals": [{ "currency": "EUR", "amountMinor": 870 }], "through": "2026-11-30" });
    stage.told("GET /v1/usage", 200, &usage);
    stage.lists(
        "/v1/plans",
        &[json!({ "id": "pln_1", "name": name, "product": "BackupEntra", "label": "Entra" })],
    );
    stage.told(
        &format!("GET {at}/subscription"),
        200,
        &json!({ "plan": "pln_1", "planName": name, "seats": 10 }),
    );
    stage.told("GET /v1/partner", 200, &json!({ "id": "prt_1", "name": name, "entraSkuActive": false }));
    stage.lists(&format!("{at}/snapshots"), &[snapshot(state)]);
    stage.lists(&format!("{at}/comparisons"), std::slice::from_ref(&comparison));
    let verified = json!({ "type": "done", "readBack": { "type": "asAsked" } });
    stage.lists(&format!("{at}/restores"), &[restore("done", &verified, name)]);
    stage.told(&format!("GET {at}/snapshots/snp_1"), 200, &snapshot(state));
    let coverage = json!({ "kinds": [{ "kind": "users", "held": true, "unread": [], "never": [] }] });
    stage.told(&format!("GET {at}/snapshots/snp_1/coverage"), 200, &coverage);
    let found = json!({ "items": [{ "kind": "users", "key": "u1", "name": name }], "complete": true, "next": null,
        "searched": { "asOf": "2026-11-30T09:05:00Z", "snapshot": "snp_1", "notHeld": [] } });
    stage.told(&format!("GET {at}/snapshots/snp_1/objects"), 200, &found);
    stage.told(&format!("GET {at}/objects"), 200, &found);
    let object = json!({ "kind": "users", "key": "u1", "name": name, "object": { "displayName": name, "manager": null },
        "links": [{ "link": "groups.members", "from": "g1", "name": name }], "next": null });
    stage.told(&format!("GET {at}/snapshots/snp_1/objects/users/u1"), 200, &object);
    stage.told(&format!("GET {at}/comparisons/dif_1"), 200, &comparison);
    stage.lists(&format!("{at}/comparisons/dif_1/changes"), &[change(name)]);
    stage.told(&format!("GET {at}/restores/rst_1"), 200, &restore("done", &verified, name));
    let duty = json!({ "key": "u1", "name": name, "toDo": "givePassword", "what": name, "owner": "helpdesk", "state": "open" });
    stage.lists(&format!("{at}/restores/rst_1/completion"), &[duty]);
    more::fill(&stage, name, state);
    stage
}

const PAGES: [&str; 49] = [
    "/",
    "/?aside=1",
    "/attention/org_1/privileged-changes",
    "/organisations",
    "/organisations/new",
    "/organisations/org_1",
    "/plans",
    "/plans/new",
    "/usage",
    "/people",
    "/invitations",
    "/tokens",
    "/audit",
    "/partner",
    "/partners",
    "/transfers",
    "/downgrade-requests",
    "/sessions",
    "/e/org_1",
    "/e/org_1/snapshots",
    "/e/org_1/snapshots/snp_1",
    "/e/org_1/search",
    "/e/org_1/search?name=a",
    "/e/org_1/objects/users/u1?snapshot=snp_1",
    "/e/org_1/compare",
    "/e/org_1/comparisons/dif_1",
    "/e/org_1/restores",
    "/e/org_1/restores/rst_1",
    "/e/org_1/jobs",
    "/organisations/org_1/token",
    "/invoices/2026-10",
    "/rights",
    "/notifications",
    "/notifications/mine",
    "/people/x_1",
    "/people/x_1/notifications",
    "/transfers/org_1",
    "/e/org_1/snapshots/snp_1/coverage/users",
    "/e/org_1/history/users/u1",
    "/e/org_1/history/groups/g1?link=groups.members&to=u1",
    "/e/org_1/objects/users/u1?asOf=2026-11-30T09:10",
    "/e/org_1/comparisons/dif_1/explain?kind=users&key=u1&path=jobTitle",
    "/e/org_1/downloads",
    "/e/org_1/downloads/dow_1",
    "/e/org_1/settings",
    "/jobs",
    "/e/org_1/search/ever",
    "/e/org_1/search/ever?name=a",
    "/e/org_1/search?kind=users&filter=x&asOf=2026-11-30T09:10",
];

/// What holds for every page, whoever reads it.
pub fn sound(seen: &Seen, what: &str) {
    let dom = tl::parse(&seen.text, tl::ParserOptions::default()).unwrap();
    let count = |selector: &str| dom.query_selector(selector).unwrap().count();
    assert_eq!((count("h1"), count("main"), count("title"), count("footer")), (1, 1, 1, 1), "{what}");
    assert!(
        count("header") == 1 && count("nav") >= 1 && seen.text.contains("href=\"#main\""),
        "{what}: landmarks"
    );
    assert!(seen.text.starts_with("<!DOCTYPE html><html lang=\""), "{what}");
    assert!(!seen.text.contains(" style="), "{what}: no style but the sheet's");
    assert_eq!(count("script"), 1, "{what}: one script, ours");
    for selector in ["title", "h1", "option"] {
        for node in dom.query_selector(selector).unwrap() {
            let text = node.get(dom.parser()).unwrap().inner_text(dom.parser()).into_owned();
            assert!(!text.contains('\u{202e}'), "{what}: {selector} turns the text around it");
            assert!(text.chars().count() < 400, "{what}: {selector} is long");
        }
    }
    for node in dom.nodes().iter().filter_map(|node| node.as_tag()) {
        let attribute =
            |name: &str| node.attributes().get(name).flatten().map(|v| v.as_utf8_str().into_owned());
        let tag = node.name().as_utf8_str().into_owned();
        for handler in ["onclick", "onerror", "onload", "onsubmit"] {
            assert!(attribute(handler).is_none(), "{what}: {handler}");
        }
        for link in ["href", "action", "src"].into_iter().filter_map(attribute) {
            assert!(
                link.starts_with(['/', '#']) && !link.starts_with("//"),
                "{what}: {link} leads elsewhere"
            );
        }
        let is_said = |id: &str| seen.text.contains(&format!("for=\"{id}\""));
        let kind = attribute("type").unwrap_or_default();
        if ["input", "select"].contains(&tag.as_str())
            && !["hidden", "checkbox", "radio"].contains(&kind.as_str())
        {
            assert!(attribute("id").is_some_and(|id| is_said(&id)), "{what}: a field without a label");
        }
        if tag == "form" && attribute("method").as_deref() == Some("post") {
            let inner = node.inner_html(dom.parser());
            let does = attribute("action").unwrap();
            let needs_none = ["/sign-out", "/language", "/access", "/invitation"].contains(&does.as_str());
            assert!(needs_none || inner.contains("name=\"key\""), "{what}: {does} may be done twice");
        }
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("cross-origin-opener-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(seen.headers[name], value, "{what}");
    }
    let policy = seen.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
    assert!(policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn every_page_of_every_role_and_state_is_sound() {
    for role in ["owner", "support", "finance", "endCustomer"] {
        for state in ["queued", "running", "done", "failed"] {
            let stage = full(role, "Fabrikam", state).await;
            for page in PAGES {
                let seen = stage.get(page).await;
                let what = format!("{page} of {role}, {state}");
                assert_eq!(seen.status, StatusCode::OK, "{what}: {}", seen.text);
                sound(&seen, &what);
            }
        }
    }
}

#[tokio::test]
async fn a_name_that_is_meant_to_harm_is_a_name_on_every_page() {
    for name in [HARMFUL.to_owned(), "ä".repeat(10_000)] {
        let stage = full("owner", &name, "done").await;
        for page in PAGES {
            let seen = stage.get(page).await;
            assert_eq!(seen.status, StatusCode::OK, "{page}");
            sound(&seen, page);
            assert!(!seen.text.contains("<script>alert") && !seen.text.contains("<img"), "{page}");
        }
    }
}

#[tokio::test]
async fn every_page_of_an_organisation_begins_with_its_name() {
    let stage = full("owner", "Fabrikam", "done").await;
    for page in PAGES.into_iter().filter(|page| page.starts_with("/e/")) {
        let seen = stage.get(page).await;
        assert!(seen.text.contains("<title>Fabrikam: "), "{page}");
        assert!(seen.text.contains("<h1><bdi>Fabrikam</bdi>: "), "{page}");
    }
}

#[tokio::test]
async fn what_is_switched_off_for_an_end_customer_is_absent() {
    let stage = full("endCustomer", "Fabrikam", "done").await;
    let seen = stage.get("/e/org_1").await;
    assert!(seen.text.contains("/e/org_1/search") && seen.text.contains("Back up now"), "search is on");
    for off in ["/e/org_1/compare", "/e/org_1/restores\"", "/organisations"] {
        assert!(!seen.text.contains(&format!("\"{off}")), "{off}");
    }
    let seen = stage.get("/e/org_1/comparisons/dif_1").await;
    assert!(!seen.text.contains("type=\"checkbox\" name=\"object\""), "nothing to tick without restore");
}

#[tokio::test]
async fn support_previews_and_does_not_run() {
    let stage = full("support", "Fabrikam", "done").await;
    let previewed = restore("previewed", &Value::Null, "Maya");
    stage.told("GET /v1/organisations/org_1/restores/rst_1", 200, &previewed);
    let seen = stage.get("/e/org_1/restores/rst_1").await;
    assert!(!seen.text.contains("/restores/rst_1/run") && seen.text.contains("/restores/rst_1/again"));
    stage.told("GET /v1/me", 200, &me("owner"));
    assert!(stage.get("/e/org_1/restores/rst_1").await.text.contains("/restores/rst_1/run"));
}

#[tokio::test]
async fn a_step_is_verified_only_where_it_was_read_back_as_asked() {
    let stage = full("owner", "Fabrikam", "done").await;
    for (outcome, said) in [
        (json!({ "type": "done", "readBack": { "type": "asAsked" } }), "verified"),
        (json!({ "type": "done", "readBack": null }), "written, not verified"),
        (
            json!({ "type": "done", "readBack": { "type": "differs", "what": ["jobTitle"] } }),
            "written, reads back differently",
        ),
        (json!({ "type": "skipped", "cause": "changedSincePreview" }), "changed since the preview"),
        (json!({ "type": "failed", "cause": "refused", "message": "Graph said no" }), "Graph said no"),
        (json!({ "type": "alreadySo" }), "was so already"),
        (Value::Null, "not begun"),
    ] {
        stage.told("GET /v1/organisations/org_1/restores/rst_1", 200, &restore("done", &outcome, "Maya"));
        let seen = stage.get("/e/org_1/restores/rst_1").await;
        let step = seen.text.split("<td>").last().unwrap_or_default().to_owned();
        assert!(seen.text.contains(said), "{outcome}: {step}");
        let verified = seen.text.contains(">verified</span>");
        assert_eq!(verified, said == "verified", "{outcome}");
    }
}

#[tokio::test]
async fn a_snapshot_that_lacks_something_is_never_shown_as_complete() {
    let stage = full("owner", "Fabrikam", "done").await;
    let mut lacking = snapshot("done");
    lacking["notCovered"] = json!([{ "source": "DeviceConfiguration", "cause": "denied", "why": "" }]);
    stage.told("GET /v1/organisations/org_1/snapshots/snp_1", 200, &lacking);
    stage.lists("/v1/organisations/org_1/snapshots", &[lacking]);
    for page in ["/e/org_1", "/e/org_1/snapshots", "/e/org_1/snapshots/snp_1"] {
        let seen = stage.get(page).await;
        assert!(seen.text.contains("complete but for Device configuration"), "{page}");
        assert!(!seen.text.contains(">complete<"), "{page}");
    }
}

#[tokio::test]
async fn what_is_under_way_is_looked_at_again_and_what_has_ended_is_not() {
    for (state, polls) in [("running", true), ("queued", true), ("done", false), ("failed", false)] {
        let stage = full("owner", "Fabrikam", state).await;
        for page in ["/e/org_1/snapshots/snp_1", "/e/org_1/comparisons/dif_1"] {
            let seen = stage.get(page).await;
            assert_eq!(seen.text.contains("data-polls"), polls, "{page} {state}");
            assert_eq!(seen.text.contains(">Refresh</a>"), polls, "{page} {state}");
        }
    }
}

#[tokio::test]
async fn a_list_that_could_not_be_read_is_not_shown_as_empty() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told("GET /v1/organisations", 200, &json!({ "things": [] }));
    assert_eq!(stage.get("/organisations").await.status, StatusCode::BAD_GATEWAY);
    stage.told("GET /v1/organisations", 503, &json!({ "message": "Service Unavailable" }));
    let seen = stage.get("/organisations").await;
    assert_eq!(seen.status, StatusCode::TOO_MANY_REQUESTS);
    sound(&seen, "a page of trouble");
}

#[tokio::test]
async fn whoever_is_not_signed_in_is_led_to_sign_in_and_back() {
    let stage = full("owner", "Fabrikam", "done").await;
    let nobody = Request::get("/e/org_1/jobs?x=1").body(Body::empty()).unwrap();
    let seen = stage.send(nobody).await;
    assert_eq!(
        (seen.status, &seen.headers[LOCATION]),
        (StatusCode::SEE_OTHER, &"/sign-in?to=%2Fe%2Forg_1%2Fjobs%3Fx%3D1".parse().unwrap())
    );
    stage.told("GET /v1/me", 403, &json!({ "message": "Forbidden" }));
    assert_eq!(stage.get("/organisations").await.status, StatusCode::SEE_OTHER, "the session has ended");
}

#[tokio::test]
async fn no_address_leads_to_another_route_of_the_api() {
    let stage = full("owner", "Fabrikam", "done").await;
    for odd in [
        "/e/../x",
        "/e/%2e%2e/jobs",
        "/e/org_1%2Fsnapshots/jobs",
        "/e/.",
        "/e/org_1/snapshots/%2e%2e",
        "/e/org_1/nothing",
    ] {
        let seen = stage.get(odd).await;
        assert_eq!(seen.status, StatusCode::NOT_FOUND, "{odd}");
        sound(&seen, odd);
        let known = ["/v1/me", "/v1/organisations/org_1"];
        let strange = stage.calls().into_iter().map(|call| call.line[4..].to_owned());
        let strange: Vec<_> =
            strange.filter(|path| !known.contains(&path.as_str()) && !path.contains('%')).collect();
        assert!(strange.is_empty(), "{odd}: {strange:?}");
    }
}
