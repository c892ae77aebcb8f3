//! The page behind an access link: an organisation's snapshots, searched and compared.
//!
//! It holds nothing of a customer: what it shows, its script asks the API for, with the session that the link's token
//! is exchanged for. So it is the same for everybody, and needs no caller.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderName, header};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const SCRIPT: &str = include_str!("../../portal/portal.js");
const STYLE: &str = include_str!("../../portal/portal.css");
const PAGE: &str = include_str!("../../portal/page.html");

/// The page, and the policy under which only its own script and style run.
static MADE: LazyLock<(String, String)> = LazyLock::new(|| {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
    let page = PAGE.replacen("{style}", STYLE, 1).replacen("{script}", SCRIPT, 1);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(SCRIPT),
        hash(STYLE),
    );
    (page, policy)
});

pub async fn page() -> Response {
    let (page, policy) = &*MADE;
    let headers: [(HeaderName, &str); 5] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, page.as_str()).into_response()
}
