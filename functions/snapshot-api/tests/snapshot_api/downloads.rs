//! Downloads over HTTP: what is asked for is there, and the link is of whoever may.

use crate::common::{DIFF, DOWNLOAD, NO_SNAPSHOT, Plane, SNAPSHOT, TENANT};
use engine::ports::Clock;
use engine::records::{Download, JobState};
use jiff::SignedDuration;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

#[tokio::test]
async fn a_link_is_made_for_each_who_asks_while_the_file_is_there_and_none_is_kept_in_lists() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let read = async |path: String| {
        plane
            .ask(Some(&owner), "GET", &format!("/v1/organisations/{org}/downloads{path}"), &Value::Null)
            .await
    };
    let one = read(format!("/{DOWNLOAD}")).await.json();
    let link = one["link"].as_str().unwrap();
    assert_eq!(
        link,
        format!("https://exports.example/x/{TENANT}/{DOWNLOAD}?name={DOWNLOAD}.csv&seconds=300")
    );
    let now = plane.world.clock.now();
    assert_eq!(one["linkGoodUntil"], json!(now + SignedDuration::from_mins(5)));
    let listed = read(String::new()).await.json();
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["link"]), (&json!(DOWNLOAD), &Value::Null));

    plane.world.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(read(format!("/{DOWNLOAD}")).await.status, 404, "it has ended");
    assert_eq!(read(String::new()).await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_is_not_there_is_not_downloaded_and_a_download_that_was_lost_is_begun_again_by_who_follows_it() {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    let path = format!("/v1/organisations/{org}/downloads");
    for (body, status) in [
        (json!({ "snapshot": NO_SNAPSHOT, "format": "csv" }), 404),
        (json!({ "snapshot": SNAPSHOT, "kinds": ["roles"], "format": "csv" }), 404),
        (json!({ "snapshot": SNAPSHOT, "kinds": ["users"], "key": "nobody", "format": "csv" }), 404),
        (json!({ "comparison": "dif_01jzzzzzzzzzzzzzzzzzzzzzzz", "format": "csv" }), 404),
    ] {
        assert_eq!(plane.ask(Some(&owner), "POST", &path, &body).await.status, status, "{body}");
    }
    assert_eq!(plane.started(), [""; 0]);
    for body in [
        json!({ "comparison": DIFF, "format": "json-lines" }),
        json!({ "snapshot": SNAPSHOT, "kinds": ["users"], "key": "u", "format": "csv" }),
    ] {
        assert_eq!(plane.ask(Some(&owner), "POST", &path, &body).await.status, 202, "{body}");
    }
    assert_eq!(plane.started(), ["export-data"; 2]);

    // What is taken out of the house is in the audit log for good.
    let rows = plane.world.catalog.rows().into_iter().map(|(_, row)| row);
    let entries: Vec<_> = rows.filter(|row| row.key.starts_with("entry#")).map(|row| row.body).collect();
    for (name, id) in [("dif", DIFF), ("snp", SNAPSHOT)] {
        let told = entries.iter().find(|entry| entry["subjects"][name] == *id).expect(name);
        assert!(told["subjects"]["made"].as_str().unwrap().starts_with("dow_"), "{told}");
        assert_eq!(told["who"]["id"], "hft_12345678", "{told}");
    }

    // Its message was lost: after twenty minutes it is sent again, and not before.
    let at = Download::at(&plane.tenant, &DOWNLOAD.parse().unwrap());
    plane.edit(&at, |row| row.state = JobState::Running).await;
    let read =
        async || plane.ask(Some(&owner), "GET", &format!("{path}/{DOWNLOAD}"), &Value::Null).await.json();
    assert_eq!((read().await["link"].take(), plane.started().len()), (Value::Null, 2));
    plane.world.clock.advance(SignedDuration::from_mins(20));
    assert_eq!((read().await["state"].take(), plane.started().len()), (json!("running"), 3));
}
