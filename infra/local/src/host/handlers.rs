//! The same handlers that Lambda runs, as [`Function`]s.

use super::function::{Function, typed};
use async_trait::async_trait;
use axum::Router;
use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, Delivered, Returns};
use engine::work::{JobWorker, TickWorker};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Service};
use runtime::call::Invocation;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What functions said of messages beside their replies: why each failed last, for dead letters, and when it is to come
/// back, for the poller.
#[derive(Clone, Default)]
pub struct Reasons(Arc<Mutex<Said>>);

#[derive(Default)]
struct Said {
    /// Why messages failed, by their bodies.
    why: HashMap<String, String>,
    /// In how many seconds messages come back, by their receipts.
    after_s: HashMap<String, u32>,
}

impl Reasons {
    /// The reason why the message of that body failed, which is then forgotten.
    pub fn take(&self, body: &str) -> Option<String> {
        self.said().why.remove(body)
    }

    /// In how many seconds the message of that receipt is to come back, which is then forgotten.
    pub fn take_after_s(&self, receipt: &str) -> Option<u32> {
        self.said().after_s.remove(receipt)
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Returns for Reasons {
    async fn come_back(&self, message: Delivered<'_>, after_s: u32) -> Result<()> {
        self.said().after_s.insert(message.receipt.to_owned(), after_s);
        Ok(())
    }
}

struct Reasoned {
    worker: Arc<dyn JobWorker>,
    reasons: Reasons,
}

#[async_trait]
impl JobWorker for Reasoned {
    fn name(&self) -> &'static str {
        self.worker.name()
    }
    async fn handle(&self, body: &str, deadline: Timestamp) -> Result<()> {
        let handled = self.worker.handle(body, deadline).await;
        if let Err(error) = &handled {
            let reason = format!("{}: {error}", error.kind().name());
            self.reasons.said().why.insert(body.to_owned(), reason);
        }
        handled
    }
}

/// The function of a job behind a queue; why its messages fail is noted in `reasons`.
pub fn queue_function(
    worker: Arc<dyn JobWorker>,
    clock: Arc<dyn Clock>,
    reasons: Reasons,
) -> Arc<dyn Function> {
    let worker = Arc::new(Reasoned { worker, reasons: reasons.clone() });
    typed(move |event, ends_at| {
        let (worker, clock, reasons) = (worker.clone(), clock.clone(), reasons.clone());
        async move {
            let call = Invocation::ending_at(ends_at);
            Ok(runtime::queue::handle_batch(event, &*worker, (&*clock, &reasons), &call).await)
        }
    })
}

/// The function of a job behind the clock.
pub fn tick_function(worker: Arc<dyn TickWorker>) -> Arc<dyn Function> {
    typed(move |_: Value, ends_at| {
        let worker = worker.clone();
        async move { runtime::tick::handle_tick(&*worker, &Invocation::ending_at(ends_at)).await }
    })
}

/// The function of a router behind the HTTP API.
pub fn http_function(router: Router) -> Arc<dyn Function> {
    Arc::new(Http(runtime::http::service(router)))
}

/// The function of a router of pages or files, which is complete by itself: what it falls back to stays its own.
pub fn page_function(router: Router) -> Arc<dyn Function> {
    Arc::new(Http(router))
}

struct Http(Router);

#[async_trait]
impl Function for Http {
    async fn invoke(&self, event: Value, deadline: Timestamp) -> Result<Value> {
        // Why through text: the event's type keeps raw JSON, which cannot be read from a `Value`.
        let payload: LambdaRequest = serde_json::from_str(&event.to_string())
            .map_err(|e| Error::invalid("the event is not one of an HTTP API").caused_by(e))?;
        let mut context = Context::default();
        context.deadline = u64::try_from(deadline.as_millisecond()).unwrap_or(0);
        // Why a statement of its own: the adapter itself may not be held while the reply is awaited.
        let reply = Adapter::from(self.0.clone()).call(LambdaEvent::new(payload, context));
        let Ok(reply) = reply.await;
        serde_json::to_value(reply).map_err(|e| Error::invalid("the reply is not JSON").caused_by(e))
    }
}
