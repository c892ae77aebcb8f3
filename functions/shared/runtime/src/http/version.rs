//! Versions of what can be edited: `ETag` out, `If-Match` in. RFC 9110, sections 8.8.3 and 13.1.1.
//!
//! A version is the row's: it is another one after every write. An edit names the version that it was made from,
//! so of two people who edit at once the second is told.

use crate::problem::Problem;
use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, StatusCode, header};

/// The version that a request wants to change, from `If-Match: "7"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub u64);

/// The header that tells a version.
pub fn etag(version: u64) -> (HeaderName, String) {
    (header::ETAG, format!("\"{version}\""))
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = values.next().filter(|_| values.next().is_none()) else {
            let title = "The version is missing";
            let detail = "an edit needs one If-Match header with the ETag that was read";
            return Err(Problem::new("version-missing", StatusCode::PRECONDITION_REQUIRED, title, detail));
        };
        let version =
            value.to_str().ok().and_then(|text| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        version.map(Self).ok_or_else(|| {
            let detail = "If-Match is no ETag of ours";
            Problem::new("stale", StatusCode::PRECONDITION_FAILED, "It was changed meanwhile", detail)
        })
    }
}
