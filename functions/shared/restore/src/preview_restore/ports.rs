//! What a preview needs besides the directory and the plans: what a snapshot holds, and which principals are our own.

use async_trait::async_trait;
use backup::archive::FoundChanges;
use domain::changes::Change;
use domain::kinds::{Kind, LinkType};
use domain::restore::{Impossible, SelectedItem};
use domain::who::ChangeFilter;
use domain::{DiffId, Result, SnapshotId, TenantId};
use engine::ports::Directory;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// What a filter chose of a comparison.
pub struct FilteredChanges {
    /// What takes back each change that is meant.
    pub items: Vec<(SelectedItem, Change)>,
    /// What may be meant and is left, and why.
    pub left: Vec<Impossible>,
    /// The snapshot that is the later side.
    pub after: SnapshotId,
}

/// Sealed snapshots and comparisons.
#[async_trait]
pub trait Snapshots: Send + Sync {
    /// Opens a sealed snapshot.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    async fn open(&self, tenant: &TenantId, snapshot: &SnapshotId) -> Result<Box<dyn OpenSnapshot>>;

    /// All changes of a finished comparison.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    async fn list_changes(&self, tenant: &TenantId, diff: &DiffId) -> Result<Vec<Change>>;

    /// The changes of a finished comparison that a filter means, with those that it may mean.
    ///
    /// # Errors
    /// As [`Self::list_changes`]; `NotFound` also when who made them is asked and a snapshot of the comparison is no more.
    async fn filter_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        filter: &ChangeFilter,
    ) -> Result<FilteredChanges>;

    /// The changes of these objects, by kind and key, of a finished comparison.
    ///
    /// # Errors
    /// As [`Self::list_changes`]; `Conflict` when it is not done.
    async fn find_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        sought: &[(&'static Kind, &str)],
    ) -> Result<FoundChanges>;
}

/// A snapshot, read by key.
#[async_trait]
pub trait OpenSnapshot: Send + Sync {
    /// Whether it holds that kind.
    fn covers(&self, kind: &Kind) -> bool;

    /// Whether it does not hold that kind because the tenant had no licence for it: then the tenant had none of the
    /// kind.
    fn is_unlicensed(&self, kind: &Kind) -> bool;

    /// An object with its facets, without links.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold the kind, saying why.
    async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>>;

    /// Whether an object that it does not hold may have been there all the same: it, or one whose id is not known, could not be
    /// read.
    fn may_have_missed(&self, kind: &Kind, key: &str) -> bool;

    /// The keys of all objects of a kind, in their order, at most so many.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold the kind, saying why.
    async fn list_keys(&self, kind: &'static Kind, limit: usize) -> Result<Vec<String>>;

    /// The properties, facets and relations that the snapshot does not know of an object that it holds.
    fn unknown(&self, kind: &Kind, object: &Map<String, Value>) -> BTreeSet<&'static str>;

    /// The links of a type from one object; empty where the snapshot knows none of the type.
    async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>>;

    /// The links of a type to one object: their near ends and values.
    async fn list_links_to(&self, link: &LinkType, to: &str) -> Result<Vec<(String, Map<String, Value>)>>;

    /// The objects of a kind of facts whose key names that id, with their keys.
    async fn list_facts_of(&self, kind: &Kind, id: &str) -> Result<Vec<(String, Map<String, Value>)>>;
}

/// Names our own applications in a tenant.
#[async_trait]
pub trait OwnPrincipals: Send + Sync {
    /// The ids of our service principals there; a restore takes no role from them.
    async fn list_own(&self, tenant: &TenantId) -> Result<Vec<String>>;
}

/// The reading application, as its token names it. The writing application guards itself when the restore is
/// executed.
#[async_trait]
impl OwnPrincipals for std::sync::Arc<dyn Directory> {
    async fn list_own(&self, tenant: &TenantId) -> Result<Vec<String>> {
        Ok(self.access(tenant).await?.principal.into_iter().collect())
    }
}
