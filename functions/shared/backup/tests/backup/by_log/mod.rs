//! A comparison of neighbouring snapshots from the later one's log: equal to the one by runs, whatever happened, and it reads what
//! changed, however many did not.

mod tenant;

use crate::chain::{Chain, State};
use crate::side_by_side::{Run, id};
use domain::changes::{Change, What};
use domain::stored::Manifest;
use domain::{DiffId, SnapshotId};
use engine::ports::{BlobName, Ids};
use engine::records::{Diff, NotCovered};
use proptest::prelude::{ProptestConfig, proptest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tenant::Tenant;

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// What a comparison tells, and what its row says of what is not compared and of older snapshots.
type Told = (Vec<Change>, Vec<NotCovered>, Value);

async fn compared(chain: &Chain, before: &SnapshotId, after: &SnapshotId, announce: bool) -> Told {
    let id = if announce {
        DiffId::from_ulid(after.as_str().trim_start_matches(SnapshotId::PREFIX))
    } else {
        DiffId::from_ulid(&chain.world.ids.ulid())
    };
    let (changes, row) = chain.compared(id, (before, after), announce).await;
    let Diff { not_compared, counts, by_kind, span, .. } = row;
    (changes, not_compared, json!([counts, by_kind, span]))
}

/// A chain of the story, with logs or without.
async fn played(seed: u64, logs: bool) -> Chain {
    let (mut chain, mut tenant) = (Chain::with(logs).await, Tenant::new(seed));
    for _ in 0..4 {
        let moment = tenant.next();
        for (kind, old, new) in &moment.new_ids {
            chain.created_again(kind, old, new).await;
        }
        if moment.is_blind {
            chain.permissions.clear();
        }
        chain.seal(&moment.state).await;
    }
    chain
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn a_comparison_by_the_log_is_that_by_the_runs_for_every_kind_link_and_facet(seed in 0_u64..1_000_000) {
        run(async {
            let (by_log, by_runs) = (played(seed, true).await, played(seed, false).await);
            assert_eq!(by_log.sealed, by_runs.sealed);
            for pair in by_log.sealed.windows(2) {
                for announce in [true, false] {
                    let told = compared(&by_log, &pair[0], &pair[1], announce).await;
                    let expected = compared(&by_runs, &pair[0], &pair[1], announce).await;
                    assert_eq!(told, expected, "{announce}");
                }
            }
        });
    }
}

fn user(n: usize, title: &str) -> String {
    json!({ "id": id(n), "displayName": format!("User {n}"), "userPrincipalName": format!("u{n}@x.example"),
        "jobTitle": title, "assignedPlans": [title] })
    .to_string()
}

/// A tenant of so many people, of whom some hold roles.
fn people(number: usize) -> State {
    let users: Run = (0..number).map(|n| (id(n), user(n, "Clerk"))).collect();
    let role = json!({ "id": id(9_001), "displayName": "Helpdesk", "isBuiltIn": true }).to_string();
    let group = json!({ "id": id(9_002), "displayName": "Admins", "isAssignableToRole": true }).to_string();
    let grant = |principal: usize| {
        let key = format!("{}|{}|/|", id(principal), id(9_001));
        let fact = json!({ "id": key, "principalId": id(principal), "roleDefinitionId": id(9_001),
            "directoryScopeId": "/" });
        (key, fact.to_string())
    };
    let member = json!({ "@odata.type": "#microsoft.graph.user" }).to_string();
    [
        ("users", users),
        ("roles", [(id(9_001), role)].into()),
        ("groups", [(id(9_002), group)].into()),
        ("groups.members", [(format!("{}/{}", id(9_002), id(4)), member)].into()),
        ("admins", [grant(3), grant(9_002)].into()),
    ]
    .map(|(name, run)| (name.to_owned(), run))
    .into()
}

/// How many people there are: few, or as many as in a large tenant if `HOLDFAST_BY_LOG=all`.
#[expect(clippy::disallowed_methods, reason = "how many people a test has is said by its environment")]
fn numbers() -> Vec<usize> {
    let is_all = std::env::var("HOLDFAST_BY_LOG").is_ok_and(|wanted| wanted == "all");
    if is_all { vec![5_000, 100_000] } else { vec![1_250, 5_000] }
}

/// Two snapshots of so many people, between which a thousand get another title.
async fn a_thousand_changes(number: usize, logs: bool) -> Chain {
    let mut chain = Chain::with(logs).await;
    let mut state = people(number);
    chain.seal(&state).await;
    let users = state.get_mut("users").unwrap();
    for n in 0..1_000 {
        users.insert(id(n), user(n, "Boss"));
    }
    chain.seal(&state).await;
    chain.leaf_reads();
    chain
}

#[tokio::test]
async fn a_thousand_changes_cost_five_leaves_however_many_people_there_are() {
    let mut told = Vec::new();
    for number in numbers() {
        let chain = a_thousand_changes(number, true).await;
        let changes = chain.compare(&chain.sealed[0], &chain.sealed[1]).await;
        let read = chain.leaf_reads();
        assert_eq!(changes.len(), 1_000);
        assert!(changes.iter().all(|c| c.what == What::Modified && c.attributes[0].path == "jobTitle"));
        assert!(changes.iter().all(|c| c.name.as_ref().is_some_and(|name| name.starts_with("User "))));
        // The grants, the role, and the members of the group that holds it.
        let of_log = own_leaves(&chain, &chain.sealed[1]).await.len();
        assert_eq!((read.len(), of_log), (of_log + 3, 2), "{number}");
        told.push(changes);
    }
    assert_eq!(told[0], told[1]);
    let chain = a_thousand_changes(5_000, false).await;
    assert!(told.contains(&chain.compare(&chain.sealed[0], &chain.sealed[1]).await));
    let read = chain.leaf_reads().len();
    assert!(read > 40, "by the runs it is {read}: each leaf in which somebody changed");
}

/// Three snapshots: somebody changes before the second, and somebody else, who joins a group, before the third.
async fn three(logs: bool) -> Chain {
    let mut chain = Chain::with(logs).await;
    let mut state = people(300);
    chain.seal(&state).await;
    state.get_mut("users").unwrap().insert(id(7), user(7, "Boss"));
    chain.seal(&state).await;
    state.get_mut("users").unwrap().insert(id(8), user(8, "Boss"));
    state.get_mut("groups.members").unwrap().insert(format!("{}/{}", id(9_002), id(8)), "{}".to_owned());
    chain.seal(&state).await;
    chain
}

/// The names of the leaves that a snapshot added to the log of users.
async fn own_leaves(chain: &Chain, at: &SnapshotId) -> Vec<BlobName> {
    let own = chain.manifest(at).await.logs["users"].own.clone().unwrap();
    let index = chain.archive.get_index(&own.index).await.unwrap();
    let leaves = index.leaves.iter().map(|leaf| leaf.hash.blob_name(domain::stored::Class::Leaf));
    leaves.map(|name| BlobName::new(name).unwrap()).collect()
}

#[tokio::test]
async fn where_the_log_is_damaged_or_an_older_one_the_runs_tell_the_same() {
    let expected = {
        let chain = three(false).await;
        chain.compare(&chain.sealed[1], &chain.sealed[2]).await
    };
    assert_eq!(expected.len(), 2);
    let whole = three(true).await;
    assert_eq!(whole.compare(&whole.sealed[1], &whole.sealed[2]).await, expected);
    let damaged = three(true).await;
    for leaf in own_leaves(&damaged, &damaged.sealed[2]).await {
        damaged.world.vault.flip_byte(&damaged.tenant, &leaf, 40);
    }
    assert_eq!(damaged.compare(&damaged.sealed[1], &damaged.sealed[2]).await, expected);
}

#[tokio::test]
async fn a_log_is_used_between_the_two_snapshots_that_it_was_written_for_alone() {
    let chain = three(true).await;
    let manifest = chain.manifest(&chain.sealed[2]).await;
    assert_eq!(manifest.logs["users"].against.as_ref(), Some(&chain.sealed[1]));
    let (changes, _, _) = compared(&chain, &chain.sealed[0], &chain.sealed[2], false).await;
    let keys: Vec<&str> = changes.iter().map(|change| change.key.as_str()).collect();
    assert!(keys.contains(&id(7).as_str()) && keys.contains(&id(8).as_str()), "{keys:?}");
    // A writer that did not say what it held its snapshot against need not have logged all by which a change is told.
    let mut older: Value = serde_json::from_slice(&manifest.to_bytes().unwrap()).unwrap();
    for log in older["logs"].as_object_mut().unwrap().values_mut() {
        log.as_object_mut().unwrap().remove("against");
    }
    let older = Manifest::from_bytes(older.to_string().as_bytes()).unwrap();
    assert!(older.logs.values().all(|log| log.against.is_none()));
}

#[tokio::test]
async fn what_a_small_change_adds_to_the_logs_is_a_leaf_and_an_index_for_each_and_a_year_is_written_a_few_times()
 {
    let mut chain = Chain::with(true).await;
    let mut state = people(300);
    chain.seal(&state).await;
    let (mut most, mut own) = (0, 0);
    let stored = |chain: &Chain| chain.archive.stored();
    let without_logs = {
        let mut chain = Chain::with(false).await;
        let mut state = people(300);
        chain.seal(&state).await;
        let before = stored(&chain).0;
        state.get_mut("users").unwrap().insert(id(7), user(7, "day 0"));
        chain.seal(&state).await;
        stored(&chain).0 - before
    };
    let mut plain: BTreeMap<String, u64> = BTreeMap::new();
    for day in 0..365 {
        let before = stored(&chain).0;
        state.get_mut("users").unwrap().insert(id(7 + day % 3), user(7 + day % 3, &format!("day {day}")));
        chain.seal(&state).await;
        let log = chain.manifest(chain.sealed.last().unwrap()).await.logs["users"].clone();
        let (run, added) = (log.run.unwrap(), log.own.unwrap());
        own += added.plain_bytes;
        most = most.max(run.layers.len());
        for layer in &run.layers {
            plain.insert(format!("{:?}", layer.index), layer.plain_bytes);
        }
        if day == 0 {
            // The third is the empty base, which is the same for all logs.
            assert_eq!(stored(&chain).0 - before - without_logs, 3);
        }
    }
    assert_eq!(most, 5);
    let written: u64 = plain.values().sum();
    assert!(written <= 6 * own, "{written} bytes of layers for {own} of entries");
}

#[tokio::test]
async fn a_log_that_is_put_down_anywhere_is_gone_on_with_and_is_the_same() {
    let mut manifests = Vec::new();
    for stops in [true, false] {
        let mut chain = Chain::with(true).await;
        chain.stops = stops;
        let mut state = people(1_500);
        let (members, group) = ("groups.members", id(9_002));
        state.insert("users.bin".to_owned(), Run::new());
        chain.seal(&state).await;
        let users = state.get_mut("users").unwrap();
        for n in 0..900 {
            if n % 3 == 0 {
                users.remove(&id(n));
            } else {
                users.insert(id(n), user(n, "Boss"));
            }
        }
        let binned = (0..900).step_by(6).map(|n| (id(n), String::new()));
        state.get_mut("users.bin").unwrap().extend(binned);
        state
            .get_mut(members)
            .unwrap()
            .extend((1..700).map(|n| (format!("{group}/{}", id(n)), "{}".to_owned())));
        chain.seal(&state).await;
        state.get_mut("users.bin").unwrap().clear();
        chain.seal(&state).await;
        let mut logs = Vec::new();
        for id in &chain.sealed {
            logs.push(chain.manifest(id).await.logs);
        }
        // In each call a log, or 256 records of one.
        assert_eq!(chain.log_calls > 8, stops, "{} calls", chain.log_calls);
        manifests.push(logs);
    }
    assert_eq!(manifests[0], manifests[1]);
}
