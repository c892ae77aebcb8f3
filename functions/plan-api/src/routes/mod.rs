//! The routes, by what they are about.

pub mod audit;
pub mod consent;
pub mod life;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
pub mod portal;
pub mod subscriptions;
pub mod tokens;
pub mod transfers;
pub mod usage;
