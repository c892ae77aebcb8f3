//! Pages that follow one another, by links that only Graph understands: whether they still lead anywhere.
//!
//! Links in a ring, and links that are ever new and give the same again, were both met in the field. A [`Trail`]
//! is a few hundred bytes, goes into the row of a reading, and so holds across calls of a function. Not here: what
//! is done when it ends (`reading::chains`).

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A chain of up to this many pages is doubted only when links repeat: the list of a million users has as many pages.
const DOUBTED_PAGES: u64 = 1_000;
/// How often each different entry may come, on average: some of a round do come again, but where all come more often, the
/// pages give nothing new.
const TIMES_EACH: u64 = 4;
/// How many more entries may come again, so that a few that Graph replays are no reason yet.
const REPLAYED: u64 = 2_000;
/// Pages that give nothing, one after the other: more than a delta of two million objects has, of 200 a page, in
/// which none of what changed was asked for.
const EMPTY_PAGES: u64 = 10_000;
/// The same three of a list that belongs to one object, as the members of a group: its pages are full.
const OF_A_LIST: Bounds = Bounds { doubted: 50, replayed: 200, empty: 50 };
const OF_A_CHAIN: Bounds = Bounds { doubted: DOUBTED_PAGES, replayed: REPLAYED, empty: EMPTY_PAGES };

/// How much of what leads nowhere is put up with.
struct Bounds {
    doubted: u64,
    replayed: u64,
    empty: u64,
}

/// How many of the smallest hashes are kept. From them the number of different entries is estimated, give or take an
/// eighth.
const KEPT: usize = 64;

/// In which way pages lead nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Astray {
    /// A link leads to a page that was read before.
    Ring,
    /// Page after page gives what was given before.
    NothingNew,
    /// Page after page gives nothing.
    Empty,
}

/// What is remembered of the pages of one chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Trail {
    /// Links that were followed.
    pages: u64,
    /// Pages without an entry, since the last with one.
    empty: u64,
    /// The hash of the link that was followed when `pages` was a power of two last.
    mark: u64,
    /// Entries on pages that are doubted.
    entries: u64,
    /// The smallest hashes of these entries, at most [`KEPT`].
    smallest: BTreeSet<u64>,
}

impl Trail {
    /// Takes note of a page that leads on: its link, and its entries, each as the parts that distinguish it from
    /// others.
    ///
    /// # Errors
    /// The way in which the pages lead nowhere. A ring of n pages is found within 3 n pages.
    pub fn follow<'a>(
        &mut self,
        link: &str,
        entries: impl Iterator<Item = [&'a str; 3]>,
    ) -> Result<(), Astray> {
        self.follow_within(&OF_A_CHAIN, link, entries)
    }

    /// The same of the pages of a list that belongs to one object: they are doubted sooner.
    ///
    /// # Errors
    /// The way in which the pages lead nowhere.
    pub fn follow_list<'a>(
        &mut self,
        link: &str,
        entries: impl Iterator<Item = [&'a str; 3]>,
    ) -> Result<(), Astray> {
        self.follow_within(&OF_A_LIST, link, entries)
    }

    fn follow_within<'a>(
        &mut self,
        bounds: &Bounds,
        link: &str,
        entries: impl Iterator<Item = [&'a str; 3]>,
    ) -> Result<(), Astray> {
        let link = hash(&[link]);
        // Brent: a ring meets the last mark once the distance between marks is as long as the ring.
        if self.pages > 0 && link == self.mark {
            return Err(Astray::Ring);
        }
        self.pages += 1;
        if self.pages.is_power_of_two() {
            self.mark = link;
        }
        let mut entries = entries.peekable();
        self.empty = if entries.peek().is_some() { 0 } else { self.empty + 1 };
        if self.empty > bounds.empty {
            return Err(Astray::Empty);
        }
        if self.pages <= bounds.doubted {
            return Ok(());
        }
        for entry in entries {
            self.entries += 1;
            self.smallest.insert(hash(&entry));
            if self.smallest.len() > KEPT {
                self.smallest.pop_last();
            }
        }
        if self.entries > TIMES_EACH.saturating_mul(self.different()).saturating_add(bounds.replayed) {
            return Err(Astray::NothingNew);
        }
        Ok(())
    }

    /// About how many entries on doubted pages are different from each other.
    fn different(&self) -> u64 {
        match self.smallest.last() {
            Some(largest) if self.smallest.len() == KEPT => {
                let kept = u128::from(u64::try_from(KEPT - 1).unwrap_or(u64::MAX));
                let share = u128::from(u64::MAX) / u128::from(*largest).max(1);
                u64::try_from(kept * share).unwrap_or(u64::MAX)
            }
            _ => u64::try_from(self.smallest.len()).unwrap_or(u64::MAX),
        }
    }
}

fn hash(parts: &[&str]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let mut bytes = [0; 8];
    hasher.finalize_xof().fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows pages until they lead nowhere, a hundred thousand at the most; how many, and how it ended.
    fn walk(page: impl Fn(u64) -> (String, Vec<String>)) -> (u64, Option<Astray>) {
        let mut trail = Trail::default();
        for number in 0..100_000 {
            let (link, entries) = page(number);
            // Whatever is remembered goes through a row.
            if number % 97 == 0 {
                trail = serde_json::from_str(&serde_json::to_string(&trail).unwrap()).unwrap();
            }
            if let Err(astray) = trail.follow(&link, entries.iter().map(|e| ["members", "g", e.as_str()])) {
                return (number, Some(astray));
            }
        }
        (100_000, None)
    }

    #[test]
    fn links_in_a_ring_of_any_length_are_found_within_three_times_round() {
        for length in [1, 2, 3, 7, 100, 1_025] {
            let (pages, astray) = walk(|n| ((n % length).to_string(), vec![n.to_string()]));
            assert_eq!(astray, Some(Astray::Ring), "{length}");
            assert!(pages <= 3 * length, "{length} links: {pages} pages");
            let (pages, astray) =
                walk(|n| (if n < 50 { n + 10_000 } else { n % length }.to_string(), vec![]));
            assert_eq!(astray, Some(Astray::Ring), "{length} after a tail");
            assert!(pages <= 3 * length + 200, "{length} links: {pages} pages");
        }
    }

    #[test]
    fn links_that_are_ever_new_and_give_the_same_again_are_found() {
        for each in [1, 40, 500] {
            let entries = |n: u64| (0..each).map(|e| ((n * each + e) % 300).to_string()).collect();
            let (pages, astray) = walk(|n| (n.to_string(), entries(n)));
            assert_eq!(astray, Some(Astray::NothingNew), "{each} a page");
            assert!(pages < 6_000, "{each} a page: {pages} pages");
        }
        assert_eq!(walk(|n| (n.to_string(), vec![])), (EMPTY_PAGES, Some(Astray::Empty)));
    }

    #[test]
    fn a_long_chain_with_empty_pages_and_replays_is_followed_to_its_end() {
        // Nine pages of ten are empty; of the others each gives the entries of the one before again, and new ones.
        let entries = |n: u64| match n % 10 {
            0 => (0..40).map(|e| (n * 2 + e).to_string()).collect(),
            _ => vec![],
        };
        assert_eq!(walk(|n| (n.to_string(), entries(n))), (100_000, None));
    }
}
