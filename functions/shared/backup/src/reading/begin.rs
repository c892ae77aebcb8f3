//! How a kind begins: from the base where that is right, else with everything; and which of its facets are read
//! completely.

use super::context::Context;
use super::missing;
use super::unreadable;
use domain::Timestamp;
use domain::kinds::{FullReading, KINDS, Kind, Read, Source};
use domain::stored::Manifest;
use engine::records::{KindReading, KindState};
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Delta links live seven days; one that is older than this is not relied on.
const TOKEN_DAYS: i64 = 6;
/// Microsoft's own recovery leaves no delta records: everything of each kind is read at least this often.
const FULL_EVERY_DAYS: i64 = 7;
/// A facet of at most this many pages is listed for each snapshot: what a page an hour comes to in a day. A larger one
/// is listed no more often than comes to a page an hour.
const FEW_PAGES: i64 = 24;
/// How many objects are on a page of a list.
const PAGE: u64 = 999;

/// Whether everything can be read in another way than by the delta's first round.
pub(super) fn has_other_way(kind: &Kind) -> bool {
    matches!(kind.reading[0].read, Read::Delta(FullReading::ByList { .. } | FullReading::ByChunks { .. }))
}

/// The properties that the base's token does not ask for, though the row or the tenant's extensions name them.
fn left_out_of(base: &Manifest, kind: &Kind, extensions: &[String]) -> BTreeSet<String> {
    let is_missing = |p: &&str| base.said_of(&kind.part(p)).is_some();
    let of_row = kind.selected().filter(is_missing).map(str::to_owned);
    of_row.chain(extensions.iter().filter(|p| is_missing(&p.as_str())).cloned()).collect()
}

impl Context {
    /// A kind at its beginning; missing at once where no permission for it is granted.
    pub(super) fn begin(&self, kind: &'static Kind) -> KindState {
        if !self.permissions.is_empty() && !self.has_any(kind.read_permissions) {
            return KindState::Missing(missing::denied(kind.run(), kind.read_permissions));
        }
        let now = self.clock.now();
        let mut reading = match self.base.as_deref().filter(|base| self.can_build_on(base, kind)) {
            Some(base) => {
                let token = base.tokens.get(kind.reading[0].name).map(|t| t.link.clone()).unwrap_or_default();
                // Why: a token keeps the question of its first round; what that left out, the token leaves out too.
                let left_out = left_out_of(base, kind, self.extensions(kind));
                let missing = unreadable::named_by(base, kind);
                KindReading { left_out, missing, ..KindReading::of_changes(now, token) }
            }
            None => KindReading::of_everything(now),
        };
        if reading.incremental {
            self.choose_facets(kind, &mut reading);
        }
        KindState::Reading(Box::new(reading))
    }

    /// Decides which facets are read completely, by a source of their own or with the objects.
    pub(super) fn choose_facets(&self, kind: &'static Kind, reading: &mut KindReading) {
        for source in kind.reading.iter().skip(1) {
            if !self.permissions.is_empty() && !self.may_read(source) {
                reading.missing.push(missing::denied(source.name, source.permissions));
            } else if !reading.incremental || self.is_facet_due(kind, source) {
                reading.facets.insert(source.name.to_owned());
            }
        }
    }

    /// Whether the base has a token for the same question that is still good, and everything was read not long ago.
    fn can_build_on(&self, base: &Manifest, kind: &Kind) -> bool {
        let main = &kind.reading[0];
        let as_before = base.permissions.is_empty()
            || self.permissions.is_empty()
            || base.permissions.as_slice() == &*self.permissions;
        !self.reads_everything
            && main.is_delta()
            && as_before
            && base.runs.contains_key(kind.run())
            && base.tokens.get(main.name).is_some_and(|t| {
                let asked = [false, true].iter().any(|apart| t.asked == self.asked(kind, *apart));
                asked && self.is_younger(t.taken_at, TOKEN_DAYS * 24)
            })
            && base.full_at.get(kind.run()).is_some_and(|at| self.is_younger(*at, FULL_EVERY_DAYS * 24))
    }

    /// Whether it is time to rely on nothing that the base says is stored: leaves are then stored again, so that one
    /// that was lost is there again.
    pub(super) fn is_storing_again(&self) -> bool {
        let is_old = |at: &Timestamp| !self.is_younger(*at, FULL_EVERY_DAYS * 24);
        let deltas = KINDS.iter().filter(|kind| kind.reading[0].is_delta());
        let full_at = |base: &Manifest| deltas.filter_map(|kind| base.full_at.get(kind.run())).any(is_old);
        self.reads_everything || self.base.as_deref().is_none_or(full_at)
    }

    /// Whether a facet of a kind that is built on the base is to be read completely all the same.
    fn is_facet_due(&self, kind: &Kind, source: &Source) -> bool {
        let Some(base) = self.base.as_deref().filter(|_| !self.reads_everything) else { return true };
        let Some(at) = base.full_at.get(source.name).filter(|_| base.runs.contains_key(source.name)) else {
            return true;
        };
        let records = base.runs.get(kind.run()).map_or(0, |run| run.records);
        let pages = i64::try_from(records / PAGE + 1).unwrap_or(i64::MAX);
        pages <= FEW_PAGES || !self.is_younger(*at, pages)
    }

    fn is_younger(&self, at: Timestamp, hours: i64) -> bool {
        self.clock.now().duration_since(at) < SignedDuration::from_hours(hours)
    }
}
