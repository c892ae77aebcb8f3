//! Microsoft Graph: from a request to a reply.
//!
//! Each request is checked in the order in which Graph does it: token, throttling, permission, then the operation.

mod audits;
mod batch;
mod call;
mod collection;
mod deleted;
mod delta;
mod delta_token;
mod dispatch;
mod dump;
mod error;
mod extensions;
mod filter;
mod groups;
mod holders;
mod intune;
mod licences;
mod licensed;
mod lists;
mod memberships;
mod misc;
mod paging;
mod passes;
mod permissions;
mod pim;
mod refs;
mod render;
mod roles;
mod search;
mod security_attributes;
mod units;
mod users;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use audits::{Log as AuditLog, note_activation};
pub(crate) use call::{Query, is_reading_action};
pub(crate) use delta_token::DeltaQueries;
pub(crate) use dump::{dump, import};
pub(crate) use extensions::define as define_extension;
pub(crate) use holders::{global_administrators, tenant_wide_roles};
pub(crate) use intune::seeded as seed_policy;
pub(crate) use licences::{
    add_plan, settle as settle_licences, state as licence_state, states_of as licence_states,
};
pub(crate) use licensed::set_licence;
pub(crate) use misc::add_domain;
pub(crate) use passes::change_policy as change_access_pass_policy;
pub(crate) use pim::{add_schedule, end_schedules, remove_schedule};
pub(crate) use roles::{BUILT_IN, add_assignment, assign_role_by_name};

use call::{Call, Reply, Version};
use error::{Failure, failure};

use crate::clock::iso;
use crate::faults::FaultRule;
use crate::inner::Inner;
use crate::login::Token;
use crate::observe::{Exchange, SeenRequest};
use crate::switches::{NotArrived, RetryAfter};
use crate::throttle::{Asker, Cost, Verdict, cost};

/// A request as it came in.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub method: String,
    /// The path from `/v1.0` or `/beta` on.
    pub path: String,
    pub query: String,
    /// The headers, with their names in lower case.
    pub headers: HashMap<String, String>,
    pub body: Arc<[u8]>,
    pub base: String,
}

/// A reply as it goes out; status 0 means that the connection is cut in the middle of it, 1 that it is closed before.
pub(crate) struct Answered {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

pub(crate) fn answer(inner: &Inner, incoming: &Incoming) -> Answered {
    // Why decoded first: clients write `$batch` and `%24batch`, and both are the same address.
    let (root, last) = incoming.path.rsplit_once('/').unwrap_or(("", &incoming.path));
    if incoming.method == "POST" && batch::is_batch(last) {
        return batch::answer(inner, &Incoming { path: format!("{root}/$batch"), ..incoming.clone() });
    }
    one(inner, incoming, false)
}

fn token(inner: &Inner, incoming: &Incoming) -> Result<Arc<Token>, Failure> {
    // Source: "Unauthorized" answers name where tokens come from (RFC 6750); clients read it to sign in again.
    let challenge = "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"";
    let unauthorized = |code: &str, text: &str| Failure {
        headers: vec![("WWW-Authenticate", challenge.to_owned())],
        ..failure(401, code, text)
    };
    let refuse = |text: &str| unauthorized("InvalidAuthenticationToken", text);
    let header = incoming.headers.get("authorization").map_or("", String::as_str);
    let Some(value) = header.strip_prefix("Bearer ").filter(|value| !value.is_empty()) else {
        return Err(refuse("Access token is empty."));
    };
    let now = inner.clock.seconds();
    let token = inner.login.bearer(value, now);
    let token = token.ok_or_else(|| refuse("Lifetime validation failed, the token is expired."))?;
    match inner.not_arrived(token.tenant, token.app) {
        Some(NotArrived::Unauthorized) => {
            Err(refuse("The identity of the calling application could not be established."))
        }
        Some(NotArrived::NoIdentity) => Err(unauthorized(
            "Authorization_IdentityNotFound",
            "The identity of the calling application could not be established.",
        )),
        Some(NotArrived::Forbidden) if !incoming.path.ends_with("/organization") => Err(error::denied()),
        _ => Ok(token),
    }
}

fn charge(inner: &Inner, token: &Token, cost: Cost) -> Verdict {
    let tenant = &inner.tenants[token.tenant];
    let asker = Asker {
        tenant: token.tenant,
        tenant_id: &tenant.config.id,
        users: tenant.directory.read().expect("the lock is never held over a panic").live[0],
        app: token.app,
        client_id: &token.client_id,
        writes_apart: inner.switches().application_writes_apart,
    };
    let limits = inner.limits.read().expect("the lock is never held over a panic");
    let mut throttle = inner.throttle.lock().expect("the lock is never held over a panic");
    throttle.charge(&limits, &asker, cost, inner.clock.millis())
}

fn too_many(inner: &Inner, verdict: &Verdict) -> Option<Failure> {
    let refusal = verdict.refused.as_ref()?;
    let mut refused = failure(429, "TooManyRequests", "Please retry again later.");
    if refusal.retry_after {
        match inner.switches().retry_after {
            RetryAfter::Missing => {}
            RetryAfter::Whole => {
                let seconds = (refusal.retry_ms + 999) / 1000;
                refused.headers.push(("Retry-After", seconds.to_string()));
            }
            RetryAfter::Fractional => {
                let text = format!("{}.{:03}", refusal.retry_ms / 1000, refusal.retry_ms % 1000);
                refused.headers.push(("Retry-After", text));
            }
        }
    }
    refused.headers.push(("x-ms-throttle-information", refusal.information.to_owned()));
    refused.headers.push(("x-ms-throttle-scope", verdict.scope.clone()));
    Some(refused)
}

fn faulty(rule: &FaultRule) -> Result<Reply, Failure> {
    let mut headers = Vec::new();
    if let Some(value) = &rule.retry_after {
        headers.push(("Retry-After", value.clone()));
    }
    if rule.body.is_empty() && rule.status > 1 {
        let code = match rule.status {
            401 => "InvalidAuthenticationToken",
            403 => "Authorization_RequestDenied",
            429 => "TooManyRequests",
            500 => "InternalServerError",
            503 => "ServiceUnavailable",
            504 => "GatewayTimeout",
            _ => "UnknownError",
        };
        return Err(Failure { headers, ..failure(rule.status, code, "An ordered failure.") });
    }
    Ok(Reply { status: rule.status, headers, body: rule.body.clone().into_bytes() })
}

/// Answers one request that is not a batch, or one inside a batch.
pub(crate) fn one(inner: &Inner, incoming: &Incoming, inner_of_batch: bool) -> Answered {
    let request_id = inner.request_id();
    let client_id = incoming.headers.get("client-request-id").unwrap_or(&request_id).clone();
    let path_and_query = match incoming.query.as_str() {
        "" => incoming.path.clone(),
        query => format!("{}?{query}", incoming.path),
    };
    // Every reply names the request twice, refusals too: that is what Microsoft asks for when something is unclear.
    let mut headers: Vec<(String, String)> =
        vec![("request-id".into(), request_id.clone()), ("client-request-id".into(), client_id.clone())];
    let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
    // Why the cost comes before the token: it follows from the request alone.
    let (version, rest) = incoming.path.trim_start_matches('/').split_once('/').unwrap_or(("", ""));
    let query = Query::parse(&incoming.query);
    let path = call::segments(rest);
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let cost = cost(&incoming.method, &segments, &query);
    let token = token(inner, incoming);
    let mut further: Vec<(String, String)> = Vec::new();
    let result = match (&token, Version::named(version)) {
        (Err(refused), _) => Err(refused.clone()),
        (_, None) => Err(error::malformed(format!("Invalid version: {version}"))),
        (Ok(token), Some(version)) => {
            // Why the request is charged before it is worked on: one that is refused counts against the limits as well.
            let verdict = charge(inner, token, cost);
            put("x-ms-resource-unit", cost.units.to_string());
            if verdict.used >= 0.8 {
                put("x-ms-throttle-limit-percentage", format!("{:.2}", verdict.used.min(1.8)));
            }
            // Why throttling beats an ordered fault: a test that orders a fault still has to see the limits kept.
            let rule = inner.faults.take(&incoming.method, &path_and_query, &incoming.body);
            further = rule.iter().flat_map(|rule| rule.headers.iter().cloned()).collect();
            match (too_many(inner, &verdict), rule) {
                (Some(refused), _) => Err(refused),
                (None, Some(rule)) if !rule.is_late() => faulty(&rule),
                (None, rule) => {
                    let call = Call {
                        version,
                        method: incoming.method.clone(),
                        path: path.clone(),
                        raw_path: incoming.path.clone(),
                        query,
                        headers: incoming.headers.clone(),
                        body: Arc::clone(&incoming.body),
                        base: incoming.base.clone(),
                        token: Arc::clone(token),
                        switches: inner.switches(),
                    };
                    // A fault that is ordered for afterwards: the write takes effect, and its answer is lost.
                    let done = dispatch::run(inner, &call);
                    match rule {
                        Some(rule) if rule.is_about_the_answer() => done.map(|mut reply| {
                            rule.change(&mut reply.body);
                            reply
                        }),
                        Some(rule) if done.as_ref().is_ok_and(|reply| !rule.fits_answer(&reply.body)) => done,
                        Some(rule) => faulty(&rule),
                        None => done,
                    }
                }
            }
        }
    };
    let reply = result.unwrap_or_else(|refused| {
        let body = refused.body(&iso(inner.clock.seconds()), &request_id, &client_id);
        Reply { status: refused.status, headers: refused.headers, body: body.to_string().into_bytes() }
    });
    // What a handler or a fault says of the type of its answer stands.
    let is_said = reply.headers.iter().any(|(name, _)| *name == "content-type")
        || further.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if !reply.body.is_empty() && !is_said {
        put(
            "content-type",
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
                .into(),
        );
    }
    for (name, value) in reply.headers {
        put(name, value);
    }
    headers.extend(further);
    // Why only with a token: requests are counted by tenant, and without a token there is none.
    if let Ok(token) = &token {
        let seen = SeenRequest {
            tenant: inner.tenants[token.tenant].config.id.clone(),
            app: token.client_id.clone(),
            method: incoming.method.clone(),
            path_and_query: path_and_query.split_once('/').map_or("", |(_, p)| p).to_owned(),
            client_request_id: client_id.clone(),
            version: version.to_owned(),
            status: reply.status,
            resource_units: cost.units,
            is_write: cost.write,
            inner_of_batch,
            at_millis: inner.clock.millis(),
        };
        let seen = SeenRequest {
            path_and_query: seen
                .path_and_query
                .strip_prefix(version)
                .map_or(seen.path_and_query.clone(), str::to_owned),
            ..seen
        };
        inner.seen.lock().expect("the lock is never held over a panic").push(seen);
    }
    let answered = Answered { status: reply.status, headers, body: reply.body };
    observe(inner, incoming, &path_and_query, &answered, inner_of_batch);
    answered
}

fn observe(inner: &Inner, incoming: &Incoming, url: &str, answered: &Answered, inner_of_batch: bool) {
    let observers = inner.observers.read().expect("the lock is never held over a panic");
    if observers.is_empty() {
        return;
    }
    let exchange = Exchange {
        method: incoming.method.clone(),
        url: url.to_owned(),
        request_headers: incoming.headers.iter().map(|(n, v)| (n.clone(), v.clone())).collect(),
        request_body: incoming.body.to_vec(),
        status: answered.status,
        reply_headers: answered.headers.clone(),
        reply_body: answered.body.clone(),
        inner_of_batch,
    };
    for observer in observers.iter() {
        observer(&exchange);
    }
}
