//! What of a plan an application may not write, by the names of its permissions.

use super::{ACCESS_PASS, RestorePlan, Step, WriteAction};
use crate::Result;
use crate::kinds::{self, LinkType};
use crate::permissions::is_granted;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What is needed to write a part of a plan.
type Needs = BTreeMap<String, &'static [&'static str]>;

/// The parts of the plan for whose writing none of their permissions is granted, each with those of which any one would do:
/// kinds (`users`), properties (`users.employeeLeaveDateTime`) and links (`groups.members`) that have permissions of their
/// own.
///
/// # Errors
/// `Corrupt` when the plan names a kind or a link that is none.
pub fn not_permitted(
    plan: &RestorePlan,
    granted: &[String],
) -> Result<Vec<(String, &'static [&'static str])>> {
    let mut needs = Needs::new();
    for step in &plan.steps {
        add(step, &mut needs)?;
    }
    needs.retain(|_, any_of| !any_of.iter().any(|wanted| is_granted(granted, wanted)));
    Ok(needs.into_iter().collect())
}

/// Adds what is needed for a step.
fn add(step: &Step, needs: &mut Needs) -> Result<()> {
    let kind = step.kind()?;
    let own = (kind.run().to_owned(), kind.write_permissions);
    let properties = |body: &Map<String, Value>| {
        let guarded = kind.writing.guarded.iter().filter(|(property, _)| body.contains_key(*property));
        guarded.map(|(property, any_of)| (kind.part(property), *any_of)).collect::<Vec<_>>()
    };
    match &step.action {
        // Nothing is written to the tenant.
        WriteAction::Adopt { .. } => {}
        WriteAction::AddLinks { link, .. }
        | WriteAction::RemoveLink { link, .. }
        | WriteAction::RemoveOtherLinks { link, .. }
        | WriteAction::Assign { link, .. } => {
            let link: &LinkType = kinds::link(link)?;
            let is_own = !link.write_permissions.is_empty();
            needs.extend([if is_own { (link.name.to_owned(), link.write_permissions) } else { own }]);
        }
        WriteAction::Create { body } | WriteAction::Update { body, .. } => {
            needs.extend(properties(body).into_iter().chain([own]));
        }
        WriteAction::IssuePass { .. } => {
            let any_of = kind.writing.passes.map_or(kind.write_permissions, |passes| passes.permissions);
            needs.extend([(kind.part(ACCESS_PASS), any_of)]);
        }
        WriteAction::Undelete { .. }
        | WriteAction::Act { .. }
        | WriteAction::AssignLicences { .. }
        | WriteAction::Delete => needs.extend([own]),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;
    use crate::restore::Phase;
    use serde_json::{Value, json};

    fn step(kind: &str, action: WriteAction) -> Step {
        let kind = KINDS.into_iter().find(|row| row.run() == kind).unwrap();
        Step {
            number: 1,
            phase: Phase::Users,
            kind: kind.name.into(),
            key: "a".into(),
            id: "a".into(),
            name: None,
            action,
            before: None,
            after: None,
            depends_on: vec![],
            instead: None,
            warnings: vec![],
        }
    }

    fn lacking(steps: Vec<Step>, granted: &[&str]) -> Vec<String> {
        let plan = RestorePlan { steps, ..RestorePlan::default() };
        let granted: Vec<String> = granted.iter().map(|name| (*name).to_owned()).collect();
        not_permitted(&plan, &granted).unwrap().into_iter().map(|(what, _)| what).collect()
    }

    fn update(body: &Value) -> WriteAction {
        let body = body.as_object().cloned().unwrap();
        WriteAction::Update { properties: body.keys().cloned().collect(), body }
    }

    #[test]
    fn a_property_with_a_permission_of_its_own_is_named_beside_its_kind() {
        let steps =
            || vec![step("users", update(&json!({ "jobTitle": "x", "employeeLeaveDateTime": null })))];
        assert_eq!(lacking(steps(), &["User.ReadWrite.All"]), ["users.employeeLeaveDateTime"]);
        assert_eq!(lacking(steps(), &["User-LifeCycleInfo.ReadWrite.All"]), ["users"]);
        assert!(lacking(steps(), &["User.ReadWrite.All", "User-LifeCycleInfo.ReadWrite.All"]).is_empty());
        // What is not written needs nothing.
        let title = || vec![step("users", update(&json!({ "jobTitle": "x" })))];
        assert!(lacking(title(), &["User.Create", "User.ReadUpdate.All"]).is_empty());
    }

    #[test]
    fn members_of_groups_need_less_than_groups_and_owners_as_much() {
        let links =
            |link: &str| vec![step("groups", WriteAction::AddLinks { link: link.to_owned(), to: vec![] })];
        for enough in ["GroupMember.ReadWrite.All", "Group.ReadWrite.All"] {
            assert!(lacking(links("groups.members"), &[enough]).is_empty(), "{enough}");
        }
        assert_eq!(lacking(links("groups.members"), &["User.ReadWrite.All"]), ["groups.members"]);
        assert_eq!(lacking(links("groups.owners"), &["GroupMember.ReadWrite.All"]), ["groups"]);
    }

    #[test]
    fn what_is_only_noted_needs_no_permission() {
        assert!(
            lacking(vec![step("users", WriteAction::Adopt { old: "b".into() })], &["User.Read"]).is_empty()
        );
    }

    #[test]
    fn each_property_that_is_guarded_can_be_written_at_all() {
        for kind in KINDS {
            for (property, any_of) in kind.writing.guarded {
                assert!(kind.can_update(property) && !any_of.is_empty(), "{}", kind.part(property));
            }
        }
    }
}
