//! What Graph answers when it refuses. Bodies as in the documented error resource:
//! `{error: {code, message, innerError: {date, request-id, client-request-id}, details?}}`.

use serde_json::{Value, json};

/// An error as Graph answers it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure {
    pub status: u16,
    pub code: String,
    pub message: String,
    /// Details of the error, each a code and a target that may be empty.
    pub details: Vec<(&'static str, String)>,
    pub headers: Vec<(&'static str, String)>,
}

pub(crate) fn failure(status: u16, code: &str, message: impl Into<String>) -> Failure {
    Failure { status, code: code.to_owned(), message: message.into(), ..Failure::default() }
}

/// A 400 of the directory: what the request asks for cannot be done.
pub(crate) fn bad(message: impl Into<String>) -> Failure {
    failure(400, "Request_BadRequest", message)
}

/// A 400 of Graph's front end: the request itself is malformed.
pub(crate) fn malformed(message: impl Into<String>) -> Failure {
    failure(400, "BadRequest", message)
}

pub(crate) fn missing(id: &str) -> Failure {
    failure(
        404,
        "Request_ResourceNotFound",
        format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        ),
    )
}

pub(crate) fn denied() -> Failure {
    failure(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

pub(crate) fn no_segment(name: &str) -> Failure {
    malformed(format!("Resource not found for the segment '{name}'."))
}

pub(crate) fn conflict(target: &str) -> Failure {
    let message = format!("Another object with the same value for property {target} already exists.");
    Failure {
        details: vec![("ObjectConflict", target.to_owned()), ("ConflictingObjects", String::new())],
        ..bad(message)
    }
}

impl Failure {
    pub fn body(&self, date: &str, request: &str, client_request: &str) -> Value {
        // Why trimmed: the services write this date without an offset.
        let date = date.trim_end_matches('Z');
        let mut error = json!({
            "code": self.code,
            "message": self.message,
            "innerError": {"date": date, "request-id": request, "client-request-id": client_request},
        });
        if !self.details.is_empty() {
            error["details"] = self
                .details
                .iter()
                .map(|(code, target)| {
                    let target = if target.is_empty() { Value::Null } else { Value::from(target.as_str()) };
                    json!({"code": code, "message": self.message, "target": target})
                })
                .collect();
        }
        json!({ "error": error })
    }
}
