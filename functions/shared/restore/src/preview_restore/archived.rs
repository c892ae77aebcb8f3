//! The archive as a preview uses it.

use super::ports::{FilteredChanges, OpenSnapshot, Snapshots};
use crate::plans::{Before, FinalReport, KeptReads, PlanStore, Sentence, StoredPlan};
use async_trait::async_trait;
use backup::archive::{Archive, FoundChanges, SnapshotView, find_changes, list_changes};
use backup::commands::who::Log;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::changes::{Change, Class};
use domain::kinds::{Identity, Kind, LinkType};
use domain::restore::{RestorePlan, claimed};
use domain::stored::Missing;
use domain::who::{ChangeFilter, Hands};
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, TenantId};
use engine::ports::{Put, Secret};
use engine::records::{Diff, Found, JobState, Records, Side};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Of how many changes it is looked up at the same time who made them.
const AT_ONCE: usize = 16;

/// The archive's snapshots, comparisons, plans and reports.
#[derive(Clone)]
pub struct Archived {
    archive: Arc<Archive>,
    records: Records,
}

impl Archived {
    /// The same over that archive.
    pub fn new(archive: Arc<Archive>, records: Records) -> Self {
        Self { archive, records }
    }

    async fn done(&self, tenant: &TenantId, diff: &DiffId) -> Result<Diff> {
        let row: Found<Diff> = self.records.get(&Diff::at(tenant, diff)).await?;
        match row.value.state {
            JobState::Done => Ok(row.value),
            _ => Err(Error::conflict("the comparison is not done")),
        }
    }

    async fn put_new<T: Serialize + Sync>(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        what: &str,
        value: &T,
    ) -> Result<Put> {
        let bytes = serde_json::to_vec(value)
            .map_err(|e| Error::invalid(format!("a {what} cannot be written")).caused_by(e))?;
        self.archive.open(tenant).await?.put_new(&format!("restores/{restore}/{what}"), &bytes).await
    }

    async fn find(&self, tenant: &TenantId, restore: &RestoreId, what: &str) -> Result<Option<Vec<u8>>> {
        self.archive.open(tenant).await?.find(&format!("restores/{restore}/{what}")).await
    }
}

#[async_trait]
impl Snapshots for Archived {
    async fn open(&self, tenant: &TenantId, snapshot: &SnapshotId) -> Result<Box<dyn OpenSnapshot>> {
        let archive = self.archive.open(tenant).await?;
        Ok(Box::new(SnapshotView::open(&archive, snapshot).await?))
    }

    async fn list_changes(&self, tenant: &TenantId, diff: &DiffId) -> Result<Vec<Change>> {
        let row = self.done(tenant, diff).await?;
        list_changes(&self.archive.open(tenant).await?, &row).await
    }

    async fn filter_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        filter: &ChangeFilter,
    ) -> Result<FilteredChanges> {
        let row = self.done(tenant, diff).await?;
        let after = match (&row.after, &row.live_snapshot) {
            (Side::Snapshot(after), _) | (Side::Live, Some(after)) => after.clone(),
            (Side::Live, None) => {
                return Err(Error::corrupt("a comparison with the live tenant names no reading"));
            }
        };
        let chosen = filter.chosen()?;
        let mut changes = list_changes(&self.archive.open(tenant).await?, &row).await?;
        changes.retain(|change| change.rating.class != Class::Observed && chosen.has(change));
        let mut authors = None;
        if filter.asks_author() {
            authors = Some(Log::open(&self.archive, &self.records, tenant, &row).await?);
        }
        let mut found = FilteredChanges { items: Vec::new(), left: Vec::new(), after };
        let authors = authors.as_ref();
        let joined = changes.into_iter().map(|change| async move {
            let hands = match authors {
                Some(authors) => authors.hands_in(&change).await?,
                None => Hands::default(),
            };
            Ok::<_, Error>((change, hands))
        });
        let mut joined = stream::iter(joined.map(FutureExt::boxed).collect::<Vec<_>>()).buffered(AT_ONCE);
        while let Some((change, hands)) = joined.try_next().await? {
            let (item, left) = claimed(filter, &change, &hands);
            found.items.extend(item.map(|item| (item, change)));
            found.left.extend(left);
        }
        Ok(found)
    }

    async fn find_changes(
        &self,
        tenant: &TenantId,
        diff: &DiffId,
        sought: &[(&'static Kind, &str)],
    ) -> Result<FoundChanges> {
        let row = self.done(tenant, diff).await?;
        find_changes(&self.archive.open(tenant).await?, &row, sought).await
    }
}

#[async_trait]
impl OpenSnapshot for SnapshotView {
    fn covers(&self, kind: &Kind) -> bool {
        SnapshotView::covers(self, kind)
    }

    fn is_unlicensed(&self, kind: &Kind) -> bool {
        SnapshotView::is_unlicensed(self, kind)
    }

    async fn find_object(&self, kind: &Kind, key: &str) -> Result<Option<Map<String, Value>>> {
        let found = SnapshotView::find_object(self, kind, key).await?;
        Ok(found.map(|object| self.manifest().without_unread(kind, object)))
    }

    fn may_have_missed(&self, kind: &Kind, key: &str) -> bool {
        let missing = self.manifest().missing.iter().filter_map(Missing::object);
        let mut of_kind = missing.filter(|(run, _)| *run == kind.run()).map(|(_, id)| id);
        // Facts have other keys than ids.
        of_kind.any(|id| id == key || id == Missing::UNKNOWN || kind.identity != Identity::Id)
    }

    async fn list_keys(&self, kind: &'static Kind, limit: usize) -> Result<Vec<String>> {
        let (hits, _) = self.list_objects(kind, None, limit).await?;
        Ok(hits.into_iter().map(|hit| hit.key).collect())
    }

    fn unknown(&self, kind: &Kind, object: &Map<String, Value>) -> BTreeSet<&'static str> {
        self.manifest().unknown_of(kind, object)
    }

    async fn list_links(&self, link: &LinkType, from: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        if self.run(link.name).is_err() {
            return Ok(Vec::new());
        }
        SnapshotView::list_links(self, link, from).await
    }

    async fn list_links_to(&self, link: &LinkType, to: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        if self.run(link.name).is_err() {
            return Ok(Vec::new());
        }
        SnapshotView::list_links_to(self, link, to).await
    }

    async fn list_facts_of(&self, kind: &Kind, id: &str) -> Result<Vec<(String, Map<String, Value>)>> {
        if matches!(kind.identity, Identity::Id) || !self.covers(kind) {
            return Ok(Vec::new());
        }
        let names_it = |part: &str| part == id || part.rsplit('/').next() == Some(id);
        self.list_where(kind, |key| key.split('|').any(names_it)).await
    }
}

#[async_trait]
impl PlanStore for Archived {
    async fn put_new_plan(&self, tenant: &TenantId, restore: &RestoreId, plan: &RestorePlan) -> Result<Put> {
        self.put_new(tenant, restore, "plan", plan).await
    }

    async fn find_plan(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Option<StoredPlan>> {
        self.find(tenant, restore, "plan").await?.map(|bytes| StoredPlan::read(&bytes)).transpose()
    }

    async fn put_new_sentences(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
        sentences: &[Sentence],
    ) -> Result<Put> {
        self.put_new(tenant, restore, &format!("said-{step:05}"), &sentences).await
    }

    async fn list_sentences(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
    ) -> Result<Vec<Sentence>> {
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map_err(|e| Error::corrupt("what was said of a step cannot be read").caused_by(e))
        };
        let found = self.find(tenant, restore, &format!("said-{step:05}")).await?;
        Ok(found.map(read).transpose()?.unwrap_or_default())
    }

    async fn put_new_before(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        step: u32,
        before: &Before,
    ) -> Result<Put> {
        self.put_new(tenant, restore, &format!("before-{step:05}"), before).await
    }

    async fn find_before(&self, tenant: &TenantId, restore: &RestoreId, step: u32) -> Result<Option<Before>> {
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map_err(|e| Error::corrupt("what a step wrote over cannot be read").caused_by(e))
        };
        self.find(tenant, restore, &format!("before-{step:05}")).await?.map(read).transpose()
    }

    async fn put_new_reads(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        part: u32,
        reads: &KeptReads,
    ) -> Result<Put> {
        self.put_new(tenant, restore, &format!("read-{attempt:05}-{part:05}"), reads).await
    }

    async fn find_reads(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        attempt: u32,
        part: u32,
    ) -> Result<Option<KeptReads>> {
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map_err(|e| Error::corrupt("what a preview had read cannot be read").caused_by(e))
        };
        self.find(tenant, restore, &format!("read-{attempt:05}-{part:05}")).await?.map(read).transpose()
    }

    async fn put_new_receipt_page(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        hash: &str,
        entries: &[Value],
    ) -> Result<Put> {
        self.put_new(tenant, restore, &format!("receipt-{hash}"), &entries).await
    }

    async fn find_receipt_page(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        hash: &str,
    ) -> Result<Option<Vec<Value>>> {
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map_err(|e| Error::corrupt("a page of a receipt cannot be read").caused_by(e))
        };
        self.find(tenant, restore, &format!("receipt-{hash}")).await?.map(read).transpose()
    }

    async fn seal(&self, tenant: &TenantId, place: &str, secret: &str) -> Result<String> {
        Ok(STANDARD.encode(self.archive.open(tenant).await?.seal(place, secret.as_bytes())?))
    }

    async fn open_sealed(&self, tenant: &TenantId, place: &str, sealed: &str) -> Result<Secret> {
        let corrupt = || Error::corrupt("a sealed secret is not what was sealed");
        let sealed = STANDARD.decode(sealed).map_err(|_| corrupt())?;
        let plain = self.archive.open(tenant).await?.open_sealed(place, &sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| corrupt())
    }

    async fn put_new_report(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        report: &FinalReport,
    ) -> Result<Put> {
        self.put_new(tenant, restore, "report", report).await
    }

    async fn find_report(&self, tenant: &TenantId, restore: &RestoreId) -> Result<Option<FinalReport>> {
        let read = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map_err(|e| Error::corrupt("a stored report cannot be read").caused_by(e))
        };
        self.find(tenant, restore, "report").await?.map(read).transpose()
    }
}
