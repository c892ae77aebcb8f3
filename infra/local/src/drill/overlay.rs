//! A vault over another: what is stored goes into memory, and what lies below is only ever read.

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Result, TenantId};
use engine::ports::{BlobName, Put, Vault};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Blobs = BTreeMap<(TenantId, BlobName), Bytes>;

/// The vault of a drill, over the one that holds the snapshot.
pub struct Overlay {
    below: Arc<dyn Vault>,
    own: Mutex<Blobs>,
}

impl Overlay {
    /// Nothing yet, over that vault.
    pub fn over(below: Arc<dyn Vault>) -> Self {
        Self { below, own: Mutex::default() }
    }

    fn own(&self) -> MutexGuard<'_, Blobs> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Vault for Overlay {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        if self.below.find(tenant, name).await?.is_some() {
            return Ok(Put::AlreadyThere);
        }
        match self.own().entry((tenant.clone(), name.clone())) {
            Entry::Occupied(_) => Ok(Put::AlreadyThere),
            Entry::Vacant(place) => {
                place.insert(bytes);
                Ok(Put::New)
            }
        }
    }

    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        let own = self.own().get(&(tenant.clone(), name.clone())).cloned();
        match own {
            Some(bytes) => Ok(Some(bytes)),
            None => self.below.find(tenant, name).await,
        }
    }

    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        let mut names = self.below.list(tenant, prefix, after, limit).await?;
        let is_asked_for =
            |name: &BlobName| name.as_str().starts_with(prefix) && after.is_none_or(|after| name > after);
        names.extend(
            self.own()
                .iter()
                .filter(|((of, name), _)| of == tenant && is_asked_for(name))
                .map(|((_, name), _)| name.clone()),
        );
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        Ok(names)
    }
}
