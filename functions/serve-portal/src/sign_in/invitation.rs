//! The way in for whoever was invited: the code of the mail is kept until they have signed in, and accepted then.

use super::{UnderWay, code_page};
use crate::asked::{Answer, Visitor};
use crate::posted::Posted;
use axum::response::{AppendHeaders, IntoResponse, Response};
use http::header::SET_COOKIE;
use maud::html;

pub(super) async fn page(visitor: Visitor) -> Response {
    let keys = ["invitation-title", "invitation-text", "invitation-code", "invitation-button"];
    code_page(&visitor, "/invitation", keys)
}

/// A page with a link, and no redirect: a form may not lead on to the issuer's page.
pub(super) async fn accept(visitor: Visitor, posted: Posted) -> Answer {
    let l = visitor.language;
    let under_way = UnderWay { invitation: posted.needed("token")?.to_owned(), ..UnderWay::default() };
    let body = html! {
        h1 { (l.say("invitation-title")) }
        p { (l.say("invitation-next")) }
        p { a.button href="/sign-in/begin" { (l.say("sign-in-button")) } }
    };
    let cookie = AppendHeaders([(SET_COOKIE, under_way.cookie(&visitor.portal))]);
    Ok((cookie, visitor.show(&l.say("invitation-title"), &body)).into_response())
}
