//! The story as a person reads it: one line a step, a table where there is something to compare.

use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};

/// Tells the story on the terminal, or keeps quiet and collects its figures.
pub(super) struct Teller {
    quiet: bool,
    begun: Instant,
    steps: Vec<Value>,
    /// The figures that `--json` prints besides the steps.
    pub(super) figures: Map<String, Value>,
}

/// How wide a table is, in characters, where there is no terminal to ask.
const WIDTH: u16 = 110;

/// A step that is under way.
pub(super) struct Step {
    name: &'static str,
    begun: Instant,
    bar: Option<ProgressBar>,
}

impl Teller {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet, begun: Instant::now(), steps: Vec::new(), figures: Map::new() }
    }

    /// Begins a step; a spinner shows `what` until it ends.
    pub(super) fn begin(&self, name: &'static str, what: &str) -> Step {
        let bar = (!self.quiet).then(|| {
            let bar = ProgressBar::new_spinner().with_message(what.to_owned());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Step { name, begun: Instant::now(), bar }
    }

    /// Ends a step with a sentence about what came of it, and the figures for `--json`.
    pub(super) fn end(&mut self, step: Step, sentence: &str, figures: Value) {
        let seconds = step.begun.elapsed().as_secs_f64();
        if let Some(bar) = step.bar {
            bar.finish_and_clear();
        }
        if !self.quiet {
            println!("{:>8.2} s  {sentence}", self.begun.elapsed().as_secs_f64());
        }
        let mut entry = json!({ "step": step.name, "seconds": round(seconds) });
        if let (Some(entry), Value::Object(figures)) = (entry.as_object_mut(), figures) {
            entry.extend(figures);
        }
        self.steps.push(entry);
    }

    pub(super) fn line(&self, text: &str) {
        if !self.quiet {
            println!("            {text}");
        }
    }

    pub(super) fn table(&self, head: &[&str], rows: Vec<Vec<String>>) {
        if self.quiet || rows.is_empty() {
            return;
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(table.width().unwrap_or(WIDTH));
        table.set_header(head.iter().copied());
        for row in rows {
            table.add_row(row);
        }
        println!("{table}");
    }

    /// Every figure and every step, as the one object that `--json` prints.
    pub(super) fn finish(mut self, verified: bool) -> Value {
        self.figures.insert("verified".to_owned(), Value::Bool(verified));
        self.figures.insert("seconds".to_owned(), json!(round(self.begun.elapsed().as_secs_f64())));
        self.figures.insert("steps".to_owned(), Value::Array(self.steps));
        Value::Object(self.figures)
    }
}

fn round(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

/// A number of bytes in the unit that a person reads best.
pub(super) fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let count_f = count as f64;
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} KiB", count_f / 1024.0),
        _ => format!("{:.1} MiB", count_f / 1_048_576.0),
    }
}
