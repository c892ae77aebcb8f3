//! Files of downloads: what is in them, how they are cut, and what they cost.

use crate::shelf::Shelf;
use backup::export_data::{PART_BYTES, Ports, Report, Request, Worker};
use domain::{DownloadId, Timestamp};
use engine::ports::{Clock, JobQueue};
use engine::records::{Download, DownloadFormat, DownloadOf, DownloadPlace, JobState};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::faulty::Faulty;

const CUTS: [char; 4] = [';', '\t', '\n', '\r'];
const BEGINS: [char; 8] = ['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

fn worker(shelf: &Shelf, part_bytes: usize) -> Worker {
    let world = &shelf.world;
    Worker::new(Ports {
        vault: Faulty::new(world.vault.clone(), &shelf.faults),
        keys: world.key_ring.clone(),
        exports: Faulty::new(world.exports.clone(), &shelf.faults),
        records: shelf.records(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
    })
    .cutting(part_bytes)
}

/// Asks for a download, and gives its message.
async fn ask(shelf: &Shelf, of: DownloadOf, format: DownloadFormat) -> Request {
    let now = shelf.world.clock.now();
    let row = Download {
        id: DownloadId::from_ulid(&engine::ports::Ids::ulid(&*shelf.world.ids)),
        tenant: shelf.tenant.clone(),
        of,
        format,
        requested_by: "per_test".to_owned(),
        requested_at: now,
        touched_at: now,
        done_at: None,
        state: JobState::Queued,
        attempts: 0,
        in_vain: 0,
        upload: None,
        parts: vec![],
        columns: vec![],
        place: DownloadPlace::default(),
        records: 0,
        expected: None,
        bytes: 0,
        error: None,
    };
    shelf.records().put_new(&row).await.unwrap();
    Request { tenant: shelf.tenant.clone(), download: row.id }
}

async fn row(shelf: &Shelf, request: &Request) -> Download {
    shelf.records().get(&Download::at(&request.tenant, &request.download)).await.unwrap().value
}

async fn file(shelf: &Shelf, request: &Request) -> String {
    let bytes = shelf.world.exports.file(&row(shelf, request).await.file()).expect("the file is there");
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn far(shelf: &Shelf) -> Timestamp {
    shelf.world.clock.now() + SignedDuration::from_mins(14)
}

/// The whole file, made at once.
async fn made(shelf: &Shelf, of: DownloadOf, format: DownloadFormat) -> String {
    let request = ask(shelf, of, format).await;
    let report = worker(shelf, PART_BYTES).run(&request, far(shelf)).await.unwrap();
    let text = file(shelf, &request).await;
    assert_eq!(report, Report::Made(text.len() as u64));
    text
}

fn whole(shelf: &Shelf) -> DownloadOf {
    DownloadOf::Snapshot { snapshot: shelf.snapshot.clone(), kinds: vec![], key: None }
}

/// Users and groups, members, a facet, and a kind that is not held.
async fn company(users: usize) -> Shelf {
    let named = |n: usize| {
        let name = ["=cmd|' /C calc'!A0", "Ann; +1", "Zoë\n-2", "\u{ff20}SUM", "Bob"][n % 5];
        json!({ "id": format!("u{n:05}"), "displayName": name, "jobTitle": null, "otherMails": ["a@x", "b@x"],
            "employeeOrgData": { "division": "=1" }, "notSelected": n })
    };
    let mut shelf = Shelf::of(&[]).await;
    let users: Vec<_> = (0..users).map(|n| (format!("u{n:05}"), named(n).to_string())).collect();
    let records: Vec<_> = users.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    shelf.hold("users", &records).await;
    shelf.hold("users.customSecurityAttributes", &[("u00001", r#"{"Team":{"Level":"high"}}"#)]).await;
    shelf.hold("groups", &[("g1", r#"{"displayName":"Night shift","id":"g1"}"#)]).await;
    let members: Vec<_> = users.iter().map(|(id, _)| format!("g1/{id}")).collect();
    let members: Vec<_> = members.iter().map(|key| (key.as_str(), "")).collect();
    shelf.hold("groups.members", &members).await;
    let reverse: Vec<_> = users.iter().map(|(id, _)| format!("{id}/g1")).collect();
    let reverse: Vec<_> = reverse.iter().map(|key| (key.as_str(), "")).collect();
    shelf.hold("groups.members.reverse", &reverse).await;
    shelf
        .hold(
            "ConfigurationPolicies",
            &[("p1", r##"{"@odata.type":"#p","givenSince":1,"id":"p1","name":"P"}"##)],
        )
        .await;
    shelf.miss("roles", "consent was withdrawn").await;
    shelf
}

#[tokio::test]
async fn a_file_of_json_lines_has_each_object_and_link_as_it_is_stored_and_says_what_is_not_held() {
    let shelf = company(7).await;
    let text = made(&shelf, whole(&shelf), DownloadFormat::JsonLines).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["type"], &lines[0]["snapshot"]), (&json!("snapshot"), &json!(shelf.snapshot)));
    let not_held = lines[0]["notHeld"].as_array().unwrap();
    assert!(not_held.iter().any(|part| part["part"] == "roles" && part["why"] == "consent was withdrawn"));
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
    assert_eq!((of("object").len(), of("link").len(), lines.len()), (9, 7, 17));
    let second = of("object").into_iter().find(|line| line["key"] == "u00001").unwrap();
    assert_eq!(second["object"]["customSecurityAttributes"], json!({ "Team": { "Level": "high" } }));
    assert_eq!(second["object"]["notSelected"], 1);
    let member = json!({ "type": "link", "link": "groups.members", "from": "g1", "to": "u00000" });
    assert_eq!(*of("link")[0], member);
}

#[tokio::test]
async fn a_table_has_a_column_for_each_property_loses_none_and_no_part_of_a_cell_begins_a_formula() {
    let shelf = company(7).await;
    let text = made(&shelf, whole(&shelf), DownloadFormat::Csv).await;
    let mut table = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows: Vec<Vec<String>> =
        table.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    let head = &rows[0];
    let at = |name: &str| {
        head.iter().position(|column| column == name).unwrap_or_else(|| panic!("{name}: {head:?}"))
    };
    assert_eq!(head.iter().collect::<BTreeSet<_>>().len(), head.len(), "each column once");
    assert!(rows.iter().all(|row| row.len() == head.len()));
    let of = |record: &str| rows.iter().filter(|row| row[at("_record")] == record).collect::<Vec<_>>();
    assert_eq!((of("object").len(), of("link").len()), (9, 7));
    let told = of("not-held").into_iter().find(|row| row[at("_name")] == "roles").unwrap();
    assert_eq!(told[at("_value")], "consent was withdrawn");
    let second = of("object").into_iter().find(|row| row[at("_key")] == "u00001").unwrap();
    assert_eq!(second[at("displayName")], "Ann; '+1");
    assert_eq!(second[at("otherMails")], r#"["a@x","b@x"]"#);
    assert_eq!(second[at("customSecurityAttributes")], r#"{"Team":{"Level":"high"}}"#);
    assert_eq!(second[at("_more")], r#"{"notSelected":1}"#, "what no column is for");
    let policy = of("object").into_iter().find(|row| row[at("_key")] == "p1").unwrap();
    assert_eq!((policy[at("givenSince")].as_str(), policy[at("name")].as_str()), ("1", "P"));
    for part in rows.iter().flatten().flat_map(|cell| cell.split(CUTS)) {
        assert!(!part.trim_start().trim_start_matches('"').starts_with(BEGINS), "{part:?}");
    }
}

#[tokio::test]
async fn one_object_comes_with_the_links_from_it_and_to_it() {
    let shelf = company(3).await;
    let kinds = vec![domain::kinds::get("users").unwrap().name.into()];
    let of = DownloadOf::Snapshot { snapshot: shelf.snapshot.clone(), kinds, key: Some("u00002".to_owned()) };
    let text = made(&shelf, of, DownloadFormat::JsonLines).await;
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[1]["key"], &lines[2]["from"]), (3, &json!("u00002"), &json!("g1")));
}

#[tokio::test]
async fn a_file_is_the_same_however_often_its_making_is_suspended_and_a_part_is_all_that_is_in_memory() {
    let shelf = company(400).await;
    shelf.world.exports.take_small_parts();
    for format in [DownloadFormat::JsonLines, DownloadFormat::Csv] {
        let at_once = made(&shelf, whole(&shelf), format).await;
        let request = ask(&shelf, whole(&shelf), format).await;
        let mut calls = 0;
        // No time at all: each call puts one part, and the next goes on behind it.
        while worker(&shelf, 5_000).run(&request, Timestamp::UNIX_EPOCH).await.unwrap() == Report::Continues {
            calls += 1;
            let row = row(&shelf, &request).await;
            assert_eq!((row.state, row.in_vain), (JobState::Running, 0));
        }
        assert!(calls > 10, "{calls}");
        assert_eq!(file(&shelf, &request).await, at_once);
        let row = row(&shelf, &request).await;
        assert_eq!((row.state, row.bytes), (JobState::Done, at_once.len() as u64));
        assert_eq!(row.expected, Some(row.records));
    }
    let sent = shelf.world.queue.sent();
    assert!(sent.iter().all(|message| message.queue == JobQueue::ExportData));
    // Whatever the file comes to, what is put at once is a part and what the last record adds to it.
    let request = ask(&shelf, whole(&shelf), DownloadFormat::JsonLines).await;
    let largest_before = shelf.world.exports.largest_part();
    worker(&shelf, 5_000).run(&request, far(&shelf)).await.unwrap();
    assert!(shelf.world.exports.largest_part() <= largest_before.max(5_000 + 1_000));
}

#[tokio::test]
async fn an_upload_that_is_over_is_begun_again_and_a_download_that_gets_no_further_is_given_up() {
    let shelf = company(60).await;
    shelf.world.exports.take_small_parts();
    let at_once = made(&shelf, whole(&shelf), DownloadFormat::JsonLines).await;
    let request = ask(&shelf, whole(&shelf), DownloadFormat::JsonLines).await;
    assert_eq!(worker(&shelf, 5_000).run(&request, Timestamp::UNIX_EPOCH).await.unwrap(), Report::Continues);
    shelf.world.exports.end_uploads();
    assert_eq!(worker(&shelf, 5_000).run(&request, far(&shelf)).await.unwrap(), Report::Continues);
    assert_eq!(row(&shelf, &request).await.bytes, 0);
    worker(&shelf, 5_000).run(&request, far(&shelf)).await.unwrap();
    assert_eq!(file(&shelf, &request).await, at_once);
    // Delivered once more it does nothing.
    assert_eq!(worker(&shelf, 5_000).run(&request, far(&shelf)).await.unwrap(), Report::AlreadyDone);

    let lost = ask(&shelf, whole(&shelf), DownloadFormat::Csv).await;
    for _ in 0..5 {
        shelf.faults.take_log();
        shelf.faults.fail_at(6, support::faulty::Mode::Before);
        worker(&shelf, PART_BYTES).run(&lost, far(&shelf)).await.unwrap_err();
    }
    shelf.faults.heal();
    assert!(matches!(worker(&shelf, PART_BYTES).run(&lost, far(&shelf)).await.unwrap(), Report::Failed(_)));
    let row = row(&shelf, &lost).await;
    assert_eq!((row.state, shelf.world.exports.file(&row.file())), (JobState::Failed, None));
}

#[tokio::test]
async fn a_download_that_has_ended_is_nothing_to_do() {
    let shelf = company(3).await;
    let request = ask(&shelf, whole(&shelf), DownloadFormat::Csv).await;
    shelf.world.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(worker(&shelf, PART_BYTES).run(&request, far(&shelf)).await.unwrap(), Report::AlreadyDone);
}
