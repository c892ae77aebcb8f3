//! The function that sends mails, as its triggers call it.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod bounces;
mod events;
