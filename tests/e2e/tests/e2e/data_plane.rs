//! The data plane through its routes, over every job and a simulated Microsoft: what a person's client does, and nothing
//! past the API.

use super::rig::Rig;
use axum::Router;
use axum::body::Body;
use domain::rights::Role;
use engine::records::Tenant;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use lambda_http::RequestExt;
use partners::commands::{Caller, Member};
use runtime::http::{authorizer_context, gateway_context, service};
use serde_json::{Value, json};
use snapshot_api::{Ports, SnapshotApi, router};
use tower::ServiceExt;

/// The API of the rig's one organisation, as its partner's Owner calls it.
pub(super) struct Client<'a> {
    rig: &'a Rig,
    router: Router,
    caller: Caller,
    organisation: String,
}

impl<'a> Client<'a> {
    pub(super) async fn new(rig: &'a Rig) -> Self {
        let api = SnapshotApi::new(Ports {
            vault: rig.world.vault.clone(),
            keys: rig.world.key_ring.clone(),
            records: rig.records.clone(),
            queue: rig.world.queue.clone(),
            links: rig.world.exports.clone(),
            clock: rig.clock.clone(),
            ids: rig.world.ids.clone(),
        });
        let tenant = rig.records.get(&Tenant::at(rig.tenant())).await.unwrap().value;
        let member = Member::of_token(tenant.partner, Role::Owner, None, "hft_12345678");
        Self {
            rig,
            router: service(router(api)),
            caller: Caller::Member(member),
            organisation: format!("/v1/organisations/{}", tenant.organisation),
        }
    }

    /// The same API, as somebody else of the partner calls it, or of the customer.
    pub(super) fn by(&self, change: impl FnOnce(&mut Member)) -> Self {
        let Caller::Member(mut member) = self.caller.clone() else { panic!("not a member") };
        change(&mut member);
        let (router, organisation) = (self.router.clone(), self.organisation.clone());
        Self { rig: self.rig, router, caller: Caller::Member(member), organisation }
    }

    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let context = gateway_context("request-1", "$default", Some(authorizer_context(&self.caller)));
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let body = body.map_or(Body::empty(), |body| Body::from(body.to_string()));
        let request = request.body(body).unwrap().with_request_context(context);
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (parts.status, serde_json::from_slice(&bytes).unwrap())
    }

    /// As [`Self::ask`], of a path below the organisation.
    pub(super) async fn ask_below(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        self.ask(method, &format!("{}/{path}", self.organisation), body).await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, found) = self.ask(Method::GET, &format!("{}/{path}", self.organisation), None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {found}");
        found
    }

    /// Asks for work and lets everything work until it is done: the path where it can be read, below the organisation.
    pub(super) async fn done(&self, path: &str, body: Option<&Value>) -> String {
        let (status, made) = self.ask(Method::POST, &format!("{}/{path}", self.organisation), body).await;
        // A comparison that there is already is answered at once.
        let is_there = path == "comparisons" && status == StatusCode::OK;
        assert!(is_there || status == StatusCode::ACCEPTED, "{path}: {status} {made}");
        self.rig.settle().await;
        let noun = path.split('/').next().unwrap();
        format!("{noun}/{}", made["id"].as_str().unwrap())
    }
}

#[tokio::test]
async fn a_tenant_is_backed_up_searched_compared_and_restored_through_the_api_alone() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    let client = Client::new(&rig).await;

    let first = client.done("snapshots", None).await;
    assert_eq!(client.get(&first).await["state"], "done");
    let found = client.get(&format!("{first}/objects?kind=users&name=maya")).await;
    assert_eq!((&found["items"][0]["key"], &found["complete"]), (&json!(stage.id("Maya")), &json!(true)));
    let maya = client.get(&format!("{first}/objects/users/{}", stage.id("Maya"))).await;
    assert_eq!(maya["object"]["jobTitle"], "Buyer");

    stage.happen(&admin).await;
    let (_, first_id) = first.split_once('/').unwrap();
    let compare = json!({ "before": first_id, "after": "live" });
    let comparison = client.done("comparisons", Some(&compare)).await;
    assert_eq!(client.get(&comparison).await["state"], "done");
    let changes = client.get(&format!("{comparison}/changes?limit=200")).await;
    let changes = changes["items"].as_array().unwrap();
    let of_maya = changes.iter().find(|change| change["key"] == stage.id("Maya")).unwrap();
    let attributes = of_maya["attributes"].as_array().unwrap();
    let title = attributes.iter().find(|attribute| attribute["path"] == "jobTitle").unwrap();
    assert_eq!(title["after"], "Contractor");
    let listed = client.get("snapshots").await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1, "what only served the comparison is not listed");

    let (_, comparison_id) = comparison.split_once('/').unwrap();
    let only = json!([{ "kind": "users", "key": stage.id("Maya") }]);
    let restore = client.done("restores", Some(&json!({ "comparison": comparison_id, "only": only }))).await;
    let previewed = client.get(&restore).await;
    assert_eq!((&previewed["state"], &previewed["items"][0]["outcome"]), (&json!("previewed"), &Value::Null));
    client.done(&format!("{restore}/run"), None).await;
    let report = client.get(&format!("{restore}/report")).await;
    assert_eq!(report["state"], "done");
    assert_eq!(report["items"].as_array().unwrap().len(), 1, "the one change that was named");
    assert_eq!(report["items"][0]["outcome"]["type"], "done");
    assert_eq!(rig.dump()["users"][stage.id("Maya")]["jobTitle"], "Buyer");
}
