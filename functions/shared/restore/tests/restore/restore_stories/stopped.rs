//! A restore that somebody stops ends before its next step; a preview that is too old is made again.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::organisations::ApprovalRule;
use domain::restore::Cause;
use domain::{ErrorKind, RestoreId};
use engine::records::{FailCause, OutcomeState, RestoreState};
use jiff::SignedDuration;
use serde_json::json;

const PEOPLE: u32 = 9;

/// People whose titles were changed.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for number in 0..PEOPLE {
        let name = format!("u{number}");
        let user =
            json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "Clerk"});
        stage.both(object("users", &name, &user));
        stage.directory.set("users", &name, "jobTitle", json!("Changed"));
    }
    stage
}

async fn previewed(stage: &RestoreWorld) -> RestoreId {
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("u{number}")).collect();
    let items: Vec<(&str, &str)> = names.iter().map(|name| ("users", name.as_str())).collect();
    stage.previewed(whole(&items)).await
}

#[tokio::test]
async fn a_restore_that_is_stopped_while_it_writes_writes_no_further_step_and_reports_what_it_wrote() {
    for at in [1, 4, PEOPLE] {
        let stage = stage();
        let restore = previewed(&stage).await;
        stage.approve(&restore).await;
        let writes = stage.run_until_stopped(&restore, at).await;
        assert_eq!(writes, at, "the step that is under way is the last");
        let row = stage.restore(&restore).await;
        // Whoever stops what is in its last step stops nothing.
        let state = if at == PEOPLE { RestoreState::Done } else { RestoreState::Cancelled };
        assert_eq!((row.state, row.counts.done), (state, u64::from(at)));
        assert_eq!(row.is_complete(), Some(at == PEOPLE));
        let report = stage.report(&restore).await;
        assert_eq!((report.steps.len(), report.is_partial), (at as usize, at != PEOPLE));
        // It is over: it neither goes on nor can be run or stopped again.
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.restore(&restore).await.state, state);
        let commands = stage.commands();
        let refused = [
            commands.cancel(&stage.tenant, "chief", &restore).await.unwrap_err(),
            commands.run(&stage.tenant, "chief", ApprovalRule::Off, &restore).await.unwrap_err(),
        ];
        assert!(refused.iter().all(|error| error.kind() == ErrorKind::Conflict));
    }
}

#[tokio::test]
async fn what_has_not_begun_is_cancelled_at_once_and_writes_nothing() {
    for approved in [false, true] {
        let stage = stage();
        let restore = previewed(&stage).await;
        if approved {
            stage.approve(&restore).await;
        }
        let row = stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
        assert_eq!((row.state, row.cancelled_by.as_deref()), (RestoreState::Cancelled, Some("chief")));
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.directory.updates().len(), 0, "approved: {approved}");
    }
    let stage = stage();
    let asked = stage.asked(whole(&[("users", "u1")])).await;
    stage.commands().cancel(&stage.tenant, "chief", &asked).await.unwrap();
    let request = restore::preview_restore::Request { tenant: stage.tenant.clone(), restore: asked.clone() };
    stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
    assert_eq!(stage.restore(&asked).await.state, RestoreState::Cancelled);
}

#[tokio::test]
async fn a_step_that_was_begun_when_somebody_stopped_it_gets_its_end_by_what_is_seen() {
    for shows in [true, false] {
        let stage = stage();
        stage.directory.soft_delete("users", "u0");
        let restore = previewed(&stage).await;
        stage.approve(&restore).await;
        // It leaves the bin, and does not show before the time is up.
        stage.directory.show_undeleted_after_ms(10 * 60_000);
        let soon = stage.now() + SignedDuration::from_mins(1);
        stage.worker().run(&stage.request(&restore), soon).await.unwrap();
        assert_eq!(stage.restore(&restore).await.state, RestoreState::Running);
        stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
        if shows {
            stage.world.clock.advance(SignedDuration::from_mins(11));
        }
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.restore(&restore).await.state, RestoreState::Cancelled);
        let report = stage.report(&restore).await;
        let outcomes: Vec<_> = report.steps.iter().map(|step| &step.outcome).collect();
        if shows {
            assert_eq!(outcomes, [&OutcomeState::Done]);
        } else {
            assert!(
                matches!(outcomes[..], [OutcomeState::Failed { cause: FailCause::Cancelled, .. }]),
                "{outcomes:?}"
            );
        }
    }
}

/// A group that is gone, which a restore creates: Graph makes it, nobody hears of it, and it shows only minutes later.
/// Then somebody stops the restore: before, or once it shows.
async fn unanswered(shows: bool) -> (RestoreWorld, RestoreId) {
    let mut stage = RestoreWorld::new();
    let staff = json!({"displayName": "Staff", "mailNickname": "s", "mailEnabled": false,
        "securityEnabled": true, "groupTypes": []});
    stage.both(object("groups", "staff", &staff));
    stage.directory.hard_delete("staff");
    stage.directory.show_after_ms(8 * 60_000);
    stage.directory.lose_answer_of_next_creation();
    let restore = stage.previewed(whole(&[("groups", "staff")])).await;
    stage.approve(&restore).await;
    let soon = stage.now() + SignedDuration::from_mins(1);
    stage.worker().run(&stage.request(&restore), soon).await.unwrap();
    if shows {
        stage.world.clock.advance(SignedDuration::from_mins(10));
    }
    stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    (stage, restore)
}

#[tokio::test]
async fn whoever_stops_a_restore_whose_last_step_turns_out_to_be_done_stops_nothing() {
    for shows in [true, false] {
        let (stage, restore) = unanswered(shows).await;
        let (row, report) = (stage.restore(&restore).await, stage.report(&restore).await);
        let state = if shows { RestoreState::Done } else { RestoreState::Cancelled };
        assert_eq!((row.state, report.is_partial, row.cancelled_by.is_some()), (state, !shows, !shows));
        assert_eq!((row.counts.done, report.steps[0].may_exist), (u64::from(shows), !shows));
    }
}

#[tokio::test]
async fn what_a_stopped_creation_may_have_made_is_found_by_the_next_restore_and_not_made_again() {
    let (stage, _) = unanswered(false).await;
    let next = stage.previewed(whole(&[("groups", "staff")])).await;
    let long = stage.now() + SignedDuration::from_mins(30);
    stage.approve(&next).await;
    stage.worker().run(&stage.request(&next), long).await.unwrap();
    assert_eq!(stage.directory.count("groups"), 1, "it is there once");
    let found = stage.report(&next).await.steps.remove(0);
    assert_eq!((found.outcome, found.may_exist), (OutcomeState::Done, false));
    assert_eq!(found.new_id, Some(stage.new_id("staff").await));
}

#[tokio::test]
async fn what_a_stopped_creation_may_have_made_is_named_by_the_undoing_and_not_deleted_on_a_guess() {
    let (stage, restore) = unanswered(false).await;
    stage.world.clock.advance(SignedDuration::from_mins(10));
    let undo = stage.undone(&restore).await;
    let plan = stage.plan(&undo).await;
    let named: Vec<_> = plan.impossible.iter().map(|i| (i.key.as_str(), i.what.as_str(), i.cause)).collect();
    assert_eq!((plan.steps.len(), named), (0, vec![("staff", "object", Cause::NotRead)]));
}

#[tokio::test]
async fn a_creation_that_is_refused_after_a_try_without_an_answer_may_have_made_the_object() {
    // It shows within the search that follows the refusal, or not at all.
    for (minutes, is_found) in [(3, true), (60, false)] {
        let mut stage = RestoreWorld::new();
        let ann = json!({"userPrincipalName": "ann@x.y", "displayName": "Ann", "mailNickname": "ann",
            "accountEnabled": true});
        stage.both(object("users", "ann", &ann));
        stage.directory.hard_delete("ann");
        stage.directory.show_after_ms(minutes * 60_000);
        stage.directory.lose_answer_of_next_creation();
        let restore = stage.previewed(whole(&[("users", "ann")])).await;
        stage.approve(&restore).await;
        let long = stage.now() + SignedDuration::from_mins(45);
        stage.worker().run(&stage.request(&restore), long).await.unwrap();
        let step = stage.report(&restore).await.steps.remove(0);
        assert_eq!((step.new_id.is_some(), step.may_exist), (is_found, !is_found), "{:?}", step.outcome);
        let undo = stage.undone(&restore).await;
        let plan = stage.plan(&undo).await;
        let causes: Vec<_> = plan.impossible.iter().map(|i| i.cause).collect();
        let expected = if is_found { vec![] } else { vec![Cause::NotRead] };
        assert_eq!((plan.steps.len(), causes), (usize::from(is_found), expected));
    }
}

#[tokio::test]
async fn a_preview_is_good_for_a_day_and_half_an_hour_where_it_is_about_roles_and_is_then_made_again() {
    let role = object(
        "admins",
        "u1|r|/|",
        &json!({"principalId": "u1", "roleDefinitionId": "r", "directoryScopeId": "/"}),
    );
    let leaders = json!({"displayName": "Leaders", "mailNickname": "l", "mailEnabled": false,
        "securityEnabled": true, "isAssignableToRole": true, "description": "then"});
    let (day, half) = (SignedDuration::from_hours(24), SignedDuration::from_mins(30));
    for (what, good_for) in [("users", day), ("admins", half), ("groups", half)] {
        let mut stage = stage();
        stage.snapshot.insert((role.0.clone(), role.1.clone()), (role.2.clone(), vec![]));
        stage.both(object("groups", "leaders", &leaders));
        stage.directory.set("groups", "leaders", "description", json!("now"));
        let key = match what {
            "admins" => "u1|r|/|",
            "groups" => "leaders",
            _ => "u1",
        };
        let restore = stage.previewed(whole(&[(what, key)])).await;
        let row = stage.restore(&restore).await;
        assert_eq!(row.valid_until(), Some(row.previewed_at.unwrap() + good_for), "{what}");
        stage.world.clock.advance(good_for + SignedDuration::from_secs(1));
        let aged =
            stage.commands().run(&stage.tenant, "boss", ApprovalRule::Off, &restore).await.unwrap_err();
        assert_eq!(aged.kind(), ErrorKind::Conflict);
        assert!(aged.to_string().contains("expired"), "{aged}");
        let again = stage.commands().preview_again(&stage.tenant, "me", &restore).await.unwrap();
        let request =
            restore::preview_restore::Request { tenant: stage.tenant.clone(), restore: again.id.clone() };
        stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
        assert_eq!(stage.restore(&again.id).await.plan, row.plan, "nothing changed meanwhile");
        assert_eq!(stage.run(&again.id).await.state, RestoreState::Done);
    }
}
