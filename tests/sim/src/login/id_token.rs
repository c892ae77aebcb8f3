//! An id token for somebody of a tenant, as an interactive sign-in gives it.
//!
//! Source: "ID token claims reference".

use serde_json::{Value, json};

use super::keys;

/// Who signs in, and for which application.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Object id of the user.
    pub user: String,
    /// Client id that the token is for.
    pub audience: String,
    /// Template ids of the user's directory roles.
    pub wids: Vec<String>,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: i64,
    /// When they had signed in, in seconds since 1970; none where the token does not say.
    pub signed_in_at: Option<i64>,
    /// The nonce that the application asked to find in the token.
    pub nonce: Option<String>,
}

/// How many seconds an id token is good.
const LIFETIME: i64 = 3600;

pub(crate) fn id_token(base: &str, tenant: &str, who: &SignedIn) -> String {
    let mut claims: Value = json!({
        "iss": format!("{base}/{tenant}/v2.0"),
        "ver": "2.0",
        "aud": who.audience,
        "tid": tenant,
        "oid": who.user,
        // Why both: subjects are pairwise, so the same person is another subject for another application.
        "sub": format!("{}.{}", who.user, who.audience),
        "iat": who.issued_at,
        "nbf": who.issued_at,
        "exp": who.issued_at + LIFETIME,
    });
    // Why not an empty list, and no time that is none: both are optional claims.
    if !who.wids.is_empty() {
        claims["wids"] = json!(who.wids);
    }
    if let Some(at) = who.signed_in_at {
        claims["auth_time"] = json!(at);
    }
    if let Some(nonce) = &who.nonce {
        claims["nonce"] = json!(nonce);
    }
    keys::sign(&claims)
}
