//! Where Graph itself does not keep to its OpenAPI: each with its reason, and nothing else is excused.

use super::Violation;

/// A difference that is Microsoft's.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    /// The operation's label must contain this; empty means any operation.
    pub operation: &'static str,
    /// The violation's place must contain this.
    pub place: &'static str,
    /// The violation's message must contain this.
    pub message: &'static str,
    /// Why it is excused.
    pub reason: &'static str,
}

/// All exceptions that are made.
pub const EXCEPTIONS: &[Exception] = &[];

/// The exception that excuses a violation, if one does.
pub(super) fn find(violation: &Violation) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|exception| {
        violation.operation.contains(exception.operation)
            && violation.place.contains(exception.place)
            && violation.message.contains(exception.message)
    })
}
