//! What an answer is about: which snapshot, as of when, which kinds, and what of them the snapshot does not hold.

use crate::archive::SnapshotView;
use domain::filter::Derived;
use domain::kinds::{KINDS, Kind, KindName};
use domain::stored::Manifest;
use domain::{Result, SnapshotId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a search is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Searched {
    /// The snapshot that is searched.
    pub snapshot: SnapshotId,
    /// When reading it began, in RFC 3339: what was so by then is in it.
    pub as_of: Timestamp,
    /// The kinds that it holds, of those that are asked for.
    pub kinds: Vec<KindName>,
    /// What is asked for and it does not hold: whole kinds, and of kinds that it holds single objects and the properties that
    /// are asked about. Nothing is said of these. With what follows from memberships and grants also single groups and assignments
    /// that could not be read; and of kinds of which everything is kept a property that no object looked at for this part has,
    /// which may be a slip.
    pub not_held: Vec<NotHeld>,
}

/// What a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotHeld {
    /// The name of the kind, such as `users`.
    pub kind: KindName,
    /// Of a kind that is held: the name of a property, or the id of a single object, which is not, or is as an earlier snapshot
    /// had it. Null where it is the whole kind.
    pub part: Option<String>,
    /// Why, for a person; null where the snapshot does not say, as when it is older than the kind.
    pub why: Option<String>,
}

impl Searched {
    /// About the one kind, or about all; `properties` are those of a kind that are asked about.
    ///
    /// # Errors
    /// `NotFound` when the snapshot does not hold the one kind.
    pub(super) fn of(
        view: &SnapshotView,
        kind: Option<&'static Kind>,
        properties: impl Fn(&'static Kind) -> Vec<String>,
    ) -> Result<Self> {
        if let Some(kind) = kind {
            view.run(kind.run())?;
        }
        let manifest = view.manifest();
        let asked = KINDS.iter().copied().filter(|k| kind.is_none_or(|kind| kind.name == k.name));
        let (held, missing): (Vec<_>, Vec<_>) = asked.partition(|k| view.covers(k));
        let mut not_held: Vec<_> = missing
            .into_iter()
            .map(|k| NotHeld { kind: k.name, part: None, why: why_not(manifest, k) })
            .collect();
        for kind in &held {
            let parts = parts_not_held(manifest, kind, &properties(kind));
            not_held.extend(parts.into_iter().map(|(part, why)| NotHeld {
                kind: kind.name,
                part: Some(part),
                why,
            }));
            not_held.extend(sources_not_held(manifest, kind, &properties(kind)));
        }
        Ok(Self {
            snapshot: manifest.snapshot.clone(),
            as_of: manifest.started_at,
            kinds: held.into_iter().map(|k| k.name).collect(),
            not_held,
        })
    }
}

impl Searched {
    /// Names properties that none of the objects has that were looked at for this part: whoever mistyped a name sees it.
    pub(super) fn name_unseen(&mut self, kind: &Kind, properties: &[&str]) {
        for property in properties {
            let is_it = |held: &NotHeld| held.kind == kind.name && held.part.as_deref() == Some(*property);
            if !self.not_held.iter().any(is_it) {
                let why = "no object that was looked at for this part has a property of this name".to_owned();
                self.not_held.push(NotHeld {
                    kind: kind.name,
                    part: Some((*property).to_owned()),
                    why: Some(why),
                });
            }
        }
    }
}

/// Why a kind is not held, where the manifest says it.
fn why_not(manifest: &Manifest, kind: &Kind) -> Option<String> {
    let of_kind = |source: &str| source.split('.').next() == Some(kind.run());
    manifest.missing.iter().find(|m| of_kind(&m.source)).map(|m| m.why.clone())
}

/// Single objects of other kinds that could not be read, and from which follows what is asked about a kind: who is in a group
/// that is as an earlier snapshot had it, or is not there at all.
fn sources_not_held(manifest: &Manifest, kind: &Kind, properties: &[String]) -> Vec<NotHeld> {
    let derived = properties.iter().filter_map(|property| Derived::find(kind, property));
    let sources: BTreeSet<KindName> = derived
        .flat_map(Derived::sources)
        .map(|source| source.name)
        .filter(|name| *name != kind.name)
        .collect();
    let of_sources = manifest.missing.iter().filter_map(|missing| {
        let (of, id) = missing.object()?;
        let kind = *sources.iter().find(|name| name.row().is_ok_and(|row| row.run() == of))?;
        Some(NotHeld { kind, part: Some(id.to_owned()), why: Some(missing.why.clone()) })
    });
    of_sources.collect()
}

/// What is not held of a kind that is: single objects, and those of the properties. Each with the reason that is known.
fn parts_not_held(
    manifest: &Manifest,
    kind: &Kind,
    properties: &[String],
) -> BTreeMap<String, Option<String>> {
    let objects = manifest.missing.iter().filter_map(|m| {
        let id = m.source.strip_prefix(kind.run())?.strip_prefix('/')?;
        Some((id.to_owned(), Some(m.why.clone())))
    });
    let mut parts: BTreeMap<_, _> = objects.collect();
    let unknown = manifest.unknown_parts(kind);
    for property in properties {
        let name = kind.part(property);
        let said = manifest.said_of(&name);
        let is_held = if let Some(derived) = Derived::find(kind, property) {
            derived.is_held(manifest)
        } else if kind.facets().any(|facet| facet == property) {
            manifest.runs.contains_key(&name)
        } else if kind.is_extension(property) {
            manifest.extensions_of(kind).contains(property)
        } else {
            !unknown.contains(&name)
        };
        if said.is_some() || !is_held {
            let said = said.or_else(|| manifest.said_of_extension(kind, property).filter(|_| !is_held));
            parts.insert(property.clone(), said.map(|m| m.why.clone()));
        }
    }
    parts
}
