//! The checker, over exchanges that are right or wrong by Microsoft's own words.

use serde_json::{Value, json};
use support::openapi::{Checker, Exchange, Violation};

fn checker() -> Option<Checker> {
    let checker = Checker::load();
    if checker.is_none() {
        eprintln!("NOT CHECKED: the OpenAPI slices are absent (HOLDFAST_SHARED)");
    }
    checker
}

fn get(path_and_query: &str, reply: Value) -> Exchange {
    Exchange {
        version: "v1.0".to_owned(),
        method: "GET".to_owned(),
        path_and_query: path_and_query.to_owned(),
        request_body: None,
        status: 200,
        reply_body: Some(reply),
    }
}

fn sent(version: &str, method: &str, path_and_query: &str, body: Value) -> Exchange {
    Exchange {
        version: version.to_owned(),
        method: method.to_owned(),
        path_and_query: path_and_query.to_owned(),
        request_body: Some(body),
        status: 204,
        reply_body: None,
    }
}

fn told(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(|v| format!("{} | {} | {}", v.operation, v.place, v.message)).collect()
}

#[test]
fn a_right_page_of_users_has_no_violation_and_each_wrong_one_has_exactly_its_own() {
    let Some(checker) = checker() else { return };
    let user = json!({
        "@odata.type": "#microsoft.graph.user", "id": "1", "displayName": null, "accountEnabled": true,
        "businessPhones": ["1"], "manager@delta": [{"id": "2", "@removed": {"reason": "deleted"}}],
        "extension_0123456789abcdef_badge": "x", "createdDateTime": "2026-01-05T08:00:00Z",
        "customSecurityAttributes": {"Set": {"@odata.type": "#x", "Level": 1}},
        "manager": {"@odata.type": "#microsoft.graph.user", "id": "3", "jobTitle": "Boss"},
    });
    let page = |user: &Value| json!({"@odata.context": "c", "@odata.nextLink": "n", "value": [user]});
    let query = "/users?$select=id,displayName,extension_0_a&$top=5&$count=true";
    assert_eq!(told(&checker.check(&get(query, page(&user)))), [""; 0]);
    let wrong = [
        ("displayname", json!("a"), "'displayname' was unexpected"),
        ("accountEnabled", json!("yes"), "is not of types"),
        ("createdDateTime", json!("yesterday"), "does not match"),
        ("businessPhones", json!(null), "not of type \"array\""),
        ("manager", json!({"@odata.type": "#microsoft.graph.user", "nick": 1}), "'nick' was unexpected"),
        ("manager", json!({"@odata.type": "#microsoft.graph.nobody"}), "#microsoft.graph.directoryObject"),
        ("@odata.type", json!("#microsoft.graph.group"), "#microsoft.graph.user"),
    ];
    for (property, value, message) in wrong {
        let mut user = user.clone();
        user[property] = value;
        let found = told(&checker.check(&get(query, page(&user))));
        assert!(found.len() == 1 && found[0].contains(message), "{property}: {found:?}");
    }
}

#[test]
fn operations_parameters_and_selected_names_that_graph_does_not_have_are_found() {
    let Some(checker) = checker() else { return };
    let empty = json!({"value": []});
    for (path, message) in [
        ("/people", "no such operation"),
        ("/users/1/members", "no such operation"),
        ("/users?$tip=5", "$tip is not declared"),
        ("/users?$top=five", "not of the type integer"),
        ("/users?$select=id,displayname", "\"displayname\", which the type does not have"),
        ("/users?$expand=boss($select=id)", "\"boss\", which the type does not have"),
    ] {
        let found = told(&checker.check(&get(path, empty.clone())));
        assert!(found.len() == 1 && found[0].contains(message), "{path}: {found:?}");
    }
    let fine = "/groups/delta?$select=displayName,members&$skiptoken=abc";
    assert_eq!(told(&checker.check(&get(fine, json!({"@odata.deltaLink": "x", "value": []})))), [""; 0]);
}

#[test]
fn a_request_may_have_any_subset_of_properties_but_none_that_the_type_lacks() {
    let Some(checker) = checker() else { return };
    let patch = |body| checker.check(&sent("v1.0", "PATCH", "/groups/1", body));
    assert_eq!(told(&patch(json!({"description": null}))), [""; 0]);
    assert_eq!(patch(json!({"descriptoin": null})).len(), 1);
    let put = |body| checker.check(&sent("v1.0", "PUT", "/users/1/manager/$ref", body));
    assert_eq!(told(&put(json!({"@odata.id": "https://graph.microsoft.com/v1.0/users/2"}))), [""; 0]);
    let missing = Exchange { request_body: None, ..sent("v1.0", "PATCH", "/groups/1", json!({})) };
    assert!(told(&checker.check(&missing))[0].contains("the body is missing"));
    let setting = |instance: Value| {
        let body =
            json!({"name": "A", "platforms": "windows10,macOS", "settings": [{"settingInstance": instance}]});
        checker.check(&sent("beta", "POST", "/deviceManagement/configurationPolicies", body))
    };
    let choice = json!({
        "@odata.type": "#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance",
        "settingDefinitionId": "a", "choiceSettingValue": {"value": "a_1", "children": []},
    });
    assert_eq!(told(&setting(choice.clone())), [""; 0]);
    let mut wrong = choice;
    wrong["simpleSettingValue"] = json!({"value": 1});
    assert!(told(&setting(wrong))[0].contains("'simpleSettingValue' was unexpected"));
}

#[test]
fn an_error_reply_is_checked_as_an_error() {
    let Some(checker) = checker() else { return };
    let error = |body| checker.check(&Exchange { status: 429, ..get("/users", body) });
    let right = json!({"error": {"code": "TooManyRequests", "message": "m", "innerError": {"date": "d"}}});
    assert_eq!(told(&error(right)), [""; 0]);
    assert_eq!(error(json!({"error": {"code": "TooManyRequests"}})).len(), 1);
    assert!(!error(json!({"value": []})).is_empty());
}

#[test]
fn a_batch_is_checked_inside() {
    let Some(checker) = checker() else { return };
    let batch = |url: &str, reply: Value| {
        let request = json!({"requests": [{"id": "1", "method": "GET", "url": url}]});
        let reply = json!({"responses": [{"id": "1", "status": 200, "headers": {}, "body": reply}]});
        Exchange { method: "POST".to_owned(), request_body: Some(request), ..get("/$batch", reply) }
    };
    assert_eq!(told(&checker.check(&batch("/users/1", json!({"id": "1"})))), [""; 0]);
    let found = told(&checker.check(&batch("users/1?$select=nick", json!({"id": 1}))));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|f| f.starts_with("GET /users/{user-id} ")), "{found:?}");
}
