//! Roles that were given: one fact, which Graph may show both as a role assignment and as an active schedule.

use super::objects::Comparison;
use domain::Result;
use domain::changes::{Change, What};
use domain::kinds::Kind;
use domain::restore::{Ending, is_activated};
use std::collections::BTreeMap;

impl Comparison<'_> {
    /// Reports such a fact once. What has an end, or is an activation, is reported as the schedule, which says so.
    /// `kind`: that of the schedules.
    pub(super) async fn fold_schedules(
        &self,
        kind: &'static Kind,
        assignments: &mut BTreeMap<String, Change>,
        schedules: &mut BTreeMap<String, Change>,
    ) -> Result<()> {
        let mut kept = BTreeMap::new();
        for (key, change) in std::mem::take(schedules) {
            if assignments.get(&key).is_none_or(|reported| reported.what != change.what) {
                kept.insert(key, change);
                continue;
            }
            let schedule = match change.what {
                What::Deleted => self.before.find_object(kind, &change.key).await?,
                What::Created | What::Modified => self.after.find_object(kind, &key).await?,
            };
            if schedule.is_some_and(|s| is_activated(&s) || Ending::of(&s) != Ending::Never) {
                assignments.remove(&key);
                kept.insert(key, change);
            }
        }
        *schedules = kept;
        Ok(())
    }
}
