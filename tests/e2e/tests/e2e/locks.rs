//! What the newest snapshot names stays locked: its blobs were mostly written long before, and a lock counts from the writing.

use crate::rig::{JoinedClock, LOCK_DAYS, Rig, Setting};
use async_trait::async_trait;
use backup::take_snapshot::Keeper;
use domain::stored::{Class, Manifest};
use domain::{Result, SnapshotId, TenantId, Timestamp};
use engine::ports::{BlobName, Clock, Kept, VaultKeeper};
use engine::records::rights::Function;
use engine::records::{LocksRenewed, delete};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use support::policy::Deployed;

/// All blobs that a snapshot names.
async fn named(rig: &Rig, snapshot: &SnapshotId) -> BTreeSet<String> {
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let manifest = archive.get_manifest(snapshot).await.unwrap();
    let mut names = BTreeSet::from([Manifest::blob_name(snapshot)]);
    let logs = manifest.logs.values().flat_map(|log| log.run.iter().chain(&log.second));
    let own = manifest.logs.values().flat_map(|log| &log.own).map(|layer| layer.index);
    for index in own {
        names.insert(index.blob_name(Class::Index));
        let leaves = archive.get_index(&index).await.unwrap().leaves;
        names.extend(leaves.iter().map(|leaf| leaf.hash.blob_name(Class::Leaf)));
    }
    for run in manifest.runs.values().chain(logs) {
        for index in std::iter::once(run.index).chain(run.layers.iter().map(|layer| layer.index)) {
            names.insert(index.blob_name(Class::Index));
            let leaves = archive.get_index(&index).await.unwrap().leaves;
            names.extend(leaves.iter().map(|leaf| leaf.hash.blob_name(Class::Leaf)));
        }
    }
    names
}

fn locked_until(rig: &Rig, name: &str) -> Option<Timestamp> {
    rig.world.vault.locked_until(rig.tenant(), &BlobName::new(name).unwrap())
}

/// Takes a snapshot so many hours later; gives it, and how often a lock was renewed.
async fn later(rig: &Rig, hours: i64) -> (SnapshotId, usize) {
    rig.clock.advance(SignedDuration::from_hours(hours));
    rig.plan.take_log();
    let snapshot = rig.snapshot().await;
    (snapshot, rig.plan.take_log().count("vault", "keep_until"))
}

async fn row(rig: &Rig) -> LocksRenewed {
    rig.records.get(&LocksRenewed::at(rig.tenant())).await.unwrap().value
}

#[tokio::test]
async fn what_the_newest_snapshot_names_is_locked_anew_each_week_and_nothing_in_between() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    assert_eq!(later(&rig, 0).await.1, 0, "everything has just been written");
    assert_eq!(later(&rig, 24).await.1, 0, "nothing is due");
    admin.patch(&format!("users/{}", stage.id("Maya")), &json!({ "jobTitle": "Contractor" })).await;
    let (snapshot, calls) = later(&rig, 24 * 6).await;
    let names = named(&rig, &snapshot).await;
    assert_eq!(calls, names.len(), "one for each blob");
    let until = rig.clock.now() + SignedDuration::from_hours(24 * i64::from(LOCK_DAYS) - 24);
    for name in &names {
        assert!(locked_until(&rig, name).is_some_and(|at| at > until), "{name}");
    }
    let others = rig.world.vault.blobs(rig.tenant()).into_iter().map(|(name, _)| name.to_string());
    let others: Vec<_> = others.filter(|name| !names.contains(name)).collect();
    assert!(!others.is_empty(), "pages of comparisons, at the least");
    assert!(others.iter().all(|name| locked_until(&rig, name).is_none()), "what it does not name");
    assert_eq!(later(&rig, 1).await.1, 0);
    assert_eq!(later(&rig, 24 * 6).await.1, 0);
    let (newest, calls) = later(&rig, 24).await;
    assert_eq!(calls, named(&rig, &newest).await.len(), "a week later all of it again");
}

#[tokio::test]
async fn the_first_snapshot_after_a_release_without_renewals_renews_them_also_when_it_reads_everything_anew()
{
    let rig = Rig::new().await;
    rig.snapshot().await;
    let found = rig.records.get(&LocksRenewed::at(rig.tenant())).await.unwrap();
    rig.records.write(vec![delete(&found.value, found.version)]).await.unwrap();
    let (snapshot, _) = later(&rig, 24 * 8).await;
    let manifest = rig.archive.open(rig.tenant()).await.unwrap().get_manifest(&snapshot).await.unwrap();
    assert_eq!(manifest.base, None, "everything was read anew");
    let names = named(&rig, &snapshot).await;
    let not_locked: Vec<_> = names.iter().filter(|name| locked_until(&rig, name).is_none()).collect();
    assert_eq!(not_locked, [""; 0], "of {}", names.len());
}

#[tokio::test]
async fn a_lock_that_cannot_be_renewed_fails_no_snapshot_and_is_tried_again_a_day_later() {
    let deployed = Deployed::read().without(Function::TakeSnapshot, "RenewLocks");
    let rig = Rig::with(Setting { deployed, ..Setting::default() }).await;
    let asked = async |hours| (later(&rig, hours).await.0, rig.refusals.take().len());
    assert_eq!(asked(0).await.1, 0);
    let (snapshot, refused) = asked(24 * 7).await;
    let names = named(&rig, &snapshot).await;
    assert_eq!(refused, names.len(), "one that is refused keeps no other from being asked for");
    assert_eq!(rig.dead_letters(), [""; 0]);
    assert!(names.iter().all(|name| locked_until(&rig, name).is_none()));
    assert_eq!(asked(1).await.1, 0, "not with each snapshot");
    assert_eq!(asked(24).await.1, names.len());
}

/// Counts; each lock takes a second.
struct Counted(Arc<dyn VaultKeeper>, Arc<AtomicU64>, Arc<JoinedClock>);

#[async_trait]
impl VaultKeeper for Counted {
    async fn keep_until(&self, tenant: &TenantId, name: &BlobName, until: Timestamp) -> Result<Kept> {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.2.advance(SignedDuration::from_secs(1));
        self.0.keep_until(tenant, name, until).await
    }
}

#[tokio::test]
async fn what_the_deadline_cuts_off_goes_on_after_the_last_blob_that_was_locked() {
    let rig = Rig::new().await;
    let (snapshot, _) = later(&rig, 0).await;
    let names = named(&rig, &snapshot).await;
    rig.clock.advance(SignedDuration::from_hours(24 * 7));
    let begun = rig.clock.now();
    let calls = Arc::new(AtomicU64::new(0));
    let keeper = Keeper {
        vault: Arc::new(Counted(rig.world.vault.clone(), calls.clone(), rig.clock.clone())),
        archive: rig.archive.clone(),
        records: rig.records.clone(),
        clock: rig.clock.clone(),
        lock_days: LOCK_DAYS,
    };
    let mut times = 0;
    loop {
        let renewal =
            keeper.run(rig.tenant(), rig.clock.now() + SignedDuration::from_secs(20)).await.unwrap();
        times += 1;
        assert_eq!(renewal.is_cut_off, row(&rig).await.after.is_some());
        if !renewal.is_cut_off {
            break;
        }
        assert!(times < names.len(), "it goes on");
    }
    assert!(times > 1, "{} blobs do not fit into one call", names.len());
    assert!(names.iter().all(|name| locked_until(&rig, name).is_some()));
    // Of those that were under way when the deadline came some are asked for again, and no others.
    assert!(calls.load(Ordering::SeqCst) <= names.len() as u64 + 16 * times as u64);
    assert_eq!(row(&rig).await.at, begun, "what was locked first is due first");
}
