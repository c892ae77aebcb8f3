//! A list that is looked through, row by row, for those that are wanted: however few of them a part may hold, it costs so
//! many questions to the catalog and no more, and then says where to go on.

use super::address::Under;
use super::{Found, Record, Records};
use crate::ports::{Page, list_cursor};
use domain::Result;
use std::collections::VecDeque;

/// Rows of a page. Why not as many as are still wanted: whoever wants one would ask once for each row.
const ROWS: usize = 250;
/// Pages of one walk.
const PAGES: usize = 8;

/// The rows of a list, one after another, until its end or until [`Self::MOST_ROWS`] were read.
pub struct Walk<'a, T> {
    records: &'a Records,
    under: Under<T>,
    descending: bool,
    /// Rows that were read and not given yet.
    read: VecDeque<Found<T>>,
    /// Behind which row the next page begins; none where the list has ended.
    next: Option<Page>,
    /// The row that was given last, as a cursor.
    given: Option<String>,
    pages: usize,
}

impl<T> Walk<'_, T> {
    /// How many rows a walk reads at the most.
    pub const MOST_ROWS: usize = ROWS * PAGES;
}

impl<T: Record> Walk<'_, T> {
    /// The next row; none at the end of the list, or when enough was read.
    ///
    /// # Errors
    /// Those of the catalog; `Invalid` when the walk began at a cursor that is none of the list.
    pub async fn next(&mut self) -> Result<Option<Found<T>>> {
        while self.read.is_empty() && self.pages < PAGES {
            let Some(page) = self.next.take() else { return Ok(None) };
            let (found, next) = self.records.list(&self.under, page).await?;
            let (limit, descending) = (ROWS, self.descending);
            self.next = next.map(|after| Page { after: Some(after), limit, descending });
            self.read = found.into();
            self.pages += 1;
        }
        let Some(row) = self.read.pop_front() else { return Ok(None) };
        let at = row.value.address();
        self.given = Some(list_cursor(at.scope(), at.key()));
        Ok(Some(row))
    }

    /// Whether the list has no row any more that was not given; otherwise `None` means that enough was read.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.read.is_empty() && self.next.is_none()
    }

    /// Where the next part of the list begins, behind the row that was given last; none at the end.
    #[must_use]
    pub fn rest(self) -> Option<String> {
        if self.read.is_empty() { self.next.and_then(|page| page.after) } else { self.given }
    }
}

impl Records {
    /// Looks through a list, from a cursor on or from its beginning.
    pub fn walk<T: Record>(&self, under: Under<T>, after: Option<String>, descending: bool) -> Walk<'_, T> {
        let next = Some(Page { after, limit: ROWS, descending });
        Walk { records: self, under, descending, read: VecDeque::new(), next, given: None, pages: 0 }
    }
}
