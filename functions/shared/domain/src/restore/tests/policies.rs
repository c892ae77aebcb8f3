use super::*;

fn setting(id: &str, value: &str) -> Value {
    json!({"id": "0", "settingInstance": {"@odata.type": "#x", "settingDefinitionId": id, "value": value}})
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn policy(settings: Value) -> Held {
    held(
        &json!({"@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy", "id": "p", "name": "P",
        "settingCount": 2, "isAssigned": true, "createdDateTime": "2024-01-01T00:00:00Z",
        "roleScopeTagIds": ["0"], "roleScopeTagIds@odata.type": "#Collection(String)",
        "@odata.id": "deviceManagement/x", "settings": settings}),
    )
}

fn assigned(mut held: Held, link: &str, targets: &[Value]) -> Held {
    let link = kinds::link(link).unwrap();
    held.links.extend(targets.iter().map(|target| HeldLink {
        link,
        to: kinds::assignment_key(target),
        value: map(&json!({"id": "p_g", "source": "direct", "target": target})),
    }));
    held
}

fn to_group(group: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group})
}

#[test]
fn a_changed_setting_is_sent_with_the_whole_policy_and_nothing_that_the_service_sets() {
    let (wanted, live) = (policy(json!([setting("a", "1")])), policy(json!([setting("a", "2")])));
    let plan = plan(&exactly(vec![item("ConfigurationPolicies", "p", Some(wanted), Some(live))]));
    let expected = json!({"@odata.type": "#microsoft.graph.deviceManagementConfigurationPolicy", "name": "P",
        "roleScopeTagIds": ["0"],
        "settings": [{"settingInstance": {"@odata.type": "#x", "settingDefinitionId": "a", "value": "1"}}]});
    assert_eq!(updates(&plan), [&map(&expected)]);
    assert_eq!(plan.steps[0].before.as_ref().unwrap()["settings"][0]["settingInstance"]["value"], "2");
}

#[test]
fn a_policy_that_is_of_another_type_now_is_left_as_it_is() {
    let (wanted, mut live) = (policy(json!([setting("a", "1")])), policy(json!([setting("a", "2")])));
    live.object["@odata.type"] = json!("#microsoft.graph.another");
    let plan = plan(&exactly(vec![item("ConfigurationPolicies", "p", Some(wanted), Some(live))]));
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("object", Cause::TypeChanged)]);
    assert_eq!(plan.impossible[0].name.as_deref(), Some("P"), "by the name that a person knows it by");
}

#[test]
fn the_numbers_of_settings_are_no_difference() {
    let mut renumbered = setting("a", "1");
    renumbered["id"] = json!("7");
    let inputs = exactly(vec![item(
        "ConfigurationPolicies",
        "p",
        Some(policy(json!([setting("a", "1")]))),
        Some(policy(json!([renumbered]))),
    )]);
    assert!(plan(&inputs).steps.is_empty());
}

#[test]
fn a_secret_is_left_out_of_a_new_policy_and_named() {
    let secret = json!({"settingInstance": {"settingDefinitionId": "key",
        "simpleSettingValue": {"valueState": "encryptedValueToken", "value": "…"}}});
    let wanted = policy(json!([setting("a", "1"), secret]));
    let plan = plan(&exactly(vec![item("ConfigurationPolicies", "p", Some(wanted), None)]));
    assert_eq!(causes(&plan), [("settings[key]", Cause::SecretValue)]);
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert_eq!(body["settings"].as_array().unwrap().len(), 1);
}

#[test]
fn encrypted_oma_settings_are_not_written_over() {
    let configuration = |value: &str| {
        held(
            &json!({"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "id": "p", "displayName": "P",
            "omaSettings": [{"displayName": "key", "isEncrypted": true, "secretReferenceValueId": value}]}),
        )
    };
    let items = vec![item("DeviceConfiguration", "p", Some(configuration("1")), Some(configuration("2")))];
    let plan = plan(&exactly(items));
    assert!(plan.steps.is_empty());
    assert_eq!(causes(&plan), [("omaSettings", Cause::SecretValue)]);
}

/// A configuration of that many secrets, each known by what stands for it, and of a plain setting.
fn oma(secrets: &[Value], value: &str) -> Held {
    let mut settings = secrets.to_vec();
    settings.push(json!({"displayName": "plain", "isEncrypted": false, "value": value}));
    held(
        &json!({"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "id": "p", "displayName": "P",
        "description": "", "omaSettings": settings}),
    )
}

#[test]
fn oma_settings_travel_together_so_beside_a_secret_none_is_written_over() {
    let secret = [json!({"displayName": "key", "isEncrypted": true, "secretReferenceValueId": "1"})];
    let beside = |secrets: &[Value]| {
        let items = vec![item("DeviceConfiguration", "p", Some(oma(secrets, "1")), Some(oma(secrets, "2")))];
        plan(&exactly(items))
    };
    assert_eq!(causes(&beside(&secret)), [("omaSettings", Cause::SecretValue)]);
    assert!(beside(&secret).steps.is_empty());
    assert_eq!((causes(&beside(&[])).len(), beside(&[]).steps.len()), (0, 1));
}

#[test]
fn settings_of_a_catalog_are_written_beside_a_secret_that_is_as_it_was() {
    let secret = json!({"settingInstance": {"settingDefinitionId": "key",
        "simpleSettingValue": {"valueState": "encryptedValueToken", "value": "token"}}});
    let side = |value: &str| policy(json!([setting("a", value), secret]));
    let items = vec![item("ConfigurationPolicies", "p", Some(side("1")), Some(side("2")))];
    let plan = plan(&exactly(items));
    assert_eq!((causes(&plan), plan.steps.len()), (vec![], 1));
}

#[test]
fn a_new_configuration_comes_without_what_is_encrypted_and_with_its_empty_text() {
    let secret = [json!({"displayName": "key", "isEncrypted": true})];
    let mut wanted = oma(&secret, "1");
    wanted.object.insert("deviceManagementApplicabilityRuleOsEdition".to_owned(), Value::Null);
    let plan = plan(&exactly(vec![item("DeviceConfiguration", "p", Some(wanted), None)]));
    assert_eq!(causes(&plan), [("omaSettings[key]", Cause::SecretValue)]);
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    let names: Vec<_> = body["omaSettings"].as_array().unwrap().iter().map(|s| &s["displayName"]).collect();
    assert_eq!((names, &body["description"]), (vec![&json!("plain")], &json!("")));
    assert!(!body.contains_key("deviceManagementApplicabilityRuleOsEdition"), "{body:?}");
}

#[test]
fn a_list_without_items_is_given_to_a_new_object_that_graph_does_not_create_without_it() {
    let of = |odata_type: &str| json!({"@odata.type": format!("#microsoft.graph.{odata_type}"), "id": "p", "name": "P", "displayName": "P"});
    for (kind, mut object, property) in [
        ("ConfigurationPolicies", of("deviceManagementConfigurationPolicy"), "settings"),
        ("CompliancePolicies", of("deviceManagementCompliancePolicy"), "settings"),
        ("DeviceConfiguration", of("windows10CustomConfiguration"), "omaSettings"),
        ("DeviceCompliancePolicies", of("windows10CompliancePolicy"), "roleScopeTagIds"),
        ("roles", json!({"id": "p", "displayName": "P", "isEnabled": true}), "rolePermissions"),
    ] {
        object[property] = json!([]);
        let plan = plan(&exactly(vec![item(kind, "p", Some(held(&object)), None)]));
        let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
        assert_eq!(body.get(property), Some(&json!([])), "{kind}: {body:?}");
        // What the snapshot does not know is not made up.
        object.as_object_mut().unwrap().remove(property);
        let plan = super::plan(&exactly(vec![item(kind, "p", Some(held(&object)), None)]));
        let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
        assert_eq!(body.get(property), None, "{kind}: {body:?}");
    }
    // A directory does without: it takes no empty list of a new user, and needs none.
    let user = json!({"id": "u", "displayName": "U", "userPrincipalName": "u@x.y", "businessPhones": []});
    let plan = plan(&exactly(vec![item("users", "u", Some(held(&user)), None)]));
    let WriteAction::Create { body } = &plan.steps[0].action else { panic!("{plan:?}") };
    assert!(!body.contains_key("businessPhones"), "{body:?}");
}

#[test]
fn all_assignments_travel_together_and_one_to_a_missing_group_is_left_out() {
    let link = "ConfigurationPolicies.assignments";
    let wanted = assigned(policy(json!([])), link, &[to_group("a"), to_group("gone")]);
    let live = assigned(policy(json!([])), link, &[to_group("b")]);
    let mut inputs = exactly(vec![item("ConfigurationPolicies", "p", Some(wanted), Some(live))]);
    inputs.missing.insert("gone".to_owned());
    let targets = |plan: &RestorePlan| match &plan.steps[0].action {
        WriteAction::Assign { assignments, .. } => assignments
            .iter()
            .map(|a| a["target"]["groupId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(targets(&plan(&inputs)), ["a"]);
    assert_eq!(plan(&inputs).impossible[0].cause, Cause::TargetMissing);
    inputs.links = LinkMode::Merge;
    assert_eq!(targets(&plan(&inputs)), ["a", "b"]);
}

#[test]
fn scheduled_actions_are_part_of_a_creation_and_an_action_of_their_own_afterwards() {
    let compliance = |hours: u32| {
        held(
            &json!({"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "id": "p", "displayName": "P",
            "scheduledActionsForRule": [{"id": "x", "ruleName": "PasswordRequired",
                "scheduledActionConfigurations": [{"id": "y", "actionType": "block", "gracePeriodHours": hours}]}]}),
        )
    };
    let made = plan(&exactly(vec![item("DeviceCompliancePolicies", "p", Some(compliance(1)), None)]));
    let WriteAction::Create { body } = &made.steps[0].action else { panic!("{made:?}") };
    let clean = json!([{"ruleName": "PasswordRequired",
        "scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 1}]}]);
    assert_eq!(body["scheduledActionsForRule"], clean);
    let items = vec![item("DeviceCompliancePolicies", "p", Some(compliance(1)), Some(compliance(9)))];
    let changed = plan(&exactly(items));
    assert_eq!(names_of(&changed), ["act p"]);
    assert_eq!(changed.steps[0].after, Some(clean));
}

#[test]
fn a_type_that_has_no_other_property_is_written_and_created() {
    let edge = |button: &str| {
        held(
            &json!({"@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "id": "p", "displayName": "P",
            "edgeHomeButtonConfiguration": {"@odata.type": format!("#microsoft.graph.{button}")}}),
        )
    };
    let hidden = json!({"@odata.type": "#microsoft.graph.edgeHomeButtonHidden"});
    for live in [None, Some(edge("edgeHomeButtonOpensNewTab"))] {
        let made =
            plan(&exactly(vec![item("DeviceConfiguration", "p", Some(edge("edgeHomeButtonHidden")), live)]));
        let (WriteAction::Create { body } | WriteAction::Update { body, .. }) = &made.steps[0].action else {
            panic!("{made:?}")
        };
        assert_eq!(body["edgeHomeButtonConfiguration"], hidden);
    }
    let all = |who: &str| {
        assigned(
            edge("edgeHomeButtonHidden"),
            "DeviceConfiguration.assignments",
            &[json!({"@odata.type": format!("#microsoft.graph.{who}AssignmentTarget")})],
        )
    };
    let made = plan(&exactly(vec![item(
        "DeviceConfiguration",
        "p",
        Some(all("allDevices")),
        Some(all("allLicensedUsers")),
    )]));
    let WriteAction::Assign { assignments, .. } = &made.steps[0].action else { panic!("{made:?}") };
    assert_eq!(assignments.len(), 1);
    assert_eq!(assignments[0]["target"]["@odata.type"], "#microsoft.graph.allDevicesAssignmentTarget");
}
