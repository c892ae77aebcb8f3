//! What the portal promises, asked of its router, over an API that answers as it is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod api;
mod forms;
mod more;
mod pages;
mod texts;
mod told;
