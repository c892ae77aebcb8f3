//! Conditional writes: a single one as its own call, several as a transaction.
//!
//! The SDK repeats a call whose answer was lost. A transaction carries a token and so takes effect once; a single
//! write that is repeated finds its own row and is reported as `Conflict`, and the caller, who has to read again
//! after any `Conflict`, finds what it wrote.
//! DynamoDB takes at most 4 MB in one transaction; more is `Invalid`.

use super::items::{Item, check_key, item_of, key_of, number, text};
use super::keys::{ENDS_AT, PK, Place, VERSION, sortable_until};
use crate::error::{from_cancelled, from_sdk};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use domain::{Error, Result, Timestamp};
use engine::ports::Write;
use std::collections::{BTreeSet, HashMap};

/// The most writes that the port allows at once; DynamoDB allows 100 in a transaction.
const WRITES_LIMIT: usize = 50;

/// A write in the form that DynamoDB takes.
#[derive(Debug)]
struct Step {
    act: Act,
    condition: &'static str,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

#[derive(Debug)]
enum Act {
    Put(Item),
    Delete(Item),
}

/// The condition that there is no live row.
const ABSENT: &str = "attribute_not_exists(#pk) OR #ends <= :now";
/// The condition that the row is as it was read, and still live.
const AS_READ: &str = "#version = :version AND (attribute_not_exists(#ends) OR #ends > :now)";

fn step_of(write: &Write, now: Timestamp) -> Result<Step> {
    let mut values = HashMap::from([(":now".to_owned(), text(sortable_until(now)?))]);
    let mut names = HashMap::from([("#ends".to_owned(), ENDS_AT.to_owned())]);
    let (act, condition) = match write {
        Write::PutNew(scope, row) => {
            names.insert("#pk".to_owned(), PK.to_owned());
            (Act::Put(item_of(scope, row, 1)?), ABSENT)
        }
        Write::Replace(scope, row, version) => {
            let next = version.checked_add(1).ok_or_else(|| Error::invalid("no such version"))?;
            names.insert("#version".to_owned(), VERSION.to_owned());
            values.insert(":version".to_owned(), number(*version));
            (Act::Put(item_of(scope, row, next)?), AS_READ)
        }
        Write::Delete(scope, key, version) => {
            check_key(key)?;
            names.insert("#version".to_owned(), VERSION.to_owned());
            values.insert(":version".to_owned(), number(*version));
            (Act::Delete(key_of(&Place::new(scope, key))), AS_READ)
        }
    };
    Ok(Step { act, condition, names, values })
}

fn place_of(write: &Write) -> Place {
    match write {
        Write::PutNew(scope, row) | Write::Replace(scope, row, _) => Place::new(scope, &row.key),
        Write::Delete(scope, key, _) => Place::new(scope, key),
    }
}

fn steps_of(writes: &[Write], now: Timestamp) -> Result<Vec<Step>> {
    if !(1..=WRITES_LIMIT).contains(&writes.len()) {
        return Err(Error::invalid("1 to 50 writes can be made at once"));
    }
    if writes.iter().map(place_of).collect::<BTreeSet<_>>().len() != writes.len() {
        return Err(Error::invalid("two writes at once are of one key"));
    }
    writes.iter().map(|write| step_of(write, now)).collect()
}

/// Does all of the writes or none.
pub(super) async fn write(client: &Client, table: &str, now: Timestamp, writes: Vec<Write>) -> Result<()> {
    let mut steps = steps_of(&writes, now)?;
    match (steps.pop(), steps.is_empty()) {
        (Some(only), true) => write_one(client, table, only).await,
        (Some(last), false) => {
            steps.push(last);
            write_together(client, table, steps).await
        }
        (None, _) => Ok(()),
    }
}

async fn write_one(client: &Client, table: &str, step: Step) -> Result<()> {
    match step.act {
        Act::Put(item) => {
            let put = client
                .put_item()
                .table_name(table)
                .set_item(Some(item))
                .condition_expression(step.condition)
                .set_expression_attribute_names(Some(step.names))
                .set_expression_attribute_values(Some(step.values));
            put.send().await.map(drop).map_err(|e| from_sdk("dynamodb.PutItem", e))
        }
        Act::Delete(key) => {
            let delete = client
                .delete_item()
                .table_name(table)
                .set_key(Some(key))
                .condition_expression(step.condition)
                .set_expression_attribute_names(Some(step.names))
                .set_expression_attribute_values(Some(step.values));
            delete.send().await.map(drop).map_err(|e| from_sdk("dynamodb.DeleteItem", e))
        }
    }
}

async fn write_together(client: &Client, table: &str, steps: Vec<Step>) -> Result<()> {
    const CALL: &str = "dynamodb.TransactWriteItems";
    let items = steps.into_iter().map(|s| transact_item(table, s)).collect::<Result<_>>()?;
    match client.transact_write_items().set_transact_items(Some(items)).send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                Err(from_cancelled(CALL, cancelled.cancellation_reasons()))
            }
            _ => Err(from_sdk(CALL, error)),
        },
    }
}

fn transact_item(table: &str, step: Step) -> Result<TransactWriteItem> {
    let incomplete = |_| Error::invalid("a write cannot be expressed");
    let item = TransactWriteItem::builder();
    Ok(match step.act {
        Act::Put(row) => {
            let put = Put::builder()
                .table_name(table)
                .set_item(Some(row))
                .condition_expression(step.condition)
                .set_expression_attribute_names(Some(step.names))
                .set_expression_attribute_values(Some(step.values));
            item.put(put.build().map_err(incomplete)?)
        }
        Act::Delete(key) => {
            let delete = Delete::builder()
                .table_name(table)
                .set_key(Some(key))
                .condition_expression(step.condition)
                .set_expression_attribute_names(Some(step.names))
                .set_expression_attribute_values(Some(step.values));
            item.delete(delete.build().map_err(incomplete)?)
        }
    }
    .build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;
    use engine::ports::{Row, Scope};
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-11-22T02:25:40.9Z".parse().unwrap()
    }

    fn row(key: &str) -> Row {
        Row::new(key, json!({}))
    }

    #[test]
    fn a_new_row_has_version_1_and_a_replacement_the_next() {
        let version = |write: &Write| match step_of(write, now()).unwrap().act {
            Act::Put(item) => item[VERSION].as_n().unwrap().clone(),
            Act::Delete(_) => panic!("a put"),
        };
        assert_eq!(version(&Write::PutNew(Scope::System, Row { version: 9, ..row("a") })), "1");
        assert_eq!(version(&Write::Replace(Scope::System, row("a"), 4)), "5");
    }

    #[test]
    fn every_name_and_value_of_a_condition_is_given_and_used() {
        // DynamoDB refuses a request with a name or value that its expressions do not use.
        for write in [
            Write::PutNew(Scope::System, row("a")),
            Write::Replace(Scope::System, row("a"), 4),
            Write::Delete(Scope::System, "a".to_owned(), 4),
        ] {
            let step = step_of(&write, now()).unwrap();
            let mut given: Vec<&String> = step.names.keys().chain(step.values.keys()).collect();
            let words = step.condition.split(|c: char| !c.is_alphanumeric() && c != '#' && c != ':');
            let mut used: Vec<&str> = words.filter(|w| w.starts_with(['#', ':'])).collect();
            given.sort();
            used.sort_unstable();
            used.dedup();
            assert_eq!(given, used);
        }
    }

    #[test]
    fn no_writes_too_many_and_two_of_one_key_are_refused() {
        let put = |i| Write::PutNew(Scope::System, row(&format!("k{i}")));
        let many = |n: usize| (0..n).map(put).collect::<Vec<_>>();
        let twice =
            vec![Write::PutNew(Scope::System, row("a")), Write::Delete(Scope::System, "a".to_owned(), 1)];
        assert_eq!(steps_of(&many(50), now()).unwrap().len(), 50);
        for writes in [Vec::new(), many(51), twice] {
            assert_eq!(steps_of(&writes, now()).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }
}
