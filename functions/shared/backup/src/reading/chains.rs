//! The chains of a stage, read side by side: as many calls at once as the tenant's Graph bears.

use super::Reading;
use super::chunks::{Density, pick};
use super::fetch::{Fetched, How, is_listed};
use super::progress::{Chain, Chunk, KindReading, Role, Stage};
use super::sorters::Sorters;
use super::take::Taking;
use domain::kinds::{Interpreted, Kind, Read, Source, Whole};
use domain::stored::{Missing, MissingCause, Token};
use domain::trail::Astray;
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{Cursor, PageEnd};
use std::collections::{HashMap, VecDeque};
use tokio::task::JoinSet;
use tracing::Instrument;

/// How a stage ended, for now.
pub(super) struct Ended {
    /// Chains that are not at their end.
    pub(super) left: Vec<Chain>,
    /// Whether the time was enough; or what failed first.
    pub(super) result: Result<bool>,
}

struct Chains<'a> {
    reading: &'a Reading,
    kind: &'static Kind,
    state: &'a mut KindReading,
    taking: Taking<'a>,
    /// Chains that are begun, or stand at their beginning.
    idle: VecDeque<Chain>,
    /// The list of ids waits until those that it gave are on their way.
    list: Option<Chain>,
    density: Density,
}

/// What a page says, each thing by what tells it from others: objects, and links.
fn entries(items: &[Interpreted]) -> impl Iterator<Item = [&str; 3]> {
    items.iter().flat_map(|item| {
        let links = item.links.iter().map(|link| [link.link.name, item.key.as_str(), link.to.as_str()]);
        // Why not the object where it has links: a large group is on each of its pages.
        let object = item.links.is_empty().then_some(["", item.key.as_str(), ""]);
        object.into_iter().chain(links)
    })
}

type Flying = HashMap<usize, (Chain, Timestamp)>;

/// Reads chains until all are at their end, one fails, or the time is over.
pub(super) async fn read(
    reading: &Reading,
    kind: &'static Kind,
    state: &mut KindReading,
    sorters: &mut Sorters,
    chains: Vec<Chain>,
) -> Ended {
    let taking = match Taking::new(reading, kind, state.incremental, state.stage, sorters).await {
        Ok(taking) => taking,
        Err(error) => return Ended { left: chains, result: Err(error) },
    };
    let (mut lists, idle): (Vec<_>, Vec<_>) = chains.into_iter().partition(|c| c.role == Role::Ids);
    let density = Density::default();
    let mut all = Chains { reading, kind, state, taking, idle: idle.into(), list: lists.pop(), density };
    let result = all.run().await;
    Ended { left: all.idle.into_iter().chain(all.list).collect(), result }
}

impl Chains<'_> {
    async fn run(&mut self) -> Result<bool> {
        let mut flying = Flying::new();
        let mut tasks: JoinSet<(usize, Result<Fetched>)> = JoinSet::new();
        let (mut number, mut failed) = (0, None);
        loop {
            while failed.is_none() && flying.len() < self.reading.at_once && !self.reading.is_time_over() {
                let Some(chain) = self.next(&flying) else { break };
                number += 1;
                self.start(&mut tasks, number, &chain);
                flying.insert(number, (chain, self.reading.clock.now()));
            }
            let Some(done) = tasks.join_next().await else { break };
            let (id, result) =
                done.map_err(|e| Error::unavailable("reading a page was cut off").caused_by(e))?;
            let Some((chain, asked_at)) = flying.remove(&id) else { continue };
            let outcome = match result {
                Ok(page) => self.take(chain.clone(), page, asked_at).await,
                Err(error) => self.fail(&chain, error),
            };
            if let Err(error) = outcome {
                failed.get_or_insert(error);
                self.put_back(chain);
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(self.idle.is_empty() && self.list.is_none() && self.state.pending.is_empty()),
        }
    }

    /// What is asked next: what is begun is ended first, so that few chains are open when the time is over.
    fn next(&mut self, flying: &Flying) -> Option<Chain> {
        if let Some(chain) = self.idle.pop_front() {
            return Some(chain);
        }
        let (most, enough) = (self.most_ids(), self.most_ids() * self.reading.at_once);
        let lists = flying.values().any(|(chain, _)| chain.role == Role::Ids);
        if self.state.pending.len() < enough && !lists && self.list.is_some() {
            return self.list.take();
        }
        if self.state.pending.is_empty() {
            return None;
        }
        let size = self.density.best(most).min(self.state.pending.len());
        let awaited = pick(&mut self.state.pending, size).into_iter().collect();
        let objects = u32::try_from(size).unwrap_or(u32::MAX);
        Some(Chain::at(Role::Chunk(Chunk { awaited, objects, links: 0 }), Cursor::Start))
    }

    fn put_back(&mut self, chain: Chain) {
        match chain.role {
            Role::Ids => self.list = Some(chain),
            _ => self.idle.push_front(chain),
        }
    }

    fn most_ids(&self) -> usize {
        match self.kind.reading[0].read {
            Read::Delta(Whole::Chunked { ids, .. }) => ids,
            _ => 1,
        }
    }

    fn source(&self, role: &Role) -> &'static Source {
        match role {
            Role::Facet(position) => &self.kind.reading[*position],
            Role::Objects | Role::Ids | Role::Chunk(_) => &self.kind.reading[0],
        }
    }

    fn start(&self, tasks: &mut JoinSet<(usize, Result<Fetched>)>, number: usize, chain: &Chain) {
        let (reading, kind) = (self.reading.clone(), self.kind);
        let source = self.source(&chain.role);
        let is_changes =
            self.state.stage == Stage::Changes || matches!(chain.role, Role::Chunk(_) | Role::Ids);
        let listed = is_listed(source, self.state.by_round, is_changes);
        let how = How { apart: self.state.facets_apart, listed };
        let cursor = match (&chain.role, &chain.cursor) {
            (Role::Chunk(chunk), Cursor::Start) => Cursor::Ids(chunk.awaited.iter().cloned().collect()),
            (_, cursor) => cursor.clone(),
        };
        let fetch = async move { (number, reading.fetch(kind, source, &cursor, how).await) };
        tasks.spawn(fetch.in_current_span());
    }

    /// Takes a page in; the chain goes on, or is at its end.
    async fn take(&mut self, mut chain: Chain, page: Fetched, asked_at: Timestamp) -> Result<()> {
        self.state.failures = 0;
        self.state.left_out.extend(page.left_out.into_iter().map(str::to_owned));
        if let PageEnd::More(Cursor::Next(link) | Cursor::NextListed(link)) = &page.end
            && let Err(astray) = chain.trail.follow(link, entries(&page.items))
        {
            return self.lead_nowhere(&chain, astray);
        }
        let mut links = 0;
        if chain.role == Role::Ids {
            let is_first = chain.cursor == Cursor::Listed;
            let ids: Vec<String> = page.items.into_iter().map(|item| item.key).collect();
            if is_first && matches!(page.end, PageEnd::Done(_)) && ids.len() <= self.round_up_to() {
                // A round costs less, and its own token is the later one.
                self.idle.push_back(Chain::at(Role::Objects, Cursor::Start));
                self.state.since = None;
                return Ok(());
            }
            self.state.pending.extend(ids);
        } else {
            for item in page.items {
                if let Role::Chunk(chunk) = &mut chain.role {
                    chunk.awaited.remove(&item.key);
                    links += item.links.len();
                }
                if item.removed.is_some() && self.state.stage == Stage::Changes {
                    self.state.unseen.remove(&item.key);
                }
                self.taking.take(item).await?;
            }
        }
        if let Role::Chunk(chunk) = &mut chain.role {
            chunk.links = chunk.links.saturating_add(u32::try_from(links).unwrap_or(u32::MAX));
        }
        match page.end {
            PageEnd::More(next) => {
                self.density.learn_page(links);
                chain.cursor = next;
                self.put_back(chain);
            }
            PageEnd::Done(link) => self.end(chain, link, asked_at),
        }
        Ok(())
    }

    fn end(&mut self, chain: Chain, link: Option<String>, asked_at: Timestamp) {
        match chain.role {
            Role::Objects => {
                if let Some(link) = link {
                    let asked = self.reading.asked(self.kind, self.state.facets_apart);
                    let token = Token { link, taken_at: asked_at, asked };
                    self.state.tokens.insert(self.kind.reading[0].name.to_owned(), token);
                }
            }
            Role::Chunk(chunk) => {
                self.density.learn(chunk.objects, chunk.links);
                self.state.unseen.extend(chunk.awaited);
            }
            Role::Ids | Role::Facet(_) => {}
        }
    }

    fn round_up_to(&self) -> usize {
        match self.kind.reading[0].read {
            Read::Delta(Whole::Chunked { round_up_to, .. }) => round_up_to,
            _ => 0,
        }
    }

    /// Pages that lead nowhere cost the facet, or the stage, and are not followed again.
    fn lead_nowhere(&mut self, chain: &Chain, astray: Astray) -> Result<()> {
        let source = self.source(&chain.role);
        tracing::warn!(source = source.name, ?astray, "pages lead nowhere");
        let why = format!("{}: Graph's pages lead on and on and give nothing new", source.name);
        if matches!(chain.role, Role::Facet(_)) {
            self.lose_facet(source, MissingCause::Endless, why);
            return Ok(());
        }
        self.state.endless = true;
        Err(Error::invalid(why))
    }

    /// A facet that cannot be had is missing while the objects are there; anything else fails the stage.
    fn fail(&mut self, chain: &Chain, error: Error) -> Result<()> {
        let source = self.source(&chain.role);
        let facet = matches!(chain.role, Role::Facet(_));
        if facet && matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid) {
            self.lose_facet(source, MissingCause::of(&error), error.summary());
            return Ok(());
        }
        Err(error)
    }

    fn lose_facet(&mut self, source: &Source, cause: MissingCause, why: impl Into<String>) {
        self.state.facets.remove(source.name);
        let (source, why) = (source.name.to_owned(), why.into());
        self.state.missing.push(Missing { source, cause, why, any_of: Vec::new() });
    }
}
