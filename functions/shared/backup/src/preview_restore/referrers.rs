//! What refers, in the snapshot, to objects that have to be created again: groups that they were members of, users
//! that they were managers of, policies that target them, roles that they hold.

use super::gather::{Gather, all};
use super::rivals::Adopted;
use domain::Result;
use domain::kinds::{self, Identity, Kind, KindName, LinkType, LinkWrite};
use domain::restore::{Held, HeldLink, Item, SelectedLink, Tenure};
use futures::FutureExt;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A link of another object, as the snapshot holds it.
struct Reference {
    gone: String,
    link: &'static LinkType,
    from: String,
    to: String,
    value: Map<String, Value>,
}

impl Gather<'_> {
    /// The referrers, by the id (of today) of what they refer to.
    pub async fn referrers(&self, items: &[Item], adopted: &Adopted) -> Result<BTreeMap<String, Vec<Item>>> {
        let mut found: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        let mut references: BTreeMap<(KindName, String), Vec<Reference>> = BTreeMap::new();
        for item in
            items.iter().filter(|i| Self::is_gone(i) || adopted.contains_key(&(i.kind.name, i.key.clone())))
        {
            let gone = self.ids.rewrite(&item.key);
            for link in kinds::links().filter(|l| l.to.contains(&item.kind.name)) {
                let from = link.from.row()?;
                if !self.snapshot.covers(from) {
                    continue;
                }
                for reference in self.links_to(link, &item.key, &gone).await? {
                    references.entry((from.name, reference.from.clone())).or_default().push(reference);
                }
            }
            for kind in kinds::KINDS.iter().filter(|k| k.identity != Identity::Id) {
                let facts = self.facts_of(kind, item).await?;
                found.entry(gone.clone()).or_default().extend(facts);
            }
        }
        // Each referrer is read once, however many of its links lead to deleted objects.
        let reading = references.into_iter();
        let reading = reading.map(|((kind, from), refs)| self.referrer(kind, from, refs).boxed());
        let read: Vec<Vec<(String, Item)>> = all(reading.collect()).await?;
        for (gone, item) in read.into_iter().flatten() {
            found.entry(gone).or_default().push(item);
        }
        Ok(found)
    }

    async fn links_to(&self, link: &'static LinkType, key: &str, gone: &str) -> Result<Vec<Reference>> {
        // An excluded group has a key of its own, which ends in `!exclude`.
        let mut ends = vec![key.to_owned()];
        if link.write == LinkWrite::AssignAll {
            ends.push(format!("{key}!exclude"));
        }
        let mut references = Vec::new();
        for to in ends {
            for (from, value) in self.snapshot.list_links_to(link, &to).await? {
                references.push(Reference { gone: gone.to_owned(), link, from, to: to.clone(), value });
            }
        }
        Ok(references)
    }

    async fn referrer(
        &self,
        kind: KindName,
        from: String,
        references: Vec<Reference>,
    ) -> Result<Vec<(String, Item)>> {
        let kind = kind.row()?;
        let mut links: Vec<&'static LinkType> = references.iter().map(|r| r.link).collect();
        links.sort_unstable_by_key(|l| l.name);
        links.dedup_by_key(|l| l.name);
        // A referrer that is gone itself has no link to give back.
        let Some(live) = self.live(kind, &self.ids.rewrite(&from), &links).await? else { return Ok(vec![]) };
        let object = self.snapshot.find_object(kind, &from).await?.unwrap_or_default();
        let unknown = self.snapshot.unknown(kind, &object);
        let wanted: Vec<HeldLink> = references
            .iter()
            .map(|r| HeldLink { link: r.link, to: r.to.clone(), value: r.value.clone() })
            .collect();
        // Why an item for each link: each belongs to the deleted object that it leads to, and is planned with that
        // one.
        let item = |reference: Reference| {
            let chosen = SelectedLink { link: reference.link.name.to_owned(), to: reference.to };
            let item = Item {
                kind,
                key: from.clone(),
                properties: Some(vec![]),
                links: Some(vec![chosen]),
                wanted: Some(Held {
                    object: object.clone(),
                    links: wanted.clone(),
                    unknown: unknown.clone(),
                }),
                live: Some(live.clone()),
                in_recycle_bin: false,
                tenure: Tenure::Permanent,
            };
            (reference.gone, item)
        };
        Ok(references.into_iter().map(item).collect())
    }

    async fn facts_of(&self, kind: &'static Kind, gone: &Item) -> Result<Vec<Item>> {
        if !self.snapshot.covers(kind) {
            return Ok(vec![]);
        }
        let mut items = Vec::new();
        for (key, object) in self.snapshot.list_facts_of(kind, &gone.key).await? {
            let id = self.ids.rewrite(&key);
            let live = self.live(kind, &id, &[]).await?;
            let tenure = match live {
                None => self.tenure(kind, &key, &id, &object).await?,
                Some(_) => Tenure::Permanent,
            };
            items.push(Item {
                kind,
                properties: Some(vec![]),
                links: Some(vec![]),
                wanted: Some(Held { object, ..Held::default() }),
                live,
                in_recycle_bin: false,
                tenure,
                key,
            });
        }
        Ok(items)
    }
}
