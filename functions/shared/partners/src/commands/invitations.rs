//! Invitations: made, listed, withdrawn, accepted. The mail leaves from `send-digests`, which also makes the secret:
//! whoever invites never sees it. It is accepted by whoever shows the secret and is signed in, whatever their address.

use super::makers::{self, MOST_MAKERS};
use super::people::{owners, raced};
use super::{Caller, Gate, Listed};
use domain::notices::Zone;
use domain::reach::Reach;
use domain::rights::Role;
use domain::{Error, ErrorKind, InvitationId, OrganisationId, PartnerId, PersonId, Result, Timestamp};
use engine::ports::{Clock, Ids, Page, Write};
use engine::records::{
    ApiToken, Found, Identity, IdentityLink, Invitation, InvitationToken, Invited, InvitedBy, InvitedToday,
    Person, Record, Records, delete, put_new, replace,
};
use std::sync::Arc;

/// How often an invitation is tried when others of the partner invite at the same time.
const TRIES: u32 = 8;

/// What can be asked about invitations.
#[derive(Clone)]
pub struct Invitations {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows.
    pub ids: Arc<dyn Ids>,
    /// Whether people can sign in, because an issuer is configured.
    pub has_sign_in: bool,
}

/// Who is invited, and as what.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// The name of whoever is invited.
    pub name: String,
    /// Where the mail goes.
    pub email: String,
    /// The role that they get by accepting.
    pub role: Role,
    /// The organisations that they will be limited to; absent means as the caller is.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Their IANA time zone.
    pub time_zone: String,
}

impl Invitations {
    /// Invites somebody; the mail leaves within a minute or so.
    ///
    /// # Errors
    /// `Denied` when the role is not the caller's to give; `Invalid` naming `organisations` or `timeZone`; `Conflict`
    /// where nobody could accept it, since people cannot sign in; `Throttled` when the partner, or its tree of partners, has
    /// invited as many people today as it may ([`InvitedToday::MOST`], [`InvitedToday::MOST_OF_TREE`]).
    pub async fn create(&self, caller: &Caller, new: NewInvitation) -> Result<Invitation> {
        let partner = self.gate.people(caller, &[new.role]).await?;
        let organisations = self.gate.reach(caller, new.role, new.organisations).await?;
        Zone::new(&new.time_zone).map_err(|e| Error::invalid_field("timeZone", e.summary()))?;
        if !self.has_sign_in {
            let why = "no sign-in is set up here, so nobody could accept it; make an API token instead";
            return Err(Error::conflict(why));
        }
        let invited = Invited {
            person: None,
            name: new.name,
            email: new.email,
            role: new.role,
            organisations,
            time_zone: new.time_zone,
        };
        let id = InvitationId::from_ulid(&self.ids.ulid());
        let now = self.clock.now();
        let invitation =
            Invitation { made_by: Some(caller.maker()?), ..Invitation::new(id, &partner, invited, now) };
        let records = &self.gate.records;
        for tried in 1.. {
            let mut writes = one_more(records, &partner.id, partner.above.first(), now).await?;
            writes.push(put_new(&invitation)?);
            match records.write(writes).await {
                // Why again: somebody else of the partner invited at the same moment, and both are counted.
                Err(error) if error.kind() == ErrorKind::Conflict && tried < TRIES => {}
                done => return done.map(|()| invitation).map_err(raced),
            }
        }
        unreachable!("the last try returns")
    }

    /// The invitations of the caller's partner, newest first.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Invitation>> {
        let page = Page { descending: true, ..page };
        let (found, next) =
            self.gate.records.list(&Invitation::all(&self.gate.people(caller, &[]).await?.id), page).await?;
        Ok(Listed { items: found.into_iter().map(|f| f.value).collect(), next })
    }

    /// Withdraws an invitation. One that was accepted only leaves the list; its person stays.
    ///
    /// # Errors
    /// `Denied` for an invitation that the caller could not have made.
    pub async fn withdraw(&self, caller: &Caller, id: &InvitationId) -> Result<()> {
        for tried in 1.. {
            let found =
                self.gate.records.find(&Invitation::at(&self.gate.people(caller, &[]).await?.id, id)).await?;
            let found = found.ok_or_else(none)?;
            self.gate.people(caller, &[found.value.role]).await?;
            match self.gate.records.write(vec![delete(&found.value, found.version)]).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < 3 => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    /// The partner and the invitation that a secret is of: whose audit log its acceptance belongs into.
    pub async fn whose(&self, secret: &str) -> Result<Option<(PartnerId, InvitationId)>> {
        let found = self.gate.records.find(&InvitationToken::at(&ApiToken::hash(secret))).await?;
        Ok(found.map(|token| (token.value.partner, token.value.invitation)))
    }

    /// Makes the caller, who is signed in and no person of any partner yet, the person who was invited.
    ///
    /// # Errors
    /// `NotFound` when the secret opens nothing (any more); `Conflict` when the caller is a person or a token already;
    /// `Denied` when nobody is signed in.
    pub async fn accept(&self, caller: &Caller, secret: &str) -> Result<Person> {
        let Caller::SignedIn(identity, _) = caller else {
            return Err(match caller {
                Caller::Member(_) => {
                    Error::conflict("whoever asks is a person or a token of a partner already")
                }
                _ => Error::denied("an invitation is accepted by somebody who is signed in"),
            });
        };
        let (records, now) = (&self.gate.records, self.clock.now());
        let token: Found<InvitationToken> =
            records.find(&InvitationToken::at(&ApiToken::hash(secret))).await?.ok_or_else(none)?;
        let found: Found<Invitation> = records
            .find(&Invitation::at(&token.value.partner, &token.value.invitation))
            .await?
            .ok_or_else(none)?;
        if !found.value.is_open(now) || !self.may_still_give(&found.value).await? {
            return Err(none());
        }
        let invitation = Invitation { accepted_at: Some(now), mail_due_at: None, ..found.value };
        let (person, change) = self.person(&invitation, identity).await?;
        let link = IdentityLink {
            identity: identity.clone(),
            partner: invitation.partner.clone(),
            person: person.id.clone(),
        };
        let mut writes = vec![replace(&invitation, found.version)?, put_new(&link)?];
        writes.extend(change);
        writes.push(delete(&token.value, token.version));
        records.write(writes).await.map_err(raced)?;
        Ok(person)
    }

    /// Whether who invited may still give what the invitation gives.
    async fn may_still_give(&self, invitation: &Invitation) -> Result<bool> {
        let Some(maker) = &invitation.made_by else { return Ok(true) };
        let gives = Reach { organisations: invitation.organisations.clone(), ..Reach::of(invitation.role) };
        let maker = makers::behind(&self.gate.records, maker, MOST_MAKERS, self.clock.now()).await?;
        Ok(maker.is_some_and(|maker| gives.within(&maker.reach).as_ref() == Some(&gives)))
    }

    /// The person who gets the caller's sign-in, and the writes for that: a new person, or one that is there and had no
    /// sign-in.
    async fn person(&self, invitation: &Invitation, identity: &Identity) -> Result<(Person, Vec<Write>)> {
        let records = &self.gate.records;
        if let Some(id) = &invitation.person {
            let found = records.find(&Person::at(&invitation.partner, id)).await?;
            let found = found.filter(|f| f.value.identity.is_none()).ok_or_else(none)?;
            let person = Person { identity: Some(identity.clone()), ..found.value };
            let change = replace(&person, found.version)?;
            return Ok((person, vec![change]));
        }
        let id = PersonId::from_ulid(&self.ids.ulid());
        let Invitation { partner, role, name, email, time_zone, .. } = invitation.clone();
        let now = self.clock.now();
        let mut person = Person::new(id.clone(), partner.clone(), role, name, email, &time_zone, now)?;
        person.organisations = invitation.organisations.clone().map(|o| o.into_iter().collect());
        person.identity = Some(identity.clone());
        let mut change = vec![put_new(&person)?];
        if role == Role::Owner {
            change.extend(owners(records, &partner, Some(&id), None).await?);
        }
        Ok((person, change))
    }
}

/// The writes that count one more invitation of that partner today, and of the tree below `top`; none where the partner is
/// a top partner itself. They fail with a conflict when somebody else counts one at the same time.
///
/// # Errors
/// `Throttled` when there were as many as there may be in a day.
pub(super) async fn one_more(
    records: &Records,
    partner: &PartnerId,
    top: Option<&PartnerId>,
    now: Timestamp,
) -> Result<Vec<Write>> {
    let counts = match top {
        None => vec![(partner, InvitedBy::Top)],
        Some(top) => vec![(partner, InvitedBy::Itself), (top, InvitedBy::Below)],
    };
    let mut writes = Vec::with_capacity(counts.len() + 1);
    for (partner, by) in counts {
        let found: Option<Found<InvitedToday>> = records.find(&InvitedToday::at(partner)).await?;
        let count = InvitedToday::with_one_more(found.as_ref().map(|f| &f.value), partner, by, now)?;
        writes.push(match found {
            Some(found) => replace(&count, found.version)?,
            None => put_new(&count)?,
        });
    }
    Ok(writes)
}

// Why one answer: whether a secret was once good is nobody's business.
fn none() -> Error {
    Error::not_found("there is no such invitation")
}
