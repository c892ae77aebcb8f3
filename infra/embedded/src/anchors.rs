//! Signed heads of audit logs in a folder, one file each, made once and never written again.

use crate::blocking;
use crate::files::{create_private, find_private, io_error, make_folder};
use async_trait::async_trait;
use domain::Result;
use engine::ports::{AnchorName, Anchors, Put};
use std::path::{Path, PathBuf};

const WHAT: &str = "a statement of heads";

/// The place of anchors in a folder.
#[derive(Clone, Debug)]
pub struct AnchorFolder(PathBuf);

impl AnchorFolder {
    /// The place in that folder, which is made when something is kept there.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self(root.into())
    }
}

#[async_trait]
impl Anchors for AnchorFolder {
    async fn put_new(&self, name: &AnchorName, text: &str) -> Result<Put> {
        let (path, text) = (self.0.join(name.as_str()), text.to_owned());
        blocking(move || {
            make_folder(path.parent().unwrap_or(Path::new(".")), 0o700).map_err(|e| io_error(WHAT, e))?;
            let is_new = create_private(&path, text.as_bytes()).map_err(|e| io_error(WHAT, e))?;
            Ok(if is_new { Put::New } else { Put::AlreadyThere })
        })
        .await
    }

    async fn find(&self, name: &AnchorName) -> Result<Option<String>> {
        let path = self.0.join(name.as_str());
        blocking(move || find_private(&path, WHAT)).await
    }
}
