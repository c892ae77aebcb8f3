//! What a person of a partner may ask for, apart from HTTP. Each is a struct with its ports as fields.
//!
//! A command checks its caller through [`Gate`] first, then its input, then acts in one conditional write.

pub mod access;
pub mod attention;
pub mod audit;
pub mod connect;
pub mod downgrades;
mod fleet;
pub mod idempotency;
pub mod invitations;
pub mod jobs;
mod makers;
pub mod notices;
pub mod notifications;
pub mod organisations;
pub mod partners;
pub mod people;
pub mod plans;
mod seen;
pub mod sessions;
pub mod sign_in;
pub mod subscriptions;
pub mod tokens;
pub mod usage;

mod caller;

pub use caller::{Caller, Gate, Member, Proof, SignInTimes};
pub use fleet::Customer;
pub use seen::{Seen, SeenPart};

use domain::{Error, ErrorKind, Result};
use engine::Listed;

/// The result of an edit of a named version. A conflict of the write becomes `Stale`: whoever was slower by a moment
/// gets the same error as whoever read the row a day ago.
fn stale_if_slower(written: Result<()>, what: &str) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::Conflict => {
            Err(Error::stale(format!("{what} was changed meanwhile")))
        }
        other => other,
    }
}
