//! One kind, stage after stage: a token, everything, what changed, the merge.

use super::chains::{self, Ended};
use super::progress::{Chain, KindProgress, KindReading, Merging, Role, Stage};
use super::sorters::Sorters;
use super::{Reading, merging};
use domain::kinds::{Kind, Read, Whole};
use domain::stored::Token;
use domain::{Error, Result};
use engine::ports::{Cursor, PageEnd};

/// How far a kind came.
pub(super) enum Outcome {
    /// To its end, or to the deadline.
    Progress(KindProgress),
    /// To an error; the state says how far, its blocks are parked.
    Failed(Box<KindReading>, Error),
}

/// Reads a kind on: to its end, or until the deadline is near.
pub(super) async fn read(reading: &Reading, kind: &'static Kind, before: KindReading) -> Outcome {
    let mut state = before.clone();
    let mut sorters = Sorters::open(reading, kind, &mut state);
    match stages(reading, kind, &mut state, &mut sorters).await {
        Ok(true) => {}
        Ok(false) => return put_down(before, state, sorters, None).await,
        Err(error) => return put_down(before, state, sorters, Some(error)).await,
    }
    // Why: a merge consumes operations; where it fails, it is done again from here. What fits in memory is
    // rather read again than written for that alone.
    let mut saved = before;
    if state.merging == Merging::default() && sorters.have_blocks() {
        match sorters.park(&mut state).await {
            Ok(()) => saved = state.clone(),
            Err(error) => return Outcome::Failed(Box::new(saved), error),
        }
        sorters = Sorters::open(reading, kind, &mut state);
    }
    match merging::run(reading, kind, &mut state, &mut sorters).await {
        Ok(true) => match merging::finished(reading, kind, state, sorters).await {
            Ok(runs) => Outcome::Progress(KindProgress::Done(runs)),
            Err(error) => Outcome::Failed(Box::new(saved), error),
        },
        Ok(false) => put_down(saved, state, sorters, None).await,
        Err(error) => Outcome::Failed(Box::new(saved), error),
    }
}

/// Parks what is held, so that another invocation goes on; where that fails it goes on from before.
async fn put_down(
    before: KindReading,
    mut state: KindReading,
    sorters: Sorters,
    error: Option<Error>,
) -> Outcome {
    match (sorters.park(&mut state).await, error) {
        (Ok(()), None) => Outcome::Progress(KindProgress::Reading(Box::new(state))),
        (Ok(()), Some(error)) => Outcome::Failed(Box::new(state), error),
        (Err(error), None) | (Err(_), Some(error)) => Outcome::Failed(Box::new(before), error),
    }
}

/// Goes through the stages up to the merge; says whether all are at their end.
async fn stages(
    reading: &Reading,
    kind: &'static Kind,
    state: &mut KindReading,
    sorters: &mut Sorters,
) -> Result<bool> {
    loop {
        if reading.is_time_over() {
            return Ok(false);
        }
        let done = match state.stage {
            Stage::Token => token(reading, kind, state).await.map(|()| true)?,
            Stage::Everything | Stage::Changes => {
                let chains = state.chains.take().unwrap_or_else(|| first_chains(reading, kind, state));
                let Ended { left, result } = chains::read(reading, kind, state, sorters, chains).await;
                state.chains = Some(left);
                result?
            }
            Stage::Merging => return Ok(true),
        };
        if !done {
            return Ok(false);
        }
        state.chains = None;
        state.stage = match state.stage {
            Stage::Token => Stage::Everything,
            Stage::Everything if state.since.is_some() => Stage::Changes,
            Stage::Everything | Stage::Changes | Stage::Merging => Stage::Merging,
        };
        if state.stage == Stage::Merging && !state.unseen.is_empty() {
            return Err(Error::invalid(format!(
                "{}: Graph lists {} objects that it does not give by their ids",
                kind.name,
                state.unseen.len()
            )));
        }
    }
}

/// Takes a token for what changes from now on, where everything is not read along the delta itself.
async fn token(reading: &Reading, kind: &'static Kind, state: &mut KindReading) -> Result<()> {
    reading.choose_facets(kind, state);
    let main = &kind.reading[0];
    if state.by_round || !super::begin::has_other_way(kind) {
        return Ok(());
    }
    let asked_at = reading.clock.now();
    let page = reading.page(kind, main, &Cursor::Latest, state.facets_apart).await?;
    let PageEnd::Done(Some(link)) = page.end else {
        return Err(Error::invalid(format!("{}: Graph gives no token without a round", main.name)));
    };
    state.left_out.extend(page.left_out.into_iter().map(str::to_owned));
    state.since = Some(link.clone());
    state.tokens.insert(
        main.name.to_owned(),
        Token { link, taken_at: asked_at, asked: reading.asked(kind, state.facets_apart) },
    );
    state.failures = 0;
    Ok(())
}

/// What a stage begins with.
fn first_chains(reading: &Reading, kind: &'static Kind, state: &KindReading) -> Vec<Chain> {
    let main = &kind.reading[0];
    let mut chains = Vec::new();
    let objects = |cursor| Chain::at(Role::Objects, cursor);
    let mut carried = Vec::new();
    if let (Stage::Changes, Some(since)) = (state.stage, &state.since) {
        chains.push(objects(Cursor::Delta(since.clone())));
        if !state.incremental {
            return chains;
        }
    } else {
        chains.push(match main.read {
            Read::Delta(Whole::Listed { .. }) if !state.by_round => {
                carried = reading.carried(kind, state.facets_apart);
                objects(Cursor::Listed)
            }
            Read::Delta(Whole::Chunked { .. }) if !state.by_round => Chain::at(Role::Ids, Cursor::Listed),
            Read::Delta(_) | Read::List => objects(Cursor::Start),
        });
    }
    for (position, source) in kind.reading.iter().enumerate().skip(1) {
        let with_objects = carried.iter().any(|facet| kind.facet_source(facet) == Some(source));
        if state.facets.contains(source.name) && !with_objects {
            chains.push(Chain::at(Role::Facet(position), Cursor::Start));
        }
    }
    chains
}
