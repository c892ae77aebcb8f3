//! What every part of the product stands on, written in terms of ports: no cloud, no network, no clock of its own.
//!
//! - [`ports`]: what is needed from outside, as traits.
//! - [`records`]: what the catalog holds, as one table of rows and keys.
//! - [`messages`] and [`work`]: what queues carry, and who handles it; [`open_work`]: what waits, is held up or is
//!   given up.
//! - [`announce`]: what people are notified of, as rows from which mails are made.
//! - [`end_customers`]: what ends with an organisation of its own people.
//! - [`purge_data`]: the sweep that deletes organisations and rows that have expired.
//! - [`metrics`]: what is counted while it runs, as one table; [`trace`]: the name under which all logs of one story
//!   are found.
//! - [`limit_shares`]: how processes share what Microsoft allows our applications.
//! - [`audit`]: appending to audit logs.
//! - [`signed`]: statements under the installation's signature.
//! - [`upgrade`]: rows of an earlier release, moved to where they are now.
//!
//! Not here: tenants' content (`backup`), what is put back (`restore`), and what people of partners do (`partners`).

pub mod announce;
pub mod audit;
pub mod end_customers;
pub mod limit_shares;
pub mod messages;
pub mod metrics;
pub mod open_work;
pub mod ports;
pub mod purge_data;
pub mod records;
pub mod signed;
pub mod trace;
pub mod upgrade;
pub mod work;

mod listed;

pub use listed::Listed;
