//! Marks on the wire: one that is to be made, and one as it is shown.

use backup::commands::marks::{MOST_NOTE, MOST_TICKET, NewMark, NewMarkOf};
use domain::kinds::{self, NamedKind};
use domain::{DiffId, Error, Result, SnapshotId, Timestamp};
use engine::ports::Page;
use engine::records::{Mark, MarkOf, MarkSort};
use garde::Validate;
use runtime::http::{MAX_CURSOR, PageIn};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A mark that is to be made. What it is on goes with its `type`: `object` with `breakGlass`, `snapshot` with `knownGood`,
/// `comparison` with `expected`.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarkIn {
    /// What is said of it.
    #[garde(skip)]
    #[serde(rename = "type")]
    sort: MarkSort,
    /// The id of the account that is kept for emergencies.
    #[garde(inner(length(min = 1, max = 512)))]
    object: Option<String>,
    /// The snapshot that is known to be good.
    #[garde(skip)]
    snapshot: Option<SnapshotId>,
    /// The comparison of which all changes were expected, or the one of `kind` and `key`.
    #[garde(skip)]
    comparison: Option<DiffId>,
    /// The kind of the object whose change was expected. It goes with `key`.
    #[garde(length(max = 100))]
    kind: Option<String>,
    /// The key of that object, as the change names it. It goes with `kind`.
    #[garde(inner(length(min = 1, max = 512)))]
    key: Option<String>,
    /// What others are to know of it, in one line. Of what was expected this or `ticket` is needed.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MOST_NOTE))]
    note: Option<String>,
    /// Where it is written down, such as the number of a ticket.
    #[garde(skip)]
    #[schemars(length(min = 1, max = MOST_TICKET))]
    ticket: Option<String>,
}

impl MarkIn {
    /// The mark, where it is on one thing.
    ///
    /// # Errors
    /// `Invalid`, naming the field that is wrong.
    pub fn checked(self) -> Result<NewMark> {
        let Self { sort, object, snapshot, comparison, kind, key, note, ticket } = self;
        let there = [
            ("object", object.is_some(), MarkSort::BreakGlass),
            ("snapshot", snapshot.is_some(), MarkSort::KnownGood),
            ("comparison", comparison.is_some(), MarkSort::Expected),
            ("kind", kind.is_some(), MarkSort::Expected),
            ("key", key.is_some(), MarkSort::Expected),
        ];
        if let Some((field, ..)) = there.iter().find(|(_, is_there, of)| *is_there && *of != sort) {
            return Err(Error::invalid_field(*field, "does not go with this type"));
        }
        let missing = |field: &str| Error::invalid_field(field, "is missing");
        let of = match sort {
            MarkSort::BreakGlass => NewMarkOf::BreakGlass(object.ok_or_else(|| missing("object"))?),
            MarkSort::KnownGood => NewMarkOf::KnownGood(snapshot.ok_or_else(|| missing("snapshot"))?),
            MarkSort::Expected => {
                let comparison = comparison.ok_or_else(|| missing("comparison"))?;
                let change = match (kind, key) {
                    (None, None) => None,
                    (Some(kind), Some(key)) => {
                        let known = kinds::find(&kind);
                        let known = known
                            .ok_or_else(|| Error::invalid_field("kind", "is no kind that is protected"))?;
                        Some((known, key))
                    }
                    (Some(_), None) => return Err(missing("key")),
                    (None, Some(_)) => return Err(missing("kind")),
                };
                NewMarkOf::Expected(comparison, change)
            }
        };
        Ok(NewMark { of, note, ticket })
    }
}

/// Which marks are to be listed.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MarksIn {
    /// Only marks of this type.
    #[garde(skip)]
    #[serde(rename = "type")]
    pub sort: Option<MarkSort>,
    /// Only those on this comparison and on its changes.
    #[garde(skip)]
    pub comparison: Option<DiffId>,
    /// The `next` of the part before; without it the list is read from its beginning.
    #[garde(ascii, length(max = MAX_CURSOR))]
    #[schemars(extend("pattern" = "^[ -~]*$"))]
    pub cursor: Option<String>,
    /// The most items that the part may have: 50 when nothing is said. It may have fewer though more follow.
    #[garde(range(min = 1, max = 200))]
    pub limit: Option<usize>,
}

impl MarksIn {
    /// The page of that cursor and limit, as the engine wants it.
    pub fn page(&self) -> Page {
        PageIn { cursor: self.cursor.clone(), limit: self.limit }.page()
    }
}

/// A mark. What it is on goes with its `type`.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkOut {
    /// The id of the mark, by which it is taken back.
    id: String,
    /// What is said of it.
    #[serde(rename = "type")]
    sort: MarkSort,
    /// The id of the account that is kept for emergencies; null of other types.
    object: Option<String>,
    /// The snapshot that is known to be good; null of other types.
    snapshot: Option<SnapshotId>,
    /// The comparison that was expected, or one of its changes; null of other types.
    comparison: Option<DiffId>,
    /// The kind of the object whose change was expected; null where it is on no single change.
    kind: Option<NamedKind>,
    /// The key of that object; null where it is on no single change.
    key: Option<String>,
    /// What whoever made it wants others to know; null where they said nothing.
    note: Option<String>,
    /// Where it is written down; null where they did not say.
    ticket: Option<String>,
    /// Who made it: a person's id, or the first characters of a token.
    by: String,
    /// When it was made.
    at: Timestamp,
}

impl From<Mark> for MarkOut {
    fn from(mark: Mark) -> Self {
        let (id, sort) = (mark.of.id(), mark.of.sort());
        let (mut object, mut snapshot, mut comparison, mut change) = (None, None, None, None);
        match mark.of {
            MarkOf::BreakGlass { object: id } => object = Some(id),
            MarkOf::KnownGood { snapshot: id } => snapshot = Some(id),
            MarkOf::Expected { comparison: id, change: of } => (comparison, change) = (Some(id), of),
        }
        let (kind, key) = change.map(|change| (change.kind, change.key)).unzip();
        let Mark { note, ticket, by, at, .. } = mark;
        Self { id, sort, object, snapshot, comparison, kind, key, note, ticket, by, at }
    }
}
