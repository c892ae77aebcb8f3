//! The end of a reading: manifest, rows, the comparison that follows.

use super::refused::final_gaps;
use crate::archive::TenantArchive;
use crate::held::{compared_runs, last_holders};
use domain::kinds;
use domain::permissions::{Excess, excess};
use domain::stored::{FORMAT_VERSION, Manifest, Missing, MissingCause};
use domain::{DiffId, Error, ErrorKind, ErrorReason, Result, SnapshotId, Timestamp};
use engine::metrics;
use engine::ports::{Put, Spent};
use engine::records::not_protected as by_permissions;
use engine::records::{
    Course, CredentialStatus, Diff, DiffCounts, JobState, KindState, Newest, NotCovered, NotProtected,
    ReadingState, Reason, Records, RunCount, SeatCount, Side, Snapshot, SnapshotMode, Span, Tenant,
};
use std::collections::{BTreeMap, BTreeSet};

/// The manifest of what was read, still without logs.
///
/// # Errors
/// With the reason `NothingRead` when no kind at all could be read, which makes no snapshot: `Denied` when each was
/// refused, else `Unavailable`.
pub(super) async fn prepare(
    (archive, records): (&TenantArchive, &Records),
    progress: &ReadingState,
    now: Timestamp,
) -> Result<Manifest> {
    let mut manifest = Manifest {
        format: FORMAT_VERSION,
        snapshot: progress.snapshot.clone(),
        tenant: progress.tenant.clone(),
        base: None,
        started_at: progress.started_at,
        sealed_at: now,
        runs: BTreeMap::default(),
        tokens: BTreeMap::default(),
        asked: BTreeMap::default(),
        expanded: BTreeMap::default(),
        held_in: None,
        logs: BTreeMap::default(),
        audit: None,
        extensions_known: progress.extensions.as_ref().map(|chosen| chosen.known),
        missing: Vec::new(),
        full_at: BTreeMap::default(),
        permissions: progress.permissions.clone(),
        seats_in_use: None,
        requests: progress.spent.requests,
        resource_units: progress.spent.resource_units,
        throttled: progress.spent.throttled,
        stored_blobs: progress.stored_blobs,
        stored_bytes: progress.stored_bytes,
    };
    // What was read of each kind lies in the vault already; the manifest names it, or says why it is not there.
    for kind in progress.kinds.values() {
        match kind {
            KindState::Done(done) => {
                manifest.runs.extend(done.runs.clone());
                manifest.tokens.extend(done.tokens.clone());
                manifest.asked.extend(done.asked.clone());
                manifest.expanded.extend(done.expanded.clone());
                manifest.missing.extend(done.missing.clone());
                manifest.full_at.extend(done.full_at.clone());
                // Only users are counted, so one kind at most says it.
                manifest.seats_in_use = manifest.seats_in_use.or(done.seats_in_use);
                // A base only where a kind was built on one: otherwise the snapshot depends on no other.
                if done.incremental {
                    manifest.base.clone_from(&progress.base);
                }
            }
            KindState::Missing(missing) => manifest.missing.push(missing.clone()),
            KindState::Reading(_) => return Err(Error::unavailable("a kind is still being read")),
        }
    }
    // What is missing of extensions is said of kinds that are held: of the others all is missing, as said already.
    let of_extensions = progress.extensions.iter().flat_map(|chosen| &chosen.missing).cloned();
    let is_held =
        |m: &Missing| m.source.split_once('.').is_some_and(|(kind, _)| manifest.runs.contains_key(kind));
    let of_extensions: Vec<Missing> = of_extensions.filter(is_held).collect();
    manifest.missing.extend(of_extensions);
    // Why no manifest then: it would be the newest sealed snapshot, on which the next reading builds.
    if manifest.runs.is_empty() {
        let why = manifest.missing.first().map_or("", |m| m.why.as_str());
        let refused = manifest.missing.iter().all(|m| m.cause.is_refusal());
        let kind = if refused { ErrorKind::Denied } else { ErrorKind::Unavailable };
        return Err(
            Error::new(kind, format!("no kind could be read: {why}")).because(ErrorReason::NothingRead)
        );
    }
    // Why only here: the log makes no snapshot of a tenant of which nothing else could be read.
    if let Some(log) = &progress.audit {
        manifest.audit = Some(log.held.clone());
        manifest.runs.extend(log.runs.clone());
    }
    // Where to look for what this snapshot lacks: comparisons and restores ask the last one that holds it.
    manifest.held_in = Some(held_in(archive, records, progress, &manifest).await?);
    Ok(manifest)
}

/// Writes the manifest; where another invocation was faster, its manifest counts.
pub(super) async fn seal(archive: &TenantArchive, manifest: Manifest) -> Result<Manifest> {
    // Create-only, so that two invocations at the same time seal one snapshot, and both go on with that.
    match archive.put_new(&Manifest::blob_name(&manifest.snapshot), &manifest.to_bytes()?).await? {
        Put::New => Ok(manifest),
        Put::AlreadyThere => archive.get_manifest(&manifest.snapshot).await,
    }
}

/// For each run that the snapshot does not hold, the last one before it that does.
async fn held_in(
    archive: &TenantArchive,
    records: &Records,
    progress: &ReadingState,
    manifest: &Manifest,
) -> Result<BTreeMap<String, SnapshotId>> {
    let lacking: BTreeSet<String> = compared_runs().filter(|run| !manifest.runs.contains_key(run)).collect();
    let Some(before) = progress.base.as_ref().filter(|_| !lacking.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let base = readable_base(archive, before).await?;
    let (held, further): (BTreeSet<String>, BTreeSet<String>) =
        lacking.into_iter().partition(|run| base.as_ref().is_some_and(|base| base.runs.contains_key(run)));
    let mut found = last_holders(records, &progress.tenant, (before, base.as_ref()), further).await?;
    found.extend(held.into_iter().map(|run| (run, before.clone())));
    Ok(found)
}

/// The manifest to build on; none when it is not readable: then everything is read, and nothing is lost.
pub(super) async fn readable_base(archive: &TenantArchive, id: &SnapshotId) -> Result<Option<Manifest>> {
    match archive.find_manifest(id).await {
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            tracing::error!(snapshot = %id, "the snapshot to build on is damaged; reading everything");
            Ok(None)
        }
        other => other,
    }
}

/// The row of the sealed snapshot.
pub(super) fn done_row(row: &Snapshot, manifest: &Manifest, now: Timestamp) -> Snapshot {
    let mut done = row.clone();
    done.state = JobState::Done;
    done.mode = Some(if manifest.base.is_some() { SnapshotMode::Incremental } else { SnapshotMode::Full });
    done.base.clone_from(&manifest.base);
    done.touched_at = now;
    done.sealed_at = Some(manifest.sealed_at);
    done.counts = manifest
        .runs
        .iter()
        .map(|(name, run)| {
            let count = RunCount { records: run.records, leaves: run.leaves, plain_bytes: run.plain_bytes };
            (name.clone(), count)
        })
        .collect();
    done.not_covered = manifest
        .missing
        .iter()
        .map(|m| NotCovered {
            source: m.source.clone(),
            cause: m.cause.name().to_owned(),
            why: m.why.clone(),
        })
        .collect();
    done.spent = Spent {
        requests: manifest.requests,
        resource_units: manifest.resource_units,
        throttled: manifest.throttled,
    };
    done.stored_blobs = manifest.stored_blobs;
    done.stored_bytes = manifest.stored_bytes;
    done.error = None;
    done.course = Course::default();
    done
}

/// What the tenant's row says of the snapshot that is sealed; `before` is what it says of the one before.
pub(super) fn newest(done: &Snapshot, manifest: &Manifest, before: Option<&Newest>) -> Newest {
    Newest::of(manifest.sealed_at, &final_gaps(done), excess_permissions(manifest), before)
}

/// How many seats the tenant uses; none where the snapshot did not count.
pub(super) fn seat_count(manifest: &Manifest) -> Option<SeatCount> {
    manifest.seats_in_use.map(|in_use| SeatCount {
        tenant: manifest.tenant.clone(),
        in_use,
        snapshot: manifest.snapshot.clone(),
        counted_at: manifest.started_at,
        over_since: None,
    })
}

/// Counts the days that are left until our certificate or secret ends: the operator hears when they are few.
pub(super) fn count_days_left(ends_at: Option<Timestamp>, now: Timestamp) {
    if let Some(ends_at) = ends_at {
        let days = ends_at.duration_since(now).as_hours() / 24;
        metrics::OWN_CREDENTIAL_DAYS.set(u64::try_from(days).unwrap_or_default());
    }
}

/// What a missing permission keeps out of the snapshot: by what the token says, and by what was denied where the
/// token does not say.
pub(super) fn not_protected(manifest: &Manifest) -> Vec<NotProtected> {
    let mut found = by_permissions(&manifest.permissions);
    for missing in manifest.missing.iter().filter(|m| m.cause == MissingCause::Denied) {
        if found.iter().all(|known| known.what != missing.source) {
            let kind = kinds::find(missing.source.split('.').next().unwrap_or_default());
            let any_of = kind.map(|k| k.read_permissions).unwrap_or_default();
            let any_of = any_of.iter().map(|p| (*p).to_owned()).collect();
            found.push(NotProtected { what: missing.source.clone(), any_of });
        }
    }
    found
}

/// The credentials' status: the worst that the reading and the token show.
pub(super) fn credentials(manifest: &Manifest) -> CredentialStatus {
    let denied = manifest.missing.iter().any(|m| m.cause == MissingCause::Denied);
    let worst = manifest.permissions.iter().filter_map(|p| excess(p)).max();
    if denied {
        CredentialStatus::MissingPermissions
    } else {
        match worst {
            Some(Excess::Writes) => CredentialStatus::ExcessPermissions,
            Some(Excess::Reads) => CredentialStatus::ExcessReading,
            None => CredentialStatus::Connected,
        }
    }
}

/// The permissions that nothing needs, by name, the worst first.
pub(super) fn excess_permissions(manifest: &Manifest) -> Vec<String> {
    let of = |wanted: Excess| manifest.permissions.iter().filter(move |p| excess(p) == Some(wanted));
    of(Excess::Writes).chain(of(Excess::Reads)).cloned().collect()
}

/// The id of the comparison that follows a snapshot. It is made from the snapshot's, so there is one.
pub(crate) fn comparison_id(snapshot: &SnapshotId) -> DiffId {
    DiffId::from_ulid(snapshot.as_str().trim_start_matches(SnapshotId::PREFIX))
}

/// The row of the comparison with the snapshot before, if there is one; `tenant` is the row before this snapshot.
pub(super) fn comparison(done: &Snapshot, tenant: &Tenant) -> Option<Diff> {
    let last = tenant.last_sealed.as_ref().filter(|b| **b != done.id && done.reason != Reason::Live)?;
    // Why there: what changed since was told to nobody.
    let before = tenant.untold_since.as_ref().unwrap_or(last);
    let instead_of = (before != last).then(|| last.clone());
    Some(Diff {
        id: comparison_id(&done.id),
        tenant: done.tenant.clone(),
        before: before.clone(),
        after: Side::Snapshot(done.id.clone()),
        kinds: Vec::new(),
        object: None,
        announce: true,
        live_snapshot: None,
        state: JobState::Queued,
        requested_at: done.touched_at,
        requested_by: None,
        touched_at: done.touched_at,
        done_at: None,
        attempts: 0,
        counts: DiffCounts::default(),
        by_kind: BTreeMap::new(),
        heaviest: BTreeMap::new(),
        pages: 0,
        progress: None,
        span: Span { instead_of, ..Span::default() },
        not_compared: Vec::new(),
        everywhere: Vec::new(),
        error: None,
        course: Course::default(),
    })
}

/// Counts a sealed snapshot in the metrics.
pub(super) fn count(row: &Snapshot, manifest: &Manifest) {
    if row.reason == Reason::Schedule {
        metrics::SNAPSHOTS_SEALED.add(1);
    }
    if row.reason != Reason::Live {
        metrics::SNAPSHOTS_PARTIAL.add(u64::from(!manifest.missing.is_empty()));
        let took = manifest.sealed_at.duration_since(row.requested_at).as_secs();
        metrics::SNAPSHOT_SECONDS.record(u64::try_from(took).unwrap_or_default());
    }
    metrics::GRAPH_REQUESTS.add(manifest.requests);
    metrics::GRAPH_THROTTLED.add(manifest.throttled);
    metrics::STORED_BYTES.add(manifest.stored_bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Archive;
    use domain::OrganisationId;
    use engine::ports::{Clock, KeyRing};
    use engine::records::{KindRuns, StoredKey};
    use jiff::SignedDuration;
    use support::memory::World;

    #[tokio::test]
    async fn whoever_seals_a_snapshot_second_goes_on_with_the_manifest_of_the_first() {
        let world = World::new(1);
        let (now, tenant) = (world.clock.now(), "a1b2c3d4-0000-1111-2222-333344445555".parse().unwrap());
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let (_, wrapped) = world.key_ring.generate(&tenant).await.unwrap();
        let organisation = OrganisationId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA");
        let key = StoredKey { tenant: tenant.clone(), organisation, wrapped, created_at: now };
        records.put_new(&key).await.unwrap();
        let archive = Archive::new(world.vault.clone(), world.key_ring.clone(), records.clone());
        let archive = archive.open(&tenant).await.unwrap();
        let index = archive.put_named(domain::stored::Class::Index, b"").await.unwrap();
        let run = domain::stored::RunRef {
            index,
            cut_bits: 8,
            records: 0,
            leaves: 0,
            plain_bytes: 0,
            layers: vec![],
        };
        let users = KindRuns { runs: [("users".to_owned(), run)].into(), ..KindRuns::default() };
        let progress = ReadingState {
            tenant,
            snapshot: SnapshotId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"),
            started_at: now,
            base: None,
            permissions: vec![],
            extensions: None,
            audit: None,
            kinds: [("users".to_owned(), KindState::Done(users))].into(),
            spent: Spent::default(),
            stored_blobs: 0,
            stored_bytes: 0,
            advances: 0,
            logs: BTreeMap::new(),
            log: None,
        };
        let later = now + SignedDuration::from_secs(1);
        let first = prepare((&archive, &records), &progress, now).await.unwrap();
        let first = seal(&archive, first).await.unwrap();
        let second = prepare((&archive, &records), &progress, later).await.unwrap();
        let second = seal(&archive, second).await.unwrap();
        assert_eq!((second.sealed_at, &second), (now, &first));
    }
}
