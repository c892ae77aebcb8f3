//! What refers, in the snapshot, to objects that have to be created again, or of which that was chosen: groups that they were
//! members of, users that they were managers of, policies that target them, roles that they hold.

use super::gather::{Gather, all};
use super::rivals::Adopted;
use domain::Result;
use domain::kinds::{self, Identity, Kind, KindName, LinkType, LinkWrite};
use domain::restore::{Held, HeldLink, Impossible, Item, SelectedLink, Tenure};
use futures::FutureExt;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The end of the key of an assignment that keeps a group out.
const EXCLUDED: &str = "!exclude";

/// A link of another object, as the snapshot holds it.
struct Reference {
    gone: String,
    link: &'static LinkType,
    from: String,
    to: String,
    value: Map<String, Value>,
}

impl Gather<'_> {
    /// The referrers, by the id (of today) of what they refer to; and what could not be read of them.
    pub async fn referrers(
        &self,
        items: &[Item],
        adopted: &Adopted,
    ) -> Result<(BTreeMap<String, Vec<Item>>, Vec<Impossible>)> {
        let mut found: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        let mut unreadable = Vec::new();
        let mut references: BTreeMap<(KindName, String), Vec<Reference>> = BTreeMap::new();
        for item in
            items.iter().filter(|i| Self::is_led_to(i) || adopted.contains_key(&(i.kind.name, i.key.clone())))
        {
            self.in_time()?;
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
                let (facts, unread) = self.facts_of(kind, item).await?;
                found.entry(gone.clone()).or_default().extend(facts);
                unreadable.extend(unread);
            }
        }
        // Each referrer is read once, however many of its links lead to deleted objects.
        let reading = references.into_iter();
        let reading = reading.map(|((kind, from), refs)| self.referrer(kind, from, refs).boxed());
        for read in all(reading.collect()).await? {
            match read {
                Ok(items) => {
                    for (gone, item) in items {
                        found.entry(gone).or_default().push(item);
                    }
                }
                Err(unread) => unreadable.extend(unread),
            }
        }
        Ok((found, unreadable))
    }

    async fn links_to(&self, link: &'static LinkType, key: &str, gone: &str) -> Result<Vec<Reference>> {
        // An excluded group has a key of its own, which ends in `!exclude`.
        let mut ends = vec![key.to_owned()];
        if link.write == LinkWrite::AssignAll {
            ends.push(format!("{key}{EXCLUDED}"));
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
    ) -> Result<Result<Vec<(String, Item)>, Vec<Impossible>>> {
        let kind = kind.row()?;
        let mut links: Vec<&'static LinkType> = references.iter().map(|r| r.link).collect();
        links.sort_unstable_by_key(|l| l.name);
        links.dedup_by_key(|l| l.name);
        // A referrer that is gone itself has no link to give back.
        let live = self.live(kind, &self.ids.rewrite(&from), &links).await;
        let live = match self.or_unreadable(kind, &from, "links", live).await? {
            Ok(Some(live)) => live,
            Ok(None) => return Ok(Ok(vec![])),
            // Each link that cannot be given back is named.
            Err(why) => {
                let part =
                    |r: &Reference| Impossible { what: format!("{}/{}", r.link.name, r.to), ..why.clone() };
                return Ok(Err(references.iter().map(part).collect()));
            }
        };
        let object = self.snapshot.find_object(kind, &from).await?.unwrap_or_default();
        let unknown = self.snapshot.unknown(kind, &object);
        let wanted: Vec<HeldLink> = references
            .iter()
            .map(|r| HeldLink { link: r.link, to: r.to.clone(), value: r.value.clone() })
            .collect();
        // Why an item for each link: each belongs to the deleted object that it leads to, and is planned with that
        // one.
        let item = |reference: Reference| {
            let chosen = |to: &str| SelectedLink { link: reference.link.name.to_owned(), to: to.to_owned() };
            let mut links = vec![chosen(&reference.to)];
            if reference.link.write == LinkWrite::AssignAll {
                // Included then, it is not to be excluded, and the reverse.
                links.push(match reference.to.strip_suffix(EXCLUDED) {
                    Some(included) => chosen(included),
                    None => chosen(&format!("{}{EXCLUDED}", reference.to)),
                });
            }
            let item = Item {
                kind,
                key: from.clone(),
                properties: Some(vec![]),
                paths: vec![],
                links: Some(links),
                incoming: false,
                wanted: Some(Held {
                    object: object.clone(),
                    links: wanted.clone(),
                    unknown: unknown.clone(),
                }),
                live: Some(live.clone()),
                in_recycle_bin: false,
                binned: None,
                tenure: Tenure::Permanent,
            };
            (reference.gone, item)
        };
        Ok(Ok(references.into_iter().map(item).collect()))
    }

    async fn facts_of(&self, kind: &'static Kind, gone: &Item) -> Result<(Vec<Item>, Vec<Impossible>)> {
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        if !self.snapshot.covers(kind) {
            return Ok((items, unreadable));
        }
        for (key, object) in self.snapshot.list_facts_of(kind, &gone.key).await? {
            let id = self.ids.rewrite(&key);
            let live = match self.or_unreadable(kind, &key, "object", self.live(kind, &id, &[]).await).await?
            {
                Ok(live) => live,
                Err(why) => {
                    unreadable.push(why);
                    continue;
                }
            };
            // What is still listed of whoever is created again says nothing of what they are to have.
            let gone_id = self.ids.rewrite(&gone.key);
            let is_end = |(_, end): &(_, &str)| self.ids.resolve(end) == gone_id;
            let is_former = Self::is_gone(gone) && kind.ends(&object).iter().any(is_end);
            let assignments = kinds::assignments().find(|(_, schedules)| schedules.name == kind.name);
            let tenure = match (&live, assignments) {
                (None, Some((assignments, _))) if !is_former => self.held_now(assignments, &id).await?,
                (None, None) if !is_former => self.tenure(kind, &key, Some(&id), &object).await?,
                (Some(_), _) if !is_former => Tenure::Permanent,
                _ => self.tenure(kind, &key, None, &object).await?,
            };
            items.push(Item {
                kind,
                properties: Some(vec![]),
                paths: vec![],
                links: Some(vec![]),
                incoming: false,
                wanted: Some(Held { object, ..Held::default() }),
                live,
                in_recycle_bin: false,
                binned: None,
                tenure,
                key,
            });
        }
        Ok((items, unreadable))
    }
}
