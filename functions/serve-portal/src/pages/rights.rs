//! The table of rights itself: who may do what, by role.

use crate::asked::{Answer, Asked, Page};
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::Table;
use maud::{Markup, html};
use serde_json::Value;
use tokio::try_join;

/// Whether somebody is an Owner: only they change other people.
pub(super) fn is_owner(me: &Value) -> bool {
    me.text("role") == "owner"
}

pub(super) async fn page(asked: Asked) -> Answer {
    let l = asked.language;
    let (me, table) = try_join!(asked.me(), asked.get(asked.at(&["rights"])?))?;
    let body = html! {
        p { (l.say("rights-text")) }
        (show(l, &table, |_| true)?)
    };
    Ok(asked.show(&me, &Page::new(&l.say("page-rights"), body)))
}

/// The table, with the columns of those roles.
pub(super) fn show(l: Language, table: &Value, is_shown: impl Fn(&str) -> bool) -> Result<Markup, Failure> {
    let actions = table.field("actions").as_array().ok_or(Failure::NoAnswer)?;
    let cells = |action: &Value| -> Vec<(String, Markup)> {
        let cells = action.items("roles").iter().filter(|cell| is_shown(cell.text("role")));
        cells.map(|cell| (l.word("role", cell.text("role")), verdict(l, cell))).collect()
    };
    let roles = actions.first().map(&cells).unwrap_or_default().into_iter().map(|(role, _)| role);
    let heads: Vec<String> = std::iter::once(l.say("head-right")).chain(roles).collect();
    let rows = actions.iter().map(|action| {
        let said = html! { (l.word("right", action.text("action"))) };
        std::iter::once(said).chain(cells(action).into_iter().map(|(_, cell)| cell)).collect()
    });
    Ok(Table {
        caption: &l.say("rights-caption"),
        heads: &heads,
        rows: rows.collect(),
        empty: &l.say("lists-empty"),
    }
    .show())
}

/// Whether a role may: yes, no, or under which condition.
fn verdict(l: Language, cell: &Value) -> Markup {
    html! {
        @match (cell.is("may"), cell.some("condition")) {
            (false, _) => span.nothing { (l.say("value-no")) },
            (true, None) => (l.say("value-yes")),
            (true, Some(condition)) => {
                (l.word("condition", condition))
                @if let Some(feature) = cell.some("feature") { " (" (l.word("feature", feature)) ")" }
            }
        }
    }
}
