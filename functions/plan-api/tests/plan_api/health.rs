//! How each organisation is protected, in their list.

use crate::common::as_role;
use crate::common::fleet::{Fleet, diff, snapshot};
use domain::notices::{Severity, Topic};
use domain::organisations::OrganisationState;
use domain::rights::Role;
use engine::records::{CredentialStatus, Newest, NotCovered, NotProtected, Subject};
use http::StatusCode;
use serde_json::{Value, json};

/// Four customers: one as it should be, one late, one with gaps and too many users, one that is suspended and has changes.
async fn fleet() -> Fleet {
    let fleet = Fleet::of(4).await;
    let late = Newest::of(fleet.ago(50), &[], vec![], None);
    fleet.change_tenant(1, |row| row.newest = Some(late)).await;
    let lacks = NotCovered { source: "groups".into(), cause: "unlicensed".into(), why: "for people".into() };
    let gaps = Newest::of(fleet.ago(2), &[lacks], vec![], None);
    let now = fleet.ago(0);
    fleet.change_tenant(2, |row| row.newest = Some(gaps)).await;
    fleet.change_tenant(2, |row| row.note_credentials(CredentialStatus::ExcessReading, now)).await;
    fleet.count(2, 15).await;
    fleet.change(3, |row| row.state = OrganisationState::Suspended).await;
    fleet.tell(3, Topic::Changes, Subject::Diff(diff(1)), Severity::Info, 5).await;
    fleet.tell(3, Topic::PrivilegedChanges, Subject::Diff(diff(1)), Severity::Critical, 5).await;
    fleet.tell(3, Topic::Changes, Subject::Diff(diff(2)), Severity::Info, 30).await;
    fleet
}

fn order(fleet: &Fleet, list: &Value) -> Vec<usize> {
    list["items"].as_array().unwrap().iter().map(|item| fleet.number(&item["id"])).collect()
}

#[tokio::test]
async fn the_list_tells_of_each_organisation_how_it_is_protected() {
    let fleet = fleet().await;
    let list = fleet.read("organisations?view=health").await;
    let items = list["items"].as_array().unwrap();
    assert_eq!(
        items[0]["health"],
        json!({
            "credentials": "connected", "lastSnapshot": snapshot(0), "lastSealedAt": fleet.ago(1).to_string(),
            "late": false, "nextSnapshotAt": fleet.ago(-23).to_string(), "whole": true, "partsNotHeld": 0,
            "seatsInUse": 10, "changes": 0,
        })
    );
    assert_eq!((&items[0]["name"], &items[0]["seats"]), (&json!("Customer 000"), &json!(10)));
    assert_eq!(items[1]["health"]["late"], true);
    let health = &items[2]["health"];
    assert_eq!(
        (&health["whole"], &health["partsNotHeld"], &health["seatsInUse"]),
        (&json!(false), &json!(1), &json!(15))
    );
    assert_eq!(items[3]["health"]["changes"], 3, "of one day, each counted once");
    let states = json!({ "active": 3, "suspended": 1, "unsubscribed": 0, "deleting": 0 });
    assert_eq!((&list["states"], &list["complete"]), (&states, &json!(true)));
    let plain = fleet.read("organisations").await;
    assert!(plain["items"][0].get("health").is_none() && plain.get("states").is_none(), "{plain}");
    let finance = as_role(&fleet.owner, Role::Finance, None);
    let list = fleet.read_as(&finance, "organisations?view=health").await;
    assert_eq!(list["items"][3]["health"]["changes"], json!(null), "not theirs to hear of");
    for hidden in ["late", "whole", "partsNotHeld", "lastSealedAt"] {
        assert_eq!(list["items"][2]["health"][hidden], json!(null), "{hidden}: whoever sees no snapshots");
    }
    let sorted = fleet.read_as(&finance, "organisations?view=health&sort=last-snapshot").await;
    assert_eq!(order(&fleet, &sorted), [0, 1, 2, 3], "the order tells nothing of them");
}

/// The organisation's row says what was missing at the consent; what has been granted since, and withdrawn, the tenant's says.
#[tokio::test]
async fn what_is_not_protected_is_told_as_it_is_now() {
    let fleet = Fleet::of(2).await;
    let missing = NotProtected { what: "policies".into(), any_of: vec!["Policy.Read.All".into()] };
    let (then, now) = (vec![missing.clone()], vec![missing]);
    fleet.change(0, |row| row.not_protected = then).await;
    fleet.change_tenant(0, |row| row.not_protected = Some(Vec::new())).await;
    fleet.change_tenant(1, |row| row.not_protected = Some(now)).await;
    let list = fleet.read("organisations?view=health").await;
    let told = |at: usize| list["items"][at]["tenant"]["notProtected"].as_array().unwrap().len();
    assert_eq!((told(0), told(1)), (0, 1));
    for at in 0..2 {
        let one = fleet.read(&format!("organisations/{}", fleet.ids[at])).await;
        assert_eq!(one["tenant"]["notProtected"], list["items"][at]["tenant"]["notProtected"]);
    }
}

/// A consent that waits is one thing, in whichever list it is asked for.
#[tokio::test]
async fn what_waits_for_its_consent_is_the_same_in_every_list() {
    let fleet = Fleet::of(3).await;
    let now = fleet.ago(0);
    fleet.change_tenant(1, |row| row.note_credentials(CredentialStatus::Waiting, now)).await;
    for list in ["organisations?credentials=waiting", "organisations?view=health&credentials=waiting"] {
        assert_eq!(order(&fleet, &fleet.read(list).await), [1], "{list}");
    }
    for list in ["organisations?credentials=connected", "organisations?view=health&credentials=connected"] {
        assert_eq!(order(&fleet, &fleet.read(list).await), [0, 2], "{list}");
    }
}

#[tokio::test]
async fn the_list_is_sorted_and_filtered_as_asked_for_and_comes_in_parts() {
    let fleet = fleet().await;
    let plan = fleet.organisation(&fleet.ids[0]).await.value.plan;
    for (query, wanted) in [
        ("", vec![0, 1, 2, 3]),
        ("&sort=last-snapshot", vec![1, 2, 0, 3]),
        ("&sort=seats", vec![2, 0, 1, 3]),
        ("&sort=changes", vec![3, 0, 1, 2]),
        ("&credentials=excess-reading", vec![2]),
        ("&state=suspended", vec![3]),
        ("&search=CUSTOMER%20001", vec![1]),
        (&format!("&plan={plan}"), vec![0, 1, 2, 3]),
        ("&plan=pln_01jaaaaaaaaaaaaaaaaaaaaaaa", vec![]),
    ] {
        let list = fleet.read(&format!("organisations?view=health{query}")).await;
        assert_eq!(order(&fleet, &list), wanted, "{query}");
    }
    let suspended = fleet.read("organisations?view=health&state=suspended").await;
    assert_eq!(suspended["states"]["active"], 3, "the tabs count the others, too");
    let (mut found, mut path) = (Vec::new(), Some("organisations?view=health&sort=seats&limit=3".to_owned()));
    while let Some(asked) = path {
        let part = fleet.read(&asked).await;
        found.extend(order(&fleet, &part));
        path = part["next"]
            .as_str()
            .map(|next| format!("organisations?view=health&sort=seats&limit=3&cursor={next}"));
    }
    assert_eq!(found, [2, 0, 1, 3]);
    let limited = as_role(&fleet.owner, Role::Admin, Some(vec![fleet.ids[2].clone()]));
    let own = fleet.read_as(&limited, "organisations?view=health").await;
    assert_eq!((order(&fleet, &own), &own["states"]["active"]), (vec![2], &json!(1)));
}

#[tokio::test]
async fn what_does_not_go_together_is_refused_by_name_and_end_customers_see_no_health() {
    let fleet = fleet().await;
    for (query, field) in [
        ("sort=seats", "sort"),
        ("view=health&format=csv", "view"),
        ("view=wealth", "view"),
        ("view=health&cursor=none", "cursor"),
    ] {
        let refused = fleet.plane.get(&fleet.owner, &format!("/v1/organisations?{query}")).await;
        assert_eq!(refused.fields(), [field], "{query}: {refused:?}");
    }
    let customer = as_role(&fleet.owner, Role::EndCustomer, Some(vec![fleet.ids[0].clone()]));
    let refused = fleet.plane.get(&customer, "/v1/organisations?view=health").await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}
