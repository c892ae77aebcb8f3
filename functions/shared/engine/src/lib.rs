//! What the product does, told in terms of ports: no cloud, no network, no clock of its own.
//!
//! - [`ports`]: what is needed from outside, as traits.
//! - [`records`]: what the catalog holds, as one table of rows and keys.
//! - [`metrics`]: what is counted while it runs, as one table; [`trace`]: which story a piece of work belongs to.
//! - [`signed`]: what is said under the installation's signature.
//! - `archive`: runs and snapshots over the vault: written, read, searched, compared.
//! - `jobs`: units of queued work; each has `Request`, `Worker` and `Report`.
//! - `commands`: what a caller may ask for, apart from HTTP.

pub mod archive;
pub mod commands;
pub mod jobs;
pub mod metrics;
pub mod ports;
pub mod reading;
pub mod records;
pub mod signed;
pub mod trace;
