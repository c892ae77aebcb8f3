//! Restores that somebody else has to approve, over the API and every job: nothing is written before, and everything after.

use super::data_plane::Client;
use super::rig::Rig;
use domain::organisations::ApprovalRule;
use domain::restore::PRIVILEGED_ROLE_ADMINISTRATOR;
use domain::rights::{Feature, Role};
use engine::records::{Found, Organisation};
use http::{Method, StatusCode};
use partners::commands::{Proof, SignInTimes};
use serde_json::{Value, json};

const ANN: &str = "per_01jaaaaaaaaaaaaaaaaaaaaaaa";
const BOB: &str = "per_01jbbbbbbbbbbbbbbbbbbbbbbb";

async fn ruled(rig: &Rig, rule: ApprovalRule) {
    let organisation = rig.organisation();
    let at = Organisation::at(&organisation.partner, &organisation.id);
    let Found { mut value, version } = rig.records.get(&at).await.unwrap();
    value.approvals = rule;
    value.features = Feature::ALL.to_vec();
    rig.records.replace(&value, version).await.unwrap();
}

fn signed_in<'a>(client: &Client<'a>, id: &str) -> Client<'a> {
    client.by(|member| {
        id.clone_into(&mut member.token);
        member.proof = Proof::SignIn { person: id.parse().unwrap(), times: SignInTimes::default() };
    })
}

/// Somebody of the customer, by a link that Ann made.
fn portal<'a>(rig: &Rig, client: &Client<'a>) -> Client<'a> {
    let id = "ses_01jccccccccccccccccccccccc";
    client.by(|member| {
        member.role = Role::EndCustomer;
        member.organisations = Some(vec![rig.organisation().id]);
        id.clone_into(&mut member.token);
        member.made_by = ANN.parse().ok();
        member.proof = Proof::Portal(id.parse().unwrap());
    })
}

/// The preview of what takes back the changes of that object since that snapshot.
async fn previewed(client: &Client<'_>, since: &str, user: &str) -> String {
    let since = since.split_once('/').unwrap().1;
    let compared = client.done("comparisons", Some(&json!({ "before": since, "after": "live" }))).await;
    let comparison = compared.split_once('/').unwrap().1;
    let only = json!([{ "kind": "users", "key": user }]);
    client.done("restores", Some(&json!({ "comparison": comparison, "only": only }))).await
}

async fn state(client: &Client<'_>, restore: &str) -> (Value, Value) {
    let row = client.get(restore).await;
    (row["state"].clone(), row["waitsForApproval"].clone())
}

fn waits() -> (Value, Value) {
    (json!("previewed"), json!(true))
}

fn done() -> (Value, Value) {
    (json!("done"), json!(false))
}

#[tokio::test]
async fn what_an_end_customer_asks_for_is_written_after_its_partners_approval_and_not_before() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    ruled(&rig, ApprovalRule::Off).await;
    let client = Client::new(&rig).await;
    let (portal, ann, bob) = (portal(&rig, &client), signed_in(&client, ANN), signed_in(&client, BOB));
    let first = client.done("snapshots", None).await;
    stage.happen(&admin).await;
    let title = || rig.dump()["users"][stage.id("Maya")]["jobTitle"].clone();
    let restore = previewed(&portal, &first, stage.id("Maya")).await;
    rig.world.mailer.take_sent();

    portal.done(&format!("{restore}/run"), None).await;
    assert_eq!((state(&portal, &restore).await, title()), (waits(), json!("Contractor")));
    let told: Vec<String> = rig.world.mailer.take_sent().into_iter().map(|mail| mail.subject).collect();
    assert!(told.iter().any(|subject| subject.contains("waits for its approval")), "{told:?}");
    let waiting = client.get("restores?waitsForApproval=true").await;
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1, "{waiting}");
    assert_eq!(format!("restores/{}", waiting["items"][0]["id"].as_str().unwrap()), restore);
    for nobody in [&portal, &ann, &client] {
        let (status, answer) = nobody.ask_below(Method::POST, &format!("{restore}/approve"), None).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{answer}");
    }
    portal.done(&format!("{restore}/run"), None).await;
    assert_eq!(
        (state(&portal, &restore).await, title()),
        (waits(), json!("Contractor")),
        "asked again it waits"
    );

    bob.done(&format!("{restore}/approve"), None).await;
    assert_eq!((state(&portal, &restore).await, title()), (done(), json!("Buyer")));
    let row = client.get(&restore).await;
    let who = ["requestedBy", "requestedFor", "approvedBy", "approvedBySecond", "runBy"]
        .map(|who| row[who].clone());
    let session = json!("ses_01jccccccccccccccccccccccc");
    assert_eq!(who, [session.clone(), json!(ANN), json!(BOB), json!(true), session]);
}

#[tokio::test]
async fn under_a_rule_for_all_an_undoing_waits_as_well_and_an_approval_is_for_one_of_the_previews() {
    let rig = Rig::new().await;
    let (admin, stage) = rig.staged().await;
    ruled(&rig, ApprovalRule::Always).await;
    let client = Client::new(&rig).await;
    let (ann, bob) = (signed_in(&client, ANN), signed_in(&client, BOB));
    let first = client.done("snapshots", None).await;
    stage.happen(&admin).await;
    let title = || rig.dump()["users"][stage.id("Maya")]["jobTitle"].clone();
    let restore = previewed(&ann, &first, stage.id("Maya")).await;
    bob.done(&format!("{restore}/approve"), None).await;
    ann.done(&format!("{restore}/run"), None).await;
    assert_eq!((state(&ann, &restore).await, title()), (done(), json!("Buyer")));

    let of = restore.split_once('/').unwrap().1;
    let undo = ann.done("restores", Some(&json!({ "undo": of }))).await;
    ann.done(&format!("{undo}/run"), None).await;
    assert_eq!((state(&ann, &undo).await, title()), (waits(), json!("Buyer")));
    let again = ann.done(&format!("{undo}/again"), None).await;
    bob.done(&format!("{undo}/approve"), None).await;
    assert_eq!((state(&ann, &undo).await, title()), (done(), json!("Contractor")));
    ann.done(&format!("{again}/run"), None).await;
    assert_eq!(state(&ann, &again).await, waits(), "the approval let one begin");
}

#[tokio::test]
async fn under_the_rule_for_rights_who_comes_back_with_a_role_waits_and_who_has_none_does_not() {
    let rig = Rig::new().await;
    let admin = rig.admin(rig.tenant()).await;
    ruled(&rig, ApprovalRule::Privileged).await;
    let client = Client::new(&rig).await;
    let (ann, bob) = (signed_in(&client, ANN), signed_in(&client, BOB));
    let (eve, uma) =
        (admin.create_user("Eve Holm", "Auditor").await, admin.create_user("Uma Berg", "Auditor").await);
    // Why only eligible: an application needs a role of its own to bring back who holds one now.
    let eligible = json!({ "action": "adminAssign", "justification": "a test", "principalId": eve,
        "roleDefinitionId": PRIVILEGED_ROLE_ADMINISTRATOR, "directoryScopeId": "/",
        "scheduleInfo": { "startDateTime": "2026-01-01T00:00:00Z", "expiration": { "type": "noExpiration" } } });
    let requests = "roleManagement/directory/roleEligibilityScheduleRequests";
    admin.write(reqwest::Method::POST, requests, &eligible).await;
    let first = client.done("snapshots", None).await;
    for user in [&eve, &uma] {
        admin.delete(&format!("users/{user}")).await;
    }
    for (user, is_held_up) in [(&uma, false), (&eve, true)] {
        let restore = previewed(&ann, &first, user).await;
        assert_eq!(client.get(&restore).await["privileged"], json!(is_held_up));
        ann.done(&format!("{restore}/run"), None).await;
        let is_back = || rig.dump()["users"].get(user).is_some();
        if is_held_up {
            assert_eq!((state(&ann, &restore).await, is_back()), (waits(), false));
            bob.done(&format!("{restore}/approve"), None).await;
        }
        assert_eq!((state(&ann, &restore).await, is_back()), (done(), true), "held up: {is_held_up}");
    }
}
