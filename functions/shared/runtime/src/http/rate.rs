//! Limits over all instances, for each caller and for what callers have in common: requests are counted by what they cost.
//!
//! Why beside the gateway's throttling: that is one wall for everybody, and one caller's loop would take it from all. Why
//! by cost: an instance answers one request at a time, so what one caller takes from the others is not requests but the
//! time that instances are busy with them. A request takes the units that its route weighs before it is begun, and is
//! counted by its time when it is over.
//!
//! Why shared budgets besides: whoever may make tokens, links or sessions would have a whole budget for each of them. So a
//! request also counts on that of its organisation, where an end customer asks, and on that of the whole tree of partners.
//! Who is not known is not counted, until a link or a state that they show says which partner made it ([`Tab`]).

use super::budget::{Budget, Budgets, Drawn, RateLimit};
use super::caller;
use super::route::Weights;
use crate::policies::{CALLER, LINKS, ORGANISATION, PARTNERS, SIGNED_IN};
use crate::problem::Problem;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::rights::Role;
use domain::{Error, PartnerId, Result, Timestamp};
use engine::records::{Partner, Records};
use http::{HeaderName, HeaderValue};
use partners::commands::{Caller, Proof};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is allowed and what is left, draft-ietf-httpapi-ratelimit-headers.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");
/// How long an instance may be busy for a unit, in milliseconds.
const UNIT_MS: i64 = 100;
/// Of so many partners an instance remembers who is on top of them.
const TOPS: usize = 4_096;

struct Limiter {
    budgets: Budgets,
    limit: RateLimit,
    records: Records,
    weights: Weights,
    /// Who is on top of a partner, which never changes.
    tops: Mutex<HashMap<PartnerId, PartnerId>>,
}

/// The router, with limits: `limit` is that of one caller, from which those of many are made; `weights` says what
/// requests take before they are begun.
pub fn rate_limited(router: Router, limit: RateLimit, records: Records, weights: Weights) -> Router {
    let budgets = Budgets::new(records.clone());
    let limiter = Limiter { budgets, limit, records, weights, tops: Mutex::default() };
    router.layer(from_fn_with_state(Arc::new(limiter), layer))
}

async fn layer(State(limiter): State<Arc<Limiter>>, mut request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let weight = limiter.weights.of(request.method(), path);
    let Some(caller) = caller::find(request.extensions()) else {
        let tab = Tab { limiter: limiter.clone(), weight, charged: Arc::default() };
        request.extensions_mut().insert(tab.clone());
        let begun = limiter.budgets.now();
        let reply = next.run(request).await;
        let charged = std::mem::take(&mut *lock(&tab.charged));
        limiter.count(&charged, weight, begun).await;
        return reply;
    };
    let budgets = limiter.of(&caller).await;
    let drawn = limiter.budgets.draw(&budgets, weight).await;
    let Some(decides) = budgets.get(drawn.of) else { return next.run(request).await };
    let mut reply = match refusal(decides, drawn) {
        None => {
            let begun = limiter.budgets.now();
            let reply = next.run(request).await;
            limiter.count(&budgets, weight, begun).await;
            reply
        }
        Some(refusal) => Problem::from(refusal).into_response(),
    };
    let (name, limit, seconds) = (decides.policy.name, decides.limit, |us: i64| (us + 999_999) / 1_000_000);
    let headers = [
        (POLICY, format!("\"{name}\";q={};w={}", limit.burst.max(1), seconds(limit.full_us()))),
        (LEFT, format!("\"{name}\";r={};t={}", drawn.left, seconds(drawn.full_in_us))),
    ];
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// What is said where a budget has not enough.
fn refusal(budget: &Budget, drawn: Drawn) -> Option<Error> {
    let wait_ms = u64::try_from(drawn.wait_us?).unwrap_or(0).div_ceil(1_000);
    Some(Error::throttled(budget.policy.refusal, Some(wait_ms)))
}

impl Limiter {
    /// The budgets that a caller's requests count on; its own is the first.
    async fn of(&self, caller: &Caller) -> Vec<Budget> {
        let mut budgets = vec![CALLER.of(own(caller), self.limit)];
        match caller {
            Caller::Operator => {}
            // Why together: anybody can sign in somewhere, and as many as they like.
            Caller::SignedIn(..) => budgets.push(SIGNED_IN.of("signed-in".to_owned(), self.limit)),
            Caller::Member(member) => {
                let organisation = member.organisations.as_ref().and_then(|own| own.first());
                if member.role == Role::EndCustomer
                    && let Some(id) = organisation
                {
                    budgets.push(ORGANISATION.of(format!("organisation {id}"), self.limit));
                }
                budgets.push(self.partners(&member.partner).await);
            }
        }
        budgets
    }

    /// The budget of a partner and all that are above and below it.
    async fn partners(&self, partner: &PartnerId) -> Budget {
        PARTNERS.of(format!("partners {}", self.top(partner).await), self.limit)
    }

    async fn top(&self, partner: &PartnerId) -> PartnerId {
        if let Some(top) = lock(&self.tops).get(partner) {
            return top.clone();
        }
        // Why not to refuse: as where a budget's row cannot be reached.
        let Ok(found) = self.records.find(&Partner::at(partner)).await else { return partner.clone() };
        let top = found.and_then(|found| found.value.above.into_iter().next());
        let top = top.unwrap_or_else(|| partner.clone());
        let mut tops = lock(&self.tops);
        if tops.len() >= TOPS {
            tops.clear();
        }
        tops.insert(partner.clone(), top.clone());
        top
    }

    /// Counts a request that took `weight` units and is over now by the time that it took.
    async fn count(&self, budgets: &[Budget], weight: u32, begun: Timestamp) {
        let busy_ms = self.budgets.now().as_millisecond() - begun.as_millisecond();
        let used = u32::try_from(busy_ms.max(0) / UNIT_MS + i64::from(busy_ms % UNIT_MS > 0));
        self.budgets.correct(budgets, weight, used.unwrap_or(u32::MAX), begun).await;
    }
}

/// Whose budget a caller's own is. Why by ids: a name in the log may be that of several, and a person's sessions are the
/// person's.
fn own(caller: &Caller) -> String {
    let Caller::Member(member) = caller else { return caller.name() };
    let who = match &member.proof {
        Proof::Token(Some(id)) => id.to_string(),
        Proof::Token(None) => member.token.clone(),
        Proof::SignIn { person, .. } | Proof::Session { person, .. } => person.to_string(),
        Proof::Portal(id) => id.to_string(),
    };
    format!("{} {who}", member.partner)
}

/// Who is charged for a request of nobody known: the partner that made the link or the state that it shows, with all above
/// and below it, once its route has found that out.
#[derive(Clone)]
pub(super) struct Tab {
    limiter: Arc<Limiter>,
    weight: u32,
    charged: Arc<Mutex<Vec<Budget>>>,
}

impl Tab {
    /// Charges the partner for the request.
    ///
    /// # Errors
    /// `Throttled` when what the partner made was opened too often of late: then nothing may be done.
    pub(super) async fn charge(&self, partner: &PartnerId) -> Result<()> {
        // Why of all partners of a tree: partners make partners.
        let links = LINKS.of(format!("links {}", self.limiter.top(partner).await), self.limiter.limit);
        let budgets = vec![links, self.limiter.partners(partner).await];
        let drawn = self.limiter.budgets.draw(&budgets, self.weight).await;
        if let Some(refusal) = budgets.get(drawn.of).and_then(|decides| refusal(decides, drawn)) {
            return Err(refusal);
        }
        *lock(&self.charged) = budgets;
        Ok(())
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
