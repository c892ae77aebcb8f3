//! A preview that takes longer than an invocation has goes on where it was, as other jobs do.

use crate::restore_world::{RestoreWorld, object, whole};
use domain::RestoreId;
use domain::restore::Selection;
use engine::records::RestoreState;
use jiff::SignedDuration;
use restore::commands::restores::{NewRestore, RestoreFrom};
use restore::preview_restore::Request;
use serde_json::json;

const PEOPLE: usize = 40;

/// People with another title than then.
fn stage() -> RestoreWorld {
    let mut stage = RestoreWorld::new();
    for number in 0..PEOPLE {
        let name = format!("u{number:02}");
        let user =
            json!({"userPrincipalName": format!("{name}@x.y"), "displayName": name, "jobTitle": "then"});
        stage.both(object("users", &name, &user));
        stage.directory.set("users", &name, "jobTitle", json!("now"));
    }
    stage
}

fn everybody() -> Selection {
    let names: Vec<String> = (0..PEOPLE).map(|number| format!("u{number:02}")).collect();
    let all: Vec<(&str, &str)> = names.iter().map(|name| ("users", name.as_str())).collect();
    whole(&all)
}

/// Makes the preview in invocations of a minute; gives how many there were.
async fn previewed_slowly(stage: &RestoreWorld, restore: &RestoreId) -> usize {
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    stage.directory.look_slowly(5_000);
    stage.directory.take_looks();
    let mut invocations = 0;
    loop {
        invocations += 1;
        let sent = stage.world.queue.sent().len();
        let deadline = stage.now() + SignedDuration::from_mins(1);
        let report = stage.preview_worker().run(&request, deadline).await.unwrap();
        let is_asked = stage.world.queue.sent().len() == sent + 1;
        assert_eq!(report.is_continued, is_asked, "who is not done asks for another invocation");
        if !report.is_continued {
            break;
        }
        assert!(invocations < PEOPLE, "it gets further each time");
    }
    stage.directory.look_slowly(0);
    let mut looks = stage.directory.take_looks();
    let all = looks.len();
    looks.sort();
    looks.dedup();
    assert_eq!((all, looks.len()), (PEOPLE, PEOPLE), "each object is read once");
    invocations
}

#[tokio::test]
async fn a_preview_whose_time_is_up_goes_on_with_what_it_has_read() {
    let stage = stage();
    let unhurried = stage.previewed(everybody()).await;
    let restore = stage.asked(everybody()).await;
    assert!(previewed_slowly(&stage, &restore).await > 3);
    assert_eq!(stage.restore(&restore).await.state, RestoreState::Previewed);
    assert_eq!(stage.plan(&restore).await.steps, stage.plan(&unhurried).await.steps);
    assert_eq!(stage.plan(&restore).await.steps.len(), PEOPLE);
}

#[tokio::test]
async fn an_undoing_whose_time_is_up_goes_on_with_what_it_has_read() {
    let stage = stage();
    let restore = stage.previewed(everybody()).await;
    assert_eq!(stage.run(&restore).await.counts.done, PEOPLE as u64);
    let new = NewRestore::of(RestoreFrom::Undo(restore), Selection::default());
    let undo = stage.commands().create_preview(&stage.tenant, "me", new).await.unwrap().id;
    assert!(previewed_slowly(&stage, &undo).await > 3);
    assert_eq!(stage.run(&undo).await.counts.done, PEOPLE as u64);
    assert_eq!(stage.directory.get("users", "u07")["jobTitle"], "now");
}

#[tokio::test]
async fn what_was_read_too_long_ago_is_read_again() {
    let stage = stage();
    let restore = stage.asked(everybody()).await;
    let request = Request { tenant: stage.tenant.clone(), restore: restore.clone() };
    stage.directory.look_slowly(5_000);
    let deadline = stage.now() + SignedDuration::from_mins(1);
    assert!(stage.preview_worker().run(&request, deadline).await.unwrap().is_continued);
    stage.directory.look_slowly(0);
    stage.world.clock.advance(SignedDuration::from_hours(7));
    stage.directory.set("users", "u00", "jobTitle", json!("then"));
    stage.preview_worker().run(&request, stage.deadline()).await.unwrap();
    assert_eq!(
        stage.plan(&restore).await.steps.len(),
        PEOPLE - 1,
        "whoever has the old title by now needs none"
    );
}
