//! Who may do what: one table, one question, [`may`].
//!
//! The table is the one of the product's section on people and rights; rows that it leaves to be
//! understood (reading one's own partner and its organisations) are marked. The answer is yes, no, or yes
//! under a [`Condition`], which the caller of [`may`] has to check: it knows the organisation, this module
//! does not. Partner walls are not here: a right never reaches outside the caller's part of the tree.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a person or a token is for its partner, or for one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Of a partner: everything.
    Owner,
    /// Of a partner: everything but its owners.
    SuperAdmin,
    /// Of a partner: its organisations' daily business; may be limited to some of them.
    Admin,
    /// Of a partner: looks and helps, writes nothing back.
    Support,
    /// Of a partner: money.
    Finance,
    /// Of one organisation: what the partner has switched on for it.
    EndCustomer,
}

impl Role {
    /// Every role, in the order of the table's columns.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::SuperAdmin, Self::Admin, Self::Support, Self::Finance, Self::EndCustomer];

    /// The name of the role that people see.
    pub fn label(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::SuperAdmin => "Super Admin",
            Self::Admin => "Admin",
            Self::Support => "Support",
            Self::Finance => "Finance",
            Self::EndCustomer => "End customer",
        }
    }
}

/// Something that may be done or not, by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// See the partner and its organisations, without their data. Understood in the product's table.
    ReadPartner,
    /// People and roles of the partner; its sub-partners.
    ManagePeople,
    /// Activate SKUs, create and assign plans.
    ManagePlans,
    /// Change a subscription, seats.
    ChangeSubscription,
    /// Create, suspend, reactivate an organisation.
    ManageOrganisation,
    /// Edit an organisation's general information.
    EditOrganisation,
    /// Connect an organisation's tenant.
    ConnectOrganisation,
    /// Unsubscribe, transfer or delete an organisation.
    EndOrganisation,
    /// Take a snapshot now; list, read and search snapshots.
    UseSnapshots,
    /// Compare two snapshots, or one with the live tenant.
    Compare,
    /// Mark what is known: accounts for emergencies, good snapshots, changes that were expected.
    Mark,
    /// Make a preview of a restore.
    PreviewRestore,
    /// Run, stop or undo a restore.
    RunRestore,
    /// Approve a restore that somebody else asked for.
    ApproveRestore,
    /// Read the Temporary Access Pass that a restore had made for somebody.
    ReadAccessPass,
    /// Say which restores somebody else has to approve.
    SetApprovals,
    /// Download data of an organisation.
    Download,
    /// Read usage, invoices and prices.
    ReadMoney,
    /// Change prices, make invoices.
    ManageMoney,
    /// Create and revoke API tokens.
    ManageTokens,
    /// Read the audit log.
    ReadAudit,
    /// Export and verify the audit log.
    ExportAudit,
    /// Ask for a downgrade.
    AskDowngrade,
    /// Approve or refuse a downgrade.
    ApproveDowngrade,
}

/// What an organisation's end users may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Feature {
    /// Reading snapshots, and searching in them.
    Search,
    /// Comparing snapshots, and one with the live tenant.
    Compare,
    /// Restoring what was lost or changed.
    Restore,
    /// Downloading what was backed up.
    Download,
}

impl Feature {
    /// Every feature, in the order of their names here.
    pub const ALL: [Self; 4] = [Self::Search, Self::Compare, Self::Restore, Self::Download];

    /// The right that somebody of the partner has to have to give the feature to an organisation's end users: nobody
    /// gives what they do not have.
    pub fn right(self) -> Action {
        match self {
            Self::Search => Action::UseSnapshots,
            Self::Compare => Action::Compare,
            Self::Restore => Action::PreviewRestore,
            Self::Download => Action::Download,
        }
    }
}

/// What else must hold for a right; the caller of [`may`] has to check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Not when the other is an Owner.
    NotOfOwners,
    /// Only for an organisation that is the caller's own, or that it is limited to.
    OwnOrganisation,
    /// Only when the organisation has the feature switched on.
    FeatureOn(Feature),
    /// The same, and a person of the partner approves.
    FeatureOnAndApproved(Feature),
    /// Only at the top partner.
    TopPartner,
}

/// Whether a role may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The role may do it.
    Yes,
    /// The role may not do it.
    No,
    /// The role may do it where the condition holds.
    If(Condition),
}

use Condition::{FeatureOn, FeatureOnAndApproved, NotOfOwners, OwnOrganisation, TopPartner};
use Verdict::{If, No, Yes};

/// The table: a row for each action, a column for each role.
#[rustfmt::skip]
pub const TABLE: [(Action, [Verdict; 6]); 24] = [
    //                             Owner           Super Admin      Admin                Support         Finance  End customer
    (Action::ReadPartner,         [Yes,            Yes,             Yes,                 Yes,            Yes,     If(OwnOrganisation)]),
    (Action::ManagePeople,        [Yes,            If(NotOfOwners), No,                  No,             No,      No]),
    (Action::ManagePlans,         [Yes,            Yes,             No,                  No,             No,      No]),
    (Action::ChangeSubscription,  [Yes,            Yes,             Yes,                 No,             No,      No]),
    (Action::ManageOrganisation,  [Yes,            Yes,             Yes,                 No,             No,      No]),
    (Action::EditOrganisation,    [Yes,            Yes,             Yes,                 Yes,            No,      No]),
    (Action::ConnectOrganisation, [Yes,            Yes,             Yes,                 Yes,            No,      No]),
    (Action::EndOrganisation,     [Yes,            Yes,             No,                  No,             No,      No]),
    (Action::UseSnapshots,        [Yes,            Yes,             Yes,                 Yes,            No,      If(FeatureOn(Feature::Search))]),
    (Action::Compare,             [Yes,            Yes,             Yes,                 Yes,            No,      If(FeatureOn(Feature::Compare))]),
    (Action::Mark,                [Yes,            Yes,             Yes,                 Yes,            No,      No]),
    (Action::PreviewRestore,      [Yes,            Yes,             Yes,                 Yes,            No,      If(FeatureOn(Feature::Restore))]),
    (Action::RunRestore,          [Yes,            Yes,             Yes,                 No,             No,      If(FeatureOnAndApproved(Feature::Restore))]),
    (Action::ApproveRestore,      [Yes,            Yes,             Yes,                 No,             No,      No]),
    (Action::ReadAccessPass,      [Yes,            Yes,             Yes,                 No,             No,      No]),
    (Action::SetApprovals,        [Yes,            Yes,             No,                  No,             No,      No]),
    (Action::Download,            [Yes,            Yes,             No,                  No,             No,      If(FeatureOn(Feature::Download))]),
    (Action::ReadMoney,           [Yes,            Yes,             Yes,                 No,             Yes,     No]),
    (Action::ManageMoney,         [Yes,            Yes,             No,                  No,             Yes,     No]),
    (Action::ManageTokens,        [Yes,            Yes,             If(OwnOrganisation), No,             No,      No]),
    (Action::ReadAudit,           [Yes,            Yes,             Yes,                 Yes,            No,      If(OwnOrganisation)]),
    (Action::ExportAudit,         [Yes,            Yes,             No,                  No,             No,      No]),
    (Action::AskDowngrade,        [No,             No,              Yes,                 No,             No,      No]),
    (Action::ApproveDowngrade,    [If(TopPartner), No,              No,                  If(TopPartner), No,      No]),
];

/// Whether `role` may do `action`.
pub fn may(role: Role, action: Action) -> Verdict {
    let row = TABLE.iter().find(|(a, _)| *a == action);
    row.map_or(No, |(_, cells)| cells[role as usize])
}

/// Whether whoever has the role `giver` may give `given` to a person or a token: no role is ever given by one that
/// could not manage the people who have it, except one's own.
pub fn may_give(giver: Role, given: Role) -> bool {
    match may(giver, Action::ManagePeople) {
        Yes => true,
        If(NotOfOwners) => given != Role::Owner,
        If(_) | No => given == giver,
    }
}

/// Whether a person or token of that role can be limited to named organisations. Why not all: whoever acts for the
/// whole partner (people, plans, money) would reach past the limitation by what it makes there.
pub fn can_be_limited(role: Role) -> bool {
    matches!(role, Role::Admin | Role::Support | Role::EndCustomer)
}

/// The roles that may do it without a condition, for a message: `Owner or Super Admin`.
pub fn who_may(action: Action) -> String {
    let roles: Vec<_> = Role::ALL.into_iter().filter(|r| may(*r, action) == Yes).map(Role::label).collect();
    roles.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product's table as it is written there; rows with two rights in a cell stand for two actions.
    const WRITTEN: &str = "
| people | all | all but Owner | – | – | – | – |
| plans | ✓ | ✓ | – | – | – | – |
| subscription | ✓ | ✓ | ✓ | – | – | – |
| organisations | ✓ | ✓ | ✓ | edit, connect | – | – |
| end | ✓ | ✓ | – | – | – | – |
| snapshots | ✓ | ✓ | ✓ | ✓ | – | if on |
| preview | ✓ | ✓ | ✓ | ✓ | – | if on |
| run | ✓ | ✓ | ✓ | – | – | if on, approved |
| set approvals | ✓ | ✓ | – | – | – | – |
| download | ✓ | ✓ | – | – | – | if on |
| money | ✓ | ✓ | read | – | ✓ | – |
| tokens | ✓ | ✓ | own | – | – | – |
| audit | ✓ | ✓ | read | read | – | own |
| downgrade | approve | – | ask | approve | – | – |";

    /// What a cell says of one of the row's actions.
    fn written(cell: &str, action: Action) -> Verdict {
        let feature = match action {
            Action::Compare => Feature::Compare,
            Action::PreviewRestore | Action::RunRestore => Feature::Restore,
            Action::Download => Feature::Download,
            _ => Feature::Search,
        };
        match cell {
            "✓" | "all" => Yes,
            "all but Owner" => If(NotOfOwners),
            "own" if action == Action::ExportAudit => No,
            "own" => If(OwnOrganisation),
            "if on" => If(FeatureOn(feature)),
            // Whoever needs an approval gives none, and gets from the partner what signs in as somebody.
            "if on, approved" if matches!(action, Action::ApproveRestore | Action::ReadAccessPass) => No,
            "if on, approved" => If(FeatureOnAndApproved(feature)),
            "read" if matches!(action, Action::ReadMoney | Action::ReadAudit) => Yes,
            "edit, connect" if matches!(action, Action::EditOrganisation | Action::ConnectOrganisation) => {
                Yes
            }
            "ask" if action == Action::AskDowngrade => Yes,
            "approve" if action == Action::ApproveDowngrade => If(TopPartner),
            "–" | "read" | "edit, connect" | "ask" | "approve" => No,
            other => panic!("{other:?} is not a cell"),
        }
    }

    fn actions(row: &str) -> &'static [Action] {
        match row {
            "people" => &[Action::ManagePeople],
            "plans" => &[Action::ManagePlans],
            "subscription" => &[Action::ChangeSubscription],
            "organisations" => {
                &[Action::ManageOrganisation, Action::EditOrganisation, Action::ConnectOrganisation]
            }
            "end" => &[Action::EndOrganisation],
            "snapshots" => &[Action::UseSnapshots, Action::Compare],
            "preview" => &[Action::PreviewRestore],
            "run" => &[Action::RunRestore, Action::ApproveRestore, Action::ReadAccessPass],
            "set approvals" => &[Action::SetApprovals],
            "download" => &[Action::Download],
            "money" => &[Action::ReadMoney, Action::ManageMoney],
            "tokens" => &[Action::ManageTokens],
            "audit" => &[Action::ReadAudit, Action::ExportAudit],
            "downgrade" => &[Action::AskDowngrade, Action::ApproveDowngrade],
            other => panic!("{other:?} is not a row"),
        }
    }

    #[test]
    fn every_cell_says_what_the_products_table_says() {
        // Marks came after the product's table: whoever looks and helps may say what they know.
        let mut seen = vec![Action::ReadPartner, Action::Mark];
        for line in WRITTEN.trim().lines() {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            for action in actions(cells[0]) {
                seen.push(*action);
                for (role, cell) in Role::ALL.into_iter().zip(&cells[1..]) {
                    assert_eq!(may(role, *action), written(cell, *action), "{role:?} {action:?}");
                }
            }
        }
        assert!(TABLE.iter().all(|(a, _)| seen.contains(a)) && seen.len() == TABLE.len());
    }

    #[test]
    fn no_role_is_given_by_one_that_could_not_manage_it() {
        for given in Role::ALL {
            assert!(may_give(Role::Owner, given));
            assert_eq!(may_give(Role::SuperAdmin, given), given != Role::Owner);
            for giver in [Role::Admin, Role::Support, Role::Finance, Role::EndCustomer] {
                assert_eq!(may_give(giver, given), giver == given, "{giver:?} {given:?}");
            }
        }
    }

    #[test]
    fn whoever_manages_people_or_money_is_not_limited_to_organisations() {
        for role in Role::ALL.into_iter().filter(|r| can_be_limited(*r)) {
            for action in [Action::ManagePeople, Action::ManagePlans, Action::ManageMoney] {
                assert_eq!(may(role, action), No, "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn the_columns_stand_in_the_order_of_the_roles() {
        for (i, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, i);
        }
        assert_eq!(who_may(Action::ManagePlans), "Owner or Super Admin");
    }
}
