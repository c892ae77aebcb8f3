//! A Temporary Access Pass over HTTP: a person reads it, once, and it stands nowhere else.

use crate::common::{PASS, PASS_STEP, Plane, RESTORE, TENANT};
use partners::commands::{Caller, Member, Proof, SignInTimes};
use serde_json::Value;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const B: &str = "01JBBBBBBBBBBBBBBBBBBBBBBB";
const PERSON: &str = "per_01jaaaaaaaaaaaaaaaaaaaaaaa";

fn signed_in(caller: &Caller) -> Caller {
    let Caller::Member(member) = caller else { panic!("not a member") };
    let proof = Proof::SignIn { person: PERSON.parse().unwrap(), times: SignInTimes::default() };
    Caller::Member(Member { token: PERSON.to_owned(), proof, ..member.clone() })
}

/// That the pass stands in no row: sealed it is another text.
fn is_nowhere(plane: &Plane) {
    for (scope, row) in plane.world.catalog.rows() {
        assert!(!format!("{row:?}").contains(PASS), "{}", scope.text());
    }
}

#[tokio::test]
async fn a_person_reads_a_pass_once_under_whatever_key_and_nobody_is_told_it_again() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.store_pass().await;
    is_nowhere(&plane);
    let path = format!("/v1/organisations/{org}/restores/{RESTORE}/passes/{PASS_STEP}");
    assert_eq!(plane.ask(Some(&owner), "POST", &path, &Value::Null).await.status, 403, "a token reads none");
    let person = signed_in(&owner);
    let ask = async || plane.ask_under(Some(&person), "POST", &path, &Value::Null, Some("k")).await;
    let first = ask().await;
    assert_eq!((first.status.as_u16(), first.json()["temporaryAccessPass"].as_str()), (200, Some(PASS)));
    assert_eq!(first.headers["cache-control"], "no-store");
    is_nowhere(&plane);
    for again in [ask().await, plane.ask(Some(&person), "POST", &path, &Value::Null).await] {
        assert_eq!(again.status, 409, "{again:?}");
        assert!(!again.text.contains(PASS));
    }
    let none = path.replace(&format!("/{PASS_STEP}"), "/8");
    assert_eq!(plane.ask(Some(&person), "POST", &none, &Value::Null).await.status, 404);
    let no_number = path.replace(&format!("/{PASS_STEP}"), "/x");
    assert_eq!(plane.ask(Some(&person), "POST", &no_number, &Value::Null).await.status, 404);
}

#[tokio::test]
async fn another_partners_people_and_another_tenants_read_no_pass() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let (other, stranger) = plane.partner(B, &[]).await;
    let theirs = plane.organisation(&other, B, Some("7c9e6679-7425-40de-944b-e07fc1f90ae7")).await;
    plane.store_pass().await;
    for org in [&org, &theirs] {
        let path = format!("/v1/organisations/{org}/restores/{RESTORE}/passes/{PASS_STEP}");
        let answer = plane.ask(Some(&signed_in(&stranger)), "POST", &path, &Value::Null).await;
        assert_eq!(answer.status, 404, "{answer:?}");
    }
    let path = format!("/v1/organisations/{org}/restores/{RESTORE}/passes/{PASS_STEP}");
    assert_eq!(plane.ask(Some(&signed_in(&owner)), "POST", &path, &Value::Null).await.status, 200);
}
