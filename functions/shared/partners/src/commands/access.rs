//! A partner opens an organisation's portal: by a link that is good once and for five minutes, which is
//! exchanged for a token that can do what an end customer of that organisation can, for an hour.

use super::tokens::new_token;
use super::{Caller, Gate};
use domain::rights::{Action, Feature, Role};
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result, Timestamp};
use engine::ports::{Clock, Ids};
use engine::records::{AccessLink, ApiToken, Found, OrganisationPlace, OrganisationState, delete, put_new};
use jiff::SignedDuration;
use std::sync::Arc;
use url::Url;

/// How many minutes a link is good: enough to click it, too few to pass it on.
pub const LINK_LIFE_MINUTES: i64 = 5;
/// How many minutes the token is good that a link is exchanged for.
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
pub struct Session {
    /// A token of an end customer of that organisation: the only time that it can be seen.
    pub token: String,
    /// How logs name the token.
    pub name: String,
    /// The partner whose customer the organisation is.
    pub partner: PartnerId,
    /// The organisation that the token is limited to.
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
        // Why: a link must give nobody more than they have.
        for feature in &found.value.features {
            let needed = match feature {
                Feature::Search => Action::UseSnapshots,
                Feature::Compare => Action::Compare,
                Feature::Restore => Action::PreviewRestore,
                Feature::Download => Action::Download,
            };
            self.gate.organisation(caller, id, needed).await?;
        }
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
    /// `NotFound` when it is not good: never made, used, over, or the organisation is no longer the
    /// partner's.
    pub async fn open(&self, token: &str) -> Result<Session> {
        let none = || Error::not_found("the link is not good: it was used before, or its time is over");
        let records = &self.gate.records;
        let found: Found<AccessLink> =
            records.find(&AccessLink::at(&ApiToken::hash(token))).await?.ok_or_else(none)?;
        let AccessLink { partner, organisation, made_by, .. } = found.value.clone();
        let place: Option<Found<OrganisationPlace>> =
            records.find(&OrganisationPlace::at(&organisation)).await?;
        if place.is_none_or(|place| place.value.partner != partner) {
            return Err(none());
        }
        let now = self.clock.now();
        let whose = (partner.clone(), Role::EndCustomer);
        let name = format!("Portal, opened by {made_by}");
        let only = Some(vec![organisation.clone()]);
        let (token, mut row) = new_token(self.ids.as_ref(), now, whose, &name, only);
        row.expires_at = now + SignedDuration::from_mins(SESSION_LIFE_MINUTES);
        match records.write(vec![delete(&found.value, found.version), put_new(&row)?]).await {
            Err(error) if error.kind() == ErrorKind::Conflict => Err(none()),
            written => {
                let (name, expires_at) = (row.prefix, row.expires_at);
                written.map(|()| Session { token, name, partner, organisation, made_by, expires_at })
            }
        }
    }
}
