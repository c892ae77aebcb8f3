//! API tokens: made, listed, rotated, taken back.
//!
//! A token is never wider than who made it, in role, in organisations and in features; and so none is rotated by anybody
//! who could not have made it. It ends with its maker, and is narrowed with it (see `makers`); whoever makes it anew is
//! its maker then, since they saw its text. An organisation has at most one token of its own, with an end customer's
//! rights.

use super::makers::{self, MOST_MAKERS};
use super::{Caller, Gate, Listed};
use domain::reach::features_to_give;
use domain::rights::{Action, Feature, Role};
use domain::{Error, ErrorKind, OrganisationId, PartnerId, Result, Timestamp, TokenId};
use engine::ports::{Clock, Ids, Page, Write};
use engine::records::{ApiToken, Found, Maker, Organisation, TokenEntry, TokenUse, delete, put_new, replace};
use jiff::SignedDuration;
use std::sync::Arc;

/// How many hours a token is good at most: a year.
pub const TOKEN_LIFE_HOURS: i64 = 365 * 24;
/// How often a change of a token is tried when its row is changed by others at the same time.
const TRIES: u32 = 3;

/// A new token: the text to be shown once, and the row to be kept.
pub fn new_token(
    ids: &dyn Ids,
    now: Timestamp,
    (partner, role): (PartnerId, Role),
    name: &str,
    organisations: Option<Vec<OrganisationId>>,
) -> (String, ApiToken) {
    let text = format!("{}{}", ApiToken::START, ids.token());
    let row = ApiToken {
        id: Some(TokenId::from_ulid(&ids.ulid())),
        hash: ApiToken::hash(&text),
        prefix: text.chars().take(ApiToken::PREFIX_CHARS).collect(),
        name: name.to_owned(),
        partner,
        role,
        organisations,
        features: None,
        made_by: None,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(TOKEN_LIFE_HOURS),
        revoked_at: None,
    };
    (text, row)
}

/// The writes that insert a new token of a partner.
pub(super) fn keep(token: &ApiToken) -> Result<Vec<Write>> {
    let mut writes = vec![put_new(token)?];
    if let Some(id) = token.id.clone() {
        writes.push(put_new(&TokenEntry { id, organisation: None, token: token.clone() })?);
    }
    Ok(writes)
}

/// What can be asked about API tokens.
#[derive(Clone)]
pub struct Tokens {
    /// Checks what the caller may do, before any command acts.
    pub gate: Gate,
    /// Gives the time that rows and expiries are written with.
    pub clock: Arc<dyn Clock>,
    /// Makes the ids of new rows and the secrets of new tokens.
    pub ids: Arc<dyn Ids>,
}

/// What is asked of a new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for, as a name that people chose.
    pub name: String,
    /// The role, which says what it may do.
    pub role: Role,
    /// Only for these organisations; absent means the same as whoever makes it.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Until when; absent means as long as a token may be good.
    pub expires_at: Option<Timestamp>,
}

/// A token as it is shown: never with its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenView {
    /// What is kept of it.
    pub entry: TokenEntry,
    /// When it was last used, to the minute or so.
    pub last_used_at: Option<Timestamp>,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct MadeToken {
    /// What is kept of it.
    pub entry: TokenEntry,
    /// The token: this is the only time that it can be seen.
    pub text: String,
}

impl Tokens {
    /// Makes a token of the caller's partner.
    ///
    /// # Errors
    /// `Denied` when it would be wider than the caller; `Invalid` naming `organisations` or `expiresAt`.
    pub async fn create(&self, caller: &Caller, new: NewToken) -> Result<MadeToken> {
        let partner = self.gate.partner(caller, None, Action::ManageTokens).await?.value;
        let organisations = self.gate.reach(caller, new.role, new.organisations).await?;
        let now = self.clock.now();
        let of = (partner.id, new.role);
        let (text, token) = new_token(self.ids.as_ref(), now, of, new.name.trim(), organisations);
        let mut token = self.made_by(caller, token, now).await?;
        if let Some(end) = new.expires_at {
            if end <= now || end > token.expires_at {
                let why = "must be in the future, within a year, and no later than the token's that makes it";
                return Err(Error::invalid_field("expiresAt", why));
            }
            token.expires_at = end;
        }
        self.gate.records.write(keep(&token)?).await?;
        let id = token.id.clone().unwrap_or_else(|| TokenId::from_ulid(&self.ids.ulid()));
        Ok(MadeToken { entry: TokenEntry { id, organisation: None, token }, text })
    }

    /// The tokens of the caller's partner, newest first, also those that have ended lately.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<TokenView>> {
        let partner = self.gate.partner(caller, None, Action::ManageTokens).await?.value;
        let page = Page { descending: true, ..page };
        let (found, next) = self.gate.records.list(&TokenEntry::of_partner(&partner.id), page).await?;
        let mut items = Vec::with_capacity(found.len());
        for entry in found {
            items.push(self.view(entry.value).await?);
        }
        Ok(Listed { items, next })
    }

    /// One token of the caller's partner.
    pub async fn get(&self, caller: &Caller, id: &TokenId) -> Result<TokenView> {
        self.view(self.entry(caller, id).await?.value).await
    }

    /// Takes a token back, for good. Twice is fine.
    ///
    /// # Errors
    /// `Denied` when the caller could not have made it.
    pub async fn revoke(&self, caller: &Caller, id: &TokenId) -> Result<()> {
        for tried in 1.. {
            let entry = self.entry(caller, id).await?;
            no_wider(caller, &entry.value.token)?;
            match self.take_back_with_made(entry).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < TRIES => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    /// Gives a token a new secret: the old one ends; the id, the role and the expiry stay.
    ///
    /// # Errors
    /// `Denied` when the caller could not have made it; `Conflict` when it has ended.
    pub async fn rotate(&self, caller: &Caller, id: &TokenId) -> Result<MadeToken> {
        let entry = self.entry(caller, id).await?;
        no_wider(caller, &entry.value.token)?;
        if !entry.value.token.is_good(self.clock.now()) {
            return Err(Error::conflict("the token has ended; make a new one"));
        }
        let (role, end) = (entry.value.token.role, entry.value.token.expires_at);
        self.anew(caller, entry, role, Some(end)).await
    }

    /// An organisation's own token.
    ///
    /// # Errors
    /// `NotFound` when it has none.
    pub async fn get_of_organisation(
        &self,
        caller: &Caller,
        id: &OrganisationId,
    ) -> Result<(TokenView, Organisation)> {
        let organisation = self.gate.organisation(caller, id, Action::ManageTokens).await?.value;
        let entry = self.entry_of(&organisation).await?.ok_or_else(no_token)?;
        Ok((self.view(entry.value).await?, organisation))
    }

    /// Makes an organisation's own token, in the place of the one that it had. It opens the features that its maker may
    /// give, of those that are switched on when it is used.
    ///
    /// # Errors
    /// `Denied` when a feature is switched on that the caller may not give.
    pub async fn rotate_of_organisation(
        &self,
        caller: &Caller,
        id: &OrganisationId,
    ) -> Result<(MadeToken, Organisation)> {
        for tried in 1.. {
            let organisation = self.gate.organisation(caller, id, Action::ManageTokens).await?.value;
            self.gate.gives(caller, id, &organisation.features).await?;
            let made = match self.entry_of(&organisation).await? {
                Some(entry) => self.anew(caller, entry, Role::EndCustomer, None).await,
                None => self.first_of(caller, &organisation).await,
            };
            match made {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < TRIES => {}
                made => return made.map(|m| (m, organisation)),
            }
        }
        unreachable!("the last try returns")
    }

    /// Takes an organisation's own token back. Twice is fine.
    ///
    /// # Errors
    /// `NotFound` when it has never had one.
    pub async fn revoke_of_organisation(&self, caller: &Caller, id: &OrganisationId) -> Result<()> {
        for tried in 1.. {
            let organisation = self.gate.organisation(caller, id, Action::ManageTokens).await?.value;
            let entry = self.entry_of(&organisation).await?.ok_or_else(no_token)?;
            match self.take_back(entry).await {
                Err(e) if e.kind() == ErrorKind::Conflict && tried < TRIES => {}
                done => return done,
            }
        }
        unreachable!("the last try returns")
    }

    async fn entry(&self, caller: &Caller, id: &TokenId) -> Result<Found<TokenEntry>> {
        let partner = self.gate.partner(caller, None, Action::ManageTokens).await?.value;
        self.gate.records.find(&TokenEntry::at(&partner.id, id)).await?.ok_or_else(no_token)
    }

    async fn entry_of(&self, organisation: &Organisation) -> Result<Option<Found<TokenEntry>>> {
        let own = TokenEntry::of_organisation(&organisation.partner, &organisation.id);
        self.gate.records.find(&own).await
    }

    async fn view(&self, entry: TokenEntry) -> Result<TokenView> {
        let used = self.gate.records.find(&TokenUse::at(&entry.token.partner, &entry.id)).await?;
        Ok(TokenView { entry, last_used_at: used.map(|u| u.value.at) })
    }

    async fn first_of(&self, caller: &Caller, organisation: &Organisation) -> Result<MadeToken> {
        let of = (organisation.partner.clone(), Role::EndCustomer);
        let (only, now) = (Some(vec![organisation.id.clone()]), self.clock.now());
        let (text, token) = new_token(self.ids.as_ref(), now, of, &organisation.name, only);
        let token = ApiToken { features: given_by(caller)?, ..self.made_by(caller, token, now).await? };
        let id = token.id.clone().unwrap_or_else(|| TokenId::from_ulid(&self.ids.ulid()));
        let entry = TokenEntry { id, organisation: Some(organisation.id.clone()), token };
        self.gate.records.write(vec![put_new(&entry.token)?, put_new(&entry)?]).await?;
        Ok(MadeToken { entry, text })
    }

    async fn anew(
        &self,
        caller: &Caller,
        entry: Found<TokenEntry>,
        role: Role,
        end: Option<Timestamp>,
    ) -> Result<MadeToken> {
        let old = entry.value.token;
        let now = self.clock.now();
        let (text, made) =
            new_token(self.ids.as_ref(), now, (old.partner.clone(), role), &old.name, old.organisations);
        let made = self.made_by(caller, made, now).await?;
        let features = if role == Role::EndCustomer { given_by(caller)? } else { old.features };
        let end = end.map_or(made.expires_at, |end| end.min(made.expires_at));
        let token = ApiToken { id: Some(entry.value.id.clone()), features, expires_at: end, ..made };
        let renewed = TokenEntry { token, ..entry.value };
        let mut writes = vec![put_new(&renewed.token)?, replace(&renewed, entry.version)?];
        if let Some(found) = self.gate.records.find(&ApiToken::at(&old.hash)).await? {
            writes.push(delete(&found.value, found.version));
        }
        self.gate.records.write(writes).await?;
        Ok(MadeToken { entry: renewed, text })
    }

    /// The token with its maker, and good no longer than the token that makes it.
    ///
    /// # Errors
    /// `Denied` for a token without an id, as which nothing is made; `Conflict` when the maker has ended meanwhile, or
    /// tokens have made one another too often.
    async fn made_by(&self, caller: &Caller, token: ApiToken, now: Timestamp) -> Result<ApiToken> {
        let maker = caller.maker()?;
        let records = &self.gate.records;
        if makers::behind(records, &maker, MOST_MAKERS - 1, now).await?.is_none() {
            let why = "whoever makes the token has ended, or tokens made one another too often: \
                       a person makes it";
            return Err(Error::conflict(why));
        }
        let mut expires_at = token.expires_at;
        if let Maker::Token { partner, token } = &maker
            && let Some(found) = records.find(&TokenEntry::at(partner, token)).await?
        {
            expires_at = expires_at.min(found.value.token.expires_at);
        }
        Ok(ApiToken { made_by: Some(maker), expires_at, ..token })
    }

    /// Takes a token back together with the tokens that were made by it: whoever took it, made them.
    async fn take_back_with_made(&self, entry: Found<TokenEntry>) -> Result<()> {
        let (records, partner) = (&self.gate.records, entry.value.token.partner.clone());
        let maker = Maker::Token { partner: partner.clone(), token: entry.value.id.clone() };
        let made = makers::too_wide(records, &partner, (&maker, None), self.clock.now()).await?;
        makers::end(records, made, Vec::new()).await?;
        self.take_back(entry).await
    }

    async fn take_back(&self, entry: Found<TokenEntry>) -> Result<()> {
        if entry.value.token.revoked_at.is_some() {
            return Ok(());
        }
        let token = ApiToken { revoked_at: Some(self.clock.now()), ..entry.value.token.clone() };
        let (_, writes) = makers::changed(&self.gate.records, entry, token).await?;
        self.gate.records.write(writes).await
    }
}

/// Whether the caller could have made that token.
fn no_wider(caller: &Caller, token: &ApiToken) -> Result<()> {
    if token.reach().within(&caller.member()?.reach()).is_some_and(|left| left == token.reach()) {
        return Ok(());
    }
    Err(Error::denied("the token may do more than you may"))
}

/// The features of an organisation's own token that the caller makes; none where that is every one.
fn given_by(caller: &Caller) -> Result<Option<Vec<Feature>>> {
    let given = features_to_give(caller.member()?.role);
    Ok((given.len() < Feature::ALL.len()).then_some(given))
}

fn no_token() -> Error {
    Error::not_found("there is no such token")
}
