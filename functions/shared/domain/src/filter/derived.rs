//! Collections that no object holds, and that a filter may ask about: what follows from links and grants to it.

use crate::kinds::{self, Kind, LinkType};
use crate::stored::{Manifest, MissingCause};

/// A collection that follows from what leads to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// `memberOf`: the groups that it is a member of itself, each with `id` and `displayName`.
    MemberOf,
    /// `transitiveMemberOf`: these and the groups that they are in, however deep; not itself, where they form a ring.
    TransitiveMemberOf,
    /// `rolesHeld`: the roles that it holds, itself or as a member of a group, and those that it may activate. Each with `id` and
    /// `displayName` of the role, `directoryScopeId`, `isEligible`, and `through`, the id of the group, `null` where it is none.
    RolesHeld,
}

impl Derived {
    /// All, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::MemberOf, Self::TransitiveMemberOf, Self::RolesHeld];

    /// What a filter calls it: for the first two Graph's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::MemberOf => "memberOf",
            Self::TransitiveMemberOf => "transitiveMemberOf",
            Self::RolesHeld => "rolesHeld",
        }
    }

    /// The one of that name, where objects of the kind have it: people and groups, which may be members and hold roles.
    pub fn find(kind: &Kind, name: &str) -> Option<Self> {
        let may_be_member = || memberships().any(|link| link.to.contains(&kind.name));
        Self::ALL.into_iter().find(|derived| derived.name() == name).filter(|_| may_be_member())
    }

    /// What its items have: nothing else can be asked of them.
    pub fn item_names(self) -> &'static [&'static str] {
        match self {
            Self::MemberOf | Self::TransitiveMemberOf => &["id", "displayName"],
            Self::RolesHeld => &["id", "displayName", "directoryScopeId", "isEligible", "through"],
        }
    }

    /// The kinds whose objects say what its items are called.
    pub fn named_by(self) -> impl Iterator<Item = &'static Kind> {
        let is_group = move |kind: &Kind| memberships().any(|link| link.from == kind.name);
        let is_role = |kind: &Kind| {
            let references = kinds::KINDS.iter().filter_map(|of| of.reference(of.grant()?.role));
            references.flat_map(|reference| reference.kinds).any(|name| *name == kind.name)
        };
        let names = move |kind: &Kind| if self == Self::RolesHeld { is_role(kind) } else { is_group(kind) };
        kinds::KINDS.iter().copied().filter(move |kind| names(kind))
    }

    /// The kinds of which links or objects make it what it is.
    pub fn sources(self) -> impl Iterator<Item = &'static Kind> {
        let gives = move |kind: &Kind| {
            memberships().any(|link| link.from == kind.name)
                || (self == Self::RolesHeld && kind.grant().is_some())
        };
        kinds::KINDS.iter().copied().filter(move |kind| gives(kind))
    }

    /// Whether a snapshot holds all that it follows from, but for members that hide.
    pub fn is_held(self, manifest: &Manifest) -> bool {
        let holds = |run: &str| manifest.runs.contains_key(run);
        let are_members_held = memberships().all(|link| holds(&format!("{}.reverse", link.name)));
        let are_grants_held = || {
            kinds::KINDS.iter().filter(|kind| kind.grant().is_some()).all(|kind| {
                let of_kind = manifest.said_of(kind.run());
                holds(kind.run()) || of_kind.is_some_and(|m| m.cause == MissingCause::Unlicensed)
            })
        };
        are_members_held && (self != Self::RolesHeld || are_grants_held())
    }
}

/// The types of links by which whoever they lead to is a member, and holds what the group holds.
pub fn memberships() -> impl Iterator<Item = &'static LinkType> {
    kinds::links().filter(|link| link.passes_roles)
}
