//! AES-256-GCM with nonces of 12 bytes.
//!
//! Why a crate: `aes-gcm` is generic, so it is compiled where it is used, and there as slowly as the crate that uses it.
//! In tests that was half of the time of all that opens blobs; this crate alone is optimised in them. Nothing here is
//! generic, so that nothing of it is compiled anywhere else.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::ZeroizeOnDrop;

/// A key, ready to seal and open; it is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct Cipher(Aes256Gcm);

/// Does not compile where the key would stay in memory.
const _: fn() = || {
    fn is_wiped<T: ZeroizeOnDrop>() {}
    is_wiped::<Aes256Gcm>();
};

impl ZeroizeOnDrop for Cipher {}

impl Cipher {
    /// The cipher of a key. Why by reference: a copy would not be wiped.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// The bytes sealed, with their tag at the end, bound to `place`; none when they are too many for one nonce.
    pub fn seal(&self, nonce: &[u8; 12], place: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        self.0.encrypt(&Nonce::from(*nonce), Payload { msg: plain, aad: place }).ok()
    }

    /// The plain bytes; none when a bit of them was changed, or they were sealed with another key, nonce or place.
    pub fn open(&self, nonce: &[u8; 12], place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: place }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digit).collect()
    }

    /// Source: McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", test cases 13, 14 and 16.
    #[test]
    fn the_published_test_cases_come_out() {
        let zero = Cipher::new(&[0; 32]);
        assert_eq!(zero.seal(&[0; 12], b"", b"").unwrap(), bytes("530f8afbc74536b9a963b4f1c4cb738b"));
        let one_block = bytes("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
        assert_eq!(zero.seal(&[0; 12], b"", &[0; 16]).unwrap(), one_block);
        let key = bytes("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let cipher = Cipher::new(&key.try_into().unwrap());
        let nonce: [u8; 12] = bytes("cafebabefacedbaddecaf888").try_into().unwrap();
        let place = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = bytes(concat!(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
            "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
        ));
        let sealed = bytes(concat!(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
            "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b"
        ));
        assert_eq!(cipher.seal(&nonce, &place, &plain).unwrap(), sealed);
        assert_eq!(cipher.open(&nonce, &place, &sealed).unwrap(), plain);
        assert_eq!(cipher.open(&nonce, b"elsewhere", &sealed), None);
    }
}
