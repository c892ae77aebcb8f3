//! Commands over one snapshot, one comparison and one restore of one tenant.

use super::{DIFF, RESTORE, SNAPSHOT};
use async_trait::async_trait;
use backup::archive::Hit;
use backup::commands::search::{Found, Searched};
use domain::changes::Change;
use domain::kinds::Kind;
use domain::restore::{Impossible, Selection};
use domain::{DiffId, Error, RestoreId, Result, SnapshotId, TenantId, Timestamp};
use engine::Listed;
use engine::ports::{Page, Spent};
use engine::records::{
    Diff, DiffCounts, JobState, Reason, Restore, RestoreCounts, RestoreState, RunCount, Side, Snapshot,
};
use serde_json::{Map, json};
use snapshot_api::ports::{
    NewComparison, NewRestore, ObjectDetail, ObjectLink, ObjectQuery, ObjectSummary, PlanPage,
    SnapshotCommands,
};
use std::collections::BTreeMap;
use std::sync::Mutex;

pub struct Kept {
    tenant: TenantId,
    now: Timestamp,
    /// What was started.
    pub started: Mutex<Vec<String>>,
    pub state: Mutex<RestoreState>,
}

impl Kept {
    pub fn new(tenant: TenantId, now: Timestamp) -> Self {
        Self { tenant, now, started: Mutex::default(), state: Mutex::new(RestoreState::Previewed) }
    }
    fn check(&self, tenant: &TenantId, fine: bool) -> Result<()> {
        if *tenant == self.tenant && fine { Ok(()) } else { Err(Error::not_found("there is no such thing")) }
    }
    fn start(&self, what: impl Into<String>) {
        self.started.lock().unwrap().push(what.into());
    }
    fn snapshot(&self) -> Snapshot {
        Snapshot {
            id: SNAPSHOT.parse().unwrap(),
            tenant: self.tenant.clone(),
            reason: Reason::Person,
            state: JobState::Queued,
            mode: None,
            base: None,
            requested_at: self.now,
            touched_at: self.now,
            sealed_at: None,
            attempts: 0,
            counts: BTreeMap::from([("users".to_owned(), RunCount::default())]),
            not_covered: Vec::new(),
            spent: Spent::default(),
            stored_bytes: 0,
            stored_blobs: 0,
            error: None,
            course: engine::records::Course::default(),
        }
    }
    fn diff(&self, new: NewComparison) -> Diff {
        Diff {
            id: DIFF.parse().unwrap(),
            tenant: self.tenant.clone(),
            before: new.before,
            after: new.after,
            kinds: new.kinds.iter().map(|k| k.name.into()).collect(),
            object: new.object,
            announce: false,
            live_snapshot: None,
            state: JobState::Queued,
            requested_at: self.now,
            touched_at: self.now,
            done_at: None,
            attempts: 0,
            counts: DiffCounts::default(),
            pages: 0,
            progress: None,
            not_compared: Vec::new(),
            error: None,
            course: engine::records::Course::default(),
        }
    }
    fn restore(&self, by: &str) -> Restore {
        let state = *self.state.lock().unwrap();
        Restore {
            id: RESTORE.parse().unwrap(),
            tenant: self.tenant.clone(),
            snapshot: SNAPSHOT.parse().unwrap(),
            selection: Selection::default(),
            diff: None,
            requested_by: by.to_owned(),
            approved_by: None,
            state,
            requested_at: self.now,
            previewed_at: None,
            queued_at: None,
            started_at: (state == RestoreState::Done).then_some(self.now),
            done_at: None,
            touched_at: self.now,
            attempts: 0,
            counts: RestoreCounts::default(),
            spent: Spent::default(),
            not_permitted: Vec::new(),
            error: None,
            course: engine::records::Course::default(),
        }
    }
}

#[async_trait]
impl SnapshotCommands for Kept {
    async fn take_snapshot(&self, tenant: &TenantId) -> Result<Snapshot> {
        self.check(tenant, true)?;
        self.start("snapshot");
        Ok(self.snapshot())
    }
    async fn list_snapshots(&self, tenant: &TenantId, page: Page) -> Result<Listed<Snapshot>> {
        self.check(tenant, true)?;
        Ok(Listed { items: vec![self.snapshot()], next: page.after })
    }
    async fn get_snapshot(&self, tenant: &TenantId, id: &SnapshotId) -> Result<Snapshot> {
        self.check(tenant, id.as_str() == SNAPSHOT)?;
        Ok(self.snapshot())
    }
    async fn list_objects(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        query: ObjectQuery,
        page: Page,
    ) -> Result<Found> {
        self.check(tenant, id.as_str() == SNAPSHOT)?;
        let kind = query.kind.unwrap_or(support::kind("users")).name;
        let item = Hit { kind, key: format!("{:?}", page.limit), name: query.name };
        let searched = Searched { snapshot: id.clone(), kinds: vec![kind], not_held: Vec::new() };
        Ok(Found { items: vec![item], next: None, complete: true, searched })
    }
    async fn get_object(
        &self,
        tenant: &TenantId,
        id: &SnapshotId,
        kind: &'static Kind,
        key: &str,
    ) -> Result<ObjectDetail> {
        self.check(tenant, id.as_str() == SNAPSHOT)?;
        let link = |outgoing, other: &str| ObjectLink {
            link: "groups.members",
            outgoing,
            other: other.to_owned(),
            name: None,
            value: Map::new(),
        };
        Ok(ObjectDetail {
            summary: ObjectSummary { kind: kind.name, key: key.to_owned(), name: Some("Ann".to_owned()) },
            object: json!({ "id": key }).as_object().unwrap().clone(),
            links: vec![link(true, "u"), link(false, "g")],
        })
    }
    async fn start_comparison(&self, tenant: &TenantId, new: NewComparison) -> Result<Diff> {
        self.check(tenant, new.before.as_str() == SNAPSHOT)?;
        self.start("comparison");
        Ok(self.diff(new))
    }
    async fn get_comparison(&self, tenant: &TenantId, id: &DiffId) -> Result<Diff> {
        self.check(tenant, id.as_str() == DIFF)?;
        let before = SNAPSHOT.parse().unwrap();
        Ok(self.diff(NewComparison { before, after: Side::Live, kinds: Vec::new(), object: None }))
    }
    async fn list_changes(&self, tenant: &TenantId, id: &DiffId, _: Page) -> Result<Listed<Change>> {
        self.check(tenant, id.as_str() == DIFF)?;
        Ok(Listed { items: Vec::new(), next: None })
    }
    async fn preview_restore(&self, tenant: &TenantId, new: NewRestore) -> Result<Restore> {
        self.check(tenant, true)?;
        self.start(format!("{:?}", new.chosen));
        Ok(self.restore(&new.requested_by))
    }
    async fn get_restore(&self, tenant: &TenantId, id: &RestoreId) -> Result<Restore> {
        self.check(tenant, id.as_str() == RESTORE)?;
        Ok(self.restore("someone"))
    }
    async fn read_plan(&self, tenant: &TenantId, id: &RestoreId, _: Page) -> Result<PlanPage> {
        self.check(tenant, id.as_str() == RESTORE)?;
        let impossible: Vec<Impossible> = Vec::new();
        Ok(PlanPage { steps: Listed { items: Vec::new(), next: None }, remarks: Vec::new(), impossible })
    }
    async fn run_restore(&self, tenant: &TenantId, id: &RestoreId, by: &str) -> Result<Restore> {
        self.check(tenant, id.as_str() == RESTORE)?;
        self.start(format!("run by {by}"));
        Ok(self.restore(by))
    }
}
