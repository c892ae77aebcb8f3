//! Who made the changes of a comparison, as they are read: within bounds, and whatever became of the log.

use crate::chain::connected;
use crate::compared::run;
use crate::paged::Desk;
use crate::runs::{Block, apply};
use backup::archive::Archive;
use backup::commands::changes::AskedChanges;
use backup::commands::diffs::Diffs;
use backup::commands::who::{AuthoredPart, MOST_READS};
use domain::stored::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditCause, AuditHeld, Class, Manifest};
use domain::who::{AuditRecord, Finding};
use domain::{DiffId, Timestamp};
use engine::ports::{BlobName, Clock, Page};
use engine::records::Records;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use support::faulty::{FaultPlan, Faulty};

fn user(number: usize, title: &str) -> Value {
    json!({ "id": format!("u{number}"), "displayName": format!("u{number}"), "jobTitle": title })
}

/// A record of somebody who gave a user a title.
fn record(at: Timestamp, user: usize, step: usize, title: &str) -> Value {
    let titles = json!([title]).to_string();
    json!({ "id": format!("Directory_{user}_{step}"), "activityDateTime": at.to_string(),
        "activityDisplayName": "Update user", "result": "success",
        "initiatedBy": { "user": { "id": "ann", "userPrincipalName": "ann@x.example" }, "app": null },
        "targetResources": [{ "id": format!("u{user}"), "modifiedProperties": [
            { "displayName": "JobTitle", "oldValue": "[\"before\"]", "newValue": titles }] }] })
}

/// A comparison in which the titles of so many users differ, each with so many records.
struct Story {
    desk: Desk,
    after: Manifest,
    diff: DiffId,
    plan: Arc<FaultPlan>,
}

impl Story {
    async fn new(users: usize, records: usize) -> Self {
        let desk = Desk::new(16, SignedDuration::ZERO).await;
        let page = |title: &str| (0..users).map(|number| user(number, title)).collect::<Vec<_>>();
        desk.directory.page("users", "listed", page("before"), None);
        let before = desk.read(None).await;
        let begun = desk.world.clock.now();
        desk.world.clock.advance(SignedDuration::from_hours(10));
        desk.directory.page("users", "listed", page("after"), None);
        let mut after = desk.read(None).await;
        let (mut log, mut objects): (Block, Block) = (Vec::new(), Vec::new());
        for step in 1..=records {
            for number in 0..users {
                let at = begun + SignedDuration::from_secs(i64::try_from(step * 60 + number).unwrap());
                let title = if step == records { "after".to_owned() } else { format!("step {step}") };
                let record = record(at, number, step, &title);
                let read = AuditRecord::read(&record).unwrap();
                log.push((read.key().into_bytes(), Some(record.to_string().into_bytes())));
                for id in read.named_ids() {
                    objects.push((format!("{id}/{}", read.key()).into_bytes(), Some(Vec::new())));
                }
            }
        }
        after.runs.insert(AUDIT_RUN.to_owned(), apply(&desk.archive, None, &[log]).await);
        after.runs.insert(AUDIT_OBJECTS_RUN.to_owned(), apply(&desk.archive, None, &[objects]).await);
        let until = Some(desk.world.clock.now());
        after.audit = Some(AuditHeld { from: Some(before.started_at), until, ..AuditHeld::default() });
        let (_, row) = run(&desk, &before, &after).await;
        let engine::records::Side::Snapshot(last) = &row.after else { panic!("{row:?}") };
        let tenant = connected(desk.archive.tenant(), last, desk.world.clock.now());
        let records = Records::new(desk.world.catalog.clone(), desk.world.clock.clone());
        records.put_new(&tenant).await.unwrap();
        Self { desk, after, diff: row.id, plan: FaultPlan::new() }
    }

    async fn authored(&self, actor: Option<&str>) -> AuthoredPart {
        let world = &self.desk.world;
        let records = Records::new(world.catalog.clone(), world.clock.clone());
        let vault = Faulty::new(world.vault.clone(), &self.plan);
        let diffs = Diffs {
            archive: Arc::new(Archive::new(vault, world.key_ring.clone(), records.clone())),
            records,
            queue: world.queue.clone(),
            clock: world.clock.clone(),
            ids: world.ids.clone(),
        };
        let page = Page { after: None, limit: 200, descending: false };
        let asked = AskedChanges::default();
        diffs.authored(self.desk.archive.tenant(), &self.diff, &asked, page, actor).await.unwrap()
    }

    fn remove(&self, name: String) {
        assert!(self.desk.world.vault.remove(self.desk.archive.tenant(), &BlobName::new(name).unwrap()));
    }
}

fn answers(part: &AuthoredPart) -> Vec<(Finding, Option<AuditCause>)> {
    let told = part.items.iter().map(|item| &item.who.as_ref().unwrap().told);
    told.map(|told| (told.answer, told.cause)).collect()
}

#[tokio::test]
async fn the_authors_of_one_page_cost_so_many_reads_and_what_is_beyond_is_said() {
    let story = Story::new(40, 100).await;
    let part = story.authored(None).await;
    let reads = u64::try_from(story.plan.log().count("vault", "find")).unwrap();
    // Those that are looked up at the same moment end what they have begun.
    assert!(reads < MOST_READS + 100, "{reads}");
    let all = answers(&part);
    let beyond = all.iter().filter(|told| **told == (Finding::NotRead, Some(AuditCause::TooMany))).count();
    let exact = all.iter().filter(|told| **told == (Finding::Exact, None)).count();
    assert!(all.len() == 40 && exact + beyond == 40 && beyond > 0, "{exact} {beyond}");
}

#[tokio::test]
async fn each_change_of_a_small_page_has_its_author() {
    let story = Story::new(3, 4).await;
    assert_eq!(answers(&story.authored(None).await), [(Finding::Exact, None); 3]);
    let theirs = story.authored(Some("ANN")).await;
    assert_eq!((theirs.items.len(), theirs.not_known), (3, 0));
    assert_eq!(story.authored(Some("eve")).await.not_known, 0);
}

#[tokio::test]
async fn a_log_that_is_damaged_hides_no_change_and_whoever_is_looked_for_is_told_of_what_is_not_known() {
    let damaged = (Finding::NotRead, Some(AuditCause::Damaged));
    let story = Story::new(3, 4).await;
    let run = &story.after.runs[AUDIT_RUN];
    let index = story.desk.archive.get_index(&run.index).await.unwrap();
    for leaf in &index.leaves {
        story.remove(leaf.hash.blob_name(Class::Leaf));
    }
    assert_eq!(answers(&story.authored(None).await), [damaged; 3]);
    let theirs = story.authored(Some("ann")).await;
    assert_eq!((theirs.items.len(), theirs.not_known), (0, 3));
    story.remove(run.index.blob_name(Class::Index));
    assert_eq!(answers(&story.authored(None).await), [damaged; 3]);
    assert_eq!(story.authored(Some("ann")).await.not_known, 3);
}
