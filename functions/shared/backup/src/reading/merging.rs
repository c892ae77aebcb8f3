//! A kind whose pages are all read: its operations merged into its runs, one run after the other.

use super::progress::{KindReading, KindRuns, Seats};
use super::resolvers::{ObjectResolver, PutResolver};
use super::sorters::{Sorters, deleted, gone, names, reverse};
use super::take::joined;
use super::{Reading, gaps};
use crate::archive::{Merged, Onto, Op, Resolver, Sorter, Stop, consolidate, merge};
use domain::kinds::{Kind, LinkType, LinkWrite};
use domain::stored::RunRef;
use domain::{Error, Result};

/// Name keys are some sixty bytes.
const NAMES_CUT_BITS: u32 = 12;
/// Bytes that can be folded in a second, at the least.
const FOLDED_A_SECOND: u64 = 4 << 20;

/// What a run is merged onto.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    /// What was read is all: of lists that are short, whose leaves are shared by name.
    Shared,
    /// What was read is all, and seldom differs much from the base.
    Whole,
    /// What was read is what changed.
    Changes,
}

/// Merges run after run; says whether all are done, or the time is over first.
pub(super) async fn run(
    reading: &Reading,
    kind: &'static Kind,
    state: &mut KindReading,
    sorters: &mut Sorters,
) -> Result<bool> {
    let main = if !kind.reading[0].is_delta() {
        Base::Shared
    } else if state.incremental {
        Base::Changes
    } else {
        Base::Whole
    };
    if !objects(reading, kind, state, sorters, main).await? {
        return Ok(false);
    }
    let name_run = names(kind);
    // Names follow from what objects became, so they are changes where the objects' base was there.
    let base = if main == Base::Shared { Base::Shared } else { Base::Changes };
    if !one(reading, state, sorters, &name_run, NAMES_CUT_BITS, base).await? {
        return Ok(false);
    }
    for source in kind.reading.iter().skip(1) {
        let is_whole = state.facets.contains(source.name);
        let is_missing = state.missing.iter().any(|m| m.source == source.name);
        if is_missing || (!is_whole && base_run(reading, state, source.name).is_none()) {
            continue;
        }
        let base = if is_whole { Base::Shared } else { Base::Changes };
        if !one(reading, state, sorters, source.name, kind.cut_bits, base).await? {
            return Ok(false);
        }
    }
    if !std::mem::replace(&mut state.merging.links_prepared, true) {
        prepare_links(reading, kind, state, sorters).await?;
    }
    for link in kind.links {
        for run in [link.name.to_owned(), reverse(link.name)] {
            if !one(reading, state, sorters, &run, link.cut_bits, main).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The kind, done.
pub(super) async fn finished(
    reading: &Reading,
    kind: &'static Kind,
    state: KindReading,
    mut sorters: Sorters,
) -> Result<KindRuns> {
    let deleted = sorters.take(reading, &deleted(kind)).into_blocks().await?;
    let before = reading.base.as_deref();
    let mut full_at = std::collections::BTreeMap::new();
    let mut say = |name: &str, is_whole: bool| {
        let known = before.and_then(|b| b.full_at.get(name)).copied();
        let at = if is_whole { Some(state.started_at) } else { known };
        full_at.extend(at.map(|at| (name.to_owned(), at)));
    };
    say(kind.run(), !state.incremental);
    for source in kind.reading.iter().skip(1) {
        if state.merging.runs.contains_key(source.name) {
            say(source.name, state.facets.contains(source.name));
        }
    }
    let seats_in_use = seats_in_use(reading, kind, &state);
    let asked = gaps::asked(reading, kind, &state);
    let missing = gaps::missing(reading, kind, &state);
    Ok(KindRuns {
        asked,
        runs: state.merging.runs,
        tokens: state.tokens,
        missing,
        full_at,
        seats_in_use,
        incremental: state.incremental,
        deleted,
    })
}

/// How many objects take a seat: as many as in the base, with what changed since; or those that were read, where
/// all were. None when no object of the kind takes one, the base does not say, or Graph does not know the properties.
fn seats_in_use(reading: &Reading, kind: &'static Kind, state: &KindReading) -> Option<u64> {
    if kind.seated_by.is_empty() || kind.seated_by.iter().any(|p| state.left_out.contains(*p)) {
        return None;
    }
    let seats = state.merging.seats;
    if state.incremental && base_run(reading, state, kind.run()).is_some() {
        let base = reading.base.as_deref()?.seats_in_use?;
        return (base + seats.after).checked_sub(seats.before);
    }
    Some(seats.after)
}

fn base_run<'a>(reading: &'a Reading, state: &KindReading, run: &str) -> Option<&'a RunRef> {
    reading.base.as_deref().filter(|_| !state.without_base).and_then(|b| b.runs.get(run))
}

async fn objects(
    reading: &Reading,
    kind: &'static Kind,
    state: &mut KindReading,
    sorters: &mut Sorters,
    base: Base,
) -> Result<bool> {
    if state.merging.runs.contains_key(kind.run()) {
        return Ok(true);
    }
    let left_out = gaps::left_out(reading, kind, state);
    // Why: what was counted is good only together with the merge that is taken up where it was put down.
    let is_begun = state.merging.at.as_ref().is_some_and(|(run, _)| run == kind.run());
    let seats = if is_begun { state.merging.seats } else { Seats::default() };
    let mut resolver = ObjectResolver {
        kind,
        left_out: &left_out,
        names: sorters.take(reading, &names(kind)),
        gone: sorters.take(reading, &gone(kind)),
        seats,
    };
    let done = one_with(reading, state, sorters, kind.run(), kind.cut_bits, base, &mut resolver).await;
    let ObjectResolver { names: names_sorter, gone: gone_sorter, seats, .. } = resolver;
    state.merging.seats = seats;
    sorters.put(&names(kind), names_sorter);
    sorters.put(&gone(kind), gone_sorter);
    done
}

async fn one(
    reading: &Reading,
    state: &mut KindReading,
    sorters: &mut Sorters,
    run: &str,
    cut_bits: u32,
    base: Base,
) -> Result<bool> {
    if state.merging.runs.contains_key(run) {
        return Ok(true);
    }
    one_with(reading, state, sorters, run, cut_bits, base, &mut PutResolver).await
}

async fn one_with(
    reading: &Reading,
    state: &mut KindReading,
    sorters: &mut Sorters,
    run: &str,
    cut_bits: u32,
    base: Base,
    resolver: &mut dyn Resolver,
) -> Result<bool> {
    let begun = state.merging.at.take().filter(|(name, _)| name == run).map(|(_, partial)| partial);
    let known = base_run(reading, state, run);
    let onto = match (base, known) {
        (Base::Whole, Some(known)) => Onto::Whole(known),
        (Base::Changes, Some(known)) => Onto::Changes(known),
        // Why put again each week: a leaf that was lost is then there again.
        (_, known) => Onto::Nothing(known.filter(|_| !reading.is_weekly())),
    };
    let after = begun.as_ref().map(|partial| partial.last_key().to_vec());
    let ops = sorters.take(reading, run).into_ops(after.as_deref()).await?;
    let is_over = || reading.is_time_over();
    let stop = Stop::when(&is_over);
    match merge(&reading.archive, cut_bits, onto, ops, begun.as_ref(), resolver, stop).await? {
        Merged::Done(merged) => {
            let may_fold = |bytes: u64| {
                let left = reading.stop_at.duration_since(reading.clock.now()).as_secs();
                u64::try_from(left).is_ok_and(|left| left > bytes / FOLDED_A_SECOND)
            };
            let merged = consolidate(&reading.archive, merged, &may_fold).await?;
            state.merging.runs.insert(run.to_owned(), merged);
            Ok(true)
        }
        Merged::Stopped(partial, ops) => {
            let blocks = ops.into_blocks().await?;
            sorters.put(run, Sorter::new(&reading.archive, blocks, &reading.budget));
            state.merging.at = Some((run.to_owned(), partial));
            Ok(false)
        }
    }
}

/// Makes the operations on links ready: of links of which an object has at most one the old one goes, and the
/// links of what is gone go with it.
async fn prepare_links(
    reading: &Reading,
    kind: &'static Kind,
    state: &KindReading,
    sorters: &mut Sorters,
) -> Result<()> {
    let mut held = Vec::new();
    for link in kind.links {
        let base = base_run(reading, state, link.name).filter(|_| state.incremental);
        if link.write == LinkWrite::Single {
            single_links(reading, link, base, sorters).await?;
        }
        if base.is_some() {
            held.push((link, reading.archive.open_run(base).await?));
        }
    }
    let mut gone = sorters.take(reading, &gone(kind)).into_ops(None).await?;
    let (mut forward, mut back) = (Vec::new(), Vec::new());
    while !held.is_empty() && gone.advance().await? {
        let from = text(gone.head().unwrap_or_default())?;
        for (link, opened) in &held {
            for to in opened.ends(&format!("{from}/")).await? {
                joined(&mut forward, &from, &to);
                joined(&mut back, &to, &from);
                sorters.get(link.name).push(&forward, Op::Remove).await?;
                sorters.get(&reverse(link.name)).push(&back, Op::Remove).await?;
            }
        }
    }
    Ok(())
}

/// Operations `from -> to` of a link of which an object has at most one, as operations on `from/to`.
async fn single_links(
    reading: &Reading,
    link: &LinkType,
    base: Option<&RunRef>,
    sorters: &mut Sorters,
) -> Result<()> {
    let held = reading.archive.open_run(base).await?;
    let mut forward = Sorter::new(&reading.archive, Vec::new(), &reading.budget);
    let mut ops = sorters.take(reading, link.name).into_ops(None).await?;
    let back = sorters.get(&reverse(link.name));
    let (mut key, mut back_key) = (Vec::new(), Vec::new());
    while ops.advance().await? {
        let from = text(ops.head().unwrap_or_default())?;
        if base.is_some() {
            for to in held.ends(&format!("{from}/")).await? {
                joined(&mut key, &from, &to);
                joined(&mut back_key, &to, &from);
                forward.push(&key, Op::Remove).await?;
                back.push(&back_key, Op::Remove).await?;
            }
        }
        let Op::Put(value) = ops.op()? else { continue };
        let value = std::str::from_utf8(value).map_err(|_| Error::corrupt("a parked link is not text"))?;
        let (to, value) = value.split_once('/').ok_or_else(|| Error::corrupt("a parked link has no end"))?;
        joined(&mut key, &from, to);
        joined(&mut back_key, to, &from);
        forward.push(&key, Op::Put(value.as_bytes())).await?;
        back.push(&back_key, Op::Put(b"")).await?;
    }
    sorters.put(link.name, forward);
    Ok(())
}

fn text(key: &[u8]) -> Result<String> {
    String::from_utf8(key.to_vec()).map_err(|_| Error::corrupt("a parked key is not text"))
}
