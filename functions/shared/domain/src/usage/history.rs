//! What a subscription was, and from when on: what its use is counted from.

use crate::{OrganisationId, PlanId, Timestamp};

/// What a subscription was from a moment on; none when nothing was paid for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// From when on.
    pub at: Timestamp,
    /// On which plan, with how many seats.
    pub is: Option<(PlanId, u32)>,
}

/// A subscription's history, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Whose.
    pub organisation: OrganisationId,
    /// Its name, for people.
    pub name: String,
    /// What it was.
    pub since: Vec<Since>,
}
