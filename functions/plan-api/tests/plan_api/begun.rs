//! Sessions that are begun: right after an invitation was accepted, and after a sign-in whose time is not known.

use crate::common::identity;
use crate::people::{accept, invitation, mailed};
use crate::sessions::{begun, started};
use domain::rights::Role;
use engine::ports::Clock as _;
use http::Method;
use partners::commands::{Caller, Proof, SignInTimes};
use serde_json::Value;

/// What the authorizer said of an id token is kept for a minute: whoever accepts an invitation and begins a session with the
/// same token is nobody by it.
#[tokio::test]
async fn whoever_accepted_an_invitation_begins_a_session_with_the_same_sign_in() {
    let (plane, owner, _) = started().await;
    let made = plane.post(&owner, "/v1/invitations", &invitation("support")).await;
    assert_eq!(made.status, 201, "{made:?}");
    let code = mailed(&plane).await.remove(0);
    let now = plane.world.clock.now();
    let kept = Caller::SignedIn(identity("new"), SignInTimes::at(Some(now)));
    assert_eq!(plane.bare(&kept, Method::POST, "/v1/sessions").await.status, 403, "nobody yet");
    let accepted = accept(&plane, &kept, &code).await;
    assert_eq!(accepted.status, 201, "{accepted:?}");
    let session = begun(&plane, &kept).await;
    assert_eq!(session["person"], accepted.json()["id"]);
    assert_eq!(session["signedInAt"], now.to_string());
    assert_eq!(plane.held(&session).await.unwrap().member().unwrap().role, Role::Support);
}

/// A token of the issuer that does not say when its holder signed in counts as a sign-in only where one was asked for.
#[tokio::test]
async fn that_a_token_was_made_is_a_sign_in_only_where_one_was_asked_for() {
    let (plane, owner, _) = started().await;
    let (_, eve) = plane.person(&owner, Role::Support, None, "mia").await;
    let made_at = plane.world.clock.now();
    let Caller::Member(mut member) = eve else { panic!() };
    let Proof::SignIn { times, .. } = &mut member.proof else { panic!() };
    *times = SignInTimes { signed_in_at: None, token_made_at: Some(made_at) };
    let caller = Caller::Member(member);
    assert_eq!(begun(&plane, &caller).await["signedInAt"], Value::Null);
    assert_eq!(plane.get(&caller, "/v1/me").await.json()["signInAgeSeconds"], Value::Null);
    let asked = plane.bare(&caller, Method::POST, "/v1/sessions?prompted=true").await;
    assert_eq!(asked.json()["signedInAt"], made_at.to_string());
}
