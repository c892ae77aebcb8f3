//! What the installation says of itself to anybody.

use crate::{OPENAPI, PlanApi};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::signed::KeySet;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use runtime::http::{Notes, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;
use serde_json::{Map, Value};
use std::sync::LazyLock;

const TAG: Tag = Tag { name: "About", description: "What the installation says of itself to anybody." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let rows = vec![
        Route::get("/v1/signing-keys", "readSigningKeys", signing_keys)
            .says(
                "The keys that certificates of deletion are signed by.",
                "Reads the public keys, as a JSON Web Key Set, by which anybody can check the signature of a \
                 certificate of deletion.",
            )
            .answers::<KeySet>(200),
        Route::get("/v1/openapi.json", "readOpenApi", document)
            .says("This document.", "Reads the OpenAPI document of this installation, which is this one.")
            .answers::<Map<String, Value>>(200)
            .revalidated(),
    ];
    under(&TAG, rows)
}

/// A key set lives as long as a certificate that somebody checks, so its readers may keep it for an hour.
async fn signing_keys(State(api): State<PlanApi>) -> Reply<impl IntoResponse> {
    let keys = engine::signed::key_set(&*api.signer).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=3600")], Json(keys)))
}

/// Whoever has it may keep it for an hour, and asks then only whether it is another: it is some hundred kilobytes, and
/// anybody may ask.
async fn document(headers: HeaderMap) -> Response {
    static VERSION: LazyLock<String> =
        LazyLock::new(|| format!("\"{}\"", &blake3::hash(OPENAPI.as_bytes()).to_hex()[..16]));
    let kept = [(CACHE_CONTROL, "public, max-age=3600"), (ETAG, VERSION.as_str())];
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|tag| tag.trim().trim_start_matches("W/") == *VERSION) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    (kept, [(CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}
