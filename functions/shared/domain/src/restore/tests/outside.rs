//! What policies refer to besides groups, and is gone.

use super::*;
use std::collections::BTreeSet;

fn policy(more: &Value) -> Held {
    let mut object = map(&json!({"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "id": "p",
        "displayName": "P", "passwordRequired": true}));
    object.extend(map(more));
    Held { object, ..Held::default() }
}

fn assigned(mut held: Held, targets: &[(&str, Option<&str>)]) -> Held {
    let link = kinds::link("DeviceCompliancePolicies.assignments").unwrap();
    held.links.extend(targets.iter().map(|(group, filter)| {
        let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group,
            "deviceAndAppManagementAssignmentFilterId": filter,
            "deviceAndAppManagementAssignmentFilterType": if filter.is_some() { "include" } else { "none" }});
        HeldLink { link, to: (*group).to_owned(), value: map(&json!({"target": target})) }
    }));
    held
}

fn inputs(wanted: Held, live: Option<Held>, there: &[(&'static str, &[&str])]) -> Inputs {
    let mut inputs = exactly(vec![item("DeviceCompliancePolicies", "p", Some(wanted), live)]);
    for (name, ids) in there {
        inputs.outside.insert(name, ids.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
    }
    inputs
}

fn sent(plan: &RestorePlan) -> Vec<&str> {
    let assign = plan.steps.iter().find_map(|step| match &step.action {
        WriteAction::Assign { assignments, .. } => Some(assignments),
        _ => None,
    });
    assign.into_iter().flatten().map(|a| a["target"]["groupId"].as_str().unwrap()).collect()
}

#[test]
fn an_assignment_whose_filter_is_gone_is_named_and_the_others_are_made() {
    let wanted = assigned(policy(&json!({})), &[("a", Some("f")), ("b", None), ("c", Some("g"))]);
    for live in [None, Some(policy(&json!({}))), Some(assigned(policy(&json!({})), &[("x", None)]))] {
        let made = plan(&inputs(wanted.clone(), live.clone(), &[("assignmentFilters", &["g"])]));
        assert_eq!(sent(&made), ["b", "c"], "{live:?}");
        assert_eq!(causes(&made), [("DeviceCompliancePolicies.assignments/a", Cause::TargetMissing)]);
        let unseen = plan(&inputs(wanted.clone(), live, &[]));
        assert_eq!(sent(&unseen), ["a", "b", "c"], "what nobody could see is left to Graph");
        assert!(unseen.impossible.is_empty());
    }
}

#[test]
fn a_group_that_is_assigned_without_the_filter_that_is_gone_stays_so() {
    let (wanted, live) = ([("a", Some("f")), ("b", None)], [("a", None)]);
    let (wanted, live) = (assigned(policy(&json!({})), &wanted), assigned(policy(&json!({})), &live));
    let made = plan(&inputs(wanted, Some(live), &[("assignmentFilters", &[])]));
    let WriteAction::Assign { assignments, .. } = &made.steps[0].action else { panic!("{made:?}") };
    let filters: Vec<_> =
        assignments.iter().map(|a| &a["target"]["deviceAndAppManagementAssignmentFilterId"]).collect();
    assert_eq!((sent(&made), filters), (vec!["a", "b"], vec![&Value::Null, &Value::Null]));
}

#[test]
fn scope_tags_templates_and_scripts_that_are_gone_are_named_and_the_policy_is_written_without_them() {
    const NONE: &str = "00000000-0000-0000-0000-000000000000";
    let action = |kind: &str, template: &str| json!({"actionType": kind, "gracePeriodHours": 1, "notificationTemplateId": template});
    let actions = json!([{"ruleName": "r", "scheduledActionConfigurations":
        [action("block", NONE), action("notification", "t1"), action("notification", "t2")]}]);
    let wanted = policy(&json!({"roleScopeTagIds": ["0", "5"], "scheduledActionsForRule": actions,
        "deviceCompliancePolicyScript": {"deviceComplianceScriptId": "s", "rulesContent": "x"}}));
    let there: &[(&'static str, &[&str])] = &[
        ("roleScopeTags", &["0"]),
        ("notificationMessageTemplates", &["t2"]),
        ("deviceComplianceScripts", &[]),
    ];
    let expected =
        BTreeSet::from(["roleScopeTagIds/5", "scheduledActionsForRule/t1", "deviceCompliancePolicyScript/s"]);
    let live = policy(&json!({"roleScopeTagIds": [], "passwordRequired": false,
        "scheduledActionsForRule": [{"ruleName": "r", "scheduledActionConfigurations": [action("block", NONE)]}]}));
    for live in [None, Some(live)] {
        let made = plan(&inputs(wanted.clone(), live, there));
        let named: BTreeSet<&str> = causes(&made).into_iter().map(|(what, _)| what).collect();
        assert_eq!(named, expected);
        let written =
            serde_json::to_string(&made.steps.iter().map(|s| &s.action).collect::<Vec<_>>()).unwrap();
        for (id, is_written) in
            [("\"5\"", false), ("t1", false), ("\"s\"", false), ("t2", true), ("\"0\"", true)]
        {
            assert_eq!(written.contains(id), is_written, "{id}: {written}");
        }
    }
}
