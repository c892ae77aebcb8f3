//! Downloads on the wire: one that is asked for, and one as it is shown.

use backup::commands::downloads::{Link, NewDownload};
use domain::kinds::{self, NamedKind};
use domain::{DiffId, DownloadId, Error, Result, SnapshotId, Timestamp};
use engine::records::{Download, DownloadFormat, DownloadOf, JobState};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A download that is asked for: of a snapshot, or of a comparison.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DownloadIn {
    /// The snapshot whose objects and links the file has.
    #[garde(skip)]
    snapshot: Option<SnapshotId>,
    /// The comparison whose changes the file has, in place of a snapshot.
    #[garde(skip)]
    comparison: Option<DiffId>,
    /// The names of the kinds of the snapshot that are wanted; all that it holds when none is named.
    #[garde(length(max = 100))]
    #[serde(default)]
    kinds: Vec<String>,
    /// The key of the one object that is wanted, with the links from it and to it; `kinds` then names its kind alone.
    #[garde(inner(length(min = 1, max = 512)))]
    key: Option<String>,
    /// The form of the file.
    #[garde(skip)]
    format: DownloadFormat,
}

impl DownloadIn {
    /// What is asked for, where it is one thing.
    ///
    /// # Errors
    /// `Invalid`, naming the field that is wrong.
    pub fn checked(self) -> Result<(NewDownload, DownloadFormat)> {
        let Self { snapshot, comparison, kinds, key, format } = self;
        let wrong = |field: &str, why: &str| Err(Error::invalid_field(field, why));
        let new = match (snapshot, comparison) {
            (None, None) => return wrong("snapshot", "is missing: a snapshot or a comparison is downloaded"),
            (Some(_), Some(_)) => return wrong("comparison", "must not stand beside a snapshot"),
            (None, Some(_)) if !kinds.is_empty() => return wrong("kinds", "are of a snapshot"),
            (None, Some(_)) if key.is_some() => return wrong("key", "is one of a snapshot"),
            (None, Some(comparison)) => NewDownload::Comparison(comparison),
            (Some(_), None) if key.is_some() && kinds.len() != 1 => {
                return wrong("kinds", "must name the one kind of the object");
            }
            (Some(snapshot), None) => {
                let mut chosen = Vec::new();
                for name in &kinds {
                    let kind = kinds::find(name).ok_or_else(|| {
                        Error::invalid_field("kinds", format!("{name:?} is not a kind that is protected"))
                    })?;
                    // Twice the same is once.
                    if !chosen.contains(&kind) {
                        chosen.push(kind);
                    }
                }
                NewDownload::Snapshot { snapshot, kinds: chosen, key }
            }
        };
        Ok((new, format))
    }
}

/// A download, and once its file is made a link to it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadOut {
    /// The id of the download.
    id: DownloadId,
    /// The snapshot that it is of; null where it is of a comparison.
    snapshot: Option<SnapshotId>,
    /// The comparison that it is of; null where it is of a snapshot.
    comparison: Option<DiffId>,
    /// The names of the kinds that are in the file; all that the snapshot holds when none is named.
    kinds: Vec<NamedKind>,
    /// The key of the one object that is in the file; null when it is not of one object.
    key: Option<String>,
    /// The form of the file.
    format: DownloadFormat,
    /// How far it is.
    state: JobState,
    /// Who asked for it, as the audit log names them.
    requested_by: String,
    /// When it was asked for.
    requested_at: Timestamp,
    /// When its file was made; null until it is.
    done_at: Option<Timestamp>,
    /// When it ends, and its file with it.
    ends_at: Timestamp,
    /// How many objects, links or changes are written.
    records: u64,
    /// How many there will be; null where that is not known, as of one object, or not known yet.
    expected: Option<u64>,
    /// How many bytes are written.
    bytes: u64,
    /// Why it has failed, for a person; null unless it has.
    error: Option<String>,
    /// Where the file is fetched, by whoever has the link; null until it is made, and in lists.
    link: Option<String>,
    /// Until when the link is good; another one is made for whoever asks again.
    link_good_until: Option<Timestamp>,
}

impl DownloadOut {
    /// The same, with the link to its file.
    pub fn with_link(self, link: Option<Link>) -> Self {
        let (link, link_good_until) = link.map(|link| (link.url, link.good_until)).unzip();
        Self { link, link_good_until, ..self }
    }
}

impl From<Download> for DownloadOut {
    fn from(row: Download) -> Self {
        let ends_at = row.ends_at();
        let (snapshot, comparison, kinds, key) = match row.of {
            DownloadOf::Snapshot { snapshot, kinds, key } => (Some(snapshot), None, kinds, key),
            DownloadOf::Comparison { comparison } => (None, Some(comparison), Vec::new(), None),
        };
        Self {
            id: row.id,
            snapshot,
            comparison,
            kinds,
            key,
            format: row.format,
            state: row.state,
            requested_by: row.requested_by,
            requested_at: row.requested_at,
            done_at: row.done_at,
            ends_at,
            records: row.records,
            expected: row.expected,
            bytes: row.bytes,
            error: row.error,
            link: None,
            link_good_until: None,
        }
    }
}
