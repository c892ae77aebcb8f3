//! What a snapshot holds and what not, on the wire.

use backup::commands::coverage::SeenProperties;
use domain::coverage::{Gap, GapCause, KindCover, Limit, Offered, PropertyCover, Reach};
use domain::kinds::KindName;
use domain::stored::Manifest;
use domain::{SnapshotId, Timestamp};
use garde::Validate;
use runtime::http::MAX_CURSOR;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Which part of the properties of a kind is asked for.
#[derive(Deserialize, Validate, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PropertiesIn {
    /// The `next` of the part before, of the same snapshot and kind.
    #[garde(length(max = MAX_CURSOR))]
    pub cursor: Option<String>,
}

/// What becomes of a property, or a relation, of the objects of a kind.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PropertyCoverOut {
    /// Its name at Microsoft, at the top of the object.
    property: String,
    /// Whether it leads to other objects and is kept as links, such as `members`.
    is_relation: bool,
    /// How many of the objects that were looked at for this part have a value; of a relation, and of what is read apart from the
    /// objects, how many there are in all, in the first part alone.
    count: u64,
    /// How far it is covered: `restorable` is also compared, and `comparable` also captured.
    reach: Reach,
    /// Why it is covered no further; null where it is put back, or is not captured.
    limit: Option<Limit>,
    /// Why it is not known of all objects; null where it is.
    gap: Option<GapCause>,
}

/// The properties that were seen in a part of the objects of a kind, each in one line. The counts of the parts add up.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PropertiesOut {
    /// How many objects were looked at for this part.
    objects: u64,
    /// The properties by name. In the first part the relations of the kind follow, and what of it the snapshot does not hold.
    items: Vec<PropertyCoverOut>,
    /// Where to go on with the other objects; none when all were looked at. Opaque.
    next: Option<String>,
}

impl From<SeenProperties> for PropertiesOut {
    fn from(seen: SeenProperties) -> Self {
        let items = seen.items.into_iter().map(PropertyCoverOut::from).collect();
        Self { objects: seen.objects, items, next: seen.next }
    }
}

impl From<PropertyCover> for PropertyCoverOut {
    fn from(cover: PropertyCover) -> Self {
        let PropertyCover { property, is_relation, count, reach, limit, gap } = cover;
        Self { property, is_relation, count, reach, limit, gap }
    }
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
