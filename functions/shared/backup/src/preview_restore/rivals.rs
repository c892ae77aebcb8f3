//! Live objects that have the place of those that are to come back.

use super::gather::{Gather, all};
use domain::Result;
use domain::kinds::{Identity, KindName};
use domain::restore::{Choice, IdMap, Item, Rival, SelectedItem, Selection};
use futures::FutureExt;
use serde_json::Value;
use std::collections::BTreeMap;

/// By kind and key of the objects that are to come back.
pub(super) type Rivals = BTreeMap<(KindName, String), Vec<Rival>>;
/// By kind and key of the objects for which live ones are taken: their ids until now.
pub(super) type Adopted = BTreeMap<(KindName, String), String>;

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
        let mut rivals: Vec<Rival> = Vec::new();
        for property in item.kind.writing.rival_by.iter().copied() {
            let value =
                item.wanted.as_ref().and_then(|held| held.object.get(property)).and_then(Value::as_str);
            let Some(value) = value.filter(|value| !value.is_empty()) else { continue };
            let found = self.worker.directory.find_by_property(self.tenant, item.kind, property, value).await;
            let found = match found {
                Ok(found) => found,
                Err(e) if e.is_transient() => return Err(e),
                // What cannot be searched for here is found out by Graph, when it is created.
                Err(_) => continue,
            };
            for object in found {
                let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
                let Some(id) = text("id") else { continue };
                let was_there =
                    self.ids.leads_to(&id) || self.snapshot.find_object(item.kind, &id).await?.is_some();
                // Two objects that were there together under one name are no rivals, where names may be shared.
                let is_unique = item.kind.unique_property == Some(property);
                if (was_there && !is_unique) || rivals.iter().any(|rival| rival.id == id) {
                    continue;
                }
                rivals.push(Rival { property, id, name: text(item.kind.name_property), was_there });
            }
        }
        Ok(((item.kind.name, item.key.clone()), rivals))
    }

    /// Reads the items again for which live objects are taken.
    pub async fn look_again(&self, items: &mut [Item], adopted: &Adopted) -> Result<()> {
        for item in items.iter_mut().filter(|item| adopted.contains_key(&(item.kind.name, item.key.clone())))
        {
            let chosen = SelectedItem {
                kind: item.kind.name.into(),
                key: item.key.clone(),
                properties: item.properties.clone(),
                links: item.links.clone(),
            };
            *item = self.item(&chosen).await?;
        }
        Ok(())
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
        let Choice::Adopt { id } = selection.choice(item.kind, &item.key) else { continue };
        let may = |rival: &Rival| rival.id == *id && !rival.was_there;
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
