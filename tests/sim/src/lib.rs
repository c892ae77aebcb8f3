//! A simulated Microsoft cloud: the login service and Microsoft Graph over HTTP, as a state machine.
//!
//! Written from Microsoft's documentation alone and independent of every other crate, so that it can judge the
//! client. It is not Graph: only what a backup of Entra ID and Intune touches is here. What is uncertain is a
//! switch; the table is in [`switches`].

mod clock;
mod config;
mod control;
mod control_http;
mod faults;
mod graph;
mod http;
mod inner;
mod kept;
mod login;
mod observe;
mod schema;
mod seed;
mod state;
pub mod switches;
mod throttle;
mod tls;

use std::sync::Arc;

pub use config::*;
pub use control::Control;
pub use faults::FaultRule;
pub use http::SimServer;
pub use login::SignedIn;
pub use observe::{Exchange, SeenRequest};
pub use switches::{
    Among, Audits, BinShows, ExpandedSettings, ExpiredDelta, FormerRoles, NotArrived, Nowhere, OverMaximum,
    RetryAfter, Switches, Withheld,
};
pub use throttle::{Area, Limit, Limits, Metric, Scope};

/// The simulated cloud. Clones share their state.
#[derive(Clone)]
pub struct Sim(Arc<inner::Inner>);

impl Sim {
    /// A cloud whose tenants are seeded; the same configuration gives the same tenants.
    pub fn new(config: SimConfig) -> Self {
        Self(Arc::new(inner::Inner::new(config)))
    }

    /// Controls this cloud: its switches, its clock, its counters.
    pub fn control(&self) -> Control {
        Control::new(Arc::clone(&self.0))
    }

    fn inner(&self) -> &inner::Inner {
        &self.0
    }
}
