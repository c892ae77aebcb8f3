//! Objects that a filter means: what all pages give is what a plain question to every object gives.

use crate::shelf::Shelf;
use async_trait::async_trait;
use backup::commands::browse::Browse;
use backup::commands::filter::{Filtered, PATIENCE, READS};
use backup::commands::search::Found;
use domain::{ErrorKind, Result, Timestamp, kinds};
use engine::ports::{Clock, Page};
use engine::records::Records;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use support::memory::ManualClock;

/// A user by a number, of whom every property follows from that.
fn user(n: usize) -> Value {
    let mut user = json!({
        "id": format!("u{n:05}"),
        "displayName": format!("{} {n}", ["Ann", "Émile", "Zoë"][n % 3]),
        "accountEnabled": n.is_multiple_of(2),
        "department": if n.is_multiple_of(5) { Value::Null } else { json!(["Sales", "sales", "IT"][n % 3]) },
        "otherMails": (0..n % 4).map(|m| format!("m{m}@x")).collect::<Vec<_>>(),
        "createdDateTime": format!("2026-11-{:02}T10:00:00Z", n % 28 + 1),
        "assignedLicenses": (0..n % 3).map(|l| json!({ "skuId": format!("s{l}"), "disabledPlans": vec!["p"; l] })).collect::<Vec<_>>(),
    });
    if n.is_multiple_of(7) {
        user.as_object_mut().unwrap().remove("department");
    }
    user
}

async fn shelf_of(users: usize) -> Shelf {
    let mut shelf = Shelf::of(&[]).await;
    let users: Vec<_> = (0..users).map(|n| (format!("u{n:05}"), user(n).to_string())).collect();
    let records: Vec<_> = users.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
    shelf.hold("users", &records).await;
    let marked = json!({ "Team": { "Level": "high" } }).to_string();
    let facets: Vec<_> = users.iter().step_by(4).map(|(id, _)| (id.as_str(), marked.as_str())).collect();
    shelf.hold("users.customSecurityAttributes", &facets).await;
    shelf.seal_another().await;
    shelf
}

async fn ask(
    shelf: &Shelf,
    filter: &str,
    name: Option<&str>,
    after: Option<String>,
    limit: usize,
) -> Result<Found> {
    let asked = Filtered { kind: kinds::get("users").unwrap(), filter, name };
    shelf
        .browse()
        .filtered(&shelf.tenant, &shelf.snapshot, asked, Page { after, limit, descending: false })
        .await
}

/// What all pages give, and what the last of them says.
async fn all(shelf: &Shelf, filter: &str, name: Option<&str>, limit: usize) -> (Vec<String>, Found) {
    let (mut keys, mut after) = (Vec::new(), None);
    loop {
        let found = ask(shelf, filter, name, after, limit).await.unwrap();
        assert!(found.items.len() <= limit);
        keys.extend(found.items.iter().map(|hit| hit.key.clone()));
        if found.next.is_none() {
            return (keys, found);
        }
        assert!(!found.complete);
        after = found.next;
    }
}

/// Whether the user of that number is meant; none where that cannot be known.
type Plain = fn(usize) -> Option<bool>;

#[tokio::test]
async fn all_pages_of_a_filter_give_what_a_plain_question_to_each_object_gives() {
    let shelf = shelf_of(90).await;
    let cases: [(&str, Option<&str>, Plain); 9] = [
        ("accountEnabled eq true", None, |n| Some(n % 2 == 0)),
        ("not (accountEnabled eq true) and startswith(displayName,'ÉMILE')", None, |n| {
            Some(n % 2 == 1 && n % 3 == 1)
        }),
        ("accountEnabled eq true", Some("emile"), |n| Some(n % 2 == 0 && n % 3 == 1)),
        ("department eq 'SALES'", None, |n| (n % 7 != 0).then_some(n % 5 != 0 && n % 3 != 2)),
        ("department eq null or accountEnabled eq true", None, |n| {
            if n % 2 == 0 { Some(true) } else { (n % 7 != 0).then_some(n % 5 == 0) }
        }),
        ("otherMails/any(m: m eq 'M2@X')", None, |n| Some(n % 4 == 3)),
        ("assignedLicenses/any(l: l/skuId eq 's1' and l/disabledPlans/any())", None, |n| Some(n % 3 == 2)),
        ("createdDateTime ge 2026-11-20 and createdDateTime lt 2026-11-22", None, |n| {
            Some(n % 28 == 19 || n % 28 == 20)
        }),
        ("customSecurityAttributes/Team/Level eq 'high'", None, |n| Some(n % 4 == 0)),
    ];
    for (filter, name, plain) in cases {
        let wanted: Vec<_> =
            (0..90).filter(|n| plain(*n) == Some(true)).map(|n| format!("u{n:05}")).collect();
        let undecided = (0..90).filter(|n| plain(*n).is_none()).count() as u64;
        for limit in [1, 7, 200] {
            let (keys, last) = all(&shelf, filter, name, limit).await;
            assert_eq!(keys, wanted, "{filter}");
            assert_eq!((last.undecided, last.complete), (undecided, undecided == 0), "{filter}");
        }
    }
}

#[tokio::test]
async fn what_a_filter_asks_about_and_the_snapshot_does_not_hold_is_named() {
    let mut shelf = shelf_of(8).await;
    shelf.miss("users.otherMails", "Graph did not say").await;
    let (keys, found) = all(&shelf, "otherMails/any(m: m eq 'm0@x') or city eq 'x'", None, 9).await;
    assert_eq!((keys.len(), found.complete), (6, false), "a value is believed: {keys:?}");
    let said: Vec<_> =
        found.searched.not_held.iter().map(|held| (held.part.as_deref(), held.why.as_deref())).collect();
    assert_eq!(said, [(Some("otherMails"), Some("Graph did not say"))]);
    assert_eq!(found.undecided, 2, "whether there are none is not known, and nobody asked for a city");
}

#[tokio::test]
async fn where_any_name_may_be_a_property_one_that_no_object_has_is_named() {
    let mut shelf = Shelf::of(&[]).await;
    let policies = [("p1", r#"{"id":"p1","name":"X"}"#), ("p2", r#"{"id":"p2","name":"Y","note":null}"#)];
    shelf.hold("ConfigurationPolicies", &policies).await;
    shelf.seal_another().await;
    for (filter, meant, unseen) in [
        ("displayName eq 'X'", 0, vec!["displayName"]),
        ("not (displayname eq 'X') and nam ne 'X'", 2, vec!["displayname", "nam"]),
        ("name eq 'X' and note eq null", 1, vec![]),
    ] {
        let asked = Filtered { kind: kinds::get("ConfigurationPolicies").unwrap(), filter, name: None };
        let page = Page { after: None, limit: 9, descending: false };
        let found = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
        let named: Vec<_> = found.searched.not_held.iter().filter_map(|held| held.part.as_deref()).collect();
        assert_eq!((found.items.len(), named), (meant, unseen), "{filter}");
        assert!(found.searched.not_held.iter().all(|held| held.why.is_some()));
    }
}

#[tokio::test]
async fn a_request_looks_for_so_long_and_the_next_goes_on_there() {
    let shelf = shelf_of(30).await;
    let clock = Arc::new(Ticking(shelf.world.clock.clone()));
    let (mut after, mut keys, mut requests) = (None, Vec::new(), 0);
    loop {
        let records = Records::new(shelf.world.catalog.clone(), clock.clone());
        let browse = Browse { records, ..shelf.browse() };
        let kind = kinds::get("users").unwrap();
        let asked = Filtered { kind, filter: "accountEnabled eq true", name: None };
        let page = Page { after, limit: 200, descending: false };
        let begun = shelf.world.clock.now();
        let found = browse.filtered(&shelf.tenant, &shelf.snapshot, asked, page).await.unwrap();
        assert!(shelf.world.clock.now() - PATIENCE < begun + SignedDuration::from_secs(12));
        keys.extend(found.items.into_iter().map(|hit| hit.key));
        (requests, after) = (requests + 1, found.next);
        if after.is_none() {
            break;
        }
    }
    assert_eq!(keys.len(), 15, "{keys:?}");
    assert!((3..30).contains(&requests), "{requests}");
}

/// A clock of which each look takes two seconds.
struct Ticking(Arc<ManualClock>);

#[async_trait]
impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(SignedDuration::from_secs(2));
        self.0.now()
    }
    async fn sleep_ms(&self, ms: u64) {
        self.0.sleep_ms(ms).await;
    }
}

#[tokio::test]
async fn a_request_looks_at_so_much_and_the_next_goes_on_there() {
    let shelf = shelf_of(10_000).await;
    shelf.reads();
    let mut after = None;
    let mut requests = 0;
    loop {
        let found = ask(&shelf, "displayName eq 'nobody'", None, after, 50).await.unwrap();
        let reads = shelf.reads();
        assert!(reads <= usize::try_from(READS).unwrap() + 80, "{reads} reads");
        assert!(found.items.is_empty() && found.complete == found.next.is_none());
        (requests, after) = (requests + 1, found.next);
        if after.is_none() {
            break;
        }
    }
    assert!((2..10).contains(&requests), "{requests}");
}

#[tokio::test]
async fn a_cursor_is_of_one_filter_and_what_is_wrong_with_a_filter_is_said_with_its_place() {
    let shelf = shelf_of(30).await;
    let filter = "accountEnabled eq true";
    let good = ask(&shelf, filter, None, None, 3).await.unwrap().next.unwrap();
    assert!(good.contains(".0."), "{good}");
    assert_eq!(ask(&shelf, filter, None, Some(good.clone()), 3).await.unwrap().items[0].key, "u00006");
    for (filter, name, cursor) in [
        ("accountEnabled eq false", None, good.clone()),
        (filter, Some("ann"), good.clone()),
        (filter, None, format!("{good}.x")),
        (filter, None, good.replace("f.", "b.")),
        (filter, None, good.rsplit_once('.').unwrap().0.to_owned()),
        (filter, None, String::new()),
        (filter, None, "f.é.1.é".to_owned()),
        (filter, None, good.replace(".0.", ".31.")),
        (filter, None, good.replace(".0.", ".18446744073709551615.")),
    ] {
        let error = ask(&shelf, filter, name, Some(cursor.clone()), 3).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.fields()[0].field.as_str()),
            (ErrorKind::Invalid, "cursor"),
            "{cursor}"
        );
    }
    let error = ask(&shelf, "accountEnabled eq", None, None, 3).await.unwrap_err();
    assert!(error.fields()[0].message.starts_with("at character 18: "), "{error}");
    let groups = Filtered { kind: kinds::get("groups").unwrap(), filter: "mail eq null", name: None };
    let page = Page { after: None, limit: 3, descending: false };
    let error = shelf.browse().filtered(&shelf.tenant, &shelf.snapshot, groups, page).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
