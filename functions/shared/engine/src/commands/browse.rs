//! Sealed snapshots, looked through: listed, searched, read, with names beside ids.

use super::Listed;
use crate::archive::{Archive, Hit, SnapshotView};
use crate::ports::{Page, Scope};
use crate::records::{Found, JobState, Reason, Records, Snapshot};
use domain::kinds::{self, KINDS, Kind, LinkType};
use domain::{Error, Result, SnapshotId, TenantId};
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
        let (limit, scope) = (page.limit, Scope::Tenant(tenant.clone()));
        let mut page = Page { descending: true, ..page };
        loop {
            let (rows, next) = self.records.list::<Snapshot>(&scope, "snapshot#", page).await?;
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
        let found: Found<Snapshot> =
            self.records.get(&Scope::Tenant(tenant.clone()), &Snapshot::key_of(id)).await?;
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

    /// Objects: of one kind or of all, by name part where one is given.
    pub async fn objects(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: Option<&'static Kind>,
        name: Option<&str>,
        page: Page,
    ) -> Result<Listed<Hit>> {
        let view = self.open(tenant, id).await?;
        let (mut at, mut after) = cursor(page.after.as_deref())?;
        let wanted: Vec<&'static Kind> = match kind {
            Some(kind) => {
                view.run(kind.name)?;
                vec![kind]
            }
            None => KINDS.iter().copied().filter(|k| view.covers(k)).collect(),
        };
        let mut items = Vec::new();
        while let Some(kind) = wanted.get(at) {
            let room = page.limit - items.len();
            let next = if let Some(part) = name {
                let (hits, next) = view.search(kind, part, after.as_deref(), room).await?;
                items.extend(hits);
                next
            } else {
                let start = after.as_deref().map(|a| String::from_utf8_lossy(a).into_owned());
                let (hits, next) = view.list_objects(kind, start.as_deref(), room).await?;
                items.extend(hits);
                next.map(String::into_bytes)
            };
            if let Some(key) = next {
                return Ok(Listed { items, next: Some(cursor_text(at, &key)) });
            }
            (at, after) = (at + 1, None);
            if items.len() == page.limit && wanted.len() > at {
                return Ok(Listed { items, next: Some(cursor_text(at, b"")) });
            }
        }
        Ok(Listed { items, next: None })
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

/// Where a list over several kinds goes on: the kind's position, and the last key in hexadecimal.
fn cursor(text: Option<&str>) -> Result<(usize, Option<Vec<u8>>)> {
    let Some(text) = text else { return Ok((0, None)) };
    let bad = || Error::invalid_field("cursor", "is not one that this list gave");
    let (at, key) = text.split_once('-').ok_or_else(bad)?;
    let key = (0..key.len() / 2)
        .map(|i| key.get(2 * i..2 * i + 2).and_then(|h| u8::from_str_radix(h, 16).ok()))
        .collect::<Option<Vec<u8>>>()
        .ok_or_else(bad)?;
    Ok((at.parse().map_err(|_| bad())?, Some(key).filter(|k| !k.is_empty())))
}

fn cursor_text(at: usize, key: &[u8]) -> String {
    use std::fmt::Write;
    key.iter().fold(format!("{at}-"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
