//! What a snapshot holds of each kind and what not, with the cause and the permission that would help: for whoever must know
//! what can be put back. Pure: a manifest in, a table out.
//!
//! What becomes of each property of the objects is in `property`.
//! Not here: why reading failed (`stored::missing`), and what one stored object lacks (`stored::known`).

mod property;

pub use property::{Limit, PropertyCover, Reach, Seen, besides, of_seen};

use crate::extensions;
use crate::kinds::{KINDS, Kind, KindName, Unread};
use crate::permissions::{OPTIONAL, Optional, is_granted};
use crate::stored::{EXTENSIONS, ExtensionsKnown, Manifest, Missing, MissingCause};
use crate::{SnapshotId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

/// Why a part of a kind, or the kind, is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapCause {
    /// A permission, or a directory role of the application, was missing.
    Denied,
    /// The tenant had no licence for it.
    Unlicensed,
    /// It was refused, and an older writer did not say whether a permission or a licence was missing.
    DeniedOrUnlicensed,
    /// This tenant's Graph does not know it.
    UnknownToGraph,
    /// What Graph answered could not be used: its pages led nowhere, or it called the request wrong.
    Refused,
    /// One object could not be read, though others of its kind could; it is held as it was before, if it was.
    Unreadable,
    /// Graph, or a service of ours, could not answer.
    Unavailable,
    /// More names than one request takes: this one was not asked for.
    TooMany,
    /// An optional permission was not granted; nothing that is protected otherwise depends on it.
    NotGranted,
    /// The program that took the snapshot did not ask for it.
    NotAsked,
    /// It was asked for, and it is not known whether the permission for it was there: what came empty is not believed.
    NotProven,
}

impl From<MissingCause> for GapCause {
    fn from(cause: MissingCause) -> Self {
        match cause {
            MissingCause::Denied => Self::Denied,
            MissingCause::Unlicensed => Self::Unlicensed,
            MissingCause::DeniedOrUnlicensed => Self::DeniedOrUnlicensed,
            MissingCause::UnknownToGraph => Self::UnknownToGraph,
            MissingCause::Unreadable => Self::Unreadable,
            MissingCause::TooMany => Self::TooMany,
            MissingCause::Endless | MissingCause::Invalid | MissingCause::NotFound => Self::Refused,
            MissingCause::Conflict
            | MissingCause::Stale
            | MissingCause::Throttled
            | MissingCause::Unavailable
            | MissingCause::Corrupt
            | MissingCause::Other => Self::Unavailable,
        }
    }
}

/// A part of a kind that a snapshot does not hold, or the kind as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The kind (`users`), a property, facet or relation of it (`users.faxNumber`), a part that needs a permission of its
    /// own (`groups.hiddenMembers`), or one object (`users/ID`).
    pub part: String,
    /// Why it is not held, for programs to decide by.
    pub cause: GapCause,
    /// Any one of these application permissions would let it be read; empty where that would not help.
    pub any_of: Vec<String>,
    /// Why, for a person.
    pub why: String,
}

/// What a snapshot holds of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindCover {
    /// The kind whose row this is.
    pub kind: KindName,
    /// Whether its objects are held.
    pub held: bool,
    /// The newest earlier snapshot that holds them, where this one does not and one is known.
    pub held_in: Option<SnapshotId>,
    /// When all of them were last read anew; since then what changed was.
    pub full_at: Option<Timestamp>,
    /// What of it is not held this time. Where it is not held at all, that alone.
    pub gaps: Vec<Gap>,
    /// What no snapshot holds.
    pub never: &'static [Unread],
}

/// A permission that nothing depends on, and whether it was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// What it is, and adds.
    pub permission: &'static Optional,
    /// Whether it was granted; none where the token did not say what it may do, and of the writing application, which
    /// takes no snapshot.
    pub granted: Option<bool>,
}

/// What a snapshot holds of every kind, in the order of the table of kinds.
pub fn of(manifest: &Manifest) -> Vec<KindCover> {
    KINDS.into_iter().map(|kind| cover(manifest, kind)).collect()
}

/// The optional permissions, as the snapshot was taken.
pub fn offered(manifest: &Manifest) -> Vec<Offered> {
    let is_known = !manifest.permissions.is_empty();
    let granted =
        |o: &Optional| (is_known && !o.writes).then(|| is_granted(&manifest.permissions, o.permission));
    OPTIONAL.iter().map(|o| Offered { permission: o, granted: granted(o) }).collect()
}

fn cover(manifest: &Manifest, kind: &'static Kind) -> KindCover {
    let held = manifest.runs.contains_key(kind.run());
    let said = |source: &str| manifest.missing.iter().find(|m| m.source == source);
    let gap = |part: &str| said(part).map_or_else(|| silent(kind, part), |missing| told(kind, missing));
    let gaps = if held {
        let facets = kind.facets().map(|f| kind.part(f)).filter(|run| !manifest.runs.contains_key(run));
        let mut parts = manifest.unknown_parts(kind);
        parts.extend(facets);
        // What a later writer names of the kind that this program has no part for is told all the same.
        let of_kind = format!("{}.", kind.run());
        parts.extend(manifest.missing.iter().map(|m| m.source.clone()).filter(|s| s.starts_with(&of_kind)));
        let objects = manifest.missing.iter().filter(|m| m.object().is_some_and(|(of, _)| of == kind.run()));
        parts.extend(objects.map(|m| m.source.clone()));
        parts.iter().map(|part| gap(part)).chain(of_extensions(manifest, kind)).collect()
    } else {
        vec![gap(kind.run())]
    };
    let held_in = manifest.held_in.as_ref().and_then(|held_in| held_in.get(kind.run())).cloned();
    let full_at = manifest.full_at.get(kind.run()).copied();
    KindCover { kind: kind.name, held, held_in, full_at, gaps, never: kind.unread }
}

/// What is not known of the directory extensions of a kind, besides what the manifest names; none where all are known.
fn of_extensions(manifest: &Manifest, kind: &Kind) -> Option<Gap> {
    let (cause, why) = match (kind.extended_as?, manifest.extensions_known) {
        (_, Some(ExtensionsKnown::All)) => return None,
        (_, Some(ExtensionsKnown::NotGranted)) => (
            GapCause::NotGranted,
            "which directory extensions there are may not be asked without this permission",
        ),
        (_, Some(ExtensionsKnown::NotAnswered | ExtensionsKnown::Other)) => {
            (GapCause::Unavailable, "Graph did not say which directory extensions there are")
        }
        (_, None) => (GapCause::NotAsked, "the program that took the snapshot did not ask for them"),
    };
    let helps = cause == GapCause::NotGranted;
    let any_of = helps.then(|| extensions::PERMISSION.to_owned()).into_iter().collect();
    Some(Gap { part: kind.part(EXTENSIONS), cause, any_of, why: why.to_owned() })
}

/// What the manifest says is missing.
fn told(kind: &Kind, missing: &Missing) -> Gap {
    let cause = GapCause::from(missing.cause);
    let helps = matches!(cause, GapCause::Denied | GapCause::DeniedOrUnlicensed);
    // Why from the table too: older writers did not say which permission.
    let any_of = match (helps, missing.any_of.is_empty()) {
        (false, _) => Vec::new(),
        (true, false) => missing.any_of.clone(),
        (true, true) => permissions(kind, &missing.source),
    };
    Gap { part: missing.source.clone(), cause, any_of, why: missing.why.clone() }
}

/// What the manifest does not hold and says nothing of.
fn silent(kind: &Kind, part: &str) -> Gap {
    let guarded = kind.guarded.iter().any(|g| g.name == part);
    let (cause, any_of, why) = if guarded {
        let why =
            "it is not known whether the permission for it was granted, so what came empty is not believed";
        (GapCause::NotProven, permissions(kind, part), why)
    } else {
        (GapCause::NotAsked, Vec::new(), "the program that took the snapshot did not ask for it")
    };
    Gap { part: part.to_owned(), cause, any_of, why: why.to_owned() }
}

/// The permissions of which any one lets a kind, or that part of it, be read.
fn permissions(kind: &Kind, part: &str) -> Vec<String> {
    let guarded = kind.guarded.iter().find(|g| g.name == part).map(|g| g.permissions);
    let facet = || kind.reading.iter().skip(1).find(|s| s.name == part).map(|s| s.permissions);
    let of = guarded.or_else(facet).unwrap_or(kind.read_permissions);
    of.iter().map(|p| (*p).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn manifest(more: &Value) -> Manifest {
        let run =
            json!({ "index": "0".repeat(64), "cutBits": 8, "records": 0, "leaves": 0, "plainBytes": 0 });
        let mut all = json!({
            "format": 2, "snapshot": "snp_01jzzzzzzzzzzzzzzzzzzzzzzz",
            "tenant": "7e000000-0000-4000-8000-000000000001", "base": null,
            "startedAt": "2026-01-01T00:00:00Z", "sealedAt": "2026-01-01T00:00:00Z",
            "runs": { "users": run, "users.manager": run, "groups": run, "groups.members": run, "groups.owners": run },
            "tokens": {}, "missing": [], "fullAt": { "users": "2026-01-01T00:00:00Z" }, "requests": 0,
            "resourceUnits": 0, "throttled": 0, "storedBlobs": 0, "storedBytes": 0
        });
        all.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        Manifest::from_bytes(all.to_string().as_bytes()).unwrap()
    }

    fn gaps(manifest: &Manifest, kind: &str) -> Vec<(String, GapCause, Vec<String>)> {
        let found = of(manifest).into_iter().find(|c| c.kind.to_string() == kind).unwrap();
        found.gaps.into_iter().map(|g| (g.part, g.cause, g.any_of)).collect()
    }

    #[test]
    fn each_gap_names_its_cause_and_the_permission_that_would_help_also_of_a_writer_that_did_not() {
        let missing = json!([
            { "source": "users.customSecurityAttributes", "cause": "denied", "why": "no" },
            { "source": "users.faxNumber", "cause": "unknown", "why": "no" },
            { "source": "users/u1", "cause": "unreadable", "why": "no" },
            { "source": "admins", "cause": "unavailable", "why": "no" },
        ]);
        let manifest = manifest(&json!({
            "permissions": ["User.Read.All", "User-LifeCycleInfo.Read.All"], "missing": missing,
            "heldIn": { "admins": "snp_01jaaaaaaaaaaaaaaaaaaaaaaa" }
        }));
        let attributes: Vec<String> =
            ["CustomSecAttributeAssignment.Read.All", "CustomSecAttributeAssignment.ReadWrite.All"]
                .map(str::to_owned)
                .into();
        assert_eq!(
            gaps(&manifest, "users"),
            [
                ("users.customSecurityAttributes".to_owned(), GapCause::Denied, attributes),
                ("users.faxNumber".to_owned(), GapCause::UnknownToGraph, vec![]),
                ("users/u1".to_owned(), GapCause::Unreadable, vec![]),
                ("users.extensions".to_owned(), GapCause::NotAsked, vec![]),
            ]
        );
        let hidden = vec!["Member.Read.Hidden".to_owned()];
        assert_eq!(
            gaps(&manifest, "groups"),
            [
                ("groups.hiddenMembers".to_owned(), GapCause::NotProven, hidden),
                ("groups.extensions".to_owned(), GapCause::NotAsked, vec![]),
            ]
        );
        assert_eq!(gaps(&manifest, "admins"), [("admins".to_owned(), GapCause::Unavailable, vec![])]);
        assert_eq!(gaps(&manifest, "roles"), [("roles".to_owned(), GapCause::NotAsked, vec![])]);
        let admins = of(&manifest).into_iter().find(|c| c.kind.to_string() == "admins").unwrap();
        assert!(!admins.held && admins.held_in.is_some() && admins.full_at.is_none());
    }

    #[test]
    fn what_is_not_known_of_directory_extensions_is_a_gap_with_the_permission_where_that_would_help() {
        let of =
            |more: Value| gaps(&manifest(&more), "users").into_iter().find(|(p, ..)| p == "users.extensions");
        let gap = |cause, any_of: &[&str]| {
            let any_of = any_of.iter().map(|p| (*p).to_owned()).collect();
            Some(("users.extensions".to_owned(), cause, any_of))
        };
        assert_eq!(of(json!({ "extensionsKnown": "all" })), None);
        assert_eq!(
            of(json!({ "extensionsKnown": "not-granted" })),
            gap(GapCause::NotGranted, &["Directory.Read.All"])
        );
        assert_eq!(of(json!({ "extensionsKnown": "not-answered" })), gap(GapCause::Unavailable, &[]));
        assert_eq!(of(json!({ "extensionsKnown": "someday" })), gap(GapCause::Unavailable, &[]));
        assert_eq!(of(json!({})), gap(GapCause::NotAsked, &[]));
        let missing = json!([{ "source": "users.extension_a_b", "cause": "too-many", "why": "no" }]);
        let named = gaps(&manifest(&json!({ "extensionsKnown": "all", "missing": missing })), "users");
        assert!(named.contains(&("users.extension_a_b".to_owned(), GapCause::TooMany, vec![])), "{named:?}");
    }

    #[test]
    fn whether_an_optional_permission_was_granted_is_not_known_of_a_token_that_does_not_say() {
        assert!(offered(&manifest(&json!({}))).iter().all(|o| o.granted.is_none()));
        let said = offered(&manifest(&json!({ "permissions": ["Directory.Read.All"] })));
        let granted: Vec<&str> =
            said.iter().filter(|o| o.granted == Some(true)).map(|o| o.permission.permission).collect();
        assert_eq!(granted, ["Directory.Read.All"]);
    }
}
