//! Access tokens: one per tenant, shared by all calls until five minutes before its end.
//!
//! One request at a time per tenant; the others wait for its result. A token that Graph refused is dropped
//! only if it is still the one that is kept, so that many refusals at once lead to one new token.

use crate::{
    credential::Credential,
    login_error::login_error,
    waits::{after, backoff_ms, least_ms, retry_after_ms},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, ErrorKind, OwnFault, Result, TenantId, Timestamp};
use engine::ports::{Clock, Ids, Secrets};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Mutex as AsyncMutex;

/// How long before its end a token is renewed.
const MARGIN_SECONDS: i64 = 300;
/// How long a secret is kept before it is read again; when the login refuses it, it is read again at once.
const SECRET_KEPT_MS: u64 = 300_000;
/// How often a request is made at most, when it fails for a passing reason.
const ATTEMPTS: u32 = 5;
/// How long the whole of the login's answer is waited for, however steadily its pieces come.
const LOGIN_TIMEOUT: Duration = Duration::from_mins(1);

/// A token and what it permits.
pub(crate) struct Token {
    pub(crate) bearer: SecretString,
    /// The application permissions that it grants, sorted by name.
    pub(crate) roles: Vec<String>,
    /// Who we are in the tenant: the `oid` claim.
    pub(crate) principal: Option<String>,
    renew_at: Timestamp,
}

/// Why there is no token, the wait that the login asked for, and whether asking again may help.
struct Failure {
    error: Error,
    asked_ms: Option<u64>,
    passing: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, asked_ms: None, passing: false }
    }
}

type Slot = Arc<AsyncMutex<Option<Arc<Token>>>>;

/// Gets and keeps tokens.
pub(crate) struct Tokens {
    pub(crate) http: reqwest::Client,
    pub(crate) login_url: String,
    pub(crate) scope: String,
    pub(crate) secrets: Arc<dyn Secrets>,
    pub(crate) secret_name: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn Ids>,
    pub(crate) slots: Mutex<HashMap<TenantId, Slot>>,
    pub(crate) credential: AsyncMutex<Option<(Timestamp, Arc<Credential>)>>,
    /// What the operator was told of that is wrong with our own application, until a token comes again.
    pub(crate) told: Mutex<Option<OwnFault>>,
}

impl Tokens {
    /// The token for a tenant: the kept one, or a new one where that is about to end.
    pub(crate) async fn get(&self, tenant: &TenantId, deadline: Option<Timestamp>) -> Result<Arc<Token>> {
        let slot = self.slot(tenant);
        let mut kept = slot.lock().await;
        if let Some(token) = kept.as_ref().filter(|t| self.clock.now() < t.renew_at) {
            return Ok(token.clone());
        }
        let token = Arc::new(self.request(tenant, deadline).await?);
        *kept = Some(token.clone());
        Ok(token)
    }

    /// A new token, whatever is kept: only a new one knows what was granted or taken since.
    pub(crate) async fn get_new(&self, tenant: &TenantId, deadline: Option<Timestamp>) -> Result<Arc<Token>> {
        let slot = self.slot(tenant);
        let mut kept = slot.lock().await;
        *kept = None;
        let token = Arc::new(self.request(tenant, deadline).await?);
        *kept = Some(token.clone());
        Ok(token)
    }

    /// Forgets a token that Graph refused.
    pub(crate) async fn forget(&self, tenant: &TenantId, refused: &Arc<Token>) {
        let slot = self.slot(tenant);
        let mut kept = slot.lock().await;
        if kept.as_ref().is_some_and(|token| Arc::ptr_eq(token, refused)) {
            *kept = None;
        }
    }

    fn slot(&self, tenant: &TenantId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry(tenant.clone()).or_default().clone()
    }

    async fn request(&self, tenant: &TenantId, deadline: Option<Timestamp>) -> Result<Token> {
        let mut attempt = 0;
        loop {
            let Failure { error, asked_ms, passing } = match self.request_once(tenant).await {
                Ok(token) => {
                    self.hear_fault(None);
                    return Ok(token);
                }
                Err(failure) => failure,
            };
            if error.fault().is_some() {
                self.hear_fault(Some(&error));
            }
            let throttled = matches!(error.kind(), ErrorKind::Throttled { .. });
            if !throttled && (!passing || attempt + 1 >= ATTEMPTS) {
                return Err(error);
            }
            let chance = chance(&*self.ids);
            let wait_ms =
                asked_ms.map_or_else(|| backoff_ms(attempt, chance), |ms| ms.max(least_ms(attempt)));
            if deadline.is_some_and(|end| after(self.clock.now(), wait_ms) > end) {
                return Err(if throttled || asked_ms.is_some() {
                    Error::throttled("the login asks to wait beyond the deadline", Some(wait_ms))
                } else {
                    error
                });
            }
            self.clock.sleep_ms(wait_ms).await;
            attempt += 1;
        }
    }

    /// Tells the operator of a fault of ours, in the log: once, however many tenants and calls meet it.
    fn hear_fault(&self, error: Option<&Error>) {
        let fault = error.and_then(Error::fault);
        let before = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), fault);
        if let (Some(error), Some(fault)) = (error, fault)
            && before != Some(fault)
        {
            let (secret, fault) = (&self.secret_name, fault.name());
            tracing::error!(secret, fault, reason = %error, "our own application is refused");
        }
    }

    async fn request_once(&self, tenant: &TenantId) -> Result<Token, Failure> {
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.login_url);
        let now = self.clock.now();
        let credential = self.credential(now).await?;
        let form = credential.form(&url, &self.scope, now, &guid(&*self.ids))?;
        let form: Vec<(&str, &str)> =
            form.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let cut = |e: reqwest::Error| Failure {
            error: Error::unavailable("the login cannot be reached").caused_by(e.without_url()),
            asked_ms: None,
            passing: true,
        };
        let reply = self.http.post(&url).timeout(LOGIN_TIMEOUT).form(&form).send().await.map_err(cut)?;
        let status = reply.status().as_u16();
        let retry_after = reply.headers().get("retry-after").and_then(|v| v.to_str().ok());
        let asked_ms = retry_after.and_then(|v| retry_after_ms(v, self.clock.now()));
        let bytes = reply.bytes().await.map_err(cut)?;
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if status != 200 {
            let error = login_error(status, &body);
            if body.get("error").and_then(Value::as_str) == Some("invalid_client") {
                *self.credential.lock().await = None;
            }
            return Err(Failure { error, asked_ms, passing: status >= 500 });
        }
        let Some(bearer) = body.get("access_token").and_then(Value::as_str) else {
            return Err(Error::unavailable("the login's answer holds no token").into());
        };
        // Why: older endpoints give the number as text.
        let lives = body.get("expires_in");
        let lives = lives.and_then(|v| v.as_i64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(0).max(0);
        let lives = lives.min(7 * 86_400);
        let kept_seconds = lives - MARGIN_SECONDS.min(lives / 2);
        let renew_at = after(now, u64::try_from(kept_seconds).unwrap_or(0) * 1_000);
        let claims = claims(bearer);
        let principal = claims.get("oid").and_then(Value::as_str).map(str::to_owned);
        Ok(Token { roles: roles(&claims), principal, bearer: bearer.into(), renew_at })
    }

    /// The application's credential, kept for a while.
    ///
    /// # Errors
    /// Those of the secrets; a fault of ours where there is no secret, or it is not one.
    pub(crate) async fn credential(&self, now: Timestamp) -> Result<Arc<Credential>> {
        let mut kept = self.credential.lock().await;
        if let Some((_, credential)) = kept.as_ref().filter(|(until, _)| now < *until) {
            return Ok(credential.clone());
        }
        let none = |error: Error| match error.kind() {
            ErrorKind::NotFound | ErrorKind::Invalid => {
                Error::own_fault(OwnFault::NoCredential, "nothing was asked").caused_by(error)
            }
            _ => error,
        };
        let secret = self.secrets.get(&self.secret_name).await.map_err(none)?;
        let credential = Arc::new(Credential::parse(&self.secret_name, secret.expose()).map_err(none)?);
        *kept = Some((after(now, SECRET_KEPT_MS), credential.clone()));
        Ok(credential)
    }
}

/// What a token says; nothing where it cannot be read. Of an access token only `roles` and `oid` are looked at: the
/// rest of it is Graph's business.
pub(crate) fn claims(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok());
    claims.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

/// The `roles` claim; empty when the token does not say.
fn roles(claims: &Value) -> Vec<String> {
    let roles = claims.get("roles").and_then(Value::as_array);
    let mut roles: Vec<String> =
        roles.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    roles.sort_unstable();
    roles.dedup();
    roles
}

/// A new GUID of version 4, from the port of random numbers.
pub(crate) fn guid(ids: &dyn Ids) -> String {
    uuid::Builder::from_random_bytes(random(ids)).into_uuid().to_string()
}

/// A number from 0 to 1.
pub(crate) fn chance(ids: &dyn Ids) -> f64 {
    let bytes = random(ids);
    f64::from(u16::from_le_bytes([bytes[0], bytes[1]])) / f64::from(u16::MAX)
}

/// All of a token's 256 bits folded into 128.
fn random(ids: &dyn Ids) -> [u8; 16] {
    let mut bytes = [0; 16];
    for (i, pair) in ids.token().as_bytes().chunks(2).enumerate() {
        let digits = std::str::from_utf8(pair).unwrap_or_default();
        bytes[i % 16] ^= u8::from_str_radix(digits, 16).unwrap_or_default();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Same(String);
    impl Ids for Same {
        fn ulid(&self) -> String {
            self.0.clone()
        }
        fn token(&self) -> String {
            self.0.clone()
        }
    }

    #[test]
    fn a_chance_goes_from_nothing_to_one() {
        let of = |byte: &str| chance(&Same(byte.repeat(16) + &"00".repeat(16)));
        assert!(of("00").abs() < f64::EPSILON && (of("ff") - 1.0).abs() < f64::EPSILON);
        assert!((0.49..0.51).contains(&of("80")));
    }
}
