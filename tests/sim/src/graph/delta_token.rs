//! Delta tokens: what they were issued for, and where they stand. Opaque to a client.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::kept::{kept, put_back};
use crate::state::{Index, Kind};

/// What was asked of a delta; the tokens of its pages refer to it by number.
#[derive(Clone)]
pub(super) struct DeltaQuery {
    pub tenant: usize,
    pub kind: Kind,
    pub select: Option<String>,
    pub ids: Option<Vec<Index>>,
}

/// The queries that tokens refer to.
#[derive(Default)]
pub(crate) struct DeltaQueries {
    pub(super) queries: Mutex<Vec<DeltaQuery>>,
    pub(super) epoch: AtomicU64,
}

impl DeltaQueries {
    /// As they are now.
    pub fn kept(&self) -> Self {
        Self { queries: kept(&self.queries), epoch: AtomicU64::new(self.epoch.load(Ordering::Relaxed)) }
    }

    /// They become as those are.
    pub fn become_as(&self, kept: &Self) {
        put_back(&self.queries, &kept.queries);
        self.epoch.store(kept.epoch.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    pub fn expire(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }
}

/// How far a chain of pages has come.
#[derive(Clone, Copy)]
pub(super) struct Cursor {
    pub query: u64,
    /// 1 while the first round lasts.
    pub first: u64,
    pub position: u64,
    /// Within an object of the first round: the relation that comes next, as its place in the selection.
    pub relation: u64,
    pub offset: u64,
    /// The end of the log when the round began.
    pub end: u64,
    pub issued: u64,
    pub epoch: u64,
}

impl Cursor {
    pub fn encode(&self) -> String {
        let Self { query, first, position, relation, offset, end, issued, epoch } = self;
        let text = format!("d.{query}.{first}.{position}.{relation}.{offset}.{end}.{issued}.{epoch}");
        URL_SAFE_NO_PAD.encode(text.bytes().rev().collect::<Vec<u8>>())
    }

    pub fn decode(token: &str) -> Option<Self> {
        let mut bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        bytes.reverse();
        let text = String::from_utf8(bytes).ok()?;
        let numbers: Vec<u64> =
            text.strip_prefix("d.")?.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let [query, first, position, relation, offset, end, issued, epoch] = numbers.try_into().ok()?;
        Some(Self { query, first, position, relation, offset, end, issued, epoch })
    }
}

pub(super) fn place(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
