//! The files that links of this machine lead to, as S3 answers signed requests.

use super::function::Function;
use super::handlers::page_function;
use crate::embedded::ExportFolder;
use async_trait::async_trait;
use axum::Router;
use axum::extract::{OriginalUri, State};
use axum::response::{IntoResponse, Response};
use domain::Result;
use engine::ports::{ExportFile, ExportLinks};
use http::{StatusCode, header};
use std::sync::Arc;

/// The route under which [`serve`] answers.
pub const ROUTE: &str = "GET /files/{rest+}";

/// Answers links into that folder.
pub fn serve(folder: ExportFolder) -> Arc<dyn Function> {
    page_function(Router::new().fallback(file).with_state(folder))
}

async fn file(State(folder): State<ExportFolder>, OriginalUri(asked): OriginalUri) -> Response {
    match folder.open(asked.path_and_query().map_or("", |path| path.as_str())).await {
        Ok(Some(found)) => {
            let save_as = format!("attachment; filename=\"{}\"", found.save_as);
            ([(header::CONTENT_DISPOSITION, save_as)], found.bytes).into_response()
        }
        // Why one answer for all: whoever has no good link learns of no file.
        Ok(None) => StatusCode::FORBIDDEN.into_response(),
        Err(error) => {
            tracing::error!(%error, "a file of a download cannot be read");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Links of a folder, below the address under which this machine answers.
pub struct Hosted {
    /// Makes the links, without a host where this machine answers them.
    pub links: Arc<dyn ExportLinks>,
    /// The base address of the API.
    pub api_url: String,
}

#[async_trait]
impl ExportLinks for Hosted {
    async fn link(&self, file: &ExportFile, save_as: &str, content_type: &str, for_s: u32) -> Result<String> {
        let link = self.links.link(file, save_as, content_type, for_s).await?;
        let is_ours = link.starts_with('/');
        Ok(if is_ours { format!("{}{link}", self.api_url.trim_end_matches('/')) } else { link })
    }
}
