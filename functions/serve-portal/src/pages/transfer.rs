//! An organisation that another partner offers: what it needs, and on which plan it is taken.

use super::organisation::plan_choices;
use crate::api::With;
use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Field, Form, form};
use crate::view::{facts, name};
use axum::extract::Path;
use http::Method;
use maud::html;
use serde_json::{Value, json};
use tokio::try_join;

/// Among how many offers the one of the address is looked for: a partner has few at a time.
const OFFERS: &str = "200";
const PLANS: &str = "200";

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let (me, offers, plans, partner) = try_join!(
        asked.me(),
        asked.list(asked.at(&["transfers"])?.with("limit", OFFERS)),
        asked.list(asked.at(&["plans"])?.with("limit", PLANS)),
        asked.get(asked.at(&["partner"])?),
    )?;
    let offer = offers.items.iter().find(|offer| offer.text("organisation") == org);
    let offer = offer.ok_or(Failure::NotFound)?;
    // Why not the own licence: no customer can have it.
    let fits: Vec<Value> = plans.items.into_iter().filter(|plan| !plan.is("notForResale")).collect();
    let body = html! {
        (facts(&[
            (l.say("head-name"), name(offer.text("name"))),
            (l.say("transfer-from"), name(offer.text("fromName"))),
            (l.say("head-seats"), html! { (offer.number("seats").unwrap_or(0)) }),
            (l.say("head-expires"), asked.times().at(offer.text("expiresAt"))),
        ]))
        section {
            h2 { (l.say("transfer-needs")) }
            ul {
                li { (l.say("transfer-needs-plan")) }
                li { (l.say(if partner.is("entraSkuActive") { "transfer-sku-on" } else { "transfer-sku-off" })) }
                li { (l.say("transfer-keeps")) }
                li { (l.count("transfer-pays", offer.number("seats").unwrap_or(0))) }
            }
            @if fits.is_empty() { p.empty { (l.say("organisation-needs-plan")) } p { a.button href="/plans/new" { (l.say("plans-new")) } } }
            @else if may(&me, "endOrganisation") {
                (form(&Form {
                    action: &format!("/transfers/{org}"),
                    key: &asked.key(),
                    fields: &[Field::Choice { name: "plan", label: l.say("head-plan"), options: plan_choices(&fits, ""), cards: false }],
                    submit: &l.say("transfer-accept"),
                    danger: false,
                }))
            }
        }
        p { a href="/transfers" { (l.say("page-transfers")) } }
    };
    Ok(asked.show(&me, &Page::new(&format!("{}: {}", l.say("transfer-title"), offer.text("name")), body)))
}

pub(super) async fn accept(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    let body = json!({ "plan": posted.needed("plan")? });
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    asked.call(Method::POST, asked.of(&org, &["transfer", "accept"])?, with).await?;
    Ok(then(&format!("/organisations/{org}")))
}
