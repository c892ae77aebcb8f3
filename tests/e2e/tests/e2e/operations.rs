//! What an operator does when something is broken, walked: `infra/README.md`, "Operations", names the story of each
//! procedure.

mod office;

use crate::rig::{Rig, changes_of};
use domain::rights::Role;
use domain::stored::Manifest;
use domain::{ErrorKind, SnapshotId};
use engine::ports::{BlobName, JobQueue, Row, Scope};
use engine::records::{ApiToken, JobState, Side};
use jiff::SignedDuration;
use office::Office;
use partners::commands::Caller;
use partners::commands::people::PersonChange;
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

/// What the runbook names in that part of step 4: partitions, each with beginnings of keys.
fn named_in_step_4(beginning: &str) -> Vec<(String, String)> {
    let readme = include_str!("../../../../infra/README.md");
    let step = readme.split_once("4. So does what was taken back").unwrap().1.split_once("\n5. ").unwrap().0;
    let part = step.split("\n   - ").find(|part| part.starts_with(beginning)).unwrap();
    let list = part.split_once(": ").unwrap().1.split_once(". ").unwrap().0;
    let mut named = Vec::new();
    for of in list.split(';') {
        let (partition, keys) = of.split_once(':').unwrap();
        for key in keys.split(',') {
            let bare = |text: &str| text.trim().trim_matches('`').to_owned();
            named.push((bare(partition), bare(key)));
        }
    }
    named
}

/// Step 4 of the runbook, from the old table to the one that was restored.
fn step_4(old: &[(Scope, Row)], restored: Vec<(Scope, Row)>) -> Vec<(Scope, Row)> {
    let is_of = |named: &[(String, String)], scope: &Scope, row: &Row| {
        let partition = scope.text();
        named.iter().any(|(of, key)| {
            let is_in = of.strip_suffix("...").map_or(partition == *of, |begin| partition.starts_with(begin));
            is_in && row.key.starts_with(key.as_str())
        })
    };
    let (copied, deleted) = (named_in_step_4("As the old table"), named_in_step_4("Delete from"));
    assert_eq!((copied.len(), deleted.len()), (5, 9), "{copied:?} {deleted:?}");
    let mut rows: Vec<_> = restored
        .into_iter()
        .filter(|(scope, row)| !is_of(&copied, scope, row) && !is_of(&deleted, scope, row))
        .collect();
    rows.extend(old.iter().filter(|(scope, row)| is_of(&copied, scope, row)).cloned());
    rows
}

/// The table is turned back, and step 4 of the runbook followed as it is written: whoever was shut out stays out.
#[tokio::test]
async fn what_was_revoked_stays_so_in_a_table_that_is_turned_back() {
    let rig = Rig::new().await;
    let of = rig.organisation();
    let office = Office { rig: &rig, partner: of.partner, organisation: of.id };
    let (_, ada) = office.person("ada", Role::Owner).await;
    let (bo_id, bo) = office.person("bo", Role::SuperAdmin).await;
    let (eve_id, eve) = office.person("eve", Role::SuperAdmin).await;
    let revoked = office.token(&ada, Role::Owner).await;
    let below =
        office.token(&office.authorizer().find(&revoked.text).await.unwrap().unwrap(), Role::Admin).await;
    let narrowed = office.token(&bo, Role::Admin).await;
    let of_eve = office.token(&eve, Role::SuperAdmin).await;
    let rotated = office.token(&ada, Role::Support).await;
    let good = office.token(&ada, Role::Support).await;
    let (session, begun) = office.sessions().create(&ada, false).await.unwrap();
    let opened = office.portal().open(&office.link(&ada).await).await.unwrap();
    let unused = office.link(&ada).await;
    let (withdrawn, secret) = office.invited(&ada, "mallory").await;
    let (_, accepted) = office.invited(&ada, "carl").await;
    let then: Vec<(Scope, Row)> = rig.world.catalog.rows();

    rig.clock.advance(SignedDuration::from_mins(1));
    office.tokens().revoke(&ada, &revoked.entry.id).await.unwrap();
    let limited = PersonChange {
        role: Some(Role::Admin),
        organisations: Some(Some(vec![office.organisation.clone()])),
        ..PersonChange::default()
    };
    office.people().change(&ada, &bo_id, 1, &limited).await.unwrap();
    office.people().remove(&ada, &eve_id).await.unwrap();
    let renewed = office.tokens().rotate(&ada, &rotated.entry.id).await.unwrap();
    office.sessions().end(&ada, &begun.id).await.unwrap();
    office.sessions().end_of_portal(&ada, &office.organisation, &opened.id).await.unwrap();
    office.portal().open(&unused).await.unwrap();
    office.invitations().withdraw(&ada, &withdrawn).await.unwrap();
    let carl = office.accepts("carl", &accepted).await.unwrap();
    let old = rig.world.catalog.rows();

    // Turned back and no more: all of it is good again.
    rig.world.catalog.set_rows(then.clone());
    for made in [&revoked.text, &below.text, &of_eve.text, &rotated.text, &session, &opened.token] {
        assert!(office.reach(made).await.is_some());
    }
    assert_eq!(office.reach(&narrowed.text).await.unwrap().organisations, None);
    assert!(matches!(office.signed_in("eve").await, Caller::Member(_)));
    assert!(office.portal().open(&unused).await.is_ok());
    assert!(office.accepts("mallory", &secret).await.is_ok());

    rig.world.catalog.set_rows(step_4(&old, then));
    rig.restart();
    for made in [&revoked.text, &below.text, &of_eve.text, &rotated.text, &session, &opened.token] {
        assert_eq!(office.reach(made).await, None);
    }
    let left = office.reach(&narrowed.text).await.unwrap().organisations;
    assert_eq!(left, Some(vec![office.organisation.clone()]));
    let row = rig.records.get(&ApiToken::at(&ApiToken::hash(&narrowed.text))).await.unwrap().value;
    assert_eq!(
        (row.revoked_at, row.organisations),
        (None, left),
        "by its own row too, and not by its maker's"
    );
    assert!(matches!(office.signed_in("eve").await, Caller::SignedIn(..)));
    assert_eq!(office.portal().open(&unused).await.unwrap_err().kind(), ErrorKind::NotFound);
    // As the API says it: 404. Nor is it mailed again.
    assert_eq!(office.accepts("mallory", &secret).await, Err(ErrorKind::NotFound));
    assert_eq!(office.accepts("carl2", &accepted).await, Err(ErrorKind::NotFound));
    let mailed = rig.world.mailer.sent().len();
    rig.tick().await;
    assert_eq!(rig.world.mailer.sent().len(), mailed);
    // And what was good stays good.
    for made in [&good.text, &renewed.text] {
        assert_eq!(office.reach(made).await.unwrap().role, Role::Support);
    }
    assert_eq!(office.signed_in("ada").await.name(), ada.name());
    let Caller::Member(member) = office.signed_in("carl").await else { panic!("a person since") };
    assert_eq!(member.person(), Some(&carl));
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
