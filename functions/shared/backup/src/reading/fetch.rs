//! Pages, fetched and understood away from where they are collected.

use super::context::Context;
use domain::kinds::{Asked, FullReading, Interpreted, Kind, Read, Source, id_of, interpret};
use domain::{Error, Result};
use engine::ports::{Cursor, PageEnd, ReadPage, Unreadable};
use std::collections::BTreeSet;

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
    /// Items that cannot be read or understood.
    pub(super) unreadable: Vec<Unreadable>,
    pub(super) end: PageEnd,
    /// Properties that were not asked for, since this Graph does not know them.
    pub(super) left_out: Vec<String>,
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
        let mut also: Vec<&str> = Vec::new();
        if *source == kind.reading[0] {
            also.extend(self.carried(kind, apart));
            also.extend(self.extensions(kind).iter().map(String::as_str));
        }
        self.directory.read_page(self.archive.tenant(), source, cursor, &also).await
    }

    /// A page whose items are understood. While it is asked for it takes one of the places for calls.
    pub(super) async fn fetch(
        &self,
        kind: &'static Kind,
        source: &'static Source,
        cursor: &Cursor,
        (how, left_out): (How, &BTreeSet<String>),
    ) -> Result<Fetched> {
        let page = {
            let _place = self.calls.acquire().await;
            self.page(kind, source, cursor, how.apart).await?
        };
        let extensions = if *source == kind.reading[0] { self.extensions(kind) } else { &[] };
        let select = source.select.iter().copied().chain(extensions.iter().map(String::as_str));
        // Why what earlier pages left out too: a link keeps the question of its first page, which another process may have
        // asked.
        let is_left_out = |p: &str| left_out.contains(p) || page.left_out.iter().any(|left| left == p);
        let select: Vec<&str> = select.filter(|p| !is_left_out(p)).collect();
        let withheld: Vec<&str> = kind.withheld(&self.permissions).collect();
        let asked = Asked { select: &select, withheld: &withheld, is_all_of_object: how.listed };
        let (mut items, mut unreadable) = (Vec::with_capacity(page.items.len()), page.unreadable);
        for item in &page.items {
            match interpret(kind, source, asked, item) {
                Ok(understood) => items.push(understood),
                Err(error) => unreadable.push(Unreadable { id: id_of(item), why: error.summary().into() }),
            }
        }
        // Why no page then: where nothing of several can be read it is no fault of single objects.
        if items.is_empty() && unreadable.len() > 1 {
            return Err(Error::unavailable(format!("{}: no item of a page can be read", source.name)));
        }
        Ok(Fetched { items, unreadable, end: page.end, left_out: page.left_out })
    }
}

/// Whether each item of such pages says all of its object.
pub(super) fn is_listed(source: &Source, by_round: bool, is_changes: bool) -> bool {
    match source.read {
        Read::List => true,
        Read::Delta(FullReading::ByList { .. }) => !by_round && !is_changes,
        Read::Delta(_) => false,
    }
}
