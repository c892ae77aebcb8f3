//! A walk along one chain, and the ways in which a log can be broken.

use super::{ChainId, Entry, Head, Mark};
use crate::PartnerId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a log is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// No entry of that number stands in its place.
    Missing,
    /// It does not say what it said: its hash is not its own.
    Altered,
    /// It does not follow the entry before it.
    Unlinked,
    /// The head is of another entry, or older than the chain.
    Head,
    /// It stands before an entry that it comes after.
    Order,
    /// Its chain is of a day whose heads are signed, and is not among them.
    Unsigned,
}

/// Where a log is broken first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Broken {
    /// The chain that is broken; none for the single chain of an older log.
    pub chain: Option<ChainId>,
    /// The number of the first entry of that chain that is at fault.
    pub number: u64,
    /// In which way the chain is broken there.
    pub fault: Fault,
}

/// A walk along a chain, entry by entry.
#[derive(Clone, Debug)]
pub struct Walk(Head);

impl Walk {
    /// A walk that begins before the first entry of that chain.
    pub fn begin(partner: Option<PartnerId>, chain: Option<ChainId>) -> Self {
        Self(Head::beginning(partner, chain))
    }

    /// A walk that goes on after that entry, which was found to be whole in another way.
    pub fn after(entry: &Entry) -> Self {
        Self(Head { partner: entry.partner.clone(), mark: entry.mark() })
    }

    /// How far it has come.
    pub fn mark(&self) -> &Mark {
        &self.0.mark
    }

    /// That fault, at the entry of that number of this chain.
    pub fn broken(&self, number: u64, fault: Fault) -> Broken {
        Broken { chain: self.mark().chain.clone(), number, fault }
    }

    /// The next entry.
    ///
    /// # Errors
    /// Where and why the chain is broken.
    pub fn step(&mut self, entry: &Entry) -> Result<(), Broken> {
        let (before, number) = (self.mark(), self.mark().number + 1);
        if entry.number != number || entry.partner != self.0.partner || entry.chain != before.chain {
            return Err(self.broken(number, Fault::Missing));
        }
        if entry.computed_hash().ok().as_ref() != Some(&entry.hash) {
            return Err(self.broken(number, Fault::Altered));
        }
        let is_of_its_day =
            entry.chain.as_ref().is_none_or(|chain| chain.day() == ChainId::day_of(entry.event.at));
        let is_later = before.at.is_none_or(|at| entry.event.at >= at);
        if entry.previous != before.hash || entry.previous_at != before.at || !is_of_its_day || !is_later {
            return Err(self.broken(number, Fault::Unlinked));
        }
        self.0.mark = entry.mark();
        Ok(())
    }

    /// The end: whether it is the one that the head names.
    ///
    /// # Errors
    /// Where and why the chain is broken.
    pub fn end(&self, head: &Mark) -> Result<(), Broken> {
        let mark = self.mark();
        if mark.number < head.number {
            return Err(self.broken(mark.number + 1, Fault::Missing));
        }
        if mark.number > head.number {
            return Err(self.broken(head.number + 1, Fault::Head));
        }
        if mark.hash != head.hash {
            return Err(self.broken(mark.number.max(1), Fault::Head));
        }
        Ok(())
    }
}
