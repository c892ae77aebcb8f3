//! Comparisons.

use crate::ports::NewComparison;
use domain::{DiffId, Error, Result, SnapshotId, Timestamp, kinds};
use engine::records::{Cause, Diff, DiffCounts, JobState, NotCovered, Side};
use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A side: a snapshot's id, or `live`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^(live|snp_[0-9a-z]{26})$"))]
pub struct SideText(Side);

const LIVE: &str = "live";

impl TryFrom<String> for SideText {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        if text == LIVE {
            return Ok(Self(Side::Live));
        }
        let id = text.parse().map_err(|_| Error::invalid("must be the id of a snapshot or \"live\""))?;
        Ok(Self(Side::Snapshot(id)))
    }
}
impl From<SideText> for String {
    fn from(side: SideText) -> String {
        match side.0 {
            Side::Live => LIVE.to_owned(),
            Side::Snapshot(id) => id.into(),
        }
    }
}

/// A comparison to be made.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComparisonIn {
    #[garde(skip)]
    before: SideText,
    #[garde(skip)]
    after: SideText,
    /// Only these kinds.
    #[garde(length(max = 100))]
    #[serde(default)]
    kinds: Vec<String>,
    /// Only this object.
    #[garde(inner(length(min = 1, max = 512)))]
    object: Option<String>,
}

impl ComparisonIn {
    /// As the engine wants it.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn read(self) -> Result<NewComparison> {
        let Side::Snapshot(before) = self.before.0 else {
            return Err(Error::invalid_field(
                "before",
                "must be a snapshot; the live tenant can only be after",
            ));
        };
        if self.after.0 == Side::Snapshot(before.clone()) {
            return Err(Error::invalid_field("after", "must be another one than before"));
        }
        let kinds = self.kinds.iter().map(|name| kinds::get(name).map_err(|e| named("kinds", &e)));
        let kinds = kinds.collect::<Result<Vec<_>>>()?;
        if self.object.is_some() && kinds.len() != 1 {
            return Err(Error::invalid_field("kinds", "must name the one kind of the object"));
        }
        Ok(NewComparison { before, after: self.after.0, kinds, object: self.object })
    }
}

/// The same error about that field.
pub(super) fn named(field: &str, error: &Error) -> Error {
    let message = error.fields().first().map_or_else(|| error.summary().into(), |f| f.message.clone());
    Error::invalid_field(field, message)
}

/// A comparison.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonOut {
    id: DiffId,
    before: SnapshotId,
    after: SideText,
    kinds: Vec<String>,
    object: Option<String>,
    state: JobState,
    requested_at: Timestamp,
    done_at: Option<Timestamp>,
    counts: DiffCounts,
    not_compared: Vec<NotCovered>,
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
}

impl From<Diff> for ComparisonOut {
    fn from(row: Diff) -> Self {
        Self {
            id: row.id,
            before: row.before,
            after: SideText(row.after),
            kinds: row.kinds,
            object: row.object,
            state: row.state,
            requested_at: row.requested_at,
            done_at: row.done_at,
            counts: row.counts,
            not_compared: row.not_compared,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
        }
    }
}
