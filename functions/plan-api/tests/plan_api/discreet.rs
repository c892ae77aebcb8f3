//! What a caller writes is in no log line, however wrong it is: a line names the fault by closed words and the field by
//! its place.

use crate::common::Plane;
use axum::body::Body;
use http::{Request, StatusCode};
use partners::commands::Caller;
use serde_json::json;
use support::lines::logged;

/// The longest line that a refused request may leave.
const LINE_BYTES: usize = 1_500;

#[tokio::test]
async fn what_a_caller_wrote_in_vain_is_in_no_log_line_and_no_line_is_long() {
    const PRIVATE: &str = "ann@customer.com";
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let long = PRIVATE.repeat(15_000);
    let at = |path: &str, body: serde_json::Value| (path.to_owned(), Some(body));
    let asked = [
        at("/v1/invitations", json!({ "role": PRIVATE })),
        at("/v1/invitations", json!({ PRIVATE: 1 })),
        at("/v1/invitations", json!({ &long: 1 })),
        at("/v1/invitations", json!({ "role": &long })),
        at("/v1/invitations", json!({ "name": { PRIVATE: PRIVATE } })),
        at("/v1/invitations", json!({ "name": "A", "email": PRIVATE, "role": "admin", "timeZone": PRIVATE })),
        at("/v1/invitations", json!({ "name": "A\n", "email": PRIVATE, "role": "admin" })),
        at(
            "/v1/invitations",
            json!({ "name": "A", "email": PRIVATE, "role": "admin", "organisations": [PRIVATE] }),
        ),
        at("/v1/organisations", json!({ "name": "A", "email": "a@b.example", "plan": PRIVATE, "seats": 1 })),
        at(&format!("/v1/organisations/{PRIVATE}/consent-link"), json!({ "app": "reader" })),
        at("/v1/organisations", json!(PRIVATE)),
        (format!("/v1/organisations?{PRIVATE}=1"), None),
        (format!("/v1/organisations?state={PRIVATE}"), None),
        (format!("/v1/organisations?cursor={PRIVATE}"), None),
        (format!("/v1/usage?month={PRIVATE}"), None),
        (format!("/v1/consent/callback?error={PRIVATE}"), None),
        (format!("/v1/consent/callback?admin_consent={PRIVATE}&tenant={PRIVATE}&state={PRIVATE}"), None),
        (format!("/{PRIVATE}"), None),
    ];
    for (path, body) in asked {
        let ask = async {
            match &body {
                Some(body) => plane.post(&owner, &path, body).await,
                None => plane.send(Some(&owner), Request::get(&path).body(Body::empty()).unwrap()).await,
            }
        };
        let (answer, lines) = logged(ask).await;
        let what = format!("{} {:.200}", &path[..path.len().min(80)], body.unwrap_or_default().to_string());
        assert!(answer.status.is_client_error() && answer.status != StatusCode::UNAUTHORIZED, "{what}");
        assert!(!lines.is_empty(), "every request is logged: {what}");
        for line in &lines {
            assert!(!line.contains(PRIVATE), "{what}: {line:.1500}");
            assert!(line.len() <= LINE_BYTES, "{what}: {} bytes: {line:.300}", line.len());
        }
        assert!(answer.text.len() <= 4_000, "{what}: nor is it all sent back");
    }
}

#[tokio::test]
async fn a_line_says_which_field_was_wrong_where_the_name_is_surely_ours() {
    const UNREAD: &str = "not of the form that the route takes";
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    for (body, said) in [
        (json!({ "name": "A", "email": "a@b.example", "role": "wombat" }), UNREAD),
        (json!({ "name": "A", "email": "a@b.example" }), UNREAD),
        (json!({ "AnnBerg": "A" }), UNREAD),
        (json!({ "name": 1 }), UNREAD),
        (json!({ "name": "A", "email": "none", "role": "admin" }), "email: not valid"),
    ] {
        let (answer, lines) = logged(plane.post(&owner, "/v1/invitations", &body)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(lines.iter().any(|line| line.contains(said)), "{said}: {lines:?}");
        assert!(!lines.iter().any(|line| line.contains("AnnBerg") || line.contains("wombat")), "{lines:?}");
    }
}
