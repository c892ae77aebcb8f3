//! Objects of a snapshot: listed, searched by a part of the name, an id or a filter, read with their links.

use super::HEAVY;
use crate::SnapshotApi;
use crate::door::{Admitted, UseSnapshots};
use crate::wire::{EverIn, FoundOut, HistoryIn, LinksIn, ObjectOut, ObjectsIn};
use axum::Json;
use axum::extract::State;
use backup::commands::ever::FoundEver;
use backup::commands::history::{History, HistoryOf};
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
        Route::get("/v1/organisations/{org}/objects", "findObjects", find)
            .says(
                "Objects as of a time.",
                "Searches the newest sealed snapshot that had begun by `asOf`, as the search of a snapshot does. Which snapshot that \
                 is, and as of when, is said in `searched`; all parts are of that one. 404 where none had begun by then.",
            )
            .weighs(HEAVY)
            .answers::<FoundOut>(200),
        Route::get("/v1/organisations/{org}/search", "searchAllSnapshots", ever)
            .says(
                "Objects of all snapshots.",
                "Finds the objects that had this part of a name, or have this id, in any sealed snapshot, also those that are \
                 gone: when they were first and last there, and whether they lie in the recycle bin. First comes what the \
                 newest snapshot holds, then what it does not, the last gone first; each object comes once. A part may be \
                 short, or empty, though more follows, and `searchedBackTo` says how far it got; only where `complete` says \
                 so was everything looked at.",
            )
            .weighs(HEAVY)
            .answers::<FoundEver>(200),
        Route::get(object, "readObject", read)
            .says(
                "An object with its links.",
                "Reads one object of a sealed snapshot as Graph gave it, with a part of the links from it and to it. A \
                 part may be short, or empty, though more follows: `next` says where to go on.",
            )
            .weighs(HEAVY)
            .answers::<ObjectOut>(200),
        Route::get("/v1/organisations/{org}/history/{kind}/{*key}", "readHistory", history)
            .says(
                "The history of an object, or of one of its links.",
                "Tells what became of an object, the newest first: each version with the two snapshots that bound it, what of \
                 its attributes changed as a comparison tells it, and which links from it and to it came, went or changed. An \
                 object that a restore created again is one object under each of its ids; one that others made in its place is a \
                 guess, and named as one in `knownAs`. Spans in which something was not held are `gaps`, and only a history that \
                 was told to its beginning without any is `complete`. A part may be short, or empty, though more follows: `next` \
                 says where to go on.",
            )
            .weighs(HEAVY)
            .answers::<History>(200),
    ];
    under(&TAG, rows)
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, id)): PathOf<(OrganisationId, SnapshotId)>,
    QueryOf(query): QueryOf<ObjectsIn>,
) -> Reply<Json<FoundOut>> {
    if query.as_of.is_some() {
        Err(Error::invalid_field("asOf", "is of no use here: the snapshot is named"))?;
    }
    Ok(Json(api.browse.find(admitted.stored()?, &id, query.sought()?, query.page()).await?.into()))
}

async fn find(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_,)): PathOf<(OrganisationId,)>,
    QueryOf(query): QueryOf<ObjectsIn>,
) -> Reply<Json<FoundOut>> {
    let at = query.as_of.unwrap_or_else(|| api.snapshots.clock.now());
    Ok(Json(api.browse.find_as_of(admitted.stored()?, at, query.sought()?, query.page()).await?.into()))
}

async fn ever(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_,)): PathOf<(OrganisationId,)>,
    QueryOf(query): QueryOf<EverIn>,
) -> Reply<Json<FoundEver>> {
    let kind = query.kind.as_deref().map(kinds::get).transpose()?;
    Ok(Json(api.browse.ever(admitted.stored()?, kind, query.sought()?, query.page()).await?))
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

async fn history(
    State(api): State<SnapshotApi>,
    admitted: Admitted<UseSnapshots>,
    PathOf((_, Text(kind), Text(key))): PathOf<(OrganisationId, Text, Text)>,
    QueryOf(query): QueryOf<HistoryIn>,
) -> Reply<Json<History>> {
    let kind = kinds::get(&kind)?;
    let link = match (query.link.as_deref(), query.to.as_deref()) {
        (None, None) => None,
        (Some(link), Some(to)) => {
            let found = kind.links.iter().find(|known| known.name == link);
            let found = found.ok_or_else(|| Error::invalid_field("link", "is no link type of that kind"))?;
            Some((found, to))
        }
        (Some(_), None) => Err(Error::invalid_field("to", "is missing: a link has two ends"))?,
        (None, Some(_)) => Err(Error::invalid_field("link", "is missing: without it nothing leads there"))?,
    };
    let of = HistoryOf { kind, key: &key, link };
    Ok(Json(api.browse.history(admitted.stored()?, of, query.cursor.as_deref()).await?))
}
