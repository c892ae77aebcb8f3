//! Fetches both sides of the chosen objects.

use super::{OpenSnapshot, Worker};
use crate::ports::LiveObject;
use domain::kinds::{self, Identity, Kind, LinkEnd, LinkType};
use domain::restore::{Held, HeldLink, IdMap, Item, SelectedItem};
use domain::{Error, ErrorKind, Result, TenantId, Timestamp};
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};

/// Objects that are read at the same time.
const AT_ONCE: usize = 8;

/// Does some of the work at the same time; the answers are in the order of the work.
pub(super) async fn all<T: Send>(work: Vec<BoxFuture<'_, Result<T>>>) -> Result<Vec<T>> {
    stream::iter(work).buffered(AT_ONCE).try_collect().await
}

pub(super) struct Gather<'a> {
    pub worker: &'a Worker,
    pub tenant: &'a TenantId,
    pub snapshot: &'a dyn OpenSnapshot,
    pub ids: &'a IdMap,
    deadline: Timestamp,
}

impl<'a> Gather<'a> {
    pub fn new(
        worker: &'a Worker,
        tenant: &'a TenantId,
        snapshot: &'a dyn OpenSnapshot,
        ids: &'a IdMap,
        deadline: Timestamp,
    ) -> Self {
        Self { worker, tenant, snapshot, ids, deadline }
    }

    /// The chosen objects, in the order of the choice.
    pub async fn items(&self, chosen: &[SelectedItem]) -> Result<Vec<Item>> {
        all(chosen.iter().map(|item| self.item(item).boxed()).collect()).await
    }

    async fn item(&self, chosen: &SelectedItem) -> Result<Item> {
        let kind = kinds::get(&chosen.kind)?;
        let wanted = self.wanted(kind, &chosen.key).await?;
        let id = self.ids.rewrite(&chosen.key);
        let all: Vec<&'static LinkType> = kind.links.iter().collect();
        let live = self.live(kind, &id, &all).await?;
        let in_recycle_bin = wanted.is_some()
            && live.is_none()
            && kind.writing.recycle_bin.is_some()
            && self.worker.directory.is_in_recycle_bin(self.tenant, kind, &id).await?;
        let activated = self.is_activated(kind, &chosen.key, &id).await?;
        Ok(Item {
            kind,
            key: chosen.key.clone(),
            properties: chosen.properties.clone(),
            links: chosen.links.clone(),
            wanted,
            live,
            in_recycle_bin,
            activated,
        })
    }

    async fn wanted(&self, kind: &'static Kind, key: &str) -> Result<Option<Held>> {
        let Some(object) = self.snapshot.find_object(kind, key).await? else { return Ok(None) };
        let mut links = Vec::new();
        for link in kind.links {
            let found = self.snapshot.list_links(link, key).await?;
            links.extend(found.into_iter().map(|(to, value)| HeldLink { link, to, value }));
        }
        Ok(Some(Held { object: lean(kind, object), links }))
    }

    /// An object as it is live, with links of the types asked for.
    pub async fn live(
        &self,
        kind: &'static Kind,
        id: &str,
        links: &[&'static LinkType],
    ) -> Result<Option<Held>> {
        if self.worker.clock.now() >= self.deadline {
            return Err(Error::invalid(
                "there was not time enough to compare everything; choose less at once",
            ));
        }
        Ok(self.worker.directory.find_live(self.tenant, kind, id, links).await?.map(|l| held(kind, l)))
    }

    /// Whether a role assignment is a PIM activation, in the snapshot or live.
    pub async fn is_activated(&self, kind: &Kind, key: &str, id: &str) -> Result<bool> {
        if kind.name != "admins" {
            return Ok(false);
        }
        let schedules = kinds::get("activeAdmins")?;
        let is = |o: &Map<String, Value>| o.get("assignmentType").is_some_and(|t| t == "Activated");
        if self.snapshot.covers(schedules)
            && self.snapshot.find_object(schedules, key).await?.is_some_and(|o| is(&o))
        {
            return Ok(true);
        }
        match self.live(schedules, id, &[]).await {
            Ok(live) => Ok(live.is_some_and(|l| is(&l.object))),
            // Without the licence there are no activations.
            Err(e) if e.kind() == ErrorKind::Denied => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Whether the item is to be created again if it is restored.
    pub fn is_gone(item: &Item) -> bool {
        item.kind.identity == Identity::Id
            && item.wanted.is_some()
            && item.live.is_none()
            && !item.in_recycle_bin
            && item.properties.is_none()
    }
}

/// A live object in the planner's words.
pub(super) fn held(kind: &Kind, live: LiveObject) -> Held {
    let links = live.links.into_iter().filter_map(|(link, to, end)| match end {
        LinkEnd::Present(value) => Some(HeldLink { link, to, value }),
        LinkEnd::Gone => None,
    });
    Held { links: links.collect(), object: lean(kind, live.object) }
}

/// The one list that changes by itself and that plans read all the same: it tells which licences are a user's own.
const LICENCE_STATES: &str = "licenseAssignmentStates";

/// The object without lists that no plan reads.
///
/// Why: both sides of all chosen objects are held at once, and of a user with 90 service plans these are ten times the
/// rest.
fn lean(kind: &Kind, mut object: Map<String, Value>) -> Map<String, Value> {
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
        let whole = user.as_object().unwrap().clone();
        let held = lean(kinds::get("users").unwrap(), whole.clone());
        let left: Vec<&String> = whole.keys().filter(|name| !held.contains_key(*name)).collect();
        assert_eq!(left, ["assignedPlans", "provisionedPlans"]);
        assert_eq!(direct_licences(&held), direct_licences(&whole));
    }
}
