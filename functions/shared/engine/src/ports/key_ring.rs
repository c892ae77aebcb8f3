//! The port of keys to customer data. There is one data key per tenant, and it is kept only wrapped.

use async_trait::async_trait;
use domain::{Result, TenantId};
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// A tenant's data key: 256 random bits. Never logged, never stored plain, and wiped from memory when it is dropped.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// The key of these bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }
    /// The bytes, for the stored form alone.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

/// A data key as it may be kept: only the key ring that wrapped it can unwrap it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The ring's name for the key that wraps (a KMS key id; a file's fingerprint).
    pub wrapped_by: String,
    /// The wrapped bytes, base64.
    pub ciphertext: String,
}

/// Makes and unwraps data keys; the tenant is bound into the wrapping.
#[async_trait]
pub trait KeyRing: Send + Sync {
    /// A new random data key and its wrapped form.
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)>;

    /// The data key that was wrapped.
    ///
    /// # Errors
    /// `Denied` when the ring may not or can no longer unwrap it, or when it was wrapped for another tenant;
    /// `Corrupt` when the wrapped bytes are not those that it made.
    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey>;
}

#[cfg(test)]
mod tests {
    use super::DataKey;

    /// Does not compile where the key stays in memory.
    #[test]
    fn a_data_key_is_wiped_when_it_is_dropped() {
        fn is_wiped<T: zeroize::ZeroizeOnDrop>(_: &T) {}
        let DataKey(bytes) = DataKey::new([7; 32]);
        is_wiped(&bytes);
    }
}
