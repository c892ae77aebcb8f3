//! `Idempotency-Key`: a POST that is sent again under its key is done once.
//!
//! As draft-ietf-httpapi-idempotency-key-header says. The key may be bare or in quotes. A reply is kept for 24 hours
//! and given again with `Idempotency-Replayed: true`. Not kept are failures of ours (5xx) and refusals that may pass by
//! themselves ([`PASSING`]): nothing was done, and the same request may be taken later. A reply that shows
//! a secret is not kept either: sent again, it is 409 and names what was made. A request whose process ended before
//! it answered lets its key go after a minute; whether it took effect is for the sender to look up.
//! A reply is given again only to who still has the right that the request takes: what one may no longer ask for, one may
//! no longer read from what was kept.

use super::audit::route_of;
use super::route::PostRights;
use super::{MAX_BODY_BYTES, caller};
use crate::headers::{IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED};
use crate::problem::{Problem, Reply};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt as _, Router};
use domain::rights::Action;
use domain::{OrganisationId, PartnerId};
use engine::records::{Found, IdempotentRequest, KeptReply, Records};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use partners::commands::idempotency::{Begun, Idempotency, hash_of};
use partners::commands::{Caller, Gate};

/// A key may be so long.
pub const KEY_CHARS: usize = 255;

/// Headers that are part of the answer.
const KEPT_HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL];

/// Refusals that the next request may not meet: somebody was faster or a state does not allow it now (another snapshot is
/// being taken, a comparison is not done), it was asked too often, or it names a wrong version or none. Other refusals say
/// something of the request itself.
const PASSING: [StatusCode; 4] = [
    StatusCode::CONFLICT,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::PRECONDITION_REQUIRED,
];

/// The router, each of whose POSTs can be sent again by who has its right.
pub fn idempotent(router: Router, records: Records, rights: PostRights) -> Router {
    router.route_layer(from_fn_with_state((Idempotency { records }, rights), layer))
}

/// Checks that the caller may still do what the request was about.
async fn asked_again(
    gate: Gate,
    caller: &Caller,
    right: Option<Action>,
    organisation: Option<&OrganisationId>,
) -> domain::Result<()> {
    let (Some(right), Caller::Member(_)) = (right, caller) else { return Ok(()) };
    match organisation {
        Some(id) => gate.organisation(caller, id, right).await.map(drop),
        None => gate.partner(caller, None, right).await.map(drop),
    }
}

async fn layer(
    State((keys, rights)): State<(Idempotency, PostRights)>,
    mut request: Request,
    next: Next,
) -> Reply<Response> {
    let asked = caller::find(request.extensions());
    let (Some(caller), &Method::POST) = (asked, request.method()) else { return Ok(next.run(request).await) };
    let Some(key) = key_of(request.headers())? else { return Ok(next.run(request).await) };
    let (partner, name) = named(&request, &caller, &key);
    let params = request.extract_parts::<RawPathParams>().await.map_err(|_| Problem::no_route())?;
    let organisation = params.iter().find(|(name, _)| *name == "org").and_then(|(_, id)| id.parse().ok());
    let path = request.extensions().get::<MatchedPath>();
    let right = path.and_then(|path| rights.of_post(path.as_str()));
    let id = super::request_id(&request);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| super::input::too_large())?;
    let hash = hash_of(&[&body]);
    let begun = keys.begin(partner.as_ref(), &name, &hash).await?;
    if matches!(begun, Begun::Replay(_) | Begun::Unkept { .. }) {
        let gate = Gate { records: keys.records.clone() };
        asked_again(gate, &caller, right, organisation.as_ref()).await?;
    }
    match begun {
        Begun::Run(begun) => {
            let reply = next.run(Request::from_parts(parts, Body::from(body))).await;
            Ok(ended(&keys, *begun, reply, &id).await)
        }
        Begun::Replay(kept) => replayed(kept),
        Begun::Unkept { status, made } => Err(not_kept(status, made.as_deref())),
        Begun::Running => Err(running()),
        Begun::OtherBody => {
            let detail = "the key was used for a request with another body; a new request needs a new key";
            Err(Problem::new("idempotency-key-reused", StatusCode::UNPROCESSABLE_ENTITY, REUSED, detail))
        }
    }
}

const REUSED: &str = "The idempotency key was used before";

fn key_of(headers: &HeaderMap) -> Reply<Option<String>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none()).unwrap_or_default();
    let quoted = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    // Why no comma in a bare one: API Gateway joins two headers of one name by it, and one key would be made of two.
    let fits = |b: u8| b.is_ascii_graphic() && b != b'"' && (b != b',' || quoted.is_some());
    if (1..=KEY_CHARS).contains(&key.len()) && key.bytes().all(fits) {
        return Ok(Some(key.to_owned()));
    }
    let detail = format!(
        "Idempotency-Key must be one key of 1 to {KEY_CHARS} visible ASCII characters; one with a comma is in quotes"
    );
    let title = "The idempotency key is wrong";
    Err(Problem::new("idempotency-key-invalid", StatusCode::BAD_REQUEST, title, detail))
}

/// Whose key it is, and its name: the same key of another caller, or for another thing, is another one.
fn named(request: &Request, caller: &Caller, key: &str) -> (Option<PartnerId>, String) {
    let partner = match caller {
        Caller::Member(member) => Some(member.partner.clone()),
        Caller::Operator | Caller::SignedIn(..) => None,
    };
    let who = caller.name();
    let of = partner.as_ref().map_or("", PartnerId::as_str);
    let route = route_of(request.extensions());
    let (method, path) = (request.method().as_str(), request.uri().path());
    let name = hash_of(&[of, &who, method, &route, path, key].map(str::as_bytes));
    (partner, name)
}

async fn ended(keys: &Idempotency, begun: Found<IdempotentRequest>, reply: Response, id: &str) -> Response {
    let status = reply.status();
    let (written, reply) = if status.is_server_error() || PASSING.contains(&status) {
        (keys.forget(&begun).await, reply)
    } else {
        match kept(reply, id).await {
            Ok((kept, reply)) => (keys.end(begun, kept).await, reply),
            Err(problem) => return problem.into_response(),
        }
    };
    if let Err(error) = written {
        // Why no failure: what was done is done, and the key is let go by itself.
        tracing::error!(request_id = id, cause = error.to_string(), "an idempotency key was not kept");
    }
    reply
}

/// The reply as it can be given again, and the reply.
async fn kept(reply: Response, id: &str) -> Reply<(KeptReply, Response)> {
    // Why here: a problem is written by the outermost layer only, and is to be kept as it is written there.
    let problem = reply.extensions().get::<Problem>().cloned();
    let (parts, body) = reply.into_parts();
    let body = read_body(body).await?;
    let (headers, text) = match &problem {
        Some(problem) => {
            let (written, body) = problem.reply(id).into_parts();
            (written.headers, read_body(body).await?)
        }
        None => (parts.headers.clone(), body.clone()),
    };
    let of = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    let kept = KeptReply {
        status: parts.status.as_u16(),
        headers: KEPT_HEADERS.iter().filter_map(of).collect(),
        body: String::from_utf8_lossy(&text).into_owned(),
    };
    Ok((kept, Response::from_parts(parts, Body::from(body))))
}

async fn read_body(body: Body) -> Reply<Bytes> {
    to_bytes(body, usize::MAX).await.map_err(|e| Problem::internal(e.to_string()))
}

fn replayed(kept: KeptReply) -> Reply<Response> {
    let wrong = |e: http::Error| Problem::internal(format!("a kept reply cannot be given: {e}"));
    let mut reply = Response::builder().status(kept.status);
    for (name, value) in &kept.headers {
        reply = reply.header(name, value);
    }
    let mut reply = reply.body(Body::from(kept.body)).map_err(wrong)?;
    reply.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
    Ok(reply)
}

fn not_kept(status: u16, made: Option<&str>) -> Problem {
    let what = made.map_or_else(String::new, |id| format!(" and made {id}"));
    let detail = format!(
        "the request was done{what} (status {status}); its reply held a secret that is shown once, and is not kept"
    );
    Problem::new("idempotency-reply-not-kept", StatusCode::CONFLICT, REUSED, detail)
}

fn running() -> Problem {
    let title = "The request is still being done";
    let detail = "the request with this key has not been answered yet";
    let problem = Problem::new("idempotency-key-in-use", StatusCode::CONFLICT, title, detail);
    Problem { retry_after_s: Some(2), ..problem }
}
