//! Whatever is sent, the data plane answers and does not fail: no body, query, cursor or key. Few cases each time, a
//! sixteenth of `PROPTEST_CASES`; many by `PROPTEST_CASES=100000 cargo test --workspace --test snapshot_api -- any_input`.

use crate::common::{ASSIGNMENT, DIFF, Plane, RESTORE, SNAPSHOT, TENANT};
use partners::commands::Caller;
use proptest::prelude::*;
use serde_json::{Value, json};

const A: &str = "01JAAAAAAAAAAAAAAAAAAAAAAA";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => any::<String>(),
        3 => prop::sample::select(vec![
            SNAPSHOT, DIFF, RESTORE, ASSIGNMENT, "live", "users", "groups", "groups.members", "admins", "u", "g",
            "ann", "created", "modified", "all", "displayName", "displayName eq 'a'", "not (mail eq null)", "2027-09-01T00:00:00Z", "1", "200", "-1",
        ]).prop_map(str::to_owned),
        2 => "[A-Za-z0-9_=%.:|#/-]{0,100}",
        1 => Just("x".repeat(4_000)),
    ]
}

fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        let key = prop_oneof![
            "before",
            "after",
            "snapshot",
            "comparison",
            "items",
            "only",
            "kind",
            "key",
            "link",
            "to",
            "properties",
            "links",
            "except",
            "mode",
            "everything",
            any::<String>(),
        ];
        prop_oneof![
            1 => prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            4 => prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// The text with one character changed, left out or put in.
fn spoiled(text: &str, at: prop::sample::Index, by: char, how: u8) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let place = at.index(chars.len().max(1));
    match how {
        0 if place < chars.len() => chars[place] = by,
        1 if place < chars.len() => drop(chars.remove(place)),
        _ => chars.insert(place, by),
    }
    chars.into_iter().collect()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A plane with one of everything, its Owner, and the path of its organisation.
async fn scene() -> (Plane, Caller, String) {
    let plane = Plane::new().await;
    let (partner, owner) = plane.partner(A, &[]).await;
    let org = plane.organisation(&partner, A, Some(TENANT)).await;
    (plane, owner, format!("/v1/organisations/{org}"))
}

/// In a path or a query, with nothing that ends it.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |text, b| text + &format!("%{b:02X}"))
}

const NAMES: [&str; 11] =
    ["cursor", "limit", "name", "kind", "what", "privileged", "key", "format", "from", "filter", "id"];

proptest! {
    // Why so few: they are in every run of the tests.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 16, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_taken_or_refused(asked in prop::collection::vec((body(), 0..4usize), 1..12)) {
        run(async {
            let (plane, owner, org) = scene().await;
            for (body, at) in asked {
                let run_it = format!("restores/{RESTORE}/run");
                let path = ["snapshots", "comparisons", "restores", &run_it][at];
                let answer = plane.ask(Some(&owner), "POST", &format!("{org}/{path}"), &body).await;
                assert!(answer.status.as_u16() < 500, "{path} {body}: {answer:?}");
                assert!(answer.status.is_success() || answer.text.len() < 20_000, "{path} {body}");
            }
        });
    }

    #[test]
    fn any_query_and_any_key_is_answered_or_refused(
        asked in prop::collection::vec(
            (0..7usize, prop::collection::vec((prop::sample::select(&NAMES), text()), 0..4), text(), text()), 1..12)
    ) {
        run(async {
            let (plane, owner, org) = scene().await;
            for (at, query, kind, key) in asked {
                let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
                let path = [
                    "snapshots".to_owned(),
                    format!("snapshots/{SNAPSHOT}/objects"),
                    format!("snapshots/{SNAPSHOT}/objects/{}/{}", encoded(&kind), encoded(&key)),
                    format!("comparisons/{DIFF}/changes"),
                    format!("restores/{RESTORE}"),
                    format!("restores/{}/report", encoded(&key)),
                    format!("comparisons/{}", encoded(&key)),
                ][at].clone();
                let path = format!("{org}/{path}?{}", query.join("&"));
                if path.len() > 60_000 {
                    continue;
                }
                let answer = plane.ask(Some(&owner), "GET", &path, &Value::Null).await;
                assert!(answer.status.as_u16() < 500, "{path}: {answer:?}");
            }
        });
    }

    #[test]
    fn a_cursor_that_was_spoiled_leads_on_or_is_refused(
        at in any::<prop::sample::Index>(), by in any::<char>(), how in 0..3u8
    ) {
        run(async {
            let (plane, owner, org) = scene().await;
            for list in [
                "snapshots?limit=1".to_owned(),
                format!("snapshots/{SNAPSHOT}/objects?kind=users&limit=1"),
                format!("snapshots/{SNAPSHOT}/objects?name=n&limit=1"),
                format!("comparisons/{DIFF}/changes?limit=1"),
            ] {
                let first = plane.ask(Some(&owner), "GET", &format!("{org}/{list}"), &json!(null)).await;
                let given = first.json()["next"].as_str().unwrap_or("0.1").to_owned();
                let cursor = encoded(&spoiled(&given, at, by, how));
                let answer =
                    plane.ask(Some(&owner), "GET", &format!("{org}/{list}&cursor={cursor}"), &json!(null)).await;
                assert!(answer.status.as_u16() < 500, "{list} {cursor}: {answer:?}");
            }
        });
    }
}
