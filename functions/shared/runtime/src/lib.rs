//! What every Lambda function needs and no job wants to know: settings, logs, batches, ticks, HTTP.
//!
//! A function's `main` makes [`wiring::Wiring`], builds its job or router from it and hands that to
//! [`queue::run`], [`tick::run`] or [`http::run`]. The local cloud calls the same handlers without Lambda.
//! Not here: routes and rules; they are the functions' and the engine's.

pub mod call;
mod headers;
pub mod http;
pub mod logs;
pub mod mail;
pub mod metrics;
pub mod openapi;
mod policies;
pub mod problem;
pub mod queue;
pub mod settings;
pub mod system;
pub mod tick;
pub mod wiring;
