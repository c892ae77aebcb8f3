//! The jobs of a partner over HTTP: what was asked for in all of its organisations, and by whom it is found.

use crate::common::{EARLIER_SNAPSHOT, Plane, SNAPSHOT, TENANT, as_role};
use domain::rights::{Feature, Role};
use domain::{OrganisationId, PartnerId};
use engine::ports::Write;
use engine::records::{Diff, JobEntry, JobState, Record};
use jiff::SignedDuration;
use partners::commands::Caller;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";

/// Two partners, of which one has a customer.
struct Story {
    plane: Plane,
    partner: PartnerId,
    owner: Caller,
    sibling: Caller,
    org: OrganisationId,
}

impl Story {
    async fn new() -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let (_, sibling) = plane.partner(B, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        Self { plane, partner, owner, sibling, org }
    }

    /// Asks for one of each, a minute apart; gives their ids, the newest first.
    async fn ask_for_each(&self) -> Vec<String> {
        let bodies = [
            ("snapshots", Value::Null),
            ("comparisons", json!({ "before": EARLIER_SNAPSHOT, "after": SNAPSHOT, "kinds": ["groups"] })),
            ("restores", json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u" }] })),
            ("downloads", json!({ "snapshot": SNAPSHOT, "format": "csv" })),
        ];
        let mut ids = Vec::new();
        for (path, body) in bodies {
            let path = format!("/v1/organisations/{}/{path}", self.org);
            let answer = self.plane.ask(Some(&self.owner), "POST", &path, &body).await;
            assert_eq!(answer.status, 202, "{path}: {answer:?}");
            ids.insert(0, answer.json()["id"].as_str().unwrap().to_owned());
            self.plane.world.clock.advance(SignedDuration::from_mins(1));
        }
        ids
    }

    async fn list(&self, caller: &Caller, query: &str) -> Value {
        let answer = self.plane.ask(Some(caller), "GET", &format!("/v1/jobs{query}"), &Value::Null).await;
        assert_eq!(answer.status, 200, "{query}: {answer:?}");
        answer.json()
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        ids(&self.list(&self.owner, query).await)
    }
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_somebody_asked_for_is_found_newest_first_in_parts_that_together_give_each_once() {
    let story = Story::new().await;
    let asked = story.ask_for_each().await;
    let whole = story.list(&story.owner, "").await;
    assert_eq!(ids(&whole), asked);
    assert_eq!((&whole["next"], &whole["gone"], &whole["complete"]), (&json!(null), &json!(0), &json!(true)));
    let newest = &whole["items"][0];
    let shown = ["type", "organisationName", "state", "requestedBy"].map(|field| newest[field].clone());
    assert_eq!(shown, [json!("download"), json!("Contoso"), json!("open"), json!("hft_12345678")]);
    let (mut found, mut query) = (Vec::new(), Some("?limit=1".to_owned()));
    while let Some(asked) = query {
        let part = story.list(&story.owner, &asked).await;
        found.extend(ids(&part));
        query = part["next"].as_str().map(|next| format!("?limit=1&cursor={next}"));
    }
    assert_eq!(found, asked);
}

#[tokio::test]
async fn jobs_are_chosen_by_type_state_organisation_person_and_time() {
    let story = Story::new().await;
    let asked = story.ask_for_each().await;
    let [download, restore, comparison, snapshot] = [0, 1, 2, 3].map(|n| asked[n].clone());
    let plane = &story.plane;
    let at = Diff::at(&plane.tenant, &comparison.parse().unwrap());
    plane.edit(&at, |row| row.state = JobState::Done).await;
    let times: Vec<String> = story.list(&story.owner, "").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["requestedAt"].as_str().unwrap().to_owned())
        .collect();
    for (query, wanted) in [
        ("type=snapshot".to_owned(), vec![&snapshot]),
        ("type=restore".to_owned(), vec![&restore]),
        ("state=done".to_owned(), vec![&comparison]),
        ("state=open".to_owned(), vec![&download, &restore, &snapshot]),
        ("state=done&limit=1".to_owned(), vec![&comparison]),
        ("state=failed".to_owned(), vec![]),
        (format!("organisation={}", story.org), asked.iter().collect()),
        (format!("organisation=org_{}", B.to_lowercase()), vec![]),
        ("requestedBy=hft_12345678".to_owned(), asked.iter().collect()),
        ("requestedBy=somebody".to_owned(), vec![]),
        (format!("since={}", times[1]), vec![&download, &restore]),
        (format!("until={}", times[1]), vec![&comparison, &snapshot]),
        (format!("since={}&until={}", times[2], times[0]), vec![&restore, &comparison]),
    ] {
        let found = story.list(&story.owner, &format!("?{query}")).await;
        assert_eq!(ids(&found), wanted.into_iter().cloned().collect::<Vec<_>>(), "{query}");
        // What is behind a part that is full may stand otherwise.
        assert!(query.contains("limit") || found["next"].is_null(), "{query}");
    }
    let wrong = plane.ask(Some(&story.owner), "GET", "/v1/jobs?state=lost", &Value::Null).await;
    assert_eq!(wrong.fields(), ["state"]);
}

#[tokio::test]
async fn nobody_finds_jobs_of_others_or_of_sorts_that_they_may_not_ask_for() {
    let story = Story::new().await;
    let asked = story.ask_for_each().await;
    assert_eq!(ids(&story.list(&story.sibling, "").await), [""; 0]);
    let path = format!("/v1/jobs?partner={}", story.partner);
    assert_eq!(story.plane.ask(Some(&story.sibling), "GET", &path, &Value::Null).await.status, 404);
    assert_eq!(story.plane.ask(None, "GET", "/v1/jobs", &Value::Null).await.status, 401);
    assert_eq!(story.plane.ask(Some(&Caller::Operator), "GET", "/v1/jobs", &Value::Null).await.status, 403);
    // Support downloads nothing, Finance works with nothing of a tenant.
    let support = as_role(&story.owner, Role::Support, None);
    assert_eq!(ids(&story.list(&support, "").await), asked[1..]);
    let finance = as_role(&story.owner, Role::Finance, None);
    for (caller, query) in [(&finance, ""), (&support, "?type=download")] {
        let answer = story.plane.ask(Some(caller), "GET", &format!("/v1/jobs{query}"), &Value::Null).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    let elsewhere = as_role(&story.owner, Role::Admin, Some(vec![OrganisationId::from_ulid(B)]));
    assert_eq!(ids(&story.list(&elsewhere, "").await), [""; 0]);
    story.plane.change(&story.partner, &story.org, |o| o.features = Feature::ALL.to_vec()).await;
    let customer = as_role(&story.owner, Role::EndCustomer, Some(vec![story.org.clone()]));
    assert_eq!(story.plane.ask(Some(&customer), "GET", "/v1/jobs", &Value::Null).await.status, 403);
}

#[tokio::test]
async fn jobs_of_an_organisation_that_is_no_longer_the_partners_are_left_out_and_counted() {
    let story = Story::new().await;
    story.ask_for_each().await;
    let other = "ffffffff-0000-1111-2222-333344445555".parse().ok();
    story.plane.change(&story.partner, &story.org, |o| o.tenant = other).await;
    let list = story.list(&story.owner, "").await;
    assert_eq!((ids(&list), &list["gone"]), (vec![], &json!(4)));
}

#[tokio::test]
async fn a_job_whose_row_has_ended_is_told_as_that() {
    let story = Story::new().await;
    let download = story.ask_for_each().await.remove(0);
    let catalog = &story.plane.world.catalog;
    let rows = catalog.rows();
    let (scope, row) = rows.iter().find(|(_, row)| row.key == format!("download#{download}")).unwrap();
    let now = engine::ports::Clock::now(&*story.plane.world.clock);
    let write = Write::Delete(scope.clone(), row.key.clone(), row.version);
    engine::ports::Catalog::write(&**catalog, now, vec![write]).await.unwrap();
    assert_eq!(story.ids("?state=ended").await, [download]);
    let entries = rows.iter().filter(|(_, row)| row.key.starts_with(JobEntry::PREFIX)).count();
    assert_eq!(entries, 4, "one for each, and none of what nobody asked for");
}
