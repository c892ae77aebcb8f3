//! The style sheet and the script, under names that hold their hash: whoever has one never asks for it again.

use crate::Portal;
use crate::failure::Failure;
use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::LazyLock;

struct Asset {
    name: String,
    kind: &'static str,
    text: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, text: &'static str) -> Self {
        let mut name = format!("{stem}-");
        for byte in &Sha256::digest(text)[..8] {
            // Why no error: writing into a String cannot fail.
            let _ = write!(name, "{byte:02x}");
        }
        Self { name: format!("{name}.{extension}"), kind, text }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("portal", "css", "text/css; charset=utf-8", include_str!("../assets/portal.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("portal", "js", "text/javascript; charset=utf-8", include_str!("../assets/portal.js"))
});

/// The address of the style sheet.
pub fn style() -> String {
    format!("/assets/{}", STYLE.name)
}

/// The address of the script.
pub fn script() -> String {
    format!("/assets/{}", SCRIPT.name)
}

/// The routes of both.
pub fn routes() -> Router<Portal> {
    // Why an empty one: browsers ask for it, and nobody should look for what a refusal in their console means.
    let icon = || async { (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "public, max-age=86400")]) };
    Router::new().route("/assets/{name}", get(answer)).route("/favicon.ico", get(icon))
}

async fn answer(Path(name): Path<String>) -> Result<Response, Failure> {
    let asset = [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.name == name).ok_or(Failure::NotFound)?;
    let headers = [(CONTENT_TYPE, asset.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.text).into_response())
}
