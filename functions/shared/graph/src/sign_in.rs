//! Sign-ins of administrators: OAuth 2.0 authorization code with PKCE, redeemed with the application's credential.
//!
//! The id token comes straight from the login over TLS, which stands for its signature (OpenID Connect Core, 3.1.3.7);
//! all else that it says is checked here.
//! Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, id-token-claims-reference.

use crate::{
    GraphClient,
    login_error::login_error,
    token::{Tokens, claims, guid},
};
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, Refusal, Result};
use engine::ports::{SignInAsk, SignIns, SignedIn};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use url::Url;

const SCOPE: &str = "openid profile";
/// How many seconds Microsoft's clocks may differ from ours.
const SKEW_SECONDS: i64 = 300;
/// How long somebody's browser waits for what their sign-in ended with to be redeemed.
const REDEEM_WITHIN: Duration = Duration::from_secs(5);
/// A code is some hundred characters, at most about two thousand.
const MAX_CODE: usize = 4_096;

/// Sign-ins over Microsoft's login; its client is the reading one.
#[derive(Clone)]
pub struct GraphSignIns {
    client: GraphClient,
}

impl GraphSignIns {
    /// Sign-ins with that client's application.
    pub fn new(client: GraphClient) -> Self {
        Self { client }
    }
}

#[async_trait]
impl SignIns for GraphSignIns {
    async fn page(&self, ask: &SignInAsk<'_>) -> Result<Url> {
        let tokens = self.client.tokens();
        let credential = tokens.credential(tokens.clock.now()).await?;
        let address = format!("{}/{}/oauth2/v2.0/authorize", tokens.login_url, ask.tenant);
        let mut url =
            Url::parse(&address).map_err(|e| Error::invalid("the login's address is none").caused_by(e))?;
        url.query_pairs_mut()
            .append_pair("client_id", credential.client_id())
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("redirect_uri", ask.redirect_url.as_str())
            .append_pair("scope", SCOPE)
            .append_pair("state", ask.state)
            .append_pair("nonce", ask.nonce)
            .append_pair("code_challenge", &BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(ask.verifier)))
            .append_pair("code_challenge_method", "S256")
            // Why: nobody should be connected by following a link while signed in already, unasked.
            .append_pair("prompt", "select_account");
        Ok(url)
    }

    async fn redeem(&self, ask: &SignInAsk<'_>, code: &str) -> Result<SignedIn> {
        if code.is_empty() || code.len() > MAX_CODE {
            return Err(Error::invalid_field("code", "is not one of a sign-in"));
        }
        redeem(self.client.tokens(), ask, code).await
    }
}

async fn redeem(tokens: &Tokens, ask: &SignInAsk<'_>, code: &str) -> Result<SignedIn> {
    let url = format!("{}/{}/oauth2/v2.0/token", tokens.login_url, ask.tenant);
    let now = tokens.clock.now();
    let credential = tokens.credential(now).await?;
    let mut form = credential.form(&url, SCOPE, now, &guid(&*tokens.ids))?;
    form.retain(|(name, _)| *name != "grant_type");
    form.push(("grant_type", SecretString::from("authorization_code")));
    form.push(("code", code.into()));
    form.push(("redirect_uri", ask.redirect_url.as_str().into()));
    form.push(("code_verifier", ask.verifier.into()));
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
    let cut =
        |e: reqwest::Error| Error::unavailable("the login cannot be reached").caused_by(e.without_url());
    let reply = tokens.http.post(&url).timeout(REDEEM_WITHIN).form(&form).send().await.map_err(cut)?;
    let status = reply.status().as_u16();
    let body: Value = serde_json::from_slice(&reply.bytes().await.map_err(cut)?).unwrap_or_default();
    if status != 200 {
        let error = login_error(status, &body);
        let is_the_code = body.get("error").and_then(Value::as_str) == Some("invalid_grant");
        // Why not what the table knows of the tenant: that says more than that the code is none.
        return Err(
            if is_the_code && error.fault().is_none() && error.refusal().is_none_or(|r| r == Refusal::Unknown)
            {
                Error::denied("the login does not take what the sign-in ended with").caused_by(error)
            } else {
                error
            },
        );
    }
    let token = body.get("id_token").and_then(Value::as_str).unwrap_or_default();
    let claims = claims(token);
    let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
    let seconds = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or(0);
    let second = now.as_second();
    let is_ours = text("aud").eq_ignore_ascii_case(credential.client_id())
        && text("nonce") == ask.nonce
        && seconds("exp") > second - SKEW_SECONDS
        && seconds("iat") <= second + SKEW_SECONDS
        && text("iss").ends_with(&format!("/{}/v2.0", text("tid")));
    if !is_ours {
        return Err(Error::denied("the login's id token is not the one that was asked for"));
    }
    let tenant = text("tid").parse().map_err(|_| Error::denied("the login's id token names no tenant"))?;
    let roles = claims.get("wids").and_then(Value::as_array).into_iter().flatten();
    let roles = roles.filter_map(Value::as_str).map(str::to_owned).collect();
    let user = Some(text("oid")).filter(|oid| uuid::Uuid::try_parse(oid).is_ok()).map(str::to_owned);
    Ok(SignedIn { tenant, user, roles })
}
