//! Receipts of restores on the wire: the signed head with a page of what it vouches for.

use garde::Validate;
use restore::commands::receipts::ReceiptPage;
use restore::receipts::Entry;
use runtime::http::MAX_CURSOR;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which page of a receipt is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReceiptIn {
    /// The `next` of the page before; without it the first page is read.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
}

/// A page of a receipt.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptOut {
    /// The head of the receipt as a JSON Web Signature (RFC 7515): who asked and approved, the hash of the plan, how it ended,
    /// and the hash of each page. It is the same with each page.
    signed: String,
    /// The number of this page, counted from 0.
    page: usize,
    /// What was to be written and what became of it, step by step; then what was not restored, and why.
    #[schemars(with = "Vec<Entry>")]
    entries: Vec<Value>,
    /// The `cursor` of the next page; null at the end.
    next: Option<String>,
}

impl From<ReceiptPage> for ReceiptOut {
    fn from(read: ReceiptPage) -> Self {
        Self { signed: read.signed, page: read.page, entries: read.entries, next: read.next }
    }
}
