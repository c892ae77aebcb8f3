//! The row of a download: what its file is of, how far it is, and when it ends.

use super::address::{At, Downloads, Under};
use super::{JobState, Record};
use crate::ports::ExportFile;
use domain::kinds::NamedKind;
use domain::{DiffId, DownloadId, SnapshotId, TenantId, Timestamp};
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a file is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub enum DownloadOf {
    /// What a sealed snapshot holds.
    #[serde(rename_all = "camelCase")]
    Snapshot {
        /// The snapshot that is read.
        snapshot: SnapshotId,
        /// Only these kinds; empty means all that it holds.
        kinds: Vec<NamedKind>,
        /// Only the object of that key, which is of the one kind that is then named.
        key: Option<String>,
    },
    /// What a comparison found.
    #[serde(rename_all = "camelCase")]
    Comparison {
        /// The comparison, which is done.
        comparison: DiffId,
    },
}

/// The form of a file. FORMAT.md section 14.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DownloadFormat {
    /// One JSON object on each line.
    JsonLines,
    /// A table with a head, of which no cell is a formula.
    Csv,
}

impl DownloadFormat {
    /// The type of content, as HTTP names it.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::JsonLines => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What the name of such a file ends in.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// Behind what the next part of a file begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DownloadPlace {
    /// Which of the sources of the file is being written, from 0, in the order of FORMAT.md section 14.
    pub source: u32,
    /// The key of the last record of it that is in a part; none at its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// The row of a download. The file itself is in a place of its own ([`ExportFile`]).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    /// The id of the download.
    pub id: DownloadId,
    /// The tenant whose data it is.
    pub tenant: TenantId,
    /// What its file is of.
    pub of: DownloadOf,
    /// The form of its file.
    pub format: DownloadFormat,
    /// Who asked for it, as rows name them: the first characters of a token, or a person's id.
    pub requested_by: String,
    /// When it was asked for; it ends a day later.
    pub requested_at: Timestamp,
    /// When somebody last wrote to this row.
    pub touched_at: Timestamp,
    /// When its file was complete; none until it is.
    pub done_at: Option<Timestamp>,
    /// How far it is.
    pub state: JobState,
    /// How often a job has taken it up, continuations included.
    pub attempts: u32,
    /// How often since it last got further.
    pub in_vain: u32,
    /// The upload by which its parts are put; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<String>,
    /// The tags of the parts that are put, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// The columns of a table besides those that each has; none before it is begun, and of other forms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Where the next part begins.
    #[serde(default)]
    pub place: DownloadPlace,
    /// How many records are in the parts.
    pub records: u64,
    /// How many records there will be in all, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<u64>,
    /// How many bytes are in the parts.
    pub bytes: u64,
    /// Why it failed, as a sentence for a person; none unless it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// For how long a download is there after it was asked for.
const LASTS: SignedDuration = SignedDuration::from_hours(24);

impl Download {
    /// The address of the download of that id.
    pub fn at(tenant: &TenantId, id: &DownloadId) -> At<Self> {
        At::of(tenant, id)
    }

    /// All downloads of a tenant that have not ended.
    pub fn all(tenant: &TenantId) -> Under<Self> {
        Under::of(tenant, "")
    }

    /// The file that it is about.
    pub fn file(&self) -> ExportFile {
        ExportFile { tenant: self.tenant.clone(), download: self.id.clone() }
    }

    /// When it ends, its file with it.
    pub fn ends_at(&self) -> Timestamp {
        self.requested_at.saturating_add(LASTS).unwrap_or(Timestamp::MAX)
    }

    /// Forgets what was put: the file is made from its beginning, by another upload.
    pub fn begin_again(&mut self) {
        self.upload = None;
        self.parts = Vec::new();
        self.place = DownloadPlace::default();
        (self.records, self.bytes) = (0, 0);
    }
}

impl Record for Download {
    type Owner = Downloads;
    const PREFIX: &'static str = "download#";
    fn address(&self) -> At<Self> {
        Self::at(&self.tenant, &self.id)
    }
    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.ends_at())
    }
}
