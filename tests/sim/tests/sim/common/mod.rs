//! A client of few lines that speaks to the simulator's router.

use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use sim::*;
use tower::ServiceExt;

pub struct Client {
    pub sim: Sim,
    pub token: String,
}

#[derive(Debug)]
pub struct Seen {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Seen {
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    pub fn list(&self) -> &[Value] {
        self.body["value"].as_array().map_or(&[], Vec::as_slice)
    }
}

pub async fn send(sim: &Sim, method: &str, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Seen {
    let url = url.replace(' ', "%20").replace('\'', "%27");
    let mut builder = Request::builder().method(method).uri(&url).header("host", "sim.test");
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let response = sim.router().oneshot(builder.body(Body::from(body)).unwrap()).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Seen { status: parts.status.as_u16(), headers: parts.headers, body }
}

pub async fn log_in(sim: &Sim, tenant: &str, client_id: &str, secret: &str) -> Seen {
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={secret}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let url = format!("/{tenant}/oauth2/v2.0/token");
    let kind = [("content-type", "application/x-www-form-urlencoded")];
    send(sim, "POST", &url, &kind, form.into_bytes()).await
}

impl Client {
    pub async fn administrator(sim: &Sim) -> Self {
        Self::of(sim, ADMINISTRATOR_CLIENT_ID, ADMINISTRATOR_SECRET).await
    }

    pub async fn of(sim: &Sim, client_id: &str, secret: &str) -> Self {
        let seen = log_in(sim, COMPANY_TENANT_ID, client_id, secret).await;
        assert_eq!(seen.status, 200, "{seen:?}");
        Self { sim: sim.clone(), token: seen.body["access_token"].as_str().unwrap().to_owned() }
    }

    pub async fn call(&self, method: &str, url: &str, headers: &[(&str, &str)], body: Option<Value>) -> Seen {
        let bearer = format!("Bearer {}", self.token);
        let url = url.strip_prefix("http://sim.test").unwrap_or(url);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        send(&self.sim, method, url, &all, body).await
    }

    pub async fn get(&self, url: &str) -> Seen {
        self.call("GET", url, &[], None).await
    }

    pub async fn post(&self, url: &str, body: Value) -> Seen {
        self.call("POST", url, &[], Some(body)).await
    }

    pub async fn patch(&self, url: &str, body: Value) -> Seen {
        self.call("PATCH", url, &[], Some(body)).await
    }

    pub async fn delete(&self, url: &str) -> Seen {
        self.call("DELETE", url, &[], None).await
    }

    /// Every page of a collection, and the link at the end.
    pub async fn all(&self, url: &str) -> (Vec<Value>, Option<String>, usize) {
        let (mut url, mut list, mut pages) = (url.to_owned(), Vec::new(), 0);
        loop {
            let page = self.get(&url).await;
            assert_eq!(page.status, 200, "{url}: {page:?}");
            pages += 1;
            list.extend_from_slice(page.list());
            match page.body["@odata.nextLink"].as_str() {
                Some(next) => url = String::from(next),
                None => return (list, page.body["@odata.deltaLink"].as_str().map(str::to_owned), pages),
            }
        }
    }

    pub async fn new_user(&self, name: &str) -> String {
        let seen = self.post("/v1.0/users", user(name)).await;
        assert_eq!(seen.status, 201, "{seen:?}");
        seen.body["id"].as_str().unwrap().to_owned()
    }

    pub async fn new_group(&self, name: &str, more: Value) -> String {
        let mut body =
            json!({"displayName": name, "mailNickname": name, "mailEnabled": false, "securityEnabled": true});
        for (key, value) in more.as_object().unwrap() {
            body[key] = value.clone();
        }
        let seen = self.post("/v1.0/groups", body).await;
        assert_eq!(seen.status, 201, "{seen:?}");
        seen.body["id"].as_str().unwrap().to_owned()
    }
}

pub fn user(name: &str) -> Value {
    json!({
        "accountEnabled": true, "displayName": name, "mailNickname": name,
        "userPrincipalName": format!("{name}@fabrikam.example"),
        "passwordProfile": {"password": "a long enough one", "forceChangePasswordNextSignIn": true},
    })
}

pub fn reference(id: &str) -> Value {
    json!({"@odata.id": format!("https://graph.microsoft.com/v1.0/directoryObjects/{id}")})
}

pub fn company(users: usize) -> Sim {
    Sim::new(SimConfig::company(7, users))
}
