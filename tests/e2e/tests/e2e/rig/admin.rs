//! The customer's administrator in a story: a refusal ends the story.

use customer::{Administrator, Credentials, Haste};
use domain::TenantId;
use reqwest::Method;
use serde_json::Value;

/// An [`Administrator`] whose every refusal is a panic that says what was refused.
pub struct Admin(Administrator);

impl Admin {
    pub async fn sign_in(graph: &str, tenant: &TenantId) -> Self {
        let is_first = tenant.as_str() == sim::COMPANY_TENANT_ID;
        let domain = if is_first { "fabrikam.example" } else { "northwind.example" };
        let credentials = Credentials {
            tenant: tenant.to_string(),
            client_id: sim::ADMINISTRATOR_CLIENT_ID.to_owned(),
            secret: sim::ADMINISTRATOR_SECRET.to_owned(),
            domain: Some(domain.to_owned()),
        };
        // The simulated login is at the same address as the simulated Graph.
        Self(Administrator::sign_in(graph, graph, &credentials, Haste::Hasty).await.unwrap())
    }

    /// The administrator as the customer's own code has them.
    pub fn inner(&self) -> &Administrator {
        &self.0
    }

    pub async fn write(&self, method: Method, path: &str, body: &Value) -> Value {
        self.0.write(method, path, body).await.unwrap()
    }

    pub async fn create(&self, path: &str, body: &Value) -> String {
        self.0.create(path, body).await.unwrap()
    }

    pub async fn patch(&self, path: &str, body: &Value) {
        self.0.patch(path, body).await.unwrap();
    }

    pub async fn delete(&self, path: &str) {
        self.0.delete(path).await.unwrap();
    }

    pub async fn link(&self, path: &str, to: &str) {
        self.0.link(path, to).await.unwrap();
    }

    pub async fn create_user(&self, name: &str, title: &str) -> String {
        self.0.create_user(name, title).await.unwrap()
    }

    pub async fn create_group(&self, name: &str) -> String {
        self.0.create_group(name, "Made by hand").await.unwrap()
    }
}
