//! A reply that is given again, of the data plane: only to who may still ask. And what is not: a refusal that passes by
//! itself.

use crate::common::{DIFF, FEATURES, Plane, RESTORE, SNAPSHOT, TENANT, as_role};
use backup::commands::slots::MOST_OPEN_OF_ONE;
use domain::rights::{Feature, Role};
use engine::records::{Diff, JobState, OrganisationState, RestoreState, Snapshot};
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn what_was_answered_is_not_told_again_to_who_may_no_longer_ask() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |o| o.features = FEATURES.to_vec()).await;
    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    let path = format!("/v1/organisations/{org}/snapshots");
    let ask = async || plane.ask_under(Some(&customer), "POST", &path, &Value::Null, Some("k")).await;
    let first = ask().await;
    let again = ask().await;
    assert_eq!((first.status.as_u16(), &first.text), (202, &again.text));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    plane.change(&partner, &org, |o| o.features = vec![Feature::Compare]).await;
    assert_eq!(ask().await.status, 403, "the feature was switched off");
    plane.change(&partner, &org, |o| o.features = FEATURES.to_vec()).await;
    plane.change(&partner, &org, |o| o.state = OrganisationState::Suspended).await;
    assert_eq!(ask().await.status, 403, "nobody of it signs in");
    plane.change(&partner, &org, |o| o.state = OrganisationState::Active).await;
    assert_eq!(ask().await.text, first.text);
    assert_eq!(plane.started().len(), 1, "it was done once");
}

#[tokio::test]
async fn a_slot_that_was_full_is_asked_for_again_under_the_same_key() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let path = format!("/v1/organisations/{org}/comparisons");
    let body = json!({ "before": SNAPSHOT, "after": "live" });
    let ask = async |key: &str| plane.ask_under(Some(&owner), "POST", &path, &body, Some(key)).await;
    let first = ask("k-0").await;
    for n in 1..MOST_OPEN_OF_ONE {
        assert_eq!(ask(&format!("k-{n}")).await.status, 202);
    }
    let (started, full) = (plane.started().len(), ask("k").await);
    assert_eq!((full.status.as_u16(), full.headers["retry-after"].to_str().unwrap()), (429, "30"));
    assert_eq!(plane.started().len(), started);
    let id = first.json()["id"].as_str().unwrap().parse().unwrap();
    plane.edit(&Diff::at(&plane.tenant, &id), |diff| diff.state = JobState::Done).await;
    let taken = ask("k").await;
    assert_eq!((taken.status.as_u16(), taken.headers.get("idempotency-replayed")), (202, None), "{taken:?}");
    assert_eq!(ask("k").await.text, taken.text, "and what was done is answered as it was");
    assert_eq!(plane.started().len(), started + 1);
}

#[tokio::test]
async fn a_state_that_passes_by_itself_is_looked_at_again_under_the_same_key() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let ask = async |path: &str, body: Value| {
        let path = format!("/v1/organisations/{org}/{path}");
        plane.ask_under(Some(&owner), "POST", &path, &body, Some("k")).await.status.as_u16()
    };
    let run = format!("restores/{RESTORE}/run");
    plane.stands(RestoreState::Previewing).await;
    assert_eq!(ask(&run, Value::Null).await, 409, "its preview is not made yet");
    plane.stands(RestoreState::Previewed).await;
    assert_eq!(ask(&run, Value::Null).await, 202);

    let (diff, snapshot) = (DIFF.parse().unwrap(), SNAPSHOT.parse().unwrap());
    let diff = Diff::at(&plane.tenant, &diff);
    plane.edit(&diff, |diff| diff.state = JobState::Running).await;
    assert_eq!(ask("restores", json!({ "comparison": DIFF })).await, 409, "it is not done yet");
    plane.edit(&diff, |diff| diff.state = JobState::Done).await;
    assert_eq!(ask("restores", json!({ "comparison": DIFF })).await, 202);

    plane.stands(RestoreState::Previewed).await;
    let snapshot = Snapshot::at(&plane.tenant, &snapshot);
    let of_snapshot = json!({ "snapshot": SNAPSHOT, "items": [{ "kind": "users", "key": "u" }] });
    let ask = async || {
        let path = format!("/v1/organisations/{org}/restores");
        plane.ask_under(Some(&owner), "POST", &path, &of_snapshot, Some("l")).await.status.as_u16()
    };
    plane.edit(&snapshot, |snapshot| snapshot.state = JobState::Running).await;
    assert_eq!(ask().await, 409, "it is not sealed yet");
    plane.edit(&snapshot, |snapshot| snapshot.state = JobState::Done).await;
    assert_eq!(ask().await, 202);
}
