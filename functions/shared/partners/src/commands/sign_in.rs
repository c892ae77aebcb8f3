//! Who asks, found from what they hold: an API token. This is the authorizer's part of the commands.

use super::{Caller, Member};
use domain::{ErrorKind, Result, Timestamp};
use engine::ports::Clock;
use engine::records::{ApiToken, Identity, IdentityLink, Person, Records, TokenUse};
use jiff::SignedDuration;
use std::sync::Arc;

/// How old the last noted use of a token must be before another one is noted: a busy token writes one row a minute.
const USE_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Finds who holds a token.
pub struct FindCaller {
    /// Where the tokens are.
    pub records: Records,
    /// Says whether a token has expired.
    pub clock: Arc<dyn Clock>,
    /// The hash of the installation's bootstrap token, as [`ApiToken::hash`] gives it; none switches it off.
    pub bootstrap_hash: Option<String>,
}

impl FindCaller {
    /// The caller of that token; none when it is unknown, expired or revoked.
    pub async fn find(&self, token: &str) -> Result<Option<Caller>> {
        // Why: hashes are compared, so how long a comparison takes says nothing about the token.
        let hash = ApiToken::hash(token);
        if self.bootstrap_hash.as_deref() == Some(hash.as_str()) {
            return Ok(Some(Caller::Operator));
        }
        if !ApiToken::may_be(token) {
            return Ok(None);
        }
        let now = self.clock.now();
        let found = self.records.find(&ApiToken::at(&hash)).await?;
        let Some(good) = found.map(|f| f.value).filter(|t| t.is_good(now)) else { return Ok(None) };
        // Why a failure is not the caller's: the token is good whether its use was noted or not, and of two calls
        // at once one notes it for both.
        match self.used(&good, now).await {
            Err(e) if e.kind() == ErrorKind::Conflict => {}
            Err(error) => tracing::warn!(token = good.prefix, %error, "a token's use was not written down"),
            Ok(()) => {}
        }
        Ok(Some(Caller::Member(Member {
            partner: good.partner,
            role: good.role,
            organisations: good.organisations,
            token: good.prefix,
        })))
    }

    /// Who signed in: the person that the identity was bound to, or somebody who is no person yet. Role and
    /// limitation are those of the person's row now; nothing of them is taken from what the issuer says.
    pub async fn find_signed_in(&self, identity: Identity) -> Result<Caller> {
        let link = self.records.find(&IdentityLink::at(&identity)).await?.map(|l| l.value);
        let Some(link) = link.filter(|l| l.identity == identity) else {
            return Ok(Caller::SignedIn(identity));
        };
        let person = self.records.find(&Person::at(&link.partner, &link.person)).await?;
        let person = person.map(|p| p.value).filter(|p| p.identity.as_ref() == Some(&identity));
        Ok(match person {
            Some(person) => Caller::Member(Member {
                partner: person.partner,
                role: person.role,
                organisations: person.organisations.map(|o| o.into_iter().collect()),
                token: person.id.to_string(),
            }),
            None => Caller::SignedIn(identity),
        })
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
