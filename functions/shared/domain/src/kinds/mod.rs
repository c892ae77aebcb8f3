//! The kinds: one row for each Entra resource type that Holdfast protects, one interpreter for all rows.
//!
//! A row says where Graph has the objects, how to read them, which links they have, what can be written
//! and what a comparison leaves out. Supporting another type is adding a row in `rows.rs` (CONTRIBUTING.md,
//! "A kind"). Facts come from Microsoft's documentation; each row names its page.

mod form;
mod guarded;
mod interpret;
mod logged;
mod name;
mod outside;
mod rights;
mod rows;
mod rule;
mod shape;
mod telling;
mod writing;

pub use interpret::{
    Asked, Interpreted, LinkEnd, LinkRecord, ObjectText, Removal, assignment_key, id_of, interpret,
};
pub use logged::{Logged, OtherLog, Subject};
pub use name::{KindName, NamedKind};
pub use outside::{Named, OUTSIDE, Outside, named_in};
pub use rights::{Grant, RoleRelation, Term, assignments};
pub use rows::KINDS;
pub use rule::Rule;
pub use shape::{
    ApiVersion, EXTENSION_PREFIX, FullReading, Gives, Guarded, Identity, Kind, Licence, LinkType, LinkWrite,
    Order, Read, Reference, Source, Unread,
};
pub use telling::{Derived, Observed, Referring, Telling};
pub use writing::{
    AccessPasses, Action, Empty, Form, Limit, Otherwise, Phase, Place, PropertyValue, Required, Settled,
    Shown, Update, Way, Writing,
};

use crate::{Error, Result};

/// The row of that name, when there is one.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|k| k.run() == name)
}

/// The row whose objects Graph gives this `@odata.type`, where they are among objects of other kinds.
pub fn of_type(odata_type: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|k| k.odata_type == Some(odata_type))
}

/// The row of that name.
///
/// # Errors
/// `Invalid`, naming every kind that there is, when there is none: nothing pretends to protect it.
pub fn get(name: &str) -> Result<&'static Kind> {
    find(name).ok_or_else(|| {
        let known: Vec<_> = KINDS.iter().map(|k| k.run()).collect();
        Error::invalid_field("kind", format!("{name:?} is not supported; supported are {}", known.join(", ")))
    })
}

/// The link type of that run name, such as `groups.members`.
///
/// # Errors
/// `Invalid` when there is none.
pub fn link(name: &str) -> Result<&'static LinkType> {
    KINDS
        .iter()
        .flat_map(|k| k.links)
        .find(|l| l.name == name)
        .ok_or_else(|| Error::invalid_field("link", format!("{name:?} is not a link type")))
}

/// Whether links of the type of that run name pass the roles of an object on to whoever they lead to.
pub fn passes_roles(name: &str) -> bool {
    link(name).is_ok_and(|link| link.passes_roles)
}

/// Every link type, in the order of the kinds.
pub fn links() -> impl Iterator<Item = &'static LinkType> {
    KINDS.iter().flat_map(|k| k.links)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_device_policy_kind_is_refused_by_name_with_the_list_of_those_that_are() {
        let error = get("WindowsAutopilotProfiles").unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
        for known in
            ["DeviceCompliancePolicies", "CompliancePolicies", "ConfigurationPolicies", "DeviceConfiguration"]
        {
            assert!(error.to_string().contains(known), "{error}");
        }
    }

    #[test]
    fn every_name_is_unique_and_every_link_leads_from_its_kind() {
        let mut names: Vec<_> = KINDS.iter().map(|k| k.run()).chain(links().map(|l| l.name)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for kind in KINDS {
            for link in kind.links {
                assert_eq!(link.name.split('.').next(), Some(kind.run()));
                assert_eq!(link.from, kind.name);
            }
        }
    }

    #[test]
    fn the_relations_of_an_expansion_are_named_without_what_is_asked_of_them() {
        let of = |kind: &str| get(kind).unwrap().reading[0].expands().collect::<Vec<_>>();
        assert_eq!(of("DeviceConfiguration"), ["assignments"]);
        assert_eq!(of("DeviceCompliancePolicies"), ["assignments", "scheduledActionsForRule"]);
        assert_eq!(of("admins"), [""; 0]);
    }

    #[test]
    fn what_is_compared_can_be_read_and_what_is_alone_can_be_written() {
        for kind in KINDS {
            let main = &kind.reading[0];
            assert_eq!(main.gives, Gives::Objects, "{}", kind.name);
            for alone in kind.writing.alone {
                assert!(!kind.read_only.contains(alone), "{}: {alone}", kind.name);
            }
            if !main.select.is_empty() {
                assert!(main.select.contains(&"id"));
                for property in kind.read_only.iter().chain(kind.create_only) {
                    assert!(main.select.contains(property), "{}: {property} is not read", kind.name);
                }
            }
        }
    }
}
