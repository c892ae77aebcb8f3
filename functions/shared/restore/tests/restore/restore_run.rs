//! Restores from preview to report, over a directory that is a table in memory.

use crate::restore_world::{RestoreWorld, item, object};
use async_trait::async_trait;
use domain::ErrorKind;
use domain::organisations::ApprovalRule;
use domain::restore::{AttributeMode, LinkMode, SelectedItem, Selection};
use domain::{RestoreId, Result, TenantId};
use engine::records::{
    Approval, Cause, FailCause, OutcomeState, ReadBack, Record, Records, Restore, RestoreState, SkipCause,
};
use restore::preview_restore::{self, OwnPrincipals};
use restore::run_restore::{self, Announce};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use support::faulty::{Mode, crash_points};

fn everything(stage: &RestoreWorld) -> Selection {
    let items =
        stage.snapshot.keys().map(|(kind, key)| SelectedItem::whole(support::kind(kind).name, key.as_str()));
    Selection {
        items: items.collect(),
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: true,
        ..Selection::default()
    }
}

/// Two users, one of them gone for good with her memberships, her role and her report.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object("users", "ann", &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann"})));
    stage.both(object("users", "bob", &json!({"userPrincipalName": "bob@x.y", "displayName": "Bob"})));
    stage.both(object(
        "groups",
        "staff",
        &json!({"displayName": "Staff", "mailNickname": "staff",
        "mailEnabled": false, "securityEnabled": true}),
    ));
    stage.link("groups.members", "staff", "ann");
    stage.link("users.manager", "bob", "ann");
    stage.both(object(
        "admins",
        "ann|r|/|",
        &json!({"id": "f1", "principalId": "ann",
        "roleDefinitionId": "r", "directoryScopeId": "/"}),
    ));
    stage
}

#[tokio::test]
async fn whoever_was_deleted_for_good_comes_back_with_every_reference_to_her() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore =
        stage.previewed(Selection { items: vec![item("users", "ann")], ..everything(&stage) }).await;
    let early = stage.commands().get_report(&stage.tenant, &restore).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Conflict, "nothing was done yet");
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.failed), (RestoreState::Done, 4, 0));
    let ann = stage.directory.id_of("userPrincipalName", "ann@x.y");
    assert_ne!(ann, "ann");
    assert_eq!(stage.directory.ends("groups.members", "staff"), std::slice::from_ref(&ann));
    assert_eq!(stage.directory.ends("users.manager", "bob"), std::slice::from_ref(&ann));
    assert!(stage.directory.has("admins", &format!("{ann}|r|/|")));
    let report = stage.report(&restore).await;
    assert!(report.steps.iter().all(|s| s.read_back == Some(ReadBack::AsAsked)));
    assert!(report.steps[0].needs_password_reset);
    let stored = serde_json::to_string(&report).unwrap();
    assert!(!stored.contains("passwordProfile"));
}

#[tokio::test]
async fn a_restore_of_what_is_as_it_was_has_no_steps() {
    let stage = stage();
    let restore = stage.previewed(everything(&stage)).await;
    assert_eq!(stage.restore(&restore).await.counts.steps, 0);
}

#[tokio::test]
async fn what_changed_since_the_preview_is_not_overwritten() {
    let stage = stage();
    stage.directory.set("users", "bob", "jobTitle", json!("Clerk"));
    let restore = stage.previewed(everything(&stage)).await;
    stage.directory.set("users", "bob", "jobTitle", json!("Chief"));
    stage.run(&restore).await;
    let report = stage.report(&restore).await;
    let skipped = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
    assert_eq!(report.steps[0].outcome, skipped);
    assert_eq!(stage.directory.get("users", "bob")["jobTitle"], "Chief");
}

#[tokio::test]
async fn what_graph_does_not_show_is_never_reported_as_done() {
    let stage = stage();
    stage.directory.set("users", "bob", "jobTitle", json!("Clerk"));
    let restore = stage.previewed(everything(&stage)).await;
    stage.directory.forget_updates(true);
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.unverified), (0, 1));
    let report = stage.report(&restore).await;
    assert!(matches!(report.steps[0].outcome, OutcomeState::Failed { cause: FailCause::NotSeen, .. }));
}

#[tokio::test]
async fn a_refusal_stops_nothing_but_what_needs_it() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    stage.directory.set("users", "bob", "jobTitle", json!("Clerk"));
    let restore = stage.previewed(everything(&stage)).await;
    stage.directory.refuse_creation_of("users");
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.done, done.counts.failed, done.counts.skipped), (1, 1, 3));
    assert!(
        !stage.directory.get("users", "bob").contains_key("jobTitle")
            || stage.directory.get("users", "bob")["jobTitle"].is_null()
    );
}

#[tokio::test]
async fn a_new_object_that_shows_late_is_waited_for() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(everything(&stage)).await;
    stage.directory.show_after_ms(4 * 60_000);
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 4));
}

#[tokio::test]
async fn a_second_run_does_nothing_and_an_unapproved_one_is_refused() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(everything(&stage)).await;
    let asked = stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert!(asked.was_done && stage.directory.write_count() == 0, "nobody approved it");
    stage.run(&restore).await;
    let writes = stage.directory.write_count();
    let again = stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert!(again.was_done);
    assert_eq!(stage.directory.write_count(), writes);
    assert_eq!(
        stage.commands().run(&stage.tenant, "me", ApprovalRule::Off, &restore).await.unwrap_err().kind(),
        domain::ErrorKind::Conflict
    );
}

/// The row of a restore, as any job could write it that may write there.
async fn say_in_its_row(stage: &RestoreWorld, restore: &RestoreId, state: RestoreState) {
    let records = stage.records(stage.world.catalog.clone());
    let found = records.get(&Restore::at(&stage.tenant, restore)).await.unwrap();
    let by = Some("mallory".to_owned());
    let row = Restore { state, approved_by: by, queued_at: Some(stage.now()), ..found.value };
    records.replace(&row, found.version).await.unwrap();
}

#[tokio::test]
async fn a_queued_row_without_an_approval_writes_nothing() {
    for state in [RestoreState::Queued, RestoreState::Running] {
        let stage = stage();
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(everything(&stage)).await;
        say_in_its_row(&stage, &restore, state).await;
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.directory.write_count(), 0);
        let ended = stage.restore(&restore).await;
        assert_eq!((ended.state, ended.course.failed), (RestoreState::Failed, Some(Cause::NotApproved)));
        assert_eq!(stage.report(&restore).await.steps.len(), 0);
    }
}

#[tokio::test]
async fn an_approval_of_another_plan_writes_nothing() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(everything(&stage)).await;
    let approval = Approval {
        tenant: stage.tenant.clone(),
        restore: restore.clone(),
        plan: Approval::hash(b"another plan"),
        by: "boss".to_owned(),
        at: stage.now(),
        is_second: false,
        of: None,
        used_by: None,
    };
    stage.records(stage.world.catalog.clone()).put_new(&approval).await.unwrap();
    say_in_its_row(&stage, &restore, RestoreState::Queued).await;
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!(stage.directory.write_count(), 0);
    assert_eq!(stage.restore(&restore).await.course.failed, Some(Cause::NotApproved));
}

#[tokio::test]
async fn who_approved_a_restore_is_told_by_the_approval_and_not_by_the_row_that_jobs_write() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(everything(&stage)).await;
    stage.approve(&restore).await;
    say_in_its_row(&stage, &restore, RestoreState::Queued).await;
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!(stage.report(&restore).await.approved_by.as_deref(), Some("boss"));
}

#[tokio::test]
async fn consent_that_was_taken_back_since_the_preview_ends_the_restore_before_anything_is_written() {
    for application in ["reading", "writing"] {
        let stage = stage();
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(everything(&stage)).await;
        stage.directory.withdraw(application);
        let ended = stage.run(&restore).await;
        let why = format!("the {application} application: consent is missing");
        assert_eq!((ended.state, ended.error), (RestoreState::Failed, Some(why)));
        assert_eq!(stage.directory.write_count(), 0);
    }
}

#[tokio::test]
async fn a_run_that_is_out_of_time_goes_on_with_its_own_message() {
    let stage = stage();
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(everything(&stage)).await;
    stage.approve(&restore).await;
    let report = stage.worker().run(&stage.request(&restore), stage.now()).await.unwrap();
    assert!(report.is_continued);
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Running);
    let report: run_restore::Report =
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!(report.counts.done, 4);
}

#[tokio::test]
async fn wherever_a_run_is_cut_off_the_tenant_ends_as_if_it_had_not_been() {
    let (calls, once) = {
        let stage = stage();
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(everything(&stage)).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        let steps = stage.report(&restore).await.steps;
        (stage.faults.call_count(), steps.into_iter().map(|s| s.client_request_id).collect::<Vec<_>>())
    };
    assert!(calls > 20, "{calls}");
    assert!(once.iter().all(Option::is_some), "each step was written under an id: {once:?}");
    for (call, mode) in crash_points(calls) {
        let stage = stage();
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(everything(&stage)).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faults.die_at(call, mode);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        stage.faults.heal();
        for _ in 0..3 {
            stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        }
        let done = stage.restore(&restore).await;
        let at = format!("call {call} {mode:?}: {:?}", stage.report(&restore).await.steps);
        assert_eq!((done.state, done.counts.done), (RestoreState::Done, 4), "{at}");
        assert_eq!(stage.directory.count("users"), 2, "created twice: {at}");
        let ann = stage.directory.id_of("userPrincipalName", "ann@x.y");
        assert_eq!(stage.directory.ends("groups.members", "staff"), std::slice::from_ref(&ann), "{at}");
        assert_eq!(stage.new_id("ann").await, ann, "{at}");
        for step in stage.report(&restore).await.steps {
            assert_eq!(step.outcome, OutcomeState::Done, "it is our own work: {at}");
            assert_eq!(step.client_request_id, once[step.step.number as usize - 1], "{at}");
            assert_ne!(
                step.status.is_some(),
                step.found_after_interruption,
                "an answer, or that it was lost: {at}"
            );
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_looked_for_before_it_is_made_again() {
    let stage = stage();
    stage.directory.remove("admins", "ann|r|/|");
    let restore = stage.previewed(everything(&stage)).await;
    stage.directory.lose_answer_of_next_creation();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 1));
    assert_eq!(stage.directory.write_count(), 1);
}

#[tokio::test]
async fn a_step_that_was_finished_when_a_run_was_cut_off_is_not_looked_at_again() {
    let rows = |stage: &RestoreWorld| -> Vec<_> {
        let rows = stage.world.catalog.rows().into_iter().map(|(_, row)| row);
        rows.filter(|row| row.key.starts_with("step#")).collect()
    };
    let mut met = 0;
    for call in (0..60).step_by(5) {
        let stage = self::stage();
        stage.directory.hard_delete("ann");
        let restore = stage.previewed(everything(&stage)).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faults.die_at(call, Mode::Before);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        stage.faults.heal();
        let mut finished = rows(&stage);
        finished.retain(|row| row.body["readBack"]["type"] == "asAsked");
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        let now = rows(&stage);
        assert!(finished.iter().all(|row| now.contains(row)), "call {call}");
        met += usize::from(!finished.is_empty());
    }
    assert!(met > 0, "some step is finished before the run is cut off");
}

#[tokio::test]
async fn a_run_whose_wait_is_not_over_writes_nothing() {
    let stage = stage();
    stage.directory.remove("admins", "ann|r|/|");
    let restore = stage.previewed(everything(&stage)).await;
    stage.approve(&restore).await;
    let records = stage.worker().records;
    let mut row = records.get(&Restore::at(&stage.tenant, &restore)).await.unwrap();
    row.value.course.hold_up(Cause::Throttled, 0, stage.now(), Some(60_000));
    records.replace(&row.value, row.version).await.unwrap();
    let report = stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!((report.is_continued, stage.directory.write_count()), (true, 0));
    stage.world.clock.advance(jiff::SignedDuration::from_mins(1));
    let report = stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    assert_eq!((report.is_continued, stage.directory.write_count()), (false, 1));
}

/// Counts how often it is told that a restore has ended.
#[derive(Default)]
struct Ears(AtomicU32);

#[async_trait]
impl Announce for Ears {
    async fn restore_waits(&self, _: &Restore) -> Result<()> {
        Ok(())
    }
    async fn restore_finished(&self, _: &Restore) -> Result<()> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn that_a_restore_has_ended_is_told_again_when_its_message_comes_again() {
    let stage = stage();
    let restore = stage.previewed(everything(&stage)).await;
    stage.approve(&restore).await;
    let ears = Arc::new(Ears::default());
    let worker = run_restore::Worker { announce: ears.clone(), ..stage.worker() };
    // The first run may have been cut off before it told anybody: nobody can know.
    for told in [1, 2] {
        worker.run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(ears.0.load(Ordering::Relaxed), told);
    }
}

/// Ends all restores of the tenant when our applications there are asked for, in the middle of a preview.
struct Ends(Records);

#[async_trait]
impl OwnPrincipals for Ends {
    async fn list_own(&self, tenant: &TenantId) -> Result<Vec<String>> {
        for mut row in self.0.list_all(&Restore::all(tenant)).await? {
            row.value.state = RestoreState::Failed;
            self.0.replace(&row.value, row.version).await?;
        }
        Ok(vec![])
    }
}

#[tokio::test]
async fn a_restore_that_was_ended_while_its_preview_was_made_stays_ended() {
    let stage = stage();
    let restore = stage.asked(everything(&stage)).await;
    let worker = stage.preview_worker();
    let worker = preview_restore::Worker { own: Arc::new(Ends(worker.records.clone())), ..worker };
    assert!(worker.run(&stage.request(&restore), stage.deadline()).await.unwrap().was_done);
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Failed);
}
