//! What a snapshot holds and what not, on the wire.

use domain::coverage::{Gap, GapCause, KindCover, Offered};
use domain::kinds::KindName;
use domain::stored::Manifest;
use domain::{SnapshotId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// A kind, or a part of one, that a snapshot does not hold.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GapOut {
    /// The kind (`users`), a property, facet or relation of it (`users.faxNumber`), a part that needs a permission of its
    /// own (`groups.hiddenMembers`), or one object (`users/ID`).
    part: String,
    /// Why it is not held, for programs.
    cause: GapCause,
    /// The application permissions of which any one would let it be read; empty where none would.
    permissions: Vec<String>,
    /// Why it is not held, for a person.
    why: String,
}

/// Properties or relations that no snapshot holds.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NeverOut {
    /// The names of the properties or relations.
    what: &'static str,
    /// Why they are not read, for a person.
    why: &'static str,
}

/// What a snapshot holds of one kind of objects.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KindCoverOut {
    /// The name of the kind, such as `users`.
    kind: KindName,
    /// Whether the snapshot holds its objects.
    held: bool,
    /// The newest earlier snapshot that holds them, where this one does not.
    held_in: Option<SnapshotId>,
    /// When all of its objects were last read anew; what changed since was read since.
    full_at: Option<Timestamp>,
    /// What this snapshot does not hold of it. It is unknown, and not empty.
    unread: Vec<GapOut>,
    /// What no snapshot holds of it.
    never: Vec<NeverOut>,
}

/// A permission that a customer may leave out.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OptionalOut {
    /// Its name at Microsoft, such as `Directory.Read.All`.
    permission: &'static str,
    /// Whether it is for the application that restores; otherwise for the one that takes snapshots.
    writes: bool,
    /// What it adds, for a person.
    adds: &'static str,
    /// Whether the snapshot was taken with it; null where that is not known.
    granted: Option<bool>,
}

/// What a snapshot holds and what not, kind by kind.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoverageOut {
    /// The id of the snapshot.
    snapshot: SnapshotId,
    /// Every kind that is supported.
    kinds: Vec<KindCoverOut>,
    /// Permissions on which nothing depends that is protected otherwise, and what each of them adds.
    optional: Vec<OptionalOut>,
}

impl From<&Manifest> for CoverageOut {
    fn from(manifest: &Manifest) -> Self {
        Self {
            snapshot: manifest.snapshot.clone(),
            kinds: domain::coverage::of(manifest).into_iter().map(KindCoverOut::from).collect(),
            optional: domain::coverage::offered(manifest).into_iter().map(OptionalOut::from).collect(),
        }
    }
}

impl From<KindCover> for KindCoverOut {
    fn from(cover: KindCover) -> Self {
        Self {
            kind: cover.kind,
            held: cover.held,
            held_in: cover.held_in,
            full_at: cover.full_at,
            unread: cover.gaps.into_iter().map(GapOut::from).collect(),
            never: cover.never.iter().map(|n| NeverOut { what: n.what, why: n.why }).collect(),
        }
    }
}

impl From<Gap> for GapOut {
    fn from(gap: Gap) -> Self {
        Self { part: gap.part, cause: gap.cause, permissions: gap.any_of, why: gap.why }
    }
}

impl From<Offered> for OptionalOut {
    fn from(offered: Offered) -> Self {
        let Offered { permission, granted } = offered;
        Self { permission: permission.permission, writes: permission.writes, adds: permission.adds, granted }
    }
}
