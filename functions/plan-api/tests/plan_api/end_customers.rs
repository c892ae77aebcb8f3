//! The people of an organisation: shut out while it is suspended, gone from the partner when it goes.

use crate::common::{Plane, as_role, plan};
use domain::OrganisationId;
use domain::rights::Role;
use http::Method;
use partners::commands::Caller;
use serde_json::{Value, json};

/// What the catalog has that names somebody, apart from the log.
fn named(plane: &Plane, name: &str) -> Vec<String> {
    let rows =
        plane.kept().into_iter().map(|(scope, row)| format!("{} {} {}", scope.text(), row.key, row.body));
    rows.filter(|row| row.contains(name)).collect()
}

#[tokio::test]
async fn an_end_customer_of_a_suspended_organisation_is_not_told_what_the_partner_notes_of_it() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let path = format!("/v1/organisations/{org}");
    let edit = json!({ "details": "pays late" });
    plane.ask(&owner, Method::PATCH, &path, Some(1), Some(&edit)).await;
    let customer = as_role(&owner, Role::EndCustomer, Some(vec![org.clone()]));
    let listed = async |query: &str| plane.get(&customer, &format!("/v1/organisations{query}")).await;
    assert_eq!(listed("").await.json()["items"].as_array().unwrap().len(), 1);
    plane.ask(&owner, Method::POST, &format!("{path}/suspend"), Some(2), None).await;
    for query in ["", "?search=contoso", "?state=suspended", "?format=csv"] {
        let answer = listed(query).await;
        assert!(
            !answer.text.contains("pays late") && !answer.text.contains("Contoso"),
            "{query}: {answer:?}"
        );
    }
    assert_eq!(plane.get(&customer, &path).await.status, 403);
    assert_eq!(plane.get(&owner, "/v1/organisations").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_givers_end_customers_go_when_their_organisation_is_taken_over() {
    let plane = Plane::new();
    let (_, giver) = plane.partner(&Caller::Operator, "Giver").await;
    let (to, taker) = plane.partner(&Caller::Operator, "Taker").await;
    let (org, other) =
        (plane.organisation(&giver, "Contoso").await, plane.organisation(&giver, "Other").await);
    plane.post(&taker, "/v1/partner/sku", &json!({ "sku": "Entra" })).await;
    let sold = plane.post(&taker, "/v1/plans", &plan("BackupEntra")).await.json()["id"].clone();
    let (_, only) = plane.person(&giver, Role::EndCustomer, Some(&[&org]), "only").await;
    let (both_id, _) = plane.person(&giver, Role::EndCustomer, Some(&[&org, &other]), "both").await;
    let (admin_id, _) = plane.person(&giver, Role::Admin, Some(&[&org]), "technician").await;
    let invitation = |organisations: &[&OrganisationId], name: &str| {
        let email = format!("{name}@contoso.example");
        json!({ "name": name, "email": email, "role": "endCustomer", "organisations": organisations })
    };
    for (organisations, name) in [(&[&org][..], "invited"), (&[&other][..], "elsewhere")] {
        let made = plane.post(&giver, "/v1/invitations", &invitation(organisations, name)).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let token = json!({ "name": "sync of Contoso", "role": "endCustomer", "organisations": [org] });
    let token = plane.post(&giver, "/v1/tokens", &token).await.json();
    assert!(plane.held(&token).await.is_some() && !named(&plane, "only@").is_empty());

    let path = format!("/v1/organisations/{org}/transfer");
    let offered = plane.ask(&giver, Method::POST, &path, Some(1), Some(&json!({ "to": to }))).await;
    assert_eq!(offered.status, 201, "{offered:?}");
    let accepted = plane.post(&taker, &format!("{path}/accept"), &json!({ "plan": sold })).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");

    for gone in ["only@", "invited@", "sync of Contoso"] {
        assert_eq!(named(&plane, gone), [""; 0]);
    }
    let signed_in = plane.find.find_signed_in(crate::common::identity("only")).await.unwrap();
    assert!(matches!(signed_in, Caller::SignedIn(..)) && only.member().is_ok());
    assert_eq!(plane.held(&token).await, None);
    assert!(!named(&plane, "elsewhere@").is_empty());
    let seen = |person: Value| person["organisations"].clone();
    let both = seen(plane.get(&giver, &format!("/v1/people/{both_id}")).await.json());
    assert_eq!(both, json!([other]));
    let admin = seen(plane.get(&giver, &format!("/v1/people/{admin_id}")).await.json());
    assert_eq!(admin, json!([org]), "the partner's own people stay as they are");
}
