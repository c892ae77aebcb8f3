//! Sessions: begun by people who have signed in, listed and ended; those that access links opened too. And who the
//! caller is, for pages.
//!
//! A person's session is good for twelve hours at most and ends when it rests for thirty minutes. It acts as the person
//! may act now: nothing of their role is kept in it. No session begins another, or none would ever end.

use super::sign_in::person_of;
use super::{Caller, Gate, Member, Proof, SignInTimes};
use domain::rights::Action;
use domain::{Error, OrganisationId, PartnerId, PersonId, Result, SessionId, Timestamp};
use engine::ports::{Clock, Ids, Write};
use engine::records::{
    ApiToken, MOST_SESSIONS, Person, Records, Session, SessionEntry, SessionOf, SessionUse, ends_of, put_new,
};
use jiff::SignedDuration;
use std::fmt;
use std::sync::Arc;

/// How many hours a person's session is good at most.
pub const LIFE_HOURS: i64 = 12;

/// What can be asked about sessions.
#[derive(Clone)]
pub struct Sessions {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids and the secrets of new sessions.
    pub ids: Arc<dyn Ids>,
}

/// A session as it is shown: never with its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionView {
    /// What is kept of it.
    pub session: Session,
    /// When it was last used, to about five minutes; none when it was not since it began.
    pub last_used_at: Option<Timestamp>,
}

/// Who the caller is.
#[derive(Clone, Debug)]
pub struct Me {
    /// The caller, as it was let in.
    pub caller: Caller,
    /// The person that it is, if it is one.
    pub person: Option<Person>,
    /// Until when its session is good at the most, if it holds one.
    pub session: Option<Session>,
}

/// A session that is to begin.
pub(super) struct NewSession {
    /// The partner that it belongs to.
    pub partner: PartnerId,
    /// The person, or the portal, whose session it is.
    pub of: SessionOf,
    /// When it ends at the latest.
    pub expires_at: Timestamp,
}

/// A new session with its secret, and the writes that begin it; where its owner has as many as there may be, they end the
/// oldest. At most 34 writes.
pub(super) async fn begin(
    records: &Records,
    ids: &dyn Ids,
    new: NewSession,
    now: Timestamp,
) -> Result<(String, Session, Vec<Write>)> {
    let NewSession { partner, of, expires_at } = new;
    let text = format!("{}{}", Session::START, ids.token());
    let id = SessionId::from_ulid(&ids.ulid());
    let session = Session { id, hash: ApiToken::hash(&text), partner, of, created_at: now, expires_at };
    let mut others = records.list_all(&SessionEntry::of_owner(&session.partner, session.of.owner())).await?;
    let mut writes = vec![put_new(&session)?, put_new(&SessionEntry { session: session.clone() })?];
    // More than one where several began at one moment; what one write cannot end, the next session's ends.
    let too_many = (others.len() + 1).saturating_sub(MOST_SESSIONS);
    others.truncate(too_many.min(MOST_SESSIONS));
    writes.extend(ends_of(records, &others).await?);
    Ok((text, session, writes))
}

impl Sessions {
    /// Who the caller is.
    pub async fn me(&self, caller: &Caller) -> Result<Me> {
        let (mut person, mut session) = (None, None);
        if let Caller::Member(member) = caller {
            let records = &self.gate.records;
            if let Some(id) = member.person() {
                person = records.find(&Person::at(&member.partner, id)).await?.map(|found| found.value);
            }
            if let Some((owner, id)) = own_session(member) {
                let at = SessionEntry::at(&member.partner, owner, id);
                session = records.find(&at).await?.map(|found| found.value.session);
            }
        }
        Ok(Me { caller: caller.clone(), person, session })
    }

    /// Begins a session of the person who is signed in. The secret is shown this once. `was_prompted`: whether they had to
    /// show who they are for the token that they show.
    ///
    /// # Errors
    /// `Denied` for whoever shows a token or a session instead of a sign-in, or is a person of no partner.
    pub async fn create(&self, caller: &Caller, was_prompted: bool) -> Result<(String, Session)> {
        let (partner, person, times) = self.who(caller).await?;
        let now = self.clock.now();
        let new = NewSession {
            partner,
            of: SessionOf::Person { person, signed_in_at: times.of(was_prompted) },
            expires_at: now + SignedDuration::from_hours(LIFE_HOURS),
        };
        let records = &self.gate.records;
        let (text, session, writes) = begin(records, self.ids.as_ref(), new, now).await?;
        records.write(writes).await?;
        Ok((text, session))
    }

    /// The person who signed in. Why looked up where the authorizer knew of none: what it says is kept for a minute, and
    /// whoever accepted an invitation in it is a person by now.
    async fn who(&self, caller: &Caller) -> Result<(PartnerId, PersonId, SignInTimes)> {
        if let Caller::SignedIn(identity, times) = caller {
            let person = person_of(&self.gate.records, identity).await?;
            let none = || Error::denied("whoever is signed in is not a person of any partner");
            let person = person.ok_or_else(none)?;
            return Ok((person.partner, person.id, *times));
        }
        let member = caller.member()?;
        let Proof::SignIn { person, times } = &member.proof else {
            return Err(Error::denied("a session is begun by a person who shows that they have signed in"));
        };
        Ok((member.partner.clone(), person.clone(), *times))
    }

    /// The caller's own sessions, oldest first; none of a token, which has none.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<SessionView>> {
        let member = caller.member()?;
        match (member.person(), own_session(member)) {
            (Some(person), _) => self.of_owner(&member.partner, person).await,
            (None, Some((owner, id))) => {
                let all = self.of_owner(&member.partner, owner).await?;
                // Why this one alone: others opened the same portal, and whoever holds one link is nobody to them.
                Ok(all.into_iter().filter(|view| view.session.id == *id).collect())
            }
            (None, None) => Ok(Vec::new()),
        }
    }

    /// The sessions of a person of the caller's partner.
    pub async fn list_of_person(&self, caller: &Caller, id: &PersonId) -> Result<Vec<SessionView>> {
        let partner = self.gate.people(caller, &[]).await?.id;
        self.person(&partner, id).await?;
        self.of_owner(&partner, id).await
    }

    /// The sessions of an organisation's portal, which access links opened.
    pub async fn list_of_portal(&self, caller: &Caller, id: &OrganisationId) -> Result<Vec<SessionView>> {
        let organisation = self.gate.organisation(caller, id, Action::EditOrganisation).await?.value;
        self.of_owner(&organisation.partner, id).await
    }

    /// Ends a session of the caller's own: that of a portal ends none but itself.
    ///
    /// # Errors
    /// `NotFound` when the caller has no such session.
    pub async fn end(&self, caller: &Caller, id: &SessionId) -> Result<()> {
        let member = caller.member()?;
        let owner = match (member.person(), own_session(member)) {
            (Some(person), _) => person.to_string(),
            (None, Some((owner, own))) if own == id => owner.to_owned(),
            _ => return Err(no_session()),
        };
        self.end_of(&member.partner, owner, id).await
    }

    /// Ends a session of a person of the caller's partner.
    ///
    /// # Errors
    /// `NotFound` when the person has no such session; `Denied` when the caller may not manage that person.
    pub async fn end_of_person(&self, caller: &Caller, person: &PersonId, id: &SessionId) -> Result<()> {
        let partner = self.gate.people(caller, &[]).await?.id;
        let role = self.person(&partner, person).await?.role;
        self.gate.people(caller, &[role]).await?;
        self.end_of(&partner, person, id).await
    }

    /// Ends a session of an organisation's portal.
    ///
    /// # Errors
    /// `NotFound` when the portal has no such session; `Denied`.
    pub async fn end_of_portal(
        &self,
        caller: &Caller,
        organisation: &OrganisationId,
        id: &SessionId,
    ) -> Result<()> {
        let found = self.gate.organisation(caller, organisation, Action::EditOrganisation).await?.value;
        self.end_of(&found.partner, organisation, id).await
    }

    async fn person(&self, partner: &PartnerId, id: &PersonId) -> Result<Person> {
        let found = self.gate.records.find(&Person::at(partner, id)).await?;
        found.map(|f| f.value).ok_or_else(|| Error::not_found("there is no such person"))
    }

    /// The good sessions of a person or of a portal: there are few at a time.
    async fn of_owner(&self, partner: &PartnerId, owner: impl fmt::Display) -> Result<Vec<SessionView>> {
        let (records, now) = (&self.gate.records, self.clock.now());
        let entries = records.list_all(&SessionEntry::of_owner(partner, owner)).await?;
        let mut all = Vec::new();
        for session in entries.into_iter().map(|entry| entry.value.session) {
            let used = records.find(&SessionUse::at(partner, &session.id)).await?.map(|u| u.value.at);
            if session.is_good(used.unwrap_or(session.created_at), now) {
                all.push(SessionView { session, last_used_at: used });
            }
        }
        Ok(all)
    }

    async fn end_of(&self, partner: &PartnerId, owner: impl fmt::Display, id: &SessionId) -> Result<()> {
        let records = &self.gate.records;
        let entry = records.find(&SessionEntry::at(partner, owner, id)).await?.ok_or_else(no_session)?;
        records.write(ends_of(records, &[entry]).await?).await
    }
}

/// The session that a member holds, and of whom it is listed.
fn own_session(member: &Member) -> Option<(&str, &SessionId)> {
    match &member.proof {
        Proof::Session { id, person, .. } => Some((person.as_str(), id)),
        Proof::Portal(id) => member.organisations.as_ref()?.first().map(|only| (only.as_str(), id)),
        Proof::SignIn { .. } | Proof::Token(_) => None,
    }
}

fn no_session() -> Error {
    Error::not_found("there is no such session")
}
