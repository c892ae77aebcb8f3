//! Microsoft Graph as the ports [`engine::ports::Directory`] and [`engine::ports::DirectoryWriter`].
//!
//! What is read and written is said by the rows of [`domain::kinds`]; nothing here knows a kind by name.
//! Flow: a port call -> [`GraphDirectory`] or [`GraphWriter`] -> [`GraphClient`] (token, throttling, count)
//! -> Graph; foreign errors become [`domain::Error`] in `error` (Graph) and `login_error` (login) only.
//! Invariants: a token goes to the one origin that the settings name; a page that cannot be had whole is an
//! error; a write whose outcome is not known is never repeated; no secret and no customer's value is logged.

mod audits;
mod batch;
mod call;
mod client;
mod complete;
mod cost;
mod credential;
mod directory;
mod error;
mod extensions;
mod holders;
mod lease;
mod lenient;
mod licence;
mod limits;
mod live;
mod login_error;
mod look;
mod lost;
mod passes;
mod pim;
mod read;
mod recovery;
mod roles;
mod select;
mod settings;
mod sign_in;
mod singly;
mod throttle;
mod token;
mod waits;
mod whole;
mod window;
mod write;
mod writer;

pub use client::GraphClient;
pub use directory::GraphDirectory;
pub use look::Looked;
pub use settings::{GraphSettings, MICROSOFT_CLOUDS, MicrosoftCloud};
pub use sign_in::GraphSignIns;
pub use writer::GraphWriter;
