//! A kind whose runs are all merged, as the manifest needs it.

use super::reader::KindReader;
use super::sorters::deleted;
use domain::stored::{MissingCause, RunRef};
use domain::{Error, ErrorReason, Result, Timestamp};
use engine::records::KindRuns;
use std::collections::BTreeMap;

impl KindReader<'_> {
    /// The kind, done. What it deleted for good is parked, for the links of other kinds.
    ///
    /// # Errors
    /// `Denied` for want of a licence, where that is why nothing is listed any more.
    pub(super) async fn finish(mut self) -> Result<KindRuns> {
        self.check_licence().await?;
        let deleted = self.sorters.take(&deleted(self.kind)).into_blocks().await?;
        let full_at = self.full_at();
        let seats_in_use = (!self.kind.seated_by.is_empty()).then(|| self.seats_in_use()).flatten();
        let (asked, expanded) = (self.asked(), self.expanded());
        let missing = self.missing();
        Ok(KindRuns {
            asked,
            expanded,
            runs: self.state.merging.runs,
            tokens: self.state.tokens,
            missing,
            full_at,
            seats_in_use,
            incremental: self.state.incremental,
            deleted,
        })
    }

    /// Checks that a kind of which nothing is listed any more has not only lost the licence that shows it. It is not
    /// documented whether Graph refuses then, or lists nothing.
    async fn check_licence(&self) -> Result<()> {
        let (kind, context) = (self.kind, self.context);
        let (Some(licence), Some(base)) = (kind.licence, context.base.as_deref()) else { return Ok(()) };
        let is_empty = |runs: &BTreeMap<String, RunRef>| runs.get(kind.run()).is_none_or(|r| r.records == 0);
        let was_unlicensed =
            base.missing.iter().any(|m| m.source == kind.run() && m.cause == MissingCause::Unlicensed);
        if !is_empty(&self.state.merging.runs) || is_empty(&base.runs) && !was_unlicensed {
            return Ok(());
        }
        let tenant = context.archive.tenant();
        if context.directory.has_licence(tenant, licence).await? == Some(false) {
            let why = format!("{}: the tenant has no licence of {} any more", kind.run(), licence.name);
            return Err(Error::denied(why).because(ErrorReason::Unlicensed));
        }
        Ok(())
    }

    /// When the objects, and each facet that is held, were last read completely: in this reading, or as the base says.
    fn full_at(&self) -> BTreeMap<String, Timestamp> {
        let state = &self.state;
        let facets = self.kind.reading.iter().skip(1).map(|source| source.name);
        let held = facets.filter(|name| state.merging.runs.contains_key(*name));
        let objects = std::iter::once((self.kind.run(), !state.incremental));
        let sources = objects.chain(held.map(|name| (name, state.facets.contains(name))));
        let before = |name: &str| self.context.base.as_deref().and_then(|b| b.full_at.get(name)).copied();
        let at = |name, is_complete| if is_complete { Some(state.started_at) } else { before(name) };
        sources.filter_map(|(name, is_complete)| Some((name.to_owned(), at(name, is_complete)?))).collect()
    }

    /// How many users take a seat: as many as in the base, with what changed since; or those that were read, where
    /// all were. None when the base does not say, or Graph does not know the properties.
    fn seats_in_use(&self) -> Option<u64> {
        if self.kind.seated_by.iter().any(|property| self.state.left_out.contains(*property)) {
            return None;
        }
        let seats = self.state.merging.seats;
        if self.state.incremental && self.base_run(self.kind.run()).is_some() {
            let base = self.context.base.as_deref()?.seats_in_use?;
            return (base + seats.after).checked_sub(seats.before);
        }
        Some(seats.after)
    }
}
