//! Whom the authorizer lets in, and what it says of them.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod authorize;
mod sign_in;
