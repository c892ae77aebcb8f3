//! What is asked, approved and run over HTTP where somebody else has to approve: by tokens, portals and people.

use crate::common::{Answer, FEATURES, Plane, RESTORE, SNAPSHOT, TENANT, as_role};
use domain::organisations::ApprovalRule;
use domain::rights::Role;
use domain::{OrganisationId, PartnerId, RestoreId};
use engine::ports::Clock;
use engine::records::{Restore, RestoreState};
use jiff::SignedDuration;
use partners::commands::{Caller, Member, Proof, SignInTimes};
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const ANN: &str = "per_01jaaaaaaaaaaaaaaaaaaaaaaa";
const BOB: &str = "per_01jbbbbbbbbbbbbbbbbbbbbbbb";

/// An organisation with a rule, and callers of its partner.
struct Desk {
    plane: Plane,
    partner: PartnerId,
    owner: Caller,
    org: OrganisationId,
}

impl Desk {
    async fn new(rule: ApprovalRule) -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        let edit = |o: &mut engine::records::Organisation| {
            o.approvals = rule;
            o.features = FEATURES.to_vec();
        };
        plane.change(&partner, &org, edit).await;
        Self { plane, partner, owner, org }
    }

    fn member(&self, change: impl FnOnce(&mut Member)) -> Caller {
        let Caller::Member(mut member) = self.owner.clone() else { panic!("not a member") };
        change(&mut member);
        Caller::Member(member)
    }

    fn signed_in(&self, id: &str, role: Role) -> Caller {
        self.member(|member| {
            member.role = role;
            id.clone_into(&mut member.token);
            member.proof = Proof::SignIn { person: id.parse().unwrap(), times: SignInTimes::default() };
        })
    }

    /// A token that Ann made.
    fn token(&self) -> Caller {
        self.member(|member| member.made_by = ANN.parse().ok())
    }

    /// Somebody of the customer, by a link that this person made.
    fn portal(&self, of: &str) -> Caller {
        let id = "ses_01jccccccccccccccccccccccc";
        self.member(|member| {
            member.role = Role::EndCustomer;
            member.organisations = Some(vec![self.org.clone()]);
            id.clone_into(&mut member.token);
            member.made_by = of.parse().ok();
            member.proof = Proof::Portal(id.parse().unwrap());
        })
    }

    async fn ask(&self, by: &Caller, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("/v1/organisations/{}/restores{path}", self.org);
        self.plane.ask(Some(by), method, &path, body).await
    }

    async fn act(&self, by: &Caller, id: &str, what: &str) -> Answer {
        self.ask(by, "POST", &format!("/{id}/{what}"), &Value::Null).await
    }

    /// The ids of what the list shows.
    async fn listed(&self, query: &str) -> Vec<String> {
        let answer = self.ask(&self.owner, "GET", query, &Value::Null).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let items = answer.json()["items"].as_array().cloned().unwrap();
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks for a preview, which is made as that of the restore that is there.
    async fn previewed(&self, by: &Caller) -> String {
        let body =
            json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u" }], "reason": "Ann left" });
        let answer = self.ask(by, "POST", "", &body).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        let id: RestoreId = answer.json()["id"].as_str().unwrap().parse().unwrap();
        let plans = Archived::new(self.plane.archive(), self.plane.records.clone());
        let of = plans.find_plan(&self.plane.tenant, &RESTORE.parse().unwrap()).await.unwrap().unwrap();
        plans.put_new_plan(&self.plane.tenant, &id, &of.plan).await.unwrap();
        let now = self.plane.world.clock.now();
        let made = |row: &mut Restore| {
            row.state = RestoreState::Previewed;
            row.previewed_at = Some(now);
            row.expires_at = Some(now + SignedDuration::from_hours(24));
            row.plan = Some(of.hash);
            row.counts.steps = 1;
        };
        self.plane.edit(&Restore::at(&self.plane.tenant, &id), made).await;
        id.to_string()
    }
}

#[tokio::test]
async fn what_a_token_asked_for_waits_for_a_person_whose_token_it_is_not() {
    let desk = Desk::new(ApprovalRule::Always).await;
    let id = desk.previewed(&desk.token()).await;
    let ran = desk.act(&desk.token(), &id, "run").await;
    assert_eq!((ran.status.as_u16(), &ran.json()["waitsForApproval"]), (202, &json!(true)), "{ran:?}");
    assert_eq!(desk.plane.started().last(), Some(&"run-restore"), "the job tells those who may approve");
    let elsewhere = desk.plane.organisation(&desk.partner, B, None).await;
    let limited = as_role(&desk.signed_in(BOB, Role::Admin), Role::Admin, Some(vec![elsewhere]));
    for (who, by, status) in [
        ("whoever made the token", desk.signed_in(ANN, Role::Owner), 403),
        ("the token", desk.token(), 403),
        ("a portal", desk.portal(BOB), 403),
        ("Support", desk.signed_in(BOB, Role::Support), 403),
        ("Finance", desk.signed_in(BOB, Role::Finance), 403),
        ("who sees another organisation", limited, 404),
    ] {
        let answer = desk.act(&by, &id, "approve").await;
        assert_eq!(answer.status.as_u16(), status, "{who}: {answer:?}");
    }
    let sent = desk.plane.started().len();
    assert_eq!(desk.listed("?waitsForApproval=true").await, [id.as_str()]);

    let approved = desk.act(&desk.signed_in(BOB, Role::Admin), &id, "approve").await;
    assert_eq!(approved.status, 202, "{approved:?}");
    let row = approved.json();
    let shown = ["state", "approvedBy", "approvedBySecond", "runBy", "requestedFor", "waitsForApproval"];
    let expected =
        [json!("queued"), json!(BOB), json!(true), json!("hft_12345678"), json!(ANN), json!(false)];
    assert_eq!(shown.map(|field| row[field].clone()), expected, "{row}");
    assert!(row["approvedAt"].is_string() && row["queuedAt"].is_string(), "{row}");
    assert_eq!(desk.plane.started().len(), sent + 1);
    assert_eq!(desk.listed("?waitsForApproval=true").await, [""; 0]);
}

#[tokio::test]
async fn what_a_portal_asks_for_waits_for_the_partner_and_never_for_whoever_made_its_link() {
    let desk = Desk::new(ApprovalRule::Off).await;
    let portal = desk.portal(ANN);
    let id = desk.previewed(&portal).await;
    let read = desk.ask(&portal, "GET", &format!("/{id}"), &Value::Null).await.json();
    assert_eq!((&read["byEndUser"], &read["requestedFor"]), (&json!(true), &json!(ANN)));
    for by in [&portal, &desk.token()] {
        let ran = desk.act(by, &id, "run").await;
        assert_eq!((ran.status.as_u16(), &ran.json()["waitsForApproval"]), (202, &json!(true)), "{ran:?}");
    }
    assert_eq!(desk.act(&desk.signed_in(ANN, Role::Owner), &id, "approve").await.status, 403);
    let approved = desk.act(&desk.signed_in(BOB, Role::Owner), &id, "approve").await;
    assert_eq!((approved.status.as_u16(), &approved.json()["state"]), (202, &json!("queued")));
}

#[tokio::test]
async fn a_portal_that_previews_the_partners_restore_again_does_not_run_it_on_the_partners_approval() {
    let desk = Desk::new(ApprovalRule::Always).await;
    let first = desk.previewed(&desk.signed_in(ANN, Role::Owner)).await;
    let approved = desk.act(&desk.signed_in(BOB, Role::Owner), &first, "approve").await.json();
    assert_eq!((&approved["state"], &approved["queuedAt"]), (&json!("previewed"), &Value::Null));
    assert!(approved["approvedAt"].is_string(), "{approved}");
    let portal = desk.portal(ANN);
    let again = desk.act(&portal, &first, "again").await;
    assert_eq!((again.status.as_u16(), &again.json()["previewedInPlaceOf"]), (202, &json!(first)));
    let id = again.json()["id"].as_str().unwrap().to_owned();
    let (of, made) =
        (Restore::at(&desk.plane.tenant, &first.parse().unwrap()), id.parse::<RestoreId>().unwrap());
    let earlier = desk.plane.records.get(&of).await.unwrap().value;
    let plans = Archived::new(desk.plane.archive(), desk.plane.records.clone());
    let plan = plans.find_plan(&desk.plane.tenant, &earlier.id).await.unwrap().unwrap().plan;
    plans.put_new_plan(&desk.plane.tenant, &made, &plan).await.unwrap();
    let preview = |row: &mut Restore| {
        row.state = RestoreState::Previewed;
        (row.previewed_at, row.expires_at, row.plan) =
            (earlier.previewed_at, earlier.expires_at, earlier.plan);
    };
    desk.plane.edit(&Restore::at(&desk.plane.tenant, &made), preview).await;
    assert_eq!(desk.act(&portal, &first, "run").await.status, 403);
    let ran = desk.act(&portal, &id, "run").await;
    assert_eq!((ran.status.as_u16(), &ran.json()["state"]), (202, &json!("previewed")), "{ran:?}");
    assert_eq!(ran.json()["waitsForApproval"], json!(true));
}

#[tokio::test]
async fn restores_are_listed_the_newest_first_and_those_that_wait_while_they_can_be_approved() {
    let desk = Desk::new(ApprovalRule::Always).await;
    let mut ids = vec![RESTORE.to_owned()];
    for _ in 0..3 {
        desk.plane.world.clock.advance(SignedDuration::from_mins(1));
        ids.push(desk.previewed(&desk.signed_in(ANN, Role::Owner)).await);
    }
    ids.reverse();
    assert_eq!(desk.listed("").await, ids);
    // In parts: each has the `next` of the part after it.
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = desk.ask(&desk.owner, "GET", &format!("?limit=1{cursor}"), &Value::Null).await.json();
        read.extend(answer["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        let Some(next) = answer["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(read, ids.iter().map(|id| json!(id)).collect::<Vec<_>>());

    desk.act(&desk.token(), &ids[1], "run").await;
    assert_eq!(desk.listed("?waitsForApproval=true").await, [ids[1].as_str()]);
    desk.plane.world.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(desk.listed("?waitsForApproval=true").await, [""; 0], "it is previewed again first");
    let wrong = desk.ask(&desk.owner, "GET", "?waitsForApproval=perhaps", &Value::Null).await;
    assert_eq!((wrong.status.as_u16(), wrong.fields()), (422, vec!["waitsForApproval".to_owned()]));
}
