//! `$batch`: up to 20 requests, each checked and answered by itself. Source: "Combine multiple HTTP requests using
//! JSON batching".

use std::collections::{HashMap, HashSet};

use base64::Engine;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::error::{Failure, malformed};
use super::{Answered, Incoming, one, token};
use crate::clock::iso;
use crate::inner::Inner;
use crate::observe::SeenRequest;

/// How many requests a batch may have.
const MOST: usize = 20;

fn refused(inner: &Inner, refusal: &Failure) -> Answered {
    let id = inner.request_id();
    let body = refusal.body(&iso(inner.clock.seconds()), &id, &id);
    let mut headers = vec![("content-type".into(), "application/json".into()), ("request-id".into(), id)];
    headers.extend(owned(&refusal.headers));
    Answered { status: refusal.status, headers, body: body.to_string().into_bytes() }
}

/// Whether a segment of a path, decoded, is that of batches.
pub(super) fn is_batch(segment: &str) -> bool {
    percent_decode_str(segment).decode_utf8_lossy() == "$batch"
}

/// An id: a text, or a number as some clients write it. It is answered as a text in any case.
fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()).filter(|id| !id.is_empty()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// What of an absolute address follows the version.
fn relative(url: &str) -> &str {
    let versions = ["/v1.0/", "/beta/"].into_iter().filter(|_| url.starts_with("http"));
    versions.filter_map(|version| url.split_once(version)).map(|(_, rest)| rest).next().unwrap_or(url)
}

struct Step {
    id: String,
    method: String,
    url: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
    after: Vec<String>,
}

/// Reads one request of a batch; `known` holds the ids of those before it.
fn step(entry: &Value, known: &HashSet<String>, takes_absolute: bool) -> Result<Step, Failure> {
    let text = |name: &str| entry[name].as_str().map(str::to_owned);
    let id = id_of(&entry["id"]).ok_or_else(|| malformed("A request of the batch has no id."))?;
    if known.contains(&id) {
        return Err(malformed("The ids of a batch must be unique."));
    }
    let method =
        text("method").ok_or_else(|| malformed("A request of the batch has no method."))?.to_uppercase();
    let url = text("url").map(|url| if takes_absolute { relative(&url).to_owned() } else { url });
    let url = url.filter(|url| !url.is_empty() && !url.starts_with("http"));
    let url = url.ok_or_else(|| malformed("A request of the batch needs a relative url."))?;
    let first = url.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    if is_batch(first) {
        return Err(malformed("Batches cannot be nested."));
    }
    let headers: HashMap<String, String> = entry["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
        .collect();
    let body = match &entry["body"] {
        Value::Null => Vec::new(),
        body => {
            if !headers.contains_key("content-type") {
                return Err(malformed("A request of the batch with a body must have a Content-Type header."));
            }
            body.to_string().into_bytes()
        }
    };
    let after: Vec<String> = entry["dependsOn"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| id_of(one).ok_or_else(|| malformed("dependsOn names requests by their ids.")))
        .collect::<Result<_, _>>()?;
    // Why only those before it: requests are worked on in their order, so that no circle is possible.
    if after.iter().any(|one| !known.contains(one)) {
        return Err(malformed("dependsOn names a request that does not come before."));
    }
    Ok(Step { id, method, url, headers, body, after })
}

fn steps(incoming: &Incoming, takes_absolute: bool) -> Result<Vec<Step>, Failure> {
    let body: Value =
        serde_json::from_slice(&incoming.body).map_err(|_| malformed("Invalid batch payload format."))?;
    let list = body["requests"].as_array().ok_or_else(|| malformed("Invalid batch payload format."))?;
    if list.is_empty() || list.len() > MOST {
        return Err(malformed(format!("Number of batch request steps must be between 1 and {MOST}.")));
    }
    let mut known = HashSet::new();
    let mut steps = Vec::new();
    for entry in list {
        let step = step(entry, &known, takes_absolute)?;
        known.insert(step.id.clone());
        steps.push(step);
    }
    Ok(steps)
}

fn response(id: &str, answered: &Answered) -> Value {
    let headers: Map<String, Value> = answered
        .headers
        .iter()
        .map(|(name, value)| {
            (if name == "content-type" { "Content-Type" } else { name }.to_owned(), json!(value))
        })
        .collect();
    let mut out = json!({"id": id, "status": answered.status, "headers": headers});
    let is_json = |(name, value): &(String, String)| {
        name.eq_ignore_ascii_case("content-type") && value.starts_with("application/json")
    };
    if !answered.body.is_empty() {
        // Why base64 for anything else: a body of a batch is a JSON value, and only JSON is one as it stands.
        let body = answered.headers.iter().any(is_json).then(|| serde_json::from_slice(&answered.body).ok());
        let encoded = || json!(base64::engine::general_purpose::STANDARD.encode(&answered.body));
        out["body"] = body.flatten().unwrap_or_else(encoded);
    }
    out
}

/// Answers a batch: its requests in their order, their answers in any.
pub(super) fn answer(inner: &Inner, incoming: &Incoming) -> Answered {
    // Why the token first: without one the batch is refused as it stands, and its requests are not looked at.
    let token = match token(inner, incoming) {
        Ok(token) => token,
        Err(refusal) => return refused(inner, &refusal),
    };
    // The batch itself costs nothing; each request inside it is charged and noted as if it had come alone.
    let seen = |status: u16| SeenRequest {
        tenant: inner.tenants[token.tenant].config.id.clone(),
        app: token.client_id.clone(),
        method: "POST".into(),
        path_and_query: "/$batch".into(),
        client_request_id: incoming.headers.get("client-request-id").cloned().unwrap_or_default(),
        version: if incoming.path.starts_with("/beta") { "beta" } else { "v1.0" }.into(),
        status,
        resource_units: 0,
        is_write: false,
        inner_of_batch: false,
        at_millis: inner.clock.millis(),
    };
    let note = |status| inner.seen.lock().expect("the lock is never held over a panic").push(seen(status));
    let finish = |answered: Answered| {
        note(answered.status);
        super::observe(inner, incoming, &incoming.path, &answered, false);
        answered
    };
    let steps = match steps(incoming, inner.switches().absolute_batch_urls) {
        Ok(steps) => steps,
        Err(refusal) => return finish(refused(inner, &refusal)),
    };
    // An ordered fault of the batch itself: before its requests take effect here, after them at the end.
    let rule = inner.faults.take("POST", &incoming.path, &incoming.body);
    if let Some(rule) = rule.as_ref().filter(|rule| !rule.is_late()) {
        let mut answered = match super::faulty(rule) {
            Ok(reply) => Answered { status: reply.status, headers: owned(&reply.headers), body: reply.body },
            Err(refusal) => refused(inner, &refusal),
        };
        answered.headers.extend(rule.headers.iter().cloned());
        return finish(answered);
    }
    let root = incoming.path.trim_end_matches("/$batch").to_owned();
    let mut failed = HashSet::new();
    let mut responses = Vec::new();
    for step in &steps {
        // Why it counts as failed too: a third request may depend on this one.
        if step.after.iter().any(|one| failed.contains(one)) {
            failed.insert(step.id.clone());
            let refusal =
                super::failure(424, "FailedDependency", "A request that this one depends on failed.");
            responses.push(response(&step.id, &refused(inner, &refusal)));
            continue;
        }
        // Only the token comes from the batch; any other header has to be in the request itself.
        let (path, query) = step.url.split_once('?').unwrap_or((&step.url, ""));
        let mut headers = step.headers.clone();
        if let Some(value) = incoming.headers.get("authorization") {
            headers.insert("authorization".into(), value.clone());
        }
        let inside = Incoming {
            method: step.method.clone(),
            path: format!("{root}/{}", path.trim_start_matches('/')),
            query: query.to_owned(),
            headers,
            body: step.body.clone().into(),
            base: incoming.base.clone(),
        };
        let answered = one(inner, &inside, true);
        if answered.status >= 400 || answered.status <= 1 {
            failed.insert(step.id.clone());
        }
        // Why 500: a connection cannot be cut inside a batch.
        let status = if answered.status <= 1 { 500 } else { answered.status };
        responses.push(response(&step.id, &Answered { status, ..answered }));
    }
    if let Some(rule) = rule.as_ref().filter(|rule| !rule.is_about_the_answer()) {
        return finish(Answered {
            status: rule.status,
            headers: Vec::new(),
            body: rule.body.clone().into_bytes(),
        });
    }
    // Why rotated: Microsoft promises no order, so a client that relies on one has to fail here. The number varies from
    // call to call.
    let by = inner.request_id().bytes().map(usize::from).sum::<usize>() % responses.len().max(1);
    responses.rotate_left(by);
    let mut body = json!({ "responses": responses }).to_string().into_bytes();
    if let Some(rule) = rule {
        rule.change(&mut body);
    }
    finish(Answered { status: 200, headers: vec![("content-type".into(), "application/json".into())], body })
}

fn owned(headers: &[(&'static str, String)]) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}
