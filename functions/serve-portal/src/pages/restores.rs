//! Restores of an organisation: all of them, and the choice that one is previewed of. A preview writes nothing.

use super::{ROWS, about};
use crate::api::With;
use crate::asked::{Answer, Asked, Page, then};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::{Table, address, badge, more, name};
use axum::extract::{Path, Query};
use http::Method;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::try_join;

/// Which part of the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    waiting: String,
    cursor: String,
}

pub(super) async fn list(asked: Asked, Path(org): Path<String>, Query(wanted): Query<Wanted>) -> Answer {
    let l = asked.language;
    let at = asked.of(&org, &["restores"])?.with("limit", ROWS).with("cursor", &wanted.cursor);
    let at = if wanted.waiting.is_empty() { at } else { at.with("waitsForApproval", "true") };
    let ((me, organisation), list) = try_join!(about(&asked, &org), asked.list(at))?;
    let heads = ["asked", "state", "reason", "ticket", "steps"].map(|key| l.say(&format!("head-{key}")));
    let rows = list.items.iter().map(|restore| {
        vec![
            html! { a href={ "/e/" (org) "/restores/" (restore.text("id")) } { (asked.times().at(restore.text("requestedAt"))) } },
            html! { (how(l, restore))
                @if restore.is("waitsForApproval") { " " (l.say("restore-waits")) } },
            html! { (name(restore.text("reason"))) },
            html! { (name(restore.text("ticket"))) },
            html! { span.number { (restore.number("/counts/steps").unwrap_or(0)) } },
        ]
    });
    let table = Table {
        caption: &l.count("restores-caption", i64::try_from(list.items.len()).unwrap_or(i64::MAX)),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say(match (&list.next, wanted.waiting.as_str()) {
            (Some(_), _) => "list-nothing-yet",
            (None, "") => "restores-empty",
            (None, _) => "restores-none-wait",
        }),
    };
    let path = format!("/e/{org}/restores");
    let next = list.next.as_deref().map(|c| address(&path, &[("waiting", &wanted.waiting), ("cursor", c)]));
    let body = html! {
        div.actions { a href=(address(&path, &[("waiting", "1")])) { (l.say("restores-waiting")) } }
        (table.show())
        (more(l, next.as_deref()))
    };
    Ok(asked.show(&me, &Page::inside(&organisation, &l.say("page-restores"), body)))
}

/// How a restore is: what did not come out whole is never shown as good.
pub(super) fn how(l: Language, restore: &Value) -> Markup {
    let is_partial = restore.text("state") == "done" && restore.field("complete") == &Value::Bool(false);
    html! {
        @if is_partial { span.badge.fair { (l.say("restores-partial")) } }
        @else { (badge(l, "restore", restore.text("state"))) }
    }
}

pub(super) async fn preview(asked: Asked, Path(org): Path<String>, posted: Posted) -> Answer {
    let body = wanted_of(&posted)?;
    let with = With { body: Some(&body), key: Some(posted.key()?), ..With::default() };
    let made = asked.call(Method::POST, asked.of(&org, &["restores"])?, with).await?;
    Ok(then(&format!("/e/{org}/restores/{}", made.text("id"))))
}

/// What a form asks to put back, as the API takes it.
fn wanted_of(posted: &Posted) -> Result<Value, Failure> {
    let mut body = Map::new();
    let chosen = chosen(posted)?;
    if posted.ticked("snapshot") {
        body.insert("snapshot".to_owned(), json!(posted.text("snapshot")));
        body.insert("items".to_owned(), json!(as_items(chosen, posted)?));
    } else {
        body.insert("comparison".to_owned(), json!(posted.needed("comparison")?));
        if !posted.ticked("all") {
            if chosen.is_empty() {
                return Err(Failure::Field("object"));
            }
            body.insert("only".to_owned(), json!(chosen));
        }
    }
    // Why said for both: an object of a snapshot is merged unless it is said otherwise, and what came since would stay.
    if posted.ticked("exactly") {
        body.insert("attributes".to_owned(), json!("overwrite"));
        body.insert("links".to_owned(), json!("rollback"));
    }
    for name in ["deleteCreated", "comeBackBlocked"] {
        if posted.ticked(name) {
            body.insert(name.to_owned(), json!(true));
        }
    }
    for name in ["reason", "ticket"] {
        if posted.ticked(name) {
            body.insert(name.to_owned(), json!(posted.text(name)));
        }
    }
    Ok(body.into())
}

/// What was ticked, by object: an object as a whole, or else the parts of it.
fn chosen(posted: &Posted) -> Result<Vec<Value>, Failure> {
    let mut objects: Vec<Value> = Vec::new();
    let read = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| Failure::Field("object"));
    for text in posted.all("object") {
        let of = read(text)?;
        let object = json!({ "kind": of.text("kind"), "key": of.text("key") });
        // A change with many links goes on in another one of the same object: the API takes an object once.
        if !objects.contains(&object) {
            objects.push(object);
        }
    }
    let whole = objects.len();
    for text in posted.all("part") {
        let part = read(text)?;
        let is_same = |o: &Value| o.text("kind") == part.text("kind") && o.text("key") == part.text("key");
        let at = match objects.iter().position(is_same) {
            Some(at) if at < whole => continue,
            Some(at) => at,
            None => {
                objects.push(json!({ "kind": part.text("kind"), "key": part.text("key") }));
                objects.len() - 1
            }
        };
        let (list, item) = match part.some("path") {
            Some(path) => ("paths", json!(path)),
            None => ("links", json!({ "link": part.text("link"), "to": part.text("to") })),
        };
        match &mut objects[at][list] {
            Value::Array(items) => items.push(item),
            none => *none = json!([item]),
        }
    }
    Ok(objects)
}

/// Of a snapshot: without a tick the object as a whole; properties are called so there.
fn as_items(chosen: Vec<Value>, posted: &Posted) -> Result<Vec<Value>, Failure> {
    if chosen.is_empty() {
        let whole = serde_json::from_str(posted.needed("whole")?).map_err(|_| Failure::Field("object"))?;
        return Ok(vec![whole]);
    }
    let renamed = chosen.into_iter().map(|mut item| {
        if let Some(fields) = item.as_object_mut()
            && let Some(paths) = fields.remove("paths")
        {
            fields.insert("properties".to_owned(), paths);
        }
        item
    });
    Ok(renamed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(fields: &[(&str, &str)]) -> Posted {
        Posted::of(fields)
    }

    #[test]
    fn parts_of_one_object_are_asked_for_together_and_an_object_as_a_whole_has_no_parts() {
        let part = |key: &str, path: &str| json!({ "kind": "users", "key": key, "path": path }).to_string();
        let link = json!({ "kind": "users", "key": "1", "link": "users.manager", "to": "9" }).to_string();
        let whole = json!({ "kind": "users", "key": "2" }).to_string();
        let asked = wanted_of(&posted(&[
            ("comparison", "dif_1"),
            ("object", &whole),
            ("object", &whole),
            ("part", &part("1", "jobTitle")),
            ("part", &part("1", "city")),
            ("part", &link),
            ("part", &part("2", "city")),
            ("reason", " by mistake "),
        ]));
        let only = json!([
            { "kind": "users", "key": "2" },
            { "kind": "users", "key": "1", "paths": ["jobTitle", "city"], "links": [{ "link": "users.manager", "to": "9" }] },
        ]);
        assert_eq!(asked, Ok(json!({ "comparison": "dif_1", "only": only, "reason": "by mistake" })));
    }

    #[test]
    fn a_comparison_of_which_nothing_was_ticked_is_not_put_back_as_a_whole() {
        assert_eq!(wanted_of(&posted(&[("comparison", "dif_1")])), Err(Failure::Field("object")));
        let all = wanted_of(&posted(&[("comparison", "dif_1"), ("all", "1"), ("deleteCreated", "1")]));
        assert_eq!(all, Ok(json!({ "comparison": "dif_1", "deleteCreated": true })));
    }

    #[test]
    fn an_object_of_a_snapshot_comes_back_whole_where_no_part_was_ticked() {
        let whole = json!({ "kind": "users", "key": "1" });
        let asked = wanted_of(&posted(&[("snapshot", "snp_1"), ("whole", &whole.to_string())]));
        assert_eq!(asked, Ok(json!({ "snapshot": "snp_1", "items": [whole] })));
    }
}
