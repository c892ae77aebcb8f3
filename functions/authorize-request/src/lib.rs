//! The HTTP authorizer: an `Authorization: Bearer` header comes in, the caller goes out as API Gateway's context.
//!
//! It says who asks, not what they may do: the table of rights is consulted where the organisation is known. A token
//! is one of ours, or a JWT of the issuer that is configured. Unknown, expired and revoked tokens get the same
//! answer. The token itself is kept nowhere and logged nowhere; only its hash is looked up.

mod issuer;
mod sign_in;
mod strangers;

use aws_lambda_events::apigw::{
    ApiGatewayV2CustomAuthorizerSimpleResponse, ApiGatewayV2CustomAuthorizerV2Request,
};
use domain::Result;
use partners::commands::sign_in::FindCaller;
use runtime::http::authorizer_context;
use serde_json::{Map, Value};

pub use issuer::HttpKeySets;
pub use sign_in::{Shown, SignIn, SignInSettings};
pub use strangers::Strangers;

/// The answer to API Gateway: whether the call is let in, and the caller as context.
pub type Answer = ApiGatewayV2CustomAuthorizerSimpleResponse<Map<String, Value>>;

/// The longest token that is looked at; ours have 68 characters, those of an issuer some thousand.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// Answers one request.
///
/// # Errors
/// Those of the catalog and of the issuer: then API Gateway answers 500, and lets nobody in.
pub async fn authorize(
    request: &ApiGatewayV2CustomAuthorizerV2Request,
    find: &FindCaller,
    sign_in: Option<&SignIn>,
    strangers: &Strangers,
) -> Result<Answer> {
    let header = request.headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let caller = match bearer(header) {
        // Why first: whoever shows the same wrong token without end costs nobody anything.
        Some(token) if strangers.knows(token, find.clock.now()) => None,
        Some(token) => match (find.find(token).await?, sign_in) {
            // Why ours first: a token that we gave out is ours to check, whatever its text looks like.
            (None, Some(sign_in)) => match sign_in.check(token).await? {
                Some(shown) => Some(find.find_signed_in_at(shown.identity, shown.times).await?),
                None => None,
            },
            (caller, _) => caller,
        },
        None => None,
    };
    if let (None, Some(token)) = (&caller, bearer(header)) {
        strangers.note(token, find.clock.now());
    }
    let mut answer = Answer::default();
    if let Some(caller) = caller {
        answer.is_authorized = true;
        answer.context = authorizer_context(&caller);
    }
    Ok(answer)
}

// Source: RFC 9110, section 11.1: the scheme's case does not matter.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.len() <= MAX_TOKEN_BYTES)
        .then_some(token)
}
