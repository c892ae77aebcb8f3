//! Rows as jobs and commands see them.

#![allow(clippy::unwrap_used, missing_docs)]

use engine::ports::{Clock, Page};
use engine::records::{FAMILIES, IdempotentRequest, Progress, Record, Records};
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
        let (some, _) = records.list(&IdempotentRequest::all(&None), page).await.unwrap();
        let all = records.list_all(&IdempotentRequest::all(&None)).await.unwrap();
        assert_eq!(some, all);
        all.into_iter().map(|found| found.value.name).collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["long", "short"]);
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(names().await, ["long"]);
    assert_eq!(records.find(&short.address()).await.unwrap(), None);
    records.put_new(&row("short", 1)).await.unwrap();
    assert_eq!(names().await, ["long", "short"]);
}

#[test]
fn format_md_lists_every_family_of_rows_and_no_other() {
    let format = include_str!("../../domain/FORMAT.md");
    let section = format.split_once("## 9. Rows").unwrap().1;
    let told: Vec<&str> = section.lines().filter(|line| line.starts_with('|')).skip(2).collect();
    let table: Vec<String> = FAMILIES
        .iter()
        .map(|f| {
            let watched: Vec<_> = f.watched.iter().map(|list| format!("`{list}`")).collect();
            let (key, watched) = (format!("{}{}", f.prefix, f.rest), watched.join(", "));
            format!("| {} | `{key}` | {} | {watched} | {} |", f.owner.name(), f.record, f.end.name())
        })
        .collect();
    assert_eq!(told, table);
}
