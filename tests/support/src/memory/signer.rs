//! A signer whose key is made anew for each world.

use async_trait::async_trait;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use domain::Result;
use engine::ports::{PublicKey, Signer};

/// A signer in memory. Its signatures are random, as the algorithm's are: no two worlds sign alike.
pub struct MemorySigner(EcdsaKeyPair);

impl Default for MemorySigner {
    fn default() -> Self {
        let made = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self(made.expect("a random key"))
    }
}

#[async_trait]
impl Signer for MemorySigner {
    async fn public_key(&self) -> Result<PublicKey> {
        Ok(PublicKey::from_point(self.0.public_key().as_ref()).expect("a point of P-256"))
    }

    async fn sign(&self, message: &[u8]) -> Result<[u8; 64]> {
        let made = self.0.sign(&SystemRandom::new(), message).expect("it signs");
        Ok(made.as_ref().try_into().expect("two integers of 32 bytes"))
    }
}
