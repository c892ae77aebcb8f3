//! How long a directory may take until it shows what was written.

use super::Worker;
use domain::Timestamp;
use jiff::SignedDuration;

/// What was just created or restored may be unknown to parts of the directory for so long.
/// Source: the azuread Terraform provider waits as long for a new object.
pub(super) const FRESH: SignedDuration = SignedDuration::from_mins(12);
/// What was there before shows its changes sooner.
pub(super) const SETTLED: SignedDuration = SignedDuration::from_secs(90);
/// What is kept free before the deadline for writing down what was done.
pub(super) const MARGIN: SignedDuration = SignedDuration::from_secs(10);

const FIRST_MS: u64 = 500;
const LONGEST_MS: u64 = 30_000;

/// What a wait came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Look again.
    Again,
    /// It will not come any more.
    Enough,
    /// The time of this run is up.
    OutOfTime,
}

/// Growing pauses until an end.
pub(super) struct Patience {
    next_ms: u64,
    until: Timestamp,
}

impl Patience {
    pub fn until(until: Timestamp) -> Self {
        Self { next_ms: FIRST_MS, until }
    }

    /// Pauses, unless it has been enough.
    pub async fn wait(&mut self, worker: &Worker, deadline: Timestamp) -> Waited {
        let pause_ms = self.next_ms;
        let after = worker.clock.now() + SignedDuration::from_millis(i64::try_from(pause_ms).unwrap_or(0));
        if after > self.until {
            return Waited::Enough;
        }
        if after + MARGIN > deadline {
            return Waited::OutOfTime;
        }
        worker.clock.sleep_ms(pause_ms).await;
        self.next_ms = (pause_ms * 2).min(LONGEST_MS);
        Waited::Again
    }
}
