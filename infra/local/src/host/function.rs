//! A function as its event sources see it.

use async_trait::async_trait;
use domain::{Error, Result, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;
use std::sync::Arc;

/// A function as Lambda runs it: it takes JSON and gives JSON, within a time.
#[async_trait]
pub trait Function: Send + Sync {
    /// Runs one invocation, which is broken off at `deadline`.
    ///
    /// # Errors
    /// Any error counts as Lambda's function error: nothing of the event was worked on.
    async fn invoke(&self, event: Value, deadline: Timestamp) -> Result<Value>;
}

struct Typed<F, E, R> {
    handler: F,
    types: PhantomData<fn(E) -> R>,
}

#[async_trait]
impl<F, E, R, Fut> Function for Typed<F, E, R>
where
    F: Fn(E, Timestamp) -> Fut + Send + Sync,
    Fut: Future<Output = Result<R>> + Send,
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
{
    async fn invoke(&self, event: Value, deadline: Timestamp) -> Result<Value> {
        let event = serde_json::from_value(event)
            .map_err(|e| Error::invalid("the event is not what the function takes").caused_by(e))?;
        let reply = (self.handler)(event, deadline).await?;
        serde_json::to_value(reply).map_err(|e| Error::invalid("the reply is not JSON").caused_by(e))
    }
}

/// Makes a function of a handler with an event type and a reply type of its own.
pub fn typed<E, R, Fut>(handler: impl Fn(E, Timestamp) -> Fut + Send + Sync + 'static) -> Arc<dyn Function>
where
    Fut: Future<Output = Result<R>> + Send + 'static,
    E: DeserializeOwned + Send + 'static,
    R: Serialize + Send + 'static,
{
    Arc::new(Typed { handler, types: PhantomData })
}
