//! From the organisation in a path to its tenant, for a caller who has the right; or from a partner to the tenants of all of
//! its organisations, each asked for by itself.
//!
//! A handler says in its arguments which right its route takes: [`Admitted<Compare>`]. The gate is asked before the
//! handler runs, and only what it gave holds a tenant, so that a route which forgets to ask has none to work on.

use crate::SnapshotApi;
use axum::extract::FromRequestParts;
use backup::commands::across::{Account, Mark, Standing, Subject, Unknown};
use backup::commands::slots::Asker;
use domain::organisations::ApprovalRule;
use domain::rights::{Action, Role};
use domain::{Error, OrganisationId, PartnerId, PersonId, Result, TenantId};
use engine::records::{Organisation, OrganisationState, RestoreSet};
use http::request::Parts;
use partners::commands::{Caller, Gate, Seen};
use restore::commands::access_passes::PassReader;
use restore::commands::approvals::Approver;
use runtime::http::{Asked, Takes, id_in_path};
use runtime::openapi::Operation;
use runtime::problem::Problem;
use std::marker::PhantomData;

/// A right that routes of the data plane take.
pub trait Right {
    /// The row of the rights table that the gate asks.
    const ACTION: Action;
}

/// To take, list, search and read snapshots.
pub enum UseSnapshots {}
/// To compare snapshots with each other and with the live tenant.
pub enum Compare {}
/// To see what a restore would do, and what it did.
pub enum PreviewRestore {}
/// To let a restore write into the live tenant.
pub enum RunRestore {}
/// To agree that one does which somebody else asked for.
pub enum ApproveRestore {}
/// To read the Temporary Access Pass that a restore had made for somebody.
pub enum ReadAccessPass {}
/// To download what is backed up.
pub enum DownloadData {}
/// To mark what is known.
pub enum MarkThings {}

impl Right for UseSnapshots {
    const ACTION: Action = Action::UseSnapshots;
}
impl Right for Compare {
    const ACTION: Action = Action::Compare;
}
impl Right for PreviewRestore {
    const ACTION: Action = Action::PreviewRestore;
}
impl Right for RunRestore {
    const ACTION: Action = Action::RunRestore;
}
impl Right for DownloadData {
    const ACTION: Action = Action::Download;
}
impl Right for MarkThings {
    const ACTION: Action = Action::Mark;
}
impl Right for ReadAccessPass {
    const ACTION: Action = Action::ReadAccessPass;
}
impl Right for ApproveRestore {
    const ACTION: Action = Action::ApproveRestore;
}

/// The organisation of the path's `{org}`, for a caller who has that right there.
pub struct Admitted<R> {
    organisation: Organisation,
    /// How logs and rows name the caller's token.
    token: String,
    is_end_customer: bool,
    /// The person who asks, where it is one.
    person: Option<PersonId>,
    /// The person in whose name it is asked.
    in_name_of: Option<PersonId>,
    right: PhantomData<R>,
}

impl<R> Admitted<R> {
    /// The organisation's id, for paths.
    pub fn organisation(&self) -> &OrganisationId {
        &self.organisation.id
    }

    /// Who asks, for work whose amount is bounded.
    pub fn asker(&self) -> Asker {
        let (name, person) = (self.token.clone(), self.in_name_of.clone());
        let place = Some((self.organisation.partner.clone(), self.organisation.id.clone()));
        Asker { name, is_end_customer: self.is_end_customer, person, place }
    }

    /// Who approves.
    ///
    /// # Errors
    /// `Denied` where no person asks.
    pub fn approver(&self) -> Result<Approver> {
        Approver::of(self.person.as_ref())
    }

    /// Who reads a pass.
    ///
    /// # Errors
    /// `Denied` where no person asks.
    pub fn pass_reader(&self) -> Result<PassReader> {
        PassReader::of(self.person.as_ref())
    }

    /// Which restores wait for somebody else to approve them.
    pub fn approvals(&self) -> ApprovalRule {
        self.organisation.approvals
    }

    /// The tenant, to read its snapshots: possible as long as they are kept, also when backups have stopped.
    ///
    /// # Errors
    /// `Conflict` when the organisation has no tenant.
    pub fn stored(&self) -> Result<&TenantId> {
        let tenant = self.organisation.tenant.as_ref();
        tenant.ok_or_else(|| Error::conflict("the organisation's tenant is not connected yet"))
    }

    /// The tenant, to read or write in it at Microsoft: possible while its backups run.
    ///
    /// # Errors
    /// `Conflict` when the organisation's backups have stopped, or it has no tenant.
    pub fn live(&self) -> Result<&TenantId> {
        let state = self.organisation.state;
        if !matches!(state, OrganisationState::Active | OrganisationState::Suspended) {
            return Err(Error::conflict("the organisation's backups have stopped"));
        }
        self.stored()
    }
}

/// All organisations of a partner, for a caller who has that right in some of them: each is asked for by itself.
pub struct AdmittedEach<R> {
    gate: Gate,
    caller: Caller,
    right: PhantomData<R>,
}

/// An organisation that is asked, with what it is called.
pub struct Named {
    /// Its tenant, or why that is not asked.
    pub subject: Subject,
    /// Its name; none where its row cannot be read.
    pub name: Option<String>,
}

/// A part of the organisations.
pub struct NamedPart {
    /// In the order of their ids.
    pub named: Vec<Named>,
    /// Behind which one the next part begins; none at the end.
    pub next: Option<OrganisationId>,
}

/// How many organisations are asked together.
const ORGANISATIONS: usize = 250;

impl<R: Right> AdmittedEach<R> {
    /// The partner whose organisations are asked: the caller's own, or one below it.
    ///
    /// # Errors
    /// `NotFound` when the caller does not see it; `Denied` when the right is missing everywhere.
    pub async fn partner(&self, named: Option<&PartnerId>) -> Result<PartnerId> {
        self.gate.asked_partner(&self.caller, named, R::ACTION).await
    }

    /// The next organisations of that partner, from the mark on.
    ///
    /// # Errors
    /// Those of the catalog.
    pub async fn part(&self, partner: &PartnerId, from: Option<&Mark>) -> Result<NamedPart> {
        let (gate, caller) = (&self.gate, &self.caller);
        let begun = from.filter(|mark| !mark.is_behind()).map(|mark| &mark.organisation);
        let mut seen: Vec<Seen> = match begun {
            Some(id) => gate.organisation_of(caller, partner, R::ACTION, id).await?.into_iter().collect(),
            None => Vec::new(),
        };
        let behind = from.map(|mark| &mark.organisation);
        let part = gate.organisations_behind(caller, partner, R::ACTION, behind, ORGANISATIONS).await?;
        seen.extend(part.organisations);
        Ok(NamedPart { named: seen.into_iter().map(named).collect(), next: part.next })
    }
}

impl<R: Right> AdmittedEach<R> {
    /// The caller's own partner, for whoever may do this for all of its organisations: what is made there is the partner's.
    ///
    /// # Errors
    /// `Denied` to end customers, and when the right is missing.
    pub async fn own_partner(&self) -> Result<PartnerId> {
        if self.caller.member()?.role == Role::EndCustomer {
            return Err(Error::denied("what concerns several organisations is its partner's to do"));
        }
        self.partner(None).await
    }

    /// Whether the caller sees one of the organisations of a set.
    pub fn sees_one(&self, set: &RestoreSet) -> bool {
        self.caller.member().is_ok_and(|member| set.members.iter().any(|of| member.sees(&of.organisation)))
    }

    /// Who asks, for work whose amount is bounded.
    ///
    /// # Errors
    /// `Denied` where no partner's person or token asks.
    pub fn asker(&self) -> Result<Asker> {
        let member = self.caller.member()?;
        let is_end_customer = member.role == Role::EndCustomer;
        let (name, person) = (member.token.clone(), member.in_name_of().cloned());
        // Why no place: each organisation's own part of it is found there, asked for as `Admitted` says.
        Ok(Asker { name, is_end_customer, person, place: None })
    }

    /// These organisations, each as a path that names it would let the caller in, in their order.
    pub async fn each(&self, ids: &[OrganisationId]) -> Vec<Result<Admitted<R>>> {
        let each = self.gate.each(&self.caller, ids, R::ACTION).await.into_iter();
        each.map(|organisation| Admitted::of(organisation?, &self.caller)).collect()
    }
}

fn named(seen: Seen) -> Named {
    let not = |standing, cause| Err(Account::unknown(standing, cause));
    let tenant = match &seen.row {
        None => not(Standing::NotReachable, Unknown::Unreadable),
        Some(_) if !seen.is_allowed => not(Standing::NotAllowed, Unknown::SwitchedOff),
        Some(row) => match &row.tenant {
            Some(tenant) => Ok(tenant.clone()),
            None => not(Standing::NotHeld, Unknown::NotConnected),
        },
    };
    let name = seen.row.map(|row| row.name);
    Named { subject: Subject { organisation: seen.id, tenant }, name }
}

impl<R: Right> FromRequestParts<SnapshotApi> for AdmittedEach<R> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &SnapshotApi) -> Result<Self, Problem> {
        let Asked(caller) = Asked::from_request_parts(parts, api).await?;
        caller.member()?;
        Ok(Self { gate: api.gate.clone(), caller, right: PhantomData })
    }
}

impl<R: Right> Takes for AdmittedEach<R> {
    fn right() -> Option<Action> {
        Some(R::ACTION)
    }
    fn note(operation: &mut Operation) {
        operation.asks_caller();
        operation.right(R::ACTION);
    }
}

impl<R: Right> FromRequestParts<SnapshotApi> for Admitted<R> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &SnapshotApi) -> Result<Self, Problem> {
        let Asked(caller) = Asked::from_request_parts(parts, api).await?;
        let id: OrganisationId = id_in_path(parts, "org").await?;
        let organisation = api.gate.organisation(&caller, &id, R::ACTION).await?.value;
        Ok(Self::of(organisation, &caller)?)
    }
}

impl<R: Right> Admitted<R> {
    fn of(organisation: Organisation, caller: &Caller) -> Result<Self> {
        let member = caller.member()?;
        let (token, is_end_customer) = (member.token.clone(), member.role == Role::EndCustomer);
        let (person, in_name_of) = (member.person().cloned(), member.in_name_of().cloned());
        Ok(Self { organisation, token, is_end_customer, person, in_name_of, right: PhantomData })
    }
}

impl<R: Right> Takes for Admitted<R> {
    fn right() -> Option<Action> {
        Some(R::ACTION)
    }
    fn note(operation: &mut Operation) {
        operation.asks_caller();
        operation.right(R::ACTION);
        // Why on every route: an organisation without a tenant is answered 409.
        operation.problems(&[409]);
    }
}
