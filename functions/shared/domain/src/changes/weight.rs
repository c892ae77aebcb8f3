//! How much a change matters, and why: one table of closed reasons, each with its weight and its words.

use super::{Change, Class, What};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Reason {
    /// It is about an account that somebody marked as kept for emergencies, or about something that it holds or is in.
    BreakGlass,
    /// It is about a role that gives power over others' rights or secrets, or over the whole tenant.
    PrivilegedRole,
    /// It is about an account that has, or may activate, such a role.
    PrivilegedAccount,
    /// It is about who holds some other role.
    Role,
    /// It is about what a role that somebody made allows.
    RoleDefinition,
    /// It is about a group that can hold roles for its members.
    RoleAssignableGroup,
    /// It is about a unit whose members others may not manage.
    RestrictedUnit,
    /// It is about an account that has, or may activate, some other role.
    AccountWithRole,
    /// A role was activated, or its activation ended.
    Activation,
}

/// What a change weighs that nothing makes matter more.
const PLAIN: u8 = 10;
/// What follows from another change.
const FOLLOWS: u8 = 5;
/// What Microsoft edited of its own.
const OF_SERVICE: u8 = 3;
/// What was merely observed.
const SEEN: u8 = 1;

impl Reason {
    /// How much it makes a change matter, from 1 to 100.
    pub fn weight(self) -> u8 {
        match self {
            Self::BreakGlass | Self::PrivilegedRole => 100,
            Self::PrivilegedAccount => 90,
            Self::Role | Self::RoleDefinition | Self::RoleAssignableGroup => 80,
            Self::RestrictedUnit | Self::AccountWithRole => 70,
            Self::Activation => 30,
        }
    }

    /// The reason in words, for a person.
    pub fn words(self) -> &'static str {
        match self {
            Self::BreakGlass => "it concerns an account that is kept for emergencies",
            Self::PrivilegedRole => "it is about a role with power over others",
            Self::PrivilegedAccount => "the account has, or may activate, a role with power over others",
            Self::Role => "it is about who holds a role",
            Self::RoleDefinition => "it is about what a role allows",
            Self::RoleAssignableGroup => "the group can hold roles for its members",
            Self::RestrictedUnit => "others may not manage the members of the unit",
            Self::AccountWithRole => "the account has, or may activate, a role",
            Self::Activation => "a role was activated, or its activation ended",
        }
    }
}

impl Change {
    /// Sets class and weight from the parts of the change, what it is about, and these reasons.
    pub fn rate(&mut self, mut reasons: Vec<Reason>) {
        let links = self.links.iter().map(|link| link.class);
        if self.rating.class.is_change() && self.what == What::Modified {
            self.rating.class = super::class::class_of(&self.attributes, links);
        }
        if self.what.is_activation() {
            // Whoever is kept for emergencies and activates a role is in one, or is somebody else.
            reasons.retain(|reason| *reason == Reason::BreakGlass);
            reasons.push(Reason::Activation);
        }
        if self.rating.class == Class::Service {
            reasons.clear();
        }
        reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.weight()), *reason));
        reasons.dedup();
        let plain = match self.rating.class {
            Class::Change => PLAIN,
            Class::Derived => FOLLOWS,
            Class::Observed => SEEN,
            Class::Service => OF_SERVICE,
        };
        self.rating.weight = reasons.first().map_or(plain, |gravest| gravest.weight());
        self.rating.reasons = reasons;
    }

    /// All that a change may weigh, the greatest first.
    pub const WEIGHTS: [u8; 9] = [100, 90, 80, 70, 30, PLAIN, FOLLOWS, OF_SERVICE, SEEN];

    /// What the change weighs. Changes of older releases say only whether they are about who may do what.
    pub fn weight(&self) -> u8 {
        match (self.rating.weight, self.privileged) {
            (0, true) => Reason::Role.weight(),
            (0, false) => PLAIN,
            (weight, _) => weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_one_of_the_weights_and_words() {
        use Reason::{
            AccountWithRole, Activation, BreakGlass, PrivilegedAccount, PrivilegedRole, RestrictedUnit, Role,
            RoleAssignableGroup, RoleDefinition,
        };
        assert!(Change::WEIGHTS.is_sorted_by(|one, other| one > other));
        for reason in [
            BreakGlass,
            PrivilegedRole,
            PrivilegedAccount,
            Role,
            RoleDefinition,
            RoleAssignableGroup,
            RestrictedUnit,
            AccountWithRole,
            Activation,
        ] {
            assert!(Change::WEIGHTS.contains(&reason.weight()) && reason.weight() > PLAIN, "{reason:?}");
            assert!(reason.words().split(' ').count() > 3, "{reason:?}");
        }
    }
}
