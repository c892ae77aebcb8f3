//! Typed access to the catalog: a record knows its address and the list that watches it.

use super::address::{At, Owner, Under};
use super::families::{Family, family_of};
use crate::ports::{Catalog, Clock, MOST_AT_ONCE, Page, Row, Watch, Write, list_cursor};
use domain::{Error, Result, Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// How many rows are looked through at once where rows that have ended stand in front of those that are wanted.
const ROWS_AT_ONCE: usize = 250;
/// How many questions for a hundred rows each are under way together.
const AT_ONCE: usize = 8;

/// A record: what one row of a family holds.
pub trait Record: Serialize + DeserializeOwned + Send + Sync + Sized {
    /// Whose the rows are, such as a tenant's or a partner's.
    type Owner: Owner;
    /// What its keys begin with: `name#` where more follows, the whole key where an owner has one.
    const PREFIX: &'static str;
    /// The family in the list. Why no record gives it itself: one that is not in the list does not compile.
    const FAMILY: &'static Family = family_of(Self::PREFIX, <Self::Owner as Owner>::KIND);
    /// The address at which this record is.
    fn address(&self) -> At<Self>;
    /// All rows of an owner, in order of their keys.
    fn all(owner: &<Self::Owner as Owner>::Id) -> Under<Self> {
        Under::of(owner, "")
    }
    /// The watched list that it stands in and when it is due there, if anywhere: one of its family's lists.
    fn watch(&self) -> Option<Watch> {
        None
    }
    /// When the row ends by itself, if ever.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// A record as it was found, with the version that a replacement must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// The record that the row holds.
    pub value: T,
    /// The version of the row, as it was found.
    pub version: u64,
}

/// The catalog as records instead of rows.
#[derive(Clone)]
pub struct Records {
    catalog: Arc<dyn Catalog>,
    clock: Arc<dyn Clock>,
}

impl Records {
    /// Records over a catalog.
    pub fn new(catalog: Arc<dyn Catalog>, clock: Arc<dyn Clock>) -> Self {
        Self { catalog, clock }
    }

    /// The clock that rows expire by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The record at that address, if there is one that has not expired.
    pub async fn find<T: Record>(&self, at: &At<T>) -> Result<Option<Found<T>>> {
        self.catalog.find(at.scope(), at.key(), self.clock.now()).await?.map(read).transpose()
    }

    /// The record at that address.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get<T: Record>(&self, at: &At<T>) -> Result<Found<T>> {
        let family = T::PREFIX.trim_end_matches('#');
        self.find(at).await?.ok_or_else(|| Error::not_found(format!("there is no such {family}")))
    }

    /// The records at those addresses, in their order, a hundred with each question to the catalog: none where there is none
    /// or it has expired. One that cannot be read is told as such, and hides no other.
    ///
    /// # Errors
    /// Those of the catalog; `Invalid` when an address comes twice.
    pub async fn find_each<T: Record>(&self, at: &[At<T>]) -> Result<Vec<Option<Result<Found<T>>>>> {
        let places: Vec<_> = at.iter().map(|at| (at.scope().clone(), at.key().to_owned())).collect();
        let now = self.clock.now();
        let asked: Vec<_> =
            places.chunks(MOST_AT_ONCE).map(|part| self.catalog.find_many(part, now)).collect();
        let parts = stream::iter(asked).buffered(AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(parts.into_iter().flatten().map(|row| row.map(read)).collect())
    }

    /// A page of the records of a list, and the cursor behind which the next page begins, if there is one. Rows that have
    /// ended take no place in it, however many lie in front: the catalog removes them days later. Whoever wants all records
    /// asks [`Self::list_all`], since a catalog may give fewer rows than were asked for.
    ///
    /// # Errors
    /// Those of the catalog; `Corrupt` when a row cannot be read.
    pub async fn list<T: Record>(
        &self,
        under: &Under<T>,
        page: Page,
    ) -> Result<(Vec<Found<T>>, Option<String>)> {
        let Page { mut after, limit, descending } = page;
        let (mut live, mut rows) = (Vec::new(), limit);
        loop {
            let page = Page { after, limit: rows, descending };
            let found = self.catalog.list(under.scope(), under.prefix(), page).await?;
            let (now, looked_at, wanted) = (self.clock.now(), found.rows.len(), limit - live.len());
            let good: Vec<_> =
                found.rows.into_iter().filter(|(_, r)| r.expires_at.is_none_or(|at| at > now)).collect();
            let ended = looked_at - good.len();
            let last = wanted.checked_sub(1).and_then(|last| good.get(last));
            let cut = last.filter(|_| good.len() > wanted).map(|(_, r)| list_cursor(under.scope(), &r.key));
            for (_, row) in good.into_iter().take(wanted) {
                live.push(read(row)?);
            }
            if cut.is_some() {
                return Ok((live, cut));
            }
            if live.len() == limit || ended == 0 || found.next.is_none() {
                return Ok((live, found.next));
            }
            // Why as many at once: with as few as are wanted, a page of one would ask once for each row that has ended.
            (after, rows) = (found.next, limit.max(ROWS_AT_ONCE));
        }
    }

    /// A page of a list, each row by its key: one that cannot be read is told as such, and hides no other. Rows that have
    /// ended are in it.
    pub async fn list_each<T: Record>(
        &self,
        under: &Under<T>,
        page: Page,
    ) -> Result<(Vec<(String, Result<T>)>, Option<String>)> {
        let found = self.catalog.list(under.scope(), under.prefix(), page).await?;
        let each =
            found.rows.into_iter().map(|(_, row)| (row.key.clone(), read(row).map(|found| found.value)));
        Ok((each.collect(), found.next))
    }

    /// All records of a list, read page by page. For lists that are short by nature.
    pub async fn list_all<T: Record>(&self, under: &Under<T>) -> Result<Vec<Found<T>>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (found, next) = self.list(under, Page { after, limit: 1000, descending: false }).await?;
            all.extend(found);
            after = next;
            if after.is_none() {
                return Ok(all);
            }
        }
    }

    /// Records due now in a watched list, over all scopes.
    pub async fn list_due<T: Record>(
        &self,
        list: &str,
        page: Page,
    ) -> Result<(Vec<Found<T>>, Option<String>)> {
        self.list_watched(list, self.clock.now(), page).await
    }

    /// As [`Self::list_due`], of records that are due until then.
    pub async fn list_watched<T: Record>(
        &self,
        list: &str,
        until: Timestamp,
        page: Page,
    ) -> Result<(Vec<Found<T>>, Option<String>)> {
        let found = self.catalog.list_due(list, until, page).await?;
        let rows = found.rows.into_iter().filter(|(_, r)| r.key.starts_with(T::PREFIX));
        Ok((rows.map(|(_, r)| read(r)).collect::<Result<_>>()?, found.next))
    }

    /// Does all the writes or none of them; see [`Catalog::write`].
    pub async fn write(&self, writes: Vec<Write>) -> Result<()> {
        self.catalog.write(self.clock.now(), writes).await
    }

    /// Creates one record.
    ///
    /// # Errors
    /// `Conflict` when there is a row at its address.
    pub async fn put_new<T: Record>(&self, record: &T) -> Result<()> {
        self.write(vec![put_new(record)?]).await
    }

    /// Replaces one record that was found with that version.
    ///
    /// # Errors
    /// `Conflict` when it has changed since.
    pub async fn replace<T: Record>(&self, record: &T, version: u64) -> Result<()> {
        self.write(vec![replace(record, version)?]).await
    }
}

/// The write that creates a record.
pub fn put_new<T: Record>(record: &T) -> Result<Write> {
    Ok(Write::PutNew(record.address().scope().clone(), row(record)?))
}

/// The write that replaces a record found with that version.
pub fn replace<T: Record>(record: &T, version: u64) -> Result<Write> {
    Ok(Write::Replace(record.address().scope().clone(), row(record)?, version))
}

/// The write that deletes a record found with that version.
pub fn delete<T: Record>(record: &T, version: u64) -> Write {
    let at = record.address();
    Write::Delete(at.scope().clone(), at.key().to_owned(), version)
}

fn row<T: Record>(record: &T) -> Result<Row> {
    let body = serde_json::to_value(record)
        .map_err(|e| Error::invalid(format!("a {} cannot be written", T::FAMILY.record)).caused_by(e))?;
    let watch = record.watch();
    debug_assert!(watch.as_ref().is_none_or(|w| T::FAMILY.watched.contains(&w.list.as_str())));
    let key = record.address().key().to_owned();
    Ok(Row { key, version: 0, body, watch, expires_at: record.expires_at() })
}

fn read<T: Record>(row: Row) -> Result<Found<T>> {
    let value = serde_json::from_value(row.body)
        .map_err(|e| Error::corrupt(format!("row {} cannot be read", row.key)).caused_by(e))?;
    Ok(Found { value, version: row.version })
}
