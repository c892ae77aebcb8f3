//! The audit log around routes that nobody known calls: a link is opened, a consent comes back, an invitation is accepted.
//!
//! What such a request shows (a link's token, a state, a code) says whose log it belongs into. A route finds that out before
//! it does anything, and says it to its [`AuditTrail`]: it is then written down as *asked*, and when that cannot be written
//! nothing is done. What shows nothing that is good is a stranger's: it leaves an entry in the installation's log, a few a
//! minute from each process, so that nobody can have it written without end.

use super::AlsoLogged;
use super::rate::Tab;
use super::route::Takes;
use crate::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::response::Response;
use domain::audit::{Event, Outcome, Who};
use domain::{Error, PartnerId, Result, Timestamp};
use engine::audit::AuditLog;
use http::request::Parts;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

/// How many entries of strangers one process writes in a minute at most.
const STRANGERS_A_MINUTE: u64 = 5;

/// Whose log a request of nobody known belongs into, and what it is about.
#[derive(Clone, Debug)]
pub struct Named {
    /// The partner whose log it is.
    pub partner: PartnerId,
    /// Ids, by the names that paths give them.
    pub subjects: Vec<(&'static str, String)>,
}

/// What a route says of itself to the audit log, where nobody known calls it. An argument of handlers; for callers who
/// are known it does nothing, since what they ask is written down before the handler runs.
#[derive(Clone, Default)]
pub struct AuditTrail {
    trail: Option<Arc<Trail>>,
    /// Who is charged for it is known when it is known whose log it belongs into.
    tab: Option<Tab>,
}

struct Trail {
    log: AuditLog,
    event: Event,
    begun: Mutex<Begun>,
}

#[derive(Clone)]
enum Begun {
    /// The route has not said anything.
    No,
    /// What was shown was good, and is written down as asked.
    Asked(Named),
    /// What was shown is not good, or there was nothing.
    Stranger,
}

impl AuditTrail {
    pub(super) fn new(log: AuditLog, event: Event) -> Self {
        let trail = Trail { log, event, begun: Mutex::new(Begun::No) };
        Self { trail: Some(Arc::new(trail)), tab: None }
    }

    /// Says whose log the request belongs into, before anything is done; none where what was shown names nobody. Of
    /// somebody who is named it is written down as asked, and their partner is charged for it.
    ///
    /// # Errors
    /// `Throttled` when the partner has no budget for it now; `Unavailable` when it cannot be written down: then nothing
    /// may be done.
    pub async fn begin(&self, named: Option<Named>) -> Result<()> {
        if let (Some(tab), Some(named)) = (&self.tab, &named) {
            tab.charge(&named.partner).await?;
        }
        let Some(trail) = &self.trail else { return Ok(()) };
        let Some(named) = named else {
            trail.set(Begun::Stranger);
            return Ok(());
        };
        let mut event = trail.event.clone();
        event.subjects.extend(owned(named.subjects.clone()));
        trail.log.append(Some(&named.partner), &event).await.map_err(|error| {
            Error::unavailable("it could not be written down, so nothing was done").caused_by(error)
        })?;
        trail.set(Begun::Asked(named));
        Ok(())
    }

    /// Writes down what became of the request: of what was written down as asked always, of a stranger's where it was
    /// refused and there is room.
    pub(super) async fn end(&self, reply: Option<&mut Response>, strangers: &Strangers) {
        let Some(trail) = &self.trail else { return };
        let status = reply.as_ref().map_or(500, |reply| reply.status().as_u16());
        let also = reply.and_then(|reply| reply.extensions_mut().remove::<AlsoLogged>());
        let mut event = Event { outcome: Outcome::Answered(status), ..trail.event.clone() };
        let begun = trail.begun.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let partner = match begun {
            Begun::Asked(named) => {
                event.subjects.extend(owned(named.subjects));
                Some(named.partner)
            }
            Begun::Stranger if status >= 400 => {
                let Some(unwritten) = strangers.admit(trail.log.records().clock().now()) else { return };
                if unwritten > 0 {
                    event.subjects.insert("unwritten".to_owned(), unwritten.to_string());
                }
                None
            }
            _ => return,
        };
        if let Some(also) = also {
            event.subjects.extend(owned(also.subjects));
            event.who = also.who.map_or(event.who.clone(), |id| Who { id, ..event.who });
        }
        if let Err(error) = trail.log.append(partner.as_ref(), &event).await {
            let (request_id, cause) = (&event.request, error.to_string());
            tracing::error!(request_id, status, cause, "the outcome could not be written into the audit log");
        }
    }
}

impl Trail {
    fn set(&self, begun: Begun) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) = begun;
    }
}

/// Subjects as an event holds them.
pub(super) fn owned(subjects: Vec<(&'static str, String)>) -> impl Iterator<Item = (String, String)> {
    subjects.into_iter().map(|(name, id)| (name.to_owned(), id))
}

impl<S: Sync> FromRequestParts<S> for AuditTrail {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        let found = parts.extensions.get::<Self>().cloned().unwrap_or_default();
        Ok(Self { tab: parts.extensions.get::<Tab>().cloned(), ..found })
    }
}

impl Takes for AuditTrail {
    fn note(operation: &mut Operation) {
        operation.takes_trail();
    }
}

/// How much strangers had written lately, in this process.
#[derive(Clone, Default)]
pub(super) struct Strangers(Arc<Mutex<Lately>>);

#[derive(Default)]
struct Lately {
    minute: i64,
    written: u64,
    /// Since the last entry.
    unwritten: u64,
}

impl Strangers {
    /// Whether one more entry is written; gives how many were not, since the last one that was.
    fn admit(&self, now: Timestamp) -> Option<u64> {
        let mut lately = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.as_second().div_euclid(60);
        if lately.minute != minute {
            *lately = Lately { minute, written: 0, unwritten: lately.unwritten };
        }
        if lately.written >= STRANGERS_A_MINUTE {
            lately.unwritten += 1;
            return None;
        }
        lately.written += 1;
        Some(std::mem::take(&mut lately.unwritten))
    }
}
