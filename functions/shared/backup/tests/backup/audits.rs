//! Microsoft's log of changes, read into its runs: in closed times, with what is late, lost or too much.

use crate::paged::{Desk, manifest};
use async_trait::async_trait;
use backup::archive::{Archive, TenantArchive};
use backup::reading::Reading;
use bytes::Bytes;
use domain::kinds::{Licence, Source};
use domain::stored::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditCause, Manifest};
use domain::who::PERMISSION;
use domain::{Error, Result, TenantId, Timestamp};
use engine::ports::{
    AuditPage, AuditWindow, BlobName, Clock, Cursor, DirectoryPages, PageEnd, Put, ReadPage, Spent, Vault,
};
use engine::records::{AuditReading, ReadingState, Records};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use support::memory::{ManualClock, World};

/// A directory without objects that has a log.
struct Logged {
    /// Each record's time, in the order of the log.
    records: Mutex<Vec<Value>>,
    page: usize,
    asked: Mutex<Vec<AuditWindow>>,
    /// What the next pages fail with.
    failures: Mutex<Vec<Error>>,
    clock: Arc<ManualClock>,
    a_page_takes: SignedDuration,
    /// Whether it does not say which licences there are.
    hides_licences: Mutex<bool>,
}

/// A vault that does not answer so many calls.
struct Fickle {
    world: World,
    failures: AtomicU32,
}

impl Fickle {
    fn check(&self) -> Result<()> {
        let less = |left: u32| left.checked_sub(1);
        let is_down = self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok();
        if is_down { Err(Error::unavailable("the vault does not answer")) } else { Ok(()) }
    }
}

#[async_trait]
impl Vault for Fickle {
    async fn put_new(&self, tenant: &TenantId, name: &BlobName, bytes: Bytes) -> Result<Put> {
        self.check()?;
        self.world.vault.put_new(tenant, name, bytes).await
    }
    async fn find(&self, tenant: &TenantId, name: &BlobName) -> Result<Option<Bytes>> {
        self.check()?;
        self.world.vault.find(tenant, name).await
    }
    async fn list(
        &self,
        tenant: &TenantId,
        prefix: &str,
        after: Option<&BlobName>,
        limit: usize,
    ) -> Result<Vec<BlobName>> {
        self.world.vault.list(tenant, prefix, after, limit).await
    }
}

#[async_trait]
impl DirectoryPages for Logged {
    async fn read_page(
        &self,
        _: &TenantId,
        source: &'static Source,
        cursor: &Cursor,
        _: &[&str],
    ) -> Result<ReadPage> {
        let is_round = source.is_delta() && !matches!(cursor, Cursor::Listed | Cursor::Bin);
        let end = PageEnd::Done(is_round.then(|| "later".to_owned()));
        Ok(ReadPage { items: vec![], unreadable: vec![], end, left_out: vec![] })
    }
    async fn has_licence(&self, _: &TenantId, _: &'static Licence) -> Result<Option<bool>> {
        if *self.hides_licences.lock().unwrap() { Err(Error::unavailable("not now")) } else { Ok(Some(true)) }
    }
    async fn read_audits(&self, _: &TenantId, window: &AuditWindow, next: Option<&str>) -> Result<AuditPage> {
        self.clock.advance(self.a_page_takes);
        self.asked.lock().unwrap().push(*window);
        if let Some(error) = self.failures.lock().unwrap().pop() {
            return Err(error);
        }
        let at = |record: &Value| record["activityDateTime"].as_str().unwrap().parse::<Timestamp>().unwrap();
        let all = self.records.lock().unwrap();
        let found: Vec<&Value> = all
            .iter()
            .filter(|r| at(r) >= window.from && window.until.is_none_or(|until| at(r) <= until))
            .collect();
        let start: usize = next.map_or(0, |next| next.parse().unwrap());
        let end = (start + self.page).min(found.len());
        let records = found[start..end].iter().map(|r| (*r).clone()).collect();
        Ok(AuditPage { records, next: (end < found.len()).then(|| end.to_string()) })
    }
    fn take_spent(&self, _: &TenantId) -> Spent {
        Spent::default()
    }
}

struct Story {
    desk: Desk,
    log: Arc<Logged>,
    vault: Arc<Fickle>,
    archive: TenantArchive,
}

impl Story {
    async fn new(page: usize, a_page_takes: i64) -> Self {
        let desk = Desk::new(4, SignedDuration::ZERO).await;
        let log = Arc::new(Logged {
            records: Mutex::default(),
            page,
            asked: Mutex::default(),
            failures: Mutex::default(),
            clock: desk.world.clock.clone(),
            a_page_takes: SignedDuration::from_secs(a_page_takes),
            hides_licences: Mutex::new(false),
        });
        let vault = Arc::new(Fickle { world: desk.world.clone(), failures: AtomicU32::new(0) });
        let records = Records::new(desk.world.catalog.clone(), desk.world.clock.clone());
        let archive = Archive::new(vault.clone(), desk.world.key_ring.clone(), records);
        let archive = archive.open(desk.archive.tenant()).await.unwrap();
        Self { desk, log, vault, archive }
    }

    /// From then on so many calls to the vault fail.
    fn fail(&self, calls: u32) {
        self.vault.failures.store(calls, Ordering::Relaxed);
    }

    fn ago(&self, minutes: i64) -> Timestamp {
        self.desk.world.clock.now() - SignedDuration::from_mins(minutes)
    }

    /// A record of so many minutes ago about that user.
    fn record(&self, id: &str, minutes: i64) -> Value {
        json!({ "id": id, "activityDateTime": self.ago(minutes).to_string(), "activityDisplayName": "Update user",
            "targetResources": [{ "id": "U1" }], "new": { "field": true } })
    }

    fn write(&self, records: impl IntoIterator<Item = Value>) {
        self.log.records.lock().unwrap().extend(records);
    }

    /// Reads on in a call of so many seconds; says whether that was all.
    async fn go_on(&self, state: &mut ReadingState, base: Option<&Manifest>, seconds: i64) -> bool {
        let clock = self.desk.world.clock.clone();
        let deadline = clock.now() + SignedDuration::from_secs(seconds);
        let granted = [PERMISSION.to_owned()];
        let reading = Reading::new(self.log.clone(), &self.archive, clock, base.cloned(), &granted, deadline);
        reading.run_with_log(state).await.unwrap()
    }

    async fn read(&self, base: Option<&Manifest>) -> (Manifest, AuditReading) {
        let mut state = self.desk.begun();
        assert!(self.go_on(&mut state, base, 900).await);
        (with_log(&state), state.audit.unwrap())
    }

    /// The ids of the records that a run holds.
    async fn held(&self, manifest: &Manifest) -> Vec<String> {
        let run = self.desk.archive.open_run(manifest.runs.get(AUDIT_RUN)).await.unwrap();
        let mut reader = run.scan(&[]).await.unwrap();
        let mut ids = Vec::new();
        while let Some((_, value)) = reader.next().await.unwrap() {
            let record: Value = serde_json::from_slice(&value).unwrap();
            assert_eq!(record["new"], json!({ "field": true }), "what is not known is kept");
            ids.push(record["id"].as_str().unwrap().to_owned());
        }
        ids
    }
}

fn with_log(state: &ReadingState) -> Manifest {
    let log = state.audit.clone().unwrap();
    let mut manifest = manifest(state);
    manifest.runs.extend(log.runs);
    manifest.audit = Some(log.held);
    manifest
}

#[tokio::test]
async fn the_log_is_held_until_a_quarter_of_an_hour_ago_and_read_on_with_an_overlap() {
    let story = Story::new(100, 0).await;
    story.write([story.record("a", 300), story.record("b", 5)]);
    let (first, log) = story.read(None).await;
    assert_eq!(log.held.until, Some(story.ago(15)));
    assert_eq!(story.held(&first).await, ["a", "b"]);
    assert_eq!(log.held.from, Some(story.ago(30 * 24 * 60 - 60)));
    // One that is late for what is held already, one of before the overlap that is lost, one that is new.
    story.desk.world.clock.advance(SignedDuration::from_mins(60));
    story.write([story.record("late", 100), story.record("lost", 600), story.record("c", 30)]);
    let (second, _) = story.read(Some(&first)).await;
    assert_eq!(story.held(&second).await, ["a", "late", "b", "c"]);
    let objects = &second.runs[AUDIT_OBJECTS_RUN];
    assert_eq!(objects.records, 4);
    // Nothing new: nothing is written.
    let (third, _) = story.read(Some(&second)).await;
    assert_eq!(third.runs[AUDIT_RUN], second.runs[AUDIT_RUN]);
}

#[tokio::test]
async fn a_log_of_many_pages_is_read_in_a_closed_time_and_goes_on_in_another_call() {
    let story = Story::new(4, 20).await;
    let minutes = (0..30).map(|n| 20 + n * 10);
    let all: Vec<Value> = minutes.map(|m| story.record(&format!("r{m:03}"), m)).collect();
    story.write(all.into_iter().rev());
    let mut state = story.desk.begun();
    let mut calls = 1;
    while !story.go_on(&mut state, None, 60).await {
        calls += 1;
        assert!(calls < 50);
    }
    assert!(calls > 1, "{calls}");
    assert_eq!(story.held(&with_log(&state)).await.len(), 30);
    let asked = story.log.asked.lock().unwrap();
    assert_eq!(asked[0].until, None);
    assert!(asked[1..].iter().all(|window| window.until.is_some()));
}

#[tokio::test]
async fn more_than_a_snapshot_reads_is_said_and_the_next_ones_read_on_without_a_hole() {
    let story = Story::new(1, 0).await;
    let all: Vec<Value> = (0..150).map(|n| story.record(&format!("r{n}"), 20 + n)).collect();
    story.write(all);
    let (mut manifest, log) = story.read(None).await;
    assert_eq!(log.held.cause, Some(AuditCause::TooMany));
    assert!(log.held.until < Some(story.ago(15)));
    let mut snapshots = 1;
    while manifest.audit.as_ref().unwrap().cause.is_some() {
        manifest = story.read(Some(&manifest)).await.0;
        snapshots += 1;
        assert!(snapshots < 40, "{:?}", manifest.audit);
    }
    assert_eq!(story.held(&manifest).await.len(), 150);
}

#[tokio::test]
async fn a_lost_page_begins_the_time_again_and_an_answer_that_does_not_come_leaves_what_is_held() {
    let story = Story::new(2, 0).await;
    let all: Vec<Value> = (0..9).map(|n| story.record(&format!("r{n}"), 20 + n)).collect();
    story.write(all);
    story.log.failures.lock().unwrap().push(Error::not_found("lost"));
    let (first, log) = story.read(None).await;
    assert_eq!((log.held.cause, story.held(&first).await.len()), (None, 9));
    story.desk.world.clock.advance(SignedDuration::from_mins(60));
    story.log.failures.lock().unwrap().push(Error::unavailable("not now"));
    let (second, log) = story.read(Some(&first)).await;
    let held = first.audit.clone().unwrap();
    assert_eq!((log.held.cause, log.held.until), (Some(AuditCause::Unavailable), held.until));
    assert_eq!(second.runs[AUDIT_RUN], first.runs[AUDIT_RUN]);
}

#[tokio::test]
async fn without_the_permission_the_runs_of_the_base_are_named_and_nothing_is_asked() {
    let story = Story::new(2, 0).await;
    story.write([story.record("a", 30)]);
    let (first, _) = story.read(None).await;
    story.log.asked.lock().unwrap().clear();
    let mut state = story.desk.begun();
    let clock = story.desk.world.clock.clone();
    let deadline = clock.now() + SignedDuration::from_mins(10);
    let (log, base) = (story.log.clone(), Some(first.clone()));
    let reading = Reading::new(log, &story.desk.archive, clock, base, &[], deadline);
    assert!(reading.run_with_log(&mut state).await.unwrap());
    let second = with_log(&state);
    assert_eq!(story.log.asked.lock().unwrap().len(), 0);
    assert_eq!(second.runs[AUDIT_RUN], first.runs[AUDIT_RUN]);
    let held = second.audit.unwrap();
    assert_eq!((held.cause, held.from), (Some(AuditCause::NotGranted), first.audit.unwrap().from));
}

/// Sixty records, of which a part is read and parked, and its time counted, in a call that is over.
async fn half_read() -> (Story, ReadingState) {
    let story = Story::new(4, 20).await;
    let minutes = (0..60).map(|n| 20 + n * 10);
    story.write(minutes.map(|m| story.record(&format!("r{m:03}"), m)).collect::<Vec<_>>().into_iter().rev());
    let mut state = story.desk.begun();
    loop {
        assert!(!story.go_on(&mut state, None, 60).await);
        let held = &state.audit.as_ref().unwrap().held;
        if held.until > held.from {
            return (story, state);
        }
    }
}

#[tokio::test]
async fn what_was_read_in_an_earlier_call_and_cannot_be_stored_is_not_held_and_read_by_the_next_snapshot() {
    let (story, mut state) = half_read().await;
    story.fail(u32::MAX);
    let mut calls = 0;
    while !story.go_on(&mut state, None, 900).await {
        calls += 1;
        assert!(calls < 10);
    }
    let held = state.audit.clone().unwrap().held;
    assert_eq!((held.cause, held.from, held.until), (Some(AuditCause::Unavailable), None, None));
    story.fail(0);
    let (base, mut next) = (with_log(&state), story.desk.begun());
    while !story.go_on(&mut next, Some(&base), 900).await {
        calls += 1;
        assert!(calls < 10);
    }
    assert_eq!(story.held(&with_log(&next)).await.len(), 60);
}

#[tokio::test]
async fn a_vault_that_does_not_answer_once_loses_no_record_and_no_time() {
    let (story, mut state) = half_read().await;
    story.fail(1);
    let mut calls = 0;
    while !story.go_on(&mut state, None, 900).await {
        calls += 1;
        assert!(calls < 10);
    }
    assert_eq!(state.audit.as_ref().unwrap().held.cause, None);
    assert_eq!(story.held(&with_log(&state)).await.len(), 60);
}

#[tokio::test]
async fn a_large_log_is_left_in_layers_where_there_is_no_time_to_write_it_anew() {
    let story = Story::new(100, 0).await;
    story.write([story.record("a", 300)]);
    let (mut base, _) = story.read(None).await;
    story.desk.world.clock.advance(SignedDuration::from_mins(60));
    // So much is written anew in half an hour, and not in the quarter that a call has.
    let run = base.runs.get_mut(AUDIT_RUN).unwrap();
    run.plain_bytes = 8 << 30;
    story.write([story.record("b", 30)]);
    let (second, _) = story.read(Some(&base)).await;
    let mut large = second.clone();
    let run = large.runs.get_mut(AUDIT_RUN).unwrap();
    assert_eq!(run.layers.len(), 1);
    run.layers[0].plain_bytes += 5 << 30;
    run.plain_bytes += 5 << 30;
    story.desk.world.clock.advance(SignedDuration::from_mins(60));
    story.write([story.record("c", 30)]);
    let (third, log) = story.read(Some(&large)).await;
    assert_eq!(third.runs[AUDIT_RUN].layers.len(), 2, "it was written anew");
    assert_eq!((log.held.cause, story.held(&third).await.len()), (None, 3));
}

#[tokio::test]
async fn a_merge_that_the_time_does_not_do_for_goes_on_in_another_call() {
    let story = Story::new(100, 20).await;
    story.write((0..200).map(|n| story.record(&format!("r{n:03}"), 20 + n)).collect::<Vec<_>>());
    let mut state = story.desk.begun();
    let mut calls = 0;
    // The third page ends when the time is over, and is the last.
    assert!(!story.go_on(&mut state, None, 60).await);
    while !story.go_on(&mut state, None, 60).await {
        calls += 1;
        assert!(calls < 10);
    }
    assert_eq!(story.log.asked.lock().unwrap().len(), 3);
    assert_eq!(story.held(&with_log(&state)).await.len(), 200);
    assert_eq!(with_log(&state).runs[AUDIT_OBJECTS_RUN].records, 200);
}

#[tokio::test]
async fn where_it_is_not_answered_how_long_microsoft_keeps_the_log_nothing_is_given_up_for_ever() {
    let story = Story::new(100, 0).await;
    story.write([story.record("a", 300)]);
    let (first, log) = story.read(None).await;
    let until = log.held.until;
    story.write([story.record("b", -60)]);
    story.desk.world.clock.advance(SignedDuration::from_hours(20 * 24));
    *story.log.hides_licences.lock().unwrap() = true;
    let (second, log) = story.read(Some(&first)).await;
    let held = &log.held;
    assert_eq!((held.cause, held.until, held.gaps.len()), (Some(AuditCause::Unavailable), until, 0));
    *story.log.hides_licences.lock().unwrap() = false;
    let (third, log) = story.read(Some(&second)).await;
    assert_eq!((log.held.cause, log.held.gaps.len()), (None, 0));
    assert_eq!(story.held(&third).await, ["a", "b"]);
}
