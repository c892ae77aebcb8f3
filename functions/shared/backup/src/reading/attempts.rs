//! One kind, read from where it stopped to where it can get; and in another way, or with everything, where Graph
//! refuses.

use super::begin;
use super::context::Context;
use super::missing;
use super::reader::KindReader;
use super::unreadable;
use domain::kinds::{Identity, Kind};
use domain::{Error, ErrorKind, ErrorReason};
use engine::records::{KindReading, KindState};

/// A kind that fails this often for a passing reason, without a page in between, is reported missing; so is one that Graph
/// loses this often.
/// Throttling does not count: it is waited out.
const FAILURES: u32 = 5;

/// How far one attempt came.
enum Attempt {
    /// To its end, or to the deadline.
    Progress(KindState),
    /// To an error; the state says how far, with its blocks parked.
    Failed(Box<KindReading>, Error),
}

/// Reads a kind on: to its end, or until the deadline is near. All stages in their order.
async fn attempt(context: &Context, kind: &'static Kind, before: KindReading) -> Attempt {
    // Pages first. Wherever that stops, what came is parked, and the next call goes on there.
    let mut reader = KindReader::open(context, kind, before.clone());
    match reader.read_stages().await {
        Ok(true) => {}
        Ok(false) => return suspend(reader, before, None).await,
        Err(error) => return suspend(reader, before, Some(error)).await,
    }

    // Why parked before the merge: a merge consumes operations; where it fails, it is done again from here. What fits
    // in memory is rather read again than written for that alone.
    let mut saved = before;
    if !reader.state.has_begun_merging() && reader.sorters.have_blocks() {
        match reader.park().await {
            Ok(parked) => saved = parked,
            Err(error) => return Attempt::Failed(Box::new(saved), error),
        }
        reader = KindReader::open(context, kind, saved.clone());
    }

    // Where an error stops the merge, nothing that it did is kept; where the deadline does, all of it.
    match reader.merge_runs().await {
        Ok(true) => match reader.finish().await {
            Ok(runs) => Attempt::Progress(KindState::Done(runs)),
            Err(error) => Attempt::Failed(Box::new(saved), error),
        },
        Ok(false) => suspend(reader, saved, None).await,
        Err(error) => Attempt::Failed(Box::new(saved), error),
    }
}

/// Parks what the reader holds, so that another call goes on; where that fails, it goes on from `before`.
async fn suspend(reader: KindReader<'_>, before: KindReading, error: Option<Error>) -> Attempt {
    match (reader.park().await, error) {
        (Ok(state), None) => Attempt::Progress(KindState::Reading(Box::new(state))),
        (Ok(state), Some(error)) => Attempt::Failed(Box::new(state), error),
        (Err(error), None) | (Err(_), Some(error)) => Attempt::Failed(Box::new(before), error),
    }
}

/// Reads one kind on; gives its state and, where it must be tried again by another call, why.
pub(super) async fn read_kind(
    context: &Context,
    kind: &'static Kind,
    before: KindReading,
) -> (KindState, Option<Error>) {
    let mut before = before;
    let mut begun_anew = false;
    loop {
        // How this attempt asked: what was tried is not tried again.
        let (was_incremental, was_by_round, was_by_list, was_singly) =
            (before.incremental, before.by_round, before.by_list, before.singly);
        let (mut reading, error) = match attempt(context, kind, before).await {
            Attempt::Progress(next) => return (next, None),
            Attempt::Failed(reading, error) => (*reading, error),
        };

        // Why no kind is missing then: whoever is no longer let in gets no further with any.
        if error.refusal().is_some() {
            return (KindState::Reading(Box::new(reading)), Some(error));
        }

        // A cursor that is no longer good, a base that is damaged, a way of asking that this Graph does not
        // know: each costs reading everything, no more. Why once: a tenant in which next links die at once
        // must not hold an invocation for ever.
        let lost = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt);
        // Kept for the attempts that follow: a damaged base is not built on again; endless pages are named as such.
        reading.without_base |= error.kind() == ErrorKind::Corrupt;
        reading.endless |= error.reason() == Some(ErrorReason::Endless);
        // Another way of asking helps only where Graph refused to give everything: an error in the merge is none of
        // Graph's. The first other way is the delta's first round, for a kind that is listed.
        let reads_all = !was_incremental && !reading.has_begun_merging();
        let by_round =
            reads_all && error.kind() == ErrorKind::Invalid && !was_by_round && begin::has_other_way(kind);
        // Why: of some tenants Graph tracks no changes, and then it refuses a round as well.
        let by_list = reads_all
            && error.kind() == ErrorKind::Invalid
            && kind.reading[0].is_delta()
            && !(by_round || was_by_list || reading.endless);
        // Why last: an object that Graph cannot show may cost each page that it is on; asked for by its id it costs
        // itself alone, at twenty times the requests. An error with a reason, or of many objects, is not of that sort.
        let singly = reads_all
            && error.kind() == ErrorKind::Invalid
            && error.reason().is_none()
            && kind.identity == Identity::Id
            && !unreadable::names_too_many(&reading.missing)
            && !(by_round || by_list || was_singly || reading.endless);
        // Why: a licence may be missing for a facet though the permission is there.
        let apart = reads_all
            && error.kind() == ErrorKind::Denied
            && !context.carried(kind, reading.facets_apart).is_empty();
        let other_way = by_round || by_list || singly || apart;
        // Why: what is wrong with a list of changes need not be wrong with the list of everything.
        let refused = was_incremental && error.kind() == ErrorKind::Invalid;
        if other_way || refused || lost && (was_incremental || !begun_anew) {
            tracing::warn!(kind = kind.run(), cause = error.kind().name(), "reading everything of the kind");
            reading.by_round |= by_round;
            reading.by_list |= by_list;
            reading.singly |= singly;
            reading.facets_apart |= apart;
            begun_anew |= !was_incremental && !other_way;
            before = reading.begun_anew(context.clock.now());
            continue;
        }

        // Another call tries again: when throttled always, else a few times if it may pass. The rest costs this kind
        // alone. Why losses apart: a reading begun again gets its first pages each time, and these clear the failures.
        reading.failures += 1;
        reading.losses += u32::from(lost);
        let throttled = matches!(error.kind(), ErrorKind::Throttled { .. });
        let passing = error.is_transient() || lost;
        if throttled || (passing && reading.failures.max(reading.losses) < FAILURES) {
            if !lost {
                return (KindState::Reading(Box::new(reading)), Some(error));
            }
            // Why no longer called lost: whoever hears that gives up, and a reading that begins again can still come to its end.
            let passing = Error::unavailable(error.summary());
            let reading = reading.begun_anew(context.clock.now());
            return (KindState::Reading(Box::new(reading)), Some(passing));
        }
        tracing::warn!(kind = kind.run(), cause = error.kind().name(), "the kind is not covered");
        let missing = if reading.endless {
            missing::endless(kind.run(), error.summary())
        } else {
            missing::failed(kind.run(), &error)
        };
        return (KindState::Missing(missing), None);
    }
}
