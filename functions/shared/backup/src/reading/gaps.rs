//! What was asked for, and what of a kind that is held could not be read.

use super::Reading;
use super::begin::not_granted;
use super::progress::KindReading;
use domain::kinds::{Guarded, Kind};
use domain::stored::Missing;
use std::collections::{BTreeMap, BTreeSet};

/// Properties that were not asked for though the row names them: this Graph does not know them, or the token may not
/// read them.
pub(super) fn left_out(reading: &Reading, kind: &Kind, state: &KindReading) -> BTreeSet<String> {
    let withheld = kind.withheld(&reading.permissions).map(str::to_owned);
    state.left_out.iter().cloned().chain(withheld).collect()
}

/// What was asked for, by source.
pub(super) fn asked(reading: &Reading, kind: &Kind, state: &KindReading) -> BTreeMap<String, Vec<String>> {
    let left_out = left_out(reading, kind, state);
    let is_held = |name: &str| name == kind.run() || state.merging.runs.contains_key(name);
    let sources = kind.reading.iter().filter(|source| is_held(source.name));
    let of = |select: &[&str]| {
        select.iter().filter(|p| !left_out.contains(**p)).map(|p| (*p).to_owned()).collect()
    };
    sources.map(|source| (source.name.to_owned(), of(source.select))).collect()
}

/// What of a kind that could be read could not.
pub(super) fn missing(reading: &Reading, kind: &Kind, state: &KindReading) -> Vec<Missing> {
    let mut missing = state.missing.clone();
    let left_out = left_out(reading, kind, state);
    let is_withheld = |g: &&Guarded| g.is_withheld(&reading.permissions) || left_out.contains(g.part);
    let denied: Vec<&Guarded> = kind.guarded.iter().filter(is_withheld).collect();
    let unknown = left_out.iter().filter(|property| denied.iter().all(|g| g.part != **property));
    missing.extend(unknown.map(|property| Missing {
        source: format!("{}.{property}", kind.name),
        cause: "unknown".to_owned(),
        why: "this tenant's Graph does not know the property".to_owned(),
        any_of: Vec::new(),
    }));
    missing.extend(denied.into_iter().map(|guarded| Missing {
        source: guarded.name.to_owned(),
        cause: "denied".to_owned(),
        why: not_granted(guarded.permissions),
        any_of: guarded.permissions.iter().map(|p| (*p).to_owned()).collect(),
    }));
    missing
}
