//! Rows of the catalog that many stories begin with.

use domain::{SnapshotId, TenantId, Timestamp};
use engine::ports::Spent;
use engine::records::{Course, JobState, Reason, Snapshot};
use std::collections::BTreeMap;

/// A snapshot that somebody asked for and that was sealed at once; nothing of it is in the vault.
pub fn sealed_snapshot(tenant: &TenantId, id: SnapshotId, now: Timestamp) -> Snapshot {
    Snapshot {
        id,
        tenant: tenant.clone(),
        reason: Reason::Person,
        state: JobState::Done,
        mode: None,
        base: None,
        requested_at: now,
        touched_at: now,
        sealed_at: Some(now),
        attempts: 1,
        counts: BTreeMap::new(),
        not_covered: Vec::new(),
        provisional: false,
        spent: Spent::default(),
        stored_bytes: 0,
        stored_blobs: 0,
        error: None,
        course: Course::default(),
    }
}
