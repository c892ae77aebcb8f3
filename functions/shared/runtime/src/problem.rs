//! Errors as RFC 9457 problems: one table from [`domain::ErrorKind`] to the status.
//!
//! A [`Problem`] travels as an extension of an empty reply; the service's outermost layer writes its body,
//! since only that knows the request's id. So each failure is written and logged in one place.

use axum::response::{IntoResponse, Response};
use domain::{ErrorKind, FieldFault};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// The beginning of every problem's type; the rest is its name. The types never change.
pub const TYPE_BASE: &str = "https://holdfast.example/problems/";

/// Why a request failed, as the caller is told.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The last part of its type.
    pub name: &'static str,
    /// The HTTP status of the reply.
    pub status: StatusCode,
    /// The type, for a person.
    pub title: &'static str,
    /// This occurrence, for a person.
    pub detail: String,
    /// The fields at fault.
    pub errors: Vec<FieldFault>,
    /// The seconds after which to try again, where that helps.
    pub retry_after_s: Option<u32>,
    /// What the log says beyond the detail: the causes.
    pub cause: Option<String>,
}

/// How a problem is written.
#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldFault],
}

impl Problem {
    /// A problem without fields.
    pub fn new(
        name: &'static str,
        status: StatusCode,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            name,
            status,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_s: None,
            cause: None,
        }
    }
    /// The same, naming a field.
    #[must_use]
    pub fn at_field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldFault::new(field, message));
        self
    }
    /// Nobody is known to have asked.
    pub fn unauthenticated() -> Self {
        Self::new(
            "unauthenticated",
            StatusCode::UNAUTHORIZED,
            "Who asks is not known",
            "a good API token is needed",
        )
    }
    /// There is nothing at that path.
    pub fn no_route() -> Self {
        Self::new("not-found", StatusCode::NOT_FOUND, NOT_FOUND, "there is nothing at this path")
    }
    /// There is something at that path, but not for that method.
    pub fn wrong_method() -> Self {
        let title = "The method is not allowed";
        Self::new(
            "method-not-allowed",
            StatusCode::METHOD_NOT_ALLOWED,
            title,
            "this path takes other methods",
        )
    }
    /// We failed; the log says how, the caller is not told.
    pub fn internal(cause: impl Into<String>) -> Self {
        let detail = "the request failed; its id names it in the log";
        let problem =
            Self::new("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", detail);
        Self { cause: Some(cause.into()), ..problem }
    }

    /// The reply, for the request of that id.
    pub fn reply(&self, request_id: &str) -> Response {
        let body = Body {
            r#type: format!("{TYPE_BASE}{}", self.name),
            title: self.title,
            status: self.status.as_u16(),
            detail: &self.detail,
            instance: request_id,
            errors: &self.errors,
        };
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let mut reply = (self.status, text).into_response();
        let headers = reply.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }
}

const NOT_FOUND: &str = "There is no such thing";

impl From<domain::Error> for Problem {
    fn from(error: domain::Error) -> Self {
        let (status, title) = match error.kind() {
            ErrorKind::Invalid if error.fields().is_empty() => {
                (StatusCode::BAD_REQUEST, "The request is wrong")
            }
            ErrorKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "The request is wrong"),
            ErrorKind::NotFound => (StatusCode::NOT_FOUND, NOT_FOUND),
            ErrorKind::Conflict => (StatusCode::CONFLICT, "The state does not allow it"),
            ErrorKind::Stale => (StatusCode::PRECONDITION_FAILED, "It was changed meanwhile"),
            ErrorKind::Denied => (StatusCode::FORBIDDEN, "It is not allowed"),
            ErrorKind::Throttled { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "A service cannot answer now"),
            ErrorKind::Corrupt => (StatusCode::INTERNAL_SERVER_ERROR, "Stored data is damaged"),
        };
        let retry_after_s = match error.kind() {
            ErrorKind::Throttled { retry_after_ms } => {
                let seconds = retry_after_ms.unwrap_or(1_000).div_ceil(1_000);
                Some(u32::try_from(seconds).unwrap_or(u32::MAX))
            }
            ErrorKind::Unavailable => Some(5),
            _ => None,
        };
        Self {
            name: error.kind().name(),
            status,
            title,
            detail: error.summary().into(),
            errors: error.fields().to_vec(),
            retry_after_s,
            cause: Some(logged(&error)),
        }
    }
}

/// What the log says of an error. Of one that the caller's own words may have gone into, it is the fields alone: no message
/// quotes what was sent.
fn logged(error: &domain::Error) -> String {
    if error.kind() != ErrorKind::Invalid {
        return error.to_string();
    }
    if error.fields().is_empty() {
        return error.summary().to_string();
    }
    let fields: Vec<_> = error.fields().iter().map(|f| format!("{}: not valid", place(&f.field))).collect();
    fields.join(", ")
}

/// How much of a field's path is logged, in bytes.
const PLACE_BYTES: usize = 80;

/// The path of a field as the log may hold it: short, and of the characters that our own names have.
pub(crate) fn place(path: &str) -> String {
    let ours = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '[' | ']' | '-');
    if path.len() <= PLACE_BYTES && path.chars().all(ours) { path.to_owned() } else { "(a field)".to_owned() }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut reply = self.status.into_response();
        reply.extensions_mut().insert(self);
        reply
    }
}

/// What a route returns.
pub type Reply<T> = Result<T, Problem>;

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Error;

    #[test]
    fn every_kind_has_its_status_and_keeps_its_name() {
        let table = [
            (Error::invalid("x"), 400),
            (Error::invalid_field("f", "x"), 422),
            (Error::not_found("x"), 404),
            (Error::conflict("x"), 409),
            (Error::stale("x"), 412),
            (Error::denied("x"), 403),
            (Error::throttled("x", Some(1_500)), 429),
            (Error::unavailable("x"), 503),
            (Error::corrupt("x"), 500),
        ];
        for (error, status) in table {
            let name = error.kind().name();
            let problem = Problem::from(error);
            assert_eq!((problem.status.as_u16(), problem.name), (status, name));
        }
    }

    #[test]
    fn a_caller_is_told_to_come_back_no_sooner_than_asked() {
        let reply = Problem::from(Error::throttled("x", Some(1_500))).reply("r1");
        assert_eq!(reply.headers()["retry-after"], "2");
        assert_eq!(reply.headers()["content-type"], "application/problem+json");
    }

    #[test]
    fn the_cause_is_for_the_log_and_not_for_the_caller() {
        let error =
            Error::unavailable("the catalog does not answer").caused_by("table holdfast-prod is gone");
        let problem = Problem::from(error);
        assert!(!problem.detail.contains("holdfast-prod"));
        assert!(problem.cause.unwrap().contains("holdfast-prod"));
    }
}
