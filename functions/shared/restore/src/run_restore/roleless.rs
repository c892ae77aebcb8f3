//! Groups that can hold no role: whoever leaves one loses no rights over the tenant, so that many may leave it together.
//!
//! Whether a group can hold roles is said when it is made and never changes, and no group that can has groups for members.
//! Source: learn.microsoft.com/entra/identity/role-based-access-control/groups-concept.

use super::outcome::is_of_run;
use super::progress::RestoreRun;
use domain::Result;
use domain::kinds::{self, Kind};
use domain::restore::{RestorePlan, Step, WriteAction};
use futures::{FutureExt, StreamExt, stream};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From how many on it is worth a request to find out.
const SEVERAL: usize = 3;
/// How many groups are asked for at the same time.
const AT_ONCE: usize = 8;

impl RestoreRun<'_> {
    /// Finds out which of the groups that lose several members can hold no role. Of what cannot be read nothing is known.
    ///
    /// # Errors
    /// Only what concerns all of the run: throttling.
    pub(super) async fn find_roleless(&mut self, plan: &RestorePlan) -> Result<()> {
        let mut leave: BTreeMap<&str, (&Step, usize)> = BTreeMap::new();
        for step in &plan.steps {
            let is_open = self.outcome(step.number).is_none_or(|outcome| !outcome.state.is_final());
            if is_open && takes_member(step) {
                leave.entry(&step.id).or_insert((step, 0)).1 += 1;
            }
        }
        let several = leave.into_values().filter(|(_, count)| *count >= SEVERAL);
        let looks: Vec<_> = several.map(|(step, _)| self.is_roleless(step).boxed()).collect();
        let mut looked = stream::iter(looks).buffer_unordered(AT_ONCE);
        let mut found = BTreeSet::new();
        while let Some(id) = looked.next().await {
            found.extend(id?);
        }
        drop(looked);
        self.roleless = Arc::new(found);
        Ok(())
    }

    /// The id of the group of a step, where it can hold no role.
    async fn is_roleless(&self, step: &Step) -> Result<Option<String>> {
        let kind = step.kind()?;
        match self.worker.directory.find_live(self.tenant(), kind, &step.id, &[]).await {
            Ok(Some(group)) if group.unknown.is_empty() && !kind.can_hold_role(&group.object) => {
                Ok(Some(step.id.clone()))
            }
            Err(error) if is_of_run(&error) => Err(error),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Whether it is known that nobody loses a role by a step that takes them from a group.
    pub(super) fn takes_no_role(&self, step: &Step) -> bool {
        takes_member(step) && self.roleless.contains(&step.id)
    }
}

fn takes_member(step: &Step) -> bool {
    let is_of_group = || step.kind.find().is_some_and(Kind::is_group);
    matches!(&step.action, WriteAction::RemoveLink { link, .. } if kinds::passes_roles(link)) && is_of_group()
}
