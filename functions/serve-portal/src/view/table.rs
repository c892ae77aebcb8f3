//! Tables, lists of facts, and the steps of something that has several.

use crate::texts::Language;
use maud::{Markup, html};

/// A table; its first column names the row.
#[derive(Debug)]
pub struct Table<'a> {
    /// What is in it, and how many of them.
    pub caption: &'a str,
    /// The heads of its columns.
    pub heads: &'a [String],
    /// The rows, each with as many cells as there are heads.
    pub rows: Vec<Vec<Markup>>,
    /// What is said where there are no rows: why, and what comes next.
    pub empty: &'a str,
}

impl Table<'_> {
    /// The table as markup.
    pub fn show(&self) -> Markup {
        if self.rows.is_empty() {
            return html! { p.empty { (self.empty) } };
        }
        html! {
            div.wide tabindex="0" role="region" aria-label=(self.caption) {
                table {
                    caption { (self.caption) }
                    thead { tr { @for head in self.heads { th scope="col" { (head) } } } }
                    tbody {
                        @for row in &self.rows {
                            tr {
                                // Why each with its head: where there is no room for columns, the sheet sets it above the cell.
                                @for (number, (cell, head)) in row.iter().zip(self.heads).enumerate() {
                                    @if number == 0 { th scope="row" { (cell) } } @else { td data-head=(head) { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Facts about one thing, each with its name.
pub fn facts(facts: &[(String, Markup)]) -> Markup {
    html! {
        dl.facts { @for (what, is) in facts { div { dt { (what) } dd { (is) } } } }
    }
}

/// The link to where a list goes on; nothing at its end.
pub fn more(l: Language, address: Option<&str>) -> Markup {
    html! { @if let Some(address) = address { p.more { a href=(address) rel="next" { (l.say("list-more")) } } } }
}

/// The steps of something, of which one is at hand.
pub fn steps(names: &[String], at: usize) -> Markup {
    html! {
        ol.steps {
            @for (number, name) in names.iter().enumerate() {
                @if number == at { li aria-current="step" { (name) } } @else { li { (name) } }
            }
        }
    }
}
