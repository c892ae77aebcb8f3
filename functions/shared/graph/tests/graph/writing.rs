//! Each write is one request as Microsoft documents it, and its outcome is said plainly.

use crate::common::{Answer, Seen, ok, refuse, status, tenant, world};
use domain::{
    ErrorKind,
    kinds::{self, Kind, LinkType},
};
use engine::ports::{Clock, DirectoryWrite, DirectoryWriter};
use serde_json::{Map, Value, json};

const ALREADY: &str =
    "One or more added object references already exist for the following modified properties: 'members'.";

fn kind(name: &str) -> &'static Kind {
    kinds::get(name).unwrap()
}
fn link(name: &str) -> &'static LinkType {
    kinds::link(name).unwrap()
}
fn map(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("not an object") };
    map
}
fn to(ids: &[&str]) -> Vec<(String, Option<String>)> {
    ids.iter().map(|id| ((*id).to_owned(), None)).collect()
}
fn on_graph(s: &Seen, answer: impl FnOnce() -> Answer) -> Option<Answer> {
    (!s.path.ends_with("/token")).then(answer)
}

#[tokio::test]
async fn every_call_is_the_documented_request() {
    let world = world(|s| {
        on_graph(s, || match s.method.as_str() {
            "POST" => status(201, json!({"id": "new", "targetScheduleId": "schedule"})),
            _ => status(204, Value::Null),
        })
    })
    .await;
    let writer = world.writer();
    let base = format!("{}/v1.0", world.url);
    let fact = json!({"id": "s", "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/"});
    let target = json!({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g"});
    let id = || "x".to_owned();
    let table: Vec<(DirectoryWrite, &str, Value)> = vec![
        (
            DirectoryWrite::Undelete {
                kind: kind("users"),
                id: id(),
                new_name: None,
                frees_addresses: false,
            },
            "POST /v1.0/directory/deletedItems/x/restore",
            Value::Null,
        ),
        (
            DirectoryWrite::Create { kind: kind("groups"), body: map(json!({"displayName": "G"})) },
            "POST /v1.0/groups",
            json!({"displayName": "G"}),
        ),
        (
            DirectoryWrite::Create {
                kind: kind("groups"),
                body: map(
                    json!({"displayName": "G", "members@odata.bind": ["u", "v"], "owners@odata.bind": ["o"]}),
                ),
            },
            "POST /v1.0/groups",
            json!({"displayName": "G",
                "members@odata.bind": [format!("{base}/directoryObjects/u"), format!("{base}/directoryObjects/v")],
                "owners@odata.bind": [format!("{base}/directoryObjects/o")]}),
        ),
        (
            DirectoryWrite::Update { kind: kind("users"), id: id(), body: map(json!({"city": "B"})) },
            "PATCH /v1.0/users/x",
            json!({"city": "B"}),
        ),
        (
            DirectoryWrite::Update {
                kind: kind("ConfigurationPolicies"),
                id: id(),
                body: map(json!({"name": "P"})),
            },
            "PUT /beta/deviceManagement/configurationPolicies/x",
            json!({"name": "P"}),
        ),
        (
            DirectoryWrite::Act {
                kind: kind("DeviceCompliancePolicies"),
                id: id(),
                path: "scheduleActionsForRules",
                body: map(json!({"deviceComplianceScheduledActionForRules": []})),
            },
            "POST /beta/deviceManagement/deviceCompliancePolicies/x/scheduleActionsForRules",
            json!({"deviceComplianceScheduledActionForRules": []}),
        ),
        (
            DirectoryWrite::Delete { kind: kind("users"), id: id(), object: Map::new() },
            "DELETE /v1.0/users/x",
            Value::Null,
        ),
        (
            DirectoryWrite::Delete { kind: kind("activeAdmins"), id: id(), object: map(fact.clone()) },
            "POST /v1.0/roleManagement/directory/roleAssignmentScheduleRequests",
            json!({"action": "adminRemove", "justification": "Restored by Holdfast",
                "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/"}),
        ),
        (
            DirectoryWrite::Create { kind: kind("eligibleAdmins"), body: map(fact) },
            "POST /v1.0/roleManagement/directory/roleEligibilityScheduleRequests",
            json!({"action": "adminAssign", "justification": "Restored by Holdfast",
                "principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/",
                "scheduleInfo": {"startDateTime": "2026-01-01T00:00:00Z", "expiration": {"type": "noExpiration"}}}),
        ),
        (
            DirectoryWrite::AddLinks { link: link("groups.members"), from: "g".into(), to: to(&["u"]) },
            "POST /v1.0/groups/g/members/$ref",
            json!({"@odata.id": format!("{base}/directoryObjects/u")}),
        ),
        (
            DirectoryWrite::AddLinks { link: link("groups.members"), from: "g".into(), to: to(&["u", "v"]) },
            "PATCH /v1.0/groups/g",
            json!({"members@odata.bind": [format!("{base}/directoryObjects/u"), format!("{base}/directoryObjects/v")]}),
        ),
        (
            DirectoryWrite::AddLinks { link: link("users.manager"), from: "u".into(), to: to(&["m"]) },
            "PUT /v1.0/users/u/manager/$ref",
            json!({"@odata.id": format!("{base}/users/m")}),
        ),
        (
            DirectoryWrite::AddLinks {
                link: link("users.manager"),
                from: "u".into(),
                to: vec![("m".into(), Some("#microsoft.graph.orgContact".into()))],
            },
            "PUT /v1.0/users/u/manager/$ref",
            json!({"@odata.id": format!("{base}/directoryObjects/m")}),
        ),
        (
            DirectoryWrite::RemoveLink { link: link("users.manager"), from: "u".into(), to: "m".into() },
            "DELETE /v1.0/users/u/manager/$ref",
            Value::Null,
        ),
        (
            DirectoryWrite::RemoveLink {
                link: link("administrativeUnits.members"),
                from: "a".into(),
                to: "u".into(),
            },
            "DELETE /v1.0/directory/administrativeUnits/a/members/u/$ref",
            Value::Null,
        ),
        (
            DirectoryWrite::Assign {
                link: link("DeviceConfiguration.assignments"),
                from: "p".into(),
                assignments: vec![map(json!({"id": "p_g", "source": "direct", "target": target}))],
            },
            "POST /beta/deviceManagement/deviceConfigurations/p/assign",
            json!({"assignments": [{ "target": target }]}),
        ),
        (
            DirectoryWrite::AssignLicences {
                kind: kind("users"),
                id: id(),
                add: vec![json!({"skuId": "s", "disabledPlans": []})],
                remove: vec!["t".into()],
            },
            "POST /v1.0/users/x/assignLicense",
            json!({"addLicenses": [{"skuId": "s", "disabledPlans": []}], "removeLicenses": ["t"]}),
        ),
    ];
    for (call, line, body) in table {
        let applied = writer.apply(&tenant(), &call).await.unwrap();
        let seen = world.seen().pop().unwrap();
        assert_eq!(seen.line(), line);
        assert_eq!(seen.body, body, "{line}");
        assert_eq!(seen.header("x-ms-throttle-priority"), "", "a restore does not yield");
        assert_eq!(applied.request_id.as_deref(), Some("r-1"));
        assert_eq!(applied.status, if seen.method == "POST" { 201 } else { 204 }, "{line}");
        let id = match &call {
            DirectoryWrite::Create { kind, .. } if kind.writing.requests.is_some() => Some("schedule"),
            DirectoryWrite::Create { .. } => Some("new"),
            _ => None,
        };
        assert_eq!(applied.id.as_deref(), id, "{line}");
        assert!(!applied.was_so);
    }
}

#[tokio::test]
async fn a_write_whose_outcome_is_not_known_is_not_made_again() {
    // A gateway that names a wait says nothing of what went on behind it.
    for (code, wait) in [(500, None), (502, None), (503, None), (504, None), (504, Some("2"))] {
        let answer = move || match wait {
            Some(wait) => refuse(code, "", "").with("retry-after", wait),
            None => refuse(code, "", ""),
        };
        let world = world(move |s| on_graph(s, answer)).await;
        let call = DirectoryWrite::Create { kind: kind("groups"), body: Map::new() };
        let error = world.writer().apply(&tenant(), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("not known"), "{error}");
        assert_eq!(world.seen().len(), 1, "{code}");
    }
}

#[tokio::test]
async fn a_write_on_a_connection_that_breaks_is_not_made_again() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    use tokio::io::AsyncReadExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut some = [0; 256];
            let _ = stream.read(&mut some).await;
        }
    });
    let world = world(|_| None).await;
    let writer = graph::GraphWriter::new(world.client_at(&url));
    let call = DirectoryWrite::Create { kind: kind("groups"), body: Map::new() };
    let error = writer.apply(&tenant(), &call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("not known"), "{error}");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_write_that_graph_refused_unseen_is_made_again_after_the_wait() {
    let world = world(|s| {
        on_graph(s, || match s.before {
            0 => refuse(429, "TooManyRequests", "").with("retry-after", "1.5"),
            1 => refuse(503, "", "").with("retry-after", "2"),
            _ => status(201, json!({"id": "new"})),
        })
    })
    .await;
    let writer = world.writer();
    let call = DirectoryWrite::Create { kind: kind("groups"), body: Map::new() };
    assert_eq!(writer.apply(&tenant(), &call).await.unwrap().id.as_deref(), Some("new"));
    assert_eq!(world.waits_ms(), [1_500, 2_000]);
    assert_eq!(writer.take_spent(&tenant()).requests, 3);
}

#[tokio::test]
async fn what_is_so_already_is_a_success_that_says_so() {
    let world = world(|s| {
        on_graph(s, || match (s.method.as_str(), s.path.as_str()) {
            ("DELETE", _) => refuse(404, "Request_ResourceNotFound", ""),
            (_, "/v1.0/roleManagement/directory/roleAssignments") => status(
                400,
                json!({"error": {"code": "Request_BadRequest", "details": [{"code": "ConflictingObjects"}]}}),
            ),
            (_, path) if path.ends_with("ScheduleRequests") => refuse(400, "RoleAssignmentExists", ""),
            _ => refuse(400, "Request_BadRequest", ALREADY),
        })
    })
    .await;
    let writer = world.writer();
    let fact = map(json!({"principalId": "p", "roleDefinitionId": "r", "directoryScopeId": "/"}));
    for call in [
        DirectoryWrite::AddLinks { link: link("groups.members"), from: "g".into(), to: to(&["u"]) },
        DirectoryWrite::AddLinks { link: link("groups.owners"), from: "g".into(), to: to(&["u"]) },
        DirectoryWrite::RemoveLink { link: link("groups.members"), from: "g".into(), to: "u".into() },
        DirectoryWrite::RemoveLink { link: link("users.manager"), from: "u".into(), to: "m".into() },
        DirectoryWrite::Delete { kind: kind("groups"), id: "g".into(), object: Map::new() },
        DirectoryWrite::Create { kind: kind("admins"), body: fact.clone() },
        DirectoryWrite::Create { kind: kind("activeAdmins"), body: fact },
    ] {
        let applied = writer.apply(&tenant(), &call).await.unwrap();
        assert!(applied.was_so, "{call:?}");
    }
    assert_eq!(world.seen().len(), 7, "each is asked for once");
}

#[tokio::test]
async fn a_removal_that_graph_refuses_is_not_taken_for_one_that_was_made() {
    let world = world(|s| on_graph(s, || refuse(403, "Authorization_RequestDenied", ""))).await;
    let gone =
        DirectoryWrite::RemoveLink { link: link("groups.members"), from: "g1".into(), to: "u1".into() };
    let deleted = DirectoryWrite::Delete { kind: kind("groups"), id: "g1".into(), object: Map::new() };
    for (call, asked) in [(gone, "DELETE groups/{id}/members/{id}/$ref"), (deleted, "DELETE groups/{id}")] {
        let error = world.writer().apply(&tenant(), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().starts_with(&format!("{asked}: ")), "{error}");
    }
}

#[tokio::test]
async fn a_write_that_has_to_wait_beyond_its_deadline_is_not_made() {
    let world = world(|s| on_graph(s, || refuse(429, "TooManyRequests", "").with("retry-after", "10"))).await;
    let in_a_second = world.clock.now() + std::time::Duration::from_secs(1);
    let writer = DirectoryWriter::with_deadline(&world.writer(), in_a_second).unwrap();
    let call = DirectoryWrite::Create { kind: kind("groups"), body: Map::new() };
    let error = writer.apply(&tenant(), &call).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Throttled { .. }), "{error}");
    assert_eq!((world.seen().len(), world.waits_ms().len()), (1, 0));
}

#[tokio::test]
async fn one_member_who_is_there_already_does_not_keep_the_others_out() {
    let world = world(|s| {
        on_graph(s, || match s.method.as_str() {
            "PATCH" => refuse(400, "Request_BadRequest", ALREADY),
            _ if s.body["@odata.id"].as_str().unwrap().ends_with("/u") => {
                refuse(400, "Request_BadRequest", ALREADY)
            }
            _ => status(204, Value::Null),
        })
    })
    .await;
    let call =
        DirectoryWrite::AddLinks { link: link("groups.members"), from: "g".into(), to: to(&["u", "v", "w"]) };
    let applied = world.writer().apply(&tenant(), &call).await.unwrap();
    assert!(!applied.was_so && applied.status == 204);
    assert_eq!(world.seen().len(), 1 + 3);
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_and_not_the_object_that_was_asked_for() {
    let world = world(|s| {
        on_graph(s, || {
            let details = json!([{"target": "userPrincipalName", "code": "ObjectConflict"}]);
            status(400, json!({"error": {"code": "Request_BadRequest", "message": "anna@contoso.com", "details": details}}))
        })
    })
    .await;
    let call = DirectoryWrite::Create { kind: kind("users"), body: Map::new() };
    let error = world.writer().apply(&tenant(), &call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error.to_string().contains("userPrincipalName") && !error.to_string().contains("anna"),
        "{error}"
    );
}

#[tokio::test]
async fn what_the_row_does_not_allow_is_refused_before_graph_is_asked() {
    let world = world(|s| on_graph(s, || ok(json!({})))).await;
    let writer = world.writer();
    let links = |count: u32| (0..count).map(|i| (i.to_string(), None)).collect::<Vec<_>>();
    let members = |to| DirectoryWrite::AddLinks { link: link("groups.members"), from: "g".into(), to };
    writer.apply(&tenant(), &members(links(20))).await.unwrap();
    assert_eq!(world.seen().len(), 1, "as many as Graph takes at once are one request");
    for call in [
        DirectoryWrite::Update { kind: kind("admins"), id: "x".into(), body: Map::new() },
        members(links(21)),
        members(vec![]),
        DirectoryWrite::AddLinks {
            link: link("DeviceConfiguration.assignments"),
            from: "g".into(),
            to: to(&["u"]),
        },
        DirectoryWrite::RemoveLink {
            link: link("DeviceConfiguration.assignments"),
            from: "g".into(),
            to: "u".into(),
        },
    ] {
        let error = writer.apply(&tenant(), &call).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(world.seen().len(), 1);
}
