//! The stages of a kind up to the merge: a token, everything, what changed.

use super::begin;
use super::chains::{self, Ended};
use super::reader::KindReader;
use domain::kinds::{FullReading, Read};
use domain::stored::Token;
use domain::{Error, Result};
use engine::ports::{Cursor, PageEnd};
use engine::records::{Chain, ChainRole, ReadingStage};

impl KindReader<'_> {
    /// Goes through the stages up to the merge; says whether all are at their end, or the time is over first.
    pub(super) async fn read_stages(&mut self) -> Result<bool> {
        loop {
            if self.context.is_time_over() {
                return Ok(false);
            }
            let is_done = match self.state.stage {
                ReadingStage::Token => self.take_token().await.map(|()| true)?,
                ReadingStage::Everything | ReadingStage::Changes => self.read_chains().await?,
                ReadingStage::Returned => self.read_returned().await?,
                ReadingStage::Merging => return Ok(true),
            };
            if !is_done {
                return Ok(false);
            }
            self.enter_next_stage()?;
        }
    }

    /// Takes a token for what changes from now on, where everything is not read along the delta itself.
    async fn take_token(&mut self) -> Result<()> {
        let (context, kind, main) = (self.context, self.kind, self.main_source());
        context.choose_facets(kind, &mut self.state);
        if self.state.by_round || self.state.by_list || !begin::has_other_way(kind) {
            return Ok(());
        }
        let asked_at = context.clock.now();
        let page = context.page(kind, main, &Cursor::Latest, self.state.facets_apart).await?;
        let PageEnd::Done(Some(link)) = page.end else {
            return Err(Error::invalid(format!("{}: Graph gives no token without a round", main.name)));
        };
        self.state.left_out.extend(page.left_out);
        self.state.since = Some(link.clone());
        self.state.tokens.insert(
            main.name.to_owned(),
            Token { link, taken_at: asked_at, asked: context.asked(kind, self.state.facets_apart) },
        );
        self.state.failures = 0;
        Ok(())
    }

    /// Reads the chains of the stage on, from where they stopped; says whether all are at their end.
    pub(super) async fn read_chains(&mut self) -> Result<bool> {
        let chains = self.state.chains.take().unwrap_or_else(|| self.first_chains());
        let Ended { left, result } = chains::read(self, chains).await;
        self.state.chains = Some(left);
        result
    }

    /// The chains that a stage begins with.
    fn first_chains(&self) -> Vec<Chain> {
        let state = &self.state;
        let objects = |cursor| Chain::new(ChainRole::Objects, cursor);
        let (mut chains, mut carried) = (Vec::new(), Vec::new());
        if let (ReadingStage::Changes, Some(since)) = (state.stage, &state.since) {
            chains.push(objects(Cursor::Delta(since.clone())));
            // After everything was read, the facets have been read as well; on a base they are read now.
            if !state.incremental {
                return chains;
            }
        } else {
            chains.push(match self.main_source().read {
                _ if state.singly => {
                    carried = self.context.carried(self.kind, state.facets_apart);
                    objects(Cursor::Singly)
                }
                Read::Delta(_) if state.by_list => {
                    carried = self.context.carried(self.kind, state.facets_apart);
                    objects(Cursor::ListedWithLinks)
                }
                Read::Delta(FullReading::ByList { .. }) if !state.by_round => {
                    carried = self.context.carried(self.kind, state.facets_apart);
                    objects(Cursor::Listed)
                }
                Read::Delta(FullReading::ByChunks { .. }) if !state.by_round => {
                    Chain::new(ChainRole::Ids, Cursor::Listed)
                }
                Read::Delta(_) | Read::List => objects(Cursor::Start),
            });
        }

        // A facet that comes along with the objects needs no chain of its own.
        for (position, source) in self.kind.reading.iter().enumerate().skip(1) {
            let with_objects = carried.iter().any(|facet| self.kind.facet_source(facet) == Some(source));
            if state.facets.contains(source.name) && !with_objects {
                chains.push(Chain::new(ChainRole::Facet(position), Cursor::Start));
            }
        }
        chains
    }

    /// Leaves a stage that is done.
    ///
    /// # Errors
    /// `Invalid` before the merge, where Graph has listed objects and not given them: they would be missing unnoticed.
    fn enter_next_stage(&mut self) -> Result<()> {
        self.state.chains = None;
        self.state.stage = match self.state.stage {
            ReadingStage::Token => ReadingStage::Everything,
            ReadingStage::Everything if self.state.since.is_some() => ReadingStage::Changes,
            ReadingStage::Everything | ReadingStage::Changes => ReadingStage::Returned,
            ReadingStage::Returned | ReadingStage::Merging => ReadingStage::Merging,
        };
        if self.state.stage == ReadingStage::Merging && !self.state.unseen.is_empty() {
            return Err(Error::invalid(format!(
                "{}: Graph lists {} objects that it does not give by their ids",
                self.kind.run(),
                self.state.unseen.len()
            )));
        }
        Ok(())
    }
}
