//! The pages, by their addresses: `/…` is the partner's portal, `/e/{org}/…` that of one organisation.

mod bulk;
mod compare;
mod coverage;
mod dashboard;
mod downloads;
mod ever;
mod explain;
mod history;
mod jobs;
mod lists;
mod marks;
mod notifications;
mod object;
mod organisation;
mod organisations;
mod partner;
mod person;
mod plans;
mod restore;
mod restores;
mod rights;
mod search;
mod selling;
mod settings;
mod snapshots;
mod stale;
mod today;
mod transfer;
mod usage;
mod work;

use crate::Portal;
use crate::api::List;
use crate::asked::Asked;
use crate::failure::Failure;
use crate::guard::of_api;
use crate::json::Fields;
use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{StatusCode, Uri};
use serde_json::Value;
use tokio::try_join;

/// How many rows a page has of a list.
const ROWS: &str = "50";

/// All pages.
pub fn routes() -> Router<Portal> {
    Router::new()
        .route("/", get(today::page))
        .route("/attention/{org}/{cause}", get(today::cause))
        .route("/attention/{org}/{cause}/{act}", post(today::act))
        .route("/organisations", get(organisations::page))
        .route("/organisations.csv", get(organisations::csv))
        .route("/organisations/new", get(organisation::new).post(organisation::create))
        .route("/organisations/bulk", post(bulk::run))
        .route("/organisations/{org}", get(organisation::page))
        .route("/organisations/{org}/token", get(organisation::token))
        .route("/organisations/{org}/token/{act}", post(organisation::act_on_token))
        .route("/organisations/{org}/sessions/{ses}", post(organisation::end_session))
        .route("/organisations/{org}/{act}", post(organisation::act))
        .route("/plans", get(plans::list))
        .route("/plans/new", get(plans::new).post(plans::create))
        .route("/plans/sku", post(plans::activate))
        .route("/plans/{pln}", get(plans::one).post(plans::edit))
        .route("/plans/{pln}/{act}", post(selling::act))
        .route("/usage", get(usage::page))
        .route("/usage.csv", get(usage::csv))
        .route("/invoices/{month}", get(usage::invoice))
        .route("/invoices/{month}/lines.csv", get(usage::invoice_csv))
        .route("/partner", get(partner::page))
        .route("/partner/own-licence", post(selling::make_own))
        .route("/rights", get(rights::page))
        .route("/jobs", get(work::page))
        .route("/notifications", get(notifications::grid))
        .route("/notifications/mine", get(notifications::mine).post(notifications::set_mine))
        .route("/people/{id}", get(person::page).post(person::edit))
        .route("/people/{id}/notifications", get(notifications::of_person).post(notifications::set_of_person))
        .route("/people/{id}/try-again", post(notifications::try_again))
        .route("/people/{id}/sessions/{ses}", post(person::end_session))
        .route("/transfers/{id}", get(transfer::page).post(transfer::accept))
        .merge(lists::routes())
        .merge(inside())
}

/// The pages of an organisation's own portal.
fn inside() -> Router<Portal> {
    Router::new()
        .route("/e/{org}", get(dashboard::page))
        .route("/e/{org}/snapshots", get(snapshots::list).post(snapshots::take))
        .route("/e/{org}/snapshots/{snp}", get(snapshots::one))
        .route("/e/{org}/snapshots/{snp}/good", post(marks::say_good))
        .route("/e/{org}/snapshots/{snp}/not-good", post(marks::take_back))
        .route("/e/{org}/snapshots/{snp}/coverage/{kind}", get(coverage::page))
        .route("/e/{org}/search", get(search::page))
        .route("/e/{org}/search/ever", get(ever::page))
        .route("/e/{org}/objects/{kind}/{key}", get(object::page))
        .route("/e/{org}/history/{kind}/{key}", get(history::page))
        .route("/e/{org}/compare", get(compare::choose).post(compare::start))
        .route("/e/{org}/comparisons/{dif}", get(compare::one))
        .route("/e/{org}/comparisons/{dif}/changes.csv", get(compare::csv))
        .route("/e/{org}/comparisons/{dif}/explain", get(explain::page))
        .route("/e/{org}/restores", get(restores::list).post(restores::preview))
        .route("/e/{org}/restores/{rst}", get(restore::one))
        .route("/e/{org}/restores/{rst}/receipt", get(restore::receipt))
        .route("/e/{org}/restores/{rst}/{act}", post(restore::act))
        .route("/e/{org}/downloads", get(downloads::list).post(downloads::start))
        .route("/e/{org}/downloads/{dow}", get(downloads::one))
        .route("/e/{org}/downloads/{dow}/file", get(downloads::file))
        .route("/e/{org}/jobs", get(jobs::page))
        .route("/e/{org}/settings", get(settings::page).post(settings::set))
}

/// Where there is no page; below the API's paths as the gateway says it, since programs read that.
pub async fn nothing(uri: Uri) -> Response {
    if of_api(uri.path()) {
        let json = [(CONTENT_TYPE, "application/json")];
        return (StatusCode::NOT_FOUND, json, r#"{"message":"Not Found"}"#).into_response();
    }
    Failure::NotFound.into_response()
}

/// Who asks, with what they may do there, and the organisation that the page is about: asked for at once.
async fn about(asked: &Asked, organisation: &str) -> Result<(Value, Value), Failure> {
    let (mut me, organisation) = try_join!(asked.me(), asked.get(asked.of(organisation, &[])?))?;
    let is_customer = me.text("role") == "endCustomer";
    let own = me.field("features").as_array().cloned();
    let is_on = |feature: &Value| {
        own.as_ref().is_none_or(|own| own.contains(feature))
            && (!is_customer || organisation.items("features").contains(feature))
    };
    // What is switched off is absent, rather than shown and refused.
    if let Some(Value::Array(may)) = me.get_mut("may") {
        may.retain(|right| right.field("feature").is_null() || is_on(right.field("feature")));
    }
    Ok((me, organisation))
}

/// The newest things of an organisation, of one sort.
async fn newest(asked: &Asked, organisation: &str, sort: &str, most: &str) -> Result<Option<List>, Failure> {
    asked.find_list(asked.of(organisation, &[sort])?.with("limit", most)).await
}
