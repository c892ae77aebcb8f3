//! Secrets as files: `{name}.json`, each readable by its owner only; settings go before files.
//!
//! The shape of `graph-reader` and `graph-writer` is FORMAT.md section 7. Given
//! `HOLDFAST_READER_CLIENT_ID` (or `…_WRITER_…`), the secret is made of it and of `…_CLIENT_SECRET`, or of
//! the PEM files named by `…_CERTIFICATE` and `…_KEY`, and the file is not looked at.

use crate::blocking;
use crate::files::{find_private, io_error, make_folder, replace_private};
use async_trait::async_trait;
use domain::{Error, Result};
use engine::ports::{Secret, Secrets};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Credentials given by settings, by the secret's name.
#[derive(Clone, Debug, Default)]
pub struct SecretSettings(BTreeMap<String, Secret>);

impl SecretSettings {
    /// The credentials that `setting` (the environment, as a rule) gives.
    ///
    /// # Errors
    /// `Invalid` when a client id stands alone or with both a secret and a certificate; as for a file when a
    /// PEM file cannot be read.
    pub fn read(setting: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut given = BTreeMap::new();
        for (name, app) in [("graph-reader", "READER"), ("graph-writer", "WRITER")] {
            let key = |part: &str| format!("HOLDFAST_{app}_{part}");
            let value = |part: &str| setting(&key(part)).filter(|v| !v.is_empty());
            let pem = |part: &str| {
                let path = value(part)?;
                let read = std::fs::read_to_string(path);
                Some(
                    read.map_err(|e| io_error(&format!("the file named by {} cannot be read", key(part)), e)),
                )
            };
            let Some(client_id) = value("CLIENT_ID") else { continue };
            let body = match (value("CLIENT_SECRET"), pem("CERTIFICATE"), pem("KEY")) {
                (Some(secret), None, None) => json!({"clientId": client_id, "clientSecret": secret}),
                (None, Some(certificate), Some(private)) => {
                    json!({"clientId": client_id, "certificatePem": certificate?, "privateKeyPem": private?})
                }
                _ => {
                    return Err(Error::invalid(format!(
                        "{} needs {}, or {} and {}, and not both",
                        key("CLIENT_ID"),
                        key("CLIENT_SECRET"),
                        key("CERTIFICATE"),
                        key("KEY")
                    )));
                }
            };
            given.insert(name.to_owned(), Secret::new(body.to_string()));
        }
        Ok(Self(given))
    }

    /// The credentials that the environment gives.
    ///
    /// # Errors
    /// As [`SecretSettings::read`].
    #[allow(clippy::disallowed_methods, reason = "the edge of the process")]
    pub fn from_env() -> Result<Self> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// The same with one more secret.
    #[must_use]
    pub fn with(mut self, name: &str, secret: Secret) -> Self {
        self.0.insert(name.to_owned(), secret);
        self
    }

    /// The secret of that name, if a setting gives it.
    pub fn find(&self, name: &str) -> Option<Secret> {
        self.0.get(name).cloned()
    }
}

/// Secrets in a folder.
pub struct FileSecrets {
    folder: PathBuf,
    settings: SecretSettings,
}

impl FileSecrets {
    /// The secrets in that folder, made if it is not there.
    pub fn open(folder: impl Into<PathBuf>, settings: SecretSettings) -> Result<Self> {
        let folder = folder.into();
        make_folder(&folder, 0o700).map_err(|e| io_error("the folder of secrets cannot be opened", e))?;
        Ok(Self { folder, settings })
    }

    /// Keeps a secret, in place of an earlier one of that name.
    pub async fn put(&self, name: &str, secret: &Secret) -> Result<()> {
        let (path, secret) = (self.path(name)?, secret.clone());
        blocking(move || {
            replace_private(&path, secret.expose().as_bytes())
                .map_err(|e| io_error("a secret cannot be kept", e))
        })
        .await
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let fine = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fine) {
            return Err(Error::invalid("not the name of a secret"));
        }
        Ok(self.folder.join(Path::new(name).with_extension("json")))
    }
}

#[async_trait]
impl Secrets for FileSecrets {
    async fn get(&self, name: &str) -> Result<Secret> {
        if let Some(secret) = self.settings.find(name) {
            return Ok(secret);
        }
        let path = self.path(name)?;
        let found = blocking(move || find_private(&path, "a secret cannot be read")).await?;
        found.map(Secret::new).ok_or_else(|| Error::not_found(format!("there is no secret {name}")))
    }
}
