//! Downloads through the deployed job, behind its role: files of a snapshot and of a comparison, wherever the process dies, and of
//! one tenant alone.

use super::rig::{Rig, Setting, deaths};
use backup::commands::downloads::{Downloads, NewDownload};
use backup::commands::slots::Asker;
use domain::{ErrorKind, SnapshotId, TenantId};
use engine::ports::Clock;
use engine::records::rights::Function;
use engine::records::{Download, DownloadFormat, JobState};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn downloads(rig: &Rig) -> Downloads {
    Downloads {
        archive: rig.archive.clone(),
        records: rig.records_of(Function::SnapshotApi),
        queue: rig.world.queue.clone(),
        links: rig.world.exports.clone(),
        clock: rig.clock.clone(),
        ids: rig.world.ids.clone(),
    }
}

fn whole(snapshot: &SnapshotId) -> NewDownload {
    NewDownload::Snapshot { snapshot: snapshot.clone(), kinds: vec![], key: None }
}

async fn ask(rig: &Rig, new: NewDownload, format: DownloadFormat) -> Download {
    downloads(rig).start(rig.tenant(), &Asker::from("per_test"), (new, format)).await.unwrap()
}

async fn row(rig: &Rig, of: &Download) -> Download {
    downloads(rig).get(&of.tenant, &of.id).await.unwrap()
}

fn file(rig: &Rig, of: &Download) -> String {
    String::from_utf8(rig.world.exports.file(&of.file()).expect("the file is there").to_vec()).unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_file_of_a_snapshot_has_everything_that_is_held_and_that_of_a_comparison_what_differs() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let snapshot = rig.snapshot().await;
    admin.patch(&format!("users/{}", stage.id("Maya")), &json!({ "jobTitle": "=HYPERLINK(1)" })).await;
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.snapshot().await;
    let comparison = rig.diff_rows(rig.tenant()).await.pop().unwrap().id;

    let of_snapshot = ask(&rig, whole(&snapshot), DownloadFormat::JsonLines).await;
    let of_comparison = ask(&rig, NewDownload::Comparison(comparison), DownloadFormat::Csv).await;
    rig.settle().await;
    assert_eq!(rig.dead_letters(), [""; 0]);
    let done = row(&rig, &of_snapshot).await;
    assert_eq!((done.state, done.expected), (JobState::Done, Some(done.records)));
    let held = rig.manifest(rig.tenant(), &snapshot).await.unwrap().runs;
    let found = lines(&file(&rig, &of_snapshot));
    for kind in domain::kinds::KINDS.into_iter().filter(|kind| held.contains_key(kind.run())) {
        let keys: BTreeSet<&str> =
            found.iter().filter(|l| l["kind"] == kind.run()).map(|l| l["key"].as_str().unwrap()).collect();
        assert_eq!(keys.len() as u64, held[kind.run()].records, "{}", kind.name);
        for link in kind.links {
            let links = found.iter().filter(|l| l["link"] == link.name).count() as u64;
            assert_eq!(links, held.get(link.name).map_or(0, |run| run.records), "{}", link.name);
        }
    }
    let table = file(&rig, &of_comparison);
    let is_told = |line: &str| {
        line.starts_with("attribute,users,") && line.ends_with(",jobTitle,,,Buyer,'=HYPERLINK(1)")
    };
    assert!(table.lines().any(is_told), "{table}");
}

#[tokio::test]
async fn a_download_ends_the_same_wherever_its_process_dies() {
    let rig = Rig::new().await;
    rig.staged().await;
    let snapshot = rig.snapshot().await;
    let asked = ask(&rig, whole(&snapshot), DownloadFormat::Csv).await;
    let put_back = rig.keep();
    put_back();
    rig.settle().await;
    let log = rig.plan.take_log();
    let (expected, done) = (file(&rig, &asked), row(&rig, &asked).await);
    let deaths = deaths(&log);
    assert!(deaths.len() > 10 && done.bytes > 20_000, "{} deaths, {} bytes", deaths.len(), done.bytes);
    for death in deaths {
        put_back();
        rig.die_at(death);
        rig.settle().await;
        assert!(!rig.is_death_outstanding(), "{death:?}: it did not die");
        let row = row(&rig, &asked).await;
        assert_eq!((row.state, row.records), (JobState::Done, done.records), "{death:?}");
        assert_eq!(file(&rig, &asked), expected, "{death:?}");
        assert_eq!(rig.dead_letters(), [""; 0], "{death:?}");
    }
}

#[tokio::test]
async fn what_one_tenant_downloads_another_neither_asks_for_nor_follows_nor_fetches() {
    let rig = Rig::with(Setting { two_tenants: true, ..Setting::default() }).await;
    let snapshot = rig.snapshot().await;
    let other: TenantId = rig.tenants[1].clone();
    let asker = Asker::from("per_test");
    let foreign = downloads(&rig).start(&other, &asker, (whole(&snapshot), DownloadFormat::Csv)).await;
    assert_eq!(foreign.unwrap_err().kind(), ErrorKind::NotFound);
    let asked = ask(&rig, whole(&snapshot), DownloadFormat::Csv).await;
    rig.settle().await;
    assert_eq!(downloads(&rig).get(&other, &asked.id).await.unwrap_err().kind(), ErrorKind::NotFound);
    let stranger = Download { tenant: other, ..row(&rig, &asked).await };
    assert_eq!(rig.world.exports.file(&stranger.file()), None);
    assert_eq!(rig.world.exports.count(), 1);

    // It ends after a day: who asks then finds nothing, and no link is made.
    let done = row(&rig, &asked).await;
    assert!(downloads(&rig).link(&done).await.unwrap().is_some());
    rig.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(downloads(&rig).link(&done).await.unwrap(), None);
    assert!(rig.clock.now() >= done.ends_at());
    assert_eq!(downloads(&rig).get(rig.tenant(), &asked.id).await.unwrap_err().kind(), ErrorKind::NotFound);
}
