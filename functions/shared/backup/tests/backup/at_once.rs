//! What changed of one object, answered at once: against the comparison of everything.

use crate::side_by_side::{SideBySide, Sides, id};
use domain::ErrorKind;
use domain::changes::Change;
use domain::kinds::{self, KINDS, KindName};
use proptest::prelude::{ProptestConfig, proptest};
use proptest::test_runner::RngSeed;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

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
