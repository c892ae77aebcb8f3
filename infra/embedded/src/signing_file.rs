//! The signer of a file: one P-256 key, PKCS #8 in base64, readable by its owner only. It is made when it is not there.

use crate::blocking;
use crate::files::{create_private, find_private, io_error, make_folder};
use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, Result};
use engine::ports::{PublicKey, Signer};
use std::path::Path;

const WHAT: &str = "the signing key";

/// The signer of one key.
pub struct SigningFile(EcdsaKeyPair);

impl SigningFile {
    /// The signer of the key in that file.
    ///
    /// # Errors
    /// `Denied` when others may read the file; `Corrupt` when it holds no key.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        let text = blocking(move || {
            if let Some(text) = find_private(&path, WHAT)? {
                return Ok(text);
            }
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            let made = made.map_err(|_| Error::unavailable("no randomness"))?;
            make_folder(path.parent().unwrap_or(Path::new(".")), 0o700).map_err(|e| io_error(WHAT, e))?;
            let text = format!("{}\n", STANDARD.encode(made.as_ref()));
            create_private(&path, text.as_bytes()).map_err(|e| io_error(WHAT, e))?;
            find_private(&path, WHAT)?.ok_or_else(|| Error::unavailable("the signing key is gone"))
        })
        .await?;
        let key = STANDARD.decode(text.trim()).ok();
        let pair = key.and_then(|k| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &k).ok());
        Ok(Self(pair.ok_or_else(|| Error::corrupt("the file holds no signing key"))?))
    }
}

#[async_trait]
impl Signer for SigningFile {
    async fn public_key(&self) -> Result<PublicKey> {
        let point = self.0.public_key().as_ref();
        PublicKey::from_point(point).ok_or_else(|| Error::corrupt("the signing key is of another curve"))
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        let made = self.0.sign(&SystemRandom::new(), message);
        let made = made.map_err(|_| Error::unavailable("the signing key did not sign"))?;
        made.as_ref().try_into().map_err(|_| Error::unavailable("a signature of another length"))
    }
}
