//! Sealed snapshots, looked through: listed, searched, read, with names beside ids.

use super::links;
pub use super::links::SeenLink;
use crate::archive::{Archive, SnapshotView, name_of};
use domain::kinds::Kind;
use domain::{Error, Result, SnapshotId, TenantId};
use engine::Listed;
use engine::ports::Page;
use engine::records::{Found, JobState, Reason, Record, Records, Snapshot};
use serde_json::{Map, Value};
use std::sync::Arc;

/// An object of a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenObject {
    /// The kind of the object.
    pub kind: &'static Kind,
    /// The object's key, by which the snapshot holds it.
    pub key: String,
    /// The object's name, where objects of its kind have one.
    pub name: Option<String>,
    /// The properties and facets, as Graph gave them.
    pub object: Map<String, Value>,
    /// A part of the links, those from the object before those to it.
    pub links: Listed<SeenLink>,
}

/// The command that looks through snapshots.
#[derive(Clone)]
pub struct Browse {
    /// Where snapshots are sealed.
    pub archive: Arc<Archive>,
    /// Rows of snapshots, sealed or not.
    pub records: Records,
}

impl Browse {
    /// Snapshots, newest first, without those that only served a comparison. Where there are very many of those, a part may
    /// be short or empty though more follows.
    pub async fn list(&self, tenant: &TenantId, page: Page) -> Result<Listed<Snapshot>> {
        let mut walk = self.records.walk(Snapshot::all(tenant), page.after, true);
        let mut items = Vec::new();
        while items.len() < page.limit
            && let Some(row) = walk.next().await?
        {
            items.extend(Some(row.value).filter(|snapshot| snapshot.reason != Reason::Live));
        }
        Ok(Listed { items, next: walk.rest() })
    }

    /// One snapshot of the tenant, sealed or not.
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

    /// One object with its facets and a part of its links.
    ///
    /// # Errors
    /// `NotFound` when there is no such snapshot, or no such object in it; `Conflict` when it is not sealed; `Invalid`
    /// naming `cursor` when that is of another object.
    pub async fn object(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        key: &str,
        page: Page,
    ) -> Result<SeenObject> {
        let view = self.open(tenant, id).await?;
        let object = view.find_object(kind, key).await?;
        let object =
            object.ok_or_else(|| Error::not_found(format!("the snapshot has no such {}", kind.label)))?;
        let links = links::list(&view, kind, key, page).await?;
        Ok(SeenObject { kind, key: key.to_owned(), name: name_of(kind, &object), object, links })
    }
}
