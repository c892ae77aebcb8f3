//! One object as it is now.

use crate::common::{Answer, Seen, ok, refuse, tenant, world};
use domain::ErrorKind;
use domain::kinds::{self, LinkEnd};
use engine::ports::{DirectoryAccess, LiveObjects};
use serde_json::{Value, json};

/// Answers each part of a batch by a function of its address.
fn batched(s: &Seen, answer: impl Fn(&str) -> (u16, Value)) -> Option<Answer> {
    let requests = s.body["requests"].as_array()?;
    let replies: Vec<Value> = requests
        .iter()
        .map(|r| {
            let (status, body) = answer(r["url"].as_str().unwrap());
            json!({"id": r["id"], "status": status, "body": body})
        })
        .collect();
    Some(ok(json!({ "responses": replies })))
}

#[tokio::test]
async fn a_group_is_given_as_a_snapshot_holds_it_with_all_of_its_members() {
    let world = world(|s| {
        let next = format!("{}/v1.0/groups/g/members?$skiptoken=2", s.base);
        if s.query == "$skiptoken=2" {
            return Some(ok(json!({"value": [{"@odata.type": "#microsoft.graph.device", "id": "a"}]})));
        }
        batched(s, |url| {
            let body = if url.starts_with("/groups/g/members?$select=id&$top=999") {
                json!({"value": [{"@odata.type": "#microsoft.graph.user", "id": "u"}], "@odata.nextLink": next})
            } else if url.starts_with("/groups/g/owners?") {
                json!({"value": []})
            } else {
                assert!(url.starts_with("/groups/g?$select=id,") && !url.contains(",members,"), "{url}");
                json!({"@odata.context": "c", "id": "g", "displayName": "G", "groupTypes": ["b", "a"]})
            };
            (200, body)
        })
    })
    .await;
    let groups = kinds::get("groups").unwrap();
    let links: Vec<_> = groups.links.iter().collect();
    let live = world.directory().find_live(&tenant(), groups, "g", &links).await.unwrap().unwrap();
    let mut object = live.object;
    assert_eq!(object.get("description"), Some(&Value::Null), "it was asked for");
    object.retain(|_, value| !value.is_null());
    assert_eq!(Value::Object(object), json!({"id": "g", "displayName": "G", "groupTypes": ["a", "b"]}));
    let ends: Vec<_> = live.links.iter().map(|(link, to, _)| (link.relation, to.as_str())).collect();
    assert_eq!(ends, [("members", "a"), ("members", "u")]);
    let LinkEnd::Present(value) = &live.links[1].2 else { panic!("gone") };
    assert_eq!(value["@odata.type"], "#microsoft.graph.user");
}

#[tokio::test]
async fn a_user_without_a_manager_has_none_and_one_without_a_permitted_facet_is_still_there() {
    let world = world(|s| {
        batched(s, |url| match url {
            _ if url.contains("/manager?$select=id") => {
                (404, json!({"error": {"code": "Request_ResourceNotFound"}}))
            }
            _ if url.contains("$select=id,customSecurityAttributes") => {
                (403, json!({"error": {"code": "Authorization_RequestDenied"}}))
            }
            _ => (200, json!({"id": "u", "displayName": "U"})),
        })
    })
    .await;
    let users = kinds::get("users").unwrap();
    let links: Vec<_> = users.links.iter().collect();
    let live = world.directory().find_live(&tenant(), users, "u", &links).await.unwrap().unwrap();
    assert!(live.links.is_empty());
    assert!(!live.object.contains_key("customSecurityAttributes"), "not read is not the same as empty");
}

#[tokio::test]
async fn an_object_that_is_not_there_is_none_and_a_failure_is_not() {
    for (code, is_none) in [(404, true), (403, false)] {
        let world = world(move |s| (!s.path.ends_with("/token")).then(|| refuse(code, "X", ""))).await;
        let roles = kinds::get("roles").unwrap();
        let live = world.directory().find_live(&tenant(), roles, "a/b c", &[]).await;
        assert_eq!(live.is_ok_and(|l| l.is_none()), is_none);
        assert_eq!(world.lines(), ["GET /v1.0/roleManagement/directory/roleDefinitions/a%2Fb%20c"]);
    }
}

#[tokio::test]
async fn a_policy_comes_with_its_assignments_by_their_keys() {
    let world = world(|s| {
        let target = |of: &str, group: Value| json!({"@odata.type": format!("#microsoft.graph.{of}"), "groupId": group});
        let assignments = json!([
            {"id": "p_g", "source": "direct", "target": target("groupAssignmentTarget", "g".into())},
            {"id": "p_h", "target": target("exclusionGroupAssignmentTarget", "h".into())},
            {"id": "p_a", "target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
        ]);
        (s.line() == "GET /beta/deviceManagement/configurationPolicies/p?$expand=assignments,settings").then(|| {
            ok(json!({"id": "p", "settingCount": 1, "settings": [{"id": "0"}], "assignments": assignments}))
        })
    })
    .await;
    let kind = kinds::get("ConfigurationPolicies").unwrap();
    let links: Vec<_> = kind.links.iter().collect();
    let live = world.directory().find_live(&tenant(), kind, "p", &links).await;
    let live = live.unwrap().unwrap();
    let ends: Vec<_> = live.links.iter().map(|(_, to, _)| to.as_str()).collect();
    assert_eq!(ends, ["allDevices", "g", "h!exclude"]);
    assert_eq!(live.object["settings"], json!([{"id": "0"}]));
    assert!(!live.object.contains_key("assignments"));
}

#[tokio::test]
async fn a_role_assignment_is_found_by_what_it_says_among_those_of_its_principal() {
    let world = world(|s| {
        let is_filter = s.query == "$filter=principalId eq 'p'";
        let fact = |id: &str, scope: &str| json!({"id": id, "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": scope});
        is_filter.then(|| ok(json!({"value": [fact("1", "/administrativeUnits/a"), fact("2", "/")]})))
    })
    .await;
    let admins = kinds::get("admins").unwrap();
    let directory = world.directory();
    let live = directory.find_live(&tenant(), admins, "p|r|/|", &[]).await.unwrap().unwrap();
    assert_eq!(live.object["id"], "2");
    assert!(directory.find_live(&tenant(), admins, "p|r|/x|", &[]).await.unwrap().is_none());
}

#[tokio::test]
async fn the_recycle_bin_is_asked_only_where_there_is_one() {
    let world = world(|s| match s.path.as_str() {
        "/v1.0/directory/deletedItems/u" => {
            Some(ok(json!({"@odata.type": "#microsoft.graph.user", "id": "u"})))
        }
        "/v1.0/directory/deletedItems/gone" => Some(refuse(404, "Request_ResourceNotFound", "")),
        _ => None,
    })
    .await;
    let directory = world.directory();
    let kind = |name| kinds::get(name).unwrap();
    assert!(directory.is_in_recycle_bin(&tenant(), kind("users"), "u").await.unwrap());
    assert!(!directory.is_in_recycle_bin(&tenant(), kind("groups"), "u").await.unwrap(), "another kind");
    assert!(!directory.is_in_recycle_bin(&tenant(), kind("users"), "gone").await.unwrap());
    assert!(!directory.is_in_recycle_bin(&tenant(), kind("DeviceConfiguration"), "u").await.unwrap());
    assert_eq!(world.seen().len(), 3);
    assert!(directory.is_in_recycle_bin(&tenant(), kind("users"), "broken").await.is_err());
}

#[tokio::test]
async fn what_the_recycle_bin_does_not_give_of_an_object_is_not_known() {
    let world = world(|s| match s.path.as_str() {
        "/v1.0/directory/deletedItems/u" => {
            assert!(s.query.contains("displayName"), "{}", s.query);
            Some(ok(json!({"@odata.context": "x", "@odata.type": "#microsoft.graph.user", "id": "u",
                "jobTitle": "Clerk", "city": null})))
        }
        // One that takes no selection there.
        "/v1.0/directory/deletedItems/old" if s.query.is_empty() => {
            Some(ok(json!({"@odata.type": "#microsoft.graph.user", "id": "old", "jobTitle": "Clerk"})))
        }
        "/v1.0/directory/deletedItems/old" => Some(refuse(400, "Request_UnsupportedQuery", "")),
        "/v1.0/directory/deletedItems/gone" => Some(refuse(404, "Request_ResourceNotFound", "")),
        _ => None,
    })
    .await;
    let (directory, users) = (world.directory(), kinds::get("users").unwrap());
    let found = directory.find_binned(&tenant(), users, "u").await.unwrap().unwrap();
    assert_eq!(found.object["jobTitle"], "Clerk");
    assert!(
        found.object["city"].is_null()
            && !found.unknown.contains("city")
            && !found.unknown.contains("jobTitle")
    );
    assert!(
        ["state", "assignedLicenses", "customSecurityAttributes", "manager"]
            .iter()
            .all(|p| found.unknown.contains(p))
    );
    let unseen = directory.find_binned(&tenant(), users, "old").await.unwrap().unwrap();
    assert!(unseen.unknown.contains("jobTitle"));
    assert_eq!(directory.find_binned(&tenant(), users, "gone").await.unwrap(), None);
    let groups = kinds::get("groups").unwrap();
    assert_eq!(directory.find_binned(&tenant(), groups, "u").await.unwrap(), None, "another kind");
}

#[tokio::test]
async fn a_name_is_compared_exactly_and_cannot_break_out_of_the_filter() {
    let world = world(|s| {
        assert!(
            s.query.ends_with("$filter=displayName eq 'O''Neil'") || s.path.ends_with("token"),
            "{}",
            s.query
        );
        (s.path == "/v1.0/users").then(|| {
            ok(json!({"value": [{"id": "1", "displayName": "o'neil"}, {"id": "2", "displayName": "O'Neil"}]}))
        })
    })
    .await;
    let users = kinds::get("users").unwrap();
    let found = world.directory().find_by_property(&tenant(), users, "displayName", "O'Neil").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], "2");
}

#[tokio::test]
async fn what_has_the_name_and_no_id_is_an_error_and_no_object() {
    let world =
        world(|s| (s.path == "/v1.0/users").then(|| ok(json!({"value": [{"displayName": "A"}]})))).await;
    let users = kinds::get("users").unwrap();
    let error = world.directory().find_by_property(&tenant(), users, "displayName", "A").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn the_organisation_is_what_graph_says_of_it_and_none_is_an_error() {
    for (value, name) in
        [(json!([{"id": "t", "displayName": "Contoso"}]), Some("Contoso")), (json!([]), None)]
    {
        let world =
            world(move |s| (s.path == "/v1.0/organization").then(|| ok(json!({ "value": value })))).await;
        let found = world.directory().organisation(&tenant()).await;
        assert_eq!(found.ok().as_ref().map(|found| &found["displayName"]), name.map(|n| json!(n)).as_ref());
    }
}

#[tokio::test]
async fn policies_of_a_name_are_found_in_the_list_and_given_whole() {
    let world = world(|s| match s.path.strip_prefix("/beta/deviceManagement/configurationPolicies")? {
        "" => Some(ok(json!({"value": [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}]}))),
        "/2" => {
            Some(ok(json!({"id": "2", "name": "B", "settingCount": 0, "settings": [], "assignments": []})))
        }
        _ => None,
    })
    .await;
    let kind = kinds::get("ConfigurationPolicies").unwrap();
    let found = world.directory().find_by_property(&tenant(), kind, "name", "B").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["settings"], json!([]));
    assert!(!world.seen()[0].query.contains("$filter"));
}
