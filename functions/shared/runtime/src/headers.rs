//! The headers of our own that requests and replies carry.

use http::HeaderName;

/// On a request that changes something: the key by which a repetition of it is known.
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On a reply that is given again, since its request was a repetition.
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
