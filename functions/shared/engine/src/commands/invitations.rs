//! Invitations: made, listed, withdrawn, accepted. The mail leaves from `send-digests`, which also makes the secret:
//! whoever invites never sees it. Who accepts is whoever shows the secret and is signed in; the address is not asked.

use super::people::{owners, raced};
use super::{Caller, Gate, Listed};
use crate::ports::{Clock, Ids, Page, Scope};
use crate::records::{
    ApiToken, Found, IdentityLink, Invitation, InvitationToken, Person, delete, put_new, replace,
};
use domain::notices::Zone;
use domain::rights::Role;
use domain::{Error, ErrorKind, InvitationId, OrganisationId, PersonId, Result};
use jiff::SignedDuration;
use std::sync::Arc;

/// An invitation can be accepted for so long.
const OPEN_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The commands.
#[derive(Clone)]
pub struct Invitations {
    /// The door.
    pub gate: Gate,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Names.
    pub ids: Arc<dyn Ids>,
}

/// Who is invited, and as what.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Their name.
    pub name: String,
    /// Where the mail goes.
    pub email: String,
    /// As what.
    pub role: Role,
    /// Only for these organisations.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Their IANA time zone.
    pub time_zone: String,
}

impl Invitations {
    /// Invites somebody; the mail leaves within a minute or so.
    ///
    /// # Errors
    /// `Denied` when the role is not the caller's to give; `Invalid` naming `organisations` or `timeZone`.
    pub async fn create(&self, caller: &Caller, new: NewInvitation) -> Result<Invitation> {
        let partner = self.gate.people(caller, &[new.role]).await?;
        let organisations = self.gate.reach(caller, new.role, new.organisations).await?;
        Zone::new(&new.time_zone).map_err(|e| Error::invalid_field("timeZone", e.message()))?;
        let now = self.clock.now();
        let invitation = Invitation {
            id: InvitationId::from_ulid(&self.ids.ulid()),
            partner: partner.id,
            partner_name: partner.name,
            name: new.name.trim().to_owned(),
            email: new.email,
            role: new.role,
            organisations,
            time_zone: new.time_zone,
            created_at: now,
            expires_at: now + OPEN_FOR,
            mail_due_at: Some(now),
            mailed_at: None,
            refused: false,
            accepted_at: None,
        };
        self.gate.records.put_new(&invitation).await?;
        Ok(invitation)
    }

    /// The invitations of the caller's partner, newest first.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Invitation>> {
        let scope = Scope::Partner(self.gate.people(caller, &[]).await?.id);
        let page = Page { descending: true, ..page };
        let (found, next) = self.gate.records.list::<Invitation>(&scope, "invitation#", page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// Withdraws an invitation; one that was accepted is only no longer told of.
    ///
    /// # Errors
    /// `Denied` for an invitation that the caller could not have made.
    pub async fn withdraw(&self, caller: &Caller, id: &InvitationId) -> Result<()> {
        let scope = Scope::Partner(self.gate.people(caller, &[]).await?.id);
        for tried in 1.. {
            let found = self.gate.records.find::<Invitation>(&scope, &Invitation::key_of(id)).await?;
            let found = found.ok_or_else(none)?;
            self.gate.people(caller, &[found.value.role]).await?;
            match self.gate.records.write(vec![delete(&found.value, found.version)]).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < 3 => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    /// The caller, who is signed in and nobody yet, becomes the person who was invited.
    ///
    /// # Errors
    /// `NotFound` when the secret opens nothing (any more); `Conflict` when the caller is somebody already;
    /// `Denied` when nobody is signed in.
    pub async fn accept(&self, caller: &Caller, secret: &str) -> Result<Person> {
        let Caller::SignedIn(identity) = caller else {
            return Err(match caller {
                Caller::Member(_) => {
                    Error::conflict("whoever asks is a person or a token of a partner already")
                }
                _ => Error::denied("an invitation is accepted by somebody who is signed in"),
            });
        };
        let (records, now) = (&self.gate.records, self.clock.now());
        let key = InvitationToken::key_of(&ApiToken::hash(secret));
        let token: Found<InvitationToken> = records.find(&Scope::System, &key).await?.ok_or_else(none)?;
        let scope = Scope::Partner(token.value.partner.clone());
        let key = Invitation::key_of(&token.value.invitation);
        let found: Found<Invitation> = records.find(&scope, &key).await?.ok_or_else(none)?;
        if !found.value.is_open(now) {
            return Err(none());
        }
        let invitation = Invitation { accepted_at: Some(now), mail_due_at: None, ..found.value };
        let id = PersonId::from_ulid(&self.ids.ulid());
        let (partner, role) = (invitation.partner.clone(), invitation.role);
        let zone = invitation.time_zone.as_str();
        let mut person =
            Person::new(id.clone(), partner.clone(), role, &*invitation.name, &*invitation.email, zone, now)?;
        person.organisations = invitation.organisations.clone().map(|o| o.into_iter().collect());
        person.identity = Some(identity.clone());
        let link = IdentityLink { identity: identity.clone(), partner: partner.clone(), person: id.clone() };
        let mut writes = vec![replace(&invitation, found.version)?, put_new(&person)?, put_new(&link)?];
        writes.push(delete(&token.value, token.version));
        if role == Role::Owner {
            writes.extend(owners(records, &partner, Some(&id), None).await?);
        }
        records.write(writes).await.map_err(raced)?;
        Ok(person)
    }
}

// Why one answer: whether a secret was once good is nobody's business.
fn none() -> Error {
    Error::not_found("there is no such invitation")
}
