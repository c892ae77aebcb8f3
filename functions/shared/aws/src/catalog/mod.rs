//! The catalog as one DynamoDB table: reads here, writes in `writes`, keys and questions in `keys`.
//!
//! Reads by key and prefix are strongly consistent. The index behind [`Catalog::list_due`] is not: a row may
//! be missing from it for a moment or be an older version, so whoever acts on one reads it again by its key.
//! Expiry is judged here, by the caller's `now`; when DynamoDB removes the row is of no consequence.

mod batch;
mod items;
pub(crate) mod keys;
mod whole;
mod writes;

use crate::error::from_sdk;
use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use domain::{Error, Result, Timestamp};
use engine::ports::{Catalog, Page, Row, RowPage, Scope, Write, list_cursor, read_list_cursor};
use items::{Item, check_key, key_of, row_of, string, text};
use keys::{DuePlace, PK, Place, SK, WATCH, WATCH_AT, WATCH_INDEX};

/// The [`Catalog`] in a DynamoDB table.
#[derive(Clone, Debug)]
pub struct DynamoCatalog {
    client: Client,
    table: String,
}

impl DynamoCatalog {
    /// The catalog in the table of that name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    fn query(&self, page: &Page) -> Result<QueryFluentBuilder> {
        let limit = i32::try_from(page.limit).ok().filter(|n| (1..=1000).contains(n));
        let limit = limit.ok_or_else(|| Error::invalid("a page has 1 to 1,000 rows"))?;
        Ok(self.client.query().table_name(&self.table).limit(limit).scan_index_forward(!page.descending))
    }
}

#[async_trait]
impl Catalog for DynamoCatalog {
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>> {
        check_key(key)?;
        let key = key_of(&Place::new(scope, key));
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true);
        let answer = request.send().await.map_err(|e| from_sdk("dynamodb.GetItem", e))?;
        let row = answer.item.as_ref().map(row_of).transpose()?;
        Ok(row.map(|(_, row)| row).filter(|row| row.expires_at.is_none_or(|at| at > now)))
    }

    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>> {
        batch::find_many(&self.client, &self.table, places, now).await
    }

    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage> {
        let pk = scope.text();
        let mut query = self
            .query(&page)?
            .consistent_read(true)
            .key_condition_expression("#pk = :pk")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", text(&pk));
        // Why: DynamoDB refuses an empty text as the value of a key.
        if !prefix.is_empty() {
            query = query
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":prefix", text(prefix));
        }
        if let Some(token) = &page.after {
            let last = read_list_cursor(token, scope, prefix)?;
            query = query.set_exclusive_start_key(Some(key_of(&Place::new(scope, &last))));
        }
        let answer = query.send().await.map_err(|e| from_sdk("dynamodb.Query", e))?;
        let next = answer.last_evaluated_key().map(|last| Ok(list_cursor(scope, string(last, SK)?)));
        rows_of(answer.items(), next.transpose()?)
    }

    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage> {
        let until = keys::sortable_until(until)?;
        if list.is_empty() {
            return Err(Error::invalid("a watched list has a name"));
        }
        let mut query = self
            .query(&page)?
            .index_name(WATCH_INDEX)
            .key_condition_expression("#list = :list AND #at <= :until")
            .expression_attribute_names("#list", WATCH)
            .expression_attribute_names("#at", WATCH_AT)
            .expression_attribute_values(":list", text(list))
            .expression_attribute_values(":until", text(&until));
        if let Some(token) = &page.after {
            let place = keys::read_due_token(token, list, &until)?;
            let mut key = key_of(&place.row);
            key.insert(WATCH.to_owned(), text(place.watch));
            key.insert(WATCH_AT.to_owned(), text(place.watch_at));
            query = query.set_exclusive_start_key(Some(key));
        }
        let answer = query.send().await.map_err(|e| from_sdk("dynamodb.Query", e))?;
        let next = answer.last_evaluated_key().map(due_place).transpose()?;
        rows_of(answer.items(), next.as_ref().map(keys::due_token))
    }

    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()> {
        writes::write(&self.client, &self.table, now, writes).await
    }
}

fn rows_of(items: &[Item], next: Option<String>) -> Result<RowPage> {
    Ok(RowPage { rows: items.iter().map(row_of).collect::<Result<_>>()?, next })
}

fn due_place(last: &Item) -> Result<DuePlace> {
    let row = Place { pk: string(last, PK)?.to_owned(), sk: string(last, SK)?.to_owned() };
    Ok(DuePlace { watch: string(last, WATCH)?.to_owned(), watch_at: string(last, WATCH_AT)?.to_owned(), row })
}
