//! What a partner was told, newest first.

use crate::common::as_role;
use crate::common::fleet::{Fleet, diff, snapshot};
use domain::notices::{Severity, Topic};
use domain::rights::Role;
use engine::records::Subject;
use http::StatusCode;
use partners::commands::Caller;
use serde_json::{Value, json};

/// Two customers, and five notices of the last five hours.
async fn told() -> Fleet {
    let fleet = Fleet::of(2).await;
    fleet.tell(0, Topic::Changes, Subject::Diff(diff(1)), Severity::Info, 5).await;
    fleet.tell(0, Topic::PrivilegedChanges, Subject::Diff(diff(1)), Severity::Critical, 4).await;
    fleet.tell(1, Topic::Errors, Subject::Snapshot(snapshot(1)), Severity::Critical, 3).await;
    fleet.tell(1, Topic::Seats, Subject::Snapshot(snapshot(1)), Severity::Warning, 2).await;
    let ended = Subject::Organisation(fleet.ids[0].clone());
    fleet.tell(0, Topic::Credentials, ended, Severity::Warning, 1).await;
    fleet
}

fn topics(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["topic"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn notices_come_newest_first_in_parts_that_together_give_each_once() {
    let fleet = told().await;
    let (mut found, mut path) = (Vec::new(), Some("notices?limit=2".to_owned()));
    while let Some(asked) = path {
        let part = fleet.read(&asked).await;
        found.extend(topics(&part).into_iter().map(str::to_owned));
        path = part["next"].as_str().map(|next| format!("notices?limit=2&cursor={next}"));
    }
    assert_eq!(found, ["credentials", "seats", "errors", "privileged-changes", "changes"]);
    let newest = fleet.read("notices?limit=1").await["items"][0].clone();
    let subject = json!({ "type": "organisation", "id": fleet.ids[0] });
    assert_eq!((&newest["subject"], &newest["at"]), (&subject, &json!(fleet.ago(1).to_string())));
    let changes = fleet.read("notices?topic=privileged-changes").await["items"][0].clone();
    assert_eq!((&changes["subject"]["type"], &changes["changes"]), (&json!("comparison"), &json!(3)));
}

#[tokio::test]
async fn a_notice_of_what_was_expected_is_in_the_list_and_says_so() {
    let fleet = told().await;
    fleet.expect(0, diff(1), Some(3)).await;
    let list = fleet.read("notices").await;
    let items = list["items"].as_array().unwrap();
    let said: Vec<_> =
        items.iter().filter(|item| item["expected"] == true).map(|item| &item["topic"]).collect();
    // Each change of who may do what was, of more that changed.
    assert_eq!((items.len(), said), (5, vec![&json!("privileged-changes")]));
}

#[tokio::test]
async fn notices_are_chosen_by_organisation_topic_and_time() {
    let fleet = told().await;
    for (query, wanted) in [
        (format!("organisation={}", fleet.ids[1]), vec!["seats", "errors"]),
        ("topic=seats".to_owned(), vec!["seats"]),
        (format!("from={}", fleet.ago(3)), vec!["credentials", "seats", "errors"]),
        (format!("to={}", fleet.ago(3)), vec!["privileged-changes", "changes"]),
        (format!("from={}&to={}", fleet.ago(3), fleet.ago(1)), vec!["seats", "errors"]),
    ] {
        let list = fleet.read(&format!("notices?{query}")).await;
        assert_eq!(topics(&list), wanted, "{query}");
    }
    let wrong = fleet.plane.get(&fleet.owner, "/v1/notices?topic=weather").await;
    assert_eq!(wrong.fields(), ["topic"], "{wrong:?}");
}

#[tokio::test]
async fn nobody_reads_a_notice_of_what_their_role_may_not_hear_or_of_an_organisation_that_they_do_not_see() {
    let fleet = told().await;
    let finance = as_role(&fleet.owner, Role::Finance, None);
    assert_eq!(topics(&fleet.read_as(&finance, "notices").await), ["seats"]);
    let support = as_role(&fleet.owner, Role::Support, None);
    let heard = fleet.read_as(&support, "notices").await;
    assert_eq!(topics(&heard), ["credentials", "errors", "privileged-changes", "changes"]);
    let limited = as_role(&fleet.owner, Role::Admin, Some(vec![fleet.ids[1].clone()]));
    assert_eq!(topics(&fleet.read_as(&limited, "notices").await), ["seats", "errors"]);
    let customer = as_role(&fleet.owner, Role::EndCustomer, Some(vec![fleet.ids[1].clone()]));
    assert_eq!(fleet.plane.get(&customer, "/v1/notices").await.status, StatusCode::FORBIDDEN);
    let (_, other) = fleet.plane.partner(&Caller::Operator, "Elsewhere").await;
    assert_eq!(fleet.read_as(&other, "notices").await["items"], json!([]));
    let path = format!("/v1/notices?partner={}", fleet.partner);
    assert_eq!(fleet.plane.get(&other, &path).await.status, StatusCode::NOT_FOUND);
}
