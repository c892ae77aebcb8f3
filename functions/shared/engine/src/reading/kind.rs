//! One kind: its pages into sorted operations, source after source.

use super::progress::{KindProgress, KindReading};
use super::{Reading, finish};
use crate::archive::{Op, Sorter};
use crate::ports::{Cursor, PageEnd};
use domain::kinds::{Gives, Interpreted, Kind, LinkEnd, LinkRecord, LinkWrite, Removal, Source, interpret};
use domain::stored::{Index, Missing, Token};
use domain::{Error, ErrorKind, Result, canonical};
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::BTreeMap;

/// Work is put down when less than this is left: enough to park blocks and save.
const MARGIN: SignedDuration = SignedDuration::from_secs(45);

/// Operations by run.
pub(super) struct Sorters {
    /// By run name.
    pub(super) by_run: BTreeMap<String, Sorter>,
}

impl Sorters {
    pub(super) fn get(&mut self, run: &str) -> &mut Sorter {
        self.by_run.get_mut(run).expect("every run of the kind has a sorter")
    }

    pub(super) fn take(&mut self, run: &str) -> Sorter {
        self.by_run.remove(run).expect("every run of the kind has a sorter")
    }
}

/// The names of all runs of a kind.
pub(super) fn run_names(kind: &Kind) -> Vec<String> {
    let mut names = vec![kind.name.to_owned(), format!("{}.names", kind.name)];
    names.extend(kind.facets().map(|f| format!("{}.{f}", kind.name)));
    for link in kind.links {
        names.extend([link.name.to_owned(), format!("{}.reverse", link.name)]);
    }
    names
}

/// How far a kind came.
pub(super) enum Outcome {
    /// To its end, or to the deadline.
    Progress(KindProgress),
    /// To an error; the state says how far, its blocks are parked.
    Failed(KindReading, Error),
}

/// What a delta token was asked for: a token is good only for the same question.
pub(super) fn asked(source: &Source) -> String {
    source.select.join(",")
}

/// Reads a kind on: to its end, or until the deadline is near.
pub(super) async fn read(reading: &Reading<'_>, kind: &'static Kind, before: KindReading) -> Outcome {
    let mut state = before.clone();
    let mut sorters = Sorters { by_run: BTreeMap::new() };
    for run in run_names(kind) {
        let blocks = state.blocks.remove(&run).unwrap_or_default();
        sorters.by_run.insert(run, Sorter::new(reading.archive, blocks));
    }
    match read_sources(reading, kind, &mut state, &mut sorters).await {
        Ok(true) => match finish::kind(reading, kind, state, sorters).await {
            Ok(runs) => Outcome::Progress(KindProgress::Done(runs)),
            Err(error) => Outcome::Failed(before, error),
        },
        Ok(false) => match park(&mut state, sorters).await {
            Ok(()) => Outcome::Progress(KindProgress::Reading(state)),
            Err(error) => Outcome::Failed(before, error),
        },
        Err(error) => match park(&mut state, sorters).await {
            Ok(()) => Outcome::Failed(state, error),
            Err(_) => Outcome::Failed(before, error),
        },
    }
}

async fn park(state: &mut KindReading, sorters: Sorters) -> Result<()> {
    for (run, sorter) in sorters.by_run {
        state.blocks.insert(run, sorter.into_blocks().await?);
    }
    Ok(())
}

/// Reads source after source; says whether all are at their end.
async fn read_sources(
    reading: &Reading<'_>,
    kind: &'static Kind,
    state: &mut KindReading,
    sorters: &mut Sorters,
) -> Result<bool> {
    let bases = Bases::open(reading, kind, state.incremental).await?;
    while let Some(source) = kind.reading.get(state.source) {
        match read_source(reading, kind, source, state, sorters, &bases).await {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            // A property that is read by a path of its own can be missing while the objects are there.
            Err(error)
                if state.source > 0 && matches!(error.kind(), ErrorKind::Denied | ErrorKind::Invalid) =>
            {
                state.missing.push(Missing {
                    source: source.name.to_owned(),
                    cause: error.kind().name().to_owned(),
                    why: error.message().to_owned(),
                });
            }
            Err(error) => return Err(error),
        }
        state.source += 1;
        state.cursor = Cursor::Start;
    }
    Ok(true)
}

/// What the base holds of the links of a kind that is read incrementally.
struct Bases {
    indexes: BTreeMap<&'static str, Index>,
}

impl Bases {
    async fn open(reading: &Reading<'_>, kind: &'static Kind, incremental: bool) -> Result<Self> {
        let mut indexes = BTreeMap::new();
        if let Some(base) = reading.base.filter(|_| incremental) {
            for link in kind.links {
                if let Some(run) = base.runs.get(link.name) {
                    // Why: only needed when a page says that it holds all links of an object.
                    if link.write != LinkWrite::Single {
                        indexes.insert(link.name, reading.archive.get_index(run).await?);
                    }
                }
            }
        }
        Ok(Self { indexes })
    }
}

/// Reads one source on; says whether it is at its end.
async fn read_source(
    reading: &Reading<'_>,
    kind: &'static Kind,
    source: &'static Source,
    state: &mut KindReading,
    sorters: &mut Sorters,
    bases: &Bases,
) -> Result<bool> {
    loop {
        if reading.clock.now() + MARGIN >= reading.deadline {
            return Ok(false);
        }
        let asked_at = reading.clock.now();
        let page = reading.directory.read_page(reading.archive.tenant(), source, &state.cursor).await?;
        for item in page.items {
            let item = interpret(kind, source, item)?;
            take(reading, kind, source, item, state, sorters, bases).await?;
        }
        state.failures = 0;
        match page.end {
            PageEnd::More(next) => state.cursor = next,
            PageEnd::Done(delta) => {
                if let Some(link) = delta {
                    state.tokens.insert(
                        source.name.to_owned(),
                        Token { link, taken_at: asked_at, asked: asked(source) },
                    );
                }
                return Ok(true);
            }
        }
    }
}

async fn take(
    reading: &Reading<'_>,
    kind: &'static Kind,
    source: &Source,
    item: Interpreted,
    state: &mut KindReading,
    sorters: &mut Sorters,
    bases: &Bases,
) -> Result<()> {
    if let Gives::Facet(property) = source.gives {
        let value = item.object.and_then(|mut o| o.remove(property)).filter(|v| !v.is_null());
        let op = value.map_or(Op::Remove, |v: Value| Op::Put(canonical::text(&v).into_bytes()));
        return sorters.get(&format!("{}.{property}", kind.name)).push(item.key, &op).await;
    }
    if let Some(removal) = item.removed {
        if removal == Removal::Hard && state.incremental {
            state.hard_deleted.push(item.key.clone());
        }
        return sorters.get(kind.name).push(item.key, &Op::Remove).await;
    }
    if state.incremental {
        for link in &item.whole {
            let Some(index) = bases.indexes.get(link.name) else { continue };
            let prefix = format!("{}/", item.key);
            for to in finish::ends(reading.archive, index, &prefix).await? {
                push_link(sorters, &LinkRecord { link, to, end: LinkEnd::Gone }, &item.key).await?;
            }
        }
    }
    for link in &item.links {
        push_link(sorters, link, &item.key).await?;
    }
    match item.object {
        Some(object) => sorters.get(kind.name).push(item.key, &Op::Overlay(object)).await,
        None => Ok(()),
    }
}

async fn push_link(sorters: &mut Sorters, record: &LinkRecord, from: &str) -> Result<()> {
    let LinkRecord { link, to, end } = record;
    if link.write == LinkWrite::Single {
        // Why: of several that Graph reports the last one counts, so the far end is a part of the value
        // until the pages are sorted (`finish::single_links`).
        let op = match end {
            LinkEnd::Present(value) => {
                let value = canonical::text(&Value::Object(value.clone()));
                Op::Put([to.as_bytes(), b"/", value.as_bytes()].concat())
            }
            LinkEnd::Gone => Op::Remove,
        };
        return sorters.get(link.name).push(from, &op).await;
    }
    let (op, reverse) = match end {
        LinkEnd::Present(value) => {
            let value =
                if value.is_empty() { String::new() } else { canonical::text(&Value::Object(value.clone())) };
            (Op::Put(value.into_bytes()), Op::Put(Vec::new()))
        }
        LinkEnd::Gone => (Op::Remove, Op::Remove),
    };
    sorters.get(link.name).push(format!("{from}/{to}"), &op).await?;
    sorters.get(&format!("{}.reverse", link.name)).push(format!("{to}/{from}"), &reverse).await
}
