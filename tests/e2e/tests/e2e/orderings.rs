//! Messages come twice, late and out of order; pages come in any order. What must hold, holds.

use super::rig::{Rig, Setting, Stage, changes_of, is_all_asked_for};
use domain::stored::Manifest;
use domain::{SnapshotId, TenantId};
use engine::records::JobState;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use support::memory::{Chaos, QueueSettings};

fn chaotic(seed: u64) -> Setting {
    let chaos = Chaos {
        seed,
        duplicates_percent: 40,
        delays_percent: 40,
        delay_limit_ms: 30 * 60_000,
        shuffled_groups: true,
    };
    Setting {
        two_tenants: true,
        snapshots_per_day: 24,
        queue: QueueSettings { chaos: Some(chaos), ..QueueSettings::default() },
        ..Setting::default()
    }
}

/// One open snapshot at most, and what is called sealed can be read.
async fn check(rig: &Rig, tenant: &TenantId, seed: u64) {
    let rows = rig.snapshot_rows(tenant).await;
    let open: Vec<_> = rows.iter().filter(|r| r.state.is_open()).map(|r| r.id.clone()).collect();
    let row = rig.tenant_row(tenant).await;
    assert!(open.len() <= 1, "seed {seed}: {open:?} are open");
    assert_eq!(row.open_snapshot, open.first().cloned(), "seed {seed}");
    for done in rows.iter().filter(|r| r.state == JobState::Done) {
        let manifest = rig.manifest(tenant, &done.id).await.unwrap();
        let archive = rig.archive.open(tenant).await.unwrap();
        for run in manifest.runs.values() {
            archive.open_run(Some(run)).await.unwrap();
        }
    }
    if let Some(last) = row.last_sealed {
        let newest = rows.iter().filter(|r| r.state == JobState::Done).map(|r| &r.id).max();
        assert_eq!(Some(&last), newest, "seed {seed}: the newest sealed snapshot");
    }
}

#[tokio::test]
async fn whatever_the_order_of_messages_what_must_hold_holds() {
    // Two of the seeds each time; all of them where all crash points are asked for.
    for seed in 1..=if is_all_asked_for() { 20 } else { 2 } {
        let rig = Rig::with(chaotic(seed)).await;
        let tenants = rig.tenants.clone();
        let mut stages = Vec::new();
        for tenant in &tenants {
            let admin = rig.admin(tenant).await;
            stages.push(Stage::set_up(&admin).await);
        }
        for hour in 0..3 {
            rig.tick().await;
            while rig.work_once().await {
                for tenant in &tenants {
                    check(&rig, tenant, seed).await;
                }
            }
            rig.settle().await;
            if hour == 0 {
                for (tenant, stage) in tenants.iter().zip(&stages) {
                    stage.happen(&rig.admin(tenant).await).await;
                }
            }
            rig.clock.advance(SignedDuration::from_hours(1));
        }
        rig.tick().await;
        rig.settle().await;
        assert!(rig.dead_letters().is_empty(), "seed {seed}: {:?}", rig.dead_letters());
        for (tenant, stage) in tenants.iter().zip(&stages) {
            check(&rig, tenant, seed).await;
            let rows = rig.snapshot_rows(tenant).await;
            assert!(rows.len() >= 3 && rows.iter().all(|r| r.state == JobState::Done), "seed {seed}");
            let mut changed = BTreeSet::new();
            for diff in rig.diff_rows(tenant).await {
                assert_eq!(diff.state, JobState::Done, "seed {seed}: {:?}", diff.error);
                changed.extend(changes_of(&rig, tenant, &diff.id).await.into_iter().map(|c| c.key));
            }
            for name in ["Maya", "Tomasz", "Night shift", "Warehouse", "Kiosk screens"] {
                assert!(changed.contains(stage.id(name)), "seed {seed}: {name} is not among {changed:?}");
            }
            assert_eq!(changed.len(), 6, "seed {seed}: {changed:?}");
        }
        let mails = rig.world.mailer.sent();
        let distinct: BTreeSet<_> = mails.iter().map(|m| (&m.to, &m.id)).collect();
        let told: BTreeSet<_> = mails.iter().map(|m| (&m.to, &m.id, &m.text)).collect();
        assert_eq!(distinct.len(), told.len(), "seed {seed}: one id, one text");
    }
}

/// The first snapshot of the staged tenant, its pages ordered by `seed`.
async fn shuffled(seed: Option<u64>) -> (Rig, Manifest) {
    let rig = Rig::with(Setting { users: 60, ..Setting::default() }).await;
    rig.staged().await;
    rig.control.set_shuffle_pages(seed);
    let id = rig.snapshot().await;
    let manifest = rig.manifest(rig.tenant(), &id).await.unwrap();
    (rig, manifest)
}

#[tokio::test]
async fn the_same_tenant_gives_the_same_bytes_in_whatever_order_its_pages_come() {
    let (_, plain) = shuffled(None).await;
    assert!(plain.missing.is_empty(), "{:?}", plain.missing);
    for seed in 1..=4 {
        let (_, other) = shuffled(Some(seed)).await;
        for (name, run) in &plain.runs {
            assert_eq!(other.runs.get(name), Some(run), "seed {seed}: {name}");
        }
        assert_eq!(other.runs.len(), plain.runs.len());
    }
}

fn blobs(rig: &Rig, folder: &str) -> BTreeSet<String> {
    let all = rig.world.vault.blobs(rig.tenant()).into_iter();
    all.map(|(name, _)| name.as_str().to_owned()).filter(|n| n.starts_with(folder)).collect()
}

async fn is_second_free(later: SignedDuration) -> (Rig, SnapshotId, SnapshotId) {
    let (rig, _) = shuffled(Some(1)).await;
    let first = rig.tenant_row(rig.tenant()).await.last_sealed.unwrap();
    let before = (blobs(&rig, "leaves/"), blobs(&rig, "indexes/"));
    rig.clock.advance(later);
    rig.control.set_shuffle_pages(Some(2));
    let second = rig.snapshot().await;
    assert_eq!((blobs(&rig, "leaves/"), blobs(&rig, "indexes/")), before, "{later:?}");
    let (a, b) = (
        rig.manifest(rig.tenant(), &first).await.unwrap(),
        rig.manifest(rig.tenant(), &second).await.unwrap(),
    );
    assert_eq!(a.runs, b.runs, "{later:?}");
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    assert_eq!(changes_of(&rig, rig.tenant(), &diff.id).await, vec![], "{later:?}");
    (rig, first, second)
}

#[tokio::test]
async fn a_second_snapshot_of_an_unchanged_tenant_stores_no_leaf_from_delta_or_whole() {
    let (rig, _, second) = is_second_free(SignedDuration::from_hours(1)).await;
    assert!(rig.manifest(rig.tenant(), &second).await.unwrap().base.is_some(), "from delta");
    let (rig, _, second) = is_second_free(SignedDuration::from_hours(24 * 8)).await;
    assert!(rig.manifest(rig.tenant(), &second).await.unwrap().base.is_none(), "whole");
}
