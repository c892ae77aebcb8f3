//! What we ask of Graph and what our builders make of it, against Microsoft's OpenAPI.

use domain::kinds::{ApiVersion, KINDS};
use serde_json::{Map, Value, json};
use support::builders::{
    administrative_unit, assigned_to_all_devices, assigned_to_group, choice_setting, compliance_policy,
    configuration_policy, device_compliance_policy, device_configuration, eligible_schedule, group,
    group_setting, id, removed, role_assignment, role_definition, simple_setting, user,
};
use support::openapi::{Checker, Exchange, Violation, shared_folder};

fn checker() -> Option<Checker> {
    let checker = Checker::load();
    if checker.is_none() {
        eprintln!("NOT CHECKED: the OpenAPI slices are absent (HOLDFAST_SHARED)");
    }
    checker
}

fn page(version: &str, path_and_query: &str, items: &[Map<String, Value>]) -> Exchange {
    Exchange {
        version: version.to_owned(),
        method: "GET".to_owned(),
        path_and_query: path_and_query.to_owned(),
        request_body: None,
        status: 200,
        reply_body: Some(json!({"value": items})),
    }
}

fn told(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(|v| format!("{} | {} | {}", v.operation, v.place, v.message)).collect()
}

#[test]
fn every_source_of_every_kind_asks_for_what_graph_has() {
    let Some(checker) = checker() else { return };
    for source in KINDS.iter().flat_map(|kind| kind.reading) {
        let version = if source.version == ApiVersion::V1 { "v1.0" } else { "beta" };
        let select = (!source.select.is_empty()).then(|| format!("$select={}", source.select.join(",")));
        let expand = (!source.expand.is_empty()).then(|| format!("$expand={}", source.expand));
        let query: Vec<_> = [select, expand].into_iter().flatten().collect();
        let path = format!("/{}?{}", source.path, query.join("&"));
        assert_eq!(told(&checker.check(&page(version, &path, &[]))), [""; 0], "{}", source.name);
    }
}

#[test]
fn the_collections_of_a_kind_are_those_of_its_type_in_the_metadata() {
    let Ok(text) = std::fs::read(shared_folder().join("graph/entity-properties.json")) else {
        eprintln!("NOT CHECKED: the metadata of Graph is absent (HOLDFAST_SHARED)");
        return;
    };
    let types = serde_json::from_slice::<Value>(&text).unwrap()["types"].take();
    let mut checked = 0;
    for kind in KINDS.iter().filter(|kind| !kind.reading[0].select.is_empty()) {
        let entity = kind.run().trim_end_matches('s');
        let properties = &types[format!("v1.0:{entity}")]["props"];
        let is_collection = |p: &&str| properties[*p]["c"] == 1 && !kind.is_relation(p);
        let expected: Vec<_> = kind.reading[0].select.iter().copied().filter(is_collection).collect();
        assert_eq!(kind.collections, expected, "{}", kind.name);
        checked += expected.len();
    }
    assert!(checked > 15, "{checked}");
}

#[test]
fn each_property_that_a_directory_object_is_documented_to_have_is_read_or_named_as_not_held() {
    let Ok(text) = std::fs::read(shared_folder().join("graph/entity-properties.json")) else {
        eprintln!("NOT CHECKED: the metadata of Graph is absent (HOLDFAST_SHARED)");
        return;
    };
    let types = serde_json::from_slice::<Value>(&text).unwrap()["types"].take();
    let (mut checked, mut silent) = (0, Vec::new());
    for kind in KINDS.iter().filter(|kind| !kind.reading[0].select.is_empty()) {
        let entity = kind.run().trim_end_matches('s');
        let properties = types[format!("v1.0:{entity}")]["props"].as_object().unwrap();
        let named: Vec<&str> = kind.unread.iter().flat_map(|unread| unread.what.split(", ")).collect();
        let fits = |name: &&str, property: &str| match name.strip_suffix('*') {
            Some(start) => property.starts_with(start),
            None => *name == property,
        };
        // What only leads to other objects is theirs.
        for property in
            properties.iter().filter(|(_, about)| about["nav"] != 1).map(|(name, _)| name.as_str())
        {
            let is_read = kind.selected().chain(kind.facets()).any(|p| p == property);
            if !is_read && !named.iter().any(|name| fits(name, property)) {
                silent.push(format!("{}.{property}", kind.name));
            }
            checked += 1;
        }
    }
    assert_eq!(silent, [""; 0]);
    assert!(checked > 100, "{checked}");
}

#[test]
fn every_builder_makes_an_object_of_its_declared_type() {
    let Some(checker) = checker() else { return };
    let role = role_definition(1, &["microsoft.directory/groups/basic/update"]);
    let (user_id, role_id) = (id("user", 1), id("role", 1));
    let settings = [
        choice_setting("a", "1", &[simple_setting("a_b", 3)]),
        group_setting("c", &[vec![simple_setting("c_d", 1)], vec![simple_setting("c_d", 2)]]),
    ];
    let mut assigned = configuration_policy(1, &settings);
    let policy_id = id("configuration", 1);
    assigned["assignments"] =
        json!([assigned_to_group(&policy_id, &id("group", 1)), assigned_to_all_devices(&policy_id)]);
    let policies = "/deviceManagement";
    for (version, path, items) in [
        ("v1.0", "/users/delta".to_owned(), vec![user(1), removed(&user_id, "changed")]),
        ("v1.0", "/groups".to_owned(), vec![group(1)]),
        ("v1.0", "/directory/administrativeUnits".to_owned(), vec![administrative_unit(1)]),
        ("v1.0", "/roleManagement/directory/roleDefinitions".to_owned(), vec![role]),
        (
            "v1.0",
            "/roleManagement/directory/roleAssignments".to_owned(),
            vec![role_assignment(1, &user_id, &role_id)],
        ),
        (
            "v1.0",
            "/roleManagement/directory/roleEligibilitySchedules".to_owned(),
            vec![eligible_schedule(1, &user_id, &role_id)],
        ),
        ("beta", format!("{policies}/configurationPolicies"), vec![assigned]),
        ("beta", format!("{policies}/compliancePolicies"), vec![compliance_policy(1, &settings)]),
        ("beta", format!("{policies}/deviceCompliancePolicies"), vec![device_compliance_policy(1)]),
        ("beta", format!("{policies}/deviceConfigurations"), vec![device_configuration(1)]),
    ] {
        assert_eq!(told(&checker.check(&page(version, &path, &items))), [""; 0]);
    }
}

#[test]
fn ids_of_different_families_differ_and_the_same_number_gives_the_same_object() {
    assert_ne!(id("user", 1), id("group", 1));
    assert_ne!(user(1), user(2));
    assert_eq!(user(1), user(1));
    assert!(domain::ids::is_guid(&id("user", u32::MAX)));
}

#[test]
fn real_policies_are_of_their_declared_types() {
    let folder = shared_folder().join("real/open-intune-baseline");
    let Some(checker) = checker().filter(|_| folder.exists()) else {
        eprintln!("NOT CHECKED: the real policies are absent (HOLDFAST_SHARED)");
        return;
    };
    let (mut count, mut found) = (0, Vec::new());
    for (name, path) in [
        ("SettingsCatalog", "configurationPolicies"),
        ("CompliancePolicies", "deviceCompliancePolicies"),
        ("DeviceConfiguration", "deviceConfigurations"),
    ] {
        for file in std::fs::read_dir(folder.join(name)).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let policy: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
            let mut reply = page("beta", &format!("/deviceManagement/{path}/1"), &[]);
            reply.reply_body = Some(policy);
            found.extend(checker.check(&reply));
            count += 1;
        }
    }
    assert_eq!(count, 64);
    assert_eq!(told(&found), [""; 0]);
}
