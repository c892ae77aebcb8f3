//! Roles that are given: one fact, which Graph may show as a role assignment and as an active schedule.

use super::objects::Comparison;
use domain::Result;
use domain::changes::{Change, What};
use domain::kinds::Kind;
use domain::restore::{Ending, is_activated};
use std::collections::BTreeMap;

impl Comparison<'_> {
    /// A role that is given may be a role assignment and an active schedule as well: one fact, told once. What
    /// has an end, or is an activation, is told as the schedule, which says so.
    pub(super) async fn fold_schedules(
        &self,
        by_kind: &mut [(&'static Kind, BTreeMap<String, Change>)],
    ) -> Result<()> {
        let of = |name: &str| by_kind.iter().position(|(kind, _)| kind.name == name);
        let (Some(assignments), Some(schedules)) = (of("admins"), of("activeAdmins")) else { return Ok(()) };
        let (kind, mut kept) = (by_kind[schedules].0, BTreeMap::new());
        for (key, change) in std::mem::take(&mut by_kind[schedules].1) {
            let told = &mut by_kind[assignments].1;
            if told.get(&key).is_none_or(|t| t.what != change.what) {
                kept.insert(key, change);
                continue;
            }
            let schedule = match change.what {
                What::Deleted => self.before.find_object(kind, &change.key).await?,
                What::Created | What::Modified => self.after.find_object(kind, &key).await?,
            };
            if schedule.is_some_and(|s| is_activated(&s) || Ending::of(&s) != Ending::Never) {
                told.remove(&key);
                kept.insert(key, change);
            }
        }
        by_kind[schedules].1 = kept;
        Ok(())
    }
}
