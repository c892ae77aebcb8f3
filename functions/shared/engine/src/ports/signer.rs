//! The port of the installation's signatures, for statements that leave it and have to be believed elsewhere.

use async_trait::async_trait;
use domain::Result;

/// The public half of the key that signs: a point of the curve P-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey {
    /// The point's first coordinate, big-endian.
    pub x: [u8; 32],
    /// The point's second coordinate, big-endian.
    pub y: [u8; 32],
}

impl PublicKey {
    /// The key of an uncompressed point (SEC 1, 2.3.3): `4`, then both coordinates.
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let coordinates = point.strip_prefix(&[4])?.as_chunks::<32>();
        let ([x, y], []) = coordinates else { return None };
        Some(Self { x: *x, y: *y })
    }
}

/// Signs with one key that never leaves it.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The public half of the key, the same at every call.
    async fn public_key(&self) -> Result<PublicKey>;

    /// The signature of the message: ECDSA on P-256 over its SHA-256, as RFC 7518 (3.4) writes it: `r`, then `s`, 32
    /// bytes each.
    ///
    /// # Errors
    /// `Denied` when the key may not or can no longer be used.
    async fn sign(&self, message: &[u8]) -> Result<[u8; 64]>;
}
