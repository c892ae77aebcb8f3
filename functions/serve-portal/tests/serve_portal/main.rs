//! What the portal promises, asked of its router, over an API that answers as it is told.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod address;
mod answers;
mod api;
mod changes;
mod forms;
mod marks;
mod more;
mod organisation;
mod pages;
mod receipts;
mod rights;
mod selling;
mod sign_in;
mod texts;
mod today;
mod told;
mod unknown;
