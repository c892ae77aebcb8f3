//! A policy is given whole or not at all.

use crate::common::{ok, refuse, source, tenant, world};
use domain::ErrorKind;
use engine::ports::{Cursor, DirectoryPages};
use serde_json::{Value, json};

const LIST: &str = "/beta/deviceManagement/configurationPolicies";

fn settings(from: usize, to: usize) -> Vec<Value> {
    (from..to).map(|i| json!({"id": i.to_string()})).collect()
}

#[tokio::test]
async fn settings_that_were_cut_at_25_are_read_on_until_their_number_is_the_policys() {
    let world = world(|s| {
        let at = |rest: &str| format!("{}{LIST}{rest}", s.base);
        match (s.path.strip_prefix(LIST)?, s.query.as_str()) {
            ("", "$expand=assignments,settings&$top=1000") => Some(ok(json!({"value": [
                {"id": "whole", "settingCount": 2, "settings": settings(0, 2), "assignments": []},
                {"id": "silently cut", "settingCount": 60, "settings": settings(0, 25), "assignments": []},
                {"id": "linked", "settingCount": 30, "settings": settings(0, 25), "assignments": [],
                    "settings@odata.nextLink": at("/linked/settings?$skiptoken=25")},
            ]}))),
            ("/linked/settings", "$skiptoken=25") => Some(ok(json!({"value": settings(25, 30)}))),
            ("/silently%20cut/settings", "$top=1000") => Some(ok(json!({"value": settings(0, 50),
                "@odata.nextLink": at("/silently%20cut/settings?$skiptoken=50")}))),
            ("/silently%20cut/settings", "$skiptoken=50") => Some(ok(json!({"value": settings(50, 60)}))),
            _ => None,
        }
    })
    .await;
    let page = world
        .directory()
        .read_page(&tenant(), source("ConfigurationPolicies"), &Cursor::Start, &[])
        .await
        .unwrap();
    let counts: Vec<_> =
        page.values().unwrap().iter().map(|p| p["settings"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [2, 60, 30]);
    assert!(page.values().unwrap()[2].get("settings@odata.nextLink").is_none());
}

#[tokio::test]
async fn a_policy_that_graph_does_not_give_whole_is_an_error_that_names_it() {
    let world = world(|s| match s.path.strip_prefix(LIST)? {
        "" => {
            Some(ok(json!({"value": [{"id": "p-1", "settingCount": 3, "settings": [], "assignments": []}]})))
        }
        _ => Some(ok(json!({"value": settings(0, 2)}))),
    })
    .await;
    let error = world
        .directory()
        .read_page(&tenant(), source("ConfigurationPolicies"), &Cursor::Start, &[])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("p-1") && error.to_string().contains("settings"), "{error}");
}

#[tokio::test]
async fn what_was_to_be_expanded_and_is_absent_is_read_in_batches_of_twenty() {
    let world = world(|s| {
        if s.path == "/beta/$batch" {
            let requests = s.body["requests"].as_array().unwrap();
            assert!(requests.len() <= 20);
            let reply = |r: &Value| {
                let url = r["url"].as_str().unwrap();
                assert!(url.starts_with("/deviceManagement/deviceConfigurations/"), "{url}");
                json!({"id": r["id"], "status": 200, "body": {"value": [{"id": url}]}})
            };
            return Some(ok(json!({"responses": requests.iter().map(reply).collect::<Vec<_>>()})));
        }
        let policies: Vec<Value> = (0..45).map(|i| json!({"id": format!("p{i}")})).collect();
        s.path.ends_with("/deviceConfigurations").then(|| ok(json!({ "value": policies })))
    })
    .await;
    let directory = world.directory();
    let page =
        directory.read_page(&tenant(), source("DeviceConfiguration"), &Cursor::Start, &[]).await.unwrap();
    for (i, policy) in page.values().unwrap().iter().enumerate() {
        let own = format!("/deviceManagement/deviceConfigurations/p{i}/assignments");
        assert_eq!(policy["assignments"], json!([{ "id": own }]));
    }
    assert_eq!(world.seen().len(), 1 + 3);
    let spent = directory.take_spent(&tenant());
    assert_eq!((spent.requests, spent.resource_units), (1 + 45, 2 + 45));
}

#[tokio::test]
async fn scheduled_actions_come_with_their_configurations() {
    let world = world(|s| {
        let path = s.path.strip_prefix("/beta/deviceManagement/deviceCompliancePolicies")?;
        match path {
            "" => Some(ok(json!({"value": [
                {"id": "p", "assignments": [], "scheduledActionsForRule": [{"id": "r"}]},
                {"id": "q", "assignments": [], "scheduledActionsForRule": [{"id": "s",
                    "scheduledActionConfigurations": [{"id": "d"}],
                    "scheduledActionConfigurations@odata.nextLink":
                        format!("{}/beta/deviceManagement/deviceCompliancePolicies/more", s.base)}]},
            ]}))),
            "/more" => Some(ok(json!({"value": [{"id": "e"}]}))),
            "/p/scheduledActionsForRule" => {
                assert_eq!(s.query, "$expand=scheduledActionConfigurations");
                Some(ok(json!({"value": [{"id": "r", "scheduledActionConfigurations": [{"id": "c"}]}]})))
            }
            _ => None,
        }
    })
    .await;
    let source = source("DeviceCompliancePolicies");
    let page = world.directory().read_page(&tenant(), source, &Cursor::Start, &[]).await.unwrap();
    let configurations = "/scheduledActionsForRule/0/scheduledActionConfigurations/0/id";
    assert_eq!(page.values().unwrap()[0].pointer(configurations), Some(&json!("c")));
    let cut =
        page.values().unwrap()[1]["scheduledActionsForRule"][0]["scheduledActionConfigurations"].clone();
    assert_eq!(cut, json!([{"id": "d"}, {"id": "e"}]), "they are read on");
}

#[tokio::test]
async fn a_policy_that_vanished_while_it_was_read_is_not_there_and_does_not_pass_for_a_lost_cursor() {
    let world = world(|s| match s.path.strip_prefix(LIST)? {
        "" => Some(ok(json!({"value": [{"id": "p", "settings": []}]}))),
        _ => Some(refuse(404, "ResourceNotFound", "")),
    })
    .await;
    let page = world
        .directory()
        .read_page(&tenant(), source("ConfigurationPolicies"), &Cursor::Start, &[])
        .await
        .unwrap();
    assert_eq!((page.items.len(), page.unreadable), (0, vec![]));
    assert!(world.lines().last().unwrap().ends_with("/p?$select=id"), "{:?}", world.lines());
}
