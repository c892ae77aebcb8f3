//! What people have marked in the tenant that is compared.

use domain::{Result, TenantId};
use engine::records::{Mark, MarkOf, MarkSort, Records};
use std::collections::BTreeSet;

/// The ids of the accounts that are kept for emergencies.
pub(super) async fn break_glass(records: &Records, tenant: &TenantId) -> Result<BTreeSet<String>> {
    let marks = records.list_all(&Mark::of_sort(tenant, MarkSort::BreakGlass)).await?;
    let objects = marks.into_iter().filter_map(|mark| match mark.value.of {
        MarkOf::BreakGlass { object } => Some(object),
        MarkOf::KnownGood { .. } | MarkOf::Expected { .. } => None,
    });
    Ok(objects.collect())
}
