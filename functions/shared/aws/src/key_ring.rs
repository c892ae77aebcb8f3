//! Data keys made and unwrapped by KMS; the tenant is the encryption context, so a key that was wrapped for one
//! tenant cannot be unwrapped for another.
//!
//! What is kept, as base64: the blob that KMS gave, then the first 8 bytes of its BLAKE3 hash.

use crate::error::{code, from_sdk, incomplete};
use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Error, ErrorKind, Result, TenantId};
use engine::ports::{DataKey, KeyRing, WrappedKey};

/// The name of the encryption context's only entry.
const CONTEXT: &str = "tenant";
const SUM_BYTES: usize = 8;

/// The [`KeyRing`] whose data keys KMS makes and unwraps.
#[derive(Clone, Debug)]
pub struct KmsKeyRing {
    client: Client,
    key_id: String,
}

impl KmsKeyRing {
    /// A ring that wraps with that key. Keys that another key wrapped are unwrapped by that one.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into() }
    }
}

#[async_trait]
impl KeyRing for KmsKeyRing {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        const CALL: &str = "kms.GenerateDataKey";
        let generate = self
            .client
            .generate_data_key()
            .key_id(&self.key_id)
            .key_spec(DataKeySpec::Aes256)
            .encryption_context(CONTEXT, tenant.as_str());
        let made = generate.send().await.map_err(|e| from_sdk(CALL, e))?;
        let key = data_key(CALL, made.plaintext())?;
        let blob = made.ciphertext_blob().ok_or_else(|| incomplete(CALL, "ciphertext"))?;
        let wrapped_by = made.key_id().unwrap_or(&self.key_id).to_owned();
        Ok((key, WrappedKey { wrapped_by, ciphertext: kept(blob.as_ref()) }))
    }

    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        const CALL: &str = "kms.Decrypt";
        let decrypt = self
            .client
            .decrypt()
            .key_id(&wrapped.wrapped_by)
            .ciphertext_blob(Blob::new(blob_of(&wrapped.ciphertext)?))
            .encryption_context(CONTEXT, tenant.as_str());
        let opened = decrypt.send().await.map_err(|e| {
            // Why not damaged bytes: their sum was checked above, so what KMS does not accept is the tenant or the
            // key.
            let invalid = code(&e) == Some("InvalidCiphertextException");
            let error = from_sdk(CALL, e);
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::Conflict => Error::denied("the wrapping key is gone"),
                ErrorKind::Invalid if invalid => Error::denied("the key does not open for this tenant"),
                ErrorKind::Invalid => Error::denied("the key was wrapped by another ring"),
                _ => return error,
            }
            .caused_by(error)
        })?;
        data_key(CALL, opened.plaintext())
    }
}

fn data_key(call: &str, plain: Option<&Blob>) -> Result<DataKey> {
    let bytes = plain.and_then(|blob| <[u8; 32]>::try_from(blob.as_ref()).ok());
    bytes.map(DataKey::new).ok_or_else(|| incomplete(call, "key of 256 bits"))
}

/// A blob as it is kept.
// Why a sum: KMS has one answer for damaged bytes and for a wrong tenant, and the sum distinguishes the two. It
// protects from accidents alone; KMS protects from attacks.
fn kept(blob: &[u8]) -> String {
    BASE64_STANDARD.encode([blob, &sum_of(blob)].concat())
}

fn blob_of(kept: &str) -> Result<Vec<u8>> {
    let damaged = || Error::corrupt("a wrapped key is not what was wrapped");
    let mut blob = BASE64_STANDARD.decode(kept).map_err(|_| damaged())?;
    let sum = blob.len().checked_sub(SUM_BYTES).filter(|at| *at > 0).map(|at| blob.split_off(at));
    if sum.is_some_and(|sum| sum == sum_of(&blob)) { Ok(blob) } else { Err(damaged()) }
}

fn sum_of(blob: &[u8]) -> [u8; SUM_BYTES] {
    let mut sum = [0; SUM_BYTES];
    sum.copy_from_slice(&blake3::hash(blob).as_bytes()[..SUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrapped_key_that_was_damaged_is_corrupt() {
        let whole = kept(b"what KMS gave");
        assert_eq!(blob_of(&whole).unwrap(), b"what KMS gave");
        for at in 0..whole.len() {
            let mut damaged = whole.clone().into_bytes();
            damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(damaged).unwrap();
            assert_eq!(blob_of(&damaged).unwrap_err().kind(), ErrorKind::Corrupt, "{damaged}");
            assert!(blob_of(&whole[..at]).is_err(), "cut off at {at}");
        }
    }
}
