//! Two customers in one installation: neither sees, moves or can read anything of the other.

use super::rig::{OTHER_TENANT_ID, Rig, Setting, Stage};
use backup::commands::diffs::{NewComparison, WantedDiffs};
use domain::organisations::ApprovalRule;
use domain::restore::{SelectedItem, Selection};
use domain::stored::Manifest;
use domain::{ErrorKind, SnapshotId, TenantId};
use engine::messages;
use engine::ports::{JobQueue, Page, Queue, Vault};
use engine::records::{Side, Snapshot};
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom};
use restore::commands::wanted::WantedRestores;
use support::memory::QueueSettings;

async fn two() -> (Rig, TenantId, TenantId) {
    let rig = Rig::with(Setting { two_tenants: true, ..Setting::default() }).await;
    let (a, b) = (rig.tenants[0].clone(), rig.tenants[1].clone());
    assert_eq!(b.as_str(), OTHER_TENANT_ID);
    (rig, a, b)
}

async fn sealed(rig: &Rig, tenant: &TenantId) -> SnapshotId {
    let id = rig.ask_snapshot(tenant).await;
    rig.settle().await;
    assert!(rig.snapshot_row(tenant, &id).await.sealed_at.is_some());
    id
}

/// What is kept of a tenant: rows and blobs.
fn kept(rig: &Rig, tenant: &TenantId) -> String {
    let rows = rig.world.catalog.rows().into_iter();
    let rows: Vec<_> = rows.filter(|(s, _)| s.text().contains(tenant.as_str())).collect();
    format!("{rows:?} {:?}", rig.world.vault.blobs(tenant))
}

#[tokio::test]
async fn while_a_tenant_is_worked_on_no_call_touches_another() {
    let (rig, a, b) = two().await;
    for tenant in [&a, &b] {
        let admin = rig.admin(tenant).await;
        let stage = Stage::set_up(&admin).await;
        sealed(&rig, tenant).await;
        stage.happen(&admin).await;
    }
    for (mine, other) in [(&a, &b), (&b, &a)] {
        let before = kept(&rig, other);
        let live = rig.control.dump(other.as_str());
        rig.control.clear();
        rig.plan.take_log();
        let id = sealed(&rig, mine).await;
        let diff = rig.diff_rows(mine).await.pop().unwrap();
        let from = RestoreFrom::Changes(diff.id.clone());
        let new = NewRestore::of(from, Selection::default());
        let restore = rig.restores().create_preview(mine, "per_test", new).await.unwrap();
        rig.settle().await;
        rig.restores().run(mine, "per_test", ApprovalRule::Off, &restore.id).await.unwrap();
        rig.settle().await;
        let done = rig.restores().get(mine, &restore.id).await.unwrap();
        assert!(done.counts.done > 3 && done.done_at.is_some(), "{done:?}");
        rig.diffs()
            .start(mine, "per_test", NewComparison::of_everything(id.clone(), Side::Live))
            .await
            .unwrap();
        rig.settle().await;
        let log = rig.plan.take_log();
        assert!(log.len() > 200 && log.count_of_port("writer") > 3);
        assert!(log.of_others_than(mine).is_empty(), "{:?}", log.of_others_than(mine));
        assert_eq!(kept(&rig, other), before);
        assert_eq!(rig.control.dump(other.as_str()), live);
        assert!(rig.control.requests(other.as_str()).is_empty());
        assert!(!rig.control.requests(mine.as_str()).is_empty());
    }
    assert!(rig.dead_letters().is_empty(), "{:?}", rig.dead_letters());
}

#[tokio::test]
async fn the_ids_of_another_tenant_do_not_exist() {
    let (rig, a, b) = two().await;
    let (of_a, of_b) = (sealed(&rig, &a).await, sealed(&rig, &b).await);
    let compared = |before: &SnapshotId, after| NewComparison::of_everything(before.clone(), after);
    let diff = rig.diffs().start(&b, "per_test", compared(&of_b, Side::Live)).await.unwrap();
    let user = rig.control.dump(b.as_str())["users"].as_object().unwrap().keys().next().unwrap().clone();
    let item = SelectedItem::whole(support::kind("users").name, user);
    let chosen = Selection { items: vec![item], ..Selection::default() };
    let of_items = NewRestore::of(RestoreFrom::Items(of_b.clone()), chosen);
    let restore = rig.restores().create_preview(&b, "per_b", of_items.clone()).await.unwrap();
    rig.settle().await;
    let is_absent = |e: domain::Error| assert_eq!(e.kind(), ErrorKind::NotFound, "{e}");
    let page = || Page { after: None, limit: 10, descending: false };
    is_absent(rig.manifest(&a, &of_b).await.unwrap_err());
    is_absent(rig.diffs().start(&a, "per_test", compared(&of_b, Side::Live)).await.unwrap_err());
    is_absent(
        rig.diffs().start(&a, "per_test", compared(&of_a, Side::Snapshot(of_b.clone()))).await.unwrap_err(),
    );
    is_absent(rig.diffs().get(&a, &diff.id).await.unwrap_err());
    is_absent(rig.diffs().changes(&a, &diff.id, page()).await.unwrap_err());
    let restores = rig.restores();
    is_absent(restores.get(&a, &restore.id).await.unwrap_err());
    is_absent(restores.read_plan(&a, &restore.id, page()).await.unwrap_err());
    is_absent(restores.list_impossible(&a, &restore.id).await.unwrap_err());
    is_absent(restores.run(&a, "per_a", ApprovalRule::Off, &restore.id).await.unwrap_err());
    is_absent(restores.get_report(&a, &restore.id).await.unwrap_err());
    is_absent(restores.create_preview(&a, "per_a", of_items).await.unwrap_err());
    let from = RestoreFrom::Changes(diff.id.clone());
    let of_changes = NewRestore::of(from, Selection::default());
    is_absent(restores.create_preview(&a, "per_a", of_changes).await.unwrap_err());
    assert!(restores.list(&a, &WantedRestores::default(), page()).await.unwrap().items.is_empty());
    assert!(
        rig.diffs()
            .list(&a, &WantedDiffs::default(), page())
            .await
            .unwrap()
            .items
            .iter()
            .all(|d| d.tenant == a)
    );
}

#[tokio::test]
async fn a_message_that_names_one_tenant_and_the_work_of_another_is_parked_and_moves_nothing() {
    let (rig, a, b) = two().await;
    sealed(&rig, &a).await;
    sealed(&rig, &b).await;
    let open = rig.ask_snapshot(&b).await;
    let (rows_a, rows_b) = (kept(&rig, &a), kept(&rig, &b));
    rig.world.queue.send(messages::take_snapshot(&a, &open, 77)).await.unwrap();
    let delivered = rig.world.queue.receive(JobQueue::TakeSnapshot);
    assert_eq!(delivered.len(), 2, "one of each group");
    for delivery in &delivered {
        rig.world.queue.fail(delivery, if delivery.group == a.as_str() { 0 } else { 60_000 });
    }
    for _ in 0..=QueueSettings::default().max_receives {
        rig.work_once().await;
        rig.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(rig.dead_letters(), ["take-snapshot: not-found: there is no such snapshot"]);
    assert_eq!(kept(&rig, &a), rows_a);
    assert_eq!(kept(&rig, &b), rows_b);
    rig.settle().await;
    assert!(rig.snapshot_row(&b, &open).await.sealed_at.is_some());
}

#[tokio::test]
async fn what_is_sealed_for_one_tenant_does_not_open_for_another() {
    let (rig, a, b) = two().await;
    let of_a = sealed(&rig, &a).await;
    let snapshots: Vec<Snapshot> = rig.snapshot_rows(&a).await;
    assert_eq!(snapshots.len(), 1);
    let blobs = rig.world.vault.blobs(&a);
    assert!(blobs.len() > 20);
    for (name, bytes) in &blobs {
        rig.world.vault.put_new(&b, name, bytes.clone()).await.unwrap();
    }
    let archive = rig.archive.open(&b).await.unwrap();
    for (name, _) in &blobs {
        let error = archive.find(name.as_str()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{name}");
    }
    assert_eq!(archive.find_manifest(&of_a).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(rig.archive.open(&a).await.unwrap().find(&Manifest::blob_name(&of_a)).await.unwrap().is_some());
    let everyone: Vec<_> = rig.world.vault.blobs(&b).into_iter().map(|(name, _)| name).collect();
    assert_eq!(everyone.len(), blobs.len());
}
