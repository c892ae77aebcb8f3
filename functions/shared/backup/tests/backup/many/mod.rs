//! Many tenants of one partner, each with two sealed snapshots and the comparison that follows the later one.
#![allow(dead_code, reason = "shared with the tests of snapshot-api; each crate uses a part of it")]

use super::shelf::run;
use backup::archive::Archive;
use backup::commands::diffs::Diffs;
use domain::stored::{AUDIT_OBJECTS_RUN, AUDIT_RUN, AuditHeld, Manifest, RunRef};
use domain::{DiffId, OrganisationId, PartnerId, SnapshotId, TenantId, Timestamp};
use engine::ports::{Clock, KeyRing};
use engine::records::{CredentialStatus, Diff, JobState, Newest, Records, Side, Snapshot, StoredKey, Tenant};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::builders::{queued_comparison, sealed_snapshot};
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Sealed two days ago, and an hour ago.
pub const EARLIER: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
pub const LATER: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";

pub struct Many {
    pub world: World,
    pub faults: Arc<FaultPlan>,
    pub records: Records,
    archive: Arc<Archive>,
}

pub fn organisation(n: u32) -> OrganisationId {
    OrganisationId::from_ulid(&format!("01JAAAAAAAAAAAAAAAAA{n:06}"))
}

pub fn tenant(n: u32) -> TenantId {
    format!("a1b2c3d4-0000-1111-2222-{n:012}").parse().unwrap()
}

/// That somebody got a role.
pub fn given(principal: &str, role: &str) -> Value {
    json!({ "kind": "admins", "key": format!("{principal}|{role}|/|"), "name": format!("{principal}: Role"),
        "what": "created", "attributes": [], "links": [], "consequences": 0, "privileged": true, "weight": 90 })
}

/// That a user's job title differs.
pub fn titled(user: &str, after: &str) -> Value {
    json!({ "kind": "users", "key": user, "name": user, "what": "modified", "links": [], "consequences": 0,
        "privileged": false, "weight": 10,
        "attributes": [{ "property": "jobTitle", "path": "jobTitle", "before": "Clerk", "after": after }] })
}

impl Many {
    pub fn new() -> Self {
        let (world, faults) = (World::new(11), FaultPlan::new());
        let records = Records::new(Faulty::new(world.catalog.clone(), &faults), world.clock.clone());
        let vault = Faulty::new(world.vault.clone(), &faults);
        let archive = Arc::new(Archive::new(vault, world.key_ring.clone(), records.clone()));
        Self { world, faults, records, archive }
    }

    pub fn ago(&self, hours: i64) -> Timestamp {
        self.world.clock.now() - SignedDuration::from_hours(hours)
    }

    pub fn diffs(&self) -> Diffs {
        let World { queue, clock, ids, .. } = &self.world;
        let (archive, records) = (self.archive.clone(), self.records.clone());
        Diffs { archive, records, queue: queue.clone(), clock: clock.clone(), ids: ids.clone() }
    }

    /// A tenant whose comparison found those pages of changes; `row` is stored after it was altered.
    pub async fn tenant(&self, n: u32, pages: &[Vec<Value>], alter: impl FnOnce(&mut Diff)) {
        let (tenant, now) = (tenant(n), self.world.clock.now());
        let earlier = SnapshotId::from_ulid(EARLIER);
        let later = SnapshotId::from_ulid(LATER);
        self.records.put_new(&self.row(n, &later, self.ago(1))).await.unwrap();
        for (id, at) in [(&earlier, self.ago(48)), (&later, self.ago(1))] {
            let row = Snapshot { sealed_at: Some(at), ..sealed_snapshot(&tenant, id.clone(), at) };
            self.records.put_new(&row).await.unwrap();
        }
        let id = DiffId::from_ulid(LATER);
        let mut row = Diff {
            announce: true,
            state: JobState::Done,
            done_at: Some(now),
            attempts: 1,
            pages: u32::try_from(pages.len()).unwrap(),
            ..queued_comparison(&tenant, id, earlier, Side::Snapshot(later), now)
        };
        for change in pages.iter().flatten() {
            let change: domain::changes::Change = serde_json::from_value(change.clone()).unwrap();
            let kind = change.kind.to_string();
            row.counts.count(&change);
            row.by_kind.entry(kind.clone()).or_default().count(&change);
            let heaviest = row.heaviest.entry(kind).or_default();
            *heaviest = (*heaviest).max(change.weight());
        }
        alter(&mut row);
        self.records.put_new(&row).await.unwrap();
    }

    fn row(&self, n: u32, newest: &SnapshotId, sealed_at: Timestamp) -> Tenant {
        Tenant {
            tenant: tenant(n),
            partner: PartnerId::from_ulid(EARLIER),
            organisation: organisation(n),
            name: format!("Customer {n}"),
            credentials: CredentialStatus::Connected,
            refused: None,
            not_protected: None,
            credentials_since: None,
            snapshots_per_day: 1,
            next_snapshot_at: None,
            open_snapshot: None,
            last_sealed: Some(newest.clone()),
            untold_since: None,
            newest: Some(Newest::of(sealed_at, &[], Vec::new(), None)),
            last_full_at: None,
            connected_at: self.ago(100),
            consented_at: None,
            has_parked: false,
        }
    }

    /// Stores what the tenant's vault has of that comparison: manifests, the log of who did it, and the pages.
    pub async fn store(&self, n: u32, pages: &[Vec<Value>], actor: &str) {
        let tenant = tenant(n);
        let (_, wrapped) = self.world.key_ring.generate(&tenant).await.unwrap();
        let key = StoredKey {
            tenant: tenant.clone(),
            organisation: organisation(n),
            wrapped,
            created_at: self.ago(100),
        };
        self.records.put_new(&key).await.unwrap();
        let archive = self.archive.open(&tenant).await.unwrap();
        for (number, page) in pages.iter().enumerate() {
            let bytes = serde_json::to_vec(page).unwrap();
            let name = format!("diffs/{}/{number:06}", DiffId::from_ulid(LATER));
            archive.put_new(&name, &bytes).await.unwrap();
        }
        let at = format!("{:.9}", self.ago(24));
        let record = json!({ "id": "r1", "activityDateTime": at, "activityDisplayName": "Update user",
            "loggedByService": "Core Directory", "result": "success",
            "initiatedBy": { "user": { "id": actor, "userPrincipalName": format!("{actor}@x.example") }, "app": null },
            "targetResources": [{ "id": "u1", "modifiedProperties": [
                { "displayName": "JobTitle", "oldValue": "[\"Clerk\"]", "newValue": "[\"Boss\"]" },
                { "displayName": "Included Updated Properties", "oldValue": null, "newValue": "\"JobTitle\"" }] }] });
        let record = [(format!("{at}/r1").into_bytes(), record.to_string().into_bytes())];
        let named = [(format!("u1/{at}/r1").into_bytes(), Vec::new())];
        let runs = BTreeMap::from([
            (AUDIT_RUN.to_owned(), run(&archive, record.into()).await),
            (AUDIT_OBJECTS_RUN.to_owned(), run(&archive, named.into()).await),
        ]);
        for (id, at) in [(EARLIER, self.ago(48)), (LATER, self.ago(1))] {
            let manifest = self.manifest(&tenant, SnapshotId::from_ulid(id), at, runs.clone());
            let name = Manifest::blob_name(&manifest.snapshot);
            archive.put_new(&name, &manifest.to_bytes().unwrap()).await.unwrap();
        }
    }

    fn manifest(
        &self,
        tenant: &TenantId,
        snapshot: SnapshotId,
        at: Timestamp,
        runs: BTreeMap<String, RunRef>,
    ) -> Manifest {
        let held = AuditHeld { from: Some(self.ago(72)), until: Some(self.ago(1)), ..AuditHeld::default() };
        Manifest {
            format: 2,
            snapshot,
            tenant: tenant.clone(),
            base: None,
            started_at: at,
            sealed_at: at,
            runs,
            asked: BTreeMap::new(),
            expanded: BTreeMap::new(),
            held_in: None,
            logs: BTreeMap::new(),
            audit: Some(held),
            extensions_known: None,
            tokens: BTreeMap::new(),
            missing: Vec::new(),
            full_at: BTreeMap::new(),
            permissions: Vec::new(),
            seats_in_use: None,
            requests: 0,
            resource_units: 0,
            throttled: 0,
            stored_blobs: 0,
            stored_bytes: 0,
        }
    }
}
