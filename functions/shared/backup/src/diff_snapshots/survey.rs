//! What has to be known of all kinds before the first change is written: which objects came or went, and how many
//! links with them. Only keys are kept of it; the records are read again for the changes.

use super::objects::{Comparison, Pair};
use super::state::{Stage, State};
use super::stream::{Links, Record, Runs, Stream};
use crate::log::{Logged, Own, Part};
use domain::kinds::{Identity, KINDS, Kind, LinkType};
use domain::{Error, Result};

/// Whether an invocation's time is over.
pub(super) type IsOver<'a> = &'a (dyn Fn() -> bool + Sync);

impl Comparison<'_> {
    /// Goes on from where it was suspended; returns whether it is complete. Each call does at least one object.
    pub(super) async fn go_on(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        Ok(self.survey(state, is_over).await? && self.write_changes(state, is_over).await?)
    }

    /// Finds out what has to be known before the first change; returns whether all of it is known.
    pub(super) async fn survey(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        if state.stage == Stage::Objects {
            if !self.survey_objects(state, is_over).await? {
                return Ok(false);
            }
            self.settle_apart(state).await?;
            self.put_facts_apart(state).await?;
            state.go_to(Stage::Links);
        }
        if state.stage == Stage::Links {
            // Why only then: where nothing came, went or was created again, no change depends on the links of others.
            let matters = !state.ends.is_empty() || !self.ids.is_empty();
            if matters && !self.survey_links(state, is_over).await? {
                return Ok(false);
            }
            state.go_to(Stage::Shapes);
        }
        if state.stage == Stage::Shapes {
            if !self.count_shapes(state, is_over).await? {
                return Ok(false);
            }
            state.keep_shapes();
            state.go_to(Stage::Changes);
        }
        Ok(true)
    }

    async fn survey_objects(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        let chosen = self.kinds.iter().flat_map(|k| object_runs(k).into_iter().map(|r| (*k, r)));
        // Why these too: whether a link came or went with its far end does not follow from what somebody chose to compare.
        let around = self.kinds_around().into_iter().map(|kind| (kind, (kind.run().to_owned(), None)));
        let runs: Vec<_> = chosen.chain(around).collect();
        let names: Vec<String> = runs.iter().map(|(_, (run, _))| run.clone()).collect();
        for (kind, (run, facet)) in runs.into_iter().skip(state.first_of(&names)?) {
            state.begin(&run);
            let is_compared = self.kinds.iter().any(|of| of.name == kind.name);
            let Some(mut stream) = self.open_objects(kind, (&run, facet), state.after.as_deref()).await?
            else {
                continue;
            };
            while let Some(record) = stream.take().await? {
                if self.ids.concern_key(kind, &record.key) {
                    state.put_apart(&run, self.ids.key(kind, &record.key), &record.key);
                } else if facet.is_none()
                    && kind.identity == Identity::Id
                    && record.before.is_some() != record.after.is_some()
                {
                    state.ends.insert(&record.key);
                } else if let (None, Some(before), Some(after)) = (&facet, &record.before, &record.after)
                    && is_compared
                {
                    state.look_for_shapes(kind, before, after)?;
                }
                state.after = Some(record.key);
                if is_over() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Decides whether objects that were created again came or went: that is known only when all their keys are.
    async fn settle_apart(&self, state: &mut State) -> Result<()> {
        let around = self.kinds_around();
        for kind in self.kinds.iter().chain(&around).filter(|k| k.identity == Identity::Id) {
            for key in Self::apart(state, kind, false) {
                let pair = self.pair_apart(state, kind, &key).await?;
                let (before, after) = self.presence(state, kind, &key, &pair).await?;
                if before != after {
                    state.ends.insert(&key);
                }
            }
        }
        Ok(())
    }

    /// The kinds that links and references of those that are compared lead to, and that are not compared themselves, where both
    /// sides hold them.
    fn kinds_around(&self) -> Vec<&'static Kind> {
        let led_to = |kind: &&'static Kind| {
            let links = kind.links.iter().flat_map(|link| link.to);
            let references = kind.references.iter().flat_map(|reference| reference.kinds);
            links.chain(references).copied().collect::<Vec<_>>()
        };
        let names: Vec<_> = self.kinds.iter().flat_map(led_to).collect();
        let is_around = |kind: &&'static Kind| {
            names.contains(&kind.name)
                && self.kinds.iter().all(|of| of.name != kind.name)
                && self.before.find_run(kind.run()).is_some()
                && self.after.find_run(kind.run()).is_some()
        };
        KINDS.into_iter().filter(is_around).collect()
    }

    async fn survey_links(&self, state: &mut State, is_over: IsOver<'_>) -> Result<bool> {
        let all: Vec<(&'static Kind, &'static LinkType)> =
            self.kinds.iter().flat_map(|k| k.links.iter().map(|l| (*k, l))).collect();
        let names: Vec<String> = all.iter().map(|(_, link)| link.name.to_owned()).collect();
        for (kind, link) in all.into_iter().skip(state.first_of(&names)?) {
            state.begin(link.name);
            let mut stream = self.open_links(kind, link, state.after.as_deref()).await?;
            while let Some(from) = stream.from()?.map(str::to_owned) {
                if self.ids.concerns(&from) {
                    self.put_links_apart(state, link, &from, &mut stream).await?;
                } else {
                    let links = stream.take_links(self.ids, &from).await?;
                    self.count_links(state, kind, link, &from, links).await?;
                }
                state.after = Some(from);
                if is_over() {
                    return Ok(false);
                }
            }
            let apart: Vec<String> =
                state.apart.get(link.name).into_iter().flatten().map(|(now, _)| now.clone()).collect();
            for from in apart {
                let links = self.links_apart(state, (kind, link), &from).await?;
                self.count_links(state, kind, link, &from, links).await?;
            }
        }
        Ok(true)
    }

    async fn put_links_apart(
        &self,
        state: &mut State,
        link: &LinkType,
        from: &str,
        stream: &mut Stream,
    ) -> Result<()> {
        while stream.from()? == Some(from) {
            let Some(record) = stream.take().await? else { break };
            if record.before.is_some() {
                state.put_apart(link.name, self.ids.newest(from).to_owned(), from);
            }
            if record.after.is_some() {
                state.put_apart(link.name, from.to_owned(), from);
            }
        }
        Ok(())
    }

    async fn count_links(
        &self,
        state: &mut State,
        kind: &'static Kind,
        link: &'static LinkType,
        from: &str,
        links: Links,
    ) -> Result<()> {
        let mut rights = None;
        let old_from = links.old_from.as_deref().unwrap_or(from).to_owned();
        for (to, (before, after)) in links.sides {
            let Some(judged) = self
                .judge(kind, (from, &to), (before.as_ref(), after.as_ref()), &state.ends, &mut rights)
                .await?
            else {
                continue;
            };
            if let Some(end) = judged.comes_with
                && self
                    .is_worth_reporting((kind, link), (&old_from, from), &to, judged.what, before.as_ref())
                    .await?
            {
                state.ends.count(&end);
            }
        }
        Ok(())
    }

    /// The objects that were created again and differ: in a run of the kind, or with `and_links` in its links.
    pub(super) fn apart(state: &State, kind: &Kind, and_links: bool) -> Vec<String> {
        let links = kind.links.iter().filter(|_| and_links).map(|l| l.name.to_owned());
        let runs = object_runs(kind).into_iter().map(|(run, _)| run).chain(links);
        let mut keys: Vec<String> =
            runs.filter_map(|run| state.apart.get(&run)).flat_map(|apart| apart.keys().cloned()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// The two sides of an object that was created again.
    pub(super) async fn pair_apart(&self, state: &State, kind: &Kind, now: &str) -> Result<Pair> {
        if kind.grant().is_some() {
            return self.fact_apart(state, kind, now).await;
        }
        let mut pair = Pair::default();
        for (run, facet) in object_runs(kind) {
            for key in state.keys_apart(&run, now) {
                if let Some(record) = self.difference_at(&run, key).await? {
                    pair.lay(facet, &record)?;
                }
            }
        }
        Ok(pair)
    }

    /// The record of that key, if the two sides differ.
    pub(super) async fn difference_at(&self, run: &str, key: &str) -> Result<Option<Record>> {
        let (Some(before), Some(after)) = (self.before.find_run(run), self.after.find_run(run)) else {
            return Ok(None);
        };
        let before = self.before.of(run).find_record(before, key.as_bytes()).await?;
        let after = self.after.find_record(after, key.as_bytes()).await?;
        Ok((before != after).then(|| Record { key: key.to_owned(), before, after }))
    }

    /// The differing links of an object that was created again, from every id that it had.
    pub(super) async fn links_apart(
        &self,
        state: &State,
        (kind, link): (&'static Kind, &'static LinkType),
        now: &str,
    ) -> Result<Links> {
        let mut links = Links::default();
        for from in state.keys_apart(link.name, now) {
            let mut stream = self.open_links_at(kind, link, Some(format!("{from}/"))).await?;
            while stream.from()? == Some(from.as_str()) {
                let Some(record) = stream.take().await? else { break };
                links.lay(self.ids, now, &record)?;
            }
        }
        Ok(links)
    }

    /// The differences between two runs of objects, or of a facet of them, behind that key; none where a side does not hold the run.
    pub(super) async fn open_objects(
        &self,
        kind: &'static Kind,
        (run, facet): (&str, Option<&'static str>),
        after: Option<&str>,
    ) -> Result<Option<Stream>> {
        self.open_objects_at(kind, (run, facet), after.map(|key| format!("{key}\0"))).await
    }

    /// The same from that key on.
    pub(super) async fn open_objects_at(
        &self,
        kind: &'static Kind,
        (run, facet): (&str, Option<&'static str>),
        start: Option<String>,
    ) -> Result<Option<Stream>> {
        let part = facet.map_or(Part::Objects, Part::Facet);
        let Some(runs) = self.runs(Logged { kind, part }, run) else { return Ok(None) };
        Stream::open(self.archive, Some(runs), start).await.map(Some)
    }

    /// The differences between the links of a type, behind those of that object.
    pub(super) async fn open_links(
        &self,
        kind: &'static Kind,
        link: &'static LinkType,
        after: Option<&str>,
    ) -> Result<Stream> {
        // `0` is the next byte after `/`, so this is behind every link of the object.
        self.open_links_at(kind, link, after.map(|from| format!("{from}0"))).await
    }

    /// The differences between the links of a type, from that key on.
    pub(super) async fn open_links_at(
        &self,
        kind: &'static Kind,
        link: &'static LinkType,
        start: Option<String>,
    ) -> Result<Stream> {
        // Why no difference where one side is not held: not to have read the links is not to have had none.
        let runs = self.runs(Logged { kind, part: Part::Links(link) }, link.name);
        Stream::open(self.archive, runs, start).await
    }

    /// The run of either side, and what the later snapshot's log tells of the two; none where a side does not hold it.
    fn runs(&self, logged: Logged, run: &str) -> Option<Runs<'_>> {
        let (before, after) = (self.before.find_run(run)?, self.after.find_run(run)?);
        // Why not always: whether a side knows the links of an object is asked of the snapshot that holds the object, and a log
        // asked the one that holds the links.
        let earlier = [run, logged.kind.run()].map(|run| &self.before.of(run).manifest().snapshot);
        let is_one = earlier[0] == earlier[1];
        let own = is_one.then(|| Own::find(logged, self.before.of(run), self.after)).flatten();
        Some(Runs { before, after, own })
    }
}

/// The run of a kind's objects and those of its facets.
pub(super) fn object_runs(kind: &Kind) -> Vec<(String, Option<&'static str>)> {
    let facets = kind.facets().map(|f| (kind.part(f), Some(f)));
    std::iter::once((kind.run().to_owned(), None)).chain(facets).collect()
}

/// The error for links whose keys do not come in the order of the objects that they lead from: an id goes on with a
/// byte that sorts before `/`.
pub(super) fn out_of_order() -> Error {
    Error::corrupt("links are not in the order of their objects")
}
