//! Objects that have the places of those that are to come back.

use super::gather::{Gather, all};
use crate::passing::may_pass;
use domain::Result;
use domain::kinds::{Identity, Kind, KindName, Place, PropertyValue, Shown};
use domain::restore::{Choice, IdMap, Impossible, Item, Rival, SelectedItem, Selection};
use engine::ports::Holders;
use futures::FutureExt;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// By kind and key of the objects that are to come back.
pub(super) type Rivals = BTreeMap<(KindName, String), Vec<Rival>>;
/// By kind and key of the objects for which live ones are taken: their ids until now.
pub(super) type Adopted = BTreeMap<(KindName, String), String>;

/// The property that has all addresses of an object, each behind its protocol.
const ADDRESSES: &str = "proxyAddresses";

/// An object that was found for one of the values of a place.
struct Found {
    place: &'static Place,
    value: String,
    kind: &'static Kind,
    in_recycle_bin: bool,
    object: Map<String, Value>,
}

impl Gather<'_> {
    /// The rivals of those of the items that are to come back.
    pub async fn rivals(&self, items: &[Item]) -> Result<Rivals> {
        let comes_back = |item: &&Item| {
            item.kind.identity == Identity::Id
                && item.wanted.is_some()
                && item.live.is_none()
                && item.properties.is_none()
        };
        let work = items.iter().filter(comes_back).map(|item| self.rivals_of(item).boxed());
        let found = all(work.collect()).await?;
        Ok(found.into_iter().filter(|(_, rivals)| !rivals.is_empty()).collect())
    }

    async fn rivals_of(&self, item: &Item) -> Result<((KindName, String), Vec<Rival>)> {
        let at = (item.kind.name, item.key.clone());
        let Some(wanted) = &item.wanted else { return Ok((at, Vec::new())) };
        // What it has in the recycle bin, where that shows, is what it would come back with.
        let binned = item.binned.as_ref().filter(|held| !held.lacks(item.kind, ADDRESSES));
        let places = item.kind.writing.places.iter().filter(|place| place.is_taken_by(item));
        let values_of = |place: &'static Place| {
            let side = binned.filter(|_| place.property == ADDRESSES).unwrap_or(wanted);
            (place, place.values(&side.object).into_iter().map(str::to_owned).collect())
        };
        let values: Vec<(&'static Place, Vec<String>)> = places.map(values_of).collect();
        let mut found = self.same(item, &values).await?;
        found.extend(self.with_addresses(&values).await?);
        let mut rivals: Vec<Rival> = Vec::new();
        for Found { place, value, kind, in_recycle_bin, object } in found {
            let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
            let Some(id) = text("id") else { continue };
            let is_itself = id == item.key || id == self.ids.rewrite(&item.key);
            let is_listed = |rival: &Rival| rival.id == id && rival.place.property == place.property;
            if is_itself || rivals.iter().any(is_listed) {
                continue;
            }
            let is_covered = self.snapshot.covers(kind);
            let then = if is_covered { self.snapshot.find_object(kind, &id).await? } else { None };
            // What two had together then, Graph lets two have.
            if then.as_ref().is_some_and(|then| place.is_held_by(then, &value)) {
                continue;
            }
            let was_there = self.ids.leads_to(&id) || then.is_some();
            // Who was there under another name may share this one, where names may be shared; nor is one a rival twice, where
            // Graph would not mind.
            let is_known = rivals.iter().any(|rival| rival.id == id);
            if !place.is_unique && (was_there || is_known) {
                continue;
            }
            let is_same_kind = kind.name == item.kind.name;
            rivals.push(Rival {
                place,
                value,
                name: text(kind.name_property),
                odata_type: kind.odata_type.filter(|_| !is_same_kind).map(str::to_owned),
                can_stand_for: is_same_kind && !was_there && !in_recycle_bin,
                in_recycle_bin,
                id,
            });
        }
        Ok((at, rivals))
    }

    /// Objects that have the value itself.
    async fn same(&self, item: &Item, values: &[(&'static Place, Vec<String>)]) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for (place, values) in
            values.iter().filter(|(place, values)| place.shown == Shown::Same && !values.is_empty())
        {
            for name in place.among {
                let kind = name.row()?;
                let (live, binned) =
                    self.holders(kind, place.property, values, place.only, place.also_binned).await?;
                let all = live.into_iter().map(|o| (false, o)).chain(binned.into_iter().map(|o| (true, o)));
                for (in_recycle_bin, object) in all {
                    let has = |value: &&String| place.is_held_by(&object, value);
                    let is_meant =
                        kind.name != item.kind.name || place.only.is_none_or(|mark| mark.is_on(&object));
                    let value = values.iter().find(has).cloned().filter(|_| is_meant);
                    found.extend(value.map(|value| Found { place, value, kind, in_recycle_bin, object }));
                }
            }
        }
        Ok(found)
    }

    /// Objects that have one of the values among their addresses. Each kind is asked once for all of them.
    async fn with_addresses(&self, values: &[(&'static Place, Vec<String>)]) -> Result<Vec<Found>> {
        let wanted: Vec<(&'static Place, &String)> = values
            .iter()
            .filter(|(place, _)| matches!(place.shown, Shown::Address(_)))
            .flat_map(|(place, values)| values.iter().map(move |value| (*place, value)))
            .collect();
        // Why both: the protocol of the first address is in capitals, and it is not documented that Graph ignores that.
        let mut asked: Vec<String> =
            wanted.iter().flat_map(|(_, value)| ["SMTP", "smtp"].map(|p| format!("{p}:{value}"))).collect();
        asked.sort_unstable();
        asked.dedup();
        let mut kinds: Vec<KindName> = wanted.iter().flat_map(|(place, _)| place.among).copied().collect();
        kinds.sort_unstable();
        kinds.dedup();
        let mut found = Vec::new();
        for name in kinds {
            let kind = name.row()?;
            let (live, _) = self.holders(kind, ADDRESSES, &asked, None, false).await?;
            for object in live {
                for (place, value) in &wanted {
                    if place.among.contains(&name) && place.is_held_by(&object, value) {
                        let (value, object) = ((*value).clone(), object.clone());
                        found.push(Found { place, value, kind, in_recycle_bin: false, object });
                    }
                }
            }
        }
        Ok(found)
    }

    /// The objects, live ones and those in the recycle bin, that have one of these values. What cannot be searched for here is
    /// found out by Graph, when it is written.
    async fn holders(
        &self,
        kind: &'static Kind,
        property: &'static str,
        values: &[String],
        mark: Option<PropertyValue>,
        also_binned: bool,
    ) -> Result<(Vec<Map<String, Value>>, Vec<Map<String, Value>>)> {
        self.in_time()?;
        let wanted = Holders { property, values, also: mark.map(|mark| mark.property) };
        let or_none = |found: Result<Vec<Map<String, Value>>>| match found {
            Err(error) if !may_pass(&error) => Ok(Vec::new()),
            found => found,
        };
        let live = or_none(self.worker.directory.find_holders(self.tenant, kind, wanted).await)?;
        if !also_binned {
            return Ok((live, Vec::new()));
        }
        let binned = or_none(self.worker.directory.find_binned_holders(self.tenant, kind, wanted).await)?;
        Ok((live, binned))
    }

    /// Reads the items again for which live objects are taken. What cannot be read is taken out of both, and named.
    pub async fn look_again(&self, items: &mut Vec<Item>, adopted: &mut Adopted) -> Result<Vec<Impossible>> {
        let mut unreadable = Vec::new();
        for item in std::mem::take(items) {
            let at = (item.kind.name, item.key.clone());
            if !adopted.contains_key(&at) {
                items.push(item);
                continue;
            }
            let chosen = SelectedItem {
                kind: item.kind.name.into(),
                key: item.key.clone(),
                properties: item.properties.clone(),
                links: item.links.clone(),
                paths: item.paths.clone(),
                incoming: item.incoming,
            };
            match self.or_unreadable(item.kind, &item.key, "object", self.item(&chosen).await).await? {
                Ok(item) => items.push(item),
                Err(why) => {
                    adopted.remove(&at);
                    unreadable.push(why);
                }
            }
        }
        Ok(unreadable)
    }
}

/// The items for which a person chose a rival that may be taken for them: from then on its id is theirs, and they have no
/// rivals. A choice of anything else settles nothing.
pub(super) fn adopted(
    selection: &Selection,
    items: &[Item],
    rivals: &mut Rivals,
    ids: &mut IdMap,
) -> Adopted {
    let mut adopted = Adopted::new();
    for item in items {
        let at = (item.kind.name, item.key.clone());
        let adopts = |choice: &Choice| match choice {
            Choice::Adopt { id } => Some(id.clone()),
            _ => None,
        };
        let mut chosen = selection.choices(item.kind, &item.key).map(|resolution| &resolution.choice);
        let Some(id) = &chosen.find_map(adopts) else { continue };
        let may = |rival: &Rival| rival.id == *id && rival.can_stand_for;
        // Why once: one object cannot stand for two.
        let is_taken = ids.leads_to(id);
        if is_taken || !rivals.get(&at).is_some_and(|rivals| rivals.iter().any(may)) {
            continue;
        }
        let old = ids.rewrite(&item.key);
        rivals.remove(&at);
        ids.insert(old.as_str(), id.as_str());
        adopted.insert(at, old);
    }
    adopted
}
