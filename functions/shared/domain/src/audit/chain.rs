//! The names of chains.

use crate::{Error, Result, Timestamp};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// How many characters of a name are its day.
const DAY_CHARS: usize = 10;

/// The name of a chain: its day in UTC, the id that the writing process drew when it started, and a number that rises with
/// each chain that the process begins, such as `2026-11-29-01kb6c…-1`. Names sort by day.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainId(String);

impl ChainId {
    /// The name of the chain that a process begins on that day; `process` is the process's ULID.
    pub fn new(day: Date, process: &str, count: u64) -> Self {
        Self(format!("{day}-{}-{count}", process.to_ascii_lowercase()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day whose events it holds, in UTC.
    pub fn day(&self) -> Date {
        // Why it always is one: no name is made of a text that does not begin with a day.
        self.0[..DAY_CHARS].parse().unwrap_or(Date::MIN)
    }

    /// The day of that instant, in UTC: whose chains hold what happens then.
    pub fn day_of(at: Timestamp) -> Date {
        at.to_zoned(TimeZone::UTC).date()
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ChainId {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        let parts = text.split_at_checked(DAY_CHARS).and_then(|(day, rest)| {
            let _: Date = day.parse().ok()?;
            let (process, count) = rest.strip_prefix('-')?.split_once('-')?;
            let is_ulid =
                process.len() == 26 && process.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
            count.parse::<u64>().ok().filter(|_| is_ulid)
        });
        parts.map(|_| Self(text)).ok_or_else(|| Error::invalid("not the name of a chain"))
    }
}

impl From<ChainId> for String {
    fn from(id: ChainId) -> Self {
        id.0
    }
}

impl JsonSchema for ChainId {
    fn schema_name() -> Cow<'static, str> {
        "ChainId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}
