//! Temporary Access Passes of people who come back: made once, kept sealed, read once by a person, gone when they end.

use crate::restore_world::{PASS_TEXT, RestoreWorld, item, object};
use domain::restore::{
    AccessPassChoice, AccessPassPolicy, Cause, KnownAccessPassPolicy, Selection, Warning, WriteAction,
};
use domain::{ErrorKind, PersonId, RestoreId, TenantId};
use engine::ports::Page;
use engine::records::{
    AccessPass, FailCause, OutcomeState, ReadBack, Restore, RestoreState, SkipCause, StepOutcome,
};
use jiff::SignedDuration;
use restore::commands::access_passes::{PassReader, ReadPass};
use restore::completion::{Seen, ToDo};
use serde_json::json;
use std::collections::BTreeSet;
use support::faulty::{Mode, crash_points};

/// Ann is gone for good, and Bob lies in the recycle bin.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for name in ["ann", "bob"] {
        let user = json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "mailNickname": name,
            "accountEnabled": true});
        stage.both(object("users", name, &user));
    }
    stage.directory.hard_delete("ann");
    stage.directory.soft_delete("users", "bob");
    stage
}

fn choice() -> AccessPassChoice {
    AccessPassChoice { lifetime_in_minutes: Some(120), is_usable_once: true, users: BTreeSet::new() }
}

fn selection(keys: &[&str], choice: AccessPassChoice) -> Selection {
    let items = keys.iter().map(|key| item("users", key)).collect();
    Selection { items, access_pass: Some(choice), ..Selection::default() }
}

/// The number of the step that makes somebody's pass.
async fn step_of(stage: &RestoreWorld, restore: &RestoreId, key: &str) -> u32 {
    let plan = stage.plan(restore).await;
    let makes = |step: &&domain::restore::Step| matches!(step.action, WriteAction::IssuePass { .. });
    plan.steps.iter().filter(makes).find(|step| step.key == key).expect("a pass is planned").number
}

async fn outcome(stage: &RestoreWorld, restore: &RestoreId, number: u32) -> StepOutcome {
    let records = stage.records(stage.world.catalog.clone());
    records.get(&StepOutcome::at(&stage.tenant, restore, number)).await.unwrap().value
}

fn reader() -> PassReader {
    PassReader::of(Some(&PersonId::from_ulid("01JAAAAAAAAAAAAAAAAAAAAAAA"))).unwrap()
}

async fn read(stage: &RestoreWorld, restore: &RestoreId, number: u32) -> domain::Result<ReadPass> {
    stage.commands().read_pass(&stage.tenant, &reader(), restore, number).await
}

/// That no pass stands in a row, a report, a plan or a queue.
async fn is_nowhere(stage: &RestoreWorld, restore: &RestoreId) {
    for (scope, row) in stage.world.catalog.rows() {
        assert!(!format!("{row:?}").contains(PASS_TEXT), "{}", scope.text());
    }
    let report = serde_json::to_string(&stage.report(restore).await).unwrap();
    assert!(!report.contains(PASS_TEXT));
    assert!(!format!("{:?}", stage.world.queue.sent()).contains(PASS_TEXT));
}

#[tokio::test]
async fn whoever_is_created_again_gets_a_pass_that_is_read_once_and_stands_nowhere() {
    let stage = stage();
    let restore = stage.previewed(selection(&["ann", "bob"], choice())).await;
    let plan = stage.plan(&restore).await;
    let step = plan.steps.iter().find(|step| matches!(step.action, WriteAction::IssuePass { .. })).unwrap();
    assert_eq!((step.key.as_str(), &step.warnings[0]), ("ann", &Warning::SignsInByPass));
    let number = step_of(&stage, &restore, "ann").await;
    assert_eq!(read(&stage, &restore, number).await.unwrap_err().kind(), ErrorKind::NotFound, "not made yet");

    assert_eq!(stage.run(&restore).await.is_complete(), Some(true));
    let ann = stage.directory.id_of("displayName", "ann");
    assert_eq!(stage.directory.passes(&ann), ["pass1"]);
    assert!(stage.directory.passes("bob").is_empty(), "what he signs in with came back with him");
    is_nowhere(&stage, &restore).await;

    let other: TenantId = "7c9e6679-7425-40de-944b-e07fc1f90ae7".parse().unwrap();
    let commands = stage.commands();
    let elsewhere = commands.read_pass(&other, &reader(), &restore, number).await.unwrap_err();
    assert_eq!(elsewhere.kind(), ErrorKind::NotFound);
    let pass = read(&stage, &restore, number).await.unwrap();
    assert_eq!(pass.pass.expose(), format!("{PASS_TEXT}1"));
    assert_eq!((pass.user, pass.is_usable_once), (ann, true));
    assert_eq!(pass.ends_at.duration_since(pass.starts_at), SignedDuration::from_hours(2));
    assert_eq!(read(&stage, &restore, number).await.unwrap_err().kind(), ErrorKind::Conflict, "read once");
    is_nowhere(&stage, &restore).await;
}

#[tokio::test]
async fn whoever_has_a_pass_still_has_to_be_given_it_and_to_register_what_they_sign_in_with() {
    let stage = stage();
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    stage.run(&restore).await;
    let page = Page { after: None, limit: 100, descending: false };
    let left = stage.commands().read_completion(&stage.tenant, &restore, page).await.unwrap();
    let of_ann: Vec<_> = left.duties.iter().map(|duty| (duty.to_do, duty.state)).collect();
    for open in [
        (ToDo::GivePassword, Seen::Open),
        (ToDo::HandOverPass, Seen::Unseen),
        (ToDo::RegisterMethods, Seen::Unseen),
    ] {
        assert!(of_ann.contains(&open), "{of_ann:?}");
    }
}

#[tokio::test]
async fn of_two_who_read_a_pass_at_once_one_gets_it() {
    let stage = stage();
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    stage.run(&restore).await;
    let number = step_of(&stage, &restore, "ann").await;
    let (one, two) = tokio::join!(read(&stage, &restore, number), read(&stage, &restore, number));
    assert_eq!([one.is_ok(), two.is_ok()].iter().filter(|got| **got).count(), 1);
}

#[tokio::test]
async fn a_pass_is_gone_when_it_ends_though_nobody_read_it() {
    let stage = stage();
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    stage.run(&restore).await;
    let number = step_of(&stage, &restore, "ann").await;
    stage.world.clock.advance(SignedDuration::from_mins(121));
    assert_eq!(read(&stage, &restore, number).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_token_reads_no_pass() {
    assert_eq!(PassReader::of(None).unwrap_err().kind(), ErrorKind::Denied);
}

#[tokio::test]
async fn whoever_comes_out_of_the_bin_gets_one_where_they_are_named_and_whoever_does_not_come_back_is_told() {
    let stage = stage();
    let users = ["bob", "nobody"].map(str::to_owned).into();
    let restore = stage.previewed(selection(&["bob"], AccessPassChoice { users, ..choice() })).await;
    let told: Vec<_> = stage.plan(&restore).await.impossible;
    let [told] = &told[..] else { panic!("{told:?}") };
    assert_eq!((told.key.as_str(), told.cause), ("nobody", Cause::NotComingBack));
    assert_eq!(stage.run(&restore).await.is_complete(), Some(true));
    assert_eq!(stage.directory.passes("bob"), ["pass1"]);
}

#[tokio::test]
async fn what_the_policy_refuses_is_impossible_and_what_it_does_not_say_is_warned_of() {
    let usual = AccessPassPolicy {
        is_enabled: true,
        fewest_minutes: 60,
        most_minutes: 480,
        usual_minutes: 90,
        once_only: true,
        is_for_all: true,
    };
    let lasting =
        |minutes| AccessPassChoice { lifetime_in_minutes: minutes, is_usable_once: false, ..choice() };
    for (policy, asked, refused) in [
        (usual.clone(), lasting(Some(59)), true),
        (usual.clone(), lasting(Some(481)), true),
        (AccessPassPolicy { is_enabled: false, ..usual.clone() }, lasting(None), true),
        (usual.clone(), lasting(None), false),
    ] {
        let stage = stage();
        stage.directory.set_pass_policy(KnownAccessPassPolicy::Known(policy));
        let restore = stage.previewed(selection(&["ann"], asked)).await;
        let plan = stage.plan(&restore).await;
        let causes: Vec<_> = plan.impossible.iter().map(|one| (one.what.as_str(), one.cause)).collect();
        let pass = plan.steps.iter().find(|step| matches!(step.action, WriteAction::IssuePass { .. }));
        if refused {
            assert_eq!((causes, pass), (vec![("temporaryAccessPass", Cause::RefusedByPolicy)], None));
        } else {
            let action = WriteAction::IssuePass { lifetime_in_minutes: Some(90), is_usable_once: true };
            assert_eq!(pass.map(|step| (&step.action, step.warnings.len())), Some((&action, 1)));
        }
    }
    let stage = stage();
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    let plan = stage.plan(&restore).await;
    assert!(plan.steps.iter().any(|step| step.warnings.contains(&Warning::PassPolicyUnknown)));
    // Groups are looked up by Graph alone.
    stage
        .directory
        .set_pass_policy(KnownAccessPassPolicy::Known(AccessPassPolicy { is_for_all: false, ..usual }));
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    let plan = stage.plan(&restore).await;
    assert!(plan.steps.iter().any(|step| step.warnings.contains(&Warning::PassPolicyOfGroups)));
}

#[tokio::test]
async fn whoever_was_blocked_gets_no_pass() {
    let mut stage = RestoreWorld::new();
    let user = json!({"userPrincipalName": "ann@x.y", "displayName": "ann", "mailNickname": "ann", "accountEnabled": false});
    stage.both(object("users", "ann", &user));
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    let plan = stage.plan(&restore).await;
    assert_eq!(plan.impossible.iter().map(|one| one.cause).collect::<Vec<_>>(), [Cause::SignInBlocked]);
    assert_eq!(plan.steps.len(), 1);
}

#[tokio::test]
async fn without_the_permission_the_preview_says_so_and_everything_else_comes_back() {
    let stage = stage();
    stage.directory.permit_writing(&["User.ReadWrite.All"]);
    stage.directory.poison("passes", 403);
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
    let foretold: Restore = stage.restore(&restore).await;
    let [missing] = &foretold.not_permitted[..] else { panic!("{:?}", foretold.not_permitted) };
    assert_eq!(missing.what, "users.temporaryAccessPass");
    assert_eq!(missing.any_of[0], "UserAuthMethod-TAP.ReadWrite.All");
    let ended = stage.run(&restore).await;
    assert_eq!((ended.state, ended.counts.done, ended.counts.failed), (RestoreState::Done, 1, 1));
    let refused = outcome(&stage, &restore, step_of(&stage, &restore, "ann").await).await;
    assert!(matches!(refused.state, OutcomeState::Failed { cause: FailCause::Denied, .. }));
}

#[tokio::test]
async fn a_pass_that_somebody_else_gave_meanwhile_is_left() {
    let stage = stage();
    let users = ["bob".to_owned()].into();
    let restore = stage.previewed(selection(&["bob"], AccessPassChoice { users, ..choice() })).await;
    stage.directory.give_pass("bob");
    stage.run(&restore).await;
    assert_eq!(stage.directory.passes("bob"), ["theirs"]);
    let skipped = outcome(&stage, &restore, step_of(&stage, &restore, "bob").await).await;
    assert_eq!(skipped.state, OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview });
}

#[tokio::test]
async fn a_pass_that_somebody_gave_after_a_run_died_is_left_and_named() {
    let as_policy_says =
        AccessPassChoice { lifetime_in_minutes: None, users: ["bob".to_owned()].into(), ..choice() };
    let mut met = 0;
    for call in 0..200 {
        let stage = stage();
        let restore = stage.previewed(selection(&["bob"], as_policy_says.clone())).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faults.die_at(call, Mode::Before);
        let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
        let number = step_of(&stage, &restore, "bob").await;
        let records = stage.records(stage.world.catalog.clone());
        let row = records.find(&StepOutcome::at(&stage.tenant, &restore, number)).await.unwrap();
        let is_begun = row.is_some_and(|row| matches!(row.value.state, OutcomeState::Started { .. }));
        if !is_begun || !stage.directory.passes("bob").is_empty() {
            if stage.restore(&restore).await.state == RestoreState::Done {
                break;
            }
            continue;
        }
        met += 1;
        stage.faults.heal();
        stage.world.clock.advance(SignedDuration::from_mins(20));
        stage.directory.give_pass("bob");
        stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        assert_eq!(stage.directory.passes("bob"), ["theirs"], "call {call}");
        let skipped = outcome(&stage, &restore, number).await;
        assert_eq!(skipped.state, OutcomeState::Skipped { cause: SkipCause::ChangedSincePreview });
    }
    assert!(met > 0, "a run has died between its row and its call");
}

#[tokio::test]
async fn a_pass_whose_answer_was_lost_is_taken_away_and_made_once_more_in_either_way_of_graph() {
    for refuses in [false, true] {
        let stage = stage();
        if refuses {
            stage.directory.refuse_second_pass();
        }
        let users = ["bob".to_owned()].into();
        let restore = stage.previewed(selection(&["bob"], AccessPassChoice { users, ..choice() })).await;
        stage.directory.lose_answer_of_next_creation();
        assert_eq!(stage.run(&restore).await.is_complete(), Some(true));
        let number = step_of(&stage, &restore, "bob").await;
        let pass = read(&stage, &restore, number).await.unwrap();
        assert_eq!(
            (stage.directory.passes("bob"), pass.pass.expose()),
            (vec!["pass2".to_owned()], "+pass-of-the-table-2")
        );
    }
}

#[tokio::test]
async fn a_pass_that_does_not_show_in_time_is_kept_all_the_same() {
    let stage = stage();
    stage.directory.show_passes_after_ms(3_600_000);
    let users = ["bob".to_owned()].into();
    let restore = stage.previewed(selection(&["bob"], AccessPassChoice { users, ..choice() })).await;
    stage.run(&restore).await;
    let number = step_of(&stage, &restore, "bob").await;
    let row = outcome(&stage, &restore, number).await;
    assert!(matches!(row.state, OutcomeState::Failed { cause: FailCause::NotSeen, .. }));
    assert_eq!(row.read_back, Some(ReadBack::Absent));
    assert!(read(&stage, &restore, number).await.is_ok());
}

#[tokio::test]
async fn wherever_a_run_dies_there_is_one_pass_in_the_end_and_it_is_the_one_that_is_kept() {
    let calls = {
        let stage = stage();
        let restore = stage.previewed(selection(&["ann"], choice())).await;
        stage.approve(&restore).await;
        stage.faults.take_log();
        stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
        stage.faults.call_count()
    };
    for (call, mode) in crash_points(calls) {
        for refuses in [false, true] {
            let stage = stage();
            if refuses {
                stage.directory.refuse_second_pass();
            }
            let restore = stage.previewed(selection(&["ann"], choice())).await;
            stage.approve(&restore).await;
            stage.faults.take_log();
            stage.faults.die_at(call, mode);
            let _ = stage.faulty_worker().run(&stage.request(&restore), stage.deadline()).await;
            stage.faults.heal();
            stage.worker().run(&stage.request(&restore), stage.deadline()).await.unwrap();
            let ended = stage.restore(&restore).await;
            assert_eq!(
                (ended.state, ended.is_complete()),
                (RestoreState::Done, Some(true)),
                "{call} {mode:?}"
            );
            let ann = stage.directory.id_of("displayName", "ann");
            let number = step_of(&stage, &restore, "ann").await;
            let row = outcome(&stage, &restore, number).await;
            assert_eq!((row.state, row.status), (OutcomeState::Done, Some(204)), "{call} {mode:?}");
            let [one] = &stage.directory.passes(&ann)[..] else { panic!("{call} {mode:?}") };
            let pass = read(&stage, &restore, number).await.unwrap();
            let number = one.strip_prefix("pass").unwrap();
            assert_eq!(pass.pass.expose(), format!("{PASS_TEXT}{number}"), "{call} {mode:?}");
            is_nowhere(&stage, &restore).await;
        }
    }
}

#[tokio::test]
async fn what_is_sealed_opens_at_its_place_alone() {
    let stage = stage();
    let restore = stage.previewed(selection(&["ann"], choice())).await;
    stage.run(&restore).await;
    let number = step_of(&stage, &restore, "ann").await;
    let records = stage.records(stage.world.catalog.clone());
    let row = records.get(&AccessPass::at(&stage.tenant, &restore, number)).await.unwrap().value;
    let moved = AccessPass { number: number + 1, ..row };
    records.put_new(&moved).await.unwrap();
    assert_eq!(read(&stage, &restore, number + 1).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert!(read(&stage, &restore, number).await.is_ok(), "what could not be opened did not count as read");
}
