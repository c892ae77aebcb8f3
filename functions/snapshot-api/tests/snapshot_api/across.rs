//! One question over all organisations of a partner, over HTTP: who may ask, who is asked, and how it goes on.

use crate::common::many::{GLOBAL_ADMINISTRATOR, Many, given, tenant, titled};
use crate::common::{Answer, FEATURES, Plane, as_role};
use domain::rights::{Action, Role, Verdict, may};
use domain::{OrganisationId, PartnerId};
use partners::commands::Caller;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const C: &str = "01JCCCCCCCCCCCCCCCCCCCCCCC";

fn ulid(n: u32) -> String {
    format!("01JAAAAAAAAAAAAAAAAA{n:06}")
}

struct Stage {
    plane: Plane,
    partner: PartnerId,
    owner: Caller,
    since: String,
}

impl Stage {
    /// Of a partner with three organisations, in the first and last of which somebody got a role.
    async fn new() -> Self {
        let many = Many::new();
        for n in [0, 1, 2, 3] {
            let change = if n == 1 { titled("u1", "Boss") } else { given("u1", GLOBAL_ADMINISTRATOR) };
            many.store(n, &[vec![change.clone()]], "ann").await;
            many.tenant(n, &[vec![change]], |_| {}).await;
        }
        let since = many.ago(24).to_string();
        let plane = Plane::over(many.world);
        let (partner, owner) = plane.partner(A, &[]).await;
        for n in 0..3 {
            plane.organisation(&partner, &ulid(n), Some(tenant(n).as_str())).await;
        }
        Self { plane, partner, owner, since }
    }

    async fn ask(&self, caller: &Caller, query: &str) -> Answer {
        let path = format!("/v1/changes?since={}&{query}", self.since);
        self.plane.ask(Some(caller), "GET", &path, &Value::Null).await
    }
}

fn org(n: u32) -> OrganisationId {
    OrganisationId::from_ulid(&ulid(n))
}

/// The organisations in which something was found, and what is known of each.
fn told(answer: &Answer) -> (Vec<String>, Vec<(String, String)>) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let body = answer.json();
    let list = |name: &str| body[name].as_array().unwrap().clone();
    let items = list("items").iter().map(|item| text(&item["organisation"])).collect();
    let known = list("organisations");
    (items, known.iter().map(|of| (text(&of["organisation"]), text(&of["standing"]))).collect())
}

#[tokio::test]
async fn who_got_a_role_is_told_of_every_organisation_with_what_is_known_of_it() {
    let stage = Stage::new().await;
    let answer = stage.ask(&stage.owner, &format!("role={GLOBAL_ADMINISTRATOR}&what=created")).await;
    let (found, known) = told(&answer);
    assert_eq!(found, [org(0).to_string(), org(2).to_string()]);
    let complete = |n| (org(n).to_string(), "complete".to_owned());
    assert_eq!(known, [complete(0), complete(1), complete(2)]);
    let item = &answer.json()["items"][0];
    assert_eq!((&item["organisationName"], &item["kind"]), (&json!("Contoso"), &json!("admins")));
    assert!(item["who"]["answer"].is_string() && item["comparison"].is_string() && item["from"].is_string());
    assert_eq!(answer.json()["next"], Value::Null);
    let of = &answer.json()["organisations"][0];
    assert_eq!((&of["cause"], &of["notCompared"]), (&Value::Null, &json!([])));
    assert!(of["asOf"]["sealedAt"].is_string(), "{of}");
}

#[tokio::test]
async fn parts_lead_on_and_a_cursor_of_another_question_is_refused() {
    let stage = Stage::new().await;
    let (mut found, mut known, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let part = stage.ask(&stage.owner, &format!("limit=1{cursor}")).await;
        let (items, of_each) = told(&part);
        found.extend(items);
        known.extend(of_each);
        let Some(next) = part.json()["next"].as_str().map(str::to_owned) else { break };
        let other = stage.ask(&stage.owner, &format!("limit=1&kind=users&cursor={next}")).await;
        assert_eq!((other.status.as_u16(), other.fields()), (422, vec!["cursor".to_owned()]));
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, [org(0).to_string(), org(1).to_string(), org(2).to_string()]);
    assert_eq!(known.len(), 3);
    let wrong = stage.ask(&stage.owner, "kind=printers").await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["kind".to_owned()]));
    let none = stage.plane.ask(Some(&stage.owner), "GET", "/v1/changes", &Value::Null).await;
    assert_eq!((none.status.as_u16(), none.fields()), (422, vec!["since".to_owned()]));
}

#[tokio::test]
async fn every_role_is_asked_of_the_rights_table() {
    let stage = Stage::new().await;
    for role in Role::ALL {
        let limit = (role == Role::EndCustomer).then(|| vec![org(0)]);
        let answer = stage.ask(&as_role(&stage.owner, role, limit), "").await;
        let verdict = may(role, Action::Compare);
        if verdict == Verdict::No {
            assert_eq!(answer.status, 403, "{role:?}");
            continue;
        }
        let (found, known) = told(&answer);
        if verdict == Verdict::Yes {
            assert_eq!((found.len(), known.len()), (3, 3), "{role:?}");
        } else {
            // Of an organisation for which it is switched off nothing is told but that.
            assert_eq!((found, known), (vec![], vec![(org(0).to_string(), "notAllowed".to_owned())]));
        }
    }
    let anonymous =
        stage.plane.ask(None, "GET", "/v1/changes?since=2026-01-01T00:00:00Z", &Value::Null).await;
    assert_eq!(anonymous.status, 401);
    assert_eq!(stage.ask(&Caller::Operator, "").await.status, 403);
}

#[tokio::test]
async fn whoever_is_limited_to_organisations_is_told_of_these_alone() {
    let stage = Stage::new().await;
    stage.plane.change(&stage.partner, &org(2), |o| o.features = FEATURES.to_vec()).await;
    for role in [Role::Admin, Role::EndCustomer] {
        let limited = as_role(&stage.owner, role, Some(vec![org(2)]));
        let (found, known) = told(&stage.ask(&limited, "").await);
        let only = org(2).to_string();
        assert_eq!((found, known), (vec![only.clone()], vec![(only, "complete".to_owned())]), "{role:?}");
    }
    let nobody = as_role(&stage.owner, Role::EndCustomer, None);
    assert_eq!(told(&stage.ask(&nobody, "").await), (vec![], vec![]));
}

#[tokio::test]
async fn a_sibling_a_stranger_and_a_child_are_told_nothing_of_it_and_whoever_is_above_asks_by_name() {
    let stage = Stage::new().await;
    let (child_id, child) = stage.plane.partner(B, &[&stage.partner]).await;
    let (_, stranger) = stage.plane.partner(C, &[]).await;
    stage.plane.organisation(&child_id, &ulid(3), Some(tenant(3).as_str())).await;
    // The tenant's row says whose it is.
    stage.plane.edit(&engine::records::Tenant::at(&tenant(3)), |row| row.organisation = org(3)).await;
    let own = |answer: &Answer| told(answer).1.into_iter().map(|(id, _)| id).collect::<BTreeSet<_>>();
    assert_eq!(own(&stage.ask(&stage.owner, "").await).len(), 3, "each partner is asked by itself");
    let below = stage.ask(&stage.owner, &format!("partner={child_id}")).await;
    assert_eq!(own(&below), BTreeSet::from([org(3).to_string()]));
    assert_eq!(own(&stage.ask(&child, "").await), BTreeSet::from([org(3).to_string()]));
    assert_eq!(own(&stage.ask(&stranger, "").await), BTreeSet::new());
    for (caller, partner) in [(&child, &stage.partner), (&stranger, &stage.partner), (&stranger, &child_id)] {
        assert_eq!(stage.ask(caller, &format!("partner={partner}")).await.status, 404);
    }
    // Nor does a cursor lead there.
    let next = stage.ask(&stage.owner, "limit=1").await.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(stage.ask(&stranger, &format!("limit=1&cursor={next}")).await.status, 422);
}
