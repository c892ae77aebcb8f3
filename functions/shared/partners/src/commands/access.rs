//! A partner opens an organisation's portal: by a link that is good once and for five minutes, which is
//! exchanged for a session that can do what an end customer of that organisation can, for an hour.

use super::makers::{self, MOST_MAKERS};
use super::sessions::{NewSession, begin};
use super::{Caller, Gate};
use domain::rights::Action;
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result, SessionId, Timestamp};
use engine::ports::{Clock, Ids};
use engine::records::{AccessLink, ApiToken, Found, OrganisationPlace, OrganisationState, SessionOf, delete};
use jiff::SignedDuration;
use std::sync::Arc;
use url::Url;

/// How many minutes a link is good: enough to click it, too few to pass it on.
pub const LINK_LIFE_MINUTES: i64 = 5;
/// How many minutes the session is good that a link is exchanged for.
pub const SESSION_LIFE_MINUTES: i64 = 60;

/// Makes links to an organisation's portal, and exchanges them.
#[derive(Clone)]
pub struct PortalAccess {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the secrets of links and tokens.
    pub ids: Arc<dyn Ids>,
    /// The address of the portal, which links begin with.
    pub portal_url: Url,
}

/// A link that was just made: the only time that it can be seen.
#[derive(Clone, Debug)]
pub struct NewAccessLink {
    /// The link, with its secret in the fragment.
    pub url: Url,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a link was exchanged for.
#[derive(Clone, Debug)]
pub struct PortalSession {
    /// Its secret: the only time that it can be seen.
    pub token: String,
    /// Its id, by which logs name it too.
    pub id: SessionId,
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation that the session is limited to.
    pub organisation: OrganisationId,
    /// Who made the link, as logs name them.
    pub made_by: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl PortalAccess {
    /// Makes a link to an organisation's portal.
    ///
    /// # Errors
    /// `Denied` when the caller may not itself do what the portal offers there; `Conflict` when nobody signs
    /// in to that organisation; `NotFound`.
    pub async fn link(&self, caller: &Caller, id: &OrganisationId) -> Result<NewAccessLink> {
        let found = self.gate.organisation(caller, id, Action::EditOrganisation).await?;
        self.gate.gives(caller, id, &found.value.features).await?;
        if found.value.state != OrganisationState::Active {
            return Err(Error::conflict("nobody signs in to the organisation: it is not active"));
        }
        let (token, now) = (self.ids.token(), self.clock.now());
        let expires_at = now + SignedDuration::from_mins(LINK_LIFE_MINUTES);
        let link = AccessLink {
            hash: ApiToken::hash(&token),
            partner: found.value.partner,
            organisation: found.value.id,
            made_by: caller.member()?.token.clone(),
            maker: Some(caller.maker()?),
            features: Some(found.value.features),
            expires_at,
        };
        self.gate.records.put_new(&link).await?;
        let mut url = self.portal_url.clone();
        // Why the fragment: browsers keep it to themselves, so that no server's log holds it.
        url.set_fragment(Some(&format!("access={token}")));
        Ok(NewAccessLink { url, expires_at })
    }

    /// The partner and the organisation that a link's token is of, while it is good: whose audit log its opening belongs
    /// into.
    pub async fn whose(&self, token: &str) -> Result<Option<(PartnerId, OrganisationId)>> {
        let found = self.gate.records.find(&AccessLink::at(&ApiToken::hash(token))).await?;
        Ok(found.map(|link| (link.value.partner, link.value.organisation)))
    }

    /// Exchanges a link's token, once, for a session.
    ///
    /// # Errors
    /// `NotFound` when it is not good: never made, used, over, its maker has gone, or the organisation is no longer the
    /// partner's.
    pub async fn open(&self, token: &str) -> Result<PortalSession> {
        let none = || Error::not_found("the link is not good: it was used before, or its time is over");
        let (records, now) = (&self.gate.records, self.clock.now());
        let found: Found<AccessLink> =
            records.find(&AccessLink::at(&ApiToken::hash(token))).await?.ok_or_else(none)?;
        let AccessLink { partner, organisation, made_by, maker, features, .. } = found.value.clone();
        let place: Option<Found<OrganisationPlace>> =
            records.find(&OrganisationPlace::at(&organisation)).await?;
        if place.is_none_or(|place| place.value.partner != partner) {
            return Err(none());
        }
        if let Some(maker) = &maker {
            makers::behind(records, maker, MOST_MAKERS, now).await?.ok_or_else(none)?;
        }
        let of = SessionOf::Portal {
            organisation: organisation.clone(),
            // Why none: what a link gave that was made before this was written down is not known.
            features: features.unwrap_or_default(),
            opened_by: made_by.clone(),
            maker,
        };
        let expires_at = now + SignedDuration::from_mins(SESSION_LIFE_MINUTES);
        let new = NewSession { partner: partner.clone(), of, expires_at };
        let (token, session, mut writes) = begin(records, self.ids.as_ref(), new, now).await?;
        writes.insert(0, delete(&found.value, found.version));
        match records.write(writes).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Err(none()),
            written => {
                let id = session.id;
                written.map(|()| PortalSession { token, id, partner, organisation, made_by, expires_at })
            }
        }
    }
}
