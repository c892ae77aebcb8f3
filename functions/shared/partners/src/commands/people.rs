//! The people of a partner: read, changed, removed. A partner is never left without an Owner. With a person go what they
//! made and what they hold: tokens that may do more than they may now, and sessions (see `makers`).

use super::makers::{self, AllTooWide, reach_of_person};
use super::{Caller, Gate, Listed};
use domain::reach::Reach;
use domain::rights::Role;
use domain::{Error, ErrorKind, ErrorReason, OrganisationId, PartnerId, PersonId, Result};
use engine::ports::{Clock, Page, Write};
use engine::records::{
    Found, IdentityLink, Maker, Owners, Person, Record, Records, TokenEntry, delete, end_of_sessions,
    put_new, replace,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How often a change is tried when another change of the partner's Owners came between.
const TRIES: u32 = 4;

/// What can be asked about a partner's people.
#[derive(Clone)]
pub struct People {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
}

/// What is to be changed of a person; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct PersonChange {
    /// The new name; spaces around it are cut off.
    pub name: Option<String>,
    /// Their IANA time zone.
    pub time_zone: Option<String>,
    /// The new role, which the caller must be allowed to give.
    pub role: Option<Role>,
    /// The organisations that the person is limited to; an inner none lifts the limitation.
    pub organisations: Option<Option<Vec<OrganisationId>>>,
}

/// A person who was changed, and what became of the tokens that they made.
#[derive(Clone, Debug)]
pub struct ChangedPerson {
    /// The person as they are now, with the version that the next change must name.
    pub person: Found<Person>,
    /// The tokens that were revoked or narrowed with them, as they are now.
    pub tokens: EndedTokens,
}

/// Tokens that were revoked or narrowed with their maker.
#[derive(Clone, Debug)]
pub struct EndedTokens {
    /// The tokens, as they are now.
    pub entries: Vec<TokenEntry>,
    /// Whether these are all. The others do no more than their maker either way.
    pub is_complete: bool,
}

impl People {
    /// The people of the caller's partner, oldest first.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Person>> {
        let partner = self.gate.people(caller, &[]).await?;
        let (found, next) = self.gate.records.list(&Person::all(&partner.id), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// One person of the caller's partner, with the version that a change must name.
    pub async fn get(&self, caller: &Caller, id: &PersonId) -> Result<Found<Person>> {
        let partner = self.gate.people(caller, &[]).await?;
        self.find(&partner.id, id).await
    }

    /// Changes a person that was read with the version `expected`; the version that is given back is one more. Tokens
    /// that the person made, and that may do more than the person may then, are revoked or narrowed.
    ///
    /// # Errors
    /// `Stale` when it was changed meanwhile; `Denied` when a Super Admin would change or make an Owner;
    /// `Conflict` for the last Owner; `Invalid` naming the field.
    pub async fn change(
        &self,
        caller: &Caller,
        id: &PersonId,
        expected: u64,
        change: &PersonChange,
    ) -> Result<ChangedPerson> {
        for tried in 1.. {
            match self.change_once(caller, id, expected, change).await {
                Err(e) if e.reason() == Some(ErrorReason::Raced) && tried < TRIES => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    async fn change_once(
        &self,
        caller: &Caller,
        id: &PersonId,
        expected: u64,
        change: &PersonChange,
    ) -> Result<ChangedPerson> {
        let partner = self.gate.people(caller, &[]).await?;
        let Found { value: before, version } = self.find(&partner.id, id).await?;
        let role = change.role.unwrap_or(before.role);
        // Why both roles: whoever may not make an Owner may not unmake one either.
        self.gate.people(caller, &[before.role, role]).await?;
        if version != expected {
            return Err(Error::stale("the person was changed meanwhile"));
        }
        let mut person = before.clone();
        let limitation = match &change.organisations {
            Some(limitation) => limitation.clone(),
            None => before.organisations.clone().map(|o| o.into_iter().collect()),
        };
        if change.organisations.is_some() || change.role.is_some() {
            let reach = self.gate.reach(caller, role, limitation).await?;
            person.organisations = reach.map(BTreeSet::from_iter);
        }
        if let Some(name) = &change.name {
            name.trim().clone_into(&mut person.name);
        }
        let now = self.clock.now();
        // Why with the role: it says what is heard by default, and a topic that it may not see must not be mailed.
        person.take_role(role, now).map_err(|e| Error::invalid_field("timeZone", e.summary()))?;
        person
            .move_to(change.time_zone.as_deref().unwrap_or(&before.time_zone), now)
            .map_err(|e| Error::invalid_field("timeZone", e.summary()))?;
        let mut writes = vec![replace(&person, version)?];
        if before.role != role {
            let with = (role == Role::Owner).then_some(id);
            let without = (before.role == Role::Owner).then_some(id);
            writes.extend(owners(self.records(), &partner.id, with, without).await?);
        }
        let left = reach_of_person(&person);
        let is_less = left != reach_of_person(&before);
        let tokens =
            if is_less { self.too_wide(&partner.id, id, Some(&left)).await? } else { AllTooWide::NONE };
        let is_complete = tokens.is_complete;
        let entries = makers::end(self.records(), tokens, writes).await.map_err(raced)?;
        let tokens = EndedTokens { entries, is_complete };
        Ok(ChangedPerson { person: Found { value: person, version: version + 1 }, tokens })
    }

    /// Removes a person, and the tie to their sign-in: whoever signs in with it is no person of any partner then. Their
    /// sessions end, and the tokens that they made are revoked; it gives those.
    ///
    /// # Errors
    /// `Denied` when a Super Admin would remove an Owner; `Conflict` for the last Owner.
    pub async fn remove(&self, caller: &Caller, id: &PersonId) -> Result<EndedTokens> {
        for tried in 1.. {
            match self.remove_once(caller, id).await {
                Err(e) if e.reason() == Some(ErrorReason::Raced) && tried < TRIES => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    async fn remove_once(&self, caller: &Caller, id: &PersonId) -> Result<EndedTokens> {
        let partner = self.gate.people(caller, &[]).await?;
        let found = self.find(&partner.id, id).await?;
        self.gate.people(caller, &[found.value.role]).await?;
        let mut writes = vec![delete(&found.value, found.version)];
        if let Some(identity) = &found.value.identity
            && let Some(link) = self.records().find(&IdentityLink::at(identity)).await?
        {
            writes.push(delete(&link.value, link.version));
        }
        if found.value.role == Role::Owner {
            writes.extend(owners(self.records(), &partner.id, None, Some(id)).await?);
        }
        let tokens = self.too_wide(&partner.id, id, None).await?;
        let sessions = end_of_sessions(self.records(), &partner.id, id).await?;
        let is_complete = tokens.is_complete;
        let entries = makers::end(self.records(), tokens, writes).await.map_err(raced)?;
        // Why after: without its person no session is good, so nothing hangs on this write; the list is tidy.
        if !sessions.is_empty()
            && let Err(error) = self.records().write(sessions).await
        {
            tracing::warn!(person = %id, %error, "the sessions of a removed person were left to their time");
        }
        Ok(EndedTokens { entries, is_complete })
    }

    /// The tokens that a person made, and that may do more than what is `left` to the person.
    async fn too_wide(&self, partner: &PartnerId, id: &PersonId, left: Option<&Reach>) -> Result<AllTooWide> {
        let maker = Maker::Person { partner: partner.clone(), person: id.clone() };
        makers::too_wide(self.records(), partner, (&maker, left), self.clock.now()).await
    }

    async fn find(&self, partner: &PartnerId, id: &PersonId) -> Result<Found<Person>> {
        let found = self.records().find(&Person::at(partner, id)).await?;
        found.ok_or_else(|| Error::not_found("there is no such person"))
    }

    fn records(&self) -> &Records {
        &self.gate.records
    }
}

/// A conflict that a write met, with the reason [`ErrorReason::Raced`]. One that a rule declares, such as that of the
/// last Owner, has no reason: trying again does not change it.
pub(super) fn raced(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Conflict => Error::conflict("somebody else changed the partner's people at the same time")
            .because(ErrorReason::Raced)
            .caused_by(error),
        _ => error,
    }
}

/// The write that adds an Owner or takes one out; it fails when somebody else does either at the same time.
///
/// # Errors
/// `Conflict` when nobody would be left.
pub(super) async fn owners(
    records: &Records,
    partner: &PartnerId,
    with: Option<&PersonId>,
    without: Option<&PersonId>,
) -> Result<Option<Write>> {
    if with.is_none() && without.is_none() {
        return Ok(None);
    }
    let found = records.find(&Owners::at(partner)).await?;
    let (mut owners, version) = if let Some(found) = found {
        (found.value, Some(found.version))
    } else {
        // Why: partners made before there was this row have none until their Owners change.
        let people = records.list_all(&Person::all(partner)).await?;
        let people = people.into_iter().map(|p| p.value).filter(|p| p.role == Role::Owner);
        (Owners { partner: partner.clone(), people: people.map(|p| p.id).collect() }, None)
    };
    owners.people.extend(with.cloned());
    if let Some(leaving) = without {
        owners.people.remove(leaving);
    }
    if owners.people.is_empty() {
        return Err(Error::conflict("the last Owner of a partner stays"));
    }
    match version {
        Some(version) => replace(&owners, version).map(Some),
        None => put_new(&owners).map(Some),
    }
}
