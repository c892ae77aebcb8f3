//! The routes, by what they are about.

pub mod comparisons;
pub mod objects;
pub mod restores;
pub mod snapshots;

use axum::Json;
use engine::Listed;
use http::{HeaderName, StatusCode, header};

/// Work that was put down, and where it can be followed.
pub type Accepted<T> = (StatusCode, [(HeaderName, String); 1], Json<T>);

fn accepted<T>(location: String, body: T) -> Accepted<T> {
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(body))
}

fn listed<T, U: From<T>>(found: Listed<T>) -> Json<Listed<U>> {
    Json(Listed { items: found.items.into_iter().map(Into::into).collect(), next: found.next })
}
