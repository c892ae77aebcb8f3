//! A tenant's part of the vault, sealed and opened under its keys.

use super::kept::{Content, Kept, KeyNumber, Name};
use bytes::Bytes;
use domain::stored::{BlobHash, Class, Index, Manifest, TenantKeys};
use domain::{Error, Result, SnapshotId, TenantId};
use engine::ports::{BlobName, DataKey, KeyRing, PARKED, Put, Vault, WrappedKey};
use engine::records::{Records, key_of};
use std::collections::HashMap;
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
    /// What was opened, kept between one opening and the next; none where each opening keeps its own.
    kept: Option<Arc<Kept>>,
}

/// How many plain bytes of leaves one opening keeps where nothing is kept for longer: a few dozen leaves.
const OWN_BYTES: usize = 8 << 20;

impl Archive {
    /// Archives over that vault; a tenant's key is in its row and is unwrapped by the ring.
    pub fn new(vault: Arc<dyn Vault>, ring: Arc<dyn KeyRing>, records: Records) -> Self {
        Self { vault, ring, records, known: Mutex::default(), kept: None }
    }

    /// The same, keeping up to that many bytes of what it opened for as long as it lives: for a process that is asked about the
    /// same snapshots again and again.
    #[must_use]
    pub fn keeping(self, bytes: usize) -> Self {
        Self { kept: Some(Arc::new(Kept::of(bytes))), ..self }
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
                self.forget(tenant);
                return Err(error);
            }
        };

        // Why the row is read each time though the key is known: its deletion is what makes a tenant unreadable.
        let known = self.known().of.get(tenant).filter(|known| known.wrapped == wrapped).cloned();
        let KnownKey { keys, number, .. } = match known {
            Some(known) => known,
            None => self.unwrap(tenant, wrapped).await?,
        };
        let kept = self.kept.clone().unwrap_or_else(|| Arc::new(Kept::of(OWN_BYTES)));
        Ok(TenantArchive {
            vault: self.vault.clone(),
            keys,
            number,
            stored: Arc::default(),
            reads: Arc::default(),
            kept,
        })
    }
}

/// A tenant's key, unwrapped.
#[derive(Clone)]
struct KnownKey {
    wrapped: WrappedKey,
    keys: Arc<TenantKeys>,
    number: KeyNumber,
}

#[derive(Default)]
struct Known {
    of: HashMap<TenantId, KnownKey>,
    /// How many keys were unwrapped in this process.
    unwrapped: KeyNumber,
}

impl Archive {
    /// Unwraps a tenant's key, and knows it from then on in place of the one before.
    async fn unwrap(&self, tenant: &TenantId, wrapped: WrappedKey) -> Result<KnownKey> {
        let key: DataKey = self.ring.unwrap(tenant, &wrapped).await?;
        let keys = Arc::new(TenantKeys::derive(tenant, key.expose()));
        self.forget(tenant);
        let mut known = self.known();
        known.unwrapped += 1;
        let key = KnownKey { wrapped, keys, number: known.unwrapped };
        known.of.insert(tenant.clone(), key.clone());
        Ok(key)
    }

    /// Forgets a tenant's key and what was opened under it.
    fn forget(&self, tenant: &TenantId) {
        let known = self.known().of.remove(tenant);
        if let (Some(key), Some(kept)) = (known, &self.kept) {
            kept.forget(key.number);
        }
    }

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
    number: KeyNumber,
    reads: Arc<AtomicU64>,
    kept: Arc<Kept>,
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
        if let Some(leaf) = self.kept_leaf(hash) {
            return Ok(leaf);
        }
        let leaf = Arc::new(self.get_content(class, hash).await?);
        self.kept.keep(self.number, Name::Content(*hash), Content::Leaf(leaf.clone()), leaf.len());
        Ok(leaf)
    }

    /// The content of a leaf for whoever walks over many: one that is kept is used, and none is kept for that.
    pub(super) async fn pass_leaf(&self, class: Class, hash: &BlobHash) -> Result<Arc<Vec<u8>>> {
        match self.kept_leaf(hash) {
            Some(leaf) => Ok(leaf),
            None => Ok(Arc::new(self.get_content(class, hash).await?)),
        }
    }

    fn kept_leaf(&self, hash: &BlobHash) -> Option<Arc<Vec<u8>>> {
        match self.kept.find(self.number, Name::Content(*hash)) {
            Some(Content::Leaf(leaf)) => Some(leaf),
            _ => None,
        }
    }

    /// Whether a walk over so many plain bytes may be kept, without pushing out everything else.
    pub(super) fn may_keep(&self, bytes: u64) -> bool {
        self.kept.has_room_for(bytes)
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

    /// Seals bytes for a place outside the vault, such as a row. Nothing is stored.
    ///
    /// # Errors
    /// `Invalid` when they are too many.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<Vec<u8>> {
        self.keys.seal(place, plain)
    }

    /// The bytes that were sealed for that place.
    ///
    /// # Errors
    /// `Corrupt` when they were sealed for another tenant or place, or are not what was sealed.
    pub fn open_sealed(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        self.keys.open(place, sealed)
    }

    /// The index of a base or of a layer: the list of its leaves.
    ///
    /// # Errors
    /// `Corrupt` when it is not there, or not what was stored.
    pub async fn get_index(&self, index: &BlobHash) -> Result<Index> {
        Index::from_bytes(&self.get_content(Class::Index, index).await?)
    }

    /// As [`Self::get_index`], kept for a while.
    pub(super) async fn kept_index(&self, index: &BlobHash) -> Result<Arc<Index>> {
        if let Some(Content::Index(kept)) = self.kept.find(self.number, Name::Content(*index)) {
            return Ok(kept);
        }
        let opened = Arc::new(self.get_index(index).await?);
        let bytes = opened.leaves.iter().map(|leaf| size_of_val(leaf) + leaf.last_key.len()).sum();
        self.kept.keep(self.number, Name::Content(*index), Content::Index(opened.clone()), bytes);
        Ok(opened)
    }

    /// A sealed snapshot's manifest, kept for a while.
    ///
    /// # Errors
    /// `NotFound` when there is no such sealed snapshot.
    pub(super) async fn kept_manifest(&self, snapshot: &SnapshotId) -> Result<Arc<Manifest>> {
        let name = Name::Manifest(snapshot.clone());
        if let Some(Content::Manifest(kept)) = self.kept.find(self.number, name.clone()) {
            return Ok(kept);
        }
        let manifest = Arc::new(self.get_manifest(snapshot).await?);
        // Runs, counts and what is missing are most of it; each has its names and a handful of numbers.
        let layers: usize = manifest.runs.values().map(|run| run.layers.len()).sum();
        let gaps: usize = manifest.logs.values().map(|log| log.gaps.len()).sum();
        let parts = manifest.runs.len() + manifest.missing.len() + manifest.logs.len();
        let bytes = 4096 + 512 * parts + 256 * (layers + gaps);
        self.kept.keep(self.number, name, Content::Manifest(manifest.clone()), bytes);
        Ok(manifest)
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
