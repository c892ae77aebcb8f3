//! The chains of a stage, read side by side: as many calls at once as the tenant's Graph bears.

use super::chunks::{Density, pick};
use super::fetch::{Fetched, How, is_listed};
use super::missing;
use super::reader::KindReader;
use super::returned;
use super::take::Intake;
use domain::kinds::{FullReading, Interpreted, Read, Source};
use domain::stored::{Missing, Token};
use domain::trail::Astray;
use domain::{Error, ErrorKind, Result, Timestamp};
use engine::ports::{Cursor, PageEnd};
use engine::records::{Chain, ChainRole, IdChunk, ReadingStage};
use std::collections::{HashMap, VecDeque};
use tokio::task::JoinSet;
use tracing::Instrument;

/// How a stage ended, for now.
pub(super) struct Ended {
    /// Chains that are not at their end.
    pub(super) left: Vec<Chain>,
    /// Whether all chains are at their end; or what failed first.
    pub(super) result: Result<bool>,
}

/// The chains of one stage.
struct Chains<'r, 'c> {
    reader: &'r mut KindReader<'c>,
    intake: Intake,
    /// Chains of which no page is being fetched.
    idle: VecDeque<Chain>,
    /// The list of ids, while it is idle. It waits until most of the ids that it gave are asked for.
    id_list: Option<Chain>,
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

/// Chains of which a page is being fetched, by the number of the call, and when it was asked for.
type UnderWay = HashMap<usize, (Chain, Timestamp)>;

/// Reads chains until all are at their end, one fails, or the time is over.
pub(super) async fn read(reader: &mut KindReader<'_>, chains: Vec<Chain>) -> Ended {
    let intake = match Intake::new(reader).await {
        Ok(intake) => intake,
        Err(error) => return Ended { left: chains, result: Err(error) },
    };
    let (mut lists, idle): (Vec<_>, Vec<_>) = chains.into_iter().partition(|c| c.role == ChainRole::Ids);
    let density = Density::default();
    let mut all = Chains { reader, intake, idle: idle.into(), id_list: lists.pop(), density };
    let result = all.run().await;
    Ended { left: all.idle.into_iter().chain(all.id_list).collect(), result }
}

impl Chains<'_, '_> {
    async fn run(&mut self) -> Result<bool> {
        let context = self.reader.context;
        let mut under_way = UnderWay::new();
        let mut tasks: JoinSet<(usize, Result<Fetched>)> = JoinSet::new();
        let (mut number, mut failed) = (0, None);
        loop {
            // As many pages as may be asked for at once; none any more where one failed or the time is over.
            while failed.is_none() && under_way.len() < context.at_once && !context.is_time_over() {
                let Some(chain) = self.next(&under_way) else { break };
                number += 1;
                self.start(&mut tasks, number, &chain);
                under_way.insert(number, (chain, context.clock.now()));
            }

            // Those that are under way then are still awaited: each page that came is a call that is not made again.
            let Some(done) = tasks.join_next().await else { break };
            let (id, result) =
                done.map_err(|e| Error::unavailable("reading a page was cut off").caused_by(e))?;
            let Some((chain, asked_at)) = under_way.remove(&id) else { continue };
            let outcome = match result {
                Ok(page) => self.take(chain.clone(), page, asked_at).await,
                Err(error) => self.fail(&chain, error),
            };
            // Whatever failed first is what the stage fails with; the chain stays where it was before its page.
            if let Err(error) = outcome {
                failed.get_or_insert(error);
                self.put_back(chain);
            }
        }
        match failed {
            Some(error) => Err(error),
            None => {
                Ok(self.idle.is_empty() && self.id_list.is_none() && self.reader.state.pending.is_empty())
            }
        }
    }

    /// The chain whose page is asked for next. Why those first that have begun: few are open when the time is over.
    fn next(&mut self, under_way: &UnderWay) -> Option<Chain> {
        if let Some(chain) = self.idle.pop_front() {
            return Some(chain);
        }
        // More ids are listed only when fewer wait than all calls together would take.
        let (most, enough) = (self.most_ids(), self.most_ids() * self.reader.context.at_once);
        let is_listing = under_way.values().any(|(chain, _)| chain.role == ChainRole::Ids);
        let pending = &mut self.reader.state.pending;
        if pending.len() < enough && !is_listing && self.id_list.is_some() {
            return self.id_list.take();
        }
        if pending.is_empty() {
            return None;
        }
        let size = self.density.best(most).min(pending.len());
        let awaited = pick(pending, size).into_iter().collect();
        let objects = u32::try_from(size).unwrap_or(u32::MAX);
        let chunk = IdChunk { awaited, objects, links: 0 };
        Some(Chain::new(ChainRole::Chunk(chunk), Cursor::Start))
    }

    fn put_back(&mut self, chain: Chain) {
        match chain.role {
            ChainRole::Ids => self.id_list = Some(chain),
            _ => self.idle.push_front(chain),
        }
    }

    /// How many ids Graph takes at a time.
    fn most_ids(&self) -> usize {
        match self.reader.main_source().read {
            Read::Delta(FullReading::ByChunks { ids, .. }) => ids,
            _ if self.reader.state.stage == ReadingStage::Returned => returned::IDS,
            _ => 1,
        }
    }

    fn source(&self, role: &ChainRole) -> &'static Source {
        match role {
            ChainRole::Facet(position) => &self.reader.kind.reading[*position],
            ChainRole::Objects | ChainRole::Ids | ChainRole::Chunk(_) => self.reader.main_source(),
        }
    }

    /// Asks for the next page of a chain, in a task of its own.
    fn start(&self, tasks: &mut JoinSet<(usize, Result<Fetched>)>, number: usize, chain: &Chain) {
        let KindReader { context, kind, state, .. } = &*self.reader;
        let source = self.source(&chain.role);
        let is_changes = state.stage == ReadingStage::Changes
            || matches!(chain.role, ChainRole::Chunk(_) | ChainRole::Ids);
        let listed = state.by_list || is_listed(source, state.by_round, is_changes);
        let how = How { apart: state.facets_apart, listed };
        let cursor = match (&chain.role, &chain.cursor) {
            (ChainRole::Chunk(chunk), Cursor::Start) => Cursor::Ids(chunk.awaited.iter().cloned().collect()),
            (_, cursor) => cursor.clone(),
        };
        let (context, kind) = ((*context).clone(), *kind);
        let left_out = state.left_out.clone();
        let fetch = async move { (number, context.fetch(kind, source, &cursor, (how, &left_out)).await) };
        tasks.spawn(fetch.in_current_span());
    }

    /// Takes a page in; the chain goes on, or is at its end.
    async fn take(&mut self, mut chain: Chain, page: Fetched, asked_at: Timestamp) -> Result<()> {
        let state = &mut self.reader.state;
        state.failures = 0;
        state.left_out.extend(page.left_out);

        // Why before its items are taken: a page of a ring may not be followed by the same again.
        if let PageEnd::More(
            Cursor::Next(link)
            | Cursor::NextListed(link)
            | Cursor::NextListedWithLinks(link)
            | Cursor::NextSingly(link),
        ) = &page.end
            && let Err(astray) = chain.trail.follow(link, entries(&page.items))
        {
            return self.lead_nowhere(&chain, astray);
        }

        if chain.role == ChainRole::Ids && !page.unreadable.is_empty() {
            return Err(Error::invalid(format!("{}: an id cannot be read", self.source(&chain.role).name)));
        }
        if let ChainRole::Chunk(chunk) = &mut chain.role {
            page.unreadable.iter().filter_map(|one| one.id.as_ref()).for_each(|id| {
                chunk.awaited.remove(id);
            });
        }
        let source = self.source(&chain.role);
        self.reader.note_unreadable(source, page.unreadable)?;

        let mut links = 0;
        if chain.role == ChainRole::Ids {
            let is_all = chain.cursor == Cursor::Listed && matches!(page.end, PageEnd::Done(_));
            if is_all && page.items.len() <= self.round_up_to() {
                // Why not in chunks: for so few a round costs less, and its own token is the later one.
                self.idle.push_back(Chain::new(ChainRole::Objects, Cursor::Start));
                self.reader.state.since = None;
                return Ok(());
            }
            self.reader.state.pending.extend(page.items.into_iter().map(|item| item.key));
        } else {
            links = self.take_items(&mut chain, page.items).await?;
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

    /// Takes the items of a page in. Where its objects were asked for by ids, notes which ones came, and gives how many
    /// links they had.
    async fn take_items(&mut self, chain: &mut Chain, items: Vec<Interpreted>) -> Result<usize> {
        let KindReader { state, sorters, .. } = &mut *self.reader;
        let mut links = 0;
        for item in items {
            if let ChainRole::Chunk(chunk) = &mut chain.role {
                chunk.awaited.remove(&item.key);
                links += item.links.len();
            }
            // An object that was listed and not given is not missing when the changes say that it was removed.
            if item.removed.is_some() && state.stage == ReadingStage::Changes {
                state.unseen.remove(&item.key);
            }
            self.intake.take(sorters, item).await?;
        }
        if let ChainRole::Chunk(chunk) = &mut chain.role {
            chunk.links = chunk.links.saturating_add(u32::try_from(links).unwrap_or(u32::MAX));
        }
        Ok(links)
    }

    /// Notes what a chain leaves behind that is at its end.
    fn end(&mut self, chain: Chain, link: Option<String>, asked_at: Timestamp) {
        let KindReader { context, kind, state, .. } = &mut *self.reader;
        match chain.role {
            ChainRole::Objects => {
                if let Some(link) = link {
                    let asked = context.asked(kind, state.facets_apart);
                    let token = Token { link, taken_at: asked_at, asked };
                    state.tokens.insert(kind.reading[0].name.to_owned(), token);
                }
            }
            ChainRole::Chunk(chunk) => {
                self.density.learn(chunk.objects, chunk.links);
                // Why not of what left the recycle bin: what is not there either was deleted for good.
                if state.stage != ReadingStage::Returned {
                    state.unseen.extend(chunk.awaited);
                }
            }
            ChainRole::Ids | ChainRole::Facet(_) => {}
        }
    }

    /// Up to how many objects everything is read along the delta's first round instead.
    fn round_up_to(&self) -> usize {
        match self.reader.main_source().read {
            Read::Delta(FullReading::ByChunks { round_up_to, .. }) => round_up_to,
            _ => 0,
        }
    }

    /// Pages that lead nowhere cost the facet, or the stage, and are not followed again.
    fn lead_nowhere(&mut self, chain: &Chain, astray: Astray) -> Result<()> {
        let source = self.source(&chain.role);
        tracing::warn!(source = source.name, ?astray, "pages lead nowhere");
        let why = format!("{}: Graph's pages lead on and on and give nothing new", source.name);
        if matches!(chain.role, ChainRole::Facet(_)) {
            self.lose_facet(source, missing::endless(source.name, why));
            return Ok(());
        }
        self.reader.state.endless = true;
        Err(Error::invalid(why))
    }

    /// A facet that cannot be had is missing while the objects are there; anything else fails the stage.
    fn fail(&mut self, chain: &Chain, error: Error) -> Result<()> {
        let source = self.source(&chain.role);
        let facet = matches!(chain.role, ChainRole::Facet(_));
        if facet && matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid) {
            self.lose_facet(source, missing::failed(source.name, &error));
            return Ok(());
        }
        Err(error)
    }

    fn lose_facet(&mut self, source: &Source, missing: Missing) {
        self.reader.state.facets.remove(source.name);
        self.reader.state.missing.push(missing);
    }
}
