//! What concerns organisations of a partner below is in that partner's log, also where no path names them.

use crate::common::Plane;
use crate::common::many::{LATER, Many, given, organisation, tenant, titled};
use domain::restore::RestorePlan;
use domain::{DiffId, OrganisationId, PartnerId, RestoreId};
use engine::ports::Clock;
use engine::records::{Restore, RestoreState, Tenant};
use partners::commands::Caller;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";

/// A partner above one that has an organisation.
struct Stage {
    plane: Plane,
    below: PartnerId,
    above: Caller,
}

impl Stage {
    async fn new() -> Self {
        let many = Many::new();
        let page = vec![vec![titled("u1", "Boss"), given("u1", "r")]];
        many.store(0, &page, "ann").await;
        many.tenant(0, &page, |_| {}).await;
        let plane = Plane::over(many.world);
        let (partner, above) = plane.partner(A, &[]).await;
        let (below, _) = plane.partner(B, &[&partner]).await;
        let ulid = organisation(0).as_str()[OrganisationId::PREFIX.len()..].to_owned();
        plane.organisation(&below, &ulid, Some(tenant(0).as_str())).await;
        plane.edit(&Tenant::at(&tenant(0)), |row| row.organisation = organisation(0)).await;
        Self { plane, below, above }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.plane.ask(Some(&self.above), method, path, body).await;
        assert!(answer.status.is_success(), "{answer:?}");
        answer.json()
    }

    /// What stands in the log of the partner below, and in that of the one above of organisations: what, its subjects, how it ended.
    fn logged(&self, is_below: bool) -> Vec<(String, Value, Value)> {
        let below = json!(self.below);
        let rows = self.plane.world.catalog.rows().into_iter().map(|(_, row)| row);
        let entries = rows.filter(|row| row.key.starts_with("entry#")).map(|row| row.body);
        let of_log = entries.filter(|entry| (entry["partner"] == below) == is_below);
        let of_one = of_log.filter(|entry| is_below || !entry["subjects"]["org"].is_null());
        of_one
            .map(|e| (e["what"].as_str().unwrap().to_owned(), e["subjects"].clone(), e["outcome"].clone()))
            .collect()
    }
}

#[tokio::test]
async fn a_set_over_customers_of_a_partner_below_is_in_its_log_with_organisation_and_restore() {
    let stage = Stage::new().await;
    let set = json!({
        "tenants": [{ "organisation": organisation(0), "comparison": DiffId::from_ulid(LATER) }],
        "filter": { "actor": "ann" }, "wave": 1, "reason": "Eve's account was stolen",
    });
    let set = stage.ask("POST", "/v1/restore-sets", &set).await;
    let restore: RestoreId = set["tenants"][0]["restore"].as_str().unwrap().parse().unwrap();
    let made = stage.logged(true);
    let previews = "POST /v1/restore-sets";
    assert_eq!(made.iter().map(|(what, ..)| what.as_str()).collect::<Vec<_>>(), [previews; 2], "{made:?}");
    let (asked, ended) = (&made[0].1, &made[1].1);
    assert_eq!((&asked["org"], &asked["set"]), (&json!(organisation(0)), &set["id"]));
    assert_eq!((&ended["org"], &ended["rst"]), (&json!(organisation(0)), &json!(restore)));
    assert_eq!(stage.logged(false).len(), 2, "and in the caller's");

    let now = stage.plane.world.clock.now();
    let plans = Archived::new(stage.plane.archive(), stage.plane.records.clone());
    plans.put_new_plan(&tenant(0), &restore, &RestorePlan::default()).await.unwrap();
    stage
        .plane
        .edit(&Restore::at(&tenant(0), &restore), |row| {
            row.state = RestoreState::Previewed;
            row.previewed_at = Some(now);
            row.expires_at = Some(now + jiff::SignedDuration::from_hours(24));
        })
        .await;
    let run = format!("/v1/restore-sets/{}/run", set["id"].as_str().unwrap());
    stage.ask("POST", &run, &Value::Null).await;
    let ran = stage.logged(true).split_off(2);
    assert_eq!(ran.len(), 2, "asked, and how it ended: {ran:?}");
    for (what, subjects, _) in &ran {
        assert_eq!(what, "POST /v1/restore-sets/{set}/run");
        assert_eq!((&subjects["org"], &subjects["rst"]), (&json!(organisation(0)), &json!(restore)));
    }
    assert_ne!(ran[0].2, ran[1].2);
}

#[tokio::test]
async fn who_reads_of_all_organisations_of_a_partner_below_stands_in_its_log() {
    let stage = Stage::new().await;
    let since = stage.plane.world.clock.now();
    for path in [format!("/v1/changes?since={since}&"), "/v1/jobs?".to_owned()] {
        let before = stage.logged(true).len();
        stage.ask("GET", &format!("{path}partner={}", stage.below), &Value::Null).await;
        let entries = stage.logged(true).split_off(before);
        assert_eq!(entries.len(), 2, "{path}: asked, and how it ended");
        assert!(entries.iter().all(|(_, subjects, _)| subjects["prt"] == json!(stage.below)), "{entries:?}");
    }
}
