//! Names that one person alone can have, in a tenant that refuses them to a second.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::restore::Warning;
use engine::records::RestoreState;
use serde_json::{Value, json};

fn person(stage: &mut RestoreWorld, id: &str) {
    let user = json!({"userPrincipalName": format!("{id}@x.y"), "displayName": id, "jobTitle": "Clerk"});
    stage.both(object("users", id, &user));
}

fn named(stage: &RestoreWorld, id: &str) -> String {
    stage.directory.get("users", id)["userPrincipalName"].as_str().unwrap().to_owned()
}

fn rename(stage: &RestoreWorld, id: &str, name: &str) {
    stage.directory.set("users", id, "userPrincipalName", Value::from(format!("{name}@x.y")));
}

/// Two people who have each other's name by now.
fn exchanged() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for id in ["ann", "ben"] {
        person(&mut stage, id);
    }
    rename(&stage, "ann", "ben");
    rename(&stage, "ben", "ann");
    stage.directory.keep_names();
    stage
}

#[tokio::test]
async fn two_people_who_exchanged_their_names_have_their_own_again_after_three_writes() {
    let stage = exchanged();
    let restore = stage.previewed(whole(&[("users", "ann"), ("users", "ben")])).await;
    let warned = stage.plan(&restore).await.steps.into_iter().map(|step| step.warnings);
    assert_eq!(warned.collect::<Vec<_>>(), [vec![Warning::NameForAWhile], vec![], vec![]]);
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done), (RestoreState::Done, 3));
    assert_eq!((named(&stage, "ann"), named(&stage, "ben")), ("ann@x.y".into(), "ben@x.y".into()));
    assert_eq!(stage.directory.take_write_count(), 3);
    // Undone, they have each other's again; and a restore of that is the same once more.
    let undo = stage.undone(&restore).await;
    let undone = stage.run(&undo).await;
    assert_eq!((undone.state, undone.counts.done), (RestoreState::Done, 3));
    assert_eq!((named(&stage, "ann"), named(&stage, "ben")), ("ben@x.y".into(), "ann@x.y".into()));
}

#[tokio::test]
async fn whoever_does_not_get_their_name_back_keeps_the_one_that_they_had_and_no_made_up_one() {
    let mut stage = exchanged();
    // The other is one of those whom the writing application may not write.
    let unit = json!({"displayName": "Board", "isMemberManagementRestricted": true});
    stage.both(object("administrativeUnits", "board", &unit));
    stage.link("administrativeUnits.members", "board", "ben");
    stage.directory.keep_restricted();
    let restore = stage.previewed(whole(&[("users", "ann"), ("users", "ben")])).await;
    let done = stage.run(&restore).await;
    assert_eq!((done.state, done.counts.done, done.counts.failed), (RestoreState::Done, 1, 2));
    assert_eq!((named(&stage, "ann"), named(&stage, "ben")), ("ben@x.y".into(), "ann@x.y".into()));
}
