//! Whose entries are looked for, and what is found.

use super::entry::Logged;
use domain::SnapshotId;
use domain::stored::{LogEntry, LogRef, RunRef};
use schemars::JsonSchema;
use serde::Serialize;

/// Whose records of a run are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The one with this key.
    Record(String),
    /// The links whose key begins with this.
    From(String),
    /// The links to what this says, by the key under which they are found from there.
    To(String),
}

/// Records of one run whose entries are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    /// The run.
    pub(crate) logged: Logged,
    /// Whose records.
    pub(crate) whose: Whose,
}

impl Track {
    /// What the keys of their entries begin with.
    pub(super) fn prefix(&self) -> Vec<u8> {
        match &self.whose {
            Whose::Record(key) => [key.as_bytes(), b"\0"].concat(),
            Whose::From(prefix) | Whose::To(prefix) => prefix.clone().into_bytes(),
        }
    }

    /// The log in which they are.
    pub(super) fn log<'a>(&self, log: &'a LogRef) -> Option<&'a RunRef> {
        if matches!(self.whose, Whose::To(_)) { log.second.as_ref() } else { log.run.as_ref() }
    }
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The number of its track.
    pub(crate) track: usize,
    /// The record's key; of links to something by the far end.
    pub(crate) record: String,
    /// The snapshot in which it became that.
    pub(crate) snapshot: SnapshotId,
    /// What became of it, since which snapshot.
    pub(crate) logged: LogEntry,
}

/// A span in which no snapshot held a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The name of the run: a kind, a part of one, or a link type.
    pub source: String,
    /// The last snapshot that held it before.
    pub after: SnapshotId,
    /// The first snapshot that held it again, in which all is told that changed since; absent where none did yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<SnapshotId>,
}
