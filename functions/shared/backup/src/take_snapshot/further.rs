//! Whether a reading gets further, for those who wait for it.

use super::{Report, Request, Worker};
use domain::{Result, SnapshotId, TenantId};
use engine::messages;
use engine::records::{Course, Found, KindState, ReadingState, Reason, Snapshot};
use std::collections::BTreeMap;

impl Worker {
    /// How often the reading for that snapshot got further; 0 before it begins and once it is over.
    pub(crate) async fn mark(&self, tenant: &TenantId, snapshot: &SnapshotId) -> u64 {
        let found = self.records.find(&ReadingState::at(tenant, snapshot)).await;
        // Why no error is returned: whoever calls this has one already.
        found.ok().flatten().map_or(0, |found| u64::from(found.value.advances))
    }

    /// The deadline came first and the reading got further: enqueues the continuation.
    pub(super) async fn go_on(&self, request: &Request, row: Found<Snapshot>) -> Result<Report> {
        // Why not for a reading that a comparison needs: the comparison's own message goes on with it.
        if row.value.reason != Reason::Live {
            if !row.value.course.is_free() {
                let free = Snapshot { course: Course::default(), ..row.value.clone() };
                self.records.replace(&free, row.version).await?;
            }
            let attempt = row.value.attempts + 1;
            self.queue.send(messages::take_snapshot(&request.tenant, &request.snapshot, attempt)).await?;
        }
        Ok(Report::Continues)
    }
}

/// Whether anything but the count of failures differs from before.
pub(super) fn got_further(before: &BTreeMap<String, KindState>, after: &BTreeMap<String, KindState>) -> bool {
    let same = |one: &KindState, other: &KindState| match (one, other) {
        (KindState::Reading(one), KindState::Reading(other)) => {
            let mut one = one.clone();
            one.failures = other.failures;
            one == *other
        }
        _ => one == other,
    };
    before.len() != after.len()
        || before.iter().any(|(name, was)| after.get(name).is_none_or(|is| !same(was, is)))
}
