//! `holdfast verify-receipt`: the receipt of a restore, held against its signature. It needs no installation and no network.

use super::signed::{WebKeys, read, signed};
use super::strict::Strict;
use clap::Args;
use domain::{Error, Result};
use engine::records::Cause;
use restore::receipts::{Approved, PlanFault, RECEIPT_TYPE, Receipt, RestoreEnding};
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

/// The options of `holdfast verify-receipt`.
#[derive(Args, Clone, Debug)]
pub struct VerifyReceiptOptions {
    /// The whole receipt: the answers of `GET /v1/organisations/{org}/restores/{rst}/receipt`, all pages one after another.
    pub receipt: PathBuf,
    /// The answer of `GET /v1/signing-keys`. Without it the receipt is held against the key that it carries itself.
    #[arg(long)]
    pub key: Option<PathBuf>,
}

/// A page as the API answers it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answered {
    signed: String,
    page: usize,
    entries: Vec<Strict>,
    next: Option<String>,
}

/// Runs `holdfast verify-receipt`: prints what it found.
///
/// # Errors
/// `Invalid` when a file is not what it should be; `Corrupt` when the receipt is not whole, was altered or is not signed.
pub fn run(options: &VerifyReceiptOptions) -> Result<()> {
    let keys = options.key.as_deref().map(read).transpose()?;
    let receipt = check(&read(&options.receipt)?, keys.as_deref())?;
    for line in said(&receipt, keys.is_some()) {
        println!("{line}");
    }
    Ok(())
}

/// The head of a receipt that is whole, signed under those keys: the answer of `GET /v1/signing-keys`.
///
/// # Errors
/// `Invalid` when the text is no pages of a receipt; `Corrupt` when a page is missing, was altered or is of another receipt,
/// or the head is not signed.
pub fn check(text: &str, keys: Option<&str>) -> Result<Receipt> {
    let keys = keys.map(WebKeys::read).transpose()?;
    let pages = serde_json::Deserializer::from_str(text).into_iter::<Answered>();
    let pages: Vec<Answered> = pages
        .collect::<std::result::Result<_, _>>()
        .map_err(|e| Error::invalid("the file is no receipt as the API answers it").caused_by(e))?;
    let first = pages.first().ok_or_else(|| Error::invalid("the file is empty"))?;
    if pages.iter().any(|page| page.signed != first.signed) {
        return Err(Error::corrupt("the pages are of more than one receipt"));
    }
    let receipt: Receipt = signed(&first.signed, RECEIPT_TYPE, keys.as_ref())
        .map_err(|e| Error::corrupt(format!("the receipt is not signed by the installation: {}", e.why())))?;
    let count = pages.len();
    let is_placed = |(at, page): (usize, &Answered)| {
        page.page == at && page.next == (at + 1 < count).then(|| (at + 1).to_string())
    };
    let are_placed = pages.iter().enumerate().all(is_placed);
    let mut entries: Vec<Vec<Value>> = {
        let of = |page: Answered| page.entries.into_iter().map(|Strict(entry)| entry).collect();
        pages.into_iter().map(of).collect()
    };
    // A receipt without entries is answered as one page that has none.
    if receipt.pages.is_empty() && entries == [Vec::<Value>::new()] {
        entries.clear();
    }
    receipt.check(&entries)?;
    if !are_placed {
        return Err(Error::corrupt("a page of the receipt does not say its own place"));
    }
    Ok(receipt)
}

/// What is said of a receipt that is whole; the keys are the installation's, or its own.
pub fn said(receipt: &Receipt, with_keys: bool) -> Vec<String> {
    let Receipt { restore, tenant, counts, .. } = receipt;
    let ending = match receipt.ending {
        RestoreEnding::Done => "was run to its last step",
        RestoreEnding::Stopped => "was stopped",
        RestoreEnding::GivenUp => "was given up",
        RestoreEnding::Expired => "was not run in time",
    };
    let entries: u64 = receipt.pages.iter().map(|page| page.entries).sum();
    let mut lines = vec![
        format!("{restore} of tenant {tenant} {ending}: {entries} entries, none missing or altered"),
        format!(
            "{} steps: {} done, {} not seen, {} failed, {} skipped, {} without an end; {} things cannot be restored",
            counts.steps,
            counts.done,
            counts.unverified,
            counts.failed,
            counts.skipped,
            counts.steps.saturating_sub(counts.ended()),
            counts.impossible
        ),
        format!("asked for by {} at {}", receipt.requested_by, receipt.requested_at),
    ];
    for (what, text) in [("reason", &receipt.reason), ("ticket", &receipt.ticket)] {
        lines.extend(text.as_ref().map(|text| format!("{what}: {text}")));
    }
    if let Some(approval) = &receipt.approval {
        lines.push(said_of_approval(approval));
    }
    // Older receipts do not say who ran it: that was whoever approved. A second person ran nothing by approving.
    let own = receipt.approval.as_ref().filter(|approval| !approval.is_second);
    let run_by = receipt.run_by.as_ref().or(own.map(|approval| &approval.by));
    match (run_by, receipt.started_at) {
        (Some(by), Some(at)) => lines.push(format!("run by {by}, begun at {at}")),
        (Some(by), None) => lines.push(format!("to be run by {by}, and never begun")),
        (None, _) => lines.push("never run".to_owned()),
    }
    if let Some(cause) = receipt.cause {
        lines.push(format!("given up since {}", why(cause)));
    }
    if let Some(fault) = receipt.plan_fault {
        let what = match fault {
            PlanFault::Unreadable => "the plan could not be read when this was signed",
            PlanFault::Replaced => "another plan stood in the place of the one that was previewed",
        };
        lines.push(format!("{what}: the entries say what was written, and not what was to be"));
    }
    if let Some(by) = &receipt.stopped_by {
        lines.push(format!("stopped by {by}"));
    }
    if !with_keys {
        lines.push("that the key is the installation's was not looked at (--key)".to_owned());
    }
    lines
}

/// Who approved what, when, and as whom.
fn said_of_approval(approval: &Approved) -> String {
    let Approved { by, at, plan, is_second, of } = approval;
    let who = if *is_second { format!("by a second person, {by},") } else { format!("by {by}, who ran it,") };
    let given_for = of.as_ref().map(|of| format!(" for {of}, previewed before with the same plan,"));
    format!("approved {who}{} at {at}: plan {plan}", given_for.unwrap_or_default())
}

/// Why a restore was given up, in words.
fn why(cause: Cause) -> &'static str {
    match cause {
        Cause::Invalid => "what was asked for cannot be done",
        Cause::NotFound => "what it needs is no longer there",
        Cause::Denied => "consent, a permission or a right is missing",
        Cause::Corrupt => "what was stored for it cannot be read",
        Cause::Throttled => "Microsoft asked for one pause after another",
        Cause::Unavailable => "a service did not answer",
        Cause::Conflict => "other work was in its way each time",
        Cause::Lost => "the job that took it up was never heard of again",
        Cause::NotApproved => "nobody approved it, or what was approved is another plan",
        Cause::Consent => "a consent had not arrived everywhere at Microsoft",
        Cause::Operator => "Microsoft did not accept Holdfast's own application",
    }
}
