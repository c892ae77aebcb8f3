//! Restore sets: one change taken back in several tenants, previewed together and run in waves.

use crate::SnapshotApi;
use crate::door::{AdmittedEach, PreviewRestore, Right, RunRestore};
use crate::wire::{ListedSetOut, RestoreSetIn, RestoreSetOut, SetTenantIn};
use axum::Json;
use axum::extract::State;
use backup::commands::slots::Asker;
use domain::{Error, OrganisationId, RestoreSetId, Result};
use engine::Listed;
use engine::records::{Found, RestoreSet, SetMember};
use restore::commands::sets::{MemberState, NewRestoreSet, Runners};
use runtime::http::{
    About, Accepted, AuditEach, Input, Notes, PageIn, PathOf, QueryOf, Route, accepted, under,
};
use runtime::openapi::Tag;
use runtime::problem::{Problem, Reply};
use std::collections::{BTreeMap, BTreeSet};

const TAG: Tag = Tag {
    name: "Restore sets",
    description: "One change taken back in several tenants: previewed together, run in waves, stopped at the first failure.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/restore-sets", "createRestoreSet", create)
            .says(
                "Takes one change back in several tenants.",
                "Previews a restore in each of up to 100 tenants: of the changes that a filter means, in the comparison that is named \
                 for each, as `findChanges` gives it. Nothing is written before a wave is run. Each restore is one of its \
                 organisation's, and can be read, approved and stopped there. A preview that could not be asked for says why in its \
                 line, and keeps none of the others.",
            )
            .weighs(10)
            .answers::<RestoreSetOut>(202)
            .located(),
        Route::get("/v1/restore-sets", "listRestoreSets", list)
            .says("The restore sets.", "Lists the sets of the caller's partner, the newest first. A set is kept for 90 days.")
            .answers::<Listed<ListedSetOut>>(200),
        Route::get("/v1/restore-sets/{set}", "readRestoreSet", read)
            .says(
                "A restore set.",
                "Says how each tenant of a set stands, as its restore does. Of organisations that the caller does not see only the \
                 number is told.",
            )
            .weighs(2)
            .answers::<RestoreSetOut>(200),
        Route::post("/v1/restore-sets/{set}/preview", "previewRestoreSet", preview)
            .says(
                "Previews again what is missing or too old.",
                "Asks for the previews of a set that could not be asked for before, and once more for those that are too old to be run.",
            )
            .weighs(10)
            .problems(&[409])
            .answers::<RestoreSetOut>(202)
            .located(),
        Route::post("/v1/restore-sets/{set}/run", "runRestoreSet", run)
            .says(
                "Runs the next wave of a set.",
                "Runs the next restores that are previewed, as many as a wave has, under the rules of each organisation: one that has \
                 to be approved waits for that, and does not begin once another has failed. One that cannot be run says why in its \
                 line, and the next takes its place. While a wave is under way, and once a restore of the set has failed or was \
                 stopped, the answer is 409. No wave begins by itself.",
            )
            .weighs(10)
            .problems(&[409])
            .answers::<RestoreSetOut>(202)
            .located(),
    ];
    under(&TAG, rows)
}

async fn create(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<PreviewRestore>,
    audit: AuditEach,
    Input(body): Input<RestoreSetIn>,
) -> Reply<Accepted<RestoreSetOut>> {
    let partner = admitted.own_partner().await?;
    let (wave, why) = (body.wave(), body.why());
    let tenants: Vec<SetTenantIn> = body.tenants.into_iter().take(RestoreSet::MOST_MEMBERS + 1).collect();
    let ids: Vec<OrganisationId> = tenants.iter().map(|tenant| tenant.organisation.clone()).collect();
    let each = admitted.each(&ids).await;
    let (mut members, mut askers) = (Vec::new(), BTreeMap::new());
    for (number, (tenant, of)) in tenants.into_iter().zip(each).enumerate() {
        let of = of.map_err(|error| named(&error, number))?;
        members.push((tenant.organisation.clone(), of.live()?.clone(), tenant.comparison));
        askers.insert(tenant.organisation, of.asker());
    }
    let asker = admitted.asker()?;
    let new = NewRestoreSet { members, filter: body.filter, delete_created: body.delete_created, wave, why };
    let set = api.restores.create_set(&partner, &asker, new).await?;
    let set = previewed(&api, &audit, set, &askers).await?;
    shown(&api, &admitted, set).await
}

/// An organisation that the caller does not see, or may not restore in, is named by its place in the request.
fn named(error: &Error, number: usize) -> Error {
    let why: String = error.summary().into();
    Error::invalid_field(format!("tenants[{number}].organisation"), why)
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<PreviewRestore>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<ListedSetOut>>> {
    let partner = admitted.own_partner().await?;
    let Listed { items, next } = api.restores.list_sets(&partner, query.page()).await?;
    let seen = items.into_iter().filter(|set| admitted.sees_one(set));
    Ok(Json(Listed { items: seen.map(Into::into).collect(), next }))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<PreviewRestore>,
    PathOf((id,)): PathOf<(RestoreSetId,)>,
) -> Reply<Json<RestoreSetOut>> {
    let set = found(&api, &admitted, &id).await?.value;
    let (_, _, Json(out)) = shown(&api, &admitted, set).await?;
    Ok(Json(out))
}

async fn preview(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<PreviewRestore>,
    audit: AuditEach,
    PathOf((id,)): PathOf<(RestoreSetId,)>,
) -> Reply<Accepted<RestoreSetOut>> {
    let set = found(&api, &admitted, &id).await?;
    let mut askers = BTreeMap::new();
    let each = admitted.each(&organisations(&set.value)).await;
    for (member, of) in set.value.members.iter().zip(each) {
        let of = of.ok();
        askers.extend(
            of.filter(|of| of.live().is_ok_and(|tenant| *tenant == member.tenant))
                .map(|of| (member.organisation.clone(), of.asker())),
        );
    }
    let set = previewed(&api, &audit, set, &askers).await?;
    shown(&api, &admitted, set).await
}

async fn run(
    State(api): State<SnapshotApi>,
    admitted: AdmittedEach<RunRestore>,
    audit: AuditEach,
    PathOf((id,)): PathOf<(RestoreSetId,)>,
) -> Reply<Accepted<RestoreSetOut>> {
    let Found { value: set, .. } = found(&api, &admitted, &id).await?;
    let mut runners = Runners::new();
    let each = admitted.each(&organisations(&set)).await;
    for (member, of) in set.members.iter().zip(each) {
        let Ok(of) = of else { continue };
        let Ok(tenant) = of.live() else { continue };
        runners.insert(member.organisation.clone(), (tenant.clone(), of.asker(), of.approvals()));
    }
    let refused = ran(&api, &audit, &set, &runners).await?;
    let lines = api.restores.lines(&set).await?;
    let location = format!("/v1/restore-sets/{id}");
    let out = RestoreSetOut::of(set, lines, |of| runners.contains_key(of), &refused);
    Ok(accepted(location, out))
}

/// Asks for the previews of a set, and says so in the log of each organisation: customer data is read for them.
async fn previewed(
    api: &SnapshotApi,
    audit: &AuditEach,
    set: Found<RestoreSet>,
    askers: &BTreeMap<OrganisationId, Asker>,
) -> Result<RestoreSet> {
    let id = set.value.id.clone();
    let lines = api.restores.lines(&set.value).await?.into_iter();
    let wanted = lines.filter(|line| matches!(line.state, MemberState::NotPreviewed | MemberState::Expired));
    let wanted: Vec<_> =
        wanted.map(|line| line.member).filter(|of| askers.contains_key(&of.organisation)).collect();
    audit.asked(wanted.iter().map(|member| about(&id, member)).collect()).await?;
    let asked = api.restores.preview_set(set, askers).await;
    let ended = match &asked {
        Ok(set) => {
            let of_wanted = |of: &&SetMember| wanted.iter().any(|one| one.organisation == of.organisation);
            // Which status a refusal would have had is not kept: its line says why.
            let status = |of: &SetMember| if of.refused.is_some() { 409 } else { 202 };
            set.members.iter().filter(of_wanted).map(|of| (about(&id, of), status(of))).collect()
        }
        Err(error) => wanted.iter().map(|of| (about(&id, of), status_of(error))).collect(),
    };
    audit.ended(ended).await;
    asked
}

/// Runs the next wave of a set, and says so in the log of each organisation.
async fn ran(
    api: &SnapshotApi,
    audit: &AuditEach,
    set: &RestoreSet,
    runners: &Runners,
) -> Result<BTreeMap<OrganisationId, Error>> {
    let before = api.restores.lines(set).await?.into_iter();
    let ready = before.filter(|line| line.state == MemberState::Previewed).map(|line| line.member);
    let ready: Vec<_> = ready.filter(|of| runners.contains_key(&of.organisation)).collect();
    // Whoever is reached only because another was refused is written down with the outcome alone.
    let next = &ready[..ready.len().min(set.wave)];
    audit.asked(next.iter().map(|of| about(&set.id, of)).collect()).await?;
    let refused = api.restores.run_wave(set, runners).await;
    let ended = match &refused {
        Err(error) => next.iter().map(|of| (about(&set.id, of), status_of(error))).collect(),
        Ok(refused) => {
            let after = api.restores.lines(set).await?.into_iter();
            let begun = after.filter(|line| line.state != MemberState::Previewed).map(|line| line.member);
            let begun: BTreeSet<_> = begun.map(|of| of.organisation).collect();
            let status = |of: &SetMember| match refused.get(&of.organisation) {
                Some(error) => Some(status_of(error)),
                None => begun.contains(&of.organisation).then_some(202),
            };
            ready.iter().filter_map(|of| Some((about(&set.id, of), status(of)?))).collect()
        }
    };
    audit.ended(ended).await;
    refused
}

/// What is written down of one organisation of a set.
fn about(set: &RestoreSetId, member: &SetMember) -> About {
    let restore = member.restore.iter().map(|restore| ("rst", restore.to_string()));
    [("set", set.to_string()), ("org", member.organisation.to_string())].into_iter().chain(restore).collect()
}

fn status_of(error: &Error) -> u16 {
    Problem::from(Error::new(error.kind(), error.summary())).status.as_u16()
}

/// A set of the caller's partner, where the caller sees one of its organisations.
async fn found<R: Right>(
    api: &SnapshotApi,
    admitted: &AdmittedEach<R>,
    id: &RestoreSetId,
) -> Result<Found<RestoreSet>> {
    let partner = admitted.own_partner().await?;
    let found = api.restores.get_set(&partner, id).await?;
    if admitted.sees_one(&found.value) { Ok(found) } else { Err(Error::not_found("there is no such set")) }
}

fn organisations(set: &RestoreSet) -> Vec<OrganisationId> {
    set.members.iter().map(|member| member.organisation.clone()).collect()
}

/// A set as the caller may see it.
async fn shown<R: Right>(
    api: &SnapshotApi,
    admitted: &AdmittedEach<R>,
    set: RestoreSet,
) -> Reply<Accepted<RestoreSetOut>> {
    let lines = api.restores.lines(&set).await?;
    let each = admitted.each(&organisations(&set)).await.into_iter();
    let seen: BTreeSet<OrganisationId> =
        each.filter_map(|of| of.ok().map(|of| of.organisation().clone())).collect();
    let location = format!("/v1/restore-sets/{}", set.id);
    let out = RestoreSetOut::of(set, lines, |of| seen.contains(of), &BTreeMap::new());
    Ok(accepted(location, out))
}
