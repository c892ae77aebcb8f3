//! Which kinds and weights are on which page of a comparison's changes: so that who asks for few of them reads few pages.
//! FORMAT.md section 2.

use super::changes::page_place;
use super::tenant::TenantArchive;
use domain::changes::{Change, Chosen};
use domain::kinds::NamedKind;
use domain::{Error, Result};
use engine::records::Diff;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is on one page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OnPage {
    /// The names of the kinds of its changes.
    pub kinds: Vec<NamedKind>,
    /// What its changes weigh.
    pub weights: BTreeSet<u8>,
}

impl OnPage {
    /// Adds a change of the page.
    pub fn add(&mut self, change: &Change) {
        self.weights.insert(change.weight());
        if !self.kinds.contains(&change.kind) {
            self.kinds.push(change.kind.clone());
        }
    }
}

/// What is on which page; nothing where the comparison is of an older release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageIndex(Option<Vec<OnPage>>);

impl PageIndex {
    /// Whether a page may have changes that are wanted, and of that weight where one is named.
    pub fn may_have(&self, page: u32, chosen: &Chosen, weight: Option<u8>) -> bool {
        let Some(pages) = &self.0 else {
            return weight.is_none_or(|weight| Change::WEIGHTS.contains(&weight));
        };
        let Some(on) = usize::try_from(page).ok().and_then(|page| pages.get(page)) else { return false };
        on.kinds.iter().any(|kind| chosen.may_have_kind(kind))
            && weight.is_none_or(|weight| on.weights.contains(&weight))
            && chosen.min_weight.is_none_or(|least| on.weights.last().is_some_and(|most| *most >= least))
    }

    /// The greatest weight below that one which a change may have.
    pub fn lower_weight(&self, weight: u8) -> Option<u8> {
        match &self.0 {
            Some(pages) => {
                pages.iter().filter_map(|on| on.weights.range(..weight).next_back()).max().copied()
            }
            None => Change::WEIGHTS.into_iter().find(|of| *of < weight),
        }
    }
}

/// The name of the index of a comparison's pages.
pub(crate) fn index_name(diff: &Diff) -> String {
    format!("{}index", page_place(diff))
}

/// What is on which page of a comparison that is done.
///
/// # Errors
/// `Corrupt` when it cannot be read, or speaks of other pages than there are.
pub async fn page_index(archive: &TenantArchive, diff: &Diff) -> Result<PageIndex> {
    let Some(bytes) = archive.find(&index_name(diff)).await? else { return Ok(PageIndex(None)) };
    let pages: Vec<OnPage> = serde_json::from_slice(&bytes)
        .map_err(|e| Error::corrupt("the index of a comparison's pages cannot be read").caused_by(e))?;
    if pages.len() != usize::try_from(diff.pages).unwrap_or(usize::MAX) {
        return Err(Error::corrupt("the index of a comparison is not of its pages"));
    }
    Ok(PageIndex(Some(pages)))
}
