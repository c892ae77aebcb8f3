//! What the reading of every kind shares: ports, the base, what may be read, and how long.

use crate::archive::{Budget, TenantArchive};
use domain::Timestamp;
use domain::extensions::Chosen;
use domain::kinds::{Kind, Source};
use domain::stored::Manifest;
use engine::ports::{Clock, DirectoryPages};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Work is suspended when a quarter of the time is left, but no fewer and no more seconds than these: enough to
/// park blocks and save the row.
const MARGIN_SECONDS: (i64, i64) = (5, 45);

/// When work that has to end before the deadline is suspended.
pub(crate) fn stop_at(now: Timestamp, deadline: Timestamp) -> Timestamp {
    let left = deadline.duration_since(now).as_secs().max(0);
    let margin = (left / 4).clamp(MARGIN_SECONDS.0, MARGIN_SECONDS.1);
    deadline.saturating_sub(SignedDuration::from_secs(margin)).unwrap_or(deadline)
}

/// What the reading of every kind shares. Clones share it too.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) directory: Arc<dyn DirectoryPages>,
    pub(super) archive: TenantArchive,
    pub(super) clock: Arc<dyn Clock>,
    /// The snapshot that is built on.
    pub(super) base: Option<Arc<Manifest>>,
    /// Whether everything is read though the base would allow less; it is merged onto the base all the same.
    pub(super) reads_everything: bool,
    /// Application permissions; empty when they are not known.
    pub(super) permissions: Arc<[String]>,
    /// The directory extensions that are asked for; none where it is not known which there are.
    pub(super) extensions: Option<Arc<Chosen>>,
    /// From then on nothing new is begun.
    pub(super) stop_at: Timestamp,
    /// One place for each call to Graph that may be under way at once.
    pub(super) calls: Arc<Semaphore>,
    /// How many places there are.
    pub(super) at_once: usize,
    /// The memory that the sorters of all kinds share.
    pub(super) budget: Budget,
}

impl Context {
    /// What a reading of the archive's tenant shares that ends before the deadline.
    pub(super) fn new(
        directory: Arc<dyn DirectoryPages>,
        archive: &TenantArchive,
        clock: Arc<dyn Clock>,
        base: Option<Manifest>,
        permissions: &[String],
        deadline: Timestamp,
    ) -> Self {
        let stop_at = stop_at(clock.now(), deadline);
        let at_once = directory.concurrency(archive.tenant()).max(1);
        Self {
            directory,
            archive: archive.clone(),
            clock,
            base: base.map(Arc::new),
            reads_everything: false,
            permissions: permissions.into(),
            extensions: None,
            stop_at,
            calls: Arc::new(Semaphore::new(at_once)),
            at_once,
            budget: Budget::default(),
        }
    }

    /// Whether the deadline is near.
    pub(super) fn is_time_over(&self) -> bool {
        self.clock.now() >= self.stop_at
    }

    /// Seconds until the work has to be suspended; less than zero afterwards.
    pub(super) fn seconds_left(&self) -> i64 {
        self.stop_at.duration_since(self.clock.now()).as_secs()
    }

    /// Whether one of those permissions is granted.
    pub(super) fn has_any(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|p| self.permissions.iter().any(|granted| granted == p))
    }

    /// Whether a source can be read, as far as its permissions go.
    pub(super) fn may_read(&self, source: &Source) -> bool {
        source.permissions.is_empty() || self.has_any(source.permissions)
    }

    /// The facets that are asked for along with the objects; none where they are asked for `apart`.
    pub(super) fn carried(&self, kind: &Kind, apart: bool) -> Vec<&'static str> {
        let may_carry = |facet: &str| kind.facet_source(facet).is_some_and(|source| self.may_read(source));
        let all = kind.reading[0].carries.iter().copied();
        all.filter(|facet| !apart && may_carry(facet)).collect()
    }

    /// The names of the directory extensions that the objects of a kind are asked for.
    pub(super) fn extensions(&self, kind: &Kind) -> &[String] {
        self.extensions.as_deref().map_or(&[], |chosen| chosen.of(kind))
    }

    /// The properties that a delta token stands for, with commas between: a token is good only for the same question.
    pub(super) fn asked(&self, kind: &Kind, apart: bool) -> String {
        let carried = self.carried(kind, apart);
        let withheld: Vec<&str> = kind.withheld(&self.permissions).collect();
        let extensions = self.extensions(kind).iter().map(String::as_str);
        let asked = kind.reading[0].select.iter().chain(&carried).copied().chain(extensions);
        asked.filter(|p| !withheld.contains(p)).collect::<Vec<_>>().join(",")
    }
}
