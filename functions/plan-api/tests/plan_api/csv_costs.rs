//! What a text of all organisations costs: so many questions to the catalog for a part of it, however many organisations
//! there are and however few are wanted; the parts together give each once.

use crate::common::Plane;
use domain::OrganisationId;
use engine::records::Organisation;
use http::header::LINK;
use partners::commands::Caller;
use std::collections::BTreeSet;

const ROWS: u32 = 6_000;
/// A part may ask the catalog this often, with the audit entries before and after and the limit of the caller.
const MOST_CALLS: u64 = 40;

#[tokio::test]
async fn a_csv_of_six_thousand_organisations_comes_in_parts_of_a_bounded_cost() {
    let plane = Plane::new();
    let (partner, owner) = plane.partner(&Caller::Operator, "P").await;
    let first: OrganisationId = plane.organisation(&owner, "Contoso").await;
    let row = plane.records().get(&Organisation::at(&partner, &first)).await.unwrap().value;
    let mut wanted = BTreeSet::from([first.to_string()]);
    for n in 1..ROWS {
        let id = OrganisationId::from_ulid(&format!("01J{n:023}"));
        wanted.insert(id.to_string());
        plane.records().put_new(&Organisation { id, tenant: None, ..row.clone() }).await.unwrap();
    }
    // Of those that are not wanted a part looks through more.
    for (query, wanted, in_parts) in
        [("format=csv", wanted, 2), ("format=csv&search=zzzz", BTreeSet::new(), 1)]
    {
        let (mut found, mut parts) = (BTreeSet::new(), 0);
        let mut path = Some(format!("/v1/organisations?{query}"));
        while let Some(asked) = path {
            plane.plan.take_log();
            let part = plane.get(&owner, &asked).await;
            let calls = plane.plan.take_log();
            assert_eq!(part.status, 200, "{part:?}");
            assert!(calls.len() <= MOST_CALLS, "{} calls of {asked}: {}", calls.len(), calls.print());
            assert!(part.text.lines().count() <= 5_001);
            for line in part.text.lines().skip(1) {
                assert!(found.insert(line.split(',').next().unwrap().to_owned()), "{line} comes twice");
            }
            parts += 1;
            let link = part.headers.get(LINK).map(|link| link.to_str().unwrap());
            path = link.map(|link| {
                let query = link.strip_prefix("<?").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
                format!("/v1/organisations?{query}")
            });
        }
        assert_eq!((found, parts), (wanted, in_parts), "{query}");
    }
}
