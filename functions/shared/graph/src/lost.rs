//! What of a page cannot be had though the page can: single items, and relations that Graph refuses of every item.

use domain::{Error, ErrorKind, Result};
use engine::ports::Unreadable;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the same may be asked for again with another outcome.
pub(crate) fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Throttled { .. } | ErrorKind::Unavailable)
}

/// What of the items of a page cannot be had; an item is named by its position.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    items: BTreeMap<usize, Error>,
    /// Items that were deleted while the page was read.
    gone: BTreeSet<usize>,
    /// Relations that Graph refuses of every item: the items are there without them.
    relations: Vec<(&'static str, Error)>,
}

impl Lost {
    /// Notes that an item cannot be had; the first error of an item stays.
    ///
    /// # Errors
    /// The error itself where it passes: then all of the page is asked for again.
    pub(crate) fn item(&mut self, at: usize, error: Error) -> Result<()> {
        if passes(&error) {
            return Err(error);
        }
        self.item_for_good(at, error);
        Ok(())
    }

    /// The same of an error that came again and again, though others of its kind did not.
    pub(crate) fn item_for_good(&mut self, at: usize, error: Error) {
        self.items.entry(at).or_insert(error);
    }

    /// Notes that an item is no longer there.
    pub(crate) fn gone(&mut self, at: usize) {
        self.gone.insert(at);
    }

    /// Notes that Graph refuses a relation of every item.
    pub(crate) fn relation(&mut self, name: &'static str, error: Error) {
        self.relations.push((name, error));
    }

    /// Whether that item is lost or gone.
    pub(crate) fn has(&self, at: usize) -> bool {
        self.items.contains_key(&at) || self.gone.contains(&at)
    }

    /// What is lost for a caller that wants all.
    pub(crate) fn take_error(&mut self) -> Option<Error> {
        let gone = self.gone.first().map(|_| Error::unavailable("an object was deleted while it was read"));
        let item = self.items.pop_first().map(|(_, error)| error);
        item.or(gone).or_else(|| self.relations.pop().map(|(_, error)| error))
    }

    /// Fails where every item is lost: that is no fault of the items.
    pub(crate) fn unless_all(mut self, count: usize) -> Result<Self> {
        if count > 0 && self.items.len() == count {
            let error = self.items.pop_first().map(|(_, error)| error);
            return Err(match error {
                // Why: to the port, "not found" says that a cursor is lost.
                Some(error) if error.kind() == ErrorKind::NotFound => Error::unavailable(error.summary()),
                Some(error) => error,
                None => Error::unavailable("no item can be had"),
            });
        }
        Ok(self)
    }

    /// Takes the items that cannot be had out of the page, and says which they are; with the relations that no item has.
    pub(crate) fn take_out(self, items: &mut Vec<Value>) -> (Vec<Unreadable>, Vec<&'static str>) {
        let mut unreadable = Vec::new();
        let mut at = 0;
        items.retain(|item| {
            let id = || item.get("id").and_then(Value::as_str).map(str::to_owned);
            if let Some(error) = self.items.get(&at) {
                unreadable.push(Unreadable { id: id(), why: error.summary().into() });
            }
            at += 1;
            !self.has(at - 1)
        });
        (unreadable, self.relations.into_iter().map(|(name, _)| name).collect())
    }
}
