//! A group that is made anew is made with its owners and members, where Graph takes them.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use domain::restore::{Cause, WriteAction};
use engine::ports::Clock;
use engine::records::{FailCause, OutcomeState, RestoreState, SkipCause, StepOutcome};
use jiff::SignedDuration;
use restore::commands::restores::{AskedPart, RestoreFrom};
use serde_json::json;
use support::faulty::crash_points;

const PEOPLE: [&str; 4] = ["ann", "ben", "cem", "dag"];

/// A group of three with one owner, which is gone for good; all of these are there.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    stage.both(object("groups", "staff", &json!({"displayName": "Staff"})));
    for person in PEOPLE {
        let name = format!("{person}@x.y");
        stage.both(object("users", person, &json!({"userPrincipalName": name, "displayName": person})));
    }
    for person in &PEOPLE[..3] {
        stage.link("groups.members", "staff", person);
    }
    stage.link("groups.owners", "staff", PEOPLE[3]);
    stage.directory.hard_delete("staff");
    stage
}

async fn previewed(stage: &RestoreWorld) -> RestoreId {
    stage.previewed(whole(&[("groups", "staff")])).await
}

async fn members(stage: &RestoreWorld) -> Vec<String> {
    let mut ends = stage.directory.ends("groups.members", &stage.new_id("staff").await);
    ends.sort();
    ends
}

#[tokio::test]
async fn a_group_is_made_with_its_owners_and_members_in_one_write_and_each_step_says_what_it_did() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.take_write_count();
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.steps), (RestoreState::Done, 3, 3));
    assert_eq!(stage.directory.take_write_count(), 1);
    assert_eq!(members(&stage).await, PEOPLE[..3]);
    assert_eq!(stage.directory.ends("groups.owners", &stage.new_id("staff").await), [PEOPLE[3]]);
    let report = stage.report(&restore).await;
    // All were written by one request, which Graph answered.
    let by = StepOutcome::client_request_id(&restore, report.steps[0].step.number);
    for step in &report.steps {
        let told = (step.client_request_id.as_deref(), step.request_id.as_deref());
        assert_eq!((&step.outcome, told), (&OutcomeState::Done, (Some(by.as_str()), Some("r"))));
        assert!(step.status.is_some() && !step.found_after_interruption, "{step:?}");
    }
    // Undone it is gone, like any group that a restore made.
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    assert_eq!(stage.directory.count("groups"), 0);
}

#[tokio::test]
async fn a_member_that_graph_refuses_keeps_neither_the_group_nor_the_others_away() {
    for status in [400, 403, 404] {
        let stage = stage();
        let restore = previewed(&stage).await;
        stage.directory.poison("ben", status);
        let done = stage.run(&restore).await;
        assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 1), "{status}");
        assert_eq!(members(&stage).await, ["ann", "cem"], "{status}");
        let report = stage.report(&restore).await;
        let refused: Vec<&str> =
            report.steps.iter().flat_map(|step| &step.refused).map(|part| part.what.as_str()).collect();
        assert_eq!(refused, ["groups.members/ben"], "{status}");
        let is_failed = |cause: FailCause| {
            report
                .steps
                .iter()
                .any(|step| matches!(&step.outcome, OutcomeState::Failed { cause: of, .. } if *of == cause))
        };
        assert!(!is_failed(FailCause::NotSeen), "{status}");
    }
}

#[tokio::test]
async fn links_that_graph_left_out_of_a_creation_are_written_by_their_own_requests() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.forget_bound_links();
    let began = stage.now();
    let done = stage.run(&restore).await;
    assert!(stage.now() < began + SignedDuration::from_mins(4), "they are not waited for like new objects");
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 3));
    assert_eq!(members(&stage).await, PEOPLE[..3]);
    for step in stage.report(&restore).await.steps {
        let own = StepOutcome::client_request_id(&restore, step.step.number);
        assert_eq!((step.outcome, step.client_request_id), (OutcomeState::Done, Some(own)));
    }
}

#[tokio::test]
async fn a_restore_that_is_stopped_once_the_group_is_made_reports_the_links_that_came_with_it() {
    let mut stage = stage();
    let other = json!({"displayName": "Other", "mailNickname": "other"});
    stage.both(object("groups", "other", &other));
    stage.link("groups.members", "other", "ann");
    stage.directory.unlink("groups.members", "other", "ann");
    let restore = stage.previewed(whole(&[("groups", "staff"), ("groups", "other")])).await;
    stage.approve(&restore).await;
    assert_eq!(stage.run_until_stopped(&restore, 1).await, 1, "the creation is the last write");
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Cancelled);
    assert_eq!(members(&stage).await, PEOPLE[..3]);
    let report = stage.report(&restore).await;
    let done: Vec<&str> = report.steps.iter().map(|step| step.step.id.as_str()).collect();
    assert_eq!(done, ["staff"; 3]);
    assert!(report.steps.iter().all(|step| step.outcome == OutcomeState::Done), "{:?}", report.steps);
}

#[tokio::test]
async fn wherever_the_run_dies_the_links_that_came_with_the_group_are_told_as_written_by_it() {
    let calls = {
        let stage = stage();
        let restore = previewed(&stage).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        stage.faults.call_count()
    };
    for (call, mode) in crash_points(calls) {
        let stage = stage();
        let restore = previewed(&stage).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faults.die_at(call, mode);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        stage.faults.heal();
        // What is known to have been answered is known of all that the request was about.
        let records = stage.records(stage.world.catalog.clone());
        let rows = records.list_all(&StepOutcome::of_restore(&stage.tenant, &restore)).await.unwrap();
        let answered = rows.iter().filter(|row| row.value.status.is_some()).count();
        assert!(answered == 0 || answered == rows.len(), "call {call} {mode:?}: {rows:?}");
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        let report = stage.report(&restore).await;
        let outcomes: Vec<&OutcomeState> = report.steps.iter().map(|step| &step.outcome).collect();
        assert_eq!(outcomes, [&OutcomeState::Done; 3], "call {call} {mode:?}");
        assert_eq!(members(&stage).await, PEOPLE[..3], "call {call} {mode:?}");
        assert_eq!(stage.directory.count("groups"), 1, "call {call} {mode:?}");
    }
}

/// The number of the step that writes links of that type.
async fn step_of(stage: &RestoreWorld, restore: &RestoreId, of: &str) -> u32 {
    let is_it = |action: &WriteAction| matches!(action, WriteAction::AddLinks { link, .. } if link == of);
    stage.plan(restore).await.steps.iter().find(|step| is_it(&step.action)).unwrap().number
}

#[tokio::test]
async fn undoing_the_step_that_gave_a_new_group_its_links_takes_these_away_and_leaves_the_group() {
    // Graph takes them with the group, or refuses that.
    for refused in [None, Some("ben")] {
        for (link, count) in [("groups.members", 3), ("groups.owners", 1)] {
            let stage = stage();
            let restore = previewed(&stage).await;
            if let Some(end) = refused {
                stage.directory.poison(end, 400);
            }
            stage.run(&restore).await;
            let staff = stage.new_id("staff").await;
            let there = stage.directory.ends(link, &staff).len();
            assert_eq!(there, if refused.is_some() && count == 3 { 2 } else { count });
            let part = AskedPart { steps: Some(vec![step_of(&stage, &restore, link).await]), objects: None };
            let undo = stage.undone_from(RestoreFrom::UndoOnly(restore, part)).await;
            let steps = stage.plan(&undo).await.steps;
            let takes = |action: &WriteAction| matches!(action, WriteAction::RemoveLink { .. });
            assert_eq!(steps.len(), there, "{link} {refused:?}");
            assert!(steps.iter().all(|step| takes(&step.action)), "{link} {refused:?} {steps:?}");
            assert!(steps.iter().all(|step| step.name.as_deref() == Some("Staff")), "{steps:?}");
            stage.run(&undo).await;
            assert_eq!(stage.directory.ends(link, &staff), Vec::<String>::new(), "{link} {refused:?}");
            let other = if count == 1 { "groups.members" } else { "groups.owners" };
            assert!(!stage.directory.ends(other, &staff).is_empty(), "{link} {refused:?}");
        }
    }
}

#[tokio::test]
async fn a_microsoft_365_group_that_was_made_anew_keeps_its_last_owner_when_that_step_is_undone() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.run(&restore).await;
    let staff = stage.new_id("staff").await;
    stage.directory.set("groups", &staff, "groupTypes", json!(["Unified"]));
    let part =
        AskedPart { steps: Some(vec![step_of(&stage, &restore, "groups.owners").await]), objects: None };
    let undo = stage.undone_from(RestoreFrom::UndoOnly(restore, part)).await;
    let plan = stage.plan(&undo).await;
    let causes: Vec<Cause> = plan.impossible.iter().map(|told| told.cause).collect();
    assert_eq!((plan.steps.len(), causes), (0, vec![Cause::LastOwner]));
}

#[tokio::test]
async fn of_a_creation_that_was_never_let_in_the_links_are_not_told_as_perhaps_there() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.approve(&restore).await;
    stage.directory.throttle_writes_after(Some(0));
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap_err();
    stage.commands().cancel(&stage.tenant, "chief", &restore).await.unwrap();
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    for step in stage.report(&restore).await.steps {
        if matches!(step.step.action, WriteAction::Create { .. }) {
            assert!(is_cancelled(&step.outcome), "{step:?}");
        } else {
            let skipped = OutcomeState::Skipped { cause: SkipCause::DependencyFailed };
            assert_eq!((step.outcome, step.client_request_id), (skipped, None));
        }
    }
}

fn is_cancelled(outcome: &OutcomeState) -> bool {
    matches!(outcome, OutcomeState::Failed { cause: FailCause::Cancelled, .. })
}

#[tokio::test]
async fn of_links_that_graph_refused_with_the_group_a_stopped_restore_says_that_they_were_not_sent() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.poison("dag", 400);
    stage.approve(&restore).await;
    assert_eq!(stage.run_until_stopped(&restore, 2).await, 2, "with its links, and without");
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Cancelled);
    let steps = stage.report(&restore).await.steps;
    assert_eq!(steps[0].outcome, OutcomeState::Done);
    for step in &steps[1..] {
        let OutcomeState::Failed { cause: FailCause::Cancelled, message } = &step.outcome else {
            panic!("{step:?}");
        };
        assert!(message.contains("before it was sent"), "{message}");
        assert_eq!((&step.client_request_id, step.status), (&None, None));
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_to_a_group_that_was_made_without_its_links_is_theirs() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.poison("dag", 400);
    stage.approve(&restore).await;
    // The time is up when the group, which was made without any, has shown.
    stage.directory.show_after_ms(5_000);
    let soon = stage.now() + SignedDuration::from_secs(14);
    stage.worker().run(&stage.request(&restore), soon).await.unwrap();
    assert_eq!(stage.directory.take_write_count(), 2, "with its links, and without");
    let staff = stage.new_id("staff").await;
    for person in &PEOPLE[..3] {
        stage.directory.link("groups.members", &staff, person);
    }
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let members = step_of(&stage, &restore, "groups.members").await;
    let steps = stage.report(&restore).await.steps;
    let told = steps.iter().find(|step| step.step.number == members).unwrap();
    assert_eq!(told.outcome, OutcomeState::AlreadySo, "{told:?}");
}

#[tokio::test]
async fn a_member_that_keeps_graph_from_answering_costs_neither_the_group_nor_the_others() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.choke_on_creation_with("ben");
    stage.directory.poison("ben", 400);
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.failed), (RestoreState::Done, 1));
    assert_eq!(stage.directory.count("groups"), 1);
    assert_eq!(members(&stage).await, ["ann", "cem"]);
}

#[tokio::test]
async fn what_came_with_a_group_that_shows_too_late_is_not_told_as_skipped_and_can_be_undone() {
    let stage = stage();
    let restore = previewed(&stage).await;
    stage.directory.show_after_ms(13 * 60_000);
    stage.run(&restore).await;
    for step in stage.report(&restore).await.steps {
        let is_unseen = matches!(&step.outcome, OutcomeState::Failed { cause: FailCause::NotSeen, .. });
        assert!(is_unseen && step.status.is_some(), "{step:?}");
    }
    stage.world.clock.sleep_ms(5 * 60_000).await;
    assert_eq!(members(&stage).await, PEOPLE[..3]);
    let undo = stage.undone(&restore).await;
    stage.run(&undo).await;
    assert_eq!(stage.directory.count("groups"), 0, "{:?}", stage.plan(&undo).await.impossible);
}

#[tokio::test]
async fn a_first_call_names_the_object_and_all_of_the_twenty_links_that_it_was_to_come_with() {
    let mut stage = RestoreWorld::new();
    stage.both(object("groups", "staff", &json!({"displayName": "Staff"})));
    let people: Vec<String> = (0..20).map(|number| format!("p{number:02}")).collect();
    for person in &people {
        let name = format!("{person}@x.y");
        stage.both(object("users", person, &json!({"userPrincipalName": name, "displayName": person})));
        stage.link("groups.members", "staff", person);
    }
    stage.directory.hard_delete("staff");
    let restore = previewed(&stage).await;
    stage.directory.poison("p19", 400);
    stage.run(&restore).await;
    let records = stage.records(stage.world.catalog.clone());
    let rows = records.list_all(&StepOutcome::of_restore(&stage.tenant, &restore)).await.unwrap();
    let first = &rows[0].value.calls[0];
    let all: Vec<String> = std::iter::once("object".to_owned())
        .chain(people.iter().map(|person| format!("groups.members/{person}")))
        .collect();
    assert_eq!(first.what, all);
}
