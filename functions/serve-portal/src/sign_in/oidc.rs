//! The issuer that people sign in with: its addresses, its page, and what a code is redeemed for.
//!
//! Source: "OpenID Connect Discovery 1.0", section 4; RFC 7636; RFC 9700, section 2.1.

use crate::asked::FRESH_SECONDS;
use crate::failure::Failure;
use crate::json::Fields;
use crate::session::is_loopback;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// How long the issuer may take. Why less than the API: anybody makes the portal ask it, and one that hangs would keep every
/// page waiting.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The longest answer of the issuer that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The issuer, as its tokens name it, and what it knows the portal by.
#[derive(Debug)]
pub struct Issuer {
    http: reqwest::Client,
    name: String,
    client_id: String,
    found: OnceCell<Endpoints>,
}

#[derive(Debug)]
struct Endpoints {
    page: Url,
    token: Url,
}

/// What a sign-in is asked for with.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Where the browser comes back to.
    pub callback: &'a str,
    /// Whether the person has to show who they are though they are signed in there.
    pub is_fresh: bool,
}

impl Issuer {
    /// The issuer of that name; nothing is asked of it yet.
    pub fn new(http: reqwest::Client, name: String, client_id: String) -> Self {
        Self { http, name, client_id, found: OnceCell::new() }
    }

    /// The address of the page on which somebody signs in.
    ///
    /// # Errors
    /// `NoAnswer`.
    pub async fn sign_in_page(&self, asks: &Asks<'_>, state: &str, verifier: &str) -> Result<Url, Failure> {
        let mut page = self.endpoints().await?.page.clone();
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
        page.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", asks.callback)
            .append_pair("scope", "openid profile email")
            .append_pair("state", state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("prompt", if asks.is_fresh { "login" } else { "select_account" });
        if asks.is_fresh {
            // Source: OpenID Connect Core, 3.1.2.1: then the token says when the person signed in (`auth_time`).
            page.query_pairs_mut().append_pair("max_age", &FRESH_SECONDS.to_string());
        }
        Ok(page)
    }

    /// The id token for a code. Whether it is a good one, the API says.
    ///
    /// # Errors
    /// `SignInFailed` where the issuer refuses the code; `NoAnswer`.
    pub async fn redeem(&self, code: &str, verifier: &str, callback: &str) -> Result<String, Failure> {
        let form = [
            ("client_id", self.client_id.as_str()),
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", callback),
            ("code_verifier", verifier),
        ];
        let request = self.http.post(self.endpoints().await?.token.clone()).form(&form).timeout(TIMEOUT);
        let answer = request.send().await.map_err(|_| Failure::NoAnswer)?;
        if answer.status().is_client_error() {
            return Err(Failure::SignInFailed("not-taken"));
        }
        let told = read(answer).await?;
        Ok(told.some("id_token").ok_or(Failure::NoAnswer)?.to_owned())
    }

    async fn endpoints(&self) -> Result<&Endpoints, Failure> {
        self.found.get_or_try_init(|| self.discover()).await
    }

    async fn discover(&self) -> Result<Endpoints, Failure> {
        let base = self.name.trim_end_matches('/');
        let at = self.safe(&format!("{base}/.well-known/openid-configuration"))?;
        let answer = self.http.get(at).timeout(TIMEOUT).send().await.map_err(|_| Failure::NoAnswer)?;
        if !answer.status().is_success() {
            return Err(Failure::NoAnswer);
        }
        let told = read(answer).await?;
        // Source: section 4.3: otherwise one issuer could answer for another.
        if told.text("issuer") != self.name {
            tracing::error!("the issuer's configuration is of another issuer");
            return Err(Failure::NoAnswer);
        }
        let page = self.safe(told.text("authorization_endpoint"))?;
        Ok(Endpoints { page, token: self.safe(told.text("token_endpoint"))? })
    }

    /// An address of HTTPS, or of this machine where the issuer is of this machine.
    fn safe(&self, address: &str) -> Result<Url, Failure> {
        let is_local = |url: &Url| url.scheme() == "http" && is_loopback(url);
        let of_issuer = Url::parse(&self.name).is_ok_and(|url| is_local(&url));
        let url = Url::parse(address).map_err(|_| Failure::NoAnswer)?;
        if url.scheme() == "https" || (of_issuer && is_local(&url)) {
            Ok(url)
        } else {
            Err(Failure::NoAnswer)
        }
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Value, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| Failure::NoAnswer)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(Failure::NoAnswer);
        }
    }
    serde_json::from_slice(&body).map_err(|_| Failure::NoAnswer)
}
