//! Logs: one JSON object a line, on standard output, as CloudWatch takes it. `span` in it says which call, message, job
//! and tenant the line is about.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// What is logged: a level, or levels by crate (`info`, `info,engine=debug`); what cannot be read means `otherwise`.
pub fn filter(text: Option<&str>, otherwise: &str) -> Targets {
    // Why not `EnvFilter`: it brings regular expressions, a quarter of a megabyte in every function's zip.
    let read = |text: &str| text.parse::<Targets>().ok();
    text.and_then(read).or_else(|| read(otherwise)).unwrap_or_default()
}

/// Begins logging what `text` says, as for [`filter`]. Beginning twice is fine.
pub fn begin(text: Option<&str>) {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    let lines = lines.with_current_span(true).with_span_list(false);
    // Why: Lambda stamps each line with its own time, but the local cloud does not; keep ours.
    drop(tracing_subscriber::registry().with(lines.with_filter(filter(text, "info"))).try_init());
}
