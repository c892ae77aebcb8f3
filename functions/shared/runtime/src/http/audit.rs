//! The audit log around the routes.
//!
//! What a known caller asks is written down twice. First as *asked*, before the route runs: when that cannot be
//! written the reply is 503 and nothing has changed, so that nothing is ever done that the log does not know of. Then
//! with the status: one entry alone, written afterwards, would be lost together with the process that did the work.
//! An entry *asked* without its second says so: it was begun, and the log does not know how it ended. That the second
//! cannot be written changes no reply, since what was done is done. What nobody known asks: [`super::trail`].

use super::each::{AuditEach, Logs};
use super::forwarded::ForwardedFor;
use super::trail::{AuditTrail, Strangers};
use super::{caller, trail};
use crate::problem::{Problem, Reply};
use axum::extract::{MatchedPath, RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{RequestExt as _, Router};
use domain::PartnerId;
use domain::audit::{Event, Outcome, Who, subject};
use engine::audit::AuditLog;
use futures::FutureExt;
use http::header::LOCATION;
use http::{Extensions, Method};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
use partners::commands::Caller;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, resume_unwind};

/// The parameter by which queries name the partner whose organisations are asked.
const PARTNER: &str = "partner";

/// What of a function's requests is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audited {
    /// Only requests that change something.
    Writes,
    /// Reads too: what they show is customer data.
    Everything,
}

/// Told by a route, as an extension of its reply: whose log the outcome belongs into besides the caller's own. That is
/// how the log knows of what one partner does to another that is not below it (a transfer is accepted), and who it was and
/// what was made where nobody known asked (a link is opened, a consent comes back).
#[derive(Clone, Debug)]
pub struct AlsoLogged {
    /// The partner whose log it is.
    pub partner: PartnerId,
    /// Who it was, where the request's caller does not say.
    pub who: Option<String>,
    /// Ids, by the names that paths give them.
    pub subjects: Vec<(&'static str, String)>,
}

/// Told by a route, as an extension of its reply: what it was about besides what its path names, by ids, such as the snapshot that is
/// downloaded. It is written down with the outcome.
#[derive(Clone, Debug)]
pub struct AlsoAbout(pub Vec<(&'static str, String)>);

/// The router, each of whose routes is written down by that process.
pub fn audited(router: Router, log: AuditLog, what: Audited) -> Router {
    router.route_layer(from_fn_with_state((log, what, Strangers::default()), layer))
}

async fn layer(
    State((log, what, strangers)): State<(AuditLog, Audited, Strangers)>,
    mut request: Request,
    next: Next,
) -> Reply<Response> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Why one who has merely signed in is nobody known: anybody can sign in somewhere, and no log is theirs.
    let caller = match caller::find(request.extensions()) {
        Some(caller) if !matches!(caller, Caller::SignedIn(..)) => caller,
        other => {
            let id = other.map_or_else(|| "nobody known".to_owned(), |caller| caller.name());
            let nobody = Who { id, role: None, partner: None };
            let (_, event) = begun(&mut request, &log, nobody, None).await?;
            let trail = AuditTrail::new(log, event);
            request.extensions_mut().insert(trail.clone());
            let mut reply = AssertUnwindSafe(next.run(request)).catch_unwind().await;
            trail.end(reply.as_mut().ok(), &strangers).await;
            return Ok(reply.unwrap_or_else(|panic| resume_unwind(panic)).into_response());
        }
    };
    if reads && what == Audited::Writes {
        return Ok(next.run(request).await);
    }
    let (logs, event) = asked(&mut request, &caller, &log).await?;
    logs.append(&log, &event).await.map_err(not_written)?;
    request.extensions_mut().insert(AuditEach::new(log.clone(), logs.own.clone(), event.clone()));
    let mut reply = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    let status = reply.as_ref().map_or(500, |reply| reply.status().as_u16());
    let mut done = Event { at: log.records().clock().now(), outcome: Outcome::Answered(status), ..event };
    if let Ok(reply) = &mut reply {
        done.subjects.extend(made(reply).map(|id| ("made".to_owned(), id)));
        let about = reply.extensions_mut().remove::<AlsoAbout>();
        done.subjects.extend(trail::owned(about.map_or_else(Vec::new, |about| about.0)));
        tell(&log, reply, &done, logs.own.as_ref()).await;
    }
    if let Err(error) = logs.append(&log, &done).await {
        let (request_id, cause) = (&done.request, error.to_string());
        tracing::error!(request_id, status, cause, "the outcome could not be written into the audit log");
    }
    // Why caught at all: the log is to know that it failed.
    Ok(reply.unwrap_or_else(|panic| resume_unwind(panic)).into_response())
}

fn not_written(error: domain::Error) -> Problem {
    let refused = domain::Error::unavailable("it could not be written down, so nothing was done");
    Problem::from(refused.caused_by(error))
}

/// Writes an outcome into the log of whom the route names, if it names anybody besides the caller.
async fn tell(log: &AuditLog, reply: &mut Response, event: &Event, own: Option<&PartnerId>) {
    let Some(also) = reply.extensions_mut().remove::<AlsoLogged>() else { return };
    let mut subjects = event.subjects.clone();
    subjects.extend(trail::owned(also.subjects));
    let id = also.who.unwrap_or_else(|| event.who.id.clone());
    let who = Who { id, partner: own.filter(|own| **own != also.partner).cloned(), ..event.who.clone() };
    let outcome = Outcome::Answered(reply.status().as_u16());
    let told = Event { who, subjects, outcome, ..event.clone() };
    if let Err(error) = log.append(Some(&also.partner), &told).await {
        let (request_id, cause) = (&told.request, error.to_string());
        tracing::error!(request_id, cause, "what was done could not be written into the audit log");
    }
}

/// The id of what a request made, as its reply says where that is.
fn made(reply: &Response) -> Option<String> {
    let location = reply.headers().get(LOCATION)?.to_str().ok()?;
    reply.status().is_success().then(|| subject(location.rsplit('/').next().unwrap_or_default()))
}

async fn asked(request: &mut Request, caller: &Caller, log: &AuditLog) -> Reply<(Logs, Event)> {
    let (own, role) = match caller {
        Caller::Operator | Caller::SignedIn(..) => (None, None),
        Caller::Member(member) => (Some(member.partner.clone()), Some(member.role)),
    };
    let who = Who { id: caller.name(), role, partner: None };
    begun(request, log, who, own).await
}

async fn begun(
    request: &mut Request,
    log: &AuditLog,
    who: Who,
    own: Option<PartnerId>,
) -> Reply<(Logs, Event)> {
    let params = request.extract_parts::<RawPathParams>().await.map_err(|_| Problem::no_route())?;
    let mut subjects: BTreeMap<_, _> =
        params.iter().map(|(name, text)| (name.to_owned(), subject(text))).collect();
    if let Some(partner) = asked_partner(request).filter(|_| !subjects.contains_key("org")) {
        subjects.entry("prt".to_owned()).or_insert(partner);
    }
    let below = match &own {
        Some(own) => log.partner_below(own, &subjects).await.map_err(not_written)?,
        None => None,
    };
    let event = Event {
        at: log.records().clock().now(),
        who,
        what: format!("{} {}", request.method(), route_of(request.extensions())),
        subjects,
        from: source_ip(request.extensions()),
        request: super::request_id(request),
        outcome: Outcome::Asked,
    };
    Ok((Logs { own, below }, event))
}

/// The partner that the query names: whose organisations are asked, where a path names none of them.
fn asked_partner(request: &Request) -> Option<String> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    let (_, id) = pairs.find(|(name, _)| name == PARTNER)?;
    id.parse::<PartnerId>().is_ok().then(|| id.into_owned())
}

/// The route that a request came by, as it is documented: `/v1/organisations/{org}`.
pub(super) fn route_of(extensions: &Extensions) -> String {
    extensions.get::<MatchedPath>().map(|p| p.as_str().replace("{*", "{")).unwrap_or_default()
}

/// Where whoever asks is: as the portal says of its people, and otherwise where the request came from.
fn source_ip(extensions: &Extensions) -> Option<String> {
    if let Some(ForwardedFor(address)) = extensions.get() {
        return Some(address.to_string());
    }
    match extensions.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.clone(),
        _ => None,
    }
}
