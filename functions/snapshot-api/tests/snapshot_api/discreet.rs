//! What a caller writes is in no log line of the data plane either: keys of objects and words that are searched for are a
//! customer's data, and stand in paths and queries.

use crate::common::{DIFF, FEATURES, Plane, SNAPSHOT, TENANT};
use serde_json::{Value, json};
use support::lines::logged;

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";
const PRIVATE: &str = "ann@customer.com";
/// The longest line that a request may leave.
const LINE_BYTES: usize = 1_500;

#[tokio::test]
async fn keys_of_objects_and_words_that_are_searched_for_are_in_no_log_line() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    plane.change(&partner, &org, |row| row.features = FEATURES.to_vec()).await;
    let root = format!("/v1/organisations/{org}");
    let snapshot = format!("{root}/snapshots/{SNAPSHOT}");
    let long = PRIVATE.repeat(10_000);
    let get = |path: String| ("GET", path, Value::Null);
    let post = |path: &str, body: Value| ("POST", format!("{root}/{path}"), body);
    let named = json!({ "kind": "users", "key": PRIVATE });
    for ((method, path, body), statuses) in [
        // Answered as it was asked, found or not.
        (get(format!("{snapshot}/objects?name={PRIVATE}")), 200..=200),
        (get(format!("{snapshot}/objects/users/{PRIVATE}")), 404..=404),
        (post("restores", json!({ "snapshot": SNAPSHOT, "items": [named] })), 202..=202),
        // Asked for in vain.
        (get(format!("{snapshot}/objects/{PRIVATE}/u")), 400..=499),
        (get(format!("{snapshot}/objects?cursor={PRIVATE}")), 400..=499),
        (get(format!("{snapshot}/objects?{PRIVATE}=1")), 400..=499),
        (get(format!("{root}/snapshots/{PRIVATE}")), 400..=499),
        (get(format!("{root}/comparisons/{DIFF}/changes?cursor={PRIVATE}")), 400..=499),
        (post("restores", json!({ "comparison": DIFF, "only": [named] })), 400..=499),
        (
            post("restores", json!({ "snapshot": SNAPSHOT, "items": [{ "kind": PRIVATE, "key": "u" }] })),
            400..=499,
        ),
        (post("restores", json!({ PRIVATE: 1 })), 400..=499),
        (post("restores", json!({ "snapshot": &long, "items": [named] })), 400..=499),
        (post("comparisons", json!({ "before": PRIVATE, "after": "live" })), 400..=499),
        (post("comparisons", json!({ "before": SNAPSHOT, "after": &long })), 400..=499),
        (
            post(
                "comparisons",
                json!({ "before": SNAPSHOT, "after": "live", "object": { "kind": PRIVATE } }),
            ),
            400..=499,
        ),
    ] {
        let (answer, lines) = logged(plane.ask(Some(&owner), method, &path, &body)).await;
        let what = format!("{method} {path} {:.200}", body.to_string());
        assert!(statuses.contains(&answer.status.as_u16()), "{what}: {answer:?}");
        assert!(!lines.is_empty(), "every request is logged: {what}");
        for line in &lines {
            assert!(!line.contains(PRIVATE), "{what}: {line:.1500}");
            assert!(line.len() <= LINE_BYTES, "{what}: {} bytes: {line:.300}", line.len());
        }
    }
}
