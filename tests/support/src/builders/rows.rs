//! Rows of the catalog that many stories begin with.

use domain::restore::Selection;
use domain::{DiffId, RestoreId, SnapshotId, TenantId, Timestamp};
use engine::ports::Spent;
use engine::records::{
    Course, Diff, DiffCounts, JobState, Reason, Restore, RestoreCounts, RestoreState, Side, Snapshot, Span,
};
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

/// A restore that `per_1` asked for, of nothing, and whose preview is stored; nothing of it is in the vault.
pub fn previewed_restore(tenant: &TenantId, id: RestoreId, snapshot: SnapshotId, now: Timestamp) -> Restore {
    Restore {
        id,
        tenant: tenant.clone(),
        snapshot,
        selection: Selection::default(),
        diff: None,
        filter: None,
        set: None,
        undoes: None,
        undoes_only: None,
        requested_by: "per_1".to_owned(),
        requested_for: None,
        by_end_user: false,
        reason: None,
        ticket: None,
        approved_by: None,
        run_by: None,
        state: RestoreState::Previewed,
        requested_at: now,
        previewed_at: Some(now),
        queued_at: None,
        started_at: None,
        done_at: None,
        touched_at: now,
        attempts: 0,
        counts: RestoreCounts::default(),
        spent: Spent::default(),
        not_permitted: Vec::new(),
        permissions_read_at: None,
        plan: None,
        privileged: false,
        rule: None,
        approved_at: None,
        approved_by_second: false,
        again_of: None,
        expires_at: None,
        expected_at: None,
        writer: None,
        cancelled_by: None,
        error: None,
        course: Course::default(),
    }
}

/// A comparison of everything that somebody asked for and nobody has begun.
pub fn queued_comparison(
    tenant: &TenantId,
    id: DiffId,
    before: SnapshotId,
    after: Side,
    now: Timestamp,
) -> Diff {
    Diff {
        id,
        tenant: tenant.clone(),
        before,
        after,
        kinds: Vec::new(),
        object: None,
        announce: false,
        live_snapshot: None,
        state: JobState::Queued,
        requested_at: now,
        requested_by: None,
        touched_at: now,
        done_at: None,
        attempts: 0,
        counts: DiffCounts::default(),
        by_kind: BTreeMap::new(),
        heaviest: BTreeMap::new(),
        pages: 0,
        progress: None,
        span: Span::default(),
        not_compared: Vec::new(),
        everywhere: Vec::new(),
        error: None,
        course: Course::default(),
    }
}
