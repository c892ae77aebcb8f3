//! The port of control data: small rows, found by scope and key, changed only under a condition.

use async_trait::async_trait;
use domain::{PartnerId, Result, TenantId, Timestamp};
use serde_json::Value;

/// Whose a row is; the first part of every key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The installation's own: look-ups by id, and states that are good once.
    System,
    /// A partner's, by its id.
    Partner(PartnerId),
    /// A customer tenant's, by its GUID.
    Tenant(TenantId),
    /// When API tokens were used. Why apart: the authorizer may write these rows and no others, and a right can
    /// be narrowed to a scope.
    Uses,
    /// What callers have used of their limits. Why apart: every request may write here, and whoever counts requests needs
    /// no right to anything else.
    Budgets,
}

impl Scope {
    /// The scope as text: `system`, `partner/prt_…`, `tenant/{guid}`, `uses`, `budgets`.
    pub fn text(&self) -> String {
        match self {
            Self::System => "system".to_owned(),
            Self::Partner(id) => format!("partner/{id}"),
            Self::Tenant(id) => format!("tenant/{id}"),
            Self::Uses => "uses".to_owned(),
            Self::Budgets => "budgets".to_owned(),
        }
    }

    /// The scope that a text names.
    ///
    /// # Errors
    /// `Corrupt` when the text names none.
    pub fn from_text(text: &str) -> Result<Self> {
        let bad = || domain::Error::corrupt("a stored scope is not one");
        match text.split_once('/') {
            None if text == "system" => Ok(Self::System),
            None if text == "uses" => Ok(Self::Uses),
            None if text == "budgets" => Ok(Self::Budgets),
            Some(("partner", id)) => id.parse().map(Self::Partner).map_err(|_| bad()),
            Some(("tenant", id)) => id.parse().map(Self::Tenant).map_err(|_| bad()),
            _ => Err(bad()),
        }
    }
}

/// A place in a watched list, which holds what is due of all scopes: the tick reads these lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The list, such as `snapshots-due`.
    pub list: String,
    /// When it is due.
    pub at: Timestamp,
}

/// A row of the catalog: a key, a JSON object, and when it is due or ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The key, unique in its scope; `family#id`, so that a family is a prefix.
    pub key: String,
    /// 1 when created, one more with each replacement. Set by the catalog; ignored in what is written.
    pub version: u64,
    /// The record that the row holds: a JSON object of at most 300 KB.
    pub body: Value,
    /// Its place in a watched list, if any.
    pub watch: Option<Watch>,
    /// From then on the row counts as absent; none when it never ends by itself.
    pub expires_at: Option<Timestamp>,
}

impl Row {
    /// A row to be written.
    pub fn new(key: impl Into<String>, body: Value) -> Self {
        Self { key: key.into(), version: 0, body, watch: None, expires_at: None }
    }
    /// The same row, due in a watched list.
    #[must_use]
    pub fn watched(mut self, list: &str, at: Timestamp) -> Self {
        self.watch = Some(Watch { list: list.to_owned(), at });
        self
    }
    /// The same row, ending at that time.
    #[must_use]
    pub fn expiring(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(at);
        self
    }
}

/// One write of a row, and the condition under which it is done.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// Creates the row, if there is none of that key.
    PutNew(Scope, Row),
    /// Replaces the row, if it is there with that version.
    Replace(Scope, Row, u64),
    /// Deletes the row of that key, if it is there with that version.
    Delete(Scope, String, u64),
}

/// Which part of a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where the part before ended: its `next`, or the [`list_cursor`](super::list_cursor) of its last row. None for the
    /// beginning.
    pub after: Option<String>,
    /// The greatest number of rows, 1 to 1,000.
    pub limit: usize,
    /// Whether the greatest key comes first.
    pub descending: bool,
}

impl Page {
    /// The first `limit` rows, ascending.
    pub fn first(limit: usize) -> Self {
        Self { after: None, limit, descending: false }
    }
    /// The last `limit` rows, descending.
    pub fn last(limit: usize) -> Self {
        Self { after: None, limit, descending: true }
    }
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPage {
    /// In key order (a watched list: in order of its times). May be empty though `next` is set.
    pub rows: Vec<(Scope, Row)>,
    /// Where the next part begins; none at the end. Of rows of a scope it is the [`list_cursor`](super::list_cursor) of
    /// the last row that was looked at.
    pub next: Option<String>,
}

/// The catalog: rows by scope and key. Reads by key and by prefix see every finished write; a watched list may lag.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The row of that key, if there is one that has not expired by `now`.
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>>;

    /// Rows of a scope whose key begins with `prefix`. Expired rows may be among them.
    async fn list(&self, scope: &Scope, prefix: &str, page: Page) -> Result<RowPage>;

    /// Rows of every scope in that list that are due no later than `until`, earliest first.
    async fn list_due(&self, list: &str, until: Timestamp, page: Page) -> Result<RowPage>;

    /// All of the writes (1 to 50, of distinct keys) or none.
    ///
    /// # Errors
    /// `Conflict` when a condition does not hold; then nothing was written. `now` makes an expired row
    /// count as absent for `PutNew`.
    async fn write(&self, now: Timestamp, writes: Vec<Write>) -> Result<()>;
}
