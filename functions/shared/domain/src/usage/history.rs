//! What a subscription was, and from when on: what its use is counted from.

use crate::{OrganisationId, PlanId, Timestamp};

/// What a subscription was from a moment on; none when nothing was paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// From this moment on.
    pub at: Timestamp,
    /// On which plan, with how many seats.
    pub is: Option<(PlanId, u32)>,
}

/// A subscription's history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The organisation whose subscription it is.
    pub organisation: OrganisationId,
    /// The organisation's name, for people.
    pub name: String,
    /// What the subscription was, oldest first.
    pub since: Vec<Since>,
}
