//! Statements under the installation's signature, verified without it: JSON Web Signatures in the compact form.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

/// A JSON Web Key, as far as it is needed.
#[derive(Clone, Deserialize, PartialEq, Eq)]
struct WebKey {
    kid: Option<String>,
    x: String,
    y: String,
}

/// The keys under which an installation signs.
#[derive(Deserialize)]
pub(super) struct WebKeys {
    keys: Vec<WebKey>,
}

impl WebKeys {
    /// The keys of a text: the answer of `GET /v1/signing-keys`.
    ///
    /// # Errors
    /// `Invalid` when it is something else.
    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|e| {
            Error::invalid("the file of keys is not the answer of /v1/signing-keys").caused_by(e)
        })
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
    jwk: WebKey,
}

/// Why a statement counts as not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsigned {
    /// It is no JSON Web Signature.
    NoSignature,
    /// It is one of something else, or of another algorithm.
    OtherType,
    /// It is under none of the installation's keys.
    OtherKey,
    /// What is signed is not what stands there.
    Altered,
    /// The signature is good, and a newer release wrote it.
    Newer,
}

impl Unsigned {
    /// What is so of it, for a person.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::NoSignature => "it carries no signature",
            Self::OtherType => "its signature is of something else",
            Self::OtherKey => "its signature is under none of the keys that were given",
            Self::Altered => "it was altered after it was signed",
            Self::Newer => "it is signed, and this release cannot read it: a newer one wrote it",
        }
    }
}

/// The statement of that type, where its signature is good under one of those keys, or under its own where there are none.
///
/// # Errors
/// Why it counts as not signed.
pub(super) fn signed<T: DeserializeOwned>(
    text: &str,
    kind: &str,
    keys: Option<&WebKeys>,
) -> std::result::Result<T, Unsigned> {
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Unsigned::NoSignature);
    let (message, signature) = text.rsplit_once('.').ok_or(Unsigned::NoSignature)?;
    let (header, payload) = message.split_once('.').ok_or(Unsigned::NoSignature)?;
    let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Unsigned::NoSignature)?;
    if header.alg != "ES256" || header.typ != kind {
        return Err(Unsigned::OtherType);
    }
    let key = match keys {
        Some(keys) => {
            let is_it = |key: &&WebKey| key.kid.as_deref() == Some(&header.kid);
            keys.keys.iter().find(is_it).ok_or(Unsigned::OtherKey)?
        }
        None => &header.jwk,
    };
    let point = [vec![4], decode(&key.x)?, decode(&key.y)?].concat();
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
    key.verify(message.as_bytes(), &decode(signature)?).map_err(|_| Unsigned::Altered)?;
    serde_json::from_slice(&decode(payload)?).map_err(|_| Unsigned::Newer)
}

/// The text of a file that was named on the command line.
pub(super) fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|e| unreadable(path, e))
}

/// The error of a file that cannot be read.
pub(super) fn unreadable(path: &Path, cause: std::io::Error) -> Error {
    Error::invalid(format!("{} cannot be read", path.display())).caused_by(cause)
}
