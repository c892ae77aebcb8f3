//! API tokens: made, and told from a text that claims to be one.

use super::{Caller, Member};
use crate::ports::{Clock, Ids, Scope};
use crate::records::{ApiToken, Records};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, Result, Timestamp};
use jiff::SignedDuration;
use std::sync::Arc;

/// How long a token is good.
pub const TOKEN_LIFE_HOURS: i64 = 365 * 24;

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
        hash: ApiToken::hash(&text),
        prefix: text.chars().take(ApiToken::PREFIX_CHARS).collect(),
        name: name.to_owned(),
        partner,
        role,
        organisations,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(TOKEN_LIFE_HOURS),
        revoked_at: None,
    };
    (text, row)
}

/// Who holds a token.
pub struct FindCaller {
    /// Where the tokens are.
    pub records: Records,
    /// The time.
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
        let found = self.records.find::<ApiToken>(&Scope::System, &ApiToken::key_of(&hash)).await?;
        let good = found.map(|f| f.value).filter(|t| t.is_good(self.clock.now()));
        Ok(good.map(|t| {
            Caller::Member(Member {
                partner: t.partner,
                role: t.role,
                organisations: t.organisations,
                token: t.prefix,
            })
        }))
    }
}
