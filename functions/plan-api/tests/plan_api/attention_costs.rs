//! What a morning's look at all customers costs: so many questions to the catalog, however many of them are in trouble.

use crate::common::fleet::{Fleet, diff};
use domain::notices::{Severity, Topic};
use engine::records::{CredentialStatus, Newest, NotCovered, Subject};
use serde_json::json;

#[tokio::test]
async fn of_400_customers_the_five_in_trouble_are_the_first_five_in_one_call_and_fourteen_questions() {
    let fleet = Fleet::of(400).await;
    fleet.count(17, 12).await;
    let lacks = NotCovered { source: "groups".into(), cause: "unlicensed".into(), why: "for people".into() };
    let newest = Newest::of(fleet.ago(2), &[lacks], vec![], None);
    fleet.change_tenant(99, |row| row.newest = Some(newest)).await;
    fleet.tell(200, Topic::PrivilegedChanges, Subject::Diff(diff(1)), Severity::Critical, 3).await;
    let late = Newest::of(fleet.ago(37), &[], vec![], None);
    fleet.change_tenant(301, |row| row.newest = Some(late)).await;
    let now = fleet.ago(0);
    fleet.change_tenant(399, |row| row.note_credentials(CredentialStatus::ConsentWithdrawn, now)).await;

    fleet.plane.plan.take_log();
    let answer = fleet.plane.get(&fleet.owner, "/v1/attention").await;
    let calls = fleet.plane.plan.take_log();
    let list = answer.json();
    let found: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (fleet.number(&i["organisation"]), &i["cause"]))
        .collect();
    assert_eq!(
        found,
        [
            (399, &json!("consent-withdrawn")),
            (301, &json!("late-snapshot")),
            (200, &json!("privileged-changes")),
            (99, &json!("not-covered")),
            (17, &json!("seats-over")),
        ]
    );
    assert_eq!((&list["next"], &list["complete"]), (&json!(null), &json!(true)));
    let counts = &list["counts"];
    assert_eq!((&counts["organisations"], &counts["fine"]), (&json!(400), &json!(395)));
    // The organisations, the offers, what was told and what was acknowledged; tenants and seats a hundred at a time, and what was
    // expected of comparisons; the partner.
    let made = ["list", "find_many", "find", "write"].map(|method| calls.count("catalog", method));
    assert_eq!(made, [4, 9, 1, 0], "{}", calls.print());
    assert!(answer.text.len() < 5_000, "{} bytes", answer.text.len());
}

#[tokio::test]
async fn all_customers_in_trouble_cost_as_many_questions_and_come_in_parts() {
    let fleet = Fleet::of(250).await;
    for n in 0..250 {
        fleet.count(n, 11).await;
    }
    let (mut found, mut path) = (Vec::new(), Some("attention?limit=100".to_owned()));
    while let Some(asked) = path {
        fleet.plane.plan.take_log();
        let part = fleet.read(&asked).await;
        assert_eq!(fleet.plane.plan.take_log().count("catalog", "find_many"), 6);
        assert_eq!(part["counts"]["causes"], json!({ "seats-over": 250 }), "all of them, in each part");
        found.extend(part["items"].as_array().unwrap().iter().map(|i| fleet.number(&i["organisation"])));
        path = part["next"].as_str().map(|next| format!("attention?limit=100&cursor={next}"));
    }
    let mut each = found.clone();
    each.sort_unstable();
    each.dedup();
    assert_eq!((found.len(), each.len()), (250, 250));
}
