//! Which restore may begin by an approval: the one that it was given for, or the next of the same plan; one of them, once.

use super::approved::{ANN, BOB, Scene, end_user, signed_in, token_of};
use crate::restore_world::{RestoreWorld, item, object};
use domain::ErrorKind;
use domain::organisations::ApprovalRule;
use domain::restore::{GLOBAL_ADMINISTRATOR, RestorePlan, Selection};
use engine::records::{Approval, Cause, Restore, RestoreState};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn an_approval_stands_for_the_same_plan_previewed_again_and_for_no_other() {
    for has_changed in [false, true] {
        let scene = Scene::new();
        let first = scene.previewed(signed_in(ANN)).await;
        scene.approve(BOB, &first).await.unwrap();
        scene.stage.world.clock.advance(SignedDuration::from_hours(25));
        let aged = scene.run(signed_in(ANN), ApprovalRule::Always, &first).await.unwrap_err();
        assert_eq!(aged.kind(), ErrorKind::Conflict);
        if has_changed {
            scene.stage.directory.set("users", "u", "displayName", json!("Anne"));
        }
        let again = scene.again(signed_in(ANN), &first).await;
        let row = scene.run(signed_in(ANN), ApprovalRule::Always, &again).await.unwrap();
        assert_eq!(row.waits_for_approval(), has_changed);
        let done = scene.worked_on(&again).await;
        let ended = if has_changed { RestoreState::Previewed } else { RestoreState::Done };
        assert_eq!(done.state, ended);
        assert_eq!(done.ticket.as_deref(), Some("T-7"));
    }
}

#[tokio::test]
async fn asked_again_by_whoever_approved_the_first_it_waits_for_somebody_else() {
    let scene = Scene::new();
    let first = scene.previewed(signed_in(ANN)).await;
    scene.approve(BOB, &first).await.unwrap();
    let again = scene.again(signed_in(BOB), &first).await;
    assert!(scene.run(signed_in(BOB), ApprovalRule::Always, &again).await.unwrap().waits_for_approval());
}

/// What became of the first, before the same is previewed again.
#[derive(Clone, Copy, Debug, PartialEq)]
enum First {
    Done,
    Stopped,
    StoppedBeforeItWasRun,
    RunAloneAndStopped,
}

#[tokio::test]
async fn an_approval_lets_one_restore_begin_and_none_after_one_that_was_run_or_stopped() {
    let all = [First::Done, First::Stopped, First::StoppedBeforeItWasRun, First::RunAloneAndStopped];
    for what in all {
        let scene = Scene::new();
        let first = scene.previewed(token_of(ANN)).await;
        let (commands, tenant) = (scene.stage.commands(), &scene.stage.tenant);
        if what != First::RunAloneAndStopped {
            scene.approve(BOB, &first).await.unwrap();
        }
        match what {
            First::StoppedBeforeItWasRun => {}
            First::RunAloneAndStopped => {
                scene.run(token_of(ANN), ApprovalRule::Off, &first).await.unwrap();
            }
            _ => {
                scene.run(signed_in(ANN), ApprovalRule::Always, &first).await.unwrap();
            }
        }
        match what {
            First::Done => {
                assert_eq!(scene.worked_on(&first).await.state, RestoreState::Done);
                scene.stage.directory.set("users", "u", "displayName", json!("Anna"));
            }
            _ => {
                commands.cancel(tenant, BOB, &first).await.unwrap();
            }
        }
        for asker in [signed_in(ANN), end_user(ANN)] {
            let writes = scene.stage.directory.write_count();
            let again = scene.again(asker.clone(), &first).await;
            let hashes = [scene.stage.restore(&first).await.plan, scene.stage.restore(&again).await.plan];
            assert_eq!(hashes[0], hashes[1], "it is the same plan");
            let row = scene.run(asker, ApprovalRule::Always, &again).await.unwrap();
            assert!(row.waits_for_approval(), "{what:?}");
            scene.worked_on(&again).await;
            assert_eq!(scene.stage.directory.write_count(), writes, "{what:?}");
        }
    }
}

#[tokio::test]
async fn an_approval_is_carried_over_several_previews_to_the_first_that_is_run_and_not_for_longer_than_a_week()
 {
    for days in [1, 8] {
        let scene = Scene::new();
        let first = scene.previewed(signed_in(ANN)).await;
        scene.approve(BOB, &first).await.unwrap();
        let mut newest = first.clone();
        for _ in 0..2 {
            scene.stage.world.clock.advance(SignedDuration::from_hours(12 * days));
            newest = scene.again(signed_in(ANN), &newest).await;
        }
        let row = scene.run(signed_in(ANN), ApprovalRule::Always, &newest).await.unwrap();
        assert_eq!(row.waits_for_approval(), days > 7);
        if days > 7 {
            continue;
        }
        let beside = scene.again(signed_in(ANN), &first).await;
        let row = scene.run(signed_in(ANN), ApprovalRule::Always, &beside).await.unwrap();
        assert!(row.waits_for_approval(), "one has begun by it");
        let done = scene.worked_on(&newest).await;
        assert_eq!((done.state, done.approved_by.as_deref()), (RestoreState::Done, Some(BOB)));
    }
}

#[tokio::test]
async fn an_approval_that_let_a_later_preview_begin_does_not_let_its_own_begin_too() {
    for is_stopped in [false, true] {
        let scene = Scene::new();
        let first = scene.previewed(signed_in(ANN)).await;
        scene.approve(BOB, &first).await.unwrap();
        let again = scene.again(signed_in(ANN), &first).await;
        scene.run(signed_in(ANN), ApprovalRule::Always, &again).await.unwrap();
        if is_stopped {
            scene.stage.commands().cancel(&scene.stage.tenant, BOB, &again).await.unwrap();
        } else {
            assert_eq!(scene.worked_on(&again).await.state, RestoreState::Done);
            scene.stage.directory.set("users", "u", "displayName", json!("Anna"));
        }
        let writes = scene.stage.directory.write_count();
        let row = scene.run(signed_in(ANN), ApprovalRule::Always, &first).await.unwrap();
        assert!(row.waits_for_approval(), "stopped: {is_stopped}");
        assert_eq!(scene.worked_on(&first).await.state, RestoreState::Previewed);
        assert_eq!(scene.stage.directory.write_count(), writes, "stopped: {is_stopped}");
        // A new approval is one.
        scene.approve(BOB, &first).await.unwrap();
        assert_eq!(scene.worked_on(&first).await.state, RestoreState::Done);
    }
}

#[tokio::test]
async fn an_approval_that_is_used_up_executes_nothing_whatever_the_row_of_its_restore_says() {
    let scene = Scene::new();
    let first = scene.previewed(signed_in(ANN)).await;
    scene.approve(BOB, &first).await.unwrap();
    let again = scene.again(signed_in(ANN), &first).await;
    scene.run(signed_in(ANN), ApprovalRule::Always, &again).await.unwrap();
    let records = scene.stage.records(scene.stage.world.catalog.clone());
    let found = records.get(&Restore::at(&scene.stage.tenant, &first)).await.unwrap();
    let queued = Restore { state: RestoreState::Queued, ..found.value };
    records.replace(&queued, found.version).await.unwrap();
    let row = scene.worked_on(&first).await;
    assert_eq!((row.state, row.course.failed), (RestoreState::Failed, Some(Cause::NotApproved)));
    assert_eq!(scene.stage.directory.write_count(), 0);
    let used = records.get(&Approval::at(&scene.stage.tenant, &first)).await.unwrap().value;
    assert_eq!(used.used_by, Some(again));
}

#[tokio::test]
async fn what_the_partner_was_to_run_an_end_user_does_not_have_by_previewing_it_again() {
    let scene = Scene::new();
    let first = scene.previewed(signed_in(ANN)).await;
    scene.approve(BOB, &first).await.unwrap();
    // Of their own people, or whoever made himself a link to the portal.
    let theirs = scene.again(end_user(ANN), &first).await;
    let once_more = scene.again(end_user(ANN), &theirs).await;
    for id in [&theirs, &once_more] {
        let row = scene.run(end_user(ANN), ApprovalRule::Off, id).await.unwrap();
        assert!(row.waits_for_approval());
        let row = scene.worked_on(id).await;
        assert_eq!((row.state, scene.stage.directory.write_count()), (RestoreState::Previewed, 0));
    }
    // It is the partner's still.
    let row = scene.run(signed_in(ANN), ApprovalRule::Always, &first).await.unwrap();
    assert_eq!(row.state, RestoreState::Queued);
}

#[tokio::test]
async fn what_was_approved_for_an_end_user_stands_for_them_and_for_the_partner() {
    for asker in [end_user(ANN), signed_in(ANN)] {
        let scene = Scene::new();
        let first = scene.previewed(end_user(ANN)).await;
        scene.approve(BOB, &first).await.unwrap();
        let again = scene.again(asker.clone(), &first).await;
        let row = scene.run(asker, ApprovalRule::Always, &again).await.unwrap();
        assert_eq!((row.state, row.approved_by.as_deref()), (RestoreState::Queued, Some(BOB)));
    }
}

#[tokio::test]
async fn an_approval_of_steps_that_were_not_about_rights_is_none_once_the_same_steps_are() {
    let mut stage = RestoreWorld::new();
    for id in ["u", "boss", "chief"] {
        stage.both(object("users", id, &json!({ "accountEnabled": true })));
    }
    let held_by = |id: &str| {
        let fact =
            json!({ "principalId": id, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/" });
        object("admins", &format!("{id}|{GLOBAL_ADMINISTRATOR}|/|"), &fact)
    };
    stage.both(held_by("boss"));
    stage.both(held_by("chief"));
    stage.directory.set("users", "u", "accountEnabled", json!(false));
    let selection = Selection { items: vec![item("users", "u")], ..Selection::default() };
    let scene = Scene { stage, selection, ears: Arc::default() };
    let first = scene.previewed(signed_in(ANN)).await;
    scene.approve(BOB, &first).await.unwrap();
    let (kind, key, fact) = held_by("u");
    scene.stage.directory.insert(&kind, &key, fact);
    let again = scene.again(signed_in(ANN), &first).await;
    let (before, now) = (scene.stage.restore(&first).await, scene.stage.restore(&again).await);
    // The steps are the same; that somebody more would administer the tenant is part of what is approved.
    assert_eq!((before.plan == now.plan, before.privileged, now.privileged), (false, false, true));
    let row = scene.run(signed_in(ANN), ApprovalRule::Always, &again).await.unwrap();
    assert!(row.waits_for_approval(), "nobody was told that it gives rights");
    assert_eq!(scene.worked_on(&again).await.state, RestoreState::Previewed);
    scene.approve(BOB, &again).await.unwrap();
    assert_eq!(scene.worked_on(&again).await.state, RestoreState::Done);
}

#[tokio::test]
async fn a_restore_whose_plan_was_replaced_is_undone_by_no_other() {
    let scene = Scene::new();
    let id = scene.previewed(signed_in(ANN)).await;
    scene.run(signed_in(ANN), ApprovalRule::Off, &id).await.unwrap();
    assert_eq!(scene.worked_on(&id).await.state, RestoreState::Done);
    scene.stage.replace_plan(&id, Some(&RestorePlan::default()));
    let undo = scene.stage.undone(&id).await;
    let row = scene.stage.restore(&undo).await;
    assert_eq!((row.state, row.course.failed), (RestoreState::Failed, Some(Cause::Corrupt)));
}
