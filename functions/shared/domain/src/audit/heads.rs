//! The signed heads of a day: what a log is held against.

use super::Mark;
use crate::{PartnerId, Timestamp};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The `typ` of the JSON Web Signature that a statement of heads is signed as.
pub const HEADS_TYPE: &str = "holdfast-audit-heads+jwt";

/// Hashed before a statement, so that its hash is never the hash of anything else.
const PURPOSE: &[u8] = b"holdfast audit heads 1\n";

/// A statement of where the chains of a log ended on a day that is over. The installation signs one for each log and day on
/// which something was written down, in several parts where there are many chains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedHeads {
    /// Whose log; none for the installation's own.
    pub partner: Option<PartnerId>,
    /// The day, in UTC.
    pub day: Date,
    /// Which part of the day's statement this is, from 0 on.
    pub part: u32,
    /// Whether it is the day's last part: chains that no part names were not there.
    pub is_last: bool,
    /// Where each chain ended. In the first statement of a log also where the single chain of an older log did.
    pub heads: Vec<Mark>,
    /// The [`fingerprint`] of the statement before, of an earlier part or day; [`super::BEGINNING`] where there is none.
    pub previous: String,
    /// When it was signed.
    pub signed_at: Timestamp,
}

/// The hash by which a statement names the one before it: BLAKE3 over that one's signed text.
pub fn fingerprint(signed: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(PURPOSE);
    hasher.update(signed.trim().as_bytes());
    hasher.finalize().to_hex().to_string()
}
