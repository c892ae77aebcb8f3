//! How a kind begins: from the base where that is right, else whole; and which of its facets are read whole.

use super::progress::{KindProgress, KindReading};
use super::{Reading, missing};
use domain::Timestamp;
use domain::kinds::{KINDS, Kind, Read, Source, Whole};
use domain::stored::{Manifest, Missing};
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Delta links live seven days; one that is older than this is not relied on.
const TOKEN_DAYS: i64 = 6;
/// Microsoft's own recovery leaves no delta records: each kind is read whole at least so often.
const WHOLE_EVERY_DAYS: i64 = 7;
/// A facet of so few pages is listed each time: what a page an hour comes to in a day. A larger one is listed no
/// more often than a page an hour.
const FEW_PAGES: i64 = 24;
/// Objects on a page of a list.
const PAGE: u64 = 999;

/// Whether everything can be read in another way than by the delta's first round.
pub(super) fn has_other_way(kind: &Kind) -> bool {
    matches!(kind.reading[0].read, Read::Delta(Whole::Listed { .. } | Whole::Chunked { .. }))
}

/// Why something cannot be read that any one of these permissions lets be read.
pub(super) fn not_granted(permissions: &[&str]) -> String {
    format!("the permission {} is not granted", permissions[0])
}

/// The properties that the base's token does not ask for, though the row names them.
fn left_out_of(base: &Manifest, kind: &Kind) -> BTreeSet<String> {
    let is_missing = |p: &&str| base.missing.iter().any(|m| m.source == format!("{}.{p}", kind.name));
    kind.selected().filter(is_missing).map(str::to_owned).collect()
}

impl Reading {
    pub(super) fn begin(&self, kind: &'static Kind) -> KindProgress {
        if !self.permissions.is_empty() && !self.has_any(kind.read_permissions) {
            return missing(kind.run(), "denied", &not_granted(kind.read_permissions), kind.read_permissions);
        }
        let now = self.clock.now();
        let mut reading = match self.base.as_deref().filter(|base| self.can_build_on(base, kind)) {
            Some(base) => {
                let token = base.tokens.get(kind.reading[0].name).map(|t| t.link.clone()).unwrap_or_default();
                // Why: what a token is asked for is fixed in it; what its first round did without, it does without.
                let left_out = left_out_of(base, kind);
                KindReading { left_out, ..KindReading::changes(now, token) }
            }
            None => KindReading::whole(now),
        };
        if reading.incremental {
            self.choose_facets(kind, &mut reading);
        }
        KindProgress::Reading(Box::new(reading))
    }

    /// Which facets are read whole, by a source of their own or with the objects.
    pub(super) fn choose_facets(&self, kind: &'static Kind, reading: &mut KindReading) {
        for source in kind.reading.iter().skip(1) {
            if !self.permissions.is_empty() && !self.may_read(source) {
                reading.missing.push(Missing {
                    source: source.name.to_owned(),
                    cause: "denied".to_owned(),
                    why: not_granted(source.permissions),
                    any_of: source.permissions.iter().map(|p| (*p).to_owned()).collect(),
                });
            } else if !reading.incremental || self.is_facet_due(kind, source) {
                reading.facets.insert(source.name.to_owned());
            }
        }
    }

    /// Whether the objects can be asked for together with that facet.
    fn may_carry(&self, kind: &Kind, facet: &str) -> bool {
        kind.facet_source(facet).is_some_and(|source| self.may_read(source))
    }

    fn may_read(&self, source: &Source) -> bool {
        source.permissions.is_empty() || self.has_any(source.permissions)
    }

    fn has_any(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|p| self.permissions.iter().any(|granted| granted == p))
    }

    /// The facets that are asked for along with the objects.
    pub(super) fn carried(&self, kind: &Kind, apart: bool) -> Vec<&'static str> {
        let all = kind.reading[0].carries.iter().copied();
        all.filter(|facet| !apart && self.may_carry(kind, facet)).collect()
    }

    /// What a delta token is asked for: a token is good only for the same question.
    pub(super) fn asked(&self, kind: &Kind, apart: bool) -> String {
        let carried = self.carried(kind, apart);
        let withheld: Vec<&str> = kind.withheld(&self.permissions).collect();
        let asked = kind.reading[0].select.iter().chain(&carried).copied();
        asked.filter(|p| !withheld.contains(p)).collect::<Vec<_>>().join(",")
    }

    fn can_build_on(&self, base: &Manifest, kind: &Kind) -> bool {
        let main = &kind.reading[0];
        let as_before = base.permissions.is_empty()
            || self.permissions.is_empty()
            || base.permissions.as_slice() == &*self.permissions;
        !self.whole
            && main.is_delta()
            && as_before
            && base.runs.contains_key(kind.run())
            && base.tokens.get(main.name).is_some_and(|t| {
                let asked = [false, true].iter().any(|apart| t.asked == self.asked(kind, *apart));
                asked && self.is_younger(t.taken_at, TOKEN_DAYS * 24)
            })
            && base.full_at.get(kind.run()).is_some_and(|at| self.is_younger(*at, WHOLE_EVERY_DAYS * 24))
    }

    /// Whether it is time to rely on nothing that the base says is stored.
    pub(super) fn is_weekly(&self) -> bool {
        let is_old = |at: &Timestamp| !self.is_younger(*at, WHOLE_EVERY_DAYS * 24);
        let deltas = KINDS.iter().filter(|kind| kind.reading[0].is_delta());
        let full_at = |base: &Manifest| deltas.filter_map(|kind| base.full_at.get(kind.run())).any(is_old);
        self.whole || self.base.as_deref().is_none_or(full_at)
    }

    fn is_facet_due(&self, kind: &Kind, source: &Source) -> bool {
        let Some(base) = self.base.as_deref().filter(|_| !self.whole) else { return true };
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
