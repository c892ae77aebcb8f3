//! What a route over many organisations says of each of them to the audit log.
//!
//! Its path names none of them, so what it does in each would be found neither in the log of the organisation's partner nor, by
//! organisation, in the caller's. Each is written down as a request about it alone would be: *asked* before anything is done, and
//! how it ended.

use super::route::Takes;
use super::trail::owned;
use crate::openapi::Operation;
use axum::extract::FromRequestParts;
use domain::audit::{Event, Outcome, Who};
use domain::{Error, PartnerId, Result};
use engine::audit::AuditLog;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use http::request::Parts;
use std::convert::Infallible;
use std::sync::Arc;

/// How many organisations are written down at the same time: entries that wait for one another go into one write.
const AT_ONCE: usize = 20;

/// Ids, by the names that paths give them.
pub type About = Vec<(&'static str, String)>;

/// The logs that a request is written into: the caller's, and that of the partner below whose business it is.
#[derive(Clone, Debug)]
pub(super) struct Logs {
    pub(super) own: Option<PartnerId>,
    pub(super) below: Option<PartnerId>,
}

impl Logs {
    /// Writes an entry into each of them.
    ///
    /// # Errors
    /// Those of the rows.
    pub(super) async fn append(&self, log: &AuditLog, event: &Event) -> Result<()> {
        log.append(self.own.as_ref(), event).await?;
        if let Some(below) = &self.below {
            let who = Who { partner: self.own.clone(), ..event.who.clone() };
            log.append(Some(below), &Event { who, ..event.clone() }).await?;
        }
        Ok(())
    }
}

/// An argument of handlers that do something in several organisations, whose callers are known.
#[derive(Clone, Default)]
pub struct AuditEach {
    known: Option<Arc<Known>>,
}

struct Known {
    log: AuditLog,
    own: Option<PartnerId>,
    event: Event,
}

impl AuditEach {
    pub(super) fn new(log: AuditLog, own: Option<PartnerId>, event: Event) -> Self {
        Self { known: Some(Arc::new(Known { log, own, event })) }
    }

    /// Writes down what is about to be done, in each organisation.
    ///
    /// # Errors
    /// `Unavailable` when it cannot be written down: then nothing may be done.
    pub async fn asked(&self, each: Vec<About>) -> Result<()> {
        let writes = each.into_iter().map(|about| self.write(about, Outcome::Asked).boxed());
        let writes: Vec<_> = writes.collect();
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await.map(drop).map_err(
            |error| Error::unavailable("it could not be written down, so nothing was done").caused_by(error),
        )
    }

    /// Writes down with which status it ended, in each organisation. That it cannot be written changes nothing: what was done is done.
    pub async fn ended(&self, each: Vec<(About, u16)>) {
        let writes =
            each.into_iter().map(|(about, status)| self.write(about, Outcome::Answered(status)).boxed());
        let writes: Vec<_> = writes.collect();
        let written: Vec<Result<()>> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        for error in written.into_iter().filter_map(Result::err) {
            let cause = error.to_string();
            tracing::error!(
                cause,
                "what was done in one of several organisations could not be written into the audit log"
            );
        }
    }

    async fn write(&self, about: About, outcome: Outcome) -> Result<()> {
        let Some(Known { log, own, event }) = self.known.as_deref() else { return Ok(()) };
        let mut event = Event { outcome, ..event.clone() };
        event.subjects.extend(owned(about));
        let below = match own {
            Some(own) => log.partner_below(own, &event.subjects).await?,
            None => None,
        };
        Logs { own: own.clone(), below }.append(log, &event).await
    }
}

impl<S: Sync> FromRequestParts<S> for AuditEach {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> std::result::Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}

impl Takes for AuditEach {
    fn note(_: &mut Operation) {}
}
