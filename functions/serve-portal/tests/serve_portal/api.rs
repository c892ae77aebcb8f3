//! An API that answers what the test wrote down, and the portal before it.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use forwarded::Key;
use http::header::{CONTENT_TYPE, COOKIE};
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use serve_portal::{Portal, Ports, Settings, router};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

/// The time at which pages are made.
pub const NOW: &str = "2026-11-30T12:00:00Z";

/// The organisation that the tests are about.
pub const ORG: &str = "org_1";

/// The key by which the portal tells where people are.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";

/// What the portal asked: method, path, the headers, the body.
#[derive(Clone, Debug)]
pub struct Call {
    pub line: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Value,
}

type Answers = Arc<Mutex<HashMap<String, (u16, Value)>>>;
type Calls = Arc<Mutex<Vec<Call>>>;

/// A portal before an API that is told what to answer.
pub struct Stage {
    portal: axum::Router,
    answers: Answers,
    calls: Calls,
}

/// What a browser got.
pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

async fn answer(State((answers, calls)): State<(Answers, Calls)>, request: Request) -> Response {
    let line = format!("{} {}", request.method(), request.uri().path());
    let asked = request.uri().query().map(|query| format!("{line}?{query}"));
    let headers = request.headers().clone();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    calls.lock().unwrap().push(Call { line: line.clone(), query, headers, body });
    let known = {
        let answers = answers.lock().unwrap();
        asked.and_then(|asked| answers.get(&asked).cloned()).or_else(|| answers.get(&line).cloned())
    };
    let (status, value) = known.unwrap_or((404, json!({ "detail": "there is nothing", "status": 404 })));
    (StatusCode::from_u16(status).unwrap(), axum::Json(value)).into_response()
}

impl Stage {
    /// A portal of somebody of that role, whose one organisation is called so.
    pub async fn of(role: &str, organisation: &str) -> Self {
        Self::at(role, organisation, false).await
    }

    /// The same with an issuer that people sign in with, which is told what to answer as the API is.
    pub async fn with_issuer(role: &str, organisation: &str) -> Self {
        Self::at(role, organisation, true).await
    }

    async fn at(role: &str, organisation: &str, has_issuer: bool) -> Self {
        let (answers, calls) = (Answers::default(), Calls::default());
        let api = axum::Router::new().fallback(answer).with_state((answers.clone(), calls.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let public_url = base.parse().unwrap();
        tokio::spawn(async move { axum::serve(listener, api).await });
        let settings = Settings {
            public_url,
            issuer: has_issuer.then(|| base.clone()),
            client_id: has_issuer.then(|| "portal".to_owned()),
            forwarded_key: Key::new(KEY),
        };
        let ports = Ports { now: || NOW.parse().unwrap(), random: || [7; 32] };
        let stage = Self { portal: router(Portal::new(settings, ports).unwrap()), answers, calls };
        let endpoints = json!({ "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token") });
        stage.told("GET /.well-known/openid-configuration", 200, &endpoints);
        stage.told("GET /v1/me", 200, &me(role));
        stage.lists("/v1/attention", &[]);
        stage.told(&format!("GET /v1/organisations/{ORG}"), 200, &organisation_of(organisation));
        stage
    }

    /// From now on the API answers that: to the line as it is, or where no line with its query is known to the path alone.
    pub fn told(&self, line: &str, status: u16, value: &Value) {
        self.answers.lock().unwrap().insert(line.to_owned(), (status, value.clone()));
    }

    /// The same for a list.
    pub fn lists(&self, path: &str, items: &[Value]) {
        self.told(&format!("GET {path}"), 200, &json!({ "items": items, "next": null }));
    }

    /// What the portal asked since the last time.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }

    /// What the portal asked for since the last time, with its queries.
    pub fn queries(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| format!("{}?{}", call.line, call.query)).collect()
    }

    /// A page, as somebody with a session sees it.
    pub async fn get(&self, path: &str) -> Seen {
        self.send(Request::get(path).header(COOKIE, "holdfast-local=hfs_1").body(Body::empty()).unwrap())
            .await
    }

    /// A form, posted from a page of the portal.
    pub async fn post(&self, path: &str, form: &str) -> Seen {
        self.posted(path, form, &[("sec-fetch-site", "same-origin")]).await
    }

    /// A form with those headers.
    pub async fn posted(&self, path: &str, form: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request =
            Request::builder().method(Method::POST).uri(path).header(COOKIE, "holdfast-local=hfs_1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Any request.
    pub async fn send(&self, request: Request) -> Seen {
        let response = self.portal.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Seen { status: parts.status, headers: parts.headers, text }
    }
}

/// Somebody of that role, with the rights that the product's table gives them.
pub fn me(role: &str) -> Value {
    let all = [
        "readPartner",
        "managePlans",
        "manageOrganisation",
        "editOrganisation",
        "changeSubscription",
        "connectOrganisation",
        "endOrganisation",
        "setApprovals",
        "managePeople",
        "manageTokens",
        "readMoney",
        "readAudit",
        "approveDowngrade",
        "useSnapshots",
        "compare",
        "mark",
        "previewRestore",
        "runRestore",
        "approveRestore",
        "download",
    ];
    let most = match role {
        "support" => &["readPartner", "useSnapshots", "compare", "mark", "previewRestore"][..],
        "finance" => &["readPartner"][..],
        _ => &all[..],
    };
    let feature = |action: &str| match action {
        "useSnapshots" => json!("search"),
        "compare" => json!("compare"),
        "download" => json!("download"),
        "previewRestore" | "runRestore" => json!("restore"),
        _ => Value::Null,
    };
    let may: Vec<Value> =
        most.iter().map(|action| json!({ "action": action, "feature": feature(action) })).collect();
    json!({
        "name": "Northwind IT", "personName": "Ada Berg", "role": role, "shown": "session", "session": "ses_1",
        "signInAgeSeconds": 60, "organisations": null, "features": null, "may": may,
    })
}

/// An organisation of that name, connected and backed up.
pub fn organisation_of(name: &str) -> Value {
    json!({
        "id": ORG, "name": name, "state": "active", "seats": 10, "features": ["search"], "plan": "pln_1",
        "tenant": { "id": "t", "name": name, "credentials": "connected", "lastSealed": "snp_1", "notProtected": [] },
    })
}
