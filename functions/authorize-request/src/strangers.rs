//! Tokens that were shown lately and are nobody's: each is looked up once in a while, however often it is shown.
//!
//! Only hashes are kept, so many and for so long. A token of ours is 256 random bits, so that one which is nobody's now is
//! nobody's in half a minute; a key that an issuer has just begun to use is known that much later.

use domain::Timestamp;
use engine::records::ApiToken;
use jiff::SignedDuration;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// For how long a token is remembered as nobody's.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_secs(30);
/// How many are remembered.
const MOST: usize = 2_048;

/// What an instance of the authorizer remembers of strangers.
#[derive(Default)]
pub struct Strangers(Mutex<HashMap<String, Timestamp>>);

impl Strangers {
    /// Whether the token was nobody's lately.
    pub(crate) fn knows(&self, token: &str, now: Timestamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(&ApiToken::hash(token)).is_some_and(|until| *until > now)
    }

    /// The token is nobody's.
    pub(crate) fn note(&self, token: &str, now: Timestamp) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.retain(|_, until| *until > now);
        }
        // Why all of them then: so many in half a minute are made up, and will not come again.
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(ApiToken::hash(token), now + REMEMBERED_FOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_remembered_for_half_a_minute_and_never_more_than_so_many() {
        let (strangers, now) = (Strangers::default(), "2026-01-05T08:00:00Z".parse::<Timestamp>().unwrap());
        strangers.note("a", now);
        assert!(strangers.knows("a", now + SignedDuration::from_secs(29)) && !strangers.knows("b", now));
        assert!(!strangers.knows("a", now + SignedDuration::from_secs(30)));
        for n in 0..3 * MOST {
            strangers.note(&n.to_string(), now);
            assert!(strangers.0.lock().unwrap().len() <= MOST);
        }
    }
}
