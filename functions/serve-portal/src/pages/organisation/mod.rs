//! One organisation as the partner manages it: what is known of it, what it pays for, who may reach its tenant, what its end
//! users may do, and how it ends.

mod act;
mod ahead;
mod offer;
mod token;

use super::about;
use super::stale::VERSION;
use crate::api::Versioned;
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field, Form, form};
use crate::view::{badge, facts, name};
use axum::extract::Path;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

pub(super) use act::{act, create};
pub(super) use token::{act as act_on_token, end_session, page as token};

const FEATURES: [&str; 4] = ["search", "compare", "restore", "download"];
const RULES: [&str; 3] = ["off", "privileged", "always"];
/// For how many days an organisation's data is held before it is deleted, where nobody says otherwise.
const HOLD_DAYS: &str = "7";

/// What the page is made with.
struct Shown<'a> {
    asked: &'a Asked,
    me: &'a Value,
    of: &'a Versioned,
    path: String,
}

pub(super) async fn new(asked: Asked) -> Answer {
    let l = asked.language;
    let (me, plans) = try_join!(asked.me(), asked.list(asked.at(&["plans"])?.with("limit", "200")))?;
    let body = html! {
        @if plans.items.is_empty() {
            p.empty { (l.say("organisation-needs-plan")) } p { a.button href="/plans/new" { (l.say("plans-new")) } }
        } @else {
            (form(&Form {
                action: "/organisations/new",
                key: &asked.key(),
                fields: &[
                    Field::line("name", &l.say("head-name"), ""),
                    Field::typed("email", &l.say("organisation-email"), "", "email", true, ""),
                    Field::Choice { name: "plan", label: l.say("head-plan"), options: plan_choices(&plans.items, ""), cards: false },
                    Field::typed("seats", &l.say("head-seats"), "10", "number", true, ""),
                ],
                submit: &l.say("organisations-new"),
                danger: false,
            }))
        }
    };
    Ok(asked.show(&me, &Page::new(&l.say("organisations-new"), body)))
}

/// The plans to choose from, each with its label.
pub(super) fn plan_choices(plans: &[Value], chosen: &str) -> Vec<Choice> {
    let said = |plan: &Value| match plan.some("label") {
        Some(label) => format!("{} ({label})", plan.text("name")),
        None => plan.text("name").to_owned(),
    };
    plans.iter().map(|plan| Choice::plain(plan.text("id"), &said(plan), plan.text("id") == chosen)).collect()
}

/// The plans with the one that is paid for: it may be a partner's above or below, or not sold any more, and a form in which
/// it cannot be chosen would move the organisation to another one.
fn with_current(mut plans: Vec<Choice>, paid: &Value) -> Vec<Choice> {
    if !plans.iter().any(|plan| plan.on) {
        plans.insert(0, Choice::plain(paid.text("plan"), paid.text("planName"), true));
    }
    plans
}

pub(super) async fn page(asked: Asked, Path(org): Path<String>) -> Answer {
    let l = asked.language;
    let ((me, _), of, subscription, plans) = try_join!(
        about(&asked, &org),
        asked.versioned(asked.of(&org, &[])?),
        asked.find_versioned(asked.of(&org, &["subscription"])?),
        asked.find_list(asked.at(&["plans"])?.with("limit", "200")),
    )?;
    let shown = Shown { asked: &asked, me: &me, of: &of, path: format!("/organisations/{org}") };
    let section = |key: &str, body: Markup| html! { section id=(key) { h2 { (l.say(&format!("organisation-{key}"))) } (body) } };
    let plans = plans.map(|list| list.items).unwrap_or_default();
    let body = html! {
        div.actions { a.button href={ "/e/" (org) } { (l.say("organisation-open")) } }
        (section("general", general(&shown)))
        @if let Some(subscription) = &subscription { (section("subscription", paid(&shown, subscription, &plans))) }
        (section("credentials", credentials(&shown)))
        (section("customer", customer(&shown)))
        (section("end", end(&shown)))
    };
    Ok(asked.show(&me, &Page::about(&of.value, &l.say("page-organisation"), body)))
}

impl Shown<'_> {
    fn language(&self) -> Language {
        self.asked.language
    }

    /// A form of the page, which names the version that it was made from.
    fn form(&self, act: &str, fields: Vec<Field>, submit: &str, danger: bool) -> Markup {
        self.form_of(&self.of.version, act, fields, submit, danger)
    }

    fn form_of(
        &self,
        version: &str,
        act: &str,
        mut fields: Vec<Field>,
        submit: &str,
        danger: bool,
    ) -> Markup {
        fields.push(Field::Hidden(VERSION, version.to_owned()));
        let (action, key, submit) =
            (format!("{}/{act}", self.path), self.asked.key(), self.language().say(submit));
        form(&Form { action: &action, key: &key, fields: &fields, submit: &submit, danger })
    }
}

fn general(shown: &Shown<'_>) -> Markup {
    let (l, of) = (shown.language(), &shown.of.value);
    let fields = vec![
        Field::line("name", &l.say("head-name"), of.text("name")),
        Field::typed("email", &l.say("organisation-email"), of.text("email"), "email", true, ""),
        Field::typed("details", &l.say("organisation-details"), of.text("details"), "text", false, ""),
    ];
    html! {
        (facts(&[
            (l.say("head-state"), badge(l, "state", of.text("state"))),
            (l.say("organisation-made"), shown.asked.times().at(of.text("createdAt"))),
            (l.say("head-id"), html! { code { (of.text("id")) } }),
        ]))
        @if may(shown.me, "editOrganisation") { (shown.form("edit", fields, "form-save", false)) }
    }
}

fn paid(shown: &Shown<'_>, subscription: &Versioned, plans: &[Value]) -> Markup {
    let (l, paid) = (shown.language(), &subscription.value);
    let seats = paid.number("seats").unwrap_or(0).to_string();
    let used = paid.number("seatsInUse").map_or("–".to_owned(), |count| count.to_string());
    html! {
        (facts(&[
            (l.say("head-plan"), html! { (name(paid.text("planName"))) @if let Some(label) = paid.some("label") { " " span.badge { (label) } } }),
            (l.say("head-seats"), html! { (paid.number("seats").unwrap_or(0)) }),
            (l.say("organisation-used"), html! { (used) }),
        ]))
        @if let Some(over) = paid.number("overUse").filter(|over| *over > 0) { p.warning { (l.count("organisation-over", over)) } }
        @if !paid.field("pendingDowngrade").is_null() { p.warning { (l.say("organisation-downgrade")) } }
        @if may(shown.me, "changeSubscription") {
            (shown.form_of(&subscription.version, "subscription", vec![
                Field::typed("seats", &l.say("head-seats"), &seats, "number", true, ""),
                Field::Choice { name: "plan", label: l.say("head-plan"), options: with_current(plan_choices(plans, paid.text("plan")), paid), cards: false },
                Field::Hidden("wasSeats", seats),
                Field::Hidden("wasPlan", paid.text("plan").to_owned()),
            ], "form-save", false))
        }
    }
}

fn credentials(shown: &Shown<'_>) -> Markup {
    let (l, tenant) = (shown.language(), shown.of.value.field("tenant"));
    let link = |app: &'static str| {
        shown.form(
            "consent",
            vec![Field::Hidden("app", app.to_owned())],
            &format!("organisation-consent-{app}"),
            false,
        )
    };
    html! {
        @if tenant.is_null() { p.empty { (l.say("dashboard-unconnected")) } } @else {
            (facts(&[
                (l.say("head-tenant"), html! { (name(tenant.text("name"))) " " code { (tenant.text("id")) } }),
                (l.say("head-credentials"), badge(l, "credentials", tenant.text("credentials"))),
                (l.say("organisation-writer"), shown.asked.times().at(tenant.text("writerConsentedAt"))),
                (l.say("organisation-next"), shown.asked.times().at(tenant.text("nextSnapshotAt"))),
            ]))
            @if let Some(advice) = tenant.some("advice") { p.warning { (advice) } }
            @for missing in tenant.items("notProtected") {
                p.warning { (l.tell("credentials-unprotected", &[("what", missing.text("what"))])) }
            }
        }
        (connecting(shown))
        @if may(shown.me, "connectOrganisation") { div.actions { (link("reader")) (link("writer"))
            @if !tenant.is_null() { (shown.form("check", Vec::new(), "organisation-check", false)) } } }
    }
}

/// The connection whose consent has not arrived, or the last one that came to nothing: why, and what can be done.
fn connecting(shown: &Shown<'_>) -> Markup {
    let (l, of) = (shown.language(), shown.of.value.field("connecting"));
    let waits = of.some("refused").is_none();
    html! {
        @if !of.is_null() {
            p.warning {
                (l.say(if waits { "organisation-connecting" } else { "organisation-not-connected" })) " "
                code { (of.text("tenant")) }
                @if waits { ", " (l.say("organisation-connecting-until")) " " (shown.asked.times().on(of.text("until"))) }
                @if let Some(advice) = of.some("advice") { ": " (advice) }
            }
        }
    }
}

fn customer(shown: &Shown<'_>) -> Markup {
    let (l, of) = (shown.language(), &shown.of.value);
    let is_on = |feature: &str| of.items("features").iter().any(|on| on == feature);
    let features = FEATURES.iter().map(|feature| Field::Tick {
        name: "feature",
        value: (*feature).to_owned(),
        label: html! { (l.word("feature", feature)) },
        on: is_on(feature),
    });
    let rules =
        RULES.iter().map(|rule| Choice::plain(rule, &l.word("rule", rule), of.text("approvals") == *rule));
    let rule = Field::Choice {
        name: "restores",
        label: l.say("organisation-rule"),
        options: rules.collect(),
        cards: false,
    };
    html! {
        @if may(shown.me, "manageOrganisation") { (shown.form("features", features.collect(), "form-save", false)) }
        @if may(shown.me, "editOrganisation") {
            (shown.form("access", Vec::new(), "organisation-access", false))
            p { a href={ (shown.path) "/token" } { (l.say("access-page")) } }
        }
        @if may(shown.me, "setApprovals") { (shown.form("approvals", vec![rule], "form-save", false)) }
    }
}

/// What stops, what goes on, and until when: said before each button.
fn end(shown: &Shown<'_>) -> Markup {
    let (l, of) = (shown.language(), &shown.of.value);
    let state = of.text("state");
    let one = |act: &'static str, danger: bool| {
        html! {
            p { (l.say(&format!("organisation-{act}-means"))) }
            (shown.form(act, Vec::new(), &format!("organisation-{act}"), danger))
        }
    };
    html! {
        @if may(shown.me, "manageOrganisation") {
            @if state == "active" { (one("suspend", true)) }
            @if matches!(state, "suspended" | "unsubscribed") { (one("reactivate", false)) }
        }
        @if may(shown.me, "endOrganisation") {
            @if matches!(state, "active" | "suspended") { (one("unsubscribe", true)) }
            @if state == "active" {
                p { (l.say("organisation-offer-means")) }
                (shown.form("offer", vec![
                    Field::typed("to", &l.say("organisation-offer-to"), "", "text", true, &l.say("organisation-offer-hint")),
                ], "organisation-offer", true))
            }
            @if state == "deleting" {
                p { (l.say("organisation-deleting-at")) " " (shown.asked.times().on(of.text("/ending/deleteAt"))) }
                (one("keep", false))
            } @else {
                p { (l.say("organisation-delete-means")) }
                (shown.form("delete", vec![
                    Field::typed("holdDays", &l.say("organisation-hold"), HOLD_DAYS, "number", true, ""),
                    Field::line("confirmation", &l.say("restore-confirm"), ""),
                ], "organisation-delete", true))
            }
        }
    }
}

/// A page that shows a link or a secret once.
fn shown_once(
    asked: &Asked,
    me: &Value,
    of: &Value,
    made: &Value,
) -> Result<axum::response::Response, Failure> {
    let l = asked.language;
    let body = html! {
        p role="status" { (l.say("once-text")) }
        p.field {
            label for="once" { (l.say("once-link")) }
            input id="once" type="text" readonly value=(made.some("url").ok_or(Failure::NoAnswer)?);
        }
        p.quiet { (l.say("once-until")) " " (asked.times().on(made.text("expiresAt"))) }
        p { a href={ "/organisations/" (of.text("id")) } { (l.say("once-back")) } }
    };
    Ok(asked.show(me, &Page::about(of, &l.say("once-title"), body)))
}
