//! Downloads: asked for, followed, fetched by a link.

use crate::SnapshotApi;
use crate::door::{Admitted, DownloadData};
use crate::wire::{DownloadIn, DownloadOut};
use axum::extract::State;
use axum::{Extension, Json};
use domain::{DownloadId, OrganisationId};
use engine::Listed;
use engine::records::DownloadOf;
use runtime::http::{
    Accepted, AlsoAbout, Input, Notes, PageIn, PathOf, QueryOf, Route, accepted, listed, under,
};
use runtime::openapi::Tag;
use runtime::problem::Reply;

const TAG: Tag = Tag {
    name: "Downloads",
    description: "Files of what is backed up, to keep or to open in a spreadsheet.",
};

pub fn routes<N: Notes>() -> Vec<Route<SnapshotApi, N>> {
    let rows = vec![
        Route::post("/v1/organisations/{org}/downloads", "startDownload", start)
            .says(
                "Makes a file of what is backed up.",
                "Queues a file of a sealed snapshot, of some of its kinds, of one of its objects, or of what a comparison \
                 found, as JSON lines or as a table. It is there for 24 hours after it was asked for. At most 5 downloads of a \
                 tenant are open, 3 of one person, and its own people ask for 50 in a day: beyond that the answer is 429.",
            )
            .answers::<DownloadOut>(202)
            .located(),
        Route::get("/v1/organisations/{org}/downloads", "listDownloads", list)
            .says(
                "The downloads.",
                "Lists the downloads of the organisation that have not ended, those that were asked for last first, without \
                 links to their files.",
            )
            .answers::<Listed<DownloadOut>>(200),
        Route::get("/v1/organisations/{org}/downloads/{dow}", "readDownload", read)
            .says(
                "A download, and the link to its file.",
                "Reads how far a download is. Once its file is made each answer has a link of its own, by which whoever has it \
                 fetches the file within five minutes.",
            )
            .answers::<DownloadOut>(200),
    ];
    under(&TAG, rows)
}

async fn start(
    State(api): State<SnapshotApi>,
    admitted: Admitted<DownloadData>,
    Input(body): Input<DownloadIn>,
) -> Reply<(Extension<AlsoAbout>, Accepted<DownloadOut>)> {
    let new = body.checked()?;
    let row = api.downloads.start(admitted.stored()?, &admitted.asker(), new).await?;
    let location = format!("/v1/organisations/{}/downloads/{}", admitted.organisation(), row.id);
    // What left the house is in the audit log for good; the row ends after a day.
    let about = match &row.of {
        DownloadOf::Snapshot { snapshot, .. } => ("snp", snapshot.to_string()),
        DownloadOf::Comparison { comparison } => ("dif", comparison.to_string()),
    };
    Ok((Extension(AlsoAbout(vec![about])), accepted(location, row.into())))
}

async fn list(
    State(api): State<SnapshotApi>,
    admitted: Admitted<DownloadData>,
    QueryOf(query): QueryOf<PageIn>,
) -> Reply<Json<Listed<DownloadOut>>> {
    Ok(listed(api.downloads.list(admitted.stored()?, query.page()).await?))
}

async fn read(
    State(api): State<SnapshotApi>,
    admitted: Admitted<DownloadData>,
    PathOf((_, id)): PathOf<(OrganisationId, DownloadId)>,
) -> Reply<Json<DownloadOut>> {
    let row = api.downloads.get(admitted.stored()?, &id).await?;
    let link = api.downloads.link(&row).await?;
    Ok(Json(DownloadOut::from(row).with_link(link)))
}
