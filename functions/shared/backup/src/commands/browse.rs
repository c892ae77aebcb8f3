//! Sealed snapshots, looked through: listed, searched, read, with names beside ids.

use crate::archive::{Archive, SnapshotView};
use domain::kinds::{self, Kind, LinkType};
use domain::{Error, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::Page;
use engine::records::{Found, JobState, Reason, Record, Records, Snapshot};
use serde_json::{Map, Value};
use std::sync::Arc;

/// A link of an object, from it or to it.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenLink {
    /// The type.
    pub link: &'static LinkType,
    /// Whether it leads from the object.
    pub outgoing: bool,
    /// The other end.
    pub other: String,
    /// Its name.
    pub name: Option<String>,
    /// What the link says.
    pub value: Map<String, Value>,
}

/// The command.
#[derive(Clone)]
pub struct Browse {
    /// Where snapshots are.
    pub archive: Arc<Archive>,
    /// Rows.
    pub records: Records,
}

impl Browse {
    /// Snapshots, newest first, without those that only served a comparison.
    pub async fn list(&self, tenant: &TenantId, page: Page) -> Result<Listed<Snapshot>> {
        let limit = page.limit;
        let mut page = Page { descending: true, ..page };
        loop {
            let (rows, next) = self.records.list(&Snapshot::all(tenant), page).await?;
            let items: Vec<_> =
                rows.into_iter().map(|r| r.value).filter(|s| s.reason != Reason::Live).collect();
            // Why: a page of nothing but readings for comparisons would look like the end of the list.
            if !items.is_empty() || next.is_none() {
                return Ok(Listed { items, next });
            }
            page = Page { after: next, limit, descending: true };
        }
    }

    /// One snapshot's row.
    pub async fn get(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Snapshot> {
        let found: Found<Snapshot> = self.records.get(&Snapshot::at(tenant, id)).await?;
        Ok(found.value)
    }

    /// A sealed snapshot, opened.
    ///
    /// # Errors
    /// `NotFound` when there is none; `Conflict` when it is not sealed.
    pub async fn open(&self, tenant: &TenantId, id: &SnapshotId) -> Result<SnapshotView> {
        if self.get(tenant, id).await?.state != JobState::Done {
            return Err(Error::conflict("the snapshot is not sealed"));
        }
        SnapshotView::open(&self.archive.open(tenant).await?, id).await
    }

    /// One object with its facets and its links, those from it first.
    pub async fn object(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        key: &str,
    ) -> Result<(Map<String, Value>, Vec<SeenLink>)> {
        let view = self.open(tenant, id).await?;
        let object = view.find_object(kind, key).await?;
        let object =
            object.ok_or_else(|| Error::not_found(format!("the snapshot has no such {}", kind.label)))?;
        let mut links = Vec::new();
        for link in kind.links.iter().filter(|l| view.run(l.name).is_ok()) {
            for (to, value) in view.list_links(link, key).await? {
                let end = to.split('!').next().unwrap_or(&to);
                let name = view.find_name(link.to, end).await?;
                links.push(SeenLink { link, outgoing: true, other: to, name, value });
            }
        }
        for link in kinds::links().filter(|l| l.to.contains(&kind.name)) {
            if view.run(link.name).is_err() {
                continue;
            }
            for (from, value) in view.list_links_to(link, key).await? {
                let name = view.find_name(&[link.from], &from).await?;
                links.push(SeenLink { link, outgoing: false, other: from, name, value });
            }
        }
        Ok((object, links))
    }
}
