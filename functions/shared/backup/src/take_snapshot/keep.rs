//! Renews the lock of what a tenant's newest snapshot names. Most of it was written long before, since what did not change
//! is named again and never written again, and a lock counts from the writing.
//!
//! Not here: what locks mean (`VaultKeeper`). It never fails the snapshot, which is sealed by then: what could not be renewed is
//! counted and tried again a day later. Cut off anywhere, it goes on after the last blob that it wrote down.

use crate::archive::{Archive, TenantArchive};
use domain::stored::{BlobHash, Class, Manifest};
use domain::{Error, ErrorKind, Result, TenantId, Timestamp};
use engine::metrics;
use engine::ports::{BlobName, Clock, Kept, Page, VaultKeeper};
use engine::records::{Found, LocksRenewed, Record, Records, Snapshot, Tenant, put_new, replace};
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many locks are renewed at the same time.
const AT_ONCE: usize = 16;
/// After how many hours locks that could not be renewed are tried again.
const AGAIN_HOURS: i64 = 24;

/// Renews the locks of what a tenant's newest snapshot names.
#[derive(Clone)]
pub struct Keeper {
    /// Where blobs are locked.
    pub vault: Arc<dyn VaultKeeper>,
    /// Where the manifest and the indexes are read.
    pub archive: Arc<Archive>,
    /// Rows of tenants, and how far their locks are renewed.
    pub records: Records,
    /// Says what is due, and when to stop.
    pub clock: Arc<dyn Clock>,
    /// For how many days a blob is locked from its writing, and again from each renewal.
    pub lock_days: u32,
}

/// What one renewal of a tenant's locks did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Renewal {
    /// Blobs whose lock was renewed.
    pub renewed: u64,
    /// Blobs whose lock could not be renewed.
    pub failed: u64,
    /// Whether blobs are left for the next time, since the deadline came.
    pub is_cut_off: bool,
}

impl Keeper {
    /// Renews what is due, until the deadline.
    ///
    /// # Errors
    /// When rows, the manifest or an index cannot be read. A blob whose lock cannot be renewed is counted instead.
    pub async fn run(&self, tenant: &TenantId, deadline: Timestamp) -> Result<Renewal> {
        let Some(newest) = self.records.get(&Tenant::at(tenant)).await?.value.last_sealed else {
            return Ok(Renewal::default());
        };
        let found = self.records.find(&LocksRenewed::at(tenant)).await?;
        let now = self.clock.now();
        // A third of the lock: two renewals may be missed before one ends.
        let every = SignedDuration::from_hours(i64::from(self.lock_days) * 24 / 3);
        if found.as_ref().is_some_and(|row| row.value.after.is_none() && now < row.value.at + every) {
            return Ok(Renewal::default());
        }
        let archive = self.archive.open(tenant).await?;
        let manifest = archive.get_manifest(&newest).await?;
        if found.is_none() && self.is_the_only_one(tenant).await? {
            self.write(None, LocksRenewed { tenant: tenant.clone(), at: manifest.started_at, after: None })
                .await?;
            return Ok(Renewal::default());
        }
        let begun = found.as_ref().filter(|row| row.value.after.is_some()).map(|row| row.value.clone());
        let (at, after) = begun.map_or((now, None), |row| (row.at, row.after));
        // Why an hour less: the role may set no longer lock than the bucket itself, and clocks differ.
        let until = now + SignedDuration::from_hours(i64::from(self.lock_days) * 24 - 1);
        let names = names_of(&archive, &manifest).await?;
        let names = names.into_iter().filter(|name| after.as_ref().is_none_or(|after| name > after));
        let (renewal, after) = self.renew(tenant, names.collect(), until, deadline).await;
        metrics::LOCKS_RENEWED.add(renewal.renewed);
        metrics::LOCKS_NOT_RENEWED.add(renewal.failed);
        let again = now - every + SignedDuration::from_hours(AGAIN_HOURS);
        let at = if renewal.failed > 0 { again.min(at) } else { at };
        self.write(found, LocksRenewed { tenant: tenant.clone(), at, after }).await?;
        Ok(renewal)
    }

    /// Whether the newest snapshot is the first reading of the tenant: then everything has just been written. Why not where it
    /// names no base: one that read everything anew names leaves that were written long before, too.
    async fn is_the_only_one(&self, tenant: &TenantId) -> Result<bool> {
        let (first, _) = self.records.list(&Snapshot::all(tenant), Page::first(2)).await?;
        Ok(first.len() == 1)
    }

    /// Renews these locks, some side by side; gives the last name that was come to, where the deadline came first.
    async fn renew(
        &self,
        tenant: &TenantId,
        names: Vec<String>,
        until: Timestamp,
        deadline: Timestamp,
    ) -> (Renewal, Option<String>) {
        let (mut renewal, mut last, mut told) = (Renewal::default(), None, false);
        let work = names.into_iter().map(|name| async move {
            if self.clock.now() >= deadline {
                return (name, None);
            }
            let kept = match BlobName::new(name.as_str()) {
                Ok(blob) => self.vault.keep_until(tenant, &blob, until).await,
                Err(error) => Err(error),
            };
            (name, Some(kept))
        });
        // In order, so that all names up to the last are done.
        let mut work = stream::iter(work).buffered(AT_ONCE);
        while let Some((name, kept)) = work.next().await {
            match kept {
                None => {
                    renewal.is_cut_off = true;
                    // Why the empty name where none was come to: the renewal has begun and is not at its end.
                    return (renewal, Some(last.unwrap_or_default()));
                }
                Some(Ok(Kept::Locked)) => renewal.renewed += 1,
                Some(Ok(Kept::NoLocks)) => {
                    tracing::info!(%tenant, "the vault has no locks: none is renewed");
                    return (renewal, None);
                }
                Some(Err(error)) => {
                    renewal.failed += 1;
                    // One line: what keeps one from being renewed mostly keeps all.
                    if !std::mem::replace(&mut told, true) {
                        let kind = error.kind().name();
                        tracing::error!(%tenant, blob = name, kind, %error, "the lock of a blob is not renewed");
                    }
                }
            }
            last = Some(name);
        }
        (renewal, None)
    }

    async fn write(&self, found: Option<Found<LocksRenewed>>, row: LocksRenewed) -> Result<()> {
        let write = match found {
            Some(found) => replace(&row, found.version)?,
            None => put_new(&row)?,
        };
        match self.records.write(vec![write]).await {
            // Another process renews them too: what it wrote is as good.
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
            other => other,
        }
    }
}

/// The names of all blobs of a snapshot, in order: its manifest, and of each run, log and layer the index and the leaves.
async fn names_of(archive: &TenantArchive, manifest: &Manifest) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::from([Manifest::blob_name(&manifest.snapshot)]);
    let of_run = |run: &domain::stored::RunRef| -> Vec<BlobHash> {
        std::iter::once(run.index).chain(run.layers.iter().map(|layer| layer.index)).collect()
    };
    let of_logs = manifest.logs.values().flat_map(domain::stored::LogRef::indexes);
    let indexes: BTreeSet<BlobHash> = manifest.runs.values().flat_map(of_run).chain(of_logs).collect();
    let read = indexes
        .into_iter()
        .map(|hash| async move { Ok::<_, Error>((hash, archive.get_index(&hash).await?)) });
    let mut read = stream::iter(read).buffer_unordered(AT_ONCE);
    while let Some(read) = read.next().await {
        let (hash, index) = read?;
        names.insert(hash.blob_name(Class::Index));
        names.extend(index.leaves.iter().map(|leaf| leaf.hash.blob_name(Class::Leaf)));
    }
    Ok(names)
}
