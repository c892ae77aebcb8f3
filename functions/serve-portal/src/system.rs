//! The clock and chance of this machine.
//!
//! The portal reaches no room that holds them for the other functions, since those link databases.

use jiff::Timestamp;

/// The time by the clock of this machine.
#[expect(clippy::disallowed_methods, reason = "this is its home in the portal")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// 32 bytes that nobody can guess.
///
/// # Panics
/// When the system gives none, without which nobody can be signed in safely.
#[expect(clippy::disallowed_methods, reason = "this is its home in the portal")]
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}
