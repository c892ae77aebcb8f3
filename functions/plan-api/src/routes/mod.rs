//! The routes, by what they are about.

pub mod consent;
pub mod organisations;
pub mod partners;
pub mod plans;
pub mod subscriptions;
pub mod usage;
