//! The stories, in one binary: one module per subject.
#![allow(clippy::unwrap_used, missing_docs)]

mod bad_luck;
mod conformance;
mod connecting;
mod crash_points;
mod data_plane;
mod directory;
mod documented;
mod endings;
mod events;
mod example;
mod formats;
mod logs;
mod operations;
mod orderings;
mod privileges;
mod reading;
mod real_policies;
mod recovery;
mod releases;
mod rig;
mod seats;
mod template;
mod tenants;
mod unread;
mod waits;
