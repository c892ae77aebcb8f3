//! Restore sets over HTTP: previewed together, run in waves, stopped at the first failure, by whoever may in each organisation.

use crate::common::many::{LATER, Many, given, organisation, tenant, titled};
use crate::common::{Answer, Plane, as_role};
use domain::organisations::ApprovalRule;
use domain::restore::RestorePlan;
use domain::rights::Role;
use domain::{DiffId, OrganisationId, PartnerId, RestoreId};
use engine::ports::Clock;
use engine::records::{OrganisationPlace, Restore, RestoreSet, RestoreState, Tenant};
use partners::commands::{Caller, Member, Proof, SignInTimes};
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";

struct Stage {
    plane: Plane,
    partner: PartnerId,
    owner: Caller,
}

fn named(n: u32) -> Value {
    json!({ "organisation": organisation(n), "comparison": DiffId::from_ulid(LATER) })
}

fn set_of(tenants: &[u32], wave: usize) -> Value {
    let tenants: Vec<Value> = tenants.iter().map(|n| named(*n)).collect();
    json!({ "tenants": tenants, "filter": { "actor": "ann" }, "wave": wave, "reason": "Eve's account was stolen" })
}

impl Stage {
    async fn new() -> Self {
        let many = Many::new();
        for n in 0..4 {
            let page = vec![vec![titled("u1", "Boss"), given("u1", "r")]];
            many.store(n, &page, "ann").await;
            many.tenant(n, &page, |_| {}).await;
        }
        let plane = Plane::over(many.world);
        let (partner, owner) = plane.partner(A, &[]).await;
        for n in 0..3 {
            plane.organisation(&partner, &ulid(n), Some(tenant(n).as_str())).await;
        }
        Self { plane, partner, owner }
    }

    async fn ask(&self, caller: &Caller, method: &str, path: &str, body: &Value) -> Answer {
        self.plane.ask(Some(caller), method, &format!("/v1/restore-sets{path}"), body).await
    }

    /// A set that is made, and its path below the sets.
    async fn made(&self, body: &Value) -> String {
        let answer = self.ask(&self.owner, "POST", "", body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let location = answer.headers["location"].to_str().unwrap().to_owned();
        location.strip_prefix("/v1/restore-sets").unwrap().to_owned()
    }

    async fn read(&self, path: &str) -> Value {
        let answer = self.ask(&self.owner, "GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// What the jobs would make of a tenant's restore.
    async fn becomes(&self, path: &str, n: u32, state: RestoreState) {
        let id = self.restore(path, n).await;
        let (tenant, now) = (tenant(n), self.plane.world.clock.now());
        let plans = Archived::new(self.plane.archive(), self.plane.records.clone());
        plans.put_new_plan(&tenant, &id, &RestorePlan::default()).await.unwrap();
        self.plane
            .edit(&Restore::at(&tenant, &id), |row| {
                row.state = state;
                row.previewed_at = Some(now);
                row.expires_at = Some(now + jiff::SignedDuration::from_hours(24));
            })
            .await;
    }

    async fn restore(&self, path: &str, n: u32) -> RestoreId {
        let set = self.read(path).await;
        let lines = set["tenants"].as_array().unwrap();
        let line = lines.iter().find(|line| line["organisation"] == json!(organisation(n))).unwrap();
        line["restore"].as_str().unwrap().parse().unwrap()
    }

    /// How the set and its tenants stand.
    async fn states(&self, path: &str) -> (String, Vec<String>) {
        let set = self.read(path).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let lines = set["tenants"].as_array().unwrap().iter().map(|line| text(&line["state"]));
        (text(&set["state"]), lines.collect())
    }

    async fn run(&self, path: &str) -> u16 {
        self.ask(&self.owner, "POST", &format!("{path}/run"), &Value::Null).await.status.as_u16()
    }
}

fn ulid(n: u32) -> String {
    organisation(n).as_str()[OrganisationId::PREFIX.len()..].to_owned()
}

fn states(set: &str, lines: &[&str]) -> (String, Vec<String>) {
    (set.to_owned(), lines.iter().map(|line| (*line).to_owned()).collect())
}

#[tokio::test]
async fn a_set_is_previewed_in_each_tenant_and_run_in_waves_of_its_size() {
    let stage = Stage::new().await;
    let path = stage.made(&set_of(&[2, 0, 1], 2)).await;
    assert_eq!(stage.plane.started(), ["preview-restore"; 3]);
    assert_eq!(stage.states(&path).await, states("previewing", &["previewing"; 3]));
    assert_eq!(stage.run(&path).await, 409, "previews are being made");
    for n in 0..3 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
    }
    assert_eq!(stage.states(&path).await, states("ready", &["previewed"; 3]));
    assert_eq!(stage.run(&path).await, 202);
    assert_eq!(stage.states(&path).await, states("underWay", &["underWay", "underWay", "previewed"]));
    assert_eq!(stage.run(&path).await, 409, "one wave at a time");
    for n in [2, 0] {
        let restore = stage.restore(&path, n).await;
        stage.plane.edit(&Restore::at(&tenant(n), &restore), |row| row.state = RestoreState::Done).await;
    }
    assert_eq!(stage.states(&path).await, states("ready", &["done", "done", "previewed"]));
    assert_eq!(stage.run(&path).await, 202);
    let restore = stage.restore(&path, 1).await;
    stage.plane.edit(&Restore::at(&tenant(1), &restore), |row| row.state = RestoreState::Done).await;
    assert_eq!(stage.states(&path).await, states("done", &["done"; 3]));
    assert_eq!(stage.run(&path).await, 409, "nothing is left");
    let row = stage.plane.records.get(&Restore::at(&tenant(1), &restore)).await.unwrap().value;
    assert_eq!(row.filter.unwrap().actor.as_deref(), Some("ann"));
    assert_eq!(row.reason.as_deref(), Some("Eve's account was stolen"));
}

#[tokio::test]
async fn after_a_restore_that_failed_or_was_stopped_no_other_is_begun() {
    for state in [RestoreState::Failed, RestoreState::Cancelled] {
        let stage = Stage::new().await;
        let path = stage.made(&set_of(&[0, 1, 2], 1)).await;
        for n in 0..3 {
            stage.becomes(&path, n, RestoreState::Previewed).await;
        }
        assert_eq!(stage.run(&path).await, 202);
        let restore = stage.restore(&path, 0).await;
        stage.plane.edit(&Restore::at(&tenant(0), &restore), |row| row.state = state).await;
        assert_eq!(stage.states(&path).await, states("stopped", &["failed", "previewed", "previewed"]));
        assert_eq!(stage.run(&path).await, 409);
        assert_eq!(stage.states(&path).await.1, ["failed", "previewed", "previewed"]);
    }
}

#[tokio::test]
async fn the_rules_of_each_organisation_stand() {
    let stage = Stage::new().await;
    stage.plane.change(&stage.partner, &organisation(1), |o| o.approvals = ApprovalRule::Always).await;
    let path = stage.made(&set_of(&[0, 1], 5)).await;
    for n in 0..2 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
        let restore = stage.restore(&path, n).await;
        let person = "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok();
        stage.plane.edit(&Restore::at(&tenant(n), &restore), |row| row.requested_for = person).await;
    }
    assert_eq!(stage.run(&path).await, 202);
    let set = stage.read(&path).await;
    let restores: Vec<&str> = set["tenants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["restoreState"].as_str().unwrap())
        .collect();
    assert_eq!(restores, ["queued", "previewed"], "one waits for its approval");
    assert_eq!(stage.states(&path).await, states("underWay", &["underWay", "underWay"]));
}

#[tokio::test]
async fn a_preview_that_could_not_be_asked_for_says_why_and_is_asked_for_again() {
    let stage = Stage::new().await;
    stage.plane.edit(&Tenant::at(&tenant(1)), |_| {}).await;
    let mut body = set_of(&[0, 1], 5);
    body["tenants"][1]["comparison"] = json!("dif_01jzzzzzzzzzzzzzzzzzzzzzzz");
    let path = stage.made(&body).await;
    let set = stage.read(&path).await;
    assert_eq!(set["tenants"][0]["refused"], Value::Null);
    assert!(set["tenants"][1]["refused"].as_str().unwrap().contains("no such diff"), "{set}");
    assert_eq!(stage.states(&path).await, states("previewing", &["previewing", "notPreviewed"]));
    // Too old, it is made again: one message for each.
    stage.becomes(&path, 0, RestoreState::Previewed).await;
    let old = stage.restore(&path, 0).await;
    let long_ago = stage.plane.world.clock.now() - jiff::SignedDuration::from_hours(1);
    stage.plane.edit(&Restore::at(&tenant(0), &old), |row| row.expires_at = Some(long_ago)).await;
    assert_eq!(stage.states(&path).await.1, ["expired", "notPreviewed"]);
    assert_eq!(stage.run(&path).await, 409);
    let again = stage.ask(&stage.owner, "POST", &format!("{path}/preview"), &Value::Null).await;
    assert_eq!(again.status, 202, "{again:?}");
    assert_ne!(stage.restore(&path, 0).await, old);
    assert_eq!(stage.states(&path).await.1, ["previewing", "notPreviewed"]);
}

#[tokio::test]
async fn what_is_wrong_is_named_by_its_place_and_nothing_is_made() {
    let stage = Stage::new().await;
    let (other, _) = stage.plane.partner(B, &[]).await;
    stage.plane.organisation(&other, &ulid(3), Some(tenant(3).as_str())).await;
    let of = |more: Value| {
        let mut body = set_of(&[0], 1);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for (body, field) in [
        (of(json!({ "tenants": [] })), "tenants"),
        (of(json!({ "tenants": [named(0), named(0)] })), "tenants[1].organisation"),
        (of(json!({ "tenants": [named(0), named(3)] })), "tenants[1].organisation"),
        (of(json!({ "tenants": vec![named(0); 101] })), "tenants"),
        (of(json!({ "filter": {} })), "filter"),
        (of(json!({ "filter": { "kind": "printers" } })), "filter.kind"),
        (of(json!({ "wave": 0 })), "wave"),
        (of(json!({ "reason": "a\nb" })), "reason"),
        (of(json!({ "tenant": 1 })), "tenant"),
    ] {
        let answer = stage.ask(&stage.owner, "POST", "", &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (422, vec![field.to_owned()]),
            "{body} {answer:?}"
        );
    }
    assert_eq!(stage.plane.started(), [""; 0]);
    assert_eq!(stage.ask(&stage.owner, "GET", "", &Value::Null).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_set_is_its_partners_and_shows_each_person_the_organisations_that_they_see() {
    let stage = Stage::new().await;
    let path = stage.made(&set_of(&[0, 1, 2], 1)).await;
    let listed = stage.ask(&stage.owner, "GET", "", &Value::Null).await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["tenants"]), (1, &json!(3)));
    let (_, stranger) = stage.plane.partner(B, &[]).await;
    let (_, child) = stage.plane.partner("01JCCCCCCCCCCCCCCCCCCCCCCC", &[&stage.partner]).await;
    for caller in [&stranger, &child] {
        assert_eq!(stage.ask(caller, "GET", &path, &Value::Null).await.status, 404);
        assert_eq!(stage.ask(caller, "POST", &format!("{path}/run"), &Value::Null).await.status, 404);
        assert_eq!(stage.ask(caller, "GET", "", &Value::Null).await.json()["items"], json!([]));
    }
    let limited = as_role(&stage.owner, Role::Admin, Some(vec![organisation(1)]));
    let set = stage.ask(&limited, "GET", &path, &Value::Null).await.json();
    assert_eq!((set["tenants"].as_array().unwrap().len(), &set["moreTenants"]), (1, &json!(2)));
    let nowhere = as_role(&stage.owner, Role::Admin, Some(vec![]));
    assert_eq!(stage.ask(&nowhere, "GET", &path, &Value::Null).await.status, 404);
    assert_eq!(stage.ask(&nowhere, "GET", "", &Value::Null).await.json()["items"], json!([]));
    // What a limited person runs is what they see.
    for n in 0..3 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
    }
    let ran = stage.ask(&limited, "POST", &format!("{path}/run"), &Value::Null).await;
    assert_eq!(ran.status, 202, "{ran:?}");
    assert_eq!(stage.states(&path).await.1, ["previewed", "underWay", "previewed"]);
}

#[tokio::test]
async fn every_route_asks_the_rights_table_for_every_role() {
    let stage = Stage::new().await;
    let path = stage.made(&set_of(&[0], 1)).await;
    stage.becomes(&path, 0, RestoreState::Previewed).await;
    for (method, below, body, allowed) in [
        ("GET", "", Value::Null, [true, true, true, true, false, false]),
        ("GET", path.as_str(), Value::Null, [true, true, true, true, false, false]),
        ("POST", "", set_of(&[1], 1), [true, true, true, true, false, false]),
        ("POST", &format!("{path}/preview"), Value::Null, [true, true, true, true, false, false]),
        ("POST", &format!("{path}/run"), Value::Null, [true, true, true, false, false, false]),
    ] {
        for (role, may) in Role::ALL.into_iter().zip(allowed) {
            let slots = engine::records::WorkSlots::at(&tenant(1), engine::records::AskedWork::Previews);
            if stage.plane.records.find(&slots).await.unwrap().is_some() {
                stage.plane.edit(&slots, |row| row.open.clear()).await;
            }
            let restore = stage.restore(&path, 0).await;
            stage
                .plane
                .edit(&Restore::at(&tenant(0), &restore), |row| {
                    (row.state, row.run_by) = (RestoreState::Previewed, None);
                })
                .await;
            let id = engine::records::Approval::at(&tenant(0), &restore);
            if let Some(row) = stage.plane.records.find(&id).await.unwrap() {
                let delete = engine::records::delete(&row.value, row.version);
                stage.plane.records.write(vec![delete]).await.unwrap();
            }
            let limit = (role == Role::EndCustomer).then(|| vec![organisation(0)]);
            let answer = stage.ask(&as_role(&stage.owner, role, limit), method, below, &body).await;
            assert_eq!(answer.status.is_success(), may, "{role:?} {method} {below}: {answer:?}");
            if !may {
                assert_eq!(answer.status, 403);
            }
        }
    }
}

/// Somebody of the partner who signed in.
fn person(owner: &Caller, id: &str) -> Caller {
    let Caller::Member(member) = owner else { panic!("not a member") };
    let proof = Proof::SignIn { person: id.parse().unwrap(), times: SignInTimes::default() };
    Caller::Member(Member { token: id.to_owned(), proof, ..member.clone() })
}

#[tokio::test]
async fn what_waits_for_its_approval_does_not_begin_after_another_has_failed() {
    let stage = Stage::new().await;
    for n in 0..2 {
        stage.plane.change(&stage.partner, &organisation(n), |o| o.approvals = ApprovalRule::Always).await;
    }
    let path = stage.made(&set_of(&[0, 1], 2)).await;
    for n in 0..2 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
        let restore = stage.restore(&path, n).await;
        let asker = "per_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().ok();
        stage.plane.edit(&Restore::at(&tenant(n), &restore), |row| row.requested_for = asker).await;
    }
    assert_eq!(stage.run(&path).await, 202);
    let [first, second] = [stage.restore(&path, 0).await, stage.restore(&path, 1).await];
    stage.plane.edit(&Restore::at(&tenant(0), &first), |row| row.state = RestoreState::Failed).await;
    assert_eq!(stage.states(&path).await, states("stopped", &["failed", "underWay"]));
    let other = person(&stage.owner, "per_01jbbbbbbbbbbbbbbbbbbbbbbb");
    for what in ["approve", "run"] {
        let of = format!("/v1/organisations/{}/restores/{second}/{what}", organisation(1));
        let answer = stage.plane.ask(Some(&other), "POST", &of, &Value::Null).await;
        assert_eq!(answer.status, 409, "{answer:?}");
        assert!(answer.text.contains("of the set set_"), "{answer:?}");
    }
    let row = stage.plane.records.get(&Restore::at(&tenant(1), &second)).await.unwrap().value;
    assert_eq!(row.state, RestoreState::Previewed);
}

#[tokio::test]
async fn a_tenant_that_cannot_be_run_keeps_none_behind_it_from_being_run() {
    let stage = Stage::new().await;
    // Nobody knows in whose name the token asked, so nobody could approve it.
    stage.plane.change(&stage.partner, &organisation(0), |o| o.approvals = ApprovalRule::Always).await;
    let path = stage.made(&set_of(&[0, 1], 1)).await;
    for n in 0..2 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
    }
    let ran = stage.ask(&stage.owner, "POST", &format!("{path}/run"), &Value::Null).await;
    assert_eq!(ran.status, 202, "{ran:?}");
    assert!(ran.json()["tenants"][0]["refused"].is_string(), "{ran:?}");
    assert_eq!(stage.states(&path).await.1, ["previewed", "underWay"]);
    let restore = stage.restore(&path, 1).await;
    stage.plane.edit(&Restore::at(&tenant(1), &restore), |row| row.state = RestoreState::Done).await;
    assert_eq!(stage.run(&path).await, 403, "nothing began");
}

#[tokio::test]
async fn what_becomes_of_an_organisation_at_another_partner_says_nothing_of_the_set() {
    let stage = Stage::new().await;
    let path = stage.made(&set_of(&[0, 1], 1)).await;
    for n in 0..2 {
        stage.becomes(&path, n, RestoreState::Previewed).await;
    }
    let gone = stage.restore(&path, 0).await;
    let (other, _) = stage.plane.partner(B, &[]).await;
    stage.plane.edit(&OrganisationPlace::at(&organisation(0)), |row| row.partner = other).await;
    stage.plane.edit(&Restore::at(&tenant(0), &gone), |row| row.state = RestoreState::Cancelled).await;
    assert_eq!(stage.states(&path).await, states("ready", &["previewed"]));
    assert_eq!(stage.read(&path).await["moreTenants"], 1);
    assert_eq!(stage.run(&path).await, 202);
    assert_eq!(stage.states(&path).await, states("underWay", &["underWay"]));
}

#[tokio::test]
async fn previews_that_were_cut_off_are_made_once_under_the_ids_that_the_set_names() {
    let stage = Stage::new().await;
    let path = stage.made(&set_of(&[0, 1], 1)).await;
    // As if the process had died before the first was made.
    let id = RestoreId::from_ulid("01jzzzzzzzzzzzzzzzzzzzzzzz");
    let set = path.trim_start_matches('/').parse().unwrap();
    let named = Some(id.clone());
    stage.plane.edit(&RestoreSet::at(&stage.partner, &set), |row| row.members[0].restore = named).await;
    assert_eq!(stage.states(&path).await.1, ["notPreviewed", "previewing"]);
    let made = stage.plane.started().len();
    for _ in 0..2 {
        let again = stage.ask(&stage.owner, "POST", &format!("{path}/preview"), &Value::Null).await;
        assert_eq!(again.status, 202, "{again:?}");
        assert_eq!(stage.restore(&path, 0).await, id);
        assert_eq!(stage.plane.started().len(), made + 1, "and once");
    }
}
