//! Marks over HTTP: made, shown where they belong, taken back.

use crate::common::{Answer, DIFF, EARLIER_SNAPSHOT, Plane, SNAPSHOT, TENANT, as_role, stored::change};
use domain::OrganisationId;
use domain::restore::{EffectiveAdministrators, RestorePlan};
use domain::rights::{Feature, Role};
use engine::ports::Clock;
use engine::records::{Expected, MOST_BREAK_GLASS, MarkOf, Restore};
use http::StatusCode;
use partners::commands::Caller;
use restore::plans::PlanStore;
use restore::preview_restore::Archived;
use serde_json::{Value, json};
use support::builders::previewed_restore;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

/// A customer of a partner, and somebody of the partner who asks.
struct Story {
    plane: Plane,
    owner: Caller,
    org: OrganisationId,
}

impl Story {
    async fn new() -> Self {
        let plane = Plane::new().await;
        let (partner, owner) = plane.partner(A, &[]).await;
        let org = plane.organisation(&partner, A, Some(TENANT)).await;
        Self { plane, owner, org }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let path = format!("/v1/organisations/{}{path}", self.org);
        self.plane.ask(Some(&self.owner), method, &path, body).await
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &Value::Null).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer.json()
    }

    async fn make(&self, mark: Value) -> Value {
        let answer = self.ask("POST", "/marks", &mark).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()
    }

    async fn take_back(&self, mark: &Value) {
        let path = format!("/marks/{}", mark["id"].as_str().unwrap());
        assert_eq!(self.ask("DELETE", &path, &Value::Null).await.status, 204);
    }

    /// The keys of the changes that are asked for.
    async fn keys(&self, asked: &str) -> Vec<String> {
        let found = self.get(&format!("/comparisons/{DIFF}/changes{asked}")).await;
        let items = found["items"].as_array().unwrap();
        items.iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_snapshot_that_is_known_to_be_good_says_so_and_a_restore_finds_the_newest_of_them() {
    let story = Story::new().await;
    let everything = json!({ "snapshot": "lastKnownGood", "kinds": ["users"] });
    assert_eq!(story.ask("POST", "/restores", &everything).await.fields(), ["snapshot"]);
    let older = story.make(json!({ "type": "knownGood", "snapshot": EARLIER_SNAPSHOT })).await;
    story.make(json!({ "type": "knownGood", "snapshot": SNAPSHOT, "note": "after the audit" })).await;
    let listed = story.get("/marks?type=knownGood").await;
    let snapshots: Vec<_> = listed["items"].as_array().unwrap().iter().map(|m| &m["snapshot"]).collect();
    assert_eq!(snapshots, [SNAPSHOT, EARLIER_SNAPSHOT]);
    let shown = story.get("/snapshots").await;
    let good: Vec<_> = shown["items"].as_array().unwrap().iter().map(|s| &s["knownGood"]["note"]).collect();
    assert_eq!(good, [&json!("after the audit"), &Value::Null]);
    let one = story.get(&format!("/snapshots/{SNAPSHOT}")).await;
    assert_eq!(
        (&one["knownGood"]["by"], &one["knownGood"]["type"]),
        (&json!("hft_12345678"), &json!("knownGood"))
    );
    let restore = story.ask("POST", "/restores", &everything).await;
    assert_eq!((restore.status, &restore.json()["snapshot"]), (StatusCode::ACCEPTED, &json!(SNAPSHOT)));
    story.take_back(&older).await;
    assert_eq!(story.get(&format!("/snapshots/{EARLIER_SNAPSHOT}")).await["knownGood"], Value::Null);
}

#[tokio::test]
async fn a_change_that_was_expected_is_shown_with_its_ticket_and_can_be_left_out() {
    let story = Story::new().await;
    let plane = &story.plane;
    plane.edit(&engine::records::Diff::at(&plane.tenant, &DIFF.parse().unwrap()), |row| row.pages = 0).await;
    let archive = plane.archive().open(&plane.tenant).await.unwrap();
    let changes = json!([change("u", "Ann"), change("v", "Bob"), change("w", "Cem")]).to_string();
    archive.put_new(&format!("diffs/{DIFF}/000001"), changes.as_bytes()).await.unwrap();
    plane.edit(&engine::records::Diff::at(&plane.tenant, &DIFF.parse().unwrap()), |row| row.pages = 2).await;
    assert_eq!(story.keys("?expected=true").await, [""; 0]);
    let of_bob =
        json!({ "type": "expected", "comparison": DIFF, "kind": "users", "key": "v", "ticket": "4711" });
    let bob = story.make(of_bob.clone()).await;
    let found = story.get(&format!("/comparisons/{DIFF}/changes")).await;
    let expected = |key: &str| {
        let items = found["items"].as_array().unwrap();
        items.iter().find(|item| item["key"] == key).unwrap()["expected"].clone()
    };
    assert_eq!((&expected("v")["ticket"], &expected("v")["by"]), (&json!("4711"), &json!("hft_12345678")));
    assert_eq!(expected("w"), Value::Null);
    assert_eq!(story.keys("?expected=true").await, ["v"]);
    assert!(!story.keys("?expected=false").await.contains(&"v".to_owned()));
    // The same again is the same; with another ticket it is refused, and says what to do.
    assert_eq!(story.ask("POST", "/marks", &of_bob).await.status, 200);
    let other = json!({ "type": "expected", "comparison": DIFF, "kind": "users", "key": "v", "ticket": "1" });
    assert_eq!(story.ask("POST", "/marks", &other).await.status, 409);
    // All of it.
    let whole = story.make(json!({ "type": "expected", "comparison": DIFF, "note": "the move" })).await;
    assert_eq!(story.keys("?expected=false").await, [""; 0]);
    assert_eq!(story.get(&format!("/comparisons/{DIFF}")).await["expected"]["note"], "the move");
    assert_eq!(story.get("/comparisons").await["items"][0]["expected"]["note"], "the move");
    let of_it = story.get(&format!("/marks?comparison={DIFF}")).await;
    assert_eq!(of_it["items"].as_array().unwrap().len(), 2);
    let count = Expected::at(&plane.tenant, &DIFF.parse().unwrap());
    let counted = plane.records.get(&count).await.unwrap().value;
    assert_eq!((counted.whole, counted.changes, counted.privileged), (true, 1, 0));
    story.take_back(&whole).await;
    story.take_back(&bob).await;
    assert!(plane.records.find(&count).await.unwrap().is_none(), "nothing is left of them");
    assert_eq!(story.keys("?expected=true").await, [""; 0]);
}

#[tokio::test]
async fn accounts_for_emergencies_are_marked_up_to_a_number_and_one_that_is_marked_twice_is_one() {
    let story = Story::new().await;
    let account = json!({ "type": "breakGlass", "object": "u", "note": "in the safe" });
    let mark = story.make(account.clone()).await;
    assert_eq!(story.ask("POST", "/marks", &account).await.status, 200);
    assert_eq!(story.get("/marks").await["items"].as_array().unwrap().len(), 1);
    story.take_back(&mark).await;
    let path = format!("/marks/{}", mark["id"].as_str().unwrap());
    assert_eq!(story.ask("DELETE", &path, &Value::Null).await.status, 404);
    for n in 0..MOST_BREAK_GLASS {
        story.plane.mark(MarkOf::BreakGlass { object: format!("account {n}") }).await;
    }
    assert_eq!(story.ask("POST", "/marks", &account).await.status, 409);
}

#[tokio::test]
async fn a_preview_names_who_administers_and_which_of_them_are_kept_for_emergencies() {
    let story = Story::new().await;
    let plane = &story.plane;
    for object in ["u", "gone"] {
        plane.mark(MarkOf::BreakGlass { object: object.to_owned() }).await;
    }
    let (id, now) = ("rst_01jbbbbbbbbbbbbbbbbbbbbbbb".parse().unwrap(), plane.world.clock.now());
    let told = EffectiveAdministrators {
        before: vec!["other".to_owned(), "u".to_owned()],
        after: vec!["u".to_owned()],
        ..EffectiveAdministrators::default()
    };
    let plan = RestorePlan { administrators: Some(told), ..RestorePlan::default() };
    let plans = Archived::new(plane.archive(), plane.records.clone());
    plans.put_new_plan(&plane.tenant, &id, &plan).await.unwrap();
    let row = previewed_restore(&plane.tenant, id.clone(), SNAPSHOT.parse().unwrap(), now);
    plane.records.put_new(&Restore { attempts: 1, ..row }).await.unwrap();
    let shown = story.get(&format!("/restores/{id}")).await["administrators"].clone();
    let ann = json!({ "id": "u", "name": "Ann", "breakGlass": true });
    let other = json!({ "id": "other", "name": null, "breakGlass": false });
    let gone = json!({ "id": "gone", "name": null, "breakGlass": true });
    let expected = json!({
        "before": [other, ann], "moreBefore": 0, "after": [ann], "moreAfter": 0, "breakGlassWithout": [gone],
    });
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn an_end_customer_sees_marks_and_makes_none() {
    let story = Story::new().await;
    let partner = "prt_01jaaaaaaaaaaaaaaaaaaaaaaa".parse().unwrap();
    story.plane.change(&partner, &story.org, |o| o.features = vec![Feature::Search, Feature::Compare]).await;
    let mark = story.make(json!({ "type": "knownGood", "snapshot": SNAPSHOT })).await;
    let customer = as_role(&story.owner, Role::EndCustomer, Some(vec![story.org.clone()]));
    let at = |rest: &str| format!("/v1/organisations/{}/marks{rest}", story.org);
    let seen = story.plane.ask(Some(&customer), "GET", &at(""), &Value::Null).await;
    assert_eq!(seen.json()["items"][0]["id"], mark["id"]);
    let body = json!({ "type": "breakGlass", "object": "u" });
    assert_eq!(story.plane.ask(Some(&customer), "POST", &at(""), &body).await.status, 403);
    let path = at(&format!("/{}", mark["id"].as_str().unwrap()));
    assert_eq!(story.plane.ask(Some(&customer), "DELETE", &path, &Value::Null).await.status, 403);
}
