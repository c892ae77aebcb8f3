//! The life of an organisation: its states, what may be done in each, and what each means. One table.
//!
//! Source: the product's section on organisations. Who may do it is said by [`crate::rights`].

use crate::restore::{GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR};
use crate::rights::Action;
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Template ids of the roles whose holders can consent to Microsoft Graph's application permissions, and so may connect
/// the tenant in which they hold one, whole and in force.
/// Source: learn.microsoft.com/entra/identity/enterprise-apps/grant-admin-consent, prerequisites.
pub const MAY_CONSENT: [&str; 2] = [GLOBAL_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR];

/// What whoever administers a tenant does once the product is to have no more to do with it, for a person. The consent is the
/// tenant's own: nothing that is deleted here ends it.
/// Source: learn.microsoft.com/entra/identity/enterprise-apps/delete-application-portal.
pub const HOW_TO_WITHDRAW: &str = "Consent is withdrawn in the Microsoft Entra admin center: Entra ID, Enterprise apps, \
    the application, Properties, Delete; for the application that reads and for the one that restores. Until then \
    Microsoft goes on letting both in.";

/// The state of an organisation: what stops, and what goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrganisationState {
    /// Its people sign in, backups are taken, and its seats are paid for.
    Active,
    /// Nobody of it signs in; backups and billing go on.
    Suspended,
    /// Backups have stopped; its data is kept for a while.
    Unsubscribed,
    /// Its data is being deleted, at first after a hold.
    Deleting,
}

/// Which restores of an organisation wait for somebody else than whoever asked for them. What its end users ask for
/// always does.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalRule {
    /// None: whoever runs a restore has approved it.
    #[default]
    Off,
    /// Those that give or take rights over the tenant.
    Privileged,
    /// Every restore, whatever it is about.
    Always,
}

impl ApprovalRule {
    /// Whether a restore waits, by whether its plan gives or takes rights over the tenant.
    pub fn holds_up(self, is_privileged: bool) -> bool {
        match self {
            Self::Off => false,
            Self::Privileged => is_privileged,
            Self::Always => true,
        }
    }
}

/// What can be done to an organisation as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Nobody of it signs in any more.
    Suspend,
    /// Its people sign in again, and backups go on.
    Reactivate,
    /// Backups stop; the data is kept for [`KEPT_DAYS`].
    Unsubscribe,
    /// The data is deleted after a hold.
    Delete,
    /// The deletion does not happen.
    CancelDeletion,
}

/// What a state means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Whether its people sign in.
    pub signs_in: bool,
    /// Whether snapshots are taken.
    pub backed_up: bool,
    /// Whether its seats are paid for.
    pub billed: bool,
}

/// Days for which data is kept after it was unsubscribed.
pub const KEPT_DAYS: i64 = 45;
/// Days of a deletion's hold, unless it is said otherwise; and the most.
pub const HOLD_DAYS: (u8, u8) = (7, 30);

use Act::{CancelDeletion, Delete, Reactivate, Suspend, Unsubscribe};
use OrganisationState::{Active, Deleting, Suspended, Unsubscribed};

/// The states in which an act is possible, and where it leads; none: to where it was before.
#[rustfmt::skip]
const ACTS: [(Act, &[OrganisationState], Option<OrganisationState>, Action); 5] = [
    (Suspend,        &[Active],                          Some(Suspended),    Action::ManageOrganisation),
    (Reactivate,     &[Suspended, Unsubscribed],         Some(Active),       Action::ManageOrganisation),
    (Unsubscribe,    &[Active, Suspended],               Some(Unsubscribed), Action::EndOrganisation),
    (Delete,         &[Active, Suspended, Unsubscribed], Some(Deleting),     Action::EndOrganisation),
    (CancelDeletion, &[Deleting],                        None,               Action::EndOrganisation),
];

#[rustfmt::skip]
const MEANINGS: [(OrganisationState, Meaning); 4] = [
    (Active,       Meaning { signs_in: true,  backed_up: true,  billed: true }),
    (Suspended,    Meaning { signs_in: false, backed_up: true,  billed: true }),
    (Unsubscribed, Meaning { signs_in: false, backed_up: false, billed: false }),
    (Deleting,     Meaning { signs_in: false, backed_up: false, billed: false }),
];

impl Act {
    /// Every act, in the order of their rows.
    pub const ALL: [Self; 5] = [Suspend, Reactivate, Unsubscribe, Delete, CancelDeletion];

    fn row(self) -> &'static (Act, &'static [OrganisationState], Option<OrganisationState>, Action) {
        ACTS.iter().find(|(act, ..)| *act == self).expect("every act has a row")
    }

    /// The right that it takes.
    pub fn right(self) -> Action {
        self.row().3
    }

    /// Where it leads from a state; `before` is the state before a deletion was asked for.
    ///
    /// # Errors
    /// `Conflict`, for a person, when the state does not allow it.
    pub fn lead(self, from: OrganisationState, before: OrganisationState) -> Result<OrganisationState> {
        let (_, allowed, to, _) = self.row();
        if allowed.contains(&from) {
            return Ok(to.unwrap_or(before));
        }
        let what = match self {
            Suspend => "cannot be suspended",
            Reactivate if from == Deleting => "cannot be reactivated before its deletion is cancelled",
            Reactivate => "cannot be reactivated",
            Unsubscribe => "cannot be unsubscribed",
            Delete => "cannot be deleted again",
            CancelDeletion => "has no deletion to cancel",
        };
        Err(Error::conflict(format!("the organisation is {} and {what}", from.label())))
    }
}

impl OrganisationState {
    /// Every state, in the order of their rows.
    pub const ALL: [Self; 4] = [Active, Suspended, Unsubscribed, Deleting];

    /// The state for a person, as in: the organisation is suspended.
    pub fn label(self) -> &'static str {
        match self {
            Active => "active",
            Suspended => "suspended",
            Unsubscribed => "unsubscribed",
            Deleting => "being deleted",
        }
    }

    /// What stops in this state, and what goes on.
    pub fn meaning(self) -> Meaning {
        MEANINGS.iter().find(|(state, _)| *state == self).expect("every state has a meaning").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The product's table: login, backups, billing.
    #[test]
    fn states_mean_what_the_product_says() {
        let meant = |state: OrganisationState| {
            let meaning = state.meaning();
            (meaning.signs_in, meaning.backed_up, meaning.billed)
        };
        assert_eq!(
            OrganisationState::ALL.map(meant),
            [(true, true, true), (false, true, true), (false, false, false), (false, false, false)]
        );
    }

    #[test]
    fn a_refusal_says_in_which_state_it_is() {
        let error = Act::Reactivate.lead(Deleting, Active).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Conflict);
        assert!(error.to_string().contains("being deleted"), "{error}");
        assert!(Act::Suspend.lead(Suspended, Active).is_err());
    }

    proptest! {
        /// Whatever is done, a deletion is left only by cancelling it, and to where it was.
        #[test]
        fn a_deletion_ends_only_by_being_cancelled(acts in prop::collection::vec(0usize..5, 0..30)) {
            let (mut state, mut before) = (Active, Active);
            for act in acts.into_iter().map(|n| Act::ALL[n]) {
                let Ok(next) = act.lead(state, before) else { continue };
                if act == Act::Delete {
                    before = state;
                }
                if state == Deleting {
                    prop_assert_eq!(act, Act::CancelDeletion);
                    prop_assert_eq!(next, before);
                }
                prop_assert_ne!(next, state);
                state = next;
            }
        }
    }
}
