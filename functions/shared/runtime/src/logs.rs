//! Logs: one JSON object a line, on standard output, as CloudWatch takes it.

use tracing_subscriber::EnvFilter;

/// Begins logging. `filter` is in `tracing`'s own words (`info`, `engine=debug`); a wrong one means `info`.
/// Beginning twice is fine.
pub fn begin(filter: Option<&str>) {
    let filter = filter.and_then(|f| EnvFilter::try_new(f).ok()).unwrap_or_else(|| EnvFilter::new("info"));
    let logs = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false);
    // Why: Lambda stamps each line with its own time, but the local cloud does not; keep ours.
    drop(logs.with_env_filter(filter).try_init());
}
