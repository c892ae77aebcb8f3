//! Rows as jobs and commands see them.

use engine::ports::{Clock, Page};
use engine::records::rights::{Function, LISTS, RIGHTS, rights_to};
use engine::records::{FAMILIES, IdempotentRequest, ReadingState, Record, Records, RequestState};
use jiff::SignedDuration;
use support::faulty::{FaultPlan, Faulty};
use support::memory::World;

#[tokio::test]
async fn a_row_that_has_ended_is_in_no_list_and_a_new_one_takes_its_place() {
    let world = World::new(1);
    let records = Records::new(world.catalog.clone(), world.clock.clone());
    let row = |name: &str, minutes: i64| IdempotentRequest {
        partner: None,
        name: name.to_owned(),
        body_hash: "h".to_owned(),
        progress: RequestState::Running,
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

#[tokio::test]
async fn rows_that_have_ended_take_no_place_in_a_page_and_cost_few_questions() {
    let (world, plan) = (World::new(1), FaultPlan::new());
    let records = Records::new(Faulty::new(world.catalog.clone(), &plan), world.clock.clone());
    let row = |name: String, hours: i64| IdempotentRequest {
        partner: None,
        name,
        body_hash: "h".to_owned(),
        progress: RequestState::Running,
        expires_at: world.clock.now() + SignedDuration::from_hours(hours),
    };
    for n in 0..1_000 {
        // Every hundredth outlives the others.
        let hours = if n % 100 == 50 { 9 } else { 1 };
        records.put_new(&row(format!("{n:04}"), hours)).await.unwrap();
    }
    world.clock.advance(SignedDuration::from_hours(2));
    let all: Vec<_> = (0..10).map(|n| format!("{n:02}50")).collect();
    for (limit, descending) in [(1, false), (3, false), (3, true), (10, false), (1_000, true)] {
        let (mut told, mut after) = (Vec::new(), None);
        plan.take_log();
        let mut pages = 0;
        loop {
            let page = Page { after, limit, descending };
            let (found, next) = records.list(&IdempotentRequest::all(&None), page).await.unwrap();
            assert!(found.len() == limit || next.is_none(), "a page is full: {} of {limit}", found.len());
            told.extend(found.into_iter().map(|found| found.value.name));
            (after, pages) = (next, pages + 1);
            if after.is_none() {
                break;
            }
        }
        let mut expected = all.clone();
        if descending {
            expected.reverse();
        }
        assert_eq!(told, expected, "pages of {limit}");
        let calls = plan.take_log().count_of_port("catalog");
        assert!(calls <= 2 * pages + 4, "{calls} questions for {pages} pages of {limit}");
    }
}

#[test]
fn format_md_lists_every_family_of_rows_and_no_other() {
    let format = include_str!("../../../domain/FORMAT.md");
    let section = format.split_once("## 10. Rows").unwrap().1;
    let lines = section.lines().skip_while(|line| !line.starts_with('|'));
    let documented: Vec<&str> = lines.take_while(|line| line.starts_with('|')).skip(2).collect();
    let table: Vec<String> = FAMILIES
        .iter()
        .map(|f| {
            let watched: Vec<_> = f.watched.iter().map(|list| format!("`{list}`")).collect();
            let (key, watched) = (format!("{}{}", f.prefix, f.rest), watched.join(", "));
            format!("| {} | `{key}` | {} | {watched} | {} |", f.owner.name(), f.record, f.end.name())
        })
        .collect();
    assert_eq!(documented, table);
}

#[test]
fn format_md_says_who_may_read_put_and_delete_the_rows_of_each_owner() {
    let section = include_str!("../../../domain/FORMAT.md").split_once("| scope | read |").unwrap().1;
    let lines = section.lines().skip(2);
    let documented: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
    let told = |who: &[Function]| match who {
        [] => "nobody".to_owned(),
        all => all.iter().map(|function| function.name()).collect::<Vec<_>>().join(", "),
    };
    let table = RIGHTS
        .iter()
        .map(|r| format!("| {} | {} | {} | {} |", r.owner.name(), told(r.read), told(r.put), told(r.delete)));
    assert_eq!(documented, table.collect::<Vec<_>>());
    for family in FAMILIES {
        assert!(
            rights_to(family).is_some(),
            "{}: every owner has a row in the table of rights",
            family.record
        );
    }
}

#[test]
fn format_md_says_who_reads_each_watched_list() {
    let section =
        include_str!("../../../domain/FORMAT.md").split_once("| watched list | read by |").unwrap().1;
    let lines = section.lines().skip(2);
    let documented: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
    let table = LISTS.iter().map(|(list, who)| {
        let who: Vec<_> = who.iter().map(|function| function.name()).collect();
        format!("| `{list}` | {} |", who.join(", "))
    });
    assert_eq!(documented, table.collect::<Vec<_>>());
}

/// One kind that is read, one that is suspended in its merge, one that cannot be read.
const READING: &str = r#"{
    "tenant": "a1b2c3d4-0000-1111-2222-333344445555",
    "snapshot": "snp_01jaaaaaaaaaaaaaaaaaaaaaaa",
    "startedAt": "2026-05-01T02:00:00Z",
    "base": "snp_01j99999999999999999999999",
    "permissions": ["User.Read.All"],
    "kinds": {
        "devices": {"missing": {"source": "devices", "cause": "denied", "why": "not granted"}},
        "groups": {"reading": {
            "incremental": false, "withoutBase": true, "byRound": false, "facetsApart": true,
            "startedAt": "2026-05-01T02:00:00Z", "stage": "everything",
            "chains": [
                {"role": "ids", "cursor": {"at": "nextListed", "link": "n"},
                 "trail": {"pages": 1, "empty": 0, "mark": 7, "entries": 0, "smallest": []}},
                {"role": {"chunk": {"awaited": ["a"], "objects": 2, "links": 3}}, "cursor": {"at": "start"},
                 "trail": {"pages": 0, "empty": 0, "mark": 0, "entries": 0, "smallest": []}},
                {"role": {"facet": 1}, "cursor": {"at": "delta", "link": "d"},
                 "trail": {"pages": 0, "empty": 0, "mark": 0, "entries": 0, "smallest": []}}
            ],
            "pending": ["b"], "since": "s", "unseen": ["c"], "facets": ["groups.f"],
            "tokens": {"groups": {"link": "l", "takenAt": "2026-05-01T02:00:00Z", "asked": "id"}},
            "leftOut": ["p"],
            "missing": [{"source": "groups.f", "cause": "denied", "why": "w", "anyOf": ["Group.Read.All"]}],
            "endless": true,
            "blocks": {"groups": ["abababababababababababababababababababababababababababababababab"]},
            "merging": {
                "runs": {},
                "at": ["groups", {
                    "index": "abababababababababababababababababababababababababababababababab",
                    "open": null, "lastKey": "6b", "counts": {"came": 1, "went": 2, "written": 3}
                }],
                "seats": {"before": 4, "after": 5}, "linksPrepared": true
            },
            "failures": 2
        }},
        "users": {"done": {
            "runs": {}, "tokens": {}, "asked": {"users": ["id"]}, "missing": [],
            "fullAt": {"users": "2026-05-01T02:00:00Z"}, "seatsInUse": 6, "incremental": true,
            "deleted": ["abababababababababababababababababababababababababababababababab"]
        }}
    },
    "spent": {"requests": 1, "resourceUnits": 2, "throttled": 3},
    "storedBlobs": 4,
    "storedBytes": 5,
    "advances": 6
}"#;

#[test]
fn the_row_of_a_reading_that_an_earlier_release_has_begun_is_read_and_written_as_it_was() {
    let kept: serde_json::Value = serde_json::from_str(READING).unwrap();
    let row: ReadingState = serde_json::from_value(kept.clone()).unwrap();
    assert_eq!(row.address().key(), "progress#snp_01jaaaaaaaaaaaaaaaaaaaaaaa");
    assert_eq!(serde_json::to_value(&row).unwrap(), kept);
}
