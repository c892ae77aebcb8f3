//! Subscriptions through the router: moves, seats, downgrades and who decides them.

use crate::common::{Answer, Plane, TENANT, as_role, organisation, plan};
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, TenantId};
use engine::records::{Organisation, Records, SeatCount, SubscriptionChange};
use http::{Method, StatusCode};
use partners::commands::Caller;
use serde_json::{Value, json};

/// A reseller below a distributor, with an organisation on the product and plans of all four.
struct Shop {
    plane: Plane,
    top: Caller,
    owner: Caller,
    admin: Caller,
    org: OrganisationId,
}

impl Shop {
    async fn on(product: &str) -> Self {
        let plane = Plane::new();
        let (_, top) = plane.partner(&Caller::Operator, "Top").await;
        let (_, owner) = plane.partner(&top, "Reseller").await;
        plane.post(&owner, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
        let admin = as_role(&owner, Role::Admin, None);
        let mut shop =
            Self { plane, top, owner, admin, org: "org_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap() };
        let plan = shop.plan(product).await;
        let made = shop.plane.post(&shop.owner, "/v1/organisations", &organisation("Contoso", &plan)).await;
        shop.org = made.id();
        shop
    }
    async fn plan(&self, product: &str) -> Value {
        let made = self.plane.post(&self.owner, "/v1/plans", &plan(product)).await;
        made.json()["id"].clone()
    }
    fn path(&self) -> String {
        format!("/v1/organisations/{}/subscription", self.org)
    }
    async fn read(&self) -> Answer {
        self.plane.get(&self.owner, &self.path()).await
    }
    async fn change(&self, by: &Caller, version: u64, body: &Value) -> Answer {
        self.plane.ask(by, Method::PATCH, &self.path(), Some(version), Some(body)).await
    }
    async fn move_to(&self, product: &str) -> Answer {
        let (plan, version) = (self.plan(product).await, self.read().await.version());
        self.change(&self.admin, version, &json!({ "plan": plan })).await
    }
    fn records(&self) -> Records {
        Records::new(self.plane.world.catalog.clone(), self.plane.world.clock.clone())
    }
    fn partner(&self) -> &PartnerId {
        let Caller::Member(member) = &self.owner else { panic!("not a member") };
        &member.partner
    }
    async fn history(&self) -> Vec<SubscriptionChange> {
        let changes = SubscriptionChange::of_organisation(self.partner(), &self.org);
        let all = self.records().list_all(&changes).await.unwrap();
        all.into_iter().map(|f| f.value).collect()
    }
    /// Leaves the rows as a snapshot would that counted that many users.
    async fn counted(&self, in_use: u64) {
        let (records, tenant) = (self.records(), TENANT.parse::<TenantId>().unwrap());
        let found = records.get(&Organisation::at(self.partner(), &self.org)).await.unwrap();
        let connected = Organisation { tenant: Some(tenant.clone()), ..found.value };
        records.replace(&connected, found.version).await.unwrap();
        let count = SeatCount {
            over_since: None,
            tenant,
            in_use,
            snapshot: "snp_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap(),
            counted_at: "2026-11-22T18:00:00Z".parse().unwrap(),
        };
        records.put_new(&count).await.unwrap();
    }
    async fn decide(&self, by: &Caller, request: &str, how: &str) -> Answer {
        let body = (how == "refuse").then(|| json!({ "reason": "keep the archive" }));
        let path = format!("/v1/downgrade-requests/{request}/{how}");
        self.plane.ask(by, Method::POST, &path, None, body.as_ref()).await
    }
    async fn asked(&self) -> String {
        let asked = self.move_to("BackupEntra").await;
        assert_eq!(asked.status, StatusCode::ACCEPTED, "{asked:?}");
        asked.json()["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn backup_becomes_backup_with_entra_and_then_archive_with_entra_at_once() {
    let shop = Shop::on("Backup").await;
    let first = shop.read().await;
    assert_eq!((first.version(), &first.json()["seatsInUse"]), (1, &json!(null)));
    for (product, version) in [("BackupEntra", 2), ("ArchiverEntra", 3)] {
        let moved = shop.move_to(product).await;
        assert_eq!((moved.status, moved.version()), (StatusCode::OK, version), "{moved:?}");
        assert_eq!((&moved.json()["product"], &moved.json()["label"]), (&json!(product), &json!("Entra")));
    }
    let history = shop.history().await;
    assert_eq!(history.len(), 3);
    assert_eq!(history[0].before, None);
    assert!(history.windows(2).all(|pair| pair[0].after == pair[1].before), "each begins where one ended");
}

#[tokio::test]
async fn a_move_that_is_not_in_the_table_is_refused_with_its_reason_and_changes_nothing() {
    for (from, to, why) in [
        ("BackupEntra", "Backup", "never"),
        ("ArchiverEntra", "Archive", "never"),
        ("Backup", "Archive", "BackupEntra first"),
        ("Backup", "ArchiverEntra", "first"),
        ("Archive", "Backup", "does not become"),
    ] {
        let shop = Shop::on(from).await;
        let plan = shop.plan(to).await;
        let before = shop.plane.kept();
        let refused = shop.change(&shop.admin, 1, &json!({ "plan": plan, "seats": 12 })).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (422, vec!["plan".to_owned()]),
            "{refused:?}"
        );
        assert!(refused.problem()["detail"].as_str().unwrap().contains(why), "{refused:?}");
        assert_eq!(shop.plane.kept(), before, "{from} {to}");
    }
}

#[tokio::test]
async fn seats_are_not_lowered_below_what_is_in_use_and_over_use_is_told() {
    let shop = Shop::on("BackupEntra").await;
    shop.counted(8).await;
    let version = shop.read().await.version();
    let refused = shop.change(&shop.admin, version, &json!({ "seats": 7 })).await;
    assert_eq!((refused.status.as_u16(), refused.fields()), (422, vec!["seats".to_owned()]));
    let lowered = shop.change(&shop.admin, version, &json!({ "seats": 8 })).await;
    assert_eq!(lowered.status, StatusCode::OK, "{lowered:?}");
    assert_eq!((&lowered.json()["seatsInUse"], &lowered.json()["overUse"]), (&json!(8), &json!(0)));
    let records = shop.records();
    let found = records.get(&SeatCount::at(&TENANT.parse().unwrap())).await.unwrap();
    records.replace(&SeatCount { in_use: 11, ..found.value }, found.version).await.unwrap();
    assert_eq!(shop.read().await.json()["overUse"], 3);
    let raised = shop.change(&shop.admin, lowered.version(), &json!({ "seats": 9 })).await;
    assert_eq!((raised.status, &raised.json()["overUse"]), (StatusCode::OK, &json!(2)));
    for seats in [0, 1_000_001] {
        let refused = shop.change(&shop.admin, raised.version(), &json!({ "seats": seats })).await;
        assert_eq!(refused.fields(), ["seats"]);
    }
}

#[tokio::test]
async fn of_two_who_change_seats_at_once_one_wins_and_the_other_is_told() {
    let shop = Shop::on("Backup").await;
    let (ten, twelve) = (json!({ "seats": 11 }), json!({ "seats": 12 }));
    let (one, two) = tokio::join!(shop.change(&shop.admin, 1, &ten), shop.change(&shop.owner, 1, &twelve));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    assert_eq!(shop.history().await.len(), 2, "the creation and one change");
    let same = shop.change(&shop.admin, 2, &json!({ "seats": shop.read().await.json()["seats"] })).await;
    assert_eq!((same.status, same.version()), (StatusCode::OK, 2), "nothing to change is no change");
}

#[tokio::test]
async fn a_downgrade_waits_for_the_top_partner_and_takes_effect_only_then() {
    let shop = Shop::on("ArchiverEntra").await;
    let request = shop.asked().await;
    let waiting = shop.read().await;
    assert_eq!(waiting.version(), 2);
    let waiting = waiting.json();
    assert_eq!(waiting["product"], "ArchiverEntra");
    assert_eq!(waiting["pendingDowngrade"]["id"], json!(request));
    assert_eq!(shop.history().await.len(), 1);
    let again = shop.move_to("BackupEntra").await;
    assert_eq!(again.status, StatusCode::CONFLICT, "one waits at a time");
    for by in [&shop.owner, &shop.admin, &as_role(&shop.owner, Role::Support, None)] {
        assert_eq!(shop.decide(by, &request, "approve").await.status, StatusCode::FORBIDDEN, "{by:?}");
    }
    for role in [Role::SuperAdmin, Role::Admin, Role::Finance, Role::EndCustomer] {
        let by = as_role(&shop.top, role, None);
        assert_eq!(shop.decide(&by, &request, "approve").await.status, StatusCode::FORBIDDEN, "{role:?}");
    }
    assert_eq!(shop.read().await.json()["product"], "ArchiverEntra");
    let support = as_role(&shop.top, Role::Support, None);
    let approved = shop.decide(&support, &request, "approve").await;
    assert_eq!((approved.status, &approved.json()["state"]), (StatusCode::OK, &json!("approved")));
    let after = shop.read().await.json();
    assert_eq!((&after["product"], &after["pendingDowngrade"]), (&json!("BackupEntra"), &json!(null)));
    assert_eq!(shop.history().await.len(), 2);
    for how in ["approve", "refuse"] {
        assert_eq!(shop.decide(&shop.top, &request, how).await.status, StatusCode::CONFLICT, "{how}");
    }
}

#[tokio::test]
async fn a_refused_downgrade_changes_nothing_and_another_can_be_asked_for() {
    let shop = Shop::on("ArchiverEntra").await;
    let request = shop.asked().await;
    let refused = shop.decide(&shop.top, &request, "refuse").await;
    assert_eq!(refused.json()["reason"], "keep the archive", "{refused:?}");
    let after = shop.read().await.json();
    assert_eq!((&after["product"], &after["pendingDowngrade"]), (&json!("ArchiverEntra"), &json!(null)));
    assert_ne!(shop.asked().await, request);
}

#[tokio::test]
async fn approved_and_refused_at_once_it_is_one_of_both() {
    let shop = Shop::on("ArchiverEntra").await;
    let request = shop.asked().await;
    let (one, two) =
        tokio::join!(shop.decide(&shop.top, &request, "approve"), shop.decide(&shop.top, &request, "refuse"));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let product = shop.read().await.json()["product"].clone();
    assert_eq!(product == "BackupEntra", one.status == StatusCode::OK);
}

#[tokio::test]
async fn a_decision_that_comes_too_late_is_made_again_and_not_for_ever() {
    let shop = Shop::on("ArchiverEntra").await;
    let request = shop.asked().await;
    let approved = shop.plane.late(async || shop.decide(&shop.top, &request, "approve").await).await;
    assert_eq!(approved.status, StatusCode::OK);
}

#[tokio::test]
async fn who_may_not_ask_for_a_downgrade_is_told_who_may() {
    let shop = Shop::on("ArchiverEntra").await;
    let plan = shop.plan("BackupEntra").await;
    let refused = shop.change(&shop.owner, 1, &json!({ "plan": plan })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.problem()["detail"].as_str().unwrap().contains("Admin asks"), "{refused:?}");
    let both = shop.change(&shop.admin, 1, &json!({ "plan": plan, "seats": 20 })).await;
    assert_eq!(both.fields(), ["seats"], "a request for a downgrade is about nothing else");
    for role in [Role::Support, Role::Finance, Role::EndCustomer] {
        let by = as_role(&shop.owner, role, Some(vec![shop.org.clone()]));
        let refused = shop.change(&by, 1, &json!({ "seats": 20 })).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role:?}");
    }
}

#[tokio::test]
async fn requests_are_seen_by_who_asked_and_above_and_not_beside() {
    let shop = Shop::on("ArchiverEntra").await;
    let request = shop.asked().await;
    let (_, beside) = shop.plane.partner(&shop.top, "Beside").await;
    let (_, stranger) = shop.plane.partner(&Caller::Operator, "Stranger").await;
    let limited = as_role(&shop.owner, Role::Admin, Some(Vec::new()));
    for (by, count) in [(&shop.top, 1), (&shop.admin, 1), (&beside, 0), (&stranger, 0), (&limited, 0)] {
        let listed = shop.plane.get(by, "/v1/downgrade-requests?state=open").await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), count, "{by:?}");
    }
    let approved = shop.plane.get(&shop.top, "/v1/downgrade-requests?state=approved").await.json();
    assert_eq!(approved["items"], json!([]));
    assert_eq!(shop.plane.get(&shop.top, "/v1/downgrade-requests?state=x").await.fields(), ["state"]);
    assert_eq!(shop.decide(&stranger, &request, "approve").await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.plane.get(&beside, &shop.path()).await.status, StatusCode::NOT_FOUND);
}
