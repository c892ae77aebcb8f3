//! What people of partners do, and what they are notified of, in terms of the engine's ports. It holds no vault and
//! knows no archive.
//!
//! - [`commands`]: the gate, and what a caller may ask for behind it.
//! - [`connect_tenant`]: a connection that waits for its consent to arrive, tried again.
//! - [`send_digests`]: mails, at once and in digests.

pub mod commands;
pub mod connect_tenant;
pub mod send_digests;
