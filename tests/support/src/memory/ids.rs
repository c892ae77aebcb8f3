//! Names that are the same in every run of a test.

use super::ManualClock;
use crate::lock;
use engine::ports::{Clock, Ids};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::sync::{Arc, Mutex};
use ulid::Ulid;

/// ULIDs and tokens from a seed; of two ULIDs the later made is always the greater.
pub struct SeededIds {
    clock: Arc<ManualClock>,
    pub(super) state: Mutex<State>,
}

#[derive(Clone)]
pub(super) struct State {
    rng: StdRng,
    last: Ulid,
}

impl SeededIds {
    /// Ids of that seed, dated by that clock.
    pub fn new(seed: u64, clock: Arc<ManualClock>) -> Self {
        let state = State { rng: StdRng::seed_from_u64(seed), last: Ulid::from_parts(0, 0) };
        Self { clock, state: Mutex::new(state) }
    }
}

impl Ids for SeededIds {
    fn ulid(&self) -> String {
        let now_ms = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let mut state = lock(&self.state);
        let drawn = Ulid::from_parts(now_ms, state.rng.random::<u128>() >> 48);
        // Why: within a millisecond chance does not sort by time; the next number does.
        state.last = if drawn > state.last { drawn } else { Ulid(state.last.0 + 1) };
        state.last.to_string()
    }

    fn token(&self) -> String {
        let mut state = lock(&self.state);
        format!("{:032x}{:032x}", Rng::random::<u128>(&mut state.rng), Rng::random::<u128>(&mut state.rng))
    }
}
