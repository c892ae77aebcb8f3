//! Objects of a snapshot: listed, searched by a part of the name, an id or a filter, read with their links.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, UseSnapshots};
use crate::wire::{FoundOut, LinksIn, ObjectOut, ObjectsIn};
use axum::Json;
use axum::extract::State;
use backup::commands::filter::Filtered;
use domain::{Error, OrganisationId, SnapshotId, kinds};
use runtime::http::{Notes, PathOf, QueryOf, Route, Text, under};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag =
    Tag { name: "Objects", description: "What a sealed snapshot holds: users, groups, roles, policies." };

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    // Why the rest of the path: the key of a role assignment has slashes in it.
    let object = "/v1/organisations/{org}/snapshots/{snp}/objects/{kind}/{*key}";
    let rows = vec![
        Route::get("/v1/organisations/{org}/snapshots/{snp}/objects", "listObjects", list)
            .says(
                "Objects of a snapshot, by kind, name, id or filter.",
                "Lists objects of a sealed snapshot, of one kind or of all, or searches them by a part of their name, by their \
                 id, or, of one kind, by a filter. A part of the answer may be short, or empty, though more follows: everything \
                 was looked at only when `complete` says so. What the snapshot does not hold is named in `searched`.\n\n\
                 A filter, in EBNF: `filter = both { \"or\" both }`, `both = one { \"and\" one }`, `one = \"not\" one | \"(\" filter \
                 \")\" | path (\"eq\" | \"ne\" | \"gt\" | \"ge\" | \"lt\" | \"le\") literal | path \"in\" \"(\" literal { \",\" literal } \
                 \")\" | (\"startswith\" | \"endswith\" | \"contains\") \"(\" path \",\" text \")\" | path \"/any(\" [ variable \":\" \
                 filter ] \")\"`, `path = name { \"/\" name }`, `literal = \"null\" | \"true\" | \"false\" | number | time | text`, \
                 `text = \"'\" { character | \"''\" } \"'\"`; a time is RFC 3339 or a date, without quotes, an id a text.",
            )
            .weighs(HEAVY)
            .answers::<FoundOut>(200),
        Route::get(object, "readObject", read)
            .says(
                "An object with its links.",
                "Reads one object of a sealed snapshot as Graph gave it, with a part of the links from it and to it. A \
                 part may be short, or empty, though more follows: `next` says where to go on.",
            )
            .weighs(HEAVY)
            .answers::<ObjectOut>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id)): PathOf<(OrganisationId, SnapshotId)>,
    QueryOf(query): QueryOf<ObjectsIn>,
) -> Reply<Json<FoundOut>> {
    let kind = query.kind.as_deref().map(kinds::get).transpose()?;
    let (tenant, browse) = (admitted.stored()?, &api.browse);
    let ObjectsIn { name, id: key, filter, .. } = &query;
    if key.is_some() && query.cursor.is_some() {
        Err(Error::invalid_field("cursor", "does not go with an id, which is found in one part"))?;
    }
    let found = match (key, filter, kind) {
        (Some(key), None, _) if name.is_none() => browse.by_id(tenant, &id, kind, key).await?,
        (Some(_), _, _) => Err(Error::invalid_field("id", "stands alone, without name and filter"))?,
        (None, None, _) => browse.objects(tenant, &id, kind, name.as_deref(), query.page()).await?,
        (None, Some(filter), Some(kind)) => {
            let asked = Filtered { kind, filter, name: name.as_deref() };
            browse.filtered(tenant, &id, asked, query.page()).await?
        }
        (None, Some(_), None) => Err(Error::invalid_field("kind", "is missing: a filter is about one kind"))?,
    };
    Ok(Json(found.into()))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id, Text(kind), Text(key))): PathOf<(OrganisationId, SnapshotId, Text, Text)>,
    QueryOf(query): QueryOf<LinksIn>,
) -> Reply<Json<ObjectOut>> {
    let kind = kinds::get(&kind)?;
    Ok(Json(api.browse.object(admitted.stored()?, &id, kind, &key, query.page()).await?.into()))
}
