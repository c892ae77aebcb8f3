//! The audit log on the wire: which part of it is wanted, its entries, and what verifying it found.

use crate::csv;
use domain::audit::{Broken, ChainId, Entry, Outcome};
use domain::rights::Role;
use domain::{PartnerId, Result, Timestamp};
use engine::ports::Page;
use garde::Validate;
use partners::commands::audit::Verified;
use runtime::http::MAX_CURSOR;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries of an export when nothing is said.
const EXPORTED: usize = 1_000;

/// Which part of the log is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditIn {
    /// A partner below the caller's, whose log it is; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// The `next` of the part before; without it the log is read from its newest entry.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most entries that the part may have.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

/// Which part of the log is exported, and in which form.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExportIn {
    /// A partner below the caller's, whose log it is; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// Lines of JSON when nothing is said.
    #[garde(skip)]
    #[serde(default)]
    pub format: ExportFormat,
    /// Where the part before ended, from its `Link`.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most entries that the part may have.
    #[garde(range(min = 1, max = 1_000))]
    pub limit: Option<usize>,
}

impl ExportIn {
    /// The page of that cursor and limit, in the form of `engine::ports::Page`.
    pub fn page(&self) -> Page {
        Page { after: self.cursor.clone(), limit: self.limit.unwrap_or(EXPORTED), descending: false }
    }
}

/// The form of an export.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// A JSON object in each line, as it was hashed.
    #[default]
    Jsonl,
    /// Comma-separated values, RFC 4180.
    Csv,
}

/// Whose log is verified, and from where.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyIn {
    /// A partner below the caller's, whose log it is; the caller's own when none is named.
    #[garde(skip)]
    pub partner: Option<PartnerId>,
    /// The `next` of the call before, to go on from there; without it the log is verified from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub after: Option<String>,
}

/// An entry of the audit log.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntryOut {
    /// The partner whose log it is; null in the installation's own.
    pub partner: Option<PartnerId>,
    /// The chain that it is in, which is of one writing process and day; null in the single chain of older logs.
    pub chain: Option<ChainId>,
    /// Its place in the chain.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The id of the person, or the first characters of the token.
    pub who: String,
    /// The role of whoever asked; null where they are no person of a partner.
    pub role: Option<Role>,
    /// Of which partner they are, where that is one above the log's own.
    pub who_partner: Option<PartnerId>,
    /// The method and route of the request.
    pub what: String,
    /// The ids in the path, by the names that the route gives them.
    pub subjects: BTreeMap<String, String>,
    /// The address that it came from.
    pub from: Option<String>,
    /// The request's id, which names it in our logs.
    pub request: String,
    /// The status that it was answered with; none in the entry that was written before it was done.
    pub status: Option<u16>,
    /// The hash of the entry before, in its chain.
    pub previous: String,
    /// The entry's own hash, over all that an export has of it.
    pub hash: String,
}

impl From<Entry> for AuditEntryOut {
    fn from(entry: Entry) -> Self {
        let event = entry.event;
        Self {
            partner: entry.partner,
            chain: entry.chain,
            number: entry.number,
            at: event.at,
            who: event.who.id,
            role: event.who.role,
            who_partner: event.who.partner,
            what: event.what,
            subjects: event.subjects,
            from: event.from,
            request: event.request,
            status: match event.outcome {
                Outcome::Asked => None,
                Outcome::Answered(status) => Some(status),
            },
            previous: entry.previous,
            hash: entry.hash,
        }
    }
}

/// What verifying the log found, as far as one call went.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifiedOut {
    /// Whether nothing is broken in what was walked.
    pub intact: bool,
    /// The first entry that is broken, and why.
    pub broken: Option<Broken>,
    /// How many entries this call walked without a fault.
    pub entries: u64,
    /// Whether the walk is over.
    pub complete: bool,
    /// Where the walk goes on: the `after` of the next call; null when it is over.
    pub next: Option<String>,
}

impl From<Verified> for VerifiedOut {
    fn from(verified: Verified) -> Self {
        Self {
            intact: verified.broken.is_none(),
            broken: verified.broken,
            entries: verified.entries,
            complete: verified.next.is_none(),
            next: verified.next,
        }
    }
}

/// The header line of an export as CSV.
pub const CSV_HEADER: &str =
    "partner,number,at,who,role,what,subjects,from,request,status,previous,hash,whoPartner,chain\r\n";

/// A line of an export as CSV. What a spreadsheet would take for a formula is written as text.
///
/// # Errors
/// `Invalid` when the line cannot be written.
pub fn csv_line(entry: Entry) -> Result<String> {
    let out = AuditEntryOut::from(entry);
    let subjects: Vec<_> = out.subjects.iter().map(|(name, id)| format!("{name}={id}")).collect();
    let fields = [
        out.partner.map(String::from).unwrap_or_default(),
        out.number.to_string(),
        out.at.to_string(),
        out.who,
        out.role.map(|role| role.label().to_owned()).unwrap_or_default(),
        out.what,
        subjects.join(" "),
        out.from.unwrap_or_default(),
        out.request,
        out.status.map(|status| status.to_string()).unwrap_or_default(),
        out.previous,
        out.hash,
        out.who_partner.map(String::from).unwrap_or_default(),
        out.chain.map(String::from).unwrap_or_default(),
    ];
    csv::line(fields.iter().map(String::as_str))
}
