//! Where a search of all snapshots goes on.

use crate::commands::search::not_ours;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Result, SnapshotId};

/// Where a search goes on: in the newest snapshot that holds a kind, or in what a snapshot has no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among what is held last, of the kind of that number, behind what its own cursor says.
    There(usize, Option<String>),
    /// Among what that snapshot has no more, of the kind of that number, behind that key.
    Lost(SnapshotId, usize, String),
}

impl Place {
    /// The place as a cursor, with the snapshot that is the newest of the search, and whether nothing was left out so far.
    pub(super) fn cursor(&self, newest: &SnapshotId, complete: bool, bound: &str) -> String {
        let flag = if complete { "c" } else { "i" };
        let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        match self {
            Self::There(number, cursor) => {
                format!("{bound}.{newest}.{flag}.t.{number}.{}", coded(cursor.as_deref().unwrap_or_default()))
            }
            Self::Lost(at, number, key) => format!("{bound}.{newest}.{flag}.l.{at}.{number}.{}", coded(key)),
        }
    }

    /// The newest snapshot of the search, and the place, that a cursor says.
    ///
    /// # Errors
    /// `Invalid` naming `cursor` when it is of another search.
    pub(super) fn of(cursor: &str, bound: &str) -> Result<(SnapshotId, bool, Self)> {
        Self::parse(cursor, bound).ok_or_else(not_ours)
    }

    fn parse(cursor: &str, bound: &str) -> Option<(SnapshotId, bool, Self)> {
        let rest = cursor.strip_prefix(bound)?.strip_prefix('.')?;
        let decoded = |text: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        let parts: Vec<&str> = rest.split('.').collect();
        let (&newest, &flag) = (parts.first()?, parts.get(1)?);
        let place = match parts[2..] {
            ["t", number, inner] => {
                Self::There(number.parse().ok()?, Some(decoded(inner)?).filter(|inner| !inner.is_empty()))
            }
            ["l", at, number, key] => Self::Lost(at.parse().ok()?, number.parse().ok()?, decoded(key)?),
            _ => return None,
        };
        Some((newest.parse().ok()?, flag == "c", place))
    }
}
