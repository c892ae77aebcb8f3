//! What fails on routes that anybody may call is counted: nothing else would show that somebody guesses.

use crate::common::Plane;
use axum::body::Body;
use engine::metrics::{ACCESS_REFUSED, CONSENTS_REFUSED};
use http::Request;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use partners::commands::Caller;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// Counts by name.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Counts {
    fn of(&self, name: &str) -> u64 {
        self.0.lock().unwrap().get(name).map_or(0, |count| count.load(Ordering::Relaxed))
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut all = self.0.lock().unwrap();
        Counter::from_arc(all.entry(key.name().to_owned()).or_default().clone())
    }
    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }
    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn a_link_that_is_not_good_and_a_forged_consent_are_counted_and_a_good_link_is_not() {
    let plane = Plane::new();
    let (_, owner) = plane.partner(&Caller::Operator, "P").await;
    let org = plane.organisation(&owner, "Contoso").await;
    let path = format!("/v1/organisations/{org}/access-link");
    let link = plane.bare(&owner, http::Method::POST, &path).await.json();
    let (_, secret) = link["url"].as_str().unwrap().split_once("#access=").unwrap();
    let counts = Counts::default();
    let counting = metrics::set_default_local_recorder(&counts);
    let told = || (counts.of(ACCESS_REFUSED.name), counts.of(CONSENTS_REFUSED.name));
    assert_eq!((plane.open(secret).await.status.as_u16(), told()), (201, (0, 0)));
    assert_eq!((plane.open(secret).await.status.as_u16(), told()), (404, (1, 0)), "used");
    assert_eq!((plane.open("guessed").await.status.as_u16(), told()), (404, (2, 0)));
    let forged =
        "/v1/consent/callback?admin_consent=True&tenant=a1b2c3d4-0000-1111-2222-333344445555&state=guessed";
    let answer = plane.send(None, Request::get(forged).body(Body::empty()).unwrap()).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    assert_eq!(told(), (2, 1));
    drop(counting);
}
