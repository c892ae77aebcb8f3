//! Changes in the vault, in pages that are cut by count and by bytes. FORMAT.md section 2.

use super::state::State;
use crate::archive::{TenantArchive, index_name, page_name};
use domain::changes::Change;
use domain::{Error, ErrorReason, Result};
use engine::ports::Put;
use engine::records::Diff;

/// The most changes on a page.
pub const PAGE: usize = 200;

/// The most bytes of a page, as JSON; one change alone may be longer.
pub const PAGE_BYTES: usize = 256 << 10;

/// Adds a change to the page that is being written; where it has no room there, that page is stored first.
pub(super) async fn push(
    archive: &TenantArchive,
    diff: &Diff,
    state: &mut State,
    change: &Change,
) -> Result<()> {
    let text = serde_json::to_string(change)
        .map_err(|e| Error::invalid("changes cannot be written").caused_by(e))?;
    // The 3 are a comma and the two brackets.
    let is_full = state.open_count == PAGE || state.open.len() + text.len() + 3 > PAGE_BYTES;
    if is_full && state.open_count > 0 {
        flush(archive, diff, state).await?;
    }
    if state.open_count > 0 {
        state.open.push(',');
    }
    state.open.push_str(&text);
    state.open_count += 1;
    state.on_page.add(change);
    Ok(())
}

/// Stores the page that is being written, if there is anything on it. Where pages are cut follows from the changes
/// alone, so that doing it again, from wherever it was suspended, gives the same pages.
///
/// # Errors
/// `Corrupt`, as stored otherwise, when another page was stored in its place.
pub(super) async fn flush(archive: &TenantArchive, diff: &Diff, state: &mut State) -> Result<()> {
    if state.open_count == 0 {
        return Ok(());
    }
    let name = page_name(diff, state.pages);
    let bytes = format!("[{}]", state.open).into_bytes();
    if archive.put_new(&name, &bytes).await? == Put::AlreadyThere
        && archive.find(&name).await?.as_ref() != Some(&bytes)
    {
        let error = Error::corrupt("another page of changes is in the place of this one");
        return Err(error.because(ErrorReason::StoredOtherwise));
    }
    state.pages += 1;
    (state.open, state.open_count) = (String::new(), 0);
    state.index.push(std::mem::take(&mut state.on_page));
    Ok(())
}

/// Stores which kinds and weights are on which page, once all are stored. A comparison that an older release began has no index.
pub(super) async fn put_index(archive: &TenantArchive, diff: &Diff, state: &State) -> Result<()> {
    if state.pages > 0 && usize::try_from(state.pages).is_ok_and(|pages| pages == state.index.len()) {
        let bytes = serde_json::to_vec(&state.index)
            .map_err(|e| Error::invalid("the index of changes cannot be written").caused_by(e))?;
        archive.put_new(&index_name(diff), &bytes).await?;
    }
    Ok(())
}
