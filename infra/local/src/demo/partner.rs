//! The partner's side: a technician who uses Holdfast's own API, and nothing else.

use super::place::Place;
use customer::http::{Answer, Caller};
use domain::{Error, Result};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// How long a job may take before the story is given up.
const PATIENCE: Duration = Duration::from_mins(30);

/// How many redirects a browser follows.
const MOST_REDIRECTS: usize = 10;

/// Somebody who calls Holdfast's API with a token.
pub(super) struct Partner {
    api: String,
    caller: Caller,
}

impl Partner {
    pub(super) fn new(api: &str, token: &str) -> Result<Self> {
        Ok(Self { api: api.to_owned(), caller: Caller::patient(token)? })
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.caller.call(Method::POST, &format!("{}{path}", self.api), Some(body)).await?.fine(path)
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value> {
        self.caller.get(&format!("{}{path}", self.api), path).await
    }

    /// Every item of the list at that path, read page by page.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let mut url = url::Url::parse(&format!("{}{path}", self.api))
                .map_err(|e| Error::invalid("a path of the API is not one").caused_by(e))?;
            url.query_pairs_mut().append_pair("limit", "200");
            if let Some(cursor) = &next {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let mut page = self.caller.get(url.as_str(), path).await?;
            let found = page.get_mut("items").and_then(Value::as_array_mut).map(std::mem::take);
            items.extend(found.ok_or_else(|| Error::unavailable(format!("{path} has no items")))?);
            match page.get("next").and_then(Value::as_str) {
                Some(cursor) => next = Some(cursor.to_owned()),
                None => return Ok(items),
            }
        }
    }

    /// Reads a job's row until its state is one of `ends`.
    pub(super) async fn follow(&self, path: &str, ends: &[&str]) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let row = self.get(path).await?;
            let state = row.get("state").and_then(Value::as_str).unwrap_or_default();
            if ends.contains(&state) {
                return Ok(row);
            }
            if state == "failed" {
                let why = row.get("error").and_then(Value::as_str).unwrap_or_default();
                return Err(Error::unavailable(format!("{path} failed: {why}")));
            }
            if begun.elapsed() > PATIENCE {
                return Err(Error::unavailable(format!("{path} is still {state}")));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The browser of the customer's administrator: follows the consent link to the callback, from the page there to the
/// sign-in, and back.
pub(super) async fn consent(place: &Place, link: &str, tenant: &str) -> Result<()> {
    let browser = Caller::patient("")?;
    let seen = browser.call(Method::GET, link, None).await?;
    let callback = match (&seen.location, seen.status.is_redirection()) {
        (Some(location), true) => location.clone(),
        // Why made here: a cloud without the consent page sends nobody back, so the address is as Microsoft documents
        // it.
        _ => agreed(link, tenant)?,
    };
    let mut next = callback;
    let mut seen = browser.call(Method::GET, &place.reach(&next), None).await?;
    // Why kept by hand: they are `Secure`, which browsers take from this machine over http too, and an HTTP client does
    // not.
    let cookies = std::mem::take(&mut seen.cookies);
    for _ in 0..MOST_REDIRECTS {
        // The administrator reads who is to have the tenant, and goes on.
        let sign_in = seen.sign_in.take();
        let Some(address) = seen.location.take().filter(|_| seen.status.is_redirection()).or(sign_in) else {
            break;
        };
        next = address;
        let at = place.reach(&next);
        // Each host is sent its own alone.
        let is_ours = at.starts_with(place.api_url());
        let browser = if is_ours { browser.with_cookies(&cookies) } else { browser.clone() };
        seen = browser.call(Method::GET, &at, None).await?;
    }
    let Answer { status, body, .. } = seen;
    if status.is_success() {
        return Ok(());
    }
    let detail = body.get("detail").and_then(Value::as_str).unwrap_or_default();
    Err(Error::denied(format!("the consent was not taken: {status} {detail}")))
}

fn agreed(link: &str, tenant: &str) -> Result<String> {
    let bad = |_| Error::invalid("the consent link is not a URL");
    let link = url::Url::parse(link).map_err(bad)?;
    let of = |name: &str| link.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned());
    let mut callback = url::Url::parse(&of("redirect_uri").unwrap_or_default()).map_err(bad)?;
    callback
        .query_pairs_mut()
        .append_pair("admin_consent", "True")
        .append_pair("tenant", tenant)
        .append_pair("state", &of("state").unwrap_or_default());
    Ok(callback.into())
}

/// The request for the plan that a partner makes after it signed up.
pub(super) fn plan() -> Value {
    json!({
        "product": "BackupEntra", "name": "Backup + Entra, monthly", "periodicity": "monthly",
        "price": { "currency": "EUR", "amountMinor": 290 }
    })
}
