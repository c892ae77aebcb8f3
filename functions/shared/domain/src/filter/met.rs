//! What the terms of a filter met in the objects that were judged. Why: a slip in a name, a text in place of a number, or a
//! comparison of a collection means nobody, and looks like an answer.

use std::fmt;
use std::str::FromStr;

/// One bit for each term of a filter, of which there are at most 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// It was asked of an object of which it is known.
    asked: u128,
    /// What its path names was there, if only as `null`.
    there: u128,
    /// It was `null`, or of a type that the term can be about.
    comparable: u128,
    /// It was a collection, or in one, and the term is no `any`.
    collection: u128,
}

/// Why a term met nothing in any object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// No object has what its path names.
    Absent,
    /// What is there is of a type that the term cannot be about.
    OtherType,
    /// What is there is no collection, and the term is an `any`.
    NoCollection,
    /// An object has a collection there, or on the way, and the term is no `any`: it is not known of this object.
    Collection,
}

impl Met {
    pub(super) fn asks(&mut self, term: usize) {
        self.asked |= 1 << term;
    }

    pub(super) fn finds(&mut self, term: usize, is_comparable: bool) {
        self.there |= 1 << term;
        self.comparable |= u128::from(is_comparable) << term;
    }

    pub(super) fn finds_collection(&mut self, term: usize) {
        self.collection |= 1 << term;
    }

    /// Whether each of so many terms met something that it can be about, or a collection.
    pub(super) fn is_all(self, terms: usize) -> bool {
        (self.comparable | self.collection).count_ones() as usize == terms
    }

    /// Why the term met nothing; none where it did, or was not asked.
    pub(super) fn unmet(self, term: usize, is_any: bool) -> Option<Unmet> {
        let has = |bits: u128| bits >> term & 1 == 1;
        if has(self.collection) {
            Some(Unmet::Collection)
        } else if !has(self.asked) || has(self.comparable) {
            None
        } else if !has(self.there) {
            Some(Unmet::Absent)
        } else if is_any {
            Some(Unmet::NoCollection)
        } else {
            Some(Unmet::OtherType)
        }
    }
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{:x}-{:x}", self.asked, self.there, self.comparable, self.collection)
    }
}

/// That a text is not what was met, as [`Met`] writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMet;

impl FromStr for Met {
    type Err = NotMet;

    fn from_str(text: &str) -> Result<Self, NotMet> {
        let read = |bits: &str| u128::from_str_radix(bits, 16).map_err(|_| NotMet);
        let bits: Vec<u128> = text.split('-').map(read).collect::<Result<_, _>>()?;
        let [asked, there, comparable, collection] = bits[..] else { return Err(NotMet) };
        Ok(Self { asked, there, comparable, collection })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_is_read_as_it_was_written_and_nothing_else_is_read() {
        let mut met = Met::default();
        met.asks(99);
        met.finds(99, true);
        met.asks(3);
        met.finds_collection(0);
        assert_eq!(met.to_string().parse(), Ok(met));
        for wrong in
            ["", "1", "1-1-1", "1-1-1-1-1", "g-1-1-1", "-1-1-1", "1-1-1-100000000000000000000000000000000"]
        {
            assert_eq!(wrong.parse::<Met>(), Err(NotMet), "{wrong}");
        }
    }
}
