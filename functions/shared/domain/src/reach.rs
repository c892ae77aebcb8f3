//! How far somebody may act: a role, the organisations that it is limited to, and the features that it is limited to.
//!
//! Whatever is made in somebody's name (an API token, a session of a portal) acts no further than its maker may act
//! now: [`Reach::within`] says what is left of it. One rule for making, for using and for taking back.

use crate::OrganisationId;
use crate::rights::{Action, Condition, Feature, Role, Verdict, can_be_limited, may, may_give};

/// How far a person, a token or a session may act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The role, which says what may be done.
    pub role: Role,
    /// Only these organisations; none means all of the partner's.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Only these of the features that an organisation has switched on; none means every one. Of use to end customers
    /// alone: the other roles need no feature.
    pub features: Option<Vec<Feature>>,
}

impl Reach {
    /// A role without any limits.
    pub fn of(role: Role) -> Self {
        Self { role, organisations: None, features: None }
    }

    /// What of it `maker` could give now; none when nothing is left. The role stays whole or goes: a role that the maker
    /// may not give is not replaced by a lesser one, which nobody asked for.
    #[must_use]
    pub fn within(&self, maker: &Self) -> Option<Self> {
        let organisations = match (&maker.organisations, &self.organisations) {
            (None, own) => own.clone(),
            (Some(limit), None) => can_be_limited(self.role).then(|| Some(limit.clone()))?,
            (Some(limit), Some(own)) => {
                let left: Vec<_> = own.iter().filter(|id| limit.contains(id)).cloned().collect();
                if left.is_empty() && !own.is_empty() {
                    return None;
                }
                Some(left)
            }
        };
        // Why the second: whoever is limited to an organisation may make its own token, which is an end customer's.
        let makes_own = maker.organisations.is_some()
            && self.role == Role::EndCustomer
            && may(maker.role, Action::ManageTokens) == Verdict::If(Condition::OwnOrganisation);
        if !may_give(maker.role, self.role) && !makes_own {
            return None;
        }
        Some(Self { role: self.role, organisations, features: self.features_within(maker) })
    }

    fn features_within(&self, maker: &Self) -> Option<Vec<Feature>> {
        let given = features_to_give(maker.role);
        let fits = |feature: &Feature| {
            given.contains(feature) && maker.features.as_ref().is_none_or(|limit| limit.contains(feature))
        };
        // Why only there: no other role needs a feature, and a limit that says nothing would hide one that does.
        if self.role != Role::EndCustomer || Feature::ALL.iter().all(fits) {
            return self.features.clone();
        }
        let own = self.features.clone().unwrap_or_else(|| Feature::ALL.to_vec());
        Some(own.into_iter().filter(fits).collect())
    }
}

/// The features that a role may give to end users: those whose right it has without a condition.
pub fn features_to_give(role: Role) -> Vec<Feature> {
    let has = |feature: &Feature| may(role, feature.right()) == Verdict::Yes;
    Feature::ALL.into_iter().filter(has).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org(letter: &str) -> OrganisationId {
        OrganisationId::from_ulid(&format!("01J{}", letter.repeat(23)))
    }
    fn limited(role: Role, organisations: &[OrganisationId]) -> Reach {
        Reach { organisations: Some(organisations.to_vec()), ..Reach::of(role) }
    }

    #[test]
    fn nothing_is_left_of_a_role_that_the_maker_may_not_give() {
        for maker in Role::ALL {
            for made in Role::ALL {
                let left = Reach::of(made).within(&Reach::of(maker));
                assert_eq!(left.is_some(), may_give(maker, made), "{maker:?} {made:?}");
            }
        }
    }

    #[test]
    fn organisations_that_the_maker_no_longer_sees_are_taken_out() {
        let (a, b, c) = (org("a"), org("b"), org("c"));
        let maker = limited(Role::Admin, &[a.clone(), b.clone()]);
        assert_eq!(
            Reach::of(Role::Admin).within(&maker),
            Some(limited(Role::Admin, &[a.clone(), b.clone()]))
        );
        let wide = limited(Role::Admin, &[b.clone(), c.clone()]);
        assert_eq!(wide.within(&maker), Some(limited(Role::Admin, &[b])));
        assert_eq!(limited(Role::Admin, &[c]).within(&maker), None);
        assert_eq!(Reach::of(Role::Finance).within(&limited(Role::Finance, &[a])), None, "it has no limits");
    }

    #[test]
    fn an_organisations_own_token_has_the_features_that_its_maker_may_give() {
        let a = org("a");
        let own = limited(Role::EndCustomer, std::slice::from_ref(&a));
        assert_eq!(own.within(&Reach::of(Role::Owner)), Some(own.clone()));
        let admin = limited(Role::Admin, std::slice::from_ref(&a));
        let left = own.within(&admin).and_then(|left| left.features);
        assert_eq!(left, Some(vec![Feature::Search, Feature::Compare, Feature::Restore]));
        assert_eq!(
            own.within(&Reach::of(Role::Admin)),
            None,
            "only for an organisation that it is limited to"
        );
        assert_eq!(own.within(&limited(Role::Support, &[a])), None);
    }
}
