//! One thing done with several organisations, with what became of each.
//!
//! Each is a call of the API under a key of its own, made of the form's: sent twice, each is done once.

use crate::api::{At, With};
use crate::asked::{Answer, Asked, Page, may};
use crate::failure::Failure;
use crate::json::Fields;
use crate::posted::Posted;
use crate::texts::Language;
use crate::view::form::{Choice, Field};
use crate::view::{Table, name};
use http::Method;
use maud::html;
use serde_json::Value;

/// How many organisations one form may name: the answer has to come before API Gateway gives up.
const MOST: usize = 50;

/// What can be done with several: its name, the right, the path below the organisation, and whether it names a version.
const ACTS: [(&str, &str, &str, bool); 3] = [
    ("snapshot", "useSnapshots", "snapshots", false),
    ("suspend", "manageOrganisation", "suspend", true),
    ("reactivate", "manageOrganisation", "reactivate", true),
];

/// The choice of what is done, of what the person may do; none where that is nothing.
pub(super) fn choice(l: Language, me: &Value) -> Option<Field> {
    let able = ACTS.iter().filter(|(_, right, ..)| may(me, right));
    let options: Vec<Choice> =
        able.map(|(act, ..)| Choice::plain(act, &l.word("bulk", act), false)).collect();
    let choice = Field::Choice { name: "act", label: l.say("bulk-act"), options, cards: false };
    matches!(&choice, Field::Choice { options, .. } if !options.is_empty()).then_some(choice)
}

pub(super) async fn run(asked: Asked, posted: Posted) -> Answer {
    let l = asked.language;
    let (key, wanted) = (posted.key()?, posted.needed("act")?);
    let act = ACTS.iter().find(|(act, ..)| *act == wanted).ok_or(Failure::Field("act"))?;
    let chosen: Vec<&str> = posted.all("organisation").collect();
    if chosen.is_empty() || chosen.len() > MOST {
        return Err(Failure::Field("organisation"));
    }
    let me = asked.me().await?;
    let mut rows = Vec::with_capacity(chosen.len());
    let mut done = 0;
    for id in chosen {
        let (called, became) = one(&asked, id, act, key).await;
        done += i64::from(became.is_ok());
        rows.push(vec![
            html! { a href={ "/organisations/" (id) } { (name(called.as_deref().unwrap_or(id))) } },
            match became {
                Ok(()) => html! { span.badge.good { (l.word("bulk-done", wanted)) } },
                Err(failure) => html! { span.badge.bad { (l.say("bulk-refused")) } " " (why(l, &failure)) },
            },
        ]);
    }
    let heads = ["organisation", "outcome"].map(|key| l.say(&format!("head-{key}")));
    let all = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let caption = format!("{}: {}", l.word("bulk", wanted), l.count("bulk-caption", all));
    let table = Table { caption: &caption, heads: &heads, rows, empty: "" };
    let body = html! {
        p role="status" { (l.tell("bulk-result", &[("done", &done.to_string()), ("all", &all.to_string())])) }
        (table.show())
        p { a href="/organisations" { (l.say("page-organisations")) } }
    };
    Ok(asked.show(&me, &Page::new(&l.say("bulk-title"), body)))
}

/// Does it with one organisation: what that is called, and what became of it.
async fn one(
    asked: &Asked,
    id: &str,
    (_, _, path, names_version): &(&str, &str, &str, bool),
    key: &str,
) -> (Option<String>, Result<(), Failure>) {
    let place = |segments: &[&str]| -> Result<At, Failure> { asked.of(id, segments) };
    let read = async { asked.versioned(place(&[])?).await };
    let read = match read.await {
        Ok(read) => read,
        Err(failure) => return (None, Err(failure)),
    };
    let call = async {
        let key = format!("{key}-{id}");
        let version = names_version.then_some(read.version.as_str());
        asked.call(Method::POST, place(&[path])?, With { body: None, key: Some(&key), version }).await
    };
    (read.value.some("name").map(str::to_owned), call.await.map(|_| ()))
}

/// Why it was not done, in the API's words where it has some.
fn why(l: Language, failure: &Failure) -> String {
    match failure {
        Failure::Problem(problem) => problem.detail.clone(),
        Failure::NotFound => l.say("failure-not-found-text"),
        Failure::Busy => l.say("failure-busy-text"),
        _ => l.say("failure-no-answer-text"),
    }
}
