//! What the installation says of itself to anybody.

use crate::{OPENAPI, PlanApi};
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use engine::signed::KeySet;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use runtime::http::{Notes, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;
use serde_json::{Map, Value};

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
            .answers::<Map<String, Value>>(200),
    ];
    under(&TAG, rows)
}

/// A key set lives as long as a certificate that somebody checks, so its readers may keep it for an hour.
async fn signing_keys(State(api): State<PlanApi>) -> Reply<impl IntoResponse> {
    let keys = engine::signed::key_set(&*api.signer).await?;
    Ok(([(CACHE_CONTROL, "public, max-age=3600")], Json(keys)))
}

async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "public, max-age=3600")], OPENAPI)
}
