//! API tokens of the partner, and an organisation's own.

use crate::PlanApi;
use crate::wire::tokens::{NewTokenIn, TokenOut};
use axum::Json;
use axum::extract::State;
use domain::rights::Action;
use domain::{OrganisationId, TokenId};
use engine::Listed;
use http::StatusCode;
use runtime::http::{Asked, Created, Input, Notes, PageIn, PathOf, QueryOf, Route, created, listed, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag { name: "Tokens", description: "API tokens of partners and of organisations." };

pub fn routes<N: Notes>() -> Vec<Route<PlanApi, N>> {
    let mut rows = of_partners();
    rows.extend(of_organisations());
    under(&TAG, rows)
}

fn of_partners<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::post("/v1/tokens", "createToken", create)
            .says(
                "Makes an API token, shown this once.",
                "Makes an API token of the caller's partner. It can do no more, and is good no longer, than its maker.",
            )
            .right(Action::ManageTokens)
            .answers::<TokenOut>(201)
            .located(),
        Route::get("/v1/tokens", "listTokens", list)
            .says(
                "The API tokens of the caller's partner.",
                "Lists the API tokens of the caller's partner, newest first, also those that have ended lately.",
            )
            .right(Action::ManageTokens)
            .answers::<Listed<TokenOut>>(200),
        Route::get("/v1/tokens/{tok}", "readToken", read)
            .says(
                "An API token: its beginning, role, creation and last use.",
                "Reads what is known of one API token of the caller's partner. The token itself is not shown again.",
            )
            .right(Action::ManageTokens)
            .answers::<TokenOut>(200),
        Route::delete("/v1/tokens/{tok}", "revokeToken", revoke)
            .says(
                "The token is no longer good.",
                "Revokes an API token for good. It may be taken for good for up to a minute. To revoke it again \
                 changes nothing.",
            )
            .right(Action::ManageTokens)
            .answers_nothing(),
        Route::post("/v1/tokens/{tok}/rotate", "rotateToken", rotate)
            .says(
                "A new token in the place of this one.",
                "Makes the token anew: the old text ends, and its id, role and end stay. The new one is shown this \
                 once.",
            )
            .right(Action::ManageTokens)
            .answers::<TokenOut>(201)
            .located(),
    ]
}

fn of_organisations<N: Notes>() -> Vec<Route<PlanApi, N>> {
    vec![
        Route::get("/v1/organisations/{org}/token", "readOrganisationToken", read_own)
            .says(
                "The organisation's own token.",
                "Reads what is known of the token by which the organisation itself uses the API.",
            )
            .right(Action::ManageTokens)
            .answers::<TokenOut>(200),
        Route::post("/v1/organisations/{org}/token", "renewOrganisationToken", renew_own)
            .says(
                "Makes the organisation's own token anew.",
                "Makes the token by which the organisation itself uses the API, in the place of the one that it had. \
                 It is shown this once, and opens the features that are switched on.",
            )
            .right(Action::ManageTokens)
            .answers::<TokenOut>(201)
            .located(),
        Route::delete("/v1/organisations/{org}/token", "revokeOrganisationToken", revoke_own)
            .says(
                "The organisation's own token is no longer good.",
                "Revokes the token by which the organisation itself uses the API. To revoke it again changes nothing.",
            )
            .right(Action::ManageTokens)
            .answers_nothing(),
    ]
}

async fn create(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    Input(body): Input<NewTokenIn>,
) -> Reply<Created<TokenOut>> {
    let made = api.tokens.create(&caller, body.into()).await?;
    Ok(created(format!("/v1/tokens/{}", made.entry.id), made.into()))
}

async fn list(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<TokenOut>>> {
    Ok(listed(api.tokens.list(&caller, query.page()).await?))
}

async fn read(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<Json<TokenOut>> {
    Ok(Json(api.tokens.get(&caller, &id).await?.into()))
}

async fn revoke(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<StatusCode> {
    api.tokens.revoke(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn rotate(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(TokenId,)>,
) -> Reply<Created<TokenOut>> {
    let made = api.tokens.rotate(&caller, &id).await?;
    Ok(created(format!("/v1/tokens/{id}"), made.into()))
}

async fn read_own(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Json<TokenOut>> {
    let (view, organisation) = api.tokens.get_of_organisation(&caller, &id).await?;
    Ok(Json(TokenOut::from(view).of(organisation)))
}

async fn renew_own(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<Created<TokenOut>> {
    let (made, organisation) = api.tokens.rotate_of_organisation(&caller, &id).await?;
    Ok(created(format!("/v1/organisations/{id}/token"), TokenOut::from(made).of(organisation)))
}

async fn revoke_own(
    State(api): State<PlanApi>,
    Asked(caller): Asked,
    PathOf((id,)): PathOf<(OrganisationId,)>,
) -> Reply<StatusCode> {
    api.tokens.revoke_of_organisation(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
