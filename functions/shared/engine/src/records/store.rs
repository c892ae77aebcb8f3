//! Typed access to the catalog: a record knows its scope, its key and where it is watched.

use crate::ports::{Catalog, Clock, Page, Row, Scope, Watch, Write};
use domain::{Error, Result, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// A kind of row.
pub trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// The first part of its keys, with `#` at its end where more follows; for messages and lists.
    const FAMILY: &'static str;
    /// Whose it is.
    fn scope(&self) -> Scope;
    /// Its whole key.
    fn key(&self) -> String;
    /// Where it is due, if anywhere.
    fn watch(&self) -> Option<Watch> {
        None
    }
    /// When it ends by itself, if ever.
    fn expires_at(&self) -> Option<Timestamp> {
        None
    }
}

/// A record as it was found, with the version that a replacement must name.
#[derive(Clone, Debug, PartialEq)]
pub struct Found<T> {
    /// What it says.
    pub value: T,
    /// The version found.
    pub version: u64,
}

/// The catalog, typed.
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

    /// The record of that key, if there is one.
    pub async fn find<T: Record>(&self, scope: &Scope, key: &str) -> Result<Option<Found<T>>> {
        self.catalog.find(scope, key, self.clock.now()).await?.map(read).transpose()
    }

    /// The record of that key.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub async fn get<T: Record>(&self, scope: &Scope, key: &str) -> Result<Found<T>> {
        let family = T::FAMILY.trim_end_matches('#');
        self.find(scope, key).await?.ok_or_else(|| Error::not_found(format!("there is no such {family}")))
    }

    /// Records of a scope, by the beginning of their key (at least the family).
    pub async fn list<T: Record>(
        &self,
        scope: &Scope,
        prefix: &str,
        page: Page,
    ) -> Result<(Vec<Found<T>>, Option<String>)> {
        let found = self.catalog.list(scope, prefix, page).await?;
        let now = self.clock.now();
        let live = found.rows.into_iter().filter(|(_, r)| r.expires_at.is_none_or(|at| at > now));
        Ok((live.map(|(_, r)| read(r)).collect::<Result<_>>()?, found.next))
    }

    /// All records of a scope with that beginning. For lists that are short by nature.
    pub async fn list_all<T: Record>(&self, scope: &Scope, prefix: &str) -> Result<Vec<Found<T>>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let (found, next) =
                self.list(scope, prefix, Page { after, limit: 1000, descending: false }).await?;
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
        let found = self.catalog.list_due(list, self.clock.now(), page).await?;
        let rows = found.rows.into_iter().filter(|(_, r)| r.key.starts_with(T::FAMILY));
        Ok((rows.map(|(_, r)| read(r)).collect::<Result<_>>()?, found.next))
    }

    /// All the writes or none; see [`Catalog::write`].
    pub async fn write(&self, writes: Vec<Write>) -> Result<()> {
        self.catalog.write(self.clock.now(), writes).await
    }

    /// Creates one record.
    ///
    /// # Errors
    /// `Conflict` when there is one of that key.
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
    Ok(Write::PutNew(record.scope(), row(record)?))
}

/// The write that replaces a record found with that version.
pub fn replace<T: Record>(record: &T, version: u64) -> Result<Write> {
    Ok(Write::Replace(record.scope(), row(record)?, version))
}

/// The write that deletes a record found with that version.
pub fn delete<T: Record>(record: &T, version: u64) -> Write {
    Write::Delete(record.scope(), record.key(), version)
}

fn row<T: Record>(record: &T) -> Result<Row> {
    let body = serde_json::to_value(record)
        .map_err(|e| Error::invalid(format!("a {} cannot be written", T::FAMILY)).caused_by(e))?;
    Ok(Row { key: record.key(), version: 0, body, watch: record.watch(), expires_at: record.expires_at() })
}

fn read<T: Record>(row: Row) -> Result<Found<T>> {
    let value = serde_json::from_value(row.body)
        .map_err(|e| Error::corrupt(format!("row {} cannot be read", row.key)).caused_by(e))?;
    Ok(Found { value, version: row.version })
}
