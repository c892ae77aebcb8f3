//! Whether the newest snapshot shows that something is done.

use super::table::SeenBy;
use super::{Completion, Duty, Seen, duties};
use crate::commands::restores::Restores;
use crate::plans::new_ids;
use crate::preview_restore::OpenSnapshot;
use domain::kinds::{self, Kind};
use domain::restore::{IdMap, same};
use domain::{Error, ErrorKind, RestoreId, Result, TenantId, Timestamp};
use engine::ports::Page;
use engine::records::{Snapshot, Tenant};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;
use serde_json::{Map, Value};

/// How many objects are looked at at the same time.
const AT_ONCE: usize = 8;
/// Two times that are no further apart are of one write.
const OF_ONE_WRITE: SignedDuration = SignedDuration::from_mins(1);

impl Restores {
    /// What people must still do after a restore, a part of it, looked for in the newest snapshot that was taken since.
    /// `page.after` is the number of items before it.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` while it has not come to its end; `Invalid` naming `cursor`
    /// when that is no number of items.
    pub async fn read_completion(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        page: Page,
    ) -> Result<Completion> {
        let not_ours = |_| Error::invalid_field("cursor", "is not one that this list gave");
        let after: usize = page.after.as_deref().unwrap_or("0").parse().map_err(not_ours)?;
        let row = self.get(tenant, restore).await?;
        if row.started_at.is_none() || !row.is_over() {
            return Err(Error::conflict("the restore has not been run to its end"));
        }
        let all = duties(&self.get_report(tenant, restore).await?);
        let count = all.len();
        let part: Vec<Duty> = all.into_iter().skip(after).take(page.limit).collect();
        let end = after.saturating_add(part.len());
        let next = (end < count).then(|| end.to_string());

        // The newest snapshot, as far as it is younger than what it is to show.
        let row = self.records.find(&Tenant::at(tenant)).await?;
        let newest = match row.and_then(|row| row.value.last_sealed) {
            Some(id) => self.records.find(&Snapshot::at(tenant, &id)).await?.map(|found| found.value),
            None => None,
        };
        let youngest = part.iter().map(|duty| duty.since).min();
        let newest = newest.filter(|snapshot| youngest.is_some_and(|since| snapshot.requested_at > since));
        let Some(newest) = newest else {
            let duties = part.into_iter().map(|duty| Duty { state: unlooked(&duty), ..duty }).collect();
            return Ok(Completion { duties, snapshot: None, seen_at: None, next });
        };
        let (view, ids) =
            (self.comparisons.open(tenant, &newest.id).await?, new_ids(&self.records, tenant).await?);
        let look = async |duty: Duty| {
            let state = if newest.requested_at > duty.since {
                look(view.as_ref(), &ids, &duty).await?
            } else {
                unlooked(&duty)
            };
            Ok::<_, Error>(Duty { state, ..duty })
        };
        let duties = stream::iter(part).map(look).buffered(AT_ONCE).try_collect().await?;
        Ok(Completion { duties, snapshot: Some(newest.id), seen_at: Some(newest.requested_at), next })
    }
}

fn unlooked(duty: &Duty) -> Seen {
    if duty.seen_by == SeenBy::Nobody { Seen::Unseen } else { Seen::Open }
}

async fn look(view: &dyn OpenSnapshot, ids: &IdMap, duty: &Duty) -> Result<Seen> {
    if duty.seen_by == SeenBy::Nobody {
        return Ok(Seen::Unseen);
    }
    let (kind, id) = (duty.kind.get()?, ids.rewrite(&duty.id));
    let object = match view.find_object(kind, &id).await {
        Ok(object) => object,
        // The newest snapshot does not hold the kind: it shows nothing.
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Seen::Open),
        Err(e) => return Err(e),
    };
    let Some(object) = object else { return Ok(Seen::Open) };
    let at = |name: &str| object.get(name)?.as_str()?.parse::<Timestamp>().ok();
    let is_done = match duty.seen_by {
        SeenBy::Nobody => return Ok(Seen::Unseen),
        SeenBy::Later(one, other) => at(one).zip(at(other)).is_some_and(|(one, o)| one > o + OF_ONE_WRITE),
        SeenBy::SignIn => {
            kind.writing.lets_in.is_some_and(|property| object.get(property) == Some(&true.into()))
        }
        SeenBy::Since(name) => at(name).is_some_and(|at| at > duty.since),
        SeenBy::Part => match part(view, ids, duty, (kind, &id, &object)).await? {
            Some(is_done) => is_done,
            None => return Ok(Seen::Unseen),
        },
    };
    Ok(if is_done { Seen::Done } else { Seen::Open })
}

/// Whether a part of an object is as it was asked for; none where the restore does not say what it was to be.
async fn part(
    view: &dyn OpenSnapshot,
    ids: &IdMap,
    duty: &Duty,
    (kind, id, object): (&'static Kind, &str, &Map<String, Value>),
) -> Result<Option<bool>> {
    if duty.what == "object" {
        return Ok(Some(true));
    }
    let (name, end) = duty.what.split_once('/').map_or((duty.what.as_str(), None), |(n, e)| (n, Some(e)));
    if let (Some(link), Some(end)) = (kind.links.iter().find(|link| link.name == name), end) {
        let end = ids.rewrite(end);
        return Ok(Some(view.list_links(link, id).await?.iter().any(|(to, _)| *to == end)));
    }
    if let Some(sku) = end {
        let held = object.get(name).and_then(Value::as_array).into_iter().flatten();
        let mut skus = held.filter_map(|one| one.get("skuId")?.as_str());
        return Ok(Some(skus.any(|held| held == sku)));
    }
    if kinds::link(name).is_ok() {
        return Ok(None);
    }
    Ok(duty.wanted.as_ref().map(|wanted| same(object.get(name), Some(wanted))))
}
