//! The stories, in one binary: one module per subject.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_luck;
mod crash_points;
mod events;
mod orderings;
mod rig;
mod template;
mod tenants;
