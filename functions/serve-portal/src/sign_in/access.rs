//! The way in by an access link: its secret stands behind the `#` of the address, which no server sees.
//!
//! The page's script puts it into the field; without scripts it is copied there by hand. Nothing happens until somebody
//! presses the button, so that a program which looks at links uses none up.

use super::{code_page, end_replaced};
use crate::api::With;
use crate::asked::{Answer, Visitor};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::session::Cookie;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use http::Method;
use http::header::SET_COOKIE;
use serde_json::json;

/// How long the session of a link lasts, in seconds.
const SECONDS: u32 = 60 * 60;

pub(super) async fn page(visitor: Visitor) -> Response {
    code_page(&visitor, "/access", ["access-title", "access-text", "access-code", "access-button"])
}

pub(super) async fn open(visitor: Visitor, posted: Posted) -> Answer {
    let portal = &visitor.portal;
    let body = json!({ "token": posted.needed("token")? });
    let with = With { body: Some(&body), ..With::default() };
    let session =
        match portal.api.call(&visitor.token(""), Method::POST, portal.api.at(&["access"])?, with).await {
            Err(Failure::NotFound) => return Err(Failure::SignInFailed("no-link")),
            other => other?.value,
        };
    let token = session.some("token").ok_or(Failure::NoAnswer)?;
    end_replaced(&visitor).await;
    let cookie = AppendHeaders([(SET_COOKIE, portal.cookies.set(Cookie::Session, token, Some(SECONDS)))]);
    Ok((cookie, Redirect::to(&format!("/e/{}", session.text("organisation")))).into_response())
}
