//! The [`Signer`] on KMS: an `ECC_NIST_P256` key that signs with `ECDSA_SHA_256`.
//!
//! KMS answers a signature as DER (RFC 3279, 2.2.3) and a key as SubjectPublicKeyInfo (RFC 5480); both are turned
//! into the fixed forms that JSON Web Signatures have.

use crate::error::{from_sdk, incomplete};
use async_trait::async_trait;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use domain::{Error, ErrorKind, Result};
use engine::ports::{PublicKey, Signer};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

/// The bytes before the point in the SubjectPublicKeyInfo of a P-256 key.
const BEFORE_POINT: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;

/// The [`Signer`] whose key is in KMS. The public half is asked for once.
#[derive(Debug)]
pub struct KmsSigner {
    client: Client,
    key_id: String,
    public_key: OnceCell<PublicKey>,
}

impl KmsSigner {
    /// A signer with the key of that id or ARN.
    pub fn new(client: Client, key_id: impl Into<String>) -> Self {
        Self { client, key_id: key_id.into(), public_key: OnceCell::new() }
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn public_key(&self) -> Result<PublicKey> {
        const CALL: &str = "kms.GetPublicKey";
        let ask = || async {
            let found = self.client.get_public_key().key_id(&self.key_id).send().await;
            let found = found.map_err(|e| of_key(from_sdk(CALL, e)))?;
            let info = found.public_key().map(Blob::as_ref).unwrap_or_default();
            let point = info.strip_prefix(&BEFORE_POINT);
            point.and_then(PublicKey::from_point).ok_or_else(|| incomplete(CALL, "key on P-256"))
        };
        self.public_key.get_or_try_init(ask).await.copied()
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        const CALL: &str = "kms.Sign";
        let sign = self
            .client
            .sign()
            .key_id(&self.key_id)
            // Why not the message itself: KMS takes at most 4,096 bytes of one.
            .message(Blob::new(Sha256::digest(message).to_vec()))
            .message_type(MessageType::Digest)
            .signing_algorithm(SigningAlgorithmSpec::EcdsaSha256);
        let made = sign.send().await.map_err(|e| of_key(from_sdk(CALL, e)))?;
        let der = made.signature().map(Blob::as_ref).unwrap_or_default();
        fixed(der).ok_or_else(|| incomplete(CALL, "signature of two integers"))
    }
}

/// Our error for a key that is gone, disabled or of another kind: it signs for nobody.
fn of_key(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Invalid => {
            Error::denied("the signing key cannot be used").caused_by(error)
        }
        _ => error,
    }
}

/// The signature of a DER encoding, with both integers in 32 bytes each.
fn fixed(der: &[u8]) -> Option<[u8; 64]> {
    let (inside, []) = element(SEQUENCE, der)? else { return None };
    let (r, rest) = element(INTEGER, inside)?;
    let (s, []) = element(INTEGER, rest)? else { return None };
    let mut signature = [0; 64];
    for (half, integer) in signature.as_chunks_mut::<32>().0.iter_mut().zip([r, s]) {
        let first = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
        let digits = &integer[first..];
        half.get_mut(32_usize.checked_sub(digits.len())?..)?.copy_from_slice(digits);
    }
    Some(signature)
}

/// The content of the element of that tag at the beginning, and what follows it. A signature is shorter than 128
/// bytes, so a length is one byte.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    (*found == tag && *length < 0x80).then_some(())?;
    rest.split_at_checked(usize::from(*length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let element = |tag, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
        element(SEQUENCE, &[element(INTEGER, r), element(INTEGER, s)].concat())
    }

    #[test]
    fn integers_of_any_length_stand_in_32_bytes_each() {
        let whole = [0xff; 32];
        let signed = [&[0][..], &whole].concat();
        let short = [0x7f, 1];
        let signature = fixed(&der(&signed, &short)).unwrap();
        assert_eq!(signature[..32], whole);
        assert_eq!((&signature[32..62], &signature[62..]), (&[0; 30][..], &short[..]));
    }

    #[test]
    fn what_is_no_signature_is_none() {
        let whole = der(&[1; 32], &[2; 32]);
        assert!(fixed(&whole).is_some());
        for cut in 0..whole.len() {
            assert_eq!(fixed(&whole[..cut]), None, "cut off at {cut}");
        }
        assert_eq!(fixed(&[&whole[..], &[0]].concat()), None, "something follows");
        assert_eq!(fixed(&der(&[1; 33], &[2; 32])), None, "an integer is too long");
    }
}
