//! API tokens on the wire.

use super::Name;
use domain::rights::{Feature, Role};
use domain::{OrganisationId, Timestamp, TokenId};
use engine::records::{Organisation, TokenEntry};
use garde::Validate;
use partners::commands::tokens::{MadeToken, NewToken, TokenView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTokenIn {
    #[garde(dive)]
    pub name: Name,
    #[garde(skip)]
    pub role: Role,
    /// Only for these; absent means as the maker.
    #[garde(custom(some_and_few))]
    pub organisations: Option<Vec<OrganisationId>>,
    #[garde(skip)]
    pub expires_at: Option<Timestamp>,
}

/// A limitation names 1 to 50 organisations.
#[expect(clippy::ref_option, reason = "the signature that garde calls")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that garde calls")]
pub(super) fn some_and_few(named: &Option<Vec<OrganisationId>>, (): &()) -> garde::Result {
    match named {
        Some(named) if !(1..=50).contains(&named.len()) => {
            Err(garde::Error::new("must name 1 to 50 organisations"))
        }
        _ => Ok(()),
    }
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

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenOut {
    pub id: TokenId,
    pub prefix: String,
    pub name: String,
    pub role: Role,
    pub organisations: Option<Vec<OrganisationId>>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub revoked_at: Option<Timestamp>,
    /// To the minute or so; null when it never was.
    pub last_used_at: Option<Timestamp>,
    /// What an organisation's own token opens: the features that are switched on for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<Feature>>,
    /// The token itself, where it was just made: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl TokenOut {
    fn new(entry: TokenEntry, last_used_at: Option<Timestamp>, token: Option<String>) -> Self {
        let TokenEntry { id, token: kept, .. } = entry;
        Self {
            id,
            prefix: kept.prefix,
            name: kept.name,
            role: kept.role,
            organisations: kept.organisations,
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
        Self { scopes: Some(organisation.features), ..self }
    }
}

impl From<TokenView> for TokenOut {
    fn from(view: TokenView) -> Self {
        Self::new(view.entry, view.last_used_at, None)
    }
}

impl From<MadeToken> for TokenOut {
    fn from(made: MadeToken) -> Self {
        Self::new(made.entry, None, Some(made.text))
    }
}
