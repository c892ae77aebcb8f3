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
    /// A read of the table.
    pub read_ms: u64,
    /// A write to it.
    pub write_ms: u64,
    /// A blob in or out, or a list of names.
    pub blob_ms: u64,
    /// A message, a key, a secret.
    pub call_ms: u64,
    /// A mail.
    pub mail_ms: u64,
}

impl Latencies {
    /// As in AWS.
    pub const ASSUMED: Self = Self { read_ms: 4, write_ms: 7, blob_ms: 30, call_ms: 10, mail_ms: 60 };
    /// None at all.
    #[cfg(test)]
    pub const NONE: Self = Self { read_ms: 0, write_ms: 0, blob_ms: 0, call_ms: 0, mail_ms: 0 };
}

/// Counts by what is paid for. May be divided into months only when told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(BTreeMap<Meter, i128>);

impl Usage {
    /// So many more.
    pub fn add(&mut self, meter: Meter, count: i128) {
        if count != 0 {
            *self.0.entry(meter).or_default() += count;
        }
    }
    /// How many.
    pub fn get(&self, meter: Meter) -> i128 {
        self.0.get(&meter).copied().unwrap_or_default()
    }
    /// All of the other's more, so many times.
    pub fn add_all(&mut self, other: &Self, times: i128) {
        for (meter, count) in &other.0 {
            self.add(*meter, count * times);
        }
    }
    /// What goes beyond the other: nothing is below none.
    pub fn beyond(&self, other: &Self) -> Self {
        let mut more = Self::default();
        for (meter, count) in &self.0 {
            more.add(*meter, (count - other.get(*meter)).max(0));
        }
        more
    }
    /// The counts.
    pub fn iter(&self) -> impl Iterator<Item = (Meter, i128)> {
        self.0.iter().map(|(meter, count)| (*meter, *count))
    }
    /// What it costs, of one service.
    pub fn price_of(&self, service: Service) -> Money {
        self.iter().filter(|(meter, _)| meter.service() == service).map(|(meter, n)| meter.price(n)).sum()
    }
    /// What all of it costs.
    pub fn price(&self) -> Money {
        self.iter().map(|(meter, count)| meter.price(count)).sum()
    }
}

/// Where all ports of a run count.
#[derive(Clone, Debug)]
pub struct Counters {
    usage: Arc<Mutex<Usage>>,
    /// How long calls take.
    pub latencies: Latencies,
}

impl Counters {
    /// Nothing counted yet.
    pub fn new(latencies: Latencies) -> Self {
        Self { usage: Arc::default(), latencies }
    }
    /// So many more.
    pub fn add(&self, meter: Meter, count: i128) {
        self.usage().add(meter, count);
    }
    /// What was counted since the last taking.
    pub fn take(&self) -> Usage {
        std::mem::take(&mut *self.usage())
    }

    /// The same, and it stays counted.
    pub fn so_far(&self) -> Usage {
        self.usage().clone()
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        self.usage.lock().expect("no holder of this lock panics")
    }
}

/// A service takes so long.
async fn takes(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

/// Something's size as a count.
fn size(bytes: usize) -> i128 {
    i128::try_from(bytes).expect("a size fits 127 bits")
}
