//! The customer's side: an administrator who uses Microsoft Graph, as a person would through a portal.

use super::http::Caller;
use crate::config::CloudConfig;
use domain::{Error, Result};
use reqwest::Method;
use serde_json::{Value, json};

/// Who the administrator is: in the simulated cloud, or from the environment for another Graph.
pub(super) struct Administrator {
    pub(super) tenant: String,
    pub(super) client_id: String,
    pub(super) secret: String,
}

impl Administrator {
    /// From `HOLDFAST_DEMO_TENANT`, `HOLDFAST_DEMO_ADMIN_CLIENT_ID` and `HOLDFAST_DEMO_ADMIN_SECRET`, each
    /// of them the simulated company's where it is not set.
    pub(super) fn from_env(get: impl Fn(&str) -> Option<String>) -> Self {
        let or = |name: &str, default: &str| get(name).unwrap_or_else(|| default.to_owned());
        Self {
            tenant: or("HOLDFAST_DEMO_TENANT", sim::COMPANY_TENANT_ID),
            client_id: or("HOLDFAST_DEMO_ADMIN_CLIENT_ID", sim::ADMINISTRATOR_CLIENT_ID),
            secret: or("HOLDFAST_DEMO_ADMIN_SECRET", sim::ADMINISTRATOR_SECRET),
        }
    }
}

/// The customer's directory as the administrator sees it.
pub(super) struct Customer {
    graph: String,
    caller: Caller,
    /// The domain that user names end with.
    pub(super) domain: String,
}

impl Customer {
    /// Signs in.
    pub(super) async fn sign_in(config: &CloudConfig, admin: &Administrator) -> Result<Self> {
        let url = format!("{}/{}/oauth2/v2.0/token", config.login_url, admin.tenant);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", admin.client_id.as_str()),
            ("client_secret", admin.secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let answer = Caller::new("")?.form(&url, &form).await?.fine("the administrator's sign-in")?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Error::denied("the administrator got no token"))?;
        let mut customer =
            Self { graph: config.graph_url.clone(), caller: Caller::new(token)?, domain: String::new() };
        let organisation = customer.get("v1.0", "organization").await?;
        let domains = organisation.pointer("/value/0/verifiedDomains").and_then(Value::as_array);
        let default = domains.into_iter().flatten().find(|d| d.get("isDefault") == Some(&json!(true)));
        let name = default.and_then(|d| d.get("name")).and_then(Value::as_str);
        let name = name.ok_or_else(|| Error::unavailable("the tenant has no default domain"))?;
        name.clone_into(&mut customer.domain);
        Ok(customer)
    }

    pub(super) async fn get(&self, version: &str, path: &str) -> Result<Value> {
        self.caller.get(&format!("{}/{version}/{path}", self.graph), path_name(path)).await
    }

    pub(super) async fn write(
        &self,
        method: Method,
        version: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value> {
        let body = (!body.is_null()).then_some(body);
        self.caller.write(method, &format!("{}/{version}/{path}", self.graph), body, path_name(path)).await
    }

    /// Creates an object and gives its id.
    pub(super) async fn create(&self, version: &str, path: &str, body: &Value) -> Result<String> {
        let made = self.write(Method::POST, version, path, body).await?;
        let id = made.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| Error::unavailable(format!("{}: no id was given", path_name(path))))
    }

    /// Adds a link by reference.
    pub(super) async fn link(&self, from: &str, to: &str) -> Result<()> {
        let body = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{to}", self.graph) });
        let method = if from.ends_with("manager/$ref") { Method::PUT } else { Method::POST };
        self.write(method, "v1.0", from, &body).await.map(drop)
    }

    /// Removes something; that it is not there is fine where `or_absent`.
    pub(super) async fn delete(&self, version: &str, path: &str, or_absent: bool) -> Result<()> {
        let url = format!("{}/{version}/{path}", self.graph);
        let answer = self.caller.call(Method::DELETE, &url, None).await?;
        if or_absent && answer.status.as_u16() == 404 {
            return Ok(());
        }
        answer.fine(path_name(path)).map(drop)
    }

    /// Creates something that an earlier run may have created.
    pub(super) async fn ensure(&self, version: &str, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}/{version}/{path}", self.graph);
        let answer = self.caller.call(Method::POST, &url, Some(body)).await?;
        match answer.status.as_u16() {
            400 | 409 => Ok(()),
            _ => answer.fine(path_name(path)).map(drop),
        }
    }
}

/// The collection, for messages.
fn path_name(path: &str) -> &str {
    path.split(['?', '(']).next().unwrap_or(path)
}
