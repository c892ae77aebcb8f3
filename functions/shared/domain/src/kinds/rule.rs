//! Links that follow from a rule: what of an object says so.

use super::PropertyValue;

/// When the links of an object follow from a rule of it.
/// Source: learn.microsoft.com/entra/identity/users/groups-dynamic-membership.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What the objects have of which they do.
    pub mark: PropertyValue,
    /// The property that holds the rule.
    pub property: &'static str,
    /// Says whether the rule is followed now or paused.
    pub state: &'static str,
    /// Whether Graph deletes the links of an object that gets the mark.
    pub empties: bool,
    /// What the property of the mark says, where it is a text, of objects whose links are made by hand. Graph shows
    /// nothing for it where nobody ever said it.
    /// Source: learn.microsoft.com/graph/api/resources/administrativeunit, membershipType.
    pub by_hand: Option<&'static str>,
}

impl Rule {
    /// Whether the property says how links come about: by hand, or by which rule.
    pub fn is_about(&self, property: &str) -> bool {
        property == self.mark.property || property == self.property
    }
}
