//! How many bytes a run logs: lines as `runtime::logs` formats them, metrics as `runtime::metrics` writes them, and
//! what Lambda itself logs about a call. Everything that the process logs is counted in one place.

use metrics_cloudwatch_embedded::{Builder, Collector};
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tracing::Level;

static BYTES: AtomicUsize = AtomicUsize::new(0);
static COLLECTOR: OnceLock<&'static Collector> = OnceLock::new();

/// What Lambda logs of a call in its JSON format at its usual level: assumptions of length, after the samples in
/// <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html>.
const STARTED: &str = r#"{"time":"2026-11-22T02:25:40.123Z","type":"platform.start","record":{"requestId":"6d68ca91-49c9-448d-89b8-7ca3e6dc66aa","version":"$LATEST"}}"#;
const REPORTED: &str = r#"{"time":"2026-11-22T02:25:41.123Z","type":"platform.report","record":{"requestId":"6d68ca91-49c9-448d-89b8-7ca3e6dc66aa","metrics":{"durationMs":1234.567,"billedDurationMs":1285,"memorySizeMB":1024,"maxMemoryUsedMB":88,"initDurationMs":49.876},"tracing":{"spanId":"54565fb41ac79632","type":"X-Amzn-Trace-Id","value":"Root=1-62e900b2-710d76f009d6e7785905449a;Parent=0efbd19962d95b05;Sampled=1"},"status":"success"}}"#;
const INITIALISED: &str = r#"{"time":"2026-11-22T02:25:40.023Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"provided:al2023.v100","runtimeVersionArn":"arn:aws:lambda:us-east-1::runtime:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","functionName":"holdfast-take-snapshot","functionVersion":"$LATEST","instanceId":"82561ce0-53dd-47d1-90e0-c8f5e063e62e","instanceMaxMemory":1073741824}}"#;

/// How many bytes the platform logs about one call.
pub fn platform_bytes(is_cold: bool) -> usize {
    STARTED.len() + REPORTED.len() + if is_cold { INITIALISED.len() } else { 0 }
}

struct Counted;

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        BYTES.fetch_add(bytes.len(), Ordering::Relaxed);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on, log lines and metrics are counted and not written. Calling it twice is fine.
pub fn begin() {
    let logs =
        tracing_subscriber::fmt().json().flatten_event(true).with_current_span(true).with_span_list(false);
    drop(logs.with_max_level(Level::INFO).with_writer(|| Counted).try_init());
    let metrics = Builder::new().cloudwatch_namespace("Holdfast");
    if let Ok(collector) = metrics.with_dimension("FunctionName", "holdfast-schedule-snapshots").init() {
        engine::metrics::describe();
        let _ = COLLECTOR.set(collector);
    }
}

/// The bytes that were logged since this was last called, with the metrics that were counted.
pub fn take_bytes() -> usize {
    if let Some(collector) = COLLECTOR.get() {
        // Why no error: what is flushed is only counted.
        drop(collector.flush(Counted));
    }
    BYTES.swap(0, Ordering::Relaxed)
}
