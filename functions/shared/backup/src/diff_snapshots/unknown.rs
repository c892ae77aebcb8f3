//! What one side of a comparison does not know is not a change, and is named.

use crate::archive::SnapshotView;
use domain::changes::AttributeChange;
use domain::kinds::Kind;
use domain::stored::ExtensionsKnown;
use engine::records::NotCovered;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Removes from both sides what one of them does not know.
pub(super) fn forget(
    attributes: &mut Vec<AttributeChange>,
    kind: &Kind,
    sides: [(&SnapshotView, &Map<String, Value>); 2],
) {
    attributes.retain(|a| !sides.iter().any(|(view, o)| view.manifest().is_unknown(kind, &a.property, o)));
}

/// The directory extensions of which one of the two sides knows the values and the other does not: one line each, and no
/// change of every object.
fn extensions(kind: &Kind, [before, after]: [&SnapshotView; 2]) -> Vec<NotCovered> {
    let (before, after) = (before.manifest(), after.manifest());
    let (then, now) = (before.extensions_of(kind), after.extensions_of(kind));
    let line = |name: &String| {
        let source = kind.part(name);
        let (without, cause, why) = if now.contains(name) {
            (before, "came-everywhere", "the tenant has this directory extension since then")
        } else {
            (
                after,
                "gone-everywhere",
                "the tenant no longer has this directory extension, and no values of it",
            )
        };
        let said = without.said_of_extension(kind, name).map(|missing| missing.why.as_str());
        let (cause, why) = match said {
            None if without.extensions_known == Some(ExtensionsKnown::All) => (cause, why),
            None => ("not-read", "one of the two did not ask for it"),
            Some(why) => ("not-read", why),
        };
        NotCovered { source, cause: cause.to_owned(), why: why.to_owned() }
    };
    then.symmetric_difference(&now).map(line).collect()
}

/// The parts of a kind that one of the two sides does not know, of a kind that both hold.
pub(super) fn parts(kind: &Kind, sides: [&SnapshotView; 2]) -> Vec<NotCovered> {
    let names: BTreeSet<String> = sides.iter().flat_map(|view| view.manifest().unknown_parts(kind)).collect();
    let part = |source: String| {
        let said = sides.iter().find_map(|v| v.manifest().missing.iter().find(|m| m.source == source));
        let why = said.map_or("one of the two did not ask for it", |m| m.why.as_str()).to_owned();
        NotCovered { source, cause: "not-read".to_owned(), why }
    };
    names.into_iter().map(part).chain(extensions(kind, sides)).collect()
}
