//! Each request to Microsoft Graph and to its login, and what is made of the answer.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod any_page;
mod audits;
mod bad_items;
mod batches;
mod common;
mod extensions;
mod live;
mod policies;
mod reading;
mod recovery;
mod roles;
mod sign_in;
mod slow;
mod throttling;
mod tokens;
mod writing;
