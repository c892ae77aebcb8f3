//! The ports of a run, wrapped so that what AWS is paid for is counted, and each call takes as long as in AWS.
//!
//! What a call becomes is what the adapters in `functions/shared/aws` make of it, without their retries. Calls of
//! Microsoft Graph are free and not here.

mod catalog;
mod ports;

pub use catalog::MeteredCatalog;
pub use ports::{MeteredKeyRing, MeteredMailer, MeteredQueue, MeteredSecrets, MeteredVault};

use crate::prices::{Meter, Money, Service};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long each service takes for a call, in milliseconds: assumptions, in the order of what is usual within a region.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_field_names, reason = "a unit is the last word")]
pub struct Latencies {
    /// How long a read of the table takes.
    pub read_ms: u64,
    /// How long a write to the table takes.
    pub write_ms: u64,
    /// How long a blob takes in or out, or a list of names.
    pub blob_ms: u64,
    /// How long a message, a key or a secret takes.
    pub call_ms: u64,
    /// How long handing over a mail takes.
    pub mail_ms: u64,
}

impl Latencies {
    /// What is assumed of AWS, within one region.
    pub const ASSUMED: Self = Self { read_ms: 4, write_ms: 7, blob_ms: 30, call_ms: 10, mail_ms: 60 };
    /// No time at all, for tests.
    #[cfg(test)]
    pub const NONE: Self = Self { read_ms: 0, write_ms: 0, blob_ms: 0, call_ms: 0, mail_ms: 0 };
}

/// How often each thing was used that is paid for, counted exactly; divided into months only when it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<Meter, i128>);

impl Usage {
    /// Adds `count` to what was counted of that meter.
    pub fn add(&mut self, meter: Meter, count: i128) {
        if count != 0 {
            *self.0.entry(meter).or_default() += count;
        }
    }
    /// How much was counted of that meter.
    pub fn get(&self, meter: Meter) -> i128 {
        self.0.get(&meter).copied().unwrap_or_default()
    }
    /// Adds everything that the other counted, `times` times.
    pub fn add_all(&mut self, other: &Self, times: i128) {
        for (meter, count) in &other.0 {
            self.add(*meter, count * times);
        }
    }
    /// What was counted beyond the other; nothing falls below zero.
    pub fn beyond(&self, other: &Self) -> Self {
        let mut more = Self::default();
        for (meter, count) in &self.0 {
            more.add(*meter, (count - other.get(*meter)).max(0));
        }
        more
    }
    /// Each meter with what was counted of it.
    pub fn iter(&self) -> impl Iterator<Item = (Meter, i128)> {
        self.0.iter().map(|(meter, count)| (*meter, *count))
    }
    /// What is paid for it to one service.
    pub fn price_of(&self, service: Service) -> Money {
        self.iter().filter(|(meter, _)| meter.service() == service).map(|(meter, n)| meter.price(n)).sum()
    }
    /// What is paid for all of it.
    pub fn price(&self) -> Money {
        self.iter().map(|(meter, count)| meter.price(count)).sum()
    }
}

/// The counters that all ports of a run share.
#[derive(Clone, Debug)]
pub struct Counters {
    usage: Arc<Mutex<Usage>>,
    /// How long each call takes.
    pub latencies: Latencies,
}

impl Counters {
    /// Counters that have counted nothing yet.
    pub fn new(latencies: Latencies) -> Self {
        Self { usage: Arc::default(), latencies }
    }
    /// Adds `count` to what was counted of that meter.
    pub fn add(&self, meter: Meter, count: i128) {
        self.usage().add(meter, count);
    }
    /// What was counted since this was last called; then nothing is counted.
    pub fn take(&self) -> Usage {
        std::mem::take(&mut *self.usage())
    }

    /// What was counted since [`Self::take`] was last called; it stays counted.
    pub fn so_far(&self) -> Usage {
        self.usage().clone()
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().expect("no holder of this lock panics")
    }
}

/// Waits as long as a service takes.
async fn takes(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// A size in bytes as a count.
fn size(bytes: usize) -> i128 {
    i128::try_from(bytes).expect("a size fits 127 bits")
}
