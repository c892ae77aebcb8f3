//! API tokens. A token is found by its hash, in the scope of what lets somebody in; what is listed of it stands with its
//! partner, and when it was last used stands in a scope of its own. The first two are always written together.

use super::address::{At, Auth, People, Under, Uses};
use super::{Record, Records, delete};
use crate::ports::Write;
use domain::reach::Reach;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId, PersonId, Result, Timestamp, TokenId};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Who made a token, or the link that opened a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Maker {
    /// Whoever runs the installation.
    Operator,
    /// A person, signed in.
    Person {
        /// The partner that the person belongs to.
        partner: PartnerId,
        /// The person who made it, of that partner.
        person: PersonId,
    },
    /// Whoever held an API token.
    Token {
        /// The partner that the token belongs to.
        partner: PartnerId,
        /// The token that it was made with, of that partner.
        token: TokenId,
    },
}

/// An API token. The token itself is shown once, when it is made, and not kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// Its name in the API; tokens made before there were lists have none.
    #[serde(default)]
    pub id: Option<TokenId>,
    /// The hash of the token, see [`ApiToken::hash`].
    pub hash: String,
    /// Its first characters: how a person tells it from others, and how the audit names it.
    pub prefix: String,
    /// What the token is for, in its maker's words.
    pub name: String,
    /// The partner that the token belongs to.
    pub partner: PartnerId,
    /// The role that the token acts in.
    pub role: Role,
    /// The organisations that it may see; none means all of the partner's.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Only these of the features that are switched on; none means every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Vec<Feature>>,
    /// Who made it, or made it anew: whoever saw its text. None for tokens made before makers were written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_by: Option<Maker>,
    /// When the token was made.
    pub created_at: Timestamp,
    /// Until when the token is good.
    pub expires_at: Timestamp,
    /// When it was revoked; none unless it was.
    pub revoked_at: Option<Timestamp>,
}

impl ApiToken {
    /// What every token begins with, so that secret scanners know it.
    pub const START: &'static str = "hft_";
    /// No token of ours is longer.
    const MOST_BYTES: usize = 200;
    /// How many characters of a token are its prefix.
    pub const PREFIX_CHARS: usize = 12;

    /// The hash under which a token is kept. Why no salt and no slow hash: a token is 256 random bits.
    pub fn hash(token: &str) -> String {
        blake3::hash(token.as_bytes()).to_hex().to_string()
    }
    /// Whether a text may be one of ours, or cannot: an issuer's tokens have dots, and ours are short. So what cannot be is
    /// not looked for.
    pub fn may_be(token: &str) -> bool {
        token.len() <= Self::MOST_BYTES && !token.contains('.')
    }
    /// The address of the token of that hash.
    pub fn at(hash: &str) -> At<Self> {
        At::of(&Auth, hash)
    }
    /// How far it may act, whatever its maker may.
    pub fn reach(&self) -> Reach {
        Reach { role: self.role, organisations: self.organisations.clone(), features: self.features.clone() }
    }
    /// Whether it is neither revoked nor over. Whether its maker still may what it does is another question.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}

impl Record for ApiToken {
    type Owner = Auth;
    const PREFIX: &'static str = "token#";
    fn address(&self) -> At<Self> {
        Self::at(&self.hash)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.expires_at)
    }
}

/// How long a token is still listed after its end.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is listed of a token, in its partner's scope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenEntry {
    /// Its id, which a rotation keeps.
    pub id: TokenId,
    /// The organisation whose own token it is, of which there is one; none for a token of the partner.
    pub organisation: Option<OrganisationId>,
    /// The token as it was last made.
    pub token: ApiToken,
}

impl TokenEntry {
    /// The tokens that a partner made for itself, without those of its organisations.
    pub fn of_partner(partner: &PartnerId) -> Under<Self> {
        Under::of(partner, TokenId::PREFIX)
    }

    /// The address of a partner's token of that id.
    pub fn at(partner: &PartnerId, id: &TokenId) -> At<Self> {
        At::of(partner, id)
    }
    /// The address of an organisation's own token.
    pub fn of_organisation(partner: &PartnerId, id: &OrganisationId) -> At<Self> {
        At::of(partner, id)
    }
}

impl Record for TokenEntry {
    type Owner = People;
    const PREFIX: &'static str = "token#";
    fn address(&self) -> At<Self> {
        match &self.organisation {
            Some(organisation) => Self::of_organisation(&self.token.partner, organisation),
            None => Self::at(&self.token.partner, &self.id),
        }
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.token.expires_at + TOLD_FOR)
    }
}

/// The writes that remove an organisation's own token, where it has one, because the organisation is deleted or given
/// to another partner.
pub async fn end_of_token(
    records: &Records,
    partner: &PartnerId,
    organisation: &OrganisationId,
) -> Result<Vec<Write>> {
    let own = TokenEntry::of_organisation(partner, organisation);
    let Some(entry) = records.find(&own).await? else { return Ok(Vec::new()) };
    let mut writes = vec![delete(&entry.value, entry.version)];
    let token = records.find(&ApiToken::at(&entry.value.token.hash)).await?;
    writes.extend(token.map(|token| delete(&token.value, token.version)));
    Ok(writes)
}

/// When a token was last used: the only row that the authorizer writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenUse {
    /// The id of the token.
    pub token: TokenId,
    /// The partner that the token belongs to.
    pub partner: PartnerId,
    /// When it was used, to about a minute.
    pub at: Timestamp,
    /// When the row ends by itself.
    pub until: Timestamp,
}

impl TokenUse {
    /// The address of the last use of a token.
    pub fn at(partner: &PartnerId, token: &TokenId) -> At<Self> {
        At::of(&Uses, format_args!("{partner}#{token}"))
    }
}

impl Record for TokenUse {
    type Owner = Uses;
    const PREFIX: &'static str = "used#";
    fn address(&self) -> At<Self> {
        Self::at(&self.partner, &self.token)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}
