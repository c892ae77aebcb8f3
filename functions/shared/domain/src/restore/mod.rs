//! What a restore would write: from what a snapshot holds and what is live to a [`RestorePlan`] of [`Step`]s.
//!
//! Pure, and all that there is to decide: executing a plan compares, sends and reads back, and decides
//! nothing. [`plan`] takes [`Inputs`]; the [`RestorePlan`] is stored, shown and approved as it is.
//! Invariants: a step that uses an id comes after the step that brings the object back; what is as it
//! should be gets no step; what cannot be done is an [`Impossible`], never a step; what one side does not know is
//! left as it is.

mod access_passes;
mod administrators;
mod circles;
mod claimed;
mod conflicts;
mod draft;
mod extensions;
mod facts;
mod held;
mod id_map;
mod inputs;
mod left;
mod licences;
mod limits;
mod links;
mod lost;
mod names;
mod objects;
mod order;
mod outside;
mod paper;
mod partial;
mod permissions;
mod planner;
mod policies;
mod properties;
mod returned;
mod schedules;
mod selection;
mod step;
#[cfg(test)]
mod tests;
mod units;
mod unread;
mod values;

pub use crate::kinds::Phase;
pub use access_passes::{ACCESS_PASS, AccessPassChoice, AccessPassPolicy, KnownAccessPassPolicy};
pub use administrators::{Administrators, SignIn, Standing, gains, may_let_in, may_lose, person_decided_on};
pub use claimed::claimed;
pub use conflicts::{Choice, ChoiceName, Conflict, Resolution, Rival};
pub use held::{Held, HeldLink};
pub use id_map::{IdMap, tokens};
pub use inputs::{Guard, Inputs, Item, KnownAdministrators, Units};
pub use left::{Left, LeftBy};
pub use licences::{PROPERTY as LICENCES, direct_licences};
pub use names::{gained, only_ones};
pub use paper::{Between, KindOnPaper, LostOnPaper, OnPaper, on_paper};
pub use permissions::not_permitted;
pub use planner::{is_privileged, plan};
pub use policies::clean as content;
pub use properties::writable;
pub use returned::at_last;
pub use schedules::{
    SCHEDULE, Schedule, ScheduleEnd, Tenure, is_activated, is_in_force, may_be_privileged, with_fixed_end,
};
pub use selection::{AttributeMode, LinkMode, SelectedItem, SelectedLink, Selection};
pub use step::{
    Cause, EffectiveAdministrators, End, Impossible, Remark, RestorePlan, Step, Warning, WriteAction,
};
pub use values::{same, same_in};

/// Privileged Role Administrator's template id, the same in every tenant. Source: as for [`GLOBAL_ADMINISTRATOR`].
pub const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";

/// Global Administrator's template id, the same in every tenant.
/// Source: learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference.
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
