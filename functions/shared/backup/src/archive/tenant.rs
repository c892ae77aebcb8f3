//! A tenant's part of the vault, sealed and opened under its keys.

use bytes::Bytes;
use domain::stored::{BlobHash, Class, Index, Manifest, TenantKeys};
use domain::{Error, Result, SnapshotId, TenantId};
use engine::ports::{BlobName, DataKey, KeyRing, PARKED, Put, Vault, WrappedKey};
use engine::records::{Records, key_of};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

/// The archives of all tenants: opens the one that is asked for.
pub struct Archive {
    vault: Arc<dyn Vault>,
    ring: Arc<dyn KeyRing>,
    records: Records,
    /// Why: unwrapping is a call that costs; a function that stays warm asks once per tenant. Beside the key is what it
    /// was wrapped as: a key whose row is gone, or is another, is not used.
    known: Mutex<Known>,
}

impl Archive {
    /// Archives over that vault; a tenant's key is in its row and is unwrapped by the ring.
    pub fn new(vault: Arc<dyn Vault>, ring: Arc<dyn KeyRing>, records: Records) -> Self {
        Self { vault, ring, records, known: Mutex::default() }
    }

    /// The archive of one tenant.
    ///
    /// # Errors
    /// `NotFound` when the tenant has no key (never connected, or deleted); `Denied` when its key cannot be
    /// unwrapped any more.
    pub async fn open(&self, tenant: &TenantId) -> Result<TenantArchive> {
        let stored = key_of(&self.records, tenant).await;
        let stored = stored.and_then(|key| key.ok_or_else(|| Error::not_found("the tenant has no key")));
        let wrapped = match stored {
            Ok(stored) => stored.wrapped,
            Err(error) => {
                self.known().remove(tenant);
                return Err(error);
            }
        };

        // Why the row is read each time though the key is known: its deletion is what makes a tenant unreadable.
        let known = self.known().get(tenant).filter(|(as_wrapped, _)| *as_wrapped == wrapped).cloned();
        let keys = if let Some((_, keys)) = known {
            keys
        } else {
            let key: DataKey = self.ring.unwrap(tenant, &wrapped).await?;
            let keys = Arc::new(TenantKeys::derive(tenant, key.expose()));
            self.known().insert(tenant.clone(), (wrapped, keys.clone()));
            keys
        };
        let vault = self.vault.clone();
        Ok(TenantArchive {
            vault,
            keys,
            stored: Arc::default(),
            reads: Arc::default(),
            leaves: Arc::default(),
        })
    }
}

type Known = HashMap<TenantId, (WrappedKey, Arc<TenantKeys>)>;

impl Archive {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("no holder of this lock panics")
    }
}

#[derive(Debug, Default)]
struct Stored {
    blobs: AtomicU64,
    bytes: AtomicU64,
    parked: AtomicU64,
}

/// The archive of one tenant. Clones count what they store and read together.
#[derive(Clone)]
pub struct TenantArchive {
    vault: Arc<dyn Vault>,
    keys: Arc<TenantKeys>,
    stored: Arc<Stored>,
    reads: Arc<AtomicU64>,
    leaves: Arc<LeafCache>,
}

/// The leaves that were read last, opened. Bounded by their plain bytes.
#[derive(Default)]
struct LeafCache(Mutex<VecDeque<(BlobHash, Arc<Vec<u8>>)>>);

/// How many plain bytes of leaves are kept: a few dozen leaves.
const CACHED_BYTES: usize = 8 << 20;

impl LeafCache {
    fn find(&self, hash: &BlobHash) -> Option<Arc<Vec<u8>>> {
        let kept = self.0.lock().expect("no holder of this lock panics");
        kept.iter().rev().find(|(known, _)| known == hash).map(|(_, leaf)| leaf.clone())
    }

    fn keep(&self, hash: BlobHash, leaf: Arc<Vec<u8>>) {
        let mut kept = self.0.lock().expect("no holder of this lock panics");
        kept.push_back((hash, leaf));
        let mut bytes: usize = kept.iter().map(|(_, leaf)| leaf.len()).sum();
        while bytes > CACHED_BYTES && kept.len() > 1 {
            bytes -= kept.pop_front().map_or(0, |(_, leaf)| leaf.len());
        }
    }
}

impl TenantArchive {
    /// The tenant whose archive it is.
    pub fn tenant(&self) -> &TenantId {
        self.keys.tenant()
    }

    /// The name of content, which follows from its plain bytes and its class.
    pub fn name(&self, class: Class, plain: &[u8]) -> BlobHash {
        self.keys.name(class, plain)
    }

    /// Stores content under the name that follows from it, and gives that name.
    pub async fn put_named(&self, class: Class, plain: &[u8]) -> Result<BlobHash> {
        let hash = self.name(class, plain);
        self.put_content(class, hash, plain).await.map(|()| hash)
    }

    /// Stores content under `hash`, the name that [`Self::name`] gives it. Storing it again does nothing.
    pub async fn put_content(&self, class: Class, hash: BlobHash, plain: &[u8]) -> Result<()> {
        self.put_new(&hash.blob_name(class), plain).await.map(|_| ())
    }

    /// The content of that name.
    ///
    /// # Errors
    /// `Corrupt` when it is not there, or not what was stored: what a snapshot names must be there.
    pub async fn get_content(&self, class: Class, hash: &BlobHash) -> Result<Vec<u8>> {
        let name = hash.blob_name(class);
        self.reads.fetch_add(1, Ordering::Relaxed);
        let sealed = self.vault.find(self.tenant(), &BlobName::new(name.as_str())?).await?;
        let sealed = sealed.ok_or_else(|| Error::corrupt(format!("blob {name} is missing")))?;
        self.keys.open_named(class, hash, &sealed)
    }

    /// The content of a leaf, kept for a while: a comparison comes back to it, a person looks around in it.
    pub(super) async fn get_leaf(&self, class: Class, hash: &BlobHash) -> Result<Arc<Vec<u8>>> {
        if let Some(leaf) = self.leaves.find(hash) {
            return Ok(leaf);
        }
        let leaf = Arc::new(self.get_content(class, hash).await?);
        self.leaves.keep(*hash, leaf.clone());
        Ok(leaf)
    }

    /// Stores bytes under a name, if there are none of that name yet.
    pub async fn put_new(&self, name: &str, plain: &[u8]) -> Result<Put> {
        let sealed = Bytes::from(self.keys.seal(name, plain)?);
        let size = sealed.len() as u64;
        let put = self.vault.put_new(self.tenant(), &BlobName::new(name)?, sealed).await?;
        if put == Put::New {
            self.stored.blobs.fetch_add(1, Ordering::Relaxed);
            self.stored.bytes.fetch_add(size, Ordering::Relaxed);
            if name.starts_with(PARKED) {
                self.stored.parked.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(put)
    }

    /// The plain bytes under that name; none when nothing is stored there.
    ///
    /// # Errors
    /// `Corrupt` when they are not what was stored.
    pub async fn find(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let sealed = self.vault.find(self.tenant(), &BlobName::new(name)?).await?;
        sealed.map(|s| self.keys.open(name, &s)).transpose()
    }

    /// The index of a base or of a layer: the list of its leaves.
    ///
    /// # Errors
    /// `Corrupt` when it is not there, or not what was stored.
    pub async fn get_index(&self, index: &BlobHash) -> Result<Index> {
        Index::from_bytes(&self.get_content(Class::Index, index).await?)
    }

    /// A snapshot's manifest, if it is sealed.
    pub async fn find_manifest(&self, snapshot: &SnapshotId) -> Result<Option<Manifest>> {
        let bytes = self.find(&Manifest::blob_name(snapshot)).await?;
        bytes.map(|b| Manifest::from_bytes(&b)).transpose()
    }

    /// A sealed snapshot's manifest.
    ///
    /// # Errors
    /// `NotFound` when there is no such sealed snapshot.
    pub async fn get_manifest(&self, snapshot: &SnapshotId) -> Result<Manifest> {
        let found = self.find_manifest(snapshot).await?;
        found.ok_or_else(|| Error::not_found(format!("there is no sealed snapshot {snapshot}")))
    }

    /// Whether anything was parked through this archive and its clones.
    pub fn has_parked(&self) -> bool {
        self.stored.parked.load(Ordering::Relaxed) > 0
    }

    /// How many blobs were asked of the vault through this archive and its clones.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// How many blobs were new, and how many sealed bytes these have: stored through this archive and its clones.
    pub fn stored(&self) -> (u64, u64) {
        (self.stored.blobs.load(Ordering::Relaxed), self.stored.bytes.load(Ordering::Relaxed))
    }
}
