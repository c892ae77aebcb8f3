//! The port of control data: small rows, found by scope and key, changed only under a condition.

use async_trait::async_trait;
use domain::{Error, PartnerId, Result, TenantId, Timestamp};
use serde_json::Value;
use std::collections::BTreeSet;

/// Whose a row is; the first part of every key, and the partition that a function's rights are narrowed to. FORMAT.md
/// section 10 says who may do what in each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// The installation's own: look-ups by id, and states that are good once.
    System,
    /// When API tokens were used. Why apart: the authorizer may write these rows and no others.
    Uses,
    /// What callers have used of their limits. Why apart: every request may write here, and whoever counts requests needs
    /// no right to anything else.
    Budgets,
    /// Who has how much of the limits of our applications at Microsoft. Why apart: every job that calls Microsoft may write
    /// here, and needs no right to anything else of the installation.
    Limits,
    /// What lets somebody in: tokens, links, sign-ins. Why apart: only the control plane may put these rows.
    Auth,
    /// The secrets of invitations that were mailed. Why apart: what sends mail makes them, and may make no token.
    Invitations,
    /// Tenants that were connected before, by hashes of their ids. Why apart: `purge-data` writes these rows, and no other
    /// of the installation.
    FormerTenants,
    /// A partner's audit log, or the installation's where there is no partner. Why apart: nobody may delete these rows.
    Audit(Option<PartnerId>),
    /// What a partner's requests were answered, or the operator's. Why apart: both APIs write these rows, and one of them
    /// nothing else of a partner.
    Replies(Option<PartnerId>),
    /// A partner's, by its id: its place in the tree, and its plans.
    Partner(PartnerId),
    /// A partner's organisations. Why apart: jobs write these rows, and no other row of a partner.
    Organisations(PartnerId),
    /// Who works for a partner, and their roles. Why apart: what reads a tenant gives nobody a role.
    People(PartnerId),
    /// What a partner was notified of. Why apart: every job writes these rows, and few anything else of a partner.
    Heard(PartnerId),
    /// The work that people asked for in a partner's organisations, by its time. Why apart: the data plane writes these rows, and
    /// no other of a partner.
    Jobs(PartnerId),
    /// The data keys of a tenant, by its GUID. Why apart: only the control plane may put these rows, and only
    /// `purge-data` may delete them.
    Key(TenantId),
    /// The restores of a tenant. Why apart: what reads a tenant runs no restore.
    Restores(TenantId),
    /// What was approved of a tenant's restores. Why apart: jobs write the rows of restores, and none of them approves one.
    Approvals(TenantId),
    /// The Temporary Access Passes of people whom a tenant's restores brought back, sealed. Why apart: of what can open what is
    /// sealed, only what made a pass and what hands it out come to it.
    AccessPasses(TenantId),
    /// The downloads of a tenant. Why apart: what makes their files writes no other row.
    Downloads(TenantId),
    /// What people have marked in a tenant. Why apart: only the data plane puts and deletes these rows, and a job that could
    /// would decide what is worth looking at.
    Marks(TenantId),
    /// The restore sets of a partner, each over several tenants. Why apart: who answers requests for data writes no other row of a
    /// partner.
    RestoreSets(PartnerId),
    /// A customer tenant's, by its GUID.
    Tenant(TenantId),
}

impl Scope {
    /// The scope as text, which is the partition of its rows: a name alone, such as `system`, or a name and whose it is,
    /// such as `partner/prt_…` and `tenant/{guid}`.
    pub fn text(&self) -> String {
        let optional = |name: &str, id: &Option<PartnerId>| match id {
            Some(id) => format!("{name}/{id}"),
            None => name.to_owned(),
        };
        match self {
            Self::System => "system".to_owned(),
            Self::Uses => "uses".to_owned(),
            Self::Budgets => "budgets".to_owned(),
            Self::Limits => "limits".to_owned(),
            Self::Auth => "auth".to_owned(),
            Self::Invitations => "invitations".to_owned(),
            Self::FormerTenants => "former-tenants".to_owned(),
            Self::Audit(id) => optional("audit", id),
            Self::Replies(id) => optional("replies", id),
            Self::Partner(id) => format!("partner/{id}"),
            Self::Organisations(id) => format!("organisations/{id}"),
            Self::People(id) => format!("people/{id}"),
            Self::Heard(id) => format!("heard/{id}"),
            Self::Jobs(id) => format!("jobs/{id}"),
            Self::Key(id) => format!("key/{id}"),
            Self::Restores(id) => format!("restores/{id}"),
            Self::Approvals(id) => format!("approvals/{id}"),
            Self::AccessPasses(id) => format!("access-passes/{id}"),
            Self::Downloads(id) => format!("downloads/{id}"),
            Self::Marks(id) => format!("marks/{id}"),
            Self::RestoreSets(id) => format!("restore-sets/{id}"),
            Self::Tenant(id) => format!("tenant/{id}"),
        }
    }

    /// The scope that a text names.
    ///
    /// # Errors
    /// `Corrupt` when the text names none.
    pub fn from_text(text: &str) -> Result<Self> {
        let partner = |id: &str| id.parse::<PartnerId>().ok();
        let tenant = |id: &str| id.parse::<TenantId>().ok();
        let scope = match text.split_once('/') {
            None => match text {
                "system" => Some(Self::System),
                "uses" => Some(Self::Uses),
                "budgets" => Some(Self::Budgets),
                "limits" => Some(Self::Limits),
                "auth" => Some(Self::Auth),
                "invitations" => Some(Self::Invitations),
                "former-tenants" => Some(Self::FormerTenants),
                "audit" => Some(Self::Audit(None)),
                "replies" => Some(Self::Replies(None)),
                _ => None,
            },
            Some(("audit", id)) => partner(id).map(|id| Self::Audit(Some(id))),
            Some(("replies", id)) => partner(id).map(|id| Self::Replies(Some(id))),
            Some(("partner", id)) => partner(id).map(Self::Partner),
            Some(("organisations", id)) => partner(id).map(Self::Organisations),
            Some(("people", id)) => partner(id).map(Self::People),
            Some(("heard", id)) => partner(id).map(Self::Heard),
            Some(("jobs", id)) => partner(id).map(Self::Jobs),
            Some(("key", id)) => tenant(id).map(Self::Key),
            Some(("restores", id)) => tenant(id).map(Self::Restores),
            Some(("approvals", id)) => tenant(id).map(Self::Approvals),
            Some(("access-passes", id)) => tenant(id).map(Self::AccessPasses),
            Some(("downloads", id)) => tenant(id).map(Self::Downloads),
            Some(("marks", id)) => tenant(id).map(Self::Marks),
            Some(("restore-sets", id)) => partner(id).map(Self::RestoreSets),
            Some(("tenant", id)) => tenant(id).map(Self::Tenant),
            Some(_) => None,
        };
        scope.ok_or_else(|| domain::Error::corrupt("a stored scope is not one"))
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

/// How many rows [`Catalog::find_many`] finds at once.
pub const MOST_AT_ONCE: usize = 100;

/// Checks the places that many rows are asked for at.
///
/// # Errors
/// `Invalid` when there are none, too many, or one twice.
pub fn check_places(places: &[(Scope, String)]) -> Result<()> {
    if !(1..=MOST_AT_ONCE).contains(&places.len()) {
        return Err(Error::invalid("1 to 100 rows can be found at once"));
    }
    if places.iter().collect::<BTreeSet<_>>().len() != places.len() {
        return Err(Error::invalid("a row is asked for twice at once"));
    }
    Ok(())
}

/// The catalog: rows by scope and key. Reads by key and by prefix see every finished write; a watched list may lag.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// The row of that key, if there is one that has not expired by `now`.
    async fn find(&self, scope: &Scope, key: &str, now: Timestamp) -> Result<Option<Row>>;

    /// The rows of those places (1 to [`MOST_AT_ONCE`], each once), whatever their scopes: each as [`Self::find`] gives it, in
    /// the order of the places.
    ///
    /// # Errors
    /// `Unavailable` when not all of them could be read: a row that was not read is never given as absent.
    async fn find_many(&self, places: &[(Scope, String)], now: Timestamp) -> Result<Vec<Option<Row>>>;

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
