//! The routes, by what they are about: each file has its handlers and their rows.

mod about;
mod access;
mod audit;
mod consent;
mod deletions;
mod downgrades;
mod invitations;
mod organisations;
mod partners;
mod people;
mod plans;
mod sessions;
mod subscriptions;
mod tokens;
mod transfers;
mod usage;

use crate::PlanApi;
use http::{HeaderName, header};
use runtime::http::{Notes, Route};

/// On a reply that shows a secret: it is shown once, and kept by nobody on its way.
const NOT_KEPT: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

/// The table of the control plane, in the order of the document.
pub fn all<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut all = partners::routes();
    all.extend(people::routes());
    all.extend(invitations::routes());
    all.extend(tokens::routes());
    all.extend(sessions::routes());
    all.extend(plans::routes());
    all.extend(organisations::routes());
    all.extend(deletions::routes());
    all.extend(transfers::routes());
    all.extend(consent::routes());
    all.extend(subscriptions::routes());
    all.extend(downgrades::routes());
    all.extend(usage::routes());
    all.extend(access::routes());
    all.extend(audit::routes());
    all.extend(about::routes());
    all
}
