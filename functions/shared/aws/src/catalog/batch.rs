//! Many rows in one call. DynamoDB gives what it can, up to 16 MB, and names the keys that it left out: these are asked for
//! again, at once while each answer brings some. Where one brings none, the table is too busy, and the caller is told so.

use super::items::{Item, check_key, key_of, row_of};
use super::keys::Place;
use crate::error::from_sdk;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use domain::{Error, Result, Timestamp};
use engine::ports::{Row, Scope, check_places};
use std::collections::HashMap;

/// The rows of those places, in their order.
pub(super) async fn find_many(
    client: &Client,
    table: &str,
    places: &[(Scope, String)],
    now: Timestamp,
) -> Result<Vec<Option<Row>>> {
    check_places(places)?;
    let mut left: Vec<Item> = Vec::with_capacity(places.len());
    for (scope, key) in places {
        check_key(key)?;
        left.push(key_of(&Place::new(scope, key)));
    }
    let mut found: HashMap<(Scope, String), Row> = HashMap::with_capacity(places.len());
    while !left.is_empty() {
        let before = left.len();
        let keys = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
        let keys = keys.map_err(|e| Error::invalid("the keys are none of a table").caused_by(e))?;
        let answer = client.batch_get_item().request_items(table, keys).send().await;
        let answer = answer.map_err(|e| from_sdk("dynamodb.BatchGetItem", e))?;
        for item in answer.responses.unwrap_or_default().remove(table).unwrap_or_default() {
            let (scope, row) = row_of(&item)?;
            found.insert((scope, row.key.clone()), row);
        }
        left = answer.unprocessed_keys.unwrap_or_default().remove(table).map(|k| k.keys).unwrap_or_default();
        if left.len() >= before {
            return Err(Error::unavailable("DynamoDB did not give the rows that were asked for"));
        }
    }
    let is_live = |row: &Row| row.expires_at.is_none_or(|at| at > now);
    Ok(places.iter().map(|place| found.remove(place).filter(is_live)).collect())
}
