//! What goes wrong with Microsoft, with a customer's consent and with a disk; and that nothing is lost by it.

use super::rig::{Rig, Setting, Stage, changes_of};
use backup::archive::SnapshotView;
use domain::stored::{Class, Manifest};
use domain::{ErrorKind, SnapshotId};
use engine::ports::{BlobName, Clock, JobQueue};
use engine::records::{CredentialStatus, JobState, Side, SnapshotMode};
use jiff::SignedDuration;
use serde_json::json;
use sim::{ExpiredDelta, FaultRule, READER_CLIENT_ID, READING};
use support::memory::World;

/// Records of a kind in a snapshot.
async fn count(rig: &Rig, id: &SnapshotId, run: &str) -> u64 {
    rig.manifest(rig.tenant(), id).await.unwrap().runs.get(run).map_or(0, |r| r.records)
}

fn live_users(rig: &Rig) -> u64 {
    rig.dump()["users"].as_object().unwrap().len() as u64
}

/// Everything that a snapshot names opens.
async fn assert_whole(rig: &Rig, id: &SnapshotId) {
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    for (name, run) in &archive.get_manifest(id).await.unwrap().runs {
        for index in std::iter::once(&run.index).chain(run.layers.iter().map(|l| &l.index)) {
            let index = archive.get_index(index).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            for leaf in &index.leaves {
                archive.get_content(Class::Leaf, &leaf.hash).await.unwrap_or_else(|e| panic!("{name}: {e}"));
            }
        }
    }
}

fn mails(rig: &Rig) -> Vec<String> {
    rig.world.mailer.take_sent().into_iter().map(|m| m.subject).collect()
}

#[tokio::test]
async fn a_delta_token_that_is_no_longer_good_costs_a_whole_reading_and_no_change() {
    for how in [ExpiredDelta::Gone, ExpiredDelta::BadRequest, ExpiredDelta::NotFound] {
        let rig = Rig::new().await;
        let (admin, stage) = rig.staged().await;
        rig.snapshot().await;
        stage.happen(&admin).await;
        rig.control.expire_delta_tokens(how);
        let second = rig.snapshot().await;
        let row = rig.snapshot_row(rig.tenant(), &second).await;
        assert_eq!((row.mode, &row.not_covered), (Some(SnapshotMode::Full), &vec![]), "{how:?}");
        assert_eq!(count(&rig, &second, "users").await, live_users(&rig), "{how:?}");
        let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
        let changed = changes_of(&rig, rig.tenant(), &diff.id).await;
        assert_eq!(changed.len(), 6, "{how:?}: {changed:#?}");
        assert_eq!(rig.dead_letters(), [""; 0]);
    }
}

#[tokio::test]
async fn a_kind_whose_next_page_fails_is_read_again_and_never_short() {
    for (kind, next_page) in [("users", "users?"), ("groups", "groups/delta?$skiptoken")] {
        // Why five: as often as one call is made; then the kind fails, and not only the call.
        for (status, times) in [(500, 1), (503, 5), (0, 5), (400, 1), (403, 1), (500, 40)] {
            let case = format!("{kind} {status} {times}");
            let rig = Rig::with(Setting { users: 60, ..Setting::default() }).await;
            rig.control.switch(|switches| (switches.page_limit, switches.delta_page_size) = (20, 4));
            // Why skipped: the first page has come, and the kind is in its middle.
            rig.control.fail_next(FaultRule {
                path_contains: next_page.into(),
                status,
                times,
                skip: 1,
                ..FaultRule::default()
            });
            let id = rig.snapshot().await;
            let seen = rig.control.requests(rig.tenant().as_str());
            let failed =
                |r: &&sim::SeenRequest| r.status == status && r.path_and_query.contains("$skiptoken");
            assert!(status == 0 || seen.iter().any(|r| failed(&r)), "{case}: no next page has failed");
            let row = rig.snapshot_row(rig.tenant(), &id).await;
            let live = rig.dump()[kind].as_object().unwrap().len() as u64;
            match row.counts.get(kind) {
                Some(count) => assert_eq!(count.records, live, "{case}"),
                None => assert!(row.not_covered.iter().any(|n| n.source == kind), "{case}: missing by name"),
            }
            if times < 40 && status != 403 {
                assert!(row.counts.contains_key(kind), "{case}: {:?}", row.not_covered);
            }
            assert_eq!(rig.dead_letters(), [""; 0]);
        }
    }
}

#[tokio::test]
async fn throttling_within_a_snapshot_is_waited_for_as_long_as_graph_says() {
    let rig = Rig::new().await;
    let before = rig.clock.now();
    rig.control.fail_next(FaultRule {
        path_contains: "groups/delta".into(),
        status: 429,
        retry_after: Some("37".into()),
        times: 2,
        ..FaultRule::default()
    });
    let id = rig.snapshot().await;
    assert!(rig.clock.now().duration_since(before) >= SignedDuration::from_secs(74));
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!((row.attempts, row.spent.throttled, row.not_covered.len()), (1, 2, 0));
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_of_a_run_is_renewed() {
    let rig = Rig::with(Setting { users: 450, ..Setting::default() }).await;
    rig.control.fail_next(FaultRule {
        path_contains: "users/delta".into(),
        status: 401,
        body: r#"{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed"}}"#
            .into(),
        times: 1,
        skip: 1,
        ..FaultRule::default()
    });
    let id = rig.snapshot().await;
    assert_eq!(count(&rig, &id, "users").await, live_users(&rig));
    rig.control.expire_tokens();
    rig.clock.advance(SignedDuration::from_mins(5));
    let id = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.not_covered, vec![]);
}

#[tokio::test]
async fn a_withdrawn_consent_fails_the_snapshot_tells_people_and_leaves_what_was_sealed() {
    let rig = Rig::new().await;
    let first = rig.snapshot().await;
    mails(&rig);
    rig.control.withdraw_consent(rig.tenant().as_str(), READER_CLIENT_ID);
    rig.clock.advance(SignedDuration::from_hours(2));
    let id = rig.ask_snapshot(rig.tenant()).await;
    rig.settle().await;
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!(row.state, JobState::Failed);
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!(tenant.credentials, CredentialStatus::ConsentWithdrawn);
    assert_eq!((tenant.open_snapshot, tenant.last_sealed), (None, Some(first.clone())));
    let told = mails(&rig);
    assert_eq!(told.len(), 2, "the failure and the credentials: {told:?}");
    assert_whole(&rig, &first).await;
    assert_eq!(rig.dead_letters(), [""; 0]);
    rig.control.consent(rig.tenant().as_str(), READER_CLIENT_ID);
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.snapshot().await;
    assert_eq!(rig.tenant_row(rig.tenant()).await.credentials, CredentialStatus::Connected);
    assert_eq!(mails(&rig).len(), 1, "that it is well again is told, too");
}

#[tokio::test]
async fn a_permission_to_write_is_told_once_and_stops_nothing_and_our_own_secret_hides_nothing() {
    let rig = Rig::new().await;
    rig.snapshot().await;
    mails(&rig);
    let status = async || rig.tenant_row(rig.tenant()).await.credentials;
    let mut granted: Vec<String> = sim::READING.iter().map(ToString::to_string).collect();
    granted.push("User.ReadWrite.All".to_owned());
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, granted);
    for (told, why) in [(1, "the first snapshot that sees it tells of it"), (0, "the next does not")] {
        rig.clock.advance(SignedDuration::from_hours(2));
        rig.restart();
        rig.snapshot().await;
        assert_eq!((status().await, mails(&rig).len()), (CredentialStatus::ExcessPermissions, told), "{why}");
    }
    // That our own secret ends soon is the operator's to know, and changes nothing of it.
    let ends = rig.clock.now() + SignedDuration::from_hours(24);
    let secret = json!({"clientId": READER_CLIENT_ID, "clientSecret": sim::READER_SECRET, "expiresAt": ends});
    rig.world.secrets.put("graph-reader", secret.to_string());
    rig.clock.advance(SignedDuration::from_hours(2));
    rig.restart();
    rig.snapshot().await;
    assert_eq!((status().await, mails(&rig).len()), (CredentialStatus::ExcessPermissions, 0));
}

#[tokio::test]
async fn a_permission_that_is_taken_away_costs_its_kinds_until_it_is_back() {
    let rig = Rig::new().await;
    let first = rig.snapshot().await;
    assert!(count(&rig, &first, "roles").await > 0);
    let without = |gone: &str| READING.iter().filter(|p| **p != gone).map(|p| (*p).to_owned()).collect();
    let permissions: Vec<String> = without("RoleManagement.Read.Directory");
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, permissions);
    rig.clock.advance(SignedDuration::from_hours(2));
    mails(&rig);
    let second = rig.snapshot().await;
    let row = rig.snapshot_row(rig.tenant(), &second).await;
    let missing = |what: &str| row.not_covered.iter().any(|n| n.source == what && n.cause == "denied");
    assert!(missing("roles") && missing("admins"), "{:?}", row.not_covered);
    assert!(!row.counts.contains_key("roles"), "missing, not empty");
    assert_eq!(count(&rig, &second, "users").await, live_users(&rig));
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!(tenant.credentials, CredentialStatus::MissingPermissions);
    let newest = tenant.newest.unwrap();
    assert!(newest.gaps.iter().any(|gap| gap.source == "roles" && gap.is_denied()), "{newest:?}");
    assert_eq!(newest.gaps_since, newest.sealed_at, "the first snapshot that lacks them");
    let since = tenant.credentials_since.unwrap();
    assert!(since >= newest.sealed_at, "the credentials are called so since then");
    let named = tenant.not_protected.unwrap();
    assert!(named.iter().any(|n| n.what == "roles" && !n.any_of.is_empty()), "it is named: {named:?}");
    assert!(!mails(&rig).is_empty(), "people are told");
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    assert!(diff.not_compared.iter().any(|n| n.source == "roles"));
    assert_eq!(diff.counts.deleted, 0, "what is not covered is not deleted");
    assert_whole(&rig, &first).await;
    let all = READING.iter().map(|p| (*p).to_owned()).collect();
    rig.control.set_permissions(rig.tenant().as_str(), READER_CLIENT_ID, all);
    rig.clock.advance(SignedDuration::from_hours(2));
    let third = rig.snapshot().await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &third).await.not_covered, vec![]);
    assert_eq!(count(&rig, &third, "roles").await, count(&rig, &first, "roles").await);
    let tenant = rig.tenant_row(rig.tenant()).await;
    assert_eq!(tenant.credentials, CredentialStatus::Connected);
    assert!(tenant.credentials_since.unwrap() > since && tenant.newest.unwrap().is_complete());
}

#[tokio::test]
async fn without_the_licence_for_privileged_identities_the_rest_is_taken_and_it_is_said_once() {
    let rig = Rig::with(Setting { premium_p2: false, ..Setting::default() }).await;
    let first = rig.snapshot().await;
    let row = rig.snapshot_row(rig.tenant(), &first).await;
    assert!(!row.not_covered.is_empty(), "the schedules are not covered");
    assert!(row.not_covered.iter().all(|n| n.cause == "unlicensed"), "{:?}", row.not_covered);
    assert_eq!(count(&rig, &first, "users").await, live_users(&rig));
    assert_eq!(rig.tenant_row(rig.tenant()).await.credentials, CredentialStatus::Connected);
    let newest = rig.tenant_row(rig.tenant()).await.newest.unwrap();
    assert!(!newest.gaps.is_empty() && newest.gaps.iter().all(|gap| gap.cause == "unlicensed"));
    assert_eq!(mails(&rig).len(), 1);
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.snapshot().await;
    assert_eq!(mails(&rig), [""; 0], "a licence that is missing is told once");
}

/// Which blob of the first snapshot is damaged.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Leaf,
    Index,
    Manifest,
}

async fn damaged(part: Part) -> (Rig, Stage, super::rig::Admin, SnapshotId) {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    let run = rig.manifest(rig.tenant(), &first).await.unwrap().runs["users"].clone();
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let name = match part {
        Part::Manifest => Manifest::blob_name(&first),
        Part::Index => run.index.blob_name(Class::Index),
        Part::Leaf => archive.get_index(&run.index).await.unwrap().leaves[0].hash.blob_name(Class::Leaf),
    };
    let World { vault, .. } = &rig.world;
    vault.flip_byte(rig.tenant(), &BlobName::new(name.as_str()).unwrap(), 40);
    (rig, stage, admin, first)
}

#[tokio::test]
async fn a_damaged_snapshot_is_told_as_corrupt_and_the_next_one_is_whole() {
    for part in [Part::Leaf, Part::Index, Part::Manifest] {
        let (rig, stage, admin, first) = damaged(part).await;
        let archive = rig.archive.open(rig.tenant()).await.unwrap();
        let opened = match SnapshotView::open(&archive, &first).await {
            Ok(view) => view.list_objects(domain::kinds::get("users").unwrap(), None, 10).await.map(drop),
            Err(error) => Err(error),
        };
        assert_eq!(opened.unwrap_err().kind(), ErrorKind::Corrupt, "{part:?}");
        stage.happen(&admin).await;
        rig.clock.advance(SignedDuration::from_hours(1));
        let second = rig.snapshot().await;
        assert_whole(&rig, &second).await;
        assert_eq!(rig.snapshot_row(rig.tenant(), &second).await.not_covered, vec![], "{part:?}");
        assert_eq!(count(&rig, &second, "users").await, live_users(&rig), "{part:?}");
        let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
        assert_eq!(diff.state, JobState::Failed, "{part:?}: {:?}", diff.counts);
        assert!(diff.error.as_ref().is_some_and(|e| e.contains("not what was stored")), "{:?}", diff.error);
        rig.clock.advance(SignedDuration::from_hours(1));
        let third = rig.snapshot().await;
        let last = rig.diff_rows(rig.tenant()).await.pop().unwrap();
        assert_eq!(changes_of(&rig, rig.tenant(), &last.id).await, vec![], "{part:?}: and it goes on");
        assert_whole(&rig, &third).await;
    }
}

#[tokio::test]
async fn a_lost_leaf_is_told_as_corrupt_by_every_snapshot_that_names_it_and_never_read_as_something_else() {
    // Why no more: blobs are create-only, so the same content cannot be stored a second time in its place.
    let (rig, _, _, first) = damaged(Part::Leaf).await;
    rig.clock.advance(SignedDuration::from_hours(24 * 8));
    let second = rig.snapshot().await;
    let archive = rig.archive.open(rig.tenant()).await.unwrap();
    let users = domain::kinds::get("users").unwrap();
    for id in [&first, &second] {
        let view = SnapshotView::open(&archive, id).await.unwrap();
        let error = view.list_objects(users, None, 10).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        let groups = domain::kinds::get("groups").unwrap();
        assert!(!view.list_objects(groups, None, 10).await.unwrap().0.is_empty());
    }
}

#[tokio::test]
async fn a_full_vault_stops_a_snapshot_until_there_is_room() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let first = rig.snapshot().await;
    stage.happen(&admin).await;
    rig.world.vault.set_capacity_bytes(Some(rig.world.vault.total_bytes() + 400));
    let id = rig.ask_snapshot(rig.tenant()).await;
    rig.work_once().await;
    let row = rig.snapshot_row(rig.tenant(), &id).await;
    assert_eq!((row.state, row.sealed_at), (JobState::Running, None));
    assert!(row.course.waits_until(rig.clock.now()).is_some(), "it comes back");
    assert_eq!(rig.world.queue.waiting_count(JobQueue::TakeSnapshot), 0, "and holds nobody up");
    assert_whole(&rig, &first).await;
    rig.world.vault.set_capacity_bytes(None);
    rig.settle().await;
    assert_whole(&rig, &id).await;
    assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.not_covered, vec![]);
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    assert_eq!(changes_of(&rig, rig.tenant(), &diff.id).await.len(), 6);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_is_parked_with_its_reason_and_holds_nobody_back() {
    let rig = Rig::new().await;
    let tenant = rig.tenant().as_str().to_owned();
    for queue in JobQueue::ALL {
        for body in ["", "{", r#"{"type":"take-over.v1"}"#, r#"{"tenant":"x"}"#] {
            rig.world.queue.send_raw(queue, &tenant, body);
        }
    }
    let id = rig.snapshot().await;
    assert_whole(&rig, &id).await;
    let dead = rig.dead_letters();
    assert_eq!(dead.len(), 4 * JobQueue::ALL.len());
    assert!(dead.iter().all(|d| d.contains("invalid: ") && !d.contains("take-over")), "{dead:#?}");
}

#[tokio::test]
async fn a_comparison_with_the_live_tenant_is_refused_in_words_when_consent_is_gone() {
    let rig = Rig::new().await;
    let first = rig.snapshot().await;
    rig.control.withdraw_consent(rig.tenant().as_str(), READER_CLIENT_ID);
    rig.clock.advance(SignedDuration::from_hours(2));
    let diff = rig.ask_diff(&first, Side::Live).await;
    rig.settle().await;
    let row = rig.diffs().get(rig.tenant(), &diff.id).await.unwrap();
    assert_eq!(row.state, JobState::Failed);
    assert!(row.error.is_some_and(|e| !e.is_empty()));
    assert_whole(&rig, &first).await;
}

#[tokio::test]
async fn a_tenant_that_the_login_does_not_serve_fails_at_once_and_people_are_told_what_to_do() {
    for (error, code, status) in [
        ("invalid_grant", 5_000_225, CredentialStatus::Unreachable),
        ("unauthorized_client", 5_000_224, CredentialStatus::Unreachable),
        ("invalid_resource", 500_014, CredentialStatus::Unreachable),
        // Nobody knows it: it is told, and not tried again into silence.
        ("invalid_grant", 5_999_999, CredentialStatus::Unreachable),
        ("unauthorized_client", 700_016, CredentialStatus::ConsentWithdrawn),
    ] {
        let rig = Rig::new().await;
        let first = rig.snapshot().await;
        mails(&rig);
        rig.control.set_login_refusal(rig.tenant().as_str(), Some((error, code)));
        rig.clock.advance(SignedDuration::from_hours(2));
        let asked = rig.clock.now();
        let id = rig.ask_snapshot(rig.tenant()).await;
        rig.settle().await;
        assert_eq!(rig.snapshot_row(rig.tenant(), &id).await.state, JobState::Failed, "{code}");
        assert!(rig.clock.now() < asked + SignedDuration::from_mins(1), "{code}: at once");
        let tenant = rig.tenant_row(rig.tenant()).await;
        assert_eq!((tenant.credentials, tenant.open_snapshot), (status, None), "{code}");
        assert_eq!(mails(&rig).len(), 2, "{code}: the failure and the credentials");
        assert_eq!(rig.dead_letters(), [""; 0], "{code}");
        assert_whole(&rig, &first).await;
        rig.control.set_login_refusal(rig.tenant().as_str(), None);
        rig.clock.advance(SignedDuration::from_hours(2));
        rig.snapshot().await;
        assert_eq!(rig.tenant_row(rig.tenant()).await.credentials, CredentialStatus::Connected, "{code}");
    }
}
