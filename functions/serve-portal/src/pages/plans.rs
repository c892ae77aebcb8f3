//! Plans: all of them, a new one with its product, and one with what can be changed of it.

use super::stale::{self, Both, Edit};
use super::{ROWS, selling, snapshots};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, may, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::money;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, button, form};
use crate::view::{Table, address, facts, more, name};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, html};
use serde_json::{Value, json};
use tokio::try_join;

/// Each product, and whether it needs the partner's Entra SKU.
const PRODUCTS: [(&str, bool); 4] =
    [("BackupEntra", true), ("ArchiverEntra", true), ("Backup", false), ("Archive", false)];
const PERIODS: [&str; 2] = ["monthly", "yearly"];
/// What is filled in where nobody said anything.
const CURRENCY: &str = "EUR";

pub(super) async fn list(asked: Asked, Query(part): Query<snapshots::Part>) -> Answer {
    let l = asked.language;
    let at = asked.at(&["plans"])?.with("limit", ROWS).with("cursor", &part.cursor);
    let (me, list) = try_join!(asked.me(), asked.list(at))?;
    let heads = ["name", "productType", "label", "period", "price", "shown", "id"]
        .map(|key| l.say(&format!("head-{key}")));
    let rows = list.items.iter().map(|plan| {
        let yes = if plan.is("visible") { "value-yes" } else { "value-no" };
        vec![
            html! { a href={ "/plans/" (plan.text("id")) } { (name(plan.text("name"))) } },
            html! { (l.word("product", plan.text("product"))) },
            html! { @if let Some(label) = plan.some("label") { span.badge { (label) } } },
            html! { (l.word("period", plan.text("periodicity"))) },
            price(l, plan),
            html! { (l.say(yes)) },
            html! { code { (plan.text("id")) } },
        ]
    });
    let table = Table {
        caption: &l.count("plans-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("plans-empty"),
    };
    let next = list.next.as_deref().map(|cursor| address("/plans", &[("cursor", cursor)]));
    let body = html! {
        @if may(&me, "managePlans") { div.actions { a.button href="/plans/new" { (l.say("plans-new")) } } }
        (table.show())
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-plans"), body)))
}

fn price(l: Language, plan: &Value) -> Markup {
    let of = plan.field("price");
    html! {
        @if plan.is("notForResale") { (l.say("plans-own")) }
        @else if let Some(amount) = of.number("amountMinor") { span.number { (money::shown(amount, of.text("currency"))) } }
    }
}

pub(super) async fn new(asked: Asked) -> Answer {
    let l = asked.language;
    let (me, partner) = try_join!(asked.me(), asked.get(asked.at(&["partner"])?))?;
    let is_active = partner.is("entraSkuActive");
    let cards = PRODUCTS.into_iter().map(|(product, needs_sku)| {
        let off = needs_sku && !is_active;
        let hint = if off {
            "plans-sku-off"
        } else if needs_sku {
            "plans-with-label"
        } else {
            "plans-without-label"
        };
        Choice {
            hint: l.say(hint),
            off,
            on: !off && product == "BackupEntra",
            ..Choice::plain(product, &l.word("product", product), false)
        }
    });
    let periods = PERIODS.iter().enumerate().map(|(n, p)| Choice::plain(p, &l.word("period", p), n == 0));
    let fields = [
        Field::Choice {
            name: "product",
            label: l.say("head-productType"),
            options: cards.collect(),
            cards: true,
        },
        Field::line("name", &l.say("head-name"), ""),
        Field::line("currency", &l.say("plans-currency"), CURRENCY),
        Field::Choice {
            name: "periodicity",
            label: l.say("head-period"),
            options: periods.collect(),
            cards: false,
        },
        Field::typed("price", &l.say("plans-price"), "", "text", true, &l.say("plans-price-hint")),
        Field::Tick {
            name: "visible",
            value: "1".to_owned(),
            label: html! { (l.say("plans-visible")) },
            on: true,
        },
        Field::Note(html! { p.quiet { (l.say("plans-fixed")) } }),
    ];
    let body = html! {
        @if !is_active {
            div.note {
                p.warning { (l.tell("plans-sku-why", &[("partner", partner.text("name"))])) }
                @if may(&me, "managePlans") { (button("/plans/sku", &asked.key(), &l.say("plans-activate"), false)) }
            }
        }
        (form(&Form { action: "/plans/new", key: &asked.key(), fields: &fields, submit: &l.say("form-save"), danger: false }))
    };
    Ok(asked.show(&me, &Page::new(&l.say("plans-new"), body)))
}

/// Lets the partner sell what has to do with Entra.
pub(super) async fn activate(asked: Asked, posted: Posted) -> Answer {
    let body = json!({ "sku": "Entra" });
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    asked.call(Method::POST, asked.at(&["partner", "sku"])?, with).await?;
    Ok(then("/plans/new"))
}

pub(super) async fn create(asked: Asked, posted: Posted) -> Answer {
    let body = json!({
        "product": posted.needed("product")?,
        "name": posted.needed("name")?,
        "periodicity": posted.needed("periodicity")?,
        "price": price_of(&posted)?,
        "visible": posted.ticked("visible"),
    });
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.at(&["plans"])?, with).await?;
    Ok(then(&format!("/plans/{}", made.text("id"))))
}

fn price_of(posted: &Posted) -> Result<Value, Failure> {
    let currency = posted.needed("currency")?.to_uppercase();
    let amount = money::minor(posted.needed("price")?, &currency).ok_or(Failure::Field("price"))?;
    Ok(json!({ "amountMinor": amount, "currency": currency }))
}

pub(super) async fn one(asked: Asked, Path(pln): Path<String>) -> Answer {
    let l = asked.language;
    let (me, read, partners) = try_join!(
        asked.me(),
        asked.versioned(asked.at(&["plans", &pln])?),
        asked.find_list(asked.at(&["partners"])?.with("limit", "200")),
    )?;
    let (plan, of) = (&read.value, read.value.field("price"));
    let shown = money::shown(of.number("amountMinor").unwrap_or(0), of.text("currency"));
    let amount = shown.split(' ').next().unwrap_or_default();
    let body = html! {
        (facts(&[
            (l.say("head-productType"), html! { (l.word("product", plan.text("product"))) }),
            (l.say("head-label"), html! { (plan.some("label").unwrap_or("–")) }),
            (l.say("head-period"), html! { (l.word("period", plan.text("periodicity"))) }),
            (l.say("head-price"), price(l, plan)),
            (l.say("plans-subscriptions"), html! { (plan.number("subscriptions").map_or("–".to_owned(), |n| n.to_string())) }),
            (l.say("head-id"), html! { code { (pln) } }),
        ]))
        @if may(&me, "managePlans") && !plan.is("notForResale") {
            // Why its own alone: a plan that is assigned from above is its maker's to edit.
            @if plan.text("partner") == me.text("partner") { (form(&Form {
                action: &format!("/plans/{pln}"),
                key: &asked.key(),
                fields: &[
                    Field::Hidden(stale::VERSION, read.version.clone()),
                    Field::Hidden("currency", of.text("currency").to_owned()),
                    Field::line("name", &l.say("head-name"), plan.text("name")),
                    Field::line("price", &l.say("plans-price"), amount),
                    Field::Tick { name: "visible", value: "1".to_owned(), label: html! { (l.say("plans-visible")) }, on: plan.is("visible") },
                ],
                submit: &l.say("form-save"),
                danger: false,
            })) }
            @if let Some(partners) = &partners { (selling::below(&asked, plan, &partners.items)) }
        }
    };
    let title = format!("{} {}", l.say("plans-one"), plan.text("name"));
    Ok(asked.show(&me, &Page::new(&title, body)))
}

pub(super) async fn edit(asked: Asked, Path(pln): Path<String>, posted: Posted) -> Answer {
    let body = json!({ "name": posted.needed("name")?, "price": price_of(&posted)?, "visible": posted.ticked("visible") });
    let with = With { body: Some(&body), version: Some(posted.needed(stale::VERSION)?), ..With::default() };
    match asked.call(Method::PATCH, asked.at(&["plans", &pln])?, with).await {
        Ok(_) => Ok(then(&format!("/plans/{pln}"))),
        Err(failure) if failure.is_stale() => ahead(&asked, &pln, &posted).await,
        Err(failure) => Err(failure),
    }
}

/// Somebody else changed the plan meanwhile: both versions.
async fn ahead(asked: &Asked, pln: &str, posted: &Posted) -> Answer {
    let l = asked.language;
    let (me, read) = try_join!(asked.me(), asked.versioned(asked.at(&["plans", pln])?))?;
    let price = read.value.field("price");
    let now = money::shown(price.number("amountMinor").unwrap_or(0), price.text("currency"));
    let yours = money::minor(posted.text("price"), posted.text("currency"));
    let yours = money::shown(yours.unwrap_or(0), posted.text("currency"));
    let yes = |yes: bool| l.say(if yes { "value-yes" } else { "value-no" });
    let fields = vec![
        Both::of(asked, "head-name", read.value.text("name"), posted.text("name")),
        Both::of(asked, "plans-price", &now, &yours),
        Both::of(asked, "plans-visible", &yes(read.value.is("visible")), &yes(posted.ticked("visible"))),
    ];
    let page = format!("/plans/{pln}");
    let edit = Edit { action: &page, back: &page, posted, version: &read.version, fields, of: None };
    Ok(stale::both(asked, &me, &edit))
}
