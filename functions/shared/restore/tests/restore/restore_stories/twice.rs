//! One deletion, two restores: the object comes back once, and both restores end.

use crate::restore_world::{RestoreWorld, item, object};
use domain::kinds::{self, Identity};
use domain::restore::{AttributeMode, LinkMode, Selection};
use domain::{RestoreId, TenantId};
use engine::records::{OutcomeState, RestoreState, SkipCause};
use restore::plans::FinalReport;
use serde_json::json;
use support::faulty::{Mode, crash_points};

const MOVED: OutcomeState = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };

/// One object of the kind, with a property of its own under every name by which kinds call theirs.
fn stage_with(kind: &str) -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    let mut value = json!({"displayName": "Gone", "name": "Gone", "description": "Of use"});
    if let Some(unique) = support::kind(kind).unique_property {
        value[unique] = json!("gone@x.y");
    }
    if kind == "roles" {
        value["rolePermissions"] = json!([{"allowedResourceActions": ["microsoft.directory/groups/update"]}]);
        value["isEnabled"] = json!(true);
    }
    stage.both(object(kind, "gone", &value));
    stage
}

fn whole(kind: &str, key: &str) -> Selection {
    Selection {
        items: vec![item(kind, key)],
        attributes: AttributeMode::Overwrite,
        links: LinkMode::Rollback,
        delete_created: false,
        ..Selection::default()
    }
}

fn kinds_with_ids() -> Vec<&'static str> {
    let of_id = kinds::KINDS.iter().filter(|k| matches!(k.identity, Identity::Id));
    of_id.map(|k| k.run()).collect()
}

fn outcome_of_creation(report: &FinalReport) -> (&OutcomeState, Option<&str>) {
    (&report.steps[0].outcome, report.steps[0].new_id.as_deref())
}

#[tokio::test]
async fn two_previews_of_one_deletion_make_one_object_of_each_kind() {
    for kind in kinds_with_ids() {
        let stage = stage_with(kind);
        stage.directory.hard_delete("gone");
        let (first, second) =
            (stage.previewed(whole(kind, "gone")).await, stage.previewed(whole(kind, "gone")).await);
        assert_eq!(stage.run(&first).await.state, RestoreState::Done, "{kind}");
        let made = stage.report(&first).await.steps[0].new_id.clone().unwrap();
        stage.approve(&second).await;
        let ended = stage.worker().run(&stage.request(&second), stage.deadline()).await;
        assert!(ended.is_ok(), "{kind}: {ended:?}");
        assert_eq!(stage.directory.count(kind), 1, "{kind} was made twice");
        let report = stage.report(&second).await;
        assert_eq!(outcome_of_creation(&report), (&MOVED, Some(made.as_str())), "{kind}");
        assert!(!report.steps[0].needs_password_reset, "{kind}: nothing was made");
    }
}

/// The group, with somebody who has to become a member again.
fn staff() -> RestoreWorld {
    let mut stage = stage_with("groups");
    stage.both(object("users", "ann", &json!({"userPrincipalName": "ann@x.y", "displayName": "Ann"})));
    stage.link("groups.members", "gone", "ann");
    stage.directory.hard_delete("gone");
    stage
}

#[tokio::test]
async fn a_second_restore_of_one_deletion_finds_the_members_that_the_first_brought_back() {
    let stage = staff();
    let (first, second) =
        (stage.previewed(whole("groups", "gone")).await, stage.previewed(whole("groups", "gone")).await);
    stage.run(&first).await;
    let done = stage.run(&second).await;
    assert_eq!((done.counts.skipped, done.counts.done, done.counts.failed), (1, 1, 0));
    let made = stage.new_id("gone").await;
    assert_eq!(stage.directory.ends("groups.members", &made), ["ann"]);
}

#[tokio::test]
async fn what_was_made_anew_and_is_gone_again_is_not_made_a_second_time_by_an_older_preview() {
    let stage = staff();
    let (first, second) =
        (stage.previewed(whole("groups", "gone")).await, stage.previewed(whole("groups", "gone")).await);
    stage.run(&first).await;
    stage.directory.hard_delete(&stage.new_id("gone").await);
    let done = stage.run(&second).await;
    assert_eq!((done.state, done.counts.skipped), (RestoreState::Done, 2));
    assert_eq!(stage.directory.count("groups"), 0);
}

#[tokio::test]
async fn a_step_on_an_object_that_another_restore_made_anew_says_under_which_id_it_is() {
    let mut stage = stage_with("users");
    stage.both(object("groups", "staff", &json!({"displayName": "Staff"})));
    stage.link("groups.members", "staff", "gone");
    stage.directory.set("users", "gone", "jobTitle", json!("Clerk"));
    stage.directory.unlink("groups.members", "staff", "gone");
    let mut both = whole("users", "gone");
    both.items.push(item("groups", "staff"));
    let older = stage.previewed(both).await;
    stage.directory.hard_delete("gone");
    let newer = stage.previewed(whole("users", "gone")).await;
    stage.run(&newer).await;
    let made = stage.new_id("gone").await;
    stage.run(&older).await;
    let report = stage.report(&older).await;
    let update = report.steps.iter().find(|s| s.step.kind == support::kind("users").name).unwrap();
    assert_eq!((&update.outcome, update.new_id.as_deref()), (&MOVED, Some(made.as_str())));
    assert_eq!(stage.directory.ends("groups.members", "staff"), [made], "a link follows to the new id");
}

/// Runs the first restore until it dies at that call, then the second to its end, then both until they end.
async fn interleaved(kind: &str, call: u64, mode: Mode) -> (RestoreWorld, RestoreId, RestoreId) {
    let stage = stage_with(kind);
    stage.directory.hard_delete("gone");
    let (first, second) =
        (stage.previewed(whole(kind, "gone")).await, stage.previewed(whole(kind, "gone")).await);
    stage.approve(&first).await;
    stage.approve(&second).await;
    stage.faults.take_log();
    stage.faults.die_at(call, mode);
    let _ = stage.faulty_worker().run(&stage.request(&first), stage.deadline()).await;
    stage.faults.heal();
    for restore in [&second, &first, &second] {
        let at = format!("{kind}, call {call} {mode:?}");
        for _ in 0..2 {
            let run = stage.worker().run(&stage.request(restore), stage.deadline()).await;
            run.unwrap_or_else(|e| panic!("{at}: {e}"));
        }
    }
    (stage, first, second)
}

#[tokio::test]
async fn wherever_one_of_two_restores_is_cut_off_the_object_is_made_once_and_both_end() {
    for kind in kinds_with_ids() {
        let calls = {
            let stage = stage_with(kind);
            stage.directory.hard_delete("gone");
            let restore = stage.previewed(whole(kind, "gone")).await;
            stage.approve(&restore).await;
            stage.faults.take_log();
            stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
            stage.faults.call_count()
        };
        for (call, mode) in crash_points(calls) {
            let (stage, first, second) = interleaved(kind, call, mode).await;
            let at = format!("{kind}, call {call} {mode:?}");
            for restore in [&first, &second] {
                assert_eq!(stage.restore(restore).await.state, RestoreState::Done, "{at}");
            }
            assert_eq!(stage.directory.count(kind), 1, "{at}");
        }
    }
}

/// Of the first restore its claim alone is there: for all that anybody knows, it is at the creation.
#[tokio::test]
async fn while_one_restore_is_at_a_creation_another_creates_nothing() {
    let mut met = 0;
    for call in 0..40 {
        let stage = staff();
        let (first, second) =
            (stage.previewed(whole("groups", "gone")).await, stage.previewed(whole("groups", "gone")).await);
        stage.approve(&first).await;
        stage.faults.take_log();
        stage.faults.die_at(call, Mode::Before);
        let _ = stage.faulty_worker().run(&stage.request(&first), stage.deadline()).await;
        stage.faults.heal();
        let rows = stage.world.catalog.rows();
        let is_claimed = rows.iter().any(|(_, row)| row.key.starts_with("remaking#"));
        if !is_claimed || stage.directory.count("groups") > 0 {
            continue;
        }
        stage.run(&second).await;
        let report = stage.report(&second).await;
        assert_eq!(stage.directory.count("groups"), 0, "call {call}");
        let skipped = OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview };
        assert_eq!(report.steps[0].outcome, skipped, "call {call}");
        met += 1;
    }
    assert!(met > 0, "a process dies between its claim and its creation");
}

#[tokio::test]
async fn a_custom_role_whose_creation_was_cut_off_is_found_again() {
    let stage = stage_with("roles");
    stage.directory.hard_delete("gone");
    let restore = stage.previewed(whole("roles", "gone")).await;
    stage.approve(&restore).await;
    stage.directory.lose_answer_of_next_creation();
    let _ = stage.worker().run(&stage.request(&restore), stage.deadline()).await;
    let report = stage.report(&restore).await;
    assert_eq!(report.steps[0].outcome, OutcomeState::Done);
    assert_eq!(stage.directory.count("roles"), 1);
}

#[tokio::test]
async fn two_messages_for_one_restore_make_one_object() {
    let stage = staff();
    let restore = stage.previewed(whole("groups", "gone")).await;
    stage.approve(&restore).await;
    let (a, b) = (stage.worker(), stage.worker());
    let (request, deadline) = (stage.request(&restore), stage.deadline());
    let _ = futures::join!(a.run(&request, deadline), b.run(&request, deadline));
    stage.worker().run(&request, deadline).await.unwrap();
    assert_eq!(stage.directory.count("groups"), 1);
    let made = stage.new_id("gone").await;
    assert_eq!(stage.directory.ends("groups.members", &made), ["ann"]);
}

#[tokio::test]
async fn ids_of_another_tenant_say_nothing_here() {
    let stage = staff();
    let other: TenantId = "b1b2c3d4-0000-1111-2222-333344445555".parse().unwrap();
    stage.note_new_id(&other, "gone", "elsewhere").await;
    let restore = stage.previewed(whole("groups", "gone")).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.counts.skipped, done.counts.done), (0, 2));
}
