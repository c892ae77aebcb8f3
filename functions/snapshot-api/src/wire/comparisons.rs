//! Comparisons on the wire: one that is asked for, and one as it is shown.

use super::MarkOut;
use backup::commands::diffs::{NewComparison, WantedDiffs};
use domain::kinds::{self, NamedKind};
use domain::{DiffId, Error, Result, SnapshotId, Timestamp};
use engine::ports::Page;
use engine::records::{Cause, Diff, DiffCounts, HeldEarlier, JobState, Mark, NotCovered, Side};
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A side of a comparison: a snapshot's id, or `live` for the tenant as it is.
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

/// A comparison that is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComparisonIn {
    /// The earlier side, which is a snapshot.
    #[garde(skip)]
    before: SideText,
    /// The later side: another snapshot, or the live tenant.
    #[garde(skip)]
    after: SideText,
    /// The names of the kinds that are compared; all kinds when none is named.
    #[garde(length(max = 100))]
    #[serde(default)]
    kinds: Vec<String>,
    /// The key of the one object that is compared; `kinds` then names its kind alone.
    #[garde(inner(length(min = 1, max = 512)))]
    object: Option<String>,
}

impl TryFrom<ComparisonIn> for NewComparison {
    type Error = Error;
    fn try_from(asked: ComparisonIn) -> Result<Self> {
        let Side::Snapshot(before) = asked.before.0 else {
            return Err(Error::invalid_field(
                "before",
                "must be a snapshot; the live tenant can only be after",
            ));
        };
        if asked.after.0 == Side::Snapshot(before.clone()) {
            return Err(Error::invalid_field("after", "must be another one than before"));
        }
        let kinds = asked.kinds.iter().map(|name| kinds::get(name).map_err(|e| in_kinds(&e)));
        let kinds = kinds.collect::<Result<Vec<_>>>()?;
        if kinds.iter().enumerate().any(|(n, kind)| kinds[..n].iter().any(|other| other.name == kind.name)) {
            return Err(Error::invalid_field("kinds", "must not name a kind twice"));
        }
        if asked.object.is_some() && kinds.len() != 1 {
            return Err(Error::invalid_field("kinds", "must name the one kind of the object"));
        }
        Ok(Self { before, after: asked.after.0, kinds, object: asked.object })
    }
}

/// The same error, as one about the request's field `kinds`.
fn in_kinds(error: &Error) -> Error {
    let message = error.fields().first().map_or_else(|| error.to_string(), |fault| fault.message.clone());
    Error::invalid_field("kinds", message)
}

/// Which comparisons are to be listed.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ComparisonsIn {
    /// Only those of which this snapshot is the earlier or the later side.
    #[garde(skip)]
    pub snapshot: Option<SnapshotId>,
    /// Only those in this state.
    #[garde(skip)]
    pub state: Option<JobState>,
    /// Only those that this person or token asked for, as `requestedBy` names them.
    #[garde(length(min = 1, max = 100))]
    pub requested_by: Option<String>,
    /// Only those that were asked for then or later.
    #[garde(skip)]
    pub since: Option<Timestamp>,
    /// Only those that were asked for before then.
    #[garde(skip)]
    pub until: Option<Timestamp>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl ComparisonsIn {
    /// Which comparisons are wanted.
    pub fn wanted(&self) -> WantedDiffs {
        WantedDiffs {
            side: self.snapshot.clone(),
            state: self.state,
            requested_by: self.requested_by.clone(),
            since: self.since,
            until: self.until,
        }
    }

    /// The page of that cursor and limit, as the engine wants it.
    pub fn page(self) -> Page {
        PageIn { cursor: self.cursor, limit: self.limit }.page()
    }
}

/// A comparison, without what differs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComparisonOut {
    /// The id of the comparison.
    id: DiffId,
    /// The earlier side, which is a snapshot.
    before: SnapshotId,
    /// The later side: a snapshot, or the live tenant.
    after: SideText,
    /// The names of the kinds that are compared; all kinds when none is named.
    kinds: Vec<NamedKind>,
    /// The key of the one object that is compared; null when it is not about one object.
    object: Option<String>,
    /// How far it is.
    state: JobState,
    /// When it was asked for.
    requested_at: Timestamp,
    /// Who asked for it: a person, or the beginning of a token; null where it follows a snapshot, and of older ones.
    requested_by: Option<String>,
    /// When it was done; null until it is.
    done_at: Option<Timestamp>,
    /// How many objects differ, once it is done.
    counts: DiffCounts,
    /// The same of each kind that has any, by the kind's name; empty where an older release made the comparison.
    counts_by_kind: BTreeMap<String, DiffCounts>,
    /// What was compared with an older snapshot than `before`, which does not hold it: in the comparison that follows each
    /// snapshot, so that what changed meanwhile is told.
    held_earlier: Vec<HeldEarlier>,
    /// What could not be compared, and why.
    not_compared: Vec<NotCovered>,
    /// Why it waits or has failed, for a person.
    error: Option<String>,
    /// Why it waits or has failed, for programs.
    cause: Option<Cause>,
    /// It is not worked on before: somebody asked to wait, or does not answer.
    waiting_until: Option<Timestamp>,
    /// Who said that all of it was expected, and why; null where nobody did.
    expected: Option<MarkOut>,
}

impl ComparisonOut {
    /// The same, with the mark on it as a whole.
    pub fn expected(self, mark: Option<Mark>) -> Self {
        Self { expected: mark.map(MarkOut::from), ..self }
    }
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
            requested_by: row.requested_by,
            done_at: row.done_at,
            counts: row.counts,
            counts_by_kind: row.by_kind,
            held_earlier: row.span.held_earlier,
            not_compared: row.not_compared,
            error: row.error,
            cause: row.course.cause(),
            waiting_until: row.course.held_up.and_then(|held| held.until),
            expected: None,
        }
    }
}
