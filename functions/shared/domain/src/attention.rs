//! What needs somebody: a closed list of causes, and of each how bad it is, who may hear of it and what closes it. One
//! table.
//!
//! Not here: whether a cause is there, which follows from what is stored of an organisation.

use crate::notices::Severity;
use crate::rights::{Action, Condition, Role, Verdict, may};
use crate::{Error, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Why an organisation, or the partner itself, needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Nobody in the tenant consents any more, so nothing of it is read.
    ConsentWithdrawn,
    /// Microsoft does not serve the tenant, or somebody in it keeps the application out.
    Unreachable,
    /// No snapshot was sealed for one and a half times the time from one to the next.
    LateSnapshot,
    /// Changes of who may do what that nobody has looked at yet.
    PrivilegedChanges,
    /// A restore that failed, was stopped, or was not verified in all of its steps.
    RestoreFailed,
    /// A permission is missing, so that some kinds or parts of them are not read.
    MissingPermissions,
    /// The certificate or secret that tenants are read with ends soon.
    OwnSecretEnds,
    /// The connection to a tenant came to nothing.
    ConnectionFailed,
    /// A restore that is to be run was put before somebody for approval.
    RestoreWaits,
    /// The newest snapshot does not hold a kind, or a part of one, for another reason than a permission.
    NotCovered,
    /// What is stored of the organisation is deleted soon.
    DataEnds,
    /// The application that reads may do something else than read.
    ExcessPermissions,
    /// More seats are in use than are paid for.
    SeatsOver,
    /// Another partner offers the organisation, and waits for an answer.
    TransferOffered,
    /// A downgrade was asked for, and waits for the top partner.
    DowngradeAsked,
    /// The organisation has no tenant, and nobody is connecting one.
    NotConnected,
    /// The connection to a tenant waits for its consent to arrive.
    ConnectionWaits,
    /// The application that reads may read what is not backed up.
    ExcessReading,
}

/// What closes a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closes {
    /// That it is no longer so.
    WhenItIsOver,
    /// That somebody has looked at it, or that it is a week old: it has happened.
    WhenLookedAt,
    /// That somebody decides: it is nothing to be put aside.
    WhenDecided,
}

/// A row of the table.
struct Row {
    cause: Cause,
    name: &'static str,
    severity: Severity,
    weight: u16,
    heard_by: Action,
    closes: Closes,
}

const fn row(
    cause: Cause,
    name: &'static str,
    (severity, weight): (Severity, u16),
    heard_by: Action,
    closes: Closes,
) -> Row {
    Row { cause, name, severity, weight, heard_by, closes }
}

use Closes::{WhenDecided, WhenItIsOver, WhenLookedAt};
use Severity::{Critical, Info, Warning};

/// The causes, worst first. Who may hear of one is who may ask for what it tells of: a list must not show what another
/// route would refuse.
#[rustfmt::skip]
const TABLE: [Row; 18] = [
    row(Cause::ConsentWithdrawn,   "consent-withdrawn",   (Critical, 100), Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::Unreachable,        "unreachable",         (Critical, 95),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::LateSnapshot,       "late-snapshot",       (Critical, 90),  Action::UseSnapshots,        WhenItIsOver),
    row(Cause::PrivilegedChanges,  "privileged-changes",  (Critical, 80),  Action::Compare,             WhenLookedAt),
    row(Cause::RestoreFailed,      "restore-failed",      (Critical, 70),  Action::PreviewRestore,      WhenLookedAt),
    row(Cause::MissingPermissions, "missing-permissions", (Critical, 60),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::OwnSecretEnds,      "own-secret-ends",     (Warning,  58),  Action::ManagePlans,         WhenDecided),
    row(Cause::ConnectionFailed,   "connection-failed",   (Warning,  55),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::RestoreWaits,       "restore-waits",       (Warning,  50),  Action::ApproveRestore,      WhenLookedAt),
    row(Cause::NotCovered,         "not-covered",         (Warning,  45),  Action::UseSnapshots,        WhenItIsOver),
    row(Cause::DataEnds,           "data-ends",           (Warning,  40),  Action::ReadPartner,         WhenItIsOver),
    row(Cause::ExcessPermissions,  "excess-permissions",  (Warning,  35),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::SeatsOver,          "seats-over",          (Warning,  30),  Action::ReadMoney,           WhenItIsOver),
    row(Cause::TransferOffered,    "transfer-offered",    (Info,     20),  Action::EndOrganisation,     WhenDecided),
    row(Cause::DowngradeAsked,     "downgrade-asked",     (Info,     15),  Action::ApproveDowngrade,    WhenDecided),
    row(Cause::NotConnected,       "not-connected",       (Info,     12),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::ConnectionWaits,    "connection-waits",    (Info,     10),  Action::ConnectOrganisation, WhenItIsOver),
    row(Cause::ExcessReading,      "excess-reading",      (Info,     5),   Action::ConnectOrganisation, WhenItIsOver),
];

impl Cause {
    /// Every cause, worst first.
    pub const ALL: [Self; 18] = {
        let mut all = [Self::ConsentWithdrawn; 18];
        let mut at = 0;
        while at < TABLE.len() {
            all[at] = TABLE[at].cause;
            at += 1;
        }
        all
    };

    fn row(self) -> &'static Row {
        // In the order of the enum, which a test holds.
        &TABLE[self as usize]
    }

    /// The cause as it is in addresses, keys and answers.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// How much it matters.
    pub fn severity(self) -> Severity {
        self.row().severity
    }

    /// Its place among all causes: of two the greater weight stands first.
    pub fn weight(self) -> u16 {
        self.row().weight
    }

    /// What closes it.
    pub fn closes(self) -> Closes {
        self.row().closes
    }

    /// Whether a role may hear of it, at a top partner or below one.
    pub fn is_open_to(self, role: Role, is_top: bool) -> bool {
        match may(role, self.row().heard_by) {
            Verdict::Yes => true,
            Verdict::If(Condition::TopPartner) => is_top,
            Verdict::If(_) | Verdict::No => false,
        }
    }
}

impl FromStr for Cause {
    type Err = Error;
    fn from_str(name: &str) -> Result<Self> {
        let row = TABLE.iter().find(|row| row.name == name);
        row.map(|row| row.cause).ok_or_else(|| Error::not_found("there is no such cause"))
    }
}

/// For how many days a cause can be put aside: at least, and at the most.
pub const PUT_ASIDE_DAYS: (i64, i64) = (7, 90);
/// For how many days what has happened is shown while nobody has looked at it.
pub const SHOWN_DAYS: i64 = 7;
/// How many days before its end data, or the certificate that tenants are read with, is shown to end.
pub const ENDS_SOON_DAYS: (i64, i64) = (7, 30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_causes_and_no_worse_one_stands_behind_a_better() {
        for (place, row) in TABLE.iter().enumerate() {
            assert_eq!((row.cause as usize, row.name.parse::<Cause>().unwrap()), (place, row.cause));
            assert_eq!(serde_json::to_value(row.cause).unwrap(), row.name);
        }
        assert!(TABLE.is_sorted_by(|a, b| a.weight > b.weight && a.severity >= b.severity));
        assert!("".parse::<Cause>().is_err());
    }

    /// Columns as in the table of rights; `t` is at the top partner alone.
    #[test]
    fn each_role_hears_of_what_it_may_ask_for_and_of_nothing_else() {
        let cells = |cause: Cause| -> String {
            let cell = |role| match (cause.is_open_to(role, true), cause.is_open_to(role, false)) {
                (true, true) => 'y',
                (true, false) => 't',
                (false, _) => '-',
            };
            Role::ALL.map(cell).iter().collect()
        };
        let found: Vec<_> = Cause::ALL.iter().map(|cause| (cause.name(), cells(*cause))).collect();
        let told: Vec<_> = found.iter().map(|(name, cells)| (*name, cells.as_str())).collect();
        assert_eq!(
            told,
            [
                ("consent-withdrawn", "yyyy--"),
                ("unreachable", "yyyy--"),
                ("late-snapshot", "yyyy--"),
                ("privileged-changes", "yyyy--"),
                ("restore-failed", "yyyy--"),
                ("missing-permissions", "yyyy--"),
                ("own-secret-ends", "yy----"),
                ("connection-failed", "yyyy--"),
                ("restore-waits", "yyy---"),
                ("not-covered", "yyyy--"),
                ("data-ends", "yyyyy-"),
                ("excess-permissions", "yyyy--"),
                ("seats-over", "yyy-y-"),
                ("transfer-offered", "yy----"),
                ("downgrade-asked", "t--t--"),
                ("not-connected", "yyyy--"),
                ("connection-waits", "yyyy--"),
                ("excess-reading", "yyyy--"),
            ]
        );
    }
}
