//! Searches of all snapshots: against a plain look into each of them, and what they cost.

use crate::chain::{Chain, State};
use crate::side_by_side::{Run, id};
use backup::archive::Part;
use backup::commands::browse::Browse;
use backup::commands::ever::{Departure, EverFound, FoundEver, SoughtEver};
use domain::stored::Manifest;
use domain::stored::names::name_keys;
use domain::{ErrorKind, SnapshotId, kinds};
use engine::ports::{BlobName, Page};
use proptest::prelude::{ProptestConfig, proptest};
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const KINDS: [&str; 2] = ["users", "groups"];

type Objects = BTreeMap<(&'static str, String), Value>;

fn object(key: &str, name: &str, mail: &str) -> Value {
    json!({ "id": key, "displayName": name, "userPrincipalName": format!("{mail}@x.example"), "mail": mail })
}

/// What a snapshot holds of these objects, with the keys of their names; `bin` lies in the recycle bin.
fn state(objects: &Objects, bin: &BTreeSet<(&'static str, String)>) -> State {
    let mut state = State::new();
    for kind in KINDS {
        let (mut run, mut names) = (Run::new(), Run::new());
        for ((_, key), object) in objects.iter().filter(|((of, _), _)| *of == kind) {
            run.insert(key.clone(), object.to_string());
            let row = kinds::get(kind).unwrap();
            for property in std::iter::once(row.name_property).chain(row.search.iter().copied()) {
                let keys = object[property].as_str().map(|text| name_keys(text, key)).unwrap_or_default();
                names.extend(keys.into_iter().map(|key| (String::from_utf8(key).unwrap(), String::new())));
            }
        }
        state.insert(kind.to_owned(), run);
        state.insert(format!("{kind}.names"), names);
        let in_bin = bin.iter().filter(|(of, _)| *of == kind).map(|(_, key)| (key.clone(), String::new()));
        state.insert(format!("{kind}.bin"), in_bin.collect());
    }
    state
}

async fn part(chain: &Chain, sought: SoughtEver<'_>, page: Page) -> domain::Result<FoundEver> {
    let browse = Browse { archive: chain.opened(), records: chain.records() };
    browse.ever(&chain.tenant, None, sought, page).await
}

/// All that is found, that many at a time; and whether the last part says that this is all.
async fn found(chain: &Chain, sought: SoughtEver<'_>, limit: usize) -> (Vec<EverFound>, bool) {
    let (mut all, mut after) = (Vec::new(), None);
    for _ in 0..1_000 {
        let part = part(chain, sought, Page { after, limit, descending: false }).await.unwrap();
        assert!(part.items.len() <= limit);
        all.extend(part.items);
        after = part.next;
        if after.is_none() {
            return (all, part.complete);
        }
    }
    panic!("it never ends")
}

/// The same seed makes the same choices.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

const NAMES: [&str; 6] = ["Ann Lee", "Bob Lee", "Ännchen", "Cem Öz", "Lee & Söhne", "–"];

/// Snapshots in which objects come, go, return, come back for good and get other names; now and then a kind is not held.
fn story(seed: u64, snapshots: usize) -> Vec<State> {
    let mut dice = Dice(seed);
    let (mut objects, mut bin, mut parked) = (Objects::new(), BTreeSet::new(), Objects::new());
    let (mut all, mut made) = (Vec::new(), 0);
    for _ in 0..snapshots {
        for _ in 0..dice.below(6) {
            let kind = KINDS[dice.below(2)];
            let keys: Vec<_> = objects.keys().filter(|(of, _)| *of == kind).cloned().collect();
            let name = NAMES[dice.below(NAMES.len())];
            match (dice.below(6), keys.is_empty()) {
                (0 | 1, _) | (_, true) => {
                    made += 1;
                    objects.insert((kind, id(made)), object(&id(made), name, &format!("m{}", dice.below(4))));
                }
                (2, _) => {
                    let place = keys[dice.below(keys.len())].clone();
                    parked.insert(place.clone(), objects.remove(&place).unwrap());
                    bin.insert(place);
                }
                (3, _) => {
                    objects.remove(&keys[dice.below(keys.len())]);
                }
                (4, _) => {
                    if let Some((place, object)) = parked.pop_first() {
                        bin.remove(&place);
                        objects.insert(place, object);
                    }
                }
                _ => {
                    let place = &keys[dice.below(keys.len())];
                    objects.get_mut(place).unwrap()["displayName"] = json!(name);
                }
            }
        }
        let mut state = state(&objects, &bin);
        if dice.below(7) == 0 {
            let lost = KINDS[dice.below(2)];
            state.retain(|run, _| run.split('.').next() != Some(lost));
        }
        all.push(state);
    }
    all
}

/// Kind and key with first and last snapshot, whether it is there, and until when it had such a name where it has another since.
type Told = (String, String, SnapshotId, SnapshotId, bool, Option<SnapshotId>);

fn told(found: &[EverFound]) -> Vec<Told> {
    let of = |f: &EverFound| {
        let kind = f.kind.to_string();
        (kind, f.key.clone(), f.first.clone(), f.last.clone(), f.left.is_none(), f.named_until.clone())
    };
    let mut all: Vec<_> = found.iter().map(of).collect();
    all.sort();
    all
}

/// The same by a look into each snapshot.
fn plainly(
    sealed: &[SnapshotId],
    states: &[State],
    is_meant: impl Fn(&str, &str, &Value) -> bool,
) -> Vec<Told> {
    let mut all = Vec::new();
    for kind in KINDS {
        let mut lives: BTreeMap<&String, Vec<(usize, bool)>> = BTreeMap::new();
        for (number, run) in states.iter().enumerate().filter_map(|(n, state)| Some((n, state.get(kind)?))) {
            for (key, text) in run {
                let is_meant = is_meant(kind, key, &serde_json::from_str(text).unwrap());
                lives.entry(key).or_default().push((number, is_meant));
            }
        }
        let newest = states.iter().rposition(|state| state.contains_key(kind));
        for (key, life) in lives {
            let Some((named, _)) = life.iter().rev().find(|(_, is_meant)| *is_meant) else { continue };
            let (first, last) = (life[0].0, life[life.len() - 1].0);
            let until = (*named != last).then(|| sealed[*named].clone());
            let place = (kind.to_owned(), key.clone(), sealed[first].clone(), sealed[last].clone());
            all.push((place.0, place.1, place.2, place.3, Some(last) == newest, until));
        }
    }
    all.sort();
    all
}

async fn played(states: &[State], logs: bool) -> Chain {
    let mut chain = Chain::with(logs).await;
    for state in states {
        chain.seal(state).await;
    }
    chain
}

/// Whether a kind was held, and then was not for a while.
fn has_gap(states: &[State]) -> bool {
    KINDS
        .iter()
        .any(|kind| states.iter().skip_while(|s| !s.contains_key(*kind)).any(|s| !s.contains_key(*kind)))
}

async fn agrees(seed: u64) {
    let states = story(seed, 6);
    for logs in [true, false] {
        let chain = played(&states, logs).await;
        let is_whole = states.iter().all(|state| KINDS.iter().all(|kind| state.contains_key(*kind)));
        for text in ["ann", "lee", "oz", "m2", "x.example", "–", "nobody"] {
            let looked_for = Part::of(text);
            let has = |kind: &str, _: &str, object: &Value| {
                let row = kinds::get(kind).unwrap();
                let mut names = std::iter::once(row.name_property).chain(row.search.iter().copied());
                names.any(|name| object[name].as_str().is_some_and(|name| looked_for.is_in(name)))
            };
            let expected = plainly(&chain.sealed, &states, has);
            for limit in [1, 3, 200] {
                let (all, complete) = found(&chain, SoughtEver::Name(text), limit).await;
                assert_eq!(told(&all), expected, "seed {seed}, logs {logs}, {text:?}, {limit} at a time");
                assert!(is_whole || !complete, "seed {seed}: a kind was not held for a while");
            }
        }
        for number in 1..4 {
            let expected: Vec<_> = plainly(&chain.sealed, &states, |_, key, _| key == id(number));
            let (all, complete) = found(&chain, SoughtEver::Id(&id(number)), 200).await;
            assert_eq!(told(&all), expected, "seed {seed}, logs {logs}, by id {number}");
            assert!(!has_gap(&states) || !complete, "seed {seed}, logs {logs}, by id {number}: a gap");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn a_search_of_all_snapshots_finds_what_a_look_into_each_of_them_finds(seed in 0_u64..1 << 40) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(agrees(seed));
    }
}

#[tokio::test]
async fn whoever_is_gone_is_found_by_name_and_id_with_the_snapshots_in_which_they_were() {
    let ann = ("users", id(1));
    let mut objects = Objects::new();
    objects.insert(("users", id(2)), object(&id(2), "Bob", "bob"));
    let mut chain = Chain::with(true).await;
    let nobody = BTreeSet::new();
    chain.seal(&state(&objects, &nobody)).await;
    objects.insert(ann.clone(), object(&id(1), "Ann Lee", "ann.lee"));
    let first = chain.seal(&state(&objects, &nobody)).await;
    let last = chain.seal(&state(&objects, &nobody)).await;
    objects.remove(&ann);
    chain.seal(&state(&objects, &BTreeSet::from([ann.clone()]))).await;
    for (is_gone, left) in [(false, Departure::SoftDeleted), (true, Departure::HardDeleted)] {
        if is_gone {
            chain.seal(&state(&objects, &nobody)).await;
        }
        for sought in [SoughtEver::Name("ann.lee@"), SoughtEver::Name("lee"), SoughtEver::Id(&ann.1)] {
            let (all, complete) = found(&chain, sought, 50).await;
            let [found] = &all[..] else { panic!("{sought:?}: {all:?}") };
            assert_eq!((&found.key, &found.first, &found.last), (&ann.1, &first, &last), "{sought:?}");
            assert_eq!((found.name.as_deref(), found.left), (Some("Ann Lee"), Some(left)));
            assert!(complete && found.is_whole);
        }
    }
    let error = part(&chain, SoughtEver::Name(" \u{301}"), Page::first(50)).await.unwrap_err();
    assert_eq!((error.kind(), error.fields()[0].field.as_str()), (ErrorKind::Invalid, "name"));
    let other = part(&chain, SoughtEver::Name("e"), Page::first(1)).await.unwrap();
    let page = Page { after: other.next, limit: 1, descending: false };
    let error = part(&chain, SoughtEver::Name("o"), page).await.unwrap_err();
    assert_eq!(error.fields()[0].field, "cursor", "it is of another search");
}

#[tokio::test]
async fn snapshots_in_which_little_changed_cost_a_search_little() {
    let mut objects = Objects::new();
    for n in 1..=2_000 {
        objects.insert(("users", id(n)), object(&id(n), &format!("Person {n}"), &format!("p{n}")));
    }
    let mut chain = Chain::with(true).await;
    let nobody = BTreeSet::new();
    for n in 1..=30 {
        objects.remove(&("users", id(n)));
        chain.seal(&state(&objects, &nobody)).await;
    }
    chain.leaf_reads();
    let (all, _) = found(&chain, SoughtEver::Name("person 25"), 200).await;
    // 25 went with the 25th of 30, and what is called 250 to 259 is there.
    assert_eq!(all.len(), 11);
    let reads: BTreeSet<_> = chain.leaf_reads().into_iter().collect();
    let newest = chain.manifest(chain.sealed.last().unwrap()).await;
    let held = chain.leaves(&newest.runs["users.names"]).await.len()
        + chain.leaves(&newest.runs["users"]).await.len();
    // What the newest snapshot holds, and of each of the others what it had more than the next: a layer of names, and of objects.
    assert!(reads.len() <= held + 3 * 30 + 30, "{} leaves, {held} of the newest", reads.len());
}

/// Many snapshots, without logs, that each differ from the one before; `held` says who is in that one besides Bob.
async fn many_that_differ(held: impl Fn(usize) -> Vec<(usize, &'static str)>) -> Chain {
    let of = |n: usize| {
        let bob = (("users", id(9)), object(&id(9), "Bob", &format!("bob{n}")));
        let others =
            held(n).into_iter().map(|(who, name)| (("users", id(who)), object(&id(who), name, "ann")));
        state(&others.chain([bob]).collect(), &BTreeSet::new())
    };
    let states: Vec<_> = (0..300).map(of).collect();
    played(&states, false).await
}

#[tokio::test]
async fn what_is_too_far_back_for_one_look_is_never_told_as_not_there() {
    let chain = many_that_differ(|n| if n < 2 { vec![(1, "Ann Lee")] } else { vec![] }).await;
    let (all, complete) = found(&chain, SoughtEver::Id(&id(1)), 50).await;
    assert!(all.len() == 1 || !complete, "it was there, and {all:?} is no answer of all snapshots");
    let (all, complete) = found(&chain, SoughtEver::Name("ann lee"), 50).await;
    let [ann] = &all[..] else { panic!("the part that met it has to tell of it: {all:?}") };
    assert_eq!((&ann.key, &ann.last), (&id(1), &chain.sealed[1]));
    assert_eq!((ann.left, ann.is_whole, complete), (Some(Departure::Deleted), false, false));
}

#[tokio::test]
async fn a_look_by_id_names_the_snapshots_that_cannot_be_read() {
    let (with, without) = {
        let mut objects = Objects::new();
        let nobody = BTreeSet::new();
        objects.insert(("users", id(2)), object(&id(2), "Bob", "bob"));
        let without = state(&objects, &nobody);
        objects.insert(("users", id(1)), object(&id(1), "Ann Lee", "ann.lee"));
        (state(&objects, &nobody), without)
    };
    // Only the one that cannot be read held it.
    let chain = played(&[without.clone(), with, without.clone(), without], false).await;
    let name = BlobName::new(Manifest::blob_name(&chain.sealed[1])).unwrap();
    assert!(chain.world.vault.remove(&chain.tenant, &name));
    let answer = part(&chain, SoughtEver::Id(&id(1)), Page::first(50)).await.unwrap();
    assert_eq!(
        (answer.items, answer.complete, answer.unreadable),
        (vec![], false, vec![chain.sealed[1].clone()])
    );
}

#[tokio::test]
async fn what_is_there_is_found_though_no_look_into_its_past_is_left() {
    let chain = many_that_differ(|_| (1..=5).map(|n| (n, "Ann")).collect()).await;
    let (all, complete) = found(&chain, SoughtEver::Name("ann"), 200).await;
    assert_eq!(all.len(), 5, "{all:?}");
    for found in &all {
        assert_eq!((&found.last, found.left), (&chain.sealed[299], None));
    }
    assert!(!complete && !all[4].is_whole, "when they came is not known");
}
