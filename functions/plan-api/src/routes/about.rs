//! What the installation says of itself to anybody.

use crate::{OPENAPI, OPENAPI_GZIP, PlanApi};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::signed::KeySet;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
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

/// Whoever has it may keep it for an hour, and asks then only whether it is another: it is some hundred kilobytes, a tenth of
/// that compressed, and anybody may ask.
async fn document(headers: HeaderMap) -> Response {
    static HASH: LazyLock<String> =
        LazyLock::new(|| blake3::hash(OPENAPI.as_bytes()).to_hex()[..16].to_owned());
    // Why two: a strong validator names bytes, and these differ (RFC 9110, 8.8.3.3).
    let (plain, compressed) = (format!("\"{}\"", *HASH), format!("\"{}-gzip\"", *HASH));
    let is_compressed = takes_gzip(&headers);
    let tag = if is_compressed { &compressed } else { &plain };
    let kept =
        [(CACHE_CONTROL, "public, max-age=3600"), (ETAG, tag.as_str()), (VARY, ACCEPT_ENCODING.as_str())];
    let known = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let mut known = known.flat_map(|value| value.split(',')).map(|tag| tag.trim().trim_start_matches("W/"));
    if known.any(|known| known == plain || known == compressed) {
        return (StatusCode::NOT_MODIFIED, kept).into_response();
    }
    let json = [(CONTENT_TYPE, "application/json")];
    if is_compressed {
        return (kept, json, [(CONTENT_ENCODING, "gzip")], OPENAPI_GZIP).into_response();
    }
    (kept, json, OPENAPI).into_response()
}

/// Whether the caller says that it takes gzip. RFC 9110, 12.5.3.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let mut codings = all.flat_map(|value| value.split(',')).map(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse::<f32>().ok());
        (name.trim().to_ascii_lowercase(), weight.unwrap_or(1.0) > 0.0)
    });
    codings.any(|(name, is_wanted)| is_wanted && (name == "gzip" || name == "x-gzip"))
}
