//! What an operator does when something is broken, walked: `infra/README.md`, "Operations", names the story of each
//! procedure.

use crate::rig::{Rig, changes_of};
use domain::stored::Manifest;
use domain::{ErrorKind, SnapshotId};
use engine::ports::{BlobName, JobQueue, Row, Scope};
use engine::records::{JobState, Side};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::memory::QueueSettings;

/// What a comparison says, without its own names.
async fn told(rig: &Rig, after: &SnapshotId) -> Vec<Value> {
    let all = rig.diff_rows(rig.tenant()).await;
    let diff =
        all.iter().find(|diff| diff.after == Side::Snapshot(after.clone())).expect("a comparison follows");
    changes_of(rig, rig.tenant(), &diff.id).await.iter().map(|change| json!(change)).collect()
}

/// What a comparison says that somebody asks for, or why it failed.
async fn compare(rig: &Rig, before: &SnapshotId, after: &SnapshotId) -> Result<Vec<Value>, String> {
    let diff = rig.ask_diff(before, Side::Snapshot(after.clone())).await;
    rig.settle().await;
    let row = rig.diff_rows(rig.tenant()).await.into_iter().find(|row| row.id == diff.id).unwrap();
    match row.error {
        Some(why) => Err(why),
        None => {
            Ok(changes_of(rig, rig.tenant(), &diff.id).await.iter().map(|change| json!(change)).collect())
        }
    }
}

fn is_leaf(missing: &[BlobName]) -> bool {
    missing.iter().all(|name| name.as_str().starts_with("leaves/"))
}

fn names(rig: &Rig) -> BTreeSet<BlobName> {
    rig.world.vault.blobs(rig.tenant()).into_iter().map(|(name, _)| name).collect()
}

fn later(rig: &Rig) {
    rig.clock.advance(SignedDuration::from_hours(2));
}

/// The table is turned back to an earlier moment; the vault keeps what was written since.
#[tokio::test]
async fn a_table_that_is_turned_back_finds_what_it_names_and_goes_on() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    let then: Vec<(Scope, Row)> = rig.world.catalog.rows();
    stage.happen(&admin).await;
    later(&rig);
    let lost = rig.snapshot().await;
    let before = told(&rig, &lost).await;
    assert!(!before.is_empty());

    rig.world.catalog.set_rows(then);
    rig.restart();
    // A message of the time that is gone names a row that is gone.
    let gone = engine::messages::take_snapshot(rig.tenant(), &lost, 7);
    rig.world.queue.send_raw(gone.queue, &gone.group, &gone.body);
    later(&rig);
    let again = rig.snapshot().await;

    assert_eq!(told(&rig, &again).await, before, "what happened in between is seen again");
    let letters = rig.dead_letters();
    assert!(letters.len() == 1 && letters[0].starts_with("take-snapshot: not-found"), "{letters:?}");
    rig.manifest(rig.tenant(), &first).await.expect("the snapshot from before is there");
    let kept: Vec<_> = rig.snapshot_rows(rig.tenant()).await.into_iter().map(|row| row.id).collect();
    assert_eq!(kept, [first, again], "the snapshot in between is in no list");
}

/// The copy of the vault in another region lags behind the table: blobs of the newest snapshot did not arrive.
#[tokio::test]
async fn a_vault_that_is_behind_its_table_says_what_is_missing_until_it_is_read_anew() {
    // Whether nothing of the newest arrived, or all but its manifest, or all but one leaf.
    let lacks: [fn(&str) -> bool; 3] =
        [|_| true, |name| name.starts_with("snapshots/"), |name| name.starts_with("leaves/")];
    for (case, lacks) in lacks.into_iter().enumerate() {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        let first = rig.snapshot().await;
        let there = names(&rig);
        stage.happen(&admin).await;
        later(&rig);
        let newest = rig.snapshot().await;
        let before = told(&rig, &newest).await;
        let missing: Vec<BlobName> =
            names(&rig).difference(&there).filter(|name| lacks(name.as_str())).cloned().collect();
        assert!(!missing.is_empty(), "case {case}: {:?}", names(&rig));
        for name in &missing {
            rig.world.vault.remove(rig.tenant(), name);
        }
        rig.restart();

        // What is not there is said, and is not an empty list.
        let read = rig.manifest(rig.tenant(), &newest).await;
        if missing.contains(&BlobName::new(Manifest::blob_name(&newest)).unwrap()) {
            let kind = read.unwrap_err().kind();
            assert!([ErrorKind::NotFound, ErrorKind::Corrupt].contains(&kind), "case {case}: {kind:?}");
        }
        later(&rig);
        let next = rig.snapshot().await;
        if is_leaf(&missing) {
            // What did not change is taken over by name, unread: a comparison that needs it fails, and says why.
            let failed = compare(&rig, &first, &next).await.unwrap_err();
            assert!(failed.contains("is missing"), "case {case}: {failed}");
            // The weekly reading reads the base too, and replaces what cannot be opened.
            rig.clock.advance(SignedDuration::from_hours(8 * 24));
            let weekly = rig.snapshot().await;
            assert_eq!(compare(&rig, &first, &weekly).await, Ok(before), "case {case}");
        } else {
            assert_eq!(compare(&rig, &first, &next).await, Ok(before), "case {case}: it is whole");
        }
    }
}

/// Work is parked whose processes ended unheard, and redriven when they work again.
#[tokio::test]
async fn parked_work_that_is_redriven_is_done_once() {
    let rig = Rig::with(crate::rig::Setting {
        queue: QueueSettings { max_receives: 2, ..QueueSettings::default() },
        ..crate::rig::Setting::default()
    })
    .await;
    rig.staged().await;
    let id = rig.ask_snapshot(rig.tenant()).await;
    for _ in 0..2 {
        assert_eq!(rig.world.queue.receive(JobQueue::TakeSnapshot).len(), 1);
        rig.clock.advance(SignedDuration::from_mins(16));
    }
    rig.work_once().await;
    let parked = rig.world.queue.dead_letters(JobQueue::TakeSnapshot);
    assert_eq!(parked.len(), 1, "{:?}", rig.dead_letters());

    // As StartMessageMoveTask does: the same body, in the same group. Twice, for it may be started twice.
    for _ in 0..2 {
        rig.world.queue.send_raw(JobQueue::TakeSnapshot, &parked[0].group, &parked[0].body);
    }
    rig.settle().await;
    let rows = rig.snapshot_rows(rig.tenant()).await;
    assert_eq!(rows.iter().map(|row| (&row.id, row.state)).collect::<Vec<_>>(), [(&id, JobState::Done)]);
    assert_eq!(rig.dead_letters().len(), 1, "nothing was parked since");
}

/// A message is lost for good; replaying it needs nobody.
#[tokio::test]
async fn work_whose_message_was_purged_is_taken_up_by_a_later_tick() {
    let rig = Rig::new().await;
    rig.staged().await;
    let id = rig.ask_snapshot(rig.tenant()).await;
    for delivery in rig.world.queue.receive(JobQueue::TakeSnapshot) {
        assert!(rig.world.queue.delete(&delivery));
    }
    rig.settle().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.state, JobState::Done);
}

/// A credential's exchange is not noticed, and a wrong one is our fault, not the customer's.
#[tokio::test]
async fn a_credential_that_is_exchanged_is_used_within_five_minutes_and_a_wrong_one_blames_no_customer() {
    let rig = Rig::new().await;
    rig.staged().await;
    rig.snapshot().await;
    let put = |secret: &str| {
        let value = json!({ "clientId": sim::READER_CLIENT_ID, "clientSecret": secret });
        rig.world.secrets.put("graph-reader", value.to_string());
    };
    put("a mistake");
    rig.control.expire_tokens();
    rig.restart();
    let id = rig.ask_snapshot(rig.tenant()).await;
    rig.work_once().await;
    assert!(rig.snapshot_row(rig.tenant(), &id).await.state.is_open(), "it comes back, it has not failed");
    let status = rig.tenant_row(rig.tenant()).await.credentials;
    assert_eq!(status, engine::records::CredentialStatus::Connected, "the customer has done nothing");

    put(sim::READER_SECRET);
    rig.clock.advance(SignedDuration::from_mins(5));
    rig.settle().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.state, JobState::Done, "{:?}", rig.dead_letters());
}
