//! The other ports: a request for each call, as `functions/shared/aws` makes it.

use super::{Counters, size, takes};
use crate::prices::Meter;
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Result, TenantId};
use engine::ports::{
    BlobName, DataKey, Handed, KeyRing, Mail, Mailer, Outgoing, Put, Queue, Secret, Secrets, Vault,
    VaultSweeper, WrappedKey,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A [`Vault`] that counts requests, and knows how many bytes it holds.
pub struct MeteredVault {
    inner: Arc<dyn VaultSweeper>,
    counters: Counters,
    held: Mutex<Held>,
}

/// What a vault holds, and what was deleted from it and is kept a while.
#[derive(Clone, Debug, Default)]
struct Held {
    blobs: BTreeMap<String, i128>,
    deleted_bytes: i128,
}

impl MeteredVault {
    /// Counts the calls of `inner`, which has to be empty.
    pub fn new(inner: Arc<dyn VaultSweeper>, counters: &Counters) -> Self {
        Self { inner, counters: counters.clone(), held: Mutex::default() }
    }
    /// How many bytes the blobs have that are there.
    pub fn held_bytes(&self) -> i128 {
        self.held.lock().expect("no holder of this lock panics").blobs.values().sum()
    }
    /// How many bytes were deleted since this was last called.
    pub fn take_deleted_bytes(&self) -> i128 {
        std::mem::take(&mut self.held.lock().expect("no holder of this lock panics").deleted_bytes)
    }

    fn called(&self, meter: Meter) {
        self.counters.add(meter, 1);
    }
}

#[async_trait]
impl Vault for MeteredVault {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        takes(self.counters.latencies.blob_ms).await;
        self.called(Meter::Puts);
        let stored = size(bytes.len());
        let put = self.inner.put_new(tenant, name, bytes).await?;
        if put == Put::New {
            let mut held = self.held.lock().expect("no holder of this lock panics");
            held.blobs.insert(format!("{tenant}/{name}"), stored);
        }
        Ok(put)
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        takes(self.counters.latencies.blob_ms).await;
        self.called(Meter::Gets);
        self.inner.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        takes(self.counters.latencies.blob_ms).await;
        self.called(Meter::Lists);
        self.inner.list(tenant, prefix, after, limit).await
    }
}

#[async_trait]
impl VaultSweeper for MeteredVault {
    async fn delete(&self, tenant: &TenantId, name: &BlobName) -> Result<()> {
        takes(self.counters.latencies.blob_ms).await;
        self.called(Meter::Deletes);
        self.inner.delete(tenant, name).await?;
        let mut held = self.held.lock().expect("no holder of this lock panics");
        let gone = held.blobs.remove(&format!("{tenant}/{name}")).unwrap_or_default();
        held.deleted_bytes += gone;
        Ok(())
    }
}

macro_rules! metered {
    ($name:ident over $port:ident) => {
        #[doc = concat!("A [`", stringify!($port), "`] that counts.")]
        pub struct $name {
            inner: Arc<dyn $port>,
            counters: Counters,
        }
        impl $name {
            /// Counts the calls of `inner`.
            pub fn new(inner: Arc<dyn $port>, counters: &Counters) -> Self {
                Self { inner, counters: counters.clone() }
            }
        }
    };
}

metered!(MeteredQueue over Queue);
metered!(MeteredKeyRing over KeyRing);
metered!(MeteredSecrets over Secrets);
metered!(MeteredMailer over Mailer);

#[async_trait]
impl Queue for MeteredQueue {
    async fn send(&self, message: Outgoing) -> Result<()> {
        takes(self.counters.latencies.call_ms).await;
        self.counters.add(Meter::FifoCalls, 1);
        self.inner.send(message).await
    }
}

#[async_trait]
impl KeyRing for MeteredKeyRing {
    async fn generate(&self, tenant: &TenantId) -> Result<(DataKey, WrappedKey)> {
        takes(self.counters.latencies.call_ms).await;
        self.counters.add(Meter::KmsCalls, 1);
        self.inner.generate(tenant).await
    }
    async fn unwrap(&self, tenant: &TenantId, wrapped: &WrappedKey) -> Result<DataKey> {
        takes(self.counters.latencies.call_ms).await;
        self.counters.add(Meter::KmsCalls, 1);
        self.inner.unwrap(tenant, wrapped).await
    }
}

#[async_trait]
impl Secrets for MeteredSecrets {
    async fn get(&self, name: &str) -> Result<Secret> {
        takes(self.counters.latencies.call_ms).await;
        self.counters.add(Meter::SecretCalls, 1);
        // Why a call of KMS too: Secrets Manager makes it for us, since the secrets are under a key of ours.
        self.counters.add(Meter::KmsCalls, 1);
        self.inner.get(name).await
    }
}

#[async_trait]
impl Mailer for MeteredMailer {
    async fn send(&self, mail: &Mail) -> Result<Handed> {
        takes(self.counters.latencies.mail_ms).await;
        self.counters.add(Meter::Mails, 1);
        self.inner.send(mail).await
    }
    fn tells(&self) -> bool {
        self.inner.tells()
    }
}
