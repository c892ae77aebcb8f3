//! Which of the parts of a refused write are refused: asked by halving, since Graph takes all parts of one write or
//! none.
//!
//! Pure: it says which parts to send next ([`Narrowing::next`]) and is told how that ended ([`Narrowing::took`],
//! [`Narrowing::refused`]). Where one of n parts is bad, the others are in after ⌈log2 n⌉ + 1 writes; where several
//! are, after more, and never more than some n + 3 log2 n. A part counts as refused only when it was refused alone, or
//! when it was refused with others that were taken without it.

use domain::Error;

/// How often a culprit is looked for by halving before the parts that are left are sent one by one.
const HUNTS: u32 = 3;

/// The search for the parts that are refused.
pub(super) struct Narrowing {
    hunt: Option<Hunt>,
    /// Parts that are still to be sent one by one.
    singly: Vec<usize>,
    hunts: u32,
    asked: Option<Asked>,
    taken: Vec<usize>,
    refused: Vec<(usize, Error)>,
}

/// The search for one part.
struct Hunt {
    /// At least one of these is refused.
    suspects: Vec<usize>,
    /// Whether they were refused without any others.
    is_proven: bool,
    /// These are sent with the next write that may be taken: they went with parts that were refused.
    put_off: Vec<usize>,
    /// The last refusal of the suspects.
    error: Error,
}

/// What was said to be sent next.
enum Asked {
    /// The first of these suspects, which are halved, with all that was put off.
    Half(Vec<usize>, Vec<usize>),
    /// What was put off: a single suspect is left.
    Rest,
    /// The suspect that halving has left, by itself.
    Alone,
    /// One part of those that are sent one by one.
    Single(usize),
}

impl Narrowing {
    /// Of so many parts, which were refused when they were sent together.
    pub fn of(count: usize, error: Error) -> Self {
        let hunt = Hunt { suspects: (0..count).collect(), is_proven: true, put_off: Vec::new(), error };
        Self {
            hunt: Some(hunt),
            singly: Vec::new(),
            hunts: 1,
            asked: None,
            taken: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// The parts to send next, by their numbers; none when each part is taken or refused.
    pub fn next(&mut self) -> Option<Vec<usize>> {
        while let Some(hunt) = self.hunt.take() {
            let mut send = hunt.put_off.clone();
            if hunt.suspects.len() > 1 {
                let (first, second) = hunt.suspects.split_at(hunt.suspects.len() / 2);
                send.extend(first);
                self.asked = Some(Asked::Half(first.to_vec(), second.to_vec()));
            } else if !send.is_empty() {
                self.asked = Some(Asked::Rest);
            } else if hunt.is_proven {
                self.refused.extend(hunt.suspects.first().map(|part| (*part, hunt.error)));
                continue;
            } else {
                send.clone_from(&hunt.suspects);
                self.asked = Some(Asked::Alone);
            }
            self.hunt = Some(hunt);
            send.sort_unstable();
            return Some(send);
        }
        let part = self.singly.pop()?;
        self.asked = Some(Asked::Single(part));
        Some(vec![part])
    }

    /// Graph took what was to be sent.
    pub fn took(&mut self) {
        let asked = self.asked.take();
        if let Some(Asked::Single(part)) = asked {
            return self.taken.push(part);
        }
        let Some(hunt) = self.hunt.take() else { return };
        self.taken.extend(&hunt.put_off);
        match asked {
            Some(Asked::Half(first, second)) => {
                self.taken.extend(first);
                let (is_proven, put_off) = (false, Vec::new());
                self.hunt = Some(Hunt { suspects: second, is_proven, put_off, error: hunt.error });
            }
            // The others are in, and were refused with it: it is the one.
            Some(Asked::Rest) => self.refused.extend(hunt.suspects.first().map(|part| (*part, hunt.error))),
            _ => self.taken.extend(hunt.suspects),
        }
    }

    /// Graph refused what was to be sent.
    pub fn refused(&mut self, error: Error) {
        let asked = self.asked.take();
        if let Some(Asked::Single(part)) = asked {
            return self.refused.push((part, error));
        }
        let Some(mut hunt) = self.hunt.take() else { return };
        match asked {
            Some(Asked::Half(first, second)) => {
                let is_proven = hunt.put_off.is_empty();
                hunt.put_off.extend(second);
                self.hunt = Some(Hunt { suspects: first, is_proven, put_off: hunt.put_off, error });
            }
            // Another part is refused too.
            Some(Asked::Rest) => {
                if hunt.is_proven {
                    self.refused.extend(hunt.suspects.first().map(|part| (*part, hunt.error)));
                } else {
                    self.singly.extend(hunt.suspects);
                }
                // Why not for ever by halves: where most parts are bad, each alone is the shorter way.
                if self.hunts < HUNTS && !self.taken.is_empty() {
                    self.hunts += 1;
                    let (suspects, put_off) = (hunt.put_off, Vec::new());
                    self.hunt = Some(Hunt { suspects, is_proven: true, put_off, error });
                } else if let [part] = hunt.put_off[..] {
                    self.refused.push((part, error));
                } else {
                    self.singly.extend(hunt.put_off);
                }
            }
            _ => self.refused.extend(hunt.suspects.first().map(|part| (*part, error))),
        }
    }

    /// The parts that Graph took so far.
    pub fn taken(&self) -> &[usize] {
        &self.taken
    }

    /// The parts that Graph refused, each with its refusal.
    pub fn into_refused(self) -> Vec<(usize, Error)> {
        self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Narrows a parcel in which these parts are bad: which were taken, which refused, and after how many writes.
    fn narrowed(count: usize, bad: &BTreeSet<usize>) -> (BTreeSet<usize>, BTreeSet<usize>, u32) {
        let mut narrowing = Narrowing::of(count, Error::invalid("all"));
        let mut writes = 0;
        while let Some(parts) = narrowing.next() {
            assert!(!parts.is_empty());
            writes += 1;
            if parts.iter().any(|part| bad.contains(part)) {
                narrowing.refused(Error::invalid("some"));
            } else {
                narrowing.took();
            }
        }
        let taken: Vec<usize> = narrowing.taken().to_vec();
        let refused: Vec<usize> = narrowing.into_refused().into_iter().map(|(part, _)| part).collect();
        let (all_taken, all_refused) = (taken.iter().copied().collect(), refused.iter().copied().collect());
        assert_eq!(taken.len() + refused.len(), count, "each part has one end: {taken:?} {refused:?}");
        (all_taken, all_refused, writes)
    }

    #[test]
    fn one_bad_part_costs_the_logarithm_and_one_write_more() {
        for count in 1..=33_usize {
            let most = count.next_power_of_two().trailing_zeros() + 1;
            for bad in 0..count {
                let (taken, refused, writes) = narrowed(count, &BTreeSet::from([bad]));
                assert_eq!((taken.len(), refused), (count - 1, BTreeSet::from([bad])), "{bad} of {count}");
                assert!(writes <= most, "{bad} of {count}: {writes} writes");
            }
        }
    }

    #[test]
    fn where_all_are_bad_each_is_refused_after_few_more_writes_than_there_are_parts() {
        let (taken, refused, writes) = narrowed(20, &(0..20).collect());
        assert_eq!((taken.len(), refused.len()), (0, 20));
        assert!(writes <= 26, "{writes}");
    }

    #[test]
    fn a_refusal_of_all_together_that_concerns_none_alone_takes_all() {
        // As of properties of which one wants a write of its own.
        let mut narrowing = Narrowing::of(2, Error::invalid("together"));
        while narrowing.next().is_some() {
            narrowing.took();
        }
        assert_eq!((narrowing.taken().len(), narrowing.into_refused().len()), (2, 0));
    }

    proptest! {
        #[test]
        fn whatever_is_bad_is_refused_and_the_others_are_taken(
            count in 1_usize..24, bad in proptest::collection::btree_set(0_usize..24, 1..24)
        ) {
            let bad: BTreeSet<usize> = bad.into_iter().filter(|part| *part < count).collect();
            prop_assume!(!bad.is_empty());
            let (taken, refused, writes) = narrowed(count, &bad);
            prop_assert_eq!(&refused, &bad);
            prop_assert!(taken.is_disjoint(&bad));
            prop_assert!(writes <= u32::try_from(count).unwrap() + 20, "{} of {}: {}", bad.len(), count, writes);
        }
    }
}
