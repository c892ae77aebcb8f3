//! The routes, by what they are about: each file has its handlers and their rows.

mod about;
mod access;
mod attention;
mod audit;
mod consent;
mod deletions;
mod downgrades;
mod invitations;
mod notices;
mod notifications;
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

/// On a page for a person, under that policy of what runs on it: it is not kept, not framed, not opened over an unsafe
/// line again, and tells no other page where it was.
fn page_headers(policy: &str) -> [(HeaderName, &str); 7] {
    [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        // Why: the address may hold a secret.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ]
}

/// The table of the control plane, in the order of the document.
pub fn all<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut all = partners::routes();
    all.extend(people::routes());
    all.extend(notifications::routes());
    all.extend(attention::routes());
    all.extend(notices::routes());
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
