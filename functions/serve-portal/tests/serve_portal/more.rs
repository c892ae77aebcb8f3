//! What the API answers to the pages that look deeper: histories, explanations, coverage, downloads, people, rights; and
//! what those pages say of it.

use super::api::{ORG, Stage, me};
use super::pages::{change, full, sound};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};

/// The place of the organisation in the API.
const AT: &str = "/v1/organisations/org_1";

fn version(name: &str) -> Value {
    json!({ "snapshot": "live", "at": "2026-11-30T09:00:00Z", "since": "snp_1", "sinceAt": "2026-11-29T09:00:00Z", "key": "u1",
        "what": "modified", "attributes": [{ "path": "jobTitle", "property": "jobTitle", "before": name, "after": "Contractor" }],
        "links": [{ "link": "users.manager", "to": "u2", "name": name, "what": "created" }] })
}

fn history(name: &str) -> Value {
    json!({ "kind": "users", "key": "u1", "name": name, "knownAs": [{ "key": "u0", "guessedBy": "mail" }, { "key": "u1" }],
        "versions": [version(name)], "next": "n", "complete": false, "historySince": "snp_1",
        "gaps": [{ "after": "snp_1", "source": "users", "until": null }], "unreadable": ["snp_0"] })
}

fn heard(topic: &str, frequency: &str, chosen: bool) -> Value {
    json!({ "topic": topic, "frequency": frequency, "chosen": chosen, "organisation": null, "partner": null })
}

pub fn notifications(name: &str) -> Value {
    let mut apart = heard("seats", "weekly", true);
    apart["organisation"] = json!("org_1");
    json!({ "person": "x_1", "name": name, "email": name, "role": "support", "hour": 7, "timeZone": "Europe/Berlin",
        "nextDigestAt": "2026-12-01T06:00:00Z", "mailState": { "since": "2026-11-29T09:00:00Z", "told": null, "trouble": "bounced" },
        "subscriptions": [heard("errors", "immediate", true), heard("seats", "daily", false), apart] })
}

/// Everything that these pages ask for, called so and in that state.
pub fn fill(stage: &Stage, name: &str, state: &str) {
    let told = |path: &str, value: &Value| stage.told(&format!("GET {path}"), 200, value);
    told(&format!("{AT}/history/users/u1"), &history(name));
    told(&format!("{AT}/history/groups/g1"), &history(name));
    let explained = json!({ "verdict": "change", "because": name, "before": name, "after": null });
    told(&format!("{AT}/comparisons/dif_1/explain"), &explained);
    let property = json!({ "property": name, "reach": "captured", "limit": "volatile", "gap": "denied", "count": 3, "isRelation": true });
    let covered = json!({ "items": [property], "next": "n", "objects": 7 });
    told(&format!("{AT}/snapshots/snp_1/coverage/users"), &covered);
    let link = if state == "done" { json!("https://files.example/x?signature=s3cret") } else { Value::Null };
    let download = json!({ "id": "dow_1", "state": state, "snapshot": "snp_1", "comparison": null, "kinds": ["users"], "key": name,
        "format": "csv", "records": 7, "bytes": 700, "expected": 9, "requestedBy": name, "requestedAt": "2026-11-30T09:00:00Z",
        "doneAt": null, "endsAt": "2026-12-01T09:00:00Z", "link": link, "error": null });
    told(&format!("{AT}/downloads/dow_1"), &download);
    stage.lists(&format!("{AT}/downloads"), &[download]);
    let token = json!({ "id": "tok_1", "prefix": "hfo_1", "scopes": ["search"], "createdAt": "2026-11-30T09:00:00Z",
        "expiresAt": "2027-11-30T09:00:00Z", "lastUsedAt": null, "revokedAt": null });
    told(&format!("{AT}/token"), &token);
    let session = json!({ "id": "ses_9", "openedBy": name, "createdAt": "2026-11-30T09:00:00Z", "expiresAt": "2026-11-30T10:00:00Z" });
    stage.lists(&format!("{AT}/sessions"), std::slice::from_ref(&session));
    stage.lists("/v1/people/x_1/sessions", &[session]);
    told(
        "/v1/people/x_1",
        &json!({ "id": "x_1", "name": name, "email": name, "role": "support", "signsIn": true,
        "timeZone": "Europe/Berlin", "organisations": ["org_1"], "mailState": null }),
    );
    stage.lists("/v1/notifications", &[notifications(name)]);
    told("/v1/me/notifications", &notifications(name));
    told("/v1/people/x_1/notifications", &notifications(name));
    let cell =
        |role: &str, may: bool| json!({ "role": role, "may": may, "condition": null, "feature": null });
    let own = json!({ "role": "endCustomer", "may": true, "condition": "featureOn", "feature": "search" });
    let row =
        json!({ "action": "useSnapshots", "roles": [cell("owner", true), cell("finance", false), own] });
    told("/v1/rights", &json!({ "actions": [row] }));
    let job = json!({ "id": "snp_1", "type": "snapshot", "organisation": "org_1", "organisationName": name, "state": "done",
        "requestedBy": name, "requestedAt": "2026-11-30T09:00:00Z", "doneAt": null });
    told("/v1/jobs", &json!({ "items": [job], "next": "n", "gone": 2, "complete": false }));
    let gone = json!({ "kind": "users", "key": "u1", "name": name, "first": "snp_1", "last": "snp_1", "left": "softDeleted", "isWhole": false });
    told(
        &format!("{AT}/search"),
        &json!({ "items": [gone], "next": "n", "complete": false, "newest": "snp_1",
        "searchedBackTo": "snp_1", "notHeld": ["groups"], "unreadable": [] }),
    );
    let line = json!({ "organisation": "org_1", "organisationName": name, "planName": name, "currency": "EUR", "seatDays": 90,
        "amountMinor": 870, "parts": [] });
    told(
        "/v1/invoices/2026-10",
        &json!({ "number": "HF-7", "month": "2026-10", "through": "2026-10-31", "lines": [line],
        "totals": [{ "currency": "EUR", "amountMinor": 870 }], "next": "n" }),
    );
}

#[tokio::test]
async fn a_history_says_when_what_by_whom_and_from_what_to_what_and_what_is_not_told() {
    let stage = full("owner", "Maya", "done").await;
    let found = json!({ "id": "dif_1", "state": "done", "before": "snp_1", "after": "live", "kinds": [], "object": null });
    stage.lists(&format!("{AT}/comparisons"), &[found]);
    let seen = stage.get("/e/org_1/history/users/u1").await;
    for said in [
        "2026-11-30 09:00 UTC",
        "<th scope=\"row\"><a href=\"/e/org_1/objects/users/u1?snapshot=live\">",
        "probably by <bdi>Maya</bdi>",
        "was <del><bdi class=\"value\">Maya</bdi></del>",
        "is <ins><bdi class=\"value\">Contractor</bdi></ins>",
        "/e/org_1/history/users/u1?link=users.manager&amp;to=u2",
        "This is not everything",
        "users was not held from",
        "This snapshot cannot be read:",
        "a guess, since both are alike in mail",
        "/e/org_1/history/users/u1?cursor=n",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
    stage.told(&format!("GET {AT}/history/users/u1"), 200, &json!({ "things": [] }));
    assert_eq!(
        stage.get("/e/org_1/history/users/u1").await.status,
        StatusCode::BAD_GATEWAY,
        "no list is no empty one"
    );
}

#[tokio::test]
async fn a_filter_that_is_wrong_is_shown_with_the_place_at_which_it_is() {
    let stage = full("owner", "Maya", "done").await;
    let fault = json!({ "field": "filter", "message": "at character 10: an operator is missing", "at": 10 });
    let problem = json!({ "detail": "filter: at character 10", "errors": [fault] });
    stage.told(&format!("GET {AT}/snapshots/snp_1/objects"), 422, &problem);
    let seen = stage.get("/e/org_1/search?kind=users&filter=jobTitle+%3C%3E+1").await;
    assert_eq!(seen.status, StatusCode::UNPROCESSABLE_ENTITY);
    sound(&seen, "a wrong filter");
    for said in [
        "value=\"jobTitle &lt;&gt; 1\"",
        "aria-invalid=\"true\"",
        "an operator is missing",
        "<code>jobTitle <mark>&lt;</mark>&gt; 1</code>",
        "Nothing was searched",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
}

#[tokio::test]
async fn an_object_that_was_not_there_then_is_told_so_and_one_of_a_time_is_of_the_snapshot_of_that_time() {
    let stage = full("owner", "Maya", "done").await;
    let seen = stage.get("/e/org_1/objects/users/u1?asOf=2026-11-30T09:10").await;
    assert!(seen.text.contains("As in the snapshot of") && seen.text.contains("value=\"2026-11-30T09:10\""));
    stage.told(&format!("GET {AT}/snapshots/snp_1/objects/users/u1"), 404, &json!({ "detail": "none" }));
    let seen = stage.get("/e/org_1/objects/users/u1?asOf=2026-11-30T09:10").await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.text.contains("The snapshot of that time does not hold it."), "{}", seen.text);
    stage.told(&format!("GET {AT}/objects"), 404, &json!({ "detail": "none" }));
    let seen = stage.get("/e/org_1/objects/users/u1?asOf=2020-01-01T00:00").await;
    assert!(seen.text.contains("There was no snapshot yet at that time."), "{}", seen.text);
    assert_eq!(stage.get("/e/org_1/objects/users/u1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_link_of_a_download_is_followed_and_stands_on_no_page() {
    let stage = full("owner", "Fabrikam", "done").await;
    for page in ["/e/org_1/downloads", "/e/org_1/downloads/dow_1"] {
        assert!(!stage.get(page).await.text.contains("s3cret"), "{page}");
    }
    let seen = stage.get("/e/org_1/downloads/dow_1/file").await;
    assert_eq!(seen.headers[LOCATION], "https://files.example/x?signature=s3cret");
    let stage = full("owner", "Fabrikam", "running").await;
    let seen = stage.get("/e/org_1/downloads/dow_1/file").await;
    assert_eq!(seen.headers[LOCATION], "/e/org_1/downloads/dow_1", "there is no file yet");
}

#[tokio::test]
async fn a_download_names_the_object_apart_from_the_key_of_the_form() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("POST {AT}/downloads"), 202, &json!({ "id": "dow_1" }));
    let form = "key=k1&snapshot=snp_1&kind=users&object=u1&format=csv";
    let seen = stage.post("/e/org_1/downloads", form).await;
    assert_eq!(seen.headers[LOCATION], "/e/org_1/downloads/dow_1");
    let call = stage.calls().pop().unwrap();
    let body = json!({ "snapshot": "snp_1", "kinds": ["users"], "key": "u1", "format": "csv" });
    assert_eq!((call.body, &call.headers["idempotency-key"]), (body, &"k1".parse().unwrap()));
}

#[tokio::test]
async fn an_edit_that_somebody_else_was_ahead_of_shows_both_versions_and_saves_over_it_alone_when_told_to() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("PATCH {AT}"), 412, &json!({ "detail": "the organisation was changed meanwhile" }));
    let form = "key=k1&version=%22old%22&name=Mine&email=it%40mine.example&details=note";
    let seen = stage.post("/organisations/org_1/edit", form).await;
    assert_eq!(seen.status, StatusCode::PRECONDITION_FAILED);
    sound(&seen, "both versions");
    for said in [
        "<bdi class=\"value\">Fabrikam</bdi>",
        "<bdi class=\"value\">Mine</bdi>",
        "Save mine over it",
        "name=\"email\" value=\"it@mine.example\"",
        "href=\"/organisations/org_1\"",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
    assert!(
        !seen.text.contains("&quot;old&quot;") && !seen.text.contains("value=\"k1\""),
        "neither the old version nor its key"
    );
    for (page, api, form) in [
        ("/organisations/org_1/subscription", format!("PATCH {AT}/subscription"), "seats=9&plan=pln_1"),
        ("/organisations/org_1/features", format!("PUT {AT}/features"), "feature=search"),
        ("/organisations/org_1/approvals", format!("PUT {AT}/approvals"), "restores=always"),
        ("/people/x_1", "PATCH /v1/people/x_1".to_owned(), "name=N&timeZone=UTC&role=admin&sees=all"),
        (
            "/people/x_1/notifications",
            "PUT /v1/people/x_1/notifications".to_owned(),
            "topic-errors=daily&hour=7&timeZone=UTC",
        ),
        ("/e/org_1/settings", format!("PUT {AT}/schedule"), "snapshotsPerDay=4"),
        (
            "/notifications/mine",
            "PUT /v1/me/notifications".to_owned(),
            "topic-errors=daily&hour=7&timeZone=UTC",
        ),
    ] {
        stage.told(&api, 412, &json!({ "detail": "changed meanwhile" }));
        let seen = stage.post(page, &format!("key=k&version=old&{form}")).await;
        assert_eq!(seen.status, StatusCode::PRECONDITION_FAILED, "{page}: {}", seen.text);
        assert!(seen.text.contains("Both versions"), "{page}");
        sound(&seen, page);
    }
    stage.told(&format!("POST {AT}/suspend"), 412, &json!({ "detail": "changed meanwhile" }));
    let seen = stage.post("/organisations/org_1/suspend", "key=k&version=old").await;
    assert!(seen.text.contains("Somebody changed this meanwhile") && !seen.text.contains("Both versions"));
}

#[tokio::test]
async fn what_is_done_with_several_organisations_is_told_of_each_and_is_done_once() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("POST {AT}/snapshots"), 202, &json!({ "id": "snp_2" }));
    stage.told("GET /v1/organisations/org_2", 200, &json!({ "id": "org_2", "name": "Contoso" }));
    stage.told("POST /v1/organisations/org_2/snapshots", 409, &json!({ "detail": "no tenant is connected" }));
    let form = "key=k1&act=snapshot&organisation=org_1&organisation=org_2&organisation=org_3";
    let seen = stage.post("/organisations/bulk", form).await;
    sound(&seen, "what became of each");
    for said in [
        "Done with 1 of 3.",
        "snapshot asked for",
        "no tenant is connected",
        "<bdi>Contoso</bdi>",
        "There is nothing at this address",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
    let calls = stage.calls();
    let keys: Vec<_> = calls.iter().filter_map(|call| call.headers.get("idempotency-key")).collect();
    assert_eq!(keys, ["k1-org_1", "k1-org_2"]);
    for wrong in
        ["key=k1&act=snapshot", "key=k1&act=erase&organisation=org_1", "act=snapshot&organisation=org_1"]
    {
        assert_eq!(
            stage.post("/organisations/bulk", wrong).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{wrong}"
        );
        assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")), "{wrong}");
    }
}

#[tokio::test]
async fn a_transfer_says_what_it_needs_and_is_taken_on_a_plan() {
    let stage = full("owner", "Fabrikam", "done").await;
    let seen = stage.get("/transfers/org_1").await;
    assert!(
        seen.text.contains("3 seats are billed to you") && seen.text.contains("Entra is not active"),
        "{}",
        seen.text
    );
    stage.told(&format!("POST {AT}/transfer/accept"), 200, &json!({ "id": ORG }));
    let seen = stage.post("/transfers/org_1", "key=k1&plan=pln_1").await;
    assert_eq!(seen.headers[LOCATION], "/organisations/org_1");
    assert_eq!(stage.calls().pop().unwrap().body, json!({ "plan": "pln_1" }));
    assert_eq!(stage.get("/transfers/org_9").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_organisations_own_token_is_made_anew_after_a_fresh_sign_in_alone_and_shown_once() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(&format!("POST {AT}/token"), 201, &json!({ "id": "tok_2", "token": "hfo_secret" }));
    let seen = stage.post("/organisations/org_1/token/renew", "key=k1").await;
    assert!(seen.text.contains("value=\"hfo_secret\"") && seen.headers["cache-control"] == "no-store");
    let mut long_ago = me("owner");
    long_ago["signInAgeSeconds"] = json!(901);
    stage.told("GET /v1/me", 200, &long_ago);
    stage.calls();
    assert_eq!(stage.post("/organisations/org_1/token/renew", "key=k2").await.status, StatusCode::FORBIDDEN);
    assert!(stage.calls().iter().all(|call| call.line.starts_with("GET ")));
}

#[tokio::test]
async fn a_comparison_is_filtered_and_ordered_by_the_api_and_its_table_is_of_the_same_changes() {
    let stage = full("owner", "Fabrikam", "done").await;
    stage.told(
        &format!("GET {AT}/comparisons/dif_1/changes"),
        200,
        &json!({ "items": [change("Maya")], "next": "n" }),
    );
    let page = "/e/org_1/comparisons/dif_1?kind=users&what=modified&minWeight=70&actor=ann";
    let seen = stage.get(page).await;
    let same = "kind=users&amp;what=modified&amp;minWeight=70&amp;actor=ann&amp;order=weight";
    for said in [
        format!("/changes.csv?{same}"),
        format!("?{same}&amp;cursor=n"),
        "path=jobTitle\">why?</a>".to_owned(),
    ] {
        assert!(seen.text.contains(&said), "{said}: {}", seen.text);
    }
    let asked = stage.queries();
    let of_changes = asked.iter().find(|asked| asked.contains("/changes?")).unwrap();
    assert!(
        of_changes.contains("kind=users&what=modified&minWeight=70&actor=ann&order=weight"),
        "{of_changes}"
    );
}

#[tokio::test]
async fn whoever_is_gone_is_found_with_how_they_left_and_what_was_not_searched() {
    let stage = full("owner", "Maya", "done").await;
    let seen = stage.get("/e/org_1/search/ever?name=maya").await;
    for said in [
        "deleted, in the recycle bin",
        "with gaps",
        "Not everything was searched yet",
        "groups: not held",
        "name=maya&amp;cursor=n",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
    stage.told(&format!("GET {AT}/search"), 200, &json!({ "things": [] }));
    assert_eq!(
        stage.get("/e/org_1/search/ever?name=maya").await.status,
        StatusCode::BAD_GATEWAY,
        "no list is no empty one"
    );
}

#[tokio::test]
async fn the_jobs_of_all_organisations_say_what_is_left_out() {
    let stage = full("owner", "Fabrikam", "done").await;
    let seen = stage.get("/jobs?type=snapshot").await;
    for said in [
        "href=\"/e/org_1/snapshots/snp_1\"",
        "2 jobs are left out",
        "Not everything could be read",
        "type=snapshot&amp;cursor=n",
    ] {
        assert!(seen.text.contains(said), "{said}: {}", seen.text);
    }
}
