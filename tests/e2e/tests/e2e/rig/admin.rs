//! The customer's administrator, who uses Microsoft Graph directly.

use domain::TenantId;
use reqwest::{Client, Method};
use serde_json::{Value, json};

pub struct Admin {
    client: Client,
    graph: String,
    token: String,
    domain: &'static str,
}

impl Admin {
    pub async fn sign_in(graph: &str, tenant: &TenantId) -> Self {
        let client = Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", sim::ADMINISTRATOR_CLIENT_ID),
            ("client_secret", sim::ADMINISTRATOR_SECRET),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let url = format!("{graph}/{tenant}/oauth2/v2.0/token");
        let answer: Value = client.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        let token = answer["access_token"].as_str().expect("the administrator signs in").to_owned();
        let is_first = tenant.as_str() == sim::COMPANY_TENANT_ID;
        let domain = if is_first { "fabrikam.example" } else { "northwind.example" };
        Self { client, graph: graph.to_owned(), token, domain }
    }

    pub async fn write(&self, method: Method, path: &str, body: &Value) -> Value {
        let version = if path.starts_with("deviceManagement") { "beta" } else { "v1.0" };
        let mut request = self
            .client
            .request(method.clone(), format!("{}/{version}/{path}", self.graph))
            .bearer_auth(&self.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn create(&self, path: &str, body: &Value) -> String {
        self.write(Method::POST, path, body).await["id"].as_str().expect("an id").to_owned()
    }

    pub async fn patch(&self, path: &str, body: &Value) {
        self.write(Method::PATCH, path, body).await;
    }

    pub async fn delete(&self, path: &str) {
        self.write(Method::DELETE, path, &Value::Null).await;
    }

    pub async fn link(&self, path: &str, to: &str) {
        let body = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{to}", self.graph) });
        let method = if path.ends_with("manager/$ref") { Method::PUT } else { Method::POST };
        self.write(method, path, &body).await;
    }

    pub async fn create_user(&self, name: &str, title: &str) -> String {
        let nick = name.to_lowercase().replace(' ', ".");
        let domain = self.domain;
        self.create(
            "users",
            &json!({
                "accountEnabled": true, "displayName": name, "jobTitle": title, "department": "Logistics",
                "usageLocation": "SE", "mailNickname": nick, "userPrincipalName": format!("{nick}@{domain}"),
                "passwordProfile": { "forceChangePasswordNextSignIn": true, "password": "Hold-the-fast!9" }
            }),
        )
        .await
    }

    pub async fn create_group(&self, name: &str) -> String {
        let nick = name.to_lowercase().replace(' ', "-");
        self.create("groups", &json!({
            "displayName": name, "description": "Made by hand", "mailEnabled": false, "mailNickname": nick,
            "securityEnabled": true
        }))
        .await
    }
}
