//! The catalog, with the request units that each read and write is charged in the table.
//!
//! Reads by key and by prefix are strongly consistent, the watched lists are not: `aws::catalog`. The item is that of
//! `aws::catalog::items`; what of it stands in the index is all of it.
//! Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html> and, for the
//! index, <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html>.

use super::{Counters, size, takes};
use crate::prices::Meter;
use async_trait::async_trait;
use domain::{Result, Timestamp};
use engine::ports::{Catalog, Page, Row, RowPage, Scope, Watch, Write};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

const READ_UNIT_BYTES: i128 = 4096;
const WRITE_UNIT_BYTES: i128 = 1024;
/// How many bytes each item takes besides its attributes, in the table and in the index, as storage is counted.
const ITEM_OVERHEAD_BYTES: i128 = 100;
/// How long an instant in the index is: always 24 characters.
const INSTANT_BYTES: usize = 24;

/// What a read of that many bytes is charged, in half units. A read that finds nothing is charged the least.
pub fn read_halves(bytes: i128, strongly: bool) -> i128 {
    (bytes + READ_UNIT_BYTES - 1).div_euclid(READ_UNIT_BYTES).max(1) * if strongly { 2 } else { 1 }
}

/// What a write of that many bytes is charged, in units; twice as much together with others in one transaction.
pub fn write_units(bytes: i128, together: bool) -> i128 {
    (bytes + WRITE_UNIT_BYTES - 1).div_euclid(WRITE_UNIT_BYTES).max(1) * if together { 2 } else { 1 }
}

/// What the index is charged when a row changes from `before` to `after`, in write units. Why never twice in a
/// transaction: the index follows the table by itself, afterwards. An assumption: AWS says nothing of it.
fn index_units(before: Option<&Item>, after: Option<&Item>) -> i128 {
    let watched = |item: Option<&Item>| item.and_then(|i| i.watch.clone().map(|w| (w, i.bytes)));
    match (watched(before), watched(after)) {
        (None, None) => 0,
        (None, Some((_, bytes))) | (Some((_, bytes)), None) => write_units(bytes, false),
        // Why two writes: it is taken out of its old place and put into its new one.
        (Some((from, old)), Some((to, new))) if from != to => {
            write_units(old, false) + write_units(new, false)
        }
        (Some((_, old)), Some((_, new))) => write_units(old.max(new), false),
    }
}

#[derive(Clone, Debug)]
struct Item {
    bytes: i128,
    watch: Option<Watch>,
}

/// The size of a row's item: its attributes' names and values in UTF-8.
pub fn item_bytes(scope: &Scope, row: &Row) -> i128 {
    let number = |digits: usize| digits.div_ceil(2) + 1;
    let mut bytes = "pk".len() + scope.text().len() + "sk".len() + row.key.len();
    bytes += "version".len() + number(row.version.max(1).to_string().len());
    bytes += "body".len() + row.body.to_string().len();
    if let Some(watch) = &row.watch {
        bytes += "watch".len() + watch.list.len() + "watch_at".len() + INSTANT_BYTES;
    }
    if row.expires_at.is_some() {
        bytes += "ends_at".len() + INSTANT_BYTES + "expires_at".len() + number(10);
    }
    size(bytes)
}

/// A [`Catalog`] that counts.
pub struct MeteredCatalog {
    inner: Arc<dyn Catalog>,
    counters: Counters,
    items: Mutex<BTreeMap<(Scope, String), Item>>,
}

impl MeteredCatalog {
    /// Counts the calls of `inner`, which has to be empty.
    pub fn new(inner: Arc<dyn Catalog>, counters: &Counters) -> Self {
        Self { inner, counters: counters.clone(), items: Mutex::default() }
    }

    /// What the rows take in the table, and what they take in the index.
    pub fn held_bytes(&self) -> (i128, i128) {
        let items = self.items();
        let table = items.values().map(|i| i.bytes + ITEM_OVERHEAD_BYTES).sum();
        let watched = items.values().filter(|i| i.watch.is_some());
        (table, watched.map(|i| i.bytes + ITEM_OVERHEAD_BYTES).sum())
    }

    fn items(&self) -> MutexGuard<'_, BTreeMap<(Scope, String), Item>> {
        self.items.lock().expect("no holder of this lock panics")
    }

    fn count_page(&self, page: &RowPage, strongly: bool) {
        let bytes = page.rows.iter().map(|(scope, row)| item_bytes(scope, row)).sum();
        self.counters.add(Meter::ReadHalves, read_halves(bytes, strongly));
    }

    fn count_writes(&self, writes: &[Write], took_effect: bool) {
        let mut items = self.items();
        for write in writes {
            let (place, after) = match write {
                Write::PutNew(scope, row) => ((scope.clone(), row.key.clone()), Some(item(scope, row, 1))),
                Write::Replace(scope, row, version) => {
                    ((scope.clone(), row.key.clone()), Some(item(scope, row, version + 1)))
                }
                Write::Delete(scope, key, _) => ((scope.clone(), key.clone()), None),
            };
            let before = items.get(&place).cloned();
            // Why the larger of the two: that is what is charged, also for a write whose condition does not hold.
            let bytes = before.iter().chain(&after).map(|i| i.bytes).max().unwrap_or_default();
            self.counters.add(Meter::WriteUnits, write_units(bytes, writes.len() > 1));
            if took_effect {
                self.counters.add(Meter::WriteUnits, index_units(before.as_ref(), after.as_ref()));
                match after {
                    Some(after) => drop(items.insert(place, after)),
                    None => drop(items.remove(&place)),
                }
            }
        }
    }
}

fn item(scope: &Scope, row: &Row, version: u64) -> Item {
    let row = Row { version, ..row.clone() };
    Item { bytes: item_bytes(scope, &row), watch: row.watch }
}

#[async_trait]
impl Catalog for MeteredCatalog {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        takes(self.counters.latencies.read_ms).await;
        let found = self.inner.find(scope, key, now).await?;
        // Why not what was found: a row that has expired is read, and paid for, all the same.
        let bytes = self.items().get(&(scope.clone(), key.to_owned())).map_or(0, |item| item.bytes);
        self.counters.add(Meter::ReadHalves, read_halves(bytes, true));
        Ok(found)
    }

    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        takes(self.counters.latencies.read_ms).await;
        let found = self.inner.find_many(places, now).await?;
        // Each row of a batch is charged as if it were read alone.
        let items = self.items();
        let halves =
            places.iter().map(|place| read_halves(items.get(place).map_or(0, |item| item.bytes), true));
        self.counters.add(Meter::ReadHalves, halves.sum());
        drop(items);
        Ok(found)
    }

    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        takes(self.counters.latencies.read_ms).await;
        let found = self.inner.list(scope, prefix, page).await?;
        self.count_page(&found, true);
        Ok(found)
    }

    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        takes(self.counters.latencies.read_ms).await;
        let found = self.inner.list_due(list, until, page).await?;
        self.count_page(&found, false);
        Ok(found)
    }

    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        takes(self.counters.latencies.write_ms).await;
        let written = self.inner.write(now, writes.clone()).await;
        self.count_writes(&writes, written.is_ok());
        written
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Latencies, Usage};
    use super::*;
    use serde_json::json;
    use support::memory::World;

    fn row(letters: usize) -> Row {
        Row::new("k", json!({ "text": "x".repeat(letters) }))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_read_is_rounded_up_to_4_kb_and_costs_half_where_it_may_lag() {
        let bytes = [0, 1, 4096, 4097, 8192, 8193];
        assert_eq!(bytes.map(|b| read_halves(b, true)), [2, 2, 2, 4, 4, 6]);
        assert_eq!(bytes.map(|b| read_halves(b, false)), [1, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn a_write_is_rounded_up_to_1_kb_and_costs_twice_in_a_transaction() {
        let bytes = [0, 1, 1024, 1025, 3 * 1024, 3 * 1024 + 1];
        assert_eq!(bytes.map(|b| write_units(b, false)), [1, 1, 1, 2, 3, 4]);
        assert_eq!(bytes.map(|b| write_units(b, true)), [2, 2, 2, 4, 6, 8]);
    }

    #[test]
    fn an_item_is_as_large_as_its_names_and_values() {
        // pk + "system", sk + "k", version + a number of one digit, body + {"text":""}
        assert_eq!(item_bytes(&Scope::System, &row(0)), 2 + 6 + 2 + 1 + 7 + 2 + 4 + 11);
        let more = row(0).watched("due", at("2026-01-01T00:00:00Z")).expiring(at("2026-01-01T00:00:00Z"));
        let extra = item_bytes(&Scope::System, &more) - item_bytes(&Scope::System, &row(0));
        assert_eq!(extra, 5 + 3 + 8 + 24 + 7 + 24 + 10 + 6);
    }

    #[tokio::test]
    async fn each_call_is_charged_as_the_adapter_makes_it() {
        let counters = Counters::new(Latencies::NONE);
        let catalog = MeteredCatalog::new(World::new(1).catalog, &counters);
        let now = at("2026-01-01T00:00:00Z");
        let units = |usage: Usage| (usage.get(Meter::ReadHalves), usage.get(Meter::WriteUnits));
        let watched = |minute: u32| row(2_000).watched("due", at(&format!("2026-01-01T00:{minute:02}:00Z")));
        let scope = Scope::System;

        // Alone: 2 KB and some bytes are three units in the table and three in the index.
        catalog.write(now, vec![Write::PutNew(scope.clone(), watched(1))]).await.unwrap();
        assert_eq!(units(counters.take()), (0, 6));
        // Moved in the index: out and in.
        catalog.write(now, vec![Write::Replace(scope.clone(), watched(2), 1)]).await.unwrap();
        assert_eq!(units(counters.take()), (0, 9));
        // Together with a small one: twice in the table, once in the index.
        let both = vec![
            Write::Replace(scope.clone(), watched(2), 2),
            Write::PutNew(scope.clone(), Row::new("l", json!({}))),
        ];
        catalog.write(now, both).await.unwrap();
        assert_eq!(units(counters.take()), (0, 6 + 3 + 2));
        // A condition that does not hold is paid for in the table alone.
        catalog.write(now, vec![Write::Replace(scope.clone(), row(0), 9)]).await.unwrap_err();
        assert_eq!(units(counters.take()), (0, 3));
        // Read by key, by prefix, as due; and what is not there.
        catalog.find(&scope, "k", now).await.unwrap().unwrap();
        assert_eq!(units(counters.take()), (2, 0));
        catalog.list(&scope, "", Page::first(10)).await.unwrap();
        assert_eq!(units(counters.take()), (2, 0));
        catalog.list_due("due", at("2026-01-02T00:00:00Z"), Page::first(10)).await.unwrap();
        assert_eq!(units(counters.take()), (1, 0));
        assert!(catalog.find(&scope, "none", now).await.unwrap().is_none());
        assert_eq!(units(counters.take()), (2, 0));
        // Deleted: as large as it was, in both.
        catalog.write(now, vec![Write::Delete(scope.clone(), "k".to_owned(), 3)]).await.unwrap();
        assert_eq!(units(counters.take()), (0, 6));
        assert_eq!(catalog.held_bytes().1, 0);
    }
}
