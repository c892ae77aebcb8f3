//! Forms: each field with its label, each form that does something with the key under which it is done once.

use super::words::one_line;
use crate::failure::Fault;
use crate::posted::KEY;
use maud::{Markup, html};

/// A field of a form.
#[derive(Debug)]
pub enum Field {
    /// A line of text.
    Text {
        /// The name that it is posted under.
        name: String,
        /// What it is called.
        label: String,
        /// What it is filled with.
        value: String,
        /// Its sort, such as `email`.
        kind: &'static str,
        /// Whether it has to be filled in.
        needed: bool,
        /// What is said below it.
        hint: String,
        /// What is wrong with it, where something is.
        fault: Option<Fault>,
    },
    /// Something that is posted along.
    Hidden(&'static str, String),
    /// One of several values is chosen.
    Choice {
        /// The name that it is posted under.
        name: &'static str,
        /// What it is called.
        label: String,
        /// What can be chosen.
        options: Vec<Choice>,
        /// Whether they are cards, all to be seen at once.
        cards: bool,
    },
    /// A box to tick.
    Tick {
        /// The name that it is posted under.
        name: &'static str,
        /// The value that it is posted with.
        value: String,
        /// What it is called.
        label: Markup,
        /// Whether it is ticked at first.
        on: bool,
    },
    /// Something that is said between fields.
    Note(Markup),
}

/// Something that can be chosen.
#[derive(Debug)]
pub struct Choice {
    /// The value that it is posted with.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// What is said below it; why it cannot be chosen, where it cannot.
    pub hint: String,
    /// Whether it is chosen at first.
    pub on: bool,
    /// Whether it cannot be chosen.
    pub off: bool,
}

impl Choice {
    /// A choice without more to be said.
    pub fn plain(value: &str, label: &str, on: bool) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), hint: String::new(), on, off: false }
    }
}

impl Field {
    /// A line of text that has to be filled in.
    pub fn line(name: &str, label: &str, value: &str) -> Self {
        Self::typed(name, label, value, "text", true, "")
    }

    /// A line of text of some sort.
    pub fn typed(name: &str, label: &str, value: &str, kind: &'static str, needed: bool, hint: &str) -> Self {
        let [name, label, value, hint] = [name, label, value, hint].map(str::to_owned);
        Self::Text { name, label, value, kind, needed, hint, fault: None }
    }

    /// The same field with what is wrong with it, where one of these faults is about it.
    pub fn with_fault(mut self, faults: &[Fault]) -> Self {
        if let Self::Text { name, fault, .. } = &mut self {
            *fault = faults.iter().find(|fault| fault.field == *name).cloned();
        }
        self
    }

    /// A secret that is copied from elsewhere.
    pub fn code(name: &str, label: &str) -> Self {
        Self::typed(name, label, "", "text", true, "")
    }

    fn show(&self) -> Markup {
        match self {
            Self::Text { name, label, value, kind, needed, hint, fault } => {
                let said = [(!hint.is_empty(), "hint"), (fault.is_some(), "fault")];
                let said: Vec<String> =
                    said.iter().filter(|(is, _)| *is).map(|(_, what)| format!("{name}-{what}")).collect();
                html! {
                    div.field {
                        label for=(name) { (label) }
                        @if !hint.is_empty() { span.hint id={ (name) "-hint" } { (hint) } }
                        @if let Some(fault) = fault { (faulty(name, value, fault)) }
                        input id=(name) name=(name) type=(kind) value=(value) required[*needed] autocomplete="off"
                            aria-invalid=[fault.is_some().then_some("true")]
                            aria-describedby=[(!said.is_empty()).then(|| said.join(" "))];
                    }
                }
            }
            Self::Hidden(name, value) => html! { input type="hidden" name=(name) value=(value); },
            Self::Choice { name, label, options, cards: false } => html! {
                p.field {
                    label for=(name) { (label) }
                    select id=(name) name=(name) {
                        @for o in options { option value=(o.value) selected[o.on] disabled[o.off] { (one_line(&o.label)) } }
                    }
                }
            },
            Self::Choice { name, label, options, cards: true } => html! {
                fieldset.cards {
                    legend { (label) }
                    @for o in options {
                        label.card.off[o.off] {
                            input type="radio" name=(name) value=(o.value) checked[o.on] disabled[o.off] required;
                            strong { (o.label) }
                            @if !o.hint.is_empty() { span.hint { (o.hint) } }
                        }
                    }
                }
            },
            Self::Tick { name, value, label, on } => html! {
                p.field { label.tick { input type="checkbox" name=(name) value=(value) checked[*on]; (label) } }
            },
            Self::Note(text) => html! { div.note { (text) } },
        }
    }
}

/// What is wrong with a field, and the place in it, where that is known.
fn faulty(name: &str, value: &str, fault: &Fault) -> Markup {
    let at = fault.at.and_then(|at| at.checked_sub(1)).filter(|_| !value.is_empty());
    let place = at.map(|at| {
        let start = value.char_indices().nth(at).map_or(value.len(), |(start, _)| start);
        let (before, rest) = value.split_at(start);
        let end = rest.chars().next().map_or(0, char::len_utf8);
        (before, rest.split_at(end))
    });
    html! {
        span.fault id={ (name) "-fault" } {
            (fault.message)
            @if let Some((before, (here, after))) = place {
                // Why a mark where nothing stands: what is missing at the end has a place too.
                br; code { (before) mark { (if here.is_empty() { "…" } else { here }) } (after) }
            }
        }
    }
}

/// A form that does something.
#[derive(Debug)]
pub struct Form<'a> {
    /// Where it is posted.
    pub action: &'a str,
    /// The key under which it is done once.
    pub key: &'a str,
    /// The fields, in the order in which they are shown.
    pub fields: &'a [Field],
    /// What its button says.
    pub submit: &'a str,
    /// Whether it takes something away.
    pub danger: bool,
}

/// A form as markup.
pub fn form(of: &Form<'_>) -> Markup {
    html! {
        form.stack method="post" action=(of.action) {
            @if !of.key.is_empty() { input type="hidden" name=(KEY) value=(of.key); }
            @for field in of.fields { (field.show()) }
            p { button.danger[of.danger] type="submit" { (of.submit) } }
        }
    }
}

/// A form that is a button alone.
pub fn button(action: &str, key: &str, label: &str, danger: bool) -> Markup {
    form(&Form { action, key, fields: &[], submit: label, danger })
}

/// A form that filters: it reads, so that its address can be sent on.
pub fn filter(action: &str, fields: &[Field], submit: &str) -> Markup {
    html! {
        form.filter method="get" action=(action) role="search" {
            @for field in fields { (field.show()) }
            p { button type="submit" { (submit) } }
        }
    }
}
