//! One question over the tenants of a partner.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{AdmittedEach, Compare};
use crate::wire::{AcrossIn, AcrossOut};
use axum::Json;
use axum::extract::State;
use backup::commands::across::{Gathered, Mark};
use runtime::http::{Notes, QueryOf, Route, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;
use std::collections::BTreeMap;

const TAG: Tag =
    Tag { name: "Across tenants", description: "One question over all organisations of a partner." };

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::get("/v1/changes", "findChanges", find)
            .says(
                "What changed in any of the tenants.",
                "Looks through the comparisons that follow each snapshot, in the tenants of all organisations that the caller sees, \
                 for changes since a time: who got a role since Friday. Each organisation is accounted for: as `complete`, with \
                 the snapshot up to which that holds; as `partly`, with what no comparison tells; as `notHeld`, where there is no \
                 snapshot since; as `notReachable` or `notAllowed`. What does not fit into one part, by number, bytes or time, \
                 comes with the next. Several changes of one property between two snapshots are told as one.",
            )
            .weighs(3 * HEAVY)
            .answers::<AcrossOut>(200),
    ];
    under(&TAG, rows)
}

async fn find(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<Compare>,
    QueryOf(query): QueryOf<AcrossIn>,
) -> Reply<Json<AcrossOut>> {
    let asked = query.asked()?;
    let partner = admitted.partner(query.partner.as_ref()).await?;
    let bound = asked.bound(&partner);
    let mut mark = query.cursor.as_deref().map(|cursor| Mark::of(cursor, &bound)).transpose()?;
    let (mut gathered, mut names) = (Gathered::of(query.limit(), api.clock.now()), BTreeMap::new());
    loop {
        let part = admitted.part(&partner, mark.as_ref()).await?;
        let subjects: Vec<_> = part.named.iter().map(|named| named.subject.clone()).collect();
        let next = api.diffs.across(&asked, &subjects, mark.as_ref(), &mut gathered).await?;
        names.extend(part.named.into_iter().map(|named| (named.subject.organisation.clone(), named)));
        // Where it was the last organisation that made it full, nothing is left.
        let is_last = |mark: &Mark| {
            mark.is_behind() && subjects.last().is_some_and(|of| of.organisation == mark.organisation)
        };
        mark = match (next, part.next) {
            (Some(next), None) if is_last(&next) => None,
            (Some(next), _) => Some(next),
            (None, Some(behind)) if gathered.is_full(api.clock.now()) => Some(Mark::behind(behind)),
            (None, Some(behind)) => {
                mark = Some(Mark::behind(behind));
                continue;
            }
            (None, None) => None,
        };
        return Ok(Json(AcrossOut::of(gathered, &names, mark.as_ref(), &bound)));
    }
}
