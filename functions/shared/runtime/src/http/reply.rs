//! What goes in and out of many routes alike: which part of a list is asked for, and the forms of replies.

use super::etag;
use axum::Json;
use domain::{Error, Result};
use engine::Listed;
use engine::ports::Page;
use garde::Validate;
use http::{HeaderName, HeaderValue, StatusCode, header};
use schemars::JsonSchema;
use serde::Deserialize;

/// Items of a part of a list when the request names no limit.
const PAGE_ITEMS: usize = 50;

/// The longest `next` that any list gives: a longer one is none of ours.
pub const MAX_CURSOR: usize = 4_000;

/// Which part of a list is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PageIn {
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl PageIn {
    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(self) -> Page {
        Page { after: self.cursor, limit: self.limit.unwrap_or(PAGE_ITEMS), descending: false }
    }
}

/// 201 with the place of what was made.
pub type Created<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

/// 201 for what was made and can be read at that path.
pub fn created<T>(location: String, body: T) -> Created<T> {
    (StatusCode::CREATED, [(header::LOCATION, location)], Json(body))
}

/// 201 with the place and the first version of what was made.
pub type CreatedVersion<T> = (StatusCode, [(HeaderName, String); 2], Json<T>);

/// 201 for what was made, can be read at that path and can be edited.
pub fn created_version<T>(location: String, body: T) -> CreatedVersion<T> {
    // A row that was just made is of version 1.
    (StatusCode::CREATED, [(header::LOCATION, location), etag(1)], Json(body))
}

/// 202 with the place where queued work can be followed.
pub type Accepted<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

/// 202 for work that was queued and can be followed at that path.
pub fn accepted<T>(location: String, body: T) -> Accepted<T> {
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(body))
}

/// 200 with the version of what is shown.
pub type Versioned<T> = ([(HeaderName, String); 1], Json<T>);

/// 200 for what is of that version.
pub fn versioned<T>(version: u64, body: T) -> Versioned<T> {
    ([etag(version)], Json(body))
}

/// A part of a list, each item as the wire has it.
pub fn listed<T, U: From<T>>(found: Listed<T>) -> Json<Listed<U>> {
    Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next })
}

/// The value of the header `Link` that leads to the same query from another cursor on, as RFC 8288 writes it.
///
/// # Errors
/// `Corrupt` when that is not fit for a header.
pub fn next_link(asked: &str, cursor: &str) -> Result<HeaderValue> {
    let pairs = url::form_urlencoded::parse(asked.as_bytes()).filter(|(name, _)| name != "cursor");
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(pairs).append_pair("cursor", cursor).finish();
    HeaderValue::from_str(&format!("<?{query}>; rel=\"next\""))
        .map_err(|e| Error::corrupt("a cursor is not fit for a header").caused_by(e))
}
