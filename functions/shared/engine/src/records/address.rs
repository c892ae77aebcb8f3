//! Where a row is: whose it is, under which key, and which record it holds. An address leads to one row of one owner:
//! a tenant's row is never found under another's id by mistake.

use super::Record;
use super::families::OwnerKind;
use crate::ports::Scope;
use domain::{PartnerId, TenantId};
use std::fmt;
use std::marker::PhantomData;

/// Whose rows are: what the scope of an address is made from.
pub trait Owner: Send + Sync {
    /// Which kind of owner this is, for the table of families.
    const KIND: OwnerKind;
    /// The scope that holds its rows.
    fn scope(&self) -> Scope;
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

impl Owner for TenantId {
    const KIND: OwnerKind = OwnerKind::Tenant;
    fn scope(&self) -> Scope {
        Scope::Tenant(self.clone())
    }
}

impl Owner for PartnerId {
    const KIND: OwnerKind = OwnerKind::Partner;
    fn scope(&self) -> Scope {
        Scope::Partner(self.clone())
    }
}

/// A partner, or the installation where there is none: the bootstrap token belongs to no partner.
impl Owner for Option<PartnerId> {
    const KIND: OwnerKind = OwnerKind::PartnerOrInstallation;
    fn scope(&self) -> Scope {
        self.as_ref().map_or(Scope::System, |partner| Scope::Partner(partner.clone()))
    }
}

impl Owner for Installation {
    const KIND: OwnerKind = OwnerKind::Installation;
    fn scope(&self) -> Scope {
        Scope::System
    }
}

impl Owner for Uses {
    const KIND: OwnerKind = OwnerKind::Uses;
    fn scope(&self) -> Scope {
        Scope::Uses
    }
}

impl Owner for Budgets {
    const KIND: OwnerKind = OwnerKind::Budgets;
    fn scope(&self) -> Scope {
        Scope::Budgets
    }
}

/// The address of one row.
pub struct At<T> {
    scope: Scope,
    key: String,
    record: PhantomData<fn() -> T>,
}

impl<T: Record> At<T> {
    /// The address below an owner; `rest` is what follows the family's prefix in the key.
    pub(super) fn of(owner: &T::Owner, rest: impl fmt::Display) -> Self {
        Self { scope: owner.scope(), key: format!("{}{rest}", T::PREFIX), record: PhantomData }
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
    pub(super) fn of(owner: &T::Owner, beginning: impl fmt::Display) -> Self {
        Self { scope: owner.scope(), prefix: format!("{}{beginning}", T::PREFIX), record: PhantomData }
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
