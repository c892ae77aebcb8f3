//! What an answer is about: which snapshot, as of when, which kinds, and what of them the snapshot does not hold.

use crate::archive::SnapshotView;
use domain::filter::{Derived, Filter, Unmet, memberships};
use domain::kinds::{KINDS, Kind, KindName};
use domain::stored::{Manifest, Missing};
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
    /// are asked about. Nothing is said of these. With what follows from memberships and grants also what of groups, assignments
    /// and roles could not be read; and paths of a filter that met nothing which it can be about in any object that was looked at
    /// so far: no such name, another type, a collection without `any`. These may be slips.
    pub not_held: Vec<NotHeld>,
}

/// What a snapshot does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotHeld {
    /// The name of the kind, such as `users`.
    pub kind: KindName,
    /// Of a kind that is held: the name of a property, the path of a filter, a relation, or the id of a single object, which is
    /// not, or is as an earlier snapshot had it. Null where it is the whole kind.
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
    /// Names paths of a filter that met nothing which it can be about: whoever mistyped a name sees it.
    pub(super) fn name_unmet<'f>(&mut self, kind: &Kind, paths: impl Iterator<Item = (&'f str, Unmet)>) {
        for (path, unmet) in paths {
            let why = match unmet {
                Unmet::Absent => "no object that was looked at so far has a property of this name",
                Unmet::OtherType => {
                    "no object that was looked at so far has a value here of the type that it is compared with"
                }
                Unmet::NoCollection => {
                    "no object that was looked at so far has a collection here: ask without any"
                }
                Unmet::Collection => "there is a collection here: ask about its items by any",
            };
            self.name(kind, Some(path), Some(why));
        }
    }

    /// Names what is not held of other kinds from which follows what a filter asks about, such as who is in a group that is as an
    /// earlier snapshot had it, and of the kinds of which objects hide their members.
    pub(super) fn name_sources(
        &mut self,
        view: &SnapshotView,
        kind: &Kind,
        filter: &Filter,
        hiding: &BTreeSet<KindName>,
    ) {
        let manifest = view.manifest();
        for source in KINDS.iter().filter(|source| filter.sources().contains(&source.name)) {
            if !view.covers(source) && !view.is_unlicensed(source) {
                self.name(source, None, why_not(manifest, source).as_deref());
            }
            for missing in &manifest.missing {
                let object =
                    missing.object().filter(|(of, _)| *of == source.run() && source.name != kind.name);
                if let Some((_, id)) = object {
                    self.name(source, Some(id), Some(&missing.why));
                }
            }
            for link in memberships().filter(|link| link.from == source.name && view.covers(source)) {
                if !manifest.runs.contains_key(link.name) {
                    self.name(
                        source,
                        Some(link.relation),
                        manifest.said_of(link.name).map(|m| m.why.as_str()),
                    );
                }
                for part in source.guarded.iter().filter(|part| part.part == link.relation) {
                    if hiding.contains(&source.name) {
                        let name = part.name.split_once('.').map_or(part.name, |(_, name)| name);
                        self.name(source, Some(name), manifest.said_of(part.name).map(|m| m.why.as_str()));
                    }
                }
            }
        }
    }

    /// Names it, once.
    fn name(&mut self, kind: &Kind, part: Option<&str>, why: Option<&str>) {
        if !self.not_held.iter().any(|held| held.kind == kind.name && held.part.as_deref() == part) {
            let (part, why) = (part.map(str::to_owned), why.map(str::to_owned));
            self.not_held.push(NotHeld { kind: kind.name, part, why });
        }
    }
}

/// Why a kind is not held, where the manifest says it.
fn why_not(manifest: &Manifest, kind: &Kind) -> Option<String> {
    let of_part = |m: &&Missing| m.source.split('.').next() == Some(kind.run());
    // Why the kind itself first: of a part something else may be said.
    let said = manifest.said_of(kind.run()).or_else(|| manifest.missing.iter().find(of_part));
    said.map(|m| m.why.clone())
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
