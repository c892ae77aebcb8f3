//! Writes the changes into pages, object by object in the order of the keys.

use super::objects::{Comparison, Pair};
use super::pages;
use super::state::State;
use super::stream::{Links, Stream};
use super::survey::{IsOver, object_runs, out_of_order};
use domain::Result;
use domain::changes::{Change, Class, LinkChange, What};
use domain::kinds::{Kind, LinkType};
use std::collections::BTreeSet;

/// The differences of one kind, each run positioned behind what is done of it.
struct Streams {
    objects: Vec<(Option<&'static str>, Stream)>,
    links: Vec<(&'static LinkType, Stream)>,
    /// The objects that were created again and are still to come.
    apart: BTreeSet<String>,
}

impl Comparison<'_> {
    /// Writes the changes; returns whether all are written.
    pub(super) async fn write_changes(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        let names: Vec<String> = self.kinds.iter().map(|kind| kind.run().to_owned()).collect();
        for kind in &self.kinds[state.first_of(&names)?..] {
            state.begin(kind.run());
            let mut streams = self.open(state, kind).await?;
            while let Some(key) = self.next_key(kind, &mut streams).await? {
                if state.after.as_ref().is_some_and(|last| *last >= key) {
                    return Err(out_of_order());
                }
                if let Some(change) = self.change_at(state, kind, &key, &mut streams).await? {
                    self.write(state, kind, &key, change).await?;
                }
                state.after = Some(key);
                if is_over() {
                    return Ok(false);
                }
            }
        }
        pages::flush(self.archive, self.diff, state).await?;
        pages::put_index(self.archive, self.diff, state).await?;
        Ok(true)
    }

    async fn open(&self, state: &State, kind: &'static Kind) -> Result<Streams> {
        let after = state.after.as_deref();
        let mut objects = Vec::new();
        for (run, facet) in object_runs(kind) {
            let stream = self.open_objects(kind, (&run, facet), after).await?;
            objects.extend(stream.map(|stream| (facet, stream)));
        }
        let mut links = Vec::new();
        for link in kind.links {
            links.push((link, self.open_links(kind, link, after).await?));
        }
        let apart =
            Self::apart(state, kind, true).into_iter().filter(|key| after.is_none_or(|a| key.as_str() > a));
        Ok(Streams { objects, links, apart: apart.collect() })
    }

    /// The least key that is to come. Objects that were created again are skipped in their runs, since they come
    /// apart.
    async fn next_key(&self, kind: &Kind, streams: &mut Streams) -> Result<Option<String>> {
        let mut least: Option<String> = streams.apart.first().cloned();
        let mut meet = |key: &str| {
            if least.as_deref().is_none_or(|l| key < l) {
                least = Some(key.to_owned());
            }
        };
        for (_, stream) in &mut streams.objects {
            while stream.key().is_some_and(|key| self.ids.concern_key(kind, key)) {
                stream.take().await?;
            }
            stream.key().into_iter().for_each(&mut meet);
        }
        for (_, stream) in &mut streams.links {
            while stream.from()?.is_some_and(|from| self.ids.concerns(from)) {
                stream.take().await?;
            }
            stream.from()?.into_iter().for_each(&mut meet);
        }
        Ok(least)
    }

    /// What changed about one object: its own record, its facets, its links.
    async fn change_at(
        &self,
        state: &State,
        kind: &'static Kind,
        key: &str,
        streams: &mut Streams,
    ) -> Result<Option<Change>> {
        // What was created again comes under its newest key, and its records are fetched singly; all others are next
        // in their runs.
        let is_apart = streams.apart.remove(key);
        let pair = if is_apart {
            for (_, stream) in &mut streams.objects {
                stream.take_at(key).await?;
            }
            self.pair_apart(state, kind, key).await?
        } else {
            let mut pair = Pair::default();
            for (facet, stream) in &mut streams.objects {
                if let Some(record) = stream.take_at(key).await? {
                    pair.lay(*facet, &record)?;
                    if facet.is_none() {
                        pair.know(&record);
                    }
                }
            }
            pair
        };
        let mut change =
            if pair.is_empty() { None } else { self.object_change(state, kind, key, pair).await? };
        for (link, stream) in &mut streams.links {
            let links = if is_apart {
                self.links_apart(state, (kind, link), key).await?
            } else {
                stream.take_links(self.ids, key).await?
            };
            self.add_links(state, (kind, link), key, links, &mut change).await?;
        }
        Ok(change)
    }

    /// Adds the links of one type that differ to the change of the object that they lead from.
    async fn add_links(
        &self,
        state: &State,
        (kind, link): (&'static Kind, &'static LinkType),
        from: &str,
        links: Links,
        change: &mut Option<Change>,
    ) -> Result<()> {
        let (mut rights, mut is_ruled) = (None, None);
        let old_key = links.old_from.as_deref().unwrap_or(from).to_owned();
        for (to, (before, after)) in links.sides {
            let sides = (before.as_ref(), after.as_ref());
            let Some(judged) = self.judge(kind, (from, &to), sides, &state.ends, &mut rights).await? else {
                continue;
            };
            // Why not such a link: it came or went as a consequence of one of its ends.
            let ends = (old_key.as_str(), from);
            if judged.comes_with.is_some()
                || !self.is_worth_reporting((kind, link), ends, &to, judged.what, before.as_ref()).await?
            {
                continue;
            }
            if change.is_none() {
                *change = Some(self.change(kind, ends, What::Modified, None).await?);
            }
            let to_name = self.names().of_end(link, &to).await?;
            let by_rule = match is_ruled {
                Some(known) => known,
                None => self.is_ruled(kind, link, from).await?,
            };
            is_ruled = Some(by_rule);
            let class = if by_rule { Class::Derived } else { Class::Change };
            if let Some(change) = change {
                change.links.push(LinkChange {
                    link: link.name.to_owned(),
                    to,
                    to_name,
                    what: judged.what,
                    before,
                    after,
                    class,
                });
            }
        }
        Ok(())
    }

    /// Whether a rule of an object says what a link of the type leads to.
    async fn is_ruled(&self, kind: &Kind, link: &LinkType, from: &str) -> Result<bool> {
        let Some(rule) = link.ruled_by else { return Ok(false) };
        let object = self.after.find_object(kind, from).await?;
        Ok(object.is_some_and(|object| rule.mark.is_on(&object)))
    }

    /// The change of the object that has that key now, once all is known that has to be: what [`Self::write_changes`] writes of it.
    pub(super) async fn change_alone(
        &self,
        state: &State,
        kind: &'static Kind,
        key: &str,
    ) -> Result<Option<Change>> {
        let apart: BTreeSet<String> = Self::apart(state, kind, true).into_iter().collect();
        // What was created again comes apart, and else does not differ.
        if self.ids.concern_key(kind, key) && !apart.contains(key) {
            return Ok(None);
        }
        let (mut objects, mut links) = (Vec::new(), Vec::new());
        for (run, facet) in object_runs(kind) {
            let stream = self.open_objects_at(kind, (&run, facet), Some(key.to_owned())).await?;
            objects.extend(stream.map(|stream| (facet, stream)));
        }
        for link in kind.links {
            links.push((link, self.open_links_at(kind, link, Some(format!("{key}/"))).await?));
        }
        let mut streams = Streams { objects, links, apart };
        match self.change_at(state, kind, key, &mut streams).await? {
            Some(change) => self.completed(state, kind, key, change).await,
            None => Ok(None),
        }
    }

    /// A change with what follows from everything else: whether another one tells it, its consequences, its weight.
    async fn completed(
        &self,
        state: &State,
        kind: &'static Kind,
        key: &str,
        change: Change,
    ) -> Result<Option<Change>> {
        let Some(mut change) = self.unless_reported(state, kind, key, change).await? else { return Ok(None) };
        change.consequences += state.ends.counted(change.new_key.as_ref().unwrap_or(&change.key));
        self.rate(kind, &mut change).await?;
        Ok(Some(change))
    }

    /// Counts a change, and adds it to its page and to the sample for the notice.
    async fn write(&self, state: &mut State, kind: &'static Kind, key: &str, change: Change) -> Result<()> {
        // Why before all else of it: what nobody chose costs no look at who holds which role.
        let is_chosen = |object: &String| change.key == *object || change.new_key.as_ref() == Some(object);
        if !self.object.is_none_or(is_chosen) {
            return Ok(());
        }
        let Some(change) = self.completed(state, kind, key, change).await? else { return Ok(()) };
        state.counts.count(&change);
        state.by_kind.entry(kind.run().to_owned()).or_default().count(&change);
        let heaviest = state.heaviest.entry(kind.run().to_owned()).or_default();
        *heaviest = (*heaviest).max(change.weight());
        state.sample.push(&change);
        for part in change.into_parts() {
            pages::push(self.archive, self.diff, state, &part).await?;
        }
        Ok(())
    }
}
