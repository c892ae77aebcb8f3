//! What a row says of how differences of its objects are told: which follow from others, which are only observed, which are
//! Microsoft's own, and which values are references. What is compared at all is in `shape`.

use super::{Kind, KindName, RoleRelation};
use std::collections::BTreeSet;

/// How a comparison tells differences of a kind's objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Properties that change by themselves and are shown all the same, without being counted as differences.
    pub observed: &'static [Observed],
    /// Properties that Microsoft sets when others are written.
    pub derived: &'static [Derived],
    /// The property that is `true` of objects which Microsoft alone edits.
    pub by_service: Option<&'static str>,
    /// Properties, at whatever depth, whose values are ids of other objects: the names stand beside them.
    pub names: &'static [Referring],
}

/// A property that is shown and never counted as a difference. It is one of the kind's volatile properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The top-level property that is observed.
    pub property: &'static str,
    /// What in its items says nothing, such as the time at which the service looked.
    pub without: &'static [&'static str],
    /// The property that tells the same where it differs at the same item: then this one is silent.
    pub follows: Option<&'static str>,
    /// Whether people are told of it where the object holds a role: it may be the first trace of a takeover.
    pub tells: bool,
}

/// A property that differs since another one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The top-level property that follows.
    pub property: &'static str,
    /// Those of which any one makes it follow.
    pub from: &'static [&'static str],
}

/// A property within others whose value is the id of another object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Referring {
    /// The name of the innermost property.
    pub property: &'static str,
    /// The kinds that it may lead to.
    pub kinds: &'static [KindName],
}

impl Telling {
    /// Every difference is one, and says nothing of others.
    pub const PLAIN: Self = Self { observed: &[], derived: &[], by_service: None, names: &[] };
}

impl Kind {
    /// The properties by which whatever changes of an object is told, whether or not they differ themselves: what it is called, of
    /// which type it is, who edits it, whether it can hold a role, what it refers to, and by what it is seen that something of it is
    /// not known.
    pub fn told_by(&self) -> BTreeSet<&'static str> {
        let called = Some(self.name_property).filter(|name| !name.is_empty());
        let can_hold = match self.rights {
            RoleRelation::Group { can_hold, .. } => Some(can_hold),
            _ => None,
        };
        let seen_by = self.guarded.iter().filter_map(|guarded| Some(guarded.only_where?.0));
        let referring = self.references.iter().map(|reference| reference.property);
        let single = called.into_iter().chain(self.telling.by_service).chain(can_hold).chain(["@odata.type"]);
        single.chain(seen_by).chain(referring).collect()
    }

    /// The row of a property that is only observed.
    pub fn observes(&self, property: &str) -> Option<&'static Observed> {
        self.telling.observed.iter().find(|observed| observed.property == property)
    }

    /// Whether a property follows from one of those that differ.
    pub fn is_derived<'a>(&self, property: &str, mut differ: impl Iterator<Item = &'a str>) -> bool {
        let derived = self.telling.derived.iter().find(|derived| derived.property == property);
        derived.is_some_and(|derived| differ.any(|other| derived.from.contains(&other)))
    }

    /// The kinds that a value of the innermost property of that name leads to.
    pub fn led_to(&self, innermost: &str) -> Option<&'static [KindName]> {
        self.telling.names.iter().find(|name| name.property == innermost).map(|name| name.kinds)
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::KINDS;

    #[test]
    fn what_is_observed_changes_by_itself_and_what_is_derived_is_compared() {
        for kind in KINDS {
            for observed in kind.telling.observed {
                assert!(kind.volatile.contains(&observed.property), "{}: {}", kind.name, observed.property);
                assert!(observed.follows.is_none_or(|other| kind.compares(other)), "{}", observed.property);
            }
            for derived in kind.telling.derived {
                assert!(kind.compares(derived.property), "{}: {}", kind.name, derived.property);
                assert!(derived.from.iter().all(|from| kind.compares(from) && *from != derived.property));
            }
        }
    }
}
