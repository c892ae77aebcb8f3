//! Statements under the installation's signature: JSON Web Signatures (RFC 7515) in the compact form, `ES256`.
//!
//! The key stands in the header as a JSON Web Key, and its thumbprint (RFC 7638) is its name. A signature alone
//! proves nothing: whoever reads one compares the name with those of [`key_set`], which the API answers.

use crate::ports::{PublicKey, Signer};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{Error, Result};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The statement, signed, with `kind` as its `typ`.
///
/// # Errors
/// Those of the [`Signer`].
pub async fn sign(signer: &dyn Signer, kind: &str, statement: &impl Serialize) -> Result<String> {
    let key = signer.public_key().await?;
    let header = json!({ "alg": "ES256", "typ": kind, "kid": thumbprint(&key), "jwk": web_key(&key) });
    let message = format!("{}.{}", part(&header)?, part(statement)?);
    let signature = signer.sign(message.as_bytes()).await?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// A JSON Web Key Set (RFC 7517).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KeySet {
    /// The keys under which this installation signs.
    pub keys: Vec<SigningKey>,
}

/// A public key of the curve P-256 (RFC 7518, 6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SigningKey {
    /// The key's name, which is its thumbprint.
    pub kid: String,
    /// The type of the key, which is always `EC`.
    pub kty: &'static str,
    /// The curve of the key, which is always `P-256`.
    pub crv: &'static str,
    /// The algorithm of signatures, which is always `ES256`.
    pub alg: &'static str,
    /// What the key is for, which is always `sig`.
    pub r#use: &'static str,
    /// The x coordinate of the point, base64url.
    pub x: String,
    /// The y coordinate of the point, base64url.
    pub y: String,
}

/// The keys under which this installation signs, as a JSON Web Key Set.
///
/// # Errors
/// Those of [`Signer::public_key`].
pub async fn key_set(signer: &dyn Signer) -> Result<KeySet> {
    let key = signer.public_key().await?;
    let [x, y] = coordinates(&key);
    let (kid, kty, crv) = (thumbprint(&key), "EC", "P-256");
    Ok(KeySet { keys: vec![SigningKey { kid, kty, crv, alg: "ES256", r#use: "sig", x, y }] })
}

fn part(value: &impl Serialize) -> Result<String> {
    let text = serde_json::to_vec(value);
    let text = text.map_err(|e| Error::invalid("a statement cannot be written").caused_by(e))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(text))
}

fn web_key(key: &PublicKey) -> Value {
    let [x, y] = coordinates(key);
    json!({ "crv": "P-256", "kty": "EC", "x": x, "y": y })
}

fn coordinates(key: &PublicKey) -> [String; 2] {
    [key.x, key.y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate))
}

/// SHA-256 of the key's members in the order of their names, without white space.
fn thumbprint(key: &PublicKey) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(web_key(key).to_string()))
}
