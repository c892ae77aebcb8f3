//! What a plan needs of the tenant that is no kind: what policies refer to besides groups, the policy for Temporary Access
//! Passes, and free licences.

use super::gather::Gather;
use domain::Result;
use domain::kinds::OUTSIDE;
use domain::restore::{Inputs, RestorePlan, WriteAction};
use serde_json::{Map, Value};

impl Gather<'_> {
    /// Adds to the inputs what is there of what a plan would name. What the reading application may not see is left to
    /// Graph.
    pub async fn outside(&self, plan: &RestorePlan, inputs: &mut Inputs) -> Result<()> {
        let written: Vec<Map<String, Value>> =
            plan.steps.iter().flat_map(|step| objects(&step.action)).collect();
        for outside in OUTSIDE {
            if !written.iter().any(|object| !outside.ids(object).is_empty()) {
                continue;
            }
            self.in_time()?;
            if let Some(ids) = self.worker.directory.list_outside(self.tenant, outside).await? {
                inputs.outside.insert(outside.name, ids);
            }
        }
        if plan.steps.iter().any(|step| matches!(step.action, WriteAction::IssuePass { .. })) {
            self.in_time()?;
            inputs.access_pass_policy = self.worker.directory.access_pass_policy(self.tenant).await?;
        }
        let gives = |action: &WriteAction| matches!(action, WriteAction::AssignLicences { add, .. } if !add.is_empty());
        if plan.steps.iter().any(|step| gives(&step.action)) {
            inputs.units = self.worker.directory.list_subscribed(self.tenant).await?;
        }
        Ok(())
    }
}

/// What an action writes that may name something: properties, and the targets of assignments.
fn objects(action: &WriteAction) -> Vec<Map<String, Value>> {
    match action {
        WriteAction::Create { body } | WriteAction::Update { body, .. } => vec![body.clone()],
        WriteAction::Act { property, argument } => {
            vec![Map::from_iter([(property.clone(), argument.clone())])]
        }
        WriteAction::Assign { assignments, .. } => {
            assignments.iter().filter_map(|a| a.get("target")?.as_object().cloned()).collect()
        }
        _ => vec![],
    }
}
