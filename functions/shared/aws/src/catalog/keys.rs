//! Keys of the one table, and how every question to it is asked.
//!
//! | question or change            | call                        | partition `pk`  | sort `sk`           | condition |
//! | ----------------------------- | --------------------------- | --------------- | ------------------- | --------- |
//! | the row of a key              | GetItem, consistent         | scope           | key                 | |
//! | rows of up to 100 keys        | BatchGetItem, consistent    | scope           | key                 | |
//! | rows of a scope by prefix     | Query, consistent           | scope           | begins with prefix  | |
//! | every row (the upgrade alone) | Scan, consistent            | any             | any                 | |
//! | what is due in a list         | Query on `watch-index`      | `watch` = list  | `watch_at` <= until | |
//! | a new row                     | PutItem / in a transaction  | scope           | key                 | absent or expired |
//! | another version, no row       | PutItem, DeleteItem / same  | scope           | key                 | live, `version` as read |
//!
//! A scope is the partition, as `engine::ports::Scope::text` has it: the tenant is in it, so no question reaches two of
//! them. Only `watch-index` crosses scopes; rows that are due nowhere are not in it, and it may lag. A page token
//! holds the keys of the last row and is checked against the question before it is used.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, Result, Timestamp};
use engine::ports::Scope;

/// Partition key: the scope as text.
pub(crate) const PK: &str = "pk";
/// Sort key: the row's key.
pub(crate) const SK: &str = "sk";
/// The watched list that the row is due in; absent in most rows.
pub(crate) const WATCH: &str = "watch";
/// When the row is due in that list.
pub(crate) const WATCH_AT: &str = "watch_at";
/// From when on the row counts as absent.
pub(crate) const ENDS_AT: &str = "ends_at";
/// The same in seconds since 1970, rounded up: the table's TTL attribute, which nothing else reads.
pub(crate) const EXPIRES_AT: &str = "expires_at";
/// Counts the row's replacements from 1.
pub(crate) const VERSION: &str = "version";
/// The body as JSON text.
pub(crate) const BODY: &str = "body";
/// The index over [`WATCH`] and [`WATCH_AT`].
pub(crate) const WATCH_INDEX: &str = "watch-index";

/// The primary key of a row: its partition and its sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub pk: String,
    pub sk: String,
}

impl Place {
    pub(crate) fn new(scope: &Scope, key: &str) -> Self {
        Self { pk: scope.text(), sk: key.to_owned() }
    }
}

/// The place of a row in a watched list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DuePlace {
    pub watch: String,
    pub watch_at: String,
    pub row: Place,
}

/// An instant as text that sorts like the instant: UTC, milliseconds, always 24 characters. Rounded up, so
/// that nothing is due before its time.
pub(crate) fn sortable(at: Timestamp) -> Result<String> {
    let at = round_up(at, 1_000_000)?;
    let text = at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    if text.len() == 24 && !text.starts_with('-') {
        Ok(text)
    } else {
        Err(Error::invalid("an instant before the year 0"))
    }
}

/// The last instant, as sortable text, that has come by `until`: rounded down.
pub(crate) fn sortable_until(until: Timestamp) -> Result<String> {
    let ms = Timestamp::from_millisecond(until.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(0))
        .map_err(|_| Error::invalid("an instant out of range"))?;
    sortable(ms)
}

/// Whole seconds since 1970, rounded up: TTL has no finer unit.
pub(crate) fn epoch_seconds(at: Timestamp) -> Result<i64> {
    Ok(round_up(at, 1_000_000_000)?.as_second())
}

fn round_up(at: Timestamp, unit_ns: i128) -> Result<Timestamp> {
    let rounded = at.as_nanosecond().div_euclid(unit_ns) * unit_ns;
    let up = if rounded == at.as_nanosecond() { rounded } else { rounded + unit_ns };
    Timestamp::from_nanosecond(up).map_err(|_| Error::invalid("an instant out of range"))
}

/// The token after which a walk over the whole table goes on behind `last`.
pub(crate) fn scan_token(last: &Place) -> String {
    encode(&["scan", &last.pk, &last.sk])
}

/// The place after which a walk over the whole table goes on.
///
/// # Errors
/// `Invalid` when the text is not such a token.
pub(crate) fn read_scan_token(token: &str) -> Result<Place> {
    match decode(token)?.as_slice() {
        [kind, pk, sk] if kind == "scan" && !pk.is_empty() && !sk.is_empty() => {
            Ok(Place { pk: pk.clone(), sk: sk.clone() })
        }
        _ => Err(foreign_token()),
    }
}

/// The page token after which a watched list goes on behind `last`.
pub(crate) fn due_token(last: &DuePlace) -> String {
    encode(&["due", &last.watch, &last.watch_at, &last.row.pk, &last.row.sk])
}

/// The place after which that watched list goes on.
///
/// # Errors
/// `Invalid` when the text is not a token, or is that of another list or a later time.
pub(crate) fn read_due_token(token: &str, list: &str, until: &str) -> Result<DuePlace> {
    match decode(token)?.as_slice() {
        [kind, watch, at, pk, sk]
            if kind == "due" && watch == list && at.as_str() <= until && !pk.is_empty() && !sk.is_empty() =>
        {
            let row = Place { pk: pk.clone(), sk: sk.clone() };
            Ok(DuePlace { watch: watch.clone(), watch_at: at.clone(), row })
        }
        _ => Err(foreign_token()),
    }
}

fn encode(parts: &[&str]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(serde_json::json!(parts).to_string())
}

fn decode(token: &str) -> Result<Vec<String>> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).map_err(|_| foreign_token())?;
    serde_json::from_slice(&bytes).map_err(|_| foreign_token())
}

fn foreign_token() -> Error {
    Error::invalid("the page token is not one of this list")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ErrorKind;

    const MINE: &str = "tenant/11111111-1111-1111-1111-111111111111";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_page_token_leads_back_to_its_place() {
        let place = Place { pk: MINE.to_owned(), sk: "snapshot#snp_é\"/1".to_owned() };
        let due =
            DuePlace { watch: "open-work".into(), watch_at: "2026-01-01T00:00:00.000Z".into(), row: place };
        let until = "2026-01-01T00:00:00.000Z";
        assert_eq!(read_due_token(&due_token(&due), "open-work", until).unwrap(), due);
    }

    #[test]
    fn a_page_token_of_another_list_or_a_later_time_is_invalid() {
        let row = Place { pk: MINE.into(), sk: "tenant".into() };
        let due =
            due_token(&DuePlace { watch: "a".into(), watch_at: "2026-01-01T00:00:00.000Z".into(), row });
        for (list, until) in [("b", "2027-01-01T00:00:00.000Z"), ("a", "2025-01-01T00:00:00.000Z")] {
            assert!(read_due_token(&due, list, until).is_err());
        }
        for noise in ["", "%%%", "bm90IGpzb24", "W10"] {
            assert_eq!(read_due_token(noise, "a", "2027").unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn instants_sort_as_text_and_are_never_due_early() {
        assert_eq!(sortable(at("2026-11-22T02:25:40Z")).unwrap(), "2026-11-22T02:25:40.000Z");
        assert_eq!(sortable(at("2026-11-22T02:25:40.0000001Z")).unwrap(), "2026-11-22T02:25:40.001Z");
        assert_eq!(sortable_until(at("2026-11-22T02:25:40.0009Z")).unwrap(), "2026-11-22T02:25:40.000Z");
        assert!(
            sortable(at("0999-12-31T23:59:59.999Z")).unwrap() < sortable(at("2026-01-01T00:00:00Z")).unwrap()
        );
        assert_eq!(sortable_until(at("1969-12-31T23:59:59.9999Z")).unwrap(), "1969-12-31T23:59:59.999Z");
        assert!(sortable(at("-000001-01-01T00:00:00Z")).is_err());
    }

    #[test]
    fn an_end_is_never_before_its_time() {
        assert_eq!(epoch_seconds(at("1970-01-01T00:00:10Z")).unwrap(), 10);
        assert_eq!(epoch_seconds(at("1970-01-01T00:00:10.000000001Z")).unwrap(), 11);
    }
}
