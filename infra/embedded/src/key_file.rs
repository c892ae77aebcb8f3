//! The key ring in a file: one master key, 64 hexadecimal digits, readable by its owner only.
//!
//! A wrapped key is base64 of `nonce (12) | tenant (36, text) | AES-256-GCM of the data key (48)` with the
//! tenant as associated data. The tenant stands there so that a key of another tenant can be told from a
//! damaged one. Losing the file loses every snapshot; nothing here can restore it.

use crate::blocking;
use crate::files::{create_private, find_private, io_error, make_folder};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{Error, Result, TenantId};
use engine::ports::{DataKey, Ids, KeyRing, WrappedKey};
use gcm::Cipher;
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::Arc;

const NONCE_BYTES: usize = 12;
const TENANT_BYTES: usize = 36;

/// The key ring of one master key.
pub struct KeyFile {
    cipher: Cipher,
    name: String,
    ids: Arc<dyn Ids>,
}

impl KeyFile {
    /// The ring of the key in that file; a new key is made from `ids` when there is none.
    ///
    /// # Errors
    /// `Denied` when others may read the file; `Corrupt` when it holds no key.
    pub async fn open(path: &Path, ids: Arc<dyn Ids>) -> Result<Self> {
        let (path, fresh) = (path.to_owned(), ids.token());
        let text = blocking(move || {
            const WHAT: &str = "the master key";
            if let Some(text) = find_private(&path, WHAT)? {
                return Ok(text);
            }
            make_folder(path.parent().unwrap_or(Path::new(".")), 0o700).map_err(|e| io_error(WHAT, e))?;
            create_private(&path, format!("{fresh}\n").as_bytes()).map_err(|e| io_error(WHAT, e))?;
            find_private(&path, WHAT)?.ok_or_else(|| Error::unavailable("the master key is gone"))
        })
        .await?;
        let key = bytes_of(text.trim()).ok_or_else(|| Error::corrupt("the key file holds no key"))?;
        let fingerprint = Sha256::new().chain_update(b"holdfast master key ").chain_update(key).finalize();
        let name = format!("file:{}", hex::encode(&fingerprint[..8]));
        Ok(Self { cipher: Cipher::new(&key), name, ids })
    }
}

#[async_trait]
impl KeyRing for KeyFile {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        let random = || bytes_of(&self.ids.token()).ok_or_else(|| Error::unavailable("no randomness"));
        let (key, nonce) = (random()?, random()?);
        let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|i| nonce[i]);
        let sealed = self.cipher.seal(&nonce, tenant.as_str().as_bytes(), &key);
        let sealed = sealed.ok_or_else(|| Error::unavailable("a data key cannot be wrapped"))?;
        let wrapped = [&nonce[..], tenant.as_str().as_bytes(), &sealed].concat();
        let wrapped = WrappedKey { wrapped_by: self.name.clone(), ciphertext: STANDARD.encode(wrapped) };
        Ok((DataKey::new(key), wrapped))
    }

    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        let corrupt = || Error::corrupt("a wrapped data key is damaged");
        if wrapped.wrapped_by != self.name {
            return Err(Error::denied("the data key was wrapped by another master key"));
        }
        let bytes = STANDARD.decode(&wrapped.ciphertext).map_err(|_| corrupt())?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(corrupt)?;
        let (owner, sealed) = rest.split_first_chunk::<TENANT_BYTES>().ok_or_else(corrupt)?;
        let key = self.cipher.open(nonce, owner, sealed).ok_or_else(corrupt)?;
        if owner != tenant.as_str().as_bytes() {
            return Err(Error::denied("the data key was wrapped for another tenant"));
        }
        Ok(DataKey::new(key.try_into().map_err(|_| corrupt())?))
    }
}

fn bytes_of(token: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(token, &mut bytes).ok().map(|()| bytes)
}
