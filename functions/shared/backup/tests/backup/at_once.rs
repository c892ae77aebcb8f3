//! What changed of one object, answered at once: against the comparison of everything.

use crate::chain::{Chain, State};
use crate::side_by_side::{SideBySide, Sides, id};
use backup::archive::MOST_PAGES;
use backup::commands::diffs::Diffs;
use domain::changes::Change;
use domain::kinds::{self, KINDS, KindName};
use domain::{DiffId, ErrorKind, SnapshotId};
use engine::ports::Clock;
use engine::records::{Diff, JobState, Side};
use proptest::prelude::{ProptestConfig, proptest};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use support::builders::queued_comparison;

async fn agrees(seed: u64) {
    let sides = Sides::random(seed);
    let stage = SideBySide::new(&sides).await;
    stage.put_rows().await;
    let mut told: BTreeMap<(KindName, String), Vec<Change>> = BTreeMap::new();
    for (run, (before, after)) in &sides.runs {
        let kind = kinds::find(run);
        let keys = before.keys().chain(after.keys());
        told.extend(
            kind.into_iter().flat_map(|kind| keys.clone().map(|key| ((kind.name, key.clone()), vec![]))),
        );
    }
    for change in stage.compare(None, 1).await.0 {
        let kind = change.kind.get().unwrap();
        for key in BTreeSet::from([&change.key, change.new_key.as_ref().unwrap_or(&change.key)]) {
            told.entry((kind.name, key.clone())).or_default().push(change.clone());
        }
    }
    for ((kind, key), mut expected) in told {
        let mut found = stage.changes_of(kinds::get(&kind.to_string()).unwrap(), &key).await.unwrap();
        for all in [&mut expected, &mut found] {
            all.sort_by_key(|change| change.new_key.clone());
        }
        assert_eq!(found, expected, "seed {seed}: {kind} {key}");
    }
    let missing = stage.changes_of(KINDS[0], "nobody").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4, rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn one_object_at_once_is_told_as_the_comparison_of_everything_tells_it(seed in 0_u64..1 << 40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(agrees(seed));
    }
}

#[tokio::test]
async fn where_too_much_differs_one_object_is_not_looked_for_at_once_and_it_is_said_what_to_do() {
    let mut sides = Sides::default();
    let person = |n: usize, title: &str| Some(json!({ "id": id(n), "displayName": "P", "jobTitle": title }));
    for n in 0..3_000 {
        sides.object("users", &id(n), person(n, "A"), person(n, "B"));
    }
    let stage = SideBySide::new(&sides).await;
    stage.put_rows().await;
    let refused = stage.changes_of(kinds::get("users").unwrap(), &id(7)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict, "{refused}");
    assert!(refused.to_string().contains("ask for a comparison"));
}

fn changed(key: &str, new_key: Option<&str>) -> Value {
    let mut change = json!({
        "kind": "users", "key": key, "what": "modified", "attributes": [], "links": [], "consequences": 0,
        "privileged": false,
    });
    if let Some(new_key) = new_key {
        change["newKey"] = json!(new_key);
    }
    change
}

/// What of a group's members a page has.
fn part(to: usize, continued: bool) -> Value {
    json!({
        "kind": "groups", "key": "g", "what": "modified", "attributes": [], "consequences": 0, "privileged": false,
        "links": [{ "link": "groups.members", "to": format!("u{to:06}"), "what": "deleted" }],
        "continued": continued,
    })
}

/// Two snapshots between which a user was created again, and their comparison with these pages.
async fn stored(pages: &[Vec<Value>]) -> Chain {
    let user = |key: &str| (key.to_owned(), json!({ "id": key, "displayName": "Ann" }).to_string());
    let group = BTreeMap::from([("g".to_owned(), json!({ "id": "g", "displayName": "G" }).to_string())]);
    let state = |keys: &[&str]| {
        let users = keys.iter().map(|key| user(key)).collect();
        State::from([("users".to_owned(), users), ("groups".to_owned(), group.clone())])
    };
    let mut chain = Chain::with(false).await;
    let before = chain.seal(&state(&["a-former", "a-same"])).await;
    chain.created_again("users", "a-former", "u999999").await;
    let after = chain.seal(&state(&["a-same", "u999999"])).await;
    let id = DiffId::from_ulid(after.as_str().trim_start_matches(SnapshotId::PREFIX));
    for (number, page) in pages.iter().enumerate() {
        let bytes = serde_json::to_vec(page).unwrap();
        chain.archive.put_new(&format!("diffs/{id}/{number:06}"), &bytes).await.unwrap();
    }
    let now = chain.world.clock.now();
    let queued = queued_comparison(&chain.tenant, id, before, Side::Snapshot(after), now);
    let pages = u32::try_from(pages.len()).unwrap();
    let row = Diff { state: JobState::Done, done_at: Some(now), attempts: 1, pages, ..queued };
    chain.records().put_new(&row).await.unwrap();
    chain
}

/// The changes of one object, as former and new keys, and how many pages were read for it.
async fn asked(chain: &Chain, kind: &str, key: &str) -> (domain::Result<Vec<Change>>, usize) {
    let world = &chain.world;
    let diffs = Diffs {
        archive: chain.opened(),
        records: chain.records(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        ids: world.ids.clone(),
    };
    chain.plan.take_log();
    let sides = (&chain.sealed[0], Some(&chain.sealed[1]));
    let found = diffs.object_change(&chain.tenant, (support::kind(kind), key), sides).await;
    let log = chain.plan.take_log();
    let reads =
        log.calls().iter().filter(|call| call.port == "vault" && call.subject.contains("diffs/")).count();
    (found.map(|found| found.changes.into_iter().map(|one| one.change).collect()), reads)
}

#[tokio::test]
async fn who_was_created_again_is_found_on_whatever_page_by_either_id_in_a_few_reads() {
    let mut pages: Vec<_> = (0..MOST_PAGES + 50).map(|n| vec![changed(&format!("u{n:06}"), None)]).collect();
    pages.insert(0, vec![changed("a-former", None)]);
    pages.push(vec![changed("a-former", Some("u999999"))]);
    let chain = stored(&pages).await;
    // Who is there under the former id, too, has two changes.
    for (key, expected) in [("a-former", vec![None, Some("u999999")]), ("u999999", vec![Some("u999999")])] {
        let (found, reads) = asked(&chain, "users", key).await;
        let found = found.unwrap();
        let found: Vec<_> = found.iter().map(|change| change.new_key.as_deref()).collect();
        assert_eq!(found, expected, "{key}");
        assert!(reads <= 30, "{key}: {reads} reads");
    }
    let (same, reads) = asked(&chain, "users", "a-same").await;
    assert_eq!(same.unwrap(), [], "it does not differ");
    assert!(reads <= 30, "{reads} reads");
}

#[tokio::test]
async fn an_object_that_goes_on_over_many_pages_is_told_whole_or_not_at_all() {
    for pages in [3, MOST_PAGES + 20] {
        let of_group: Vec<_> = (0..pages).map(|n| vec![part(n, n > 0)]).collect();
        let (found, reads) = asked(&stored(&of_group).await, "groups", "g").await;
        if pages == 3 {
            let found = found.unwrap();
            assert_eq!(found.iter().map(|change| change.links.len()).collect::<Vec<_>>(), [3]);
        } else {
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Conflict, "{pages} pages");
            assert!(reads <= MOST_PAGES + 20, "{reads} reads");
        }
    }
}
