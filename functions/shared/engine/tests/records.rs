//! Rows as jobs and commands see them.

#![allow(clippy::unwrap_used, missing_docs)]

use engine::ports::{Clock, Page};
use engine::records::{IdempotentRequest, Progress, Record, Records};
use jiff::SignedDuration;
use support::memory::World;

#[tokio::test]
async fn a_row_that_has_ended_is_in_no_list_and_a_new_one_takes_its_place() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let row = |name: &str, minutes: i64| IdempotentRequest {
        partner: None,
        name: name.to_owned(),
        body_hash: "h".to_owned(),
        progress: Progress::Running,
        expires_at: world.clock.now() + SignedDuration::from_mins(minutes),
    };
    let (short, long) = (row("short", 1), row("long", 9));
    records.put_new(&short).await.unwrap();
    records.put_new(&long).await.unwrap();
    let names = async || {
        let page = Page { after: None, limit: 10, descending: false };
        let (some, _) =
            records.list::<IdempotentRequest>(&short.scope(), "idempotency#", page).await.unwrap();
        let all = records.list_all::<IdempotentRequest>(&short.scope(), "idempotency#").await.unwrap();
        assert_eq!(some, all);
        all.into_iter().map(|found| found.value.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["long", "short"]);
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(names().await, ["long"]);
    assert_eq!(records.find::<IdempotentRequest>(&short.scope(), &short.key()).await.unwrap(), None);
    records.put_new(&row("short", 1)).await.unwrap();
    assert_eq!(names().await, ["long", "short"]);
}
