//! What changed on each day of a week, and what runs now, beside what needs somebody.

use crate::common::as_role;
use crate::common::fleet::{Fleet, diff, snapshot};
use domain::notices::{Severity, Topic};
use domain::rights::Role;
use engine::records::Subject;
use serde_json::{Value, json};

fn counts(list: &Value) -> Vec<Value> {
    list["days"].as_array().unwrap().iter().map(|day| day["changes"].clone()).collect()
}

/// Changes of today, of the day before, of six days ago, and one that is too old.
async fn with_changes() -> Fleet {
    let fleet = Fleet::of(3).await;
    for (n, (customer, hours)) in [(0, 0), (1, 0), (1, 24), (2, 24 * 6), (0, 24 * 7)].into_iter().enumerate()
    {
        fleet.tell(customer, Topic::Changes, Subject::Diff(diff(n)), Severity::Info, hours).await;
    }
    fleet.tell(0, Topic::PrivilegedChanges, Subject::Diff(diff(0)), Severity::Critical, 0).await;
    fleet
}

#[tokio::test]
async fn each_day_of_a_week_has_its_changes_and_a_day_without_any_has_none() {
    let fleet = with_changes().await;
    let list = fleet.read("attention").await;
    assert_eq!(counts(&list), [3, 0, 0, 0, 0, 3, 6].map(|count| json!(count)), "each change counts once");
    let days: Vec<_> =
        list["days"].as_array().unwrap().iter().map(|day| day["day"].as_str().unwrap()).collect();
    let day = |hours: i64| fleet.ago(hours).to_string()[..10].to_owned();
    assert_eq!((days[0], days[6]), (day(24 * 6).as_str(), day(0).as_str()));
}

#[tokio::test]
async fn who_may_not_hear_of_changes_is_told_no_number_and_others_only_of_their_customers() {
    let fleet = with_changes().await;
    let finance = fleet.read_as(&as_role(&fleet.owner, Role::Finance, None), "attention").await;
    assert_eq!(counts(&finance), vec![Value::Null; 7]);
    let limited = as_role(&fleet.owner, Role::Support, Some(vec![fleet.ids[2].clone()]));
    let list = fleet.read_as(&limited, "attention").await;
    assert_eq!(counts(&list), [3, 0, 0, 0, 0, 0, 0].map(|count| json!(count)));
}

#[tokio::test]
async fn snapshots_that_are_being_taken_are_named_the_first_twenty_of_them() {
    let fleet = Fleet::of(25).await;
    let idle = fleet.read("attention").await;
    assert_eq!((&idle["underWay"], &idle["counts"]["underWay"]), (&json!([]), &json!(0)));
    fleet.change_tenant(3, |row| row.open_snapshot = Some(snapshot(77))).await;
    let one = json!({ "organisation": fleet.ids[3], "name": "Customer 003", "snapshot": snapshot(77) });
    assert_eq!(fleet.read("attention").await["underWay"], json!([one]));
    let limited = as_role(&fleet.owner, Role::Support, Some(vec![fleet.ids[2].clone()]));
    assert_eq!(fleet.read_as(&limited, "attention").await["underWay"], json!([]), "not theirs to see");
    for n in 0..25 {
        fleet.change_tenant(n, |row| row.open_snapshot = Some(snapshot(100 + n))).await;
    }
    let list = fleet.read("attention").await;
    assert_eq!((list["underWay"].as_array().unwrap().len(), &list["counts"]["underWay"]), (20, &json!(25)));
}
