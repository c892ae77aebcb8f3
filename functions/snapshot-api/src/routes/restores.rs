//! Restores: previewed, looked at, run, reported.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, ApproveRestore, PreviewRestore, ReadAccessPass, RunRestore};
use crate::wire::{
    AccessPassOut, AdministratorsOut, CompletionOut, ReceiptIn, ReceiptOut, RestoreIn, RestoreOut,
    RestorePlanOut, RestoresIn,
};
use axum::Json;
use axum::extract::State;
use domain::{Error, ErrorKind, OrganisationId, RestoreId, TenantId};
use engine::Listed;
use http::HeaderName;
use http::header::CACHE_CONTROL;
use restore::commands::restores::{NewRestore, PlanPage};
use runtime::http::{Accepted, Input, Notes, PageIn, PathOf, QueryOf, Route, Text, accepted, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Restores",
    description: "What is to be as it was: previewed step by step, then run as it was shown.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/restores", "previewRestore", preview)
            .says(
                "Previews a restore.",
                "Queues the preview of a restore, from objects of a snapshot or from the changes of a comparison. \
                 Nothing is written to the tenant before the preview is run. At most 5 previews of a tenant are open, 3 of \
                 one person, and its own people ask for 50 in a day: beyond that the answer is 429.",
            )
            .weighs(HEAVY)
            .answers::<RestoreOut>(202)
            .located(),
        Route::get("/v1/organisations/{org}/restores", "listRestores", list)
            .says(
                "Restores, newest first.",
                "Lists the restores of the organisation's tenant, without their steps: previewed, run and ended. With \
                 `waitsForApproval=true` only those that wait for somebody to approve them, and still can be approved.",
            )
            .weighs(HEAVY)
            .answers::<Listed<RestoreOut>>(200),
        Route::get("/v1/organisations/{org}/restores/{rst}", "readRestore", read)
            .says(
                "A restore with its steps.",
                "Reads a restore with a part of its steps, in the order in which they are written, each with what \
                 became of it once it was tried.",
            )
            .weighs(HEAVY)
            .answers::<RestorePlanOut>(200),
        Route::post("/v1/organisations/{org}/restores/{rst}/run", "runRestore", run)
            .says(
                "Runs a previewed restore.",
                "Queues the execution of the preview, as it was shown and once. What the live tenant no longer agrees \
                 with is skipped. Where the organisation's rule wants it, and always where an end user asked for it, it \
                 waits until somebody else has approved it (`waitsForApproval`); those who may are told. A \
                 preview that has expired is answered 409: it is made again first.",
            )
            .weighs(HEAVY)
            .answers::<RestoreOut>(202)
            .located(),
        Route::post("/v1/organisations/{org}/restores/{rst}/approve", "approveRestore", approve)
            .says(
                "Approves a restore that somebody else asked for.",
                "Approves the plan that the preview shows; where it waits to be run, its execution is queued. A person of \
                 the partner approves, who has signed in, and never whoever asked, with whichever token. The approval is for \
                 the plan's hash: it stands for a preview that is made again with the same one.",
            )
            .weighs(HEAVY)
            .answers::<RestoreOut>(202)
            .located(),
        Route::post("/v1/organisations/{org}/restores/{rst}/cancel", "cancelRestore", cancel)
            .says(
                "Stops a restore.",
                "Cancels a restore that has not begun; one that is executed ends before its next step. What was written \
                 until then stays, and its report says what that is. One that has come to its end is answered 409.",
            )
            .answers::<RestoreOut>(202)
            .located(),
        Route::post("/v1/organisations/{org}/restores/{rst}/again", "previewRestoreAgain", again)
            .says(
                "Previews the same restore once more.",
                "Queues another preview of the same choice, as a restore of its own: of the tenant as it is now. Where nothing \
                 changed its plan has the same hash. It counts as any preview.",
            )
            .weighs(HEAVY)
            .answers::<RestoreOut>(202)
            .located(),
        Route::get("/v1/organisations/{org}/restores/{rst}/report", "readReport", report)
            .says(
                "What became of a restore.",
                "Reads a restore that was run, to its end or until it was stopped, with a part of its steps and what became \
                 of each. While it has not ended the answer is 409.",
            )
            .weighs(HEAVY)
            .answers::<RestorePlanOut>(200),
        Route::get("/v1/organisations/{org}/restores/{rst}/receipt", "readReceipt", receipt)
            .says(
                "The signed receipt of a restore.",
                "Reads a page of the receipt of a restore that has ended, however it ended: done, stopped, given up or not \
                 run in time. Its head is signed and vouches for all pages; `holdfast verify-receipt` verifies it without this \
                 API. While the restore has not ended, or its receipt is being signed, the answer is 409: ask again.",
            )
            .weighs(HEAVY)
            .answers::<ReceiptOut>(200),
        Route::get("/v1/organisations/{org}/restores/{rst}/completion", "readCompletion", completion)
            .says(
                "What people must still do.",
                "Reads what a restore that has ended leaves to people: passwords to be given, second factors to be \
                 registered, secrets to be entered, what was refused. Each item says who does it. Whether it is done is \
                 looked for in the newest snapshot each time; what no snapshot can show is `unseen`. While the restore has \
                 not ended the answer is 409.",
            )
            .weighs(HEAVY)
            .answers::<CompletionOut>(200),
        Route::post("/v1/organisations/{org}/restores/{rst}/passes/{step}", "readAccessPass", read_pass)
            .says(
                "Reads a Temporary Access Pass, once.",
                "Reads the pass that a step of the restore (`issuePass`) had made for somebody who came back. A person who has \
                 signed in reads it, and hands it over; the audit log says who. It is shown this once: read again, the \
                 answer is 409. Where the step made none, or the pass has ended, it is 404.",
            )
            .weighs(HEAVY)
            .answers::<AccessPassOut>(200),
    ];
    under(&TAG, rows)
}

async fn preview(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    Input(body): Input<RestoreIn>,
) -> Reply<Accepted<RestoreOut>> {
    let tenant = admitted.live()?;
    let body = if body.is_from_last_known_good() {
        let snapshot = api.marks.last_known_good(tenant).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::invalid_field("snapshot", error.to_string()),
            _ => error,
        });
        body.with_snapshot(snapshot?)
    } else {
        body
    };
    let new = NewRestore::try_from(body)?;
    let restore = api.restores.create_preview(tenant, admitted.asker(), new).await?;
    let location = format!("/v1/organisations/{}/restores/{}", admitted.organisation(), restore.id);
    Ok(accepted(location, restore.into()))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    QueryOf(query): QueryOf<RestoresIn>,
) -> Reply<Json<Listed<RestoreOut>>> {
    let wanted = query.wanted();
    let Listed { items, next } = api.restores.list(admitted.stored()?, &wanted, query.page()).await?;
    Ok(Json(Listed { items: items.into_iter().map(RestoreOut::listed).collect(), next }))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    PathOf((_, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<RestorePlanOut>> {
    let tenant = admitted.stored()?;
    let page = api.restores.read_plan(tenant, &id, query.page()).await?;
    shown(&api, tenant, page).await
}

/// A part of a plan, with the names of who administers the tenant.
async fn shown(api: &SnapshotApi, tenant: &TenantId, mut page: PlanPage) -> Reply<Json<RestorePlanOut>> {
    let administrators = match page.administrators.take() {
        Some(told) => {
            let ids = told.before.iter().chain(&told.after).map(String::as_str).collect();
            let accounts = api.marks.accounts(tenant, &ids).await?;
            Some(AdministratorsOut::of(told, &accounts))
        }
        None => None,
    };
    Ok(Json(RestorePlanOut::from(page).administered(administrators)))
}

async fn run(
    State(api): State<SnapshotApi>,
    admitted: Admitted<RunRestore>,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
) -> Reply<Accepted<RestoreOut>> {
    let (who, rule) = (admitted.asker(), admitted.approvals());
    let restore = api.restores.run(admitted.live()?, who, rule, &id).await?;
    Ok(accepted(format!("/v1/organisations/{org}/restores/{id}"), restore.into()))
}

async fn approve(
    State(api): State<SnapshotApi>,
    admitted: Admitted<ApproveRestore>,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
) -> Reply<Accepted<RestoreOut>> {
    let restore = api.restores.approve(admitted.live()?, &admitted.approver()?, &id).await?;
    Ok(accepted(format!("/v1/organisations/{org}/restores/{id}"), restore.into()))
}

async fn cancel(
    State(api): State<SnapshotApi>,
    admitted: Admitted<RunRestore>,
    PathOf((org, id)): PathOf<(OrganisationId, RestoreId)>,
) -> Reply<Accepted<RestoreOut>> {
    // Why not only while backups run: what writes to a tenant can always be stopped.
    let restore = api.restores.cancel(admitted.stored()?, admitted.asker(), &id).await?;
    Ok(accepted(format!("/v1/organisations/{org}/restores/{id}"), restore.into()))
}

async fn again(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    PathOf((_, id)): PathOf<(OrganisationId, RestoreId)>,
) -> Reply<Accepted<RestoreOut>> {
    let restore = api.restores.preview_again(admitted.live()?, admitted.asker(), &id).await?;
    let location = format!("/v1/organisations/{}/restores/{}", admitted.organisation(), restore.id);
    Ok(accepted(location, restore.into()))
}

async fn report(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    PathOf((_, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<RestorePlanOut>> {
    let tenant = admitted.stored()?;
    let page = api.restores.read_report(tenant, &id, query.page()).await?;
    shown(&api, tenant, page).await
}

async fn receipt(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    PathOf((_, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<ReceiptIn>,
) -> Reply<Json<ReceiptOut>> {
    let cursor = query.cursor.as_deref();
    Ok(Json(api.restores.read_receipt(admitted.stored()?, &id, cursor).await?.into()))
}

async fn completion(
    State(api): State<SnapshotApi>,
    admitted: Admitted<PreviewRestore>,
    PathOf((_, id)): PathOf<(OrganisationId, RestoreId)>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<CompletionOut>> {
    Ok(Json(api.restores.read_completion(admitted.stored()?, &id, query.page()).await?.into()))
}

async fn read_pass(
    State(api): State<SnapshotApi>,
    admitted: Admitted<ReadAccessPass>,
    PathOf((_, id, Text(step))): PathOf<(OrganisationId, RestoreId, Text)>,
) -> Reply<([(HeaderName, &'static str); 1], Json<AccessPassOut>)> {
    let step = step.parse().map_err(|_| Error::not_found("the restore has no such step"))?;
    let (tenant, reader) = (admitted.live()?, admitted.pass_reader()?);
    let pass = api.restores.read_pass(tenant, &reader, &id, step).await?;
    Ok(([(CACHE_CONTROL, "no-store")], Json(pass.into())))
}
