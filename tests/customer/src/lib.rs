//! The customer of the demo, of the stories and of the benchmarks: one administrator, one stage, one list of what
//! happens.
//!
//! - [`Administrator`] uses Microsoft Graph over HTTP, as a person would through a portal.
//! - [`Stage`] is what the administrator sets up before a story begins: people, groups, roles and policies of its
//!   own, so that the story can be run in any tenant. A [`Cast`] names all of them.
//! - [`Happening`] is something that then happens to the tenant; [`Happened`] says how a comparison must show it.
//!
//! Nothing of Holdfast is here but `domain`, and no simulator: the same customer lives in any Graph.

mod administrator;
mod happenings;
pub mod http;
mod stage;

pub use administrator::{Administrator, Credentials, Haste};
pub use happenings::{Happened, Happening, happen};
pub use stage::{Cast, Group, Prop, Stage};
