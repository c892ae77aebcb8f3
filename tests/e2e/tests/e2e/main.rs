//! The stories, in one binary: one module per subject.
#![allow(clippy::unwrap_used, missing_docs)]

mod events;
mod template;
