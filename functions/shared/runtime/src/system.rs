//! The wall clock and the operating system's randomness: their one home.
//!
//! Not a place for anything else; whatever needs time or chance takes [`Clock`] and [`Ids`] as inputs.

use async_trait::async_trait;
use domain::Timestamp;
use engine::ports::{Clock, Ids};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use ulid::Ulid;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one home of the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
    #[expect(clippy::disallowed_methods, reason = "the one home of the wall clock")]
    async fn sleep_ms(&self, duration_ms: u64) {
        tokio::time::sleep(Duration::from_millis(duration_ms)).await;
    }
}

/// Names and tokens from the operating system's randomness.
#[derive(Debug)]
pub struct SystemIds<C = SystemClock> {
    clock: C,
    last: Mutex<Ulid>,
}

impl Default for SystemIds {
    fn default() -> Self {
        Self::new(SystemClock)
    }
}

impl<C: Clock> SystemIds<C> {
    /// Names that carry the time of `clock`.
    pub fn new(clock: C) -> Self {
        Self { clock, last: Mutex::new(Ulid::nil()) }
    }
}

impl<C: Clock> Ids for SystemIds<C> {
    fn ulid(&self) -> String {
        let now_ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let mut random = [0; 16];
        fill(&mut random);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        // Why: of one process no name sorts before an earlier one, even when two fall into one
        // millisecond or the clock is set back.
        let next = if last.timestamp_ms() >= now_ms {
            last.increment().unwrap_or_else(|carried| carried)
        } else {
            Ulid::from_parts(now_ms, u128::from_be_bytes(random))
        };
        *last = next;
        next.to_string()
    }

    fn token(&self) -> String {
        let mut random = [0; 32];
        fill(&mut random);
        random.iter().fold(String::with_capacity(64), |mut text, byte| {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(digit), 16).expect("four bits are a digit"));
            }
            text
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the one home of randomness")]
fn fill(bytes: &mut [u8]) {
    // Why: without randomness no key and no token is safe; there is nothing to fall back to.
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;
    #[async_trait]
    impl Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_millisecond(1_700_000_000_000).unwrap()
        }
        async fn sleep_ms(&self, _: u64) {}
    }

    #[test]
    fn names_of_one_millisecond_still_sort_in_the_order_of_their_making() {
        let ids = SystemIds::new(Stopped);
        let names: Vec<String> = (0..1000).map(|_| ids.ulid()).collect();
        assert!(names.windows(2).all(|w| w[0] < w[1]));
        assert!(names.iter().all(|n| n.len() == 26 && n.starts_with("01HF7YAT00")));
    }

    #[test]
    fn a_token_is_64_hexadecimal_digits_and_never_the_same() {
        let ids = SystemIds::default();
        let (one, other) = (ids.token(), ids.token());
        assert_eq!(one.len(), 64);
        assert!(one.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert_ne!(one, other);
    }
}
