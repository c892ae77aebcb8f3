//! What the forms of an organisation's page do: each is one call of the API.

use super::super::stale::VERSION;
use super::ahead::ahead;
use super::{about, shown_once};
use crate::api::With;
use crate::asked::{Answer, Asked, fresh, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use axum::extract::Path;
use http::Method;
use serde_json::{Value, json};

pub(in crate::pages) async fn create(asked: Asked, posted: Posted) -> Answer {
    let body = json!({
        "name": posted.needed("name")?,
        "email": posted.needed("email")?,
        "plan": posted.needed("plan")?,
        "seats": posted.number("seats")?,
    });
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.at(&["organisations"])?, with).await?;
    Ok(then(&format!("/organisations/{}", made.text("id"))))
}

pub(in crate::pages) async fn act(
    asked: Asked,
    Path((org, act)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let (key, version) = (Some(posted.key()?), Some(posted.needed(VERSION)?));
    let made = |path: &'static str, body: Value| {
        let asked = &asked;
        let org = &org;
        async move {
            let with = With { body: Some(&body), key, version: None };
            asked.call(Method::POST, asked.of(org, &[path])?, with).await
        }
    };
    let (method, path, body) = match act.as_str() {
        "edit" => (Method::PATCH, &[][..], Some(general(&posted)?)),
        "subscription" => (Method::PATCH, &["subscription"][..], Some(subscription(&posted)?)),
        "features" => (
            Method::PUT,
            &["features"][..],
            Some(json!({ "features": posted.all("feature").collect::<Vec<_>>() })),
        ),
        "approvals" => {
            (Method::PUT, &["approvals"][..], Some(json!({ "restores": posted.needed("restores")? })))
        }
        "suspend" => (Method::POST, &["suspend"][..], None),
        "reactivate" => (Method::POST, &["reactivate"][..], None),
        "unsubscribe" => (Method::POST, &["unsubscribe"][..], None),
        "keep" => (Method::DELETE, &["deletion"][..], None),
        "delete" => {
            fresh(&asked.me().await?)?;
            let confirmation = posted.needed("confirmation")?;
            let body = json!({ "holdDays": posted.number("holdDays")?, "confirmation": confirmation });
            (Method::POST, &["deletion"][..], Some(body))
        }
        "consent" | "access" => {
            let link = match act.as_str() {
                "consent" => made("consent-link", json!({ "app": posted.needed("app")? })).await?,
                _ => made("access-link", Value::Null).await?,
            };
            let (me, of) = about(&asked, &org).await?;
            return shown_once(&asked, &me, &of, &link);
        }
        _ => return Err(Failure::NotFound),
    };
    // Why a key only of what is begun: edits name their version, which makes them one.
    let key = key.filter(|_| method == Method::POST);
    match asked.call(method, asked.of(&org, path)?, With { body: body.as_ref(), key, version }).await {
        Ok(_) => Ok(then(&format!("/organisations/{org}"))),
        Err(failure) if failure.is_stale() => ahead(&asked, (&org, &act), &posted, failure).await,
        Err(failure) => Err(failure),
    }
}

fn general(posted: &Posted) -> Result<Value, Failure> {
    let (name, email) = (posted.needed("name")?, posted.needed("email")?);
    Ok(json!({ "name": name, "email": email, "details": posted.text("details") }))
}

fn subscription(posted: &Posted) -> Result<Value, Failure> {
    Ok(json!({ "seats": posted.number("seats")?, "plan": posted.needed("plan")? }))
}
