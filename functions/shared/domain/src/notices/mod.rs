//! What people are told, and how often: one table of topics with what each role hears unless it says
//! otherwise, and the arithmetic of digest periods in a person's own time zone.

mod periods;

pub use periods::{Hour, Zone, next_digest_at};

use crate::rights::{self, Action, Role, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Work that was given up; kinds that a snapshot does not hold.
    Errors,
    /// What differs between a snapshot and the one before.
    Changes,
    /// Those of the changes that alter who may do what.
    PrivilegedChanges,
    /// More seats in use than bought.
    Seats,
    /// Consent, permissions and credentials that are missing, withdrawn or about to end.
    Credentials,
    /// Restores that have ended, whichever way.
    Restores,
    /// Invoices that were made for what was used.
    Invoices,
    /// Restores that are to be run and wait for somebody to approve them.
    Approvals,
}

/// How much a notice, or what needs somebody, matters.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Good to know; nothing is to be done.
    Info,
    /// Somebody should look at it. Entries of earlier releases, which do not say, count as such.
    #[default]
    Warning,
    /// Something is not protected, or somebody has more power than before.
    Critical,
}

/// How soon a person hears of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// A mail for each notice, at once.
    Immediate,
    /// In a digest each morning.
    Daily,
    /// In a digest each Monday morning.
    Weekly,
    /// In a digest on the morning of the first of each month.
    Monthly,
}

use Frequency::{Daily, Immediate, Monthly, Weekly};

const NEVER: Option<Frequency> = None;
const AT_ONCE: Option<Frequency> = Some(Immediate);
const EACH_DAY: Option<Frequency> = Some(Daily);
const EACH_WEEK: Option<Frequency> = Some(Weekly);
const EACH_MONTH: Option<Frequency> = Some(Monthly);

/// What each role hears by default, in the order of [`Role::ALL`]. Errors and invoices go to whom the
/// product says; end customers hear nothing until their portal lets them choose.
#[rustfmt::skip]
const DEFAULTS: [(Topic, Action, [Option<Frequency>; 6]); 8] = [
    //                          and may be heard by who may       Owner       Super Admin Admin       Support   Finance     End customer
    (Topic::Errors,            Action::UseSnapshots,        [AT_ONCE,    AT_ONCE,    AT_ONCE,    AT_ONCE,  NEVER,      NEVER]),
    (Topic::Changes,           Action::Compare,             [EACH_DAY,   EACH_DAY,   EACH_DAY,   NEVER,    NEVER,      NEVER]),
    (Topic::PrivilegedChanges, Action::Compare,             [AT_ONCE,    AT_ONCE,    AT_ONCE,    NEVER,    NEVER,      NEVER]),
    (Topic::Seats,             Action::ReadMoney,           [EACH_WEEK,  EACH_WEEK,  EACH_WEEK,  NEVER,    EACH_WEEK,  NEVER]),
    (Topic::Credentials,       Action::ConnectOrganisation, [AT_ONCE,    AT_ONCE,    AT_ONCE,    AT_ONCE,  NEVER,      NEVER]),
    (Topic::Restores,          Action::PreviewRestore,      [EACH_DAY,   EACH_DAY,   EACH_DAY,   NEVER,    NEVER,      NEVER]),
    (Topic::Invoices,          Action::ReadMoney,           [EACH_MONTH, NEVER,      EACH_MONTH, NEVER,    EACH_MONTH, NEVER]),
    (Topic::Approvals,         Action::ApproveRestore,      [AT_ONCE,    AT_ONCE,    AT_ONCE,    NEVER,    NEVER,      NEVER]),
];

/// Topics that came when there were people already, whose rows do not say how often they hear of them: until they choose,
/// these hear of them as their role does.
const LATER: [Topic; 1] = [Topic::Approvals];

impl Topic {
    /// Every topic, in the order of a digest: what is worst first.
    pub const ALL: [Self; 8] = [
        Self::Errors,
        Self::Approvals,
        Self::Credentials,
        Self::PrivilegedChanges,
        Self::Changes,
        Self::Restores,
        Self::Seats,
        Self::Invoices,
    ];

    /// As it is in keys and requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Errors => "errors",
            Self::Changes => "changes",
            Self::PrivilegedChanges => "privileged-changes",
            Self::Seats => "seats",
            Self::Credentials => "credentials",
            Self::Restores => "restores",
            Self::Invoices => "invoices",
            Self::Approvals => "approvals",
        }
    }

    /// For a person: the heading of its part of a digest.
    pub fn label(self) -> &'static str {
        match self {
            Self::Errors => "Errors",
            Self::Changes => "Changes",
            Self::PrivilegedChanges => "Privileged changes",
            Self::Seats => "Seats",
            Self::Credentials => "Credentials",
            Self::Restores => "Restores",
            Self::Invoices => "Invoices",
            Self::Approvals => "Approvals",
        }
    }

    /// How often a role hears of it unless the person chooses; `None` is never.
    pub fn default_for(self, role: Role) -> Option<Frequency> {
        row(self).2[role as usize]
    }

    /// How often a role hears of it whose row says nothing of it: as by default, where there was no such topic when the row was
    /// made; otherwise never.
    pub fn where_nothing_is_said(self, role: Role) -> Option<Frequency> {
        LATER.contains(&self).then(|| self.default_for(role)).flatten()
    }

    /// Whether a role may hear of it at all: a mail must not tell what the API would refuse.
    pub fn is_open_to(self, role: Role) -> bool {
        rights::may(role, row(self).1) == Verdict::Yes
    }
}

fn row(topic: Topic) -> &'static (Topic, Action, [Option<Frequency>; 6]) {
    // In the order of the enum, which a test holds.
    &DEFAULTS[topic as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_topics_and_every_topic_is_in_a_digest_once() {
        for (place, (topic, ..)) in DEFAULTS.iter().enumerate() {
            assert_eq!(*topic as usize, place);
        }
        let mut all = Topic::ALL.to_vec();
        all.sort_unstable();
        assert_eq!(all, DEFAULTS.map(|(topic, ..)| topic));
    }

    #[test]
    fn no_role_hears_by_default_of_what_it_may_not_see() {
        for topic in Topic::ALL {
            for role in Role::ALL {
                let hears = topic.default_for(role).is_some();
                assert!(!hears || topic.is_open_to(role), "{} to {}", topic.name(), role.label());
            }
        }
        assert!(!Topic::Changes.is_open_to(Role::Finance));
        assert!(!Topic::PrivilegedChanges.is_open_to(Role::EndCustomer));
    }

    #[test]
    fn errors_and_invoices_go_to_whom_the_product_says() {
        use Role::{Admin, Finance, Owner, SuperAdmin, Support};
        let hear =
            |t: Topic| Role::ALL.into_iter().filter(|r| t.default_for(*r).is_some()).collect::<Vec<_>>();
        assert_eq!(hear(Topic::Errors), [Owner, SuperAdmin, Admin, Support]);
        assert_eq!(hear(Topic::Invoices), [Owner, Admin, Finance]);
        for role in [Owner, SuperAdmin, Admin] {
            assert_eq!(Topic::PrivilegedChanges.default_for(role), Some(Immediate));
        }
    }

    #[test]
    fn what_came_later_is_told_at_once_or_not_at_all_until_somebody_chooses() {
        // A digest would have to know since when it tells of it, which no row says.
        for topic in LATER {
            for role in Role::ALL {
                let often = topic.where_nothing_is_said(role);
                assert!(often.is_none_or(|often| often == Immediate), "{} to {}", topic.name(), role.label());
                assert_eq!(often, topic.default_for(role));
            }
        }
        assert_eq!(Topic::Errors.where_nothing_is_said(Role::Owner), None);
    }

    #[test]
    fn a_topic_is_called_in_stored_rows_as_in_requests() {
        for topic in Topic::ALL {
            assert_eq!(serde_json::to_value(topic).unwrap(), topic.name());
        }
    }
}
