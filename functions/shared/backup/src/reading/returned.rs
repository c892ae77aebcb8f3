//! What is back from the recycle bin, though no change tells of it.
//!
//! A delta that selects properties was seen to say nothing of an object that was restored. So what is in the bin has a run of
//! its own, and what left it since is asked for by id: whoever is back is there, whichever way Graph behaves. Where
//! the bin was empty and stays so, nothing is asked.

use super::reader::KindReader;
use super::sorters::{bin, binned};
use crate::archive::Op;
use domain::trail::Trail;
use domain::{Error, ErrorKind, Result};
use engine::ports::{Cursor, PageEnd, ReadPage};
use std::collections::BTreeSet;

/// How many ids a delta's `$filter` takes. Source: learn.microsoft.com/graph/delta-query-overview.
pub(super) const IDS: usize = 50;
/// Where more than these left the bin, reading everything costs less than asking for each.
const MOST_ASKED: usize = 2_000;

impl KindReader<'_> {
    /// Asks for what left the recycle bin; says whether that is done, or the time is over first.
    pub(super) async fn read_returned(&mut self) -> Result<bool> {
        if self.kind.writing.recycle_bin.is_none() || !self.main_source().is_delta() || self.state.by_list {
            return Ok(true);
        }
        if self.state.chains.is_none() && !self.look_into_bin().await? {
            return Ok(false);
        }
        self.read_chains().await
    }

    /// Lists the bin, notes what came into it and what left it, and what is to be asked for. False where the time is over
    /// before the list is: it is then begun anew.
    async fn look_into_bin(&mut self) -> Result<bool> {
        let run = bin(self.kind);
        let is_known = self.base_run(&run).is_some();
        let mut earlier = BTreeSet::new();
        let mut held = self.context.archive.open_run(self.base_run(&run)).await?.scan(&[]).await?;
        while held.advance().await? {
            earlier.insert(String::from_utf8_lossy(held.head().unwrap_or_default()).into_owned());
        }
        let came = self.binned().await?;

        self.state.chains = Some(Vec::new());
        self.state.knows_bin = true;
        if self.state.incremental && is_known && earlier.is_empty() && came.is_empty() {
            return Ok(true);
        }
        let listed = match self.listed_in_bin().await {
            Ok(Some(listed)) => listed,
            Ok(None) => {
                self.state.chains = None;
                return Ok(false);
            }
            // Why no failure: the objects are there; only what returns unsaid waits for the next reading of everything.
            Err(error)
                if matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid | ErrorKind::NotFound) =>
            {
                tracing::warn!(kind = self.kind.run(), cause = error.kind().name(), "no look into the bin");
                self.state.knows_bin = false;
                return Ok(true);
            }
            Err(error) => {
                self.state.chains = None;
                return Err(error);
            }
        };

        // What went there a moment ago may not be listed yet: it is kept, and looked for again.
        for id in listed.union(&came).filter(|id| !earlier.contains(*id)) {
            self.sorters.get(&run).push(id.as_bytes(), Op::Put(b"")).await?;
        }
        for id in earlier.iter().filter(|id| !listed.contains(*id) && !came.contains(*id)) {
            self.sorters.get(&run).push(id.as_bytes(), Op::Remove).await?;
        }
        // Where everything was read, whoever is back is among it.
        if self.state.incremental {
            let left: Vec<String> =
                earlier.union(&came).filter(|id| !listed.contains(*id)).cloned().collect();
            if left.len() > MOST_ASKED {
                // Why "not found": it is the kind of error after which everything is read.
                return Err(Error::not_found(format!("{} objects left the recycle bin", left.len())));
            }
            self.state.pending = left;
        }
        Ok(true)
    }

    /// What the changes say went into the bin.
    async fn binned(&mut self) -> Result<BTreeSet<String>> {
        let name = binned(self.kind);
        let mut again = self.sorters.empty();
        let mut ops = self.sorters.take(&name).into_ops(None).await?;
        let mut came = BTreeSet::new();
        while ops.advance().await? {
            let id = ops.head().unwrap_or_default();
            again.push(id, Op::Remove).await?;
            came.insert(String::from_utf8_lossy(id).into_owned());
        }
        // Why they stay: where the list of the bin fails, they are asked for again.
        self.sorters.put(&name, again);
        Ok(came)
    }

    /// The ids of all that is in the bin; none where the time is over first.
    async fn listed_in_bin(&self) -> Result<Option<BTreeSet<String>>> {
        let (context, kind, main) = (self.context, self.kind, self.main_source());
        let (mut cursor, mut trail, mut listed) = (Cursor::Bin, Trail::default(), BTreeSet::new());
        loop {
            if context.is_time_over() {
                return Ok(None);
            }
            let page = {
                let _place = context.calls.acquire().await;
                context.page(kind, main, &cursor, true).await?
            };
            let ids = ids_of(&page)?;
            match page.end {
                PageEnd::Done(_) => {
                    listed.extend(ids);
                    return Ok(Some(listed));
                }
                PageEnd::More(next) => {
                    if let Cursor::NextBin(link) = &next {
                        trail
                            .follow(link, ids.iter().map(|id| [id.as_str(), "", ""]))
                            .map_err(|_| Error::invalid("the pages of the recycle bin do not end"))?;
                    }
                    listed.extend(ids);
                    cursor = next;
                }
            }
        }
    }
}

/// The ids on a page.
///
/// # Errors
/// `Unavailable` where an item has none.
fn ids_of(page: &ReadPage) -> Result<Vec<String>> {
    let id = |item: &serde_json::Value| item["id"].as_str().map(str::to_owned);
    let ids: Option<Vec<String>> = page.values()?.iter().map(id).collect();
    ids.ok_or_else(|| Error::unavailable("an item of the recycle bin has no id"))
}
