//! What was asked for, and what of a kind that is held could not be read.

use super::missing;
use super::reader::KindReader;
use domain::kinds::{Guarded, Source};
use domain::stored::Missing;
use std::collections::{BTreeMap, BTreeSet};

impl KindReader<'_> {
    /// Properties that were not asked for though the kind's row names them: this Graph does not know them, or the
    /// token may not read them.
    pub(super) fn left_out(&self) -> BTreeSet<String> {
        let withheld = self.kind.withheld(&self.context.permissions).map(str::to_owned);
        self.state.left_out.iter().cloned().chain(withheld).collect()
    }

    /// The properties that were asked for, by source.
    pub(super) fn asked(&self) -> BTreeMap<String, Vec<String>> {
        let left_out = self.left_out();
        let is_held = |name: &str| name == self.kind.run() || self.state.merging.runs.contains_key(name);
        let sources = self.kind.reading.iter().filter(|source| is_held(source.name));
        let extensions = self.context.extensions(self.kind);
        let of = |source: &'static Source| {
            let extensions = if source == self.main_source() { extensions } else { &[] };
            let all = source.select.iter().copied().chain(extensions.iter().map(String::as_str));
            all.filter(|p| !left_out.contains(*p)).map(str::to_owned).collect()
        };
        sources.map(|source| (source.name.to_owned(), of(source))).collect()
    }

    /// The relations that the objects were asked to be given with, by source. Only of lists: a delta takes none, and what
    /// everything is read with beside a delta are links, which have runs of their own.
    pub(super) fn expanded(&self) -> BTreeMap<String, Vec<String>> {
        let lists = self.kind.reading.iter().filter(|source| !source.is_delta() && !source.expand.is_empty());
        let left_out = self.left_out();
        let of =
            |s: &'static Source| s.expands().filter(|r| !left_out.contains(*r)).map(str::to_owned).collect();
        lists.map(|s| (s.name.to_owned(), of(s))).collect()
    }

    /// The parts of the kind that could not be read, though the kind could.
    pub(super) fn missing(&self) -> Vec<Missing> {
        let mut all = self.state.missing.clone();
        let left_out = self.left_out();
        let is_withheld =
            |g: &&Guarded| g.is_withheld(&self.context.permissions) || left_out.contains(g.part);
        let denied: Vec<&Guarded> = self.kind.guarded.iter().filter(is_withheld).collect();
        // What no permission guards and was left out all the same, this Graph does not know.
        let unknown = left_out.iter().filter(|property| denied.iter().all(|g| g.part != **property));
        all.extend(unknown.map(|property| missing::unknown(self.kind, property)));
        all.extend(denied.into_iter().map(|guarded| missing::denied(guarded.name, guarded.permissions)));
        all
    }
}
