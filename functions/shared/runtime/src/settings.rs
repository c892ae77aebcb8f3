//! The environment: its one home. Everything that an operator can set has its name here or in
//! [`aws::AwsNames`] and [`graph::GraphSettings`], which are read through [`Settings`] too.

use crate::http::RateLimit;
use domain::{Error, Result};
use forwarded::Key;
use graph::GraphSettings;
use partners::commands::connect::ConsentSettings;
use std::collections::BTreeMap;
use url::Url;

/// Where the API is reached from outside, such as `https://api.example.com`.
pub const PUBLIC_URL: &str = "HOLDFAST_PUBLIC_URL";
/// Client id of the app registration that takes snapshots.
pub const READER_CLIENT_ID: &str = "HOLDFAST_READER_CLIENT_ID";
/// Client id of the app registration that restores; without it nothing can be restored.
pub const WRITER_CLIENT_ID: &str = "HOLDFAST_WRITER_CLIENT_ID";
/// With this token, and no other, top partners are created; without it none can be.
pub const BOOTSTRAP_SHA256: &str = "HOLDFAST_BOOTSTRAP_SHA256";
/// The bucket in which signed heads of audit logs are kept under lock.
pub const ANCHORS_BUCKET: &str = "HOLDFAST_ANCHORS_BUCKET";
/// The bucket in which files of downloads are, for a day.
pub const EXPORTS_BUCKET: &str = "HOLDFAST_EXPORTS_BUCKET";
/// For how many days a blob is locked from its writing.
pub const VAULT_LOCK_DAYS: &str = "HOLDFAST_VAULT_LOCK_DAYS";
/// In which mode of S3's: `GOVERNANCE` or `COMPLIANCE`.
pub const VAULT_LOCK_MODE: &str = "HOLDFAST_VAULT_LOCK_MODE";
/// The issuer whose tokens are accepted besides API tokens, exactly as they name it; none switches it off.
pub const OIDC_ISSUER: &str = "HOLDFAST_OIDC_ISSUER";
/// For whom its tokens must be: our client id there.
pub const OIDC_AUDIENCE: &str = "HOLDFAST_OIDC_AUDIENCE";
/// The key by which the portal tells where its people are; without it the API believes no word about that.
pub const FORWARDED_KEY: &str = "HOLDFAST_FORWARDED_KEY";
/// What is logged, in `tracing`'s words; `info` by default.
pub const LOG: &str = "HOLDFAST_LOG";
/// What Lambda calls the function; Lambda sets it.
pub const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// How many units a minute a caller may use, over all instances; 600 by default. A unit is a tenth of a second of an
/// instance, and a request is one at the least.
pub const RATE_PER_MINUTE: &str = "HOLDFAST_RATE_PER_MINUTE";
/// How many of them at once; 100 by default.
pub const RATE_BURST: &str = "HOLDFAST_RATE_BURST";

/// `required`, or `off`: whether an administrator who consents has to sign in at the tenant.
pub const CONSENT_SIGN_IN: &str = "HOLDFAST_CONSENT_SIGN_IN";
/// Where Microsoft sends an administrator back to, below the public address.
pub const CALLBACK_PATH: &str = "v1/consent/callback";

/// What is set, by name.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Everything that the environment sets.
    #[expect(clippy::disallowed_methods, reason = "the one home of the environment")]
    pub fn from_env() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        )
    }

    /// These settings and no others.
    pub fn of<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// The value, unless it is empty.
    pub fn find(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(str::to_owned)
    }

    /// The values, in the order of the names.
    ///
    /// # Errors
    /// `Invalid`, with every name that is not set.
    pub fn get_all<const N: usize>(&self, names: [&str; N]) -> Result<[String; N]> {
        let missing: Vec<_> = names.into_iter().filter(|n| self.find(n).is_none()).collect();
        if missing.is_empty() {
            Ok(names.map(|n| self.find(n).unwrap_or_default()))
        } else {
            Err(Error::invalid(format!("not set: {}", missing.join(", "))))
        }
    }

    /// The SHA-256 of the bootstrap token in lower-case hexadecimal, when there is one. The token itself is in no
    /// setting.
    ///
    /// # Errors
    /// `Invalid` when it is no such hash.
    pub fn bootstrap_sha256(&self) -> Result<Option<String>> {
        let Some(hash) = self.find(BOOTSTRAP_SHA256) else { return Ok(None) };
        if hash.len() != 64 || !hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            let message = "must be a SHA-256: 64 hexadecimal digits in lower case";
            return Err(Error::invalid_field(BOOTSTRAP_SHA256, message));
        }
        Ok(Some(hash))
    }

    /// The limit of each caller.
    ///
    /// # Errors
    /// `Invalid`, naming what is no number from 1 on.
    pub fn rate_limit(&self) -> Result<RateLimit> {
        let number = |name: &str, default: u32| match self.find(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| *n > 0)
                .ok_or_else(|| Error::invalid_field(name, "must be a number from 1 on")),
        };
        let default = RateLimit::default();
        Ok(RateLimit {
            per_minute: number(RATE_PER_MINUTE, default.per_minute)?,
            burst: number(RATE_BURST, default.burst)?,
        })
    }

    /// The issuer of the sign-in and the audience, when there is one.
    ///
    /// # Errors
    /// `Invalid` when one of the two is set without the other, or the issuer is not an address.
    pub fn sign_in(&self) -> Result<Option<(String, String)>> {
        if self.find(OIDC_ISSUER).is_none() && self.find(OIDC_AUDIENCE).is_none() {
            return Ok(None);
        }
        let [issuer, audience] = self.get_all([OIDC_ISSUER, OIDC_AUDIENCE])?;
        Url::parse(&issuer)
            .map_err(|e| Error::invalid_field(OIDC_ISSUER, "is not an address").caused_by(e))?;
        Ok(Some((issuer, audience)))
    }

    /// The key by which the portal tells where its people are, when there is one.
    ///
    /// # Errors
    /// `Invalid` when it is short enough to be guessed.
    pub fn forwarded_key(&self) -> Result<Option<Key>> {
        let Some(text) = self.find(FORWARDED_KEY) else { return Ok(None) };
        let short = || Error::invalid_field(FORWARDED_KEY, "must have at least 32 characters");
        Ok(Some(Key::new(&text).ok_or_else(short)?))
    }

    /// For how many days a blob is locked from its writing.
    ///
    /// # Errors
    /// `Invalid` when that is not set, or is no number of days.
    pub fn vault_lock_days(&self) -> Result<u32> {
        let [days] = self.get_all([VAULT_LOCK_DAYS])?;
        let days = days.parse().ok().filter(|days| (1..=36_500).contains(days));
        days.ok_or_else(|| Error::invalid_field(VAULT_LOCK_DAYS, "is no number of days"))
    }

    /// The addresses of Microsoft Graph and of its login.
    pub fn graph(&self) -> GraphSettings {
        GraphSettings::from_settings(|name| self.find(name))
    }
    /// Graph for the reading application.
    ///
    /// # Errors
    /// `Invalid`, naming a share that is no number.
    pub fn graph_for_reading(&self) -> Result<GraphSettings> {
        GraphSettings::for_reading(|name| self.find(name))
    }
    /// Graph for the writing application.
    ///
    /// # Errors
    /// As [`Self::graph_for_reading`].
    pub fn graph_for_writing(&self) -> Result<GraphSettings> {
        GraphSettings::for_writing(|name| self.find(name))
    }

    /// Whether an administrator who consents has to sign in: unless the setting is `off`.
    ///
    /// # Errors
    /// `Invalid` when it is neither `required` nor `off`, or is `off` while the login is Microsoft's: there anybody who knows
    /// the id of a tenant that consented once could connect it.
    pub fn asks_sign_in(&self) -> Result<bool> {
        match self.find(CONSENT_SIGN_IN).as_deref() {
            None | Some("required") => Ok(true),
            Some("off") if self.graph().is_microsofts_login() => Err(Error::invalid_field(
                CONSENT_SIGN_IN,
                "is off only at a login that stands in for Microsoft's",
            )),
            Some("off") => Ok(false),
            Some(_) => Err(Error::invalid_field(CONSENT_SIGN_IN, "is required or off")),
        }
    }

    /// What goes into a consent link.
    ///
    /// # Errors
    /// `Invalid`, naming what is missing or is not an address.
    pub fn consent(&self) -> Result<ConsentSettings> {
        let [public, reader_client_id] = self.get_all([PUBLIC_URL, READER_CLIENT_ID])?;
        let address = |name: &str, text: &str| {
            Url::parse(text).map_err(|e| Error::invalid_field(name, "is not an address").caused_by(e))
        };
        let redirect = format!("{}/{CALLBACK_PATH}", public.trim_end_matches('/'));
        Ok(ConsentSettings {
            login_url: self.graph().addresses()?.1,
            redirect_url: address(PUBLIC_URL, &redirect)?,
            reader_client_id,
            writer_client_id: self.find(WRITER_CLIENT_ID),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_setting_is_named() {
        let error = Settings::of([(LOG, "info")]).consent().unwrap_err();
        assert_eq!(error.to_string(), "not set: HOLDFAST_PUBLIC_URL, HOLDFAST_READER_CLIENT_ID");
    }

    #[test]
    fn the_callback_is_below_the_public_address() {
        let set = [(PUBLIC_URL, "https://api.example.com/"), (READER_CLIENT_ID, "r")];
        let consent = Settings::of(set).consent().unwrap();
        assert_eq!(consent.redirect_url.as_str(), "https://api.example.com/v1/consent/callback");
        assert_eq!(consent.login_url.as_str(), "https://login.microsoftonline.com/");
        assert!(consent.writer_client_id.is_none());
    }

    #[test]
    fn a_sign_in_is_asked_for_unless_it_is_switched_off_in_that_word() {
        assert!(Settings::default().asks_sign_in().unwrap());
        assert!(Settings::of([(CONSENT_SIGN_IN, "required")]).asks_sign_in().unwrap());
        let stand_in = [(CONSENT_SIGN_IN, "off"), (GraphSettings::LOGIN_URL, "http://127.0.0.1:9")];
        assert!(!Settings::of(stand_in).asks_sign_in().unwrap());
        assert!(Settings::of([(CONSENT_SIGN_IN, "no")]).asks_sign_in().is_err());
    }

    #[test]
    fn a_sign_in_cannot_be_done_without_at_microsofts_own_login() {
        for login in ["", "https://login.microsoftonline.com", "https://login.microsoftonline.us"] {
            let set = [(CONSENT_SIGN_IN, "off"), (GraphSettings::LOGIN_URL, login)];
            let error = Settings::of(set).asks_sign_in().unwrap_err();
            assert_eq!(error.fields()[0].field, CONSENT_SIGN_IN, "{login}");
        }
    }

    #[test]
    fn a_limit_of_nothing_is_refused() {
        assert_eq!(Settings::default().rate_limit().unwrap(), RateLimit::default());
        let set = Settings::of([(RATE_PER_MINUTE, "60"), (RATE_BURST, "5")]);
        assert_eq!(set.rate_limit().unwrap(), RateLimit { per_minute: 60, burst: 5 });
        for wrong in ["0", "-1", "many"] {
            let error = Settings::of([(RATE_BURST, wrong)]).rate_limit().unwrap_err();
            assert_eq!(error.fields()[0].field, RATE_BURST);
        }
    }

    #[test]
    fn a_sign_in_is_configured_whole_or_not_at_all() {
        let both = [(OIDC_ISSUER, "https://login.example.com/v2.0"), (OIDC_AUDIENCE, "client")];
        let found = Settings::of(both).sign_in().unwrap().unwrap();
        assert_eq!(found, ("https://login.example.com/v2.0".to_owned(), "client".to_owned()));
        assert_eq!(Settings::of([(OIDC_ISSUER, " ")]).sign_in().unwrap(), None);
        for one in both {
            assert!(Settings::of([one]).sign_in().is_err());
        }
        assert!(Settings::of([(OIDC_ISSUER, "login"), (OIDC_AUDIENCE, "client")]).sign_in().is_err());
    }

    #[test]
    fn a_bootstrap_token_in_the_place_of_its_hash_is_refused() {
        let of = |text: &str| Settings::of([(BOOTSTRAP_SHA256, text)]).bootstrap_sha256();
        for wrong in ["admin", &"x".repeat(64), &"A".repeat(64), &"0".repeat(63)] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
        assert_eq!(of(" ").unwrap(), None);
        assert_eq!(of(&"0a".repeat(32)).unwrap(), Some("0a".repeat(32)));
    }
}
