//! A group that is made anew is made with its owners and members, where Graph takes them.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use engine::records::{FailCause, OutcomeState, RestoreState, StepOutcome};
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
    let done = stage.run(&restore).await;
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
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        let report = stage.report(&restore).await;
        let outcomes: Vec<&OutcomeState> = report.steps.iter().map(|step| &step.outcome).collect();
        assert_eq!(outcomes, [&OutcomeState::Done; 3], "call {call} {mode:?}");
        assert_eq!(members(&stage).await, PEOPLE[..3], "call {call} {mode:?}");
        assert_eq!(stage.directory.count("groups"), 1, "call {call} {mode:?}");
    }
}
