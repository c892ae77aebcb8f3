//! Data keys, remembered by the ring that made them.

use crate::lock;
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Error, Result, TenantId};
use engine::ports::{DataKey, KeyRing, WrappedKey};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// A ring whose wrapped bytes are only a name for the key: nobody else can make anything of them.
pub struct MemoryKeyRing(pub(super) Mutex<Ring>);

#[derive(Clone)]
pub(super) struct Ring {
    name: String,
    rng: StdRng,
    keys: BTreeMap<String, (TenantId, DataKey)>,
    destroyed: BTreeSet<TenantId>,
}

impl MemoryKeyRing {
    /// A ring whose keys come from a seed.
    pub fn new(seed: u64) -> Self {
        let name = format!("memory/{seed}");
        let rng = StdRng::seed_from_u64(seed ^ 0x006b_6579_7269_6e67);
        Self(Mutex::new(Ring { name, rng, keys: BTreeMap::new(), destroyed: BTreeSet::new() }))
    }
    /// From now on no key of the tenant can be unwrapped (`Denied`).
    pub fn destroy(&self, tenant: &TenantId) {
        lock(&self.0).destroyed.insert(tenant.clone());
    }
    /// How many keys it has made.
    pub fn generated_count(&self) -> usize {
        lock(&self.0).keys.len()
    }
}

#[async_trait]
impl KeyRing for MemoryKeyRing {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        let mut ring = lock(&self.0);
        let key = DataKey::new(ring.rng.random());
        let ciphertext = BASE64_STANDARD.encode(ring.rng.random::<[u8; 32]>());
        ring.keys.insert(ciphertext.clone(), (tenant.clone(), key.clone()));
        Ok((key, WrappedKey { wrapped_by: ring.name.clone(), ciphertext }))
    }

    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        let ring = lock(&self.0);
        if wrapped.wrapped_by != ring.name {
            return Err(Error::denied("the key was wrapped by another ring"));
        }
        let (owner, key) = ring
            .keys
            .get(&wrapped.ciphertext)
            .ok_or_else(|| Error::corrupt("the wrapped key is not what was wrapped"))?;
        if owner != tenant || ring.destroyed.contains(tenant) {
            return Err(Error::denied("the key cannot be unwrapped for this tenant"));
        }
        Ok(key.clone())
    }
}
