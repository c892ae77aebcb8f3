//! An ordered set of links that is paged by position: a removed entry leaves a hole.

use std::collections::HashMap;

/// The place of an object in its directory.
pub(crate) type Index = u32;
const HOLE: Index = Index::MAX;
const INDEXED_FROM: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Relation {
    Members,
    Owners,
    Manager,
    Sponsors,
}

impl Relation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Owners => "owners",
            Self::Manager => "manager",
            Self::Sponsors => "sponsors",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        [Self::Members, Self::Owners, Self::Manager, Self::Sponsors].into_iter().find(|r| r.name() == name)
    }
}

#[derive(Clone, Default)]
pub(crate) struct LinkSet {
    order: Vec<Index>,
    live: usize,
    #[allow(clippy::box_collection, reason = "most sets are small and have none")]
    places: Option<Box<HashMap<Index, u32>>>,
}

impl LinkSet {
    pub fn len(&self) -> usize {
        self.live
    }

    /// How many positions there are, holes included.
    pub fn positions(&self) -> usize {
        self.order.len()
    }

    pub fn at(&self, position: usize) -> Option<Index> {
        self.order.get(position).copied().filter(|index| *index != HOLE)
    }

    pub fn iter(&self) -> impl Iterator<Item = Index> + '_ {
        self.order.iter().copied().filter(|index| *index != HOLE)
    }

    fn place(&self, index: Index) -> Option<usize> {
        match &self.places {
            Some(places) => places.get(&index).map(|place| *place as usize),
            None => self.order.iter().position(|one| *one == index),
        }
    }

    pub fn contains(&self, index: Index) -> bool {
        self.place(index).is_some()
    }

    /// Adds a link. False when it was there already.
    pub fn add(&mut self, index: Index) -> bool {
        if self.contains(index) {
            return false;
        }
        self.order.push(index);
        self.live += 1;
        let place = |at: usize| u32::try_from(at).expect("fewer links than 2^32");
        if let Some(places) = &mut self.places {
            places.insert(index, place(self.order.len() - 1));
        } else if self.order.len() > INDEXED_FROM {
            let all =
                self.order.iter().enumerate().filter(|(_, i)| **i != HOLE).map(|(at, i)| (*i, place(at)));
            self.places = Some(Box::new(all.collect()));
        }
        true
    }

    /// Removes a link. False when it was not there.
    pub fn remove(&mut self, index: Index) -> bool {
        let Some(place) = self.place(index) else { return false };
        self.order[place] = HOLE;
        self.live -= 1;
        if let Some(places) = &mut self.places {
            places.remove(&index);
        }
        if self.live == 0 {
            *self = Self::default();
        }
        true
    }
}
