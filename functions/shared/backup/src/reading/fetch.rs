//! Pages, fetched and understood away from where they are collected.

use super::Reading;
use domain::Result;
use domain::kinds::{Asked, Interpreted, Kind, Read, Source, Whole, interpret};
use engine::ports::{Cursor, PageEnd, ReadPage};

/// How a page is asked for and understood.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Facets are not asked for along with the objects.
    pub(super) apart: bool,
    /// Each item is all of its object.
    pub(super) listed: bool,
}

/// A page, understood.
pub(super) struct Fetched {
    pub(super) items: Vec<Interpreted>,
    pub(super) end: PageEnd,
    pub(super) left_out: Vec<&'static str>,
}

impl Reading {
    /// A page as it came.
    pub(super) async fn page(
        &self,
        kind: &'static Kind,
        source: &'static Source,
        cursor: &Cursor,
        apart: bool,
    ) -> Result<ReadPage> {
        let facets = if source.carries.is_empty() { Vec::new() } else { self.carried(kind, apart) };
        self.directory.read_page(self.archive.tenant(), source, cursor, &facets).await
    }

    /// A page, understood. Holds one of the places for calls meanwhile.
    pub(super) async fn fetch(
        &self,
        kind: &'static Kind,
        source: &'static Source,
        cursor: &Cursor,
        how: How,
    ) -> Result<Fetched> {
        let page = {
            let _place = self.calls.acquire().await;
            self.page(kind, source, cursor, how.apart).await?
        };
        let select: Vec<&'static str> =
            source.select.iter().copied().filter(|p| !page.left_out.contains(p)).collect();
        let withheld: Vec<&str> = kind.withheld(&self.permissions).collect();
        let asked = Asked { select: &select, withheld: &withheld, whole: how.listed };
        let items =
            page.items.iter().map(|item| interpret(kind, source, asked, item)).collect::<Result<_>>()?;
        Ok(Fetched { items, end: page.end, left_out: page.left_out })
    }
}

/// Whether each item of such pages is all of its object.
pub(super) fn is_listed(source: &Source, by_round: bool, is_changes: bool) -> bool {
    match source.read {
        Read::List => true,
        Read::Delta(Whole::Listed { .. }) => !by_round && !is_changes,
        Read::Delta(_) => false,
    }
}
