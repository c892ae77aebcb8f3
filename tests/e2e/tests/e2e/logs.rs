//! What a technician finds in the logs: every line names its tenant, job and message, and a story is followed from the
//! tick to the mail by one name. That nothing of a customer is among it, every story looks for itself (`rig/log.rs`).

use crate::rig::{Rig, Setting, Watch};
use engine::records::RestoreState;
use serde_json::Value;
use std::collections::BTreeSet;

/// Jobs that wrote a line as part of that story.
fn jobs_of(lines: &[Value], trace: &str) -> BTreeSet<String> {
    let of_story = lines.iter().filter(|line| line["span"]["trace"] == trace);
    of_story.filter_map(|line| line["span"]["job"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_story_is_followed_from_the_tick_to_the_mail_and_every_line_says_whose_it_is() {
    let rig = Rig::with(Setting { snapshots_per_day: 24, ..Setting::default() }).await;
    rig.settle().await;
    let (admin, stage) = rig.staged().await;
    stage.happen(&admin).await;
    rig.clock.advance(jiff::SignedDuration::from_hours(2));
    rig.settle().await;
    assert!(!rig.world.mailer.sent().is_empty(), "somebody was told of what happened");

    let lines = rig.log.lines();
    let traces: BTreeSet<&str> = lines.iter().filter_map(|line| line["span"]["trace"].as_str()).collect();
    let whole = ["schedule-snapshots", "take-snapshot", "diff-snapshots", "send-digests"];
    let followed = traces.iter().filter(|trace| {
        let jobs = jobs_of(&lines, trace);
        whole.iter().all(|job| jobs.contains(*job))
    });
    assert!(followed.count() >= 1, "{lines:#?}");
    let works: Vec<&Value> = lines.iter().filter(|line| line["span"]["name"] == "message").collect();
    assert!(works.len() >= 4, "{lines:#?}");
    for line in works {
        let span = &line["span"];
        // Not `trace`: what a person of another story asked for past the API has none.
        for name in ["job", "tenant", "message", "request"] {
            assert!(span[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {line}");
        }
    }
}

#[tokio::test]
async fn a_whole_story_with_a_restore_and_failures_logs_no_secret_no_name_and_no_address() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    rig.snapshot().await;
    stage.happen(&admin).await;
    rig.clock.advance(jiff::SignedDuration::from_hours(2));
    rig.snapshot().await;
    let diff = rig.diff_rows(rig.tenant()).await.pop().unwrap();
    let restore = rig.ask_preview(&diff.id, Rig::everything()).await;
    rig.settle().await;
    rig.ask_run(&restore).await;
    rig.settle().await;
    let done = rig.restores().get(rig.tenant(), &restore.id).await.unwrap();
    assert_eq!(done.state, RestoreState::Done);
    // Something goes wrong, too: consent is taken back, and a message is none.
    rig.control.withdraw_consent(rig.tenant().as_str(), sim::READER_CLIENT_ID);
    rig.control.expire_tokens();
    rig.restart();
    rig.ask_snapshot(rig.tenant()).await;
    rig.settle().await;
    assert!(rig.log.lines().len() > 3);
    rig.note_names();
    assert!(rig.log.private_count() > 40);
    rig.log.assert_discreet();
}

#[tokio::test]
#[should_panic(expected = "logged, first in")]
async fn a_name_in_the_log_would_be_found() {
    let alone = Watch::begin();
    alone.is_private(["a name that nobody has"]);
    tracing::warn!(target: "engine", person = "a name that nobody has", "a mistake");
    alone.assert_discreet();
}
