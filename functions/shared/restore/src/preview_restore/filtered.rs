//! What a restore takes back that is asked for by what changed and by who did it: chosen among the changes of a comparison, and
//! held against the live tenant, so that what others changed since stays.

use super::MAX_ITEMS;
use super::ports::{FilteredChanges, OpenSnapshot, Snapshots};
use domain::changes::{Change, property_of, value_at};
use domain::kinds::{Identity, Kind, KindName, LinkWrite};
use domain::restore::{
    Cause, IdMap, Impossible, Item, LICENCES, SelectedItem, SelectedLink, content, direct_licences, same,
    same_in,
};
use domain::who::ChangeFilter;
use domain::{DiffId, Error, Result, TenantId};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// How many changes of which it is in doubt who made them are named in one preview.
const MOST_LEFT: usize = 2_000;
const CHANGED: &str = "somebody changed it since the later side of the comparison, and it is left as it is";
const RETURNED: &str = "it is there again, by somebody else, and is left as it is";

/// The choice, with the later side at hand.
pub(super) struct Filtered {
    pub items: Vec<SelectedItem>,
    pub left: Vec<Impossible>,
    after: Box<dyn OpenSnapshot>,
    /// Under which key the later side has an object that was created again.
    new_keys: BTreeMap<(KindName, String), String>,
}

impl Filtered {
    /// Chooses among the changes of that comparison.
    ///
    /// # Errors
    /// `Invalid`, naming `filter`, where it means more objects than one restore takes, or where of more changes than a preview
    /// names nobody knows who made them.
    pub async fn of(
        snapshots: &dyn Snapshots,
        tenant: &TenantId,
        diff: &DiffId,
        filter: &ChangeFilter,
    ) -> Result<Self> {
        let FilteredChanges { items: chosen, mut left, after } =
            snapshots.filter_changes(tenant, diff, filter).await?;
        if left.len() > MOST_LEFT {
            let why = format!(
                "of more than {MOST_LEFT} changes it is in doubt who made them: choose a kind, a name or a property too"
            );
            return Err(Error::invalid_field("filter", why));
        }
        let (mut items, mut new_keys) = (Vec::with_capacity(chosen.len()), BTreeMap::new());
        for (item, change) in chosen {
            if let Some(new_key) = &change.new_key {
                new_keys.insert((change.kind.get()?.name, change.key.clone()), new_key.clone());
            }
            match in_another_snapshot(change) {
                Some(elsewhere) => left.push(elsewhere),
                None => items.push(item),
            }
        }
        if items.len() > MAX_ITEMS {
            let why =
                format!("at most {MAX_ITEMS} objects can be restored at once, and it means {}", items.len());
            return Err(Error::invalid_field("filter", why));
        }
        Ok(Self { items, left, after: snapshots.open(tenant, &after).await?, new_keys })
    }

    /// Takes out of the items what somebody changed since the later side, and names it. `ids` are those of today.
    pub async fn leave_to_others(
        &self,
        items: Vec<Item>,
        ids: &IdMap,
    ) -> Result<(Vec<Item>, Vec<Impossible>)> {
        let (mut ours, mut told) = (Vec::with_capacity(items.len()), Vec::new());
        for mut item in items {
            let Some(live) = item.live.clone() else {
                ours.push(item);
                continue;
            };
            let then = self.later(&item).await?;
            let is_part = item.properties.is_some() || item.links.is_some() || !item.paths.is_empty();
            let judged = match &then {
                None if item.wanted.is_some() => Err(RETURNED),
                None => Err(CHANGED),
                Some(then) if !is_part && is_changed(&item, &live.object, then) => Err(CHANGED),
                Some(then) if !is_part => {
                    if self.has_other_links(&item, ids).await? {
                        Err(CHANGED)
                    } else {
                        Ok(then)
                    }
                }
                Some(then) => Ok(then),
            };
            match judged {
                Err(why) => told.push(say(&item, "object".to_owned(), why)),
                Ok(then) if is_part => {
                    let mut changed = changed_properties(&mut item, &live.object, then);
                    changed.extend(self.changed_links(&mut item, ids).await?);
                    told.extend(changed.into_iter().map(|what| say(&item, what, CHANGED)));
                    ours.push(item);
                }
                Ok(_) => ours.push(item),
            }
        }
        Ok((ours, told))
    }

    /// Under which key the later side has an object.
    fn key<'a>(&'a self, item: &'a Item) -> &'a str {
        self.new_keys.get(&(item.kind.name, item.key.clone())).unwrap_or(&item.key)
    }

    /// The object as the later side has it.
    async fn later(&self, item: &Item) -> Result<Option<Map<String, Value>>> {
        self.after.find_object(item.kind, self.key(item)).await
    }

    /// Whether an object has links that it had not on the later side, or lacks some.
    async fn has_other_links(&self, item: &Item, ids: &IdMap) -> Result<bool> {
        let Some(live) = &item.live else { return Ok(false) };
        for link in item.kind.links {
            // Links that follow from a rule are nobody's doing; of what is not read nothing is known.
            let is_ruled = link.ruled_by.is_some_and(|rule| rule.mark.is_on(&live.object));
            if is_ruled || live.unknown.contains(link.relation) {
                continue;
            }
            let then = self.after.list_links(link, self.key(item)).await?;
            let then: BTreeSet<String> = then.into_iter().map(|(to, _)| ids.rewrite(&to)).collect();
            let now = live.links.iter().filter(|held| held.link.name == link.name);
            let now: BTreeSet<String> = now.map(|held| ids.rewrite(&held.to)).collect();
            if now != then {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes the links out of an item that are neither as on the later side nor as on the earlier one. A link that is there or
    /// is not is always one of these; what can be there once, and what says more than that it is there, need not be.
    async fn changed_links(&self, item: &mut Item, ids: &IdMap) -> Result<Vec<String>> {
        let mut changed: BTreeSet<SelectedLink> = BTreeSet::new();
        let Some(live) = &item.live else { return Ok(Vec::new()) };
        let wanted = item.wanted.iter().flat_map(|held| &held.links);
        for chosen in item.links.iter().flatten() {
            let Some(link) = item.kind.links.iter().find(|link| link.name == chosen.link) else { continue };
            let then = self.after.list_links(link, self.key(item)).await?;
            let before = wanted.clone().filter(|held| held.link.name == link.name);
            let now = live.links.iter().filter(|held| held.link.name == link.name);
            let is_changed = match link.write {
                LinkWrite::Single => {
                    let now: BTreeSet<String> = now.map(|held| ids.rewrite(&held.to)).collect();
                    let then: BTreeSet<String> = then.iter().map(|(to, _)| ids.rewrite(to)).collect();
                    let before: BTreeSet<String> = before.map(|held| ids.rewrite(&held.to)).collect();
                    now != then && now != before
                }
                LinkWrite::AssignAll => {
                    let to = ids.rewrite(&chosen.to);
                    let target =
                        |value: &Map<String, Value>| value.get("target").map(|target| ids.value(target));
                    let now =
                        now.filter(|held| ids.rewrite(&held.to) == to).find_map(|held| target(&held.value));
                    let then = then.iter().filter(|(end, _)| ids.rewrite(end) == to);
                    let then = then.into_iter().find_map(|(_, value)| target(value));
                    let before = before.filter(|held| ids.rewrite(&held.to) == to);
                    let before = before.into_iter().find_map(|held| target(&held.value));
                    !same(now.as_ref(), then.as_ref()) && !same(now.as_ref(), before.as_ref())
                }
                _ => false,
            };
            if is_changed {
                changed.insert(chosen.clone());
            }
        }
        item.links.iter_mut().for_each(|all| all.retain(|link| !changed.contains(link)));
        Ok(changed.into_iter().map(|link| format!("{}/{}", link.link, link.to)).collect())
    }
}

/// Whether an object that came is not as it was on the later side.
fn is_changed(item: &Item, live: &Map<String, Value>, then: &Map<String, Value>) -> bool {
    let kind = item.kind;
    if kind.identity != Identity::Id {
        // A fact that was taken away and given anew has another id.
        return live.get("id") != then.get("id") && then.contains_key("id");
    }
    let (now, left) = (content(kind, live), content(kind, then));
    let is_read = |property: &str| item.live.as_ref().is_some_and(|held| !held.lacks(kind, property));
    let properties: BTreeSet<&String> = now.keys().chain(left.keys()).collect();
    properties.into_iter().filter(|property| kind.can_update(property) && is_read(property)).any(|property| {
        !same_in(
            kind,
            property,
            value_of(kind, live, property).as_ref(),
            value_of(kind, then, property).as_ref(),
        )
    })
}

/// A property as it is compared here: of licences the direct ones.
fn value_of(kind: &Kind, object: &Map<String, Value>, property: &str) -> Option<Value> {
    match property {
        LICENCES => Some(Value::Array(direct_licences(object))),
        _ => content(kind, object).get(property).cloned(),
    }
}

/// Takes the properties, and parts of them, out of an item that are neither as on the later side nor as on the earlier one.
fn changed_properties(item: &mut Item, live: &Map<String, Value>, then: &Map<String, Value>) -> Vec<String> {
    let kind = item.kind;
    let none = Map::new();
    let before = item.wanted.as_ref().map_or(&none, |held| &held.object);
    let is_whole = |property: &String| {
        let [now, left, was] = [live, then, before].map(|side| value_of(kind, side, property));
        let is = |side: &Option<Value>| same_in(kind, property, now.as_ref(), side.as_ref());
        !is(&left) && !is(&was)
    };
    let is_part = |path: &String| {
        let property = property_of(path);
        let [now, left, was] = [live, then, before].map(|side| value_of(kind, side, property));
        let at = |side: &Option<Value>| value_at(property, side.as_ref(), path).cloned();
        let (now, left, was) = (at(&now), at(&left), at(&was));
        !same(now.as_ref(), left.as_ref()) && !same(now.as_ref(), was.as_ref())
    };
    let mut changed: Vec<String> =
        item.properties.iter().flatten().filter(|of| is_whole(of)).cloned().collect();
    changed.extend(item.paths.iter().filter(|path| is_part(path)).cloned());
    item.properties.iter_mut().for_each(|all| all.retain(|property| !changed.contains(property)));
    item.paths.retain(|path| !changed.contains(path));
    changed
}

fn say(item: &Item, what: String, why: &str) -> Impossible {
    let held = item.live.as_ref().or(item.wanted.as_ref());
    let name = held.and_then(|held| held.object.get(item.kind.name_property)).and_then(Value::as_str);
    Impossible {
        kind: item.kind.name.into(),
        key: item.key.clone(),
        name: name.map(str::to_owned),
        what,
        cause: Cause::ChangedSince,
        why: why.to_owned(),
    }
}

/// That a change cannot be taken back together with the others, since an older snapshot holds what was before.
pub(super) fn in_another_snapshot(change: Change) -> Option<Impossible> {
    let since = change.since?;
    Some(Impossible {
        kind: change.kind,
        key: change.key,
        name: change.name,
        what: "object".to_owned(),
        cause: Cause::NotInSnapshot,
        why: format!(
            "what was before is held by the snapshot {since} alone: restore it apart, from that one"
        ),
    })
}
