//! Edits of an organisation that somebody else was ahead of: both versions of what the form was about.

use super::super::about;
use super::super::stale::{Both, Edit, both};
use crate::asked::{Answer, Asked};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use serde_json::Value;
use tokio::try_join;

/// Both versions; the failure itself of what is no edit, such as a suspension, of which there is nothing to be compared.
pub(super) async fn ahead(
    asked: &Asked,
    (org, act): (&str, &str),
    posted: &Posted,
    failure: Failure,
) -> Answer {
    let path = if act == "subscription" { &["subscription"][..] } else { &[] };
    let ((me, of), read) = try_join!(about(asked, org), asked.versioned(asked.of(org, path)?))?;
    let now = &read.value;
    let line = |label: &str, name: &str| Both::of(asked, label, now.text(name), posted.text(name));
    let l = asked.language;
    let fields = match act {
        "edit" => vec![
            line("head-name", "name"),
            line("organisation-email", "email"),
            line("organisation-details", "details"),
        ],
        "subscription" => {
            let plans = asked.list(asked.at(&["plans"])?.with("limit", "200")).await?.items;
            let called = |id: &str| name_of(&plans, id).unwrap_or(id).to_owned();
            let seats = now.number("seats").unwrap_or(0).to_string();
            vec![
                Both::of(asked, "head-seats", &seats, posted.text("seats")),
                Both::of(asked, "head-plan", &called(now.text("plan")), &called(posted.text("plan"))),
            ]
        }
        "features" => {
            let said =
                |all: Vec<&str>| all.iter().map(|one| l.word("feature", one)).collect::<Vec<_>>().join(", ");
            let on = said(now.items("features").iter().filter_map(Value::as_str).collect());
            vec![Both::of(asked, "organisation-customer", &on, &said(posted.all("feature").collect()))]
        }
        "approvals" => {
            let said = |rule: &str| l.word("rule", rule);
            let (now, yours) = (said(now.text("approvals")), said(posted.text("restores")));
            vec![Both::of(asked, "organisation-rule", &now, &yours)]
        }
        _ => return Err(failure),
    };
    let (back, action) = (format!("/organisations/{org}"), format!("/organisations/{org}/{act}"));
    // What is there now is what the form is held against when it is sent again.
    let posted = match act {
        "subscription" => {
            let seats = now.number("seats").unwrap_or(0).to_string();
            &posted.with("wasSeats", &seats).with("wasPlan", now.text("plan"))
        }
        _ => posted,
    };
    let edit = Edit { action: &action, back: &back, posted, version: &read.version, fields, of: Some(&of) };
    Ok(both(asked, &me, &edit))
}

fn name_of<'a>(plans: &'a [Value], id: &str) -> Option<&'a str> {
    plans.iter().find(|plan| plan.text("id") == id).map(|plan| plan.text("name"))
}
