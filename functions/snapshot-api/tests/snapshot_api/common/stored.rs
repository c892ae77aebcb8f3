//! What jobs would have stored: rows, a page of changes, a plan.

use super::{DIFF, DOWNLOAD, EARLIER_SNAPSHOT, PASS, PASS_STEP, Plane, RESTORE, SNAPSHOT};
use backup::archive::Archive;
use domain::restore::{Phase, RestorePlan, Step, WriteAction};
use domain::{OrganisationId, PartnerId};
use engine::ports::Clock;
use engine::records::{
    AccessPass, Approval, AskedWork, CredentialStatus, Diff, DiffCounts, Download, DownloadFormat,
    DownloadOf, DownloadPlace, JobState, Mark, MarkOf, Restore, RestoreState, RunCount, Side, SignedReceipt,
    Snapshot, Tenant, WorkSlots, delete,
};
use jiff::SignedDuration;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};
use std::sync::Arc;
use support::builders::{previewed_restore, queued_comparison};

const ULID: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

/// A change of a user's job title, as a comparison stores it.
pub fn change(key: &str, name: &str) -> Value {
    json!({
        "kind": "users", "key": key, "name": name, "what": "modified", "links": [], "consequences": 0,
        "privileged": false,
        "attributes": [{ "property": "jobTitle", "path": "jobTitle", "before": "Clerk", "after": "Boss" }],
    })
}

impl Plane {
    pub fn archive(&self) -> Arc<Archive> {
        let (vault, keys) = (self.world.vault.clone(), self.world.key_ring.clone());
        Arc::new(Archive::new(vault, keys, self.records.clone()))
    }

    pub(super) async fn store_everything(&self) {
        let snapshot = Snapshot::at(&self.tenant, &SNAPSHOT.parse().unwrap());
        self.edit(&snapshot, |row| {
            row.counts.insert("users".to_owned(), RunCount::default());
        })
        .await;
        self.store_tenant().await;
        self.store_comparison().await;
        self.store_restore().await;
        self.store_receipt().await;
        self.store_download().await;
    }

    async fn store_download(&self) {
        let now = self.world.clock.now();
        let snapshot = SNAPSHOT.parse().unwrap();
        let row = Download {
            id: DOWNLOAD.parse().unwrap(),
            tenant: self.tenant.clone(),
            of: DownloadOf::Snapshot { snapshot, kinds: vec![], key: None },
            format: DownloadFormat::Csv,
            requested_by: "hft_12345678".to_owned(),
            requested_at: now,
            touched_at: now,
            done_at: Some(now),
            state: JobState::Done,
            attempts: 1,
            in_vain: 0,
            upload: None,
            parts: vec![],
            columns: vec![],
            place: DownloadPlace::default(),
            records: 3,
            expected: Some(3),
            bytes: 300,
            error: None,
        };
        self.records.put_new(&row).await.unwrap();
    }

    /// Everything as it was: no snapshot is being taken, and the restore is in that state.
    pub async fn stands(&self, state: RestoreState) {
        let now = self.world.clock.now();
        self.edit(&Tenant::at(&self.tenant), |row| row.open_snapshot = None).await;
        for work in [AskedWork::Comparisons, AskedWork::Previews, AskedWork::Downloads] {
            if self.records.find(&WorkSlots::at(&self.tenant, work)).await.unwrap().is_some() {
                self.edit(&WorkSlots::at(&self.tenant, work), |row| row.open.clear()).await;
            }
        }
        let of = MarkOf::Expected { comparison: DIFF.parse().unwrap(), change: None };
        if self.records.find(&Mark::at(&self.tenant, &of.id())).await.unwrap().is_none() {
            self.mark(of).await;
        }
        let id = RESTORE.parse().unwrap();
        if let Some(approval) = self.records.find(&Approval::at(&self.tenant, &id)).await.unwrap() {
            self.records.write(vec![delete(&approval.value, approval.version)]).await.unwrap();
        }
        self.store_pass().await;
        self.edit(&Restore::at(&self.tenant, &id), |row| {
            (row.state, row.approved_by, row.run_by, row.cancelled_by) = (state, None, None, None);
            row.started_at = (state == RestoreState::Done).then_some(now);
        })
        .await;
    }

    /// Marks something, as if somebody had asked for it.
    pub async fn mark(&self, of: MarkOf) {
        let (tenant, at) = (self.tenant.clone(), self.world.clock.now());
        let by = "hft_12345678".to_owned();
        let mark = Mark { tenant, of, note: None, ticket: Some("4711".to_owned()), by, at };
        self.records.put_new(&mark).await.unwrap();
    }

    /// The pass that a step of the restore had made, and that nobody has read.
    pub async fn store_pass(&self) {
        let (restore, now) = (RESTORE.parse().unwrap(), self.world.clock.now());
        let plans = Archived::new(self.archive(), self.records.clone());
        let place = AccessPass::place(&restore, PASS_STEP);
        let pass = AccessPass {
            tenant: self.tenant.clone(),
            restore,
            number: PASS_STEP,
            user: "new-id".to_owned(),
            sealed: Some(plans.seal(&self.tenant, &place, PASS).await.unwrap()),
            starts_at: now,
            ends_at: now + SignedDuration::from_hours(1),
            is_usable_once: true,
            read_by: None,
            read_at: None,
        };
        let at = AccessPass::at(&self.tenant, &pass.restore, PASS_STEP);
        match self.records.find(&at).await.unwrap() {
            Some(found) => self.records.replace(&pass, found.version).await.unwrap(),
            None => self.records.put_new(&pass).await.unwrap(),
        }
    }

    async fn store_tenant(&self) {
        let now = self.world.clock.now();
        let row = Tenant {
            tenant: self.tenant.clone(),
            partner: PartnerId::from_ulid(ULID),
            organisation: OrganisationId::from_ulid(ULID),
            name: "Contoso".to_owned(),
            credentials: CredentialStatus::Connected,
            refused: None,
            not_protected: None,
            credentials_since: None,
            snapshots_per_day: 1,
            next_snapshot_at: None,
            open_snapshot: None,
            last_sealed: Some(SNAPSHOT.parse().unwrap()),
            untold_since: None,
            newest: None,
            last_full_at: None,
            connected_at: now,
            consented_at: None,
            has_parked: false,
        };
        self.records.put_new(&row).await.unwrap();
    }

    async fn store_comparison(&self) {
        self.store_changes(&[vec![change("u", "Ann")]]).await;
    }

    /// A comparison that is done, with those pages of changes.
    pub async fn store_changes(&self, pages: &[Vec<Value>]) {
        let now = self.world.clock.now();
        let archive = self.archive().open(&self.tenant).await.unwrap();
        for (page, changes) in pages.iter().enumerate() {
            let changes = Value::from(changes.clone()).to_string();
            archive.put_new(&format!("diffs/{DIFF}/{page:06}"), changes.as_bytes()).await.unwrap();
        }
        let modified = pages.iter().map(Vec::len).sum::<usize>();
        let row = Diff {
            state: JobState::Done,
            done_at: Some(now),
            attempts: 1,
            counts: DiffCounts { modified: modified.try_into().unwrap(), ..DiffCounts::default() },
            pages: pages.len().try_into().unwrap(),
            ..queued_comparison(
                &self.tenant,
                DIFF.parse().unwrap(),
                EARLIER_SNAPSHOT.parse().unwrap(),
                Side::Snapshot(SNAPSHOT.parse().unwrap()),
                now,
            )
        };
        self.records.put_new(&row).await.unwrap();
    }

    async fn store_restore(&self) {
        let now = self.world.clock.now();
        let id = RESTORE.parse().unwrap();
        let step = Step {
            number: 1,
            phase: Phase::Users,
            kind: support::kind("users").name.into(),
            key: "u".to_owned(),
            id: "u".to_owned(),
            name: Some("Ann".to_owned()),
            action: WriteAction::Undelete { new_name: None, without: vec![] },
            before: None,
            after: None,
            depends_on: Vec::new(),
            instead: None,
            warnings: Vec::new(),
        };
        let plan = RestorePlan { steps: vec![step], ..RestorePlan::default() };
        let plans = Archived::new(self.archive(), self.records.clone());
        plans.put_new_plan(&self.tenant, &id, &plan).await.unwrap();
        let row = Restore {
            requested_by: "hft_12345678".to_owned(),
            requested_for: "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok(),
            attempts: 1,
            ..previewed_restore(&self.tenant, id, SNAPSHOT.parse().unwrap(), now)
        };
        self.records.put_new(&row).await.unwrap();
    }

    /// A receipt of the restore, of which only the form is looked at.
    async fn store_receipt(&self) {
        let (tenant, restore) = (self.tenant.clone(), RESTORE.parse().unwrap());
        let receipt = SignedReceipt { tenant, restore, signed: "a.b.c".to_owned(), pages: Vec::new() };
        self.records.put_new(&receipt).await.unwrap();
    }
}
