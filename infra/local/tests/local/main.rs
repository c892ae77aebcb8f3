//! The adapters of this machine, and the local cloud around them.

#![allow(missing_docs, clippy::unwrap_used, reason = "tests")]

mod ask_tenant;
mod browser;
mod cloud;
mod common;
mod contracts;
mod drill;
mod files;
mod listener;
mod mails;
mod poller;
mod portal;
mod queue;
mod vault;
mod verify_audit;
mod verify_receipt;
