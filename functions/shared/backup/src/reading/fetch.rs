//! Pages, fetched and understood away from where they are collected.

use super::context::Context;
use domain::Result;
use domain::kinds::{Asked, Interpreted, Kind, Read, Source, Whole, interpret};
use engine::ports::{Cursor, PageEnd, ReadPage};

/// How a page is asked for and understood.
#[derive(Clone, Copy)]
pub(super) struct How {
    /// Whether facets are asked for apart from the objects.
    pub(super) apart: bool,
    /// Whether each item says all of its object.
    pub(super) listed: bool,
}

/// A page whose items are understood.
pub(super) struct Fetched {
    pub(super) items: Vec<Interpreted>,
    pub(super) end: PageEnd,
    /// Properties that were not asked for, since this Graph does not know them.
    pub(super) left_out: Vec<&'static str>,
}

impl Context {
    /// A page as Graph gave it.
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

    /// A page whose items are understood. While it is asked for it takes one of the places for calls.
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

/// Whether each item of such pages says all of its object.
pub(super) fn is_listed(source: &Source, by_round: bool, is_changes: bool) -> bool {
    match source.read {
        Read::List => true,
        Read::Delta(Whole::Listed { .. }) => !by_round && !is_changes,
        Read::Delta(_) => false,
    }
}
