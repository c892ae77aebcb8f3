//! Every family of rows that the catalog holds, in one list: whose they are, how their keys look, where they are watched
//! and what ends them. The deletion of an organisation sweeps its tenant's rows from it, FORMAT.md's table is checked against
//! it, and a record whose family is not in it does not compile. Partners' rows that end with an organisation are found by its
//! id, in `purge_data::organisations`: a new family of these is added there, too.

use super::watched;
use crate::ports::Scope;
use domain::TenantId;

/// Whose the rows of a family are. Each kind has scopes of its own; `rights` says which function may do what in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerKind {
    /// The installation's own: look-ups by id, and states that are good once.
    Installation,
    /// The authorizer's own, the only rows that it may write.
    Uses,
    /// What callers have used of their limits: rows of the functions behind the API.
    Budgets,
    /// Who has how much of the limits that Microsoft sets to our applications: rows of the jobs that call it.
    Limits,
    /// What lets somebody in.
    Auth,
    /// The secrets of invitations that were mailed.
    Invitations,
    /// Tenants that were connected before.
    FormerTenants,
    /// An audit log: a partner's, or the installation's.
    Audit,
    /// What requests were answered: a partner's, or the operator's.
    Replies,
    /// A partner's: its place in the tree, and its plans.
    Partner,
    /// A partner's organisations: what they are, what they pay for, and what is left of them.
    Organisations,
    /// Who works for a partner, and its tokens as they are listed.
    People,
    /// What a partner was notified of.
    Heard,
    /// The work that people asked for in a partner's organisations.
    Jobs,
    /// A tenant's data keys.
    Keys,
    /// A tenant's restores: what was chosen, and what was written.
    Restores,
    /// What was approved of a tenant's restores.
    Approvals,
    /// The Temporary Access Passes that a tenant's restores made, until they are read or end.
    AccessPasses,
    /// A tenant's downloads: which files were asked for, and how far they are.
    Downloads,
    /// What people have marked in a tenant.
    Marks,
    /// A partner's restore sets: which restores of several tenants belong together.
    RestoreSets,
    /// All else that is a customer tenant's.
    Tenant,
}

impl OwnerKind {
    /// The owner as FORMAT.md calls it: the name that its scopes have or begin with.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installation => "system",
            Self::Uses => "uses",
            Self::Budgets => "budgets",
            Self::Limits => "limits",
            Self::Auth => "auth",
            Self::Invitations => "invitations",
            Self::FormerTenants => "former-tenants",
            Self::Audit => "audit",
            Self::Replies => "replies",
            Self::Partner => "partner",
            Self::Organisations => "organisations",
            Self::People => "people",
            Self::Heard => "heard",
            Self::Jobs => "jobs",
            Self::Keys => "key",
            Self::Restores => "restores",
            Self::Approvals => "approvals",
            Self::AccessPasses => "access-passes",
            Self::Downloads => "downloads",
            Self::Marks => "marks",
            Self::RestoreSets => "restore-sets",
            Self::Tenant => "tenant",
        }
    }

    /// The scope of a tenant's rows of that kind; none where the rows are no tenant's.
    pub fn scope_of_tenant(self, tenant: &TenantId) -> Option<Scope> {
        match self {
            Self::Keys => Some(Scope::Key(tenant.clone())),
            Self::Restores => Some(Scope::Restores(tenant.clone())),
            Self::Approvals => Some(Scope::Approvals(tenant.clone())),
            Self::AccessPasses => Some(Scope::AccessPasses(tenant.clone())),
            Self::Downloads => Some(Scope::Downloads(tenant.clone())),
            Self::Marks => Some(Scope::Marks(tenant.clone())),
            Self::Tenant => Some(Scope::Tenant(tenant.clone())),
            _ => None,
        }
    }

    /// The one scope of rows of that kind; none where each partner or tenant has its own.
    pub fn only_scope(self) -> Option<Scope> {
        match self {
            Self::Installation => Some(Scope::System),
            Self::Uses => Some(Scope::Uses),
            Self::Budgets => Some(Scope::Budgets),
            Self::Limits => Some(Scope::Limits),
            Self::Auth => Some(Scope::Auth),
            Self::Invitations => Some(Scope::Invitations),
            Self::FormerTenants => Some(Scope::FormerTenants),
            _ => None,
        }
    }
}

/// What ends the rows of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The deletion of the organisation that has the tenant: all rows of the tenant's scopes are deleted, family by
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
    family(Of::Installation, ("plan#", "{plan}"), "PlanPlace", &[], Nothing),
    family(Of::Uses, ("used#", "{partner}#{token}"), "TokenUse", &[], Time),
    family(Of::Uses, ("session-used#", "{partner}#{session}"), "SessionUse", &[], Time),
    family(Of::Budgets, ("budget#", "{caller}"), "CallerBudget", &[], Time),
    family(Of::Limits, ("leases#", "{application}"), "LimitLeases", &[], Time),
    family(Of::Auth, ("token#", "{hash}"), "ApiToken", &[], Time),
    family(Of::Auth, ("session#", "{hash}"), "Session", &[], Time),
    family(Of::Auth, ("access#", "{hash}"), "AccessLink", &[], Time),
    family(Of::Auth, ("identity#", "{hash}"), "IdentityLink", &[], Command),
    family(Of::Invitations, ("invitation#", "{hash}"), "InvitationToken", &[], Time),
    family(Of::FormerTenants, ("former-tenant#", "{hash}"), "FormerTenant", &[], Nothing),
    family(Of::Audit, ("entry#", "{at}#{chain}#{number}"), "AuditEntry", &[], Nothing),
    family(Of::Audit, ("head#", "{chain}"), "AuditHead", &[], Nothing),
    family(Of::Audit, ("day#", "{day}#{partner}"), "AuditDay", &[], Nothing),
    family(Of::Audit, ("signed#", "{day}#{part}"), "AuditStatement", &[], Nothing),
    family(Of::Audit, ("all-signed-until", ""), "AuditSignedUntil", &[], Nothing),
    family(Of::Audit, ("audit#", "{number}"), "OlderAuditEntry", &[], Nothing),
    family(Of::Audit, ("audithead", ""), "OlderAuditHead", &[], Nothing),
    family(Of::Replies, ("idempotency#", "{hash}"), "IdempotentRequest", &[], Time),
    family(Of::Partner, ("partner", ""), "Partner", &[], Nothing),
    family(Of::Partner, ("below#", "{partner}"), "PartnerBelow", &[], Nothing),
    family(Of::Partner, ("invited", ""), "InvitedToday", &[], Nothing),
    family(Of::Partner, ("plan#", "{plan}"), "Plan", &[], Nothing),
    family(Of::Partner, ("assigned-plan#", "{plan}"), "AssignedPlan", &[], Nothing),
    family(Of::Partner, ("plan-assignment#", "{plan}#{partner}"), "PlanAssignment", &[], Nothing),
    family(Of::Partner, ("own-licence", ""), "OwnLicence", &[], Nothing),
    family(Of::Organisations, ("org#", "{org}"), "Organisation", &[watched::DELETIONS_DUE, watched::CONNECTIONS_DUE], Organisation),
    family(Of::Organisations, ("deleted#", "{org}"), "DeletionCertificate", &[], Nothing),
    family(Of::Organisations, ("offer#", "{org}"), "TransferOffer", &[], Organisation),
    family(Of::Organisations, ("offered#", "{org}"), "TransferOffered", &[], Organisation),
    family(Of::Organisations, ("subscribed#", "{org}#{at}#{version}"), "SubscriptionChange", &[], Nothing),
    family(Of::Organisations, ("open-downgrade#", "{org}"), "OpenDowngrade", &[], Organisation),
    family(Of::Organisations, ("acknowledged#", "{org}#{cause}"), "Acknowledgement", &[], Organisation),
    family(Of::Organisations, ("downgrade#", "{downgrade}"), "DowngradeRequest", &[], Nothing),
    family(Of::People, ("token#", "{token} or {org}"), "TokenEntry", &[], Time),
    family(Of::People, ("session#", "{person or org}#{session}"), "SessionEntry", &[], Time),
    family(Of::People, ("owners", ""), "Owners", &[], Nothing),
    family(Of::People, ("person#", "{person}"), "Person", &[watched::DIGESTS_DUE], Command),
    family(Of::People, ("invitation#", "{invitation}"), "Invitation", &[watched::INVITATIONS_DUE], Time),
    family(Of::People, ("digest#", "{person}#{until}"), "Digest", &[], Time),
    family(Of::Heard, ("heard#", "{at}#{tenant}#{notice}"), "NoticeEntry", &[], Organisation),
    family(Of::Jobs, ("job#", "{at}#{job}"), "JobEntry", &[], Organisation),
    family(Of::Keys, ("key#", "{org}"), "StoredKey", &[], Tenant),
    family(Of::Restores, ("restore#", "{restore}"), "Restore", &[watched::OPEN_WORK], Tenant),
    family(Of::Restores, ("step#", "{restore}#{number}"), "StepOutcome", &[], Tenant),
    family(Of::Restores, ("newid#", "{old id}"), "NewId", &[], Tenant),
    family(Of::Restores, ("remaking#", "{old id}"), "Remaking", &[], Tenant),
    family(Of::Restores, ("receipt#", "{restore}"), "SignedReceipt", &[], Tenant),
    family(Of::Approvals, ("approval#", "{restore}"), "Approval", &[], Tenant),
    family(Of::AccessPasses, ("pass#", "{restore}#{number}"), "AccessPass", &[], Tenant),
    family(Of::Downloads, ("download#", "{download}"), "Download", &[], Tenant),
    family(Of::Marks, ("mark#", "{mark}"), "Mark", &[], Tenant),
    family(Of::Marks, ("expected#", "{comparison}"), "Expected", &[], Tenant),
    family(Of::RestoreSets, ("set#", "{set}"), "RestoreSet", &[], Time),
    family(Of::Tenant, ("tenant", ""), "Tenant", &[watched::SNAPSHOTS_DUE], TenantLast),
    family(Of::Tenant, ("seat-count", ""), "SeatCount", &[], Tenant),
    family(Of::Tenant, ("locks-renewed", ""), "LocksRenewed", &[], Tenant),
    family(Of::Tenant, ("snapshot#", "{snapshot}"), "Snapshot", &[watched::OPEN_WORK], Tenant),
    family(Of::Tenant, ("progress#", "{snapshot}"), "ReadingState", &[], Tenant),
    family(Of::Tenant, ("diff#", "{comparison}"), "Diff", &[watched::OPEN_WORK], Tenant),
    family(Of::Tenant, ("slots#", "{work}"), "WorkSlots", &[], Tenant),
    family(Of::Tenant, ("given-up#", "{work}#{cause}"), "GivenUp", &[], Tenant),
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
