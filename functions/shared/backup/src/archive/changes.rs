//! The changes of a finished comparison, read page by page. FORMAT.md section 2.

use super::tenant::TenantArchive;
use domain::changes::Change;
use domain::{DiffId, Error, Result};
use engine::records::Diff;

/// The name of a page of a comparison's changes; pages count from 0.
pub(crate) fn page_name(diff: &DiffId, page: u32) -> String {
    format!("diffs/{diff}/{page:06}")
}

/// One page of a finished comparison; pages count from 0.
///
/// # Errors
/// `NotFound` beyond the last page; `Corrupt` when a page that must be there is not.
pub async fn get_page(archive: &TenantArchive, diff: &Diff, page: u32) -> Result<Vec<Change>> {
    if page >= diff.pages {
        return Err(Error::not_found("there is no such page of changes"));
    }
    let bytes = archive.find(&page_name(&diff.id, page)).await?;
    let bytes = bytes.ok_or_else(|| Error::corrupt("a page of changes is missing"))?;
    serde_json::from_slice(&bytes)
        .map_err(|e| Error::corrupt("a page of changes cannot be read").caused_by(e))
}

/// All changes of a finished comparison.
pub async fn list_changes(archive: &TenantArchive, diff: &Diff) -> Result<Vec<Change>> {
    let mut all = Vec::new();
    for page in 0..diff.pages {
        all.extend(get_page(archive, diff, page).await?);
    }
    Ok(all)
}
