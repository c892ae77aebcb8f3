//! The commands on what is paid for.

use domain::{Error, Result};
use engine::ports::{Clock, Ids};
use partners::commands::Gate;
use partners::commands::access::PortalAccess;
use partners::commands::downgrades::Downgrades;
use partners::commands::subscriptions::Subscriptions;
use partners::commands::usage::Usage;
use std::sync::Arc;
use url::Url;

/// The commands.
#[derive(Clone)]
pub struct Money {
    /// Subscriptions.
    pub subscriptions: Subscriptions,
    /// Requests for downgrades.
    pub downgrades: Downgrades,
    /// The way into an organisation's portal.
    pub access: PortalAccess,
    /// What was used, and invoices.
    pub usage: Usage,
}

impl Money {
    /// The commands over these ports. `callback` is the consent's, which is `v1/consent/callback` below the
    /// installation's public address; the portal is `portal` below it.
    ///
    /// # Errors
    /// `Invalid` when nothing can be below that address.
    pub fn new(gate: &Gate, clock: &Arc<dyn Clock>, ids: &Arc<dyn Ids>, callback: &Url) -> Result<Self> {
        let portal_url = callback
            .join("../../portal")
            .map_err(|e| Error::invalid("the public address has no paths").caused_by(e))?;
        let (gate, clock, ids) = (|| gate.clone(), || clock.clone(), || ids.clone());
        Ok(Self {
            subscriptions: Subscriptions { gate: gate(), clock: clock(), ids: ids() },
            downgrades: Downgrades { gate: gate(), clock: clock() },
            usage: Usage { gate: gate(), clock: clock() },
            access: PortalAccess { gate: gate(), clock: clock(), ids: ids(), portal_url },
        })
    }
}
