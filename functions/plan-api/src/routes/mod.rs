//! The routes, by what they are about.

pub mod audit;
pub mod consent;
pub mod organisations;
pub mod partners;
pub mod plans;
