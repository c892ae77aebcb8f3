//! Intune and roles, as documented.

use crate::common::*;
use serde_json::{Value, json};
use sim::*;

const POLICIES: &str = "/beta/deviceManagement/configurationPolicies";

#[tokio::test]
async fn the_settings_catalogue_pages_by_twenty_five_unless_top_says_more() {
    let sim = company(200);
    let client = Client::administrator(&sim).await;
    let first = client.get(POLICIES).await;
    assert_eq!(first.list().len(), 25);
    let (all, _, pages) = client.all(POLICIES).await;
    assert_eq!((all.len(), pages), (40, 2));
    let (one, _, pages) = client.all(&format!("{POLICIES}?$top=1000&$expand=settings,assignments")).await;
    assert_eq!((one.len(), pages), (40, 1));
    let large = one.iter().find(|policy| policy["settingCount"] == 130).unwrap();
    assert_eq!(large["settings"].as_array().unwrap().len(), 130);
    let settings = format!("{POLICIES}/{}/settings", large["id"].as_str().unwrap());
    let (list, _, pages) = client.all(&settings).await;
    assert_eq!((list.len(), pages), (130, 6));
    assert_eq!(client.get(&format!("{settings}?$top=1000")).await.list().len(), 130);
    sim.control().switch(|switches| switches.expanded_settings = ExpandedSettings::WithNextLink(25));
    let one =
        client.get(&format!("{POLICIES}/{}?$expand=settings", large["id"].as_str().unwrap())).await.body;
    assert_eq!(one["settings"].as_array().unwrap().len(), 25);
    let (rest, ..) = client.all(one["settings@odata.nextLink"].as_str().unwrap()).await;
    assert_eq!(rest.len(), 105);
    assert_eq!(client.get("/v1.0/deviceManagement/configurationPolicies").await.status, 400);
}

#[tokio::test]
async fn settings_change_only_by_put_and_assignments_only_by_assign() {
    let client = Client::administrator(&company(0)).await;
    let setting = json!({"settingInstance": {"settingDefinitionId": "x"}});
    let body = json!({"name": "p", "platforms": "windows10", "technologies": "mdm", "settings": [setting]});
    let made = client.post(POLICIES, body.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let url = format!("{POLICIES}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&url, json!({"settings": []})).await.status, 400);
    assert_eq!(client.patch(&url, json!({"name": "q"})).await.status, 200);
    let mut replaced = body;
    replaced["settings"] = json!([setting, setting]);
    assert_eq!(client.call("PUT", &url, &[], Some(replaced)).await.status, 204);
    assert_eq!(client.get(&url).await.body["settingCount"], 2);
    let assign = format!("{url}/assign");
    let target = |group: &str| json!({"assignments": [{"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}]});
    assert_eq!(client.post(&assign, target("00000000-0000-4000-8000-000000000000")).await.status, 400);
    let group = client.new_group("g", json!({})).await;
    assert_eq!(client.post(&assign, target(&group)).await.status, 200);
    assert_eq!(client.get(&format!("{url}/assignments")).await.list().len(), 1);
    assert_eq!(client.post(&assign, json!({"assignments": []})).await.status, 200);
    assert!(client.get(&format!("{url}/assignments")).await.list().is_empty());
    assert_eq!(client.delete(&url).await.status, 204);
    assert_eq!(client.get(&url).await.status, 404);
}

#[tokio::test]
async fn a_compliance_policy_needs_its_type_and_a_block_action() {
    let client = Client::administrator(&company(0)).await;
    let url = "/beta/deviceManagement/deviceCompliancePolicies";
    let mut body = json!({"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "displayName": "c"});
    assert_eq!(client.post(url, body.clone()).await.status, 400);
    body["scheduledActionsForRule"] = json!([{"ruleName": "PasswordRequired", "scheduledActionConfigurations":
        [{"actionType": "block", "gracePeriodHours": 0}]}]);
    let made = client.post(url, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    let one = format!("{url}/{}", made.body["id"].as_str().unwrap());
    assert_eq!(client.patch(&one, json!({"displayName": "d"})).await.status, 400);
    let named = json!({"@odata.type": "#microsoft.graph.windows10CompliancePolicy", "displayName": "d"});
    let seen = client.patch(&one, named).await;
    assert_eq!((seen.status, &seen.body["version"]), (200, &json!(2)));
    let seen = client
        .get(&format!("{one}?$expand=scheduledActionsForRule($expand=scheduledActionConfigurations)"))
        .await;
    assert_eq!(
        seen.body["scheduledActionsForRule"][0]["scheduledActionConfigurations"][0]["actionType"],
        "block"
    );
}

#[tokio::test]
async fn secrets_are_hidden_and_can_be_asked_for() {
    let client = Client::administrator(&company(50)).await;
    let (all, ..) = client.all("/beta/deviceManagement/deviceConfigurations").await;
    let one = all.iter().find(|policy| policy["omaSettings"].is_array()).unwrap();
    let hidden = &one["omaSettings"][1];
    assert_eq!(hidden["value"], "****");
    let url = format!(
        "/beta/deviceManagement/deviceConfigurations/{}/getOmaSettingPlainTextValue(secretReferenceValueId='{}')",
        one["id"].as_str().unwrap(),
        hidden["secretReferenceValueId"].as_str().unwrap()
    );
    let seen = client.get(&url).await;
    assert!(seen.body["value"].as_str().unwrap().starts_with("secret "), "{seen:?}");
}

#[tokio::test]
async fn an_imported_object_keeps_every_property() {
    let sim = company(0);
    let raw = json!({"@odata.type": "#microsoft.graph.macOSCustomConfiguration", "displayName": "m", "payload": "AA==",
        "unheardOf": {"a": [1]}, "assignments": [{"id": "x", "target": {}}]});
    let id = sim.control().put_raw(COMPANY_TENANT_ID, "deviceManagement/deviceConfigurations", raw);
    let client = Client::administrator(&sim).await;
    let seen = client
        .get(&format!("/beta/deviceManagement/deviceConfigurations/{id}?$expand=assignments"))
        .await
        .body;
    assert_eq!((&seen["unheardOf"]["a"][0], seen["assignments"].as_array().unwrap().len()), (&json!(1), 1));
}

#[tokio::test]
async fn built_in_roles_are_read_only_and_schedules_need_a_licence() {
    let mut config = SimConfig::company(3, 40);
    let sim = Sim::new(config.clone());
    let client = Client::administrator(&sim).await;
    let definitions = "/v1.0/roleManagement/directory/roleDefinitions";
    let reader = format!("{definitions}/88d8e3e3-8f55-4a1e-953a-9b9898b8876b");
    assert_eq!(client.patch(&reader, json!({"description": "x"})).await.status, 403);
    let made = client
        .post(definitions, json!({"displayName": "mine", "isEnabled": true, "rolePermissions": []}))
        .await;
    let mine = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(client.patch(&format!("{definitions}/{mine}"), json!({"description": "x"})).await.status, 204);
    let ada = client.new_user("ada").await;
    let requests = "/v1.0/roleManagement/directory/roleEligibilityScheduleRequests";
    let mut request = json!({"action": "adminAssign", "principalId": ada, "roleDefinitionId": mine,
        "directoryScopeId": "/", "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}}});
    assert_eq!(client.post(requests, request.clone()).await.status, 201);
    let schedules = "/v1.0/roleManagement/directory/roleEligibilitySchedules";
    let mine = |list: &[Value]| list.iter().filter(|one| one["principalId"] == json!(ada)).count();
    let (list, ..) = client.all(schedules).await;
    assert_eq!(mine(&list), 1);
    request["action"] = json!("adminRemove");
    assert_eq!(client.post(requests, request).await.status, 201);
    let (list, ..) = client.all(schedules).await;
    assert_eq!(mine(&list), 0);
    let (activated, ..) = client.all("/v1.0/roleManagement/directory/roleAssignmentScheduleInstances").await;
    assert!(activated.iter().any(|one| one["assignmentType"] == "Activated"));
    config.tenants[0].premium_p2 = false;
    let poor = Client::administrator(&Sim::new(config)).await;
    assert_eq!(poor.get(schedules).await.code(), "AadPremiumLicenseRequired");
    assert_eq!(poor.get(definitions).await.status, 200);
}

#[tokio::test]
async fn a_role_that_was_given_for_a_time_ends_with_it_and_its_assignment_too() {
    let sim = company(0);
    let client = Client::administrator(&sim).await;
    let roles = "/v1.0/roleManagement/directory";
    let user = client.new_user("ada").await;
    for (number, expiration) in [
        json!({"type": "afterDateTime", "endDateTime": "2026-01-15T00:00:00Z"}),
        json!({"type": "afterDuration", "duration": "P9D"}),
        json!({"type": "afterDuration", "duration": "P1M"}),
        json!({"type": "noExpiration"}),
    ]
    .into_iter()
    .enumerate()
    {
        let role = [
            "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
            "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b",
            "4a5d8f65-41da-4de4-8968-e035b65339cf",
            "95e79109-95c0-4d8e-aee3-d01accf2d47b",
        ][number];
        let body = json!({"action": "adminAssign", "principalId": user, "roleDefinitionId": role,
            "directoryScopeId": "/", "scheduleInfo": {"startDateTime": "2026-01-05T08:00:00Z", "expiration": expiration}});
        for of in ["Eligibility", "Assignment"] {
            let path = format!("{roles}/role{of}ScheduleRequests");
            assert_eq!(client.post(&path, body.clone()).await.status, 201);
        }
    }
    for (days, left) in [(8, 4), (4, 2), (40, 1)] {
        sim.control().advance(std::time::Duration::from_secs(days * 24 * 3600));
        let client = Client::administrator(&sim).await;
        for of in ["roleEligibilitySchedules", "roleAssignmentSchedules", "roleAssignments"] {
            let (all, ..) = client.all(&format!("{roles}/{of}?$filter=principalId eq '{user}'")).await;
            assert_eq!(all.len(), left, "{of}, {days} days later");
        }
    }
}
