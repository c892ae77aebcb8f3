//! Every family of rows that the catalog holds, in one list: whose they are, how their keys look, where they are watched
//! and what ends them. The deletion of an organisation sweeps its tenant's rows from it, FORMAT.md's table is checked against
//! it, and a record whose family is not in it does not compile. Partners' rows that end with an organisation are found by its
//! id, in `purge_data::organisations`: a new family of these is added there, too.

use super::watched;

/// Whose the rows of a family are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// The installation's own: look-ups by id, and states that are good once.
    Installation,
    /// A partner's, in its own scope.
    Partner,
    /// A partner's, or the installation's where no partner is concerned.
    PartnerOrInstallation,
    /// A customer tenant's, in its own scope.
    Tenant,
    /// The authorizer's own, the only rows that it may write.
    Uses,
    /// What callers have used of their limits: rows of the functions behind the API.
    Budgets,
}

impl OwnerKind {
    /// The owner as FORMAT.md calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installation => "system",
            Self::Partner => "partner",
            Self::PartnerOrInstallation => "partner, system",
            Self::Tenant => "tenant",
            Self::Uses => "uses",
            Self::Budgets => "budgets",
        }
    }
}

/// What ends the rows of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The deletion of the organisation that has the tenant: all rows of the tenant's scope are deleted, family by
    /// family.
    Tenant,
    /// The same, but in the deletion's last write, since until then the deletion is found by this row.
    TenantLast,
    /// The deletion of the organisation, which finds them by its id.
    Organisation,
    /// Their own time (`expires_at`), if nothing else ends them before.
    Time,
    /// A command: somebody takes back, removes or replaces what they say.
    Command,
    /// Nothing: accounts, the audit log and certificates stay.
    Nothing,
}

impl End {
    /// The end as FORMAT.md calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "with the tenant",
            Self::TenantLast => "with the tenant, last",
            Self::Organisation => "with the organisation",
            Self::Time => "by its time",
            Self::Command => "by a command",
            Self::Nothing => "never",
        }
    }
}

/// A family of rows: all whose keys begin alike, and which hold the same record.
#[derive(Debug)]
pub struct Family {
    /// What the keys begin with: `name#` where more follows, the whole key where there is one row.
    pub prefix: &'static str,
    /// How the key goes on after the prefix, for people.
    pub rest: &'static str,
    /// Whose the rows are.
    pub owner: OwnerKind,
    /// The record that they hold, as its type is called.
    pub record: &'static str,
    /// The watched lists that they may stand in.
    pub watched: &'static [&'static str],
    /// What ends the rows of the family.
    pub end: End,
}

const fn family(
    owner: OwnerKind,
    (prefix, rest): (&'static str, &'static str),
    record: &'static str,
    watched: &'static [&'static str],
    end: End,
) -> Family {
    Family { prefix, rest, owner, record, watched, end }
}

use End::{Command, Nothing, Organisation, Tenant, TenantLast, Time};
use OwnerKind as Of;

/// All families of rows, by owner.
pub static FAMILIES: &[Family] = TABLE;

#[rustfmt::skip]
const TABLE: &[Family] = &[
    family(Of::Installation, ("org#", "{org}"), "OrganisationPlace", &[], Organisation),
    family(Of::Installation, ("state#", "{hash}"), "ConsentState", &[], Time),
    family(Of::Installation, ("sign-in#", "{hash}"), "ConsentSignIn", &[], Time),
    family(Of::Installation, ("token#", "{hash}"), "ApiToken", &[], Time),
    family(Of::Installation, ("plan#", "{plan}"), "PlanPlace", &[], Nothing),
    family(Of::Installation, ("access#", "{hash}"), "AccessLink", &[], Time),
    family(Of::Installation, ("invitation#", "{hash}"), "InvitationToken", &[], Time),
    family(Of::Installation, ("identity#", "{hash}"), "IdentityLink", &[], Command),
    family(Of::Uses, ("used#", "{partner}#{token}"), "TokenUse", &[], Time),
    family(Of::Budgets, ("budget#", "{caller}"), "CallerBudget", &[], Time),
    family(Of::PartnerOrInstallation, ("audit#", "{number}"), "AuditEntry", &[], Nothing),
    family(Of::PartnerOrInstallation, ("audithead", ""), "AuditHead", &[], Nothing),
    family(Of::PartnerOrInstallation, ("idempotency#", "{hash}"), "IdempotentRequest", &[], Time),
    family(Of::Partner, ("partner", ""), "Partner", &[], Nothing),
    family(Of::Partner, ("below#", "{partner}"), "PartnerBelow", &[], Nothing),
    family(Of::Partner, ("owners", ""), "Owners", &[], Nothing),
    family(Of::Partner, ("person#", "{person}"), "Person", &[watched::DIGESTS_DUE], Command),
    family(Of::Partner, ("invitation#", "{invitation}"), "Invitation", &[watched::INVITATIONS_DUE], Time),
    family(Of::Partner, ("token#", "{token} or {org}"), "TokenEntry", &[], Time),
    family(Of::Partner, ("plan#", "{plan}"), "Plan", &[], Nothing),
    family(Of::Partner, ("assigned-plan#", "{plan}"), "AssignedPlan", &[], Nothing),
    family(Of::Partner, ("plan-assignment#", "{plan}#{partner}"), "PlanAssignment", &[], Nothing),
    family(Of::Partner, ("own-licence", ""), "OwnLicence", &[], Nothing),
    family(Of::Partner, ("org#", "{org}"), "Organisation", &[watched::DELETIONS_DUE, watched::CONNECTIONS_DUE], Organisation),
    family(Of::Partner, ("deleted#", "{org}"), "DeletionCertificate", &[], Nothing),
    family(Of::Partner, ("offer#", "{org}"), "TransferOffer", &[], Organisation),
    family(Of::Partner, ("offered#", "{org}"), "TransferOffered", &[], Organisation),
    family(Of::Partner, ("subscribed#", "{org}#{at}#{version}"), "SubscriptionChange", &[], Nothing),
    family(Of::Partner, ("open-downgrade#", "{org}"), "OpenDowngrade", &[], Organisation),
    family(Of::Partner, ("downgrade#", "{downgrade}"), "DowngradeRequest", &[], Nothing),
    family(Of::Partner, ("heard#", "{at}#{tenant}#{notice}"), "NoticeEntry", &[], Organisation),
    family(Of::Partner, ("digest#", "{person}#{until}"), "Digest", &[], Time),
    family(Of::Tenant, ("tenant", ""), "Tenant", &[watched::SNAPSHOTS_DUE], TenantLast),
    family(Of::Tenant, ("key", ""), "StoredKey", &[], Tenant),
    family(Of::Tenant, ("seat-count", ""), "SeatCount", &[], Tenant),
    family(Of::Tenant, ("snapshot#", "{snapshot}"), "Snapshot", &[watched::OPEN_WORK], Tenant),
    family(Of::Tenant, ("progress#", "{snapshot}"), "ReadingState", &[], Tenant),
    family(Of::Tenant, ("diff#", "{comparison}"), "Diff", &[watched::OPEN_WORK], Tenant),
    family(Of::Tenant, ("restore#", "{restore}"), "Restore", &[watched::OPEN_WORK], Tenant),
    family(Of::Tenant, ("slots#", "{work}"), "WorkSlots", &[], Tenant),
    family(Of::Tenant, ("given-up#", "{work}#{cause}"), "GivenUp", &[], Tenant),
    family(Of::Tenant, ("step#", "{restore}#{number}"), "StepOutcome", &[], Tenant),
    family(Of::Tenant, ("newid#", "{old id}"), "NewId", &[], Tenant),
    family(Of::Tenant, ("remaking#", "{old id}"), "Remaking", &[], Tenant),
    family(Of::Tenant, ("notice#", "{notice}"), "Notice", &[watched::NOTICES_DUE], Tenant),
    family(Of::Tenant, ("sent#", "{notice}#{person}"), "SentNotice", &[], Tenant),
];

/// The family of that prefix and owner. Looked up while compiling: a record whose family is not in the list is an
/// error then.
pub(super) const fn family_of(prefix: &str, owner: OwnerKind) -> &'static Family {
    let mut at = 0;
    while at < TABLE.len() {
        if TABLE[at].owner as u8 == owner as u8 && is_same(TABLE[at].prefix, prefix) {
            return &TABLE[at];
        }
        at += 1;
    }
    panic!("a record's family is not in FAMILIES")
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
