//! The customer's administrator, who uses Microsoft Graph directly.

use crate::http::{Answer, Caller};
use domain::{Error, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What an administrator signs in with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The id of the tenant.
    pub tenant: String,
    /// The application that the administrator uses, with every right that a story needs.
    pub client_id: String,
    /// The secret of that application.
    pub secret: String,
    /// The domain that user names end with; the tenant is asked for its default one where this is `None`.
    pub domain: Option<String>,
}

/// How an administrator takes a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Haste {
    /// Waits and tries again where that may help: for a Graph whose time runs.
    Patient,
    /// Fails at once: for a simulated Graph whose time stands still.
    Hasty,
}

/// The administrator of one tenant, signed in; signs in anew when the token has expired.
pub struct Administrator {
    graph: String,
    login: String,
    credentials: Credentials,
    caller: Mutex<Caller>,
    domain: String,
    suffix: Option<String>,
}

impl Administrator {
    /// Signs in at that login, to use that Graph; both are base URLs without a version.
    ///
    /// # Errors
    /// `Denied` when the login gives no token; `Unavailable` when somebody does not answer.
    pub async fn sign_in(graph: &str, login: &str, with: &Credentials, haste: Haste) -> Result<Self> {
        let caller = match haste {
            Haste::Patient => Caller::patient("")?,
            Haste::Hasty => Caller::hasty("")?,
        };
        let mut signed_in = Self {
            graph: graph.to_owned(),
            login: login.to_owned(),
            credentials: with.clone(),
            caller: Mutex::new(caller),
            domain: with.domain.clone().unwrap_or_default(),
            suffix: None,
        };
        signed_in.renew_token().await?;
        if with.domain.is_none() {
            signed_in.domain = signed_in.default_domain().await?;
        }
        Ok(signed_in)
    }

    async fn renew_token(&self) -> Result<()> {
        let url = format!("{}/{}/oauth2/v2.0/token", self.login, self.credentials.tenant);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", self.credentials.client_id.as_str()),
            ("client_secret", self.credentials.secret.as_str()),
            ("scope", "https://graph.microsoft.com/.default"),
        ];
        let caller = self.caller();
        let answer = caller.form(&url, &form).await?.fine("the administrator's sign-in")?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Error::denied("the administrator got no token"))?;
        *self.caller.lock().unwrap_or_else(PoisonError::into_inner) = caller.with_token(token);
        Ok(())
    }

    fn caller(&self) -> Caller {
        self.caller.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One call; made once more with a new token where the one that there is has expired.
    async fn call(&self, method: Method, url: &str, body: Option<&Value>) -> Result<Answer> {
        let answer = self.caller().call(method.clone(), url, body).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.renew_token().await?;
        self.caller().call(method, url, body).await
    }

    async fn default_domain(&self) -> Result<String> {
        let organisation = self.get("organization").await?;
        let domains = organisation.pointer("/value/0/verifiedDomains").and_then(Value::as_array);
        let default = domains.into_iter().flatten().find(|d| d.get("isDefault") == Some(&json!(true)));
        let name = default.and_then(|d| d.get("name")).and_then(Value::as_str);
        name.map(str::to_owned).ok_or_else(|| Error::unavailable("the tenant has no default domain"))
    }

    /// The same administrator, who ends names that must be unique in a tenant with this suffix: a story can then be run
    /// again in a tenant in which it was run before.
    #[must_use]
    pub fn naming(self, suffix: &str) -> Self {
        Self { suffix: Some(suffix.to_owned()), ..self }
    }

    /// The domain that user names end with.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// A name that must be unique in a tenant: with the suffix, where there is one.
    pub(crate) fn unique(&self, name: &str, separator: char) -> String {
        self.suffix.as_ref().map_or_else(|| name.to_owned(), |suffix| format!("{name}{separator}{suffix}"))
    }

    fn url(&self, path: &str) -> String {
        // Source: learn.microsoft.com/graph/api/resources/intune-graph-overview; what we use of Intune is in beta
        // alone.
        let version = if path.starts_with("deviceManagement") { "beta" } else { "v1.0" };
        format!("{}/{version}/{path}", self.graph)
    }

    /// Reads what Graph has at that path.
    ///
    /// # Errors
    /// `Unavailable` when it refuses or does not answer, as of every method here.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, &self.url(path), None).await?.fine(path_name(path))
    }

    /// Every item of a collection, page after page.
    pub async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let (mut url, mut items) = (self.url(path), Vec::new());
        loop {
            let mut page = self.call(Method::GET, &url, None).await?.fine(path_name(path))?;
            let found = page.get_mut("value").and_then(Value::as_array_mut).map(std::mem::take);
            items.extend(found.ok_or_else(|| Error::unavailable(format!("{}: no list", path_name(path))))?);
            match page.get("@odata.nextLink").and_then(Value::as_str) {
                Some(next) => next.clone_into(&mut url),
                None => return Ok(items),
            }
        }
    }

    /// One write; `null` sends no body. Gives the body of the answer. A patient administrator tries again where an
    /// object that is named is too new to be seen everywhere.
    pub async fn write(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let body = (!body.is_null()).then_some(body);
        for tried in 1.. {
            let answer = self.call(method.clone(), &self.url(path), body).await?;
            if tried >= self.caller().tries() || !may_be_unseen(&answer) {
                return answer.fine(path_name(path));
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        unreachable!("the last try returns")
    }

    /// Creates an object and gives its id.
    pub async fn create(&self, path: &str, body: &Value) -> Result<String> {
        let made = self.write(Method::POST, path, body).await?;
        let id = made.get("id").and_then(Value::as_str).map(str::to_owned);
        id.ok_or_else(|| Error::unavailable(format!("{}: no id was given", path_name(path))))
    }

    /// Creates something that may have been created before.
    pub async fn ensure(&self, path: &str, body: &Value) -> Result<()> {
        let answer = self.call(Method::POST, &self.url(path), Some(body)).await?;
        match answer.status.as_u16() {
            400 | 409 => Ok(()),
            _ => answer.fine(path_name(path)).map(drop),
        }
    }

    /// Changes properties of an object.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<()> {
        self.write(Method::PATCH, path, body).await.map(drop)
    }

    /// Removes an object or a link.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.call(Method::DELETE, &self.url(path), None).await?.fine(path_name(path)).map(drop)
    }

    /// Deletes a group for good: out of the recycle bin too, where it is there at all.
    pub async fn purge_group(&self, group: &str) -> Result<()> {
        self.delete(&format!("groups/{group}")).await?;
        let path = format!("directory/deletedItems/{group}");
        let answer = self.call(Method::DELETE, &self.url(&path), None).await?;
        if answer.status.as_u16() == 404 { Ok(()) } else { answer.fine(path_name(&path)).map(drop) }
    }

    /// Adds a link by reference: `path` ends with `/$ref`, and `to` is the id at the far end.
    pub async fn link(&self, path: &str, to: &str) -> Result<()> {
        let body = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{to}", self.graph) });
        let method = if path.ends_with("manager/$ref") { Method::PUT } else { Method::POST };
        self.write(method, path, &body).await.map(drop)
    }

    /// Creates a user of that name ("Maya Ortiz") and job title; gives the id.
    pub async fn create_user(&self, name: &str, title: &str) -> Result<String> {
        let nick = self.unique(&name.to_lowercase().replace(' ', "."), '.');
        let password = format!("Hold-{}-fast!9", self.suffix.as_deref().unwrap_or("the"));
        let mut body = json!({
            "accountEnabled": true, "displayName": name, "jobTitle": title, "department": "Logistics",
            "officeLocation": "Hall 3", "usageLocation": "SE", "mailNickname": nick,
            "userPrincipalName": format!("{nick}@{}", self.domain),
            "passwordProfile": { "forceChangePasswordNextSignIn": true, "password": password }
        });
        if let Some((first, last)) = name.split_once(' ') {
            body["givenName"] = json!(first);
            body["surname"] = json!(last);
        }
        self.create("users", &body).await
    }

    /// Creates a security group of that name; gives the id.
    pub async fn create_group(&self, name: &str, description: &str) -> Result<String> {
        let nick = self.unique(&name.to_lowercase().replace(' ', "-"), '-');
        let body = json!({ "displayName": name, "description": description, "mailEnabled": false,
            "mailNickname": nick, "securityEnabled": true });
        self.create("groups", &body).await
    }
}

/// Whether Graph may not know yet what a write names, which was created a moment ago: it answers 404, or, of an object
/// that a body names, 400 with the code that it has for any bad request.
fn may_be_unseen(answer: &Answer) -> bool {
    let code = answer.body.pointer("/error/code").and_then(Value::as_str);
    match answer.status {
        StatusCode::NOT_FOUND => true,
        StatusCode::BAD_REQUEST => code == Some("Request_BadRequest"),
        _ => false,
    }
}

/// The path without keys and query, for messages.
fn path_name(path: &str) -> &str {
    path.split(['?', '(']).next().unwrap_or(path)
}
