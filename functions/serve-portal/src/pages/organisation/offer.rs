//! An organisation that goes to another partner: offered, and taken back. The other one takes it on its page of transfers.

use super::about;
use crate::api::With;
use crate::asked::{Answer, Asked, Page, fresh};
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::button;
use http::Method;
use maud::html;
use serde_json::json;

/// Offers it, and shows until when that can be taken.
pub(super) async fn offer(asked: &Asked, org: &str, posted: &Posted) -> Answer {
    let (me, of) = about(asked, org).await?;
    fresh(&me)?;
    let body = json!({ "to": posted.needed("to")? });
    let with = With { body: Some(&body), key: Some(posted.key()?), version: Some(posted.needed("version")?) };
    let made = asked.call(Method::POST, asked.of(org, &["transfer"])?, with).await?;
    let (l, path) = (asked.language, format!("/organisations/{org}"));
    let shown = html! {
        p role="status" { (l.say("organisation-offered-until")) " " (asked.times().on(made.text("expiresAt"))) }
        p { (l.say("organisation-offer-means")) }
        (button(&format!("{path}/take-back"), &asked.key(), &l.say("organisation-take-back"), true))
        p { a href=(path) { (l.say("once-back")) } }
    };
    Ok(asked.show(&me, &Page::about(&of, &l.say("organisation-offered-title"), shown)))
}
