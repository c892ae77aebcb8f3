//! Blobs in a map, and what can happen to blobs on a disk.

use crate::lock;
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{BlobName, Kept, Put, Vault, VaultKeeper, VaultSweeper};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Mutex;

/// A vault that can be damaged, filled and looked into.
#[derive(Default)]
pub struct MemoryVault(pub(super) Mutex<Disk>);

#[derive(Clone, Default)]
pub(super) struct Disk {
    tenants: BTreeMap<TenantId, BTreeMap<BlobName, Bytes>>,
    capacity_bytes: Option<u64>,
    locks: BTreeMap<(TenantId, BlobName), Timestamp>,
}

impl Disk {
    fn stored_bytes(&self) -> u64 {
        self.tenants.values().flat_map(BTreeMap::values).map(|b| b.len() as u64).sum()
    }
    fn blob(&mut self, tenant: &TenantId, name: &BlobName) -> &mut Bytes {
        self.tenants
            .get_mut(tenant)
            .and_then(|blobs| blobs.get_mut(name))
            .unwrap_or_else(|| panic!("there is no blob {name} to damage"))
    }
}

impl MemoryVault {
    /// From now on it holds so many bytes over all tenants and refuses more (`Unavailable`); `None`: endless.
    pub fn set_capacity_bytes(&self, capacity_bytes: Option<u64>) {
        lock(&self.0).capacity_bytes = capacity_bytes;
    }
    /// Turns over every bit of one byte (counted from 0; beyond the end, the last one).
    pub fn flip_byte(&self, tenant: &TenantId, name: &BlobName, at: usize) {
        let mut disk = lock(&self.0);
        let blob = disk.blob(tenant, name);
        let mut bytes = blob.to_vec();
        let at = at.min(bytes.len().saturating_sub(1));
        bytes[at] ^= 0xff;
        *blob = bytes.into();
    }
    /// Cuts a blob off after so many bytes.
    pub fn truncate(&self, tenant: &TenantId, name: &BlobName, kept_bytes: usize) {
        lock(&self.0).blob(tenant, name).truncate(kept_bytes);
    }
    /// Puts other bytes in a blob's place.
    pub fn overwrite(&self, tenant: &TenantId, name: &BlobName, bytes: impl Into<Bytes>) {
        *lock(&self.0).blob(tenant, name) = bytes.into();
    }
    /// Loses a blob; says whether there was one.
    pub fn remove(&self, tenant: &TenantId, name: &BlobName) -> bool {
        lock(&self.0).tenants.get_mut(tenant).is_some_and(|blobs| blobs.remove(name).is_some())
    }
    /// Everything of one tenant, by name.
    pub fn blobs(&self, tenant: &TenantId) -> Vec<(BlobName, Bytes)> {
        let disk = lock(&self.0);
        let blobs = disk.tenants.get(tenant).into_iter().flatten();
        blobs.map(|(name, bytes)| (name.clone(), bytes.clone())).collect()
    }
    /// Until when a blob is locked, as somebody asked for; none where nobody did.
    pub fn locked_until(&self, tenant: &TenantId, name: &BlobName) -> Option<Timestamp> {
        lock(&self.0).locks.get(&(tenant.clone(), name.clone())).copied()
    }
    /// The tenants that have blobs.
    pub fn tenants(&self) -> Vec<TenantId> {
        let disk = lock(&self.0);
        disk.tenants.iter().filter(|(_, blobs)| !blobs.is_empty()).map(|(t, _)| t.clone()).collect()
    }
    /// The bytes of one tenant.
    pub fn stored_bytes(&self, tenant: &TenantId) -> u64 {
        self.blobs(tenant).iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }
    /// The bytes of all.
    pub fn total_bytes(&self) -> u64 {
        lock(&self.0).stored_bytes()
    }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        let mut disk = lock(&self.0);
        if disk.tenants.get(tenant).is_some_and(|blobs| blobs.contains_key(name)) {
            return Ok(Put::AlreadyThere);
        }
        let wanted_bytes = disk.stored_bytes() + bytes.len() as u64;
        if disk.capacity_bytes.is_some_and(|capacity| wanted_bytes > capacity) {
            return Err(Error::unavailable("no space is left on the disk"));
        }
        disk.tenants.entry(tenant.clone()).or_default().insert(name.clone(), bytes);
        Ok(Put::New)
    }

    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        Ok(lock(&self.0).tenants.get(tenant).and_then(|blobs| blobs.get(name)).cloned())
    }

    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        if !(1..=1000).contains(&limit) {
            return Err(Error::invalid("1 to 1,000 names can be listed"));
        }
        let disk = lock(&self.0);
        let Some(blobs) = disk.tenants.get(tenant) else { return Ok(Vec::new()) };
        let start = after.map_or(Bound::Unbounded, |name| Bound::Excluded(name.clone()));
        let names = blobs.range((start, Bound::Unbounded)).map(|(name, _)| name);
        Ok(names.filter(|name| name.as_str().starts_with(prefix)).take(limit).cloned().collect())
    }
}

#[async_trait]
impl VaultSweeper for MemoryVault {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        self.remove(tenant, name);
        Ok(())
    }
}

#[async_trait]
impl VaultKeeper for MemoryVault {
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept> {
        let mut disk = lock(&self.0);
        if !disk.tenants.get(tenant).is_some_and(|blobs| blobs.contains_key(name)) {
            return Err(Error::not_found("there is no such blob"));
        }
        let locked = disk.locks.entry((tenant.clone(), name.clone())).or_insert(until);
        *locked = until.max(*locked);
        Ok(Kept::Locked)
    }
}
