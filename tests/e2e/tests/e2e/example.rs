//! The stories that tests/README.md shows. What is shown there is what is here.

use super::rig::{Rig, changes_of};
use engine::records::JobState;
use jiff::SignedDuration;
use serde_json::json;
use support::faulty::Mode;

#[tokio::test]
async fn a_title_that_somebody_edits_is_the_one_change_that_is_found() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    admin.patch(&format!("users/{}", stage.id("Maya")), &json!({ "jobTitle": "Contractor" })).await;
    rig.clock.advance(SignedDuration::from_hours(1));
    rig.snapshot().await;
    let comparison = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    let changes = changes_of(&rig, rig.tenant(), &comparison.id).await;
    let found: Vec<_> = changes.iter().map(|c| (c.key.as_str(), c.attributes[0].path.as_str())).collect();
    assert_eq!(found, [(stage.id("Maya"), "jobTitle")]);
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_made_again_and_the_snapshot_is_sealed() {
    let rig = Rig::new().await;
    let snapshot = rig.ask_snapshot(rig.tenant()).await;
    rig.plan.take_log(); // calls are counted from here
    rig.plan.fail_at(40, Mode::After); // call 40 takes effect, and its caller is told that it failed
    rig.settle().await; // time moves on, and the message comes again
    assert_eq!(rig.snapshot_row(rig.tenant(), &snapshot).await.state, JobState::Done);
}

#[test]
fn the_readme_shows_these_stories() {
    let (readme, here) = (include_str!("../../../README.md"), include_str!("example.rs"));
    let shown: Vec<_> =
        readme.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(shown.len(), 2, "one story, and one with a port that fails");
    for story in shown {
        assert!(here.contains(story), "tests/README.md shows what is not in example.rs:\n{story}");
    }
}
