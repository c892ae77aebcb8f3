//! Every function on this machine, in one process, through the same handlers and events as in AWS.
//!
//! - [`config`]: what a [`Cloud`] is started with; [`cloud`]: all of it together, started, watched and stopped.
//! - [`embedded`]: the ports on this machine alone; [`ports`]: those, or AWS's behind an endpoint.
//! - [`host`]: what stands for API Gateway, event-source mappings and the Scheduler.
//! - [`wiring`]: which function stands behind what.
//! - [`commands`]: the command line; [`demo`] and [`drill`]: what two of them do.
//!
//! A request comes in at `host::Gateway`, a message at `host::Mapping`, a tick at `host::Scheduler`; each gives
//! a function the event that AWS would. No rule of the product is here, and nothing of this is in a Lambda.

pub mod cloud;
pub mod commands;
pub mod config;
pub mod demo;
pub mod drill;
pub mod embedded;
pub mod host;
pub mod installation;
mod interrupt;
pub mod ports;
pub mod wiring;

pub use cloud::Cloud;
pub use config::{CloudConfig, Data, Target};
