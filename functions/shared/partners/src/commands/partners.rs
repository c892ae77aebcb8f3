//! Partners: created and read, and their Entra SKU activated.

use super::Listed;
use super::invitations::one_more;
use super::makers;
use super::people::raced;
use super::tokens::{keep, new_token};
use super::{Caller, Gate};
use domain::rights::{Action, Role, may_give};
use domain::{Error, InvitationId, PartnerId, PersonId, Result};
use engine::ports::{Clock, Ids, Page};
use engine::records::{
    ApiToken, Invitation, Invited, Owners, Partner, PartnerBelow, Person, Record, put_new,
};
use std::sync::Arc;

/// How many partners a partner may have above it.
const MAX_ABOVE: usize = 10;

/// What can be asked about partners.
#[derive(Clone)]
pub struct Partners {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows and the secrets of new tokens.
    pub ids: Arc<dyn Ids>,
    /// Whether people can sign in, because an issuer is configured. Then the Owner of a new partner is invited to.
    pub has_sign_in: bool,
}

/// The person who owns a new partner, and is notified of what happens to its customers.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The person's name, as mails address them.
    pub name: String,
    /// The address that mail is sent to.
    pub email: String,
    /// Their IANA time zone.
    pub time_zone: String,
}

/// A partner that was just made.
#[derive(Clone, Debug)]
pub struct NewPartner {
    /// The row of the partner, as it was inserted.
    pub partner: Partner,
    /// Its first API token: this is the only time that it can be seen. None where its Owner is invited, and whoever made
    /// the partner may give no Owner's token.
    pub owner_token: Option<String>,
}

impl Partners {
    /// Makes a partner with its Owner, a first token and, where people can sign in, the Owner's invitation: a top
    /// partner when the operator asks, else one below the caller's. The token is an Owner's where the caller may give
    /// that role; else there is none if the Owner is invited, or one of the caller's own role if nobody can sign in.
    ///
    /// # Errors
    /// `Denied` when the caller may not; `Invalid` when there is no such time zone; `Throttled` when the caller's partner
    /// has invited as many people today as it may.
    pub async fn create(&self, caller: &Caller, name: &str, owner: &Owner) -> Result<NewPartner> {
        let above = match caller {
            Caller::Operator => Vec::new(),
            Caller::Member(_) | Caller::SignedIn(..) => {
                // Making a partner makes people. Why no role is asked for: the Owner will be in the new partner, not in
                // the caller's.
                let parent = self.gate.people(caller, &[]).await?;
                if parent.above.len() >= MAX_ABOVE {
                    return Err(Error::conflict("no partner can be below this one: the tree is too deep"));
                }
                let mut above = parent.above;
                above.push(parent.id);
                above
            }
        };
        // Why all of it is one write: without an Owner nobody of the partner could ever manage its people.
        let now = self.clock.now();
        let id = PartnerId::from_ulid(&self.ids.ulid());
        let partner = Partner {
            id: id.clone(),
            name: name.trim().to_owned(),
            above,
            entra_sku_active: false,
            created_at: now,
        };
        let person = PersonId::from_ulid(&self.ids.ulid());
        let person = Person::owner(person, id.clone(), &owner.name, &owner.email, &owner.time_zone, now)
            .map_err(|e| Error::invalid_field("owner.timeZone", e.summary()))?;
        let mut writes = vec![put_new(&partner)?, put_new(&person)?];
        // None where the caller may not give an Owner's rights and the Owner can be invited instead.
        let owner_token = match self.role_of_token(caller)? {
            Some(role) => {
                let (text, token) = new_token(self.ids.as_ref(), now, (id, role), role.label(), None);
                // Why the person and not their token: the new partner's token is to outlive that, and its next.
                let made_by = makers::first_of(&self.gate.records, Some(caller.maker()?)).await?;
                writes.extend(keep(&ApiToken { made_by, ..token })?);
                Some(text)
            }
            None => None,
        };
        // Every change of who owns a partner changes this row, so the last Owner cannot leave.
        let owners = Owners { partner: partner.id.clone(), people: [person.id.clone()].into() };
        writes.push(put_new(&owners)?);
        if self.has_sign_in {
            let invited = Invited {
                person: Some(person.id.clone()),
                name: person.name.clone(),
                email: person.email.clone(),
                role: Role::Owner,
                organisations: None,
                time_zone: person.time_zone.clone(),
            };
            let id = InvitationId::from_ulid(&self.ids.ulid());
            writes.push(put_new(&Invitation::new(id, &partner, invited, now))?);
            // Why of the partner that asks: the new one would have a count of its own each time. Its top counts too,
            // for all below it together, unless it asks itself.
            if let Some(asks) = partner.above.last() {
                let top = partner.above.first().filter(|top| *top != asks);
                writes.extend(one_more(&self.gate.records, asks, top, now).await?);
            }
        }
        // Why a row for each partner above: each lists all that is below it, without walking the tree.
        for above in partner.above.iter().cloned() {
            writes.push(put_new(&PartnerBelow { above, partner: partner.id.clone() })?);
        }
        self.gate.records.write(writes).await.map_err(raced)?;
        Ok(NewPartner { partner, owner_token })
    }

    /// The role of the token that whoever makes a partner gets.
    fn role_of_token(&self, caller: &Caller) -> Result<Option<Role>> {
        let own = match caller {
            Caller::Operator => Role::Owner,
            Caller::Member(_) | Caller::SignedIn(..) => caller.member()?.role,
        };
        Ok(if may_give(own, Role::Owner) { Some(Role::Owner) } else { (!self.has_sign_in).then_some(own) })
    }

    /// The partner that the caller belongs to.
    pub async fn get(&self, caller: &Caller) -> Result<Partner> {
        Ok(self.gate.partner(caller, None, Action::ReadPartner).await?.value)
    }

    /// The partners below the caller's, oldest first, however deep.
    pub async fn list_below(&self, caller: &Caller, page: Page) -> Result<Listed<Partner>> {
        let partner = self.gate.partner(caller, None, Action::ReadPartner).await?.value;
        let (found, next) = self.gate.records.list(&PartnerBelow::all(&partner.id), page).await?;
        let mut items = Vec::with_capacity(found.len());
        for below in found {
            items.push(self.gate.records.get(&Partner::at(&below.value.partner)).await?.value);
        }
        Ok(Listed { items, next })
    }

    /// Activates the Entra SKU of the caller's partner, or of one below it. Activating it twice is fine.
    pub async fn activate_sku(&self, caller: &Caller, partner: Option<&PartnerId>) -> Result<Partner> {
        let found = self.gate.partner(caller, partner, Action::ManagePlans).await?;
        let mut partner = found.value;
        if !partner.entra_sku_active {
            partner.entra_sku_active = true;
            self.gate.records.replace(&partner, found.version).await?;
        }
        Ok(partner)
    }
}
