//! The address of whoever asks the portal, as it goes on to the API: signed, so that the API believes the portal alone.
//!
//! The portal calls the API from an address of its own, and the audit log is to say where the person is. A header that anybody can
//! send proves nothing; this one holds under a key that the portal and the API's functions have and nobody else. It counts for the
//! one token that it is sent with, and for two minutes: whoever sees one has no use for it.
//!
//! Why a crate: what is written is what is read, and the portal links nothing of the functions that read it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;
use std::net::IpAddr;

/// The header that the address stands in. The name follows RFC 7239, whose own header is anybody's to send.
pub const HEADER: &str = "x-holdfast-forwarded-for";

/// A shorter key could be guessed.
const KEY_CHARS: usize = 32;
/// How far the time of a signature may be from the reader's, in seconds.
const GOOD_FOR_SECONDS: i64 = 120;
/// What is signed begins with this, so that nothing else that this key should ever sign is taken for it.
const PURPOSE: &str = "holdfast-forwarded-for-1";

/// The key that the portal signs with, and the API checks by.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Key {
    /// The key of that text; none where it is shorter than 32 characters.
    pub fn new(text: &str) -> Option<Self> {
        let is_long = text.chars().count() >= KEY_CHARS;
        Hmac::new_from_slice(text.as_bytes()).ok().filter(|_| is_long).map(Self)
    }

    /// The header's value for a call that is made at that time with that token, which is empty where there is none.
    pub fn sign(&self, address: IpAddr, token: &str, now_seconds: i64) -> String {
        let mac = self.mac(address, token, now_seconds).finalize().into_bytes();
        format!("{now_seconds};{address};{}", hex::encode(mac))
    }

    /// The address in a header's value; none where this key did not sign it for that token, or not just now.
    pub fn read(&self, value: &str, token: &str, now_seconds: i64) -> Option<IpAddr> {
        let mut parts = value.split(';');
        let (at, address, mac) = (parts.next()?.parse::<i64>().ok()?, parts.next()?, parts.next()?);
        let address = address.parse().ok().filter(|_| parts.next().is_none())?;
        let is_now = at.abs_diff(now_seconds) <= GOOD_FOR_SECONDS.unsigned_abs();
        // Why by the library's own comparison: it takes as long whichever byte is wrong.
        let is_ours = self.mac(address, token, at).verify_slice(&hex::decode(mac).ok()?).is_ok();
        (is_now && is_ours).then_some(address)
    }

    fn mac(&self, address: IpAddr, token: &str, at: i64) -> Hmac<Sha256> {
        let token = hex::encode(Sha256::digest(token));
        self.0.clone().chain_update(format!("{PURPOSE}\n{at}\n{address}\n{token}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_796_000_000;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    fn addresses() -> [IpAddr; 2] {
        ["203.0.113.7", "2001:db8::7"].map(|text| text.parse().unwrap())
    }

    #[test]
    fn an_address_comes_through_as_it_was_signed() {
        for address in addresses() {
            let value = key(TEXT).sign(address, "hfs_1", NOW);
            assert_eq!(key(TEXT).read(&value, "hfs_1", NOW + 60), Some(address), "{value}");
        }
    }

    #[test]
    fn what_the_key_did_not_sign_says_nothing() {
        let [address, other] = addresses();
        let value = key(TEXT).sign(address, "hfs_1", NOW);
        assert_eq!(key(&TEXT.replace('0', "1")).read(&value, "hfs_1", NOW), None, "another key");
        assert_eq!(key(TEXT).read(&value, "hfs_2", NOW), None, "another token");
        for late in [NOW + 121, NOW - 121, i64::MAX, i64::MIN] {
            assert_eq!(key(TEXT).read(&value, "hfs_1", late), None, "at {late}");
        }
        let moved = value.replace(&address.to_string(), &other.to_string());
        let later = value.replace(&NOW.to_string(), &(NOW + 1).to_string());
        let mac = value.rsplit(';').next().unwrap();
        for forged in
            [&moved, &later, mac, &format!("{value};x"), &format!("{NOW};{address};"), "203.0.113.7", ""]
        {
            assert_eq!(key(TEXT).read(forged, "hfs_1", NOW), None, "{forged}");
        }
    }

    #[test]
    fn a_short_key_is_none() {
        assert!(Key::new(&TEXT[1..]).is_none());
        assert!(Key::new("").is_none());
    }

    #[test]
    fn a_key_is_not_told() {
        assert_eq!(format!("{:?}", key(TEXT)), "Key");
    }
}
