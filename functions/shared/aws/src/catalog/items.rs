//! A row as an item of the table, and back. What is stored and cannot be read as a row is `Corrupt`.

use super::keys::{
    BODY, ENDS_AT, EXPIRES_AT, PK, Place, SK, VERSION, WATCH, WATCH_AT, epoch_seconds, sortable,
};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Error, Result};
use engine::ports::{Row, Scope, Watch};
use std::collections::HashMap;

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The greatest length of a body as JSON. DynamoDB takes items of 400 KB, names and keys included.
const BODY_LIMIT_BYTES: usize = 300_000;
/// The greatest length of a key: a sort key takes 1,024 bytes.
const KEY_LIMIT_BYTES: usize = 1000;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

/// The item of a row, with that version.
///
/// # Errors
/// `Invalid` when the catalog does not take such a row.
pub(crate) fn item_of(scope: &Scope, row: &Row, version: u64) -> Result<Item> {
    check_key(&row.key)?;
    if !row.body.is_object() {
        return Err(Error::invalid("a row's body is a JSON object"));
    }
    let body = row.body.to_string();
    if body.len() > BODY_LIMIT_BYTES {
        return Err(Error::invalid("a row's body is larger than 300 KB"));
    }
    let mut item = key_of(&Place::new(scope, &row.key));
    item.insert(VERSION.to_owned(), number(version));
    item.insert(BODY.to_owned(), text(body));
    if let Some(watch) = &row.watch {
        if watch.list.is_empty() {
            return Err(Error::invalid("a watched list has a name"));
        }
        item.insert(WATCH.to_owned(), text(&watch.list));
        item.insert(WATCH_AT.to_owned(), text(sortable(watch.at)?));
    }
    if let Some(at) = row.expires_at {
        item.insert(ENDS_AT.to_owned(), text(sortable(at)?));
        item.insert(EXPIRES_AT.to_owned(), number(epoch_seconds(at)?));
    }
    Ok(item)
}

/// The key attributes of a place.
pub(crate) fn key_of(place: &Place) -> Item {
    HashMap::from([(PK.to_owned(), text(&place.pk)), (SK.to_owned(), text(&place.sk))])
}

/// Checks that a row can have that key.
///
/// # Errors
/// `Invalid` when no row can have it.
pub(crate) fn check_key(key: &str) -> Result<()> {
    if key.is_empty() || key.len() > KEY_LIMIT_BYTES {
        return Err(Error::invalid("a key has 1 to 1,000 bytes"));
    }
    Ok(())
}

/// The row that an item holds.
pub(crate) fn row_of(item: &Item) -> Result<(Scope, Row)> {
    let watch = match (item.get(WATCH), item.get(WATCH_AT)) {
        (None, None) => None,
        _ => Some(Watch { list: string(item, WATCH)?.to_owned(), at: parsed(string(item, WATCH_AT)?)? }),
    };
    let expires_at = item.get(ENDS_AT).map(|_| parsed(string(item, ENDS_AT)?)).transpose()?;
    let row = Row {
        key: string(item, SK)?.to_owned(),
        version: parsed(digits(item, VERSION)?)?,
        body: serde_json::from_str(string(item, BODY)?).map_err(|_| unreadable())?,
        watch,
        expires_at,
    };
    Ok((Scope::from_text(string(item, PK)?)?, row))
}

/// The text attribute of that name.
pub(crate) fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    item.get(name).and_then(|v| v.as_s().ok()).map(String::as_str).ok_or_else(unreadable)
}

fn digits<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    item.get(name).and_then(|v| v.as_n().ok()).map(String::as_str).ok_or_else(unreadable)
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::corrupt("an item of the table is not a row")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ErrorKind, Timestamp};
    use serde_json::json;

    fn scope() -> Scope {
        Scope::Tenant("11111111-1111-1111-1111-111111111111".parse().unwrap())
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_row_comes_back_from_its_item_as_it_was() {
        let body = json!({"name": "Zoë", "ratio": 0.1, "n": 9_007_199_254_740_993_i64, "none": null});
        let row = Row::new("snapshot#1", body)
            .watched("open-work", at("2026-11-22T02:25:40.123Z"))
            .expiring(at("2026-12-31T23:59:59.001Z"));
        let item = item_of(&scope(), &row, 7).unwrap();
        assert_eq!(item[PK], text("tenant/11111111-1111-1111-1111-111111111111"));
        assert_eq!(item[WATCH_AT], text("2026-11-22T02:25:40.123Z"));
        assert_eq!(item[ENDS_AT], text("2026-12-31T23:59:59.001Z"));
        assert_eq!(item[EXPIRES_AT], number(1_798_761_600));
        assert_eq!(row_of(&item).unwrap(), (scope(), Row { version: 7, ..row }));
    }

    #[test]
    fn a_row_that_is_due_nowhere_has_no_attribute_of_the_index() {
        let item = item_of(&scope(), &Row::new("tenant", json!({})), 1).unwrap();
        let mut names: Vec<_> = item.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["body", "pk", "sk", "version"]);
    }

    #[test]
    fn a_row_that_cannot_be_kept_is_refused() {
        let too_large = json!({"text": "x".repeat(BODY_LIMIT_BYTES)});
        for row in [
            Row::new("", json!({})),
            Row::new("x".repeat(KEY_LIMIT_BYTES + 1), json!({})),
            Row::new("k", json!([])),
            Row::new("k", too_large),
            Row::new("k", json!({})).watched("", at("2026-01-01T00:00:00Z")),
        ] {
            assert_eq!(item_of(&scope(), &row, 1).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn an_item_that_is_not_a_row_is_corrupt() {
        let row = Row::new("k", json!({})).watched("open-work", at("2026-01-01T00:00:00Z"));
        let item = item_of(&scope(), &row.expiring(at("2026-01-01T00:00:00Z")), 1).unwrap();
        for name in [PK, SK, VERSION, BODY, WATCH, WATCH_AT] {
            let mut without = item.clone();
            without.remove(name);
            assert_eq!(row_of(&without).unwrap_err().kind(), ErrorKind::Corrupt, "without {name}");
            let mut wrong = item.clone();
            wrong.insert(name.to_owned(), AttributeValue::Bool(true));
            assert_eq!(row_of(&wrong).unwrap_err().kind(), ErrorKind::Corrupt, "with a wrong {name}");
        }
        let mut endless = item;
        endless.insert(ENDS_AT.to_owned(), text("soon"));
        assert_eq!(row_of(&endless).unwrap_err().kind(), ErrorKind::Corrupt, "with a wrong end");
    }
}
