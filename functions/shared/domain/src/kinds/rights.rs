//! What a row says of who may do what in the tenant: who the principals are, and which facts give them a role.
//!
//! Source: learn.microsoft.com/entra/identity/role-based-access-control/custom-overview.

use super::{KINDS, Kind, KindName, LinkType, Reference};
use serde_json::{Map, Value};

/// What objects of a kind have to do with the roles that are given in the tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoleRelation {
    /// Nothing: they neither hold roles nor give them.
    None,
    /// They are people, who hold roles and can use them while they can sign in.
    Person {
        /// The properties whose change can keep one of them from signing in.
        decided_by: &'static [&'static str],
    },
    /// They are groups: whoever is linked by a link that passes roles on ([`LinkType::passes_roles`]) holds what they
    /// hold.
    Group {
        /// The property that is `true` where one of them can hold a role.
        /// Source: learn.microsoft.com/entra/identity/role-based-access-control/groups-concept.
        can_hold: &'static str,
        /// The properties whose change can take all of its members from it.
        decided_by: &'static [&'static str],
    },
    /// They are the roles.
    Role,
    /// Each of them is the fact that a principal holds a role.
    Grant(Grant),
}

/// Where such a fact says who holds which role over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The property with the principal's id.
    pub principal: &'static str,
    /// The property with the role's id.
    pub role: &'static str,
    /// The property with what it is held over: `/` for the whole directory.
    pub scope: &'static str,
    /// For how long it is held.
    pub term: Term,
}

/// For how long a fact says that a role is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// As long as the fact is there. It may have been given for a time all the same: then the schedule of the same
    /// principal, role and scope says so.
    Assigned {
        /// The kind of these schedules.
        schedules: KindName,
    },
    /// Until the end that the fact itself has, if it has one.
    Scheduled,
    /// Not yet: it may be activated.
    Eligible,
}

impl Kind {
    /// Whether its objects are people, who sign in.
    pub fn is_person(&self) -> bool {
        matches!(self.rights, RoleRelation::Person { .. })
    }

    /// Whether its objects hold roles for their members.
    pub fn is_group(&self) -> bool {
        matches!(self.rights, RoleRelation::Group { .. })
    }

    /// Whether an object, as far as it says so, is a group that can hold a role.
    pub fn can_hold_role(&self, object: &Map<String, Value>) -> bool {
        match self.rights {
            RoleRelation::Group { can_hold, .. } => object.get(can_hold) == Some(&Value::Bool(true)),
            _ => false,
        }
    }

    /// Its links that pass the roles of an object on to whoever they lead to.
    pub fn role_links(&self) -> impl Iterator<Item = &'static LinkType> {
        self.links.iter().filter(|link| link.passes_roles)
    }

    /// The properties of a principal whose change can take rights from somebody; those travel apart from others when
    /// they have to be refused.
    pub fn decisive(&self) -> &'static [&'static str] {
        match self.rights {
            RoleRelation::Person { decided_by } | RoleRelation::Group { decided_by, .. } => decided_by,
            RoleRelation::None | RoleRelation::Role | RoleRelation::Grant(_) => &[],
        }
    }

    /// Where its objects say who holds which role; none where they are not such facts.
    pub fn grant(&self) -> Option<&Grant> {
        match &self.rights {
            RoleRelation::Grant(grant) => Some(grant),
            _ => None,
        }
    }

    /// The kind of the schedules that say until when its role assignments are held; none for every other kind.
    pub fn schedules(&self) -> Option<&'static Kind> {
        match self.grant()?.term {
            Term::Assigned { schedules } => KINDS.into_iter().find(|kind| kind.name == schedules),
            Term::Scheduled | Term::Eligible => None,
        }
    }

    /// Who holds the role that a fact is about, and what it is held over where that is not the whole directory, by their ids;
    /// nothing where its objects are no such facts.
    pub fn ends<'a>(&self, fact: &'a Map<String, Value>) -> Vec<(&'static Reference, &'a str)> {
        let Some(grant) = self.grant() else { return Vec::new() };
        let is_end = |r: &&Reference| [grant.principal, grant.scope].contains(&r.property);
        let id = |r: &'static Reference| Some((r, r.id_in(fact.get(r.property)?.as_str()?)?));
        self.references.iter().filter(is_end).filter_map(id).collect()
    }

    /// The reference that is in that property; the first, where it may be in several forms.
    pub fn reference(&self, property: &str) -> Option<&'static Reference> {
        self.references.iter().find(|reference| reference.property == property)
    }
}

impl Reference {
    /// The id in the property's text; none where that refers to nothing, or to something else.
    pub fn id_in<'a>(&self, text: &'a str) -> Option<&'a str> {
        text.strip_prefix(self.prefix).filter(|id| !id.is_empty() && !id.contains('/'))
    }
}

/// Each kind of role assignments with the kind of its schedules: one fact may be shown as both.
pub fn assignments() -> impl Iterator<Item = (&'static Kind, &'static Kind)> {
    KINDS.into_iter().filter_map(|kind| Some((kind, kind.schedules()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Identity;

    #[test]
    fn what_decides_on_rights_is_read() {
        for kind in KINDS {
            let group = match kind.rights {
                RoleRelation::Group { can_hold, .. } => Some(can_hold),
                _ => None,
            };
            for property in kind.decisive().iter().copied().chain(group) {
                assert!(kind.reading[0].select.contains(&property), "{}: {property} is not read", kind.name);
            }
            assert_eq!(kind.is_group(), kind.role_links().next().is_some(), "{}", kind.name);
        }
    }

    #[test]
    fn a_fact_that_gives_a_role_is_its_principal_role_and_scope_and_says_of_what_kind_they_are() {
        for kind in KINDS {
            let Some(grant) = kind.grant() else { continue };
            let Identity::Natural(parts) = kind.identity else { panic!("{} is a fact", kind.name) };
            for property in [grant.principal, grant.role, grant.scope] {
                assert!(parts.contains(&property), "{}: {property}", kind.name);
                assert!(kind.reference(property).is_some_and(|r| !r.kinds.is_empty()), "{property}");
            }
        }
    }

    #[test]
    fn the_schedules_of_an_assignment_are_a_kind_of_the_same_facts() {
        assert!(assignments().next().is_some());
        for (assignment, schedule) in assignments() {
            assert_eq!(assignment.identity, schedule.identity);
            assert_eq!(schedule.grant().map(|g| g.term), Some(Term::Scheduled));
        }
    }
}
