//! Which changes of a comparison are wanted, and in which order: all of it is asked of the API, which looks at every change.

use crate::api::At;
use crate::asked::Asked;
use crate::failure::Failure;
use crate::json::Fields;
use crate::texts::Language;
use crate::view::form::{Choice, Field};
use crate::view::{address, plain};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// What can have happened, each with the sort of words that says it.
const HAPPENED: [(&str, &str); 9] = [
    ("created", "what"),
    ("modified", "what"),
    ("deleted", "what"),
    ("softDeleted", "happened"),
    ("hardDeleted", "happened"),
    ("restored", "happened"),
    ("recreated", "happened"),
    ("activated", "what"),
    ("ended", "what"),
];
const CLASSES: [&str; 4] = ["change", "derived", "observed", "service"];
const ORDERS: [&str; 2] = ["weight", "key"];
/// From which weight on a change is about rights, or about an account that has some; and what anything weighs that somebody did.
const WEIGHTS: [&str; 2] = ["70", "10"];

/// Which changes are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::pages) struct Wanted {
    kind: String,
    what: String,
    class: String,
    min_weight: String,
    name: String,
    property: String,
    actor: String,
    order: String,
    cursor: String,
}

impl Wanted {
    /// What is asked of the API: the heaviest first where nothing is said.
    fn parameters(&self) -> [(&'static str, &str); 8] {
        let order = if self.order.is_empty() { ORDERS[0] } else { &self.order };
        [
            ("kind", &self.kind),
            ("what", &self.what),
            ("class", &self.class),
            ("minWeight", &self.min_weight),
            ("name", self.name.trim()),
            ("property", self.property.trim()),
            ("actor", self.actor.trim()),
            ("order", order),
        ]
    }

    /// The place of these changes in the API.
    pub(super) fn at(&self, asked: &Asked, org: &str, dif: &str) -> Result<At, Failure> {
        let at = asked.of(org, &["comparisons", dif, "changes"])?.with("cursor", &self.cursor);
        Ok(self.parameters().into_iter().fold(at, |at, (name, value)| at.with(name, value)))
    }

    /// The address of the same changes, from that cursor on.
    pub(super) fn address(&self, path: &str, cursor: &str) -> String {
        address(path, &[&self.parameters()[..], &[("cursor", cursor)]].concat())
    }

    /// What is said where none is shown: why.
    pub(super) fn nothing(&self, more_follows: bool) -> &'static str {
        let narrowed = self.parameters().iter().any(|(name, value)| *name != "order" && !value.is_empty());
        match (more_follows, narrowed) {
            (true, _) => "compare-nothing-yet",
            (false, true) => "compare-nothing-such",
            (false, false) => "compare-nothing",
        }
    }

    /// The fields of the filter, filled in.
    pub(super) fn fields(&self, l: Language, comparison: &Value) -> Vec<Field> {
        let counted = comparison.field("countsByKind").as_object();
        let kinds: BTreeSet<&str> = counted
            .into_iter()
            .flat_map(|counts| counts.keys())
            .map(String::as_str)
            .chain([self.kind.as_str()])
            .collect();
        let kinds = kinds.into_iter().filter(|kind| !kind.is_empty()).map(|kind| (kind, plain(kind)));
        let said = |sort: &str, value: &'static str| (value, l.word(sort, value));
        let line = |name: &str, value: &str| {
            Field::typed(name, &l.say(&format!("compare-{name}")), value, "search", false, "")
        };
        let happened = HAPPENED.map(|(value, sort)| said(sort, value)).to_vec();
        let classes = CLASSES.map(|value| said("class", value)).to_vec();
        let weights = WEIGHTS.map(|value| said("weight", value)).to_vec();
        let order = if self.order.is_empty() { ORDERS[0] } else { &self.order };
        let orders = ORDERS.map(|value| Choice::plain(value, &l.word("order", value), value == order));
        vec![
            choice(l, "kind", &l.say("head-kind"), &self.kind, kinds.collect()),
            choice(l, "what", &l.say("head-what"), &self.what, happened),
            choice(l, "minWeight", &l.say("compare-weight"), &self.min_weight, weights),
            choice(l, "class", &l.say("compare-class"), &self.class, classes),
            line("name", &self.name),
            line("property", &self.property),
            line("actor", &self.actor),
            Field::Choice {
                name: "order",
                label: l.say("compare-order"),
                options: orders.into(),
                cards: false,
            },
        ]
    }
}

/// A choice of one of these values, or of any.
fn choice(l: Language, name: &'static str, label: &str, chosen: &str, options: Vec<(&str, String)>) -> Field {
    let any = Choice::plain("", &l.say("list-any"), chosen.is_empty());
    let options = options.into_iter().map(|(value, said)| Choice::plain(value, &said, value == chosen));
    let options = std::iter::once(any).chain(options).collect();
    Field::Choice { name, label: label.to_owned(), options, cards: false }
}
