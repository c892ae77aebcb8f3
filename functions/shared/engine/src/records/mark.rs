//! What somebody has marked in a tenant, so that it is weighed as people know it to be: accounts that are kept for
//! emergencies, snapshots that are known to be good, and changes that were expected.
//!
//! A mark says nothing of the directory but ids. It hides nothing: it is shown beside what it is about.

use super::address::{At, Marks, Under};
use super::{Found, NoticeEntry, Record, Records, Subject};
use domain::kinds::NamedKind;
use domain::notices::Topic;
use domain::{DiffId, Result, SnapshotId, TenantId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How many accounts of a tenant can be marked as kept for emergencies.
pub const MOST_BREAK_GLASS: usize = 50;
/// How many snapshots of a tenant can be marked as known to be good.
pub const MOST_KNOWN_GOOD: usize = 400;
/// How many changes of one comparison can be marked as expected, besides the comparison as a whole.
pub const MOST_EXPECTED: u32 = 200;

/// A sort of marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MarkSort {
    /// An account that is kept for emergencies.
    BreakGlass,
    /// A snapshot of a state that is known to be good.
    KnownGood,
    /// A comparison, or one of its changes, that was expected.
    Expected,
}

impl MarkSort {
    /// What the ids of marks of the sort begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::BreakGlass => "break-glass",
            Self::KnownGood => "known-good",
            Self::Expected => "expected",
        }
    }
}

/// One of the changes of a comparison: that of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MarkedChange {
    /// The kind of the object.
    pub kind: NamedKind,
    /// The key by which the change names it.
    pub key: String,
    /// Whether it is a change of who may do what.
    pub privileged: bool,
}

/// What a mark is on: an account, a snapshot, or what a comparison found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum MarkOf {
    /// The account of that id is kept for emergencies.
    #[serde(rename_all = "camelCase")]
    BreakGlass {
        /// The id of the account.
        object: String,
    },
    /// The snapshot holds a state that is known to be good.
    #[serde(rename_all = "camelCase")]
    KnownGood {
        /// The id of that snapshot of the tenant.
        snapshot: SnapshotId,
    },
    /// What the comparison found was expected: that change, or all of it.
    #[serde(rename_all = "camelCase")]
    Expected {
        /// The id of the comparison that found it.
        comparison: DiffId,
        /// The one change; none where all of them are meant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        change: Option<MarkedChange>,
    },
}

impl MarkOf {
    /// The sort of the mark.
    pub fn sort(&self) -> MarkSort {
        match self {
            Self::BreakGlass { .. } => MarkSort::BreakGlass,
            Self::KnownGood { .. } => MarkSort::KnownGood,
            Self::Expected { .. } => MarkSort::Expected,
        }
    }

    /// The id of a mark of it, which follows from what is marked: nothing is marked twice.
    pub fn id(&self) -> String {
        let sort = self.sort().name();
        match self {
            Self::BreakGlass { object } => format!("{sort}.{}", of_text(&[object])),
            Self::KnownGood { snapshot } => format!("{sort}.{snapshot}"),
            Self::Expected { comparison, change: None } => format!("{sort}.{comparison}"),
            Self::Expected { comparison, change: Some(MarkedChange { kind, key, .. }) } => {
                format!("{sort}.{comparison}.{}", of_text(&[&kind.to_string(), key]))
            }
        }
    }
}

/// Keys of objects are as long as Graph makes them, and have slashes: an id is made of their hash.
fn of_text(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

/// A mark: what it is on, who made it and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// The tenant in which it is.
    pub tenant: TenantId,
    /// What it is on, of that tenant.
    pub of: MarkOf,
    /// What whoever made it wrote beside it; none where they wrote nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where it is written down, such as the number of a ticket; none where they did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who made it, as the audit log names them.
    pub by: String,
    /// When it was made.
    pub at: Timestamp,
}

impl Mark {
    /// The address of the mark of that id.
    pub fn at(tenant: &TenantId, id: &str) -> At<Self> {
        At::of(tenant, id)
    }

    /// The marks of a sort. Those of snapshots are in the order of the snapshots' time.
    pub fn of_sort(tenant: &TenantId, sort: MarkSort) -> Under<Self> {
        Under::of(tenant, format_args!("{}.", sort.name()))
    }

    /// The marks on a comparison and on its changes.
    pub fn of_comparison(tenant: &TenantId, comparison: &DiffId) -> Under<Self> {
        Under::of(tenant, format_args!("{}.{comparison}", MarkSort::Expected.name()))
    }
}

impl Record for Mark {
    type Owner = Marks;
    const PREFIX: &'static str = "mark#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.of.id())
    }
}

/// How much of a comparison was expected. Why beside the marks, and written with them: a list of what needs somebody asks for
/// many comparisons at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expected {
    /// The tenant whose comparison it is.
    pub tenant: TenantId,
    /// The id of the comparison whose changes were expected.
    pub comparison: DiffId,
    /// Whether all of it was.
    pub whole: bool,
    /// How many of its changes are marked by themselves.
    pub changes: u32,
    /// How many of these are changes of who may do what.
    pub privileged: u32,
}

impl Expected {
    /// The address of what was expected of a comparison.
    pub fn at(tenant: &TenantId, comparison: &DiffId) -> At<Self> {
        At::of(tenant, comparison)
    }

    /// Of a comparison of which nothing is marked.
    pub fn nothing_of(tenant: &TenantId, comparison: &DiffId) -> Self {
        let (tenant, comparison) = (tenant.clone(), comparison.clone());
        Self { tenant, comparison, whole: false, changes: 0, privileged: 0 }
    }

    /// Whether nothing of it is marked.
    pub fn is_nothing(&self) -> bool {
        !self.whole && self.changes == 0
    }

    /// Counts a mark that is made, or one that is taken back.
    pub fn count(&mut self, change: Option<&MarkedChange>, is_made: bool) {
        let step = |count: &mut u32| {
            *count = if is_made { count.saturating_add(1) } else { count.saturating_sub(1) };
        };
        match change {
            None => self.whole = is_made,
            Some(change) => {
                step(&mut self.changes);
                if change.privileged {
                    step(&mut self.privileged);
                }
            }
        }
    }

    /// How many of so many changes of who may do what were not expected.
    pub fn left_of(&self, privileged: u64) -> u64 {
        if self.whole { 0 } else { privileged.saturating_sub(u64::from(self.privileged)) }
    }
}

impl Record for Expected {
    type Owner = Marks;
    const PREFIX: &'static str = "expected#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.comparison)
    }
}

impl Expected {
    /// Whether all that a notice tells of its comparison was expected.
    fn covers(&self, entry: &NoticeEntry) -> bool {
        let of_power = entry.topic == Topic::PrivilegedChanges;
        self.whole || of_power && entry.changes.is_some_and(|told| self.left_of(told) == 0)
    }
}

/// What was expected of the comparisons that notices tell of.
#[derive(Debug, Default)]
pub struct ExpectedNotices(BTreeMap<(TenantId, DiffId), Expected>);

impl ExpectedNotices {
    /// Reads it, for a hundred comparisons with each question to the catalog.
    ///
    /// # Errors
    /// Those of the catalog. Of a row that cannot be read nothing counts as expected.
    pub async fn of(records: &Records, entries: impl Iterator<Item = &NoticeEntry> + Send) -> Result<Self> {
        let places: BTreeSet<_> = entries.filter_map(place).collect();
        let at: Vec<_> = places.iter().map(|(tenant, diff)| Expected::at(tenant, diff)).collect();
        let mut found = BTreeMap::new();
        for row in records.find_each(&at).await?.into_iter().flatten() {
            match row {
                Ok(Found { value, .. }) => {
                    found.insert((value.tenant.clone(), value.comparison.clone()), value);
                }
                Err(error) => {
                    tracing::error!(
                        kind = error.kind().name(),
                        "what was expected of a comparison cannot be read"
                    );
                }
            }
        }
        Ok(Self(found))
    }

    /// Whether all that the notice tells of was expected.
    pub fn covers(&self, entry: &NoticeEntry) -> bool {
        self.find(entry).is_some_and(|expected| expected.covers(entry))
    }

    /// How many of so many changes of who may do what, that the notice tells of, were not expected.
    pub fn left_of(&self, entry: &NoticeEntry, privileged: u64) -> u64 {
        self.find(entry).map_or(privileged, |expected| expected.left_of(privileged))
    }

    fn find(&self, entry: &NoticeEntry) -> Option<&Expected> {
        self.0.get(&place(entry)?)
    }
}

/// The comparison that a notice is about.
fn place(entry: &NoticeEntry) -> Option<(TenantId, DiffId)> {
    match &entry.subject {
        Some(Subject::Diff(id)) => Some((entry.tenant.clone(), id.clone())),
        _ => None,
    }
}
