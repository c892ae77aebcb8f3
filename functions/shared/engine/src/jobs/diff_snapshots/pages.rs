//! Changes in the vault, in pages of 200. FORMAT.md section 2.

use crate::archive::TenantArchive;
use crate::records::Diff;
use domain::changes::Change;
use domain::{DiffId, Error, Result};

/// Changes on a page.
pub const PAGE: usize = 200;

fn name(diff: &DiffId, page: u32) -> String {
    format!("diffs/{diff}/{page:06}")
}

/// Stores the changes; gives the number of pages. Doing it again changes nothing: a comparison of two
/// sealed snapshots has one result.
pub(super) async fn store(archive: &TenantArchive, diff: &DiffId, changes: &[Change]) -> Result<u32> {
    let mut pages = 0;
    for chunk in changes.chunks(PAGE) {
        let bytes = serde_json::to_vec(chunk)
            .map_err(|e| Error::invalid("changes cannot be written").caused_by(e))?;
        archive.put_new(&name(diff, pages), &bytes).await?;
        pages += 1;
    }
    Ok(pages)
}

/// One page of a finished comparison; pages count from 0.
///
/// # Errors
/// `NotFound` beyond the last page; `Corrupt` when a page that must be there is not.
pub async fn get_page(archive: &TenantArchive, diff: &Diff, page: u32) -> Result<Vec<Change>> {
    if page >= diff.pages {
        return Err(Error::not_found("there is no such page of changes"));
    }
    let bytes = archive.find(&name(&diff.id, page)).await?;
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
