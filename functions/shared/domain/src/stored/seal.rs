//! Plain bytes into sealed ones and back: named, compressed, encrypted. FORMAT.md section 2 and 6.

use crate::{Error, Result, TenantId};
use gcm::Cipher;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"HFB1";
/// zstd's own default: a good ratio at a few hundred megabytes a second.
const COMPRESSION_LEVEL: i32 = 3;
/// No blob is larger, so that a function's memory holds it: more is not sealed, and on opening it is damage (or a bomb).
const MAX_PLAIN_BYTES: usize = 64 << 20;

/// What a content-addressed blob is; part of its name, so that a leaf cannot be taken for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A leaf of a run.
    Leaf,
    /// The index of a run.
    Index,
    /// A leaf of a block that is put aside while a tenant is read.
    Parked,
}

impl Class {
    fn folder(self) -> &'static str {
        match self {
            Self::Leaf => "leaves",
            Self::Index => "indexes",
            Self::Parked => "parked",
        }
    }
}

/// The keyed hash of a blob's plain bytes: its name. 32 bytes, printed as hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobHash([u8; 32]);

impl BlobHash {
    /// The hash of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// The blob's name inside its tenant.
    pub fn blob_name(&self, class: Class) -> String {
        let hex = hex::encode(self.0);
        format!("{}/{}/{hex}", class.folder(), &hex[..2])
    }
}

impl fmt::Debug for BlobHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}
impl From<BlobHash> for String {
    fn from(hash: BlobHash) -> String {
        hex::encode(hash.0)
    }
}
impl TryFrom<String> for BlobHash {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        let bad = |_| Error::corrupt("a stored hash is not one");
        let bytes = hex::decode(text).map_err(bad)?;
        bytes.try_into().map(Self).map_err(|_| Error::corrupt("a stored hash is not one"))
    }
}

/// What is derived from a tenant's data key: one key to name, one to seal. Both are wiped from memory when they are dropped.
#[derive(Clone)]
pub struct TenantKeys {
    tenant: TenantId,
    naming: Zeroizing<[u8; 32]>,
    cipher: Cipher,
}

impl fmt::Debug for TenantKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKeys({})", self.tenant)
    }
}

impl TenantKeys {
    /// The keys of a tenant, from its data key.
    pub fn derive(tenant: &TenantId, data_key: &[u8; 32]) -> Self {
        let naming = Zeroizing::new(blake3::derive_key("holdfast format 1 naming", data_key));
        let sealing = Zeroizing::new(blake3::derive_key("holdfast format 1 sealing", data_key));
        Self { tenant: tenant.clone(), naming, cipher: Cipher::new(&sealing) }
    }

    /// Whose keys these are.
    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The name of a content-addressed blob.
    pub fn name(&self, class: Class, plain: &[u8]) -> BlobHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.naming);
        hasher.update(class.folder().as_bytes()).update(b"\0").update(plain);
        BlobHash(*hasher.finalize().as_bytes())
    }

    /// The sealed bytes of a blob: compressed and encrypted, bound to its tenant and name. The same plain bytes give the
    /// same sealed ones.
    ///
    /// # Errors
    /// `Invalid` when the bytes cannot be compressed, or are more than 64 MiB.
    pub fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>> {
        // Why here too: what could not be opened must not be stored.
        if plain.len() > MAX_PLAIN_BYTES {
            return Err(Error::invalid("a blob is too large to be sealed"));
        }
        let compressed = zstd::bulk::compress(plain, COMPRESSION_LEVEL)
            .map_err(|e| Error::invalid("a blob cannot be compressed").caused_by(e))?;
        let nonce = self.nonce(name, &compressed);
        let sealed = self.cipher.seal(&nonce, &self.place(name), &compressed);
        let sealed = sealed.ok_or_else(|| Error::invalid("a blob is too large to be sealed"))?;
        let mut out = Vec::with_capacity(MAGIC.len() + nonce.len() + sealed.len());
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    /// The plain bytes of a blob.
    ///
    /// # Errors
    /// `Corrupt` when a bit of it was changed, or it was sealed for another tenant or under another name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let corrupt = || Error::corrupt(format!("blob {name} is not what was stored"));
        let rest = sealed.strip_prefix(MAGIC).ok_or_else(corrupt)?;
        let (nonce, rest) = rest.split_first_chunk::<12>().ok_or_else(corrupt)?;
        let compressed = self.cipher.open(nonce, &self.place(name), rest).ok_or_else(corrupt)?;
        let size = zstd::zstd_safe::get_frame_content_size(&compressed).ok().flatten();
        let capacity = size
            .and_then(|s| usize::try_from(s).ok())
            .filter(|s| *s <= MAX_PLAIN_BYTES)
            .ok_or_else(corrupt)?;
        zstd::bulk::decompress(&compressed, capacity).map_err(|e| corrupt().caused_by(e))
    }

    /// The plain bytes of a content-addressed blob, checked against its name.
    ///
    /// # Errors
    /// `Corrupt` as [`Self::open`], and when the bytes are not those of the name.
    pub fn open_named(&self, class: Class, hash: &BlobHash, sealed: &[u8]) -> Result<Vec<u8>> {
        let name = hash.blob_name(class);
        let plain = self.open(&name, sealed)?;
        if self.name(class, &plain) == *hash {
            Ok(plain)
        } else {
            Err(Error::corrupt(format!("blob {name} does not have the content of its name")))
        }
    }

    /// Why: the nonce comes from what is encrypted, so equal blobs are equal bytes and no two different
    /// plain texts share a nonce; it is taken over the compressed bytes, since another version of the
    /// compressor may give other bytes for the same content.
    fn nonce(&self, name: &str, compressed: &[u8]) -> [u8; 12] {
        let mut hasher = blake3::Hasher::new_keyed(&self.naming);
        hasher.update(b"nonce\0").update(&self.place(name)).update(b"\0").update(compressed);
        let mut nonce = [0; 12];
        nonce.copy_from_slice(&hasher.finalize().as_bytes()[..12]);
        nonce
    }

    fn place(&self, name: &str) -> Vec<u8> {
        format!("t/{}/{name}", self.tenant).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(tenant: u8, key: u8) -> TenantKeys {
        let tenant = format!("{tenant:08x}-0000-0000-0000-000000000000").parse().unwrap();
        TenantKeys::derive(&tenant, &[key; 32])
    }

    #[test]
    fn what_was_sealed_opens_and_equal_content_is_equal_bytes() {
        let plain = b"the same content ".repeat(100);
        let sealed = keys(1, 1).seal("leaves/x", &plain).unwrap();
        assert_eq!(keys(1, 1).open("leaves/x", &sealed).unwrap(), plain);
        assert_eq!(keys(1, 1).seal("leaves/x", &plain).unwrap(), sealed);
        assert!(sealed.len() < plain.len());
        assert_eq!(keys(1, 1).open("e", &keys(1, 1).seal("e", b"").unwrap()).unwrap(), b"");
    }

    #[test]
    fn the_nonce_follows_from_the_place_and_the_compressed_bytes_as_the_format_says() {
        let keys = keys(1, 1);
        let cipher = Cipher::new(&blake3::derive_key("holdfast format 1 sealing", &[1; 32]));
        let naming = blake3::derive_key("holdfast format 1 naming", &[1; 32]);
        let mut nonces = Vec::new();
        for (name, plain) in [("leaves/x", b"content"), ("leaves/y", b"content"), ("leaves/x", b"another")] {
            let sealed = keys.seal(name, plain).unwrap();
            let place = format!("t/{}/{name}", keys.tenant());
            let nonce: [u8; 12] = sealed[4..16].try_into().unwrap();
            let compressed = cipher.open(&nonce, place.as_bytes(), &sealed[16..]).unwrap();
            let said = [b"nonce\0", place.as_bytes(), b"\0", &compressed].concat();
            assert_eq!(nonce, blake3::keyed_hash(&naming, &said).as_bytes()[..12], "FORMAT.md section 6");
            nonces.push(nonce);
        }
        assert!(nonces[0] != nonces[1] && nonces[0] != nonces[2], "another place or content, another nonce");
    }

    #[test]
    fn every_changed_bit_every_cut_and_every_other_place_is_refused() {
        let sealed = keys(1, 1).seal("leaves/x", b"content").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(keys(1, 1).open("leaves/x", &damaged).unwrap_err().kind(), crate::ErrorKind::Corrupt);
        }
        for length in 0..sealed.len() {
            assert!(keys(1, 1).open("leaves/x", &sealed[..length]).is_err());
        }
        assert!(keys(1, 1).open("leaves/y", &sealed).is_err());
        assert!(keys(2, 1).open("leaves/x", &sealed).is_err());
        assert!(keys(1, 2).open("leaves/x", &sealed).is_err());
    }

    #[test]
    fn content_that_was_sealed_under_the_name_of_other_content_is_refused() {
        let keys = keys(1, 1);
        let hash = keys.name(Class::Leaf, b"content");
        let sealed = |plain: &[u8]| keys.seal(&hash.blob_name(Class::Leaf), plain).unwrap();
        assert_eq!(keys.open_named(Class::Leaf, &hash, &sealed(b"content")).unwrap(), b"content");
        let error = keys.open_named(Class::Leaf, &hash, &sealed(b"another")).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Corrupt);
    }

    /// A frame of that content as anybody with the key could seal it.
    fn sealed_frame(keys: &TenantKeys, name: &str, compressed: &[u8]) -> Vec<u8> {
        let nonce = keys.nonce(name, compressed);
        [&MAGIC[..], &nonce, &keys.cipher.seal(&nonce, &keys.place(name), compressed).unwrap()].concat()
    }

    /// Does not compile where a part of the keys stays in memory.
    #[test]
    fn keys_are_wiped_when_they_are_dropped() {
        fn is_wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let TenantKeys { naming, cipher, .. } = keys(1, 1);
        is_wiped(&naming);
        is_wiped(&cipher);
    }

    #[test]
    fn more_than_a_function_can_hold_is_neither_sealed_nor_unpacked() {
        let keys = keys(1, 1);
        let most = vec![0; MAX_PLAIN_BYTES];
        let sealed = keys.seal("x", &most).unwrap();
        assert!(keys.open("x", &sealed).unwrap() == most);
        let more = vec![0; MAX_PLAIN_BYTES + 1];
        assert_eq!(keys.seal("x", &more).unwrap_err().kind(), crate::ErrorKind::Invalid);
        let bomb = zstd::bulk::compress(&more, COMPRESSION_LEVEL).unwrap();
        assert!(bomb.len() < 10_000);
        let error = keys.open("x", &sealed_frame(&keys, "x", &bomb)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Corrupt);
    }

    #[test]
    fn two_tenants_name_the_same_content_differently() {
        assert_ne!(keys(1, 1).name(Class::Leaf, b"x"), keys(2, 2).name(Class::Leaf, b"x"));
        assert_ne!(keys(1, 1).name(Class::Leaf, b"x"), keys(1, 1).name(Class::Index, b"x"));
    }
}
