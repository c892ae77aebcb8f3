//! What somebody said was expected: it needs nobody.

use crate::common::fleet::{Fleet, diff};
use domain::notices::{Severity, Topic};
use engine::records::Subject;
use serde_json::json;

#[tokio::test]
async fn privileged_changes_that_somebody_expected_need_nobody_and_the_others_still_do() {
    let fleet = Fleet::of(3).await;
    let topic = Topic::PrivilegedChanges;
    for (n, comparison) in [(0, 1), (0, 2), (1, 3), (2, 4)] {
        fleet.tell(n, topic, Subject::Diff(diff(comparison)), Severity::Critical, 5).await;
    }
    // All of one, two of the three of another, each of the three of a third; of another tenant's comparison of that id nothing.
    fleet.expect(0, diff(1), None).await;
    fleet.expect(0, diff(2), Some(2)).await;
    fleet.expect(1, diff(3), Some(3)).await;
    fleet.expect(1, diff(4), None).await;
    let list = fleet.read("attention?cause=privileged-changes").await;
    let items = list["items"].as_array().unwrap();
    let found: Vec<_> = items
        .iter()
        .map(|item| (fleet.number(&item["organisation"]), item["what"]["counts"]["privileged"].clone()))
        .collect();
    assert_eq!(found, [(0, json!(1)), (2, json!(3))], "{list}");
    assert_eq!(items[0]["what"]["ids"]["comparisons"], json!([diff(2)]));
    assert_eq!(list["counts"]["fine"], 1);
}
