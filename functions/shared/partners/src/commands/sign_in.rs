//! Who asks, found from what they hold: an API token, a session, or a sign-in. This is the authorizer's part of the
//! commands. It keeps nothing, so that what was revoked is refused when it is asked the next time: within the minute for
//! which API Gateway keeps an answer.

use super::makers::{self, Behind, MOST_MAKERS};
use super::{Caller, Member, Proof, SignInTimes};
use domain::reach::{Reach, features_to_give};
use domain::rights::{Action, Role, Verdict, may};
use domain::{ErrorKind, OrganisationId, PartnerId, PersonId, Result, Timestamp};
use engine::ports::Clock;
use engine::records::{
    ApiToken, Found, Identity, IdentityLink, Maker, Person, Records, Session, SessionOf, SessionUse, TokenUse,
};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// How old the last noted use of a token must be before another one is noted: a busy token writes one row a minute.
const USE_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// The same of a session. Why longer: it is asked for idle time alone, and ends that much earlier at the most.
const SESSION_USE_EVERY: SignedDuration = SignedDuration::from_mins(5);

/// The SHA-256 of a bootstrap token, in hexadecimal. Why not the hash of other tokens: an operator makes this one, with
/// what every machine has (`sha256sum`), and deploys nothing but it.
pub fn bootstrap_sha256(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

/// Finds who holds a token or a session, and who signed in.
pub struct FindCaller {
    /// Where the tokens are.
    pub records: Records,
    /// Says whether a token has expired.
    pub clock: Arc<dyn Clock>,
    /// The SHA-256 of the installation's bootstrap token, as [`bootstrap_sha256`] gives it; none switches it off.
    pub bootstrap_sha256: Option<String>,
}

impl FindCaller {
    /// The caller of that token or session; none when it is unknown, expired, revoked, or its maker may no longer what
    /// it does.
    pub async fn find(&self, token: &str) -> Result<Option<Caller>> {
        // Why: hashes are compared, so how long a comparison takes says nothing about the token.
        let hash = ApiToken::hash(token);
        if self.bootstrap_sha256.as_ref().is_some_and(|wanted| *wanted == bootstrap_sha256(token)) {
            return Ok(Some(Caller::Operator));
        }
        if !ApiToken::may_be(token) {
            return Ok(None);
        }
        let now = self.clock.now();
        if token.starts_with(Session::START) {
            return Ok(self.find_session(&hash, now).await?.map(Caller::Member));
        }
        let found = self.records.find(&ApiToken::at(&hash)).await?;
        let Some(good) = found.map(|f| f.value).filter(|t| t.is_good(now)) else { return Ok(None) };
        let Some(Behind { reach, person }) = makers::behind_token(&self.records, &good, now).await? else {
            return Ok(None);
        };
        noted(&good.prefix, self.used(&good, now).await);
        Ok(Some(Caller::Member(Member {
            partner: good.partner,
            role: reach.role,
            organisations: reach.organisations,
            features: reach.features,
            token: good.prefix,
            made_by: person,
            proof: Proof::Token(good.id),
        })))
    }

    async fn find_session(&self, hash: &str, now: Timestamp) -> Result<Option<Member>> {
        let Some(session) = self.records.find(&Session::at(hash)).await?.map(|f| f.value) else {
            return Ok(None);
        };
        let used = self.records.find(&SessionUse::at(&session.partner, &session.id)).await?;
        let last = used.as_ref().map_or(session.created_at, |used| used.value.at);
        if !session.is_good(last, now) {
            return Ok(None);
        }
        let id = session.id.clone();
        let member = match &session.of {
            SessionOf::Person { person, signed_in_at } => {
                let proof = Proof::Session { id, person: person.clone(), signed_in_at: *signed_in_at };
                self.person(&session.partner, person).await?.map(|person| as_person(person, proof))
            }
            SessionOf::Portal { organisation, features, maker, .. } => {
                let opened = match maker {
                    Some(maker) => self.may_open(maker, organisation, now).await?,
                    None => Some((Role::Owner, None)),
                };
                opened.map(|(role, made_by)| {
                    let given = features_to_give(role);
                    Member {
                        partner: session.partner.clone(),
                        role: Role::EndCustomer,
                        organisations: Some(vec![organisation.clone()]),
                        features: Some(features.iter().copied().filter(|f| given.contains(f)).collect()),
                        token: id.to_string(),
                        made_by,
                        proof: Proof::Portal(id),
                    }
                })
            }
        };
        if member.is_some() && last + SESSION_USE_EVERY <= now {
            noted(session.id.as_str(), self.used_session(&session, used, now).await);
        }
        Ok(member)
    }

    /// The role of whoever made a link to that organisation's portal, and the person that comes from; none when they may no
    /// longer make one.
    async fn may_open(
        &self,
        maker: &Maker,
        organisation: &OrganisationId,
        now: Timestamp,
    ) -> Result<Option<(Role, Option<PersonId>)>> {
        let behind = makers::behind(&self.records, maker, MOST_MAKERS, now).await?;
        let sees =
            |limit: &Option<Vec<OrganisationId>>| limit.as_ref().is_none_or(|l| l.contains(organisation));
        let fits =
            |r: &Reach| sees(&r.organisations) && may(r.role, Action::EditOrganisation) == Verdict::Yes;
        Ok(behind.filter(|b| fits(&b.reach)).map(|b| (b.reach.role, b.person)))
    }

    /// Who signed in, when it is not known at what time; see [`Self::find_signed_in_at`].
    pub async fn find_signed_in(&self, identity: Identity) -> Result<Caller> {
        self.find_signed_in_at(identity, SignInTimes::default()).await
    }

    /// Who signed in, and when as the issuer says: the person that the identity was bound to, or somebody who is no
    /// person yet. Role and limitation are those of the person's row now; nothing of them is taken from what the issuer
    /// says.
    pub async fn find_signed_in_at(&self, identity: Identity, times: SignInTimes) -> Result<Caller> {
        Ok(match person_of(&self.records, &identity).await? {
            Some(person) => {
                let proof = Proof::SignIn { person: person.id.clone(), times };
                Caller::Member(as_person(person, proof))
            }
            None => Caller::SignedIn(identity, times),
        })
    }

    async fn person(&self, partner: &PartnerId, id: &PersonId) -> Result<Option<Person>> {
        Ok(self.records.find(&Person::at(partner, id)).await?.map(|found| found.value))
    }

    async fn used_session(
        &self,
        session: &Session,
        before: Option<Found<SessionUse>>,
        now: Timestamp,
    ) -> Result<()> {
        let (id, partner) = (session.id.clone(), session.partner.clone());
        let used = SessionUse { session: id, partner, at: now, until: session.expires_at };
        match before {
            None => self.records.put_new(&used).await,
            Some(before) => self.records.replace(&used, before.version).await,
        }
    }

    async fn used(&self, token: &ApiToken, now: Timestamp) -> Result<()> {
        let Some(id) = token.id.clone() else { return Ok(()) };
        let before = self.records.find(&TokenUse::at(&token.partner, &id)).await?;
        let partner = token.partner.clone();
        let used = TokenUse { token: id, partner, at: now, until: token.expires_at };
        match before {
            None => self.records.put_new(&used).await,
            Some(before) if before.value.at + USE_EVERY <= now => {
                self.records.replace(&used, before.version).await
            }
            Some(_) => Ok(()),
        }
    }
}

/// The person that an identity was bound to; none where it is nobody's (any more).
pub(super) async fn person_of(records: &Records, identity: &Identity) -> Result<Option<Person>> {
    let link = records.find(&IdentityLink::at(identity)).await?.map(|link| link.value);
    let Some(link) = link.filter(|link| link.identity == *identity) else { return Ok(None) };
    let person = records.find(&Person::at(&link.partner, &link.person)).await?.map(|found| found.value);
    Ok(person.filter(|person| person.identity.as_ref() == Some(identity)))
}

/// A person as who asks.
fn as_person(person: Person, proof: Proof) -> Member {
    Member {
        partner: person.partner,
        role: person.role,
        organisations: person.organisations.map(|o| o.into_iter().collect()),
        features: None,
        token: person.id.to_string(),
        made_by: None,
        proof,
    }
}

/// Why a failure is not the caller's: what they hold is good whether its use was noted or not, and of two calls at once
/// one notes it for both.
fn noted(name: &str, written: Result<()>) {
    match written {
        Err(e) if e.kind() == ErrorKind::Conflict => {}
        Err(error) => tracing::warn!(token = name, %error, "the use of a token was not written down"),
        Ok(()) => {}
    }
}
