//! What the forms of an organisation's page do: each is one call of the API.

use super::super::stale::VERSION;
use super::ahead::ahead;
use super::{about, offer, shown_once};
use crate::api::With;
use crate::asked::{Answer, Asked, fresh, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use axum::extract::Path;
use http::Method;
use serde_json::{Map, Value, json};

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
    match act.as_str() {
        "offer" => return offer::offer(&asked, &org, &posted).await,
        "take-back" => {
            posted.key()?;
            asked.call(Method::DELETE, asked.of(&org, &["transfer"])?, With::default()).await?;
            return Ok(then(&format!("/organisations/{org}")));
        }
        _ => {}
    }
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
        "subscription" => match subscription(&posted)? {
            Some(edit) => (Method::PATCH, &["subscription"][..], Some(edit)),
            None => return Ok(then(&format!("/organisations/{org}"))),
        },
        "features" => (
            Method::PUT,
            &["features"][..],
            Some(json!({ "features": posted.all("feature").collect::<Vec<_>>() })),
        ),
        "approvals" => {
            (Method::PUT, &["approvals"][..], Some(json!({ "restores": posted.needed("restores")? })))
        }
        "check" => (Method::POST, &["credentials", "check"][..], None),
        "suspend" => (Method::POST, &["suspend"][..], None),
        "reactivate" => (Method::POST, &["reactivate"][..], None),
        "unsubscribe" => (Method::POST, &["unsubscribe"][..], None),
        "keep" => (Method::DELETE, &["deletion"][..], None),
        "delete" => {
            let (me, of) = about(&asked, &org).await?;
            fresh(&me)?;
            if posted.needed("confirmation")? != of.text("name").trim() {
                return Err(Failure::Field("confirmation"));
            }
            let body = json!({ "holdDays": posted.number("holdDays")?, "confirmation": of.text("name") });
            (Method::POST, &["deletion"][..], Some(body))
        }
        "consent" | "access" => {
            // Why first: once the link is made, nothing may keep it from being shown.
            let (me, of) = about(&asked, &org).await?;
            let link = match act.as_str() {
                "consent" => made("consent-link", json!({ "app": posted.needed("app")? })).await?,
                _ => made("access-link", Value::Null).await?,
            };
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

/// What was changed in the form; none where nothing was. Why no more: the API asks a downgrade to come alone, and what
/// somebody else changed meanwhile is not theirs to set back.
fn subscription(posted: &Posted) -> Result<Option<Value>, Failure> {
    let (seats, plan) = (posted.number("seats")?, posted.needed("plan")?);
    let mut edit = Map::new();
    if posted.text("wasSeats") != seats.to_string() {
        edit.insert("seats".to_owned(), json!(seats));
    }
    if posted.text("wasPlan") != plan {
        edit.insert("plan".to_owned(), json!(plan));
    }
    Ok((!edit.is_empty()).then(|| edit.into()))
}
