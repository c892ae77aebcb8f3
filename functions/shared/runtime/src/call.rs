//! One call of a function, as Lambda makes it: how long it may take, and what its log lines are found by.

use domain::Timestamp;
use engine::trace::Trace;
use lambda_runtime::Context;

/// What is kept back of the time that Lambda gives, for saving progress and replying.
pub const MARGIN_MS: i64 = 20_000;

/// A call of a function: until when it may work, and its name in logs.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// When work must be suspended.
    pub deadline: Timestamp,
    /// The platform's name of the call; empty where there is no platform.
    pub request: String,
    /// The story that it belongs to.
    pub trace: Option<Trace>,
}

impl Invocation {
    /// What Lambda says of a call.
    pub fn of(context: &Context) -> Self {
        let ends_at =
            i64::try_from(context.deadline).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
        Self {
            trace: context.xray_trace_id.as_deref().and_then(Trace::parse),
            request: context.request_id.clone(),
            ..Self::ending_at(ends_at.unwrap_or(Timestamp::MAX))
        }
    }

    /// A call that ends then and has no name.
    pub fn ending_at(ends_at: Timestamp) -> Self {
        let at_ms = ends_at.as_millisecond().saturating_sub(MARGIN_MS);
        let deadline = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::MIN);
        Self { deadline, request: String::new(), trace: None }
    }
}
