//! Restore of a tenant, written in terms of the engine's ports and over what `backup` keeps.
//!
//! - [`preview_restore`], [`run_restore`]: units of queued work; each has `Worker` and `Report`, and both have the same
//!   request.
//! - [`plans`]: what a preview stores and a run reads, and the report that a run stores.
//! - [`receipts`]: what is signed of a restore that has ended.
//! - [`completion`]: what a restore leaves to people, and whether it is done.
//! - [`commands`]: what may be asked about the restores of a tenant.
//!
//! Not here: who may ask (`partners`); which steps a plan has and how one is written (`domain::restore`).

pub mod commands;
pub mod completion;
pub mod plans;
pub mod preview_restore;
pub mod receipts;
pub mod run_restore;

mod administrators;
mod passing;
