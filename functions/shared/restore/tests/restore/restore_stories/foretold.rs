//! What the writing application may not write is told with the preview, by the job that holds that credential, which
//! executes nothing by that.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use engine::ports::JobQueue;
use engine::records::{Restore, RestoreState};
use serde_json::json;

/// A user who is gone for good.
async fn previewed() -> (RestoreWorld, RestoreId) {
    let mut stage = RestoreWorld::new();
    stage.both(object("users", "ann", &json!({ "userPrincipalName": "ann@x.y", "displayName": "Ann" })));
    stage.directory.hard_delete("ann");
    let restore = stage.previewed(whole(&[("users", "ann")])).await;
    (stage, restore)
}

/// The row once the message was worked on that the preview sent.
async fn foretold(stage: &RestoreWorld, restore: &RestoreId) -> Restore {
    let sent = stage.world.queue.sent();
    assert_eq!(sent.iter().filter(|message| message.queue == JobQueue::RunRestore).count(), 1);
    let report = stage.worker().run(&stage.request(restore), stage.deadline()).await.unwrap();
    assert!(report.was_done);
    assert_eq!(stage.directory.write_count(), 0, "nobody approved it");
    let row = stage.restore(restore).await;
    assert_eq!((row.state, row.started_at), (RestoreState::Previewed, None));
    row
}

#[tokio::test]
async fn a_preview_names_what_will_be_refused_for_want_of_a_permission_and_it_is_tried_all_the_same() {
    let (stage, restore) = previewed().await;
    stage.directory.permit_writing(&["Group.ReadWrite.All"]);
    let row = foretold(&stage, &restore).await;
    let [missing] = &row.not_permitted[..] else { panic!("{:?}", row.not_permitted) };
    assert_eq!((missing.what.as_str(), missing.any_of[0].as_str()), ("users", "User.ReadWrite.All"));
    assert_eq!(row.permissions_read_at, Some(stage.now()));
    // Granted since, it is named no more.
    stage.directory.permit_writing(&["User.ReadWrite.All"]);
    let ended = stage.run(&restore).await;
    assert_eq!((ended.state, ended.not_permitted.len()), (RestoreState::Done, 0));
    // And taken away since, it is named by the run, and Graph decides.
    let (stage, restore) = previewed().await;
    stage.directory.permit_writing(&["Group.ReadWrite.All"]);
    let ended = stage.run(&restore).await;
    assert_eq!((ended.state, ended.not_permitted.len()), (RestoreState::Done, 1));
    assert!(ended.permissions_read_at.is_some());
}

#[tokio::test]
async fn who_did_not_consent_has_granted_nothing_and_a_token_that_does_not_say_is_not_known() {
    let (stage, restore) = previewed().await;
    stage.directory.withdraw("writing");
    let row = foretold(&stage, &restore).await;
    let missing: Vec<&str> = row.not_permitted.iter().map(|one| one.what.as_str()).collect();
    assert_eq!((missing, row.permissions_read_at.is_some()), (vec!["users"], true));

    let (stage, restore) = previewed().await;
    let row = foretold(&stage, &restore).await;
    assert_eq!((row.not_permitted.len(), row.permissions_read_at), (0, None));
}
