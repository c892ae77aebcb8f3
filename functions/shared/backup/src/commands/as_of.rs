//! Objects of a snapshot, however they are asked for, and of the snapshot that is the newest as of a time.

use super::browse::Browse;
use super::filter::Filtered;
use super::search::{Found, not_ours};
use domain::kinds::Kind;
use domain::{Error, Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{Page, list_cursor};
use engine::records::{JobState, Reason, Record, Snapshot};
use ulid::Ulid;

/// Which objects are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    /// Objects of this kind, or of all.
    pub kind: Option<&'static Kind>,
    /// Those of this id, without name and filter.
    pub id: Option<&'a str>,
    /// Those that have this part of a name.
    pub name: Option<&'a str>,
    /// Those of the kind that this filter means.
    pub filter: Option<&'a str>,
}

impl Browse {
    /// Objects of one snapshot: listed, or found by an id, a part of a name or a filter.
    ///
    /// # Errors
    /// `Invalid` naming what does not go together, or what is wrong with it; `NotFound` when there is no such snapshot, or it
    /// does not hold the one kind; `Conflict` when it is not sealed.
    pub async fn find(
        &self,
        tenant: &TenantId,
        snapshot: &SnapshotId,
        sought: Sought<'_>,
        page: Page,
    ) -> Result<Found> {
        let Sought { kind, id, name, filter } = sought;
        match (id, filter, kind) {
            (Some(_), _, _) if page.after.is_some() => {
                Err(Error::invalid_field("cursor", "does not go with an id, which is found in one part"))
            }
            (Some(id), None, _) if name.is_none() => self.by_id(tenant, snapshot, kind, id).await,
            (Some(_), _, _) => Err(Error::invalid_field("id", "stands alone, without name and filter")),
            (None, None, _) => self.objects(tenant, snapshot, kind, name, page).await,
            (None, Some(filter), Some(kind)) => {
                self.filtered(tenant, snapshot, Filtered { kind, filter, name }, page).await
            }
            (None, Some(_), None) => {
                Err(Error::invalid_field("kind", "is missing: a filter is about one kind"))
            }
        }
    }

    /// The same of the newest sealed snapshot of which the reading had begun by then. All parts of an answer are of the one
    /// snapshot, whatever is sealed meanwhile.
    ///
    /// # Errors
    /// As [`Self::find`]; `NotFound` when no snapshot had begun by then.
    pub async fn find_as_of(
        &self,
        tenant: &TenantId,
        at: Timestamp,
        sought: Sought<'_>,
        page: Page,
    ) -> Result<Found> {
        let (snapshot, after) = match &page.after {
            Some(cursor) => {
                let (snapshot, after) = cursor.split_once('.').ok_or_else(not_ours)?;
                let snapshot = snapshot.parse().map_err(|e: Error| not_ours().caused_by(e))?;
                (snapshot, Some(after.to_owned()))
            }
            None => (self.newest(tenant, at).await?, None),
        };
        let mut found = self.find(tenant, &snapshot, sought, Page { after, ..page }).await?;
        found.next = found.next.map(|next| format!("{snapshot}.{next}"));
        Ok(found)
    }

    /// The newest sealed snapshot that had begun by then, without those that only served a comparison.
    async fn newest(&self, tenant: &TenantId, at: Timestamp) -> Result<SnapshotId> {
        // Why: an id begins with the moment at which the snapshot was asked for, and nothing begins before that.
        let ms = u64::try_from(at.as_millisecond()).unwrap_or_default();
        let latest = SnapshotId::from_ulid(&Ulid::from_parts(ms, u128::MAX).to_string());
        let latest = Snapshot::at(tenant, &latest);
        let mut after = Some(list_cursor(latest.scope(), latest.key()));
        while after.is_some() {
            let mut rows = self.records.walk(Snapshot::all(tenant), after, true);
            while let Some(row) = rows.next().await? {
                let snapshot = row.value;
                if snapshot.state != JobState::Done || snapshot.reason == Reason::Live {
                    continue;
                }
                if self.open(tenant, &snapshot.id).await?.manifest().started_at <= at {
                    return Ok(snapshot.id);
                }
            }
            after = rows.rest();
        }
        Err(Error::not_found("no snapshot that is sealed had begun by then"))
    }
}
