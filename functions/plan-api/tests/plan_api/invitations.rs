//! Invitations send mail from our own domain to addresses that somebody else chose: so few a day, and short.

use crate::common::{Plane, owner};
use engine::ports::Clock;
use engine::records::Records;
use http::{Method, StatusCode};
use jiff::SignedDuration;
use partners::commands::Caller;
use partners::send_digests::{Ports, Worker};
use serde_json::json;

/// How many people a partner invites in a day.
const A_DAY: usize = 100;

fn invitation(number: usize) -> serde_json::Value {
    json!({ "name": "Bo Ek", "email": format!("bo{number}@msp.example"), "role": "support" })
}

#[tokio::test]
async fn a_partner_invites_a_hundred_people_a_day_and_withdrawing_gives_none_back() {
    let plane = Plane::new();
    let (_, first) = plane.partner(&Caller::Operator, "P").await;
    let (_, other) = plane.partner(&Caller::Operator, "Q").await;
    let mut last = None;
    for number in 0..A_DAY {
        let made = plane.post(&first, "/v1/invitations", &invitation(number)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{number}: {made:?}");
        last = made.json()["id"].as_str().map(str::to_owned);
    }
    let path = format!("/v1/invitations/{}", last.unwrap());
    assert_eq!(plane.bare(&first, Method::DELETE, &path).await.status, StatusCode::NO_CONTENT);
    let before = plane.kept();
    let refused = plane.post(&first, "/v1/invitations", &invitation(0)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    let wait: i64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!(wait > 0 && wait <= 24 * 3_600, "{wait}");
    // A partner below is made with an invitation, too.
    let below = json!({ "name": "Below", "owner": owner() });
    let refused = plane.post(&first, "/v1/partners", &below).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    assert_eq!(plane.kept(), before);
    assert_eq!(plane.post(&other, "/v1/invitations", &invitation(0)).await.status, StatusCode::CREATED);
    plane.world.clock.advance(SignedDuration::from_secs(wait));
    assert_eq!(plane.post(&first, "/v1/invitations", &invitation(0)).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_tree_invites_no_more_than_its_top_may() {
    const OF_TREE: usize = 500;
    let plane = Plane::new();
    let (_, top) = plane.partner(&Caller::Operator, "P").await;
    let (_, other) = plane.partner(&Caller::Operator, "Q").await;
    // Each of them is made with an invitation, which counts on the one who makes it; one is below another.
    let mut below = Vec::new();
    for number in 0..5 {
        below.push(plane.partner(&top, &format!("Below {number}")).await.1);
    }
    below.push(plane.partner(&below[0], "Deep").await.1);
    let mut made = 6;
    for partner in &below {
        for number in 0..A_DAY {
            let answer = plane.post(partner, "/v1/invitations", &invitation(number)).await;
            if answer.status != StatusCode::CREATED {
                assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
                break;
            }
            made += 1;
        }
    }
    assert_eq!(made, OF_TREE);
    for partner in below.iter().chain([&top]) {
        let refused = plane.post(partner, "/v1/invitations", &invitation(0)).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{refused:?}");
    }
    let another = json!({ "name": "Another", "owner": owner() });
    assert_eq!(plane.post(&top, "/v1/partners", &another).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(plane.post(&other, "/v1/invitations", &invitation(0)).await.status, StatusCode::CREATED);
    plane.world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(plane.post(&below[5], "/v1/invitations", &invitation(0)).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_invitation_has_room_for_names_and_not_for_a_message_or_a_link() {
    let plane = Plane::new();
    let spoken = "P http://evil.example/login www.evil.example ask@evil.example";
    let (_, first) = plane.partner(&Caller::Operator, spoken).await;
    let message =
        "Bo, your account is locked: sign in at https://evil.example/x within the hour or lose it all";
    let body = json!({ "name": message, "email": "bo@msp.example", "role": "support" });
    assert_eq!(plane.post(&first, "/v1/invitations", &body).await.status, StatusCode::CREATED);
    let world = &plane.world;
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let (mailer, clock, ids) = (world.mailer.clone(), world.clock.clone(), world.ids.clone());
    let worker = Worker::new(Ports { records, mailer, clock, ids }).unwrap();
    worker.send_due(world.clock.now() + SignedDuration::from_mins(1)).await.unwrap();
    let sent = world.mailer.take_sent();
    assert_eq!(sent.len(), 2, "to the Owner, and to Bo");
    for mail in sent {
        let all = format!("{} {} {}", mail.subject, mail.text, mail.html);
        assert!(!all.contains("evil.example"), "{all}");
        assert!(!all.contains("lose it all"), "{all}");
    }
}

#[tokio::test]
async fn people_who_are_invited_at_the_same_moment_are_counted_each() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    for number in 0..A_DAY - 2 {
        plane.post(&owner, "/v1/invitations", &invitation(number)).await;
    }
    let asked = (0..4).map(|number| {
        let (plane, owner) = (&plane, &owner);
        async move { plane.post(owner, "/v1/invitations", &invitation(1_000 + number)).await.status }
    });
    let statuses = futures::future::join_all(asked).await;
    let made = statuses.iter().filter(|status| **status == StatusCode::CREATED).count();
    assert_eq!(made, 2, "{statuses:?}");
}
