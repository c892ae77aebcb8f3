//! Where a row is: whose it is, under which key, and which record it holds. An address leads to one row of one owner:
//! a tenant's row is never found under another's id by mistake.

use super::Record;
use super::families::OwnerKind;
use crate::ports::Scope;
use domain::{PartnerId, TenantId};
use std::fmt;
use std::marker::PhantomData;

/// Whose rows are: what the scope of an address is made from. A type that is an owner says which rows of somebody it means:
/// [`PartnerId`] is what a partner has, the owner `People` is who works there.
pub trait Owner: Send + Sync {
    /// What tells one owner from another: an id, or the type itself where the installation has one such owner.
    type Id: Send + Sync;
    /// Which kind of owner this is, for the table of families.
    const KIND: OwnerKind;
    /// The scope that holds the rows.
    fn scope(of: &Self::Id) -> Scope;
}

/// The installation as an owner: look-ups by id, and states that are good once.
#[derive(Clone, Copy, Debug)]
pub struct Installation;

/// The owner of the rows that say when tokens were used, which the authorizer alone writes.
#[derive(Clone, Copy, Debug)]
pub struct Uses;

/// The owner of the rows that say what callers have used of their limits, which the functions behind the API write.
#[derive(Clone, Copy, Debug)]
pub struct Budgets;

/// The owner of the rows that say who has how much of the limits of our own applications at Microsoft.
#[derive(Clone, Copy, Debug)]
pub struct Limits;

/// The owner of what lets somebody in: tokens, links and sign-ins, of all partners.
#[derive(Clone, Copy, Debug)]
pub struct Auth;

/// The owner of the secrets of invitations that were mailed, by their hashes.
#[derive(Clone, Copy, Debug)]
pub struct Invitations;

/// The owner of what is kept of tenants that were connected before.
#[derive(Clone, Copy, Debug)]
pub struct FormerTenants;

/// The owner of an audit log: a partner's, or the installation's where there is no partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditOf(pub Option<PartnerId>);

/// The owner of what requests with an idempotency key were answered: a partner's, or the operator's where there is no
/// partner.
#[derive(Clone, Copy, Debug)]
pub struct Replies;

/// The owner of a partner's organisations: what they are, what they pay for, and what is left of them.
#[derive(Clone, Copy, Debug)]
pub struct Organisations;

/// The owner of who works for a partner, of its tokens, and of what they may do.
#[derive(Clone, Copy, Debug)]
pub struct People;

/// The owner of what a partner was notified of.
#[derive(Clone, Copy, Debug)]
pub struct Heard;

/// The owner of the work that people asked for in a partner's organisations.
#[derive(Clone, Copy, Debug)]
pub struct Jobs;

/// The owner of the data keys of a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Keys;

/// The owner of a tenant's restores: what was chosen, and what was written.
#[derive(Clone, Copy, Debug)]
pub struct Restores;

/// The owner of what was approved of a tenant's restores.
#[derive(Clone, Copy, Debug)]
pub struct Approvals;

/// The owner of the Temporary Access Passes that a tenant's restores made.
#[derive(Clone, Copy, Debug)]
pub struct AccessPasses;

/// The owner of a tenant's downloads: which files were asked for, and how far they are.
#[derive(Clone, Copy, Debug)]
pub struct Downloads;

/// The owner of what people have marked in a tenant.
#[derive(Clone, Copy, Debug)]
pub struct Marks;

/// The owner of a partner's restore sets: which restores of several tenants belong together.
#[derive(Clone, Copy, Debug)]
pub struct RestoreSets;

/// Makes a type an owner, by the kind that it is and the scope of its rows.
macro_rules! owner {
    ($owner:ty, $id:ty, $kind:ident, $of:pat => $scope:expr) => {
        impl Owner for $owner {
            type Id = $id;
            const KIND: OwnerKind = OwnerKind::$kind;
            fn scope($of: &$id) -> Scope {
                $scope
            }
        }
    };
}

owner!(Installation, Installation, Installation, _ => Scope::System);
owner!(Uses, Uses, Uses, _ => Scope::Uses);
owner!(Budgets, Budgets, Budgets, _ => Scope::Budgets);
owner!(Limits, Limits, Limits, _ => Scope::Limits);
owner!(Auth, Auth, Auth, _ => Scope::Auth);
owner!(Invitations, Invitations, Invitations, _ => Scope::Invitations);
owner!(FormerTenants, FormerTenants, FormerTenants, _ => Scope::FormerTenants);
owner!(AuditOf, AuditOf, Audit, of => Scope::Audit(of.0.clone()));
owner!(Replies, Option<PartnerId>, Replies, of => Scope::Replies(of.clone()));
owner!(PartnerId, PartnerId, Partner, of => Scope::Partner(of.clone()));
owner!(Organisations, PartnerId, Organisations, of => Scope::Organisations(of.clone()));
owner!(People, PartnerId, People, of => Scope::People(of.clone()));
owner!(Heard, PartnerId, Heard, of => Scope::Heard(of.clone()));
owner!(Jobs, PartnerId, Jobs, of => Scope::Jobs(of.clone()));
owner!(Keys, TenantId, Keys, of => Scope::Key(of.clone()));
owner!(Restores, TenantId, Restores, of => Scope::Restores(of.clone()));
owner!(Approvals, TenantId, Approvals, of => Scope::Approvals(of.clone()));
owner!(AccessPasses, TenantId, AccessPasses, of => Scope::AccessPasses(of.clone()));
owner!(Downloads, TenantId, Downloads, of => Scope::Downloads(of.clone()));
owner!(Marks, TenantId, Marks, of => Scope::Marks(of.clone()));
owner!(RestoreSets, PartnerId, RestoreSets, of => Scope::RestoreSets(of.clone()));
owner!(TenantId, TenantId, Tenant, of => Scope::Tenant(of.clone()));

/// The address of one row.
pub struct At<T> {
    scope: Scope,
    key: String,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> At<T> {
    /// The address below an owner; `rest` is what follows the family's prefix in the key.
    pub(super) fn of(owner: &<T::Owner as Owner>::Id, rest: impl fmt::Display) -> Self {
        Self { scope: T::Owner::scope(owner), key: format!("{}{rest}", T::PREFIX), record: PhantomData }
    }

    /// The scope that holds the row.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The row's key in that scope.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        Self { scope: self.scope.clone(), key: self.key.clone(), record: PhantomData }
    }
}

impl<T> fmt::Debug for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.scope.text(), self.key)
    }
}

/// The address of a list of rows: all of one record that an owner has, or those whose keys begin alike.
pub struct Under<T> {
    scope: Scope,
    prefix: String,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> Under<T> {
    /// The rows of an owner whose keys go on like that after the family's prefix.
    pub(super) fn of(owner: &<T::Owner as Owner>::Id, beginning: impl fmt::Display) -> Self {
        Self {
            scope: T::Owner::scope(owner),
            prefix: format!("{}{beginning}", T::PREFIX),
            record: PhantomData,
        }
    }

    /// The scope that holds the rows.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The beginning that their keys have in common.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}
