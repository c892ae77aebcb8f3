//! Signed-in people: the check of a JWT of the one issuer that is configured.
//!
//! Only RS256 and ES256, each with a key of its own kind; never `none`, never a shared secret. Keys are kept for an
//! hour. An unknown key leads to a question to the issuer, but at most once a minute, whatever is shown to us; while
//! the issuer does not answer, the keys that are kept stay good. Roles and addresses in a token mean nothing here.

use domain::{Error, Result, Timestamp};
use engine::ports::{Clock, KeySets};
use engine::records::Identity;
use jiff::SignedDuration;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use partners::commands::SignInTimes;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Mutex;

/// How long keys are kept before they are read again.
const KEYS_GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// How long after a question to the issuer no other is asked.
const ASKED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// How far the issuer's clock may be ahead of ours, in seconds.
const SKEW_SECONDS: i64 = 60;

/// What is configured of the issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInSettings {
    /// The issuer, exactly as its tokens name it.
    pub issuer: String,
    /// The audience that its tokens must name: our client id.
    pub audience: String,
}

#[derive(Default)]
struct Kept {
    keys: Vec<Jwk>,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
}

/// Checks tokens of the configured issuer, with keys that it keeps.
pub struct SignIn {
    settings: SignInSettings,
    key_sets: Arc<dyn KeySets>,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

/// What a good token of the issuer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who it is.
    pub identity: Identity,
    /// When that was, as far as the token says.
    pub times: SignInTimes,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Value,
    exp: f64,
    #[serde(default)]
    nbf: f64,
    auth_time: Option<f64>,
    iat: Option<f64>,
}

impl SignIn {
    /// A check with no keys yet.
    pub fn new(settings: SignInSettings, key_sets: Arc<dyn KeySets>, clock: Arc<dyn Clock>) -> Self {
        Self { settings, key_sets, clock, kept: Mutex::default() }
    }

    /// Who the token says it is; none when the token is not a good one.
    ///
    /// # Errors
    /// `Unavailable` when no keys were ever read: then nothing can be said about any token.
    pub async fn check(&self, token: &str) -> Result<Option<Shown>> {
        let Ok(header) = jsonwebtoken::decode_header(token) else { return Ok(None) };
        let (Algorithm::RS256 | Algorithm::ES256, Some(kid)) = (header.alg, header.kid) else {
            return Ok(None);
        };
        let Some(key) = self.key(&kid, header.alg).await? else { return Ok(None) };
        let Ok(key) = DecodingKey::from_jwk(&key) else { return Ok(None) };
        let mut signature = Validation::new(header.alg);
        // Why not by the library: it would ask the machine's clock; ours is an input. Expiry is checked below.
        signature.validate_exp = false;
        signature.validate_nbf = false;
        signature.validate_aud = false;
        signature.required_spec_claims.clear();
        let Ok(signed) = jsonwebtoken::decode::<Claims>(token, &key, &signature) else { return Ok(None) };
        Ok(self.good(signed.claims))
    }

    fn good(&self, claims: Claims) -> Option<Shown> {
        let now = self.clock.now().as_second();
        let audience = match &claims.aud {
            Value::String(one) => *one == self.settings.audience,
            // Why not one audience of many: such a token was given to others too, who could show it to us.
            Value::Array(all) => matches!(&all[..], [Value::String(one)] if *one == self.settings.audience),
            _ => false,
        };
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are exact for millions of years")]
        let in_time = (now as f64) < claims.exp && claims.nbf <= (now + SKEW_SECONDS) as f64;
        let fine = audience && in_time && claims.iss == self.settings.issuer && !claims.sub.is_empty();
        // Why no later than now: an age is told of it, and a clock that is ahead must not make it younger than it is.
        #[expect(clippy::cast_possible_truncation, reason = "a time far away is no time, and left out")]
        let read = |at: Option<f64>| {
            let at = at.and_then(|at| Timestamp::from_second(at as i64).ok());
            at.map(|at| at.min(self.clock.now()))
        };
        let times = SignInTimes { signed_in_at: read(claims.auth_time), token_made_at: read(claims.iat) };
        fine.then_some(Shown { identity: Identity { issuer: claims.iss, subject: claims.sub }, times })
    }

    /// The issuer's key of that id, if it is made for the algorithm.
    async fn key(&self, kid: &str, algorithm: Algorithm) -> Result<Option<Jwk>> {
        let now = self.clock.now();
        let mut kept = self.kept.lock().await;
        let find = |kept: &Kept| kept.keys.iter().find(|k| fits(k, kid, algorithm)).cloned();
        let found = find(&kept);
        let fresh = kept.read_at.is_some_and(|at| now < at + KEYS_GOOD_FOR);
        let may_ask = kept.asked_at.is_none_or(|at| now >= at + ASKED_EVERY);
        if (found.is_some() && fresh) || !may_ask {
            return if kept.read_at.is_some() { Ok(found) } else { Err(no_keys()) };
        }
        kept.asked_at = Some(now);
        match self.key_sets.fetch(&self.settings.issuer).await {
            Ok(set) => {
                kept.keys = read(&set);
                kept.read_at = Some(now);
            }
            Err(error) if kept.read_at.is_some() => {
                tracing::warn!(%error, "the issuer's keys were not read again; those that are kept stay good");
            }
            Err(error) => return Err(error),
        }
        Ok(find(&kept))
    }
}

fn no_keys() -> Error {
    Error::unavailable("the issuer's keys could not be read")
}

/// The keys of the set that can be read; one of an unknown kind does not spoil the others.
fn read(set: &Value) -> Vec<Jwk> {
    if let Ok(set) = serde_json::from_value::<JwkSet>(set.clone()) {
        return set.keys;
    }
    let keys = set.get("keys").and_then(Value::as_array).cloned().unwrap_or_default();
    keys.into_iter().filter_map(|k| serde_json::from_value(k).ok()).collect()
}

/// Why the kind too: a public key must never serve as the secret of another algorithm.
fn fits(key: &Jwk, kid: &str, algorithm: Algorithm) -> bool {
    let kind = match (&key.algorithm, algorithm) {
        (AlgorithmParameters::RSA(_), Algorithm::RS256) => true,
        (AlgorithmParameters::EllipticCurve(curve), Algorithm::ES256) => curve.curve == EllipticCurve::P256,
        _ => false,
    };
    let for_signatures = key.common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
    kind && for_signatures && key.common.key_id.as_deref() == Some(kid)
}
