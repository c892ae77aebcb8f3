//! What an earlier release left behind: its rows, its blobs and its messages under way, worked on by today's code.
//!
//! A fixture is written by the release itself and never edited. It holds a tenant with two snapshots and the comparison
//! between them; a snapshot, a preview and an approved restore are asked for, and their messages wait in the queues.

use crate::rig::Rig;
use backup::archive::SnapshotView;
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::notices::Topic;
use domain::{RestoreId, SnapshotId, Timestamp};
use engine::ports::{BlobName, Catalog, Clock, JobQueue, Outgoing, Queue, Row, Scope, Vault, Watch, Write};
use engine::records::{Cause, FAMILIES, Found, JobState, Person, Record, RestoreState};
use engine::upgrade::{Report, move_rows};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use support::faulty::{FaultPlan, Faulty, Mode};

/// Every release whose messages and rows may still be met.
const RELEASES: [u32; 1] = [1];

#[derive(Serialize, Deserialize)]
struct Left {
    now: Timestamp,
    rows: Vec<LeftRow>,
    blobs: Vec<(String, String)>,
    messages: Vec<(String, String, String)>,
    snapshot: SnapshotId,
    preview: RestoreId,
    approved: RestoreId,
}

#[derive(Serialize, Deserialize)]
struct LeftRow {
    scope: String,
    key: String,
    body: Value,
    watch: Option<(String, Timestamp)>,
    expires_at: Option<Timestamp>,
}

fn file(release: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/release-{release}/left.json"))
}

/// A desk on which lies what the release left.
async fn taken_over(release: u32) -> (Rig, Left) {
    let left: Left = serde_json::from_slice(&std::fs::read(file(release)).unwrap()).unwrap();
    // Why the same seed: the ring in memory knows the tenant's key by it.
    let rig = Rig::new().await;
    let now = rig.clock.now();
    for (scope, row) in rig.world.catalog.rows() {
        rig.world.catalog.write(now, vec![Write::Delete(scope, row.key, row.version)]).await.unwrap();
    }
    for row in &left.rows {
        let mut new = Row::new(&row.key, row.body.clone());
        new.watch = row.watch.clone().map(|(list, at)| Watch { list, at });
        new.expires_at = row.expires_at;
        let scope = Scope::from_text(&row.scope).unwrap();
        rig.world.catalog.write(now, vec![Write::PutNew(scope, new)]).await.unwrap();
    }
    rig.clock.advance(left.now.duration_since(now));
    // What the operator does before this release is started; see infra/README.md, "Upgrade".
    if release == 1 {
        let died = upgraded_though_it_dies(&rig).await;
        let moved = move_rows(&*rig.world.catalog, &*rig.clock).await.unwrap();
        assert_eq!(moved, Report::default(), "nothing is left to move: {died} deaths");
    }
    for (name, bytes) in &left.blobs {
        let bytes = BASE64_STANDARD.decode(bytes).unwrap();
        rig.world.vault.put_new(rig.tenant(), &BlobName::new(name).unwrap(), bytes.into()).await.unwrap();
    }
    for (queue, group, body) in &left.messages {
        let queue = JobQueue::ALL.into_iter().find(|q| q.name() == queue).unwrap();
        let deduplication_id = format!("{}-{}", queue.name(), body.len());
        let message = Outgoing { queue, group: group.clone(), deduplication_id, body: body.clone() };
        rig.world.queue.send(message).await.unwrap();
    }
    (rig, left)
}

/// Moves the rows as the operator does, and dies at each call in turn, before and after it takes effect; returns how often.
async fn upgraded_though_it_dies(rig: &Rig) -> u64 {
    let former = rig.world.catalog.rows();
    let report = move_rows(&*rig.world.catalog, &*rig.clock).await.unwrap();
    assert_eq!(report, Report { moved: 8, left: 0 });
    let moved = rig.world.catalog.rows();
    assert_eq!(moved.len(), former.len(), "every row is there once");
    let known = |scope: &Scope, key: &str| {
        let family = FAMILIES.iter().filter(|f| key.starts_with(f.prefix));
        family.into_iter().any(|f| scope.text().split('/').next() == Some(f.owner.name()))
    };
    for (scope, row) in &moved {
        assert!(known(scope, &row.key), "{} {} is of no family", scope.text(), row.key);
    }
    for mode in [Mode::Before, Mode::After] {
        for call in 0.. {
            rig.world.catalog.set_rows(former.clone());
            let plan = FaultPlan::new();
            plan.die_at(call, mode);
            let dying = Faulty::new(rig.world.catalog.clone(), &plan);
            let died = move_rows(&*dying, &*rig.clock).await.is_err();
            move_rows(&*rig.world.catalog, &*rig.clock).await.unwrap();
            assert_eq!(rig.world.catalog.rows(), moved, "died at call {call}, {mode:?}");
            if !died {
                break;
            }
        }
    }
    report.moved
}

#[tokio::test]
async fn what_an_earlier_release_began_is_ended_by_this_one() {
    for release in RELEASES {
        let (rig, left) = taken_over(release).await;
        let tenant = rig.tenant().clone();
        let before = rig.snapshot_rows(&tenant).await;
        assert_eq!(left.messages.len(), 3, "three jobs were under way");
        rig.settle().await;
        assert_eq!(rig.dead_letters(), Vec::<String>::new());
        assert_eq!(rig.snapshot_row(&tenant, &left.snapshot).await.state, JobState::Done);
        let restores = rig.restores();
        let preview = restores.get(&tenant, &left.preview).await.unwrap();
        assert!(preview.state == RestoreState::Previewed && preview.counts.steps > 0, "{preview:?}");
        // What was approved before there were rows of approvals is not believed: it is previewed and approved again.
        let approved = restores.get(&tenant, &left.approved).await.unwrap();
        assert_eq!(
            (approved.state, approved.course.failed),
            (RestoreState::Failed, Some(Cause::NotApproved))
        );
        assert_eq!(approved.counts.ended(), 0, "nothing was written");
        rig.ask_run(&preview).await;
        rig.settle().await;
        let again = restores.get(&tenant, &left.preview).await.unwrap();
        assert_eq!((again.state, &again.error), (RestoreState::Done, &None));
        let counts = again.counts;
        let ended = counts.done + counts.unverified + counts.failed + counts.skipped;
        assert!(counts.steps > 0 && ended == counts.steps, "every step has come to an end: {counts:?}");
        let archive = rig.archive.open(&tenant).await.unwrap();
        assert!(before.len() > 2);
        for snapshot in before.iter().filter(|s| s.state == JobState::Done) {
            let view = SnapshotView::open(&archive, &snapshot.id).await.unwrap();
            let users = domain::kinds::get("users").unwrap();
            let (hits, _) = view.list_objects(users, None, 100).await.unwrap();
            assert_eq!(hits.len() as u64, snapshot.counts["users"].records, "read as it was sealed");
        }
        let partner = rig.tenant_row(&tenant).await.partner;
        let people = rig.records.list_all(&Person::all(&partner)).await.unwrap();
        assert_eq!(people.len(), 2);
        // There was no such topic: who may approve hears of what waits all the same.
        for Found { value: person, .. } in &people {
            assert!(!person.subscriptions.contains_key(&Topic::Approvals));
            assert_eq!(person.frequency(Topic::Approvals), Topic::Approvals.default_for(person.role));
        }
        assert!(people.iter().any(|person| person.value.frequency(Topic::Approvals).is_some()));
        rig.clock.advance(SignedDuration::from_hours(2));
        rig.snapshot().await;
    }
}

/// Writes the fixture of the release that this is: only with `HOLDFAST_WRITE_RELEASE=N`, and only for a new one.
#[tokio::test]
async fn what_a_release_leaves_is_written_when_asked_for() {
    let Ok(release) = std::env::var("HOLDFAST_WRITE_RELEASE") else {
        assert!(RELEASES.iter().all(|release| file(*release).exists()), "the fixtures are there");
        return;
    };
    let rig = Rig::new().await;
    let tenant = rig.tenant().clone();
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    stage.happen(&admin).await;
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.snapshot().await;
    let diff = rig.diff_rows(&tenant).await.pop().unwrap();
    let approved = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&approved).await;
    let preview = rig.ask_preview(&diff.id, Rig::everything()).await;
    let snapshot = rig.ask_snapshot(&tenant).await;
    let messages = JobQueue::ALL.into_iter().flat_map(|queue| rig.world.queue.receive(queue));
    let rows = rig.world.catalog.rows().into_iter().map(|(scope, row)| LeftRow {
        scope: scope.text(),
        key: row.key,
        body: row.body,
        watch: row.watch.map(|watch| (watch.list, watch.at)),
        expires_at: row.expires_at,
    });
    let blobs = rig.world.vault.blobs(&tenant).into_iter();
    let left = Left {
        now: rig.clock.now(),
        rows: rows.collect(),
        blobs: blobs.map(|(name, bytes)| (name.to_string(), BASE64_STANDARD.encode(bytes))).collect(),
        messages: messages.map(|m| (m.queue.name().to_owned(), m.group, m.body)).collect(),
        snapshot,
        preview: preview.id,
        approved: approved.id,
    };
    let file = file(release.parse().unwrap());
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, serde_json::to_vec_pretty(&left).unwrap()).unwrap();
}
