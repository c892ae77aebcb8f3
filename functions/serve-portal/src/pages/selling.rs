//! What others may sell, and what the partner itself uses: a plan given to partners below, and the own licence.

use crate::api::With;
use crate::asked::{Answer, Asked, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::view::form::{Choice, Field, Form, button, form};
use crate::view::{Table, name};
use axum::extract::Path;
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};

/// What the own licence can be of: a partner protects its own tenant by either.
const PRODUCTS: [&str; 2] = ["BackupEntra", "ArchiverEntra"];
/// The currency in which it costs nothing.
const CURRENCY: &str = "EUR";

/// The partners below, each with what it needs to sell the plan.
pub(super) fn below(asked: &Asked, plan: &Value, partners: &[Value]) -> Markup {
    let l = asked.language;
    let path = format!("/plans/{}", plan.text("id"));
    let does = |act: &str, says: &str, partner: &Value, danger: bool| {
        let fields = [Field::Hidden("partner", partner.text("id").to_owned())];
        form(&Form {
            action: &format!("{path}/{act}"),
            key: &asked.key(),
            fields: &fields,
            submit: &l.say(says),
            danger,
        })
    };
    let heads = ["name", "sku", "actions"].map(|key| l.say(&format!("head-{key}")));
    let rows = partners.iter().map(|partner| {
        let is_active = partner.is("entraSkuActive");
        vec![
            name(partner.text("name")),
            html! { (l.say(if is_active { "value-yes" } else { "value-no" })) },
            html! {
                @if plan.some("label").is_some() && !is_active { (does("activate-below", "plans-activate-below", partner, false)) }
                @else { (does("sell", "plans-sell", partner, false)) (does("stop-selling", "plans-stop-selling", partner, true)) }
            },
        ]
    });
    let table = Table {
        caption: &l.say("plans-below"),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("plans-below-none"),
    };
    html! { section { h2 { (l.say("plans-below")) } (table.show()) } }
}

/// Lets a partner below sell the plan, or no longer, or lets it sell what has to do with Entra at all.
pub(super) async fn act(asked: Asked, Path((pln, act)): Path<(String, String)>, posted: Posted) -> Answer {
    let (key, partner) = (posted.key()?, posted.needed("partner")?);
    let assigned = ["plans", &pln, "partners", partner];
    let (method, at, body) = match act.as_str() {
        "sell" => (Method::PUT, &assigned[..], None),
        "stop-selling" => (Method::DELETE, &assigned[..], None),
        "activate-below" => {
            (Method::POST, &["partner", "sku"][..], Some(json!({ "sku": "Entra", "partner": partner })))
        }
        _ => return Err(Failure::NotFound),
    };
    // Why a key only of what is begun: what is put or taken away twice is so once.
    let key = (method == Method::POST).then_some(key);
    asked.call(method, asked.at(at)?, With { body: body.as_ref(), key, version: None }).await?;
    Ok(then(&format!("/plans/{pln}")))
}

/// The form by which a partner gets its own licence.
pub(super) fn own_licence(asked: &Asked, is_active: bool) -> Markup {
    let l = asked.language;
    let products =
        PRODUCTS.iter().enumerate().map(|(n, p)| Choice::plain(p, &l.word("product", p), n == 0)).collect();
    let fields = [Field::Choice {
        name: "product",
        label: l.say("head-productType"),
        options: products,
        cards: false,
    }];
    html! {
        section {
            h2 { (l.say("partner-own")) }
            p { (l.say("partner-own-means")) }
            @if is_active {
                (form(&Form {
                    action: "/partner/own-licence",
                    key: &asked.key(),
                    fields: &fields,
                    submit: &l.say("partner-own-make"),
                    danger: false,
                }))
            } @else {
                p.warning { (l.say("plans-sku-off")) }
                (button("/plans/sku", &asked.key(), &l.say("plans-activate"), false))
            }
        }
    }
}

/// Makes the plan that the partner protects its own tenant by.
pub(super) async fn make_own(asked: Asked, posted: Posted) -> Answer {
    let body = json!({ "product": posted.needed("product")?, "currency": CURRENCY });
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.at(&["partner", "own-licence"])?, with).await?;
    Ok(then(&format!("/plans/{}", made.text("id"))))
}
