//! API tokens on the wire: one that is to be made, and one as it is shown.

use super::{Name, some_and_few};
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId, Timestamp, TokenId};
use engine::records::{Maker, Organisation, TokenEntry};
use garde::Validate;
use partners::commands::tokens::{MadeToken, NewToken, TokenView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An API token that is to be made.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTokenIn {
    /// The name of the token, for people.
    #[garde(dive)]
    pub name: Name,
    /// What the token may do.
    #[garde(skip)]
    pub role: Role,
    /// The only organisations that it sees, 1 to 50; absent means as many as its maker sees.
    #[garde(custom(some_and_few))]
    pub organisations: Option<Vec<OrganisationId>>,
    /// Until when it is good: a year when nothing is said, and no longer.
    #[garde(skip)]
    pub expires_at: Option<Timestamp>,
}

impl From<NewTokenIn> for NewToken {
    fn from(new: NewTokenIn) -> Self {
        Self {
            name: new.name.into(),
            role: new.role,
            organisations: new.organisations,
            expires_at: new.expires_at,
        }
    }
}

/// Who made a token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MakerOut {
    /// What kind of maker it is.
    pub kind: MakerKind,
    /// The person, or the token; null for the operator.
    pub id: Option<String>,
    /// The partner that the maker belongs to; null for the operator.
    pub partner: Option<PartnerId>,
}

/// What kind of maker made a token.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum MakerKind {
    /// Whoever runs the installation.
    Operator,
    /// A person, who had signed in.
    Person,
    /// Whoever held another API token.
    Token,
}

impl From<Maker> for MakerOut {
    fn from(maker: Maker) -> Self {
        let of = |kind, id: String, partner| Self { kind, id: Some(id), partner: Some(partner) };
        match maker {
            Maker::Operator => Self { kind: MakerKind::Operator, id: None, partner: None },
            Maker::Person { partner, person } => of(MakerKind::Person, person.to_string(), partner),
            Maker::Token { partner, token } => of(MakerKind::Token, token.to_string(), partner),
        }
    }
}

/// An API token; what it opens the API with is shown once.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenOut {
    /// The token's id, which is no secret.
    pub id: TokenId,
    /// The first characters of the token, as logs show it.
    pub prefix: String,
    /// The token's name, for people.
    pub name: String,
    /// What the token may do.
    pub role: Role,
    /// The only organisations that it sees; null means all.
    pub organisations: Option<Vec<OrganisationId>>,
    /// Who made it, or made it anew: it does no more than they may. Null for tokens made before this was written down.
    pub made_by: Option<MakerOut>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was revoked; null while it is good.
    pub revoked_at: Option<Timestamp>,
    /// To the minute or so; null when it never was.
    pub last_used_at: Option<Timestamp>,
    /// What an organisation's own token opens: the features that are switched on for it, and that its maker could give.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Feature>>,
    /// The features that its maker could give; none where that is every one.
    #[serde(skip)]
    given: Option<Vec<Feature>>,
    /// The token itself, where it was just made: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl TokenOut {
    fn new(entry: TokenEntry, last_used_at: Option<Timestamp>, token: Option<String>) -> Self {
        let TokenEntry { id, token: kept, .. } = entry;
        Self {
            id,
            given: kept.features,
            prefix: kept.prefix,
            name: kept.name,
            role: kept.role,
            organisations: kept.organisations,
            made_by: kept.made_by.map(Into::into),
            created_at: kept.created_at,
            expires_at: kept.expires_at,
            revoked_at: kept.revoked_at,
            last_used_at,
            scopes: None,
            token,
        }
    }

    /// The same, of that organisation's own token.
    #[must_use]
    pub fn of(self, organisation: Organisation) -> Self {
        let mut scopes = organisation.features;
        scopes.retain(|feature| self.given.as_ref().is_none_or(|given| given.contains(feature)));
        Self { scopes: Some(scopes), ..self }
    }
}

impl From<TokenView> for TokenOut {
    fn from(view: TokenView) -> Self {
        Self::new(view.entry, view.last_used_at, None)
    }
}

/// A token that was revoked or narrowed together with something else.
impl From<TokenEntry> for TokenOut {
    fn from(entry: TokenEntry) -> Self {
        Self::new(entry, None, None)
    }
}

impl From<MadeToken> for TokenOut {
    fn from(made: MadeToken) -> Self {
        Self::new(made.entry, None, Some(made.text))
    }
}
