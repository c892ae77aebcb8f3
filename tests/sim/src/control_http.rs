//! The control plane over HTTP for other processes.
//!
//! | request | does |
//! |--|--|
//! | `GET /_sim/counters` | requests, units, writes, 429s by tenant |
//! | `GET /_sim/requests?tenant=` | the requests seen |
//! | `GET /_sim/dump?tenant=` | the complete tenant |
//! | `POST /_sim/clear` | forgets the requests |
//! | `POST /_sim/faults` | a fault rule |
//! | `POST /_sim/advance` `{seconds}` | moves the clock |
//! | `POST /_sim/switches` `{...}` | the switches named in the body; `limits`: none, default or a share of these |
//! | `POST /_sim/permissions` `{tenant, app, permissions}` | permissions of new tokens; null withdraws consent |
//! | `POST /_sim/id-token` `{tenant, user, aud, wids, iat}` | an id token, as after a sign-in |
//! | `POST /_sim/consent` `{tenant, app}` | consents |
//! | `PUT /_sim/raw/{path}?tenant=` | imports an object |

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};

use crate::control::Control;
use crate::graph::Query;
use crate::login::SignedIn;
use crate::switches::{ExpandedSettings, ExpiredDelta};
use crate::throttle::Limits;

fn reply(status: u16, value: &Value) -> Response {
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Body::from(value.to_string()))
        .expect("a plain response")
}

fn switches(control: &Control, body: &Value) {
    let number = |name: &str| body[name].as_u64();
    let flag = |name: &str| body[name].as_bool();
    if let Some(seconds) = body["replication_seconds"].as_f64() {
        control.set_replication_delay(Duration::from_secs_f64(seconds));
    }
    if let Some(reads) = number("replication_reads") {
        control.set_replication_reads(u32::try_from(reads).unwrap_or(u32::MAX));
    }
    if let Some(ms) = number("latency_ms") {
        control.set_latency(Duration::from_millis(ms));
    }
    if let Some(runs) = flag("run_with_real_time") {
        control.run_with_real_time(runs);
    }
    if flag("expire_tokens") == Some(true) {
        control.expire_tokens();
    }
    if let Ok(how) = serde_json::from_value::<ExpiredDelta>(body["expire_delta_tokens"].clone()) {
        control.expire_delta_tokens(how);
    }
    match (body["limits"].as_str(), body["limits"].as_f64()) {
        (Some("none"), _) => control.set_limits(Limits::none()),
        (Some("default"), _) => control.set_limits(Limits::default()),
        (_, Some(share)) => control.set_limits(Limits::default().scaled(share)),
        _ => {}
    }
    control.switch(|switches| {
        if let Some(refuse) = flag("refuse_consent") {
            switches.refuse_consent = refuse;
        }
        if let Some(seed) = number("shuffle") {
            switches.shuffle = Some(seed);
        }
        if let Ok(how) = serde_json::from_value::<ExpandedSettings>(body["expanded_settings"].clone()) {
            switches.expanded_settings = how;
        }
        if let Ok(how) = serde_json::from_value(body["retry_after"].clone()) {
            switches.retry_after = how;
        }
        if let Ok(how) = serde_json::from_value(body["top_over_maximum"].clone()) {
            switches.top_over_maximum = how;
        }
    });
}

/// Answers a request of the control plane.
pub(crate) fn handle(
    control: &Control,
    base: &str,
    (method, path): (&str, &str),
    query: &str,
    body: &[u8],
) -> Response {
    // Why a default tenant: most simulated clouds have one, and a command line should not have to name it.
    let query = Query::parse(query);
    let first = control.tenant_ids().into_iter().next().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let tenant = query.get("tenant").or(body["tenant"].as_str()).map_or(first, str::to_owned);
    let app = body["app"].as_str().unwrap_or_default();
    let command = path.trim_start_matches("/_sim/");
    match (method, command) {
        // What is read comes with an answer of its own; every other command answers an empty object at the end.
        ("GET", "counters") => {
            let counters = control.tenant_ids().into_iter().map(|id| {
                let value = json!({
                    "requests": control.requests(&id).len(),
                    "resourceUnits": control.resource_units(&id),
                    "writes": control.writes(&id),
                    "throttled": control.throttled(&id),
                });
                (id, value)
            });
            return reply(200, &Value::Object(counters.collect()));
        }
        ("GET", "requests") => return reply(200, &json!(control.requests(&tenant))),
        ("GET", "dump") => return reply(200, &control.dump(&tenant)),
        ("POST", "clear") => control.clear(),
        ("POST", "faults") => match serde_json::from_value(body) {
            Ok(rule) => control.fail_next(rule),
            Err(error) => return reply(400, &json!({"error": error.to_string()})),
        },
        // Why not below zero: the clock never goes back, since tokens and windows of limits would come alive again.
        ("POST", "advance") => {
            control.advance(Duration::from_secs_f64(body["seconds"].as_f64().unwrap_or(0.0).max(0.0)));
        }
        ("POST", "switches") => switches(control, &body),
        ("POST", "permissions") => match body["permissions"].as_array() {
            Some(list) => {
                let list = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                control.set_permissions(&tenant, app, list);
            }
            // Why null withdraws: an application without any permission is still known to the tenant.
            None => control.withdraw_consent(&tenant, app),
        },
        // Why a token without a sign-in: a test that only needs somebody signed in has no browser.
        ("POST", "id-token") => {
            let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
            let wids = body["wids"].as_array().into_iter().flatten();
            let who = SignedIn {
                nonce: None,
                signed_in_at: body["auth_time"].as_i64(),
                user: text("user"),
                audience: text("aud"),
                wids: wids.filter_map(Value::as_str).map(str::to_owned).collect(),
                issued_at: body["iat"].as_i64().unwrap_or_else(|| control.now_seconds()),
            };
            return reply(200, &json!({ "idToken": control.id_token(base, &tenant, &who) }));
        }
        ("POST", "consent") => control.consent(&tenant, app),
        // Why null ends it: a login that serves the tenant gives no error.
        ("POST", "login-refusal") => {
            let code = body["code"].as_u64().and_then(|code| u32::try_from(code).ok());
            control.set_login_refusal(&tenant, body["error"].as_str().zip(code));
        }
        ("POST", "licence") => match serde_json::from_value(body["licence"].clone()) {
            Ok(licence) => control.set_licence(&tenant, licence, body["isThere"] == true),
            Err(error) => return reply(400, &json!({"error": error.to_string()})),
        },
        ("PUT", raw) if raw.starts_with("raw/") => {
            let id = control.put_raw(&tenant, raw.trim_start_matches("raw/"), body);
            return reply(200, &json!({ "id": id }));
        }
        _ => return reply(404, &json!({"error": "no such command"})),
    }
    reply(200, &json!({}))
}
