//! The receipt of a restore, a page at a time; made when it is asked for where the restore ended without the job that signs.

use super::restores::Restores;
use crate::receipts::RestoreEnding;
use domain::{Error, RestoreId, Result, TenantId};
use engine::messages;
use engine::records::SignedReceipt;
use serde_json::Value;

/// A page of a receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptPage {
    /// The signed head, which vouches for all pages.
    pub signed: String,
    /// The page's number, from 0 on.
    pub page: usize,
    /// The entries of the page, as they were signed; none where nothing was previewed.
    pub entries: Vec<Value>,
    /// The number of the next page; none at the end.
    pub next: Option<String>,
}

impl Restores {
    /// A page of the receipt; `cursor` is the `next` of the page before.
    ///
    /// # Errors
    /// `NotFound` when there is no such restore; `Conflict` while something may still become of it, or while its receipt is
    /// being made; `Invalid` naming `cursor` when there is no such page.
    pub async fn read_receipt(
        &self,
        tenant: &TenantId,
        restore: &RestoreId,
        cursor: Option<&str>,
    ) -> Result<ReceiptPage> {
        let row = self.find(tenant, restore).await?.value;
        let Some(found) = self.records.find(&SignedReceipt::at(tenant, restore)).await? else {
            if RestoreEnding::of(&row, self.clock.now()).is_none() {
                return Err(Error::conflict("the restore has not come to its end: it has no receipt yet"));
            }
            // Why here: whoever ended it holds no key to sign with, and most of these receipts nobody asks for.
            self.queue.send(messages::sign_receipt(tenant, restore, row.attempts)).await?;
            return Err(Error::conflict("the receipt is being signed: ask again in some seconds"));
        };
        let SignedReceipt { signed, pages, .. } = found.value;
        let not_ours = || Error::invalid_field("cursor", "is not one that this receipt gave");
        let page: usize = cursor.unwrap_or("0").parse().map_err(|_| not_ours())?;
        let entries = match pages.get(page) {
            Some(hash) => self.plans.find_receipt_page(tenant, restore, hash).await?,
            None if page == 0 => Some(Vec::new()),
            None => return Err(not_ours()),
        };
        let entries = entries.ok_or_else(|| Error::corrupt("a page of a receipt is missing"))?;
        let next = (page + 1 < pages.len()).then(|| (page + 1).to_string());
        Ok(ReceiptPage { signed, page, entries, next })
    }
}
