//! How a function meets its triggers: a batch of messages, and a request from API Gateway.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod http;
mod limits;
mod queue;
