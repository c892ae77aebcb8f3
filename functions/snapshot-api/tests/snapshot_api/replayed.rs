//! A reply that is given again, of the data plane: only to who may still ask.

use crate::common::{FEATURES, Plane, TENANT, as_role};
use domain::rights::{Feature, Role};
use engine::records::OrganisationState;
use serde_json::Value;

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
