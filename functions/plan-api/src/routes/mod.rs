//! The routes, by what they are about.

pub mod consent;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
pub mod tokens;
