//! The completion list on the wire.

use domain::kinds::NamedKind;
use domain::{SnapshotId, Timestamp};
use restore::completion::{Completion, Duty, Owner, Seen, ToDo};
use schemars::JsonSchema;
use serde::Serialize;

/// What people must still do after a restore, a part of the list.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompletionOut {
    /// What is left to do, in the order of the restore's steps; what was impossible comes first.
    items: Vec<DutyOut>,
    /// The snapshot by which it was looked for whether it is done; null where none was taken since the restore.
    snapshot: Option<SnapshotId>,
    /// When that snapshot was asked for; null where none was taken since the restore.
    seen_at: Option<Timestamp>,
    /// The `cursor` of the next part; null at the end.
    next: Option<String>,
}

impl From<Completion> for CompletionOut {
    fn from(completion: Completion) -> Self {
        Self {
            items: completion.duties.into_iter().map(Into::into).collect(),
            snapshot: completion.snapshot,
            seen_at: completion.seen_at,
            next: completion.next,
        }
    }
}

/// Something that somebody must still do.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DutyOut {
    /// What has to be done.
    to_do: ToDo,
    /// The role of whoever has to do it, not a person's name.
    owner: Owner,
    /// Whether it is done, as far as a snapshot can show it.
    state: Seen,
    /// The name of the object's kind, such as `users`.
    kind: NamedKind,
    /// The object's key in the snapshot that was restored from.
    key: String,
    /// The id of the object: the new one of an object that was created again.
    id: String,
    /// The object's name; null where it has none.
    name: Option<String>,
    /// Which part of the object: a property, a link with what it leads to (`groups.members/<id>`), `object`.
    what: String,
}

impl From<Duty> for DutyOut {
    fn from(duty: Duty) -> Self {
        Self {
            to_do: duty.to_do,
            owner: duty.owner,
            state: duty.state,
            kind: duty.kind,
            key: duty.key,
            id: duty.id,
            name: duty.name,
            what: duty.what,
        }
    }
}
