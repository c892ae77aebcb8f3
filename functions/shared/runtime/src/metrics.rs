//! What was counted, into the log: CloudWatch takes metrics from lines of its embedded metric format.
//!
//! One dimension, the function's name: it tells installations and functions apart, and costs one metric each. What is
//! counted is [`engine::metrics`]'s business.

use engine::metrics::Metric;
use metrics_cloudwatch_embedded::{Builder, Collector};
use std::io::Write;
use std::sync::OnceLock;

/// Under which CloudWatch keeps our metrics.
pub const NAMESPACE: &str = "Holdfast";
/// What they are told apart by.
pub const DIMENSION: &str = "FunctionName";

static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// Begins counting for that function. Beginning twice is fine.
pub fn begin(function: &str) {
    let builder =
        Builder::new().cloudwatch_namespace(NAMESPACE).with_dimension(DIMENSION, function.to_owned());
    let builder = builder.emit_zeros(true);
    if let Ok(collector) = builder.init() {
        engine::metrics::describe();
        let _ = COLLECTOR.set(collector);
    }
}

/// Writes what was counted since into the log, on standard output. Nothing where nobody began.
pub fn flush() {
    flush_to(std::io::stdout().lock());
}

/// Counts one and writes it at once: for what is rare in a function that writes nothing after each call, since that
/// answers many.
pub fn count_now(metric: &Metric) {
    metric.add(1);
    flush();
}

fn flush_to(out: impl Write) {
    if let Some(Err(error)) = COLLECTOR.get().map(|collector| collector.flush(out)) {
        tracing::warn!(%error, "what was counted could not be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::metrics;
    use serde_json::{Value, json};

    /// One test, since a process counts in one place.
    #[test]
    fn what_was_counted_is_one_line_that_cloudwatch_reads_and_is_counted_once() {
        let told = || {
            let mut out = Vec::new();
            flush_to(&mut out);
            String::from_utf8(out).unwrap()
        };
        metrics::SNAPSHOTS_SEALED.add(9);
        assert_eq!(told(), "", "nobody listens");
        begin("stack-take-snapshot");
        metrics::SNAPSHOTS_SEALED.add(2);
        metrics::SNAPSHOTS_SEALED.add(1);
        metrics::SNAPSHOTS_LATE.set(0);
        metrics::SNAPSHOT_SECONDS.record(12);
        metrics::SNAPSHOT_SECONDS.record(30);
        let text = told();
        assert_eq!(text.lines().count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        // Source: CloudWatch user guide, "Specification: Embedded metric format".
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(directive["Namespace"], NAMESPACE);
        assert_eq!(directive["Dimensions"], json!([[DIMENSION]]));
        assert!(line["_aws"]["Timestamp"].as_u64().is_some_and(|ms| ms > 1_700_000_000_000), "{line}");
        let named: Vec<(&str, &str)> = directive["Metrics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| (m["Name"].as_str().unwrap(), m["Unit"].as_str().unwrap()))
            .collect();
        let wanted =
            [("SnapshotSeconds", "Seconds"), ("SnapshotsLate", "Count"), ("SnapshotsSealed", "Count")];
        assert!(wanted.iter().all(|w| named.contains(w)) && named.len() == 3, "{named:?}");
        assert_eq!((&line[DIMENSION], &line["SnapshotsSealed"]), (&json!("stack-take-snapshot"), &json!(3)));
        assert_eq!(line["SnapshotSeconds"], json!([12.0, 30.0]));
        let again: Value = serde_json::from_str(&told()).unwrap();
        assert_eq!(again["SnapshotsSealed"], json!(0), "counted once: {again}");
        assert_eq!(again["SnapshotsLate"], json!(0.0), "a level stands until it is set anew");
    }
}
