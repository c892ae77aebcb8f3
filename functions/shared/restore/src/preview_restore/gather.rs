//! Fetches both sides of the chosen objects: from the snapshot and from the live tenant.

use super::reads::{Known, Reads};
use super::{OpenSnapshot, Worker};
use crate::passing::may_pass;
use domain::kinds::{self, Identity, Kind, LinkEnd, LinkType};
use domain::restore::{
    Cause, Held, HeldLink, IdMap, Impossible, Item, Schedule, SelectedItem, Tenure, is_activated,
    may_be_privileged,
};
use domain::{Error, ErrorKind, ErrorReason, Result, TenantId, Timestamp};
use engine::ports::LiveObject;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// How many objects are read at the same time.
pub(super) const AT_ONCE: usize = 8;
/// How often an object is read again that Graph does not answer for,
const TRIES: u32 = 3;
/// and half of the first pause before that.
const PAUSE_MS: u64 = 1_000;

/// Does the work, [`AT_ONCE`] pieces at the same time; the answers are in the order of the work.
pub(super) async fn all<T: Send>(work: Vec<BoxFuture<'_, Result<T>>>) -> Result<Vec<T>> {
    stream::iter(work).buffered(AT_ONCE).try_collect().await
}

pub(super) struct Gather<'a> {
    pub worker: &'a Worker,
    pub tenant: &'a TenantId,
    pub snapshot: &'a dyn OpenSnapshot,
    pub ids: &'a IdMap,
    reads: &'a Reads,
    deadline: Timestamp,
}

impl<'a> Gather<'a> {
    pub fn new(
        worker: &'a Worker,
        tenant: &'a TenantId,
        snapshot: &'a dyn OpenSnapshot,
        ids: &'a IdMap,
        (reads, deadline): (&'a Reads, Timestamp),
    ) -> Self {
        Self { worker, tenant, snapshot, ids, reads, deadline }
    }

    /// The chosen objects, in the order of the choice; and what could not be read of them.
    pub async fn items(&self, chosen: &[SelectedItem]) -> Result<(Vec<Item>, Vec<Impossible>)> {
        // Each by itself, since one that cannot be read keeps none of the others.
        let work = chosen.iter().map(|item| {
            async {
                let kind = item.kind.get()?;
                self.or_unreadable(kind, &item.key, "object", self.item(item).await).await
            }
            .boxed()
        });
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for read in all(work.collect()).await? {
            match read {
                Ok(item) => items.push(item),
                Err(why) => unreadable.push(why),
            }
        }
        // Then what only all of them together say: whose roles are given to somebody who gets another id.
        self.look_at_former(&mut items).await?;
        Ok((items, unreadable))
    }

    /// Sets for how long roles are to be given of whoever is created again, or over what is: as the snapshot says. What may still
    /// be listed under the former ids says nothing of that.
    async fn look_at_former(&self, items: &mut [Item]) -> Result<()> {
        let gone = items.iter().filter(|item| Self::is_gone(item));
        let gone: BTreeSet<String> = gone.map(|item| self.ids.rewrite(&item.key)).collect();
        for item in items {
            let Some(wanted) = &item.wanted else { continue };
            let is_gone = |(_, id): &(_, &str)| gone.contains(self.ids.resolve(id));
            if item.kind.ends(&wanted.object).iter().any(is_gone) {
                item.tenure = self.tenure(item.kind, &item.key, None, &wanted.object).await?;
            }
        }
        Ok(())
    }

    /// What was read or, where only this object cannot be read, why that part of it cannot be restored.
    ///
    /// # Errors
    /// What concerns all of the preview: what may pass, time that is up, a snapshot that is damaged, an application
    /// that is not let in.
    pub async fn or_unreadable<T>(
        &self,
        kind: &'static Kind,
        key: &str,
        what: &str,
        read: Result<T>,
    ) -> Result<Result<T, Impossible>> {
        let error = match read {
            Ok(read) => return Ok(Ok(read)),
            Err(error) if is_of_object(&error) => error,
            Err(error) => return Err(error),
        };
        self.in_time()?;
        let then = self.snapshot.find_object(kind, key).await.ok().flatten();
        let name = then.as_ref().and_then(|object| object.get(kind.name_property)).and_then(Value::as_str);
        Ok(Err(Impossible {
            kind: kind.name.into(),
            key: key.to_owned(),
            name: name.map(str::to_owned),
            what: what.to_owned(),
            cause: Cause::Unreadable,
            why: format!("it cannot be read, so it is left as it is: {}", error.summary()),
        }))
    }

    pub async fn item(&self, chosen: &SelectedItem) -> Result<Item> {
        let chosen = chosen.spelled_out();
        let kind = chosen.kind.get()?;
        let wanted = self.wanted(kind, &chosen.key).await?;
        let id = self.ids.rewrite(&chosen.key);
        let all: Vec<&'static LinkType> = kind.links.iter().collect();
        let live = self.live(kind, &id, &all).await?;
        let may_be_binned = wanted.is_some() && live.is_none() && kind.writing.recycle_bin.is_some();
        let binned = if may_be_binned { self.binned(kind, &id).await? } else { None };
        let assignments = kinds::assignments().find(|(_, schedules)| schedules.name == kind.name);
        let tenure = match (&wanted, &live, assignments) {
            (Some(_), None, Some((assignments, _))) => self.held_now(assignments, &id).await?,
            (None, Some(_), Some((assignments, _))) => self.held_then(assignments, &chosen.key).await?,
            (Some(wanted), None, None) => self.tenure(kind, &chosen.key, Some(&id), &wanted.object).await?,
            (None, Some(_), None) => self.live_tenure(kind, &id).await?,
            _ => Tenure::Permanent,
        };
        Ok(Item {
            kind,
            key: chosen.key,
            properties: chosen.properties,
            paths: chosen.paths,
            links: chosen.links,
            incoming: chosen.incoming,
            wanted,
            live,
            in_recycle_bin: binned.is_some(),
            binned,
            tenure,
        })
    }

    /// An object in the recycle bin, as far as it can be seen there.
    async fn binned(&self, kind: &'static Kind, id: &str) -> Result<Option<Held>> {
        let binned = self.worker.directory.find_binned(self.tenant, kind, id).await?;
        // What the bin says of the deletion, and what else nobody reads of a live object, is no part of it.
        Ok(binned.map(|mut binned| {
            binned.object.retain(|name, _| kind.reads(name));
            held(kind, binned)
        }))
    }

    async fn wanted(&self, kind: &'static Kind, key: &str) -> Result<Option<Held>> {
        let Some(object) = self.snapshot.find_object(kind, key).await? else {
            // What the snapshot could not read did not come since, and is not deleted as such.
            if self.snapshot.may_have_missed(kind, key) {
                return Err(Error::not_found("the snapshot could not read it, or one like it"));
            }
            return Ok(None);
        };
        let mut links = Vec::new();
        for link in kind.links {
            let found = self.snapshot.list_links(link, key).await?;
            links.extend(found.into_iter().map(|(to, value)| HeldLink { link, to, value }));
        }
        let unknown = self.snapshot.unknown(kind, &object);
        Ok(Some(Held { object: lean(kind, object), links, unknown }))
    }

    /// An object of the live tenant, with links of the types asked for.
    pub async fn live(
        &self,
        kind: &'static Kind,
        id: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<Held>> {
        if let Some(Known(known)) = self.reads.live(kind, id, links)? {
            return Ok(known);
        }
        let mut tries = 0;
        loop {
            self.in_time()?;
            let live = self.worker.directory.find_live(self.tenant, kind, id, links).await;
            match live {
                // Why here already: an error that passes would otherwise begin the preview anew, with all its objects.
                Err(error) if error.kind() == ErrorKind::Unavailable && tries < TRIES => {
                    tries += 1;
                    self.worker.clock.sleep_ms(PAUSE_MS << tries).await;
                }
                live => {
                    let found = live?.map(|live| held(kind, live));
                    self.reads.note_live(kind, id, links, found.as_ref()).await?;
                    return Ok(found);
                }
            }
        }
    }

    pub fn in_time(&self) -> Result<()> {
        if self.worker.clock.now() < self.deadline {
            return Ok(());
        }
        Err(Error::invalid("there was not time enough to compare everything; choose less at once"))
    }

    /// Whether a role assignment that came since is an activation, which is nobody's to take away: Graph may show those among the
    /// assignments.
    async fn live_tenure(&self, kind: &Kind, id: &str) -> Result<Tenure> {
        let Some(schedules) = kind.schedules() else { return Ok(Tenure::Permanent) };
        self.in_time()?;
        let now = self.worker.directory.find_live(self.tenant, schedules, id, &[]).await;
        Ok(match readable(now.map(|live| live.map(|live| live.object)))? {
            Schedule::Known(Some(schedule)) if is_activated(&schedule) => Tenure::Activated,
            Schedule::Known(_) => Tenure::Permanent,
            Schedule::Unread => Tenure::Unknown { privileged: true },
        })
    }

    /// For how long a role assignment was given that is to be given again, as the schedules of both sides say; without an id
    /// as the snapshot's says.
    pub async fn tenure(
        &self,
        kind: &Kind,
        key: &str,
        id: Option<&str>,
        assignment: &Map<String, Value>,
    ) -> Result<Tenure> {
        let (Some(grant), Some(schedules)) = (kind.grant(), kind.schedules()) else {
            return Ok(Tenure::Permanent);
        };
        let then = if self.snapshot.covers(schedules) {
            readable(self.snapshot.find_object(schedules, key).await)?
        } else if self.snapshot.is_unlicensed(schedules) {
            Schedule::Known(None)
        } else {
            Schedule::Unread
        };
        self.in_time()?;
        let now = match id {
            Some(id) => {
                let now = self.worker.directory.find_live(self.tenant, schedules, id, &[]).await;
                readable(now.map(|live| live.map(|l| l.object)))?
            }
            None => Schedule::Known(None),
        };
        let role = assignment.get(grant.role).and_then(Value::as_str).unwrap_or_default();
        let mut definition = None;
        for name in kind.reference(grant.role).into_iter().flat_map(|reference| reference.kinds) {
            let roles = name.row()?;
            if definition.is_none() && self.snapshot.covers(roles) {
                definition = self.snapshot.find_object(roles, role).await?;
            }
        }
        Ok(Tenure::of(&then, &now, may_be_privileged(role, definition.as_ref())))
    }

    /// Whether what led to the item, as the snapshot holds it, comes back with it.
    pub fn is_led_to(item: &Item) -> bool {
        Self::is_gone(item) || item.incoming && item.wanted.is_some()
    }

    /// For how long a role is held that has no schedule now and had one at the snapshot.
    pub async fn held_now(&self, assignments: &'static Kind, id: &str) -> Result<Tenure> {
        self.in_time()?;
        let live = self.worker.directory.find_live(self.tenant, assignments, id, &[]).await?;
        Ok(if live.is_some() { Tenure::HeldForGood } else { Tenure::Permanent })
    }

    /// For how long a role was held that had no schedule at the snapshot and has one now.
    async fn held_then(&self, assignments: &'static Kind, key: &str) -> Result<Tenure> {
        let was_held =
            self.snapshot.covers(assignments) && self.snapshot.find_object(assignments, key).await?.is_some();
        Ok(if was_held { Tenure::HeldForGood } else { Tenure::Permanent })
    }

    /// Whether a restore of the item has to create it again.
    pub fn is_gone(item: &Item) -> bool {
        item.kind.identity == Identity::Id
            && item.wanted.is_some()
            && item.live.is_none()
            && !item.in_recycle_bin
            && item.properties.is_none()
    }
}

/// Whether an error is about one object, which others need not share: a permission or a licence that only this one needs,
/// a part of it that is not there, a kind that the snapshot does not hold.
pub(super) fn is_of_object(error: &Error) -> bool {
    use ErrorKind::{Conflict, Denied, Invalid, NotFound};
    // A conflict as of an object that somebody has locked (423).
    matches!(error.kind(), Denied | NotFound | Invalid | Conflict)
        && matches!(error.reason(), None | Some(ErrorReason::Unlicensed | ErrorReason::ValuesInvalid))
}

/// What the reading of a schedule shows. A reading that failed shows nothing; without the licence there are no
/// schedules.
fn readable(read: Result<Option<Map<String, Value>>>) -> Result<Schedule> {
    match read {
        Ok(schedule) => Ok(Schedule::Known(schedule)),
        Err(e) if e.is_unlicensed() => Ok(Schedule::Known(None)),
        Err(e) if may_pass(&e) => Err(e),
        Err(_) => Ok(Schedule::Unread),
    }
}

/// A live object in the form that the planner takes.
pub(super) fn held(kind: &Kind, live: LiveObject) -> Held {
    let links = live.links.into_iter().filter_map(|(link, to, end)| match end {
        LinkEnd::Present(value) => Some(HeldLink { link, to, value }),
        LinkEnd::Gone => None,
    });
    Held { links: links.collect(), object: lean(kind, live.object), unknown: live.unknown }
}

/// The only list that changes by itself and that plans read all the same: it shows which licences are a user's own.
const LICENCE_STATES: &str = "licenseAssignmentStates";

/// The object without the lists that no plan reads.
///
/// Why: both sides of all chosen objects are held at the same time, and for a user with 90 service plans these lists
/// are ten times the rest.
pub(super) fn lean(kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
    object.retain(|name, value| !value.is_array() || kind.compares(name) || name == LICENCE_STATES);
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::restore::direct_licences;
    use serde_json::json;

    #[test]
    fn of_a_user_everything_is_held_that_a_plan_reads_and_no_service_plans() {
        let user = json!({ "id": "1", "displayName": "Ann", "otherMails": ["a@b"], "lastPasswordChangeDateTime": "x",
            "assignedPlans": [{ "service": "exchange" }], "provisionedPlans": [{ "service": "exchange" }],
            "assignedLicenses": [{ "skuId": "s", "disabledPlans": [] }],
            "licenseAssignmentStates": [{ "skuId": "s", "disabledPlans": [], "assignedByGroup": null }] });
        let complete = user.as_object().unwrap().clone();
        let held = lean(domain::kinds::get("users").unwrap(), complete.clone());
        let left: Vec<&String> = complete.keys().filter(|name| !held.contains_key(*name)).collect();
        assert_eq!(left, ["assignedPlans", "provisionedPlans"]);
        assert_eq!(direct_licences(&held), direct_licences(&complete));
    }
}
