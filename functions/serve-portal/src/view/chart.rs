//! Charts: inline SVG, with a table behind it that says the same.
//!
//! What a bar looks like, its class says; sizes are attributes, since the pages take no style but the sheet's.

use crate::texts::Language;
use maud::{Markup, html};

/// How high the tallest bar is, and how wide each with the gap beside it.
const HEIGHT: i64 = 80;
const STEP: i64 = 40;
/// How much of the step is the bar, and how much is below it for its name.
const BAR: i64 = 32;
const BELOW: i64 = 18;
/// How much is above a bar for its number.
const ABOVE: i64 = 16;

/// A bar: what it is called, and its number, where that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// What it is called in full, in the table.
    pub name: String,
    /// The same, short enough to stand below it.
    pub short: String,
    /// How high it is; none where that is not known.
    pub count: Option<i64>,
}

/// What the chart shows, with its heads in the table.
#[derive(Clone, Copy, Debug)]
pub struct Chart<'a> {
    /// What is shown, in a sentence.
    pub title: &'a str,
    /// What each bar is of.
    pub of: &'a str,
    /// What is counted.
    pub counts: &'a str,
    /// The bars, in their order.
    pub bars: &'a [Bar],
    /// What is said where every bar would be of nothing.
    pub nothing: &'a str,
}

impl Chart<'_> {
    /// The chart, and its table behind a word.
    pub fn show(self, l: Language) -> Markup {
        if self.bars.iter().all(|bar| bar.count == Some(0)) {
            return html! { p.empty { (self.nothing) } };
        }
        let most = self.bars.iter().filter_map(|bar| bar.count).max().unwrap_or(0).max(1);
        let width = STEP * i64::try_from(self.bars.len()).unwrap_or(0);
        let at = |number: usize| STEP * i64::try_from(number).unwrap_or(0);
        let said = |bar: &Bar| bar.count.map_or_else(|| "?".to_owned(), |count| count.to_string());
        html! {
            figure.chart {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {width} {}", ABOVE + HEIGHT + BELOW)) role="img" aria-label=(self.title) {
                    @for (number, bar) in self.bars.iter().enumerate() {
                        @let high = bar.count.map_or(0, |count| HEIGHT * count / most).max(1);
                        rect.bar.unknown[bar.count.is_none()] x=(at(number) + (STEP - BAR) / 2) y=(ABOVE + HEIGHT - high) width=(BAR) height=(high) {}
                        text x=(at(number) + STEP / 2) y=(ABOVE + HEIGHT - high - 4) { (said(bar)) }
                        text x=(at(number) + STEP / 2) y=(ABOVE + HEIGHT + BELOW - 4) { (bar.short) }
                    }
                }
                details {
                    summary { (l.say("chart-table")) }
                    table {
                        thead { tr { th scope="col" { (self.of) } th scope="col" { (self.counts) } } }
                        tbody {
                            @for bar in self.bars {
                                tr { th scope="row" { (bar.name) } td { @if let Some(count) = bar.count { (count) } @else { (l.say("chart-unknown")) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(counts: &[Option<i64>]) -> String {
        let bar = |count: &Option<i64>| Bar {
            name: "2026-11-30".to_owned(),
            short: "30".to_owned(),
            count: *count,
        };
        let bars: Vec<Bar> = counts.iter().map(bar).collect();
        Chart { title: "Changes", of: "Day", counts: "Changes", bars: &bars, nothing: "Nothing changed." }
            .show(Language::English)
            .into_string()
    }

    #[test]
    fn the_highest_bar_is_as_high_as_there_is_room_and_the_others_are_by_their_share() {
        let seen = shown(&[Some(200), Some(50), Some(0)]);
        for (y, height) in [(16, 80), (76, 20), (95, 1)] {
            assert!(seen.contains(&format!("y=\"{y}\" width=\"32\" height=\"{height}\"")), "{seen}");
        }
        assert!(seen.contains("<td>200</td>") && seen.contains("<td>0</td>"), "{seen}");
    }

    #[test]
    fn what_is_not_known_is_no_zero() {
        let seen = shown(&[None]);
        assert!(
            seen.contains("bar unknown")
                && seen.contains("<td>not known</td>")
                && !seen.contains("<td>0</td>"),
            "{seen}"
        );
    }

    #[test]
    fn a_week_without_changes_is_said_and_one_that_is_not_known_is_not_taken_for_it() {
        assert!(shown(&[Some(0), Some(0)]).contains("Nothing changed."));
        assert!(!shown(&[Some(0), None]).contains("Nothing changed."));
    }
}
